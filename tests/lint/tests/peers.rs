//! Every planted defect, before lint-store-path and its peers.
//!
//! `LINT_STORE_PATH` names the built lint, which `cargo xtask test` sets; otherwise it is looked
//! for beside the test. `UPDATE=1` writes docs/lint-peers.md.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lint_peers::defects::{self, Defect, Tree};
use lint_peers::judges::{Said, Verdict, Verdicts, format_tools, lint, lintian, systemd};
use lint_peers::page::{self, Column};
use lint_peers::tree::{Layout, PACKAGE, Writer, store_path};
use real_packages::archive::Archive;
use real_packages::tool_root::{self, ToolRoot};
use real_packages::{Result, in_parallel, tool};

/// A tree on the disk, in both layouts.
struct Planted {
    /// The name of the package in the usual layout.
    package: String,
    store: PathBuf,
    deb: PathBuf,
}

impl Planted {
    fn write(writer: &Writer, top: &Path, package: String, tree: &Tree) -> Result<Self> {
        let top = top.join(&package);
        let (store, root) = (top.join("store"), top.join("root"));
        let deb = top.join("package.deb");
        writer.write(
            tree,
            &Layout::Store {
                store: store.clone(),
            },
        )?;
        let fhs = Layout::Fhs {
            root: root.clone(),
            package: package.clone(),
        };
        writer.write(tree, &fhs)?;
        lintian::pack(&root, &package, &deb)?;
        Ok(Self {
            package,
            store,
            deb,
        })
    }

    fn output(&self) -> PathBuf {
        store_path(&self.store, PACKAGE)
    }

    /// What was said, without the place where this tree happens to lie.
    fn normal(&self, said: Option<Said>, work: &Path) -> Option<Said> {
        let (store, work) = (self.store.display().to_string(), work.display().to_string());
        let lines = said?.into_iter();
        Some(
            lines
                .map(|line| line.replace(&work, "").replace(&store, "/nix/store"))
                .collect(),
        )
    }
}

/// All defects and their twins on the disk. Twins are shared by the defects that have the same.
struct Trees<'a> {
    work: PathBuf,
    pairs: Vec<(&'a Defect, Planted, usize)>,
    twins: Vec<(&'a Tree, Planted)>,
}

impl<'a> Trees<'a> {
    fn write(defects: &'a [Defect], top: &Path) -> Result<Self> {
        let writer = Writer::new(&top.join("compiled"))?;
        let mut twins: Vec<&Tree> = Vec::new();
        let numbers: Vec<usize> = defects
            .iter()
            .map(|defect| {
                let known = twins.iter().position(|twin| **twin == defect.twin);
                known.unwrap_or_else(|| {
                    twins.push(&defect.twin);
                    twins.len() - 1
                })
            })
            .collect();
        let planted = in_parallel(defects, |defect| {
            Planted::write(&writer, top, defect.name.clone(), &defect.planted)
        });
        let numbered: Vec<(usize, &Tree)> = twins.iter().copied().enumerate().collect();
        let written = in_parallel(&numbered, |(number, twin)| {
            Planted::write(&writer, top, format!("twin-{number}"), twin)
        });
        let mut pairs = Vec::new();
        for ((defect, planted), number) in defects.iter().zip(planted).zip(numbers) {
            pairs.push((defect, planted?, number));
        }
        let written: Result<Vec<Planted>> = written.into_iter().collect();
        Ok(Self {
            work: top.join("work"),
            pairs,
            twins: twins.into_iter().zip(written?).collect(),
        })
    }

    /// What lint-store-path gets wrong.
    fn lint(&self, tool: &Path) -> Result<Vec<String>> {
        let missed = in_parallel(&self.pairs, |(defect, planted, _)| {
            let findings = lint::findings(tool, &planted.store)?;
            let layout = Layout::Store {
                store: planted.store.clone(),
            };
            let fault = lint::fault(defect, &layout, &findings);
            Ok(fault.map(|fault| format!("{}: {}: {fault}", defect.group, defect.name)))
        });
        let too_many = in_parallel(&self.twins, |(tree, twin)| {
            let findings = lint::findings(tool, &twin.store)?;
            let defects = self.pairs.iter().map(|(defect, ..)| defect);
            let of = defects.filter(|defect| defect.twin == **tree);
            let name = of
                .map(|defect| defect.name.as_str())
                .next()
                .unwrap_or_default();
            let wrong = findings.into_iter().map(|one| {
                let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
                format!(
                    "the twin of {name} is right: {}{line}: {}: {}",
                    one.file, one.id, one.message
                )
            });
            Ok(wrong.collect::<Vec<String>>())
        });
        let mut wrong = Vec::new();
        for result in missed {
            wrong.extend(result?);
        }
        for result in too_many {
            wrong.extend(result?);
        }
        Ok(wrong)
    }

    fn verdicts(
        &self,
        verdict: impl Fn(&Defect, &Planted, &Planted) -> Result<Verdict> + Sync,
    ) -> Result<Verdicts> {
        in_parallel(&self.pairs, |(defect, planted, twin)| {
            let verdict = verdict(defect, planted, &self.twins[*twin].1)?;
            Ok((defect.name.clone(), verdict))
        })
        .into_iter()
        .collect()
    }

    fn systemd(&self, tools: &ToolRoot) -> Result<Verdicts> {
        let said = |tree: &Planted| -> Result<Option<Said>> {
            Ok(tree.normal(systemd::verify(tools, &tree.output())?, &self.work))
        };
        let of_twins: Result<Vec<Option<Said>>> = in_parallel(&self.twins, |(_, twin)| said(twin))
            .into_iter()
            .collect();
        let names = self.twins.iter().map(|(_, twin)| twin.package.as_str());
        let of_twins: BTreeMap<&str, Option<Said>> = names.zip(of_twins?).collect();
        self.verdicts(|defect, planted, twin| {
            let verdict = compared(
                defect,
                said(planted)?.as_ref(),
                of_twins[&*twin.package].as_ref(),
            );
            Ok(match verdict {
                // It is not to blame for what it does not read.
                Verdict::Missed if !defect.at[0].starts_with("lib/systemd/") => Verdict::NotAsked,
                verdict => verdict,
            })
        })
    }

    fn format_tools(&self, tools: &ToolRoot) -> Result<Verdicts> {
        self.verdicts(|defect, planted, twin| {
            let said = |tree: &Planted, name: &str| -> Result<Option<Said>> {
                let work = self.work.join(&defect.name).join(name);
                let said = format_tools::ask(tools, &tree.output(), &defect.at[0], &work)?;
                Ok(tree.normal(said, &work))
            };
            let (planted, twin) = (said(planted, "planted")?, said(twin, "twin")?);
            Ok(compared(defect, planted.as_ref(), twin.as_ref()))
        })
    }

    fn lintian(&self) -> Result<Verdicts> {
        let planted = self.pairs.iter().map(|(_, planted, _)| planted);
        let twins = self.twins.iter().map(|(_, twin)| twin);
        let debs: Vec<PathBuf> = planted.chain(twins).map(|one| one.deb.clone()).collect();
        let hints = lintian::check(&debs)?;
        let none = Said::new();
        self.verdicts(|defect, planted, twin| {
            let of = |tree: &Planted| hints.get(&tree.package).unwrap_or(&none);
            Ok(if differs_below_usr(defect) {
                Verdict::of(defect, of(planted), of(twin))
            } else {
                Verdict::NotAsked
            })
        })
    }
}

fn compared(defect: &Defect, planted: Option<&Said>, twin: Option<&Said>) -> Verdict {
    let nothing = Said::new();
    planted.map_or(Verdict::NotAsked, |planted| {
        Verdict::of(defect, planted, twin.unwrap_or(&nothing))
    })
}

/// Whether there is anything to be found in a package of the usual layout.
fn differs_below_usr(defect: &Defect) -> bool {
    let layout = Layout::Fhs {
        root: PathBuf::new(),
        package: PACKAGE.to_owned(),
    };
    let shown = |tree: &Tree| layout.text(&format!("{tree:?}"));
    !defect.only_in_store && shown(&defect.planted) != shown(&defect.twin)
}

#[test]
fn every_planted_defect_is_found_and_nothing_else() {
    let wrong = run().unwrap_or_else(|error| panic!("{error}"));
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn run() -> Result<Vec<String>> {
    let lint = tool::built("lint-store-path")?;
    let defects = defects::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("defects"))?;
    let tools = {
        let archive = Archive::open()?;
        ToolRoot::provide(&archive, &tool_root::IMAGES)?
    };
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let top = temporary.path().canonicalize().expect("its path");
    let trees = Trees::write(&defects, &top)?;

    let mut wrong = trees.lint(&lint)?;
    let peers = [
        Column {
            name: "systemd-analyze",
            verdicts: trees.systemd(&tools)?,
        },
        Column {
            name: "format's tool",
            verdicts: trees.format_tools(&tools)?,
        },
        Column {
            name: "lintian",
            verdicts: trees.lintian()?,
        },
    ];
    let versions = [
        ("systemd", tools.systemd_version()?),
        ("pkgconf", format_tools::pkgconf_version()?),
        ("lintian", lintian::version()?),
    ];
    let new = page::render(&versions, &defects, &peers);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lint-peers.md");
    // The page says that the lint finds all of them.
    let is_updated = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    if is_updated && wrong.is_empty() {
        std::fs::write(&file, &new).expect("the page can be written");
    }
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    if let Some(difference) = page::difference(&old, &new) {
        wrong.push(format!(
            "docs/lint-peers.md is not what this run says; UPDATE=1 writes it:\n{difference}"
        ));
    }
    Ok(wrong)
}
