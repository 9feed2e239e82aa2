//! The external tools: which there are, and which versions will do.

use std::fs::File;
use std::path::PathBuf;
use std::thread;

use crate::command::Command;
use crate::error::Error;

/// A tool that is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name on the search path.
    pub name: &'static str,
    /// The project that has it, as distributions call it.
    pub package: &'static str,
    /// The oldest version that will do.
    pub minimum: &'static str,
    /// The argument that makes it print its version; empty if it never does.
    pub(crate) version_argument: &'static str,
    /// Versions that make wrong images.
    pub(crate) broken: &'static [&'static str],
}

const fn systemd(name: &'static str) -> Tool {
    Tool {
        name,
        package: "systemd",
        // sysusers.d's `u!` and the modifiers of tmpfiles.d that packages use now.
        minimum: "257",
        version_argument: "--version",
        broken: &[],
    }
}

const fn mtools(name: &'static str) -> Tool {
    Tool {
        name,
        package: "mtools",
        minimum: "4.0.26",
        version_argument: "--version",
        broken: &[],
    }
}

/// Makes the root file system. 1.8.8 writes images that cannot be read.
pub static MKFS_EROFS: Tool = Tool {
    name: "mkfs.erofs",
    package: "erofs-utils",
    minimum: "1.8.6",
    version_argument: "--version",
    broken: &["1.8.8"],
};
/// Reads the root file system again.
pub static FSCK_EROFS: Tool = Tool {
    name: "fsck.erofs",
    package: "erofs-utils",
    minimum: "1.8.6",
    version_argument: "--version",
    broken: &[],
};
/// Makes and verifies the hash tree.
pub static VERITYSETUP: Tool = Tool {
    name: "veritysetup",
    package: "cryptsetup",
    minimum: "2.4",
    version_argument: "--version",
    broken: &[],
};
/// Makes the EFI system partition.
pub static MKFS_VFAT: Tool = Tool {
    name: "mkfs.vfat",
    package: "dosfstools",
    minimum: "4.2",
    version_argument: "",
    broken: &[],
};
/// Makes directories on the EFI system partition.
pub static MMD: Tool = mtools("mmd");
/// Copies files to the EFI system partition.
pub static MCOPY: Tool = mtools("mcopy");
/// Makes the unified kernel image.
pub static UKIFY: Tool = systemd("ukify");
/// Makes the partition table.
pub static REPART: Tool = systemd("systemd-repart");
/// Looks at the image as systemd does when it starts from one.
pub static DISSECT: Tool = systemd("systemd-dissect");
/// Writes the indexes of kernel modules.
pub static DEPMOD: Tool = Tool {
    name: "depmod",
    package: "kmod",
    minimum: "29",
    version_argument: "--version",
    broken: &[],
};
/// Makes users and groups.
pub static SYSUSERS: Tool = systemd("systemd-sysusers");
/// Makes what packages want in /etc.
pub static TMPFILES: Tool = systemd("systemd-tmpfiles");
/// Enables units.
pub static SYSTEMCTL: Tool = systemd("systemctl");
/// Compiles udev's hardware database.
pub static HWDB: Tool = systemd("systemd-hwdb");
/// Compiles the journal's message catalogue.
pub static JOURNALCTL: Tool = systemd("journalctl");
/// Writes locale, keymap and host name.
pub static FIRSTBOOT: Tool = systemd("systemd-firstboot");

/// Looks for the tools and asks for their versions, so that a missing one is told before anything is
/// done. Gives back what each said of its version, in the same order.
pub fn check(tools: &[&'static Tool]) -> Result<Vec<(&'static str, String)>, Error> {
    // Each takes as long as a process takes to start.
    thread::scope(|scope| {
        let asked: Vec<_> = tools
            .iter()
            .map(|tool| (tool.name, scope.spawn(|| tool.check())))
            .collect();
        asked
            .into_iter()
            .map(|(name, thread)| {
                let version = thread.join().unwrap_or_else(|_| {
                    Err(Error::Unexpected {
                        doing: "asking a tool for its version",
                        reason: format!("the thread for {name} stopped unexpectedly"),
                    })
                });
                Ok((name, version?))
            })
            .collect()
    })
}

impl Tool {
    fn check(&'static self) -> Result<String, Error> {
        if !self.is_on_path() {
            return Err(Error::MissingTool {
                tool: self.name,
                package: self.package,
                minimum: self.minimum,
            });
        }
        if self.version_argument.is_empty() {
            return Ok(String::new());
        }
        let doing = "asking a tool for its version";
        let output = Command::new(self).arg(self.version_argument).run(doing)?;
        let said = String::from_utf8_lossy(&output);
        let found = version_in(&said).unwrap_or_default();
        let unfit = |reason| Error::UnfitTool {
            tool: self.name,
            found: found.to_owned(),
            reason,
            package: self.package,
            minimum: self.minimum,
        };
        if numbers(found) < numbers(self.minimum) {
            return Err(unfit("which is too old"));
        }
        if self.broken.contains(&found) {
            return Err(unfit("which makes broken images"));
        }
        Ok(found.to_owned())
    }

    fn is_on_path(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| {
            let file: PathBuf = directory.join(self.name);
            file.is_file() && File::open(file).is_ok()
        })
    }
}

/// The first word of the first line that begins with a digit: `systemd 257 (257.13)`,
/// `mkfs.erofs (erofs-utils) 1.8.6`, `mcopy (GNU mtools) 4.0.48`.
fn version_in(said: &str) -> Option<&str> {
    let line = said.lines().find(|line| !line.trim().is_empty())?;
    line.split_whitespace()
        .map(|word| word.trim_matches(|char| "()v,".contains(char)))
        .find(|word| word.as_bytes().first().is_some_and(u8::is_ascii_digit))
}

/// The numbers that a version consists of, to be compared.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|char: char| !char.is_ascii_digit())
        .map_while(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_tools_say() {
        for (said, version) in [
            ("systemd 257 (257.13-1~deb13u1)\n+PAM", Some("257")),
            ("mkfs.erofs (erofs-utils) 1.8.6\n", Some("1.8.6")),
            ("veritysetup 2.7.5 flags: UDEV", Some("2.7.5")),
            ("mcopy (GNU mtools) 4.0.48", Some("4.0.48")),
            ("ukify 258~rc1", Some("258~rc1")),
            ("usage: x", None),
        ] {
            assert_eq!(version_in(said), version, "{said}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(numbers("1.8.10") > numbers("1.8.6"));
        assert!(numbers("257.1") > numbers("257"));
        assert!(numbers("252") < numbers("257"));
        assert!(numbers("") < numbers("1"));
    }

    #[test]
    fn a_missing_tool_is_told_with_what_has_it() {
        static NOWHERE: Tool = Tool {
            name: "no-such-tool",
            package: "no-such-package",
            minimum: "1.2",
            version_argument: "--version",
            broken: &[],
        };
        let error = check(&[&NOWHERE]).unwrap_err().to_string();
        let expected = "no-such-tool is not on PATH; install no-such-package 1.2 or newer";
        assert_eq!(error, expected);
    }
}
