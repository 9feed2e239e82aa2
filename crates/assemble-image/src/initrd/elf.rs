//! What an ELF file needs to run: its loader, its libraries, and those that it opens itself.

use std::path::Path;

use hermetic_out_formats::elf::strings::PathSearch;
use hermetic_out_formats::elf::{self, expand_origin};

/// What an ELF file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// The dynamic loader.
    pub(super) loader: Option<Vec<u8>>,
    /// Libraries, by name.
    pub(super) libraries: Vec<Vec<u8>>,
    /// Where they are looked for, in order.
    pub(super) search_path: Vec<Vec<u8>>,
    /// Libraries that are opened when a feature is used: the feature, and the library's name.
    pub(super) optional: Vec<(String, Vec<u8>)>,
}

/// Reads what a file needs; `origin` is the directory that it is in. `None` if it is broken.
pub(super) fn needs(bytes: &[u8], origin: &[u8]) -> Option<Needs> {
    // What lies in memory can be read.
    let found = elf::read(bytes).ok()??;
    if !found.problems.is_empty() {
        return None;
    }
    let origin = [b"/", origin].concat();
    let search_path = found
        .search_path()
        .iter()
        .filter(|entry| !entry.is_empty())
        .map(|entry| expand_origin(entry, &origin))
        .collect();
    // The names of one entry are alternatives, the best first.
    let optional = found.dlopen.into_iter().flat_map(|entry| {
        let names = entry.sonames.into_iter();
        names.map(move |name| (entry.feature.clone(), name))
    });
    Some(Needs {
        loader: found.interpreter,
        libraries: found.needed,
        search_path,
        optional: optional.collect(),
    })
}

/// The paths in the store whose file names are among `names` and which stand anywhere in a file:
/// programs whose place was fixed when it was compiled.
pub(super) fn compiled_in(bytes: &[u8], store: &Path, names: &[&str]) -> Vec<Vec<u8>> {
    let mut prefix = std::os::unix::ffi::OsStrExt::as_bytes(store.as_os_str()).to_vec();
    prefix.push(b'/');
    let mut found: Vec<Vec<u8>> = Vec::new();
    let Ok(search) = PathSearch::new([prefix]) else {
        return found;
    };
    search.anywhere(1).search_bytes(bytes, 0, |place| {
        let name = crate::root_tree::name_of(place.path);
        let wanted = names.iter().any(|wanted| wanted.as_bytes() == name);
        if wanted && !found.iter().any(|known| known == place.path) {
            found.push(place.path.to_vec());
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_machine() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        assert!(elf::is_elf(&bytes));
        let needs = needs(&bytes, b"usr/bin").unwrap();
        assert!(needs.loader.is_some_and(|loader| loader.starts_with(b"/")));
        assert!(
            needs
                .libraries
                .iter()
                .any(|name| name.starts_with(b"libc.so"))
        );
    }

    #[test]
    fn what_is_broken_is_none() {
        assert_eq!(needs(b"\x7fELF\x02\x01", b""), None);
    }

    #[test]
    fn programs_compiled_in() {
        let bytes =
            b"\0/nix/store/h-u/bin/mount\0x=/nix/store/h-u/bin/umount:/nix/store/h-u/bin/sh\0";
        let found = compiled_in(bytes, Path::new("/nix/store"), &["mount", "umount"]);
        assert_eq!(
            found,
            [
                b"/nix/store/h-u/bin/mount".to_vec(),
                b"/nix/store/h-u/bin/umount".to_vec()
            ]
        );
    }
}
