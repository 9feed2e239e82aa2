//! Lines of units and rules, and what is right in their place: tables that were decided by the manuals.
//!
//! In `lines/*.txt`, an empty line separates the inputs. `@ PATH` begins a file of the package, in front of which
//! nothing is a unit's `[Service]`; `=> LINE` is what the line in front has to become, and other lines stay as
//! they are; `! ID` are the findings. `$out` is the package, `$tools` a dependency.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hermetic_out::apply::apply;
use hermetic_out::package::Output;
use hermetic_out::store::Store;
use hermetic_out::{Change, Package};
use patch_systemd_units::{Options, plan};

const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";
const TOOLS: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-tools-1.0";

/// Programs and other files of the package.
const PROGRAMS: &[&str] = &[
    "bin/hello",
    "bin/hello-helper",
    "lib/hello/start",
    "lib/udev/hello-id",
    "libexec/hello/run",
];
const FILES: &[&str] = &[
    "lib/hello/mod.so",
    "share/hello/My File",
    "share/hello/a=b",
    "share/hello/data/y",
    "share/hello/x",
    "share/java/agent.jar",
    "share/java/hello.jar",
];
/// Files of the dependency, beside the programs that the tables name by `$tools/bin/NAME`.
const TOOLS_FILES: &[&str] = &["share/tools/data"];

fn write(path: &Path, content: &str, mode: u32) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, content).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
}

/// The names of the programs that a table expects in the dependency.
fn tools(table: &str) -> Vec<&str> {
    let names = table.split("$tools/bin/").skip(1);
    let is_of_name = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    names
        .map(|rest| rest.split(|char| !is_of_name(char)).next().unwrap_or(""))
        .collect()
}

/// Files and findings.
#[derive(Default)]
struct Input {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    findings: Vec<String>,
}

impl Input {
    fn new(block: &str) -> Self {
        let mut input = Self::default();
        let mut path = "lib/systemd/system/hello.service".to_owned();
        let lines: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        if !block.contains("\n@ ") && !block.starts_with("@ ") {
            let section = if lines[0].starts_with('[') {
                ""
            } else {
                "[Service]\n"
            };
            input.before.insert(path.clone(), section.to_owned());
            input.after.insert(path.clone(), section.to_owned());
        }
        for (index, line) in lines.iter().enumerate() {
            if let Some(new) = line.strip_prefix("@ ") {
                new.clone_into(&mut path);
            } else if let Some(ids) = line.strip_prefix("! ") {
                input.findings = ids.split(' ').map(str::to_owned).collect();
                input.findings.sort();
            } else if let Some(line) = line.strip_prefix("=> ") {
                let after = input.after.entry(path.clone()).or_default();
                let line = line.replace("$out", OUT).replace("$tools", TOOLS);
                writeln!(after, "{line}").expect("a line");
            } else {
                let before = input.before.entry(path.clone()).or_default();
                let line = line.replace("$out", OUT).replace("$tools", TOOLS);
                writeln!(before, "{line}").expect("a line");
                let stays = lines
                    .get(index + 1)
                    .is_none_or(|next| !next.starts_with("=> "));
                let after = input.after.entry(path.clone()).or_default();
                if stays {
                    writeln!(after, "{line}").expect("a line");
                }
            }
        }
        input
    }

    /// What is not right about what the tool does with it.
    fn faults(&self, tools: &[&str]) -> Vec<String> {
        let top = tempfile::tempdir().expect("a temporary directory");
        let at = |store_path: &str, path: &str| top.path().join(&store_path[1..]).join(path);
        for (files, mode) in [(PROGRAMS, 0o755), (FILES, 0o644)] {
            for file in files {
                write(&at(OUT, file), "", mode);
            }
        }
        for name in tools {
            write(&at(TOOLS, &format!("bin/{name}")), "", 0o755);
        }
        for file in TOOLS_FILES {
            write(&at(TOOLS, file), "", 0o644);
        }
        for (path, content) in &self.before {
            write(&at(OUT, path), content, 0o644);
        }
        let store = Store::new("/nix/store", Some(top.path().to_owned()));
        let package = Package::new(store, vec![Output::new("out", OUT)])
            .with_search_path(vec![Path::new(TOOLS).join("bin")]);
        let outcome = plan(&package, &Options::default()).expect("a plan");
        let mut found = self.before.clone();
        for change in &outcome.plan.changes {
            if let Change::Edit(edits) = change {
                let path = edits.path.strip_prefix(OUT).expect("a file of the package");
                let path = path.to_str().expect("a name").to_owned();
                found.insert(path, edits.after.to_string());
            }
        }
        let mut faults = Vec::new();
        for (path, expected) in &self.after {
            if &found[path] != expected {
                faults.push(format!("{path}: expected\n{expected}got\n{}", found[path]));
            }
        }
        let ids = outcome
            .findings
            .iter()
            .map(|finding| finding.kind.id.to_owned());
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        if ids != self.findings {
            faults.push(format!(
                "expected findings {:?}, got {ids:?}",
                self.findings
            ));
        }
        apply(&outcome.plan, &package).expect("it can be written");
        let again = plan(&package, &Options::default()).expect("a plan");
        if !again.plan.changes.is_empty() {
            faults.push("a second run changes something".to_owned());
        }
        faults
    }
}

#[test]
fn lines_and_what_is_right() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let mut tables: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    tables.sort();
    let (mut failed, mut summary) = (String::new(), String::new());
    for path in tables {
        let table = fs::read_to_string(&path).expect("a table");
        let tools = tools(&table);
        let is_input = |block: &&str| block.lines().any(|line| !line.starts_with('#'));
        let blocks: Vec<&str> = table.split("\n\n").filter(is_input).collect();
        let mut right = 0;
        for block in &blocks {
            let block = block.trim_matches('\n');
            let faults = Input::new(block).faults(&tools);
            if faults.is_empty() {
                right += 1;
                continue;
            }
            writeln!(failed, "==== {block}\n{}\n", faults.join("\n")).expect("a line");
        }
        let name = path.file_stem().expect("a name").to_string_lossy();
        writeln!(summary, "{name}: {right} of {} right", blocks.len()).expect("a line");
    }
    assert!(failed.is_empty(), "{failed}\n{summary}");
}
