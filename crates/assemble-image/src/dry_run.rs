//! `--dry-run`: what would be in the image, and which commands would be run.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out_command_line::escape_for_terminal;

use crate::architecture::Architecture;
use crate::closure::in_image;
use crate::error::Error;
use crate::initrd;
use crate::options::Options;
use crate::plan::Plan;
use crate::progress::Quiet;
use crate::root_tree::{Content, Node, RootTree, is_in};
use crate::sizes::Sizes;
use crate::steps::{Job, Layout};

/// The plan as text. `work` is the directory in which it was made.
pub(crate) fn describe(
    options: &Options,
    layout: &Layout,
    plan: &Plan,
    architecture: Architecture,
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
        let _ = writeln!(
            text,
            "  {:>12}  {}",
            size.bytes,
            escape_for_terminal(size.path.as_bytes())
        );
    }
    text.push_str(match plan.lint {
        Some(_) => "\nthe lint has looked at them\n",
        None => "\nthe lint has not looked at them: --no-lint\n",
    });
    text.push_str("\n/usr, /etc and the rest:\n");
    describe_tree(&mut text, &plan.tree, in_image(&options.store.directory));
    if options.makes_initrd() {
        text.push_str("\nthe initrd:\n");
        describe_tree(&mut text, &initrd::tree(&plan.tree, options, work)?, b"");
    }
    text.push_str("\ncommands:\n");
    // It stands for the directory for intermediate files, as ROOT_HASH does for the root hash.
    let work = Path::new("WORK");
    let job = Job::new(
        options,
        layout,
        &plan.tree,
        architecture,
        (work, output),
        &Quiet,
    );
    let etc = plan.etc_steps.iter();
    let etc = etc.map(|step| step.command(options, work));
    let steps = job.steps();
    for command in etc.chain(steps.iter().flat_map(|step| step.commands(&job))) {
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
            Node::File(Content::OnDisk { path, .. }) => {
                let path = path.as_os_str().as_bytes();
                writeln!(text, " = {}", escape_for_terminal(path))
            }
            Node::File(Content::Bytes(bytes)) => writeln!(text, " ({} bytes)", bytes.len()),
        };
    }
}
