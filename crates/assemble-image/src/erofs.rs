//! The root file system: erofs, made from a tar stream.

use std::io::BufWriter;
use std::path::Path;

use crate::archive::tar;
use crate::command::Command;
use crate::error::Error;
use crate::image_seed::Uuid;
use crate::options::Compression;
use crate::root_tree::RootTree;
use crate::tools::{FSCK_EROFS, MKFS_EROFS};

/// The time of every file, in seconds: what a store has.
pub const MTIME: u64 = 1;

/// The command that makes the file system; it reads the stream from its standard input.
#[must_use]
pub fn mkfs_command(image: &Path, uuid: Uuid, compression: Compression) -> Command {
    // -C65536: clusters of 64 KiB, a good middle between size and the time of a random read.
    let compressed: &[&str] = match compression {
        Compression::Lz4 => &["-zlz4", "-C65536"],
        Compression::Zstd => &["-zzstd,level=3", "-C65536", "-Efragments,ztailpacking"],
        Compression::None => &[],
    };
    let command = Command::new(&MKFS_EROFS)
        .writing(image)
        .arg("--quiet")
        .arg("--tar=f")
        .arg(format!("-T{MTIME}"))
        .arg("--all-time")
        .arg(format!("-U{uuid}"))
        .arg("--hard-dereference")
        // Without extended attributes of the building machine's.
        .arg("-x-1")
        // Any number but 0 gives the same bytes.
        .arg(format!("--workers={}", workers()));
    let command = compressed.iter().fold(command, Command::arg);
    command.arg(image)
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Makes the file system of a tree; `told` is called with the bytes of files written.
pub fn make(command: &Command, tree: &RootTree, told: &dyn Fn(u64)) -> Result<(), Error> {
    let feed = |stdin: &mut std::process::ChildStdin| {
        let mut out = BufWriter::with_capacity(1 << 20, stdin);
        tar::write(tree, MTIME, &mut out, told)
    };
    command
        .run_fed("making the root file system", feed)
        .map(|_| ())
}

/// The command that reads it again.
#[must_use]
pub fn fsck_command(image: &Path) -> Command {
    Command::new(&FSCK_EROFS).arg(image)
}
