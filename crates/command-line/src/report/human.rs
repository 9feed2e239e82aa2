//! For people: findings with the source line marked, a diff, a summary.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use bstr::ByteSlice;
use hermetic_out::{Change, Finding, Place, Plan, Severity};
use similar::{ChangeTag, TextDiff};

use super::excerpt::Excerpt;
use super::{Report, Summary};
use crate::escape::escape_for_terminal;
use crate::output_options::VerbosityOptions;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Verbosity {
    pub(super) fn of(options: &VerbosityOptions) -> Self {
        match (options.quiet, options.verbose) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Verbose,
            (false, false) => Self::Normal,
        }
    }
}

/// Writes findings and summary.
pub(super) fn write(
    report: &Report,
    verbosity: Verbosity,
    colours: bool,
    stderr: &mut dyn Write,
) -> io::Result<()> {
    let least = match verbosity {
        Verbosity::Quiet => Severity::Error,
        Verbosity::Normal | Verbosity::Verbose => Severity::Note,
    };
    let mut text = findings(&report.findings, least, colours);
    if verbosity != Verbosity::Quiet {
        summarize(report, verbosity, &mut text);
    }
    stderr.write_all(text.as_bytes())
}

/// The findings of at least a severity, each with its line marked.
pub(super) fn findings(findings: &[Finding], least: Severity, colours: bool) -> String {
    /// So many are rendered before starting a thread would have paid.
    const FEW: usize = 500;

    let shown: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.severity >= least)
        .collect();
    if shown.len() <= FEW {
        return rendered(&shown, colours);
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parts = shown.chunks(shown.len().div_ceil(threads));
    thread::scope(|scope| {
        let started: Vec<_> = parts
            .map(|part| scope.spawn(move || rendered(part, colours)))
            .collect();
        let ended = started.into_iter().map(|thread| {
            let text = thread.join();
            text.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}

fn rendered(findings: &[&Finding], colours: bool) -> String {
    let renderer = if colours {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for finding in findings {
        text.push_str(&render(finding, &renderer));
        text.push_str("\n\n");
    }
    text
}

fn render(finding: &Finding, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level
        .primary_title(escape_for_terminal(finding.message.as_bytes()))
        .id(finding.kind.id);
    let path = show(&finding.file);
    let group = Group::with_title(title);
    let mut group = match &finding.place {
        Some(place) => {
            let excerpt = Excerpt::of(place);
            let mark = AnnotationKind::Primary.span(excerpt.mark);
            let snippet = Snippet::source(excerpt.text)
                .path(path)
                .line_start(place.line);
            group.element(snippet.annotation(mark))
        }
        None => group.element(Origin::path(path)),
    };
    if !finding.help.is_empty() {
        group = group.element(Level::HELP.message(escape_for_terminal(finding.help.as_bytes())));
    }
    let text = renderer.render(&[group]);
    match &finding.place {
        Some(place) => with_column(&text, place),
        None => text,
    }
}

/// The renderer counts columns in the excerpt; the file's own belongs there, at the end of the
/// second line: `--> PATH:LINE:COLUMN`.
fn with_column(text: &str, place: &Place) -> String {
    let before = format!(":{}:", place.line);
    let second_line = text.find('\n').map_or(0, |end| end + 1);
    let length = text[second_line..]
        .find('\n')
        .unwrap_or(text.len() - second_line);
    match text[second_line..second_line + length].rfind(&before) {
        Some(at) => {
            let (head, rest) = text.split_at(second_line + at + before.len());
            let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{head}{}{rest}", place.column)
        }
        None => text.to_owned(),
    }
}

fn summarize(report: &Report, verbosity: Verbosity, text: &mut String) {
    /// So many new references of an output are named without being asked for.
    const FEW: usize = 3;

    let Summary {
        files_changed,
        references_replaced,
        references_kept,
        unresolved,
        new_references,
    } = &report.summary;
    let nothing_to_change = report.plan.is_empty() && *files_changed == 0;
    // Most packages of a build: they need no line in its log.
    if nothing_to_change && report.findings.is_empty() && verbosity != Verbosity::Verbose {
        return;
    }
    let mut parts = Vec::new();
    if nothing_to_change {
        parts.push("nothing to change".to_owned());
    } else {
        let files = count(*files_changed, "file");
        parts.push(if report.dry_run {
            format!("{files} would be changed")
        } else {
            format!("{files} changed")
        });
        parts.push(format!(
            "{} replaced",
            count(*references_replaced, "reference")
        ));
    }
    if verbosity == Verbosity::Verbose {
        parts.push(format!("{} kept", count(*references_kept, "reference")));
    }
    if *unresolved > 0 {
        parts.push(format!("{} unresolved", count(*unresolved, "reference")));
    }
    if !report.findings.is_empty() {
        parts.push(count(report.findings.len(), "finding"));
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}", report.package, parts.join(", "));
    for (output, paths) in new_references.iter().filter(|(_, paths)| !paths.is_empty()) {
        let output = escape_for_terminal(output.as_bytes());
        if verbosity == Verbosity::Verbose || paths.len() <= FEW {
            let paths: Vec<String> = paths.iter().map(|path| show(path)).collect();
            let _ = writeln!(text, "  {output} newly refers to {}", paths.join(" "));
        } else {
            let paths = count(paths.len(), "store path");
            let _ = writeln!(
                text,
                "  {output} newly refers to {paths} (--verbose names them)"
            );
        }
    }
}

/// A number and its noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn show(path: &Path) -> String {
    escape_for_terminal(path.as_os_str().as_bytes())
}

const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const RESET: &str = "\x1b[0m";

/// Writes every change: edits as a unified diff, which is exact to the byte unless it is coloured
/// (then it is for the eye, and control characters are shown as escapes); others as a line each.
pub(super) fn write_changes(plan: &Plan, colours: bool, stdout: &mut dyn Write) -> io::Result<()> {
    for change in &plan.changes {
        match change {
            Change::Edit(edits) => {
                write_diff(&edits.path, &edits.before, &edits.after, colours, stdout)?;
            }
            Change::Move { from, to } => {
                write_heading(
                    &format!("move {} to {}", show(from), show(to)),
                    colours,
                    stdout,
                )?;
            }
            Change::MoveLeavingLink { from, to, .. } => {
                let heading = format!("move {} to {}, leaving a link", show(from), show(to));
                write_heading(&heading, colours, stdout)?;
            }
            Change::Create {
                path,
                content,
                mode,
            } => {
                let heading = format!("create {} with mode {mode:04o}", show(path));
                write_heading(&heading, colours, stdout)?;
                write_diff(path, b"", content, colours, stdout)?;
            }
            Change::Link { path, target } => {
                let heading = format!("link {} to {}", show(path), show(target));
                write_heading(&heading, colours, stdout)?;
            }
            Change::Remove { path } => {
                write_heading(&format!("remove {}", show(path)), colours, stdout)?;
            }
            other => write_heading(&format!("{other:?}"), colours, stdout)?,
        }
    }
    Ok(())
}

fn write_heading(text: &str, colours: bool, stdout: &mut dyn Write) -> io::Result<()> {
    if colours {
        writeln!(stdout, "{BOLD}{text}{RESET}")
    } else {
        writeln!(stdout, "{text}")
    }
}

/// Writes a unified diff of one file.
pub(super) fn write_diff(
    path: &Path,
    before: &[u8],
    after: &[u8],
    colours: bool,
    stdout: &mut dyn Write,
) -> io::Result<()> {
    let old: Vec<&[u8]> = before.lines_with_terminator().collect();
    let new: Vec<&[u8]> = after.lines_with_terminator().collect();
    let diff = TextDiff::configure().diff_slices(&old, &new);
    if old != new {
        // An empty file is, as far as a diff tells, one that was not there.
        let name = |bytes: &[u8]| {
            if bytes.is_empty() {
                "/dev/null".to_owned()
            } else {
                show(path)
            }
        };
        write_heading(&format!("--- {}", name(before)), colours, stdout)?;
        write_heading(&format!("+++ {}", name(after)), colours, stdout)?;
    }
    for hunk in diff.unified_diff().iter_hunks() {
        let header = hunk.header().to_string();
        if colours {
            writeln!(stdout, "{CYAN}{header}{RESET}")?;
        } else {
            writeln!(stdout, "{header}")?;
        }
        for change in hunk.iter_changes() {
            let line: &[u8] = change.value();
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", RED),
                ChangeTag::Insert => ("+", GREEN),
                ChangeTag::Equal => (" ", ""),
            };
            if colours && !colour.is_empty() {
                write!(
                    stdout,
                    "{colour}{sign}{}{RESET}",
                    escape_for_terminal(content)
                )?;
            } else if colours {
                write!(stdout, "{sign}{}", escape_for_terminal(content))?;
            } else {
                stdout.write_all(sign.as_bytes())?;
                stdout.write_all(content)?;
            }
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
    use hermetic_out_formats::Span;

    use super::super::tests::report;
    use super::*;

    fn written(report: &Report, verbosity: Verbosity) -> String {
        let mut stderr = Vec::new();
        write(report, verbosity, false, &mut stderr).unwrap();
        String::from_utf8(stderr).unwrap()
    }

    #[test]
    fn findings_and_summary() {
        let expected = r"error[unresolved-program]: /usr/bin/x is not found
 --> /nix/store/a-x/lib/systemd/system/x.service:2:11
  |
2 | ExecStart=/usr/bin/x -é\xff
  |           ^^^^^^^^^^
  |
  = help: add y to buildInputs

note[an-output]: it is so\x1b
--> /nix/store/a-x/\xff

x-1.0: 4 files changed, 1 reference replaced, 1 reference unresolved, 2 findings
  out newly refers to /nix/store/b-y
";
        assert_eq!(written(&report(), Verbosity::Normal), expected);
    }

    #[test]
    fn quiet_leaves_errors() {
        let text = written(&report(), Verbosity::Quiet);
        assert!(
            text.contains("unresolved-program") && !text.contains("an-output"),
            "{text}"
        );
        assert!(!text.contains("files changed"), "{text}");
    }

    #[test]
    fn the_summary_says_what_there_is_to_say() {
        let mut report = report();
        report.findings.clear();
        report.dry_run = true;
        report.summary.unresolved = 0;
        report.summary.new_references[0].1 = ["a", "b", "c", "d"].map(Into::into).into();
        assert_eq!(
            written(&report, Verbosity::Normal),
            "x-1.0: 4 files would be changed, 1 reference replaced\n  out newly refers to 4 store \
             paths (--verbose names them)\n"
        );
        assert_eq!(
            written(&report, Verbosity::Verbose),
            "x-1.0: 4 files would be changed, 1 reference replaced, 2 references kept\n  out newly \
             refers to a b c d\n"
        );
        report.plan = Plan::default();
        report.summary = Summary::default();
        assert_eq!(written(&report, Verbosity::Normal), "");
        assert_eq!(
            written(&report, Verbosity::Verbose),
            "x-1.0: nothing to change, 0 references kept\n"
        );
    }

    #[test]
    fn changes_are_a_diff() {
        let mut stdout = Vec::new();
        write_changes(&report().plan, false, &mut stdout).unwrap();
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
        let mut coloured = Vec::new();
        write_changes(&report().plan, true, &mut coloured).unwrap();
        assert!(coloured.contains_str("\x1b[31m-ExecStart=/usr/bin/x -é\\xff\x1b[0m\n"));
    }

    #[test]
    fn line_ends_are_left_in_a_diff() {
        let mut stdout = Vec::new();
        write_diff(
            Path::new("f"),
            b"a\rb\r\nc\r\n",
            b"a\rb\r\nd\r\n",
            false,
            &mut stdout,
        )
        .unwrap();
        assert_eq!(
            stdout.as_bstr(),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\rb\r\n-c\r\n+d\r\n"
        );
    }

    #[test]
    fn places_anywhere_can_be_shown() {
        let file = b"\xa9\xa9\xc3\r\n\xc3\xa9 a\\\r\n\tb\\\n\\\n\\\n\xff\\\nlast";
        let renderer = Renderer::plain();
        for start in 0..=file.len() + 1 {
            for end in start..=file.len() + 1 {
                let mut finding = report().findings.remove(0);
                let place = Place::new(file, Span::new(start, end));
                let excerpt = Excerpt::of(&place);
                assert!(
                    excerpt.text.get(excerpt.mark.clone()).is_some(),
                    "{start}..{end}"
                );
                finding.place = Some(place);
                assert!(!render(&finding, &renderer).is_empty());
            }
        }
    }

    #[test]
    fn the_column_is_the_files_own() {
        let mut file = b"x\nKey=".to_vec();
        file.extend_from_slice("é".repeat(100).as_bytes());
        let start = file.len();
        file.extend_from_slice(b"/usr/bin/x");
        let mut finding = report().findings.remove(0);
        finding.place = Some(Place::new(&file, Span::new(start, file.len())));
        for renderer in [Renderer::plain(), Renderer::styled()] {
            let text = render(&finding, &renderer);
            let line = text.lines().nth(1).unwrap();
            assert!(line.contains("x.service:2:205"), "{line}");
        }
    }
}
