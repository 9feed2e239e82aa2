//! The steps in which systemd's tools make /etc.

use std::path::Path;

use super::source_date_epoch;
use crate::command::{Command, Tool};
use crate::options::{Options, Part};
use crate::root_tree::RootTree;
use crate::tools::{FIRSTBOOT, HWDB, JOURNALCTL, SYSTEMCTL, SYSUSERS, TMPFILES};

/// The oldest last-change day that PAM does not take for an expired password is 1.
const ONE_DAY: u64 = 86400;

/// A step, which is one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Users and groups.
    Users,
    /// What tmpfiles.d lines ask for in /etc.
    Files,
    /// Locale, keymap and host name: after [`Step::Files`], whose lines may put links in their place.
    FirstBoot,
    /// The system's units.
    Units,
    /// The units of users.
    UserUnits,
    /// udev's hardware database.
    HardwareDatabase,
    /// The journal's message catalogue.
    Catalog,
}

impl Step {
    /// All steps, in the order in which they are run.
    const ALL: [Self; 7] = [
        Self::Users,
        Self::Files,
        Self::FirstBoot,
        Self::Units,
        Self::UserUnits,
        Self::HardwareDatabase,
        Self::Catalog,
    ];

    /// The steps that are needed. Without a tree, those that a tree may need.
    pub(crate) fn needed(options: &Options, tree: Option<&RootTree>) -> Vec<Self> {
        let has = |path: &[u8]| tree.is_none_or(|tree| tree.exists(path));
        let is_needed = |step: &Self| match step {
            Self::Users => options.wants(Part::Users),
            Self::FirstBoot => first_boot_options(options).next().is_some(),
            Self::HardwareDatabase => has(b"usr/lib/udev/hwdb.d"),
            Self::Catalog => has(b"usr/lib/systemd/catalog"),
            Self::Files | Self::Units | Self::UserUnits => true,
        };
        let wanted = Self::ALL.into_iter().filter(|_| options.wants(Part::Etc));
        wanted.filter(is_needed).collect()
    }

    /// Whether it has nothing to do with users and units, and so runs beside the others.
    pub(super) fn is_independent(self) -> bool {
        matches!(self, Self::HardwareDatabase | Self::Catalog)
    }

    /// What it does, for errors.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Users => "making users and groups",
            Self::Files => "making what packages want in /etc",
            Self::FirstBoot => "writing locale, keymap and host name",
            Self::Units => "enabling units",
            Self::UserUnits => "enabling units of users",
            Self::HardwareDatabase => "compiling udev's hardware database",
            Self::Catalog => "compiling the journal's catalogue",
        }
    }

    /// Its command, in a directory for intermediate files.
    pub(crate) fn command(self, options: &Options, work: &Path) -> Command {
        let staging = super::staging_root(work);
        let rooted = |tool: &'static Tool| {
            let command = Command::new(tool).writing(&staging);
            command.option("--root", &staging)
        };
        match self {
            Self::Users => rooted(&SYSUSERS)
                .env("SOURCE_DATE_EPOCH", source_date_epoch(ONE_DAY).to_string())
                .env("CREDENTIALS_DIRECTORY", super::credentials(work)),
            Self::Files => rooted(&TMPFILES)
                .arg("--create")
                .arg("--boot")
                .option("--prefix", "/etc"),
            Self::FirstBoot => first_boot_options(options).fold(
                rooted(&FIRSTBOOT).arg("--force"),
                |command, (option, value)| command.option(option, value),
            ),
            Self::Units => rooted(&SYSTEMCTL).arg("preset-all"),
            Self::UserUnits => rooted(&SYSTEMCTL).arg("--global").arg("preset-all"),
            // The database holds the paths of its sources: they must not be those of this machine.
            Self::HardwareDatabase => Command::new(&HWDB)
                .writing(&staging)
                .current_dir(&staging)
                .option("--root", "/proc/self/cwd")
                .arg("--usr")
                .arg("update"),
            Self::Catalog => rooted(&JOURNALCTL).arg("--update-catalog"),
        }
    }
}

/// What systemd-firstboot is given.
fn first_boot_options(options: &Options) -> impl Iterator<Item = (&'static str, &String)> {
    let first_boot = &options.first_boot;
    let all = [
        ("--locale", &first_boot.locale),
        ("--keymap", &first_boot.keymap),
        ("--hostname", &first_boot.hostname),
    ];
    all.into_iter()
        .filter_map(|(option, value)| Some((option, value.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::options;

    #[test]
    fn only_what_is_needed_is_done() {
        let (mut options, mut tree) = (options(), RootTree::default());
        let least = [Step::Users, Step::Files, Step::Units, Step::UserUnits];
        assert_eq!(Step::needed(&options, Some(&tree)), least);
        options.first_boot.keymap = Some("de".to_owned());
        assert_eq!(Step::needed(&options, None), Step::ALL);
        let directory = crate::root_tree::Entry::directory(0o755);
        tree.insert("usr/lib/udev/hwdb.d", directory);
        assert!(Step::needed(&options, Some(&tree)).contains(&Step::HardwareDatabase));
        let command = Step::FirstBoot.command(&options, Path::new("WORK"));
        assert_eq!(
            command.to_string(),
            "systemd-firstboot --root=WORK/staging --force --keymap=de"
        );
    }
}
