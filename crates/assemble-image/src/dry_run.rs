//! `--dry-run`: what would be in the image, and which commands would be run.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use hermetic_out_command_line::escape_for_terminal;

use crate::assemble::names;
use crate::closure::in_image;
use crate::command::Command;
use crate::disk::{repart_command, validate_command};
use crate::error::Error;
use crate::esp::{self, EspFile};
use crate::initrd::{self, esp_file};
use crate::options::{Layout, Options};
use crate::plan::Plan;
use crate::root_tree::{Content, Node, RootTree, is_in};
use crate::sizes::Sizes;
use crate::uki::{self, Architecture};
use crate::{erofs, etc, verity};

/// Stands for what is known only when the image is made.
const ROOT_HASH: &str = "ROOT_HASH";

/// The plan as text. `work` is a directory for what is in between.
pub fn describe(
    options: &Options,
    plan: &Plan,
    output: &Path,
    work: &Path,
) -> Result<String, Error> {
    let mut text = String::new();
    let sizes = Sizes::of(&plan.tree, in_image(&options.store.directory));
    let _ = writeln!(
        text,
        "store paths, {} bytes in {} files:",
        sizes.bytes, sizes.files
    );
    for size in &sizes.store_paths {
        let _ = writeln!(text, "  {:>12}  {}", size.bytes, size.path);
    }
    text.push_str(match plan.lint {
        Some(_) => "\nthe lint has looked at them\n",
        None => "\nthe lint has not looked at them: --no-lint\n",
    });
    text.push_str("\n/usr, /etc and the rest:\n");
    describe_tree(&mut text, &plan.tree, in_image(&options.store.directory));
    let architecture = crate::assemble::check_options(options)?;
    if options.makes_initrd() {
        text.push_str("\nthe initrd:\n");
        describe_tree(&mut text, &initrd::tree(&plan.tree, options, work)?, b"");
    }
    text.push_str("\ncommands:\n");
    for command in commands(options, plan, output, architecture) {
        let _ = writeln!(text, "  {command}");
    }
    Ok(text)
}

fn describe_tree(text: &mut String, tree: &RootTree, without: &[u8]) {
    let shown = tree
        .iter()
        .filter(|(path, _)| without.is_empty() || !is_in(path, without));
    for (path, entry) in shown {
        let path = escape_for_terminal(path);
        let _ = write!(
            text,
            "  {:04o} {}:{} /{path}",
            entry.mode, entry.uid, entry.gid
        );
        let _ = match &entry.node {
            Node::Directory => writeln!(text, "{}", if path.is_empty() { "" } else { "/" }),
            Node::Link(target) => {
                writeln!(text, " -> {}", escape_for_terminal(target))
            }
            Node::File(Content::OnDisk { path, .. }) => writeln!(text, " = {}", path.display()),
            Node::File(Content::Bytes(bytes)) => writeln!(text, " ({} bytes)", bytes.len()),
        };
    }
}

/// The commands, in order. `WORK` stands for the directory in between.
fn commands(
    options: &Options,
    plan: &Plan,
    output: &Path,
    architecture: Option<Architecture>,
) -> Vec<Command> {
    let work = Path::new("WORK");
    let mut commands: Vec<Command> =
        etc::commands(&work.join("staging"), &work.join("credentials"), options)
            .into_iter()
            .map(|(_, command)| command)
            .collect();
    let identity = plan.identity;
    let bare = options.layout == Layout::Bare;
    let (image, hash_tree) = if bare {
        (output.join(names::IMAGE), output.join(names::HASH_TREE))
    } else {
        (work.join("root.erofs"), work.join("root.verity"))
    };
    if options.layout.has_verity() {
        let root_hash = work.join(names::ROOT_HASH);
        commands.push(erofs::mkfs_command(
            &image,
            identity.uuid("root"),
            options.compression,
        ));
        commands.push(verity::format_command(
            &image, &hash_tree, &root_hash, identity,
        ));
        commands.push(erofs::fsck_command(&image));
        commands.push(verity::verify_command(&image, &hash_tree, ROOT_HASH));
    }
    if let (true, Some(modules)) = (options.makes_initrd(), &options.modules) {
        let version = modules.file_name().unwrap_or_default();
        commands.push(initrd::modules::index_command(
            &work.join("modules"),
            version,
        ));
    }
    let Some(architecture) = architecture else {
        return commands;
    };
    let made = |name: &str| work.join(name);
    let root_initrd = options
        .initrd
        .clone()
        .unwrap_or_else(|| made("initrd.cpio"));
    let (initrds, mut files): (Vec<PathBuf>, Vec<(&str, PathBuf)>) = match options.layout {
        Layout::Initrd => (vec![made("root.cpio")], Vec::new()),
        Layout::EspFile => (
            vec![root_initrd, made("esp-file.cpio")],
            vec![(esp_file::ROOT, image), (esp_file::HASH_TREE, hash_tree)],
        ),
        _ => (vec![root_initrd], Vec::new()),
    };
    let uki_file = output.join(names::UKI);
    let parts = uki::Parts {
        kernel: options.kernel.clone().unwrap_or_default(),
        initrds,
        cmdline: cmdline(options),
        os_release: made("os-release"),
        stub: options.stub.clone(),
    };
    commands.push(uki::command(&parts, &uki_file));
    let boot_file = format!("EFI/BOOT/{}", architecture.boot_file);
    files.insert(0, (&boot_file, uki_file));
    let files: Vec<EspFile> = files
        .into_iter()
        .map(|(place, source)| EspFile {
            place: place.to_owned(),
            source,
        })
        .collect();
    commands.extend(esp::commands(
        &made("esp.vfat"),
        &identity.volume_id(),
        &files,
    ));
    let disk = output.join(names::IMAGE);
    commands.push(repart_command(&made("repart.d"), identity, &disk));
    if options.layout == Layout::Ddi {
        commands.push(validate_command(&disk));
    }
    commands
}

fn cmdline(options: &Options) -> String {
    crate::assemble::cmdline(options, ROOT_HASH)
}
