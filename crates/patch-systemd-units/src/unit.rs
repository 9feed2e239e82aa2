//! A unit, or another file that names paths: its content, and what is planned for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::regular_file::Loaded;
use hermetic_out::walk::{KnownFile, known_files};
use hermetic_out::{Edit, Finding, FindingKind, Package, Severity, SourceText, Tree};
use hermetic_out_formats::sysctl::MAX_CORE_PATTERN;
use hermetic_out_formats::unit::place::{UnitPlace, unit_key};
use hermetic_out_formats::{FileKind, MAX_FILE_SIZE, MappedText, Scan, Span, Unencodable, scan};

use crate::{Error, Options, findings};

/// A unit, or a file of one of the other kinds: read, and perhaps changed.
pub(crate) struct Unit {
    /// The output that it is in, by its position.
    pub(crate) output: usize,
    pub(crate) file: KnownFile,
    pub(crate) content: SourceText,
    pub(crate) scan: Scan,
    pub(crate) edits: Vec<PlannedEdit>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) replaced: usize,
    pub(crate) kept: usize,
    pub(crate) unresolved: usize,
    /// How many programs may still be looked for in directories of its search paths.
    pub(crate) lookups_left: usize,
}

/// An edit, and what it makes the file refer to.
#[derive(Clone, Debug)]
pub(crate) struct PlannedEdit {
    pub(crate) edit: Edit,
    /// The place that it is for, in messages.
    pub(crate) span: Span,
    /// What stood there.
    pub(crate) subject: Vec<u8>,
    /// The store paths in the new text.
    pub(crate) store_paths: Vec<PathBuf>,
}

/// The store paths that a path in the store lies in: one, or none.
pub(crate) fn store_paths(path: &[u8], package: &Package) -> Vec<PathBuf> {
    let path = Path::new(OsStr::from_bytes(path));
    package.store.store_path_of(path).into_iter().collect()
}

/// Reads the files of all outputs whose kinds name paths.
pub(crate) fn read(package: &Package, tree: &Tree, options: &Options) -> Result<Vec<Unit>, Error> {
    let mut units = Vec::new();
    for (index, output) in package.outputs.iter().enumerate() {
        for file in known_files(tree, output, FileKind::is_patched)? {
            if file.kind == FileKind::DesktopEntry && !options.desktop_entries {
                continue;
            }
            let error = |source| Error::Read {
                path: file.path.clone(),
                source,
            };
            let mut findings = Vec::new();
            let content = match tree.load(&file.path, MAX_FILE_SIZE).map_err(error)? {
                Loaded::Content(content) => content,
                Loaded::TooLarge(_) if file.kind.holds_programs() => continue,
                Loaded::TooLarge(size) => {
                    let message = format!("the file has {size} bytes and was left unchanged");
                    let kind = &findings::UNREAD_FILE;
                    findings.push(
                        Finding::new(kind, file.path.clone(), message)
                            .with_severity(Severity::Warning)
                            .with_help("find out why the file is so large"),
                    );
                    Vec::new()
                }
            };
            let scan = scan(file.kind, &content);
            units.push(Unit {
                output: index,
                file,
                content: SourceText::new(content),
                scan,
                edits: Vec::new(),
                findings,
                replaced: 0,
                kept: 0,
                unresolved: 0,
                lookups_left: 0,
            });
        }
    }
    Ok(units)
}

impl Unit {
    /// Takes back what was decided, but not that it cannot be read.
    pub(crate) fn reset(&mut self) {
        /// The programs of a unit are looked for in all directories of its search paths. In no real file the
        /// product of their numbers is this large.
        const LOOKUPS: usize = 4096;
        const LOOKUPS_PER_BYTE: usize = 4;
        self.findings
            .retain(|finding| finding.kind == &findings::UNREAD_FILE);
        self.edits.clear();
        (self.replaced, self.kept, self.unresolved) = (0, 0, 0);
        self.lookups_left = LOOKUPS + LOOKUPS_PER_BYTE * self.content.len();
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        match UnitPlace::of(&self.file.sub_path) {
            Some(_) => unit_key(&self.file.sub_path),
            None => self.file.path.as_os_str().as_bytes().to_vec(),
        }
    }

    pub(crate) fn report(
        &mut self,
        kind: &'static FindingKind,
        span: Span,
        subject: &[u8],
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Finding {
        let finding = Finding::new(kind, self.file.path.clone(), message)
            .at(&self.content, span)
            .with_subject(subject)
            .with_help(help);
        self.findings.push(finding);
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// Replaces `text` by `new`, or says why it cannot be.
    pub(crate) fn replace(
        &mut self,
        text: &MappedText,
        new: &[u8],
        store_paths: Vec<PathBuf>,
    ) -> bool {
        let extent = text.covering_span().unwrap_or(Span::new(0, 0));
        let encoded = text.editable_span().zip(Some(text.encode(new)));
        let (span, encoded) = match encoded {
            Some((span, Ok(encoded))) => (span, encoded),
            failed => {
                let (old, new) = (text.bytes().as_bstr(), new.as_bstr());
                let (kind, message) = match failed {
                    Some((_, Err(Unencodable::TooLong(_)))) => (
                        &findings::CORE_PATTERN_TOO_LONG,
                        format!(
                            "with {new} the core pattern is longer than {MAX_CORE_PATTERN} bytes"
                        ),
                    ),
                    _ => (
                        &findings::UNWRITABLE_PLACE,
                        format!("{old} cannot be replaced by {new} here"),
                    ),
                };
                self.report(kind, extent, text.bytes(), message, kind.remedy);
                return false;
            }
        };
        self.edits.push(PlannedEdit {
            edit: Edit {
                span,
                text: encoded,
            },
            span,
            subject: text.bytes().to_vec(),
            store_paths,
        });
        true
    }
}
