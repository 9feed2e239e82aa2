//! What must hold of the running system, each with the layouts of which it is asked.

use std::fmt::Write as _;

use tests_packages::{Error, Result};

use crate::layout::Layout;
use crate::session::{Outcome, Shell};

/// A property of the running system.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What holds, in a few words.
    pub name: &'static str,
    /// Of which layouts it is asked.
    pub applies: fn(Layout) -> bool,
    /// Asks it, in root's shell.
    ask: fn(&mut Shell<'_>) -> Result<()>,
}

/// All properties, in the order in which they are asked.
pub const CHECKS: &[Check] = &[
    everywhere(
        "the system is running, with no failed unit",
        system_is_running,
    ),
    everywhere(
        "the journal names nothing unknown, missing or not executable",
        journal_is_clean,
    ),
    everywhere("no program crashed", no_program_crashed),
    everywhere(
        "no unit failed to protect the system, in the initrd neither",
        protection_is_set_up,
    ),
    everywhere(
        "every process was started from the store",
        processes_are_from_the_store,
    ),
    everywhere(
        "every unit names its programs in the store",
        units_name_the_store,
    ),
    everywhere(
        "a dynamic user is seen through nss-systemd",
        dynamic_user_has_a_name,
    ),
    everywhere(
        "every module of nsswitch.conf answers",
        name_service_answers,
    ),
    everywhere("every PAM module is there", pam_modules_are_there),
    everywhere("the console has its keymap", console_has_its_keymap),
    everywhere("ProtectSystem=strict protects", protect_system_is_strict),
    everywhere("no package brings credentials", there_are_no_credentials),
    everywhere("no link dangles", no_link_dangles),
    everywhere(
        "services read what their packages ship",
        services_read_their_packages,
    ),
    everywhere(
        "systemd-tmpfiles makes every link into a package's etc",
        links_are_made,
    ),
    everywhere(
        "an administrator's file goes over a package's defaults",
        administrator_goes_first,
    ),
    everywhere("/etc/os-release is the image's", os_release_is_the_images),
    verified("the root is opened by dm-verity", root_is_verified),
    verified(
        "/usr, /etc and the store are read-only",
        system_is_read_only,
    ),
];

/// A program that systemd's own generator names by the path that it is compiled with.
const GENERATED: &str = "/usr/lib/systemd/systemd-veritysetup";

const fn everywhere(name: &'static str, ask: fn(&mut Shell<'_>) -> Result<()>) -> Check {
    Check {
        name,
        applies: |_| true,
        ask,
    }
}

/// For layouts whose root is verified, and so cannot be written.
const fn verified(name: &'static str, ask: fn(&mut Shell<'_>) -> Result<()>) -> Check {
    Check {
        name,
        applies: Layout::is_verified,
        ask,
    }
}

/// Asks all that applies; the failures, each with what the console showed.
pub fn run(shell: &mut Shell<'_>, layout: Layout) -> Vec<String> {
    let mut failures = Vec::new();
    for check in CHECKS.iter().filter(|check| (check.applies)(layout)) {
        if let Err(error) = (check.ask)(shell) {
            failures.push(format!("{layout}: {}: {error}", check.name));
        }
    }
    failures
}

/// A table of which check applies to which layout, as documentation has it.
#[must_use]
pub fn table() -> String {
    let mut text = String::from("| check |");
    for layout in Layout::ALL {
        let _ = write!(text, " {layout} |");
    }
    text.push_str("\n|---|---|---|---|---|\n");
    for check in CHECKS {
        let _ = write!(text, "| {} |", check.name);
        for layout in Layout::ALL {
            text.push_str(if (check.applies)(layout) {
                " yes |"
            } else {
                " – |"
            });
        }
        text.push('\n');
    }
    text
}

/// Fails with the command and what it printed.
fn wrong(command: &str, outcome: &Outcome, expected: &str) -> Error {
    Error::new(
        format!("find {expected}"),
        format!(
            "`{command}` ended with {}\n{}",
            outcome.status, outcome.text
        ),
    )
}

/// Runs a command that must succeed.
fn succeed(shell: &mut Shell<'_>, command: &str) -> Result<String> {
    let outcome = shell.run(command)?;
    if outcome.status == 0 {
        return Ok(outcome.text);
    }
    Err(wrong(command, &outcome, "success"))
}

/// Runs a command that must succeed and print just this.
fn print(shell: &mut Shell<'_>, command: &str, expected: &str) -> Result<()> {
    let outcome = shell.run(command)?;
    if outcome.status == 0 && outcome.text == expected {
        return Ok(());
    }
    Err(wrong(command, &outcome, &format!("{expected:?}")))
}

/// Runs a search that must find nothing; what it finds is on its output, whatever its status.
fn find_nothing(shell: &mut Shell<'_>, command: &str) -> Result<()> {
    let outcome = shell.run(command)?;
    if outcome.text.is_empty() {
        return Ok(());
    }
    Err(wrong(command, &outcome, "nothing"))
}

fn system_is_running(shell: &mut Shell<'_>) -> Result<()> {
    let failed =
        shell.run("systemctl is-system-running --wait; systemctl --failed --no-legend --plain")?;
    if failed.text == "running" {
        return Ok(());
    }
    let why = shell.run("systemctl status --lines=20 --state=failed '*'")?;
    Err(wrong(
        "systemctl is-system-running --wait",
        &failed,
        &format!("a running system\n{}", why.text),
    ))
}

fn journal_is_clean(shell: &mut Shell<'_>) -> Result<()> {
    // What is not found counts only if there is something to be found.
    succeed(shell, "journalctl -b -q -g 'Reached target' | grep -q .")?;
    // The kernel uses the same words for hardware that is not there.
    find_nothing(
        shell,
        "journalctl -b -q -o short --case-sensitive=no \
         -g 'unknown key|not executable|not found' \
         _TRANSPORT=journal + _TRANSPORT=syslog + _TRANSPORT=stdout",
    )
}

fn no_program_crashed(shell: &mut Shell<'_>) -> Result<()> {
    succeed(shell, "journalctl -b -k -q -g 'Linux version' | grep -q .")?;
    find_nothing(
        shell,
        "journalctl -b -k -q -g 'segfault at|general protection|traps: '",
    )
}

fn protection_is_set_up(shell: &mut Shell<'_>) -> Result<()> {
    find_nothing(
        shell,
        "journalctl -b -q -o short -g 'mount namespacing|226/NAMESPACE|ProtectSystem'",
    )
}

fn processes_are_from_the_store(shell: &mut Shell<'_>) -> Result<()> {
    // Threads of the kernel have no program.
    find_nothing(
        shell,
        "for p in /proc/[0-9]*; do readlink $p/exe; done | grep -v '^/nix/store/' | sort -u",
    )?;
    print(shell, "readlink /proc/1/exe | cut -d/ -f2-3", "nix/store")
}

fn units_name_the_store(shell: &mut Shell<'_>) -> Result<()> {
    let programs = "systemctl show --state=active '*.service' -p ExecStart -p ExecStartPre \
                    -p ExecStop | grep -o 'path=[^ ]*'";
    succeed(shell, &format!("{programs} | grep -q '^path=/nix/store/'"))?;
    // The unit of the root's verity device is written by a generator when the machine boots.
    find_nothing(
        shell,
        &format!("{programs} | grep -v -e '^path=/nix/store/' -e '^path={GENERATED}$' | sort -u"),
    )
}

fn dynamic_user_has_a_name(shell: &mut Shell<'_>) -> Result<()> {
    succeed(
        shell,
        "systemd-run --quiet --unit=dynamic-user -p DynamicUser=yes --service-type=exec sleep infinity",
    )?;
    print(
        shell,
        "getent passwd dynamic-user | cut -d: -f1,5",
        "dynamic-user:Dynamic User",
    )?;
    print(
        shell,
        "getent -s systemd passwd dynamic-user | cut -d: -f1",
        "dynamic-user",
    )?;
    succeed(shell, "systemctl stop dynamic-user").map(|_| ())
}

fn name_service_answers(shell: &mut Shell<'_>) -> Result<()> {
    print(
        shell,
        "getent -s files passwd root | cut -d: -f1,3",
        "root:0",
    )?;
    succeed(shell, "getent -s systemd group root; getent group sudo")?;
    print(
        shell,
        "getent -s myhostname hosts localhost | tr -s ' '",
        "::1 localhost",
    )?;
    // The three above are all that there are.
    find_nothing(
        shell,
        "sed -n 's/^[a-z]*: *//p' /etc/nsswitch.conf | sed 's/\\[[^]]*\\]//g' | tr -s ' ' '\\n' | \
         sort -u | grep -vx -e '' -e files -e systemd -e myhostname",
    )
}

fn pam_modules_are_there(shell: &mut Shell<'_>) -> Result<()> {
    let modules = succeed(
        shell,
        "cat /etc/pam.d/* /usr/lib/pam.d/* | sed 's/#.*//' | grep -o '[^[:space:]]*pam_[a-z0-9_]*\\.so' | sort -u",
    )?;
    if !modules.contains("pam_unix.so") {
        return Err(Error::new("find PAM's modules", modules));
    }
    for module in modules.lines() {
        if !module.starts_with("/nix/store/") {
            return Err(Error::new(
                "find PAM's modules",
                format!("{module} is not in the store"),
            ));
        }
    }
    succeed(
        shell,
        &format!(
            "ls -L {} >/dev/null",
            modules.lines().collect::<Vec<_>>().join(" ")
        ),
    )
    .map(|_| ())
}

fn console_has_its_keymap(shell: &mut Shell<'_>) -> Result<()> {
    print(
        shell,
        "systemctl show -p ActiveState -p Result --value keymap | sort | tr '\\n' ' '",
        "active success ",
    )?;
    // On a German keyboard Z stands where others have Y.
    print(
        shell,
        "dumpkeys -C /dev/tty1 | grep -Ec '^keycode +21 = [+]?z '",
        "1",
    )
}

fn protect_system_is_strict(shell: &mut Shell<'_>) -> Result<()> {
    let run = "systemd-run --quiet --wait --pipe --collect";
    succeed(shell, &format!("{run} touch /var/unprotected"))?;
    let command = format!("{run} -p ProtectSystem=strict touch /var/protected");
    let outcome = shell.run(&command)?;
    if outcome.status != 0 && outcome.text.contains("Read-only file system") {
        return Ok(());
    }
    Err(wrong(&command, &outcome, "a read-only /var"))
}

fn there_are_no_credentials(shell: &mut Shell<'_>) -> Result<()> {
    find_nothing(
        shell,
        "ls -d /usr/lib/credstore* /nix/store/*/lib/credstore* 2>/dev/null",
    )
}

fn no_link_dangles(shell: &mut Shell<'_>) -> Result<()> {
    print(
        shell,
        "cd /tmp; ln -s gone dangling; find . -xdev -xtype l; rm dangling",
        "./dangling",
    )?;
    find_nothing(shell, "find / -xdev -xtype l")
}

fn services_read_their_packages(shell: &mut Shell<'_>) -> Result<()> {
    // Whether it is by its store path or through a link, the file is the package's.
    for (path, package) in [
        ("/etc/ssh/sshd_config", "openssh-server"),
        ("/etc/chrony/chrony.conf", "chrony"),
        ("/etc/pam.d/common-auth", "libpam-runtime"),
        ("/etc/pam.d/sshd", "openssh-server"),
        ("/usr/share/dbus-1/system.conf", "dbus-system-bus-common"),
    ] {
        let command = format!("readlink -f {path} | cut -d/ -f2-4 | cut -d- -f2-");
        let outcome = shell.run(&command)?;
        let is_of_package = outcome.text.strip_prefix(package).is_some_and(|version| {
            version.starts_with('-') && version[1..].starts_with(|char: char| char.is_ascii_digit())
        });
        if !is_of_package {
            return Err(wrong(&command, &outcome, &format!("{path} of {package}")));
        }
    }
    // What they have made of it.
    print(
        shell,
        "sshd -T | grep -i -e '^hostkey ' -e '^kbdinteractive'",
        "kbdinteractiveauthentication no\nhostkey /var/lib/ssh/ssh_host_ed25519_key",
    )?;
    // The reference 127.127.1.1 is the machine's own clock, at the stratum that the file says.
    print(shell, "chronyc -c tracking | cut -d, -f1,3", "7F7F0101,10")?;
    succeed(
        shell,
        "busctl --no-pager call org.freedesktop.login1 /org/freedesktop/login1 \
         org.freedesktop.DBus.Peer Ping",
    )
    .map(|_| ())
}

/// The lines that relocate-etc-to-out writes.
const LINES: &str = "cat /usr/lib/tmpfiles.d/*-etc.conf | grep '^L /etc/'";

fn links_are_made(shell: &mut Shell<'_>) -> Result<()> {
    succeed(
        shell,
        &format!("{LINES} | grep -q ' /etc/ssh/sshd_config '"),
    )?;
    let each = format!("{LINES} | while read -r _ path _ _ _ _ target; do");
    find_nothing(
        shell,
        &format!(
            "{each} [ \"$(readlink -f $path)\" = \"$(readlink -f $target)\" ] || echo $path; done"
        ),
    )?;
    // In an empty root, so that it is no matter what made those of this one.
    succeed(
        shell,
        "mkdir -p /tmp/fresh/usr/lib/tmpfiles.d /tmp/fresh/etc && \
         cp -L /usr/lib/tmpfiles.d/*-etc.conf /tmp/fresh/usr/lib/tmpfiles.d && \
         systemd-tmpfiles --root=/tmp/fresh --create --prefix=/etc",
    )?;
    find_nothing(
        shell,
        &format!("{each} [ \"$(readlink /tmp/fresh$path)\" = $target ] || echo $path; done"),
    )
}

fn administrator_goes_first(shell: &mut Shell<'_>) -> Result<()> {
    // A package's service, told by a file of the package and by one of --extra.
    print(
        shell,
        "cat /run/layered",
        "the unit: hello, administrator, defaults\nthe script: hello, administrator",
    )?;
    print(
        shell,
        "systemctl show -p EnvironmentFiles --value layered | grep -c '^/nix/store/'",
        "2",
    )?;
    // The administrator's file is no link to a package's.
    print(shell, "cat /etc/default/layered", "WHOM=administrator")
}

fn os_release_is_the_images(shell: &mut Shell<'_>) -> Result<()> {
    let line = "sed -n 's|^L /etc/os-release - - - - ||p'";
    // base-files says that it is its own, and the image that it is the image's.
    succeed(
        shell,
        &format!(
            "{line} /nix/store/*-base-files-*/lib/tmpfiles.d/base-files.conf | grep ^/nix/store/"
        ),
    )?;
    print(
        shell,
        &format!("{line} /usr/lib/tmpfiles.d/base-files.conf"),
        "../usr/lib/os-release",
    )?;
    print(shell, "readlink /etc/os-release", "../usr/lib/os-release")?;
    print(shell, ". /etc/os-release; echo $IMAGE_ID", "boot-test")
}

fn root_is_verified(shell: &mut Shell<'_>) -> Result<()> {
    print(shell, "findmnt -no FSTYPE /", "erofs")?;
    let status = succeed(shell, "veritysetup status root")?;
    if status.contains("status:      verified") || status.contains("status: verified") {
        return Ok(());
    }
    Err(Error::new("find the root verified", status))
}

fn system_is_read_only(shell: &mut Shell<'_>) -> Result<()> {
    for directory in ["/usr", "/etc", "/nix/store"] {
        let command = format!("touch {directory}/written");
        let outcome = shell.run(&command)?;
        if outcome.status == 0 || !outcome.text.contains("Read-only file system") {
            return Err(wrong(&command, &outcome, "a read-only file system"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_initrd_is_exempt() {
        for check in CHECKS {
            assert!((check.applies)(Layout::Ddi), "{}", check.name);
        }
        let exempt = CHECKS
            .iter()
            .filter(|check| !(check.applies)(Layout::Initrd));
        assert_eq!(exempt.count(), 2);
    }

    #[test]
    fn the_page_has_the_table() {
        let page = include_str!("../../../docs/boot-test.md");
        let table = table();
        assert!(
            page.contains(&format!("<!-- table -->\n{table}<!-- /table -->")),
            "put this between the marks in docs/boot-test.md:\n{table}"
        );
    }
}
