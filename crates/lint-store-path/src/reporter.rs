//! Where rules put what they find.

use std::path::PathBuf;

use hermetic_out::{FindingKind, Severity};
use hermetic_out_formats::Span;

/// Something that is not right, before anybody wants to see it: a finding without the lines of its file.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of thing it is.
    pub kind: &'static FindingKind,
    /// How bad it is here.
    pub severity: Severity,
    /// The file, by its store path; or the store path, for what concerns it as a whole.
    pub file: PathBuf,
    /// Where in the file, if it is text.
    pub span: Option<Span>,
    /// What it is about, as it stands in the file.
    pub subject: Vec<u8>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What one rule finds.
#[derive(Debug)]
pub struct Reporter {
    kind: &'static FindingKind,
    found: Vec<Diagnostic>,
}

impl Reporter {
    /// One for findings of this kind.
    #[must_use]
    pub fn new(kind: &'static FindingKind) -> Self {
        Self {
            kind,
            found: Vec::new(),
        }
    }

    /// What was reported.
    #[must_use]
    pub fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    /// Reports something about a file, with the severity and remedy of the kind; what is to be different
    /// can be changed in what it gives.
    pub fn report(
        &mut self,
        file: impl Into<PathBuf>,
        subject: impl Into<Vec<u8>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.found.push(Diagnostic {
            kind: self.kind,
            severity: self.kind.severity,
            file: file.into(),
            span: None,
            subject: subject.into(),
            message: message.into(),
            help: self.kind.remedy.to_owned(),
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }
}
