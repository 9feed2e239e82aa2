//! Who is let in, and as whom.

use std::path::Path;

use tests_packages::{Error, Result};

use crate::console::Console;
use crate::session::{STEP, Shell, log_in};

/// The password of root and of [`USER`].
pub const PASSWORD: &str = "hermetic";
/// SHA-512 crypt of [`PASSWORD`], by `openssl passwd -6 -salt bootTest hermetic`.
pub const PASSWORD_HASH: &str = "$6$bootTest$sky3sw9foHAmN2z4yg9MEne03sNwxZTpOPDNpvzQblLmz6IRPP9S1PXGWR2ND3EqR9/ZKTMKBq0tueH1lFg6A0";
/// A user who may become root.
pub const USER: &str = "test";
/// A user without a password that could be right.
pub const LOCKED: &str = "locked";

/// What a visitor would ask.
const SHOWN: [&str; 5] = [
    "export SYSTEMD_PAGER=cat TERM=dumb",
    "systemctl is-system-running --wait",
    "systemctl status chrony | head -n 12",
    "systemctl status | head -n 12",
    "findmnt -o TARGET,SOURCE,FSTYPE,OPTIONS /",
];

/// Tries who is let in, from the question who is there to the same question; root is in nowhere.
pub fn check(console: &mut Console) -> Result<()> {
    refused(console, "root", "wrong")?;
    refused(console, USER, "wrong")?;
    refused(console, LOCKED, PASSWORD)?;
    refused(console, LOCKED, "")?;
    let mut shell = enter(console, USER)?;
    let who = shell.run("id -un; id -u")?;
    expect(&who.text, &[USER, "1000"])?;
    let sudo = shell.run("echo wrong | sudo -S -k id -u")?;
    if sudo.status == 0 {
        return Err(Error::new("have sudo refuse a wrong password", sudo.text));
    }
    let sudo = shell.run_with_password("sudo id -un", PASSWORD)?;
    expect(&sudo.text, &["root"])?;
    shell.log_out()
}

/// Logs in with the right password.
pub fn enter<'a>(console: &'a mut Console, user: &str) -> Result<Shell<'a>> {
    if log_in(console, user, PASSWORD)? {
        return Shell::new(console);
    }
    Err(Error::new(
        format!("log in as {user}"),
        format!(
            "the right password is refused; the console's last lines:\n{}",
            console.last_lines()
        ),
    ))
}

/// Has root's session be another `login`, which must let in and refuse as the getty's does; nobody is in
/// before and afterwards.
pub fn check_other(console: &mut Console, login: &Path) -> Result<()> {
    let shell = enter(console, "root")?;
    shell.become_program(&format!("env -i TERM=dumb {}", login.display()))?;
    refused(console, USER, "wrong")?;
    refused(console, LOCKED, PASSWORD)?;
    let mut shell = enter(console, USER)?;
    let who = shell.run("id -un; id -Gn")?;
    expect(&who.text, &[USER, &format!("{USER} sudo")])?;
    shell.log_out()
}

/// Logs in as [`USER`], lets the system say how it is, and returns what stands on the console since
/// the question who is there.
pub fn show(console: &mut Console) -> Result<String> {
    let before = console.text().len();
    if !log_in(console, USER, PASSWORD)? {
        return Err(Error::new(
            format!("log in as {USER}"),
            console.last_lines(),
        ));
    }
    for command in SHOWN {
        console.send_line(command)?;
        console.expect(r"[$#] \z", STEP)?;
    }
    let text = console.text();
    Ok(format!("login: {}", text.get(before..).unwrap_or(&text)))
}

fn refused(console: &mut Console, user: &str, password: &str) -> Result<()> {
    if !log_in(console, user, password)? {
        return Ok(());
    }
    Err(Error::new(
        format!("have {user} refused with the password {password:?}"),
        format!("the console's last lines:\n{}", console.last_lines()),
    ))
}

fn expect(text: &str, lines: &[&str]) -> Result<()> {
    if text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .eq(lines.iter().copied())
    {
        return Ok(());
    }
    Err(Error::new(format!("read {lines:?} from a shell"), text))
}
