//! Scripts that systemd and `NetworkManager` run: before and after sleep (systemd-sleep(8)), at the end of a
//! shutdown (systemd-shutdown(8)), to make units or an environment (systemd.generator(7),
//! systemd.environment-generator(7)), and when the network changes (NetworkManager-dispatcher(8)).
//!
//! Of a shell script, what it names by a path is found. Bare names are left to its own search path.

use crate::command_line::Context;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Lookup, Scan};
use crate::script::{Language, language};
use crate::shell::{Names, scan_script};

pub(crate) static FORMAT: Format = Format {
    directories: &[
        "NetworkManager/dispatcher.d",
        "NetworkManager/dispatcher.d/no-wait.d",
        "NetworkManager/dispatcher.d/pre-down.d",
        "NetworkManager/dispatcher.d/pre-up.d",
        "systemd/system-environment-generators",
        "systemd/system-generators",
        "systemd/system-shutdown",
        "systemd/system-sleep",
        "systemd/user-environment-generators",
        "systemd/user-generators",
    ],
    files: Files::All,
    scan,
    paths: Paths::OfScripts,
    pieces: &[
        b"#!/bin/sh\n",
        b"#!/usr/bin/python3\n",
        b"\ncase \"$1\" in pre)",
        b" ;; esac\n",
        b"\n[ -x /usr/bin/x ] || exit 0\n",
        b"\n. /usr/share/x/functions\n",
        b"\n/usr/bin/x --sleep\n",
        b"\nsystemctl restart x\n",
        b"\n# ",
    ],
};

/// Finds what a shell script names by a path. A program in another language gives nothing.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    if language(file) == Some(Language::Shell) {
        let script = MappedText::of_file(file, Span::new(0, file.len()));
        let context = Context::new("script", Lookup::SearchPath);
        scan_script(&mut scan, &context, &script, Names::Left);
        scan.references
            .retain(|found| found.text.bytes().contains(&b'/'));
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str) -> Vec<String> {
        let references = scan(file.as_bytes()).references;
        let bytes = |found: &crate::Reference| found.text.bytes().to_vec();
        let named = references.iter().map(bytes);
        named
            .map(|name| String::from_utf8_lossy(&name).into_owned())
            .collect()
    }

    #[test]
    fn what_scripts_name() {
        let body = "[ -x /usr/bin/x ] || exit 0\n. /usr/share/x/f\n# /usr/bin/y\n\
            case $1 in pre) /usr/bin/x; logger done ;; esac\n";
        let expected = ["/usr/bin/x", "/usr/share/x/f", "/usr/bin/x"];
        assert_eq!(named(&format!("#!/bin/sh\n{body}")), expected);
        assert!(named(&format!("#!/usr/bin/python3\n{body}")).is_empty());
        assert!(named(body).is_empty());
        assert!(named("\x7fELF/usr/bin/x").is_empty());
    }
}
