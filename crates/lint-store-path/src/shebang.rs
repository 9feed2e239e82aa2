//! What rules about scripts share.

use hermetic_out_formats::Span;

use crate::facts::{FileFacts, Shebang};

/// The first line of a file that is run by it: one that nobody may execute is read by other programs,
/// which name the interpreter themselves.
pub(crate) fn executed(file: &FileFacts) -> Option<&Shebang> {
    let shebang = file.content()?.shebang.as_ref()?;
    file.is_executable().then_some(shebang)
}

/// Where the interpreter stands.
pub(crate) fn span(shebang: &Shebang) -> Span {
    let start = usize::try_from(shebang.start).unwrap_or_default();
    Span::new(start, start + shebang.interpreter.len())
}

/// Whether env(1) looks for the interpreter on the PATH: not if it is given an absolute path.
pub(crate) fn is_looked_up(shebang: &Shebang) -> bool {
    shebang.interpreter.ends_with(b"/env") && !shebang.argument.starts_with(b"/")
}
