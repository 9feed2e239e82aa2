//! Cases of a tool with other files: files of all cases, and of real packages, with random changes. What holds for
//! every tree is what [`run_changed`] checks.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use case_runner::Job;
use case_runner::{changeable, lay_out, run_changed};
use hermetic_out_formats::kind::kind_of;
use scanner_tests::amount;
use scanner_tests::invariants::Input;
use scanner_tests::mutation::mutate;
use scanner_tests::random::Random;
use walkdir::WalkDir;

use crate::files::{link, set_mode};
use crate::hostile::fifo;

/// A larger file would be most of the time.
const MAX_SEED: u64 = 64 * 1024;

/// Files, each with its path in its store path.
pub struct Seeds(Vec<(PathBuf, PathBuf)>);

/// Something that is done to a tree.
#[derive(Clone, Debug)]
pub enum Op {
    /// A file gets this content.
    Write(Vec<u8>),
    /// A FIFO takes its place.
    Fifo,
    /// A directory takes its place.
    Directory,
    /// A link takes its place.
    Link(PathBuf),
    /// It gets this mode.
    Mode(u32),
}

/// What is done to a path in the tree.
pub type Change = (PathBuf, Op);

impl Seeds {
    /// The files of all cases, and of the real packages that the environment names.
    pub fn load() -> Self {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
        let mut seeds = Vec::new();
        for top in [Some(cases), amount::trees()].into_iter().flatten() {
            for entry in WalkDir::new(&top).sort_by_file_name() {
                let entry = entry.expect("the tree can be read");
                let size = entry.metadata().map_or(0, |file| file.len());
                if !entry.file_type().is_file() || size > MAX_SEED {
                    continue;
                }
                if let Some(sub_path) = in_store_path(&top, entry.path()) {
                    seeds.push((sub_path, entry.into_path()));
                }
            }
        }
        assert!(!seeds.is_empty(), "there are files");
        Self(seeds)
    }

    /// Random changes of the tree at `root`: files come, into `outputs` (relative to the root) if that is not
    /// empty, files are changed, and now and then one becomes something else.
    pub fn changes(&self, root: &Path, outputs: &[PathBuf], random: &mut Random) -> Vec<Change> {
        let mut contents: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for _ in 0..random.below(4) {
            let (Some(output), Some((sub_path, seed))) = (random.of(outputs), random.of(&self.0))
            else {
                continue;
            };
            contents.insert(output.join(sub_path), fs::read(seed).expect("a seed"));
        }
        let mut files = contents.clone();
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry.expect("the tree can be read");
            let path = entry.path().strip_prefix(root).expect("it is below");
            if entry.file_type().is_file() && !files.contains_key(path) {
                files.insert(path.to_owned(), fs::read(entry.path()).expect("a file"));
            }
        }
        let files: Vec<(PathBuf, Vec<u8>)> = files.into_iter().collect();
        for _ in 0..=random.below(4) {
            let Some((path, content)) = random.of(&files) else {
                break;
            };
            let content = contents
                .entry(path.clone())
                .or_insert_with(|| content.clone());
            mutate(content, input_of(path, content).pieces(), random);
        }
        let writes = contents
            .into_iter()
            .map(|(path, content)| (path, Op::Write(content)));
        let mut ops: Vec<Change> = writes.collect();
        if random.below(8) == 0
            && let Some((path, _)) = random.of(&files)
        {
            let op = match random.below(6) {
                0 => Op::Fifo,
                1 => Op::Directory,
                2 => Op::Link("/dev/zero".into()),
                3 => Op::Link(path.file_name().unwrap_or_default().into()),
                4 => Op::Link("../".repeat(1 + random.below(9)).into()),
                _ => Op::Mode([0o000, 0o4755, 0o222][random.below(3)]),
            };
            ops.push((path.clone(), op));
        }
        ops
    }
}

/// The path of a file in the store path that holds it: `TOP/…/store/NAME/SUB_PATH` in cases, `TOP/NAME/SUB_PATH`
/// in a store of real packages.
fn in_store_path(top: &Path, path: &Path) -> Option<PathBuf> {
    let inside = path.strip_prefix(top).ok()?;
    let parts: Vec<_> = inside.iter().collect();
    let store = parts.iter().position(|part| *part == "store");
    let skipped = store.map_or(1, |store| store + 2);
    let is_of_case = parts.iter().any(|part| *part == "in" || *part == "out");
    let rest = parts.get(skipped..).filter(|rest| !rest.is_empty())?;
    (store.is_some() || !is_of_case).then(|| rest.iter().collect())
}

fn input_of(path: &Path, content: &[u8]) -> Input {
    let sub_path = in_store_path(Path::new(""), path).unwrap_or_default();
    match kind_of(sub_path.as_os_str().as_bytes()) {
        Some(kind) => Input::File(kind),
        None if content.starts_with(b"\x7fELF") => Input::Elf,
        None if content.starts_with(b"#!") => Input::WholeScript,
        None => Input::Configuration,
    }
}

/// Makes the changes below a root.
pub fn apply(root: &Path, ops: &[Change]) -> Result<(), String> {
    for (path, op) in ops {
        let place = root.join(path);
        let parent = place.parent().unwrap_or(root);
        // Where a file or link of the tree is in the way, nothing comes.
        let leads_out = parent
            .canonicalize()
            .is_ok_and(|real| !real.starts_with(root));
        if leads_out || fs::create_dir_all(parent).is_err() || place.is_dir() {
            continue;
        }
        let old = fs::symlink_metadata(&place).map(|old| old.permissions());
        if !matches!(op, Op::Mode(_)) && old.is_ok() {
            fs::remove_file(&place).map_err(|error| error.to_string())?;
        }
        match op {
            Op::Write(content) => {
                fs::write(&place, content).map_err(|error| error.to_string())?;
                let mode = old.map(|old| fs::set_permissions(&place, old));
                mode.unwrap_or(Ok(())).map_err(|error| error.to_string())?;
            }
            Op::Fifo => fifo(&place),
            Op::Directory => fs::create_dir(&place).map_err(|error| error.to_string())?,
            Op::Link(target) => link(target, &place),
            Op::Mode(mode) if place.exists() => set_mode(&place, *mode),
            Op::Mode(_) => {}
        }
    }
    Ok(())
}

/// Whether a tool may be unable to work after these: a file is something else, or in no output, so that an option
/// may name it.
pub fn may_fail(ops: &[Change]) -> bool {
    ops.iter().any(|(path, op)| {
        let is_option = !path.iter().any(|part| part == "store");
        is_option || !matches!(op, Op::Write(_))
    })
}

/// Runs `program` on changed trees of its cases; `short` of them, unless the environment has another number.
pub fn check(tool: &str, program: &str, job: Job, short: usize) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let cases = changeable(&cases.join(tool));
    let seeds = Seeds::load();
    let (program, mut statuses) = (Path::new(program), [0; 3]);
    for run in amount::each(short) {
        let seed = amount::seed().wrapping_add(run as u64);
        let mut random = Random::new(seed);
        let case = random.of(&cases).expect("there are cases");
        let ops = changes_of(case, &seeds, &mut random);
        let attempt = |ops: &[Change]| {
            run_changed(program, case, job, may_fail(ops), |root| apply(root, ops))
        };
        if let Ok(status) = attempt(&ops) {
            statuses[usize::try_from(status).unwrap_or(0).min(2)] += 1;
        } else {
            let ops = smallest(ops, &|ops| attempt(ops).is_err());
            let message = attempt(&ops).expect_err("it fails");
            let kept = keep(tool, seed, &ops);
            panic!(
                "seed {seed}, the case {} with {}:\n{message}",
                case.display(),
                kept.display()
            );
        }
    }
    let amount: usize = statuses.iter().sum();
    let [clean, findings, failed] = statuses;
    amount::report(
        format!("changed trees, {tool}"),
        format!("{amount} trees"),
        format!("status 0: {clean}, 1: {findings}, 2: {failed}; nothing broken"),
    );
}

fn changes_of(case: &Path, seeds: &Seeds, random: &mut Random) -> Vec<Change> {
    let top = tempfile::tempdir().expect("a directory");
    lay_out(case, top.path()).expect("the case's tree");
    let outputs = outputs_below(top.path());
    seeds.changes(top.path(), &outputs, random)
}

/// The store paths of a tree, relative to its root.
fn outputs_below(root: &Path) -> Vec<PathBuf> {
    let mut outputs = Vec::new();
    for store in ["nix/store", "tmp/store", "store"] {
        let entries = fs::read_dir(root.join(store))
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        outputs.extend(names.map(|entry| Path::new(store).join(entry.file_name())));
    }
    outputs.sort();
    outputs
}

/// Fewer and smaller changes that still fail.
pub fn smallest(mut ops: Vec<Change>, fails: &dyn Fn(&[Change]) -> bool) -> Vec<Change> {
    const ATTEMPTS: usize = 400;
    let mut index = 0;
    while index < ops.len() {
        let mut fewer = ops.clone();
        fewer.remove(index);
        if fails(&fewer) {
            ops = fewer;
        } else {
            index += 1;
        }
    }
    let mut attempts = 0;
    for index in 0..ops.len() {
        let Op::Write(content) = &ops[index].1 else {
            continue;
        };
        let (mut content, mut size) = (content.clone(), content.len().div_ceil(2));
        while size > 0 && attempts < ATTEMPTS {
            let mut at = 0;
            while at < content.len() && attempts < ATTEMPTS {
                attempts += 1;
                let mut shorter = content.clone();
                shorter.drain(at..(at + size).min(content.len()));
                let mut smaller = ops.clone();
                smaller[index].1 = Op::Write(shorter.clone());
                if fails(&smaller) {
                    (content, ops) = (shorter, smaller);
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
    }
    ops
}

/// Writes down what was done to a tree that shows a fault; where.
pub fn keep(tool: &str, seed: u64, ops: &[Change]) -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/attack");
    let kept = top.join(format!("{tool}-{seed}"));
    drop(fs::remove_dir_all(&kept));
    fs::create_dir_all(&kept).expect("a directory for what failed");
    apply(&kept.canonicalize().expect("the directory"), ops).expect("it can be written down");
    kept
}
