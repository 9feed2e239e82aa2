//! Who writes a path of /etc, found by patterns over lines: a second opinion on what the tools know of commands.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::names::Kind;

/// A line that writes a path, or watches it, or may write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    /// The line, from 1.
    pub(super) line: usize,
    /// The path of which one is looked for.
    pub(super) path: String,
}

/// What writes its last word, each of its words, and any word.
const LAST: &str = "cp|install|ln|rsync|scp";
const EACH: &str = "rm|mv|touch|chmod|chown|chgrp|truncate|shred|unlink|tee|sponge|setfacl|chattr|ed|vi|vim|nano|crudini --set";

pattern!(
    ASSIGNED,
    r#"(?m)^\s*(?:export\s+|local\s+|readonly\s+)?([A-Za-z_]\w*)=["']?(?:\$\{\w+:?-)?(/etc/[^\s"';}]+)"#
);
pattern!(
    DIRECTIVE,
    r"^\s*(?:ReadWritePaths|ReadWriteDirectories|Path(?:Changed|Modified|Exists|ExistsGlob)|DirectoryNotEmpty)\s*=(.*)$"
);
pattern!(OF_SERVICE, r"^\s*ConfigurationDirectory\s*=(.*)$");
pattern!(
    CHANGING_LINE,
    r"^\s*(?:[zZwaAhHtTrRF]|f\+)[+!=~^$-]*\s+(/etc/\S+)"
);

/// The lines of a text that write one of some paths of files in /etc.
pub(super) fn writers(kind: Kind, text: &[u8], paths: &BTreeSet<String>) -> Vec<Writer> {
    let text = String::from_utf8_lossy(text);
    let assigned: Vec<(String, String)> = ASSIGNED
        .captures_iter(&text)
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('#') || trimmed.starts_with(';') {
            continue;
        }
        let places = match kind {
            Kind::Tmpfiles => CHANGING_LINE
                .captures(line)
                .map(|found| found[1].to_owned())
                .into_iter()
                .collect(),
            _ => declared(line),
        };
        for path in paths {
            let is_below = |place: &String| {
                path == place || path.starts_with(&format!("{}/", place.trim_end_matches('/')))
            };
            let variables = assigned.iter().filter(|(_, value)| value == path);
            let mut names: Vec<String> = variables
                .map(|(name, _)| format!(r"\$(?:{name}\b|\{{{name}\}})"))
                .collect();
            names.push(regex::escape(path));
            let is_text = matches!(kind, Kind::Shell | Kind::Script | Kind::Unit | Kind::Udev);
            let writes = places.iter().any(is_below)
                || is_text && names.iter().any(|name| writes(kind, line, name));
            if writes {
                found.push(Writer {
                    line: index + 1,
                    path: path.clone(),
                });
            }
        }
    }
    found
}

/// The paths that a directive of a unit gives to a service, or watches.
fn declared(line: &str) -> Vec<String> {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    if let Some(found) = DIRECTIVE.captures(line) {
        let paths = words(&found[1]).into_iter();
        return paths
            .map(|path| path.trim_start_matches(['-', '+']).to_owned())
            .filter(|path| path.starts_with("/etc/"))
            .collect();
    }
    let found = OF_SERVICE.captures(line);
    let names = found.map(|found| words(&found[1])).unwrap_or_default();
    names.iter().map(|name| format!("/etc/{name}")).collect()
}

/// Whether a line writes what a pattern stands for.
fn writes(kind: Kind, line: &str, name: &str) -> bool {
    let quoted = format!(r#"["']?{name}["']?"#);
    let end = r#"(?:["'\s;&|)`]|$)"#;
    let start = r#"(?:^|[\s;&|(`"'/=!@+-])"#;
    let patterns = [
        format!(r"(?:^|[^<=-])>{{1,2}}\|?\s*{quoted}{end}"),
        format!(r"{start}(?:{LAST})\s[^;&|]*\s{quoted}\s*(?:[;&|)>`]|2>|$)"),
        format!(r"{start}(?:{EACH})\s(?:[^;&|]*\s)?{quoted}{end}"),
        format!(r"{start}sed\s(?:[^;&|]*\s)?(?:-[a-zA-Z]*i\S*|--in-place\S*)\s[^|]*{quoted}{end}"),
        format!(r"{start}perl\s(?:[^;&|]*\s)?-[a-zA-Z]*i\S*\s[^|]*{quoted}{end}"),
        format!(r"of={quoted}{end}"),
        format!(r"-(?:out|keyout)\s+{quoted}{end}"),
    ];
    let of_scripts = [
        format!(r#"open\s*\(?[^;)]*{quoted}\s*,\s*(?:mode\s*=\s*)?["'][rbt]*[wax+]"#),
        format!(r#"["'](?:>{{1,2}}|\+[<>])[^"',]*["']\s*,\s*{quoted}"#),
        format!(r#"["']\s*(?:>{{1,2}}|\+<)\s*{name}["']"#),
        format!(r"{quoted}\)?\.(?:write_text|write_bytes|unlink|touch|rename|chmod)\("),
        format!(
            r"(?:os\.(?:remove|unlink|chmod|chown|truncate)|unlink|shutil\.rmtree)\s*\(?\s*{quoted}"
        ),
    ];
    let is_script = kind == Kind::Script;
    let all = patterns
        .iter()
        .chain(of_scripts.iter().filter(|_| is_script));
    all.into_iter().any(|pattern| {
        Regex::new(pattern).is_ok_and(|pattern| {
            // Of a message, what stands in it is no command.
            pattern.is_match(line) && !is_message(line)
        })
    })
}

fn is_message(line: &str) -> bool {
    let line = line.trim_start();
    let shows = ["echo ", "printf ", "log_", "print ", "die "];
    shows.iter().any(|word| line.starts_with(word))
        && !line.contains('>')
        && !line.contains("| tee")
}

/// Whether a line of a shell script gives a variable a path, and all lines that use the variable show it to
/// people, or compare it.
pub(super) fn is_shown_only(text: &[u8], line: usize, path: &str) -> bool {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    let Some(given) = lines.get(line - 1).and_then(|line| ASSIGNED.captures(line)) else {
        return false;
    };
    let uses = format!(r"\$(?:{name}\b|\{{{name}\b)", name = &given[1]);
    let Ok(uses) = Regex::new(&uses) else {
        return false;
    };
    let mut using = lines.iter().filter(|line| uses.is_match(line)).peekable();
    &given[2] == path && using.peek().is_some() && using.all(|line| shows(line))
}

fn shows(line: &str) -> bool {
    pattern!(
        SHOWING,
        r"(?:^|[\s;&|)])(?:echo|printf|log\w*|die|err\w*|warn\w*|usage|N=|exit)\b"
    );
    SHOWING.is_match(line)
}

/// Whether a file is one of documentation or of another kind that nothing runs.
pub(super) fn is_read(path: &Path) -> bool {
    !path.starts_with("share/doc") && !path.starts_with("share/man")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_write() {
        let paths: BTreeSet<String> = ["/etc/x/y.conf".to_owned()].into();
        for (kind, text, expected) in [
            (Kind::Shell, "echo a > /etc/x/y.conf", true),
            (Kind::Shell, "echo a >> \"/etc/x/y.conf\"", true),
            (Kind::Shell, "a 2>/etc/x/y.conf", true),
            (Kind::Shell, "cat /etc/x/y.conf > /run/a", false),
            (Kind::Shell, "cp /etc/x/y.conf /run/a", false),
            (Kind::Shell, "cp /run/a /etc/x/y.conf", true),
            (Kind::Shell, "a | tee -a /etc/x/y.conf >/dev/null", true),
            (Kind::Shell, "sed -i s/a/b/ /etc/x/y.conf", true),
            (Kind::Shell, "sed s/a/b/ /etc/x/y.conf", false),
            (
                Kind::Shell,
                "[ -f /etc/x/y.conf ] && rm -f /etc/x/y.conf",
                true,
            ),
            (Kind::Shell, "# rm /etc/x/y.conf", false),
            (Kind::Shell, "echo \"rm /etc/x/y.conf\"", false),
            (Kind::Shell, "A=/etc/x/y.conf\nb > \"$A\"", true),
            (Kind::Shell, "A=${A:-/etc/x/y.conf}\nchmod 600 ${A}", true),
            (Kind::Shell, "A=/etc/x/y.conf\nb < \"$A\"", false),
            (Kind::Unit, "ExecStartPre=/bin/chown a /etc/x/y.conf", true),
            (Kind::Unit, "ExecStart=/bin/a -c /etc/x/y.conf", false),
            (Kind::Unit, "ReadWritePaths=-/etc/x", true),
            (Kind::Unit, "ConfigurationDirectory=x", true),
            (Kind::Unit, "PathModified=/etc/x/y.conf", true),
            (Kind::Tmpfiles, "z /etc/x/y.conf 0600 - - -", true),
            (Kind::Tmpfiles, "L /etc/x/y.conf - - - - a", false),
            (Kind::Script, "open('/etc/x/y.conf', 'w')", true),
            (Kind::Script, "open('/etc/x/y.conf')", false),
            (Kind::Script, "open(F, '>', '/etc/x/y.conf')", true),
            (Kind::Script, "Path('/etc/x/y.conf').write_text(a)", true),
        ] {
            let found = writers(kind, text.as_bytes(), &paths);
            assert_eq!(!found.is_empty(), expected, "{text}");
        }
    }

    #[test]
    fn variables_for_messages() {
        for (text, expected) in [
            ("A=/etc/x\necho \"Usage: $A start\"", true),
            ("A=/etc/x\necho \"Usage: $A start\"\n$A stop", false),
            ("A=/etc/x\n", false),
        ] {
            assert_eq!(
                is_shown_only(text.as_bytes(), 1, "/etc/x"),
                expected,
                "{text}"
            );
        }
    }
}
