//! The shell texts of a store: scripts, and the bodies of `sh -c` in units and udev rules.

use std::fs;
use std::path::{Path, PathBuf};

use hermetic_out_formats::kind::kind_of;
use hermetic_out_formats::script::{Language, interpreter, language};
use hermetic_out_formats::unit::lines::{Line, lines};
use hermetic_out_formats::words::{Escapes, all_words, read_specifiers, read_variables};
use hermetic_out_formats::{FileKind, MappedText, Span};
use walkdir::WalkDir;

/// A text that a shell reads.
#[derive(Clone, Debug)]
pub struct Text {
    /// The file that holds it.
    pub path: PathBuf,
    /// What the shell reads; an `x` for each byte that the format around it substitutes.
    pub bytes: Vec<u8>,
    /// Whether it is the body of a `sh -c`, not a whole script.
    pub is_body: bool,
}

/// Shells whose syntax neither bash nor dash reads.
const OTHER_SHELLS: &[&[u8]] = &[b"ksh", b"mksh", b"zsh"];

/// The largest file that is looked into, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// All texts below a directory, in the order of their paths.
#[must_use]
pub fn below(directory: &Path) -> Vec<Text> {
    let mut texts = Vec::new();
    let entries = WalkDir::new(directory).sort_by_file_name();
    for entry in entries.into_iter().filter_map(Result::ok) {
        let is_small = entry.metadata().is_ok_and(|file| file.len() <= MAX_FILE);
        if entry.file_type().is_file()
            && is_small
            && let Ok(content) = fs::read(entry.path())
        {
            of_file(directory, entry.path(), &content, &mut texts);
        }
    }
    texts
}

fn of_file(directory: &Path, path: &Path, content: &[u8], texts: &mut Vec<Text>) {
    let mut add = |bytes: Vec<u8>, is_body| {
        texts.push(Text {
            path: path.to_owned(),
            bytes,
            is_body,
        });
    };
    // STORE/PACKAGE/PATH, and in cases CASE/in/nix/store/PACKAGE/PATH
    let relative = path.strip_prefix(directory).unwrap_or(path);
    let components: Vec<_> = relative.components().collect();
    let kind = (1..components.len()).find_map(|from| {
        let path: PathBuf = components.get(from..)?.iter().collect();
        kind_of(path.as_os_str().as_encoded_bytes())
    });
    let is_script = language(content) == Some(Language::Shell)
        && interpreter(content).is_some_and(|name| !OTHER_SHELLS.contains(&name));
    match kind {
        Some(FileKind::Unit) => {
            for body in bodies_of_unit(content) {
                add(body, true);
            }
        }
        Some(FileKind::UdevRules) => {
            for body in bodies_of_rules(content) {
                add(body, true);
            }
        }
        _ if is_script || is_piece(relative) => add(content.to_vec(), false),
        _ => {}
    }
}

/// Whether other scripts read the file as a part of themselves.
fn is_piece(path: &Path) -> bool {
    let path = path.to_string_lossy();
    [
        "/bash-completion/completions/",
        "/etc/default/",
        "/etc/bash_completion.d/",
    ]
    .iter()
    .any(|directory| path.contains(directory))
        || path.contains("/profile.d/") && path.ends_with(".sh")
}

fn bodies_of_unit(content: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for line in lines(content) {
        let Line::Assignment(assignment) = line else {
            continue;
        };
        if assignment.key.bytes().starts_with(b"Exec")
            && let Ok(words) = all_words(&assignment.value, Escapes::C)
        {
            let decoded = words
                .iter()
                .map(|word| read_variables(&read_specifiers(&word.text)));
            bodies.extend(body(&decoded.collect::<Vec<_>>()));
        }
    }
    bodies
}

/// The values of `RUN`, `PROGRAM` and `IMPORT{program}`: udev(7).
fn bodies_of_rules(content: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(content).replace("\\\n", "");
    let mut bodies = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        for value in line.split("=\"").skip(1) {
            let Some((value, _)) = value.split_once('"') else {
                continue;
            };
            let value = value.replace("%%", "%").replace("$$", "$");
            let value = MappedText::of_file(value.as_bytes(), Span::new(0, value.len()));
            if let Ok(words) = all_words(&value, Escapes::Retained) {
                let words: Vec<_> = words.into_iter().map(|word| word.text).collect();
                bodies.extend(body(&words));
            }
        }
    }
    bodies
}

/// The body that a command line hands to a shell.
fn body(words: &[MappedText]) -> Option<Vec<u8>> {
    let is_shell = |word: &&MappedText| {
        let name = word.bytes().rsplit(|byte| *byte == b'/').next();
        matches!(name, Some(b"sh" | b"bash" | b"dash"))
    };
    let mut rest = words.iter().skip_while(|word| !is_shell(word)).skip(1);
    let option = rest.find(|word| !word.bytes().starts_with(b"--"))?;
    if !option.bytes().starts_with(b"-") || !option.bytes().ends_with(b"c") {
        return None;
    }
    Some(rest.next()?.masked())
}
