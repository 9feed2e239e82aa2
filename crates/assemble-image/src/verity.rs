//! The hash tree of the root file system, and its root hash.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::image_seed::{ImageSeed, Uuid};
use crate::tools::VERITYSETUP;

/// The hash that all blocks of the root file system hang on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootHash([u8; 32]);

impl RootHash {
    /// Reads it in hexadecimal.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The ids of the partitions that hold the data and the hash tree: its first and last 128 bits.
    /// Discoverable partitions specification.
    #[must_use]
    pub fn partition_ids(&self) -> (Uuid, Uuid) {
        let (mut data, mut tree) = ([0; 16], [0; 16]);
        data.copy_from_slice(&self.0[..16]);
        tree.copy_from_slice(&self.0[16..]);
        (Uuid::of_bytes(data), Uuid::of_bytes(tree))
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&crate::image_seed::hex(&self.0))
    }
}

/// The command that makes the hash tree.
#[must_use]
pub fn format_command(image: &Path, tree: &Path, root_hash: &Path, identity: ImageSeed) -> Command {
    Command::new(&VERITYSETUP)
        .writing(tree)
        .arg("format")
        .option("--salt", identity.salt())
        .option("--uuid", identity.uuid("verity").to_string())
        .option("--root-hash-file", root_hash)
        .arg(image)
        .arg(tree)
}

/// Makes the hash tree; its root hash, which is also written to the file `root_hash`.
pub fn make(command: &Command, root_hash: &Path) -> Result<RootHash, Error> {
    const DOING: &str = "making the hash tree";
    command.run(DOING)?;
    let text = fs::read_to_string(root_hash).map_err(io_error("reading", root_hash))?;
    RootHash::parse(&text).ok_or_else(|| Error::Unexpected {
        doing: DOING,
        reason: format!(
            "veritysetup gave {:?}, which is no root hash of SHA-256",
            text.trim()
        ),
    })
}

/// The command that verifies every block.
#[must_use]
pub fn verify_command(image: &Path, tree: &Path, root_hash: &str) -> Command {
    Command::new(&VERITYSETUP)
        .arg("verify")
        .arg(image)
        .arg(tree)
        .arg(root_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_hash_names_its_partitions() {
        let text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let hash = RootHash::parse(&format!("{text}\n")).unwrap();
        assert_eq!(hash.to_string(), text);
        let (data, tree) = hash.partition_ids();
        assert_eq!(data.to_string(), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(tree.to_string(), "10111213-1415-1617-1819-1a1b1c1d1e1f");
    }

    #[test]
    fn what_is_no_root_hash() {
        let long = "0".repeat(66);
        let other = "g".repeat(64);
        let wide = "ä".repeat(32);
        for text in ["", "00", &long, &other, &wide] {
            assert_eq!(RootHash::parse(text), None, "{text}");
        }
    }
}
