//! What a rule is, and what it is asked about.

use std::path::{Path, PathBuf};

use hermetic_out::resolve::Choices;
use hermetic_out::{FindingKind, Package, Resolver, Tree};

use crate::facts::{FactSet, FileFacts, PathFacts};
use crate::libraries::Libraries;
use crate::merged_unit::UnitFiles;
use crate::reporter::{Diagnostic, Reporter};

/// A rule: the kind of finding that it reports, and how it is checked.
#[derive(Debug)]
pub struct Rule {
    /// What it reports: id, severity, explanation, example and remedy.
    pub kind: &'static FindingKind,
    /// How it is checked.
    pub check: Check,
}

impl Rule {
    /// The id of what it reports.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.kind.id
    }
}

/// The check of a rule, by how much it has to know.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// One file, directory or link; it may ask what a path in the store leads to.
    File(fn(&FileSubject<'_>, &mut Reporter)),
    /// One store path as a whole.
    StorePath(fn(&PathSubject<'_>, &mut Reporter)),
    /// The closure as a whole; it is asked only if all of that is known.
    Closure(fn(&ClosureSubject<'_>, &mut Reporter)),
}

impl Check {
    /// How much it has to know, for people.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::StorePath(_) => "store path",
            Self::Closure(_) => "closure",
        }
    }
}

/// All that is known, for rules that look at it as a whole.
#[derive(Clone, Copy, Debug)]
pub struct ClosureSubject<'a> {
    /// The facts of all store paths.
    pub known: &'a FactSet,
    /// The store: what paths in it lead to. Facts are asked before the disk.
    pub tree: &'a Tree,
    /// Which libraries ELF files load.
    pub libraries: &'a Libraries<'a>,
    /// The files of units.
    pub(crate) units: &'a UnitFiles<'a>,
}

/// One store path, for rules that look at it as a whole.
#[derive(Clone, Copy, Debug)]
pub struct PathSubject<'a> {
    /// All that is known.
    pub closure: &'a ClosureSubject<'a>,
    /// The facts of the store path.
    pub facts: &'a PathFacts,
    /// Where it is.
    pub path: &'a Path,
    /// The package that consists of it: see [`FactSet::package`].
    pub package: &'a Package,
}

impl PathSubject<'_> {
    /// Says what references of its files should be: as the fixups do.
    #[must_use]
    pub fn resolver(&self) -> Option<Resolver<'_>> {
        static NOTHING: Choices = Choices::new();
        Resolver::new(self.package, self.closure.tree, &NOTHING).ok()
    }
}

/// One file, directory or link.
#[derive(Clone, Copy, Debug)]
pub struct FileSubject<'a> {
    /// The store path that it is in.
    pub inside: &'a PathSubject<'a>,
    /// What is known of it.
    pub file: &'a FileFacts,
}

impl FileSubject<'_> {
    /// Reports something about this file: see [`Reporter::report`].
    pub fn report<'f>(
        &self,
        reporter: &'f mut Reporter,
        subject: impl Into<Vec<u8>>,
        message: impl Into<String>,
    ) -> &'f mut Diagnostic {
        reporter.report(self.path(), subject, message)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file.path_in(self.inside.path)
    }
}
