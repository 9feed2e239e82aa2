//! What ELF objects say about the libraries that they need.

use goblin::elf::dynamic::DT_SONAME;
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::{Elf, ProgramHeader};
use serde_json::Value;

/// A note of this section and type names libraries that are opened while the program runs
/// (the UAPI group's specification "ELF dlopen metadata").
const DLOPEN_SECTION: &str = ".note.dlopen";
/// The size of a page on x86-64.
const PAGE: u64 = 4096;
const DLOPEN_TYPE: u32 = 0x407c_0c0a;

/// An object that the dynamic loader starts or loads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Whether it names a loader of its own: it is a program.
    pub has_interpreter: bool,
    /// The name under which others need it.
    pub soname: Option<String>,
    /// Libraries without which it does not start, in its own order.
    pub needed: Vec<String>,
    /// Libraries that it opens by itself if they are there; the first of a list that exists.
    pub opened: Vec<Vec<String>>,
    /// Where it looks for them now.
    pub search_path: Vec<String>,
    /// Whether two of its segments lie in the same page: one then hides a part of the other.
    pub overlaps: bool,
}

/// Reads an object; `None` if the bytes are no dynamic ELF object, or a damaged one.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Object> {
    if !bytes.starts_with(b"\x7fELF") {
        return None;
    }
    let elf = Elf::parse(bytes).ok()?;
    let dynamic = elf.dynamic.as_ref()?;
    let mut object = Object {
        has_interpreter: elf.interpreter.is_some(),
        soname: dynamic
            .dyns
            .iter()
            .any(|entry| entry.d_tag == DT_SONAME)
            .then(|| elf.soname.map(str::to_owned))
            .flatten(),
        needed: elf.libraries.iter().map(ToString::to_string).collect(),
        overlaps: overlap(&elf.program_headers),
        ..Object::default()
    };
    for path in elf.runpaths.iter().chain(&elf.rpaths) {
        object
            .search_path
            .extend(path.split(':').map(str::to_owned));
    }
    if let Some(notes) = elf.iter_note_sections(bytes, Some(DLOPEN_SECTION)) {
        for note in notes.flatten().filter(|note| note.n_type == DLOPEN_TYPE) {
            object.opened.extend(opened(note.desc));
        }
    }
    Some(object)
}

/// Whether two segments that are loaded share a page of memory.
fn overlap(segments: &[ProgramHeader]) -> bool {
    let mut pages: Vec<(u64, u64)> = segments
        .iter()
        .filter(|segment| segment.p_type == PT_LOAD && segment.p_memsz > 0)
        .map(|segment| {
            let last = segment.p_vaddr.saturating_add(segment.p_memsz - 1);
            (segment.p_vaddr / PAGE, last / PAGE)
        })
        .collect();
    pages.sort_unstable();
    pages.windows(2).any(|pair| pair[1].0 <= pair[0].1)
}

/// The lists of names in a note: `[{"soname": ["libx.so.2", "libx.so.1"], …}, …]`.
fn opened(note: &[u8]) -> Vec<Vec<String>> {
    let end = note
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    let Ok(Value::Array(features)) = serde_json::from_slice(&note[..end]) else {
        return Vec::new();
    };
    let names = |feature: &Value| -> Option<Vec<String>> {
        let names = feature.get("soname")?.as_array()?;
        Some(
            names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
        )
    };
    features.iter().filter_map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_test_is_a_program_that_needs_libc() {
        let bytes = std::fs::read("/proc/self/exe").expect("this program");
        let object = read(&bytes).expect("an ELF object");
        assert!(object.has_interpreter && !object.overlaps);
        assert!(object.needed.iter().any(|name| name == "libc.so.6"));
    }

    #[test]
    fn segments_must_not_share_a_page() {
        let segment = |p_vaddr, p_memsz| ProgramHeader {
            p_type: PT_LOAD,
            p_vaddr,
            p_memsz,
            ..ProgramHeader::default()
        };
        assert!(!overlap(&[segment(0, 4096), segment(4096, 1)]));
        assert!(overlap(&[
            segment(0x3f_e000, 0x3448),
            segment(0x40_0338, 0x4ab0)
        ]));
    }

    #[test]
    fn other_files_are_no_objects() {
        assert_eq!(read(b"#!/bin/sh\n"), None);
        assert_eq!(read(b"\x7fELF but damaged"), None);
    }

    #[test]
    fn a_note_names_libraries_that_are_opened_later() {
        let note = b"[{\"feature\":\"x\",\"soname\":[\"libx.so.2\",\"libx.so.1\"]}]\0\0";
        assert_eq!(opened(note), [["libx.so.2", "libx.so.1"]]);
        assert!(opened(b"\0").is_empty() && opened(b"").is_empty());
    }
}
