//! /etc/passwd, /etc/shadow, /etc/group and userdb: who could log in that nobody meant, and who may read the hashes of passwords.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{Finding, FindingKind, Place, SourceText};
use hermetic_out_formats::Span;
use serde_json::Value;

use crate::closure::in_image;
use crate::error::Error;
use crate::findings;
use crate::options::Options;
use crate::root_tree::{Entry, Node, RootTree, is_in, join, parent_of};

const PASSWD: &[u8] = b"etc/passwd";
const SHADOW: &[u8] = b"etc/shadow";
const GROUP: &[u8] = b"etc/group";
/// What holds hashes of passwords, and the copies that tools make before they change it: shadow(5),
/// gshadow(5).
const SECRET: &[&[u8]] = &[SHADOW, b"etc/shadow-", b"etc/gshadow", b"etc/gshadow-"];
/// Where records of users and groups lie as files: nss-systemd(8), systemd-userdbd.service(8).
const USERDB: &[&[u8]] = &[b"etc/userdb", b"usr/local/lib/userdb", b"usr/lib/userdb"];
/// Ends of the names of records' secret parts.
const PRIVILEGED: &[&[u8]] = &[b".user-privileged", b".group-privileged"];

/// Takes from others what they may do with files of hashes, whoever ships them. What lies in the store, where
/// everybody reads everything, is copied.
pub(crate) fn hide_hashes(tree: &mut RootTree, options: &Options) {
    let records = records(tree).into_iter();
    let privileged = records.filter(|path| PRIVILEGED.iter().any(|end| path.ends_with(end)));
    let secret = SECRET.iter().map(|path| path.to_vec());
    let secret: Vec<Vec<u8>> = secret.chain(privileged).collect();
    for path in secret {
        let Ok(found) = tree.resolve(&path) else {
            continue;
        };
        if !matches!(found.entry.node, Node::File(_)) {
            continue;
        }
        let mode = found.entry.mode & !0o007;
        let entry = Entry {
            mode,
            ..found.entry.clone()
        };
        let place = if is_in(&found.path, in_image(&options.store.directory)) {
            let directory = parent_of(&path).and_then(|parent| tree.get(parent));
            // Below a link to the store nothing can be: it is reported.
            if directory.is_none_or(|directory| directory.node != Node::Directory) {
                continue;
            }
            path
        } else {
            found.path
        };
        tree.insert(place, entry);
    }
}

/// The paths of the files of records, sorted by directory and name.
fn records(tree: &RootTree) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for directory in USERDB {
        let Ok(found) = tree.resolve(directory) else {
            continue;
        };
        let names = tree.children(&found.path).map(|(name, _)| name);
        records.extend(names.map(|name| join(directory, name)));
    }
    records
}

/// Accounts that open the image to more people than it seems, but for those that are allowed by name.
pub(crate) fn check(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    let is_allowed = |name: &[u8]| {
        let mut allowed = options.allow_account.iter();
        allowed.any(|allowed| allowed.as_bytes() == name)
    };
    for path in [PASSWD, SHADOW, GROUP] {
        let Some(text) = tree.read(path)? else {
            continue;
        };
        // Reports go to logs.
        let shown = SourceText::new(without_hashes(&text));
        let mut names = BTreeSet::new();
        for account in accounts(&text) {
            let is_second = !names.insert(account.name);
            for (kind, message) in account.faults(path, is_second) {
                if is_allowed(account.name) {
                    continue;
                }
                let mut finding = findings::about(kind, path, message, kind.remedy);
                finding.place = Some(Place::new(&shown, account.span));
                found.push(finding);
            }
        }
    }
    for path in records(tree) {
        let Some(text) = tree.read(&path)? else {
            continue;
        };
        let mode = tree.resolve(&path).map_or(0, |found| found.entry.mode);
        // No line of it is shown: all may be one.
        for (kind, name, message) in record_faults(&path, &text, mode & 0o004 != 0) {
            if !is_allowed(name.as_bytes()) {
                found.push(findings::about(kind, &path, message, kind.remedy));
            }
        }
    }
    Ok(found)
}

/// What is wrong with a user or group record, or its privileged part, with the name of the user or group.
fn record_faults(
    path: &[u8],
    text: &[u8],
    is_readable: bool,
) -> Vec<(&'static FindingKind, String, String)> {
    let file_name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let Some(dot) = memchr::memrchr(b'.', file_name) else {
        return Vec::new();
    };
    let (stem, end) = file_name.split_at(dot);
    let (what, key, is_whole) = match end {
        b".user" => ("user", "userName", true),
        b".group" => ("group", "groupName", true),
        b".user-privileged" => ("user", "userName", false),
        b".group-privileged" => ("group", "groupName", false),
        _ => return Vec::new(),
    };
    // systemd passes over what is no JSON.
    let Ok(record) = serde_json::from_slice::<Value>(text) else {
        return Vec::new();
    };
    let name = match record.get(key).and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => stem.to_str_lossy().into_owned(),
    };
    // The JSON user and group records of systemd.io.
    let privileged = record.get("privileged").filter(|_| is_whole);
    let privileged = privileged.or((!is_whole).then_some(&record));
    let hashes = privileged.and_then(|section| section.get("hashedPassword"));
    let hashes = hashes.and_then(Value::as_array).into_iter().flatten();
    let hashes: Vec<&str> = hashes.filter_map(Value::as_str).collect();
    let mut faults = Vec::new();
    if what == "user" && hashes.contains(&"") {
        let message = format!("the user {name} has an empty password");
        faults.push((&findings::EMPTY_PASSWORD, name.clone(), message));
    }
    if is_readable
        && hashes
            .iter()
            .any(|hash| !hash.is_empty() && !is_locked(hash.as_bytes()))
    {
        let message =
            format!("the password of the {what} {name} is in a record that everybody can read");
        faults.push((&findings::READABLE_PASSWORD, name.clone(), message));
    }
    if what == "user" && name != "root" && record.get("uid").and_then(Value::as_u64) == Some(0) {
        let message = format!("the user {name} has the number 0, as root has");
        faults.push((&findings::SECOND_SUPERUSER, name, message));
    }
    faults
}

/// Whether crypt(3) gives this for no password.
fn is_locked(hash: &[u8]) -> bool {
    matches!(hash, [b'!' | b'*', ..])
}

/// A line of passwd(5), shadow(5) or group(5).
struct Account<'a> {
    name: &'a [u8],
    password: &'a [u8],
    /// Of passwd(5) and group(5).
    number: &'a [u8],
    /// The line.
    span: Span,
}

impl Account<'_> {
    fn faults(&self, path: &[u8], is_second: bool) -> Vec<(&'static FindingKind, String)> {
        let name = self.name.as_bstr();
        let has_hash = !matches!(self.password, b"" | b"x") && !is_locked(self.password);
        if path == GROUP {
            // An empty password lets nobody in: newgrp(1).
            let message = format!("the password of the group {name} is in /etc/group");
            let fault = (&findings::READABLE_PASSWORD, message);
            return has_hash.then_some(fault).into_iter().collect();
        }
        let is_passwd = path == PASSWD;
        let mut faults = Vec::new();
        if is_second {
            let message = format!("this is another line for the user {name}");
            faults.push((&findings::DUPLICATE_ACCOUNT, message));
        }
        if is_passwd && is_zero(self.number) && name != "root" {
            let message = format!("the user {name} has the number 0, as root has");
            faults.push((&findings::SECOND_SUPERUSER, message));
        }
        if self.password.is_empty() {
            let message = format!("the user {name} has an empty password");
            faults.push((&findings::EMPTY_PASSWORD, message));
        }
        if is_passwd && has_hash {
            let message = format!("the password of the user {name} is in /etc/passwd");
            faults.push((&findings::READABLE_PASSWORD, message));
        }
        faults
    }
}

/// The lines, as glibc reads them: fields at the end may be missing.
fn accounts(text: &[u8]) -> impl Iterator<Item = Account<'_>> {
    let mut start = 0;
    text.split(|byte| *byte == b'\n').filter_map(move |line| {
        let span = Span::new(start, start + line.len());
        start += line.len() + 1;
        let line = line.trim_ascii();
        let mut fields = line.split(|byte| *byte == b':');
        let mut next = || fields.next().unwrap_or_default();
        let (name, password, number) = (next(), next(), next());
        let is_account = !line.is_empty() && !line.starts_with(b"#");
        is_account.then_some(Account {
            name,
            password,
            number,
            span,
        })
    })
}

/// The text with stars in the place of hashes; what is shorter than one stays: `x`, `!*`.
fn without_hashes(text: &[u8]) -> Vec<u8> {
    const SHORTER: usize = 2;
    let mut shown = text.to_vec();
    for line in shown.split_mut(|byte| *byte == b'\n') {
        let password = line.split_mut(|byte| *byte == b':').nth(1);
        if let Some(password) = password.filter(|password| password.len() > SHORTER) {
            password.fill(b'*');
        }
    }
    shown
}

/// Whether strtoul(3) reads 0.
fn is_zero(number: &[u8]) -> bool {
    let number = number.trim_ascii();
    let digits = number.strip_prefix(b"+").or(number.strip_prefix(b"-"));
    let digits = digits.unwrap_or(number);
    !digits.is_empty() && digits.iter().all(|digit| *digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::options;

    fn said(passwd: &str, shadow: &str, options: &Options) -> Vec<String> {
        let mut tree = RootTree::default();
        tree.insert(PASSWD, Entry::bytes(passwd, 0o644));
        tree.insert(SHADOW, Entry::bytes(shadow, 0o000));
        let found = check(&tree, options).unwrap().into_iter();
        let said = found.map(|finding| {
            let line = finding.place.unwrap().line;
            format!("{line}: {}", finding.kind.id)
        });
        said.collect()
    }

    #[test]
    fn who_could_log_in_that_nobody_meant() {
        let options = options();
        for (passwd, shadow, expected) in [
            ("root:x:0:0::/root:/bin/sh\n", "root:!*:1::::::\n", &[][..]),
            ("root:x:0:0::/:\nx:*:1:\ny:!x:2:\n", "root:$6$a$b:1\n", &[]),
            ("root::0:0", "", &["1: empty-password"]),
            ("root:$6$a$b:0:0", "", &["1: readable-password"]),
            (
                "root:x:0:0\n\n# x::0\ntoor:x: +00:0",
                "",
                &["4: second-superuser"],
            ),
            ("root:x:0:0\nroot:x:7:7", "", &["2: duplicate-account"]),
            (
                "",
                "x:!:1\ny::1\nx:!:1",
                &["2: empty-password", "3: duplicate-account"],
            ),
        ] {
            assert_eq!(
                said(passwd, shadow, &options),
                expected,
                "{passwd} {shadow}"
            );
        }
    }

    #[test]
    fn a_group_with_a_password_that_everybody_can_read() {
        let mut tree = RootTree::default();
        let text = "root:x:0:\nempty::1:\nlocked:!:2:a\nwheel:$6$a$b:3:a,b\nold:ab1Ds9xlB1.Vw:4:\n";
        tree.insert(GROUP, Entry::bytes(text, 0o644));
        let mut options = options();
        options.allow_account = vec!["old".to_owned()];
        let found = check(&tree, &options).unwrap();
        let [finding] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(finding.kind.id, "readable-password");
        assert_eq!(
            finding.message,
            "the password of the group wheel is in /etc/group"
        );
    }

    #[test]
    fn records_of_users_and_groups() {
        let hash = r#"{"hashedPassword":["$6$a$b"]}"#;
        let record = |start: &str, hashes: &str| {
            format!("{{{start},\"privileged\":{{\"hashedPassword\":{hashes}}}}}")
        };
        for (path, text, mode, expected) in [
            (
                "etc/userdb/x.user",
                record(r#""userName":"x","uid":7"#, r#"["$6$a"]"#),
                0o644,
                &["readable-password"][..],
            ),
            (
                "etc/userdb/x.user",
                record(r#""userName":"x","uid":7"#, r#"["$6$a"]"#),
                0o600,
                &[],
            ),
            (
                "etc/userdb/x.user",
                record(r#""userName":"x","uid":7"#, r#"["!*"]"#),
                0o644,
                &[],
            ),
            (
                "etc/userdb/x.user",
                record(r#""userName":"x""#, "[]"),
                0o644,
                &[],
            ),
            (
                "usr/lib/userdb/x.user",
                record(r#""userName":"x""#, r#"[""]"#),
                0o600,
                &["empty-password"],
            ),
            (
                "etc/userdb/x.user",
                r#"{"userName":"x","uid":0}"#.to_owned(),
                0o644,
                &["second-superuser"],
            ),
            (
                "etc/userdb/root.user",
                r#"{"userName":"root","uid":0}"#.to_owned(),
                0o644,
                &[],
            ),
            (
                "etc/userdb/x.group",
                record(r#""groupName":"x""#, r#"["$6$a"]"#),
                0o644,
                &["readable-password"],
            ),
            (
                "etc/userdb/x.user-privileged",
                hash.to_owned(),
                0o644,
                &["readable-password"],
            ),
            ("etc/userdb/x.user-privileged", hash.to_owned(), 0o600, &[]),
            (
                "etc/userdb/x.group-privileged",
                hash.to_owned(),
                0o604,
                &["readable-password"],
            ),
            ("etc/userdb/x.json", hash.to_owned(), 0o644, &[]),
            ("etc/userdb/x.user", "{".to_owned(), 0o644, &[]),
            (
                "etc/other/x.user",
                record(r#""userName":"x""#, r#"["$6$a"]"#),
                0o644,
                &[],
            ),
        ] {
            let mut tree = RootTree::default();
            tree.insert(path, Entry::bytes(text.clone(), mode));
            let found = check(&tree, &options()).unwrap();
            let ids: Vec<_> = found.iter().map(|finding| finding.kind.id).collect();
            assert_eq!(ids, expected, "{path} {mode:o} {text}");
            let mut allowing = options();
            allowing.allow_account = vec!["x".to_owned()];
            assert!(check(&tree, &allowing).unwrap().is_empty(), "{path}");
        }
    }

    #[test]
    fn an_account_is_allowed_by_its_name() {
        let mut options = options();
        options.allow_account = vec!["toor".to_owned()];
        let passwd = "root:x:0:0\ntoor::0:0\nother::7:7";
        assert_eq!(said(passwd, "", &options), ["3: empty-password"]);
    }

    #[test]
    fn no_hash_is_in_a_report() {
        let shown = without_hashes(b"root:$6$a:0:0\nx:x:1\n\ny:!$6$b\n");
        assert_eq!(shown.as_bstr(), "root:****:0:0\nx:x:1\n\ny:*****\n");
    }

    #[test]
    fn nobody_else_reads_hashes() {
        let options = options();
        let mut tree = RootTree::default();
        tree.insert("etc/shadow", Entry::bytes("", 0o4647));
        tree.insert("etc/gshadow", Entry::bytes("", 0o000));
        tree.insert("etc/gshadow-", Entry::link("../usr/share/gshadow"));
        tree.insert("usr/share/gshadow", Entry::bytes("", 0o644));
        tree.insert("nix/store/h-x/etc/shadow-", Entry::bytes("", 0o444));
        tree.insert("etc/shadow-", Entry::link("../nix/store/h-x/etc/shadow-"));
        tree.insert(
            "nix/store/h-x/lib/userdb/y.user-privileged",
            Entry::bytes("{}", 0o444),
        );
        tree.insert(
            "usr/lib/userdb",
            Entry::link("../../nix/store/h-x/lib/userdb"),
        );
        tree.insert("etc/userdb/x.group-privileged", Entry::bytes("{}", 0o644));
        tree.insert("etc/userdb/x.user", Entry::bytes("{}", 0o644));
        hide_hashes(&mut tree, &options);
        for (path, mode) in [
            ("etc/userdb/x.group-privileged", 0o640),
            ("nix/store/h-x/lib/userdb/y.user-privileged", 0o444),
            ("etc/userdb/x.user", 0o644),
            ("etc/shadow", 0o4640),
            ("etc/gshadow", 0o000),
            ("usr/share/gshadow", 0o640),
            ("etc/shadow-", 0o440),
            ("nix/store/h-x/etc/shadow-", 0o444),
        ] {
            assert_eq!(tree.get(path.as_bytes()).unwrap().mode, mode, "{path}");
        }
    }
}
