//! erofs, by mkfs.erofs.

use std::path::Path;
use std::thread::available_parallelism;

use super::{Compression, RootFs};
use crate::archive::MTIME;
use crate::command::{Command, Tool, tool};
use crate::image_seed::Uuid;

pub(super) static ROOT_FS: RootFs = RootFs {
    name: "erofs",
    summary: "Compressed in blocks of fixed size; needs Linux 5.4, and 6.10 for zstd",
    make_tool: &MKFS,
    make,
    check: |image| Command::new(&FSCK).arg(image),
};

/// 1.8.8 writes images that cannot be read.
static MKFS: Tool = Tool {
    broken: &["1.8.8"],
    ..tool("mkfs.erofs", PACKAGE, MINIMUM)
};

static FSCK: Tool = tool("fsck.erofs", PACKAGE, MINIMUM);

const PACKAGE: &str = "erofs-utils";
const MINIMUM: &str = "1.8.6";

fn make(image: &Path, uuid: Uuid, compression: Compression) -> Command {
    // -C65536: clusters of 64 KiB, a good middle between size and the time of a random read.
    let compressed: &[&str] = match compression {
        Compression::Lz4 => &["-zlz4", "-C65536"],
        Compression::Zstd => &["-zzstd,level=3", "-C65536", "-Efragments,ztailpacking"],
        Compression::None => &[],
    };
    let workers = available_parallelism().map_or(1, usize::from);
    let command = Command::new(&MKFS)
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
        .arg(format!("--workers={workers}"));
    compressed.iter().fold(command, Command::arg).arg(image)
}
