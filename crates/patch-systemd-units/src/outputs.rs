//! Which output a file belongs in: Nix refuses outputs that refer to each other.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::package::{normalize, relative};
use hermetic_out::store::hash_part;
use hermetic_out::{Change, Moves, OutputReferences, Package, Tree};
use hermetic_out_formats::unit::place::{BASES, UnitPlace};
use memchr::memmem::Finder;
use walkdir::WalkDir;

use crate::unit::Unit;
use crate::{Error, Options, findings};

/// Which output each file will be in.
pub(crate) struct Placement<'a> {
    package: &'a Package,
    tree: &'a Tree,
    /// The output that the user chose for what moves.
    chosen: Option<usize>,
    /// The files, by their positions: a unit and its drop-ins stay together.
    groups: Vec<Vec<usize>>,
    /// By file: the own outputs that its content refers to.
    named: Vec<Vec<usize>>,
    /// Which outputs refer to which through anything but these files, once that is looked for.
    present: Option<OutputReferences>,
    /// What moves. A link goes before what it means, so that a killed run leaves it to be found by the
    /// next.
    moves: Moves,
    /// Absolute links to a unit that moves, and the relative targets that they get first.
    links: Vec<(PathBuf, PathBuf)>,
}

impl<'a> Placement<'a> {
    /// Every file where it is.
    pub(crate) fn new(
        units: &[Unit],
        package: &'a Package,
        tree: &'a Tree,
        options: &Options,
    ) -> Self {
        let outputs = &package.outputs;
        let mut groups: BTreeMap<(usize, Vec<u8>), Vec<usize>> = BTreeMap::new();
        for (index, unit) in units.iter().enumerate() {
            let group = groups.entry((unit.output, unit.key())).or_default();
            group.push(index);
        }
        let hashes = outputs.iter().map(|output| hash_part(&output.path));
        let finders: Vec<Finder> = hashes.map(Finder::new).collect();
        let named = |unit: &Unit| {
            let is_named = |index: &usize| finders[*index].find(&unit.content).is_some();
            let all = 0..outputs.len();
            all.filter(|index| outputs.len() > 1 && is_named(index))
                .collect()
        };
        let is_chosen = |name: &String| outputs.iter().position(|output| output.name == *name);
        Self {
            package,
            tree,
            chosen: options.unit_output.as_ref().and_then(is_chosen),
            groups: groups.into_values().collect(),
            named: units.iter().map(named).collect(),
            present: None,
            moves: Moves::default(),
            links: Vec::new(),
        }
    }

    /// What moves.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    /// The output that a file will be in.
    pub(crate) fn output_of(&self, unit: &Unit) -> usize {
        let new = self.moves.new_place(&unit.file.path);
        new.and_then(|path| self.position(|output| path.starts_with(output)))
            .unwrap_or(unit.output)
    }

    /// The steps of the plan that make it so.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = Change> {
        let links = self.links.into_iter();
        let links = links.map(|(path, target)| Change::Link { path, target });
        let moves = self.moves.into_iter();
        links.chain(moves.map(|(from, to)| Change::Move { from, to }))
    }

    /// Decides which files move so that no two outputs refer to each other; where no move helps, takes
    /// back the edits that would close a cycle, with a finding. What moves already stays where it goes.
    /// Gives whether something else moves now.
    pub(crate) fn break_cycles(&mut self, units: &mut [Unit]) -> Result<bool, Error> {
        let groups = self.groups.clone();
        let homes: Vec<usize> = groups
            .iter()
            .map(|members| self.output_of(&units[members[0]]))
            .collect();
        let targets: Vec<Vec<usize>> = groups
            .iter()
            .map(|members| self.targets(members, units))
            .collect();
        let crosses =
            |(home, targets): (&usize, &Vec<usize>)| targets.iter().any(|one| one != home);
        if !homes.iter().zip(&targets).any(crosses) {
            return Ok(false);
        }
        let mut references = self.present_references(units)?;
        let mut is_new = false;
        for ((members, home), targets) in groups.iter().zip(homes).zip(&targets) {
            if references.allows(home, targets) {
                references.add(home, targets);
                continue;
            }
            let has_moved = units[members[0]].output != home;
            let place = if has_moved {
                None
            } else {
                self.new_place(members, home, targets, &references, units)?
            };
            let Some((place, links)) = place else {
                for member in members {
                    take_back(&mut units[*member], home, &references, self.package);
                }
                continue;
            };
            // What closes the cycle goes last: if the run is killed before, the next one finds the same
            // reason to move the rest.
            let mut members = members.clone();
            members.sort_by_cached_key(|member| {
                !references.allows(home, &self.targets(&[*member], units))
            });
            references.add(place, targets);
            let to = &self.package.outputs[place];
            for link in links {
                let target = link.relative_target;
                self.links
                    .extend(target.map(|target| (link.path.clone(), target)));
                is_new |= self.moves.add(link.path, to.join(&link.sub_path));
            }
            for member in members {
                let file = &units[member].file;
                is_new |= self.moves.add(file.path.clone(), to.join(&file.sub_path));
            }
        }
        Ok(is_new)
    }

    /// The output that files can move to together, and the links that go with them.
    fn new_place(
        &self,
        members: &[usize],
        home: usize,
        targets: &[usize],
        references: &OutputReferences,
        units: &[Unit],
    ) -> Result<Option<(usize, Vec<UnitLink>)>, Error> {
        let mut links = Vec::new();
        for member in members {
            links.extend(links_to(&units[*member], self.package, self.tree)?);
        }
        let is_possible = |place: &usize| {
            let output = &self.package.outputs[*place];
            let is_free = |sub_path: &[u8]| {
                let path = output.join(sub_path);
                let is_there = self.tree.real_path(&path).symlink_metadata().is_ok();
                !is_there && !self.moves.is_new_place(&path)
            };
            let mut files = members.iter().map(|member| &units[*member].file.sub_path);
            *place != home
                && output.is_runtime()
                && references.allows(*place, targets)
                && files.all(|sub_path| is_free(sub_path))
                && links.iter().all(|link| is_free(&link.sub_path))
        };
        let place = match self.chosen {
            Some(chosen) => Some(chosen).filter(is_possible),
            None => targets.iter().copied().find(is_possible),
        };
        Ok(place.map(|place| (place, links)))
    }

    /// The own outputs that these files refer to after their edits.
    fn targets(&self, members: &[usize], units: &[Unit]) -> Vec<usize> {
        let mut targets = Vec::new();
        for member in members {
            targets.extend(&self.named[*member]);
            let planned = units[*member].edits.iter();
            let planned = planned.flat_map(|edit| &edit.store_paths);
            targets.extend(planned.filter_map(|path| self.position(|output| output == path)));
        }
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    fn position(&self, is_it: impl Fn(&Path) -> bool) -> Option<usize> {
        let mut outputs = self.package.outputs.iter();
        outputs.position(|output| is_it(&output.path))
    }

    /// Which outputs refer to which through anything but the files that can move.
    fn present_references(&mut self, units: &[Unit]) -> Result<OutputReferences, Error> {
        if let Some(known) = &self.present {
            return Ok(known.clone());
        }
        let units = units.iter();
        let can_move: HashSet<(usize, &[u8])> = units
            .map(|unit| (unit.output, unit.file.sub_path.as_slice()))
            .collect();
        let found = OutputReferences::of(self.package, self.tree, |output, sub_path| {
            can_move.contains(&(output, sub_path))
        })?;
        Ok(self.present.insert(found).clone())
    }
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
