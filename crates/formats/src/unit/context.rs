//! What the files of one unit, its drop-ins among them, say together about how it runs.

use crate::kind::{FileKind, is_user_unit, unit_name};
use crate::reference::{Declaration, Role, Scan};

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
    pub fn add(&mut self, kind: FileKind, sub_path: &[u8], scan: &Scan) {
        self.unprivileged |= kind == FileKind::Unit && is_user_unit(sub_path);
        for fact in &scan.declarations {
            match fact {
                Declaration::OtherRoot => self.other_root = true,
                Declaration::RunsAsUser => self.unprivileged = true,
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
            match &*reference.field {
                "ExecSearchPath" => self
                    .search_path
                    .extend(value.split(|byte| *byte == b':').map(<[u8]>::to_vec)),
                "NoExecPaths" if value == b"/" => self.no_exec_anywhere = true,
                "ExecPaths" => self.exec_allowed.push(value.to_vec()),
                _ => {}
            }
        }
    }

    /// Whether nothing below `directory` may be run or mapped.
    #[must_use]
    pub fn forbids(&self, directory: &[u8]) -> bool {
        let allows = |path: &Vec<u8>| {
            let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
            directory.starts_with(&path[..path.len() - slashes])
        };
        self.no_exec_anywhere && !self.exec_allowed.iter().any(allows)
    }
}

/// What the files of one unit have in common: the manager that reads them, and the unit's name. Any
/// other file stands for itself.
#[must_use]
pub fn key(kind: FileKind, sub_path: &[u8]) -> Vec<u8> {
    if kind != FileKind::Unit {
        return sub_path.to_vec();
    }
    let manager: &[u8] = if is_user_unit(sub_path) {
        b"user/"
    } else {
        b"system/"
    };
    [manager, unit_name(sub_path)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::scan;

    #[test]
    fn a_unit_and_its_drop_in() {
        let unit = "lib/systemd/system/x.service";
        let drop_in = "lib/systemd/system/x.service.d/y.conf";
        assert_eq!(
            key(FileKind::Unit, unit.as_bytes()),
            key(FileKind::Unit, drop_in.as_bytes())
        );
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
            settings.add(FileKind::Unit, path.as_bytes(), &scan);
        }
        assert!(settings.unprivileged && settings.other_root);
        assert_eq!(settings.search_path, [b"/a", b"/b"]);
        assert_eq!(settings.names, [b"x"]);
        assert!(settings.forbids(b"/nix/store"));
        settings.exec_allowed.push(b"/nix/".to_vec());
        assert!(!settings.forbids(b"/nix/store"));
    }
}
