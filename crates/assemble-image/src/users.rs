//! Numbers of users and groups: those that systemd-sysusers gave, and those that are pinned.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use hermetic_out::Finding;

use crate::findings;

/// The numbers that systemd-sysusers gives when a line asks for none, from above: `SYSTEM_UID_MAX`
/// of systemd's build.
const DYNAMIC: std::ops::RangeInclusive<u32> = 100..=999;

/// Numbers by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Users.
    pub users: BTreeMap<Vec<u8>, u32>,
    /// Groups.
    pub groups: BTreeMap<Vec<u8>, u32>,
}

impl Numbers {
    /// Reads `passwd(5)` and `group(5)`. Lines that are neither are left out.
    #[must_use]
    pub fn of_databases(passwd: &[u8], group: &[u8]) -> Self {
        let read = |database: &[u8]| {
            database
                .lines()
                .filter_map(|line| {
                    let mut fields = line.split(|byte| *byte == b':');
                    let name = fields.next()?.to_vec();
                    Some((name, fields.nth(1)?.to_str().ok()?.parse().ok()?))
                })
                .collect()
        };
        Self {
            users: read(passwd),
            groups: read(group),
        }
    }

    /// Reads a pin file: lines `u NAME UID` and `g NAME GID`, as sysusers.d(5) has them. Fails with
    /// the number of the line that is none.
    pub fn of_pin_file(text: &[u8]) -> Result<Self, usize> {
        let mut numbers = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let words: Vec<&[u8]> = line.fields().collect();
            let number = words
                .get(2)
                .and_then(|word| word.to_str().ok()?.parse().ok());
            let (&[kind, name, _], Some(number)) = (&words[..], number) else {
                return Err(index + 1);
            };
            let pinned = match kind {
                b"u" => &mut numbers.users,
                b"g" => &mut numbers.groups,
                _ => return Err(index + 1),
            };
            pinned.insert(name.to_vec(), number);
        }
        Ok(numbers)
    }

    /// The pin file that holds these numbers, and those of `old` for names that are not used now: a
    /// number is never given to somebody else.
    #[must_use]
    pub fn to_pin_file(&self, old: &Self) -> Vec<u8> {
        let mut text =
            b"# Numbers of users and groups, for --users-pin of assemble-image.\n".to_vec();
        for (kind, now, old) in [
            (b'g', &self.groups, &old.groups),
            (b'u', &self.users, &old.users),
        ] {
            let mut all = old.clone();
            all.extend(now.iter().map(|(name, number)| (name.clone(), *number)));
            for (name, number) in all {
                text.extend([kind, b' ']);
                text.extend(&name);
                text.extend(format!(" {number}\n").bytes());
            }
        }
        text
    }

    /// The number of a user, by name or as a number.
    #[must_use]
    pub fn user(&self, name: &[u8]) -> Option<u32> {
        lookup(&self.users, name)
    }

    /// The number of a group, by name or as a number.
    #[must_use]
    pub fn group(&self, name: &[u8]) -> Option<u32> {
        lookup(&self.groups, name)
    }

    /// Compares what is with what is pinned.
    #[must_use]
    pub fn compare_with_pin(&self, pin: &Self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut new = Vec::new();
        for (what, file, now, pinned) in [
            ("user", &b"etc/passwd"[..], &self.users, &pin.users),
            ("group", b"etc/group", &self.groups, &pin.groups),
        ] {
            for (name, number) in now {
                let shown = name.as_bstr();
                match pinned.get(name) {
                    Some(pinned) if pinned == number => {}
                    Some(pinned) => found.push(findings::about(
                        &findings::USER_NUMBER_DRIFT,
                        file,
                        format!("the {what} {shown} is pinned to {pinned} and would be {number}"),
                        "find out which package asks for the number, or change the pin file",
                    )),
                    None => new.push(format!("{what} {shown} {number}")),
                }
            }
        }
        if !new.is_empty() {
            found.push(findings::about(
                &findings::UNPINNED_USER,
                b"etc/passwd",
                format!("not pinned yet: {}", new.join(", ")),
                "keep users-pin of the output as the new pin file",
            ));
        }
        found
    }
}

fn lookup(numbers: &BTreeMap<Vec<u8>, u32>, name: &[u8]) -> Option<u32> {
    let number = || name.to_str().ok()?.parse().ok();
    numbers.get(name).copied().or_else(number)
}

/// What the lines of sysusers.d ask for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Names without a number of their own.
    pub names: BTreeSet<Vec<u8>>,
    /// Numbers that lines ask for.
    pub fixed: BTreeSet<u32>,
}

/// Gives each name that asks for no number a pinned or else a free one: the same for the user and
/// the group, from 999 downwards in the order of the names. systemd-sysusers would give them in the
/// order of its files, so that a new package changed the numbers of others. `None` if there are too
/// many.
#[must_use]
pub fn assign(wanted: &Wanted, pin: &Numbers) -> Option<BTreeMap<Vec<u8>, u32>> {
    let mut taken: BTreeSet<u32> = wanted.fixed.clone();
    taken.extend(pin.users.values());
    taken.extend(pin.groups.values());
    let mut free = DYNAMIC.rev().filter(|number| !taken.contains(number));
    let mut assigned = BTreeMap::new();
    for name in &wanted.names {
        let pinned = pin.users.get(name).or_else(|| pin.groups.get(name));
        let number = match pinned {
            Some(number) => *number,
            None => free.next()?,
        };
        assigned.insert(name.clone(), number);
    }
    Some(assigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Numbers {
        Numbers::of_pin_file(text.as_bytes()).unwrap()
    }

    fn wanted(names: &[&str], fixed: &[u32]) -> Wanted {
        Wanted {
            names: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            fixed: fixed.iter().copied().collect(),
        }
    }

    #[test]
    fn databases_are_read() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nchrony:x:996:995::/:/x\nbroken\n";
        let numbers = Numbers::of_databases(passwd, b"root:x:0:\nchrony:x:995:\n");
        assert_eq!(numbers.user(b"chrony"), Some(996));
        assert_eq!(numbers.group(b"chrony"), Some(995));
        assert_eq!(numbers.user(b"12"), Some(12));
        assert_eq!(numbers.user(b"broken"), None);
    }

    #[test]
    fn a_pin_file_keeps_what_was_pinned() {
        let old = pin("# x\n\nu gone 990\ng gone 990\nu here 991\n");
        let now = pin("u here 991\nu new 992\ng new 992\n");
        let text = now.to_pin_file(&old);
        assert_eq!(
            text.to_str().unwrap(),
            "# Numbers of users and groups, for --users-pin of assemble-image.\n\
             g gone 990\ng new 992\nu gone 990\nu here 991\nu new 992\n"
        );
        assert_eq!(Numbers::of_pin_file(b"u x 1\nu x\n"), Err(2));
        assert_eq!(Numbers::of_pin_file(b"x x 1\n"), Err(1));
        assert_eq!(Numbers::of_pin_file(b"u x y\n"), Err(1));
    }

    #[test]
    fn numbers_do_not_depend_on_who_else_is_there() {
        let first = assign(&wanted(&["b", "c"], &[998]), &Numbers::default()).unwrap();
        assert_eq!((first[&b"b"[..]], first[&b"c"[..]]), (999, 997));
        let pinned = pin("u b 999\ng b 999\nu c 997\ng c 997\nu gone 996\n");
        let second = assign(&wanted(&["a", "b", "c"], &[998]), &pinned).unwrap();
        assert_eq!((second[&b"b"[..]], second[&b"c"[..]]), (999, 997));
        assert_eq!(
            second[&b"a"[..]],
            995,
            "neither a pinned number nor that of one who is gone"
        );
    }

    #[test]
    fn too_many_names_are_no_endless_loop() {
        let names: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(assign(&wanted(&names, &[]), &Numbers::default()), None);
    }

    #[test]
    fn drift_is_an_error_and_a_new_user_a_note() {
        let now = pin("u a 1\nu b 2\ng b 2\nu c 3\n");
        let found = now.compare_with_pin(&pin("u a 1\nu b 7\ng b 2\n"));
        let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
        assert_eq!(
            messages,
            [
                "the user b is pinned to 7 and would be 2",
                "not pinned yet: user c 3"
            ]
        );
        assert_eq!(found[0].kind.id, "user-number-drift");
        assert_eq!(found[1].kind.id, "unpinned-user");
    }
}
