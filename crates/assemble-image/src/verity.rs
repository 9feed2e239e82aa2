//! The root file system, made from a tar stream, and its hash tree.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;

use hermetic_out::regular_file;

use crate::archive::tar;
use crate::command::{Command, run_commands};
use crate::error::{Error, io_error};
use crate::options::OnCorruption;
use crate::output::names;
use crate::progress::Unit;
use crate::root_hash::RootHash;
use crate::steps::{Job, Step};
use crate::tools::VERITYSETUP;

/// The steps that make the root file system and its hash tree in these files, and check them.
pub(crate) fn verified(image: &Path, hash_tree: &Path) -> Vec<Step> {
    vec![
        make_root(image.to_owned()),
        make(image.to_owned(), hash_tree.to_owned()),
        check_root(image.to_owned()),
        verify(image.to_owned(), hash_tree.to_owned()),
    ]
}

/// Makes the file system in a file.
fn make_root(image: PathBuf) -> Step {
    const ACTION: &str = "making the root file system";
    let commands = move |job: &Job<'_>| {
        let (options, uuid) = (job.options, job.seed.uuid("root"));
        vec![(options.root_fs.make)(&image, uuid, options.compression)]
    };
    Step::new(ACTION, commands).with(move |job, commands| {
        job.progress.total(job.tree.content_bytes(), Unit::Bytes);
        let feed = |stdin: &mut ChildStdin| {
            let mut out = BufWriter::with_capacity(1 << 20, stdin);
            tar::write(job.tree, &mut out, &|bytes| job.progress.advance(bytes))
        };
        commands
            .iter()
            .try_for_each(|command| command.run_fed(ACTION, feed).map(|_| ()))
    })
}

/// Reads the file system again.
fn check_root(image: PathBuf) -> Step {
    Step::check("checking the root file system", move |job| {
        (job.options.root_fs.check)(&image)
    })
}

/// Where veritysetup writes the root hash.
fn root_hash_file(job: &Job<'_>) -> PathBuf {
    job.work.join(names::ROOT_HASH)
}

/// Makes the hash tree of a file system.
fn make(image: PathBuf, hash_tree: PathBuf) -> Step {
    const ACTION: &str = "making the hash tree";
    let commands = move |job: &Job<'_>| {
        let command = Command::new(&VERITYSETUP)
            .writing(&hash_tree)
            .arg("format")
            .option("--salt", job.seed.salt())
            .option("--uuid", job.seed.uuid("verity").to_string())
            .option("--root-hash-file", root_hash_file(job))
            .arg(&image)
            .arg(&hash_tree);
        vec![command]
    };
    Step::new(ACTION, commands).with(move |job, commands| {
        run_commands(ACTION, commands)?;
        let path = root_hash_file(job);
        let text = regular_file::read(&path).map_err(io_error("reading", &path))?;
        let text = String::from_utf8_lossy(&text);
        let root_hash = RootHash::parse(&text).ok_or_else(|| Error::Unexpected {
            action: ACTION,
            reason: format!(
                "veritysetup gave {:?}, which is no root hash of SHA-256",
                text.trim()
            ),
        })?;
        // veritysetup's file is for its owner only, and has no line end.
        let path = job.result.join(names::ROOT_HASH);
        fs::write(&path, format!("{root_hash}\n")).map_err(io_error("writing", &path))?;
        job.root_hash = Some(root_hash);
        Ok(())
    })
}

/// Verifies every block of a file system.
fn verify(image: PathBuf, hash_tree: PathBuf) -> Step {
    Step::check("verifying the root file system", move |job| {
        let command = Command::new(&VERITYSETUP).arg("verify");
        command.arg(&image).arg(&hash_tree).arg(job.root_hash())
    })
}

/// What the kernel command line says for systemd's generator, which finds both partitions by the root
/// hash: `systemd-veritysetup-generator(8)`.
pub(crate) fn root_arguments(job: &Job<'_>) -> String {
    let on_corruption = match job.options.on_corruption {
        OnCorruption::Panic => " systemd.verity_root_options=panic-on-corruption",
        OnCorruption::IoError => "",
    };
    let (root_hash, file_system) = (job.root_hash(), job.options.root_fs.name);
    format!("roothash={root_hash}{on_corruption} rootfstype={file_system} ro")
}
