//! The facts of `.pc` files.

use hermetic_out_formats::Scan;
use hermetic_out_formats::kind::FileKind;

use crate::facts::FileFacts;

/// What a `.pc` file declares; `None` for any other file.
pub(crate) fn pc_file(file: &FileFacts) -> Option<&Scan> {
    let content = file.content()?;
    content
        .scan
        .as_ref()
        .filter(|_| content.kind == Some(FileKind::PkgConfig))
}
