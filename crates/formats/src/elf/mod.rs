//! What an ELF file names: its loader, its libraries, and those that it opens itself.
//!
//! An ELF file can be large, so it is read in windows through [`ReadAt`]: headers, the dynamic
//! section, notes, and the strings that these name. Whatever stands there, memory stays bounded, and
//! what makes no sense is an [`ElfProblem`]. [`strings`] looks for paths in what it holds.
//!
//! The layout is that of the System V ABI (gABI), chapters 4 and 5; goblin has the structures.

mod headers;
mod notes;
mod read_at;
pub mod strings;

use std::io;
use std::ops::Range;

use goblin::elf::dynamic;

use headers::{Dynamic, Headers};
use notes::Notes;
pub use notes::{Dlopen, Priority};
pub use read_at::{ReadAt, data_extents};

/// The longest string that is read: a path, or a name. Linux takes no longer path (`PATH_MAX`).
pub const MAX_STRING: usize = 4096;

/// As many bytes as the names of all needed libraries may have: several may be parts of one string.
const MAX_NAMES: usize = 256 * 1024;

/// The longest list of directories that is read.
const MAX_SEARCH_PATH: usize = 64 * 1024;

/// How many of its directories are taken: each library is looked for in all of them.
const MAX_DIRECTORIES: usize = 512;

/// What an ELF file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ElfType {
    /// `ET_REL`: an object file or kernel module, not yet linked.
    Relocatable,
    /// `ET_EXEC`: a program with a fixed place.
    Executable,
    /// `ET_DYN`: a shared library, or a program that can lie anywhere.
    Shared,
    /// `ET_CORE`, or what only other systems have.
    Other,
}

/// The machine code that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Machine {
    /// `e_machine`: 62 is x86-64.
    pub number: u16,
    /// Whether addresses have 64 bits (`ELFCLASS64`).
    pub is_64_bit: bool,
    /// Whether the first byte is the lowest (`ELFDATA2LSB`).
    pub is_little_endian: bool,
}

/// What an ELF file names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Elf {
    /// The machine that it is for: ld.so(8) passes over libraries for others.
    pub machine: Machine,
    /// What it is for.
    pub elf_type: ElfType,
    /// Whether it is a separate debug file (objcopy(1), `--only-keep-debug`): it has the headers of a program
    /// or library without their content. No loader reads it, so it names no file.
    pub is_debug_file: bool,
    /// Whether it has a dynamic section: a program without one needs no library.
    pub is_dynamic: bool,
    /// The program that loads it (`PT_INTERP`).
    pub interpreter: Option<Vec<u8>>,
    /// Under which name others need it (`DT_SONAME`).
    pub soname: Option<Vec<u8>>,
    /// The libraries that it needs, in order (`DT_NEEDED`).
    pub needed: Vec<Vec<u8>>,
    /// Where they are looked for, and those that they need (`DT_RPATH`); ignored if there is a
    /// RUNPATH.
    pub rpath: Vec<Vec<u8>>,
    /// Where they are looked for, but not those that they need (`DT_RUNPATH`).
    pub runpath: Vec<Vec<u8>>,
    /// Whether the loader's own directories are left out (`DF_1_NODEFLIB`).
    pub no_default_directories: bool,
    /// Libraries that are opened at run time, as the file itself says.
    pub dlopen: Vec<Dlopen>,
    /// Where its constant data stand, in bytes from the start of the file; sorted, without overlap.
    pub read_only_data: Vec<Range<u64>>,
    /// Where its writable data stand, as far as the file holds them: `.data`. Sorted, without overlap.
    pub writable_data: Vec<Range<u64>>,
    /// What makes no sense in it.
    pub problems: Vec<ElfProblem>,
}

/// What makes no sense in an ELF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ElfProblem {
    /// The header is cut off, or of a class or byte order that does not exist.
    BadHeader,
    /// The program headers lie outside the file, or there are more than any linker makes.
    BadProgramHeaders,
    /// The dynamic section lies outside the file.
    BadDynamicSection,
    /// A string that a header or the dynamic section names lies outside the file, or has no end; or they are
    /// longer than is read.
    BadString,
    /// The search path has more directories than are read.
    LongSearchPath,
    /// A note whose lengths exceed it or whose text violates its specification, or more notes than are read.
    BadNote,
}

impl Elf {
    fn new(machine: Machine, elf_type: ElfType) -> Self {
        Self {
            machine,
            elf_type,
            is_debug_file: false,
            is_dynamic: false,
            interpreter: None,
            soname: None,
            needed: Vec::new(),
            rpath: Vec::new(),
            runpath: Vec::new(),
            no_default_directories: false,
            dlopen: Vec::new(),
            read_only_data: Vec::new(),
            writable_data: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Where the libraries it needs are looked for: ld.so(8) passes over the RPATH if there is a
    /// RUNPATH. Entries are as they stand; see [`expand_origin`].
    #[must_use]
    pub fn search_path(&self) -> &[Vec<u8>] {
        if self.runpath.is_empty() {
            &self.rpath
        } else {
            &self.runpath
        }
    }

    fn problem(&mut self, problem: ElfProblem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Whether a file that begins so is ELF.
#[must_use]
pub fn is_elf(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF")
}

/// Reads what an ELF file names; `None` if it is none. Fails only if the file cannot be read.
pub fn read<R: ReadAt + ?Sized>(file: &R) -> io::Result<Option<Elf>> {
    let start = read_at::window(file, 0, headers::MAX_HEADER)?;
    if !is_elf(&start) {
        return Ok(None);
    }
    let Some(headers) = Headers::read(file, &start)? else {
        let machine = Machine {
            number: 0,
            is_64_bit: false,
            is_little_endian: true,
        };
        let mut elf = Elf::new(machine, ElfType::Other);
        elf.problem(ElfProblem::BadHeader);
        return Ok(Some(elf));
    };
    let mut elf = Elf::new(headers.machine, headers.elf_type);
    if headers.has_bad_segments {
        elf.problem(ElfProblem::BadProgramHeaders);
    }
    if headers.is_debug_file() {
        elf.is_debug_file = true;
        return Ok(Some(elf));
    }
    if let Some(segment) = headers.segment(goblin::elf::program_header::PT_INTERP) {
        let limit = usize::try_from(segment.size).unwrap_or(MAX_STRING);
        elf.interpreter = string(&mut elf, file, segment.offset, limit.min(MAX_STRING))?;
    }
    read_dynamic(&mut elf, file, &headers)?;
    let mut notes = Notes::new();
    for range in headers.notes() {
        let wanted = notes.take(range.size);
        let group = read_at::window(file, range.offset, wanted)?;
        let is_left_out = wanted == 0 && range.size > 0;
        if is_left_out || !notes.read(&group, &headers, range.align) {
            elf.problem(ElfProblem::BadNote);
        }
    }
    elf.dlopen = notes.found;
    (elf.read_only_data, elf.writable_data) = headers.data(file)?;
    Ok(Some(elf))
}

fn read_dynamic<R: ReadAt + ?Sized>(elf: &mut Elf, file: &R, headers: &Headers) -> io::Result<()> {
    let Some(segment) = headers.segment(goblin::elf::program_header::PT_DYNAMIC) else {
        return Ok(());
    };
    elf.is_dynamic = true;
    let dynamic = Dynamic::read(file, headers, segment)?;
    if dynamic.is_cut_off {
        elf.problem(ElfProblem::BadDynamicSection);
    }
    let Some(strings) = dynamic.strings else {
        return Ok(());
    };
    let mut left = MAX_NAMES;
    for (tag, value) in dynamic.entries {
        let text = |elf: &mut Elf, limit: usize| match strings.checked_add(value) {
            Some(at) => string(elf, file, at, limit),
            None => Ok(None),
        };
        match tag {
            dynamic::DT_NEEDED => {
                let name = text(elf, MAX_STRING)?.unwrap_or_default();
                match left.checked_sub(name.len()) {
                    Some(_) if name.is_empty() => {}
                    Some(less) => {
                        left = less;
                        elf.needed.push(name);
                    }
                    None => elf.problem(ElfProblem::BadString),
                }
            }
            dynamic::DT_SONAME => elf.soname = text(elf, MAX_STRING)?,
            dynamic::DT_RPATH | dynamic::DT_RUNPATH => {
                let mut directories = directories(text(elf, MAX_SEARCH_PATH)?);
                if directories.len() > MAX_DIRECTORIES {
                    elf.problem(ElfProblem::LongSearchPath);
                    directories.truncate(MAX_DIRECTORIES);
                }
                if tag == dynamic::DT_RPATH {
                    elf.rpath = directories;
                } else {
                    elf.runpath = directories;
                }
            }
            dynamic::DT_FLAGS_1 => {
                elf.no_default_directories = value & dynamic::DF_1_NODEFLIB != 0;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The string that begins at `offset`, without its NUL byte. An empty one counts as none.
fn string<R: ReadAt + ?Sized>(
    elf: &mut Elf,
    file: &R,
    offset: u64,
    limit: usize,
) -> io::Result<Option<Vec<u8>>> {
    // Most strings are short; a list of directories may be long.
    for size in [256, limit] {
        let mut window = read_at::window(file, offset, size.min(limit))?;
        if let Some(end) = memchr::memchr(0, &window) {
            window.truncate(end);
            return Ok((!window.is_empty()).then_some(window));
        }
    }
    elf.problem(ElfProblem::BadString);
    Ok(None)
}

/// The entries of a search path; empty ones mean the working directory to ld.so(8), and are kept.
fn directories(list: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let list = list.unwrap_or_default();
    if list.is_empty() {
        return Vec::new();
    }
    list.split(|byte| *byte == b':')
        .map(<[u8]>::to_vec)
        .collect()
}

/// An entry of a search path with `$ORIGIN` at its start written out: the directory that the file is
/// in (ld.so(8), "Dynamic string tokens").
#[must_use]
pub fn expand_origin(entry: &[u8], origin: &[u8]) -> Vec<u8> {
    for variable in [&b"${ORIGIN}"[..], b"$ORIGIN"] {
        if let Some(rest) = entry.strip_prefix(variable)
            && (rest.is_empty() || rest.starts_with(b"/") || variable.ends_with(b"}"))
        {
            return [origin, rest].concat();
        }
    }
    entry.to_vec()
}

#[cfg(test)]
mod tests;
