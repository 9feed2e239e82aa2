//! /etc/passwd and /etc/shadow: who could log in that nobody meant, and who may read the hashes of passwords.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{Finding, FindingKind, Place, SourceText};
use hermetic_out_formats::Span;

use crate::closure::in_image;
use crate::error::Error;
use crate::findings;
use crate::options::Options;
use crate::root_tree::{Entry, Node, RootTree, is_in};

const PASSWD: &[u8] = b"etc/passwd";
const SHADOW: &[u8] = b"etc/shadow";
/// What holds hashes of passwords, and the copies that tools make before they change it: shadow(5),
/// gshadow(5).
const SECRET: &[&[u8]] = &[SHADOW, b"etc/shadow-", b"etc/gshadow", b"etc/gshadow-"];

/// Takes from others what they may do with files of hashes, whoever ships them. What lies in the store, where
/// everybody reads everything, is copied.
pub(crate) fn hide_hashes(tree: &mut RootTree, options: &Options) {
    for path in SECRET {
        let Ok(found) = tree.resolve(path) else {
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
            path.to_vec()
        } else {
            found.path
        };
        tree.insert(place, entry);
    }
}

/// Accounts that open the image to more people than it seems, but for those that are allowed by name.
pub(crate) fn check(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for path in [PASSWD, SHADOW] {
        let Some(text) = tree.read(path)? else {
            continue;
        };
        // Reports go to logs.
        let shown = SourceText::new(without_hashes(&text));
        let mut names = BTreeSet::new();
        for account in accounts(&text) {
            let is_second = !names.insert(account.name);
            for (kind, message) in account.faults(path, is_second) {
                let allowed = options.allow_account.iter();
                if allowed.clone().any(|name| name.as_bytes() == account.name) {
                    continue;
                }
                let mut finding = findings::about(kind, path, message, kind.remedy);
                finding.place = Some(Place::new(&shown, account.span));
                found.push(finding);
            }
        }
    }
    Ok(found)
}

/// A line of passwd(5) or shadow(5).
struct Account<'a> {
    name: &'a [u8],
    password: &'a [u8],
    /// Of passwd(5).
    number: &'a [u8],
    /// The line.
    span: Span,
}

impl Account<'_> {
    fn faults(&self, path: &[u8], is_second: bool) -> Vec<(&'static FindingKind, String)> {
        let (name, is_passwd) = (self.name.as_bstr(), path == PASSWD);
        let mut faults = Vec::new();
        if is_second {
            let message = format!("this is another line for the user {name}");
            faults.push((&findings::DUPLICATE_ACCOUNT, message));
        }
        if is_passwd && is_zero(self.number) && name != "root" {
            let message = format!("the user {name} has the number 0, as root has");
            faults.push((&findings::SECOND_SUPERUSER, message));
        }
        match self.password {
            b"" => {
                let message = format!("the user {name} has an empty password");
                faults.push((&findings::EMPTY_PASSWORD, message));
            }
            b"x" | [b'!' | b'*', ..] => {}
            _ if is_passwd => {
                let message = format!("the password of the user {name} is in /etc/passwd");
                faults.push((&findings::PASSWORD_IN_PASSWD, message));
            }
            _ => {}
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
            ("root:$6$a$b:0:0", "", &["1: password-in-passwd"]),
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
        hide_hashes(&mut tree, &options);
        for (path, mode) in [
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
