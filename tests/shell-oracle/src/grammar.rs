//! The commands of a text by tree-sitter's grammar of bash.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use crate::Name;

/// The longest text that is parsed, in bytes: the time that the grammar takes grows with the square of the
/// length.
pub const MAX_SIZE: usize = 256 * 1024;

/// How often the parser may report progress (every 100 steps) for each byte of a text before it is
/// stopped.
const PROGRESS_PER_BYTE: usize = 8;

/// The names of all commands, in the order of the text; `None` if the grammar refuses it.
pub(crate) fn commands(text: &[u8]) -> Option<Vec<Name>> {
    // Shells read bytes; the grammar reads UTF-8, and takes all of Unicode's blanks for blanks.
    let is_plain = |byte: u8| byte.is_ascii_graphic() || b" \t\n\r".contains(&byte);
    let ascii: Vec<u8> = text
        .iter()
        .map(|byte| if is_plain(*byte) { *byte } else { b'x' })
        .collect();
    let tree = parse(&ascii).filter(|tree| !tree.root_node().has_error())?;
    let mut names = Vec::new();
    // Trees can be as deep as the text is long: no recursion.
    let mut cursor = tree.walk();
    'nodes: loop {
        names.extend(name(cursor.node(), text));
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                break 'nodes;
            }
        }
    }
    names.sort();
    Some(names)
}

/// The name of the command that a node is. What POSIX has as commands, the grammar has in part as nodes of
/// their own.
fn name(node: Node, text: &[u8]) -> Option<Name> {
    let range = match node.kind() {
        "command" => node.child_by_field_name("name")?.byte_range(),
        "declaration_command" | "unset_command" => node.child(0)?.byte_range(),
        "test_command" if node.child(0)?.kind() == "[" => node.child(0)?.byte_range(),
        _ => return None,
    };
    Some((range.start, text.get(range)?.to_vec()))
}

fn parse(text: &[u8]) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    if text.len() > MAX_SIZE {
        return None;
    }
    let mut left = PROGRESS_PER_BYTE * text.len() + 1024;
    let mut progress = |_: &ParseState| {
        left = left.saturating_sub(1);
        match left {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| text.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}
