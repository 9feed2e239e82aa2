//! What runs a script.

/// The language of a script, as far as it makes a difference here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// POSIX shell, or a shell that shares its quoting and here-documents.
    Shell,
    /// Python.
    Python,
    /// Another one.
    Other,
}

/// Shells with POSIX' quoting, and programs that read such scripts (openrc-run(8), init-d-script(5)).
const SHELLS: &[&[u8]] = &[
    b"ash",
    b"bash",
    b"dash",
    b"init-d-script",
    b"ksh",
    b"mksh",
    b"openrc-run",
    b"sh",
    b"zsh",
];

/// The name of the program that the first line of a script names, without its directory; through env(1),
/// the program that env runs. `None` if the file is no script.
#[must_use]
pub fn interpreter(file: &[u8]) -> Option<&[u8]> {
    let rest = file.strip_prefix(b"#!")?;
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    let mut words = line
        .split(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
        .filter(|word| !word.is_empty());
    let name = |path: &'_ [u8]| {
        path.iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |at| at + 1)
    };
    let program = words.next()?;
    let program = &program[name(program)..];
    if program != b"env" {
        return Some(program);
    }
    let is_program = |word: &&[u8]| !word.starts_with(b"-") && !word.contains(&b'=');
    let run = words.find(is_program)?;
    Some(&run[name(run)..])
}

/// The language that the first line of a script names; `None` if the file is no script.
#[must_use]
pub fn language(file: &[u8]) -> Option<Language> {
    let name = interpreter(file)?;
    // What nixpkgs' wrappers leave beside them: `.NAME-wrapped`.
    let name = name.strip_prefix(b".").unwrap_or(name);
    let name = name.strip_suffix(b"-wrapped").unwrap_or(name);
    Some(if SHELLS.contains(&name) {
        Language::Shell
    } else if name.starts_with(b"python") {
        Language::Python
    } else {
        Language::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_and_their_languages() {
        for (file, name, known) in [
            ("#!/bin/sh\n", "sh", Language::Shell),
            ("#! /bin/bash -e\n", "bash", Language::Shell),
            ("#!/nix/store/x-bash-5/bin/bash", "bash", Language::Shell),
            ("#!/usr/bin/env dash\n", "dash", Language::Shell),
            (
                "#!/usr/bin/env -S A=1 python3 -u\n",
                "python3",
                Language::Python,
            ),
            ("#!/usr/bin/python3.12\r\n", "python3.12", Language::Python),
            ("#!/usr/bin/perl -w\n", "perl", Language::Other),
            ("#!/sbin/openrc-run\n", "openrc-run", Language::Shell),
        ] {
            assert_eq!(
                interpreter(file.as_bytes()),
                Some(name.as_bytes()),
                "{file}"
            );
            assert_eq!(language(file.as_bytes()), Some(known), "{file}");
        }
        for file in [
            "",
            "#",
            "# !/bin/sh",
            "#!",
            "#!/usr/bin/env\n",
            "\n#!/bin/sh",
        ] {
            assert_eq!(language(file.as_bytes()), None, "{file}");
        }
    }
}
