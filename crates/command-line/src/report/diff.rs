//! Changes as unified diffs.

use std::io::{self, Write};
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{Change, Plan};
use similar::{ChangeTag, TextDiff};

use crate::escape::{escape_for_terminal, escape_path};

const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const RESET: &str = "\x1b[0m";

/// Who reads a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A program, which may apply it: it is exact to the byte.
    Program,
    /// A terminal: control characters are printed as escapes.
    Person {
        /// Whether it is colored.
        colors: bool,
    },
}

impl Reader {
    fn has_colors(self) -> bool {
        self == Self::Person { colors: true }
    }
}

/// Writes every change: edits as a unified diff, for people followed by an empty line; others as a line each.
pub(super) fn write_changes(plan: &Plan, reader: Reader, stdout: &mut dyn Write) -> io::Result<()> {
    let colors = reader.has_colors();
    for change in &plan.changes {
        match change {
            Change::Edit(edits) => {
                write_diff(&edits.path, &edits.before, &edits.after, reader, stdout)?;
                end_diff(reader, stdout)?;
            }
            Change::Move { from, to } => {
                write_heading(
                    &format!("move {} to {}", escape_path(from), escape_path(to)),
                    colors,
                    stdout,
                )?;
            }
            Change::MoveLeavingLink { from, to, .. } => {
                let heading = format!(
                    "move {} to {}, leaving a link",
                    escape_path(from),
                    escape_path(to)
                );
                write_heading(&heading, colors, stdout)?;
            }
            Change::Create {
                path,
                content,
                mode,
            } => {
                let heading = format!("create {} with mode {mode:04o}", escape_path(path));
                write_heading(&heading, colors, stdout)?;
                write_diff(path, b"", content, reader, stdout)?;
                end_diff(reader, stdout)?;
            }
            Change::Link { path, target } => {
                let heading = format!("link {} to {}", escape_path(path), escape_path(target));
                write_heading(&heading, colors, stdout)?;
            }
            Change::Remove { path } => {
                write_heading(&format!("remove {}", escape_path(path)), colors, stdout)?;
            }
            other => write_heading(&format!("{other:?}"), colors, stdout)?,
        }
    }
    Ok(())
}

fn write_heading(text: &str, colors: bool, stdout: &mut dyn Write) -> io::Result<()> {
    if colors {
        writeln!(stdout, "{BOLD}{text}{RESET}")
    } else {
        writeln!(stdout, "{text}")
    }
}

/// Keeps the diffs of two files apart; a program gets nothing that is not theirs.
fn end_diff(reader: Reader, stdout: &mut dyn Write) -> io::Result<()> {
    match reader {
        Reader::Program => Ok(()),
        Reader::Person { .. } => writeln!(stdout),
    }
}

/// Writes a unified diff of one file.
pub(super) fn write_diff(
    path: &Path,
    before: &[u8],
    after: &[u8],
    reader: Reader,
    stdout: &mut dyn Write,
) -> io::Result<()> {
    let colors = reader.has_colors();
    let old: Vec<&[u8]> = before.lines_with_terminator().collect();
    let new: Vec<&[u8]> = after.lines_with_terminator().collect();
    let diff = TextDiff::configure().diff_slices(&old, &new);
    if old != new {
        // An empty file is, as far as a diff tells, one that was not there.
        let name = |bytes: &[u8]| {
            if bytes.is_empty() {
                "/dev/null".to_owned()
            } else {
                escape_path(path)
            }
        };
        write_heading(&format!("--- {}", name(before)), colors, stdout)?;
        write_heading(&format!("+++ {}", name(after)), colors, stdout)?;
    }
    for hunk in diff.unified_diff().iter_hunks() {
        let header = hunk.header().to_string();
        if colors {
            writeln!(stdout, "{CYAN}{header}{RESET}")?;
        } else {
            writeln!(stdout, "{header}")?;
        }
        for change in hunk.iter_changes() {
            let line: &[u8] = change.value();
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ("-", RED),
                ChangeTag::Insert => ("+", GREEN),
                ChangeTag::Equal => (" ", ""),
            };
            let (start, end) = if colors && !color.is_empty() {
                (color, RESET)
            } else {
                ("", "")
            };
            write!(stdout, "{start}{sign}")?;
            match reader {
                Reader::Program => stdout.write_all(content)?,
                Reader::Person { .. } => write!(stdout, "{}", escape_for_terminal(content))?,
            }
            write!(stdout, "{end}")?;
            writeln!(stdout)?;
            if content.len() == line.len() {
                writeln!(stdout, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn changes_are_a_diff() {
        let mut stdout = Vec::new();
        write_changes(
            &report().changes.unwrap().outcome.plan,
            Reader::Program,
            &mut stdout,
        )
        .unwrap();
        let expected = b"--- /nix/store/a-x/lib/systemd/system/x.service
+++ /nix/store/a-x/lib/systemd/system/x.service
@@ -1,3 +1,3 @@
 [Service]
-ExecStart=/usr/bin/x -\xc3\xa9\xff
+ExecStart=/nix/store/b-y/bin/x -\xc3\xa9\xff
 User=y
move /nix/store/a-x/a to /nix/store/a-x/\\xff
create /nix/store/a-x/c with mode 0644
--- /dev/null
+++ /nix/store/a-x/c
@@ -0,0 +1,2 @@
+new
+last
\\ No newline at end of file
remove /nix/store/a-x/d
";
        assert_eq!(stdout.as_bstr(), expected.as_bstr());
        let mut colored = Vec::new();
        write_changes(
            &report().changes.unwrap().outcome.plan,
            Reader::Person { colors: true },
            &mut colored,
        )
        .unwrap();
        assert!(colored.contains_str("\x1b[31m-ExecStart=/usr/bin/x -é\\xff\x1b[0m\n"));
    }

    #[test]
    fn line_ends_are_left_in_a_diff() {
        let mut stdout = Vec::new();
        write_diff(
            Path::new("f"),
            b"a\rb\r\nc\r\n",
            b"a\rb\r\nd\r\n",
            Reader::Program,
            &mut stdout,
        )
        .unwrap();
        assert_eq!(
            stdout.as_bstr(),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\rb\r\n-c\r\n+d\r\n"
        );
    }

    #[test]
    fn a_person_sees_no_raw_control_characters() {
        for colors in [false, true] {
            let mut stdout = Vec::new();
            let (before, after) = (b"a\x1b[31m\n\xc2\x9b1m\n", b"b\x1b[31m\n\xe2\x80\xae\n");
            let reader = Reader::Person { colors };
            write_diff(Path::new("f\x1b"), before, after, reader, &mut stdout).unwrap();
            let text = String::from_utf8(stdout).unwrap();
            let text = [BOLD, CYAN, RED, GREEN, RESET]
                .iter()
                .fold(text, |text, code| text.replace(code, ""));
            let expected = "--- f\\x1b\n+++ f\\x1b\n@@ -1,2 +1,2 @@\n-a\\x1b[31m\n-\\u{9b}1m\n\
                            +b\\x1b[31m\n+\\u{202e}\n";
            assert_eq!(text, expected);
        }
    }
}
