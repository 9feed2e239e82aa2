//! /etc, made when the image is built by the tools that would make it at the first boot:
//! systemd-sysusers, systemd-tmpfiles, `systemctl preset-all`, systemd-firstboot, and the two
//! databases that systemd compiles, udev's hardware database and the journal's catalogue.

mod claims;
mod config_files;
mod lines;
mod staging;
mod step;
mod sysusers;
mod tmpfiles;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, regular_file};
use hermetic_out_formats::Span;

use crate::command::{is_full, join, run_beside, run_commands};
use crate::error::{Error, io_error};
use crate::farm::made_at_run_time;
use crate::findings::{self, has_error};
use crate::options::{Options, Part};
use crate::root_tree::{Entry, Node, RootTree, has_dots};
use crate::tools::TMPFILES;
use crate::users::Numbers;
pub(crate) use claims::conflicting_claims;
use config_files::config_files;
use lines::with_replacements;
use staging::Staging;
pub(crate) use step::Step;

/// Where the image keeps the compiled catalogue; a tmpfiles.d line of the image links to it from
/// /var, where the journal looks for it.
pub(crate) const CATALOG: &[u8] = b"usr/lib/systemd/catalog/database";

/// What making /etc gave.
#[derive(Debug, Default)]
pub(crate) struct Etc {
    /// Findings.
    pub(crate) findings: Vec<Finding>,
    /// The users and groups of the image.
    pub(crate) numbers: Numbers,
    /// The numbers of `--users-pin`.
    pub(crate) pin: Numbers,
    /// The steps that were run, unless findings that are errors ended them.
    pub(crate) steps: Vec<Step>,
}

/// The staging root, in a directory for intermediate files.
fn staging_root(work: &Path) -> PathBuf {
    work.join("staging")
}

/// The directory with the passwords, likewise.
fn credentials(work: &Path) -> PathBuf {
    work.join("credentials")
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
pub(crate) fn make_etc(tree: &mut RootTree, options: &Options, work: &Path) -> Result<Etc, Error> {
    let mut staging = Staging::new(staging_root(work), tree)?;
    write_credentials(&credentials(work), options)?;
    let steps = Step::needed(options, Some(tree));
    let (mut etc, is_whole) = thread::scope(|scope| {
        // The two databases take as long as all the rest.
        let databases: Vec<_> = steps
            .iter()
            .filter(|step| step.is_independent())
            .map(|step| run_beside(scope, step.action(), vec![step.command(options, work)]))
            .collect();
        let run = |step: Step| {
            let command = steps.contains(&step).then(|| step.command(options, work));
            run_commands(step.action(), command.as_slice())
        };
        let configured = configure(tree, options, &mut staging, &run);
        databases.into_iter().try_for_each(join).and(configured)
    })?;
    if is_whole {
        staging.take_over(tree, b"usr/lib/udev/hwdb.bin")?;
        take_catalog(tree, &staging)?;
    }
    etc.steps = steps;
    Ok(etc)
}

/// Users, files and units; and whether that went to its end, and not only to a finding that is an error.
/// `run` runs a step, if it is needed.
fn configure(
    tree: &mut RootTree,
    options: &Options,
    staging: &mut Staging,
    run: &dyn Fn(Step) -> Result<(), Error>,
) -> Result<(Etc, bool), Error> {
    let mut etc = Etc::default();
    if options.wants(Part::Users) && !make_users(tree, options, staging, run, &mut etc)? {
        return Ok((etc, false));
    }
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
    run(Step::Files)?;
    for (path, file, line) in &tmpfiles.made {
        if !staging.has(path) {
            return Err(Error::Unexpected {
                action: Step::Files.action(),
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
                    action: Step::Files.action(),
                    directory: staging.root().to_owned(),
                    tool: TMPFILES.name,
                    stderr: "nothing, and made an incomplete copy".to_owned(),
                });
            }
            return Err(Error::Unexpected {
                action: Step::Files.action(),
                reason: format!(
                    "systemd-tmpfiles did not copy all of /{} to /{}",
                    copy.source.as_bstr(),
                    copy.target.as_bstr()
                ),
            });
        }
        staging.copied(&copy.source, &copy.target);
    }
    staging.contain(b"etc")?;
    for step in [Step::FirstBoot, Step::Units, Step::UserUnits] {
        run(step)?;
    }
    staging.take_over(tree, b"etc")?;
    own(tree, &tmpfiles.ownerships);
    etc.findings
        .extend(prune_links(tree, tmpfiles.links, tmpfiles.rewritten)?);
    set_timezone(tree, options)?;
    Ok((etc, true))
}

/// Users and groups; whether the findings let the rest be made.
fn make_users(
    tree: &mut RootTree,
    options: &Options,
    staging: &mut Staging,
    run: &dyn Fn(Step) -> Result<(), Error>,
    etc: &mut Etc,
) -> Result<bool, Error> {
    let pin = read_pin(options)?;
    let files = config_files(tree, "sysusers.d")?;
    let existing = numbers_of(tree)?;
    etc.pin = pin.clone().unwrap_or_default();
    let sysusers =
        sysusers::with_numbers(files, &etc.pin, &existing).ok_or_else(|| Error::Unexpected {
            action: "giving numbers to users and groups",
            reason: "more than 900 ask for one".to_owned(),
        })?;
    etc.findings.extend(sysusers.findings);
    for file in &sysusers.files {
        staging.rewrite(&file.path, &file.content)?;
    }
    // A line that cannot be read makes the tool fail: so it is a finding, with its place.
    if has_error(&etc.findings) {
        return Ok(false);
    }
    run(Step::Users)?;
    staging.take_over(tree, b"etc")?;
    etc.numbers = numbers_of(tree)?;
    check_made(tree, &sysusers.files, &etc.numbers, options)?;
    if let Some(pin) = &pin {
        etc.findings.extend(etc.numbers.compare_with_pin(pin));
    }
    etc.findings.extend(root_is_locked(tree, options)?);
    Ok(true)
}

fn read_pin(options: &Options) -> Result<Option<Numbers>, Error> {
    let Some(path) = &options.users_pin else {
        return Ok(None);
    };
    let text = regular_file::read(path).map_err(io_error("reading --users-pin", path))?;
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
        let hash = read_hash(file)?;
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

fn numbers_of(tree: &RootTree) -> Result<Numbers, Error> {
    let passwd = tree.read(b"etc/passwd")?.unwrap_or_default();
    let group = tree.read(b"etc/group")?.unwrap_or_default();
    Ok(Numbers::of_databases(&passwd, &group))
}

/// systemd-sysusers reports no error for a file that it does not see, nor for the password of a user that it
/// does not create or that has one already.
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
                action: Step::Users.action(),
                reason: format!(
                    "systemd-sysusers did not make {}, which /{} declares",
                    name.as_bstr(),
                    file.path.as_bstr()
                ),
            });
        }
    }
    for (user, file) in &options.passwords {
        let asked = read_hash(file)?;
        let reason = match password_of(tree, user.as_bytes())? {
            Some(hash) if hash == asked => continue,
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

fn read_hash(file: &Path) -> Result<Vec<u8>, Error> {
    let hash = regular_file::read(file).map_err(io_error("reading the password hash in", file))?;
    Ok(hash.trim().to_vec())
}

/// What `/etc/shadow` has as the hash of a user's password; `None` if it does not have the user.
fn password_of(tree: &RootTree, user: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let shadow = tree.read(b"etc/shadow")?.unwrap_or_default();
    Ok(shadow.lines().find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        (fields.next()? == user).then(|| fields.next().unwrap_or_default().to_vec())
    }))
}

/// Root has a password only if one was asked for.
fn root_is_locked(tree: &RootTree, options: &Options) -> Result<Option<Finding>, Error> {
    let hash = password_of(tree, b"root")?;
    let mut named = options.passwords.iter().map(|(user, _)| user);
    let asked =
        named.any(|user| user == "root") || options.allow_account.contains(&"root".to_owned());
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
        let Some(content) = tree.read(&file)? else {
            continue;
        };
        let in_image = |(span, line): (Span, Option<Vec<u8>>)| {
            let left_out = || [b"# not in this image: ", span.of(&content)].concat();
            (span, line.unwrap_or_else(left_out))
        };
        let replacements: Vec<_> = lines.into_values().map(in_image).collect();
        let content = with_replacements(&content, &replacements);
        tree.insert(file, Entry::bytes(content, 0o444));
    }
    Ok(found)
}

/// The journal looks for its catalogue in /var, which an image does not have.
fn take_catalog(tree: &mut RootTree, staging: &Staging) -> Result<(), Error> {
    let made = staging.root().join("var/lib/systemd/catalog/database");
    if !staging.has(b"var/lib/systemd/catalog/database") {
        return Ok(());
    }
    let bytes = regular_file::read(&made).map_err(io_error("reading", &made))?;
    tree.insert(CATALOG, Entry::bytes(bytes, 0o444));
    let line = "d /var/lib/systemd/catalog\n\
                L+ /var/lib/systemd/catalog/database - - - - /usr/lib/systemd/catalog/database\n";
    tree.insert(
        "usr/lib/tmpfiles.d/image-catalog.conf",
        Entry::bytes(line, 0o444),
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
    if !is_zone || has_dots(path.as_bytes()) {
        return Err(Error::NotInPackages {
            action: "setting the time zone",
            what: format!("/{path}"),
            help: "correct --timezone, or add tzdata to --package".to_owned(),
        });
    }
    tree.insert("etc/localtime", Entry::link(format!("../{path}")));
    Ok(())
}
