//! What shells say of a text.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tests_packages::{Error, Result, cannot_start};

/// Whether `bash -n` or `dash -n` accepts a text.
pub(crate) fn accept(text: &[u8]) -> Result<bool> {
    Ok(accepts("bash", text)? || accepts("dash", text)?)
}

fn accepts(shell: &str, text: &[u8]) -> Result<bool> {
    let doing = format!("ask {shell}");
    let mut command = Command::new(shell);
    command
        .arg("-n")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| cannot_start(&command, &doing, &error))?;
    if let Some(mut input) = child.stdin.take() {
        // A shell that refuses the text need not read all of it.
        let _ = input.write_all(text);
    }
    let output = child
        .wait_with_output()
        .map_err(|error| Error::new(&doing, error))?;
    Ok(output.status.success())
}
