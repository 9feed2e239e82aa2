//! D-Bus activation files: the D-Bus Specification, "Message Bus Starting Services (Activation)",
//! as `dbus-daemon` reads them (`bus/activation.c`, `bus/desktop-file.c`).

use crate::command_line::{Context, scan_command};
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::group_file;
use crate::mapped_text::MappedText;
use crate::quoted_words;
use crate::reference::{Account, Declaration, Lookup, Scan};
use crate::unit::place::Manager;

pub(crate) static FORMAT: Format = Format {
    directories: &["dbus-1/services", "dbus-1/system-services"],
    files: Files::Ending(&[".service"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"[D-BUS Service]\n",
        b"\nName=",
        b"\nExec=",
        b"\nExec=/bin/sh -c '",
        b"\nSystemdService=x.service\n",
        b"\nUser=",
    ],
};

const GROUP: &[u8] = b"D-BUS Service";

/// Programs that stand for "never run this one, start the unit".
const PLACEHOLDERS: &[&[u8]] = &[b"/bin/false", b"/usr/bin/false", b"false"];

/// The service manager beside the bus that reads the activation file at `path`: the system's bus reads
/// `system-services`.
#[must_use]
pub fn manager_of(path: &[u8]) -> Manager {
    match memchr::memmem::find(path, b"/system-services/") {
        Some(_) => Manager::System,
        None => Manager::User,
    }
}

/// Finds what a D-Bus activation file runs and which name it answers.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut exec = None;
    let mut starts_unit = false;
    for entry in group_file::entries(file).filter(|entry| entry.group == GROUP) {
        match entry.key {
            b"Exec" => exec = exec.or(Some(entry.value)),
            b"Name" => scan.declarations.push(Declaration::BusName(entry.value)),
            b"SystemdService" => {
                starts_unit = true;
                scan.declarations
                    .push(Declaration::SystemdService(entry.value));
            }
            b"User" => {
                if !matches!(entry.value.bytes(), b"" | b"root") {
                    scan.declarations.push(Declaration::RunsAsUser);
                }
                scan.uses_account(Account::User, "User", entry.value);
            }
            _ => {}
        }
    }
    if let Some(exec) = exec {
        scan_exec(&mut scan, &exec, starts_unit);
    }
    scan
}

fn scan_exec(scan: &mut Scan, exec: &MappedText, starts_unit: bool) {
    let words = match quoted_words::split(exec, Encoding::ShellWord) {
        Ok(words) => words,
        Err(kind) => return scan.problem_in(kind, exec),
    };
    let is_placeholder = |program: &MappedText| PLACEHOLDERS.contains(&program.bytes());
    if starts_unit && words.first().is_some_and(is_placeholder) {
        return;
    }
    let context = Context::new("Exec", Lookup::SearchPath);
    scan_command(scan, &context, &words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{ProblemKind, Role};

    fn program(file: &str) -> Option<String> {
        let scan = scan(file.as_bytes());
        let program = scan
            .references
            .iter()
            .find(|found| found.role == Role::Program)?;
        Some(String::from_utf8_lossy(program.text.bytes()).into_owned())
    }

    #[test]
    fn programs() {
        for (lines, expected) in [
            ("Exec=/usr/bin/swaync", Some("/usr/bin/swaync")),
            (
                "Exec = /usr/bin/datastore-service",
                Some("/usr/bin/datastore-service"),
            ),
            ("Exec=portal-test-gtk3", Some("portal-test-gtk3")),
            ("Exec=\"/opt/a b/x\" -f", Some("/opt/a b/x")),
            ("Exec=/opt/a\\\\ b/x -f", Some("/opt/a b/x")),
            ("Exec=/bin/false", Some("/bin/false")),
            ("Exec=/bin/false\nSystemdService=x.service", None),
            ("SystemdService=x.service\nExec=/bin/false", None),
            (
                "Exec=/usr/sbin/x\nSystemdService=x.service",
                Some("/usr/sbin/x"),
            ),
            ("#Exec=/usr/bin/x", None),
            ("exec=/usr/bin/x", None),
            ("Exec=", None),
            ("[Other]\nExec=/usr/bin/x", None),
        ] {
            let file = format!("[D-BUS Service]\nName=a.b\n{lines}\n");
            assert_eq!(program(&file).as_deref(), expected, "{lines}");
        }
        assert_eq!(program("Exec=/usr/bin/x\n"), None);
    }

    #[test]
    fn facts() {
        let file = b"[D-BUS Service]\nName=org.x\nExec=/x\nUser=mail\nSystemdService=x.service\n";
        let facts = scan(file).declarations;
        assert!(matches!(&facts[0], Declaration::BusName(name) if name.bytes() == b"org.x"));
        assert!(matches!(&facts[1], Declaration::RunsAsUser));
        assert!(
            matches!(&facts[2], Declaration::UsesAccount { name, .. } if name.bytes() == b"mail")
        );
        assert!(
            matches!(&facts[3], Declaration::SystemdService(unit) if unit.bytes() == b"x.service")
        );
        let root = scan(b"[D-BUS Service]\nUser=root\n").declarations;
        assert!(
            !root
                .iter()
                .any(|fact| matches!(fact, Declaration::RunsAsUser))
        );
    }

    #[test]
    fn an_open_quote_is_reported() {
        let file = b"[D-BUS Service]\nExec=/bin/sh 'x\n";
        let scan = scan(file);
        assert!(scan.references.is_empty());
        assert_eq!(scan.problems[0].kind, ProblemKind::UnbalancedQuote);
        assert_eq!(scan.problems[0].span.of(file), b"/bin/sh 'x");
    }

    #[test]
    fn a_replacement_goes_through_the_escapes_of_strings() {
        let file = b"[D-BUS Service]\nExec=/usr/bin/x -f\n";
        let program = &scan(file).references[0];
        assert_eq!(
            program.text.editable_span().map(|span| span.of(file)),
            Some(&b"/usr/bin/x"[..])
        );
        assert_eq!(
            program.text.encode(b"/a b").as_deref(),
            Ok(&b"/a\\\\ b"[..])
        );
    }
}
