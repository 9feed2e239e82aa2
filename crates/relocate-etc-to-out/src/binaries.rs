//! The paths below /etc that ELF files hold in their data.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use hermetic_out::{Package, Tree};
use hermetic_out_formats::elf;
use hermetic_out_formats::elf::strings::PathSearch;
use hermetic_out_formats::etc_mentions::{EtcPath, Verdict, in_data};

use crate::Error;

/// What is looked for, and what shows that a program has strings without an end: a compiler of Rust
/// leaves names of its own sources, that of Go a mark in front of what it knows of the build.
const PREFIXES: [&[u8]; 3] = [b"/etc/", b"/rustc/", b"\xff Go buildinf:"];

/// Where the package's own configuration is: one for each output behind those.
fn own_prefixes(package: &Package) -> Vec<Vec<u8>> {
    let outputs = package.outputs.iter();
    let etc = outputs.map(|output| output.path.join("etc/").into_os_string().into_vec());
    etc.collect()
}

/// What a program names.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    /// The paths below /etc at the beginning of strings, sorted.
    pub(crate) paths: BTreeSet<EtcPath>,
    /// In a program whose strings follow each other without an end: texts that begin with a path, which
    /// other strings can stand around.
    pub(crate) packed: BTreeSet<Vec<u8>>,
    /// Paths in the etc of an own output that are strings by themselves.
    pub(crate) own: BTreeSet<Vec<u8>>,
}

/// Looks for such paths; made once for all files.
pub(crate) struct Binaries {
    search: Option<PathSearch>,
    buffer: Vec<u8>,
}

impl Binaries {
    pub(crate) fn new(package: &Package) -> Self {
        let all = PREFIXES
            .map(<[u8]>::to_vec)
            .into_iter()
            .chain(own_prefixes(package));
        Self {
            // A few short prefixes are not too many.
            search: PathSearch::new(all)
                .ok()
                .map(|search| search.anywhere(PREFIXES.len())),
            buffer: Vec::new(),
        }
    }

    /// What an ELF file names in its data.
    pub(crate) fn strings(&mut self, tree: &Tree, path: &Path) -> Result<Strings, Error> {
        let error = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let file = tree.open_file(path).map_err(error)?;
        let mut strings = Strings::default();
        let mut is_packed = false;
        if let (Some(search), Some(elf)) = (&self.search, elf::read(&file).map_err(error)?) {
            for data in [&elf.read_only_data, &elf.writable_data] {
                let found = search.search(&file, data, &mut self.buffer, |found| {
                    if found.prefix >= PREFIXES.len() {
                        if found.is_whole_string() {
                            strings.own.insert(found.path.to_vec());
                        }
                        return;
                    }
                    if found.prefix > 0 {
                        is_packed = true;
                        return;
                    }
                    let mention = in_data(&found);
                    if !found.continues() && mention.verdict != Verdict::Documentation {
                        strings.paths.insert(mention.path);
                    }
                    if found.can_begin_after_another() {
                        strings.packed.insert(found.path.to_vec());
                    }
                });
                found.map_err(error)?;
            }
        }
        if !is_packed {
            strings.packed.clear();
        }
        Ok(strings)
    }
}

/// The paths that a packed text can name: all of it, or what a letter of the string behind it follows. Only
/// names with an ending count: others are the beginning of too many.
pub(crate) fn named_in(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slash = text.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let dot = text.iter().skip(slash).position(|byte| *byte == b'.');
    let first = dot.map_or(text.len() + 1, |dot| slash + dot + 1);
    let ends =
        (first..=text.len()).filter(|end| text.get(*end).is_none_or(u8::is_ascii_alphabetic));
    ends.filter_map(|end| text.get(..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_packed_text_can_name() {
        for (text, path, expected) in [
            ("/etc/x.conf", "/etc/x.conf", true),
            ("/etc/x.confcannot", "/etc/x.conf", true),
            ("/etc/x.conf.d/y", "/etc/x.conf", false),
            ("/etc/x.conf/y", "/etc/x.conf", false),
            ("/etc/xcannot", "/etc/x", false),
            ("/etc/y.conf", "/etc/x.conf", false),
        ] {
            let found = named_in(text.as_bytes()).any(|found| found == path.as_bytes());
            assert_eq!(found, expected, "{text}");
        }
    }
}
