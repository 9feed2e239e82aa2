//! A tree of files, with all that is compared of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};
use scanner_tests::elf_sample::{Sample, Sections};

/// The time that everything in a tree gets before a run.
pub(crate) const TIME: i64 = 1_000_000_000;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File(Vec<u8>),
    Fifo,
    Link(PathBuf),
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    /// `None` where it is not compared.
    pub(crate) time: Option<(i64, i64)>,
    pub(crate) links: u64,
}

/// A tree: its entries by their paths, relative to its root.
pub(crate) type Tree = BTreeMap<PathBuf, Entry>;

/// The tree at `root`. The times of directories, which any temporary file changes, are left out.
pub(crate) fn read(root: &Path) -> Result<Tree, String> {
    let mut tree = Tree::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(directory) = pending.pop() {
        let place = root.join(&directory);
        for entry in fs::read_dir(&place).map_err(|error| told(&place, &error))? {
            let entry = entry.map_err(|error| told(&place, &error))?;
            let path = directory.join(entry.file_name());
            let read = read_entry(&root.join(&path)).map_err(|error| told(&path, &error))?;
            if read.kind == Kind::Directory {
                pending.push(path.clone());
            }
            tree.insert(path, read);
        }
    }
    Ok(tree)
}

fn read_entry(path: &Path) -> io::Result<Entry> {
    let metadata = fs::symlink_metadata(path)?;
    let file_type = metadata.file_type();
    let kind = if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Link(fs::read_link(path)?)
    } else if file_type.is_fifo() {
        Kind::Fifo
    } else {
        Kind::File(fs::read(path)?)
    };
    let is_directory = kind == Kind::Directory;
    Ok(Entry {
        mode: metadata.mode() & 0o7777,
        time: (!is_directory).then(|| (metadata.mtime(), metadata.mtime_nsec())),
        links: if is_directory { 1 } else { metadata.nlink() },
        kind,
    })
}

/// Copies what is below `from` to `to`, which exists: files become 0644 or 0755, as Git has them.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for (path, entry) in read(from)? {
        let place = to.join(&path);
        match &entry.kind {
            Kind::Directory => fs::create_dir(&place),
            Kind::Link(target) => symlink(target, &place),
            Kind::File(content) => fs::write(&place, content),
            Kind::Fifo => make_fifo(&place),
        }
        .map_err(|error| told(&path, &error))?;
        if !matches!(entry.kind, Kind::Link(_)) {
            let mode = mode_in_git(&entry);
            fs::set_permissions(&place, Permissions::from_mode(mode))
                .map_err(|error| told(&path, &error))?;
        }
    }
    Ok(())
}

/// The mode of an entry as far as Git keeps it.
pub(crate) fn mode_in_git(entry: &Entry) -> u32 {
    match entry.kind {
        Kind::Link(_) => 0o777,
        Kind::Directory => 0o755,
        _ if entry.mode & 0o111 != 0 => 0o755,
        _ => 0o644,
    }
}

/// Gives everything below `root` its time.
pub(crate) fn set_times(root: &Path) -> Result<(), String> {
    for path in read(root)?.keys() {
        set_time(&root.join(path), TIME).map_err(|error| told(path, &error))?;
    }
    Ok(())
}

fn set_time(path: &Path, seconds: i64) -> io::Result<()> {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn make_fifo(path: &Path) -> io::Result<()> {
    Ok(mknodat(
        CWD,
        path,
        FileType::Fifo,
        Mode::from_raw_mode(0o644),
        0,
    )?)
}

/// One line of `tree` or `tree.after`.
#[derive(Debug, Default)]
pub(crate) struct Line {
    path: PathBuf,
    absent: bool,
    kind: Option<String>,
    link: Option<PathBuf>,
    mode: Option<u32>,
    time: Option<i64>,
    links: Option<u64>,
    elf: Vec<(String, String)>,
}

/// The lines of `tree` or `tree.after`.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Line>, String> {
    let lines = text.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| String::from_utf8_lossy(line).into_owned());
    lines
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| parse_line(&line).ok_or_else(|| format!("not understood: {line}")))
        .collect()
}

fn parse_line(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let mut parsed = Line {
        path: unescape(words.next()?)?,
        ..Line::default()
    };
    for word in words {
        match word.split_once('=') {
            None if word == "absent" => parsed.absent = true,
            Some((
                "type",
                kind @ ("dir" | "file" | "fifo" | "link" | "hard" | "elf" | "debug-elf"),
            )) => {
                parsed.kind = Some(kind.to_owned());
            }
            Some(("link", target)) => parsed.link = Some(unescape(target)?),
            Some(("mode", mode)) => parsed.mode = Some(u32::from_str_radix(mode, 8).ok()?),
            Some(("time", seconds)) => parsed.time = Some(seconds.parse().ok()?),
            Some(("nlink", links)) => parsed.links = Some(links.parse().ok()?),
            Some((
                name @ ("interpreter" | "needed" | "soname" | "rpath" | "runpath" | "dlopen"
                | "data" | "writable"),
                value,
            )) => {
                let value = unescape(value)?.into_os_string().into_string().ok()?;
                parsed.elf.push((name.to_owned(), value));
            }
            _ => return None,
        }
    }
    let needs_link = matches!(parsed.kind.as_deref(), Some("link" | "hard"));
    (!needs_link || parsed.link.is_some()).then_some(parsed)
}

fn unescape(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'\\' {
            let digits = std::str::from_utf8(tail.get(..3)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 8).ok()?);
            rest = &tail[3..];
        } else {
            bytes.push(*first);
        }
    }
    Some(OsStr::from_bytes(&bytes).into())
}

fn escape(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_graphic() && !b"\\#".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "\\{byte:03o}");
        }
    }
    text
}

/// Makes what `lines` describe below `root`, and gives everything its time.
pub(crate) fn apply(lines: &[Line], root: &Path) -> Result<(), String> {
    for line in lines {
        make(line, root).map_err(|error| told(&line.path, &error))?;
    }
    set_times(root)?;
    for line in lines {
        let place = root.join(&line.path);
        let set = || {
            if let Some(mode) = line.mode {
                fs::set_permissions(&place, Permissions::from_mode(mode))?;
            }
            line.time.map_or(Ok(()), |time| set_time(&place, time))
        };
        set().map_err(|error| told(&line.path, &error))?;
    }
    Ok(())
}

fn make(line: &Line, root: &Path) -> io::Result<()> {
    let place = root.join(&line.path);
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    let target = line.link.as_deref().unwrap_or(Path::new(""));
    match line.kind.as_deref() {
        Some("dir") => fs::create_dir_all(&place),
        Some("fifo") => make_fifo(&place),
        Some("link") => symlink(target, &place),
        Some("hard") => fs::hard_link(root.join(target), &place),
        Some("elf") => fs::write(&place, elf_file(&line.elf, Sections::Program)),
        Some("debug-elf") => fs::write(&place, elf_file(&line.elf, Sections::DebugFile)),
        Some("file") if !place.exists() => fs::write(&place, ""),
        _ => fs::symlink_metadata(&place).map(drop),
    }
}

/// An ELF file that names what `values` say, or the separate debug file of one.
fn elf_file(values: &[(String, String)], sections: Sections) -> Vec<u8> {
    let mut sample = Sample {
        sections,
        ..Sample::default()
    };
    for (name, value) in values {
        // A sample is made of literals elsewhere; a case has a few words.
        let value: &'static str = value.clone().leak();
        match name.as_str() {
            "interpreter" => sample.interpreter = Some(value),
            "dlopen" => sample.dlopen = Some(value),
            "data" => sample.data = value.as_bytes(),
            "writable" => sample.writable_data = value.as_bytes(),
            // Tags of the dynamic section: DT_NEEDED and similar.
            "needed" => sample.strings.push((1, value)),
            "soname" => sample.strings.push((14, value)),
            "rpath" => sample.strings.push((15, value)),
            _ => sample.strings.push((29, value)),
        }
    }
    sample.build()
}

/// `before`, with what `out` and `lines` say is other than it was.
pub(crate) fn expected(before: &Tree, out: Tree, lines: &[Line]) -> Result<Tree, String> {
    let mut expected = before.clone();
    for (path, new) in out {
        let mode = mode_in_git(&new);
        match expected.get_mut(&path) {
            Some(known)
                if std::mem::discriminant(&known.kind) == std::mem::discriminant(&new.kind) =>
            {
                known.kind = new.kind;
            }
            _ => {
                let entry = Entry {
                    kind: new.kind,
                    mode,
                    time: None,
                    links: 1,
                };
                expected.insert(path, entry);
            }
        }
    }
    for line in lines {
        if line.absent {
            expected.retain(|path, _| !path.starts_with(&line.path));
            continue;
        }
        let kind = match (line.kind.as_deref(), &line.link) {
            (Some("dir"), _) => Some(Kind::Directory),
            (Some("fifo"), _) => Some(Kind::Fifo),
            (Some("link"), Some(target)) => Some(Kind::Link(target.clone())),
            _ => None,
        };
        if let (Some(kind), false) = (kind, expected.contains_key(&line.path)) {
            let mut entry = Entry {
                kind,
                mode: 0,
                time: None,
                links: 1,
            };
            entry.mode = mode_in_git(&entry);
            expected.insert(line.path.clone(), entry);
        }
        let entry = expected.get_mut(&line.path).ok_or_else(|| {
            format!(
                "tree.after: {} is neither in in/ nor in out/",
                escape(&line.path)
            )
        })?;
        entry.mode = line.mode.unwrap_or(entry.mode);
        entry.time = line.time.map(|time| (time, 0)).or(entry.time);
        entry.links = line.links.unwrap_or(entry.links);
    }
    Ok(expected)
}

/// The `out/` and `tree.after` by which `after` is expected of `before`.
pub(crate) fn difference(before: &Tree, after: &Tree) -> (Tree, String) {
    let mut out = Tree::new();
    let mut lines = String::new();
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        let inside = path
            .parent()
            .is_some_and(|parent| before.contains_key(parent) && !after.contains_key(parent));
        if !inside {
            lines += &format!("{} absent\n", escape(path));
        }
    }
    for (path, entry) in after {
        let known = before.get(path);
        let mut words = String::new();
        if known.is_none_or(|known| known.kind != entry.kind) {
            match &entry.kind {
                Kind::Directory => {
                    let is_empty = !after.keys().any(|other| other.parent() == Some(path));
                    if is_empty {
                        words += " type=dir";
                    }
                }
                Kind::Fifo => words += " type=fifo",
                Kind::File(_) | Kind::Link(_) => {
                    out.insert(path.clone(), entry.clone());
                }
            }
        }
        if known.map_or(mode_in_git(entry), |known| known.mode) != entry.mode {
            words += &format!(" mode={:04o}", entry.mode);
        }
        if let (
            Some(Entry {
                time: Some(known), ..
            }),
            Some(time),
        ) = (known, entry.time)
            && *known != time
        {
            words += &format!(" time={}", time.0);
        }
        if known.map_or(1, |known| known.links) != entry.links {
            words += &format!(" nlink={}", entry.links);
        }
        if !words.is_empty() {
            lines += &format!("{}{words}\n", escape(path));
        }
    }
    (out, lines)
}

/// Writes the files and symlinks of `tree` below `root`.
pub(crate) fn write(tree: &Tree, root: &Path) -> Result<(), String> {
    for (path, entry) in tree {
        let place = root.join(path);
        let written = || {
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            match &entry.kind {
                Kind::File(content) => {
                    fs::write(&place, content)?;
                    fs::set_permissions(&place, Permissions::from_mode(mode_in_git(entry)))
                }
                Kind::Link(target) => symlink(target, &place),
                Kind::Directory | Kind::Fifo => Ok(()),
            }
        };
        written().map_err(|error| told(path, &error))?;
    }
    Ok(())
}

/// An error, with the path at which it happened.
pub(crate) fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The properties of an entry besides its content, as a line of `tree` has them.
pub(crate) fn describe(entry: &Entry) -> String {
    let kind = match &entry.kind {
        Kind::Directory => "type=dir".to_owned(),
        Kind::File(_) => "type=file".to_owned(),
        Kind::Fifo => "type=fifo".to_owned(),
        Kind::Link(target) => format!("type=link link={}", escape(target)),
    };
    let time = match entry.time {
        Some((seconds, 0)) => format!(" time={seconds}"),
        Some((seconds, nanoseconds)) => format!(" time={seconds}.{nanoseconds:09}"),
        None => String::new(),
    };
    format!("{kind} mode={:04o}{time} nlink={}", entry.mode, entry.links)
}
