//! What every image has: mount points, links of the merged /usr, and the few files that no package
//! ships.

use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hermetic_out::regular_file;
use walkdir::WalkDir;

use crate::closure::node;
use crate::error::{Error, io_error, walk_error};
use crate::options::Options;
use crate::root_tree::{Entry, Node, RootTree};

/// Directories that systemd mounts something on, or that file-hierarchy(7) has.
const DIRECTORIES: &[(&str, u32)] = &[
    ("", 0o755),
    ("boot", 0o755),
    ("dev", 0o755),
    ("efi", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/lib", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
];

/// The merged /usr: `file-hierarchy(7)`.
const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("sbin", "usr/bin"),
    ("usr/sbin", "bin"),
];

/// Adds directories and links; before everything else. All users can traverse the directories above the
/// store, which may lie in a home directory.
pub(crate) fn add_directories(tree: &mut RootTree, store: &Path) {
    for (path, mode) in DIRECTORIES {
        tree.insert(*path, Entry::directory(*mode));
    }
    for above in store.ancestors() {
        let path = above.strip_prefix("/").unwrap_or(above);
        tree.insert(path.as_os_str().as_bytes(), Entry::directory(0o755));
    }
    for (path, target) in LINKS {
        tree.insert(*path, Entry::link(*target));
    }
}

/// Puts an extra tree on top, with the modes that it has. Everything belongs to root.
pub(crate) fn add_extra(tree: &mut RootTree, top: &Path) -> Result<(), Error> {
    const ACTION: &str = "reading --extra";
    let metadata = fs::metadata(top).map_err(io_error(ACTION, top))?;
    if !metadata.is_dir() {
        return Err(Error::Option {
            option: "--extra",
            value: top.display().to_string(),
            reason: "it is not a directory; give the tree that is to be put into the root"
                .to_owned(),
        });
    }
    for entry in WalkDir::new(top).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(walk_error(ACTION, top))?;
        let below = entry.path().strip_prefix(top).unwrap_or(entry.path());
        let metadata = entry.metadata().map_err(walk_error(ACTION, top))?;
        let mode = metadata.permissions().mode() & 0o7777;
        let added = node(entry.path(), entry.file_type(), Some(mode))?;
        let path = in_merged_usr(below.as_os_str().as_bytes());
        let is_directory = |entry: &Entry| entry.node == Node::Directory;
        match tree.get(&path) {
            // A directory that is there already keeps its content, and its mode.
            Some(existing) if is_directory(existing) && is_directory(&added) => {}
            Some(Entry {
                node: Node::Link(_),
                ..
            }) if is_directory(&added) => {}
            Some(existing) if is_directory(existing) => {
                tree.remove(&path);
                tree.insert(path, added);
            }
            _ => tree.insert(path, added),
        }
    }
    Ok(())
}

/// A path with the links of the merged /usr followed, so that `lib/x` and `usr/lib/x` are the same.
fn in_merged_usr(path: &[u8]) -> Vec<u8> {
    for (link, target) in LINKS {
        if let Some(rest) = path.strip_prefix(link.as_bytes())
            && rest.starts_with(b"/")
        {
            let target = if *link == "usr/sbin" {
                "usr/bin"
            } else {
                target
            };
            return [target.as_bytes(), rest].concat();
        }
    }
    path.to_vec()
}

/// Adds the files that no package ships, each only if nothing is there yet; after packages and extra
/// trees, before /etc is made.
pub(crate) fn add_files(tree: &mut RootTree, options: &Options) -> Result<(), Error> {
    let file = |text: &str| Entry::bytes(text, 0o644);
    if let Some(path) = &options.os_release {
        let text = regular_file::read(path).map_err(io_error("reading --os-release", path))?;
        let entry = Entry::bytes(text, 0o644);
        tree.insert("usr/lib/os-release", entry);
        // What tmpfiles.d makes, or add_os_release_link.
        tree.remove(b"etc/os-release");
    }
    let mut add = |path: &str, entry: Entry| {
        if tree.get(path.as_bytes()).is_none() {
            tree.insert(path, entry);
        }
    };
    // os-release(5): the defaults, if no package has one. switch-root refuses a root without one.
    add(
        "usr/lib/os-release",
        file("NAME=Linux\nID=linux\nPRETTY_NAME=\"Linux\"\n"),
    );
    add("etc/machine-id", file(&options.first_boot.machine_id));
    add("etc/mtab", Entry::link("../proc/self/mounts"));
    add(
        "usr/lib/tmpfiles.d/image-wrappers.conf",
        file("L+ /run/wrappers - - - - /usr/wrappers\n"),
    );
    // Without a preset for everything else, systemd enables everything else: systemd.preset(5).
    add(
        "usr/lib/systemd/system-preset/99-default.preset",
        file("disable *\n"),
    );
    add(
        "usr/lib/systemd/user-preset/99-default.preset",
        file("disable *\n"),
    );
    for (preset, directory) in [
        (&options.preset, "system-preset"),
        (&options.user_preset, "user-preset"),
    ] {
        if let Some(path) = preset {
            let text = regular_file::read(path).map_err(io_error("reading the preset", path))?;
            let place = format!("etc/systemd/{directory}/00-image.preset");
            add(&place, Entry::bytes(text, 0o644));
        }
    }
    if tree.exists(b"usr/lib64") {
        tree.insert("lib64", Entry::link("usr/lib64"));
    }
    // It writes to /etc, which is read-only; nothing needs its cache.
    let masked = b"etc/systemd/system/ldconfig.service";
    if tree.exists(b"usr/lib/systemd/system/ldconfig.service") && tree.get(masked).is_none() {
        tree.insert(masked.to_vec(), Entry::link("/dev/null"));
    }
    if !options.is_root_in_memory() && tree.get(b"etc/fstab").is_none() {
        let text = fstab(tree, &options.tmpfs);
        if !text.is_empty() {
            tree.insert("etc/fstab", file(&text));
        }
    }
    Ok(())
}

/// Makes /etc/os-release lead to /usr/lib/os-release, if nothing is there; after /etc is made, where a
/// package's tmpfiles.d line may ask for it.
pub(crate) fn add_os_release_link(tree: &mut RootTree) {
    if tree.get(b"etc/os-release").is_none() {
        tree.insert("etc/os-release", Entry::link("../usr/lib/os-release"));
    }
}

/// The writable directories of a stateless system: systemd has no unit for them, except for /tmp.
fn fstab(tree: &RootTree, directories: &[String]) -> String {
    let has_tmp_mount = tree.exists(b"usr/lib/systemd/system/tmp.mount");
    let mut text = String::new();
    for directory in directories {
        let mode = match directory.as_str() {
            "/tmp" if has_tmp_mount => continue,
            "/root" => "0700",
            "/tmp" | "/var/tmp" => "1777",
            _ => "0755",
        };
        let _ = writeln!(text, "tmpfs {directory} tmpfs mode={mode},nosuid,nodev 0 0");
    }
    text
}

#[cfg(test)]
mod tests;
