//! What was found in several store paths, for whoever asks the same again.
//!
//! What a rule finds depends on the whole closure: on the facts of its store paths, and on whether
//! something is in others. So findings are kept with the stamp of every store path that had a say, the
//! absent ones included, and count only as long as all of these are what they were.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hermetic_out::store::Closure;
use hermetic_out::{Finding, Place, Severity, Store};
use hermetic_out_formats::Span;
use serde::{Deserialize, Serialize};

use crate::facts::{Name, PathFacts, written};
use crate::rule::Rule;
use crate::rules::RULES;
use crate::stamp::Stamp;
use crate::{Stats, cache::Cache};

/// As many closures as are remembered of one store; the oldest are forgotten.
const MOST: usize = 16;

/// What is asked: some store paths, and whether all that they refer to is meant, too.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    store: &'a Store,
    directory: PathBuf,
    file: PathBuf,
    /// The question itself: two may have the same hash.
    text: Vec<u8>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) findings: Vec<Finding>,
    pub(crate) looked_at: Stats,
}

/// The answer, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    build: Stamp,
    #[serde(borrow, with = "serde_bytes")]
    question: &'a [u8],
    /// The store paths that were looked at.
    paths: Vec<(Name, Stamp)>,
    /// Others that were asked for: whether something is in them.
    others: Vec<(Name, Option<Stamp>)>,
    files: usize,
    #[serde(borrow)]
    findings: Vec<KeptFinding<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptFinding<'a> {
    /// Its place in the list of rules.
    rule: usize,
    severity: u8,
    #[serde(borrow, with = "serde_bytes")]
    file: Cow<'a, [u8]>,
    #[serde(borrow)]
    place: Option<KeptPlace<'a>>,
    #[serde(borrow, with = "serde_bytes")]
    subject: Cow<'a, [u8]>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    /// `None` for the remedy of the rule.
    #[serde(borrow)]
    help: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct KeptPlace<'a> {
    line: usize,
    column: usize,
    span: Span,
    #[serde(borrow, with = "serde_bytes")]
    source: Cow<'a, [u8]>,
    source_start: usize,
}

impl<'a> Question<'a> {
    /// What is asked when these store paths are given.
    pub(crate) fn new(store: &'a Store, cache: &Cache, named: &Closure, closure: bool) -> Self {
        let mut text = vec![u8::from(closure)];
        for (kind, paths) in [(b'p', &named.paths), (b'l', &named.listed)] {
            let mut sorted: Vec<&[u8]> = paths
                .iter()
                .map(|path| path.as_os_str().as_bytes())
                .collect();
            sorted.sort_unstable();
            sorted.dedup();
            for path in sorted {
                text.push(kind);
                text.extend_from_slice(path);
                text.push(0);
            }
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(&text);
        let directory = cache.closures();
        Self {
            store,
            file: directory.join(format!("{:016x}", hasher.finish())),
            directory,
            text,
        }
    }

    /// What was found when it was asked before, if nothing has changed.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let bytes = fs::read(&self.file).ok()?;
        let answer = self.read(&bytes);
        if answer.is_none() {
            // It will never be right again; if it cannot be removed, it will be replaced.
            let _ = fs::remove_file(&self.file);
        }
        answer
    }

    fn read(&self, bytes: &[u8]) -> Option<Answer> {
        let kept: Kept<'_> = written::decode(bytes).ok()?;
        if kept.question != self.text || Some(kept.build) != Stamp::of_build() {
            return None;
        }
        let is_same =
            |name: &Name, stamp| Stamp::of(self.store, &self.store.path_of_name(name)) == stamp;
        let all = kept
            .paths
            .iter()
            .all(|(name, stamp)| is_same(name, Some(*stamp)))
            && kept
                .others
                .iter()
                .all(|(name, stamp)| is_same(name, *stamp));
        if !all {
            return None;
        }
        let findings = kept.findings.into_iter().map(KeptFinding::into_finding);
        Some(Answer {
            findings: findings.collect::<Option<_>>()?,
            looked_at: Stats {
                paths: kept.paths.into_iter().map(|(name, _)| name).collect(),
                files: kept.files,
                read: 0,
            },
        })
    }

    /// Keeps what was found in these store paths, if that can be relied on; `asked` are the names of
    /// others that had a say.
    pub(crate) fn keep(
        &self,
        paths: &[PathFacts],
        asked: &BTreeSet<Name>,
        findings: &[Finding],
    ) -> io::Result<()> {
        let stamp = |name: &[u8]| Stamp::of(self.store, &self.store.path_of_name(name));
        let known = paths.iter().map(|facts| {
            let stamp = stamp(&facts.name).filter(|_| facts.is_complete())?;
            Some((Name::from(facts.name.clone()), stamp))
        });
        let (Some(build), Some(known)) = (Stamp::of_build(), known.collect::<Option<Vec<_>>>())
        else {
            return Ok(());
        };
        let kept = Kept {
            build,
            question: &self.text,
            paths: known,
            others: asked
                .iter()
                .map(|name| (name.clone(), stamp(name)))
                .collect(),
            files: paths.iter().map(|facts| facts.files.len()).sum(),
            findings: findings.iter().filter_map(KeptFinding::of).collect(),
        };
        if kept.findings.len() < findings.len() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        self.forget_oldest()?;
        written::replace(&self.file, &written::encode(&kept))
    }

    /// Makes room for one more.
    fn forget_oldest(&self) -> io::Result<()> {
        let mut all: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            // Another process may have forgotten it meanwhile.
            if let Ok(metadata) = path.metadata() {
                all.push((metadata.modified()?, path));
            }
        }
        all.sort();
        let room = MOST - usize::from(!self.file.exists());
        let surplus = all.len().saturating_sub(room);
        for (_, path) in all.iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

impl<'a> KeptFinding<'a> {
    fn of(finding: &'a Finding) -> Option<Self> {
        let (rule, known) = rule_of(finding)?;
        Some(Self {
            rule,
            severity: match finding.severity {
                Severity::Note => 0,
                Severity::Warning => 1,
                Severity::Error => 2,
            },
            file: finding.file.as_os_str().as_bytes().into(),
            place: finding.place.as_ref().map(|place| KeptPlace {
                line: place.line,
                column: place.column,
                span: place.span,
                source: place.source.as_slice().into(),
                source_start: place.source_start,
            }),
            subject: finding.subject.as_slice().into(),
            message: finding.message.as_str().into(),
            help: (finding.help != known.kind.remedy).then(|| finding.help.as_str().into()),
        })
    }

    /// The finding; `None` if no build of the tool can have written this.
    fn into_finding(self) -> Option<Finding> {
        let rule = RULES.get(self.rule)?;
        let file = Path::new(OsStr::from_bytes(&self.file));
        let mut finding = Finding::new(rule.kind, file, self.message)
            .with_severity(match self.severity {
                0 => Severity::Note,
                1 => Severity::Warning,
                2 => Severity::Error,
                _ => return None,
            })
            .with_subject(self.subject);
        finding.place = self.place.map(|place| Place {
            line: place.line,
            column: place.column,
            span: place.span,
            source: place.source.into_owned(),
            source_start: place.source_start,
        });
        if let Some(help) = self.help {
            finding.help = help.into_owned();
        }
        Some(finding)
    }
}

fn rule_of(finding: &Finding) -> Option<(usize, &'static Rule)> {
    let index = RULES
        .binary_search_by(|rule| rule.id().cmp(finding.kind.id))
        .ok()?;
    Some((index, RULES.get(index)?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::progress::Quiet;
    use crate::{Linted, Sources, lint};

    const ONE: &str = "0123456789abcdfghijklmnpqrsvwxyz-one";
    const TWO: &str = "1123456789abcdfghijklmnpqrsvwxyz-two";
    const ABSENT: &str = "2123456789abcdfghijklmnpqrsvwxyz-absent";

    struct Stage {
        top: tempfile::TempDir,
        store: Store,
        cache: Cache,
    }

    impl Stage {
        /// A store path that refers to another and to an absent one.
        fn new() -> Self {
            let top = tempfile::tempdir().unwrap();
            let store = Store::new(top.path().join("nix/store"), None);
            let cache = Cache::new(&top.path().join("cache"), &store);
            let stage = Self { top, store, cache };
            fs::create_dir_all(stage.path(TWO)).unwrap();
            fs::create_dir(stage.path(ONE)).unwrap();
            symlink(stage.path(TWO), stage.path(ONE).join("two")).unwrap();
            symlink(stage.path(ABSENT), stage.path(ONE).join("absent")).unwrap();
            stage
        }

        fn path(&self, name: &str) -> PathBuf {
            self.store.directory.join(name)
        }

        fn lint(&self, arguments: Vec<PathBuf>) -> Linted {
            let sources = Sources {
                store: self.store.clone(),
                arguments,
                closure: true,
                cache: Some(self.cache.clone()),
                given: Vec::new(),
                wants_facts: false,
            };
            lint(sources, &Quiet).unwrap()
        }

        fn lint_one(&self) -> Linted {
            self.lint(vec![self.path(ONE)])
        }
    }

    #[test]
    fn what_was_found_is_remembered() {
        let stage = Stage::new();
        let first = stage.lint_one();
        assert!(first.known.is_some() && first.looked_at.read == 2);
        assert_eq!(first.findings.len(), 1, "{:?}", first.findings);
        let second = stage.lint_one();
        assert!(second.known.is_none() && second.looked_at.read == 0);
        assert_eq!(
            format!("{:?}", second.findings),
            format!("{:?}", first.findings)
        );
        assert_eq!(second.looked_at.paths, first.looked_at.paths);
        assert_eq!(second.looked_at.files, first.looked_at.files);
        // Another question has another answer.
        let other = stage.lint(vec![stage.path(ONE), stage.path(TWO)]);
        assert!(other.known.is_some());
    }

    #[test]
    fn a_store_path_that_was_made_again_is_looked_at_again() {
        let stage = Stage::new();
        stage.lint_one();
        fs::rename(stage.path(TWO), stage.top.path().join("old")).unwrap();
        fs::create_dir(stage.path(TWO)).unwrap();
        assert!(stage.lint_one().known.is_some());
    }

    #[test]
    fn a_store_path_that_appears_has_a_say() {
        let stage = Stage::new();
        stage.lint_one();
        fs::create_dir(stage.path(ABSENT)).unwrap();
        let linted = stage.lint_one();
        assert!(linted.known.is_some() && linted.findings.is_empty());
        assert_eq!(linted.looked_at.paths.len(), 3);
    }

    #[test]
    fn one_beside_the_closure_has_a_say_too() {
        let stage = Stage::new();
        let list = stage.top.path().join("list");
        let paths = [stage.path(ONE), stage.path(TWO)].map(|path| path.display().to_string());
        fs::write(&list, paths.join("\n")).unwrap();
        let first = stage.lint(vec![list.clone()]);
        assert_eq!(first.findings.len(), 1);
        fs::create_dir(stage.path(ABSENT)).unwrap();
        let second = stage.lint(vec![list]);
        assert!(second.known.is_some() && second.findings.is_empty());
        assert_eq!(second.looked_at.paths.len(), 2, "a list is a whole closure");
    }

    #[test]
    fn a_damaged_answer_is_thrown_away() {
        let stage = Stage::new();
        let first = stage.lint_one();
        let entry = fs::read_dir(stage.cache.closures()).unwrap().next();
        let file = entry.unwrap().unwrap().path();
        let mut bytes = fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 0x40;
        fs::write(&file, bytes).unwrap();
        let again = stage.lint_one();
        assert!(again.known.is_some());
        assert_eq!(again.findings.len(), first.findings.len());
        assert!(stage.lint_one().known.is_none(), "it was replaced");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let stage = Stage::new();
        for number in 0..MOST + 4 {
            let name = format!("{number:032}-x");
            fs::create_dir(stage.path(&name)).unwrap();
            stage.lint(vec![stage.path(ONE), stage.path(&name)]);
        }
        let kept = fs::read_dir(stage.cache.closures()).unwrap().count();
        assert_eq!(kept, MOST);
    }

    #[test]
    fn facts_are_gathered_if_they_are_wanted() {
        let stage = Stage::new();
        stage.lint_one();
        let sources = Sources {
            store: stage.store.clone(),
            arguments: vec![stage.path(ONE)],
            closure: true,
            cache: Some(stage.cache.clone()),
            given: Vec::new(),
            wants_facts: true,
        };
        let linted = lint(sources, &Quiet).unwrap();
        assert!(linted.known.is_some() && linted.looked_at.read == 0);
    }
}
