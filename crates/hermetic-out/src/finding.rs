//! What is not right in a package: data, to be rendered by others.

use std::path::PathBuf;

use hermetic_out_formats::Span;
use serde::Serialize;

use crate::source_text::{Line, SourceText};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing breaks by it.
    Note,
    /// Probably wrong.
    Warning,
    /// It will fail at run time, or was asked to be fatal.
    Error,
}

impl Severity {
    /// Its name in reports and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a kind of finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Programs and libraries.
    Elf,
    /// Scripts.
    Scripts,
    /// Files, directories and links, whatever is in them.
    Tree,
    /// systemd's units.
    Units,
    /// What integrates a package with the system beside units: D-Bus, udev, tmpfiles.d, sysusers.d,
    /// binfmt.d, modprobe.d, polkit.
    IntegrationFiles,
    /// `.pc` files.
    PkgConfig,
    /// Configuration.
    Etc,
    /// PAM and the name service switch.
    Authentication,
    /// The outputs of a package, and the references between them.
    Outputs,
    /// The image as a whole.
    Image,
}

impl Group {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Scripts => "scripts",
            Self::Tree => "tree",
            Self::Units => "units",
            Self::IntegrationFiles => "integration files",
            Self::PkgConfig => "pkg-config",
            Self::Etc => "etc",
            Self::Authentication => "authentication",
            Self::Outputs => "outputs",
            Self::Image => "image",
        }
    }
}

/// A kind of finding: what its id stands for, independent of any file.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// A stable name in kebab case, unique among all tools: one fact has one id, whichever tool reports it.
    pub id: &'static str,
    /// Former ids. Options, configuration and baselines accept them in place of `id`.
    pub aliases: &'static [&'static str],
    /// The severity, unless the place of the finding calls for another.
    pub severity: Severity,
    /// What it is about.
    pub group: Group,
    /// What is wrong, in one line without a full stop.
    pub summary: &'static str,
    /// Some paragraphs of Markdown: when it arises, and what breaks.
    pub explanation: &'static str,
    /// A few lines of a file that lead to such a finding.
    pub example: &'static str,
    /// What to do about it, as an imperative without a full stop: the help of every finding that does not
    /// have a better one.
    pub remedy: &'static str,
}

impl FindingKind {
    /// Whether `name` is the id or a former id.
    #[must_use]
    pub fn has_id(&self, name: &str) -> bool {
        self.id == name || self.aliases.contains(&name)
    }

    /// Where its documentation is: a URL if the workspace names its repository, a path within the project
    /// otherwise.
    #[must_use]
    pub fn page(&self) -> String {
        page(REPOSITORY, self.id)
    }
}

/// The public address of the project: `repository` in the workspace's `Cargo.toml`, the one place that
/// says it. Empty as long as there is none.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

fn page(repository: &str, id: &str) -> String {
    match repository.trim_end_matches('/') {
        "" => format!("docs/rules/{id}.md"),
        repository => format!("{repository}/blob/main/docs/rules/{id}.md"),
    }
}

/// The kind among `kinds` whose id or former id is `name`.
#[must_use]
pub fn kind_by_id(kinds: &[&'static FindingKind], name: &str) -> Option<&'static FindingKind> {
    // An id goes before what another kind was called in former times.
    let by_id = kinds.iter().find(|kind| kind.id == name);
    let by_any = || kinds.iter().find(|kind| kind.has_id(name));
    by_id.or_else(by_any).copied()
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The column at which it begins, in bytes, from 1.
    pub column: usize,
    /// The bytes meant.
    pub span: Span,
    /// The text of the file.
    pub text: SourceText,
}

impl Place {
    /// The place `span` of the file whose content is `text`; a span past the end is taken as the end.
    #[must_use]
    pub fn new(text: &SourceText, span: Span) -> Self {
        let start = span.start.min(text.len());
        let end = span.end.clamp(start, text.len());
        let line = text.line_at(start);
        Self {
            line: line.number,
            column: start - line.span.start + 1,
            span: Span::new(start, end),
            text: text.clone(),
        }
    }

    /// The lines that hold it.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        self.text.lines_of(self.span)
    }
}

/// Something in a package that is not right.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing it is.
    pub kind: &'static FindingKind,
    /// How bad it is here.
    pub severity: Severity,
    /// The file, by its store path; or the output, for what concerns an output as a whole.
    pub file: PathBuf,
    /// Where in the file.
    pub place: Option<Place>,
    /// What it is about, as it stands in the file: a program, a path (any bytes).
    pub subject: Vec<u8>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, in one sentence; empty if nothing can be said.
    pub help: String,
}

impl Finding {
    /// A finding about `file`, with the kind's severity and remedy, and with neither place nor subject.
    #[must_use]
    pub fn new(
        kind: &'static FindingKind,
        file: impl Into<PathBuf>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            severity: kind.severity,
            file: file.into(),
            place: None,
            subject: Vec::new(),
            message: message.into(),
            help: kind.remedy.to_owned(),
        }
    }

    /// The same, about the place `span` of the file, whose content is `text`.
    #[must_use]
    pub fn at(mut self, text: &SourceText, span: Span) -> Self {
        self.place = Some(Place::new(text, span));
        self
    }

    /// The same, with what it is about as it stands in the file.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<Vec<u8>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same, with another severity than the kind's.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same, with what helps here in place of the kind's remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn kind(id: &'static str, aliases: &'static [&'static str]) -> FindingKind {
        FindingKind {
            id,
            aliases,
            severity: Severity::Warning,
            group: Group::Tree,
            summary: "A file is missing",
            explanation: "",
            example: "",
            remedy: "add it",
        }
    }

    static MISSING: FindingKind = kind("missing-file", &["file-gone", "no-file"]);
    static OTHER: FindingKind = kind("no-file", &[]);

    #[test]
    fn kinds_are_found_by_former_ids() {
        let id = |name| kind_by_id(&[&MISSING, &OTHER], name).map(|kind| kind.id);
        assert_eq!(id("file-gone"), Some("missing-file"));
        assert_eq!(id("no-file"), Some("no-file"), "ids go first");
        assert_eq!(id("file"), None);
    }

    #[test]
    fn a_page_has_an_address_if_the_project_has_one() {
        assert_eq!(page("", "a-b"), "docs/rules/a-b.md");
        assert_eq!(
            page("https://example.org/x/", "a-b"),
            "https://example.org/x/blob/main/docs/rules/a-b.md"
        );
    }

    #[test]
    fn a_finding_has_what_its_kind_says_until_it_is_told_better() {
        let finding = Finding::new(&MISSING, "/x", "/x/y is missing");
        assert_eq!(
            (finding.severity, &*finding.help),
            (Severity::Warning, "add it")
        );
        assert!(finding.place.is_none() && finding.subject.is_empty());
        let finding = finding
            .at(&SourceText::new(*b"a\nb"), Span::new(2, 3))
            .with_subject("b")
            .with_severity(Severity::Note)
            .with_help("");
        assert_eq!(finding.place.unwrap().line, 2);
        assert_eq!((finding.severity, &*finding.help), (Severity::Note, ""));
    }

    #[test]
    fn a_place_knows_its_line() {
        let file = SourceText::new(*b"[Service]\nExecStart=/usr/bin/x \\\n  -f\nType=simple");
        let lines = |place: &Place| -> Vec<&[u8]> {
            place.lines().map(|line| line.span.of(&file)).collect()
        };
        let place = Place::new(&file, Span::new(20, 30));
        assert_eq!((place.line, place.column), (2, 11));
        assert_eq!(lines(&place), [b"ExecStart=/usr/bin/x \\"]);
        let over_two_lines = Place::new(&file, Span::new(20, 37));
        let expected: [&[u8]; 2] = [b"ExecStart=/usr/bin/x \\", b"  -f"];
        assert_eq!(lines(&over_two_lines), expected);
        let last = Place::new(&file, Span::new(38, 100));
        assert_eq!((last.line, last.column), (4, 1));
        assert_eq!(lines(&last), [b"Type=simple"]);
        let empty = Place::new(&SourceText::default(), Span::new(3, 5));
        assert_eq!((empty.line, empty.column), (1, 1));
        assert_eq!(empty.lines().count(), 1);
    }

    #[test]
    fn findings_share_the_text() {
        let file = SourceText::new(b"x".repeat(100));
        let at = |start| Finding::new(&MISSING, "/x", "").at(&file, Span::new(start, start + 1));
        for start in 0..100 {
            let place = at(start).place.unwrap();
            assert_eq!(place.text.as_ptr(), file.as_ptr());
        }
    }
}
