//! Which output a file belongs in: Nix refuses outputs that refer to each other.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::output_references::hash_part;
use hermetic_out::package::{normalize, relative};
use hermetic_out::{Finding, Output, OutputReferences, Package, Tree};
use hermetic_out_formats::unit::place::{BASES, UnitPlace};
use memchr::memmem::Finder;
use walkdir::WalkDir;

use crate::{Error, Options, Unit, findings};

/// What moves to other outputs.
#[derive(Default)]
pub(crate) struct Moves {
    /// Absolute links to a unit that moves, and the relative targets that they get first.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    /// Where a file or link is, and where it will be. A link goes before what it means, so that a
    /// killed run leaves it to be found by the next.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
}

impl Moves {
    fn add_links(&mut self, links: Vec<UnitLink>, to: &Output) {
        for link in links {
            let new = to.join(&link.sub_path);
            if let Some(target) = link.relative_target {
                self.links.push((link.path.clone(), target));
            }
            self.files.push((link.path, new));
        }
    }
}

/// Decides which files move so that no two outputs refer to each other; where no move helps, takes
/// back the edits that would close a cycle, with a finding. Gives the moves: from, to.
pub(crate) fn break_cycles(
    units: &mut [Unit],
    package: &Package,
    tree: &Tree,
    options: &Options,
) -> Result<Moves, Error> {
    let mut moves = Moves::default();
    if package.outputs.len() < 2 {
        return Ok(moves);
    }
    let finders: Vec<Finder> = package
        .outputs
        .iter()
        .map(|output| Finder::new(hash_part(&output.path)))
        .collect();
    // A unit and its drop-ins stay together.
    let mut groups: BTreeMap<(usize, Vec<u8>), Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        groups
            .entry((unit.output, unit.key()))
            .or_default()
            .push(index);
    }
    let targets: Vec<Vec<usize>> = groups
        .values()
        .map(|members| targets(members, units, package, &finders))
        .collect();
    let crosses = |((home, _), targets): (&(usize, Vec<u8>), &Vec<usize>)| {
        targets.iter().any(|target| target != home)
    };
    if !groups.keys().zip(&targets).any(crosses) {
        return Ok(moves);
    }
    let mut references = present_references(units, package, tree)?;
    for (((home, _), members), targets) in groups.iter().zip(&targets) {
        if references.allows(*home, targets) {
            references.add(*home, targets);
            continue;
        }
        let chosen = package
            .outputs
            .iter()
            .position(|output| Some(&output.name) == options.unit_output.as_ref());
        let candidates = match chosen {
            Some(output) => vec![output],
            None => targets
                .iter()
                .copied()
                .filter(|target| target != home)
                .collect(),
        };
        let mut links = Vec::new();
        for member in members {
            links.extend(links_to(&units[*member], package, tree)?);
        }
        let place = candidates.into_iter().find(|output| {
            let is_free = |sub_path: &[u8]| {
                let path = tree.real_path(&package.outputs[*output].join(sub_path));
                *output == *home || path.symlink_metadata().is_err()
            };
            package.outputs[*output].is_runtime()
                && references.allows(*output, targets)
                && members
                    .iter()
                    .all(|member| is_free(&units[*member].file.sub_path))
                && links.iter().all(|link| is_free(&link.sub_path))
        });
        match place {
            Some(place) => {
                // What closes the cycle goes last: if the run is killed before, the next one finds
                // the same reason to move the rest.
                let mut members = members.clone();
                members.sort_by_cached_key(|member| {
                    let alone = self::targets(&[*member], units, package, &finders);
                    !references.allows(*home, &alone)
                });
                references.add(place, targets);
                moves.add_links(links, &package.outputs[place]);
                for member in members {
                    let path = move_unit(&mut units[member], place, package);
                    moves.files.push(path);
                }
            }
            None => {
                for member in members {
                    take_back(&mut units[*member], *home, &references, package);
                }
            }
        }
    }
    Ok(moves)
}

/// The output that a file will be in.
pub(crate) fn final_output(unit: &Unit, moves: &[(PathBuf, PathBuf)], package: &Package) -> usize {
    let own_move = moves.iter().find(|(from, _)| *from == unit.file.path);
    let output = own_move.and_then(|(_, to)| {
        package
            .outputs
            .iter()
            .position(|output| to.starts_with(&output.path))
    });
    output.unwrap_or(unit.output)
}

/// The own outputs that these files refer to after their edits.
fn targets(members: &[usize], units: &[Unit], package: &Package, finders: &[Finder]) -> Vec<usize> {
    let mut targets = Vec::new();
    for unit in members.iter().map(|member| &units[*member]) {
        for (index, output) in package.outputs.iter().enumerate() {
            let planned = unit
                .edits
                .iter()
                .any(|edit| edit.store_paths.contains(&output.path));
            if planned || finders[index].find(&unit.content).is_some() {
                targets.push(index);
            }
        }
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// Which outputs refer to which through anything but the files that can move.
fn present_references(
    units: &[Unit],
    package: &Package,
    tree: &Tree,
) -> Result<OutputReferences, Error> {
    let can_move = |output: usize, sub_path: &[u8]| {
        let mut units = units.iter();
        units.any(|unit| unit.output == output && unit.file.sub_path == sub_path)
    };
    Ok(OutputReferences::of(package, tree, can_move)?)
}

/// Says that a file moves to another output: from, to.
fn move_unit(unit: &mut Unit, place: usize, package: &Package) -> (PathBuf, PathBuf) {
    let (from, to) = (&package.outputs[unit.output], &package.outputs[place]);
    let message = format!("the file moves from {} to {}", from.name, to.name);
    unit.findings.push(
        Finding::new(&findings::UNIT_MOVED, unit.file.path.clone(), message)
            .with_subject(unit.file.sub_path.clone()),
    );
    (unit.file.path.clone(), to.join(&unit.file.sub_path))
}

/// A link to a unit, in the same output.
struct UnitLink {
    path: PathBuf,
    sub_path: Vec<u8>,
    /// What it has to say to mean the same from another output: set if it is absolute.
    relative_target: Option<PathBuf>,
}

/// The links to a unit that lie in the same output: aliases, and those of `x.wants` and `x.requires`.
fn links_to(unit: &Unit, package: &Package, tree: &Tree) -> Result<Vec<UnitLink>, Error> {
    let mut links = Vec::new();
    let Some(place) = UnitPlace::of(&unit.file.sub_path) else {
        return Ok(links);
    };
    let output = &package.outputs[unit.output];
    for base in BASES {
        let real = tree.real_path(&output.path.join(base).join(place.directory.path));
        if !real
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir())
        {
            continue;
        }
        for entry in WalkDir::new(&real).sort_by_file_name() {
            let error = |path: &Path, source| Error::Read {
                path: path.to_owned(),
                source,
            };
            let entry = entry.map_err(|failed| {
                let path = failed.path().unwrap_or(&real).to_owned();
                error(&path, failed.into())
            })?;
            let top = tree.real_path(&output.path);
            let Ok(sub_path) = entry.path().strip_prefix(top) else {
                continue;
            };
            if !entry.path_is_symlink() {
                continue;
            }
            let target =
                fs::read_link(entry.path()).map_err(|source| error(entry.path(), source))?;
            let path = output.path.join(sub_path);
            let directory = path.parent().unwrap_or(&output.path);
            let joined = directory.join(&target);
            let meant = normalize(joined.as_os_str().as_bytes()).unwrap_or_default();
            if meant == unit.file.path.as_os_str().as_bytes() {
                links.push(UnitLink {
                    sub_path: sub_path.as_os_str().as_bytes().to_vec(),
                    relative_target: target
                        .is_absolute()
                        .then(|| relative(directory, &unit.file.path)),
                    path,
                });
            }
        }
    }
    Ok(links)
}

/// Takes back the edits that would close a cycle, with a finding for each.
fn take_back(unit: &mut Unit, home: usize, references: &OutputReferences, package: &Package) {
    let closes = |store_path: &PathBuf| {
        let target = package
            .outputs
            .iter()
            .position(|output| output.path == *store_path)?;
        (target != home && references.reaches(target, home)).then_some(target)
    };
    let edits = std::mem::take(&mut unit.edits);
    for planned in edits {
        match planned.store_paths.iter().find_map(closes) {
            Some(target) => {
                let (from, to) = (&package.outputs[home].name, &package.outputs[target].name);
                let subject = planned.subject.as_bstr();
                let message = format!(
                    "the output {to} has {subject} and refers to {from}, which has the unit"
                );
                let help =
                    "install the program and the unit in one output, or name it with --unit-output";
                unit.report(
                    &findings::OUTPUT_CYCLE,
                    planned.span,
                    &planned.subject,
                    message,
                    help,
                );
                unit.replaced = unit.replaced.saturating_sub(1);
                unit.unresolved += 1;
            }
            None => unit.edits.push(planned),
        }
    }
}
