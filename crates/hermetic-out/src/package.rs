//! The package being fixed up and what it may refer to.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::store::Store;

pub use hermetic_out_formats::paths::normalize;

/// One output of the package: `out`, `bin`, `dev` …
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// Its name, as the derivation has it.
    pub name: String,
    /// Its store path.
    pub path: PathBuf,
    /// Where the programs of dependencies are for its files, in place of the package's search path:
    /// what is in a `dev` output runs while other packages are built.
    pub search_path: Option<Vec<PathBuf>>,
}

/// Outputs that nothing needs at run time: nixpkgs' multiple-outputs hook puts headers, manuals and
/// debug symbols there, and users do not install them.
const NOT_RUNTIME: &[&str] = &["debug", "dev", "devdoc", "devman", "doc", "info", "man"];

impl Output {
    /// The output `name` at the store path `path`.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            search_path: None,
        }
    }

    /// Whether other outputs may refer to it: it holds what is needed at run time.
    #[must_use]
    pub fn is_runtime(&self) -> bool {
        !NOT_RUNTIME.contains(&self.name.as_str())
    }

    /// The file at `sub_path` of it.
    #[must_use]
    pub fn join(&self, sub_path: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(sub_path))
    }
}

/// A package's outputs and its dependencies.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Package {
    /// The outputs; where several have a file, the first wins.
    pub outputs: Vec<Output>,
    /// Directories in which programs of dependencies are looked for, in order. The parent of each
    /// counts as a dependency.
    pub search_path: Vec<PathBuf>,
    /// Further dependencies, by their store paths.
    pub dependencies: Vec<PathBuf>,
    /// Where all of these lie.
    pub store: Store,
}

impl Package {
    /// A package with these outputs, and without dependencies.
    #[must_use]
    pub fn new(store: Store, outputs: Vec<Output>) -> Self {
        Self {
            outputs,
            store,
            ..Self::default()
        }
    }

    /// The same, but programs of dependencies are looked for in these directories.
    #[must_use]
    pub fn with_search_path(mut self, search_path: Vec<PathBuf>) -> Self {
        self.search_path = search_path;
        self
    }

    /// The same, with these further dependencies.
    #[must_use]
    pub fn with_dependencies(mut self, dependencies: Vec<PathBuf>) -> Self {
        self.dependencies = dependencies;
        self
    }

    /// The output that the file at `path` belongs to.
    #[must_use]
    pub fn output_of(&self, path: &Path) -> Option<&Output> {
        self.outputs
            .iter()
            .find(|output| path.starts_with(&output.path))
    }

    /// Where the programs of dependencies are for the files of the output called `output`.
    #[must_use]
    pub fn search_path_of(&self, output: &str) -> &[PathBuf] {
        let own = self.outputs.iter().find(|known| known.name == output);
        let own = own.and_then(|output| output.search_path.as_ref());
        own.unwrap_or(&self.search_path)
    }

    /// The dependencies in the order in which they are asked for the files of the output called
    /// `output`: the parents of its search path's directories, then the others. Some may occur more
    /// than once.
    pub fn dependencies_of(&self, output: &str) -> impl Iterator<Item = &Path> {
        let search_path = self.search_path_of(output).iter();
        let parents = search_path.filter_map(|directory| directory.parent());
        parents.chain(self.dependencies.iter().map(PathBuf::as_path))
    }
}

/// The path from a directory to a file; both are absolute and normal.
#[must_use]
pub fn relative(directory: &Path, file: &Path) -> PathBuf {
    let common = directory
        .components()
        .zip(file.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = directory.components().skip(common).map(|_| Path::new(".."));
    let down = file
        .components()
        .skip(common)
        .map(|part| Path::new(part.as_os_str()));
    up.chain(down).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_normal() {
        for (path, normal) in [
            ("/a/b", Some("/a/b")),
            ("//a/./b//c", Some("/a/b/c")),
            ("/a/../b", Some("/b")),
            ("/../a", Some("/a")),
            ("/a/", Some("/a/")),
            ("/", Some("/")),
            ("a", None),
        ] {
            let found = normalize(path.as_bytes());
            assert_eq!(found.as_deref(), normal.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn an_output_can_have_its_own_search_path() {
        let mut dev = Output::new("dev", "/nix/store/d-x");
        dev.search_path = Some(vec!["/nix/store/h-cc/bin".into()]);
        let outputs = vec![Output::new("out", "/nix/store/o-x"), dev];
        let package = Package::new(Store::default(), outputs)
            .with_search_path(vec!["/nix/store/h-sh/bin".into()])
            .with_dependencies(vec!["/nix/store/h-lib".into()]);
        let of = |output| package.dependencies_of(output).collect::<Vec<_>>();
        for (output, first) in [("out", "sh"), ("none", "sh"), ("dev", "cc")] {
            let first = PathBuf::from(format!("/nix/store/h-{first}"));
            assert_eq!(of(output), [&first, Path::new("/nix/store/h-lib")]);
        }
    }
}
