//! Changing single bits of a root file system.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use real_packages::{Error, Result, run};
use regex::Regex;

use real_packages::tool_root::ToolRoot;

/// Where an erofs has its superblock: `EROFS_SUPER_OFFSET` of the kernel's `erofs_fs.h`.
const SUPERBLOCK: u64 = 1024;

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

impl Place {
    /// The offset of a byte there, in an erofs.
    pub fn offset(&self, tools: &ToolRoot, erofs: &Path) -> Result<u64> {
        let Self::File(path) = self else {
            return Ok(SUPERBLOCK);
        };
        let doing = format!("find {} in {}", path.display(), erofs.display());
        let mut dump = tools.command("dump.erofs");
        dump.arg("-e").arg(format!("--path={}", path.display()));
        dump.arg(erofs);
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
pub fn flip(file: &Path, offset: u64) -> Result<()> {
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
}
