//! What a reference should be: the one place that decides it, for fixups and lint alike.
//!
//! The order of the rules is the order of [`Resolver::resolve`]; the first that applies wins.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out_formats::tables::{is_setuid_program, is_shared_directory};
use hermetic_out_formats::unit::context::UnitContext;
use hermetic_out_formats::{Lookup, Meaning, Reference, Role};
use thiserror::Error;

use crate::glob::Glob;
use crate::package::{Output, Package, normalize};
use crate::tree::{Node, TreeView};

/// Where a system keeps programs with a setuid bit: NixOS' `security.wrapperDir`.
pub const WRAPPER_DIRECTORY: &str = "/run/wrappers/bin";

/// Where packages put files: the other directories below the root are the administrator's.
const PLACES_OF_PACKAGES: &[&str] = &[
    "bin", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "usr",
];

/// State of the machine: no package ships what lies there.
const MACHINE_STATE: &[&str] = &[
    "boot", "dev", "home", "mnt", "proc", "root", "run", "sys", "tmp", "var",
];

/// Why a reference stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// A pattern of the user names it.
    ByPattern,
    /// It lies in a wrapper directory or a system profile, which the running system makes.
    SystemProfile,
    /// It is state of the machine.
    MachineState,
    /// It is a store path already, and exists.
    InStore,
    /// A specifier or a variable is part of it.
    Variable,
    /// It lies inside another root directory.
    OtherRoot,
    /// It is configuration below /etc.
    Configuration,
    /// It is a directory that belongs to no package.
    SharedDirectory,
    /// It is looked up on a search path that is not known: what it would be on the package's.
    OtherSearchPath(Vec<u8>),
    /// It is a condition that the file is not there, and a file in a store always is: who provides it.
    Negated(Provider),
    /// It is neither the package's own nor a dependency's, and need not be.
    Foreign,
}

/// What a replacement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// The user chose it.
    UserChoice,
    /// An output of the package, by its name.
    Own(String),
    /// A dependency, by its store path.
    Dependency(PathBuf),
    /// A wrapper with a setuid bit.
    Wrapper,
}

/// Why a reference cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnresolvedReason {
    /// Nothing provides it.
    NotFound,
    /// There is such a file, but nobody may run it: its path.
    NotExecutable(PathBuf),
    /// It is a store path at which there is nothing.
    NotInStore,
    /// It is neither an absolute path nor a name without a slash.
    NotAPath,
    /// Only an output that is not needed at run time has it: that output's name.
    OnlyInOutput(String),
    /// What the user named in its place does not exist, or is no program.
    BadReplacement(PathBuf),
}

/// What a reference should be: one of three, and there will be no fourth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// What it is.
    Keep(Kept),
    /// This path.
    Replace {
        /// The new value, not yet encoded.
        path: Vec<u8>,
        /// Who provides it.
        provider: Provider,
    },
    /// Something else, but nobody has it.
    Unresolved(UnresolvedReason),
}

/// What holds for the place of a reference beside the reference itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReferenceContext {
    /// The output whose file holds it, by its name.
    pub output: String,
    /// The programs of the file lie inside another root.
    pub other_root: bool,
    /// The file's programs run without privileges: setuid programs need their wrapper.
    pub unprivileged: bool,
    /// Directories that the file itself adds to the search path of programs (`ExecSearchPath=`).
    pub search_path: Vec<Vec<u8>>,
    /// The file may set `PATH` for its programs: what they run by a bare name is not known.
    pub sets_path: bool,
}

impl ReferenceContext {
    /// The context of a file of the output called `output`, of which nothing else is known.
    pub fn new(output: impl Into<String>) -> Self {
        Self {
            output: output.into(),
            ..Self::default()
        }
    }

    /// The context of a unit, with its drop-ins, in the output called `output`.
    pub fn of_unit(output: impl Into<String>, unit: &UnitContext) -> Self {
        Self {
            output: output.into(),
            other_root: unit.other_root,
            unprivileged: unit.unprivileged,
            search_path: unit.search_path.clone(),
            sets_path: unit.sets_path,
        }
    }
}

/// What the user says about references, by what stands in the file: a path or a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choices {
    /// Globs of what stays as it is (`*` stays within a component, `**` does not).
    pub keep: Vec<Vec<u8>>,
    /// What becomes of it, before anything else is tried.
    pub replace: Vec<(Vec<u8>, Vec<u8>)>,
    /// What becomes of it if nothing provides it.
    pub fallback: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Choices {
    /// The user says nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keep: Vec::new(),
            replace: Vec::new(),
            fallback: Vec::new(),
        }
    }

    /// The same, and what matches `glob` stays as it is.
    #[must_use]
    pub fn keep(mut self, glob: impl Into<Vec<u8>>) -> Self {
        self.keep.push(glob.into());
        self
    }

    /// The same, and `from` becomes `to`.
    #[must_use]
    pub fn replace(mut self, from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        self.replace.push((from.into(), to.into()));
        self
    }

    /// The same, and `from` becomes `to` if nothing provides it.
    #[must_use]
    pub fn fallback(mut self, from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        self.fallback.push((from.into(), to.into()));
        self
    }
}

/// A pattern of the user is not a glob.
#[derive(Debug, Error)]
#[error("reading the pattern {pattern} of paths to keep: {reason}; see --help for the syntax")]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Decides what references should be.
#[derive(Debug)]
pub struct Resolver<'a> {
    package: &'a Package,
    tree: TreeView<'a>,
    keep: Vec<Glob>,
    choices: &'a Choices,
}

impl<'a> Resolver<'a> {
    /// A resolver for one package, in a tree as it is (`&Tree`) or as it will be (`TreeView`).
    ///
    /// Fails if a pattern of `choices` is not a glob.
    pub fn new(
        package: &'a Package,
        tree: impl Into<TreeView<'a>>,
        choices: &'a Choices,
    ) -> Result<Self, PatternError> {
        let patterns = choices.keep.iter().map(|pattern| {
            Glob::new(pattern).map_err(|reason| PatternError {
                pattern: String::from_utf8_lossy(pattern).into_owned(),
                reason,
            })
        });
        let keep = patterns.collect::<Result<_, _>>()?;
        Ok(Self {
            package,
            tree: tree.into(),
            keep,
            choices,
        })
    }

    /// The tree that it looks at.
    #[must_use]
    pub fn tree(&self) -> TreeView<'a> {
        self.tree
    }

    /// What `reference` should be.
    #[must_use]
    pub fn resolve(&self, reference: &Reference, place: &ReferenceContext) -> Decision {
        let value = reference.text.bytes();
        if let Some(decision) = self.user_choice(&self.choices.replace, value, reference.role) {
            return decision;
        }
        if self.is_kept(value) {
            return Decision::Keep(Kept::ByPattern);
        }
        let decision = self.provided(reference, place);
        let decision = if self.package.store.contains(value) {
            decision
        } else {
            kept_if_unsafe(decision, reference, place)
        };
        match decision {
            Decision::Unresolved(
                UnresolvedReason::NotFound | UnresolvedReason::OnlyInOutput(_),
            ) => {
                let fallback = self.user_choice(&self.choices.fallback, value, reference.role);
                fallback.unwrap_or(decision)
            }
            decision => decision,
        }
    }

    /// The reference as it is meant, if it is one: its path may end later than where it first can, or is one
    /// only if the package has such a file.
    #[must_use]
    pub fn meant<'r>(
        &self,
        reference: &'r Reference,
        place: &ReferenceContext,
    ) -> Option<Cow<'r, Reference>> {
        let is_own = |reference: &Reference| {
            let decision = self.resolve(reference, place);
            let own = |provider: &Provider| matches!(provider, Provider::Own(_));
            matches!(decision, Decision::Replace { provider, .. } if own(&provider))
        };
        let longer = reference.longer.iter().map(|text| Reference {
            text: text.clone(),
            longer: Vec::new(),
            ..reference.clone()
        });
        if let Some(longer) = { longer }.find(is_own) {
            return Some(Cow::Owned(longer));
        }
        (reference.meaning != Meaning::OwnFile || is_own(reference))
            .then_some(Cow::Borrowed(reference))
    }

    /// What a reference should be that the user says nothing about.
    fn provided(&self, reference: &Reference, place: &ReferenceContext) -> Decision {
        let value = reference.text.bytes();
        // Before the machine's state: a store may lie there.
        if self.package.store.contains(value) {
            return self.in_store(reference);
        }
        if let Some(kept) = built_in_keep(reference.text.literal_prefix()) {
            return Decision::Keep(kept);
        }
        if !reference.text.is_literal() {
            return Decision::Keep(Kept::Variable);
        }
        if place.other_root && reference.inside_root {
            return Decision::Keep(Kept::OtherRoot);
        }
        let query = Query {
            resolver: self,
            role: reference.role,
            unprivileged: place.unprivileged && !reference.privileged,
            place,
        };
        match &reference.lookup {
            _ if value.starts_with(b"/") => query.absolute(value),
            Lookup::SearchPath | Lookup::UnknownSearchPath if !value.contains(&b'/') => {
                query.name(value)
            }
            Lookup::UdevHelpers => query.helper(value),
            Lookup::Directory(directory) => {
                let joined = [directory.as_slice(), b"/", value].concat();
                match normalize(&joined) {
                    Some(path) => query.own_file(&path),
                    None => Decision::Keep(Kept::Foreign),
                }
            }
            _ => Decision::Unresolved(UnresolvedReason::NotAPath),
        }
    }

    /// The first directory of dependencies that has a program `name`, for a search path in a file of
    /// the output called `output`.
    #[must_use]
    pub fn search_directory_of(&self, name: &[u8], output: &str) -> Option<&'a Path> {
        let name = OsStr::from_bytes(name);
        let mut usable = self.usable_search_path(output).filter(|directory| {
            // A compiler's output is no place for a service's programs.
            let store_path = self.package.store.store_path_of(directory);
            !store_path.is_some_and(|path| path.as_os_str().as_bytes().ends_with(b"-dev"))
        });
        usable.find(|directory| self.tree.look_up(&directory.join(name)) == Some(Node::Program))
    }

    /// Whether `path` is kept by a pattern of the user.
    #[must_use]
    pub fn is_kept(&self, path: &[u8]) -> bool {
        let path = OsStr::from_bytes(path);
        self.keep.iter().any(|glob| glob.is_match(path))
    }

    /// What the user names for `value`, if anything.
    fn user_choice(
        &self,
        choices: &[(Vec<u8>, Vec<u8>)],
        value: &[u8],
        role: Role,
    ) -> Option<Decision> {
        let (_, to) = choices.iter().find(|(from, _)| from == value)?;
        let path = PathBuf::from(OsStr::from_bytes(to));
        let runs = matches!(
            role,
            Role::Program | Role::ShellCommand | Role::PrefixedProgram
        );
        let found = self.tree.look_up(&path);
        let fits = if runs {
            found == Some(Node::Program)
        } else {
            found.is_some()
        };
        // What lies outside the store is the user's business.
        if self.package.store.contains(to) && !fits {
            return Some(Decision::Unresolved(UnresolvedReason::BadReplacement(path)));
        }
        Some(Decision::Replace {
            path: to.clone(),
            provider: Provider::UserChoice,
        })
    }

    fn in_store(&self, reference: &Reference) -> Decision {
        if !reference.text.is_literal() {
            return Decision::Keep(Kept::InStore);
        }
        let path = Path::new(OsStr::from_bytes(reference.text.bytes()));
        if let Some(new) = self.tree.new_place(path) {
            let output = self.package.output_of(new);
            let name = output.map(|output| output.name.clone());
            return replace_with(new, Provider::Own(name.unwrap_or_default()));
        }
        if self.tree.look_up(path).is_some() {
            Decision::Keep(Kept::InStore)
        } else {
            Decision::Unresolved(UnresolvedReason::NotInStore)
        }
    }

    /// The directories of the search path that are in the store: another one would only lead to what
    /// a package must not name.
    fn usable_search_path(&self, output: &str) -> impl Iterator<Item = &'a Path> {
        let package = self.package;
        let directories = package.search_path_of(output).iter().map(PathBuf::as_path);
        directories.filter(|directory| directory.starts_with(&package.store.directory))
    }
}

/// A decision, if it is safe where the reference stands; else it is kept.
fn kept_if_unsafe(decision: Decision, reference: &Reference, place: &ReferenceContext) -> Decision {
    let is_name = !reference.text.bytes().contains(&b'/');
    let is_launched = reference.role == Role::PrefixedProgram && is_name;
    let unknown_path = reference.lookup == Lookup::UnknownSearchPath || place.sets_path;
    match decision {
        Decision::Replace { path, .. } if is_launched && unknown_path => {
            Decision::Keep(Kept::OtherSearchPath(path))
        }
        Decision::Replace { provider, .. } if reference.meaning == Meaning::NoFile => {
            Decision::Keep(Kept::Negated(provider))
        }
        decision => decision,
    }
}

/// Whether a path is kept whatever the user says.
fn built_in_keep(path: &[u8]) -> Option<Kept> {
    let path = normalize(path)?;
    let starts = |prefix: &str| {
        let rest = path.strip_prefix(prefix.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    if ["/run/wrappers", "/run/current-system", "/run/booted-system"]
        .into_iter()
        .any(starts)
    {
        return Some(Kept::SystemProfile);
    }
    has_top(&path, MACHINE_STATE).then_some(Kept::MachineState)
}

/// Whether an absolute path lies where packages put files.
#[must_use]
pub fn is_place_of_packages(path: &[u8]) -> bool {
    has_top(path, PLACES_OF_PACKAGES)
}

fn has_top(path: &[u8], tops: &[&str]) -> bool {
    let top = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
    tops.iter().any(|known| known.as_bytes() == top)
}

/// The name of a program that an absolute path names in one of the hierarchy's bin directories.
fn bin_name(path: &[u8]) -> Option<&[u8]> {
    let sub_path = without_prefix(path);
    let name = sub_path
        .strip_prefix(b"bin/")
        .or_else(|| sub_path.strip_prefix(b"sbin/"))?;
    (!name.is_empty() && !name.contains(&b'/')).then_some(name)
}

/// An absolute path relative to the prefix that it is under: `/usr/local`, `/usr` or `/`.
#[must_use]
pub fn without_prefix(path: &[u8]) -> &[u8] {
    ["/usr/local/", "/usr/", "/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix.as_bytes()))
        .unwrap_or(path)
}

fn without_slash(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

/// Where stdenv's fixup moves what was installed at this sub-path of an output, if it does.
#[must_use]
pub fn moved_by_stdenv(sub_path: &[u8]) -> Option<Vec<u8>> {
    const MOVES: &[(&str, &str)] = &[
        ("sbin", "bin"),
        ("lib64", "lib"),
        ("lib/systemd/user", "share/systemd/user"),
    ];
    MOVES.iter().find_map(|(from, to)| {
        let rest = sub_path.strip_prefix(from.as_bytes())?;
        let is_below = rest.is_empty() || rest.starts_with(b"/");
        is_below.then(|| [to.as_bytes(), rest].concat())
    })
}

/// Where an output can have a file of this sub-path: there first, then where stdenv's fixup moves it; and a
/// program of `bin` in `sbin`.
fn places(sub_path: &[u8]) -> Vec<Vec<u8>> {
    let mut places = vec![sub_path.to_vec()];
    places.extend(moved_by_stdenv(sub_path));
    if let Some(name) = sub_path.strip_prefix(b"bin/") {
        places.push([b"sbin/", name].concat());
    }
    places
}

/// One question to the resolver, its first rules passed.
struct Query<'a> {
    resolver: &'a Resolver<'a>,
    role: Role,
    unprivileged: bool,
    place: &'a ReferenceContext,
}

/// What was found for a question.
struct Hit {
    path: PathBuf,
    node: Node,
    provider: Provider,
}

impl Query<'_> {
    fn runs(&self) -> bool {
        matches!(
            self.role,
            Role::Program | Role::ShellCommand | Role::PrefixedProgram
        )
    }

    /// A name without a slash.
    fn name(&self, name: &[u8]) -> Decision {
        if name.is_empty() {
            return Decision::Unresolved(UnresolvedReason::NotAPath);
        }
        let mut sub_paths: Vec<Vec<u8>> = Vec::new();
        for directory in &self.place.search_path {
            let directory = without_prefix(directory);
            sub_paths.push([directory, b"/", name].concat());
        }
        sub_paths.push([b"bin/", name].concat());
        sub_paths.push([b"sbin/", name].concat());
        let own = sub_paths.iter().find_map(|sub_path| self.own(sub_path));
        self.program_by_name(own, name)
    }

    fn absolute(&self, value: &[u8]) -> Decision {
        let Some(path) = normalize(value) else {
            return Decision::Unresolved(UnresolvedReason::NotAPath);
        };
        // Elsewhere nobody but the administrator puts files; a program there may still be meant.
        if !self.runs() && !is_place_of_packages(&path) {
            return Decision::Keep(Kept::Foreign);
        }
        let sub_path = without_prefix(&path);
        let own = places(sub_path).iter().find_map(|place| self.own(place));
        // The name of a program below /etc is its own; other files there are configuration.
        let in_etc = path.starts_with(b"/etc/") || path == b"/etc";
        if in_etc && !self.runs() && own.as_ref().is_none_or(|hit| hit.node != Node::Program) {
            return Decision::Keep(Kept::Configuration);
        }
        if let Some(name) = bin_name(&path) {
            return self.program_by_name(own, name);
        }
        let not_executable = match own {
            Some(hit) if self.fits(&hit) => return self.owned(&hit, sub_path),
            own => own.filter(|hit| self.runs() && hit.node == Node::File),
        };
        if self.role == Role::SearchPathEntry || self.role == Role::Documentation {
            return Decision::Keep(Kept::Foreign);
        }
        match self.dependency(sub_path) {
            Some(hit) if self.runs() && hit.node != Node::Program => {
                self.not_executable(not_executable.unwrap_or(hit))
            }
            Some(hit) => replace(hit),
            None => match not_executable {
                Some(hit) => self.not_executable(hit),
                // What is in it may come from the machine alone.
                None if !self.runs() && is_shared_directory(without_slash(sub_path)) => {
                    Decision::Keep(Kept::SharedDirectory)
                }
                None => self.missing(sub_path),
            },
        }
    }

    /// A file that only the package itself can have.
    fn own_file(&self, path: &[u8]) -> Decision {
        let sub_path = without_prefix(path);
        let own = places(sub_path).iter().find_map(|place| self.own(place));
        match own {
            Some(hit) if !path.starts_with(b"/etc/") => self.owned(&hit, sub_path),
            _ => Decision::Keep(Kept::Foreign),
        }
    }

    /// A helper of udev, relative to `lib/udev`.
    fn helper(&self, name: &[u8]) -> Decision {
        let sub_path = [b"lib/udev/", name].concat();
        let hit = self.own(&sub_path).or_else(|| self.dependency(&sub_path));
        match hit {
            Some(hit) if hit.node == Node::Program => replace(hit),
            Some(hit) => self.not_executable(hit),
            None => self.missing(&sub_path),
        }
    }

    /// What an own output has, as a replacement.
    fn owned(&self, hit: &Hit, sub_path: &[u8]) -> Decision {
        let shared = hit.node == Node::Directory && is_shared_directory(without_slash(sub_path));
        if shared && self.role != Role::SearchPathEntry {
            return Decision::Keep(Kept::SharedDirectory);
        }
        replace_with(&hit.path, hit.provider.clone())
    }

    fn program_by_name(&self, own: Option<Hit>, name: &[u8]) -> Decision {
        if let Some(hit) = own.as_ref().filter(|hit| hit.node == Node::Program) {
            return replace_with(&hit.path, hit.provider.clone());
        }
        if self.unprivileged && self.runs() && is_setuid_program(name) {
            let path = [WRAPPER_DIRECTORY.as_bytes(), b"/", name].concat();
            return Decision::Replace {
                path,
                provider: Provider::Wrapper,
            };
        }
        let resolver = self.resolver;
        // A directory is no program that lacks its execute bit.
        let is_candidate = |node| !self.runs() || node != Node::Directory;
        let mut not_executable = own.filter(|hit| is_candidate(hit.node));
        for directory in resolver.usable_search_path(&self.place.output) {
            let path = directory.join(OsStr::from_bytes(name));
            let Some(node) = resolver.tree.look_up(&path) else {
                continue;
            };
            let store_path = resolver.package.store.store_path_of(&path);
            let hit = Hit {
                path,
                node,
                provider: Provider::Dependency(store_path.unwrap_or_default()),
            };
            if node == Node::Program {
                return replace(hit);
            }
            if is_candidate(node) {
                not_executable.get_or_insert(hit);
            }
        }
        match not_executable {
            Some(hit) => self.not_executable(hit),
            None => self.missing(&[b"bin/", name].concat()),
        }
    }

    fn not_executable(&self, hit: Hit) -> Decision {
        if self.runs() {
            Decision::Unresolved(UnresolvedReason::NotExecutable(hit.path))
        } else {
            replace(hit)
        }
    }

    fn missing(&self, sub_path: &[u8]) -> Decision {
        let package = self.resolver.package;
        let has = |output: &&Output| {
            let places = places(sub_path);
            let mut paths = places.iter().map(|place| output.join(place));
            !output.is_runtime() && paths.any(|path| self.resolver.tree.look_up(&path).is_some())
        };
        match package.outputs.iter().find(has) {
            Some(output) => {
                Decision::Unresolved(UnresolvedReason::OnlyInOutput(output.name.clone()))
            }
            None => Decision::Unresolved(UnresolvedReason::NotFound),
        }
    }

    /// Whether what was found is what the role asks for.
    fn fits(&self, hit: &Hit) -> bool {
        match self.role {
            Role::Program | Role::ShellCommand | Role::PrefixedProgram => hit.node == Node::Program,
            Role::File => hit.node != Node::Directory,
            _ => true,
        }
    }

    /// The first own output that has `sub_path`, as a program if a program is asked for and one of
    /// them has it so.
    fn own(&self, sub_path: &[u8]) -> Option<Hit> {
        let package = self.resolver.package;
        let allowed = |output: &&Output| output.is_runtime() || output.name == self.place.output;
        let mut first = None;
        for output in package.outputs.iter().filter(allowed) {
            if sub_path.starts_with(b"sbin/") && self.has_sbin_in_bin(output) {
                continue;
            }
            let path = output.join(sub_path);
            let Some(node) = self.resolver.tree.look_up(&path) else {
                continue;
            };
            let hit = Hit {
                path,
                node,
                provider: Provider::Own(output.name.clone()),
            };
            if !self.runs() || node == Node::Program {
                return Some(hit);
            }
            first.get_or_insert(hit);
        }
        first
    }

    /// Whether the output's `sbin` is the link to `bin` that stdenv's fixup leaves: what is there is
    /// found in `bin`, and that is its name.
    fn has_sbin_in_bin(&self, output: &Output) -> bool {
        let sbin = self.resolver.tree.link_at(&output.path.join("sbin"));
        sbin.is_some_and(|target| target == b"bin")
    }

    /// The first dependency that has `sub_path`: files only, since what lies in a directory may come
    /// from elsewhere.
    fn dependency(&self, sub_path: &[u8]) -> Option<Hit> {
        let package = self.resolver.package;
        let sub_path = OsStr::from_bytes(sub_path);
        let mut first = None;
        for dependency in package.dependencies_of(&self.place.output) {
            if !dependency.starts_with(&package.store.directory) {
                continue;
            }
            let path = dependency.join(sub_path);
            let node = self.resolver.tree.look_up(&path);
            let Some(node @ (Node::Program | Node::File)) = node else {
                continue;
            };
            let store_path = package.store.store_path_of(dependency).unwrap_or_default();
            let hit = Hit {
                path,
                node,
                provider: Provider::Dependency(store_path),
            };
            if !self.runs() || node == Node::Program {
                return Some(hit);
            }
            first.get_or_insert(hit);
        }
        first
    }
}

fn replace(hit: Hit) -> Decision {
    replace_with(&hit.path, hit.provider)
}

fn replace_with(path: &Path, provider: Provider) -> Decision {
    Decision::Replace {
        path: path.as_os_str().as_bytes().to_vec(),
        provider,
    }
}
