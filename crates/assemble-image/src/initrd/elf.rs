//! What an ELF file needs to run: its loader, its libraries, and those that it opens itself.

use std::path::Path;

use goblin::elf::Elf;
use serde::Deserialize;

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

/// An entry of the note `.note.dlopen`: <https://uapi-group.org/specifications/specs/elf_dlopen_metadata/>.
#[derive(Deserialize)]
struct Dlopen {
    #[serde(default)]
    feature: String,
    #[serde(default)]
    soname: Vec<String>,
}

/// The type of such notes.
const DLOPEN_NOTE: u32 = 0x407c_0c0a;

/// Whether a file is ELF.
pub(super) fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Reads what a file needs; `origin` is the directory that it is in. `None` if it is broken.
pub(super) fn needs(bytes: &[u8], origin: &[u8]) -> Option<Needs> {
    let elf = Elf::parse(bytes).ok()?;
    // An RPATH counts only if there is no RUNPATH: ld.so(8).
    let paths = if elf.runpaths.is_empty() {
        &elf.rpaths
    } else {
        &elf.runpaths
    };
    let search_path = paths
        .iter()
        .flat_map(|path| path.split(':'))
        .filter(|path| !path.is_empty())
        .map(|path| expand_origin(path, origin))
        .collect();
    Some(Needs {
        loader: elf.interpreter.map(|path| path.as_bytes().to_vec()),
        libraries: elf
            .libraries
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect(),
        search_path,
        optional: optional(&elf, bytes),
    })
}

fn expand_origin(path: &str, origin: &[u8]) -> Vec<u8> {
    for variable in ["$ORIGIN", "${ORIGIN}"] {
        if let Some(rest) = path.strip_prefix(variable) {
            return [b"/", origin, rest.as_bytes()].concat();
        }
    }
    path.as_bytes().to_vec()
}

fn optional(elf: &Elf<'_>, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let notes = elf.iter_note_sections(bytes, Some(".note.dlopen"));
    for note in notes.into_iter().flatten().flatten() {
        if note.n_type != DLOPEN_NOTE {
            continue;
        }
        let text = note
            .desc
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or_default();
        let entries: Vec<Dlopen> = serde_json::from_slice(text).unwrap_or_default();
        for entry in entries {
            // The names of one entry are alternatives, the best first.
            found.extend(
                entry
                    .soname
                    .into_iter()
                    .map(|name| (entry.feature.clone(), name.into_bytes())),
            );
        }
    }
    found
}

/// The paths in the store whose file names are among `names` and which stand anywhere in a file:
/// programs whose place was fixed when it was compiled.
pub(super) fn compiled_in(bytes: &[u8], store: &Path, names: &[&str]) -> Vec<Vec<u8>> {
    let mut prefix = std::os::unix::ffi::OsStrExt::as_bytes(store.as_os_str()).to_vec();
    prefix.push(b'/');
    let mut found = Vec::new();
    for at in bstr::ByteSlice::find_iter(bytes, &prefix) {
        let rest = &bytes[at..];
        let is_end = |byte: &u8| !byte.is_ascii_graphic() || b":;,'\"".contains(byte);
        let end = rest.iter().take(512).position(is_end).unwrap_or(0);
        let path = &rest[..end];
        let name = crate::root_tree::name_of(path);
        if names.iter().any(|wanted| wanted.as_bytes() == name) && !found.contains(&path.to_vec()) {
            found.push(path.to_vec());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_machine() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        assert!(is_elf(&bytes));
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
    fn the_origin_is_the_file_s_directory() {
        assert_eq!(
            expand_origin("$ORIGIN/../lib", b"usr/bin"),
            b"/usr/bin/../lib"
        );
        assert_eq!(expand_origin("/lib", b"usr/bin"), b"/lib");
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
