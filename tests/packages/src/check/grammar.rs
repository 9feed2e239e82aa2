//! Small parsers of the files that the check reads.
//!
//! Text is Latin-1: one character for each byte, so that any bytes survive.

/// Bytes as characters of the same numbers.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes again.
pub(super) fn to_bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|char| u8::try_from(char).unwrap_or(b'?'))
        .collect()
}

/// What kind of file the tools may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unit,
    Bus,
    Polkit,
    Udev,
    Tmpfiles,
    Sysusers,
    Binfmt,
    Modprobe,
    Environment,
    /// Scripts, and files with lines of them: crontabs, logrotate's, hooks of systemd and `NetworkManager`.
    Scripts,
    Sysctl,
}

pattern!(
    UNIT,
    concat!(
        r"^(?:lib|etc|share|example)/systemd/(?:system|user)/(?:[^/]+\.(?:service|socket|mount|automount|swap|path|timer|target|slice|scope|device)|[^/]+\.d/[^/]+\.conf)$",
        r"|^lib/systemd/(?:network|portable)/",
    )
);
pattern!(
    HOOK,
    concat!(
        r"^(?:lib|etc)/systemd/(?:system|user)-(?:sleep|shutdown|generators|environment-generators)/[^/]+$",
        r"|^(?:lib|etc)/NetworkManager/dispatcher\.d/",
    )
);
pattern!(POLKIT, r"^share/polkit-1/actions/[^/]+\.policy$");
pattern!(
    DIRECTORY,
    r"^(?:lib|etc|share|example)/(?:udev/)?((?:user-)?[a-z]+\.d)/[^/]+$"
);
pattern!(BUS, r"^share/dbus-1/(?:system-)?services/[^/]+\.service$");

/// The kind of the file at this path in an output, if a tool may change it at all.
pub(super) fn kind(path: &str) -> Option<Kind> {
    if UNIT.is_match(path) {
        return Some(Kind::Unit);
    }
    if BUS.is_match(path) {
        return Some(Kind::Bus);
    }
    if POLKIT.is_match(path) {
        return Some(Kind::Polkit);
    }
    if HOOK.is_match(path) {
        return Some(Kind::Scripts);
    }
    match &DIRECTORY.captures(path)?[1] {
        "cron.d" | "logrotate.d" => Some(Kind::Scripts),
        "sysctl.d" => Some(Kind::Sysctl),
        "rules.d" if path.contains("/udev/") => Some(Kind::Udev),
        "tmpfiles.d" | "user-tmpfiles.d" => Some(Kind::Tmpfiles),
        "sysusers.d" => Some(Kind::Sysusers),
        "binfmt.d" => Some(Kind::Binfmt),
        "modprobe.d" => Some(Kind::Modprobe),
        "environment.d" => Some(Kind::Environment),
        _ => None,
    }
}

/// Something that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// First and last line, from 1, of the statement it stands in.
    pub lines: (usize, usize),
    pub role: Role,
    /// The path or name, decoded.
    pub text: String,
    /// What round it must not change: prefixes and the number of words.
    pub shape: String,
    /// Why it is to stay, if the file says so.
    pub kept: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is run: it must exist and be executable.
    Program,
    /// A program whose bare name means a file in lib/udev.
    UdevProgram,
    /// A file: where the package ships it, it must be that one.
    File,
    /// A shell script: own files in it must have moved.
    Script,
}

/// Everything in a file that must be right.
pub(super) fn references(kind: Kind, text: &str) -> Vec<Reference> {
    match kind {
        Kind::Unit | Kind::Bus => unit(kind, text),
        Kind::Udev => udev(text),
        Kind::Polkit => polkit(text),
        Kind::Tmpfiles | Kind::Sysusers | Kind::Binfmt | Kind::Modprobe => table(kind, text),
        // They are prose to the check; it only looks at what changed.
        Kind::Environment | Kind::Scripts | Kind::Sysctl => Vec::new(),
    }
}

/// A key and its value, continued lines joined.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub section: String,
    pub key: String,
    pub value: String,
    pub lines: (usize, usize),
}

/// The assignments of a unit.
pub(super) fn assignments(text: &str) -> Vec<Assignment> {
    let (mut found, mut section) = (Vec::new(), String::new());
    let mut pending: Option<(usize, String)> = None;
    let lines: Vec<&str> = text
        .trim_start_matches("\u{ef}\u{bb}\u{bf}")
        .split('\n')
        .collect();
    for (index, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r').trim_start_matches([' ', '\t']);
        // Comments vanish before lines are joined, even between two halves of a value.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (start, mut joined) = pending.take().unwrap_or((index, String::new()));
        joined.push_str(line);
        let backslashes = joined.len() - joined.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            joined.pop();
            joined.push(' ');
            if index + 1 < lines.len() {
                pending = Some((start, joined));
                continue;
            }
        }
        let joined = joined.trim();
        if let Some(name) = joined
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = joined.split_once('=') {
            found.push(Assignment {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                lines: (start + 1, index + 1),
            });
        }
    }
    found
}

/// A word of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes and escapes.
    pub text: String,
    /// As it stands.
    pub raw: String,
}

/// Splits a command line at blanks, with quotes and C escapes.
pub(super) fn words(line: &str) -> Vec<Word> {
    let chars: Vec<char> = line.chars().collect();
    let (mut found, mut i) = (Vec::new(), 0);
    loop {
        while chars.get(i).is_some_and(char::is_ascii_whitespace) {
            i += 1;
        }
        if i >= chars.len() {
            return found;
        }
        let (start, mut quote, mut text) = (i, None, String::new());
        while let Some(&char) = chars.get(i) {
            match (char, quote) {
                ('\\', _) if i + 1 < chars.len() => {
                    let (decoded, length) = escape(&chars[i + 1..]);
                    text.push_str(&decoded);
                    i += length;
                }
                (_, Some(open)) if char == open => quote = None,
                ('"' | '\'', None) => quote = Some(char),
                (_, None) if char.is_ascii_whitespace() => break,
                _ => text.push(char),
            }
            i += 1;
        }
        found.push(Word {
            text,
            raw: chars[start..i].iter().collect(),
        });
    }
}

/// What follows a backslash: the decoded text and how many characters it took.
fn escape(rest: &[char]) -> (String, usize) {
    let number = |from: usize, length: usize, radix: u32| -> Option<(String, usize)> {
        let digits: String = rest.get(from..from + length)?.iter().collect();
        let value = u32::from_str_radix(&digits, radix)
            .ok()
            .and_then(char::from_u32)?;
        let utf8: String = value.to_string();
        // Above one byte the text is UTF-8, here as one character for each byte.
        let decoded = if from == 1 && length > 2 {
            latin1(utf8.as_bytes())
        } else {
            utf8
        };
        Some((decoded, from + length))
    };
    let plain = |decoded: char| Some((decoded.to_string(), 1));
    match rest.first().copied().unwrap_or('\\') {
        'a' => plain('\x07'),
        'b' => plain('\x08'),
        'f' => plain('\x0c'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\x0b'),
        's' => plain(' '),
        char @ ('\\' | '"' | '\'') => plain(char),
        'x' => number(1, 2, 16),
        'u' => number(1, 4, 16),
        'U' => number(1, 8, 16),
        '0'..='7' => number(0, 3, 8),
        _ => None,
    }
    .unwrap_or_else(|| {
        let char = rest.first().copied().unwrap_or('\\');
        (format!("\\{char}"), 1)
    })
}

const PREFIXES: [char; 6] = ['-', '@', ':', '+', '!', '|'];

/// The index of the word that is the script of `sh -c`.
fn script(words: &[Word]) -> Option<usize> {
    let shell = words.iter().position(|word| {
        let name = word
            .text
            .trim_start_matches(PREFIXES)
            .rsplit('/')
            .next()
            .unwrap_or_default();
        matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh")
    })?;
    let option = |word: &Word| word.text.starts_with(['-', '+']);
    let options = words[shell + 1..]
        .iter()
        .take_while(|word| option(word))
        .count();
    let has_c = |word: &Word| {
        word.text
            .strip_prefix('-')
            .is_some_and(|rest| !rest.starts_with('-') && rest.contains('c'))
    };
    (words[shell + 1..][..options].iter().any(has_c) && shell + 1 + options < words.len())
        .then_some(shell + 1 + options)
}

/// The programs and scripts of a command line with all its `;` parts.
fn commands(
    value: &str,
    lines: (usize, usize),
    kept: Option<&'static str>,
    found: &mut Vec<Reference>,
) {
    let all = words(value);
    for command in all
        .split(|word| word.raw == ";")
        .filter(|command| !command.is_empty())
    {
        let program = command[0].text.trim_start_matches(PREFIXES);
        let prefix = &command[0].text[..command[0].text.len() - program.len()];
        // agetty may be told the login program, which is an option and its value more.
        let told = command.iter().any(|word| word.text == "--login-program");
        let count = command.len() - if told { 2 } else { 0 };
        let add = |role, text: &str| Reference {
            lines,
            role,
            text: text.to_owned(),
            shape: format!("{prefix} {count}"),
            kept,
        };
        found.push(add(Role::Program, program));
        if let Some(index) = script(command) {
            found.push(add(Role::Script, &command[index].text));
        }
    }
}

fn unit(kind: Kind, text: &str) -> Vec<Reference> {
    let all = assignments(text);
    let has = |key: &str| {
        all.iter()
            .any(|one| one.key == key && !one.value.is_empty())
    };
    let in_root =
        (has("RootDirectory") || has("RootImage")).then_some("it is run in a root of its own");
    let mut found = Vec::new();
    for Assignment {
        section,
        key,
        value,
        lines,
    } in &all
    {
        let file = |text: &str| Reference {
            lines: *lines,
            role: Role::File,
            text: text.to_owned(),
            shape: String::new(),
            kept: in_root,
        };
        match (kind, section.as_str(), key.as_str()) {
            (Kind::Bus, "D-BUS Service", "Exec") => {
                let placeholder = has("SystemdService") && is_false(value);
                let kept = placeholder.then_some("it is a placeholder");
                commands(value, *lines, kept, &mut found);
            }
            (Kind::Bus, ..) => {}
            (
                _,
                "Service",
                "ExecCondition" | "ExecStartPre" | "ExecStart" | "ExecStartPost" | "ExecReload"
                | "ExecReloadPost" | "ExecStop" | "ExecStopPost",
            )
            | (_, "Socket", "ExecStartPre" | "ExecStartPost" | "ExecStopPre" | "ExecStopPost") => {
                commands(value, *lines, in_root, &mut found);
            }
            (_, "Unit", "ConditionFileIsExecutable" | "AssertFileIsExecutable") => {
                found.push(file(value.trim_start_matches(['|', '!'])));
            }
            (_, "Service" | "Socket" | "Mount" | "Swap", "ExecPaths") => {
                found.extend(
                    words(value)
                        .iter()
                        .map(|word| file(word.text.trim_start_matches(['-', '+']))),
                );
            }
            _ => {}
        }
    }
    found
}

/// Whether it is the program that stands where systemd starts a unit in place of a program.
pub(super) fn is_false(program: &str) -> bool {
    matches!(program, "/bin/false" | "/usr/bin/false")
}

pattern!(
    RULE_KEY,
    r#"(?:^|[\s,])(RUN|RUN\{program\}|PROGRAM|IMPORT\{program\}|TEST)\s*(?:=|==|\+=|:=|-=|!=)\s*(e?)"((?:[^"\\]|\\.)*)""#
);

fn udev(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut start = 0;
    let lines: Vec<&str> = text.split('\n').collect();
    while start < lines.len() {
        let (first, mut joined) = (start, String::new());
        if lines[start].trim_start().starts_with('#') {
            start += 1;
            continue;
        }
        while let Some(more) = lines
            .get(start)
            .and_then(|line| line.trim_end_matches('\r').strip_suffix('\\'))
        {
            joined.push_str(more);
            start += 1;
        }
        joined.push_str(lines.get(start).copied().unwrap_or_default());
        start += 1;
        for capture in RULE_KEY.captures_iter(&joined) {
            let value = if capture[2].is_empty() {
                capture[3].replace("\\\"", "\"")
            } else {
                words(&format!("\"{}\"", &capture[3]))
                    .into_iter()
                    .map(|word| word.text)
                    .collect()
            };
            let mut add = |role, text: &str| {
                found.push(Reference {
                    lines: (first + 1, start),
                    role,
                    text: text.to_owned(),
                    shape: String::new(),
                    kept: None,
                });
            };
            if &capture[1] == "TEST" {
                add(Role::File, &value);
                continue;
            }
            let words = udev_words(&value);
            if let Some(program) = words.first() {
                add(Role::UdevProgram, &program.text);
            }
            if let Some(index) = script(&words) {
                add(Role::Script, &words[index].text);
            }
        }
    }
    found
}

/// udev splits at blanks and knows only single quotes.
fn udev_words(value: &str) -> Vec<Word> {
    let (mut found, mut rest) = (Vec::new(), value.trim_start());
    while !rest.is_empty() {
        let (text, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find([' ', '\t']).unwrap_or(rest.len())),
        };
        found.push(Word {
            text: text.to_owned(),
            raw: text.to_owned(),
        });
        rest = after.trim_start();
    }
    found
}

pattern!(
    EXEC_PATH,
    r#"key\s*=\s*["']org\.freedesktop\.policykit\.exec\.path["']\s*>([^<]*)<"#
);

fn polkit(text: &str) -> Vec<Reference> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    EXEC_PATH
        .captures_iter(text)
        .filter_map(|capture| capture.get(1))
        .map(|path| Reference {
            lines: (line(path.start()), line(path.end())),
            role: Role::Program,
            text: path.as_str().trim().to_owned(),
            shape: String::new(),
            kept: None,
        })
        .collect()
}

/// Files with one entry a line.
fn table(kind: Kind, text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty()
            || line.starts_with('#')
            || (kind == Kind::Binfmt && line.starts_with(';'))
        {
            continue;
        }
        let reference = |role, text: &str| Reference {
            lines: (index + 1, index + 1),
            role,
            text: text.to_owned(),
            shape: String::new(),
            kept: None,
        };
        match kind {
            Kind::Tmpfiles => {
                let fields = words(line);
                if let (Some(what), Some(place), Some(argument)) =
                    (fields.first(), fields.get(1), fields.get(6))
                {
                    let argument = &argument.text;
                    if argument.starts_with('/') && what.text.starts_with(['L', 'C']) {
                        found.push(reference(Role::File, argument));
                    } else if what.text.starts_with('L') && argument != "-" {
                        // A link's target is relative to the directory that the link is in.
                        let (directory, _) = place.text.rsplit_once('/').unwrap_or_default();
                        found.push(reference(Role::File, &format!("{directory}/{argument}")));
                    }
                }
            }
            Kind::Sysusers => {
                let fields = words(line);
                if let Some(shell) = fields.get(5).filter(|shell| shell.text.starts_with('/')) {
                    found.push(reference(Role::Program, &shell.text));
                }
            }
            Kind::Binfmt => {
                let delimiter = line.chars().next().unwrap_or(':');
                if let Some(program) = line.split(delimiter).nth(6).filter(|p| !p.is_empty()) {
                    found.push(reference(Role::Program, program));
                }
            }
            Kind::Modprobe => {
                let mut fields = line.splitn(3, [' ', '\t']);
                if matches!(fields.next(), Some("install" | "remove"))
                    && let Some(body) = fields.nth(1)
                {
                    found.push(reference(Role::Script, body));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kind: Kind, text: &str) -> Vec<String> {
        references(kind, text)
            .into_iter()
            .map(|one| format!("{:?} {}", one.role, one.text))
            .collect()
    }

    #[test]
    fn units_are_read_as_systemd_reads_them() {
        let text = "[Service]\nExecStart = -@\"/x y\" a \\\n# in between\n  b ; +c\n# ExecStop=/no\nExecStop=\n[X-Y]\nExecStart=/no";
        let found = references(Kind::Unit, text);
        assert_eq!(texts(Kind::Unit, text), ["Program /x y", "Program c"]);
        assert_eq!((found[0].lines, found[0].shape.as_str()), ((2, 4), "-@ 3"));
        assert_eq!(found[1].shape, "+ 1");
        let escaped = words(r#"a\x2fb 'c"d' "e'f"g \; \u00e9 \101"#);
        let escaped: Vec<&str> = escaped.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(escaped, ["a/b", "c\"d", "e'fg", "\\;", "\u{c3}\u{a9}", "A"]);
    }

    #[test]
    fn the_other_kinds_are_read_as_their_programs_read_them() {
        let rule = "# RUN+=\"/no\"\nTEST==\"/lib/udev/x\", \\\n IMPORT{program}==\"x %M\", RUN{builtin}+=\"kmod\", RUN+=\"/bin/sh -c 'a; b'\"";
        assert_eq!(
            texts(Kind::Udev, rule),
            [
                "File /lib/udev/x",
                "UdevProgram x",
                "UdevProgram /bin/sh",
                "Script a; b"
            ]
        );
        assert_eq!(
            texts(
                Kind::Tmpfiles,
                "L$ /a - - - - /b\nd /c\nC /d - - - - ../e\nL /f/g - - - - ../h"
            ),
            ["File /b", "File /f/../h"]
        );
        assert_eq!(
            texts(Kind::Sysusers, "u a - \"g g\" /h /bin/sh\nu b -"),
            ["Program /bin/sh"]
        );
        assert_eq!(
            texts(Kind::Binfmt, ":n:M::m::/usr/bin/i:F"),
            ["Program /usr/bin/i"]
        );
        assert_eq!(
            texts(Kind::Modprobe, "install m /x; y\nalias a b"),
            ["Script /x; y"]
        );
        let policy = "<annotate key=\"org.freedesktop.policykit.exec.path\">/usr/bin/x</annotate>";
        assert_eq!(texts(Kind::Polkit, policy), ["Program /usr/bin/x"]);
        let bus = "[D-BUS Service]\nExec=/bin/false\nSystemdService=x.service\n";
        assert!(references(Kind::Bus, bus)[0].kept.is_some());
    }

    #[test]
    fn payloads_and_documentation_are_of_no_kind() {
        assert_eq!(kind("lib/systemd/system/x.service"), Some(Kind::Unit));
        assert_eq!(
            kind("lib/systemd/system/x.service.d/y.conf"),
            Some(Kind::Unit)
        );
        assert_eq!(kind("share/dbus-1/services/x.service"), Some(Kind::Bus));
        assert_eq!(kind("lib/udev/rules.d/x.rules"), Some(Kind::Udev));
        for script in [
            "etc/cron.d/x",
            "etc/logrotate.d/x",
            "lib/systemd/system-sleep/x",
            "lib/NetworkManager/dispatcher.d/pre-up.d/x",
        ] {
            assert_eq!(kind(script), Some(Kind::Scripts), "{script}");
        }
        assert_eq!(kind("share/user-tmpfiles.d/x.conf"), Some(Kind::Tmpfiles));
        assert_eq!(kind("share/doc/x/x.service"), None);
        assert_eq!(kind("lib/dracut/modules.d/90x/x.service"), None);
    }
}
