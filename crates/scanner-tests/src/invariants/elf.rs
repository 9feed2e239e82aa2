//! What holds for any bytes that are read as ELF, and small ELF files to begin with.

use std::cell::Cell;
use std::io;

use hermetic_out_formats::elf::strings::PathSearch;
use hermetic_out_formats::elf::{self, ElfType, MAX_STRING, ReadAt};

/// What is put into files that are changed at random.
pub const PIECES: &[&[u8]] = &[
    b"\x7fELF",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x01\0\0\0\0\0\0\0",
    b"FDO\0[{\"soname\":[\"libx.so\"],\"feature\":\"x\"}]\0",
    b"\x0c\x0a\x7c\x40",
    b"/etc/x\0",
];

/// A file that counts what is read of it.
struct Counted<'a> {
    bytes: &'a [u8],
    read: Cell<usize>,
}

impl ReadAt for Counted<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = self.bytes.read_at(buffer, offset)?;
        self.read.set(self.read.get() + length);
        Ok(length)
    }
}

/// Reading ends, says the same each time, and what it says lies within bounds.
pub fn check(bytes: &[u8]) {
    let file = Counted {
        bytes,
        read: Cell::new(0),
    };
    let found = elf::read(&file).expect("memory can be read");
    let again = elf::read(bytes).expect("memory can be read");
    assert_eq!(found, again);
    assert_eq!(found.is_some(), elf::is_elf(bytes));
    let Some(found) = found else { return };
    // 1024 + 4096 entries of tables, 4096 strings, 1024 groups of notes: each at most once.
    assert!(
        file.read.get() <= 64 * bytes.len().max(4096) * 64,
        "{} bytes were read of {}",
        file.read.get(),
        bytes.len()
    );
    let strings = found
        .needed
        .iter()
        .chain(&found.soname)
        .chain(&found.interpreter);
    for string in strings {
        assert!(!string.is_empty() && string.len() < MAX_STRING && !string.contains(&0));
    }
    let mut end = 0;
    for ranges in [&found.writable_data, &found.read_only_data] {
        end = 0;
        for range in ranges {
            assert!(
                range.start < range.end && (end == 0 || end < range.start),
                "{range:?}"
            );
            end = range.end;
        }
    }
    if found.elf_type == ElfType::Relocatable && found.problems.is_empty() {
        assert!(
            found.read_only_data.is_empty()
                || !found.problems.is_empty()
                || found.is_dynamic
                || end > 0
        );
    }
    let search = PathSearch::new(["/etc/", "/usr/"]).expect("two prefixes");
    let mut last = None;
    let note = |path: elf::strings::FoundPath<'_>| {
        assert!(last < Some(path.offset), "in the order of the file");
        last = Some(path.offset);
        let start = usize::try_from(path.offset).expect("it is in memory");
        assert_eq!(&bytes[start..start + path.path.len()], path.path);
        assert!(path.path.starts_with(b"/etc/") || path.path.starts_with(b"/usr/"));
    };
    search
        .search(bytes, &found.read_only_data, &mut Vec::new(), note)
        .expect("memory can be read");
}
