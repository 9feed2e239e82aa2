//! How the values of directives are read: what they name, and where in the value it stands. Which directive has
//! which syntax stands in `data/unit-directives.txt`.

use crate::reference::Account;

/// How the value of a directive is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// It names nothing.
    Nothing,
    /// It names what only a machine has or makes: nothing of a package.
    Machine,
    /// It names a path inside a container: nothing outside.
    Inside,
    /// Command lines.
    Command,
    /// `|` and `!`, then a path that may be a glob.
    Condition,
    /// A file of `NAME=value` lines; `-` in front tolerates its absence. It may be a glob.
    EnvironmentFile,
    /// A path to be in; `-` or `~`.
    WorkingDirectory,
    /// Paths with `-` and `+` in front.
    Paths,
    /// The same, of what nobody may see.
    InaccessiblePaths,
    /// `path[:options]` words, of what is empty.
    TemporaryPaths,
    /// `[-]source[:destination[:options]]` words; without a destination, it is the source.
    Binds,
    /// `[-]image[:destination][:options]` words.
    Images,
    /// `id:path`.
    Credential,
    /// `path[:name:options]`.
    OpenFile,
    /// `file:path`, beside other words.
    Stream,
    /// A file, as it is.
    File,
    /// A file, and something after a colon.
    FileBeforeColon,
    /// Files, as words.
    FileWords,
    /// A directory, as it is.
    Directory,
    /// `NAME=value` words.
    Environment,
    /// Names of variables that are taken over.
    PassEnvironment,
    /// A service of PAM, whose modules may set variables.
    PamName,
    /// Directories, separated by colons.
    SearchPath,
    /// URIs.
    Documentation,
    /// A directory; the unit's programs lie inside it.
    RootDirectory,
    /// The image of a file system; the unit's programs lie inside it.
    RootImage,
    /// A user name.
    User,
    /// Names of users or groups that the unit makes use of.
    Accounts(Account),
    /// A boolean that makes a user.
    DynamicUser,
    /// Paths with `-` and `+` in front, below which files may be run, or may not.
    ExecPaths { is_allowed: bool },
    /// Names of other units.
    Units,
    /// Options of mount(8), with commas in between: the lower layers of overlayfs are directories.
    MountOptions,
    /// `[+]source[:destination[:options]]`, of systemd-nspawn.
    NspawnBind,
    /// `lower[:lower…][:upper]:destination`, of systemd-nspawn.
    NspawnOverlay,
    /// `lower[:lower…]:destination`, of systemd-nspawn.
    NspawnReadOnlyOverlay,
    /// `[source:]destination[:options]`, of podman.
    Volume,
    /// `source[:options]`, of podman.
    VolumeSource,
    /// `type=bind,source=path,…` words, of podman.
    ContainerMount,
}

/// The names of syntaxes in the table of directives, sorted.
const NAMES: &[(&str, Syntax)] = &[
    ("-", Syntax::Nothing),
    ("binds", Syntax::Binds),
    ("command", Syntax::Command),
    ("condition", Syntax::Condition),
    ("container-mount", Syntax::ContainerMount),
    ("credential", Syntax::Credential),
    ("directory", Syntax::Directory),
    ("documentation", Syntax::Documentation),
    ("dynamic-user", Syntax::DynamicUser),
    ("environment", Syntax::Environment),
    ("environment-file", Syntax::EnvironmentFile),
    ("exec-paths", Syntax::ExecPaths { is_allowed: true }),
    ("file", Syntax::File),
    ("file-before-colon", Syntax::FileBeforeColon),
    ("file-words", Syntax::FileWords),
    ("groups", Syntax::Accounts(Account::Group)),
    ("images", Syntax::Images),
    ("inaccessible-paths", Syntax::InaccessiblePaths),
    ("inside", Syntax::Inside),
    ("machine", Syntax::Machine),
    ("mount-options", Syntax::MountOptions),
    ("no-exec-paths", Syntax::ExecPaths { is_allowed: false }),
    ("nspawn-bind", Syntax::NspawnBind),
    ("nspawn-overlay", Syntax::NspawnOverlay),
    ("nspawn-read-only-overlay", Syntax::NspawnReadOnlyOverlay),
    ("open-file", Syntax::OpenFile),
    ("pam-name", Syntax::PamName),
    ("pass-environment", Syntax::PassEnvironment),
    ("paths", Syntax::Paths),
    ("root-directory", Syntax::RootDirectory),
    ("root-image", Syntax::RootImage),
    ("search-path", Syntax::SearchPath),
    ("stream", Syntax::Stream),
    ("temporary-paths", Syntax::TemporaryPaths),
    ("units", Syntax::Units),
    ("user", Syntax::User),
    ("users", Syntax::Accounts(Account::User)),
    ("volume", Syntax::Volume),
    ("volume-source", Syntax::VolumeSource),
    ("working-directory", Syntax::WorkingDirectory),
];

impl Syntax {
    /// The syntax of this name in the table of directives.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let known = NAMES.binary_search_by(|(known, _)| known.cmp(&name)).ok()?;
        NAMES.get(known).map(|(_, syntax)| *syntax)
    }

    /// Whether a path in the value is looked up by the unit's processes, inside another root directory; the
    /// others are read by the service manager, outside (`systemd.exec(5)`, `RootDirectory=`).
    pub(super) fn is_inside_root(self) -> bool {
        matches!(
            self,
            Self::Command
                | Self::Environment
                | Self::ExecPaths { is_allowed: true }
                | Self::SearchPath
                | Self::WorkingDirectory
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted() {
        assert!(NAMES.is_sorted_by(|one, other| one.0 < other.0));
        for (name, syntax) in NAMES {
            assert_eq!(Syntax::of_name(name), Some(*syntax));
        }
        assert_eq!(Syntax::of_name("frobnicate"), None);
    }
}
