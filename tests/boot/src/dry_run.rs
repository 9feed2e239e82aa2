//! Whether `--dry-run` shows the commands that are run.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tests_packages::{Error, Result, run};

use crate::layout::Layout;
use crate::workshop::Workshop;

/// Tools, as often as they are started: the name and the number of arguments, sorted.
type Started = Vec<(String, usize)>;

/// What a dry run shows must be what a run starts, but for questions for a version.
pub fn is_what_is_run(workshop: &Workshop, layout: Layout) -> Result<()> {
    let doing = format!("compare the commands of a dry run, layout {layout}");
    let directory =
        tempfile::tempdir_in(workshop.directory()).map_err(|error| Error::new(&doing, error))?;
    let path = |name: &str| directory.path().join(name);
    for name in ["inputs", "bin"] {
        fs::create_dir(path(name)).map_err(|error| Error::new(&doing, error))?;
    }
    let assembly = workshop.assembly();
    let mut dry = assembly.command(layout, &path("image"), &path("inputs"))?;
    let shown = shown(&run(dry.arg("--dry-run"), &doing)?.stdout);

    let log = path("log");
    let search_path = recorders(&workshop.tools().bin(), &path("bin"), &log)
        .map_err(|error| Error::new(&doing, error))?;
    let mut real: Command = assembly.command(layout, &path("image"), &path("inputs"))?;
    run(real.env("PATH", search_path), &doing)?;
    let started = recorded(&fs::read(&log).map_err(|error| Error::new(&doing, error))?);
    if shown == started && !shown.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        doing,
        format!("it shows\n{shown:?}\nand these are started\n{started:?}"),
    ))
}

/// Makes a script for each tool that writes down its name and arguments, and then is the tool; the
/// search path with them.
fn recorders(tools: &Path, bin: &Path, log: &Path) -> std::io::Result<OsString> {
    for tool in fs::read_dir(tools)? {
        let tool = tool?;
        let script = bin.join(tool.file_name());
        let text = format!(
            "#!/bin/sh\necho \"$#\" {} \"$1\" >>'{}'\nexec '{}' \"$@\"\n",
            tool.file_name().display(),
            log.display(),
            tool.path().display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    }
    let mut search_path = bin.as_os_str().to_owned();
    search_path.push(":");
    search_path.push(std::env::var_os("PATH").unwrap_or_default());
    Ok(search_path)
}

/// The lines of [`recorders`].
fn recorded(log: &[u8]) -> Started {
    let text = String::from_utf8_lossy(log);
    let mut started: Started = text
        .lines()
        .filter(|line| !line.ends_with(" --version"))
        .filter_map(|line| {
            let mut words = line.split(' ');
            let count = words.next()?.parse().ok()?;
            Some((words.next()?.to_owned(), count))
        })
        .collect();
    started.sort();
    started
}

/// The commands at the end of what a dry run prints: `  [cd DIRECTORY && ][NAME=VALUE ]… TOOL …`.
fn shown(output: &[u8]) -> Started {
    let text = String::from_utf8_lossy(output);
    let commands = text
        .rsplit_once("\ncommands:\n")
        .map_or("", |(_, rest)| rest);
    let mut shown: Started = commands
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.split_once(" && ").map_or(line, |(_, command)| command);
            let mut words = words(line).into_iter();
            let tool = words.find(|word| !is_variable(word))?;
            Some((tool, words.count()))
        })
        .collect();
    shown.sort();
    shown
}

fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

/// The words of a line, some of them in single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for char in line.chars() {
        match char {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            char => word.push(char),
        }
    }
    words.push(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_both() {
        let output = b"x\ncommands:\n  A_B=1 mkfs --x 'a b'\n  cd /x && TZ=' ' tool\n";
        let expected = vec![("mkfs".to_owned(), 2), ("tool".to_owned(), 0)];
        assert_eq!(shown(output), expected);
        assert_eq!(
            recorded(b"0 tool \n1 mkfs --version\n2 mkfs --x\n"),
            expected
        );
    }
}
