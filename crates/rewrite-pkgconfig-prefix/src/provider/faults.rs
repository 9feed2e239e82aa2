//! What is wrong in a `.pc` file, wherever its paths lead.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{Finding, FindingKind, SourceText};
use hermetic_out_formats::Span;
use hermetic_out_formats::pkg_config::{
    GIVEN_VARIABLES, PREFIX, PkgConfig, Statement, StatementKind, Value, Variables,
};

use crate::findings::{self, at};

/// So many findings about one file are kept: each holds the line it is about.
const MAX_FINDINGS: usize = 100;

/// Findings about one file.
pub(super) struct Faults<'a> {
    path: &'a Path,
    content: &'a SourceText,
    found: Vec<Finding>,
    /// How many more there were.
    more: usize,
}

impl<'a> Faults<'a> {
    pub(super) fn new(path: &'a Path, content: &'a SourceText) -> Self {
        Self {
            path,
            content,
            found: Vec::new(),
            more: 0,
        }
    }

    /// All of them, by their place.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        let start = |finding: &Finding| finding.place.as_ref().map(|place| place.span);
        self.found.sort_by_key(start);
        if let Some(last) = self.found.last_mut().filter(|_| self.more > 0) {
            let _ = write!(
                last.message,
                ", and {} more findings are in this file",
                self.more
            );
        }
        self.found
    }

    /// A prefix that is neither a path nor empty.
    pub(super) fn find_relative_prefix(&mut self, file: &PkgConfig, directory: &[u8]) {
        let mut variables = Variables::of_file_in(directory);
        for statement in &file.statements {
            variables.read(statement);
            let value = variables.get(PREFIX).filter(|_| statement.defines(PREFIX));
            let is_odd = |value: &[u8]| !value.is_empty() && !value.starts_with(b"/");
            if let Some(shown) = value.filter(|value| is_odd(value)) {
                let message = format!("the prefix {} is not an absolute path", shown.as_bstr());
                let help = findings::PC_RELATIVE_PREFIX.remedy;
                let all = 0..statement.value.text.len();
                let kind = &findings::PC_RELATIVE_PREFIX;
                self.report(kind, &statement.value, &all, message, help);
            }
        }
    }

    /// What has nothing to do with where things are. Whether `prefix` is defined twice.
    pub(super) fn find(&mut self, file: &PkgConfig) -> bool {
        for problem in &file.problems {
            let (kind, message, help) = findings::of_problem(problem.kind);
            self.report_at(kind, problem.span, message.into(), help);
        }
        for undefined in file.undefined_variables() {
            let Some(statement) = file.statements.get(undefined.statement) else {
                continue;
            };
            let shown = undefined.name.as_bstr();
            let message = format!("the variable {shown} is not defined above this line");
            let help = findings::PC_UNDEFINED_VARIABLE.remedy;
            let kind = &findings::PC_UNDEFINED_VARIABLE;
            self.report(kind, &statement.value, &undefined.range, message, help);
        }
        let mut defined: BTreeSet<&[u8]> = GIVEN_VARIABLES.iter().copied().collect();
        let mut has_two_prefixes = false;
        for statement in &file.statements {
            let value = &statement.value;
            let is_of_paths = statement.kind == StatementKind::Variable || statement.is_flags();
            if let Some(range) = make_variable(value.text.bytes()).filter(|_| is_of_paths) {
                let shown = value.bytes(range.clone()).as_bstr();
                let message = format!("{shown} is not the syntax of a variable in a .pc file");
                let help = findings::PC_MAKE_VARIABLE.remedy;
                self.report(&findings::PC_MAKE_VARIABLE, value, &range, message, help);
            }
            if statement.kind == StatementKind::Variable && !defined.insert(&statement.name) {
                has_two_prefixes |= statement.name == PREFIX;
                let message = format!("the variable {} is defined twice", statement.name.as_bstr());
                let span = first_line(statement, self.content);
                let help = findings::PC_DUPLICATE_VARIABLE.remedy;
                let kind = &findings::PC_DUPLICATE_VARIABLE;
                self.report_at(kind, span, message, help);
            }
        }
        has_two_prefixes
    }

    /// A finding about a part of a value.
    pub(super) fn report(
        &mut self,
        kind: &'static FindingKind,
        value: &Value,
        range: &Range<usize>,
        message: String,
        help: &str,
    ) {
        let extent = value.text.slice(range.clone()).covering_span();
        let span = extent.unwrap_or(Span::new(0, 0));
        if let Some(finding) = self.report_at(kind, span, message, help) {
            finding.subject = value.bytes(range.clone()).to_vec();
        }
    }

    /// A finding about a part of the file; `None` if there are too many.
    fn report_at(
        &mut self,
        kind: &'static FindingKind,
        span: Span,
        message: String,
        help: &str,
    ) -> Option<&mut Finding> {
        if self.found.len() == MAX_FINDINGS {
            self.more += 1;
            return None;
        }
        let finding = at(kind, self.path, self.content, span, message, help);
        self.found.push(finding);
        self.found.last_mut()
    }
}

/// The first physical line of a statement, without its end.
fn first_line(statement: &Statement, content: &[u8]) -> Span {
    let bytes = statement.lines.of(content);
    let length = bytes.find_byteset(b"\n\r").unwrap_or(bytes.len());
    Span::new(statement.lines.start, statement.lines.start + length)
}

/// The place of the first `$(NAME)`.
fn make_variable(value: &[u8]) -> Option<Range<usize>> {
    let start = value.find(b"$(")?;
    let rest = value.get(start + 2..)?;
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    (length > 0 && rest.get(length) == Some(&b')')).then_some(start..start + length + 3)
}
