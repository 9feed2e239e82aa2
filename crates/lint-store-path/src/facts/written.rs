//! Facts as bytes: in the cache, and in files that one process writes and another joins.
//!
//! A header names the schema and the version of the tool, and a checksum covers the rest: facts of
//! another version, or damaged ones, are no facts.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hermetic_out::regular_file;

use super::{PathFacts, SCHEMA};
use crate::error::{Error, io_error};

const MAGIC: &[u8; 8] = b"hoFacts\n";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why bytes are no facts.
pub const NOT_FACTS: &str = "it holds no facts of store paths";
const OTHER_VERSION: &str = "another version of the tool has written it";
const DAMAGED: &str = "it is damaged";

/// `facts` as bytes.
#[must_use]
pub fn encode<T: serde::Serialize>(facts: &T) -> Vec<u8> {
    // Facts are plain data: there is nothing that could not be written.
    let body = postcard::to_stdvec(facts).unwrap_or_default();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(SCHEMA.to_le_bytes());
    bytes.extend(version());
    bytes.extend(crc32fast::hash(&body).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// The facts that `bytes` are; else why they are none.
pub fn decode<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, &'static str> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(NOT_FACTS)?;
    let (schema, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
    let (written_by, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
    if u32::from_le_bytes(*schema) != SCHEMA || *written_by != version() {
        return Err(OTHER_VERSION);
    }
    let (checksum, body) = rest.split_first_chunk().ok_or(DAMAGED)?;
    if u32::from_le_bytes(*checksum) != crc32fast::hash(body) {
        return Err(DAMAGED);
    }
    match postcard::take_from_bytes(body) {
        Ok((facts, [])) => Ok(facts),
        _ => Err(DAMAGED),
    }
}

fn version() -> [u8; 4] {
    crc32fast::hash(VERSION.as_bytes()).to_le_bytes()
}

/// Writes the facts of some store paths to the file `path`.
pub fn write(path: &Path, facts: &[PathFacts]) -> Result<(), Error> {
    replace(path, &encode(&facts)).map_err(io_error("writing the facts to", path))
}

/// Reads the facts that [`write()`] wrote to the file `path`.
pub fn read(path: &Path) -> Result<Vec<PathFacts>, Error> {
    let bytes = regular_file::read(path).map_err(io_error("reading the facts in", path))?;
    decode(&bytes).map_err(|reason| Error::Facts {
        path: path.to_owned(),
        reason,
    })
}

/// Makes `content` the content of the file `path`: at any moment, it has the old or the new one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // As files are made otherwise, not for this user alone.
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Vec<PathFacts> {
        let name = b"0123456789abcdfghijklmnpqrsvwxyz-x".to_vec();
        vec![PathFacts::new(name, Vec::new(), Vec::new())]
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts");
        write(&path, &facts()).unwrap();
        assert_eq!(read(&path).unwrap()[0].name, facts()[0].name);
    }

    #[test]
    fn damaged_facts_are_no_facts() {
        let whole = encode(&facts());
        for length in 0..whole.len() {
            assert!(decode::<Vec<PathFacts>>(&whole[..length]).is_err());
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(decode::<Vec<PathFacts>>(&changed).is_err(), "{at}");
        }
        let longer = [&whole[..], b"x"].concat();
        assert!(decode::<Vec<PathFacts>>(&longer).is_err());

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts");
        fs::write(&path, b"no facts").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("holds no facts") && error.contains("--write-facts"),
            "{error}"
        );
    }
}
