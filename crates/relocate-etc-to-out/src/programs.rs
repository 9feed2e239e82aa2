//! Which programs are the package's own: what gets a path from a unit or a script reads it, if it is one of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::regular_file::Loaded;
use hermetic_out::tree::Node;
use hermetic_out::{Package, Tree};
use hermetic_out_formats::MAX_FILE_SIZE;
use hermetic_out_formats::etc_mentions::{self, Format};
use hermetic_out_formats::script::{Language, language};

/// The package's own programs.
pub(crate) struct Programs<'a> {
    package: &'a Package,
    tree: &'a Tree,
    /// What is known of the programs that were asked for, by how texts name them.
    known: RefCell<BTreeMap<Vec<u8>, bool>>,
}

impl<'a> Programs<'a> {
    pub(crate) fn new(package: &'a Package, tree: &'a Tree) -> Self {
        Self {
            package,
            tree,
            known: RefCell::default(),
        }
    }

    /// Whether all of some programs, by their names or paths, are the package's own, and only read what they are
    /// given, as far as it can be seen; there has to be one.
    pub(crate) fn all_read(&self, programs: &[Vec<u8>]) -> bool {
        !programs.is_empty() && programs.iter().all(|program| self.reads(program))
    }

    fn reads(&self, program: &[u8]) -> bool {
        if let Some(known) = self.known.borrow().get(program) {
            return *known;
        }
        let reads = self
            .find(program)
            .is_some_and(|path| !self.writes_parameters(&path));
        self.known.borrow_mut().insert(program.to_vec(), reads);
        reads
    }

    /// The own file that a program's name or path means: the path below an output for one in the usual hierarchy.
    fn find(&self, program: &[u8]) -> Option<PathBuf> {
        let path = Path::new(OsStr::from_bytes(program));
        let is_there =
            |path: &Path| matches!(self.tree.look_up(path), Some(Node::Program | Node::File));
        if path.starts_with(&self.package.store.directory) {
            return self
                .package
                .output_of(path)
                .and(is_there(path).then(|| path.to_owned()));
        }
        let name = path.file_name()?;
        let prefixes = ["/usr/local", "/usr", "/"];
        let below = prefixes
            .iter()
            .find_map(|prefix| path.strip_prefix(prefix).ok());
        let is_program =
            below.is_none_or(|below| below.starts_with("bin") || below.starts_with("sbin"));
        let mut places = Vec::new();
        if is_program {
            places.extend(["bin", "sbin"].map(|directory| Path::new(directory).join(name)));
        } else {
            places.extend(below.map(Path::to_owned));
        }
        let outputs = self.package.outputs.iter();
        let candidates =
            outputs.flat_map(|output| places.iter().map(|place| output.path.join(place)));
        candidates.into_iter().find(|path| is_there(path))
    }

    /// Whether a program is a shell script that writes files whose names it does not have itself.
    fn writes_parameters(&self, path: &Path) -> bool {
        let Ok(Loaded::Content(content)) = self.tree.load(path, MAX_FILE_SIZE) else {
            return false;
        };
        language(&content) == Some(Language::Shell)
            && etc_mentions::of(Format::Script(Language::Shell), &content).writes_parameters
    }
}
