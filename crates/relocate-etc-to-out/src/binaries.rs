//! The paths below /etc that ELF files hold in their constant data.

use std::path::Path;

use hermetic_out::Tree;
use hermetic_out_formats::elf::strings::PathSearch;
use hermetic_out_formats::elf::{self, ReadAt};

use crate::Error;

/// A path below /etc at the beginning of a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EtcString {
    /// The path, or as much of it as is written out: then a directory.
    pub(crate) path: Vec<u8>,
    /// Whether it is only the beginning of a name.
    pub(crate) goes_on: bool,
}

/// Looks for such paths; made once for all files.
pub(crate) struct Binaries {
    search: Option<PathSearch>,
    buffer: Vec<u8>,
}

impl Binaries {
    pub(crate) fn new() -> Self {
        Self {
            // One short prefix is not too many.
            search: PathSearch::new([b"/etc/"]).ok(),
            buffer: Vec::new(),
        }
    }

    /// The strings in the constant data of an ELF file that begin with a path below /etc; each once,
    /// sorted.
    pub(crate) fn strings(&mut self, tree: &Tree, path: &Path) -> Result<Vec<EtcString>, Error> {
        let error = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let file = tree.open(path).map_err(error)?;
        let (Some(search), Some(elf)) = (&self.search, elf::read(&file).map_err(error)?) else {
            return Ok(Vec::new());
        };
        let mut strings = Vec::new();
        let found = search.search(&file, &elf.read_only_data, &mut self.buffer, |found| {
            // In the middle of a text for people nothing is read.
            let before = found
                .offset
                .checked_sub(1)
                .and_then(|at| byte_at(&file, at));
            if before.is_none_or(|byte| byte < b' ') {
                let end = found.offset + found.path.len() as u64;
                strings.push(string(found.path, byte_at(&file, end)));
            }
        });
        found.map_err(error)?;
        strings.sort();
        strings.dedup();
        Ok(strings)
    }
}

/// A byte of the file, if it has one there.
fn byte_at(file: &impl ReadAt, at: u64) -> Option<u8> {
    let mut byte = [0];
    matches!(file.read_at(&mut byte, at), Ok(1)).then_some(byte[0])
}

/// What a path that `after` follows is.
fn string(path: &[u8], after: Option<u8>) -> EtcString {
    let goes_on = after.is_some_and(|byte| b"*?[{%$\\".contains(&byte));
    let mut path = path;
    if goes_on {
        let slash = path.iter().rposition(|byte| *byte == b'/');
        path = &path[..slash.unwrap_or(0)];
    }
    EtcString {
        path: path.strip_suffix(b"/").unwrap_or(path).to_vec(),
        goes_on,
    }
}
