//! The sources of tmpfiles.d's links and copies that the package itself has.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out::package::normalize;
use hermetic_out::resolve::without_prefix;
use hermetic_out::{Edit, Output, Package, Tree};
use hermetic_out_formats::tmpfiles::{Line, lines, scan};
use hermetic_out_formats::{Encoding, Lookup, Quote, Span};

use crate::layout::Layout;

/// Where systemd-tmpfiles takes from what has no argument: tmpfiles.d(5).
const FACTORY: &[u8] = b"/usr/share/factory";

/// The edits of a file of tmpfiles.d: a relative target that an own output has becomes absolute, the link
/// /etc/os-release leads to `os_release`, and what is taken from the factory of the package says so.
pub(crate) fn edits(
    content: &[u8],
    package: &Package,
    layout: &Layout,
    tree: &Tree,
    os_release: Option<&Path>,
) -> Vec<Edit> {
    let own = |sub_path: &[u8]| {
        let runtime = package
            .outputs
            .iter()
            .filter(|output| Output::is_runtime(output));
        runtime
            .map(|output| output.join(sub_path))
            .find(|path| tree.look_up(path).is_some())
    };
    let mut edits = Vec::new();
    let mut linked_elsewhere: Vec<Span> = Vec::new();
    for line in lines(content).filter_map(Result::ok) {
        let is_link = line.letter == b'L' && line.path.is_literal();
        if let Some(target) =
            os_release.filter(|_| is_link && line.path.bytes() == b"/etc/os-release")
        {
            edits.extend(with_argument(&line, target));
            linked_elsewhere.push(line.span);
            continue;
        }
        let takes = matches!(line.letter, b'L' | b'C') && line.path.is_literal();
        let is_data = line
            .modifiers
            .iter()
            .any(|modifier| b"~^".contains(modifier));
        let has_argument = !matches!(line.argument.bytes(), b"" | b"-");
        if !takes || is_data || has_argument {
            continue;
        }
        let source = [FACTORY, line.path.bytes()].concat();
        let source = normalize(&source).unwrap_or_default();
        let source = source.strip_suffix(b"/").unwrap_or(&source);
        if let Some(path) = own(without_prefix(source)) {
            edits.extend(with_argument(&line, &path));
        }
    }
    for reference in scan(content).references {
        let Lookup::Directory(directory) = &reference.lookup else {
            continue;
        };
        let Some(span) = reference.text.editable_span() else {
            continue;
        };
        let is_done = |line: &Span| line.start <= span.start && span.end <= line.end;
        if linked_elsewhere.iter().any(is_done) {
            continue;
        }
        let joined = [directory.as_slice(), b"/", reference.text.bytes()].concat();
        let means = normalize(&joined).unwrap_or_default();
        let in_etc = means.strip_prefix(b"/etc/");
        let path = match in_etc {
            Some(sub_path) => layout
                .shipped
                .get(sub_path)
                .map(|shipped| shipped.path.clone()),
            None => own(without_prefix(&means)),
        };
        let text = path.and_then(|path| reference.text.encode(path.as_os_str().as_bytes()).ok());
        edits.extend(text.map(|text| Edit { span, text }));
    }
    edits
}

/// Gives a line this argument.
fn with_argument(line: &Line, target: &Path) -> Option<Edit> {
    let target: &OsStr = target.as_os_str();
    let encoded = Encoding::Specifier
        .encode(target.as_bytes())
        .and_then(|target| Encoding::UnitWord(Quote::Bare).encode(&target))
        .ok()?;
    if let Some(span) = line.argument.editable_span() {
        return Some(Edit {
            span,
            text: encoded,
        });
    }
    let missing = b" -".repeat(6 - line.fields);
    Some(Edit {
        span: Span::new(line.span.end, line.span.end),
        text: [&missing[..], b" ", &encoded].concat(),
    })
}
