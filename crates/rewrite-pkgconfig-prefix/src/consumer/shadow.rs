//! The copy of one `.pc` file for a consumer.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::package::normalize;
use hermetic_out::{Edit, Finding, SourceText};
use hermetic_out_formats::pkg_config::{
    MAX_VALUE, PREFIX, Piece, Statement, StatementKind, Value, Variables, is_absolute_path, scan,
};
use hermetic_out_formats::{Encoding, Span};

use super::Build;
use crate::findings::{self, at};

/// What makes the copy of the file.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    pub(super) edits: Vec<Edit>,
    pub(super) findings: Vec<Finding>,
    /// How many variables say something else in the copy.
    pub(super) redirected: usize,
}

/// The copy of the file at `path`, in which `install` (names of variables) point into the consumer's
/// output, and all else says what it says in the file.
pub(super) fn shadow(
    path: &Path,
    content: &SourceText,
    install: &BTreeSet<Vec<u8>>,
    build: &Build,
) -> Shadow {
    let directory = path.parent().unwrap_or(path).as_os_str().as_bytes();
    let mut shadow = Shadow::default();
    let mut variables = Variables::of_file_in(directory);
    // What stands for a variable where the copy must not use it: its own value there is another.
    let mut inlined: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    inlined.insert(b"pcfiledir".to_vec(), directory.to_vec());
    for statement in &scan(content).statements {
        let is_install =
            statement.kind == StatementKind::Variable && install.contains(&statement.name);
        variables.read(statement);
        let own = variables.get(&statement.name).filter(|_| is_install);
        let Some(target) = own.and_then(|value| target(value, &variables, build)) else {
            if is_install {
                shadow.findings.push(not_absolute(path, content, statement));
            }
            inline(statement, &inlined, &mut shadow.edits);
            if statement.kind == StatementKind::Variable {
                inlined.remove(&statement.name);
            }
            continue;
        };
        let same = own == Some(&target);
        let raw = source(&statement.value, &inlined);
        inlined.insert(statement.name.clone(), raw);
        // It begins with a slash, so it is in the file.
        let Some(span) = statement.value.text.covering_span() else {
            continue;
        };
        if let Ok(text) = Encoding::PkgConfigValue.encode(&target) {
            shadow.edits.push(Edit { span, text });
            shadow.redirected += usize::from(!same);
        }
    }
    shadow
}

/// Where in the consumer's output lies what the provider has at `value`: the same place below the
/// prefix. `None` if `value` is no absolute path.
fn target(value: &[u8], variables: &Variables, build: &Build) -> Option<Vec<u8>> {
    if !is_absolute_path(value) {
        return None;
    }
    let path = normalize(value)?;
    let prefix = build.prefix.as_os_str().as_bytes();
    let below = |directory: &[u8]| -> Option<Vec<u8>> {
        let directory = directory.strip_suffix(b"/").unwrap_or(directory);
        let rest = path.strip_prefix(directory)?;
        rest.starts_with(b"/").then(|| rest.to_vec())
    };
    if below(prefix).is_some() {
        return Some(path);
    }
    let in_store = below(build.store.directory.as_os_str().as_bytes()).map(|rest| {
        // Without the name of the store path.
        let rest = rest.get(1..).unwrap_or_default();
        let slash = rest.find_byte(b'/').unwrap_or(rest.len());
        rest.get(slash..).unwrap_or_default().to_vec()
    });
    let its_prefix = variables.get(PREFIX).and_then(normalize);
    let rest = in_store
        .or_else(|| below(b"/usr/local"))
        .or_else(|| below(b"/usr"))
        .or_else(|| below(&its_prefix.filter(|prefix| prefix.len() > 1)?))
        .unwrap_or_else(|| path.clone());
    Some([prefix, &rest].concat())
}

fn not_absolute(path: &Path, content: &SourceText, statement: &Statement) -> Finding {
    let extent = statement.value.text.covering_span();
    let span = extent.unwrap_or(Span::new(statement.lines.start, statement.lines.start));
    let message = format!(
        "the value of the install variable {} is not an absolute path",
        statement.name.as_bstr()
    );
    let help = "pass the directory to the build";
    at(
        &findings::PC_INSTALL_NOT_ABSOLUTE,
        path,
        content,
        span,
        message,
        help,
    )
}

/// Replaces the variables of a statement that say something else in the copy by what they stand for.
fn inline(statement: &Statement, inlined: &BTreeMap<Vec<u8>, Vec<u8>>, edits: &mut Vec<Edit>) {
    let value = &statement.value;
    for piece in &value.pieces {
        let Piece::Variable { range, name } = piece else {
            continue;
        };
        let Some(text) = inlined.get(value.bytes(name.clone())) else {
            continue;
        };
        // A variable can be continued on the next line: all of it goes.
        if let Some(span) = value.text.slice(range.clone()).covering_span() {
            let text = text.clone();
            edits.push(Edit { span, text });
        }
    }
}

/// How a value would be written in the copy, if it were to mean what it means in the file.
fn source(value: &Value, inlined: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut text = Vec::new();
    for piece in &value.pieces {
        let whole = value.bytes(piece.range());
        match piece {
            Piece::Variable { name, .. } => match inlined.get(value.bytes(name.clone())) {
                Some(source) => text.extend_from_slice(source),
                None => text.extend_from_slice(whole),
            },
            Piece::Literal(_) | Piece::Unbalanced(_) => text.extend(whole.replace("#", "\\#")),
        }
        if text.len() > MAX_VALUE {
            text.clear();
            break;
        }
    }
    text
}
