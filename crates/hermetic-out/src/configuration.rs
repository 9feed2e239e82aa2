//! The configuration that a package ships: who reads it, and how an administrator changes it.

use std::path::PathBuf;

/// A file of /etc that a package ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationFile {
    /// The path that it has below /etc.
    pub path: PathBuf,
    /// Where the package has it.
    pub file: PathBuf,
    /// What reads it, sorted by file; what other packages have is not known.
    pub readers: Vec<ConfigurationReader>,
    /// How it is overridden, whoever reads it.
    pub overrides: Vec<Override>,
}

/// A file of the package that reads configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigurationReader {
    /// The unit, script, program or other file.
    pub file: PathBuf,
    /// Where it reads the configuration from.
    pub reads: ReadFrom,
    /// How what it reads is overridden, if that depends on it.
    pub overridden: Option<Override>,
}

/// Where configuration is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadFrom {
    /// The output of the package.
    Output,
    /// /etc, where there may be a link to the output.
    Etc,
    /// The output, then /etc.
    Both,
}

/// How an administrator changes what is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Override {
    /// A file at this path, in place of the link to the package's.
    Replace(PathBuf),
    /// A file at this path, which is read after the package's.
    Layer(PathBuf),
    /// The file at this path belongs to the machine: the package writes it, or it is to be kept.
    Machine(PathBuf),
    /// A drop-in for the unit that reads it, in this directory.
    UnitDropIn(PathBuf),
    /// A file of the same name at this path comes before the package's.
    SameName(PathBuf),
    /// Files in this directory, which are read as well.
    Directory(PathBuf),
    /// A file at this path, which is read as well if it is there.
    Include(PathBuf),
}

impl ReadFrom {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Etc => "etc",
            Self::Both => "both",
        }
    }
}

impl Override {
    /// Its name in reports, and the path.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &PathBuf) {
        match self {
            Self::Replace(path) => ("replace", path),
            Self::Layer(path) => ("layer", path),
            Self::Machine(path) => ("machine", path),
            Self::UnitDropIn(path) => ("unit_drop_in", path),
            Self::SameName(path) => ("same_name", path),
            Self::Directory(path) => ("directory", path),
            Self::Include(path) => ("include", path),
        }
    }
}

impl ConfigurationFile {
    /// The first of its readers for which nothing overrides it.
    #[must_use]
    pub fn fixed_for(&self) -> Option<&ConfigurationReader> {
        let mut readers = self.readers.iter();
        let fixed = readers.find(|reader| reader.overridden.is_none());
        fixed.filter(|_| self.overrides.is_empty())
    }

    /// All that overrides it, sorted.
    #[must_use]
    pub fn all_overrides(&self) -> Vec<&Override> {
        let of_readers = self
            .readers
            .iter()
            .filter_map(|reader| reader.overridden.as_ref());
        let mut all: Vec<&Override> = self.overrides.iter().chain(of_readers).collect();
        all.sort();
        all.dedup();
        all
    }
}
