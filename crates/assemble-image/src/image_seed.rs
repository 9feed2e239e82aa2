//! Everything in an image that is usually random: UUIDs and the salt, derived from what is in it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::root_tree::{Content, Node, RootTree};

/// A UUID. Partition ids may be any bytes: they are parts of a root hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uuid(pub(crate) [u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What identifies an image: a hash over every path, type, mode, owner, size and link target, and
/// over the content of what was made for it. Files outside are not read for it: the name of a store path
/// identifies their content; that of files of an extra tree does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageSeed([u8; 32]);

impl ImageSeed {
    /// The seed of a tree.
    pub(crate) fn of(tree: &RootTree) -> Self {
        let mut hasher = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for (path, entry) in tree.iter() {
            field(path);
            for number in [entry.mode, entry.uid, entry.gid] {
                field(&number.to_le_bytes());
            }
            match &entry.node {
                Node::Directory => field(b"directory"),
                Node::Link(target) => {
                    field(b"link");
                    field(target);
                }
                Node::File(Content::Bytes(bytes)) => {
                    field(b"bytes");
                    field(bytes);
                }
                Node::File(content) => {
                    field(b"file");
                    field(&content.size().to_le_bytes());
                }
            }
        }
        Self(hasher.finalize().into())
    }

    /// A UUID for one purpose, of the kind that is custom: RFC 9562, version 8.
    pub(crate) fn uuid(&self, purpose: &str) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.derive(purpose)[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid(bytes)
    }

    /// The salt of the hash tree, in hexadecimal.
    pub(crate) fn salt(&self) -> String {
        hex(&self.derive("salt"))
    }

    /// The volume id of the EFI system partition, in hexadecimal.
    pub(crate) fn volume_id(&self) -> String {
        hex(&self.derive("volume")[..4])
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(purpose);
        hasher.finalize().into()
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::Entry;

    fn tree(path: &str, entry: Entry) -> RootTree {
        let mut tree = RootTree::default();
        tree.insert(path, entry);
        tree
    }

    #[test]
    fn it_depends_on_what_is_in_the_image_and_on_nothing_else() {
        let file = |text: &str| Entry::bytes(text, 0o644);
        let seed = ImageSeed::of(&tree("x", file("1")));
        assert_eq!(seed, ImageSeed::of(&tree("x", file("1"))));
        let mut owned = file("1");
        owned.uid = 1;
        for other in [
            tree("y", file("1")),
            tree("x", file("2")),
            tree("x", owned),
            tree("x", Entry::bytes("1", 0o600)),
            tree("x", Entry::link("1")),
        ] {
            assert_ne!(seed, ImageSeed::of(&other));
        }
        let on_disk = |path: &str, size| {
            let content = Content::OnDisk {
                path: path.into(),
                size,
            };
            ImageSeed::of(&tree("x", Entry::file(content, 0o644)))
        };
        assert_eq!(
            on_disk("/a/x", 1),
            on_disk("/b/x", 1),
            "where it was read from does not count"
        );
        assert_ne!(on_disk("/a/x", 1), on_disk("/a/x", 2));
    }

    #[test]
    fn uuids_are_well_formed_and_each_its_own() {
        let seed = ImageSeed::of(&RootTree::default());
        let uuid = seed.uuid("root").to_string();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "8");
        assert_ne!(uuid, seed.uuid("verity").to_string());
        assert_eq!(seed.salt().len(), 64);
        assert_eq!(seed.volume_id().len(), 8);
        let partition = Uuid([0xab; 16]).to_string();
        assert_eq!(partition, "abababab-abab-abab-abab-abababababab");
    }
}
