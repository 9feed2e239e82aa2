//! Tables of facts, as data: `data/*.txt`. A `#` starts a comment line; lines are sorted.

const SETUID_PROGRAMS: &str = include_str!("../data/setuid-programs.txt");
const SHARED_DIRECTORIES: &str = include_str!("../data/shared-directories.txt");
const PROGRAM_PROVIDERS: &str = include_str!("../data/program-providers.txt");

fn entries(table: &'static str) -> impl Iterator<Item = &'static str> {
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

/// The package of nixpkgs that has a program, if it is a common one.
#[must_use]
pub fn provider_of(program: &[u8]) -> Option<&'static str> {
    entries(PROGRAM_PROVIDERS)
        .filter_map(|entry| entry.split_once(' '))
        .find_map(|(name, package)| (name.as_bytes() == program).then_some(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_hold_each_entry_once() {
        for table in [SETUID_PROGRAMS, SHARED_DIRECTORIES, PROGRAM_PROVIDERS] {
            let keys: Vec<&str> = entries(table)
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            for pair in keys.windows(2) {
                assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
            }
        }
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
    }
}
