//! For people: findings with the source line marked, a diff, a summary.

use std::fmt::Write as _;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anyhow::Context;
use hermetic_out::configuration::{ConfigurationFile, Override};
use hermetic_out::{Finding, Place, Severity};

use super::alike::Alike;
use super::content::{Changes, Report};
use super::counts::{RuleFindings, by_rule, count};
use super::diff::{Reader, write_changes};
use super::excerpt::Excerpt;
use super::style::Style;
use crate::escape::{escape_for_terminal, escape_path};
use crate::exit_status::Streams;

/// Writes the changes, if they are wanted, to standard output, and the findings to their stream.
pub(super) fn announce(
    report: &Report,
    style: Style,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    if let Some(changes) = report.changes.as_ref().filter(|changes| changes.with_diff) {
        let colors = style.has_colors(streams.stdout_is_terminal);
        let reader = if colors || streams.stdout_is_terminal {
            Reader::Person { colors }
        } else {
            Reader::Program
        };
        write_changes(&changes.outcome.plan, reader, streams.stdout)
            .and_then(|()| streams.stdout.flush())
            .context("writing to standard output")?;
    }
    if report.findings_on_stdout {
        let text = findings(report, style, style.has_colors(streams.stdout_is_terminal));
        let written = streams.stdout.write_all(text.as_bytes());
        written.context("writing to standard output")
    } else {
        let text = findings(report, style, style.has_colors(streams.stderr_is_terminal));
        to_stderr(&text, streams)
    }
}

/// Writes the summary to standard error.
pub(super) fn conclude(
    report: &Report,
    style: Style,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    to_stderr(&summary(report, style), streams)
}

fn to_stderr(text: &str, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    streams
        .stderr
        .write_all(text.as_bytes())
        .context("writing to standard error")
}

fn summary(report: &Report, style: Style) -> String {
    let mut text = String::new();
    if !style.quiet {
        match &report.changes {
            Some(changes) => summarize_changes(report, changes, style, &mut text),
            None => summarize_findings(report, style, &mut text),
        }
    }
    text
}

/// The findings that `style` wants, each with its line marked.
fn findings(report: &Report, style: Style, colors: bool) -> String {
    let renderer = if colors {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let least = style.least_severity();
    let shown = report
        .findings
        .iter()
        .filter(|finding| finding.severity >= least);
    let shown = if style.all {
        Alike::each(shown)
    } else {
        Alike::folded(shown, &report.store_dir)
    };
    let mut text = String::new();
    for alike in shown {
        let notes = alike.notes(&report.store_dir);
        text.push_str(&render(alike.first, notes, &renderer));
        text.push_str("\n\n");
    }
    text
}

/// A finding, and `notes` on it.
fn render(finding: &Finding, notes: impl Iterator<Item = String>, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level
        .primary_title(escape_for_terminal(finding.message.as_bytes()))
        .id(finding.kind.id);
    let path = escape_path(&finding.file);
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
    for note in notes {
        group = group.element(Level::NOTE.message(note));
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

fn summarize_changes(report: &Report, changes: &Changes, style: Style, text: &mut String) {
    /// So many new references of an output are named without being asked for.
    const FEW: usize = 3;

    let outcome = &changes.outcome;
    let nothing_to_change = outcome.plan.is_empty();
    // Most packages of a build: they need no line in its log.
    if nothing_to_change && report.findings.is_empty() && !style.verbose {
        return;
    }
    let mut parts = Vec::new();
    if nothing_to_change {
        parts.push("nothing to change".to_owned());
    } else {
        let files = count(outcome.plan.files_changed(), "file");
        parts.push(if changes.dry_run {
            format!("{files} would be changed")
        } else {
            format!("{files} changed")
        });
        parts.push(format!("{} replaced", count(outcome.replaced, "reference")));
    }
    if style.verbose {
        parts.push(format!("{} kept", count(outcome.kept, "reference")));
    }
    if outcome.unresolved > 0 {
        let unresolved = count(outcome.unresolved, "reference");
        parts.push(format!("{unresolved} unresolved"));
    }
    if !report.findings.is_empty() {
        parts.push(count(report.findings.len(), "finding"));
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}", report.subject, parts.join(", "));
    let new_references = outcome.new_references.iter();
    for (output, paths) in new_references.filter(|(_, paths)| !paths.is_empty()) {
        let output = escape_for_terminal(output.as_bytes());
        if style.verbose || paths.len() <= FEW {
            let paths: Vec<String> = paths.iter().map(|path| escape_path(path)).collect();
            let _ = writeln!(text, "  {output} newly refers to {}", paths.join(" "));
        } else {
            let paths = count(paths.len(), "store path");
            let _ = writeln!(
                text,
                "  {output} newly refers to {paths} (--verbose names them)"
            );
        }
    }
    if !nothing_to_change || style.verbose {
        summarize_configuration(&outcome.configuration, style, text);
    }
}

/// A line for each file of /etc that something reads, on how it is overridden.
fn summarize_configuration(files: &[ConfigurationFile], style: Style, text: &mut String) {
    /// So many files are named without being asked for.
    const FEW: usize = 5;

    let is_read = |file: &&ConfigurationFile| !file.readers.is_empty();
    let read: Vec<&ConfigurationFile> = files.iter().filter(is_read).collect();
    let shown = if style.verbose { read.len() } else { FEW };
    for file in read.iter().take(shown) {
        let overrides = file.all_overrides().into_iter();
        let mut ways: Vec<String> = overrides.map(|way| way_of(way, &file.path)).collect();
        if file.fixed_for().is_some() {
            ways.insert(0, "not overridden everywhere".to_owned());
        }
        if ways.len() == 1 && file.fixed_for().is_some() {
            "not overridden by anything".clone_into(&mut ways[0]);
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}: {}", escape_path(&file.path), ways.join("; "));
    }
    if read.len() > shown {
        let rest = count(read.len() - shown, "file");
        let _ = writeln!(text, "  and {rest} of /etc (--verbose names them)");
    }
}

fn way_of(way: &Override, file: &Path) -> String {
    let (_, path) = way.parts();
    let at = escape_path(path);
    let place = if path == file { "there" } else { &at };
    match way {
        Override::Replace(_) => format!("overridden by a file {place}, in place of the link"),
        Override::Layer(_) => format!("overridden by a file {place}, read after the package's"),
        Override::Machine(_) => "belongs to the machine".to_owned(),
        Override::UnitDropIn(_) => format!("overridden by a drop-in in {place}"),
        Override::SameName(_) if path == file => "overridden by a file there".to_owned(),
        Override::SameName(_) | Override::Include(_) => format!("overridden by {place}"),
        Override::Directory(_) => format!("overridden by files in {place}"),
    }
}

fn summarize_findings(report: &Report, style: Style, text: &mut String) {
    let subject = escape_for_terminal(report.subject.as_bytes());
    let left_out = report.allowed + report.known + report.gone > 0;
    // Writing to a string does not fail, here and below.
    if report.findings.is_empty() && !left_out {
        // Most packages of a build: they need no line in its log.
        if style.verbose {
            let _ = writeln!(text, "{subject}: nothing found");
        }
        return;
    }
    let rules = by_rule(&report.findings);
    let width = rules.iter().map(|rule| rule.counts.to_string().len()).max();
    let width = width.unwrap_or(0);
    for rule in &rules {
        let _ = writeln!(text, "{:>width$}  {}", rule.counts, rule.kind.id);
    }
    let mut parts = vec![count(report.findings.len(), "finding")];
    for (number, what) in [
        (report.allowed, "allowed"),
        (report.known, "known from the baseline"),
        (report.gone, "of the baseline not found any more"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let _ = writeln!(text, "{subject}: {}", parts.join(", "));
    if let Some(step) = next_step(report, &rules) {
        let _ = writeln!(text, "next: {step}");
    }
}

/// What helps most.
fn next_step(report: &Report, rules: &[RuleFindings]) -> Option<String> {
    let tool = report.tool.name;
    match rules {
        [] if report.gone > 0 => Some(
            "write the baseline anew with --write-baseline, so that what is gone stays gone"
                .to_owned(),
        ),
        [] => None,
        [only] => Some(format!(
            "{tool} --explain {} says what it means and what to do",
            only.kind.id
        )),
        [first, ..] => Some(format!(
            "begin with {name}, {} of {}: {tool} --explain {name} says what to do",
            first.counts.all(),
            count(report.findings.len(), "finding"),
            name = first.kind.id
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hermetic_out::configuration::{ConfigurationReader, ReadFrom};
    use hermetic_out::{Change, Edit, FileEdits, Outcome, SourceText};
    use hermetic_out_formats::Span;

    use super::super::style::Color;
    use super::super::tests::{findings_report, report};
    use super::*;

    const QUIET: Style = Style {
        color: Color::Auto,
        quiet: true,
        verbose: false,
        all: false,
    };
    const VERBOSE: Style = Style {
        quiet: false,
        verbose: true,
        ..QUIET
    };

    fn shown(report: &Report, style: Style) -> String {
        findings(report, style, false) + &summary(report, style)
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
  /etc/a: overridden by a drop-in in /etc/systemd/system/x.service.d
  /etc/b\x1b: not overridden by anything
";
        assert_eq!(shown(&report(), Style::default()), expected);
    }

    #[test]
    fn findings_that_are_alike_are_shown_once() {
        let mut report = findings_report();
        let first = report.findings[0].clone();
        for file in [
            "/nix/store/a-x/b",
            "/nix/store/a-x/c",
            "/nix/store/b-y/d",
            "/elsewhere",
        ] {
            let mut other = first.clone();
            other.file = file.into();
            report.findings.push(other);
        }
        let mut unlike = first.clone();
        unlike.message.push('!');
        report.findings.push(unlike);
        let text = shown(&report, Style::default());
        let titles = |text: &str| text.matches("error[unresolved-program]").count();
        assert_eq!(titles(&text), 4, "{text}");
        let note = "\n  = note: the same in 2 more places: b:2, c:2\n";
        assert_eq!(text.matches(note).count(), 1, "{text}");
        let all = Style {
            all: true,
            ..Style::default()
        };
        let text = shown(&report, all);
        assert_eq!(titles(&text), 6, "{text}");
        assert!(!text.contains("the same in"), "{text}");
    }

    #[test]
    fn quiet_leaves_errors() {
        let text = shown(&report(), QUIET);
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
        let changes = report.changes.as_mut().unwrap();
        changes.dry_run = true;
        changes.outcome.unresolved = 0;
        changes.outcome.configuration.clear();
        changes.outcome.new_references[0].1 = ["a", "b", "c", "d"].map(Into::into).into();
        assert_eq!(
            shown(&report, Style::default()),
            "x-1.0: 4 files would be changed, 1 reference replaced\n  out newly refers to 4 store \
             paths (--verbose names them)\n"
        );
        assert_eq!(
            shown(&report, VERBOSE),
            "x-1.0: 4 files would be changed, 1 reference replaced, 2 references kept\n  out newly \
             refers to a b c d\n"
        );
        report.changes.as_mut().unwrap().outcome = Outcome::default();
        assert_eq!(shown(&report, Style::default()), "");
        assert_eq!(
            shown(&report, VERBOSE),
            "x-1.0: nothing to change, 0 references kept\n"
        );
    }

    #[test]
    fn how_configuration_is_overridden() {
        let at = |path: &str| PathBuf::from(path);
        let reader = |reads, overridden| ConfigurationReader {
            file: at("/nix/store/a-x/bin/x"),
            reads,
            overridden,
        };
        let file = |name: &str, readers, overrides| ConfigurationFile {
            path: at(name),
            file: at("/nix/store/a-x/etc/x"),
            readers,
            overrides,
        };
        let replace = Some(Override::Replace(at("/etc/b")));
        let mut files = vec![
            file(
                "/etc/a",
                vec![reader(ReadFrom::Output, None)],
                vec![
                    Override::Directory(at("/etc/a.d")),
                    Override::Include(at("/etc/a.local")),
                ],
            ),
            file(
                "/etc/b",
                vec![
                    reader(ReadFrom::Etc, replace),
                    reader(ReadFrom::Output, None),
                ],
                Vec::new(),
            ),
            file("/etc/unread", Vec::new(), Vec::new()),
        ];
        let mut text = String::new();
        summarize_configuration(&files, Style::default(), &mut text);
        assert_eq!(
            text,
            "  /etc/a: overridden by files in /etc/a.d; overridden by /etc/a.local\n  /etc/b: not \
             overridden everywhere; overridden by a file there, in place of the link\n"
        );
        let first = files[0].clone();
        files.extend(std::iter::repeat_n(first, 5));
        text.clear();
        summarize_configuration(&files, Style::default(), &mut text);
        assert!(
            text.ends_with("  and 2 files of /etc (--verbose names them)\n"),
            "{text}"
        );
        text.clear();
        summarize_configuration(&files, VERBOSE, &mut text);
        assert_eq!(text.lines().count(), 7);
    }

    #[test]
    fn people_are_told_how_many_and_what_next() {
        let mut found = findings_report();
        let text = shown(&found, Style::default());
        let (_, end) = text.split_once("\\xff\n\n").unwrap();
        assert_eq!(
            end,
            "1 error  unresolved-program\n 1 note  an-output\nx-1.0: 2 findings, 2 allowed\nnext: begin \
             with unresolved-program, 1 of 2 findings: tool --explain unresolved-program says what to do\n"
        );
        let quiet = shown(&found, QUIET);
        assert!(
            quiet.contains("error[") && !quiet.contains("next:"),
            "{quiet}"
        );
        let mut again = found.findings[0].clone();
        again.severity = Severity::Warning;
        found.findings.insert(1, again);
        let text = shown(&found, Style::default());
        assert!(
            text.contains(
                "\n1 error, 1 warning  unresolved-program\n            1 note  an-output\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn nothing_found_says_nothing() {
        let mut found = findings_report();
        found.findings.clear();
        found.allowed = 0;
        assert_eq!(shown(&found, Style::default()), "");
        assert_eq!(shown(&found, QUIET), "");
        assert_eq!(shown(&found, VERBOSE), "x-1.0: nothing found\n");
        found.gone = 1;
        assert_eq!(
            shown(&found, Style::default()),
            "x-1.0: 0 findings, 1 of the baseline not found any more\nnext: write the baseline anew with \
             --write-baseline, so that what is gone stays gone\n"
        );
    }

    #[test]
    fn a_diff_on_a_terminal_has_no_raw_control_characters() {
        for (stdout_is_terminal, expected) in [(true, "\\x1b[31m"), (false, "\x1b[31m")] {
            let mut report = report();
            let edit = Edit {
                span: Span::new(0, 1),
                text: b"b".to_vec(),
            };
            let edits = FileEdits::new("/f".into(), b"a \x1b[31m\n".to_vec(), &[edit]).unwrap();
            report.changes.as_mut().unwrap().outcome.plan = vec![Change::Edit(edits)].into();
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let mut streams = Streams {
                stdout: &mut stdout,
                stderr: &mut stderr,
                stdout_is_terminal,
                stderr_is_terminal: false,
            };
            let style = Style {
                color: Color::Never,
                ..Style::default()
            };
            announce(&report, style, &mut streams).unwrap();
            let text = String::from_utf8(stdout).unwrap();
            assert!(text.contains(&format!("+b {expected}\n")), "{text}");
        }
    }

    #[test]
    fn places_anywhere_can_be_shown() {
        let file = SourceText::new(*b"\xa9\xa9\xc3\r\n\xc3\xa9 a\\\r\n\tb\\\n\\\n\\\n\xff\\\nlast");
        let renderer = Renderer::plain();
        for start in 0..=file.len() + 1 {
            for end in start..=file.len() + 1 {
                let mut finding = report().findings.remove(0);
                let place = Place::new(&file, Span::new(start, end));
                let excerpt = Excerpt::of(&place);
                assert!(
                    excerpt.text.get(excerpt.mark.clone()).is_some(),
                    "{start}..{end}"
                );
                finding.place = Some(place);
                assert!(!render(&finding, std::iter::empty(), &renderer).is_empty());
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
        finding.place = Some(Place::new(
            &SourceText::new(file.clone()),
            Span::new(start, file.len()),
        ));
        for renderer in [Renderer::plain(), Renderer::styled()] {
            let text = render(&finding, std::iter::empty(), &renderer);
            let line = text.lines().nth(1).unwrap();
            assert!(line.contains("x.service:2:205"), "{line}");
        }
    }
}
