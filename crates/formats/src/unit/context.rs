//! What the files of one unit, its drop-ins among them, say together about how it runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapped_text::MappedText;
use crate::reference::{Declaration, Role, Scan};
use crate::tables::below;
use crate::unit::drop_ins::for_name;
use crate::unit::place::{Manager, UnitFile, UnitPlace};

/// How many directories of `ExecSearchPath=` count: each program is looked for in all of them.
const MAX_SEARCH_PATH: usize = 64;

/// How a unit runs; other files have settings of their own, by the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitContext {
    /// Its programs lie inside another root.
    pub other_root: bool,
    /// Its programs run without privileges.
    pub unprivileged: bool,
    /// The directories of `ExecSearchPath=`, each once; the first 64.
    pub search_path: Vec<Vec<u8>>,
    /// It may set `PATH` for its programs.
    pub sets_path: bool,
    /// The programs that it runs by a bare name.
    pub names: Vec<Vec<u8>>,
    /// The programs that it runs by an absolute path.
    pub programs: Vec<Vec<u8>>,
    /// The paths of `NoExecPaths=`: nothing below may be run or mapped but what `ExecPaths=` allows.
    pub exec_forbidden: Vec<Vec<u8>>,
    /// The paths of `ExecPaths=`.
    pub exec_allowed: Vec<Vec<u8>>,
    /// The paths that its processes see nothing below, or another tree.
    pub hidden: Vec<Vec<u8>>,
    /// The paths that are hidden, and below which nothing can be shown.
    pub inaccessible: Vec<Vec<u8>>,
    /// The paths that are shown to it in hidden places.
    pub shown: Vec<Vec<u8>>,
}

impl UnitContext {
    /// Takes in what one file of the unit says; `sub_path` is its path in the output.
    pub fn add(&mut self, sub_path: &[u8], scan: &Scan) {
        let manager = UnitPlace::of(sub_path).and_then(|place| place.manager());
        self.unprivileged |= manager == Some(Manager::User);
        for fact in &scan.declarations {
            match fact {
                Declaration::OtherRoot => self.other_root = true,
                Declaration::RunsAsUser => self.unprivileged = true,
                Declaration::SetsPath => self.sets_path = true,
                Declaration::SearchPath(path) => {
                    let directories = path.bytes().split(|byte| *byte == b':');
                    directories.for_each(|directory| self.add_directory(directory));
                }
                Declaration::ExecPath { path, is_allowed } if *is_allowed => {
                    self.exec_allowed.push(path.bytes().to_vec());
                }
                Declaration::ExecPath { path, .. } => {
                    self.exec_forbidden.push(path.bytes().to_vec());
                }
                Declaration::HidesPath { path, is_final, .. } => {
                    let list = if *is_final {
                        &mut self.inaccessible
                    } else {
                        &mut self.hidden
                    };
                    list.push(path.clone());
                }
                Declaration::ShowsPath(path) => self.shown.push(path.bytes().to_vec()),
                _ => {}
            }
        }
        for reference in &scan.references {
            let value = reference.text.bytes();
            let runs = matches!(
                reference.role,
                Role::Program | Role::ShellCommand | Role::PrefixedProgram
            );
            if !runs || !reference.text.is_literal() {
                continue;
            }
            if !value.contains(&b'/') {
                self.names.push(value.to_vec());
            } else if reference.role == Role::Program {
                self.programs.push(value.to_vec());
            }
        }
    }

    fn add_directory(&mut self, directory: &[u8]) {
        let has_room = self.search_path.len() < MAX_SEARCH_PATH;
        if has_room && !self.search_path.iter().any(|known| known == directory) {
            self.search_path.push(directory.to_vec());
        }
    }

    /// Takes in what holds for the same unit.
    fn merge(&mut self, other: &Self) {
        self.other_root |= other.other_root;
        self.unprivileged |= other.unprivileged;
        self.sets_path |= other.sets_path;
        for directory in &other.search_path {
            self.add_directory(directory);
        }
        self.names.extend_from_slice(&other.names);
        self.programs.extend_from_slice(&other.programs);
        self.exec_forbidden.extend_from_slice(&other.exec_forbidden);
        self.exec_allowed.extend_from_slice(&other.exec_allowed);
        self.hidden.extend_from_slice(&other.hidden);
        self.inaccessible.extend_from_slice(&other.inaccessible);
        self.shown.extend_from_slice(&other.shown);
    }

    /// The place in a file of the unit because of which nothing below `directory` may be run or mapped: a path
    /// of `NoExecPaths=`.
    #[must_use]
    pub fn forbidding<'a>(&self, scan: &'a Scan, directory: &[u8]) -> Option<&'a MappedText> {
        let mut declarations = scan.declarations.iter();
        declarations.find_map(|declaration| match declaration {
            Declaration::ExecPath { path, is_allowed } if !is_allowed => {
                let forbids = covers(path.bytes(), directory)
                    && !is_excepted(&self.exec_allowed, path.bytes(), directory);
                Some(path).filter(|_| forbids)
            }
            _ => None,
        })
    }

    /// The place in a file of the unit because of which its processes see nothing below `directory`, and the
    /// directive that it stands in: `TemporaryFileSystem=`, `InaccessiblePaths=`, and another root directory
    /// if one of its programs lies below `directory`. `systemd.exec(5)`
    #[must_use]
    pub fn hiding<'a>(
        &self,
        scan: &'a Scan,
        directory: &[u8],
    ) -> Option<(&'a str, &'a MappedText)> {
        let mut programs = self.programs.iter();
        // What is in another root is known to whoever made it.
        let is_concerned =
            !self.other_root || programs.any(|path| below(path, directory).is_some());
        let mut declarations = scan.declarations.iter();
        let place = declarations.find_map(|declaration| match declaration {
            Declaration::HidesPath {
                field,
                place,
                path,
                is_final,
            } => {
                let is_shown = !is_final && self.is_shown(path, directory);
                let hides = covers(path, directory) && !is_shown;
                Some((&**field, place)).filter(|_| hides)
            }
            _ => None,
        });
        place.filter(|_| is_concerned)
    }

    /// Whether `directory`, or something in it, is shown although `hidden` is not.
    fn is_shown(&self, hidden: &[u8], directory: &[u8]) -> bool {
        let mut shown = self.shown.iter();
        shown.any(|path| covers(directory, path)) || is_excepted(&self.shown, hidden, directory)
    }
}

/// Whether a path is a directory or one that it lies in.
fn covers(path: &[u8], directory: &[u8]) -> bool {
    let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
    let path = &path[..path.len() - slashes];
    path.is_empty() || path == directory || below(directory, path).is_some()
}

/// Whether one of `exceptions` is as close to `directory` as `path` is, or closer.
fn is_excepted(exceptions: &[Vec<u8>], path: &[u8], directory: &[u8]) -> bool {
    let mut exceptions = exceptions.iter();
    exceptions.any(|exception| covers(exception, directory) && exception.len() >= path.len())
}

/// How the units run that files belong to.
#[derive(Clone, Debug, Default)]
pub struct UnitContexts {
    /// By what identifies a unit, and any other file: for its own file.
    own: BTreeMap<Vec<u8>, UnitContext>,
    /// The same for drop-ins: of all units that one of that name is for.
    drop_ins: BTreeMap<Vec<u8>, UnitContext>,
}

impl UnitContexts {
    /// Those of some files: each with the key that it shares with the files of its unit
    /// ([`unit_key`](super::place::unit_key)), its path in the output, and what it says.
    pub fn new<'a>(files: impl IntoIterator<Item = (Vec<u8>, &'a [u8], &'a Scan)>) -> Self {
        let mut parts: BTreeMap<Vec<u8>, UnitContext> = BTreeMap::new();
        let mut names: BTreeMap<Vec<u8>, (&str, Vec<u8>)> = BTreeMap::new();
        let mut fragments: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut drop_ins: BTreeMap<&str, BTreeMap<Vec<u8>, Vec<u8>>> = BTreeMap::new();
        for (key, sub_path, scan) in files {
            parts.entry(key.clone()).or_default().add(sub_path, scan);
            let Some(place) = UnitPlace::of(sub_path) else {
                continue;
            };
            let directory = place.directory.path;
            names.insert(key.clone(), (directory, place.name.to_vec()));
            match place.kind {
                UnitFile::Fragment => drop(fragments.insert(key)),
                UnitFile::DropIn => {
                    let of_directory = drop_ins.entry(directory).or_default();
                    of_directory.insert(place.name.to_vec(), key);
                }
                _ => {}
            }
        }
        let mut contexts = Self::default();
        for (key, part) in &parts {
            let mut context = part.clone();
            let mut of = Vec::new();
            if let Some((directory, name)) = names.get(key)
                && let Some(drop_ins) = drop_ins.get(directory)
            {
                // An instance with a file of its own is none of its template's.
                let is_other = |drop_in: &&Vec<u8>| {
                    **drop_in == *key || fragments.contains(*drop_in) && name.contains(&b'@')
                };
                of.extend(for_name(drop_ins, name).filter(|drop_in| !is_other(drop_in)));
            }
            for drop_in in &of {
                if let Some(part) = parts.get(*drop_in) {
                    context.merge(part);
                }
            }
            for drop_in in of {
                contexts
                    .drop_ins
                    .entry(drop_in.clone())
                    .or_default()
                    .merge(&context);
            }
            contexts
                .drop_ins
                .entry(key.clone())
                .or_default()
                .merge(&context);
            contexts.own.insert(key.clone(), context);
        }
        contexts
    }

    /// That of the file at `sub_path` of an output, by its key.
    #[must_use]
    pub fn of(&self, key: &[u8], sub_path: &[u8]) -> Option<&UnitContext> {
        let place = UnitPlace::of(sub_path);
        if place.is_some_and(|place| place.kind == UnitFile::DropIn) {
            self.drop_ins.get(key)
        } else {
            self.own.get(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{FileKind, scan};

    #[test]
    fn a_unit_and_its_drop_in() {
        let unit = "lib/systemd/system/x.service";
        let drop_in = "lib/systemd/system/x.service.d/y.conf";
        let mut settings = UnitContext::default();
        let files = [
            (
                unit,
                "[Service]\nExecStart=x\nUser=x\nExecSearchPath=/a:/b\n",
            ),
            (drop_in, "[Service]\nNoExecPaths=/\nRootDirectory=/r\n"),
        ];
        for (path, content) in files {
            let scan = scan(FileKind::Unit, content.as_bytes());
            settings.add(path.as_bytes(), &scan);
        }
        assert!(settings.unprivileged && settings.other_root);
        assert_eq!(settings.search_path, [b"/a", b"/b"]);
        assert_eq!(settings.names, [b"x"]);
        let scan = scan(FileKind::Unit, b"[Service]\nNoExecPaths=/\n");
        assert!(settings.forbidding(&scan, b"/nix/store").is_some());
        settings.exec_allowed.push(b"/nix/".to_vec());
        assert!(settings.forbidding(&scan, b"/nix/store").is_none());
    }

    #[test]
    fn a_hidden_store() {
        for (lines, hidden_by) in [
            ("TemporaryFileSystem=/", Some("TemporaryFileSystem")),
            ("TemporaryFileSystem=/:ro", Some("TemporaryFileSystem")),
            ("TemporaryFileSystem=/var /nix", Some("TemporaryFileSystem")),
            (
                "TemporaryFileSystem=/nix/store",
                Some("TemporaryFileSystem"),
            ),
            ("TemporaryFileSystem=/var", None),
            ("TemporaryFileSystem=/nixos", None),
            (
                "TemporaryFileSystem=/\nBindReadOnlyPaths=/usr -/lib64",
                Some("TemporaryFileSystem"),
            ),
            ("TemporaryFileSystem=/\nBindReadOnlyPaths=/nix/store", None),
            ("TemporaryFileSystem=/\nBindPaths=/nix", None),
            (
                "TemporaryFileSystem=/\nBindReadOnlyPaths=/x:/nix/store:rbind",
                None,
            ),
            (
                "TemporaryFileSystem=/\nBindReadOnlyPaths=/nix/store/h-x",
                None,
            ),
            (
                "TemporaryFileSystem=/nix\nBindReadOnlyPaths=/usr",
                Some("TemporaryFileSystem"),
            ),
            ("InaccessiblePaths=/nix", Some("InaccessiblePaths")),
            ("InaccessiblePaths=-/", Some("InaccessiblePaths")),
            (
                "InaccessiblePaths=/nix\nBindPaths=/nix/store",
                Some("InaccessiblePaths"),
            ),
            ("InaccessiblePaths=/nix/var", None),
            ("RootDirectory=/r", None),
            ("RootDirectory=/r\nExecStart=/bin/x", None),
            (
                "RootDirectory=/r\nExecStart=/nix/store/h-x/bin/x",
                Some("RootDirectory"),
            ),
            (
                "RootImage=/r\nExecStart=/nix/store/h-x/bin/x",
                Some("RootImage"),
            ),
            (
                "RootDirectory=/r\nExecStart=/nix/store/h-x/bin/x\nBindReadOnlyPaths=/nix/store",
                None,
            ),
            ("RootDirectory=/\nExecStart=/nix/store/h-x/bin/x", None),
        ] {
            let file = format!("[Service]\n{lines}\n");
            let scan = scan(FileKind::Unit, file.as_bytes());
            let mut context = UnitContext::default();
            context.add(b"lib/systemd/system/x.service", &scan);
            let found = context.hiding(&scan, b"/nix/store");
            assert_eq!(found.map(|(field, _)| field), hidden_by, "{lines}");
        }
    }

    #[test]
    fn whether_it_sets_path() {
        for (lines, expected) in [
            ("Environment=PATH=/x", true),
            ("Environment=A=b \"PATH=/x\"", true),
            ("Environment=PATHS=/x", false),
            ("EnvironmentFile=-/x", true),
            ("EnvironmentFile=", false),
            ("PassEnvironment=A PATH", true),
            ("PassEnvironment=A", false),
            ("ExecSearchPath=/x", true),
            ("PAMName=login", true),
            ("User=x", false),
        ] {
            let file = format!("[Service]\n{lines}\n");
            let scan = scan(FileKind::Unit, file.as_bytes());
            let mut context = UnitContext::default();
            context.add(b"lib/systemd/system/x.service", &scan);
            assert_eq!(context.sets_path, expected, "{lines}");
        }
    }

    #[test]
    fn for_whom_drop_ins_count() {
        let root = b"[Service]\nRootDirectory=/r\n";
        let root = scan(FileKind::Unit, root);
        let plain = Scan::default();
        for (drop_in, unit, expected) in [
            ("hello-.service", "hello-a.service", true),
            ("hello-.service", "hello.service", false),
            ("service", "hello.service", true),
            ("socket", "hello.service", false),
            ("hello@.service", "hello@x.service", true),
            ("hello@x.service", "hello@.service", true),
            ("hello@x.service", "hello@y.service", false),
        ] {
            let unit = format!("lib/systemd/system/{unit}");
            let drop_in = format!("etc/systemd/system/{drop_in}.d/r.conf");
            let files = [(&unit, &plain), (&drop_in, &root)];
            let files = files.map(|(path, scan)| {
                let path = path.as_bytes();
                (crate::unit::place::unit_key(path), path, scan)
            });
            let contexts = UnitContexts::new(files);
            let of = |path: &str| {
                let key = crate::unit::place::unit_key(path.as_bytes());
                contexts.of(&key, path.as_bytes()).unwrap().other_root
            };
            assert_eq!(of(&unit), expected, "{drop_in} for {unit}");
            assert!(of(&drop_in));
        }
    }

    #[test]
    fn as_many_directories_as_programs_are_looked_for_in() {
        let directories: Vec<String> = (0..1000).map(|number| format!("/a:/{number}")).collect();
        let unit = format!("[Service]\nExecSearchPath={}\n", directories.join(":"));
        let mut settings = UnitContext::default();
        settings.add(b"x", &scan(FileKind::Unit, unit.as_bytes()));
        assert_eq!(settings.search_path.len(), MAX_SEARCH_PATH);
        assert_eq!(settings.search_path[..3], [&b"/a"[..], b"/0", b"/1"]);
    }
}
