//! What holds for `.pc` files of any bytes.

use hermetic_out_formats::Span;
use hermetic_out_formats::pkg_config::{
    MAX_VALUE, Piece, PkgConfig, StatementKind, Variables, path_words, scan,
};

/// Replaced words of one file, at most: a long file would take quadratic time.
const MAX_REPLACED: usize = 4;

/// Checks all that holds for a `.pc` file:
///
/// - statements lie in the file, in order, without overlap, and their values inside them;
/// - the pieces of a value are all of it, and paths are parts of it, in order;
/// - values stay below their limit;
/// - a path that is replaced is read again as just that, and nothing else has changed.
pub fn check(file: &[u8]) {
    let found = scan(file);
    let mut at = 0;
    for statement in &found.statements {
        let Span { start, end } = statement.lines;
        assert!(at <= start && start < end && end <= file.len());
        at = end;
        let text = &statement.value.text;
        if let Some(extent) = text.covering_span() {
            assert!(start <= extent.start && extent.end <= end, "{statement:?}");
        }
        let mut next = 0;
        for piece in &statement.value.pieces {
            assert_eq!(piece.range().start, next);
            next = piece.range().end;
        }
        assert_eq!(next, text.len(), "the pieces are the value");
        let mut next = 0;
        for word in path_words(&statement.value) {
            assert!(next <= word.range.start && word.range.start < word.range.end);
            assert!(word.range.end <= text.len());
            next = word.range.end;
        }
    }
    let mut variables = Variables::of_file_in(b"/d");
    for statement in &found.statements {
        variables.read(statement);
        let value = variables.get(&statement.name).unwrap_or_default();
        assert!(value.len() <= MAX_VALUE);
    }
    let mut replaced = 0;
    for (index, statement) in found.statements.iter().enumerate() {
        for word in path_words(&statement.value) {
            let text = statement.value.text.slice(word.range.clone());
            let Some(span) = text.editable_span().filter(|_| replaced < MAX_REPLACED) else {
                continue;
            };
            replaced += 1;
            let path = text.encode(b"${root}/a#b").expect("it can be written");
            let changed = [&file[..span.start], &path, &file[span.end..]].concat();
            let mut expected = found.statements[index].value.text.bytes().to_vec();
            expected.splice(word.range, *b"${root}/a#b");
            check_same(&found, &scan(&changed), index, &expected);
        }
    }
}

fn check_same(before: &PkgConfig, after: &PkgConfig, index: usize, expected: &[u8]) {
    let said = |found: &PkgConfig| -> Vec<(StatementKind, Vec<u8>, Vec<u8>)> {
        let statements = found.statements.iter().map(|statement| {
            let value = statement.value.text.bytes().to_vec();
            (statement.kind, statement.name.clone(), value)
        });
        statements.collect()
    };
    let mut wanted = said(before);
    wanted[index].2 = expected.to_vec();
    assert_eq!(said(after), wanted);
    let variable = |piece: &Piece| matches!(piece, Piece::Variable { .. });
    assert!(after.statements[index].value.pieces.iter().any(variable));
}
