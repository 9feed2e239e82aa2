//! Logging in, and commands in a shell.

use std::time::Duration;

use tests_packages::{Error, Result};

use crate::console::Console;

/// Until the machine asks who is there. The interpreter needs about a minute.
pub const BOOT: Duration = Duration::from_secs(300);
/// For what a person would call at once.
pub const STEP: Duration = Duration::from_secs(120);
/// What a machine says that will never ask.
pub const DEAD: [&str; 4] = [
    "Dependency failed for (initrd-root-fs.target|initrd-switch-root.target)",
    "Kernel panic - not syncing[^\n]*",
    "(You are in emergency mode|Cannot open access to console|Press Enter for maintenance)",
    "(BdsDxe: failed|EFI stub: ERROR|UEFI Interactive Shell)",
];
/// The prompt of [`Shell`].
const READY: &str = "<ready>";
const LOGIN: &str = r"login: ";

/// What a shell made of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit status.
    pub status: i32,
    /// What it printed, to both outputs.
    pub text: String,
}

/// Waits until the machine asks who is there; the text until then.
pub fn wait_for_login(console: &mut Console) -> Result<String> {
    let patterns: Vec<&str> = std::iter::once(LOGIN).chain(DEAD).collect();
    let found = console.expect_any(&patterns, BOOT)?;
    if found.which == 0 {
        return Ok(found.before);
    }
    Err(Error::new(
        "boot to the login prompt",
        format!("the console's last lines:\n{}", console.last_lines()),
    ))
}

/// Answers the machine's question who is there; whether it lets that user in. The machine asks
/// again if not.
pub fn log_in(console: &mut Console, user: &str, password: &str) -> Result<bool> {
    console.send_line(user)?;
    console.expect("Password: ", STEP)?;
    console.send_line(password)?;
    let found = console.expect_any(&[r"[$#] \z", LOGIN], STEP)?;
    Ok(found.which == 0)
}

/// A shell in which somebody is logged in.
#[derive(Debug)]
pub struct Shell<'a> {
    console: &'a mut Console,
}

impl<'a> Shell<'a> {
    /// Makes the shell quiet: no echo, no prompt, no line editor.
    pub fn new(console: &'a mut Console) -> Result<Self> {
        let shell = Self { console };
        // A new one without a line editor, which would send control sequences. Its prompt is put
        // together from parts, so that the echo of this line does not look like it.
        shell.console.send_line(
            "stty -echo; export PS1='<''ready>' PS2= TERM=dumb SYSTEMD_PAGER=cat; \
             exec bash --noediting --noprofile --norc",
        )?;
        shell.console.expect(READY, STEP)?;
        Ok(shell)
    }

    /// Runs a command to its end.
    pub fn run(&mut self, command: &str) -> Result<Outcome> {
        self.begin(&format!("{{ {command}\n}} 2>&1 </dev/null"))?;
        self.end()
    }

    /// Runs a command and answers its question for a password.
    pub fn run_with_password(&mut self, command: &str, password: &str) -> Result<Outcome> {
        self.begin(command)?;
        self.console.expect("(?i)password[^:\n]*: ", STEP)?;
        self.console.send_line(password)?;
        self.end()
    }

    /// Begins a command, and leaves it to others to see its end.
    pub(crate) fn begin(&mut self, command: &str) -> Result<()> {
        self.console.send_line(&format!(
            "printf '\\n<%s>\\n' begin; {command}; printf '\\n<%s %s>' end $?"
        ))?;
        self.console.expect("<begin>\r*\n", STEP).map(|_| ())
    }

    fn end(&mut self) -> Result<Outcome> {
        let text = self.console.expect(r"\r*\n<end ", STEP)?;
        let status = self.console.expect(">", STEP)?;
        // Only then it reads what is typed next as another command.
        self.console.expect(READY, STEP)?;
        Ok(Outcome {
            status: status.parse().unwrap_or(-1),
            text: text.trim_matches('\n').to_owned(),
        })
    }

    /// Puts a program that asks who is there in the place of the shell.
    pub(crate) fn become_program(self, command: &str) -> Result<()> {
        self.console
            .send_line(&format!("stty sane; exec {command}"))?;
        self.console.expect(LOGIN, STEP).map(|_| ())
    }

    /// Ends the session; the machine asks who is there again.
    pub fn log_out(self) -> Result<()> {
        self.console.send_line("exit")?;
        self.console.expect(LOGIN, STEP).map(|_| ())
    }
}
