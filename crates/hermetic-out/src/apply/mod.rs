//! Doing what a plan says: every file is old or new, whenever the process dies.

mod beneath;
mod staged;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::io::Errno;
use thiserror::Error;

pub use self::beneath::{LockedOutputs, NewTree};
pub use self::staged::TEMPORARY_NAME;
use self::staged::{Staged, replace_by_link};
use crate::plan::{Change, FileEdits, Plan};
use crate::regular_file::open_at;

/// Applying a plan failed. What was done before stays done; planning again continues from there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The system refused a step.
    #[error("{action} {path}, which stays as it was")]
    Io {
        /// What was being done: "writing the new content of".
        action: &'static str,
        /// To which file, by its store path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is no longer what it was when the plan was made.
    #[error("replacing {path}: its content changed since it was read; run the tool again")]
    Changed {
        /// The file, by its store path.
        path: PathBuf,
    },
    /// An output is a link, or no directory.
    #[error(
        "changing the output {path}: it is a link or a file; give the store path of a directory"
    )]
    NotADirectory {
        /// The output.
        path: PathBuf,
    },
    /// A file lies in no output of the package.
    #[error("changing {path}: it lies in no output of the package, so it was left alone")]
    Outside {
        /// The file, by its store path.
        path: PathBuf,
    },
}

/// Carries out `plan` in the outputs. Files keep their mode, their times and, where the
/// system allows it, their owner and extended attributes. No link is followed out of an output, and an
/// output that is a link is refused. A plan that was made before the outputs were locked may fail with
/// [`ApplyError::Changed`], as another run may have worked on them meanwhile.
pub fn apply(plan: &Plan, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    outputs.check(plan)?;
    for change in &plan.changes {
        match change {
            Change::Edit(edits) => edit(edits, outputs)?,
            Change::Move { from, to } => rename(from, to, outputs)?,
            Change::MoveLeavingLink { from, to, target } => {
                copy(from, to, outputs)?;
                let (directory, name) = outputs.parent_of(from, false)?;
                replace_by_link(&directory, name, target)
                    .map_err(failed("leaving a link in the place of", from))?;
            }
            Change::Create {
                path,
                content,
                mode,
            } => create(path, content, *mode, outputs)?,
            Change::Link { path, target } => link(path, target, outputs)?,
            Change::Remove { path } => remove(path, outputs)?,
        }
    }
    Ok(())
}

fn failed<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> ApplyError {
    move |source| ApplyError::Io {
        action,
        path: path.to_owned(),
        source: source.into(),
    }
}

/// Replaces the content of a file, or does nothing if that was done meanwhile.
fn edit(edits: &FileEdits, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    let path = &edits.path;
    let (directory, name) = outputs.parent_of(path, false)?;
    let old = open_at(&directory, Path::new(name)).map_err(failed("opening", path))?;
    let content = content(&old).map_err(failed("reading", path))?;
    if content == edits.after {
        return Ok(());
    }
    if content != edits.before {
        return Err(ApplyError::Changed { path: path.clone() });
    }
    let write = || -> Result<(), Errno> {
        let new = Staged::write(&directory, &edits.after)?;
        new.take_after(&old)?;
        new.replace(name, &edits.after)
    };
    write().map_err(failed("writing the new content of", path))
}

fn content(mut file: &File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

fn rename(from: &Path, to: &Path, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    let (old, old_name) = outputs.parent_of(from, false)?;
    let (new, new_name) = outputs.parent_of(to, true)?;
    let flags = RenameFlags::NOREPLACE;
    rustix::fs::renameat_with(old, old_name, new, new_name, flags).map_err(failed("moving", from))
}

fn create(
    path: &Path,
    content: &[u8],
    mode: u32,
    outputs: &LockedOutputs<'_>,
) -> Result<(), ApplyError> {
    let (directory, name) = outputs.parent_of(path, true)?;
    let write = || -> Result<(), Errno> {
        let new = Staged::write(&directory, content)?;
        new.set_mode(mode)?;
        new.place(name)
    };
    write().map_err(failed("creating", path))
}

/// Makes what is at `from` be at `to` as well, unless it is there already. It is copied, not linked: a
/// second name would let an edit of one place change the other.
fn copy(from: &Path, to: &Path, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    let (old_directory, old_name) = outputs.parent_of(from, false)?;
    let (new_directory, new_name) = outputs.parent_of(to, true)?;
    let copied = || -> io::Result<bool> {
        let old = open_at(&old_directory, Path::new(old_name))?;
        let old_content = content(&old)?;
        match open_at(&new_directory, Path::new(new_name)) {
            Ok(new) => return Ok(content(&new)? == old_content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let new = Staged::write(&new_directory, &old_content)?;
        new.take_after(&old)?;
        new.place(new_name)?;
        Ok(true)
    };
    if copied().map_err(failed("moving", from))? {
        Ok(())
    } else {
        Err(ApplyError::Changed {
            path: to.to_owned(),
        })
    }
}

fn link(path: &Path, target: &Path, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    let (directory, name) = outputs.parent_of(path, true)?;
    let there = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW);
    // A file is no link that could get another target.
    if there.is_ok_and(|stat| !FileType::from_raw_mode(stat.st_mode).is_symlink()) {
        return Err(failed("making a link of", path)(Errno::EXIST));
    }
    replace_by_link(&directory, name, target)
        .map_err(failed("giving another target to the link", path))
}

fn remove(path: &Path, outputs: &LockedOutputs<'_>) -> Result<(), ApplyError> {
    let (directory, name) = outputs.parent_of(path, false)?;
    match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR),
        done => done,
    }
    .map_err(failed("removing", path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::package::{Output, Package};
    use crate::store::Store;

    /// A package of one output in a directory of its own.
    fn package() -> (tempfile::TempDir, Package) {
        let top = tempfile::tempdir().unwrap();
        let store = Store::new(top.path().join("store"), None);
        let out = store.directory.join("h-x");
        fs::create_dir_all(out.join("etc")).unwrap();
        (top, Package::new(store, vec![Output::new("out", out)]))
    }

    fn done(change: Change, package: &Package) -> Result<(), ApplyError> {
        apply(&vec![change].into(), &LockedOutputs::lock(package))
    }

    #[test]
    fn a_link_comes_into_being_or_gets_another_target() {
        let (_top, package) = package();
        let path = package.outputs[0].path.join("lib/deep/link");
        for target in ["one", "two"] {
            let change = Change::Link {
                path: path.clone(),
                target: target.into(),
            };
            done(change, &package).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
        }
        let file = package.outputs[0].path.join("file");
        fs::write(&file, "a").unwrap();
        let change = Change::Link {
            path: file.clone(),
            target: "one".into(),
        };
        let error = done(change, &package).unwrap_err();
        assert!(error.to_string().starts_with("making a link of"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"a", "it is no link");
    }

    #[test]
    fn an_output_that_became_a_link_is_refused() {
        let (top, package) = package();
        let out = &package.outputs[0].path;
        let elsewhere = top.path().join("elsewhere");
        fs::rename(out, &elsewhere).unwrap();
        symlink(&elsewhere, out).unwrap();
        let change = Change::Create {
            path: out.join("x"),
            content: "a".into(),
            mode: 0o644,
        };
        let error = done(change, &package).unwrap_err();
        assert!(matches!(error, ApplyError::NotADirectory { .. }), "{error}");
        assert!(!elsewhere.join("x").exists());
    }

    #[test]
    fn an_edit_that_is_done_already_is_nothing_and_another_content_is_refused() {
        let (_top, package) = package();
        let path = package.outputs[0].path.join("x");
        let edits = |before: &str, after: &str| {
            Change::Edit(FileEdits {
                path: path.clone(),
                before: before.into(),
                after: after.into(),
            })
        };
        fs::write(&path, "new").unwrap();
        done(edits("old", "new"), &package).unwrap();
        let error = done(edits("old", "newer"), &package).unwrap_err();
        assert!(matches!(error, ApplyError::Changed { .. }), "{error}");
        // A FIFO that took its place is not waited for.
        fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, mode, 0).unwrap();
        assert!(done(edits("old", "new"), &package).is_err());
    }

    #[test]
    fn a_file_moves_and_leaves_a_link() {
        let (_top, package) = package();
        let out = &package.outputs[0].path;
        let change = || Change::MoveLeavingLink {
            from: out.join("etc/x"),
            to: out.join("lib/x"),
            target: "../lib/x".into(),
        };
        fs::write(out.join("etc/x"), "a").unwrap();
        let before = fs::metadata(out.join("etc/x")).unwrap();
        done(change(), &package).unwrap();
        assert_eq!(
            fs::read_link(out.join("etc/x")).unwrap(),
            Path::new("../lib/x")
        );
        let after = fs::metadata(out.join("lib/x")).unwrap();
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
        // What a killed run leaves: both are there.
        fs::remove_file(out.join("etc/x")).unwrap();
        fs::write(out.join("etc/x"), "a").unwrap();
        done(change(), &package).unwrap();
        assert!(out.join("etc/x").symlink_metadata().unwrap().is_symlink());
        // Something else is there.
        fs::remove_file(out.join("etc/x")).unwrap();
        fs::write(out.join("etc/x"), "b").unwrap();
        let error = done(change(), &package).unwrap_err();
        assert!(matches!(error, ApplyError::Changed { .. }), "{error}");
        assert_eq!(fs::read(out.join("etc/x")).unwrap(), b"b");
        assert_eq!(fs::read(out.join("lib/x")).unwrap(), b"a");
    }

    #[test]
    fn a_new_tree_is_written_through_no_link() {
        let top = tempfile::tempdir().unwrap();
        let outside = top.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "old").unwrap();
        let tree = NewTree::make(&top.path().join("new")).unwrap();
        let at = |path| Path::new(path);
        tree.make_directory(at("deep/directory")).unwrap();
        tree.link(at("deep/out"), &outside).unwrap();
        tree.link(at("deep/file"), &outside.join("file")).unwrap();
        tree.link(at("in"), at("deep")).unwrap();
        for path in ["deep/out/x", "in/x"] {
            assert!(tree.write(at(path), b"a", 0o644).is_err(), "{path}");
            assert!(tree.link(at(path), at("y")).is_err(), "{path}");
            let below = Path::new(path).join("y");
            assert!(tree.make_directory(&below).is_err(), "{path}");
        }
        // What is at the path itself is replaced, not followed.
        tree.write(at("deep/file"), b"a", 0o640).unwrap();
        let file = top.path().join("new/deep/file");
        let metadata = file.symlink_metadata().unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o640);
        let outside: Vec<_> = fs::read_dir(&outside).unwrap().collect();
        assert_eq!(outside.len(), 1);
        let old = top.path().join("outside/file");
        assert_eq!(fs::read(old).unwrap(), b"old");
    }

    #[test]
    fn no_directory_is_made_through_a_link_out_of_the_output() {
        let (top, package) = package();
        let out = &package.outputs[0].path;
        let outside = top.path().join("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, out.join("lib")).unwrap();
        symlink("etc", out.join("share")).unwrap();
        let create = |path: &str| Change::Create {
            path: out.join(path),
            content: "a".into(),
            mode: 0o644,
        };
        assert!(done(create("lib/deep/x"), &package).is_err());
        assert!(fs::read_dir(&outside).unwrap().next().is_none());
        done(create("share/deep/x"), &package).unwrap();
        assert_eq!(fs::read(out.join("etc/deep/x")).unwrap(), b"a");
    }
}
