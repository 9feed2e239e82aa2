#![allow(
    clippy::single_range_in_vec_init,
    reason = "lists of one range are meant"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;

use scanner_tests::elf_sample::Sample;

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
            for sections in [true, false] {
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
        sections: true,
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
fn a_program_of_this_machine() {
    let file = File::open("/proc/self/exe").unwrap();
    let elf = read(&file).unwrap().unwrap();
    assert_eq!(elf.problems, []);
    assert!(elf.interpreter.is_some_and(|path| path.starts_with(b"/")));
    let is_libc = |name: &Vec<u8>| name.starts_with(b"libc.so");
    assert!(elf.needed.iter().any(is_libc), "{:?}", elf.needed);
    assert!(!elf.read_only_data.is_empty());
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
