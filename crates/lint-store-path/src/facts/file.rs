//! Reading one file: what it is, what it names, which paths stand in it.

use std::collections::{BTreeSet, HashSet};
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;

use bstr::ByteSlice;
use hermetic_out::regular_file;
use hermetic_out::store::{Store, store_path_name};
use hermetic_out_formats::elf::strings::{FoundPath, PathSearch, TooManyPrefixes};
use hermetic_out_formats::elf::{self, Elf, ReadAt, data_extents};
use hermetic_out_formats::etc_mentions::{
    self, DataMention, EtcPath, Format, in_etc, is_documentation_directory,
};
use hermetic_out_formats::kind::{FileKind, kind_of};
use hermetic_out_formats::unit::place::generator_of;
use hermetic_out_formats::{MAX_FILE_SIZE, Scan, scan};
use regex::bytes::Regex;
use rustix::fs::{CWD, SeekFrom};

use super::{Content, FileProblem, Mention, MentionedPlace, Name, Shebang};

/// How much of a file is read at once; most files are smaller.
const WINDOW: usize = 256 * 1024;

/// As many paths as are kept of one file.
const MAX_MENTIONS: usize = 4096;

/// How much of its beginning tells whether a file is text, as for grep(1).
const TELLING: usize = 8 * 1024;

/// Linux reads no more of a script's first line (`BINPRM_BUF_SIZE`).
const MAX_SHEBANG: usize = 256;

/// What is looked for in files, beside names of store paths.
const PLACES: &[(&str, MentionedPlace)] = &[
    ("/usr/", MentionedPlace::Hierarchy),
    ("/bin/", MentionedPlace::Hierarchy),
    ("/sbin/", MentionedPlace::Hierarchy),
    ("/lib/", MentionedPlace::Hierarchy),
    ("/lib64/", MentionedPlace::Hierarchy),
    ("/opt/", MentionedPlace::Hierarchy),
    ("/build/", MentionedPlace::BuildDirectory),
    ("/tmp/nix-build-", MentionedPlace::BuildDirectory),
    ("/run/current-system/", MentionedPlace::RunningSystem),
    ("/run/booted-system/", MentionedPlace::RunningSystem),
];

/// What is looked for in programs, after these.
const ETC: &[u8] = b"/etc/";

/// Reads files of a store.
pub struct Reader {
    search: PathSearch,
    /// What comes before the name of a store path.
    prefix: Vec<u8>,
}

/// A file whose beginning is in memory.
struct PrefetchedFile<'a> {
    file: &'a File,
    start: &'a [u8],
}

impl ReadAt for PrefetchedFile<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let known = usize::try_from(offset).ok();
        match known.and_then(|offset| self.start.get(offset..)) {
            Some(rest) if !rest.is_empty() => {
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                Ok(length)
            }
            _ => self.file.read_at(buffer, offset),
        }
    }
}

impl Reader {
    /// A reader for the files of `store`. Fails if the store directory is too long a pattern.
    pub fn new(store: &Store) -> Result<Self, TooManyPrefixes> {
        let mut prefix = store.directory.as_os_str().as_bytes().to_vec();
        prefix.push(b'/');
        let places = PLACES.iter().map(|(prefix, _)| prefix.as_bytes().to_vec());
        // A store path counts wherever it stands: `-I/nix/store/…`.
        let prefixes = std::iter::once(prefix.clone())
            .chain(places)
            .chain([ETC.to_vec()]);
        let search = PathSearch::new(prefixes)?.anywhere(1);
        Ok(Self { search, prefix })
    }

    /// What the regular file at `place` says; `None` if that is nothing. `sub_path` is its path in the
    /// store path `own`. The names of store paths in it are added to `references`.
    pub(super) fn read(
        &self,
        place: &Path,
        (own, sub_path): (&[u8], &[u8]),
        metadata: &Metadata,
        buffer: &mut Vec<u8>,
        references: &mut BTreeSet<Name>,
    ) -> Option<Box<Content>> {
        let mut content = Content {
            kind: kind_of(sub_path),
            ..Content::default()
        };
        if metadata.size() > 0
            && let Err(error) =
                self.read_into(&mut content, place, (own, sub_path), buffer, references)
        {
            content.problem = Some(FileProblem::Unreadable {
                reason: error.to_string(),
            });
        }
        let says_nothing = content.elf.is_none()
            && content.shebang.is_none()
            && content.kind.is_none()
            && content.mentions.is_empty()
            && content.generator_words.is_empty()
            && content.problem.is_none();
        (!says_nothing).then(|| Box::new(content))
    }

    fn read_into(
        &self,
        content: &mut Content,
        place: &Path,
        (own, sub_path): (&[u8], &[u8]),
        buffer: &mut Vec<u8>,
        references: &mut BTreeSet<Name>,
    ) -> io::Result<()> {
        // What it was may have become a link or a FIFO meanwhile.
        let file = regular_file::open_at(CWD, place)?;
        let metadata = file.metadata()?;
        let size = metadata.size();
        let all = usize::try_from(size).unwrap_or(WINDOW);
        let mut wanted = all.min(WINDOW);
        // One more, for a file that grew.
        buffer.resize(WINDOW + 1, 0);
        let mut length = fill(&file, buffer)?;
        let format = text_format(sub_path, &buffer[..length]);
        let is_script = |kind: FileKind| !kind.holds_programs() || buffer.starts_with(b"#!");
        content.kind = content.kind.filter(|kind| is_script(*kind));
        if content.kind.is_some() && size > MAX_FILE_SIZE as u64 {
            content.problem = Some(FileProblem::TooLarge);
        } else if all > wanted
            && all <= MAX_FILE_SIZE
            && (content.kind.is_some() || format.is_some())
        {
            wanted = all;
            buffer.resize(wanted + 1, 0);
            length = fill(&file, buffer)?;
        }
        let start = &buffer[..length];
        let is_whole = length <= wanted && size <= length as u64;

        if content.kind.is_some() && content.problem.is_none() {
            content.scan = content.kind.map(|kind| scan(kind, start));
        }
        content.shebang = shebang(start);
        if elf::is_elf(start) {
            content.elf = if is_whole {
                elf::read(start)?
            } else {
                elf::read(&PrefetchedFile { file: &file, start })?
            };
        }
        if generator_of(sub_path).is_some() {
            content.generator_words = words_of_generator(start);
        }
        let is_text = memchr_nul(&start[..length.min(TELLING)]).is_none();
        let mut mentions = Mentions {
            reader: self,
            own,
            wants_hierarchy: content.shebang.is_some() || sub_path.starts_with(b"etc/"),
            is_text,
            text: (is_text && is_whole).then_some(start),
            elf: content.elf.as_ref(),
            seen: HashSet::new(),
            found: Vec::new(),
            is_full: false,
            references,
            last: Vec::new(),
        };
        if is_whole {
            self.search
                .search_bytes(start, 0, |path| mentions.note(&path));
        } else {
            let extents = extents(&file, &metadata);
            let begun = PrefetchedFile { file: &file, start };
            let mut window = Vec::new();
            self.search
                .search(&begun, &extents, &mut window, |path| mentions.note(&path))?;
        }
        let format = format.filter(|format| is_whole && format.may_name_etc(start));
        if let Some(format) = format {
            mentions.note_etc(format, start, content.scan.as_ref());
        }
        let (found, is_full) = (mentions.found, mentions.is_full);
        content.mentions = found;
        if is_full && content.problem.is_none() {
            content.problem = Some(FileProblem::TooManyMentions);
        }
        // What one large file needed is not kept for all others.
        buffer.truncate(WINDOW + 1);
        buffer.shrink_to(4 * WINDOW);
        Ok(())
    }
}

/// How a file is read for what it names of /etc, if it can name something.
fn text_format(sub_path: &[u8], head: &[u8]) -> Option<Format> {
    let slashes = sub_path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/');
    let mut above = slashes.map(|(slash, _)| &sub_path[..slash]);
    if elf::is_elf(head) || above.any(is_documentation_directory) {
        return None;
    }
    Format::of(sub_path, head)
}

fn memchr_nul(bytes: &[u8]) -> Option<usize> {
    bytes.find_byte(0)
}

/// Reads from the file's start until the buffer is full or the file ends.
fn fill(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// The parts of a large file that are data: holes are not read.
fn extents(file: &File, metadata: &Metadata) -> Vec<Range<u64>> {
    let size = metadata.size();
    // `st_blocks` counts 512 bytes: stat(2).
    if metadata.blocks().saturating_mul(512) >= size {
        return std::iter::once(0..size).collect();
    }
    let next = |at: u64| {
        let start = rustix::fs::seek(file, SeekFrom::Data(at)).ok()?;
        let end = rustix::fs::seek(file, SeekFrom::Hole(start)).ok()?;
        Some(start..end)
    };
    data_extents(size, next)
}

/// What is kept of the paths in one file.
struct Mentions<'a> {
    reader: &'a Reader,
    /// The name of the store path.
    own: &'a [u8],
    wants_hierarchy: bool,
    is_text: bool,
    /// All of it, if it is text that is not too large.
    text: Option<&'a [u8]>,
    elf: Option<&'a Elf>,
    seen: HashSet<(MentionedPlace, Vec<u8>)>,
    found: Vec<Mention>,
    is_full: bool,
    references: &'a mut BTreeSet<Name>,
    /// The store path that was found last: often the same again.
    last: Vec<u8>,
}

impl Mentions<'_> {
    fn note(&mut self, path: &FoundPath<'_>) {
        let Some(index) = path.prefix.checked_sub(1) else {
            let rest = path.path.get(self.reader.prefix.len()..);
            let Some(rest) = rest else { return };
            let Some(name) = store_path_name(rest) else {
                return;
            };
            if self.last != name {
                self.last.clear();
                self.last.extend_from_slice(name);
                if !self.references.contains(serde_bytes::Bytes::new(name)) {
                    self.references.insert(Name::from(name));
                }
            }
            return;
        };
        let in_any = |ranges: &[Range<u64>]| {
            let after = ranges.partition_point(|range| range.end <= path.offset);
            let range = ranges.get(after);
            range.is_some_and(|range| range.contains(&path.offset))
        };
        let in_data = || self.elf.is_some_and(|elf| in_any(&elf.read_only_data));
        let in_writable = || self.elf.is_some_and(|elf| in_any(&elf.writable_data));
        let Some((_, place)) = PLACES.get(index) else {
            if in_data() || in_writable() {
                let DataMention {
                    path: named,
                    verdict,
                } = etc_mentions::in_data(path);
                if !named.goes_on {
                    self.keep(MentionedPlace::Etc(verdict), path.offset, &named.path);
                }
            }
            return;
        };
        let is_wanted = match place {
            // What a program opens is a string by itself; a path in a longer one is in a message or a
            // list of build options.
            MentionedPlace::Hierarchy => {
                self.wants_hierarchy && !self.is_in_comment(path.offset)
                    || path.is_whole_string() && in_data()
            }
            MentionedPlace::BuildDirectory => self.is_text,
            MentionedPlace::RunningSystem => self.is_text || in_data(),
            MentionedPlace::Etc(_) | MentionedPlace::OwnEtc | MentionedPlace::WrittenDirectory => {
                false
            }
        };
        if is_wanted {
            self.keep(*place, path.offset, path.path);
        }
    }

    /// Notes what a text names of /etc, and of the store path's own.
    fn note_etc(&mut self, format: Format, content: &[u8], scan: Option<&Scan>) {
        let mentions = etc_mentions::of_scan(format, content, scan);
        for written in mentions.written() {
            if written.path.in_etc().is_some() {
                let place = if written.below || !written.path.goes_on {
                    MentionedPlace::Etc(etc_mentions::Verdict::Written)
                } else {
                    MentionedPlace::WrittenDirectory
                };
                self.keep(place, written.place.start as u64, &written.path.path);
            }
        }
        let is_path = |mention: &etc_mentions::Mention| mention.text.bytes().starts_with(b"/");
        for mention in mentions.list.into_iter().filter(is_path) {
            let EtcPath { path, goes_on } = mention.path();
            let (Some(place), false) = (mention.text.covering_span(), goes_on) else {
                continue;
            };
            let offset = place.start as u64;
            let own = path.strip_prefix(self.reader.prefix.as_slice());
            let own = own.and_then(|inside| inside.strip_prefix(self.own));
            match own {
                Some(below) if in_etc(below).is_some() => {
                    self.keep(MentionedPlace::OwnEtc, offset, below);
                }
                None if in_etc(&path).is_some() => {
                    self.keep(MentionedPlace::Etc(mention.verdict), offset, &path);
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, place: MentionedPlace, offset: u64, path: &[u8]) {
        if self.is_full || self.seen.contains(&(place, path.to_vec())) {
            return;
        }
        if self.found.len() == MAX_MENTIONS {
            self.is_full = true;
            return;
        }
        self.seen.insert((place, path.to_vec()));
        self.found.push(Mention {
            place,
            offset,
            path: path.to_vec(),
        });
    }

    /// Whether the line at `offset` begins as comments of scripts and of most configuration do.
    fn is_in_comment(&self, offset: u64) -> bool {
        let before = usize::try_from(offset).ok();
        let before = before.and_then(|offset| self.text?.get(..offset));
        let Some(before) = before else {
            return false;
        };
        let line = before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        let line = before[line..].trim_ascii_start();
        // `#!` says who runs a script.
        let is_first = line.len() == before.len();
        line.starts_with(b"#") && !(is_first && line.starts_with(b"#!")) || line.starts_with(b";")
    }
}

/// As many words as are kept of one generator.
const MAX_WORDS: usize = 8192;

/// The words of a generator that units may be named by, sorted, without the units' types. Compilers break
/// short strings into numbers, so that whole names are rarely found in programs: rpc-pipefs-generator of
/// nfs-utils has `rpc_pipefs.targ` and `rpc_pipefs`.
fn words_of_generator(bytes: &[u8]) -> Vec<Name> {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // Letters, digits and signs of systemd.unit(5), up to the dot.
        Regex::new(r"[A-Za-z0-9:_\\@-]{5,200}").ok()
    });
    let found = WORD.iter().flat_map(|word| word.find_iter(bytes));
    let words: BTreeSet<&[u8]> = found.map(|found| found.as_bytes()).collect();
    words.into_iter().take(MAX_WORDS).map(Name::from).collect()
}

/// The first line of a script, as Linux reads it (`load_script()` of `fs/binfmt_script.c`).
fn shebang(start: &[u8]) -> Option<Shebang> {
    let line = start.get(..start.len().min(MAX_SHEBANG))?;
    let line = line.strip_prefix(b"#!")?;
    let end = line.iter().position(|byte| *byte == b'\n' || *byte == 0);
    let line = &line[..end.unwrap_or(line.len())];
    let is_blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let begin = line.iter().position(|byte| !is_blank(byte))?;
    let rest = &line[begin..];
    let end = rest.iter().position(is_blank).unwrap_or(rest.len());
    let (interpreter, argument) = rest.split_at(end);
    let first = argument.iter().position(|byte| !is_blank(byte));
    let last = argument.iter().rposition(|byte| !is_blank(byte));
    let argument = match (first, last) {
        (Some(first), Some(last)) => &argument[first..=last],
        _ => &[],
    };
    Some(Shebang {
        interpreter: interpreter.to_vec(),
        start: u32::try_from(2 + begin).unwrap_or_default(),
        argument: argument.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_by_which_a_generator_may_name_units() {
        let program = b"\x7fELF\0\0/rpc_pipefs.targ\0%s/var-lib-nfs.mount\0abc\0Type=rpc_pipefs\0";
        let words = words_of_generator(program);
        let words: Vec<_> = words.iter().map(|word| word.as_bstr()).collect();
        assert_eq!(words, ["mount", "rpc_pipefs", "var-lib-nfs"]);
    }

    #[test]
    fn first_lines_of_scripts() {
        for (text, expected) in [
            ("#!/bin/sh\n", Some(("/bin/sh", 2, ""))),
            ("#! /bin/sh -eu \n", Some(("/bin/sh", 3, "-eu"))),
            (
                "#!/usr/bin/env  -S python3 -u\n",
                Some(("/usr/bin/env", 2, "-S python3 -u")),
            ),
            ("#!/bin/sh", Some(("/bin/sh", 2, ""))),
            ("#!\n", None),
            ("#", None),
            ("", None),
            ("\u{feff}#!/bin/sh\n", None),
        ] {
            let found = shebang(text.as_bytes());
            let expected =
                expected.map(
                    |(interpreter, start, argument): (&str, u32, &str)| Shebang {
                        interpreter: interpreter.into(),
                        start,
                        argument: argument.into(),
                    },
                );
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
