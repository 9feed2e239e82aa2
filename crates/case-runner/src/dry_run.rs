//! The changes that a dry run lists, carried out by hand.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bstr::ByteSlice;
use serde_json::Value;

use crate::tree::{Kind, Tree};

/// How many changes each dry run has listed.
pub(crate) type DryRuns = Mutex<Vec<usize>>;

/// Everything in a tree but its directories.
type Files = BTreeMap<PathBuf, Kind>;

fn files(tree: &Tree) -> Files {
    let files = tree
        .iter()
        .filter(|(_, entry)| entry.kind != Kind::Directory);
    files
        .map(|(path, entry)| (path.clone(), entry.kind.clone()))
        .collect()
}

/// Compares `after` with `before` and the changes in `report`, which `--dry-run --format json --diff` has
/// printed. How many there are, or what differs.
pub(crate) fn compare(
    report: &[u8],
    before: &Tree,
    after: &Tree,
    root: &Path,
) -> Result<usize, String> {
    let report: Value =
        serde_json::from_slice(report).map_err(|error| format!("its report: {error}"))?;
    let changes = report["changes"].as_array().ok_or("it lists no changes")?;
    let mut expected = files(before);
    for change in changes {
        carry_out(change, &mut expected, root).ok_or_else(|| format!("impossible: {change}"))?;
    }
    let after = files(after);
    for path in expected.keys().chain(after.keys()) {
        let (listed, found) = (expected.get(path), after.get(path));
        if listed != found {
            let show = |kind: Option<&Kind>| match kind {
                Some(Kind::File(content)) => content.escape_ascii().to_string(),
                kind => format!("{kind:?}"),
            };
            return Err(format!(
                "{} is not as the listed changes make it:\nlisted: {}\nfound:  {}",
                path.display(),
                show(listed),
                show(found)
            ));
        }
    }
    Ok(changes.len())
}

/// Carries out one change; `None` if it cannot be.
fn carry_out(change: &Value, files: &mut Files, root: &Path) -> Option<()> {
    let path = |field| {
        let path = PathBuf::from(std::ffi::OsString::from_vec(bytes(change, field)?));
        let inside = path.strip_prefix(root).or(path.strip_prefix("/"));
        inside.ok().map(Path::to_owned)
    };
    let link = |field| {
        Some(Kind::Link(
            std::ffi::OsString::from_vec(bytes(change, field)?).into(),
        ))
    };
    match change["change"].as_str()? {
        "edit" => {
            let Kind::File(content) = files.get_mut(&path("path")?)? else {
                return None;
            };
            *content = patched(content, &bytes(change, "diff")?)?;
        }
        "move" => {
            let (from, to) = (path("from")?, path("to")?);
            // What is no file is an empty directory.
            if let Some(moved) = files.remove(&from) {
                files.entry(to).or_insert(moved);
            }
            if let Some(link) = link("link") {
                files.insert(from, link);
            }
        }
        "create" => {
            let content = Kind::File(bytes(change, "content")?);
            files.insert(path("path")?, content);
        }
        "link" => {
            files.insert(path("path")?, link("target")?);
        }
        "remove" => drop(files.remove(&path("path")?)),
        _ => return None,
    }
    Some(())
}

/// The bytes of a field: those of its twin in hexadecimal, if they are not UTF-8.
fn bytes(change: &Value, field: &str) -> Option<Vec<u8>> {
    match change[format!("{field}_bytes")].as_str() {
        Some(digits) => (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
            .collect(),
        None => Some(change[field].as_str()?.as_bytes().to_vec()),
    }
}

/// `before` with a unified diff applied.
fn patched(before: &[u8], diff: &[u8]) -> Option<Vec<u8>> {
    let old: Vec<&[u8]> = before.lines_with_terminator().collect();
    let (mut after, mut at, mut last) = (Vec::new(), 0, b' ');
    // Behind the two lines that name the file.
    for line in diff.lines_with_terminator().skip(2) {
        let (sign, text) = line.split_first()?;
        match sign {
            b'@' => {
                let start = text.to_str().ok()?.strip_prefix("@ -")?;
                let start: usize = start.split([',', ' ']).next()?.parse().ok()?;
                let start = start.saturating_sub(1);
                after.extend(old.get(at..start)?.concat());
                at = start;
            }
            b'\\' if last == b'+' => drop(after.pop()),
            b'\\' => {}
            b'+' => after.extend(text),
            b'-' | b' ' => {
                let line = *old.get(at)?;
                if line.strip_suffix(b"\n").unwrap_or(line) != text.strip_suffix(b"\n")? {
                    return None;
                }
                if *sign == b' ' {
                    after.extend(line);
                }
                at += 1;
            }
            _ => return None,
        }
        last = *sign;
    }
    after.extend(old.get(at..)?.concat());
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::patched;

    #[test]
    fn diffs_are_applied() {
        let diff = b"--- a\n+++ a\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n@@ -4 +4,2 @@\n-d\n\\ No newline at end of file\n\
            +d\n+e\n\\ No newline at end of file\n";
        let after = patched(b"a\nb\nc\nd", diff);
        assert_eq!(after.as_deref(), Some(&b"x\nb\nc\nd\ne"[..]));
        assert_eq!(patched(b"b\n", diff), None);
        let new = b"--- /dev/null\n+++ a\n@@ -0,0 +1 @@\n+a\n";
        assert_eq!(patched(b"", new).as_deref(), Some(&b"a\n"[..]));
    }
}
