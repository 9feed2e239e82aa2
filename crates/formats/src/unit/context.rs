//! What the files of one unit, its drop-ins among them, say together about how it runs.

use crate::mapped_text::MappedText;
use crate::reference::{Declaration, Role, Scan};
use crate::unit::place::{Manager, UnitPlace};

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
    /// The programs that it runs by a bare name.
    pub names: Vec<Vec<u8>>,
    /// `NoExecPaths=/`: nothing may be run or mapped but what `ExecPaths=` allows.
    pub no_exec_anywhere: bool,
    /// The paths of `ExecPaths=`.
    pub exec_allowed: Vec<Vec<u8>>,
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
                Declaration::SearchPath(path) => {
                    let directories = path.bytes().split(|byte| *byte == b':');
                    directories.for_each(|directory| self.add_directory(directory));
                }
                Declaration::ExecPath { path, is_allowed } if *is_allowed => {
                    self.exec_allowed.push(path.bytes().to_vec());
                }
                Declaration::ExecPath { path, .. } => {
                    self.no_exec_anywhere |= path.bytes() == b"/";
                }
                _ => {}
            }
        }
        for reference in &scan.references {
            let value = reference.text.bytes();
            let runs = matches!(
                reference.role,
                Role::Program | Role::ShellCommand | Role::PrefixedProgram
            );
            if runs && reference.text.is_literal() && !value.contains(&b'/') {
                self.names.push(value.to_vec());
            }
        }
    }

    fn add_directory(&mut self, directory: &[u8]) {
        let has_room = self.search_path.len() < MAX_SEARCH_PATH;
        if has_room && !self.search_path.iter().any(|known| known == directory) {
            self.search_path.push(directory.to_vec());
        }
    }

    /// The place in a file of the unit because of which nothing below `directory` may be run or mapped: the
    /// `/` of `NoExecPaths=/`.
    #[must_use]
    pub fn forbidding<'a>(&self, scan: &'a Scan, directory: &[u8]) -> Option<&'a MappedText> {
        let mut declarations = scan.declarations.iter();
        let place = declarations.find_map(|declaration| match declaration {
            Declaration::ExecPath { path, is_allowed } if !is_allowed && path.bytes() == b"/" => {
                Some(path)
            }
            _ => None,
        });
        place.filter(|_| self.forbids(directory))
    }

    fn forbids(&self, directory: &[u8]) -> bool {
        let allows = |path: &Vec<u8>| {
            let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
            directory.starts_with(&path[..path.len() - slashes])
        };
        self.no_exec_anywhere && !self.exec_allowed.iter().any(allows)
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
        assert!(settings.forbids(b"/nix/store"));
        settings.exec_allowed.push(b"/nix/".to_vec());
        assert!(!settings.forbids(b"/nix/store"));
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
