//! Desktop entries: the Desktop Entry Specification, "The Exec key". They are launchers, sessions, what is
//! started with a session (the Desktop Application Autostart Specification), and the thumbnailers of GNOME.

use crate::command_line::{Context, scan_command};
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::group_file;
use crate::mapped_text::MappedText;
use crate::quoted_words;
use crate::reference::{Lookup, Reference, Role, Scan};
use crate::words::read_doubled;

pub(crate) static FORMAT: Format = Format {
    directories: &[
        "applications",
        "autostart",
        "gnome/autostart",
        "thumbnailers",
        "wayland-sessions",
        "xdg/autostart",
        "xsessions",
    ],
    files: Files::Ending(&[".desktop", ".thumbnailer"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"[Desktop Entry]\n",
        b"[Desktop Action x]\n",
        b"\nExec=",
        b"\nTryExec=",
        b"\nExec=sh -c \"",
        b"\nName[de]=",
        b"\nIcon[de]=/usr/share/x/x.png",
        b"\nPath=/usr/share/x",
        b"\n[Thumbnailer Entry]\nExec=x %u %o",
    ],
};

/// The groups whose keys count, beside those of a launcher's actions.
const GROUPS: &[&[u8]] = &[b"Desktop Entry", b"Thumbnailer Entry"];

/// Finds what an entry and its actions run, their icons and the directories that programs start in.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for entry in group_file::entries(file) {
        if !GROUPS.contains(&entry.group) && !entry.group.starts_with(b"Desktop Action ") {
            continue;
        }
        // An icon may be another one in another language; by its name, it is one of the theme.
        let key = entry.key.split(|byte| *byte == b'[').next();
        let is_path = entry.value.bytes().starts_with(b"/");
        match key.unwrap_or_default() {
            b"Icon" if is_path => {
                scan.references
                    .push(Reference::new(Role::Argument, "Icon", entry.value));
            }
            _ if entry.key.contains(&b'[') => {}
            b"Path" if is_path => {
                scan.references
                    .push(Reference::new(Role::Directory, "Path", entry.value));
            }
            b"TryExec" if !entry.value.is_empty() => scan.references.push(Reference {
                lookup: Lookup::SearchPath,
                ..Reference::new(Role::Condition, "TryExec", entry.value)
            }),
            b"Exec" => scan_exec(&mut scan, &entry.value),
            _ => {}
        }
    }
    scan
}

fn scan_exec(scan: &mut Scan, exec: &MappedText) {
    let words = match quoted_words::split(exec, Encoding::DesktopWord) {
        Ok(words) => words,
        Err(kind) => return scan.problem_in(kind, exec),
    };
    let words: Vec<MappedText> = words.iter().map(read_field_codes).collect();
    let context = Context::new("Exec", Lookup::SearchPath);
    scan_command(scan, &context, &words);
}

/// `%f`, `%U`, `%i` …, the deprecated ones among them, stand for what is launched; `%%` is a
/// percent sign.
fn read_field_codes(word: &MappedText) -> MappedText {
    read_doubled(word, b"%", Encoding::DesktopFieldCode, |rest| {
        rest.get(1)
            .is_some_and(u8::is_ascii_alphabetic)
            .then_some(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::ProblemKind;

    fn named(file: &str, role: Role) -> Vec<String> {
        let scan = scan(file.as_bytes());
        let found = scan.references.iter().filter(|found| found.role == role);
        found
            .map(|found| String::from_utf8_lossy(found.text.bytes()).into_owned())
            .collect()
    }

    #[test]
    fn programs() {
        for (line, expected) in [
            ("Exec=/usr/bin/x %U", &["/usr/bin/x"][..]),
            ("Exec = x --new-window", &["x"]),
            ("Exec=\"/opt/A \\\\\"B\\\\\"/x\" %f", &["/opt/A \"B\"/x"]),
            ("Exec=/opt/100%%/x", &["/opt/100%/x"]),
            ("[Desktop Action New]\nExec=/usr/bin/y", &["/usr/bin/y"]),
            (
                "[Thumbnailer Entry]\nExec=/usr/bin/y %u %o",
                &["/usr/bin/y"],
            ),
            ("[X-Other]\nExec=/usr/bin/y", &[]),
            ("Exec[de]=/usr/bin/x", &[]),
            ("#Exec=/usr/bin/x", &[]),
            ("Name=/usr/bin/x", &[]),
            ("Exec=", &[]),
        ] {
            let file = format!("[Desktop Entry]\n{line}\n");
            assert_eq!(named(&file, Role::Program), expected, "{line}");
        }
    }

    #[test]
    fn try_exec_is_a_condition() {
        let file = "[Desktop Entry]\nTryExec=/opt/a\\sb/x\nExec=x\n";
        assert_eq!(named(file, Role::Condition), ["/opt/a b/x"]);
    }

    #[test]
    fn icons_and_directories_by_their_paths() {
        let file = "[Desktop Entry]\nIcon=/usr/share/x/x.png\nIcon[de]=/usr/share/x/y.png\n\
            Icon[fr]=x\nPath=/usr/share/x\nPath[de]=/z\n[Desktop Action A]\nIcon=x\n";
        let icons = ["/usr/share/x/x.png", "/usr/share/x/y.png"];
        assert_eq!(named(file, Role::Argument), icons);
        assert_eq!(named(file, Role::Directory), ["/usr/share/x"]);
    }

    #[test]
    fn field_codes_are_not_known() {
        let scan = scan(b"[Desktop Entry]\nExec=/opt/%k/x\n");
        assert!(!scan.references[0].text.is_literal());
    }

    #[test]
    fn an_open_quote_is_reported() {
        let scan = scan(b"[Desktop Entry]\nExec=\"/opt/x\n");
        assert!(scan.references.is_empty());
        assert_eq!(scan.problems[0].kind, ProblemKind::UnbalancedQuote);
    }

    #[test]
    fn a_replacement_goes_through_all_layers() {
        let scan = scan(b"[Desktop Entry]\nExec=\"/opt/x\"\n");
        let text = &scan.references[0].text;
        assert_eq!(text.encode(b"/a %$").as_deref(), Ok(&b"/a %%\\\\$"[..]));
    }
}
