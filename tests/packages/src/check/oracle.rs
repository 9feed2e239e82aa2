//! What a path or name means in a store, from the original store alone.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::grammar::{latin1, to_bytes};

pattern!(BIN_PATH, r"^/(?:usr/(?:local/)?)?s?bin/([^/]+)$");
pattern!(STORE_NAME, r"^[0-9a-z]{32}-.");
/// What belongs to the running machine, whatever a package ships.
const STATE: [&str; 10] = [
    "/dev", "/proc", "/sys", "/run", "/var", "/tmp", "/home", "/root", "/boot", "/mnt",
];

/// A file of a package: the package's directory in the store, and the path in it.
pub(super) type File = (String, String);

/// What a program should have become.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It stays.
    Kept {
        /// Why.
        reason: &'static str,
        /// The finding that says so, if there has to be one.
        finding: Option<&'static str>,
    },
    /// It is one of these.
    Files(Vec<File>),
    /// Nobody has it: it stays, and there is a finding.
    Missing,
    /// Somebody has a file there that cannot be run: the same.
    NotExecutable,
}

/// The original store and the patched one.
#[derive(Debug)]
pub(super) struct Oracle {
    pub original: PathBuf,
    pub patched: PathBuf,
    /// `patched` as text, with a slash.
    prefix: String,
    pub packages: Vec<String>,
    /// Programs by name: all files of that name in a bin directory.
    programs: BTreeMap<String, Vec<File>>,
    setuid: HashSet<String>,
}

impl Oracle {
    pub(super) fn new(original: &Path, patched: &Path) -> std::io::Result<Self> {
        let original = original.canonicalize()?;
        let mut packages: Vec<String> = fs::read_dir(&original)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| STORE_NAME.is_match(name))
            .collect();
        packages.sort();
        let mut oracle = Self {
            patched: patched.canonicalize()?,
            prefix: latin1(patched.as_os_str().as_bytes()) + "/",
            original,
            packages,
            programs: BTreeMap::new(),
            setuid: HashSet::new(),
        };
        for package in oracle.packages.clone() {
            for bin in ["bin", "sbin"] {
                let Ok(entries) = fs::read_dir(oracle.original.join(&package).join(bin)) else {
                    continue;
                };
                for entry in entries.filter_map(Result::ok) {
                    let name = latin1(entry.file_name().as_bytes());
                    let file = (package.clone(), format!("{bin}/{name}"));
                    if oracle.is_program(&oracle.original, &file) {
                        if fs::metadata(entry.path())
                            .is_ok_and(|file| file.permissions().mode() & 0o6000 != 0)
                        {
                            oracle.setuid.insert(name.clone());
                        }
                        oracle.programs.entry(name).or_default().push(file);
                    }
                }
            }
        }
        Ok(oracle)
    }

    fn path(store: &Path, file: &File) -> PathBuf {
        store.join(&file.0).join(bytes_path(&file.1))
    }

    /// Whether it is there, and does not lead out of the store: what a link into the machine
    /// finds there is not the package's.
    pub(super) fn exists(store: &Path, file: &File) -> bool {
        Self::path(store, file)
            .canonicalize()
            .is_ok_and(|path| path.starts_with(store))
    }

    pub(super) fn is_program(&self, store: &Path, file: &File) -> bool {
        debug_assert!(store == self.original || store == self.patched);
        Self::exists(store, file)
            && fs::metadata(Self::path(store, file))
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    }

    /// The file that a path into the patched store means.
    pub(super) fn store_file(&self, path: &str) -> Option<File> {
        let (package, rest) = path.strip_prefix(&self.prefix)?.split_once('/')?;
        STORE_NAME
            .is_match(package)
            .then(|| (package.to_owned(), rest.trim_end_matches('/').to_owned()))
    }

    pub(super) fn store_prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn is_setuid(&self, name: &str) -> bool {
        self.setuid.contains(name)
    }

    /// Packages that ship this sub-path; the own one alone if it is among them.
    pub(super) fn holders(&self, package: &str, sub_path: &str, program: bool) -> Vec<File> {
        let has = |package: &str| {
            let file = (package.to_owned(), sub_path.to_owned());
            let has = if program {
                self.is_program(&self.original, &file)
            } else {
                Self::exists(&self.original, &file)
            };
            has.then_some(file)
        };
        if let Some(own) = has(package) {
            return vec![own];
        }
        self.packages
            .iter()
            .filter_map(|package| has(package))
            .collect()
    }

    /// Programs of this name in bin directories; the own ones alone if there are any.
    pub(super) fn named(&self, package: &str, name: &str) -> Vec<File> {
        let all = self
            .programs
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let own: Vec<File> = all
            .iter()
            .filter(|file| file.0 == package)
            .cloned()
            .collect();
        if own.is_empty() { all.to_vec() } else { own }
    }

    /// What a program that a file of `package` names should have become.
    pub(super) fn program(&self, package: &str, text: &str, udev: bool) -> Answer {
        let kept = |reason, finding| Answer::Kept { reason, finding };
        if text.is_empty() {
            return kept("it is empty", None);
        }
        if is_state(text) {
            let by_the_system = [
                "/run/wrappers/",
                "/run/current-system/",
                "/run/booted-system/",
            ]
            .iter()
            .any(|profile| text.starts_with(profile));
            let finding = (!by_the_system).then_some("machine-state-program");
            return kept("it is the machine's", finding);
        }
        let is_packaged = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/"]
            .iter()
            .any(|top| text.starts_with(top));
        if text.contains('$') {
            return kept(
                "it has a variable",
                is_packaged.then_some("variable-in-path"),
            );
        }
        if text.replace("%%", "").contains('%') {
            return kept(
                "it has a specifier",
                is_packaged.then_some("variable-in-path"),
            );
        }
        if text.starts_with("/etc/")
            && !self.is_program(&self.original, &(package.to_owned(), sub_path(text)))
            && Self::exists(&self.original, &(package.to_owned(), sub_path(text)))
        {
            return kept("it is configuration", None);
        }
        let text = &text.replace("%%", "%");
        let mut files = Vec::new();
        if udev && !text.starts_with('/') {
            files = self.holders(package, &format!("lib/udev/{text}"), true);
        }
        if files.is_empty() {
            files = match bin_name(text) {
                Some(name) => self.named(package, name),
                None if text.starts_with('/') => self.holders(package, &sub_path(text), true),
                None => return kept("it is a relative path", Some("relative-program")),
            };
        }
        // Where the package has both, bin and sbin are not the same to it.
        let exact: Vec<File> = files
            .iter()
            .filter(|file| file.0 == package && file.1 == sub_path(text))
            .cloned()
            .collect();
        match (exact.is_empty(), files.is_empty()) {
            (false, _) => Answer::Files(exact),
            (_, false) => Answer::Files(files),
            _ if self.is_file_of_somebody(text) => Answer::NotExecutable,
            _ => Answer::Missing,
        }
    }

    /// Whether a package has a file where this program would be.
    fn is_file_of_somebody(&self, text: &str) -> bool {
        let places = match bin_name(text) {
            Some(name) => vec![format!("bin/{name}"), format!("sbin/{name}")],
            None => vec![sub_path(text)],
        };
        self.packages.iter().any(|package| {
            places.iter().any(|place| {
                let file = (package.clone(), place.clone());
                Self::exists(&self.original, &file) && Self::path(&self.original, &file).is_file()
            })
        })
    }

    /// What is wrong with `new` in the place of `old`, both without encoding; `None` if nothing.
    pub(super) fn fault(&self, package: &str, old: &str, new: &str, udev: bool) -> Option<String> {
        let name = old
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        if let Some(wrapped) = new.strip_prefix("/run/wrappers/bin/") {
            let fits = wrapped == name && bin_name(old).is_some() && self.is_setuid(name);
            return (!fits).then(|| format!("{new} is not a setuid program of the name of {old}"));
        }
        let Some(file) = self.store_file(new) else {
            return Some(format!("{new} is not a path in a package of the store"));
        };
        if !Self::exists(&self.patched, &file) {
            return Some(format!("{new} does not exist"));
        }
        if is_state(old) {
            return Some(format!("{old} is the machine's and must stay"));
        }
        let is_program = self.is_program(&self.patched, &file);
        if old.starts_with("/etc/") && !is_program {
            return Some(format!("{old} is configuration, not a program"));
        }
        if !old.starts_with('/') && old.contains('/') {
            // Relative to something only the file's own program knows: at least its tail is right.
            let tail = old.trim_start_matches("../").trim_start_matches("usr/");
            return (!file.1.ends_with(tail)).then(|| format!("{new} is not {old}"));
        }
        if let Some(name) = bin_name(old) {
            if !is_program {
                return Some(format!("{new} is not executable"));
            }
            let in_bin = [format!("bin/{name}"), format!("sbin/{name}")].contains(&file.1);
            let in_udev = udev && file.1 == format!("lib/udev/{name}");
            if !in_bin && !in_udev {
                return Some(format!("{new} is another file than {old}"));
            }
            let own = self
                .named(package, name)
                .first()
                .is_some_and(|file| file.0 == package);
            if own && file.0 != package {
                return Some(format!(
                    "{old} is the package's own, and {new} is another's"
                ));
            }
            return None;
        }
        if file.1 != sub_path(old) {
            return Some(format!("{new} is another file than {old}"));
        }
        let own = Self::exists(&self.original, &(package.to_owned(), file.1.clone()));
        (own && file.0 != package)
            .then(|| format!("{old} is the package's own, and {new} is another's"))
    }
}

/// The name that is looked up in bin directories, if it is looked up there at all.
pub(super) fn bin_name(text: &str) -> Option<&str> {
    if !text.contains('/') {
        return Some(text).filter(|text| !text.is_empty());
    }
    BIN_PATH
        .captures(text)
        .and_then(|captures| Some(captures.get(1)?.as_str()))
}

pub(super) fn is_state(text: &str) -> bool {
    STATE.iter().any(|state| {
        text.strip_prefix(state)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// An absolute path as a path in a package.
pub(super) fn sub_path(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let skip = match parts.as_slice() {
        ["usr", "local", _, ..] => 2,
        ["usr", _, ..] => 1,
        _ => 0,
    };
    parts[skip..].join("/")
}

pub(super) fn bytes_path(text: &str) -> PathBuf {
    PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&to_bytes(text)))
}
