//! What `.pc` files say, as pkgconf reads them: the judge of what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::{DirEntry, WalkDir};

use crate::tool::Finding;
use crate::{Error, Result, cannot_start};

pattern!(PATH, r#"/[^\s:,;"'=\\<>()]*"#);

/// All that pkgconf says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// By question: `--cflags`, `--libs`, `--print-requires` … and what was answered.
    pub answers: BTreeMap<&'static str, String>,
    /// The variables and their values.
    pub variables: BTreeMap<String, String>,
    /// Whether `--validate` finds nothing wrong.
    pub is_valid: bool,
}

/// What is asked of every file.
const QUESTIONS: &[&str] = &[
    "--cflags",
    "--libs",
    "--modversion",
    "--print-provides",
    "--print-requires",
    "--print-requires-private",
    "--static --libs",
];

/// The `.pc` files below a directory, relative to it: what lies in a directory called `pkgconfig`.
pub fn files(top: &Path) -> Result<Vec<PathBuf>> {
    files_and_links(top, |entry| entry.file_type().is_file())
}

/// The same with the links to files, under whose names pkg-config finds them, too.
pub fn files_by_all_names(top: &Path) -> Result<Vec<PathBuf>> {
    files_and_links(top, |entry| entry.path().is_file())
}

fn files_and_links(top: &Path, counts: impl Fn(&DirEntry) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(top) {
        let entry = entry.map_err(|error| {
            Error::new(format!("look for .pc files in {}", top.display()), error)
        })?;
        let path = entry.path();
        let directory = path.parent().and_then(Path::file_name);
        let is_pc = path.extension().is_some_and(|ending| ending == "pc");
        if counts(&entry) && is_pc && directory.is_some_and(|name| name == "pkgconfig") {
            found.push(path.strip_prefix(top).unwrap_or(path).to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Asks pkgconf for `arguments` about a file; `None` if it fails.
fn ask(file: &Path, arguments: &[&str]) -> Result<Option<String>> {
    let mut command = Command::new("pkgconf");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PKG_CONFIG") {
            command.env_remove(name);
        }
    }
    // Only this file: what it requires is another's business.
    command
        .args([
            "--maximum-traverse-depth=1",
            "--keep-system-cflags",
            "--keep-system-libs",
        ])
        .args(arguments)
        .arg(file);
    let doing = format!("ask pkgconf about {}", file.display());
    let output = command
        .output()
        .map_err(|error| cannot_start(&command, &doing, &error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success().then(|| text.trim_end().to_owned()))
}

/// All that pkgconf says of a file, with `--define-variable=prefix=…` if one is given.
pub fn said(file: &Path, prefix: Option<&str>) -> Result<Said> {
    let define = prefix.map(|prefix| format!("--define-variable=prefix={prefix}"));
    let ask = |arguments: &[&str]| {
        let mut all: Vec<&str> = define.iter().map(String::as_str).collect();
        all.extend(arguments);
        ask(file, &all)
    };
    let mut said = Said::default();
    for question in QUESTIONS {
        let arguments: Vec<&str> = question.split(' ').collect();
        let answer = ask(&arguments)?;
        said.answers
            .insert(question, answer.unwrap_or_else(|| "fails".into()));
    }
    for name in ask(&["--print-variables"])?.unwrap_or_default().lines() {
        // Every file has it, and it is where the file is.
        if name != "pcfiledir" {
            let value = ask(&[&format!("--variable={name}")])?;
            said.variables
                .insert(name.to_owned(), value.unwrap_or_default());
        }
    }
    said.is_valid = ask(&["--validate"])?.is_some();
    Ok(said)
}

/// A path without dots and doubled slashes.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let end = if path.len() > 1 && path.ends_with('/') {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", parts.join("/"))
}

/// A value in which all names of one directory are the same: `/usr` for the package's place in the
/// store and for the hierarchies that it may have been built for.
fn canonical(value: &str, output: &Path) -> String {
    let output = output.display().to_string();
    let replace = |found: &regex::Captures<'_>| {
        let mut path = plain(&found[0]);
        if let Some(rest) = path.strip_prefix(&output) {
            path = format!("/usr{rest}");
        }
        if let Some((_, rest)) = path
            .strip_prefix("/build/")
            .and_then(|path| path.split_once("/usr"))
        {
            path = format!("/usr{rest}");
        }
        for (from, to) in [
            ("/usr/local", "/usr"),
            ("/lib", "/usr/lib"),
            ("/bin", "/usr/bin"),
            ("/sbin", "/usr/sbin"),
            ("/lib64", "/usr/lib"),
            // stdenv's moves.
            ("/usr/sbin", "/usr/bin"),
            ("/usr/lib64", "/usr/lib"),
        ] {
            let rest = path.strip_prefix(from);
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                path = format!("{to}{rest}");
            }
        }
        while let Some(rest) = path.strip_prefix("/usr/usr") {
            path = format!("/usr{rest}");
        }
        path
    };
    PATH.replace_all(value, replace).into_owned()
}

/// What of two answers about a file is not the same, but for where the package lies: before in the
/// output `original`, after in the output `patched`.
#[must_use]
pub fn differences(before: &Said, original: &Path, after: &Said, patched: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, one: &str, other: &str| {
        if canonical(one, original) != canonical(other, patched) {
            found.push(format!("{what}: {one} became {other}"));
        }
    };
    for (question, answer) in &before.answers {
        compare(question, answer, &after.answers[question]);
    }
    for (name, value) in &before.variables {
        match after.variables.get(name) {
            // An empty prefix is none: `${prefix}/usr/lib` may become `${prefix}/lib`.
            Some(now) if name == "prefix" && value.is_empty() && Path::new(now) == patched => {}
            Some(now) => compare(name, value, now),
            None => compare(name, value, "nothing"),
        }
    }
    let new: BTreeSet<&String> = after.variables.keys().collect();
    for name in new
        .into_iter()
        .filter(|name| !before.variables.contains_key(*name))
    {
        let is_root = after.variables[name] == patched.display().to_string();
        if !is_root || !name.ends_with("prefix") {
            found.push(format!("{name} is new and no root"));
        }
    }
    if before.is_valid && !after.is_valid {
        found.push("--validate fails".to_owned());
    }
    found
}

/// What still names `/usr` or a build directory, and has no finding about that.
#[must_use]
pub fn unreported(after: &Said, findings: &[&Finding]) -> Vec<String> {
    let told = |path: &str| {
        findings.iter().any(|finding| {
            let mut named = PATH.find_iter(&finding.message);
            named.any(|named| {
                let named = plain(named.as_str());
                path == named || path.starts_with(&format!("{named}/"))
            })
        })
    };
    let flags =
        ["--cflags", "--static --libs"].map(|question| (question, &after.answers[question]));
    let variables = after.variables.iter().map(|(name, value)| (&**name, value));
    let mut found = Vec::new();
    for (what, value) in variables.chain(flags) {
        // A program searches the machine's directories, too: they stay.
        let is_search_path =
            value.contains(':') && value.split(':').all(|one| one.starts_with('/'));
        for path in PATH.find_iter(value) {
            let glued = value[..path.start()].chars().next_back();
            // A path below a name, as the rest of a URL or of `$(prefix)/lib`, is none.
            let begins = glued.is_none_or(|char| " \t:,=\"'ILF".contains(char));
            let path = plain(path.as_str());
            let is_of_usr = path.starts_with("/usr/") || path == "/usr";
            let is_ours = path.starts_with("/build/") || is_of_usr && !is_search_path;
            if begins && is_ours && !told(&path) {
                found.push(format!("{what} still has {path}, and there is no finding"));
            }
        }
    }
    found
}

/// How many variables are a directory of the machine or of a build: `/usr/…`, `/build/…`.
#[must_use]
pub fn absolute_directories(said: &Said) -> usize {
    let is_absolute = |value: &&String| {
        let path = plain(value);
        path == "/usr" || ["/usr/", "/build/"].iter().any(|top| path.starts_with(top))
    };
    let values = said.variables.values();
    values
        .filter(|value| value.starts_with('/') && !value.contains([':', ' ']))
        .filter(is_absolute)
        .count()
}

/// Where `--define-variable=prefix=/x` (`moved`) does not move just what lies under the prefix, if that
/// lies in the output.
#[must_use]
pub fn moved_wrongly(after: &Said, moved: &Said, output: &Path) -> Vec<String> {
    let prefix = after.variables.get("prefix").map(|prefix| plain(prefix));
    let Some(prefix) = prefix.filter(|prefix| Path::new(prefix).starts_with(output)) else {
        return Vec::new();
    };
    let prefix = prefix.trim_end_matches('/');
    let expected = |value: &str| {
        let replace = |found: &regex::Captures<'_>| {
            let path = plain(&found[0]);
            match path.strip_prefix(prefix) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/x{rest}"),
                _ => path,
            }
        };
        PATH.replace_all(value, replace).into_owned()
    };
    let all = |said: &Said| -> BTreeMap<String, String> {
        let answers = said.answers.iter();
        let answers = answers.map(|(name, value)| ((*name).to_owned(), value.clone()));
        answers.chain(said.variables.clone()).collect()
    };
    let (after, moved) = (all(after), all(moved));
    let mut found = Vec::new();
    for (name, value) in &after {
        let now = moved.get(name).map_or("", String::as_str);
        let plain_now = PATH.replace_all(now, |found: &regex::Captures<'_>| plain(&found[0]));
        if plain_now != expected(value) {
            found.push(format!(
                "with prefix=/x, {name} is {now}, and without {value}"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_where_they_lead() {
        let output = Path::new("/s/h-x");
        for (one, other) in [
            ("-I/usr/include", "-I/s/h-x/include"),
            ("/usr//lib/", "/s/h-x/lib/"),
            ("a:/lib/x", "a:/s/h-x/lib/x"),
            ("/build/x/usr", "/s/h-x"),
        ] {
            assert_eq!(canonical(one, output), canonical(other, output));
        }
        for (one, other) in [
            ("-I/usr/include", "-I/s/h-x/includes"),
            ("/etc", "/s/h-x/etc"),
            ("/usr/lib -lx", "/usr/lib"),
        ] {
            assert_ne!(canonical(one, output), canonical(other, output));
        }
    }

    fn of(variables: &[(&str, &str)]) -> Said {
        let variables = variables.iter();
        Said {
            answers: QUESTIONS
                .iter()
                .map(|question| (*question, String::new()))
                .collect(),
            variables: variables
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            is_valid: true,
        }
    }

    #[test]
    fn what_is_lost_or_new_is_seen() {
        let output = Path::new("/s/h-x");
        let before = of(&[("libdir", "/usr/lib")]);
        let good = of(&[("libdir", "/s/h-x/lib"), ("prefix", "/s/h-x")]);
        assert!(differences(&before, output, &good, output).is_empty());
        for wrong in [
            of(&[("prefix", "/s/h-x")]),
            of(&[("libdir", "/s/h-x/lib"), ("other", "/s/h-x")]),
            of(&[("libdir", "/s/h-x/libexec")]),
            Said {
                is_valid: false,
                ..good.clone()
            },
        ] {
            assert_eq!(
                differences(&before, output, &wrong, output).len(),
                1,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn what_is_left_needs_a_finding() {
        let after = of(&[("datadir", "/usr/share/x"), ("url", "http://h/usr/x")]);
        assert_eq!(unreported(&after, &[]).len(), 1);
        let finding = Finding {
            message: "no output has /usr/share".into(),
            ..Finding::default()
        };
        assert!(unreported(&after, &[&finding]).is_empty());
    }

    #[test]
    fn directories_of_the_machine_are_counted() {
        let said = of(&[
            ("prefix", "/usr"),
            ("libdir", "//usr/lib"),
            ("path", "/usr/lib:/lib"),
            ("own", "/s/a/usr"),
            ("word", "usr"),
        ]);
        assert_eq!(absolute_directories(&said), 2);
    }

    #[test]
    fn a_prefix_that_is_given_moves_what_lies_under_it() {
        let after = of(&[
            ("prefix", "/s/a"),
            ("libdir", "/s/a/lib"),
            ("dev", "/s/a-dev"),
        ]);
        let right = of(&[("prefix", "/x"), ("libdir", "/x/lib"), ("dev", "/s/a-dev")]);
        assert!(moved_wrongly(&after, &right, Path::new("/s/a")).is_empty());
        let wrong = of(&[("prefix", "/x"), ("libdir", "/s/a/lib"), ("dev", "/x-dev")]);
        assert_eq!(moved_wrongly(&after, &wrong, Path::new("/s/a")).len(), 2);
    }
}
