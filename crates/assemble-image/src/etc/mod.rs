//! /etc, made when the image is built by the tools that would make it at the first boot:
//! systemd-sysusers, systemd-tmpfiles, `systemctl preset-all`, systemd-firstboot, and the two
//! databases that systemd compiles, udev's hardware database and the journal's catalogue.

mod claims;
mod config_files;
mod lines;
mod staging;
mod sysusers;
mod tmpfiles;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use bstr::ByteSlice;
use hermetic_out::{Finding, Place};
use hermetic_out_formats::Span;

use crate::command::{Command, is_full};
use crate::error::{Error, io_error};
use crate::farm::made_at_run_time;
use crate::findings;
use crate::options::{FirstBoot, Options};
use crate::root_tree::{Content, Entry, Node, RootTree, as_path, is_in};
use crate::tools::{FIRSTBOOT, HWDB, JOURNALCTL, SYSTEMCTL, SYSUSERS, TMPFILES};
use crate::users::Numbers;
pub(crate) use claims::conflicting_claims;
use config_files::config_files;
use lines::with_replacements;
use staging::Staging;

/// Where the image keeps the compiled catalogue; a tmpfiles.d line of the image links to it from
/// /var, where the journal looks for it.
pub const CATALOG: &[u8] = b"usr/lib/systemd/catalog/database";

/// The oldest last-change day that PAM does not take for an expired password is 1.
const ONE_DAY: u64 = 86400;

/// What making /etc gave.
#[derive(Debug, Default)]
pub struct Etc {
    /// What is not right.
    pub findings: Vec<Finding>,
    /// The users and groups of the image.
    pub numbers: Numbers,
}

/// The commands that make /etc, in order. `staging` is the staging root, `credentials` the directory
/// with the passwords.
#[must_use]
pub fn commands(
    staging: &Path,
    credentials: &Path,
    options: &Options,
) -> Vec<(&'static str, Command)> {
    let rooted = |tool| {
        Command::new(tool)
            .writing(staging)
            .option("--root", staging)
    };
    let mut commands = vec![
        (
            "making users and groups",
            rooted(&SYSUSERS)
                .env("SOURCE_DATE_EPOCH", source_date_epoch(ONE_DAY).to_string())
                .env("CREDENTIALS_DIRECTORY", credentials),
        ),
        (
            "making what packages want in /etc",
            rooted(&TMPFILES)
                .arg("--create")
                .arg("--boot")
                .option("--prefix", "/etc"),
        ),
        ("enabling units", rooted(&SYSTEMCTL).arg("preset-all")),
        (
            "enabling units of users",
            rooted(&SYSTEMCTL).arg("--global").arg("preset-all"),
        ),
        (
            "compiling udev's hardware database",
            // The database holds the paths of its sources: they must not be those of this machine.
            Command::new(&HWDB)
                .writing(staging)
                .current_dir(staging)
                .option("--root", "/proc/self/cwd")
                .arg("--usr")
                .arg("update"),
        ),
        (
            "compiling the journal's catalogue",
            rooted(&JOURNALCTL).arg("--update-catalog"),
        ),
    ];
    // After tmpfiles.d, whose lines may put links in place of the same files.
    if let Some(command) = first_boot_command(rooted(&FIRSTBOOT), &options.first_boot) {
        commands.insert(2, ("writing locale, keymap and host name", command));
    }
    commands
}

fn first_boot_command(command: Command, first_boot: &FirstBoot) -> Option<Command> {
    let options = [
        ("--locale", &first_boot.locale),
        ("--keymap", &first_boot.keymap),
        ("--hostname", &first_boot.hostname),
    ];
    if options.iter().all(|(_, value)| value.is_none()) {
        return None;
    }
    let add = |command: Command, (option, value): (&str, &Option<String>)| match value {
        Some(value) => command.option(option, value),
        None => command,
    };
    Some(options.into_iter().fold(command.arg("--force"), add))
}

/// The environment's `SOURCE_DATE_EPOCH`, but not earlier than a time.
pub(crate) fn source_date_epoch(earliest: u64) -> u64 {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    given
        .and_then(|text| text.parse().ok())
        .map_or(earliest, |epoch: u64| epoch.max(earliest))
}

/// Makes /etc of a tree that holds the store, the farm and the extra trees. `work` is an empty
/// directory.
pub fn make_etc(tree: &mut RootTree, options: &Options, work: &Path) -> Result<Etc, Error> {
    let mut staging = Staging::new(work.join("staging"), tree)?;
    let credentials = work.join("credentials");
    write_credentials(&credentials, options)?;
    // The two databases have nothing to do with users and units, and take as long as all of these.
    let (databases, steps): (Vec<_>, Vec<_>) = commands(staging.root(), &credentials, options)
        .into_iter()
        .partition(|(_, command)| [&HWDB, &JOURNALCTL].contains(&command.tool()));
    let is_needed = |command: &Command| match command.tool().name {
        "systemd-hwdb" => tree.exists(b"usr/lib/udev/hwdb.d"),
        _ => tree.exists(b"usr/lib/systemd/catalog"),
    };
    let databases: Vec<_> = databases
        .into_iter()
        .filter(|(_, command)| is_needed(command))
        .collect();
    let (etc, is_whole) = run_beside(&databases, || {
        configure(tree, options, &mut staging, steps.into_iter())
    })?;
    if is_whole {
        staging.take_over(tree, b"usr/lib/udev/hwdb.bin")?;
        take_catalog(tree, &staging)?;
    }
    Ok(etc)
}

/// Users, files and units; and whether that went to its end, and not only to a finding that is an error.
fn configure(
    tree: &mut RootTree,
    options: &Options,
    staging: &mut Staging,
    mut commands: impl Iterator<Item = (&'static str, Command)>,
) -> Result<(Etc, bool), Error> {
    let pin = read_pin(options)?;
    let mut etc = Etc::default();
    let files = config_files(tree, "sysusers.d")?;
    let existing = numbers_of(tree)?;
    let numbers = pin.clone().unwrap_or_default();
    let sysusers =
        sysusers::with_numbers(files, &numbers, &existing).ok_or_else(|| Error::Unexpected {
            doing: "giving numbers to users and groups",
            reason: "more than 900 ask for one".to_owned(),
        })?;
    etc.findings.extend(sysusers.findings);
    for file in &sysusers.files {
        staging.rewrite(&file.path, &file.content)?;
    }
    // A line that cannot be read makes the tool fail: it is told as a finding, with its place.
    if has_error(&etc.findings) {
        return Ok((etc, false));
    }
    run_next(&mut commands)?;
    staging.take_over(tree, b"etc")?;
    etc.numbers = numbers_of(tree)?;
    check_made(tree, &sysusers.files, &etc.numbers, options)?;
    if let Some(pin) = &pin {
        etc.findings.extend(etc.numbers.compare_with_pin(pin));
    }
    etc.findings.extend(root_is_locked(tree, options)?);

    let files = config_files(tree, "tmpfiles.d")?;
    let tmpfiles = tmpfiles::read(files, tree, &etc.numbers);
    let refused = has_error(&tmpfiles.findings);
    etc.findings.extend(tmpfiles.findings);
    if refused {
        return Ok((etc, false));
    }
    for file in &tmpfiles.files {
        staging.rewrite(&file.path, &file.content)?;
    }
    let mut copies = Vec::new();
    for copy in tmpfiles.copies {
        if staging.was_staged(&copy.target) {
            continue;
        }
        if !staging.was_staged(&copy.source) {
            staging.stage_copy(tree, &copy.source, &copy.source)?;
        }
        copies.push(copy);
    }
    run_next(&mut commands)?;
    for (path, file, line) in &tmpfiles.made {
        if !staging.has(path) {
            return Err(Error::Unexpected {
                doing: "making what packages want in /etc",
                reason: format!(
                    "systemd-tmpfiles did not make /{}, for which /{} asks in line {line}",
                    path.as_bstr(),
                    file.as_bstr()
                ),
            });
        }
    }
    for copy in copies {
        if !staging.is_same(&copy.source, &copy.target)? {
            if is_full(staging.root()) {
                return Err(Error::DiskFull {
                    doing: "making what packages want in /etc",
                    directory: staging.root().to_owned(),
                    tool: TMPFILES.name,
                    said: "nothing, and made an incomplete copy".to_owned(),
                });
            }
            return Err(Error::Unexpected {
                doing: "making what packages want in /etc",
                reason: format!(
                    "systemd-tmpfiles did not copy all of /{} to /{}",
                    copy.source.as_bstr(),
                    copy.target.as_bstr()
                ),
            });
        }
    }
    if first_boot_command(Command::new(&FIRSTBOOT), &options.first_boot).is_some() {
        run_next(&mut commands)?;
    }
    for (doing, command) in commands {
        command.run(doing)?;
    }
    staging.take_over(tree, b"etc")?;
    own(tree, &tmpfiles.ownerships);
    etc.findings
        .extend(prune_links(tree, tmpfiles.links, tmpfiles.rewritten)?);
    set_timezone(tree, options)?;
    Ok((etc, true))
}

fn run_next(commands: &mut impl Iterator<Item = (&'static str, Command)>) -> Result<(), Error> {
    match commands.next() {
        Some((doing, command)) => command.run(doing).map(|_| ()),
        None => Ok(()),
    }
}

/// Runs commands at the same time, each on its own, while something else is done.
fn run_beside<T>(
    commands: &[(&'static str, Command)],
    other: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    thread::scope(|scope| {
        let running: Vec<_> = commands
            .iter()
            .map(|(doing, command)| scope.spawn(move || command.run(doing).map(|_| ())))
            .collect();
        let mut result = other();
        for thread in running {
            let ended = thread.join().unwrap_or_else(|_| {
                Err(Error::Unexpected {
                    doing: "making /etc",
                    reason: "a thread stopped unexpectedly".to_owned(),
                })
            });
            result = result.and_then(|value| ended.map(|()| value));
        }
        result
    })
}

fn has_error(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == hermetic_out::Severity::Error)
}

fn read_pin(options: &Options) -> Result<Option<Numbers>, Error> {
    let Some(path) = &options.users_pin else {
        return Ok(None);
    };
    let text = fs::read(path).map_err(io_error("reading --users-pin", path))?;
    let numbers = Numbers::of_pin_file(&text).map_err(|line| Error::Option {
        option: "--users-pin",
        value: path.display().to_string(),
        reason: format!("line {line} is neither `u NAME UID` nor `g NAME GID`"),
    })?;
    Ok(Some(numbers))
}

/// systemd-sysusers takes passwords from credentials: `systemd-sysusers(8)`, "Credentials".
fn write_credentials(directory: &Path, options: &Options) -> Result<(), Error> {
    fs::create_dir(directory).map_err(io_error("making the directory", directory))?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
        .map_err(io_error("setting the mode of", directory))?;
    for (user, file) in &options.passwords {
        let hash = fs::read(file).map_err(io_error("reading the password hash in", file))?;
        let hash = hash.trim();
        if !hash.starts_with(b"$") || hash.contains(&b':') || hash.contains(&b'\n') {
            return Err(Error::Option {
                option: "--password",
                value: format!("{user}={}", file.display()),
                reason: "the file does not hold a password hash as `mkpasswd` prints it".to_owned(),
            });
        }
        let credential = directory.join(format!("passwd.hashed-password.{user}"));
        fs::write(&credential, hash).map_err(io_error("writing", &credential))?;
    }
    Ok(())
}

fn read_file(tree: &RootTree, path: &[u8]) -> Result<Vec<u8>, Error> {
    match tree.file(path) {
        Some(content) => content.read().map_err(io_error(
            "reading the content of the image's",
            as_path(path),
        )),
        None => Ok(Vec::new()),
    }
}

fn numbers_of(tree: &RootTree) -> Result<Numbers, Error> {
    let (passwd, group) = (
        read_file(tree, b"etc/passwd")?,
        read_file(tree, b"etc/group")?,
    );
    Ok(Numbers::of_databases(&passwd, &group))
}

/// systemd-sysusers says nothing of what it does not do: a file that it does not see, a password for a user
/// who is not made or has one already.
fn check_made(
    tree: &RootTree,
    files: &[config_files::ConfigFile],
    numbers: &Numbers,
    options: &Options,
) -> Result<(), Error> {
    for file in files {
        let missing = sysusers::declared(&file.content).find(|(is_user, name)| {
            let known = if *is_user {
                &numbers.users
            } else {
                &numbers.groups
            };
            !known.contains_key(name)
        });
        if let Some((_, name)) = missing {
            return Err(Error::Unexpected {
                doing: "making users and groups",
                reason: format!(
                    "systemd-sysusers did not make {}, which /{} declares",
                    name.as_bstr(),
                    file.path.as_bstr()
                ),
            });
        }
    }
    for (user, file) in &options.passwords {
        let asked = fs::read(file).map_err(io_error("reading the password hash in", file))?;
        let reason = match password_of(tree, user.as_bytes())? {
            Some(hash) if hash == asked.trim() => continue,
            Some(_) => {
                "/etc/shadow of a package or of --extra has another one for this user; take it out"
            }
            None => {
                "no sysusers.d file declares the user; correct the name, or add what declares it"
            }
        };
        return Err(Error::Option {
            option: "--password",
            value: format!("{user}={}", file.display()),
            reason: reason.to_owned(),
        });
    }
    Ok(())
}

/// What `/etc/shadow` has as the hash of a user's password; `None` if it does not have the user.
fn password_of(tree: &RootTree, user: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let shadow = read_file(tree, b"etc/shadow")?;
    Ok(shadow.lines().find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        (fields.next()? == user).then(|| fields.next().unwrap_or_default().to_vec())
    }))
}

/// Root has a password only if one was asked for.
fn root_is_locked(tree: &RootTree, options: &Options) -> Result<Option<Finding>, Error> {
    let hash = password_of(tree, b"root")?;
    let asked = options.passwords.iter().any(|(user, _)| user == "root");
    let locked = hash.is_none_or(|hash| matches!(hash.first(), Some(b'!' | b'*')));
    Ok((!asked && !locked).then(|| {
        findings::about(
            &findings::ROOT_NOT_LOCKED,
            b"etc/shadow",
            "root has a password, and --password root=FILE was not given",
            findings::ROOT_NOT_LOCKED.remedy,
        )
    }))
}

/// Links that tmpfiles.d makes and that lead nowhere are taken away again: they stand for what an
/// administrator may write later, and in an image nobody does. Lines for them, and those that are to
/// be others, are changed in the image.
fn prune_links(
    tree: &mut RootTree,
    links: Vec<(Vec<u8>, Vec<u8>, Place)>,
    rewritten: Vec<(Vec<u8>, Span, Vec<u8>)>,
) -> Result<Vec<Finding>, Error> {
    /// By place: the line in the image; without one it is left out.
    type Lines = BTreeMap<usize, (Span, Option<Vec<u8>>)>;
    let mut found = Vec::new();
    let mut changed: BTreeMap<Vec<u8>, Lines> = BTreeMap::new();
    for (file, span, line) in rewritten {
        let of_file = changed.entry(file).or_default();
        of_file.insert(span.start, (span, Some(line)));
    }
    let mut leave_out = |file: Vec<u8>, span: Span| {
        let of_file = changed.entry(file).or_default();
        of_file.insert(span.start, (span, None));
    };
    for (path, file, place) in links {
        let Some(Node::Link(target)) = tree.get(&path).map(|entry| &entry.node) else {
            // What was asked for is there in place of the link.
            leave_out(file, place.span);
            continue;
        };
        if tree.exists(&path) || made_at_run_time(&path, target, b"") {
            continue;
        }
        let message = format!(
            "the link /{} would lead to {}, which is not in the image",
            path.as_bstr(),
            target.as_bstr()
        );
        let help = "add the target with --extra if the link is needed";
        let mut finding = findings::about(&findings::DANGLING_SYMLINK, &file, message, help);
        let span = place.span;
        finding.place = Some(place);
        found.push(finding);
        tree.remove(&path);
        leave_out(file, span);
    }
    // At boot systemd-tmpfiles would try again, and fail: /etc is read-only then.
    for (file, lines) in changed {
        let Some(content) = tree.file(&file) else {
            continue;
        };
        let content = content.read().map_err(io_error(
            "reading the content of the image's",
            as_path(&file),
        ))?;
        let in_image = |(span, line): (Span, Option<Vec<u8>>)| {
            let left_out = || [b"# not in this image: ", span.of(&content)].concat();
            (span, line.unwrap_or_else(left_out))
        };
        let replacements: Vec<_> = lines.into_values().map(in_image).collect();
        let content = with_replacements(&content, &replacements);
        tree.insert(file, Entry::file(Content::Bytes(content), 0o444));
    }
    Ok(found)
}

/// The journal looks for its catalogue in /var, which an image does not have.
fn take_catalog(tree: &mut RootTree, staging: &Staging) -> Result<(), Error> {
    let made = staging.root().join("var/lib/systemd/catalog/database");
    if !made.exists() {
        return Ok(());
    }
    let bytes = fs::read(&made).map_err(io_error("reading", &made))?;
    tree.insert(CATALOG, Entry::file(Content::Bytes(bytes), 0o444));
    let line = "d /var/lib/systemd/catalog\n\
                L+ /var/lib/systemd/catalog/database - - - - /usr/lib/systemd/catalog/database\n";
    tree.insert(
        "usr/lib/tmpfiles.d/image-catalog.conf",
        Entry::file(Content::Bytes(line.into()), 0o444),
    );
    Ok(())
}

/// Gives what tmpfiles.d lines made its owner and mode.
fn own(tree: &mut RootTree, ownerships: &[tmpfiles::Ownership]) {
    for ownership in ownerships {
        let Some(entry) = tree.get_mut(&ownership.path) else {
            continue;
        };
        if matches!(entry.node, Node::Link(_)) {
            continue;
        }
        entry.mode = ownership.mode.unwrap_or(entry.mode);
        entry.uid = ownership.uid.unwrap_or(entry.uid);
        entry.gid = ownership.gid.unwrap_or(entry.gid);
    }
}

/// `systemd-firstboot --timezone` looks for the zone on the building machine; this looks in the
/// image.
fn set_timezone(tree: &mut RootTree, options: &Options) -> Result<(), Error> {
    let Some(zone) = &options.first_boot.timezone else {
        return Ok(());
    };
    let path = format!("usr/share/zoneinfo/{zone}");
    let found = tree.resolve(path.as_bytes());
    let is_zone = found.is_ok_and(|found| matches!(found.entry.node, Node::File(_)));
    if !is_zone || !is_in(path.as_bytes(), b"usr/share/zoneinfo") || zone.contains("..") {
        return Err(Error::NotInPackages {
            doing: "setting the time zone",
            what: format!("/{path}"),
            help: "correct --timezone, or add tzdata to --package".to_owned(),
        });
    }
    tree.insert("etc/localtime", Entry::link(format!("../{path}")));
    Ok(())
}
