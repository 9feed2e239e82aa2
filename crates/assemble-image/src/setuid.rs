//! Setuid programs: no store path can hold the bit, so the image has copies of them.

use bstr::ByteSlice;

use crate::error::Error;
use crate::root_tree::{Entry, Node, RootTree, has_dots, join, name_of, relative_target};
use crate::users::Numbers;

/// Where the copies are. `/run/wrappers` is a link to the directory above, made at boot.
pub(crate) const DIRECTORY: &[u8] = b"usr/wrappers/bin";

/// A program that gets its setuid or setgid bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetuidProgram {
    /// Its name in `/usr/bin`, or its path in the image.
    pub(crate) program: String,
    /// The mode of the copy.
    pub(crate) mode: u32,
    /// Its owner.
    pub(crate) user: String,
    /// Its group.
    pub(crate) group: String,
}

impl std::str::FromStr for SetuidProgram {
    type Err = &'static str;

    /// `PROGRAM[:MODE[:USER[:GROUP]]]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let mut next = |default: &str| match parts.next() {
            None | Some("") => default.to_owned(),
            Some(part) => part.to_owned(),
        };
        let (program, mode, user, group) = (next(""), next("4755"), next("root"), next("root"));
        if program.is_empty() || parts.next().is_some() {
            return Err("it is not of the form PROGRAM[:MODE[:USER[:GROUP]]]");
        }
        if has_dots(program.as_bytes()) {
            return Err("the path of the program has . or .. in it");
        }
        let mode = u32::from_str_radix(&mode, 8)
            .ok()
            .filter(|mode| mode & 0o6000 != 0 && *mode <= 0o7777)
            .ok_or("the mode is no octal number with a setuid or setgid bit, as 4755")?;
        Ok(Self {
            program,
            mode,
            user,
            group,
        })
    }
}

/// Puts the copies into the image, and links to them in place of the programs in /usr/bin.
pub(crate) fn add_wrappers(
    tree: &mut RootTree,
    programs: &[SetuidProgram],
    numbers: &Numbers,
) -> Result<(), Error> {
    const ACTION: &str = "making setuid programs";
    for program in programs {
        let path = program.program.as_bytes();
        let path = if path.contains(&b'/') {
            path.strip_prefix(b"/").unwrap_or(path).to_vec()
        } else {
            join(b"usr/bin", path)
        };
        let found = tree.resolve(&path).ok().map(|found| found.entry);
        let Some((Node::File(content), mode)) = found.map(|entry| (&entry.node, entry.mode)) else {
            return Err(Error::NotInPackages {
                action: ACTION,
                what: format!("/{}", path.as_bstr()),
                help: "correct --setuid, or add the package that has it to --package".to_owned(),
            });
        };
        let content = content.clone();
        let wrong = |reason| Error::Option {
            option: "--setuid",
            value: program.program.clone(),
            reason,
        };
        if mode & 0o111 == 0 {
            return Err(wrong("it is no program: nobody can execute it".to_owned()));
        }
        let unknown = |what: &str, name: &str| {
            wrong(format!("no sysusers.d file declares the {what} {name}"))
        };
        let uid = numbers
            .user(program.user.as_bytes())
            .ok_or_else(|| unknown("user", &program.user))?;
        let gid = numbers
            .group(program.group.as_bytes())
            .ok_or_else(|| unknown("group", &program.group))?;
        let wrapper = join(DIRECTORY, name_of(&path));
        let mut entry = Entry::file(content, program.mode);
        (entry.uid, entry.gid) = (uid, gid);
        tree.insert(wrapper.clone(), entry);
        if matches!(
            tree.get(&path),
            Some(Entry {
                node: Node::Link(_),
                ..
            })
        ) {
            let target = relative_target(&path, &wrapper);
            tree.insert(path, Entry::link(target));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option() {
        let parse = str::parse::<SetuidProgram>;
        let program = parse("unix_chkpwd:2755:root:shadow").unwrap();
        assert_eq!((program.mode, &*program.group), (0o2755, "shadow"));
        let program = parse("sudo").unwrap();
        assert_eq!((program.mode, &*program.user), (0o4755, "root"));
        assert_eq!(parse("sudo::daemon").unwrap().user, "daemon");
        for wrong in [
            "",
            ":4755",
            "x:755",
            "x:4758",
            "x:14755",
            "x:4755:a:b:c",
            "../../../etc/shadow",
            "/usr/bin/..",
            "/usr/./bin/x",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_copy_and_a_link_to_it() {
        let mut tree = RootTree::default();
        let file = Entry::bytes(b"sudo", 0o555);
        tree.insert("nix/store/h-sudo/bin/sudo", file);
        tree.insert(
            "usr/bin/sudo",
            Entry::link("../../nix/store/h-sudo/bin/sudo"),
        );
        let numbers = Numbers::of_databases(b"root:x:0:0:::\n", b"root:x:0:\nwheel:x:7:\n");
        let programs = ["sudo:4750:root:wheel".parse().unwrap()];
        add_wrappers(&mut tree, &programs, &numbers).unwrap();
        let entry = tree.get(b"usr/wrappers/bin/sudo").unwrap();
        assert_eq!((entry.mode, entry.uid, entry.gid), (0o4750, 0, 7));
        assert_eq!(
            tree.resolve(b"usr/bin/sudo").unwrap().path,
            b"usr/wrappers/bin/sudo"
        );
    }

    #[test]
    fn what_is_missing_is_told() {
        let mut tree = RootTree::default();
        let programs = ["sudo".parse().unwrap()];
        let error = add_wrappers(&mut tree, &programs, &Numbers::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "making setuid programs: /usr/bin/sudo is in none of the packages; correct --setuid, or \
             add the package that has it to --package"
        );
        tree.insert("usr/bin/sudo", Entry::bytes("", 0o555));
        let error = add_wrappers(&mut tree, &programs, &Numbers::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "reading --setuid sudo: no sysusers.d file declares the user root"
        );
        tree.insert("etc/shadow", Entry::bytes("", 0o600));
        let programs = ["/etc/shadow".parse().unwrap()];
        let error = add_wrappers(&mut tree, &programs, &Numbers::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "reading --setuid /etc/shadow: it is no program: nobody can execute it"
        );
    }
}
