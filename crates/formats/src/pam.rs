//! PAM's services: `pam.d(5)`, as `libpam/pam_handlers.c` and `_pam_assemble_line()` of
//! `libpam/pam_misc.c` read them. `@include` is Debian's.

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Lookup, ProblemKind, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &["pam.d"],
    files: Files::All,
    scan,
    // What PAM loads is found by its name.
    paths: Paths::Reported,
    pieces: &[
        b"\nauth required ",
        b"\n-session optional ",
        b"\naccount [success=1 default=ignore] ",
        b"\nauth include ",
        b"\nauth\tsubstack ",
        b"\n@include ",
        b"pam_unix.so nullok",
        b"[a=\\] b]",
        b" # ",
        b" \\\n ",
    ],
};

/// The modules of Linux-PAM itself, and those of systemd: any system with PAM may have them. Sorted.
const COMMON_MODULES: &[&str] = &[
    "access",
    "canonicalize_user",
    "debug",
    "deny",
    "echo",
    "env",
    "exec",
    "faildelay",
    "faillock",
    "filter",
    "ftp",
    "group",
    "issue",
    "keyinit",
    "lastlog",
    "limits",
    "listfile",
    "localuser",
    "loginuid",
    "mail",
    "mkhomedir",
    "motd",
    "namespace",
    "nologin",
    "permit",
    "pwhistory",
    "rhosts",
    "rootok",
    "securetty",
    "selinux",
    "sepermit",
    "setquota",
    "shells",
    "stress",
    "succeed_if",
    "systemd",
    "systemd_home",
    "systemd_loadkey",
    "time",
    "timestamp",
    "tty_audit",
    "umask",
    "unix",
    "userdb",
    "usertype",
    "warn",
    "wheel",
    "xauth",
];

/// Whether a module is one of Linux-PAM or systemd.
#[must_use]
pub fn is_common_module(file_name: &[u8]) -> bool {
    let name = file_name.strip_prefix(b"pam_");
    let name = name.and_then(|name| name.strip_suffix(b".so"));
    name.is_some_and(|name| COMMON_MODULES.iter().any(|known| known.as_bytes() == name))
}

/// Finds the modules that the lines of a service name, and the services that it includes.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut joined = MappedText::new();
    for line in lines::physical(file) {
        let comment = memchr::memchr(b'#', line.of(file));
        let end = comment.map_or(line.end, |at| line.start + at);
        let part = trim_end(file, Span::new(line.start, end));
        if part.of(file).ends_with(b"\\") {
            joined.push_file(file, Span::new(part.start, part.end - 1));
            // The line end goes with it: what replaces a text that ends here continues no line.
            let rest = file.get(line.end..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            joined.push_file_decoded(b" ", Span::new(part.end - 1, line.end + end));
            continue;
        }
        joined.push_file(file, part);
        scan_line(&mut scan, &std::mem::take(&mut joined));
    }
    scan_line(&mut scan, &joined);
    scan
}

fn trim_end(file: &[u8], span: Span) -> Span {
    let blanks = span.of(file).iter().rev();
    let blanks = blanks.take_while(|byte| lines::is_blank(**byte)).count();
    Span::new(span.start, span.end - blanks)
}

/// `[-]TYPE CONTROL MODULE …`, or `@include SERVICE`.
fn scan_line(scan: &mut Scan, line: &MappedText) {
    let Some((first, rest)) = token(line, 0) else {
        return;
    };
    let mut add = |role, field, text: MappedText, optional| {
        if text.is_empty() {
            return;
        }
        let mut named = MappedText::new();
        named.push(&text, 0..text.len(), Some(Encoding::BareWord));
        scan.references.push(Reference {
            lookup: Lookup::ByReader,
            optional,
            ..Reference::new(role, field, named)
        });
    };
    if first.bytes() == b"@include" {
        if let Some((service, _)) = token(line, rest) {
            add(Role::PamService, "@include", service, false);
        }
        return;
    }
    // A line that begins with `-` is skipped, silently, if its module is missing.
    let optional = first.bytes().starts_with(b"-");
    let control = token(line, rest);
    let module = control.as_ref().and_then(|(_, rest)| token(line, *rest));
    let (Some((control, _)), Some((module, _))) = (control, module) else {
        return scan.problem_in(ProblemKind::BadLine, line);
    };
    match control.bytes().to_ascii_lowercase().as_slice() {
        b"include" => add(Role::PamService, "include", module, optional),
        b"substack" => add(Role::PamService, "substack", module, optional),
        _ => add(Role::PamModule, "module", module, optional),
    }
}

/// The token at or after `from`, and where it ends: a word, or what stands in brackets
/// (`_pam_tokenize()`).
fn token(line: &MappedText, from: usize) -> Option<(MappedText, usize)> {
    let bytes = line.bytes();
    let rest = bytes.get(from..)?;
    let start = from + rest.iter().position(|byte| !lines::is_blank(*byte))?;
    let rest = bytes.get(start..)?;
    if rest.first() == Some(&b'[') {
        let closes = |at: &usize| rest[*at] == b']' && rest[*at - 1] != b'\\';
        let length = (1..rest.len()).find(closes)? + 1;
        return Some((line.slice(start + 1..start + length - 1), start + length));
    }
    let length = rest.iter().position(|byte| lines::is_blank(*byte));
    let end = start + length.unwrap_or(rest.len());
    Some((line.slice(start..end), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(line: &str) -> Vec<(Role, String, bool)> {
        let references = scan(line.as_bytes()).references.into_iter();
        let named = references.map(|found| {
            let text = String::from_utf8_lossy(found.text.bytes()).into_owned();
            (found.role, text, found.optional)
        });
        named.collect()
    }

    #[test]
    fn modules_and_services() {
        for (line, role, text, optional) in [
            (
                "auth required pam_unix.so nullok",
                Role::PamModule,
                "pam_unix.so",
                false,
            ),
            (
                "-session optional pam_x.so",
                Role::PamModule,
                "pam_x.so",
                true,
            ),
            (
                "auth [success=1 default=ignore] pam_x.so",
                Role::PamModule,
                "pam_x.so",
                false,
            ),
            (
                "auth [a=\\] b] pam_x.so",
                Role::PamModule,
                "pam_x.so",
                false,
            ),
            (
                "session required /nix/store/h-x/pam_y.so # z",
                Role::PamModule,
                "/nix/store/h-x/pam_y.so",
                false,
            ),
            (
                "auth \\\n  required \\\n pam_x.so",
                Role::PamModule,
                "pam_x.so",
                false,
            ),
            ("account\tsubstack other", Role::PamService, "other", false),
            ("auth INCLUDE other", Role::PamService, "other", false),
            (
                "@include common-auth",
                Role::PamService,
                "common-auth",
                false,
            ),
        ] {
            assert_eq!(named(line), [(role, text.to_owned(), optional)], "{line}");
        }
        for line in ["", "# auth required pam_x.so", "  \n\t\n", "@include", "\\"] {
            assert!(named(line).is_empty(), "{line}");
            assert!(scan(line.as_bytes()).problems.is_empty(), "{line}");
        }
        assert_eq!(named("auth a b.so\nauth include c\n").len(), 2);
    }

    #[test]
    fn common_modules() {
        assert!(COMMON_MODULES.is_sorted());
        assert!(is_common_module(b"pam_unix.so"));
        assert!(!is_common_module(b"pam_ldap.so") && !is_common_module(b"unix"));
    }

    #[test]
    fn lines_that_are_too_short() {
        for line in ["auth", "auth required", "auth [a=b", "auth [a=b] "] {
            let scan = scan(line.as_bytes());
            assert!(scan.references.is_empty(), "{line}");
            assert_eq!(scan.problems[0].kind, ProblemKind::BadLine, "{line}");
        }
    }
}
