//! Tables of facts, as data: `data/*.txt`. A `#` starts a comment line; lines are sorted.

use crate::reference::Account;

const SETUID_PROGRAMS: &str = include_str!("../data/setuid-programs.txt");
const MACHINE_STATE: &str = include_str!("../data/machine-state.txt");
const SHARED_DIRECTORIES: &str = include_str!("../data/shared-directories.txt");
const STATE_DIRECTORIES: &str = include_str!("../data/state-directories.txt");
const VENDOR_DIRECTORIES: &str = include_str!("../data/vendor-directories.txt");
const BASE_ACCOUNTS: &str = include_str!("../data/base-accounts.txt");
const INSTALL_VARIABLES: &str = include_str!("../data/install-variables.txt");
const PROGRAM_PROVIDERS: &str = include_str!("../data/program-providers.txt");

pub(crate) fn entries(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Whether a program of this name needs a setuid bit, which no file of a store can have.
#[must_use]
pub fn is_setuid_program(name: &[u8]) -> bool {
    entries(SETUID_PROGRAMS).any(|entry| entry.as_bytes() == name)
}

/// Whether the directory `path`, relative to a prefix, belongs to no package in particular. The
/// prefix itself is one.
#[must_use]
pub fn is_shared_directory(path: &[u8]) -> bool {
    path.is_empty() || entries(SHARED_DIRECTORIES).any(|entry| entry.as_bytes() == path)
}

/// Whether every system has this user or group.
#[must_use]
pub fn is_base_account(account: Account, name: &[u8]) -> bool {
    let kind: &[u8] = match account {
        Account::User => b"user ",
        Account::Group => b"group ",
    };
    entries(BASE_ACCOUNTS).any(|entry| entry.as_bytes().strip_prefix(kind) == Some(name))
}

/// The package of nixpkgs that has a program, if it is a common one.
#[must_use]
pub fn provider_of(program: &[u8]) -> Option<&'static str> {
    entries(PROGRAM_PROVIDERS)
        .filter_map(|entry| entry.split_once(' '))
        .find_map(|(name, package)| (name.as_bytes() == program).then_some(package))
}

/// Whether only a running machine has the file at `path`, relative to /etc.
#[must_use]
pub fn is_machine_state(path: &[u8]) -> bool {
    entries(MACHINE_STATE).any(|entry| below(path, entry.as_bytes()).is_some())
}

/// The directories of an output that only a running machine fills, relative to it.
pub fn state_directories() -> impl Iterator<Item = &'static str> {
    entries(STATE_DIRECTORIES)
}

/// A directory below /etc, and where its programs look for what a vendor ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorDirectory {
    /// The directory, relative to /etc.
    pub etc: &'static str,
    /// The vendor's, relative to an output.
    pub vendor: &'static str,
    /// Whether a symlink to each file stays at the old place.
    pub leaves_link: bool,
    /// Whether the program looks below /etc, too.
    pub reads_etc: bool,
}

/// All of them.
pub fn vendor_directories() -> impl Iterator<Item = VendorDirectory> {
    entries(VENDOR_DIRECTORIES).filter_map(|entry| {
        let mut fields = entry.split(" | ");
        let (etc, vendor, place) = (fields.next()?, fields.next()?, fields.next()?);
        Some(VendorDirectory {
            etc,
            vendor,
            leaves_link: place == "link",
            reads_etc: place != "only",
        })
    })
}

/// A variable of a `.pc` file that tells others where to install something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstallVariable {
    /// The name of the `.pc` file, without its ending.
    pub module: &'static str,
    /// Whether builds also read the module's own files from there.
    pub on_request: bool,
    /// The variable.
    pub name: &'static str,
}

/// All of them, sorted by module; those on request come last.
pub fn install_variables() -> impl Iterator<Item = InstallVariable> {
    entries(INSTALL_VARIABLES).filter_map(|entry| {
        let mut fields = entry.split(' ');
        Some(InstallVariable {
            module: fields.next()?,
            name: fields.next()?,
            on_request: fields.next() == Some("on-request"),
        })
    })
}

/// `path` relative to `directory`: empty for the directory itself, `None` if it is not below it.
#[must_use]
pub fn below<'a>(path: &'a [u8], directory: &[u8]) -> Option<&'a [u8]> {
    match path.strip_prefix(directory)? {
        [] => Some(&[]),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Asserts that a table holds pairs, sorted, and each once.
#[cfg(test)]
pub(crate) fn assert_sorted_pairs(table: &'static str) {
    let lines: Vec<&str> = entries(table).collect();
    for pair in lines.windows(2) {
        assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
    }
    for line in lines {
        assert_eq!(line.split(' ').count(), 2, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_hold_each_entry_once() {
        for table in [
            MACHINE_STATE,
            PROGRAM_PROVIDERS,
            SETUID_PROGRAMS,
            SHARED_DIRECTORIES,
            STATE_DIRECTORIES,
            VENDOR_DIRECTORIES,
        ] {
            let keys: Vec<&str> = entries(table)
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            for pair in keys.windows(2) {
                assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn the_accounts_are_sorted_and_hold_each_once() {
        assert_sorted_pairs(BASE_ACCOUNTS);
    }

    #[test]
    fn the_install_variables_are_sorted() {
        let all: Vec<_> = install_variables().collect();
        assert_eq!(all.len(), entries(INSTALL_VARIABLES).count());
        assert!(all.is_sorted() && all.len() >= 50, "{all:?}");
    }

    #[test]
    fn accounts_of_every_system() {
        assert!(is_base_account(Account::Group, b"tty"));
        assert!(!is_base_account(Account::User, b"tty"));
        assert!(!is_base_account(Account::User, b"chrony"));
    }

    #[test]
    fn lookups() {
        assert!(is_setuid_program(b"sudo"));
        assert!(!is_setuid_program(b"su do"));
        assert!(is_shared_directory(b"lib/systemd/system"));
        assert!(is_shared_directory(b""));
        assert!(!is_shared_directory(b"lib/icinga2"));
        assert_eq!(provider_of(b"modprobe"), Some("kmod"));
        assert_eq!(provider_of(b"# Which"), None);
        assert!(is_machine_state(b"passwd"));
        assert!(is_machine_state(b"ssl/certs/ca-bundle.crt"));
        assert!(!is_machine_state(b"passwd.conf"));
        assert!(!is_machine_state(b"ssl"));
        assert!(state_directories().any(|directory| directory == "var"));
        let pam = vendor_directories().find(|known| known.etc == "pam.d");
        assert_eq!(
            pam.map(|known| (known.vendor, known.leaves_link)),
            Some(("lib/pam.d", true))
        );
        let units = vendor_directories().find(|known| known.etc == "systemd/system");
        assert!(!units.unwrap().leaves_link);
    }

    #[test]
    fn each_vendor_directory_has_its_manual() {
        for line in entries(VENDOR_DIRECTORIES) {
            let fields: Vec<&str> = line.split(" | ").collect();
            let [_, vendor, place, manual] = fields[..] else {
                panic!("{line}");
            };
            assert!(["link", "move", "only"].contains(&place), "{line}");
            assert!(
                vendor.starts_with("lib/") || vendor.starts_with("share/"),
                "{line}"
            );
            assert!(
                manual.contains('(') || manual.contains("documentation"),
                "{line}"
            );
        }
        let is_of_systemd = |known: &VendorDirectory| known.etc.starts_with("systemd/");
        let mut of_systemd = vendor_directories().filter(is_of_systemd);
        assert!(of_systemd.all(|known| !known.leaves_link));
    }
}
