//! What texts name.

use super::{Format, Mentions, configuration, other_script, python, shell, unit};
use crate::kind::scan;
use crate::reference::Scan;
use crate::script::Language;

/// All absolute paths that a file names.
#[must_use]
pub fn of(format: Format, content: &[u8]) -> Mentions {
    match format {
        Format::Known(kind) => unit::mentions(kind, content, &scan(kind, content)),
        Format::Script(Language::Shell) => shell::mentions(content),
        Format::Script(Language::Python) => python::mentions(content),
        Format::Configuration => configuration::mentions(content, true),
        Format::DropIn => configuration::mentions(content, false),
        Format::Script(Language::Other) => other_script::mentions(content),
    }
}

/// The same, for a file of which `known` is the scan, if its format has one.
#[must_use]
pub fn of_scan(format: Format, content: &[u8], known: Option<&Scan>) -> Mentions {
    match (format, known) {
        (Format::Known(kind), Some(scan)) => unit::mentions(kind, content, scan),
        _ => of(format, content),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mention;
    use super::*;

    #[test]
    fn in_configuration() {
        let found = of(
            Format::Configuration,
            b"a file:///etc/x\nb /etc/y.d/*.conf\n",
        )
        .list;
        let found: Vec<_> = found.iter().map(Mention::path).collect();
        assert_eq!(found[0].in_etc(), Some(&b"x"[..]));
        assert!(!found[0].goes_on && found[1].goes_on);
        assert_eq!(found[1].in_etc(), Some(&b"y.d"[..]));
    }
}
