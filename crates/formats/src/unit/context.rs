//! What the files of one unit, its drop-ins among them, say together about how it runs.

use crate::mapped_text::MappedText;
use crate::reference::{Declaration, Role, Scan};
use crate::unit::place::{Manager, UnitPlace};

/// How a unit runs; other files have settings of their own, by the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitContext {
    /// Its programs lie inside another root.
    pub other_root: bool,
    /// Its programs run without privileges.
    pub unprivileged: bool,
    /// The directories of `ExecSearchPath=`.
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
                Declaration::SearchPath(path) => self
                    .search_path
                    .extend(path.bytes().split(|byte| *byte == b':').map(<[u8]>::to_vec)),
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
}
