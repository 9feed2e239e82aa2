//! The paths in the statements of a file, each with what it should be.

use std::ops::Range;

use hermetic_out::package::normalize;
use hermetic_out_formats::pkg_config::{
    PkgConfig, StatementKind, Value, Variables, is_absolute_path, is_search_path, path_words,
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
    /// Whether it is a directory of the machine in a search path: it stays, and `place` is added in front
    /// of it.
    pub(super) is_of_machine: bool,
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
                    is_of_machine: false,
                    path,
                });
            }
        }
        if statement.kind == StatementKind::Variable && is_search_path(&statement.value) {
            keep_machine_directories(&mut found, &statement.value, places);
        }
        all.push(found);
        variables.read(statement);
    }
    all
}

/// The directories of the machine in a search path: a program looks there for what other packages and the
/// administrator install. An own directory that they stand for and that the list does not have is added
/// once, in front of the first of them that is not the administrator's (`/usr/local`).
fn keep_machine_directories(words: &mut [Word], value: &Value, places: &Places<'_>) {
    let mut listed: Vec<Place> = Vec::new();
    let mut of_machine: Vec<&mut Word> = Vec::new();
    for word in words {
        let is_chosen = matches!(word.place, Place::Given(_));
        word.is_of_machine =
            is_literal(value, word) && !is_chosen && places.is_of_machine(&word.path);
        if word.is_of_machine {
            of_machine.push(word);
        } else {
            listed.push(word.place.clone());
        }
    }
    of_machine.sort_by_key(|word| {
        let below = word.path.strip_prefix(b"/usr/local");
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    });
    for word in of_machine {
        let is_listed = match &word.place {
            Place::Own { .. } => listed.contains(&word.place),
            Place::Top => listed.iter().any(|place| match place {
                Place::Own { sub_path, .. } => sub_path.is_empty(),
                place => *place == Place::Top,
            }),
            _ => true,
        };
        if is_listed {
            word.place = Place::Elsewhere;
        } else {
            listed.push(word.place.clone());
        }
    }
}

/// Whether the path of a word is written out: no variable says where it begins. In `/${datadir}` behind a
/// sysroot, the slash says nothing.
pub(super) fn is_literal(value: &Value, word: &Word) -> bool {
    let written = value.bytes(word.range.clone());
    let slashes = written.iter().take_while(|byte| **byte == b'/').count();
    slashes > 0 && !written[slashes..].starts_with(b"${")
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
