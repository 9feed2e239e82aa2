//! How many bytes each path takes.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use serde::Serialize;

/// Bytes by path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The store path or directory.
    pub path: String,
    /// The bytes of its files, before compression.
    pub bytes: u64,
    /// How many files and links there are.
    pub files: u64,
    /// Directories in it, largest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<Size>,
}

/// Adds files up, by directory.
#[derive(Clone, Debug, Default)]
pub struct SizeSum {
    /// The bytes of all files.
    pub bytes: u64,
    /// How many there are.
    pub files: u64,
    below: BTreeMap<Vec<u8>, SizeSum>,
}

impl SizeSum {
    /// Adds a file in the directories `names`, each in the one before it.
    pub fn add(&mut self, names: &[&[u8]], bytes: u64) {
        self.bytes += bytes;
        self.files += 1;
        if let [first, rest @ ..] = names {
            self.below
                .entry(first.to_vec())
                .or_default()
                .add(rest, bytes);
        }
    }

    /// The directories of `path`, an absolute path, largest first.
    #[must_use]
    pub fn sizes(&self, path: &[u8]) -> Vec<Size> {
        let mut sizes: Vec<Size> = self
            .below
            .iter()
            .map(|(name, sum)| {
                let path = [path.trim_end_with(|byte| byte == '/'), b"/", name].concat();
                Size {
                    path: path.as_bstr().to_string(),
                    bytes: sum.bytes,
                    files: sum.files,
                    directories: sum.sizes(&path),
                }
            })
            .collect();
        sizes.sort_by(|one, other| (other.bytes, &one.path).cmp(&(one.bytes, &other.path)));
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_in_every_directory_above_them() {
        let mut sum = SizeSum::default();
        sum.add(&[b"a", b"x"], 1);
        sum.add(&[b"a"], 2);
        sum.add(&[b"b"], 3);
        sum.add(&[], 4);
        assert_eq!((sum.bytes, sum.files), (10, 4));
        let found: Vec<(String, u64, u64)> = sum
            .sizes(b"/")
            .into_iter()
            .map(|size| (size.path, size.bytes, size.files))
            .collect();
        // What is of one size is in order of the name.
        assert_eq!(found, [("/a".into(), 3, 2), ("/b".into(), 3, 1)]);
        assert_eq!(sum.sizes(b"/s")[0].directories[0].path, "/s/a/x");
    }
}
