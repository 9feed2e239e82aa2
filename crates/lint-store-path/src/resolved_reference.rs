//! What files of known formats name, and what the resolver says of each: as the fixups see it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::resolve::{Kept, ReferenceContext, UnresolvedReason};
use hermetic_out::tree::Node;
use hermetic_out::{Decision, Resolver};
use hermetic_out_formats::kind::FileKind;
use hermetic_out_formats::unit::context::{UnitContext, UnitContexts};
use hermetic_out_formats::unit::place::unit_key;
use hermetic_out_formats::{Declaration, MappedText, Reference, Role, Scan, Span};

use crate::facts::{FactSet, FileFacts, PathFacts};
use crate::rule::PathSubject;

/// A file whose format is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanned<'a> {
    pub(crate) file: &'a FileFacts,
    pub(crate) kind: FileKind,
    pub(crate) scan: &'a Scan,
}

/// The files of a store path whose formats are known, in order.
pub(crate) fn scanned(facts: &PathFacts) -> impl Iterator<Item = Scanned<'_>> {
    facts.of_known_format().filter_map(|file| {
        let content = file.content()?;
        Some(Scanned {
            file,
            kind: content.kind?,
            scan: content.scan.as_ref()?,
        })
    })
}

/// The files of a kind in all store paths, with the store path of each.
pub(crate) fn of_kind(
    known: &FactSet,
    kind: FileKind,
) -> impl Iterator<Item = (PathBuf, Scanned<'_>)> {
    known.paths().iter().flat_map(move |facts| {
        let store_path = known.store().path_of_name(&facts.name);
        let files = scanned(facts).filter(move |file| file.kind == kind);
        files.map(move |file| (store_path.clone(), file))
    })
}

/// A reference, and where it stands.
pub(crate) struct ResolvedReference<'a> {
    pub(crate) scanned: Scanned<'a>,
    pub(crate) reference: Cow<'a, Reference>,
    pub(crate) settings: &'a UnitContext,
    reference_context: &'a ReferenceContext,
    resolver: &'a Resolver<'a>,
    of_file: &'a OfFile<'a>,
}

/// What is asked of a file for each of its references, found out once.
#[derive(Default)]
struct OfFile<'a> {
    conditions: OnceCell<BTreeSet<&'a [u8]>>,
    sets_path: OnceCell<bool>,
    directives: OnceCell<Vec<(Span, &'a MappedText)>>,
}

impl ResolvedReference<'_> {
    /// Whether a condition of the same file names it as well.
    pub(crate) fn is_asked_for(&self) -> bool {
        let conditions = self.of_file.conditions.get_or_init(|| {
            let references = self.scanned.scan.references.iter();
            let conditions = references.filter(|other| other.role == Role::Condition);
            conditions.map(|other| other.text.bytes()).collect()
        });
        conditions.contains(self.value())
    }

    /// Whether its file says itself where commands are looked for.
    pub(crate) fn has_own_search_path(&self) -> bool {
        *self.of_file.sets_path.get_or_init(|| {
            let mut references = self.scanned.scan.references.iter();
            references.any(|reference| reference.role == Role::ProgramSearchPath)
        })
    }

    /// The value of the directive that it stands in.
    pub(crate) fn directive(&self) -> Option<&MappedText> {
        let directives = self.of_file.directives.get_or_init(|| {
            let declarations = self.scanned.scan.declarations.iter();
            let values = declarations.filter_map(|fact| match fact {
                Declaration::Directive { value, .. } => Some((value.covering_span()?, value)),
                _ => None,
            });
            let mut values: Vec<_> = values.collect();
            values.sort_by_key(|(span, _)| span.start);
            values
        });
        let inner = self.reference.text.covering_span()?;
        let after = directives.partition_point(|(span, _)| span.start <= inner.start);
        let (outer, value) = directives[..after].last()?;
        (inner.end <= outer.end).then_some(*value)
    }

    /// What it says.
    pub(crate) fn value(&self) -> &[u8] {
        self.reference.text.bytes()
    }

    /// What the resolver says it should be.
    pub(crate) fn decision(&self) -> Decision {
        self.resolver
            .resolve(&self.reference, self.reference_context)
    }

    /// Whether it names a program that is run.
    pub(crate) fn runs(&self) -> bool {
        matches!(self.reference.role, Role::Program | Role::ShellCommand)
    }

    /// Whether it is a login shell: it has a rule of its own.
    pub(crate) fn is_shell(&self) -> bool {
        self.scanned.kind == FileKind::Sysusers
    }

    /// Whether it is the path of a directory in the store.
    pub(crate) fn is_directory(&self) -> bool {
        let path = Path::new(OsStr::from_bytes(self.value()));
        self.resolver.tree().look_up(path) == Some(Node::Directory)
    }

    /// Whether nothing is there that could be run, if it is a path: the file that lacks its execute bit.
    pub(crate) fn without_execute_bit(&self) -> Option<Vec<u8>> {
        match self.decision() {
            Decision::Unresolved(UnresolvedReason::NotExecutable(path)) => {
                Some(path.as_os_str().as_bytes().to_vec())
            }
            Decision::Keep(Kept::InStore) if self.reference.text.is_literal() => {
                let path = Path::new(OsStr::from_bytes(self.value()));
                let there = self.resolver.tree().look_up(path);
                // A directory has the bits, and cannot be run either.
                let is_there = matches!(there, Some(Node::File | Node::Directory));
                is_there.then(|| self.value().to_vec())
            }
            _ => None,
        }
    }
}

/// Shows every reference of a store path's files.
pub(crate) fn for_each(subject: &PathSubject<'_>, mut look: impl FnMut(&ResolvedReference<'_>)) {
    let Some(resolver) = subject.resolver() else {
        return;
    };
    for_each_file(subject, |scanned, settings| {
        let reference_context = ReferenceContext::of_unit("out", settings);
        let of_file = OfFile::default();
        for reference in &scanned.scan.references {
            let Some(reference) = resolver.meant(reference, &reference_context) else {
                continue;
            };
            look(&ResolvedReference {
                scanned,
                reference,
                settings,
                reference_context: &reference_context,
                resolver: &resolver,
                of_file: &of_file,
            });
        }
    });
}

/// Shows every file of a store path whose format is known, with what the files of its unit say together.
pub(crate) fn for_each_file(
    subject: &PathSubject<'_>,
    mut look: impl FnMut(Scanned<'_>, &UnitContext),
) {
    let files = scanned(subject.facts).map(|scanned| {
        let sub_path = scanned.file.sub_path.as_slice();
        (unit_key(sub_path), sub_path, scanned.scan)
    });
    let contexts = UnitContexts::new(files);
    for scanned in scanned(subject.facts) {
        let sub_path = &scanned.file.sub_path;
        if let Some(settings) = contexts.of(&unit_key(sub_path), sub_path) {
            look(scanned, settings);
        }
    }
}
