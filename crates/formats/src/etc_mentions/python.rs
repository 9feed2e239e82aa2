//! What Python scripts name, and what their calls do with it: the library reference of Python (built-in
//! functions, `os`, `shutil`, `pathlib`, `logging`, `argparse`).

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::prose::natural_words;
use super::{Mention, Mentions, Verdict};
use crate::mapped_text::MappedText;
use crate::paths::paths;
use crate::script::python::{StringLiteral, string_literals};

/// How far around a string is looked, in bytes.
const MAX_DISTANCE: usize = 2000;

/// How many of the dots of a name are looked at.
const MAX_DOTS: usize = 4;

/// Calls that read the file that is their first argument.
const READ: &[&str] = &[
    "os.access",
    "os.listdir",
    "os.lstat",
    "os.path.exists",
    "os.path.getmtime",
    "os.path.getsize",
    "os.path.isdir",
    "os.path.isfile",
    "os.path.islink",
    "os.path.lexists",
    "os.readlink",
    "os.scandir",
    "os.stat",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
];

/// Calls that write the file that is their first argument.
const WRITTEN: &[&str] = &[
    "os.chmod",
    "os.chown",
    "os.lchown",
    "os.mkfifo",
    "os.mknod",
    "os.remove",
    "os.removedirs",
    "os.rename",
    "os.renames",
    "os.replace",
    "os.rmdir",
    "os.truncate",
    "os.unlink",
    "os.utime",
    "shutil.chown",
    "shutil.move",
    "shutil.rmtree",
];

/// Calls that write the file that is their second argument.
const WRITTEN_SECOND: &[&str] = &[
    "os.link",
    "os.rename",
    "os.renames",
    "os.replace",
    "os.symlink",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copymode",
    "shutil.copystat",
    "shutil.copytree",
    "shutil.move",
];

/// Calls that open a file; the second argument, or `mode=`, says for what.
const OPEN: &[&str] = &[
    "bz2.open",
    "codecs.open",
    "gzip.open",
    "io.open",
    "lzma.open",
    "open",
];

/// Methods of paths that read, and that write.
const METHODS_READ: &[&str] = &[
    "exists",
    "glob",
    "is_dir",
    "is_file",
    "is_symlink",
    "iterdir",
    "lstat",
    "read_bytes",
    "read_text",
    "stat",
];
const METHODS_WRITTEN: &[&str] = &[
    "chmod",
    "hardlink_to",
    "rename",
    "replace",
    "rmdir",
    "symlink_to",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
];

/// Calls that show a text to a person, by their last name, and parameters for such texts.
const SHOWING: &[&str] = &[
    "critical",
    "debug",
    "echo",
    "error",
    "exception",
    "exit",
    "fatal",
    "info",
    "log",
    "print",
    "secho",
    "warn",
    "warning",
];
const SHOWN_PARAMETERS: &[&str] = &["description", "epilog", "help", "usage"];

/// Calls whose value is their argument, translated or without indentation.
const TRANSPARENT: &[&str] = &["_", "dedent", "gettext", "textwrap.dedent"];

/// What a Python script names.
pub(super) fn mentions(content: &[u8]) -> Mentions {
    let code = Code::of(content);
    let mut mentions = Mentions::default();
    for literal in &code.literals {
        let bytes = literal.span.of(content);
        let text = MappedText::of_file(content, literal.span);
        let mut known = None;
        for mut path in paths(&text) {
            let is_start = bytes.starts_with(path.text.bytes());
            let is_whole = is_start && path.text.len() == bytes.len();
            path.goes_on |= literal.has_substitutions;
            let use_of = known.get_or_insert_with(|| code.use_of_literal(literal));
            let (verdict, reason) = match *use_of {
                Use::Statement => (Verdict::Documentation, "in a text for people"),
                Use::Shown => (Verdict::Shown, "in a message"),
                Use::Read if is_whole => (Verdict::Read, "where it is read"),
                Use::Written if is_whole || is_start && path.goes_on => {
                    (Verdict::Written, "where it is written")
                }
                _ if is_whole => (Verdict::Unknown, "in a string whose use is not known"),
                _ => (Verdict::Named, "within a longer string"),
            };
            mentions.list.push(Mention::new(&path, verdict, reason));
        }
    }
    mentions
}

/// What is done with a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Read,
    Written,
    Shown,
    /// It is a statement: documentation.
    Statement,
    Unknown,
}

/// A script, with an `S` for each byte within a string, and blanks for comments.
struct Code<'a> {
    content: &'a [u8],
    masked: Vec<u8>,
    literals: Vec<StringLiteral>,
    /// What is done with names, once it matters.
    names: OnceCell<BTreeMap<Vec<u8>, Use>>,
}

/// What stands around an expression.
enum Around<'a> {
    /// It is an argument: the function, its position, the name that it is given by.
    Argument {
        function: &'a [u8],
        open: usize,
        index: usize,
        keyword: Option<&'a [u8]>,
    },
    /// It is assigned to a name.
    Assigned(&'a [u8]),
    Statement,
    Other,
}

fn is_letter(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn is(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes() == name)
}

impl<'a> Code<'a> {
    fn of(content: &'a [u8]) -> Self {
        let literals = string_literals(content);
        let mut masked = content.to_vec();
        let mut at = 0;
        for literal in &literals {
            mask_comments(&mut masked, at..literal.span.start);
            masked[literal.span.start..literal.span.end].fill(b'S');
            at = literal.span.end;
        }
        let end = masked.len();
        mask_comments(&mut masked, at..end);
        Self {
            content,
            masked,
            literals,
            names: OnceCell::new(),
        }
    }

    fn use_of_literal(&self, literal: &StringLiteral) -> Use {
        let quote = self.masked.get(literal.span.end).copied().unwrap_or(b'"');
        let before = &self.masked[..literal.span.start];
        let quotes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == quote)
            .count();
        // An empty string in front has two.
        let quotes = if quotes >= 3 { 3 } else { 1 };
        let start = literal.span.start - quotes;
        let prefix = self.masked[..start].iter().rev();
        let prefix = prefix.take_while(|byte| byte.is_ascii_alphabetic()).count();
        let expression = start - prefix..literal.span.end + quotes;
        let text = literal.span.of(self.content);
        match self.use_of(&expression, natural_words(text) > 0) {
            Use::Unknown => self.use_of_name(&expression),
            known => known,
        }
    }

    /// What is done with the name that an expression, or the path made of it, is assigned to.
    fn use_of_name(&self, expression: &Range<usize>) -> Use {
        let mut whole = expression.clone();
        if let Around::Argument {
            function,
            open,
            index: 0,
            keyword: None,
        } = self.around(expression)
            && is_path_class(function)
            && let Some(end) = self.closes(expression.end)
        {
            whole = open - function.len()..end;
        }
        let Around::Assigned(name) = self.around(&whole) else {
            return Use::Unknown;
        };
        let names = self.names.get_or_init(|| self.use_of_names());
        names.get(name).copied().unwrap_or(Use::Unknown)
    }

    /// What is done with each name wherever it stands.
    fn use_of_names(&self) -> BTreeMap<Vec<u8>, Use> {
        let mut found: BTreeMap<Vec<u8>, Use> = BTreeMap::new();
        let mut at = 0;
        while at < self.masked.len() {
            let rest = &self.masked[at..];
            let is_part = |byte: &&u8| is_letter(**byte) || **byte == b'.';
            let length = rest.iter().take_while(is_part).count();
            let token = &rest[..length];
            // `A.read_text()` is about `A`, and about `A.read_text`.
            let dots = memchr::memchr_iter(b'.', token).take(MAX_DOTS);
            for end in dots.chain([length]).filter(|end| *end > 0) {
                let used = self.use_of_occurrence(at..at + end);
                let name = &token[..end];
                if used != Use::Shown {
                    let known = found.entry(name.to_vec()).or_insert(used);
                    *known = match (*known, used) {
                        (Use::Written, _) | (_, Use::Written) => Use::Written,
                        (Use::Read, Use::Read) => Use::Read,
                        // One that is not known is enough.
                        _ => Use::Unknown,
                    };
                }
            }
            at += length.max(1);
        }
        found
    }

    /// What is done with a name where it stands; `Shown` if that does not matter.
    fn use_of_occurrence(&self, place: Range<usize>) -> Use {
        let rest = self.masked.get(place.end..).unwrap_or_default();
        let rest = rest.trim_ascii_start();
        if rest.starts_with(b"=") && !rest.starts_with(b"==") {
            // It gets another value, or is the name of a parameter.
            return Use::Shown;
        }
        self.use_of(&place, false)
    }

    fn use_of(&self, expression: &Range<usize>, is_prose: bool) -> Use {
        if let Some(done) = self.use_of_method(expression.end) {
            return done;
        }
        match self.around(expression) {
            Around::Statement => Use::Statement,
            Around::Assigned(name) if is_prose && is_for_people(name) => Use::Shown,
            Around::Assigned(_) | Around::Other => Use::Unknown,
            Around::Argument {
                function,
                open,
                index,
                keyword,
            } => {
                let start = open - function.len();
                let last = function
                    .rsplit(|byte| *byte == b'.')
                    .next()
                    .unwrap_or_default();
                if let Some(keyword) = keyword {
                    return if is_prose && is(SHOWN_PARAMETERS, keyword) {
                        Use::Shown
                    } else {
                        Use::Unknown
                    };
                }
                if is(TRANSPARENT, function) {
                    let end = self.closes(expression.end).unwrap_or(expression.end);
                    let shown = is_prose && self.shows(&(start..end));
                    return if shown { Use::Shown } else { Use::Unknown };
                }
                let arguments = self.arguments(expression.end);
                match index {
                    0 if is(OPEN, function) => of_mode(&arguments),
                    0 if function == b"os.open" => of_flags(&arguments),
                    0 if is(WRITTEN, function) => Use::Written,
                    0 if is(READ, function) => Use::Read,
                    0 if last == b"read" && function != last => Use::Read,
                    1 if is(WRITTEN_SECOND, function) => Use::Written,
                    0 if is_path_class(function) => {
                        let end = self.closes(expression.end);
                        let method = end.and_then(|end| self.use_of_method(end));
                        method.unwrap_or(Use::Unknown)
                    }
                    _ if is_prose && shows(function, last, &arguments) => Use::Shown,
                    _ => Use::Unknown,
                }
            }
        }
    }

    /// Whether a call that an expression is an argument of shows it.
    fn shows(&self, expression: &Range<usize>) -> bool {
        match self.around(expression) {
            Around::Argument {
                function,
                keyword: Some(keyword),
                ..
            } => !is(TRANSPARENT, function) && is(SHOWN_PARAMETERS, keyword),
            Around::Argument {
                function,
                keyword: None,
                ..
            } => {
                let last = function.rsplit(|byte| *byte == b'.').next();
                shows(
                    function,
                    last.unwrap_or_default(),
                    &self.arguments(expression.end),
                )
            }
            _ => false,
        }
    }

    /// What a method does with the expression that ends here.
    fn use_of_method(&self, end: usize) -> Option<Use> {
        let rest = self.masked.get(end..)?.strip_prefix(b".")?;
        let length = rest.iter().take_while(|byte| is_letter(**byte)).count();
        let (name, after) = rest.split_at(length);
        if !after.starts_with(b"(") {
            return None;
        }
        if name == b"open" {
            let mut arguments = vec![&b""[..]];
            arguments.extend(self.arguments(end + 1 + length + 1));
            return Some(of_mode(&arguments));
        }
        if is(METHODS_READ, name) {
            Some(Use::Read)
        } else {
            is(METHODS_WRITTEN, name).then_some(Use::Written)
        }
    }

    /// Looks back from an expression to what it belongs to.
    fn around(&self, expression: &Range<usize>) -> Around<'_> {
        let mut at = self.before(expression.start);
        let mut keyword = None;
        if self.byte_before(at) == Some(b'=') {
            let operator = self.masked[..at - 1].last();
            if operator.is_some_and(|byte| b"=!<>+-*/%&|^:".contains(byte)) {
                return Around::Other;
            }
            let name_end = self.before(at - 1);
            let name = self.name_before(name_end);
            let in_front = self.before_on_line(name_end - name.len());
            if name.is_empty() {
                return Around::Other;
            }
            match self.byte_before(in_front) {
                None | Some(b'\n' | b';') => return Around::Assigned(name),
                Some(b'(' | b',') => {
                    keyword = Some(name);
                    at = in_front;
                }
                _ => return Around::Other,
            }
        }
        let on_line = self.before_on_line(expression.start);
        let mut index = 0;
        let mut depth = 0_usize;
        match self.byte_before(at) {
            Some(b'(' | b',') => {}
            None | Some(b':' | b';' | b'"' | b'\'') if keyword.is_none() => {
                return Around::Statement;
            }
            _ if matches!(self.byte_before(on_line), None | Some(b'\n')) => {
                // The line before may end in a statement.
                let before = self.byte_before(at).unwrap_or(b'\n');
                return if is_letter(before) || b")]}".contains(&before) {
                    Around::Statement
                } else {
                    Around::Other
                };
            }
            _ => return Around::Other,
        }
        let start = at.saturating_sub(MAX_DISTANCE);
        for position in (start..at).rev() {
            match self.masked[position] {
                b')' | b']' | b'}' => depth += 1,
                b'(' if depth == 0 => {
                    return Around::Argument {
                        function: self.name_before(position),
                        open: position,
                        index,
                        keyword,
                    };
                }
                b'[' | b'{' if depth == 0 => return Around::Other,
                b'(' | b'[' | b'{' => depth -= 1,
                b',' if depth == 0 => index += 1,
                _ => {}
            }
        }
        Around::Other
    }

    fn byte_before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1)
            .and_then(|before| self.masked.get(before))
            .copied()
    }

    fn before(&self, at: usize) -> usize {
        let before = &self.masked[..at];
        before.trim_ascii_end().len()
    }

    fn before_on_line(&self, at: usize) -> usize {
        let before = &self.masked[..at];
        let blanks = before
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        at - blanks.count()
    }

    /// The name, with dots, that ends here.
    fn name_before(&self, end: usize) -> &[u8] {
        let before = &self.masked[..end];
        let letters = before.iter().rev();
        let length = letters
            .take_while(|byte| is_letter(**byte) || **byte == b'.')
            .count();
        &before[end - length..]
    }

    /// Where the call ends that the argument in front of `at` belongs to.
    fn closes(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let end = self.masked.len().min(at + MAX_DISTANCE);
        for (offset, byte) in self.masked.get(at..end)?.iter().enumerate() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth == 0 => return Some(at + offset + 1),
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// What stands up to the end of a call, between its commas.
    fn arguments(&self, at: usize) -> Vec<&[u8]> {
        let Some(end) = self.closes(at) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut depth = 0_usize;
        let mut start = at;
        for position in at..end {
            match self.masked[position] {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth > 0 => depth -= 1,
                b',' | b')' | b']' | b'}' if depth == 0 => {
                    found.push(self.content[start..position].trim_ascii());
                    start = position + 1;
                }
                _ => {}
            }
        }
        found
    }
}

fn mask_comments(masked: &mut [u8], range: Range<usize>) {
    let mut in_comment = false;
    for byte in &mut masked[range] {
        in_comment = (in_comment || *byte == b'#') && *byte != b'\n';
        if in_comment {
            *byte = b' ';
        }
    }
}

fn is_path_class(function: &[u8]) -> bool {
    matches!(
        function,
        b"Path" | b"pathlib.Path" | b"PosixPath" | b"pathlib.PosixPath"
    )
}

/// Whether a name is one for texts that people read.
fn is_for_people(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = [
        "usage",
        "help",
        "description",
        "epilog",
        "message",
        "__doc__",
    ];
    parts
        .iter()
        .any(|part| memchr::memmem::find(&name, part.as_bytes()).is_some())
}

/// Whether a call shows its arguments to a person.
fn shows(function: &[u8], last: &[u8], arguments: &[&[u8]]) -> bool {
    let mut files = arguments
        .iter()
        .filter_map(|argument| argument.strip_prefix(b"file="));
    if files.any(|file| !matches!(file.trim_ascii(), b"sys.stderr" | b"sys.stdout")) {
        return false;
    }
    let is_exception = ["Error", "Exception", "Exit", "Warning"]
        .iter()
        .any(|ending| last.ends_with(ending.as_bytes()));
    is_exception
        || is(SHOWING, last)
        || matches!(function, b"sys.stderr.write" | b"sys.stdout.write")
}

/// What `open` does, by what follows the file: `open(file, mode)`.
fn of_mode(arguments: &[&[u8]]) -> Use {
    let named = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix(b"mode="));
    let second = arguments
        .get(1)
        .filter(|argument| !argument.is_empty() && !argument.contains(&b'='));
    let mode = named.or(second.copied());
    // A list that is unpacked may hold it.
    let is_open = arguments.iter().any(|argument| argument.starts_with(b"*"));
    let Some(mode) = mode.map(<[u8]>::trim_ascii) else {
        return if is_open || arguments.is_empty() {
            Use::Unknown
        } else {
            Use::Read
        };
    };
    let ([b'\'', letters @ .., b'\''] | [b'"', letters @ .., b'"']) = mode else {
        return Use::Unknown;
    };
    if letters.iter().any(|letter| b"wax+".contains(letter)) {
        Use::Written
    } else if letters.iter().all(|letter| b"rbtU".contains(letter)) {
        Use::Read
    } else {
        Use::Unknown
    }
}

/// What `os.open` does: its flags are those of open(2).
fn of_flags(arguments: &[&[u8]]) -> Use {
    let flags = arguments.get(1).copied().unwrap_or_default();
    let has = |flag: &str| memchr::memmem::find(flags, flag.as_bytes()).is_some();
    if ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"]
        .iter()
        .any(|flag| has(flag))
    {
        Use::Written
    } else if has("O_RDONLY") {
        Use::Read
    } else {
        Use::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_constants_and_texts() {
        use Verdict::{Documentation, Named, Read, Shown, Unknown, Written};
        for (script, expected) in [
            ("open('/etc/x')", Some(Read)),
            ("open('/etc/x', 'rb')", Some(Read)),
            ("open(\"/etc/x\", encoding=\"utf-8\")", Some(Read)),
            (
                "with open(\"/etc/x\", \"w\") as f:\n    pass",
                Some(Written),
            ),
            ("io.open('/etc/x', mode='a')", Some(Written)),
            ("open('/etc/x', 'r+')", Some(Written)),
            ("open('/etc/x', mode)", Some(Unknown)),
            ("open('/etc/x', *a)", Some(Unknown)),
            ("os.open('/etc/x', os.O_RDONLY)", Some(Read)),
            ("os.open('/etc/x', os.O_WRONLY | os.O_CREAT)", Some(Written)),
            ("Path('/etc/x').read_text()", Some(Read)),
            ("Path('/etc/x').write_text('a')", Some(Written)),
            ("pathlib.Path('/etc/x').open('w')", Some(Written)),
            ("pathlib.Path('/etc/x').open()", Some(Read)),
            ("P = Path('/etc/x')\nP.unlink()", Some(Written)),
            ("os.remove('/etc/x')", Some(Written)),
            ("if os.path.exists('/etc/x'):\n  pass", Some(Read)),
            ("shutil.copy('/tmp/a', '/etc/x')", Some(Written)),
            ("shutil.copy('/etc/x', '/tmp/a')", Some(Read)),
            ("os.symlink('/etc/x', '/tmp/a')", Some(Unknown)),
            ("os.makedirs('/etc/x')", Some(Unknown)),
            ("config.read('/etc/x')", Some(Read)),
            ("subprocess.run(['b', '/etc/x'])", Some(Unknown)),
            ("A = '/etc/x'\nopen(A)", Some(Read)),
            ("A = '/etc/x'\nopen(A, 'w')", Some(Written)),
            ("A = '/etc/x'\nopen(A)\nopen(A, 'w')", Some(Written)),
            ("A = '/etc/x'\nopen(A)\nf(A)", Some(Unknown)),
            ("A = '/etc/x'\nopen(AB, 'w')", Some(Unknown)),
            ("def f(a='/etc/x'):\n  pass", Some(Unknown)),
            ("class B:\n  A = '/etc/x'", Some(Unknown)),
            ("open(f'/etc/x/{a}', 'w')", Some(Written)),
            ("a = 'see /etc/x'", Some(Named)),
            ("print('see the file /etc/x')", Some(Shown)),
            ("print('see the file /etc/x', file=f)", Some(Named)),
            ("print('see the file /etc/x', file=sys.stderr)", Some(Shown)),
            ("print(_('see the file /etc/x') % a)", Some(Shown)),
            ("print('/etc/x')", Some(Unknown)),
            ("sys.exit('cannot read /etc/x: %s' % e)", Some(Shown)),
            ("raise ValueError('cannot read /etc/x')", Some(Shown)),
            ("logger.warning('reading /etc/x')", Some(Shown)),
            (
                "p.add_argument('-c', help='the file (/etc/x)')",
                Some(Shown),
            ),
            ("p.add_argument('-c', default='/etc/x')", Some(Unknown)),
            ("USAGE = '''\nsee the file /etc/x\n'''", Some(Shown)),
            ("A = '''\ninclude /etc/x\n'''", Some(Named)),
            ("# '/etc/x'", None),
            ("'''\n/etc/x\n'''", Some(Documentation)),
            (
                "def f():\n  \"\"\"Reads /etc/x now\"\"\"",
                Some(Documentation),
            ),
            (
                "import a\n\"\"\"Reads /etc/x now\"\"\"",
                Some(Documentation),
            ),
        ] {
            let found = mentions(script.as_bytes()).list;
            let of_x = found
                .iter()
                .find(|mention| mention.path().path == b"/etc/x");
            assert_eq!(of_x.map(|mention| mention.verdict), expected, "{script}");
        }
    }
    #[test]
    fn hostile_scripts_take_no_time() {
        for script in [
            "A='/etc/x'\n".repeat(50_000),
            format!("{}'/etc/x'", "_(".repeat(100_000)),
            "open('/etc/x'".repeat(20_000),
            format!("A='/etc/x'\n{}", "A.".repeat(100_000)),
        ] {
            assert!(!mentions(script.as_bytes()).list.is_empty());
        }
    }
}
