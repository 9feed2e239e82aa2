//! Where configuration lies, and where it belongs: what is gathered, what moves to a vendor's directory,
//! and what the package ships below /etc in the end.

mod changes;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::apply::TEMPORARY_NAME;
use hermetic_out::package::{normalize, relative};
use hermetic_out::store::hash_part;
use hermetic_out::tree::Node;
use hermetic_out::{Finding, Output, OutputReferences, Package, Tree, regular_file};
use hermetic_out_formats::tables::{VendorDirectory, below, state_directories, vendor_directories};
use memchr::memmem;
use walkdir::WalkDir;

use crate::policy::Treatment;
use crate::{Error, findings};

/// A directory from which configuration is taken.
struct Source {
    /// The directory, by its store path.
    directory: PathBuf,
    /// The output whose etc gets its files, by its position.
    output: usize,
}

/// What lies in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    File(Vec<u8>),
    Link(PathBuf),
    /// A directory in which there is nothing.
    EmptyDirectory,
    /// Something else, or what cannot be read: never the same as anything that moves.
    Other,
}

/// Something that moves.
struct Entry {
    from: PathBuf,
    to: PathBuf,
    content: Content,
    /// Where a symlink to it is to be, if that is not where it was.
    link: Option<PathBuf>,
    /// Whether the symlink stays where it was.
    leaves_link: bool,
    /// Whether something else brings, or is, the same at its new place.
    is_double: bool,
}

/// A file that the package ships below /etc.
#[derive(Clone, Debug)]
pub(crate) struct Shipped {
    /// Where it is in the end, by its store path.
    pub(crate) path: PathBuf,
    /// The output, by its position.
    pub(crate) output: usize,
    /// Whether its program looks for it where it is: it needs no link.
    pub(crate) in_vendor_directory: bool,
}

/// Where configuration lies, and where it belongs.
pub(crate) struct Layout<'a> {
    package: &'a Package,
    tree: &'a Tree,
    sources: Vec<Source>,
    entries: Vec<Entry>,
    /// The positions of the entries, by where they are.
    by_from: BTreeMap<PathBuf, usize>,
    /// By the path relative to /etc.
    pub(crate) shipped: BTreeMap<Vec<u8>, Shipped>,
    pub(crate) findings: Vec<Finding>,
}

/// The output that takes configuration from where nothing reads it: `out`, or the first.
pub(crate) fn home(package: &Package) -> usize {
    let out = package
        .outputs
        .iter()
        .position(|output| output.name == "out");
    out.unwrap_or(0)
}

/// Whether an output is looked into: it is needed at run time, or other packages are built with it.
pub(crate) fn is_read(output: &Output) -> bool {
    output.is_runtime() || output.name == "dev"
}

/// Whether there is a directory, and no symlink, at a store path and at all between it and its output.
pub(crate) fn is_own_directory(tree: &Tree, output: &Path, path: &Path) -> bool {
    path.ancestors()
        .take_while(|ancestor| *ancestor != output)
        .all(|ancestor| {
            let metadata = tree.real_path(ancestor).symlink_metadata();
            metadata.is_ok_and(|metadata| metadata.is_dir())
        })
}

/// The vendor's directory that the file or directory at `sub_path` of /etc belongs in, with what is below
/// it.
fn vendor_of(sub_path: &[u8]) -> Option<(VendorDirectory, &[u8])> {
    vendor_directories().find_map(|known| Some((known, below(sub_path, known.etc.as_bytes())?)))
}

impl<'a> Layout<'a> {
    /// Looks at all outputs. The lists are sorted.
    pub(crate) fn read(
        package: &'a Package,
        tree: &'a Tree,
        treatment: &Treatment,
    ) -> Result<Self, Error> {
        let mut layout = Self {
            package,
            tree,
            sources: Vec::new(),
            entries: Vec::new(),
            by_from: BTreeMap::new(),
            shipped: BTreeMap::new(),
            findings: Vec::new(),
        };
        layout.find_sources()?;
        let mut references = None;
        for index in 0..layout.sources.len() {
            layout.read_source(index, treatment, &mut references)?;
        }
        layout.meet()?;
        Ok(layout)
    }

    fn find_sources(&mut self) -> Result<(), Error> {
        let package = self.package;
        let home = home(package);
        for (index, output) in package.outputs.iter().enumerate() {
            if !is_read(output) {
                continue;
            }
            let to = if output.is_runtime() { index } else { home };
            let mut add = |sub_path: &[u8], to: usize| {
                let directory = output.join(sub_path);
                let exists = is_own_directory(self.tree, &output.path, &directory);
                if exists {
                    self.sources.push(Source {
                        directory,
                        output: to,
                    });
                }
            };
            add(b"etc", to);
            add(b"usr/etc", to);
            let nest = nest_of(package);
            let nest_path = output.path.join(&nest);
            if !is_own_directory(self.tree, &output.path, &nest_path) {
                continue;
            }
            let error = |source| Error::Read {
                path: nest_path.clone(),
                source,
            };
            for name in self.tree.names(&nest_path).map_err(error)? {
                let installed = package.store.directory.join(&name);
                let own = package
                    .outputs
                    .iter()
                    .position(|known| known.path == installed && known.is_runtime());
                let inside = nest.join(&name);
                add(inside.join("etc").as_os_str().as_bytes(), own.unwrap_or(to));
                let top = output.path.join(&inside);
                let names = names(self.tree, &top)?;
                if names.iter().any(|name| name != "etc") {
                    self.findings.push(findings::about(
                        &findings::DESTDIR_NEST,
                        &top,
                        inside.as_os_str().as_bytes(),
                        "the store directory in this output contains files besides etc",
                        findings::DESTDIR_NEST.remedy,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Adds what lies in a source and belongs elsewhere to the entries, and all of it to what is shipped.
    fn read_source(
        &mut self,
        index: usize,
        treatment: &Treatment,
        references: &mut Option<OutputReferences>,
    ) -> Result<(), Error> {
        let (directory, output) = (&self.sources[index].directory, self.sources[index].output);
        let directory = directory.clone();
        let etc = self.package.outputs[output].path.join("etc");
        let real = self.tree.real_path(&directory);
        for entry in WalkDir::new(&real).min_depth(1).sort_by_file_name() {
            let error = |path: &Path, source| Error::Read {
                path: path.to_owned(),
                source,
            };
            let entry = entry.map_err(|failed| {
                let path = failed.path().unwrap_or(&real).to_owned();
                error(&path, failed.into())
            })?;
            let inside = entry.path().strip_prefix(&real).unwrap_or(entry.path());
            if entry.file_name() == TEMPORARY_NAME {
                continue;
            }
            let from = directory.join(inside);
            let sub_path = inside.as_os_str().as_bytes();
            let stays = treatment.stays(sub_path);
            let vendor = vendor_of(sub_path).filter(|(_, rest)| !rest.is_empty() && !stays);
            let to = match &vendor {
                Some((known, rest)) => self.package.outputs[output]
                    .path
                    .join(known.vendor)
                    .join(OsStr::from_bytes(rest)),
                None if stays => from.clone(),
                None => etc.join(inside),
            };
            let file_type = entry.file_type();
            let in_place = from == to;
            let content = if file_type.is_dir() {
                // One that stays is no business of anybody; one that has files comes with them.
                let names = names(self.tree, &from)?;
                let is_empty = names.is_empty();
                let is_state = state_directories()
                    .any(|known| below(known.as_bytes(), b"etc") == Some(sub_path));
                if in_place || !is_empty || is_state || self.exists(&to) {
                    continue;
                }
                Content::EmptyDirectory
            } else if file_type.is_symlink() {
                let target = fs::read_link(entry.path()).map_err(|source| error(&from, source))?;
                // What a run left in the place of a file that went to the vendor's directory.
                if absolute(&from, &target) == to {
                    self.ship(sub_path, &to, output, vendor.is_some());
                    continue;
                }
                Content::Link(target)
            } else if file_type.is_file() {
                // What stays need not be read.
                if in_place {
                    Content::File(Vec::new())
                } else {
                    let content = regular_file::read_unlinked(entry.path());
                    Content::File(content.map_err(|source| error(&from, source))?)
                }
            } else {
                continue;
            };
            if !in_place && self.closes_cycle(&from, output, &content, references)? {
                continue;
            }
            let is_shipped = self.is_shipped(&from, &content);
            if is_shipped && to.starts_with(&self.package.outputs[output].path) && !stays {
                self.ship(sub_path, &to, output, vendor.is_some());
            } else if in_place && stays && from.starts_with(&etc) {
                self.ship(sub_path, &to, output, false);
            }
            if in_place {
                continue;
            }
            let leaves_link = vendor.is_some_and(|(known, _)| known.leaves_link)
                && content != Content::EmptyDirectory;
            let place = etc.join(inside);
            self.by_from.insert(from.clone(), self.entries.len());
            self.entries.push(Entry {
                leaves_link: leaves_link && place == from,
                link: (leaves_link && place != from).then_some(place),
                from,
                to,
                content,
                is_double: false,
            });
        }
        Ok(())
    }

    /// Whether /etc could have it: everything but a directory, and a symlink that leads back there.
    fn is_shipped(&self, from: &Path, content: &Content) -> bool {
        match content {
            Content::File(_) => true,
            Content::EmptyDirectory | Content::Other => false,
            Content::Link(target) => {
                let target = absolute(from, target);
                !target.starts_with("/etc") && self.tree.look_up(from) != Some(Node::Directory)
            }
        }
    }

    fn ship(&mut self, sub_path: &[u8], path: &Path, output: usize, in_vendor_directory: bool) {
        self.shipped
            .entry(sub_path.to_vec())
            .or_insert_with(|| Shipped {
                path: path.to_owned(),
                output,
                in_vendor_directory,
            });
    }

    /// Whether moving a file to another output would make two refer to each other; that is a finding.
    fn closes_cycle(
        &mut self,
        from: &Path,
        output: usize,
        content: &Content,
        references: &mut Option<OutputReferences>,
    ) -> Result<bool, Error> {
        let outputs = &self.package.outputs;
        if from.starts_with(&outputs[output].path) {
            return Ok(false);
        }
        let bytes = match content {
            Content::File(bytes) => bytes.as_slice(),
            Content::Link(target) => target.as_os_str().as_bytes(),
            Content::EmptyDirectory | Content::Other => return Ok(false),
        };
        let named = (0..outputs.len()).filter(|index| {
            *index != output && memmem::find(bytes, hash_part(&outputs[*index].path)).is_some()
        });
        for target in named.collect::<Vec<_>>() {
            if references.is_none() {
                let found = OutputReferences::of(self.package, self.tree, |_, _| false)?;
                *references = Some(found);
            }
            if references
                .as_ref()
                .is_some_and(|known| known.reaches(target, output))
            {
                let (to, other) = (&outputs[output].name, &outputs[target].name);
                let message =
                    format!("the file belongs in {to}, but names {other}, which refers to {to}");
                self.findings.push(findings::about(
                    &findings::OUTPUT_CYCLE,
                    from,
                    outputs[target].path.as_os_str().as_bytes(),
                    message,
                    "install the file without the store path, or remove it",
                ));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds what meets something else at its new place.
    fn meet(&mut self) -> Result<(), Error> {
        let mut first: BTreeMap<PathBuf, usize> = BTreeMap::new();
        let mut collisions: Vec<(usize, String)> = Vec::new();
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            let in_the_way = self.is_in_the_way(&entry.to);
            let other = match first.get(&entry.to) {
                _ if in_the_way.is_some() => None,
                Some(other) => {
                    let other = &self.entries[*other];
                    Some((self.moved_content(other), other.from.clone()))
                }
                None => self
                    .content_at(&entry.to)?
                    .map(|content| (content, entry.to.clone())),
            };
            match (other, in_the_way) {
                (_, Some(path)) => {
                    let message = format!("{} is not a directory", path.display());
                    collisions.push((index, message));
                }
                (None, None) => {
                    first.insert(entry.to.clone(), index);
                }
                (Some((other, place)), None) => {
                    if other == self.moved_content(entry) {
                        self.entries[index].is_double = true;
                    } else if place == entry.to {
                        collisions.push((index, "another file is at that path".to_owned()));
                    } else {
                        let message = format!(
                            "{} belongs there, too, and has different content",
                            place.display()
                        );
                        collisions.push((index, message));
                    }
                }
            }
        }
        for (index, reason) in collisions {
            let entry = &self.entries[index];
            let message = format!("the file belongs at {}, but {reason}", entry.to.display());
            self.findings.push(findings::about(
                &findings::ETC_COLLISION,
                &entry.from,
                entry.to.as_os_str().as_bytes(),
                message,
                "remove one of the two, or add a rule with stay = true to the policy",
            ));
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        self.tree.real_path(path).symlink_metadata().is_ok()
    }

    /// What is at a place now. Fails if something is there that cannot be read: it is not known to be another.
    fn content_at(&self, path: &Path) -> Result<Option<Content>, Error> {
        let error = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let real = self.tree.real_path(path);
        let metadata = match real.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(reason) if is_nothing(&reason) => return Ok(None),
            Err(reason) => return Err(error(reason)),
        };
        Ok(Some(if metadata.is_symlink() {
            Content::Link(fs::read_link(&real).map_err(error)?)
        } else if metadata.is_file() {
            Content::File(regular_file::read_unlinked(&real).map_err(error)?)
        } else {
            Content::Other
        }))
    }

    /// What is no directory, but is above a new place.
    fn is_in_the_way(&self, to: &Path) -> Option<PathBuf> {
        let output = self.package.output_of(to)?;
        let parents = to.ancestors().skip(1);
        let mut parents = parents.take_while(|parent| *parent != output.path);
        let in_the_way = parents.find(|parent| {
            let metadata = self.tree.real_path(parent).symlink_metadata();
            metadata.is_ok_and(|metadata| !metadata.is_dir())
        });
        in_the_way.map(Path::to_owned)
    }

    /// What an entry will be: a symlink says another thing from another place.
    fn moved_content(&self, entry: &Entry) -> Content {
        match &entry.content {
            Content::Link(target) => {
                Content::Link(self.target_from(&entry.from, &entry.to, target))
            }
            content => content.clone(),
        }
    }

    /// What a symlink that goes from one place to another has to say to mean the same.
    fn target_from(&self, from: &Path, to: &Path, target: &Path) -> PathBuf {
        let means = absolute(from, target);
        let moved = self.new_place(&means).or_else(|| self.vendor_place(&means));
        let means = moved.unwrap_or(means);
        if absolute(to, target) == means {
            return target.to_owned();
        }
        if target.is_absolute() {
            return means;
        }
        relative(to.parent().unwrap_or(to), &means)
    }

    fn entry(&self, from: &Path) -> Option<&Entry> {
        self.by_from.get(from).map(|index| &self.entries[*index])
    }

    /// Where what is, or was, at a place outside the right etc will be; `None` if it is not moved.
    pub(crate) fn new_place(&self, path: &Path) -> Option<PathBuf> {
        if let Some(entry) = self.entry(path) {
            return (!entry.leaves_link).then(|| entry.to.clone());
        }
        // A directory, or a file that a run before this one moved.
        let package = self.package;
        let output = package.output_of(path)?;
        let inside = path.strip_prefix(&output.path).ok()?;
        let bytes = inside.as_os_str().as_bytes();
        let position = |output: &Output| {
            let mut outputs = package.outputs.iter();
            outputs.position(|known| known.path == output.path)
        };
        let own = position(output)?;
        let to = if output.is_runtime() {
            own
        } else {
            home(package)
        };
        let nest = nest_of(package);
        let (to, sub_path) = if let Some(rest) = below(bytes, b"usr/etc") {
            (to, rest)
        } else if let Some(rest) = below(bytes, nest.as_os_str().as_bytes()) {
            let (name, rest) = match rest.iter().position(|byte| *byte == b'/') {
                Some(slash) => (&rest[..slash], &rest[slash + 1..]),
                None => return None,
            };
            let installed = package.store.directory.join(OsStr::from_bytes(name));
            let mut outputs = package.outputs.iter();
            let named = outputs.position(|known| known.path == installed && known.is_runtime());
            (named.unwrap_or(to), below(rest, b"etc")?)
        } else {
            (to, below(bytes, b"etc")?)
        };
        let output_path = &package.outputs[to].path;
        let vendor = vendor_of(sub_path).filter(|(known, _)| !known.leaves_link);
        let new = match vendor {
            Some((known, rest)) => {
                let directory = output_path.join(known.vendor);
                if rest.is_empty() {
                    directory
                } else {
                    directory.join(OsStr::from_bytes(rest))
                }
            }
            None if sub_path.is_empty() => output_path.join("etc"),
            None => output_path.join("etc").join(OsStr::from_bytes(sub_path)),
        };
        let arrives = |entry: &Entry| entry.to.starts_with(&new);
        let is_there = self.exists(&new) || self.entries.iter().any(arrives);
        let is_gone = !self.exists(path) || self.will_be_gone(path);
        (new != path && is_there && is_gone).then_some(new)
    }

    /// The vendor's place of a file that leaves a symlink below etc, whether it has moved already or not.
    fn vendor_place(&self, path: &Path) -> Option<PathBuf> {
        let output = self.package.output_of(path)?;
        let inside = path.strip_prefix(output.path.join("etc")).ok()?;
        let (known, rest) = vendor_of(inside.as_os_str().as_bytes())?;
        let new = output.path.join(known.vendor).join(OsStr::from_bytes(rest));
        let arrives = self.entries.iter().any(|entry| entry.to == new);
        (!rest.is_empty() && (arrives || self.exists(&new))).then_some(new)
    }

    /// Whether a directory loses all that it holds.
    fn will_be_gone(&self, path: &Path) -> bool {
        self.sources.iter().any(|source| {
            let etc = self.package.outputs[source.output].path.join("etc");
            source.directory != etc && path.starts_with(&source.directory)
        }) || self
            .entries
            .iter()
            .any(|entry| !entry.leaves_link && entry.from.starts_with(path))
    }

    /// Where a file of the package will be.
    pub(crate) fn final_place(&self, path: &Path) -> PathBuf {
        let moved = self.entry(path);
        moved.map_or_else(|| path.to_owned(), |entry| entry.to.clone())
    }

    /// The path relative to /etc of a file that the package ships at a place, or that it has a symlink to there.
    pub(crate) fn shipped_at(&self, place: &Path) -> Option<Vec<u8>> {
        let output = self.package.output_of(place)?;
        let inside = place.strip_prefix(&output.path).ok()?;
        let bytes = inside.as_os_str().as_bytes();
        if let Some(sub_path) = below(bytes, b"etc") {
            return self
                .shipped
                .contains_key(sub_path)
                .then(|| sub_path.to_vec());
        }
        let (known, rest) = vendor_directories().find_map(|known| {
            let rest = below(bytes, known.vendor.as_bytes())?;
            Some((known, rest))
        })?;
        let sub_path = [known.etc.as_bytes(), b"/", rest].concat();
        self.shipped.contains_key(&sub_path).then_some(sub_path)
    }

    /// Whether a file goes because another is the same.
    pub(crate) fn is_double(&self, path: &Path) -> bool {
        self.entry(path).is_some_and(|entry| entry.is_double)
    }

    /// Whether nothing moves.
    pub(crate) fn is_settled(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Where a DESTDIR nest lies in an output, relative to it.
fn nest_of(package: &Package) -> PathBuf {
    let store_dir = &package.store.directory;
    store_dir.strip_prefix("/").unwrap_or(store_dir).to_owned()
}

/// What a symlink at `path` means.
pub(crate) fn absolute(path: &Path, target: &Path) -> PathBuf {
    let joined = path.parent().unwrap_or(path).join(target);
    let normal = normalize(joined.as_os_str().as_bytes()).unwrap_or_default();
    let normal = normal.strip_suffix(b"/").unwrap_or(&normal);
    PathBuf::from(OsStr::from_bytes(normal))
}

/// The names in a directory; none if it is no directory.
fn names(tree: &Tree, path: &Path) -> Result<Vec<OsString>, Error> {
    if !fs::metadata(tree.real_path(path)).is_ok_and(|found| found.is_dir()) {
        return Ok(Vec::new());
    }
    tree.names(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Whether the reason says that nothing is there.
fn is_nothing(reason: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(reason.kind(), NotADirectory | NotFound)
}
