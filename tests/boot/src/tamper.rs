//! Changing single bits of a root file system.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use tests_packages::tool_root::ToolRoot;
use tests_packages::{Error, Result, run};

use crate::layout::Layout;

/// Where an erofs has its superblock: `EROFS_SUPER_OFFSET` of the kernel's `erofs_fs.h`.
const SUPERBLOCK: u64 = 1024;
/// The types that the discoverable partitions specification gives to a root for x86-64 and to an ESP.
const ROOT_TYPE: &str = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
const ESP_TYPE: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
/// Where the layout `esp-file` has its root, as mtools call it.
const ROOT_ON_ESP: &str = "::image/root.erofs";

/// `   0:        0..   17539 |   17539 :       4096..      8192 |    4096`
static EXTENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*\d+:\s*\d+\.\.\s*\d+ \|\s*\d+ :\s*(\d+)\.\.\s*(\d+) \|").ok()
});

/// Where the bit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the superblock, without which nothing can be mounted.
    Superblock,
    /// In the content of a file, by its path in the image.
    File(PathBuf),
}

/// Flips one bit of the root file system in a copy of an image's [`DISK`](crate::image::DISK).
///
/// In the layout `esp-file` the root is a file; it is taken out and put back, and stands in
/// `directory` meanwhile.
pub fn damage(
    tools: &ToolRoot,
    layout: Layout,
    disk: &Path,
    place: &Place,
    directory: &Path,
) -> Result<()> {
    match layout {
        Layout::Bare => flip_in_root(tools, disk, 0, place),
        Layout::Ddi => flip_in_root(tools, disk, partition(tools, disk, ROOT_TYPE)?, place),
        Layout::EspFile => {
            let partition = format!("{}@@{}", disk.display(), partition(tools, disk, ESP_TYPE)?);
            let root = directory.join("root.erofs");
            let mut out = tools.command("mcopy");
            out.args(["-n", "-i", &partition, ROOT_ON_ESP]).arg(&root);
            run(&mut out, "take the root file system from the ESP")?;
            flip_in_root(tools, &root, 0, place)?;
            let mut back = tools.command("mcopy");
            back.args(["-o", "-i", &partition])
                .arg(&root)
                .arg(ROOT_ON_ESP);
            run(&mut back, "put the root file system back on the ESP").map(|_| ())
        }
        Layout::Initrd => Err(Error::new(
            "damage the root file system",
            "the layout initrd has none",
        )),
    }
}

/// Flips the bit in the erofs that begins at `start` of a file.
fn flip_in_root(tools: &ToolRoot, file: &Path, start: u64, place: &Place) -> Result<()> {
    flip(file, start + place.offset(tools, file, start)?)
}

/// The offset of a partition, by its type.
fn partition(tools: &ToolRoot, disk: &Path, kind: &str) -> Result<u64> {
    let doing = format!("find the partition {kind} of {}", disk.display());
    let mut list = tools.command("sfdisk");
    list.arg("--json").arg(disk);
    let table = run(&mut list, &doing)?.stdout;
    start_of_partition(&table, kind)
        .ok_or_else(|| Error::new(doing, String::from_utf8_lossy(&table)))
}

/// The same in what `sfdisk --json` says, whose starts are in sectors.
fn start_of_partition(table: &[u8], kind: &str) -> Option<u64> {
    let table: serde_json::Value = serde_json::from_slice(table).ok()?;
    let table = &table["partitiontable"];
    let partitions = table["partitions"].as_array()?;
    let found = partitions.iter().find(|entry| entry["type"] == kind)?;
    Some(found["start"].as_u64()? * table["sectorsize"].as_u64()?)
}

impl Place {
    /// The offset of a byte there, in an erofs that begins at `start` of a file.
    fn offset(&self, tools: &ToolRoot, file: &Path, start: u64) -> Result<u64> {
        let Self::File(path) = self else {
            return Ok(SUPERBLOCK);
        };
        let doing = format!("find {} in {}", path.display(), file.display());
        let mut dump = tools.command("dump.erofs");
        dump.arg("-e").arg(format!("--path={}", path.display()));
        dump.arg(format!("--offset={start}")).arg(file);
        let text = run(&mut dump, &doing)?.stdout;
        let text = String::from_utf8_lossy(&text);
        middle_of_first_extent(&text).ok_or_else(|| Error::new(doing, text))
    }
}

/// The middle of the first stretch of the image that holds a file's content.
fn middle_of_first_extent(dump: &str) -> Option<u64> {
    let found = EXTENT.as_ref()?.captures(dump)?;
    let (start, end): (u64, u64) = (found[1].parse().ok()?, found[2].parse().ok()?);
    (start < end).then_some(start + (end - start) / 2)
}

/// Flips one bit of a file.
fn flip(file: &Path, offset: u64) -> Result<()> {
    let io = |error| Error::new(format!("flip a bit of {}", file.display()), error);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .map_err(io)?;
    let mut byte = [0];
    opened.read_exact_at(&mut byte, offset).map_err(io)?;
    opened.write_all_at(&[byte[0] ^ 1], offset).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_is_flipped_and_back() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("x");
        std::fs::write(&file, "abc")?;
        flip(&file, 1).expect("flipped");
        assert_eq!(std::fs::read(&file)?, b"acc");
        flip(&file, 1).expect("flipped");
        assert_eq!(std::fs::read(&file)?, b"abc");
        assert!(flip(&file, 3).is_err());
        Ok(())
    }

    #[test]
    fn the_content_of_a_file_is_found() {
        let dump = "Path : /x\n Ext:   logical offset   |  length :     physical offset    |  length\n\
                    \x20  0:        0..   17539 |   17539 :       4096..      8192 |    4096\n";
        assert_eq!(middle_of_first_extent(dump), Some(6144));
        assert_eq!(middle_of_first_extent("Path : /x\n"), None);
    }

    #[test]
    fn a_partition_is_found_by_its_type() {
        let table = br#"{"partitiontable": {"sectorsize": 512, "partitions": [
            {"start": 2048, "type": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"},
            {"start": 4096, "type": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"}]}}"#;
        assert_eq!(start_of_partition(table, ROOT_TYPE), Some(4096 * 512));
        assert_eq!(start_of_partition(table, "x"), None);
        assert_eq!(start_of_partition(b"", ROOT_TYPE), None);
    }
}
