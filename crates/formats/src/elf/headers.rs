//! The tables of an ELF file: segments, sections, the dynamic section.

use std::io;
use std::ops::Range;

use goblin::container::{Container, Ctx};
use goblin::elf::dynamic::{self, Dyn};
use goblin::elf::program_header::{self, ProgramHeader};
use goblin::elf::section_header::{self, SectionHeader};
use goblin::elf::{Elf as Goblin, header};
use scroll::Pread;
use scroll::ctx::SizeWith;

use super::read_at::{ReadAt, window};
use super::{ElfType, Machine};

/// The size of the larger of the two headers.
pub(super) const MAX_HEADER: usize = 64;

/// As many segments as are read: linkers make a dozen.
const MAX_SEGMENTS: usize = 1024;

/// As many sections as are read: linked files have some dozens. With more, the segments say what is
/// constant.
const MAX_SECTIONS: usize = 4096;

/// As many entries of the dynamic section as are read.
const MAX_DYNAMIC: usize = 4096;

/// The size of the table of section names that is read.
const MAX_SECTION_NAMES: usize = 64 * 1024;

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it begins.
    pub(super) offset: u64,
    /// How many bytes it has.
    pub(super) size: u64,
    /// To how many bytes what is in it is aligned.
    pub(super) align: u64,
}

/// The tables of a file.
pub(super) struct Headers {
    pub(super) machine: Machine,
    pub(super) elf_type: ElfType,
    pub(super) context: Ctx,
    pub(super) has_bad_segments: bool,
    segments: Vec<ProgramHeader>,
    sections: Vec<SectionHeader>,
    /// At which address the program starts.
    entry: u64,
    /// Which section has the names of the others.
    names: usize,
}

/// Stretches of a file, sorted and without overlap.
type Ranges = Vec<Range<u64>>;

impl Headers {
    /// Reads the tables of a file that begins with `start`; `None` if its header makes no sense.
    pub(super) fn read<R: ReadAt + ?Sized>(file: &R, start: &[u8]) -> io::Result<Option<Self>> {
        let Ok(header) = Goblin::parse_header(start) else {
            return Ok(None);
        };
        let (Ok(container), Ok(endianness)) = (header.container(), header.endianness()) else {
            return Ok(None);
        };
        let context = Ctx::new(container, endianness);
        let machine = Machine {
            number: header.e_machine,
            is_64_bit: container == Container::Big,
            is_little_endian: endianness.is_little(),
        };
        let elf_type = match header.e_type {
            header::ET_REL => ElfType::Relocatable,
            header::ET_EXEC => ElfType::Executable,
            header::ET_DYN => ElfType::Shared,
            _ => ElfType::Other,
        };
        let mut headers = Self {
            machine,
            elf_type,
            context,
            has_bad_segments: false,
            segments: Vec::new(),
            sections: Vec::new(),
            entry: header.e_entry,
            names: usize::from(header.e_shstrndx),
        };
        let count = usize::from(header.e_phnum);
        if header.e_phoff != 0 {
            let size = ProgramHeader::size_with(&context);
            headers.segments = table(file, header.e_phoff, count.min(MAX_SEGMENTS), size, context)?;
        }
        let entry_size = usize::from(header.e_phentsize);
        headers.has_bad_segments = headers.segments.len() != count
            || (count > 0 && entry_size != ProgramHeader::size_with(&context));
        let count = usize::from(header.e_shnum);
        // Nothing that runs: its sections say nothing that is asked for.
        if elf_type != ElfType::Relocatable && header.e_shoff != 0 && count <= MAX_SECTIONS {
            let size = SectionHeader::size_with(&context);
            let sections = table(file, header.e_shoff, count, size, context)?;
            if sections.len() == count {
                headers.sections = sections;
            }
        }
        Ok(Some(headers))
    }

    /// Whether what a file cannot do without - the path of its loader, its dynamic section, the code at which
    /// it starts - is in a section without content (`SHT_NOBITS`). objcopy(1) and eu-strip(1) write such
    /// sections into separate debug files, where those of the program were.
    pub(super) fn is_debug_file(&self) -> bool {
        let is_needed = |segment: &&ProgramHeader| {
            [program_header::PT_INTERP, program_header::PT_DYNAMIC].contains(&segment.p_type)
        };
        let needed = self.segments.iter().filter(is_needed);
        let mut addresses = needed.map(|segment| segment.p_vaddr).chain([self.entry]);
        addresses.any(|address| {
            let mut sections = self.sections.iter();
            sections.any(|section| {
                // Data of threads take no addresses: those in the header belong to other sections, too.
                let flags = section_header::SHF_ALLOC | section_header::SHF_TLS;
                let is_without_content = section.sh_type == section_header::SHT_NOBITS
                    && section.sh_flags & u64::from(flags) == u64::from(section_header::SHF_ALLOC);
                let inside = address.checked_sub(section.sh_addr);
                is_without_content && inside.is_some_and(|inside| inside < section.sh_size)
            })
        })
    }

    /// The first segment of a type.
    pub(super) fn segment(&self, segment_type: u32) -> Option<Part> {
        let mut segments = self.segments.iter();
        segments
            .find(|segment| segment.p_type == segment_type)
            .map(part_of_segment)
    }

    /// Where notes stand: in segments, or in sections that no segment has.
    pub(super) fn notes(&self) -> Vec<Part> {
        let is_note = |segment: &&ProgramHeader| segment.p_type == program_header::PT_NOTE;
        let segments = self.segments.iter().filter(is_note);
        let mut parts: Vec<Part> = Vec::new();
        for part in segments.map(part_of_segment) {
            // What is there twice says nothing more.
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        for section in &self.sections {
            let part = part_of_section(section);
            let inside = |other: &Part| {
                other.offset <= part.offset
                    && part.offset.saturating_add(part.size)
                        <= other.offset.saturating_add(other.size)
            };
            if section.sh_type == section_header::SHT_NOTE && !parts.iter().any(inside) {
                parts.push(part);
            }
        }
        parts.truncate(MAX_SEGMENTS);
        parts
    }

    /// Where in the file the address `address` of the running program stands.
    fn offset_of(&self, address: u64) -> Option<u64> {
        let loaded = self.segments.iter();
        let mut loaded = loaded.filter(|segment| segment.p_type == program_header::PT_LOAD);
        loaded.find_map(|segment| {
            let inside = address.checked_sub(segment.p_vaddr)?;
            (inside < segment.p_filesz).then(|| segment.p_offset.checked_add(inside))?
        })
    }

    /// Where constant data stand, and where writable data do: by the sections, if there are any, else by
    /// the segments, where code may be mixed in.
    pub(super) fn data<R: ReadAt + ?Sized>(&self, file: &R) -> io::Result<(Ranges, Ranges)> {
        let section_of = |section: &&SectionHeader, flags: u32| {
            let others = section_header::SHF_ALLOC
                | section_header::SHF_WRITE
                | section_header::SHF_EXECINSTR;
            section.sh_type == section_header::SHT_PROGBITS
                && section.sh_flags & u64::from(others) == u64::from(flags)
        };
        let flags = section_header::SHF_ALLOC;
        let sections = self.sections.iter();
        let constant: Vec<&SectionHeader> = sections
            .filter(|section| section_of(section, flags))
            .collect();
        if constant.is_empty() {
            let of_flags = |wanted: u32| {
                let flags = program_header::PF_W | program_header::PF_R;
                let loaded = self.segments.iter().filter(|segment| {
                    segment.p_type == program_header::PT_LOAD && segment.p_flags & flags == wanted
                });
                merged(loaded.map(part_of_segment))
            };
            let writable = of_flags(program_header::PF_W | program_header::PF_R);
            return Ok((of_flags(program_header::PF_R), writable));
        }
        let names = match self.sections.get(self.names) {
            Some(names) => {
                let size = usize::try_from(names.sh_size).unwrap_or(MAX_SECTION_NAMES);
                window(file, names.sh_offset, size.min(MAX_SECTION_NAMES))?
            }
            None => Vec::new(),
        };
        // Tables for unwinding: large, and without strings.
        let has_strings = |section: &&SectionHeader| {
            let name = names.get(section.sh_name..).unwrap_or_default();
            !name.starts_with(b".eh_frame")
        };
        let constant = constant.into_iter().filter(has_strings);
        let flags = flags | section_header::SHF_WRITE;
        let sections = self.sections.iter();
        let writable = sections.filter(|section| section_of(section, flags));
        Ok((
            merged(constant.map(part_of_section)),
            merged(writable.map(part_of_section)),
        ))
    }
}

/// Parts of a file in their order, without those in others.
fn merged(parts: impl Iterator<Item = Part>) -> Ranges {
    let parts = parts.filter(|part| part.size > 0);
    let mut ranges: Vec<Range<u64>> = parts
        .map(|part| part.offset..part.offset.saturating_add(part.size))
        .collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged = Ranges::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn part_of_segment(segment: &ProgramHeader) -> Part {
    Part {
        offset: segment.p_offset,
        size: segment.p_filesz,
        align: segment.p_align,
    }
}

fn part_of_section(section: &SectionHeader) -> Part {
    Part {
        offset: section.sh_offset,
        size: section.sh_size,
        align: section.sh_addralign,
    }
}

/// The entries of a table, as many as the file has.
fn table<R, T>(file: &R, offset: u64, count: usize, size: usize, context: Ctx) -> io::Result<Vec<T>>
where
    R: ReadAt + ?Sized,
    T: for<'a> scroll::ctx::TryFromCtx<'a, Ctx, Error = goblin::error::Error>,
{
    let bytes = window(file, offset, count.saturating_mul(size))?;
    let entries = (0..count).map_while(|index| bytes.pread_with(index * size, context).ok());
    Ok(entries.collect())
}

/// The dynamic section, up to its end.
pub(super) struct Dynamic {
    /// Tag and value of each entry, in order.
    pub(super) entries: Vec<(u64, u64)>,
    /// Where in the file its strings begin.
    pub(super) strings: Option<u64>,
    /// Whether it has no end within its segment.
    pub(super) is_cut_off: bool,
}

impl Dynamic {
    pub(super) fn read<R: ReadAt + ?Sized>(
        file: &R,
        headers: &Headers,
        segment: Part,
    ) -> io::Result<Self> {
        let size = Dyn::size_with(&headers.context);
        let room = usize::try_from(segment.size).unwrap_or(usize::MAX) / size;
        let count = room.min(MAX_DYNAMIC);
        let table: Vec<Dyn> = table(file, segment.offset, count, size, headers.context)?;
        let end = table
            .iter()
            .position(|entry| entry.d_tag == dynamic::DT_NULL);
        let used = end.unwrap_or(table.len());
        let entries: Vec<(u64, u64)> = table[..used]
            .iter()
            .map(|entry| (entry.d_tag, entry.d_val))
            .collect();
        let strings = entries
            .iter()
            .find(|(tag, _)| *tag == dynamic::DT_STRTAB)
            .and_then(|(_, address)| headers.offset_of(*address));
        Ok(Self {
            is_cut_off: end.is_none() || strings.is_none(),
            entries,
            strings,
        })
    }
}
