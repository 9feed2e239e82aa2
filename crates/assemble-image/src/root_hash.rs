//! The root hash.

use std::fmt;

use crate::image_seed::{Uuid, hex};

/// The hash that all blocks of the root file system hang on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RootHash([u8; 32]);

impl RootHash {
    /// Reads it in hexadecimal.
    pub(crate) fn parse(text: &str) -> Option<Self> {
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
    pub(crate) fn partition_ids(&self) -> (Uuid, Uuid) {
        let (mut data, mut tree) = ([0; 16], [0; 16]);
        data.copy_from_slice(&self.0[..16]);
        tree.copy_from_slice(&self.0[16..]);
        (Uuid(data), Uuid(tree))
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
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
