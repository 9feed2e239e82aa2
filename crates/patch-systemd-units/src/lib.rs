//! Makes what systemd and its companions start be found: every program and own file that units and
//! their kin name becomes a store path.
//!
//! [`plan`] reads the outputs and says what to do; nothing is written. `hermetic_out::apply` does it.

pub mod cli;
pub mod findings;
mod outputs;
mod search_path;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::output_references::ReferencesError;
use hermetic_out::resolve::{Choices, Kept, PatternError, Provider, ReferenceContext};
use hermetic_out::walk::{KnownFile, WalkError, known_files};
use hermetic_out::{
    Change, Decision, Edit, FileEdits, Finding, FindingKind, Outcome, Package, PlanError, Resolver,
    Severity, Tree,
};
use hermetic_out_formats::unit::context::UnitContext;
use hermetic_out_formats::unit::place::{UnitPlace, unit_key};
use hermetic_out_formats::{
    Declaration, Encoding, FileKind, MAX_FILE_SIZE, MappedText, Quote, Reference, Role, Scan, Span,
    scan,
};
use thiserror::Error;

/// What the user can choose beside the package.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the user says about single references.
    pub choices: Choices,
    /// Whether a missing program is an error.
    pub missing_is_error: bool,
    /// The output that takes the units that have to move.
    pub unit_output: Option<String>,
    /// Store paths that no replacement may refer to.
    pub forbidden_references: Vec<PathBuf>,
    /// Whether desktop entries are read: an absolute program breaks wrappers and autostart.
    pub desktop_entries: bool,
}

/// The package cannot be looked at, or the options make no sense.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A directory cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file cannot be read.
    #[error("reading {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// References between outputs cannot be looked for.
    #[error(transparent)]
    References(#[from] ReferencesError),
    /// A pattern of `--keep` is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// `--unit-output` names an output that is not given.
    #[error(
        "choosing where units go: there is no output {name}; give it with --output {name}=PATH, or \
         choose another with --unit-output"
    )]
    UnknownOutput {
        /// The name.
        name: String,
    },
    /// `--forbid-reference` names something that nothing can refer to.
    #[error(
        "forbidding references to {path}: it is not in the store directory {store_dir}; give a store \
         path"
    )]
    NotInStore {
        /// What is named.
        path: PathBuf,
        /// The store directory.
        store_dir: PathBuf,
    },
    /// The plan contradicts itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// A unit, or a file of one of the other kinds: read, and perhaps changed.
struct Unit {
    /// The output that it is in, by its position.
    output: usize,
    file: KnownFile,
    content: Vec<u8>,
    scan: Scan,
    edits: Vec<PlannedEdit>,
    findings: Vec<Finding>,
    replaced: usize,
    kept: usize,
    unresolved: usize,
}

/// An edit, and what it makes the file refer to.
#[derive(Clone, Debug)]
struct PlannedEdit {
    edit: Edit,
    /// The place that it is for, in messages.
    span: Span,
    /// What stood there.
    subject: Vec<u8>,
    /// The store paths in the new text.
    store_paths: Vec<PathBuf>,
}

/// Looks at a package's outputs and says what to do. Reads the disk, writes nothing.
pub fn plan(package: &Package, options: &Options) -> Result<Outcome, Error> {
    let is_known = |name: &&String| package.outputs.iter().any(|output| output.name == **name);
    if let Some(name) = options.unit_output.as_ref().filter(|name| !is_known(name)) {
        return Err(Error::UnknownOutput { name: name.clone() });
    }
    let is_in_store = |path: &&PathBuf| package.store_path_of(path).is_some();
    let forbidden = &options.forbidden_references;
    if let Some(path) = forbidden.iter().find(|path| !is_in_store(path)) {
        return Err(Error::NotInStore {
            path: path.clone(),
            store_dir: package.store_dir.clone(),
        });
    }
    let tree = Tree::new(package.store_dir.clone(), package.root.clone());
    let resolver = Resolver::new(package, &tree, &options.choices)?;
    let mut units = read(package, &tree, options)?;
    patch(&mut units, package, &resolver);
    let mut moves = outputs::break_cycles(&mut units, package, &tree, options)?;
    if !moves.files.is_empty() {
        // What names a file that moves has to name its new place.
        for (from, to) in &moves.files {
            tree.will_move(from.clone(), to.clone());
        }
        patch(&mut units, package, &resolver);
        moves = outputs::break_cycles(&mut units, package, &tree, options)?;
    }
    outcome(units, moves, package, options)
}

fn read(package: &Package, tree: &Tree, options: &Options) -> Result<Vec<Unit>, Error> {
    let mut units = Vec::new();
    for (index, output) in package.outputs.iter().enumerate() {
        for file in known_files(tree, output, FileKind::names_paths)? {
            if file.kind == FileKind::DesktopEntry && !options.desktop_entries {
                continue;
            }
            let error = |source| Error::Read {
                path: file.path.clone(),
                source,
            };
            let real = tree.real_path(&file.path);
            let mut findings = Vec::new();
            let mut content = Vec::new();
            let size = fs::symlink_metadata(&real).map_err(error)?.len();
            if usize::try_from(size).is_ok_and(|size| size <= MAX_FILE_SIZE) {
                content = fs::read(&real).map_err(error)?;
            } else {
                let message = format!("the file has {size} bytes and was left unchanged");
                let kind = &findings::UNREAD_FILE;
                findings.push(
                    Finding::new(kind, file.path.clone(), message)
                        .with_severity(Severity::Warning)
                        .with_help("find out why the file is so large"),
                );
            }
            let scan = scan(file.kind, &content);
            units.push(Unit {
                output: index,
                file,
                content,
                scan,
                edits: Vec::new(),
                findings,
                replaced: 0,
                kept: 0,
                unresolved: 0,
            });
        }
    }
    Ok(units)
}

/// The settings by unit: whether it is a user's, and its name. Other files stand for themselves.
fn settings(units: &[Unit]) -> BTreeMap<Vec<u8>, UnitContext> {
    let mut all: BTreeMap<Vec<u8>, UnitContext> = BTreeMap::new();
    for unit in units {
        let settings = all.entry(unit.key()).or_default();
        settings.add(&unit.file.sub_path, &unit.scan);
    }
    all
}

impl Unit {
    fn key(&self) -> Vec<u8> {
        match UnitPlace::of(&self.file.sub_path) {
            Some(_) => unit_key(&self.file.sub_path),
            None => self.file.path.as_os_str().as_bytes().to_vec(),
        }
    }

    fn report(
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
    fn replace(&mut self, text: &MappedText, new: &[u8], store_paths: Vec<PathBuf>) -> bool {
        let extent = text.covering_span().unwrap_or(Span::new(0, 0));
        let encoded = text
            .editable_span()
            .and_then(|span| Some((span, text.encode(new).ok()?)));
        let Some((span, encoded)) = encoded else {
            let (old, new) = (text.bytes().as_bstr(), new.as_bstr());
            let message = format!("{old} cannot be replaced by {new} here");
            let help = findings::UNWRITABLE_PLACE.remedy;
            self.report(
                &findings::UNWRITABLE_PLACE,
                extent,
                text.bytes(),
                message,
                help,
            );
            return false;
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

/// Decides about every reference of every file, anew.
fn patch(units: &mut [Unit], package: &Package, resolver: &Resolver) {
    let settings = settings(units);
    for unit in units {
        let Some(settings) = settings.get(&unit.key()) else {
            continue;
        };
        unit.findings
            .retain(|finding| finding.kind == &findings::UNREAD_FILE);
        unit.edits.clear();
        (unit.replaced, unit.kept, unit.unresolved) = (0, 0, 0);
        let scan = std::mem::take(&mut unit.scan);
        let reference_context = ReferenceContext {
            output: package.outputs[unit.output].name.clone(),
            other_root: settings.other_root,
            unprivileged: settings.unprivileged,
            search_path: settings.search_path.clone(),
        };
        for problem in &scan.problems {
            let (kind, message) = findings::of_problem(problem.kind);
            let subject = problem.span.of(&unit.content).to_vec();
            unit.report(kind, problem.span, &subject, message, kind.remedy);
        }
        for reference in &scan.references {
            if reference.role == Role::ProgramSearchPath {
                search_path::patch(unit, reference, settings, package, resolver);
            } else {
                decide(unit, reference, &reference_context, package, resolver);
            }
        }
        for fact in &scan.declarations {
            if let Declaration::Getty { insert_at, .. } = fact {
                tell_login_program(unit, *insert_at, &reference_context, package, resolver);
            }
        }
        exec_paths(unit, &scan, settings, package);
        unit.scan = scan;
    }
}

fn decide(
    unit: &mut Unit,
    reference: &Reference,
    reference_context: &ReferenceContext,
    package: &Package,
    resolver: &Resolver,
) {
    let text = &reference.text;
    let extent = text.covering_span().unwrap_or(Span::new(0, 0));
    match resolver.resolve(reference, reference_context) {
        Decision::Keep(kept) => {
            unit.kept += 1;
            if let Some((kind, message, help)) = kept_note(reference, &kept) {
                unit.report(kind, extent, text.bytes(), message, help);
            }
        }
        Decision::Replace { path, .. } if reference.role == Role::PrefixedProgram => {
            unit.kept += 1;
            let message = format!(
                "the program {} is named without a path",
                text.bytes().as_bstr()
            );
            let help = format!("write {} in its place", path.as_bstr());
            unit.report(&findings::BARE_PROGRAM, extent, text.bytes(), message, help)
                .severity = Severity::Note;
        }
        Decision::Replace { path, provider } => {
            // A directory keeps the slash at its end.
            let mut path = path;
            if text.bytes().ends_with(b"/") && !path.ends_with(b"/") {
                path.push(b'/');
            }
            if path == text.bytes() {
                unit.kept += 1;
                return;
            }
            let store_paths = store_paths(&path, package);
            if !unit.replace(text, &path, store_paths) {
                unit.unresolved += 1;
                return;
            }
            unit.replaced += 1;
            if provider == Provider::Wrapper {
                let message = format!(
                    "the program {} needs its setuid bit",
                    text.bytes().as_bstr()
                );
                let help = format!(
                    "provide {} on the system (NixOS: security.wrappers)",
                    path.as_bstr()
                );
                unit.report(
                    &findings::SETUID_WRAPPER,
                    extent,
                    text.bytes(),
                    message,
                    help,
                );
            }
        }
        Decision::Unresolved(missing) => {
            let Some((kind, severity, message, help)) = findings::of_missing(reference, &missing)
            else {
                unit.kept += 1;
                return;
            };
            unit.unresolved += 1;
            unit.report(kind, extent, text.bytes(), message, help)
                .severity = severity;
        }
    }
}

/// What is worth knowing of a reference that is kept.
fn kept_note(
    reference: &Reference,
    kept: &Kept,
) -> Option<(&'static FindingKind, String, &'static str)> {
    let text = reference.text.bytes().as_bstr();
    let runs = matches!(reference.role, Role::Program | Role::ShellCommand);
    match kept {
        Kept::MachineState if runs => Some((
            &findings::MACHINE_STATE_PROGRAM,
            format!("the program {text} is installed at run time, if at all"),
            findings::MACHINE_STATE_PROGRAM.remedy,
        )),
        Kept::Variable if findings::is_of_a_package(reference.text.literal_prefix()) => Some((
            &findings::VARIABLE_IN_PATH,
            format!("the path {text} is known only at run time"),
            findings::VARIABLE_IN_PATH.remedy,
        )),
        _ => None,
    }
}

/// The store paths that a path in the store lies in: one, or none.
fn store_paths(path: &[u8], package: &Package) -> Vec<PathBuf> {
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    package.store_path_of(path).into_iter().collect()
}

/// agetty's compiled-in login program is `/bin/login`: agetty(8).
const LOGIN_PROGRAM: &[u8] = b"/bin/login";

/// Gives a getty the option that names its login program, if one is known.
fn tell_login_program(
    unit: &mut Unit,
    insert_at: usize,
    reference_context: &ReferenceContext,
    package: &Package,
    resolver: &Resolver,
) {
    let place = Span::new(insert_at, insert_at);
    let login = Reference {
        optional: true,
        inside_root: true,
        ..Reference::new(
            Role::Program,
            "ExecStart",
            MappedText::of_file(LOGIN_PROGRAM, Span::new(0, LOGIN_PROGRAM.len())),
        )
    };
    let path = match resolver.resolve(&login, reference_context) {
        Decision::Replace { path, .. } => path,
        Decision::Keep(_) => return,
        Decision::Unresolved(_) => {
            let line = Span::new(insert_at.saturating_sub(1), insert_at);
            unit.report(
                &findings::LOGIN_PROGRAM_COMPILED_IN,
                line,
                LOGIN_PROGRAM,
                "the getty runs the /bin/login that is compiled into it",
                findings::LOGIN_PROGRAM_COMPILED_IN.remedy,
            );
            return;
        }
    };
    let encode = |text: &[u8]| {
        let text = Encoding::Specifier.encode(text)?;
        Encoding::UnitWord(Quote::Bare).encode(&text)
    };
    let Ok(encoded) = encode(&path) else { return };
    unit.replaced += 1;
    unit.edits.push(PlannedEdit {
        edit: Edit {
            span: place,
            text: [b" --login-program ", encoded.as_slice()].concat(),
        },
        span: place,
        subject: LOGIN_PROGRAM.to_vec(),
        store_paths: store_paths(&path, package),
    });
}

/// `NoExecPaths=/` with an `ExecPaths=` that leaves the store out: nothing from a store can start.
fn exec_paths(unit: &mut Unit, scan: &Scan, settings: &UnitContext, package: &Package) {
    let store = package.store_dir.as_os_str().as_bytes();
    if let Some(place) = settings.forbidding(scan, store) {
        let extent = place.covering_span().unwrap_or(Span::new(0, 0));
        unit.report(
            &findings::EXEC_PATHS_EXCLUDE_STORE,
            extent,
            b"/",
            "NoExecPaths=/ forbids the programs and libraries of the store",
            format!("add ExecPaths={}", package.store_dir.display()),
        )
        .severity = Severity::Warning;
    }
}

/// Puts the plan together.
fn outcome(
    units: Vec<Unit>,
    moves: outputs::Moves,
    package: &Package,
    options: &Options,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let forbidden: Vec<PathBuf> = options
        .forbidden_references
        .iter()
        .filter_map(|path| package.store_path_of(path))
        .collect();
    let mut new_references: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
    for unit in units {
        let output = outputs::final_output(&unit, &moves.files, package);
        let mut findings = unit.findings;
        let mut seen: BTreeSet<&PathBuf> = BTreeSet::new();
        for planned in &unit.edits {
            for store_path in &planned.store_paths {
                // Once for each: the file may be long.
                if seen.insert(store_path) && package.outputs[output].path != *store_path {
                    let name = store_path.as_os_str().as_bytes();
                    if memchr::memmem::find(&unit.content, name).is_none() {
                        new_references
                            .entry(output)
                            .or_default()
                            .push(store_path.clone());
                    }
                }
                if forbidden.contains(store_path) {
                    let message = format!(
                        "{} would be replaced by a path of {}, which is forbidden",
                        planned.subject.as_bstr(),
                        store_path.display()
                    );
                    let kind = &findings::FORBIDDEN_REFERENCE;
                    findings.push(
                        Finding::new(kind, unit.file.path.clone(), message)
                            .at(&unit.content, planned.span)
                            .with_subject(planned.subject.clone()),
                    );
                }
            }
        }
        for finding in &mut findings {
            let fatal = options.missing_is_error && findings::is_missing_program(finding.kind);
            if fatal && finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
            }
        }
        let place = |finding: &Finding| finding.place.as_ref().map(|place| place.span);
        findings
            .sort_by(|one, other| (place(one), one.kind.id).cmp(&(place(other), other.kind.id)));
        outcome.findings.extend(findings);
        outcome.replaced += unit.replaced;
        outcome.kept += unit.kept;
        outcome.unresolved += unit.unresolved;
        if !unit.edits.is_empty() {
            let edits: Vec<Edit> = unit.edits.into_iter().map(|planned| planned.edit).collect();
            let edits = FileEdits::new(unit.file.path, unit.content, &edits)?;
            if edits.before != edits.after {
                outcome.plan.changes.push(Change::Edit(edits));
            }
        }
    }
    for (path, target) in moves.links {
        outcome.plan.changes.push(Change::Link { path, target });
    }
    for (from, to) in moves.files {
        outcome.plan.changes.push(Change::Move { from, to });
    }
    for (output, mut paths) in new_references {
        // By what follows the hash, which says nothing to a reader and changes with every build.
        paths.sort_by_cached_key(|path| (name_without_hash(path), path.clone()));
        paths.dedup();
        outcome
            .new_references
            .push((package.outputs[output].name.clone(), paths));
    }
    Ok(outcome)
}

/// The name of a store path without the hash in front of it.
fn name_without_hash(store_path: &Path) -> Vec<u8> {
    let name = store_path.file_name().unwrap_or_default().as_bytes();
    let rest = name.split_once_str("-").map(|(_, rest)| rest);
    rest.unwrap_or(name).to_vec()
}
