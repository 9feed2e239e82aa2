//! An independent check of what became of a package's configuration.
//!
//! It reads the package as it was and as it is, and the tool's findings. From the package as it was it
//! derives which files of etc are named where, and what may have become of each name: the package's
//! own path, a line before it, a link in /etc, or a finding. Nothing else may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::tool::Finding;
use crate::tool_root::ToolRoot;
use crate::{Error, Result};
use lines::Lines;
use names::{Kind, Name, Use};

mod lines;
mod links;
mod names;
mod writers;

/// How the tool was told to make the package read its own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Names become the package's own paths.
    Rewrite,
    /// Names stay, and the files are linked in /etc.
    Link,
}

impl Mode {
    /// The option's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rewrite => "rewrite",
            Self::Link => "link",
        }
    }
}

/// What was found in one package.
#[derive(Debug, Default)]
pub struct Judged {
    /// What should not have become of it.
    pub violations: Vec<String>,
    /// How many names of files there were that had to be answered, in text and compiled in.
    pub named: usize,
    /// How many of them became the package's own paths, or got a line before them.
    pub rewritten: usize,
    /// How many are linked.
    pub linked: usize,
    /// How many have a finding.
    pub found: usize,
}

/// Directories of etc with a counterpart where the reading program looks, too.
const VENDOR: [(&str, &str); 58] = [
    ("etc/NetworkManager/conf.d", "lib/NetworkManager/conf.d"),
    (
        "etc/NetworkManager/dispatcher.d",
        "lib/NetworkManager/dispatcher.d",
    ),
    (
        "etc/NetworkManager/system-connections",
        "lib/NetworkManager/system-connections",
    ),
    ("etc/X11/xorg.conf.d", "share/X11/xorg.conf.d"),
    ("etc/binfmt.d", "lib/binfmt.d"),
    ("etc/dbus-1/session.d", "share/dbus-1/session.d"),
    ("etc/dbus-1/system.d", "share/dbus-1/system.d"),
    ("etc/depmod.d", "lib/depmod.d"),
    ("etc/dnssec-trust-anchors.d", "lib/dnssec-trust-anchors.d"),
    ("etc/dracut.conf.d", "lib/dracut/dracut.conf.d"),
    ("etc/environment.d", "lib/environment.d"),
    ("etc/modprobe.d", "lib/modprobe.d"),
    ("etc/modules-load.d", "lib/modules-load.d"),
    ("etc/pam.d", "lib/pam.d"),
    ("etc/pipewire/client.conf.d", "share/pipewire/client.conf.d"),
    ("etc/pipewire/jack.conf.d", "share/pipewire/jack.conf.d"),
    (
        "etc/pipewire/pipewire-pulse.conf.d",
        "share/pipewire/pipewire-pulse.conf.d",
    ),
    (
        "etc/pipewire/pipewire.conf.d",
        "share/pipewire/pipewire.conf.d",
    ),
    ("etc/pkcs11/modules", "share/p11-kit/modules"),
    ("etc/polkit-1/rules.d", "share/polkit-1/rules.d"),
    ("etc/repart.d", "lib/repart.d"),
    ("etc/sysctl.d", "lib/sysctl.d"),
    ("etc/systemd/coredump.conf.d", "lib/systemd/coredump.conf.d"),
    ("etc/systemd/dnssd", "lib/systemd/dnssd"),
    ("etc/systemd/homed.conf.d", "lib/systemd/homed.conf.d"),
    (
        "etc/systemd/journal-remote.conf.d",
        "lib/systemd/journal-remote.conf.d",
    ),
    (
        "etc/systemd/journal-upload.conf.d",
        "lib/systemd/journal-upload.conf.d",
    ),
    ("etc/systemd/journald.conf.d", "lib/systemd/journald.conf.d"),
    ("etc/systemd/logind.conf.d", "lib/systemd/logind.conf.d"),
    ("etc/systemd/network", "lib/systemd/network"),
    ("etc/systemd/networkd.conf.d", "lib/systemd/networkd.conf.d"),
    ("etc/systemd/ntp-units.d", "lib/systemd/ntp-units.d"),
    ("etc/systemd/oomd.conf.d", "lib/systemd/oomd.conf.d"),
    ("etc/systemd/pstore.conf.d", "lib/systemd/pstore.conf.d"),
    ("etc/systemd/resolved.conf.d", "lib/systemd/resolved.conf.d"),
    ("etc/systemd/sleep.conf.d", "lib/systemd/sleep.conf.d"),
    ("etc/systemd/system", "lib/systemd/system"),
    (
        "etc/systemd/system-environment-generators",
        "lib/systemd/system-environment-generators",
    ),
    (
        "etc/systemd/system-generators",
        "lib/systemd/system-generators",
    ),
    ("etc/systemd/system-preset", "lib/systemd/system-preset"),
    ("etc/systemd/system-shutdown", "lib/systemd/system-shutdown"),
    ("etc/systemd/system-sleep", "lib/systemd/system-sleep"),
    ("etc/systemd/system.conf.d", "lib/systemd/system.conf.d"),
    (
        "etc/systemd/timesyncd.conf.d",
        "lib/systemd/timesyncd.conf.d",
    ),
    ("etc/systemd/user", "share/systemd/user"),
    (
        "etc/systemd/user-environment-generators",
        "lib/systemd/user-environment-generators",
    ),
    ("etc/systemd/user-generators", "lib/systemd/user-generators"),
    ("etc/systemd/user-preset", "lib/systemd/user-preset"),
    ("etc/systemd/user.conf.d", "lib/systemd/user.conf.d"),
    ("etc/sysupdate.d", "lib/sysupdate.d"),
    ("etc/sysusers.d", "lib/sysusers.d"),
    ("etc/tmpfiles.d", "lib/tmpfiles.d"),
    ("etc/udev/hwdb.d", "lib/udev/hwdb.d"),
    ("etc/udev/rules.d", "lib/udev/rules.d"),
    ("etc/udev/udev.conf.d", "lib/udev/udev.conf.d"),
    ("etc/user-tmpfiles.d", "share/user-tmpfiles.d"),
    ("etc/userdb", "lib/userdb"),
    (
        "etc/wireplumber/wireplumber.conf.d",
        "share/wireplumber/wireplumber.conf.d",
    ),
];

/// Directories that may go when nothing is in them.
const STATE: [&str; 6] = [
    "etc/credstore",
    "etc/credstore.encrypted",
    "lib/credstore",
    "lib/credstore.encrypted",
    "run",
    "var",
];

/// What only a machine has, whoever ships a file for it.
fn is_machine_state(path: &str) -> bool {
    const STATE: &str = "adjtime ca-certificates crypttab fstab group gshadow hostid hostname hosts \
        krb5.keytab ld.so.cache locale.conf localtime machine-id machine-info mtab passwd \
        pki/tls/certs resolv.conf shadow shells ssl/cert.pem ssl/certs ssl/private subgid subuid \
        timezone vconsole.conf";
    let path = path.strip_prefix("/etc/").unwrap_or(path);
    STATE.split_whitespace().any(|state| {
        path.strip_prefix(state)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A package before and after.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    /// Its tree as it was.
    pub before: &'a Path,
    /// Its tree as it is.
    pub after: &'a Path,
    /// What the tool found.
    pub findings: &'a [Finding],
    /// What the tool was told.
    pub mode: Mode,
}

/// Judges a package; the links in /etc are made by the real systemd-tmpfiles.
pub fn judge(package: &Package<'_>, tools: &ToolRoot) -> Result<Judged> {
    let reading = |path: &Path| {
        let doing = format!("read {}", path.display());
        move |error: std::io::Error| Error::new(doing, error)
    };
    let (before, after) = (
        tree(package.before).map_err(reading(package.before))?,
        tree(package.after).map_err(reading(package.after))?,
    );
    let shipped = shipped(package.before, &before);
    let output = package.after.display().to_string();
    let mut judged = Judged::default();
    let linked = links_of(package, &before, &after, tools, &mut judged.violations)?;
    let lines = Lines::new(&output, &shipped);
    // The paths of the package as it is that something of what it was has become.
    let mut accounted: BTreeSet<PathBuf> = BTreeSet::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    // What is read from the output alone now, with where that is; and all that can write.
    let mut rewritten: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut texts: Vec<(PathBuf, Kind, Vec<u8>)> = Vec::new();
    for (path, old) in &before {
        let (was, is) = (package.before.join(path), package.after.join(path));
        let mut fault = |text: String| {
            judged
                .violations
                .push(format!("{}: {text}", path.display()));
        };
        if old.is_dir() {
            accounted.insert(path.clone());
            // Of DESTDIR with a prefix in the store, the directories above the store.
            let is_nest = package.after.starts_with(Path::new("/").join(path));
            let may_go = is_nest
                || STATE.iter().any(|state| path.starts_with(state))
                || VENDOR
                    .iter()
                    .any(|(from, _)| path.starts_with(from) || Path::new(from).starts_with(path));
            if !is.is_dir() && (!may_go || has_files(&before, path)) {
                fault("the directory is gone".to_owned());
            }
            continue;
        }
        accounted.insert(path.clone());
        let Some(place) = place(package.after, path) else {
            fault("it is gone".to_owned());
            continue;
        };
        if old.is_symlink() {
            // A link leads where it led: to the same name in what it was and in what it is.
            let (led, leads) = (
                leads_to(package.before, path),
                leads_to(package.after, path),
            );
            if led.is_some_and(|led| leads.is_none() || leads != place_of(package.after, &led)) {
                fault("the link leads elsewhere".to_owned());
            }
            accounted.insert(place);
            continue;
        }
        let new = fs::symlink_metadata(package.after.join(&place)).map_err(reading(&is))?;
        if old.permissions().mode() != new.permissions().mode() {
            fault("its mode has changed".to_owned());
        }
        if (old.mtime(), old.mtime_nsec()) != (new.mtime(), new.mtime_nsec()) {
            fault("its modification time has changed".to_owned());
        }
        accounted.insert(place.clone());
        let is = package.after.join(&place);
        let (was, is) = (
            fs::read(&was).map_err(reading(&was))?,
            fs::read(&is).map_err(reading(&is))?,
        );
        if was.starts_with(b"\x7fELF") || names::kind(path, &was).is_none() {
            if was != is {
                fault("it has changed, and nothing in it may".to_owned());
            }
            if was.starts_with(b"\x7fELF") {
                compiled_in(
                    package,
                    path,
                    &was,
                    &shipped,
                    &linked,
                    &mut named,
                    &mut judged,
                );
            }
            continue;
        }
        let Some(kind) = names::kind(path, &was) else {
            continue;
        };
        let found = names::in_text(kind, &was, &shipped);
        named.extend(
            found
                .iter()
                .filter(|name| name.usage > Use::Never)
                .flat_map(|name| [Some(name.path.clone()), directory_of(name)])
                .flatten(),
        );
        let changes = lines.compare(kind, &was, &is, &found);
        for (line, text) in changes.faults {
            judged
                .violations
                .push(format!("{}:{line}: {text}", path.display()));
        }
        let alone = changes.answered.iter();
        let alone = alone.filter(|(line, name)| !is_layered(&was, *line, name));
        rewritten.extend(alone.map(|(_, name)| (name.clone(), path.clone())));
        if package.mode == Mode::Link {
            let layered = |(line, path): &(usize, String)| !is_layered(&was, *line, path);
            for (line, name) in changes.answered.iter().filter(|one| layered(one)) {
                let text = format!("{}:{line}: {name} is rewritten", path.display());
                judged.violations.push(text);
            }
        }
        in_text(
            package,
            path,
            &place,
            (kind, &was),
            &found,
            &shipped,
            &changes.answered,
            &linked,
            &mut judged,
        );
        texts.push((path.clone(), kind, was));
    }
    judged
        .violations
        .extend(written_and_rewritten(&texts, &rewritten));
    for path in after.keys().filter(|path| !accounted.contains(*path)) {
        let is_ours =
            is_links_file(path) || VENDOR.iter().any(|(_, to)| Path::new(to).starts_with(path));
        if !is_ours && !after.get(path).is_some_and(fs::Metadata::is_dir) {
            judged
                .violations
                .push(format!("{}: it is new", path.display()));
        }
    }
    // A link in /etc is there because something names it.
    for path in linked.keys() {
        let parents = Path::new(path).ancestors();
        let mut below_etc = parents.take_while(|parent| *parent != Path::new("/etc"));
        if !below_etc.any(|parent| named.contains(&*parent.to_string_lossy())) {
            judged
                .violations
                .push(format!("{path} is linked, and nothing names it"));
        }
    }
    Ok(judged)
}

/// What something of the package writes although another file of it reads it from the output.
fn written_and_rewritten(
    texts: &[(PathBuf, Kind, Vec<u8>)],
    rewritten: &BTreeMap<String, PathBuf>,
) -> Vec<String> {
    let paths: BTreeSet<String> = rewritten.keys().cloned().collect();
    let mut faults = Vec::new();
    for (path, kind, text) in texts.iter().filter(|(path, ..)| writers::is_read(path)) {
        for writer in writers::writers(*kind, text, &paths) {
            faults.push(format!(
                "{}:{}: writes {}, which is rewritten in {}",
                path.display(),
                writer.line,
                writer.path,
                rewritten.get(&writer.path).unwrap_or(path).display()
            ));
        }
    }
    faults
}

type Tree = BTreeMap<PathBuf, fs::Metadata>;

fn tree(top: &Path) -> std::io::Result<Tree> {
    WalkDir::new(top)
        .min_depth(1)
        .into_iter()
        .map(|entry| {
            let entry = entry?;
            let path = entry.path().strip_prefix(top).unwrap_or(entry.path());
            Ok((path.to_owned(), entry.metadata()?))
        })
        .collect()
}

fn has_files(tree: &Tree, directory: &Path) -> bool {
    tree.iter()
        .any(|(path, entry)| path.starts_with(directory) && !entry.is_dir())
}

/// What the package has in etc, files and directories, from `/etc/`.
fn shipped(top: &Path, tree: &Tree) -> BTreeSet<String> {
    tree.keys()
        .filter(|path| path.starts_with("etc") && path.components().count() > 1)
        .filter(|path| top.join(path).exists())
        .map(|path| format!("/{}", path.display()))
        .collect()
}

/// Where a file is now, as a path in the package: at its old path, whatever links lead there from it.
fn place(top: &Path, path: &Path) -> Option<PathBuf> {
    let moved = VENDOR.iter().find_map(|(from, to)| {
        let moved = Path::new(to).join(path.strip_prefix(from).ok()?);
        fs::symlink_metadata(top.join(&moved)).ok().map(|_| moved)
    });
    let old = top.join(path);
    let Some(moved) = moved else {
        return fs::symlink_metadata(old).ok().map(|_| path.to_owned());
    };
    // Units would be there twice for NixOS; the others have to be found where its modules name them,
    // at ${package}/etc/….
    if path.starts_with("etc/systemd") {
        return fs::symlink_metadata(&old).is_err().then_some(moved);
    }
    let is_same = match (old.canonicalize(), top.join(&moved).canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => fs::symlink_metadata(&old).is_ok(),
    };
    is_same.then_some(moved)
}

/// The same for a path that a link leads to.
fn place_of(top: &Path, path: &Path) -> Option<PathBuf> {
    let real = top.join(place(top, path)?).canonicalize().ok()?;
    Some(real.strip_prefix(top).ok()?.to_owned())
}

/// What a link of the package leads to in it; `None` if that is elsewhere or nothing.
fn leads_to(top: &Path, link: &Path) -> Option<PathBuf> {
    let real = top.join(link).canonicalize().ok()?;
    Some(real.strip_prefix(top.canonicalize().ok()?).ok()?.to_owned())
}

/// The file in which the tool writes lines for systemd-tmpfiles.
fn is_links_file(path: &Path) -> bool {
    path.parent() == Some(Path::new("lib/tmpfiles.d"))
        && path.to_string_lossy().ends_with("-etc.conf")
}

fn links_of(
    package: &Package<'_>,
    before: &Tree,
    after: &Tree,
    tools: &ToolRoot,
    violations: &mut Vec<String>,
) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for path in after
        .keys()
        .filter(|path| is_links_file(path) && !before.contains_key(*path))
    {
        let file = package.after.join(path);
        let text = fs::read_to_string(&file)
            .map_err(|error| Error::new(format!("read {}", file.display()), error))?;
        let read = links::read(&text);
        violations.extend(read.faults);
        for (path, target) in &read.links {
            let own = package.after.join(path.trim_start_matches('/'));
            let is_own = own
                .canonicalize()
                .is_ok_and(|own| own == *Path::new(target))
                || own == *Path::new(target);
            if !is_own {
                violations.push(format!("{path} is linked to {target}"));
            }
            if is_machine_state(path) {
                violations.push(format!("{path} is linked, and is the machine's"));
            }
        }
        violations.extend(links::make(tools, &file, &read.links)?);
        all.extend(read.links);
    }
    Ok(all)
}

/// The directory in which a variable chooses.
fn directory_of(name: &Name) -> Option<String> {
    let (directory, _) = name.path.rsplit_once('/')?;
    (name.usage == Use::Within && directory != "/etc").then(|| directory.to_owned())
}

/// Whether a line is one that may get another before it.
fn is_layered(text: &[u8], line: usize, path: &str) -> bool {
    let line = text
        .split(|byte| *byte == b'\n')
        .nth(line - 1)
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let line = line.trim_start();
    line.contains(path)
        && (line.starts_with("EnvironmentFile")
            || line.contains(". /etc")
            || line.contains("source /etc"))
}

/// The files that a name stands for: itself, or what lies below it.
fn files_of(top: &Path, shipped: &BTreeSet<String>, name: &str) -> Vec<String> {
    let below = format!("{name}/");
    shipped
        .iter()
        .filter(|path| *path == name || path.starts_with(&below))
        // Their programs look where they are.
        .filter(|path| {
            !VENDOR
                .iter()
                .any(|(from, _)| path[1..].starts_with(&format!("{from}/")))
        })
        .filter(|path| !is_machine_state(path))
        .filter(|path| top.join(path.trim_start_matches('/')).is_file())
        .cloned()
        .collect()
}

/// Holds the names in an object file against links and findings.
fn compiled_in(
    package: &Package<'_>,
    path: &Path,
    bytes: &[u8],
    shipped: &BTreeSet<String>,
    linked: &BTreeMap<String, String>,
    named: &mut BTreeSet<String>,
    judged: &mut Judged,
) {
    for (name, is_whole) in names::in_object(bytes, shipped) {
        named.insert(name.clone());
        if !is_whole || is_machine_state(&name) {
            continue;
        }
        judged.named += 1;
        let files = files_of(package.before, shipped, &name);
        if files.iter().all(|file| linked.contains_key(file)) {
            judged.linked += 1;
        } else if files
            .iter()
            .all(|file| linked.contains_key(file) || is_written(package, file))
        {
            judged.found += 1;
        } else {
            judged.violations.push(format!(
                "{}: {name} is compiled in, and neither linked nor found",
                path.display()
            ));
        }
    }
}

/// Holds the names in a text against what became of them.
#[expect(clippy::too_many_arguments, reason = "it is a part of one function")]
fn in_text(
    package: &Package<'_>,
    path: &Path,
    place: &Path,
    (kind, text): (Kind, &[u8]),
    names: &[Name],
    shipped: &BTreeSet<String>,
    answered: &BTreeSet<(usize, String)>,
    linked: &BTreeMap<String, String>,
    judged: &mut Judged,
) {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    for name in names.iter().filter(|name| name.usage == Use::Surely) {
        let line = String::from_utf8_lossy(lines[name.line - 1]);
        let files = files_of(package.before, shipped, &name.path);
        let is_shown = kind == Kind::Shell && writers::is_shown_only(text, name.line, &name.path);
        if files.is_empty() || kind == Kind::Unit && is_kept(&line) || is_shown {
            continue;
        }
        judged.named += 1;
        if answered.contains(&(name.line, name.path.clone())) {
            judged.rewritten += 1;
        } else if files.iter().all(|file| linked.contains_key(file)) {
            judged.linked += 1;
        } else if files.iter().all(|file| {
            linked.contains_key(file) || about(package, place, file) || is_written(package, file)
        }) || about(package, place, &name.path)
        {
            judged.found += 1;
        } else {
            judged.violations.push(format!(
                "{}:{}: {} is neither rewritten, nor linked, nor found\n    {}",
                path.display(),
                name.line,
                name.path,
                line.trim()
            ));
        }
    }
}

/// Whether a directive says what a service may do, or that a file must not be there: nothing is read.
fn is_kept(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else {
        return false;
    };
    matches!(
        key.trim(),
        "Documentation"
            | "ExecPaths"
            | "InaccessiblePaths"
            | "NoExecPaths"
            | "ReadOnlyPaths"
            | "ReadWritePaths"
    ) || value.trim_start_matches([' ', '|']).starts_with('!') && !key.contains("Exec")
}

/// Whether the package writes the file itself, so that it is the machine's.
fn is_written(package: &Package<'_>, name: &str) -> bool {
    let mut findings = package.findings.iter();
    findings.any(|finding| finding.id == "etc-written" && finding.subject == name)
}

/// Whether there is a finding about a name in a file.
fn about(package: &Package<'_>, path: &Path, name: &str) -> bool {
    let file = package.after.join(path);
    package.findings.iter().any(|finding| {
        Path::new(&finding.file) == file
            && (finding.subject.contains(name) || finding.message.contains(name))
    })
}
