//! What became of the lines of a file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use regex::bytes::Regex;

use super::names::{Kind, Name, Use, lines};

/// What may change in the files of one package.
pub(super) struct Lines<'a> {
    /// Names in etc become paths below it: where the package is now.
    output: &'a str,
    written: Regex,
    /// The files of the package's etc and their directories, from `/etc/`.
    shipped: &'a BTreeSet<String>,
}

/// What changed in a file.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By line of the file as it was, from 1: the names that became store paths, or got one before
    /// them.
    pub(super) answered: BTreeSet<(usize, String)>,
    /// What should not have changed, with its line.
    pub(super) faults: Vec<(usize, String)>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(output: &'a str, shipped: &'a BTreeSet<String>) -> Self {
        let vendor = super::VENDOR.map(|(_, to)| regex::escape(to)).join("|");
        #[expect(clippy::unwrap_used, reason = "what varies in it is escaped")]
        let written = Regex::new(&format!(
            r"(?-u){}/(etc|{vendor})((?:/[A-Za-z0-9_.@+~-]+)+)",
            regex::escape(output)
        ))
        .unwrap();
        Self {
            output,
            written,
            shipped,
        }
    }

    /// Compares a file with what it was; `names` are those that were in it.
    pub(super) fn compare(&self, kind: Kind, old: &[u8], new: &[u8], names: &[Name]) -> Changes {
        let mut changes = Changes::default();
        let (old, new) = (lines(old), lines(new));
        let mut next = 0;
        for (index, (_, before)) in old.iter().enumerate() {
            let number = index + 1;
            // Lines that stand before this one now, and not then.
            let mut layered = BTreeSet::new();
            let after = loop {
                let Some((_, after)) = new.get(next) else {
                    changes.faults.push((number, "the line is gone".into()));
                    return changes;
                };
                next += 1;
                match self.default_for(kind, after, before) {
                    Some(path) => layered.insert(path),
                    None => break *after,
                };
            };
            changes
                .answered
                .extend(layered.iter().map(|path| (number, path.clone())));
            if after == *before {
                continue;
            }
            let here: Vec<&Name> = names.iter().filter(|name| name.line == number).collect();
            if let Err(fault) = self.line(kind, before, after, &here, &layered) {
                let show = |line: &[u8]| String::from_utf8_lossy(line).replace(self.output, "…");
                let (before, after) = (show(before), show(after));
                let text = format!("{fault}\n    - {before}\n    + {after}");
                changes.faults.push((number, text));
            }
            let rewritten = self.replaced(after).into_iter().map(|path| (number, path));
            changes.answered.extend(rewritten);
        }
        if next < new.len() {
            changes
                .faults
                .push((old.len(), "there are new lines at the end".into()));
        }
        changes
    }

    /// The file for which a line names the package's own before `old` names the administrator's.
    fn default_for(&self, kind: Kind, new: &[u8], old: &[u8]) -> Option<String> {
        if kind != Kind::Unit || new == old {
            return None;
        }
        let path = environment_file(&self.undone(new).0)?;
        let replaced = self.replaced(new);
        (replaced == [path.clone()] && environment_file(old) == Some(path.clone())).then_some(path)
    }

    /// Whether all that changed in a line is names that became the package's own paths.
    fn line(
        &self,
        kind: Kind,
        old: &[u8],
        new: &[u8],
        names: &[&Name],
        layered: &BTreeSet<String>,
    ) -> Result<(), String> {
        let (undone, paths) = self.undone(new);
        if !layered.is_empty() {
            // The administrator's file need not be there.
            let optional = String::from_utf8_lossy(old).replacen("=/", "=-/", 1);
            return if new == optional.as_bytes() {
                Ok(())
            } else {
                Err("the line after the package's own file has changed".into())
            };
        }
        if kind == Kind::Tmpfiles && self.is_absolute_target(old, new) {
            return Ok(());
        }
        if matches!(kind, Kind::Shell | Kind::Unit) && self.is_layered_source(old, new) {
            return Ok(());
        }
        if undone != old {
            return Err("more has changed than names that became store paths".into());
        }
        for path in paths {
            if !self.shipped.contains(&path) {
                return Err(format!("the package does not ship {path}"));
            }
            let uses = names.iter().filter(|name| name.path == path);
            if !uses.clone().any(|name| name.usage > Use::Within) {
                return Err(format!("{path} is no name of the file there"));
            }
            if super::is_machine_state(&path) {
                return Err(format!("{path} is the machine's"));
            }
        }
        Ok(())
    }

    /// A line with the package's paths as they were, and which these are, from `/etc/`.
    fn undone(&self, line: &[u8]) -> (Vec<u8>, Vec<String>) {
        let mut paths = Vec::new();
        let undone = self
            .written
            .replace_all(line, |found: &regex::bytes::Captures<'_>| {
                let text = |group: usize| String::from_utf8_lossy(&found[group]).into_owned();
                let (directory, rest) = (text(1), text(2));
                let etc = super::VENDOR.iter().find(|(_, to)| *to == directory);
                let etc = etc.map_or("etc", |(from, _)| *from);
                let path = format!("/{etc}{rest}");
                paths.push(path.trim_end_matches('.').to_owned());
                path.into_bytes()
            });
        (undone.into_owned(), paths)
    }

    fn replaced(&self, line: &[u8]) -> Vec<String> {
        self.undone(line).1
    }

    /// Whether a line of tmpfiles.d names what it named, now by its path in the package.
    fn is_absolute_target(&self, old: &[u8], new: &[u8]) -> bool {
        let fields = |line: &[u8]| -> Vec<String> {
            let line = String::from_utf8_lossy(line);
            line.split_whitespace().map(str::to_owned).collect()
        };
        let (old, new) = (fields(old), fields(new));
        let (Some(kind), Some(path), Some(target)) = (old.first(), old.get(1), new.get(6)) else {
            return false;
        };
        let links = kind.starts_with('L') || kind.starts_with('C');
        let known = 6.min(old.len());
        let filled = new[known..6].iter().all(|field| field == "-");
        if !links || new.len() != 7 || new[..known] != old[..known] || !filled {
            return false;
        }
        let Some(target) = target.strip_prefix(self.output) else {
            return false;
        };
        let meant = match old.get(6).map(String::as_str) {
            None | Some("-") => format!("/usr/share/factory{path}"),
            Some(meant) if meant.starts_with('/') => meant.to_owned(),
            Some(meant) => {
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                resolved(&format!("{parent}/{meant}"))
            }
        };
        meant.strip_prefix("/usr").unwrap_or(&meant) == target
    }

    /// Whether a shell reads the package's own file where it read one of /etc, and then that, if it is
    /// there; asked of a real shell.
    fn is_layered_source(&self, old: &[u8], new: &[u8]) -> bool {
        let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
            return false;
        };
        // What stands around it may have become the package's, too.
        let is = |new: &str, old: &str| self.undone(new.as_bytes()).0 == old.as_bytes();
        SOURCE.captures_iter(old).any(|found| {
            let (all, path) = (found.get(1).map_or(0..0, |all| all.range()), &found[2]);
            let mut ends = new.char_indices().map(|(at, _)| at);
            let start = ends.find(|at| is(&new[..*at], &old[..all.start]));
            let mut starts = (0..=new.len()).rev().filter(|at| new.is_char_boundary(*at));
            let end = starts.find(|at| is(&new[*at..], &old[all.end..]));
            let code = start.zip(end).and_then(|(start, end)| new.get(start..end));
            let own = format!("{}{path}", self.output);
            code.is_some_and(|code| {
                let reads = |both| reads_both(code, &own, path, both);
                code.contains(&own) && reads(true) && reads(false)
            })
        })
    }
}

pattern!(
    SOURCE,
    r#"(?:^|[\s;&|'"(])((?:\.|source)\s+(/etc/[A-Za-z0-9_.@+~/-]+))"#
);

/// Whether a shell that runs `code` has what the file at `own` sets, and over it what the file at `path`
/// sets, if `both` are there.
fn reads_both(code: &str, own: &str, path: &str, both: bool) -> bool {
    let run = || -> std::io::Result<bool> {
        let directory = tempfile::tempdir()?;
        let (first, second) = (
            directory.path().join("first"),
            directory.path().join("second"),
        );
        std::fs::write(&first, "A=own\nB=own\n")?;
        if both {
            std::fs::write(&second, "B=other\n")?;
        }
        let place = |path: &Path| path.display().to_string();
        // The longer path has the shorter in it.
        let code = code.replace(own, "@FIRST@").replace(path, &place(&second));
        let code = code.replace("@FIRST@", &place(&first));
        let output = Command::new("bash")
            .args(["-e", "-c", &format!("{code}\necho \"$? $A $B\"")])
            .output()?;
        let expected = if both { "0 own other\n" } else { "0 own own\n" };
        Ok(output.stdout == expected.as_bytes() && output.stderr.is_empty())
    };
    run().unwrap_or(false)
}

/// The file of an `EnvironmentFile=` line.
fn environment_file(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let (key, value) = line.split_once('=')?;
    let value = value.trim();
    (key.trim() == "EnvironmentFile").then(|| value.strip_prefix('-').unwrap_or(value).to_owned())
}

/// A path without `..`.
fn resolved(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::names::in_text;
    use super::*;

    fn faults(kind: Kind, old: &str, new: &str) -> Vec<String> {
        let shipped: BTreeSet<String> = [
            "/etc/x",
            "/etc/x/y.conf",
            "/etc/default/x",
            "/etc/tmpfiles.d/x.conf",
            "/etc/hosts",
        ]
        .map(str::to_owned)
        .into();
        let names = in_text(kind, old.as_bytes(), &shipped);
        let lines = Lines::new("/s/p", &shipped);
        let changes = lines.compare(kind, old.as_bytes(), new.as_bytes(), &names);
        let first = |(_, text): (usize, String)| text.lines().next().unwrap_or("").to_owned();
        changes.faults.into_iter().map(first).collect()
    }

    #[test]
    fn what_may_become_of_a_line() {
        for (kind, old, new) in [
            (Kind::Unit, "A=/etc/x/y.conf z", "A=/s/p/etc/x/y.conf z"),
            (
                Kind::Unit,
                "A=/etc/tmpfiles.d/x.conf",
                "A=/s/p/lib/tmpfiles.d/x.conf",
            ),
            (
                Kind::Unit,
                "a\nEnvironmentFile=/etc/default/x\nb",
                "a\nEnvironmentFile=/s/p/etc/default/x\nEnvironmentFile=-/etc/default/x\nb",
            ),
            (
                Kind::Shell,
                "  . /etc/default/x # why",
                "  . /s/p/etc/default/x; if [ -e /etc/default/x ]; then . /etc/default/x; fi # why",
            ),
            (
                Kind::Shell,
                "test -r /etc/default/x && . /etc/default/x",
                "test -r /s/p/etc/default/x && { . /s/p/etc/default/x; [ ! -r /etc/default/x ] || . /etc/default/x; }",
            ),
            (
                Kind::Tmpfiles,
                "L /etc/o - - - - ../usr/lib/o",
                "L /etc/o - - - - /s/p/lib/o",
            ),
            (
                Kind::Tmpfiles,
                "C /etc/o",
                "C /etc/o - - - - /s/p/share/factory/etc/o",
            ),
        ] {
            assert_eq!(faults(kind, old, new), [""; 0], "{new}");
        }
    }

    #[test]
    fn what_may_not() {
        for (kind, old, new, fault) in [
            (
                Kind::Unit,
                "# /etc/x/y.conf",
                "# /s/p/etc/x/y.conf",
                "is no name of the file there",
            ),
            (
                Kind::Unit,
                "A=/etc/x/%i",
                "A=/s/p/etc/x/%i",
                "is no name of the file there",
            ),
            (
                Kind::Unit,
                "A=/etc/x/z",
                "A=/s/p/etc/x/z",
                "the package does not ship /etc/x/z",
            ),
            (
                Kind::Unit,
                "A=/etc/hosts",
                "A=/s/p/etc/hosts",
                "is the machine's",
            ),
            (
                Kind::Unit,
                "A=/etc/x/y.conf",
                "A=/s/p/etc/x/y.conf ",
                "more has changed",
            ),
            (
                Kind::Shell,
                ". /etc/default/x",
                ". /s/p/etc/default/x; . /etc/default/x",
                "more has changed",
            ),
            (
                Kind::Shell,
                ". /etc/default/x",
                "test ! -e /etc/default/x || . /etc/default/x; . /s/p/etc/default/x",
                "more has changed",
            ),
            (Kind::Unit, "a\nb", "a", "the line is gone"),
            (Kind::Unit, "a", "a\nb", "there are new lines at the end"),
            (
                Kind::Unit,
                "EnvironmentFile=/etc/default/x",
                "EnvironmentFile=/s/p/etc/default/x\nEnvironmentFile=/etc/x/y.conf",
                "the line after the package's own file has changed",
            ),
            (
                Kind::Tmpfiles,
                "L /etc/o - - - - ../usr/lib/o",
                "L /etc/o - - - - /s/p/lib/q",
                "more",
            ),
        ] {
            let found = faults(kind, old, new);
            assert!(
                found.iter().any(|one| one.contains(fault)),
                "{new}: {found:?}"
            );
        }
    }
}
