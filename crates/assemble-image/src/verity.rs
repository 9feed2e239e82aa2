//! The hash tree of the root file system, and its root hash.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::image_seed::Uuid;
use crate::options::OnCorruption;
use crate::output::names;
use crate::steps::{Job, Step, run_commands};
use crate::tools::VERITYSETUP;

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
        formatter.write_str(&crate::image_seed::hex(&self.0))
    }
}

/// Where veritysetup writes the root hash.
fn root_hash_file(job: &Job<'_>) -> PathBuf {
    job.work.join(names::ROOT_HASH)
}

/// Makes the hash tree of a file system.
pub(crate) fn make(image: PathBuf, hash_tree: PathBuf) -> Step {
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
        let text = fs::read_to_string(&path).map_err(io_error("reading", &path))?;
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
pub(crate) fn verify(image: PathBuf, hash_tree: PathBuf) -> Step {
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
