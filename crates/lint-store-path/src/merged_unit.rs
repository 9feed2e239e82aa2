//! A unit as systemd puts it together: its own file, and the drop-ins that may change it.
//!
//! Which drop-ins there are on a machine is not known: another package, or whoever runs the machine, may
//! have more. So what is said here of values leaves open in which order drop-ins are read, and a rule is to
//! say something only if all that is left open comes to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use hermetic_out_formats::ProblemKind;
use hermetic_out_formats::unit::drop_ins::for_name;
use hermetic_out_formats::unit::place::{UnitFile, UnitPlace};

use crate::directives::{Directive, directives};
use crate::facts::{FactSet, FileFacts, Node};

/// How many drop-ins of a unit are put together with it, and how many lines they may have: each unit of a type
/// may have all drop-ins of the type.
const MAX_DROP_INS: usize = 256;
const MAX_LINES: usize = 4096;

/// What one file of a unit says.
pub(crate) struct Part<'a> {
    pub(crate) directives: Vec<Directive<'a>>,
}

impl<'a> Part<'a> {
    pub(crate) fn of(file: &'a FileFacts) -> Self {
        let directives = directives(file).collect();
        Self { directives }
    }

    /// The lines with one of these directives, from the last empty one on: that takes back those above
    /// it, of all of them.
    pub(crate) fn listed(&self, section: &str, keys: &[&str]) -> Vec<&Directive<'a>> {
        let mut listed = Vec::new();
        for directive in &self.directives {
            if !keys.iter().any(|key| directive.is(section, key)) {
                continue;
            }
            if directive.value.is_empty() {
                listed.clear();
            } else {
                listed.push(directive);
            }
        }
        listed
    }

    /// The last line with a directive.
    pub(crate) fn last(&self, section: &str, key: &str) -> Option<&Directive<'a>> {
        let mut directives = self.directives.iter();
        directives.rfind(|directive| directive.is(section, key))
    }

    /// Whether it says anything of a directive, if only that it takes back what was said.
    pub(crate) fn mentions(&self, section: &str, key: &str) -> bool {
        let mut directives = self.directives.iter();
        directives.any(|directive| directive.is(section, key))
    }
}

/// A unit: its own file first.
pub(crate) struct Unit<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) own: Part<'a>,
    pub(crate) drop_ins: Vec<Part<'a>>,
}

impl<'a> Unit<'a> {
    fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        std::iter::once(&self.own).chain(&self.drop_ins)
    }

    /// What the directive may come to: the last value of its own file, and that of each drop-in. Nothing
    /// stands for what systemd takes if it is told nothing.
    pub(crate) fn possible(&self, section: &str, key: &str) -> Vec<Option<&Directive<'a>>> {
        let mut possible = Vec::new();
        for (index, part) in self.parts().enumerate() {
            match part.last(section, key) {
                Some(last) => possible.push(Some(last).filter(|last| !last.value.is_empty())),
                None if index == 0 => possible.push(None),
                None => {}
            }
        }
        possible
    }

    /// Whether the directive comes to something that `is` holds of, whatever is left open.
    pub(crate) fn always(
        &self,
        section: &str,
        key: &str,
        is: impl Fn(Option<&[u8]>) -> bool,
    ) -> bool {
        let possible = self.possible(section, key);
        let mut values = possible
            .iter()
            .map(|directive| directive.map(|directive| directive.value.bytes()));
        values.all(is)
    }

    /// The lines with one of these directives that may count: those of its own file that are not taken back
    /// there, and those of all drop-ins.
    pub(crate) fn listed(&self, section: &str, keys: &[&str]) -> Vec<&Directive<'a>> {
        self.parts()
            .flat_map(|part| part.listed(section, keys))
            .collect()
    }
}

/// The files of units in all that is known, by the names that they are for.
#[derive(Debug)]
pub(crate) struct UnitFiles<'a> {
    known: &'a FactSet,
    /// Made when it is first asked for.
    index: OnceLock<Index>,
}

/// A file, by the positions of its store path and of itself: in the order in which files are known.
type At = (usize, usize);

#[derive(Debug, Default)]
struct Index {
    /// The units' own files.
    own: BTreeMap<Vec<u8>, Vec<At>>,
    /// Drop-ins.
    drop_ins: BTreeMap<Vec<u8>, Vec<At>>,
    /// The names of links to a unit.
    aliases: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
}

impl Index {
    fn add(&mut self, at: At, file: &FileFacts) {
        if let Some(place) = drop_in(file) {
            let of = self.drop_ins.entry(place.name.to_vec());
            of.or_default().push(at);
        } else if let Some(place) = fragment(file) {
            let name = place.name.to_vec();
            if let Node::Link { target } = &file.node {
                let to = target.rsplit(|byte| *byte == b'/').next();
                let of = self.aliases.entry(to.unwrap_or_default().to_vec());
                of.or_default().push(name);
            } else if is_read(file) {
                self.own.entry(name).or_default().push(at);
            }
        }
    }
}

impl<'a> UnitFiles<'a> {
    /// Those of `known`.
    pub(crate) fn new(known: &'a FactSet) -> Self {
        Self {
            known,
            index: OnceLock::new(),
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (path, facts) in self.known.paths().iter().enumerate() {
                for (number, file) in facts.files.iter().enumerate() {
                    index.add((path, number), file);
                }
            }
            index
        })
    }

    fn file(&self, (path, number): At) -> Option<&'a FileFacts> {
        self.known.paths().get(path)?.files.get(number)
    }

    /// The units of that name that a drop-in is for, each with all its drop-ins; `None` if one has too many.
    pub(crate) fn of_drop_in(&self, drop_in: &UnitPlace<'_>) -> Option<Vec<Unit<'a>>> {
        let own = self.index().own.get(drop_in.name);
        let files = own.into_iter().flatten().filter_map(|at| self.file(*at));
        let units = files.filter_map(|file| {
            let place = fragment(file)?;
            (place.directory == drop_in.directory).then(|| {
                Some(Unit {
                    name: place.name,
                    own: Part::of(file),
                    drop_ins: self.drop_ins(file, &place)?,
                })
            })
        });
        units.collect()
    }

    /// The drop-ins that a unit, or an instance of it, may have; `None` if they are too many.
    pub(crate) fn drop_ins(
        &self,
        unit: &FileFacts,
        place: &UnitPlace<'_>,
    ) -> Option<Vec<Part<'a>>> {
        let index = self.index();
        // Drop-ins for another name of the unit are for it as well.
        let mut names: BTreeSet<&[u8]> = BTreeSet::from([place.name]);
        let aliases = index.aliases.get(place.name).into_iter().flatten();
        names.extend(aliases.map(Vec::as_slice));
        let directives_of_own = directives(unit);
        let aliases = directives_of_own.filter(|directive| directive.is("Install", "Alias"));
        for directive in aliases {
            let words = directive.value.bytes().split(u8::is_ascii_whitespace);
            names.extend(words);
        }
        let lists = names
            .iter()
            .flat_map(|name| for_name(&index.drop_ins, name));
        let mut found: BTreeSet<At> = BTreeSet::new();
        for at in lists.flatten() {
            found.insert(*at);
            if found.len() > MAX_DROP_INS {
                return None;
            }
        }
        let files = found.into_iter().filter_map(|at| self.file(at));
        let of_directory = files
            .filter(|file| drop_in(file).is_some_and(|found| found.directory == place.directory));
        let files: Vec<&FileFacts> = of_directory.collect();
        let scans = files
            .iter()
            .filter_map(|file| file.content()?.scan.as_ref());
        let lines: usize = scans.map(|scan| scan.declarations.len()).sum();
        (lines <= MAX_LINES).then(|| files.into_iter().map(Part::of).collect())
    }
}

/// Whether a manager reads the file, as a unit's own: it has a format that it takes, and is no mask.
pub(crate) fn is_read(file: &FileFacts) -> bool {
    // systemd takes an empty file for a mask (`null_or_empty()`).
    if !matches!(file.node, Node::File { size, .. } if size > 0) {
        return false;
    }
    // What says nothing has no content, and is read.
    let Some(content) = file.content() else {
        return true;
    };
    let refused = |kind| matches!(kind, ProblemKind::BadSection | ProblemKind::LineTooLong);
    let mut problems = content.scan.iter().flat_map(|scan| &scan.problems);
    content.problem.is_none() && !problems.any(|problem| refused(problem.kind))
}

/// The place of a file that lies where a manager looks for units: `lib/systemd/system/x.service`.
pub(crate) fn fragment(file: &FileFacts) -> Option<UnitPlace<'_>> {
    place_of(file, UnitFile::Fragment)
}

/// The place of a file that lies where a manager looks for drop-ins: `lib/systemd/system/x.service.d/y.conf`.
pub(crate) fn drop_in(file: &FileFacts) -> Option<UnitPlace<'_>> {
    place_of(file, UnitFile::DropIn)
}

fn place_of(file: &FileFacts, kind: UnitFile) -> Option<UnitPlace<'_>> {
    let place = UnitPlace::of(&file.sub_path)?;
    (place.kind == kind && place.manager().is_some()).then_some(place)
}
