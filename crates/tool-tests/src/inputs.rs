//! Small inputs with their right results, in texts that anyone can read.
//!
//! A text is a list of entries, each of lines:
//!
//! | line | what |
//! |---|---|
//! | `== NAME: why` | begins an entry; what is right, and which manual says so |
//! | `option WORD` | an argument for the tool |
//! | `program PATH`, `data PATH`, `directory PATH` | what is there beside: in the package, or below `$dep` or `$dev` |
//! | `file PATH` | the file whose lines follow |
//! | `\| line` | a line of that file that stays |
//! | `- line`, `+ line` | a line before, and one after |
//! | `says ID` | a finding, by its id; all are listed |
//!
//! Within lines, `$out`, `$dev` and `$dep` are store paths: the package's outputs, and a dependency. Lines that
//! begin with `#` are comments.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::run::finish;

/// The store paths that entries name.
const STORE_PATHS: [(&str, &str); 3] = [
    (
        "$out",
        "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0",
    ),
    (
        "$dev",
        "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-hello-1.0-dev",
    ),
    (
        "$dep",
        "/nix/store/cccccccccccccccccccccccccccccccc-tools-2.0",
    ),
];

/// A small input.
#[derive(Debug, Default)]
pub struct Input {
    /// Its name, and what is right.
    pub name: String,
    options: Vec<String>,
    /// What is there: a path, and what it is (`program`, `data`, `directory`).
    there: Vec<(String, PathBuf)>,
    /// The files, before and after.
    files: Vec<(PathBuf, Vec<u8>, Vec<u8>)>,
    says: BTreeSet<String>,
}

/// Text with the store paths in place of their names.
fn expand(text: &str) -> String {
    STORE_PATHS
        .iter()
        .fold(text.to_owned(), |text, (name, path)| {
            text.replace(name, path)
        })
}

/// The path of a file below the root.
fn place(path: &str) -> PathBuf {
    let path = if path.starts_with('$') {
        expand(path)
    } else {
        expand(&format!("$out/{path}"))
    };
    PathBuf::from(path.trim_start_matches('/'))
}

/// Reads the entries of a text.
pub fn read(text: &str) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            inputs.push(Input {
                name: name.to_owned(),
                ..Input::default()
            });
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let input = inputs.last_mut().expect("an entry begins with ==");
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let content = || [expand(rest).as_bytes(), b"\n"].concat();
        match word {
            "option" => input.options.push(expand(rest)),
            "program" | "data" | "directory" => {
                input.there.push((word.to_owned(), place(rest)));
            }
            "file" => input.files.push((place(rest), Vec::new(), Vec::new())),
            "says" => {
                input.says.insert(rest.to_owned());
            }
            "|" | "-" | "+" => {
                let (_, before, after) = input.files.last_mut().expect("a line of a file");
                if word != "+" {
                    before.extend(content());
                }
                if word != "-" {
                    after.extend(content());
                }
            }
            _ => panic!("{line:?} of {:?} is no line of an input", input.name),
        }
    }
    inputs
}

impl Input {
    /// Lays out the input below `root`, and gives the files that become others, by their paths below it.
    pub fn lay_out(&self, root: &Path) -> Vec<PathBuf> {
        for (_, path) in STORE_PATHS {
            let path = root.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path).expect("a store path");
        }
        for (what, path) in &self.there {
            let path = root.join(path);
            match what.as_str() {
                "directory" => std::fs::create_dir_all(&path).expect("a directory"),
                _ => files::write(&path, b"#!/bin/sh\n"),
            }
            if what == "program" {
                files::set_mode(&path, 0o755);
            }
        }
        for (path, before, _) in &self.files {
            files::write(&root.join(path), before);
        }
        let changed = self
            .files
            .iter()
            .filter(|(_, before, after)| before != after);
        changed.map(|(path, ..)| path.clone()).collect()
    }

    /// Runs the tool twice, and says what is not as it should be.
    fn run(&self, start: &dyn Fn() -> Command) -> Vec<String> {
        let directory = files::directory();
        let root = directory.path().join("root");
        self.lay_out(&root);
        let mut wrong = Vec::new();
        for round in ["", "a second run: "] {
            let mut command = start();
            command.arg("--root").arg(&root).args(&self.options);
            command.args(["--format", "json"]);
            let output = finish(&mut command);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let said: BTreeSet<String> = printed
                .split("\"id\": \"")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
                .collect();
            if said != self.says && round.is_empty() {
                wrong.push(format!("it says {said:?}, and {:?} is right", self.says));
            }
            if printed.is_empty() {
                wrong.push(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            for (path, _, after) in &self.files {
                let found = std::fs::read(root.join(path)).unwrap_or_default();
                if found != *after {
                    let found = String::from_utf8_lossy(&found).into_owned();
                    wrong.push(format!("{round}{} is\n{found}", path.display()));
                }
            }
        }
        wrong
    }
}

/// Runs the tool that `start` gives on every input of `text`. Those that do not come out right are listed.
#[track_caller]
pub fn check(text: &str, start: impl Fn() -> Command) {
    let inputs = read(text);
    let mut wrong = Vec::new();
    for input in &inputs {
        let found = input.run(&start);
        if !found.is_empty() {
            wrong.push(format!("== {}\n{}", input.name, found.join("\n")));
        }
    }
    let (right, all) = (inputs.len() - wrong.len(), inputs.len());
    assert!(
        wrong.is_empty(),
        "{right} of {all} are right\n{}",
        wrong.join("\n\n")
    );
}
