//! The external tools: which there are, and which versions will do.

use std::path::PathBuf;
use std::thread;

use hermetic_out::regular_file;

use crate::command::{Command, Tool, join, tool};
use crate::error::Error;

const fn systemd(name: &'static str) -> Tool {
    // 257 has sysusers.d's `u!` and the modifiers of tmpfiles.d that packages use now.
    tool(name, "systemd", "257")
}

const fn mtools(name: &'static str) -> Tool {
    tool(name, "mtools", "4.0.26")
}

/// Makes and verifies the hash tree.
pub(crate) static VERITYSETUP: Tool = tool("veritysetup", "cryptsetup", "2.4");
/// Makes the EFI system partition.
pub(crate) static MKFS_VFAT: Tool = Tool {
    version_argument: "",
    ..tool("mkfs.vfat", "dosfstools", "4.2")
};
/// Makes directories on the EFI system partition.
pub(crate) static MMD: Tool = mtools("mmd");
/// Copies files to the EFI system partition.
pub(crate) static MCOPY: Tool = mtools("mcopy");
/// Makes the unified kernel image.
pub(crate) static UKIFY: Tool = systemd("ukify");
/// Makes the partition table.
pub(crate) static REPART: Tool = systemd("systemd-repart");
/// Looks at the image as systemd does when it starts from one.
pub(crate) static DISSECT: Tool = systemd("systemd-dissect");
/// Writes the indexes of kernel modules.
pub(crate) static DEPMOD: Tool = tool("depmod", "kmod", "29");
/// Makes users and groups.
pub(crate) static SYSUSERS: Tool = systemd("systemd-sysusers");
/// Makes what packages want in /etc.
pub(crate) static TMPFILES: Tool = systemd("systemd-tmpfiles");
/// Enables units.
pub(crate) static SYSTEMCTL: Tool = systemd("systemctl");
/// Compiles udev's hardware database.
pub(crate) static HWDB: Tool = systemd("systemd-hwdb");
/// Compiles the journal's message catalogue.
pub(crate) static JOURNALCTL: Tool = systemd("journalctl");
/// Writes locale, keymap and host name.
pub(crate) static FIRSTBOOT: Tool = systemd("systemd-firstboot");

/// The versions of tools, by name.
pub(crate) type Versions = Vec<(&'static str, String)>;

/// Looks for the tools and asks for their versions, so that a missing one is reported before anything is
/// done. Gives back what each output of its version, in the same order.
pub(crate) fn check(tools: &[&'static Tool]) -> Result<Versions, Error> {
    // Each takes as long as a process takes to start.
    thread::scope(|scope| {
        let asked: Vec<_> = tools
            .iter()
            .map(|tool| (tool.name, scope.spawn(|| tool.check())))
            .collect();
        asked
            .into_iter()
            .map(|(name, thread)| Ok((name, join(thread)?)))
            .collect()
    })
}

impl Tool {
    fn check(&'static self) -> Result<String, Error> {
        if !self.is_on_path() {
            return Err(Error::MissingTool {
                tool: self.name,
                needed: self.needed(),
            });
        }
        if self.version_argument.is_empty() {
            return Ok(String::new());
        }
        let action = "asking a tool for its version";
        let output = Command::new(self).arg(self.version_argument).run(action)?;
        let output = String::from_utf8_lossy(&output);
        let found = version_in(&output).unwrap_or_default();
        let unfit = |reason| Error::UnfitTool {
            tool: self.name,
            needed: self.needed(),
            found: found.to_owned(),
            reason,
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
            regular_file::open(&file).is_ok()
        })
    }
}

/// The first word of the first line that begins with a digit: `systemd 257 (257.13)`,
/// `mkfs.erofs (erofs-utils) 1.8.6`, `mcopy (GNU mtools) 4.0.48`.
fn version_in(output: &str) -> Option<&str> {
    let line = output.lines().find(|line| !line.trim().is_empty())?;
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
        for (output, version) in [
            ("systemd 257 (257.13-1~deb13u1)\n+PAM", Some("257")),
            ("mkfs.erofs (erofs-utils) 1.8.6\n", Some("1.8.6")),
            ("veritysetup 2.7.5 flags: UDEV", Some("2.7.5")),
            ("mcopy (GNU mtools) 4.0.48", Some("4.0.48")),
            ("ukify 258~rc1", Some("258~rc1")),
            ("usage: x", None),
        ] {
            assert_eq!(version_in(output), version, "{output}");
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
        static NOWHERE: Tool = tool("no-such-tool", "no-such-package", "1.2");
        let error = check(&[&NOWHERE]).unwrap_err().to_string();
        let expected = "no-such-tool is not on PATH; install no-such-package 1.2 or newer";
        assert_eq!(error, expected);
    }
}
