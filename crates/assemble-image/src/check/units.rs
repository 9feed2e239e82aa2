//! What units start, and what they need to be there.

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, Severity, SourceText};
use hermetic_out_formats::unit::place::{Manager, load_path};
use hermetic_out_formats::{Declaration, FileKind, Reference, Role, scan};

use crate::error::Error;
use crate::findings;
use crate::options::Options;
use crate::root_tree::{Node, RootTree, join};
use crate::setuid;

const WRAPPERS: &[u8] = b"/run/wrappers/bin/";
/// agetty's compiled-in login program: `agetty(8)`.
const LOGIN: &[u8] = b"/bin/login";
const PID_1: &[u8] = b"usr/lib/systemd/systemd";

/// The programs of the system's units, the setuid programs that they start, and the getty's login
/// program must be in the image.
pub(super) fn check(tree: &RootTree) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    if !tree.exists(PID_1) {
        found.push(findings::about(
            &findings::MISSING_PROGRAM,
            PID_1,
            "the kernel starts systemd, which is not in the image",
            "give the package systemd with --package",
        ));
    }
    for directory in load_path(Manager::System) {
        for (path, entry) in tree.below(directory.as_bytes()) {
            if !matches!(entry.node, Node::File(_)) {
                continue;
            }
            let text = SourceText::new(tree.read(path)?.unwrap_or_default());
            let scanned = scan(FileKind::Unit, &text);
            if scanned
                .declarations
                .iter()
                .any(|fact| matches!(fact, Declaration::OtherRoot))
            {
                continue;
            }
            for reference in &scanned.references {
                if let Some(mut finding) = missing_program(tree, path, reference) {
                    let extent = reference.text.covering_span();
                    finding.place = extent.map(|span| Place::new(&text, span));
                    found.push(finding);
                }
            }
            // A getty without the option: the scanner tells where it could be inserted.
            let is_plain_getty = scanned
                .declarations
                .iter()
                .any(|fact| matches!(fact, Declaration::Getty { .. }));
            let login = text
                .find(b"--login-program")
                .and_then(|at| login_program(&text[at..]));
            let login = login.or_else(|| is_plain_getty.then(|| LOGIN.to_vec()));
            if let Some(login) = login.filter(|login| !tree.exists(login)) {
                found.push(findings::about(
                    &findings::MISSING_LOGIN_PROGRAM,
                    path,
                    format!("the login program {} is not in the image", login.as_bstr()),
                    findings::MISSING_LOGIN_PROGRAM.remedy,
                ));
            }
        }
    }
    Ok(found)
}

/// The value of agetty's `--login-program`.
fn login_program(text: &[u8]) -> Option<Vec<u8>> {
    let line = text.lines().next()?;
    let rest = line.strip_prefix(b"--login-program")?;
    let rest = rest.strip_prefix(b"=").unwrap_or(rest);
    let word = rest.fields().next()?;
    word.starts_with(b"/").then(|| word.to_vec())
}

fn missing_program(tree: &RootTree, path: &[u8], reference: &Reference) -> Option<Finding> {
    let program = reference.text.bytes();
    let starts = reference.role == Role::Program && reference.text.is_literal();
    if !starts || !program.starts_with(b"/") {
        return None;
    }
    if let Some(name) = program.strip_prefix(WRAPPERS) {
        let copy = join(setuid::DIRECTORY, name);
        return tree.get(&copy).is_none().then(|| {
            findings::about(
                &findings::MISSING_WRAPPER,
                path,
                format!(
                    "the unit starts {}, and the image has no copy of it",
                    program.as_bstr()
                ),
                format!("give --setuid {}", name.as_bstr()),
            )
        });
    }
    let made_later = [
        &b"/run/"[..],
        b"/var/",
        b"/tmp/",
        b"/proc/",
        b"/sys/",
        b"/dev/",
    ]
    .iter()
    .any(|directory| program.starts_with(directory));
    if made_later || reference.optional || tree.exists(program) {
        return None;
    }
    let finding = findings::about(
        &findings::MISSING_PROGRAM,
        path,
        format!("the program {} is not in the image", program.as_bstr()),
        "patch the package with patch-systemd-units, or add the package that has the program",
    );
    Some(finding.with_severity(Severity::Warning))
}

/// With a read-only root, something has to be mounted on /var.
pub(super) fn writable_var(tree: &RootTree, options: &Options) -> Result<Option<Finding>, Error> {
    const FSTAB: &[u8] = b"etc/fstab";
    let by_unit = load_path(Manager::System)
        .iter()
        .any(|path| tree.get(&join(path.as_bytes(), b"var.mount")).is_some());
    let by_command_line = options
        .cmdline
        .iter()
        .any(|words| words.contains("systemd.volatile="));
    if options.is_root_in_memory() || by_unit || by_command_line {
        return Ok(None);
    }
    let fstab = tree.read(FSTAB)?.unwrap_or_default();
    let mounted = fstab
        .lines()
        .any(|line| line.fields().nth(1) == Some(b"/var"));
    Ok((!mounted).then(|| {
        findings::about(
            &findings::READ_ONLY_VAR,
            FSTAB,
            "the root file system is read-only, and nothing is mounted on /var",
            findings::READ_ONLY_VAR.remedy,
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{file, summary};
    use super::*;
    use crate::test_support::options;

    fn tree(unit: &str) -> RootTree {
        let mut tree = RootTree::default();
        tree.insert("usr/lib/systemd/systemd", file(""));
        tree.insert("nix/store/h-x/bin/login", file(""));
        tree.insert("usr/lib/systemd/system/x.service", file(unit));
        tree
    }

    #[test]
    fn programs_of_units() {
        let tree = tree(
            "[Service]\nExecStart=/nix/store/h-x/bin/gone\nExecStart=/nix/store/h-x/bin/login\n\
             ExecStart=-/usr/bin/optional\nExecStart=/run/wrappers/bin/sudo\nExecStart=/run/x\n",
        );
        let found = check(&tree).unwrap();
        assert_eq!(
            summary(&found),
            [
                (
                    "missing-program",
                    "the program /nix/store/h-x/bin/gone is not in the image"
                ),
                (
                    "missing-wrapper",
                    "the unit starts /run/wrappers/bin/sudo, and the image has no copy of it"
                ),
            ]
        );
    }

    #[test]
    fn the_login_program_of_gettys() {
        for (command, missing) in [
            ("agetty - $TERM", Some("/bin/login")),
            (
                "agetty --login-program /nix/store/h-x/bin/login - $TERM",
                None,
            ),
            (
                "agetty --login-program /nix/store/h-y/bin/login -",
                Some("/nix/store/h-y/bin/login"),
            ),
        ] {
            let tree = tree(&format!(
                "[Service]\nExecStart=-/nix/store/h-u/bin/{command}\n"
            ));
            let found = check(&tree).unwrap();
            let message =
                missing.map(|path| format!("the login program {path} is not in the image"));
            let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
            assert_eq!(
                messages,
                message.iter().map(String::as_str).collect::<Vec<_>>(),
                "{command}"
            );
        }
    }

    #[test]
    fn without_systemd_nothing_boots() {
        let found = check(&RootTree::default()).unwrap();
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn var_must_be_mounted() {
        let mut tree = RootTree::default();
        assert!(writable_var(&tree, &options()).unwrap().is_some());
        tree.insert("etc/fstab", file("tmpfs /var tmpfs x 0 0\n"));
        assert!(writable_var(&tree, &options()).unwrap().is_none());
        let mut volatile = options();
        volatile.cmdline = vec!["quiet systemd.volatile=state".into()];
        assert!(
            writable_var(&RootTree::default(), &volatile)
                .unwrap()
                .is_none()
        );
    }
}
