#![allow(
    clippy::single_range_in_vec_init,
    reason = "lists of one range are meant"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;

use scanner_tests::elf_sample::{Sample, Sections};

use super::*;

fn read_bytes(bytes: &[u8]) -> Elf {
    read(bytes).unwrap().expect("it is ELF")
}

fn sample() -> Sample {
    Sample {
        interpreter: Some("/nix/store/h-glibc/lib/ld-linux-x86-64.so.2"),
        strings: vec![
            (dynamic::DT_NEEDED, "libc.so.6"),
            (dynamic::DT_NEEDED, "libm.so.6"),
            (dynamic::DT_SONAME, "libx.so.1"),
            (dynamic::DT_RPATH, "/old"),
            (dynamic::DT_RUNPATH, "$ORIGIN/../lib:/nix/store/h-glibc/lib"),
        ],
        values: vec![(dynamic::DT_FLAGS_1, dynamic::DF_1_NODEFLIB)],
        dlopen: Some(
            r#"[{"feature":"xkb","description":"Keyboards","priority":"required","soname":["libxkb.so.0","libxkb.so"]},{"soname":["liby.so"]}]"#,
        ),
        data: b"\0/etc/x.conf\0",
        ..Sample::default()
    }
}

#[test]
fn what_a_file_names() {
    for is_64_bit in [true, false] {
        for is_little_endian in [true, false] {
            for sections in [Sections::Program, Sections::None] {
                let sample = Sample {
                    is_64_bit,
                    is_little_endian,
                    sections,
                    ..sample()
                };
                let elf = read_bytes(&sample.build());
                let context = format!("64 bit: {is_64_bit}, little endian: {is_little_endian}");
                assert_eq!(elf.problems, [], "{context}");
                let machine = Machine {
                    number: 62,
                    is_64_bit,
                    is_little_endian,
                };
                assert_eq!((elf.machine, elf.elf_type), (machine, ElfType::Shared));
                let interpreter = elf.interpreter.as_deref().unwrap();
                assert_eq!(interpreter, b"/nix/store/h-glibc/lib/ld-linux-x86-64.so.2");
                assert_eq!(elf.needed, [b"libc.so.6", b"libm.so.6"], "{context}");
                assert_eq!(elf.soname.as_deref(), Some(&b"libx.so.1"[..]));
                assert_eq!(elf.rpath, [b"/old"]);
                let runpath = [&b"$ORIGIN/../lib"[..], b"/nix/store/h-glibc/lib"];
                assert_eq!(elf.search_path(), runpath);
                assert!(elf.is_dynamic && elf.no_default_directories);
                let [xkb, y] = elf.dlopen.as_slice() else {
                    panic!("{:?}", elf.dlopen);
                };
                assert_eq!((&*xkb.feature, &*xkb.description), ("xkb", "Keyboards"));
                assert_eq!(xkb.sonames, [&b"libxkb.so.0"[..], b"libxkb.so"]);
                assert_eq!(xkb.priority, Priority::Required);
                assert_eq!(y.priority, Priority::Recommended);
            }
        }
    }
}

#[test]
fn constant_data_are_those_of_sections_or_segments() {
    let with = Sample {
        sections: Sections::Program,
        writable_data: b"\x01/etc/y.conf\0",
        ..sample()
    };
    let bytes = with.build();
    let elf = read_bytes(&bytes);
    let [range] = elf.read_only_data.as_slice() else {
        panic!("{:?}", elf.read_only_data);
    };
    let span = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
    assert_eq!(&bytes[span], with.data);
    let [range] = elf.writable_data.as_slice() else {
        panic!("{:?}", elf.writable_data);
    };
    let span = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
    assert_eq!(&bytes[span], with.writable_data);

    let bytes = sample().build();
    let elf = read_bytes(&bytes);
    assert_eq!(elf.read_only_data, [0..bytes.len() as u64]);
    assert_eq!(elf.writable_data, []);
}

#[test]
fn a_separate_debug_file_names_nothing() {
    for is_64_bit in [true, false] {
        let debug = Sample {
            is_64_bit,
            sections: Sections::DebugFile,
            ..sample()
        };
        let elf = read_bytes(&debug.build());
        assert!(elf.is_debug_file);
        assert_eq!(elf.problems, []);
        assert_eq!((elf.interpreter, elf.needed), (None, Vec::new()));
        assert_eq!(elf.read_only_data, []);
    }
}

#[test]
fn a_program_of_this_machine() {
    let file = File::open("/proc/self/exe").unwrap();
    let elf = read(&file).unwrap().unwrap();
    assert_eq!(elf.problems, []);
    assert!(elf.interpreter.is_some_and(|path| path.starts_with(b"/")));
    let is_libc = |name: &Vec<u8>| name.starts_with(b"libc.so");
    assert!(elf.needed.iter().any(is_libc), "{:?}", elf.needed);
    assert!(!elf.read_only_data.is_empty());
    assert!(!elf.is_debug_file);
}

#[test]
fn what_is_no_elf_is_none() {
    for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n"] {
        assert_eq!(read(bytes).unwrap(), None);
    }
}

#[test]
fn what_is_broken_is_told() {
    let whole = sample().build();
    for length in [4, 20, 63] {
        assert_eq!(
            read_bytes(&whole[..length]).problems,
            [ElfProblem::BadHeader]
        );
    }
    let cut = read_bytes(&whole[..100]);
    assert_eq!(cut.problems, [ElfProblem::BadProgramHeaders]);
    // Every length, and every byte: something is said, whatever it is.
    for length in 4..whole.len() {
        read_bytes(&whole[..length]);
    }
    for at in 4..whole.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            read_bytes(&changed);
        }
    }
    let bad_note = Sample {
        dlopen: Some("{}"),
        ..sample()
    };
    assert_eq!(
        read_bytes(&bad_note.build()).problems,
        [ElfProblem::BadNote]
    );
    let deep = "[".repeat(100_000);
    let deep = Sample {
        dlopen: Some(deep.leak()),
        ..sample()
    };
    assert_eq!(read_bytes(&deep.build()).problems, [ElfProblem::BadNote]);
}

#[test]
fn a_large_file_costs_only_what_is_asked_of_it() {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&sample().build(), 0).unwrap();
    file.set_len(4 << 30).unwrap();
    let elf = read(&file).unwrap().unwrap();
    assert_eq!(elf.needed.len(), 2);

    // What it claims to have is not believed.
    let mut large = sample().build();
    large[56..58].fill(0xff);
    file.write_all_at(&large, 0).unwrap();
    let elf = read(&file).unwrap().unwrap();
    assert!(elf.problems.contains(&ElfProblem::BadProgramHeaders));
}

#[test]
fn the_origin_is_the_file_s_directory() {
    for (entry, expected) in [
        ("$ORIGIN/../lib", "/nix/store/h-x/bin/../lib"),
        ("${ORIGIN}", "/nix/store/h-x/bin"),
        ("$ORIGIN", "/nix/store/h-x/bin"),
        ("$ORIGINAL/x", "$ORIGINAL/x"),
        ("/lib", "/lib"),
        ("", ""),
    ] {
        let expanded = expand_origin(entry.as_bytes(), b"/nix/store/h-x/bin");
        assert_eq!(expanded, expected.as_bytes(), "{entry}");
    }
}

#[test]
fn extents_are_walked_to_the_end() {
    let data = [3..5, 8..10];
    let next = |at: u64| data.iter().find(|range| range.end > at).cloned();
    assert_eq!(data_extents(20, next), data);
    assert_eq!(data_extents(0, next), []);
    // A file system that contradicts itself ends the walk.
    assert_eq!(data_extents(20, |_| Some(0..4)), [0..4]);
}

/// A file that counts what is read of it.
struct Counted {
    bytes: Vec<u8>,
    read: std::cell::Cell<usize>,
}

impl ReadAt for Counted {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.bytes.read_at(buffer, offset)?;
        self.read.set(self.read.get() + read);
        Ok(read)
    }
}

/// A file with a group of notes that says `count` times which library is opened, and with these segments of
/// notes, each from a note on to the end of the group.
fn with_notes(count: usize, segments: &[usize]) -> Vec<u8> {
    let mut note = Vec::new();
    let text = b"[{\"soname\":[\"libx.so\"]}]\0\0\0\0";
    for number in [4, text.len(), 0x407c_0c0a] {
        note.extend(u32::try_from(number).unwrap().to_le_bytes());
    }
    note.extend(b"FDO\0");
    note.extend(text);
    let mut file = Sample::default().build()[..64].to_vec();
    file[32..40].copy_from_slice(&64_u64.to_le_bytes());
    file[40..48].fill(0);
    file[56..58].copy_from_slice(&u16::try_from(segments.len()).unwrap().to_le_bytes());
    let start = 64 + 56 * segments.len();
    for first in segments {
        file.extend(4_u32.to_le_bytes());
        file.extend(4_u32.to_le_bytes());
        let size = ((count - first) * note.len()) as u64;
        let offset = (start + first * note.len()) as u64;
        for number in [offset, 0, 0, size, size, 4] {
            file.extend(number.to_le_bytes());
        }
    }
    file.extend(note.repeat(count));
    file
}

#[test]
fn the_notes_of_a_file_are_bounded() {
    let cost = |bytes: Vec<u8>| {
        let file = Counted {
            bytes,
            read: std::cell::Cell::new(0),
        };
        let elf = read(&file).unwrap().unwrap();
        (elf.dlopen.len(), elf.problems, file.read.get())
    };
    assert_eq!(cost(with_notes(3, &[0])).0, 3);
    // One group in many segments is one group.
    let (found, problems, read) = cost(with_notes(3, &[0; 400]));
    assert_eq!((found, problems), (3, Vec::new()));
    assert!(read < 64 * 1024, "{read}");
    // Parts of one group could be the square of it.
    for count in [250, 500, 1000] {
        let segments: Vec<usize> = (0..count).collect();
        let bytes = with_notes(count, &segments);
        let length = bytes.len();
        let (found, problems, read) = cost(bytes);
        assert_eq!(problems, [ElfProblem::BadNote]);
        assert!(found < 12_000, "{found} libraries of {length} bytes");
        assert!(read < 5 << 20, "{read} bytes read of {length}");
    }
}

#[test]
fn the_names_in_a_file_are_bounded() {
    let file = Sample {
        strings: vec![(14, "x".repeat(4000).leak())],
        values: (1..3900).map(|offset| (1, offset)).collect(),
        ..Sample::default()
    };
    let elf = read_bytes(&file.build());
    let length: usize = elf.needed.iter().map(Vec::len).sum();
    assert!(length <= 256 * 1024, "{length}");
    assert!(
        elf.problems.contains(&ElfProblem::BadString),
        "{:?}",
        elf.problems
    );
}

#[test]
fn the_directories_of_a_search_path_are_bounded() {
    for tag in [15, 29] {
        let file = Sample {
            strings: vec![(tag, "/a:".repeat(2000).leak())],
            ..Sample::default()
        };
        let elf = read_bytes(&file.build());
        assert_eq!(elf.search_path().len(), MAX_DIRECTORIES);
        assert_eq!(elf.problems, [ElfProblem::LongSearchPath]);
    }
}
