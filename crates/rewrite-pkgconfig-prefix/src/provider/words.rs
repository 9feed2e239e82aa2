//! The paths in the statements of a file, each with what it should be.

use std::ops::Range;

use hermetic_out::package::normalize;
use hermetic_out_formats::pkg_config::{
    PkgConfig, Statement, StatementKind, Value, Variables, is_absolute_path, path_words,
};

use super::places::{Place, Places};

/// A path in a statement that may have to be another.
pub(super) struct Word {
    /// Where it stands in the value.
    pub(super) range: Range<usize>,
    /// Whether nothing else stands there.
    pub(super) is_whole: bool,
    /// Whether it goes on in a way that is not understood.
    pub(super) is_partial: bool,
    /// What it says, worked out.
    pub(super) path: Vec<u8>,
    /// What it should be.
    pub(super) place: Place,
}

/// The paths of each statement for which this package may be to say where they are.
pub(super) fn words(
    file: &PkgConfig,
    mut variables: Variables,
    from: usize,
    places: &Places<'_>,
) -> Vec<Vec<Word>> {
    let mut all = Vec::with_capacity(file.statements.len());
    for statement in &file.statements {
        let mut found = Vec::new();
        if statement.kind == StatementKind::Variable || statement.is_flags() {
            for word in path_words(&statement.value) {
                let range = word.range;
                let value = &statement.value;
                let path = value.expand_range(range.clone(), |name| variables.get(name));
                let Some(path) = path.filter(|path| is_absolute_path(path)) else {
                    continue;
                };
                found.push(Word {
                    range,
                    is_whole: word.is_whole,
                    is_partial: word.is_partial,
                    place: places.of(&path, from),
                    path,
                });
            }
        }
        all.push(found);
        variables.read(statement);
    }
    all
}

/// Whether the value of a variable is a list of directories.
pub(super) fn is_search_path(statement: &Statement) -> bool {
    let value = statement.value.text.bytes();
    let begins = value.starts_with(b"/") || value.starts_with(b"${");
    statement.kind == StatementKind::Variable && begins && value.contains(&b':')
}

/// Whether two paths are the same but for dots and slashes.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let plain = |path| {
        let mut path = normalize(path)?;
        while path.len() > 1 && path.ends_with(b"/") {
            path.pop();
        }
        Some(path)
    };
    plain(one) == plain(other)
}

/// Whether `path` can be written where a word of `value` stands.
pub(super) fn can_be_written(value: &Value, word: &Word, path: &[u8]) -> bool {
    let text = value.text.slice(word.range.clone());
    !word.is_partial
        && text.editable_span().is_some()
        && !path.contains(&b'$')
        && text.encode(path).is_ok()
}
