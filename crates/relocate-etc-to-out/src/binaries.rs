//! The paths below /etc that ELF files hold in their data.

use std::collections::BTreeSet;
use std::path::Path;

use hermetic_out::Tree;
use hermetic_out_formats::elf;
use hermetic_out_formats::elf::strings::PathSearch;
use hermetic_out_formats::etc_mentions::{EtcPath, Verdict, in_data};

use crate::Error;

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

    /// The paths below /etc at the beginning of strings in the data of an ELF file; each once,
    /// sorted.
    pub(crate) fn strings(&mut self, tree: &Tree, path: &Path) -> Result<BTreeSet<EtcPath>, Error> {
        let error = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let file = tree.open(path).map_err(error)?;
        let mut strings = BTreeSet::new();
        if let (Some(search), Some(elf)) = (&self.search, elf::read(&file).map_err(error)?) {
            for data in [&elf.read_only_data, &elf.writable_data] {
                let found = search.search(&file, data, &mut self.buffer, |found| {
                    let mention = in_data(&found);
                    if mention.verdict != Verdict::Documentation {
                        strings.insert(mention.path);
                    }
                });
                found.map_err(error)?;
            }
        }
        Ok(strings)
    }
}
