//! The lines for systemd-tmpfiles that make links in /etc.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tool_root::ToolRoot;
use crate::{Error, Result, run};

/// What the links of a package are, and what is wrong with their lines.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// By the path in /etc: what it leads to.
    pub(super) links: BTreeMap<String, String>,
    pub(super) faults: Vec<String>,
}

/// Reads a file of lines: `d` for directories that links need, and `L` for links to files.
pub(super) fn read(text: &str) -> Links {
    let mut read = Links::default();
    let mut directories = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            ["d", path, "0755", "root", "root", "-"] if path.starts_with("/etc/") => {
                directories.insert(path.to_owned());
            }
            ["L", path, "-", "-", "-", "-", target] if path.starts_with("/etc/") => {
                if read
                    .links
                    .insert(path.to_owned(), target.to_owned())
                    .is_some()
                {
                    read.faults.push(format!("{path} has two lines"));
                }
            }
            _ => read.faults.push(format!("no such line is needed: {line}")),
        }
    }
    let mut needed = BTreeSet::new();
    for path in read.links.keys() {
        let parents = Path::new(path).ancestors().skip(1);
        let below_etc = parents.take_while(|parent| *parent != Path::new("/etc"));
        needed.extend(below_etc.map(|parent| parent.display().to_string()));
    }
    for directory in needed.difference(&directories) {
        read.faults
            .push(format!("no line makes the directory {directory}"));
    }
    for directory in directories.difference(&needed) {
        read.faults
            .push(format!("no link lies in the directory {directory}"));
    }
    read
}

/// Has the real systemd-tmpfiles make the links in an empty root; the faults.
///
/// A dry run, where the tool has it, must name every link and make none.
pub(super) fn make(
    tools: &ToolRoot,
    file: &Path,
    links: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let doing = "make the links in /etc";
    let directory = tempfile::tempdir().map_err(|error| Error::new(doing, error))?;
    let root = directory.path();
    let configuration = root.join("usr/lib/tmpfiles.d");
    let copy = configuration.join(file.file_name().unwrap_or_default());
    fs::create_dir_all(&configuration)
        .and_then(|()| fs::create_dir(root.join("etc")))
        .and_then(|()| fs::copy(file, &copy).map(|_| ()))
        .map_err(|error| Error::new(doing, error))?;
    let tmpfiles = |options: &[&str]| {
        let tool = tools.command("systemd-tmpfiles");
        // Who is not root cannot give a directory to root.
        let mut command = if is_root() {
            tool
        } else {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user"]);
            command.arg(tool.get_program());
            command
        };
        command
            .arg("--root")
            .arg(root)
            .args(["--create", "--prefix=/etc"]);
        command.args(options);
        run(&mut command, &format!("{doing} of {}", file.display()))
    };
    let mut faults = Vec::new();
    tmpfiles(&["--dry-run"])?;
    if fs::read_dir(root.join("etc")).is_ok_and(|mut entries| entries.next().is_some()) {
        faults.push("a dry run has made something".to_owned());
    }
    let said = tmpfiles(&[])?;
    if !said.stderr.is_empty() {
        let said = String::from_utf8_lossy(&said.stderr);
        faults.push(format!("systemd-tmpfiles says: {}", said.trim()));
    }
    for (path, target) in links {
        let made: PathBuf = root.join(path.trim_start_matches('/'));
        if fs::read_link(&made).ok().as_deref() != Some(Path::new(target)) {
            faults.push(format!("systemd-tmpfiles has not made {path}"));
        } else if !made.is_file() {
            faults.push(format!("{path} leads to {target}, which is no file"));
        }
    }
    Ok(faults)
}

/// The kernel says whose this process is.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_judged() {
        let good = read(
            "# x\nd /etc/x 0755 root root -\nL /etc/x/y - - - - /s/p/etc/x/y\nL /etc/z - - - - /s/p/etc/z\n",
        );
        assert_eq!(good.faults, [""; 0]);
        assert_eq!(good.links.len(), 2);
        for (text, fault) in [
            (
                "L /etc/x/y - - - - /s",
                "no line makes the directory /etc/x",
            ),
            (
                "d /etc/x 0755 root root -",
                "no link lies in the directory /etc/x",
            ),
            ("L+ /etc/y - - - - /s", "no such line is needed"),
            ("L /etc/y - - - - /s\nL /etc/y - - - - /t", "two lines"),
            ("f /etc/y", "no such line is needed"),
        ] {
            let faults = read(text).faults;
            assert!(
                faults.iter().any(|one| one.contains(fault)),
                "{text}: {faults:?}"
            );
        }
    }
}
