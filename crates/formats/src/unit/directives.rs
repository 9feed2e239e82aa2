//! Which directives systemd and podman know, where, and what they name: `data/unit-directives.txt`.
//!
//! systemd ignores a section or directive that it does not know, with a line in its log that nobody
//! reads: a `StartLimitIntervalSec=` in `[Service]` limits nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::syntax::Syntax;
use crate::tables;
use crate::unit::place::UnitType;

const DIRECTIVES: &str = include_str!("../../data/unit-directives.txt");

/// What systemd makes of a directive in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It reads it.
    Known,
    /// It reads it, under a name that it had before: what is to be written today.
    Old(&'static str),
    /// It knows the name and ignores it: what does the same today, if anything.
    Ignored(&'static str),
    /// It ignores it: the directive belongs to these sections of files of this type.
    OtherSection(Vec<&'static str>),
    /// It ignores it: no section of files of this type has such a directive.
    UnknownDirective,
    /// It ignores the whole section: files of this type have none of this name.
    UnknownSection,
}

struct Entry {
    sections: Vec<&'static str>,
    syntax: Syntax,
    standing: Standing,
}

type Table = BTreeMap<(&'static str, &'static str), Vec<Entry>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::new();
    for line in tables::entries(DIRECTIVES) {
        let mut words = line.splitn(6, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (kind, key, sections, names) = (word(), word(), word(), word());
        let standing = match (word(), word()) {
            ("was", today) => Standing::Old(today),
            ("gone", today) => Standing::Ignored(today),
            _ => Standing::Known,
        };
        table.entry((kind, key)).or_default().push(Entry {
            sections: sections.split(',').collect(),
            syntax: Syntax::of_name(names).unwrap_or(Syntax::Nothing),
            standing,
        });
    }
    table
});

/// By sections and names: the name of a directive, and its syntax.
type Syntaxes = BTreeMap<(&'static str, &'static str), (&'static str, Syntax)>;

/// The directives whose values name something.
static SYNTAXES: LazyLock<Syntaxes> = LazyLock::new(|| {
    let mut syntaxes = Syntaxes::new();
    for ((_, key), entries) in TABLE.iter() {
        for entry in entries
            .iter()
            .filter(|entry| entry.syntax != Syntax::Nothing)
        {
            let sections = entry.sections.iter();
            syntaxes.extend(sections.map(|section| ((*section, *key), (*key, entry.syntax))));
        }
    }
    syntaxes
});

/// How the value of a directive is read in this section, and the directive's name; `None` if it names nothing.
/// In a section that does not have it, it is ignored.
pub(super) fn syntax_of(section: &[u8], key: &[u8]) -> Option<(&'static str, Syntax)> {
    let place = (
        std::str::from_utf8(section).ok()?,
        std::str::from_utf8(key).ok()?,
    );
    SYNTAXES.get(&place).copied()
}

/// Whether systemd leaves a name to others: `X-…` (`systemd.unit(5)`).
#[must_use]
pub fn is_private(name: &[u8]) -> bool {
    name.starts_with(b"X-")
}

/// Whether files of a type (`service`, `network`) have a section. What is private is none of theirs,
/// and no mistake.
#[must_use]
pub fn has_section(unit_type: &UnitType, section: &[u8]) -> bool {
    let is_it = |known: &&str| known.as_bytes() == section;
    unit_type.sections.iter().any(is_it)
        || unit_type.sections.is_empty()
            && TABLE.iter().any(|((of, _), entries)| {
                let mut sections = entries.iter().flat_map(|entry| &entry.sections);
                unit_type.tables().contains(of) && sections.any(is_it)
            })
}

/// What systemd makes of the directive `key` in the section `section` of a file of this type.
#[must_use]
pub fn standing(unit_type: &UnitType, section: &[u8], key: &[u8]) -> Standing {
    if is_private(section) || is_private(key) {
        return Standing::Known;
    }
    if !has_section(unit_type, section) {
        return Standing::UnknownSection;
    }
    let key = std::str::from_utf8(key).unwrap_or_default();
    let tables = unit_type.tables().iter();
    let entries: Vec<&Entry> = tables
        .filter_map(|table| TABLE.get(&(*table, key)))
        .flatten()
        .collect();
    let is_here = |entry: &&&Entry| {
        let mut sections = entry.sections.iter();
        sections.any(|known| known.as_bytes() == section)
    };
    if let Some(entry) = entries.iter().find(is_here) {
        return entry.standing.clone();
    }
    let known = entries
        .iter()
        .filter(|entry| entry.standing == Standing::Known);
    let sections: Vec<&str> = known
        .flat_map(|entry| entry.sections.iter().copied())
        .filter(|known| has_section(unit_type, known.as_bytes()))
        .collect();
    if sections.is_empty() {
        Standing::UnknownDirective
    } else {
        Standing::OtherSection(sections)
    }
}

/// The directive that `key` may have been meant to be: one of the section that differs from it in
/// one place only, or in the case of its letters.
#[must_use]
pub fn similar(unit_type: &UnitType, section: &[u8], key: &[u8]) -> Option<&'static str> {
    let known = TABLE.iter().filter(|((of, _), entries)| {
        let here = |entry: &Entry| {
            let mut sections = entry.sections.iter();
            entry.standing == Standing::Known && sections.any(|known| known.as_bytes() == section)
        };
        unit_type.tables().contains(of) && entries.iter().any(here)
    });
    let mut names = known.map(|((_, name), _)| *name);
    names.find(|name| {
        name.as_bytes().eq_ignore_ascii_case(key) || differ_in_one_place(name.as_bytes(), key)
    })
}

/// Whether one becomes the other by one byte that is left out, put in, or changed.
fn differ_in_one_place(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.len() - short.len() > 1 || short.len() < 4 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let rest = &short[same..];
    long[same..].get(1..).is_some_and(|after| {
        // One byte more in the longer, or one changed in both.
        after == rest || rest.get(1..).is_some_and(|rest| rest == after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::place::DIRECTORIES;

    fn unit_type_of(name: &str) -> &'static UnitType {
        // Podman's `.network` comes before systemd's.
        let types = DIRECTORIES.iter().flat_map(|directory| directory.types);
        types.rev().find(|known| known.name == name).unwrap()
    }

    fn of(unit_type: &str, section: &str, key: &str) -> Standing {
        standing(unit_type_of(unit_type), section.as_bytes(), key.as_bytes())
    }

    #[test]
    fn directives_in_their_places() {
        for (unit_type, section, key, expected) in [
            ("service", "Service", "ExecStart", Standing::Known),
            ("service", "Unit", "After", Standing::Known),
            ("service", "Install", "WantedBy", Standing::Known),
            ("service", "Service", "DelegateNamespaces", Standing::Known),
            ("socket", "Socket", "ListenStream", Standing::Known),
            ("target", "Unit", "AllowIsolate", Standing::Known),
            ("network", "Network", "DHCP", Standing::Known),
            ("link", "Link", "MACAddressPolicy", Standing::Known),
            ("netdev", "WireGuardPeer", "AllowedIPs", Standing::Known),
            ("service", "X-Anything", "Whatever", Standing::Known),
            ("service", "Service", "X-Whatever", Standing::Known),
            ("service", "Unit", "BindTo", Standing::Old("BindsTo=")),
            (
                "service",
                "Service",
                "StartLimitBurst",
                Standing::Old("StartLimitBurst= of [Unit]"),
            ),
            (
                "slice",
                "Slice",
                "MemoryLimit",
                Standing::Ignored("MemoryMax="),
            ),
            (
                "service",
                "Service",
                "SysVStartPriority",
                Standing::Ignored(""),
            ),
            (
                "service",
                "Service",
                "StartLimitIntervalSec",
                Standing::OtherSection(vec!["Unit"]),
            ),
            (
                "service",
                "Unit",
                "WantedBy",
                Standing::OtherSection(vec!["Install"]),
            ),
            // No service has a [Socket] to move it to.
            (
                "service",
                "Service",
                "ListenStream",
                Standing::UnknownDirective,
            ),
            (
                "service",
                "Service",
                "ExecRestart",
                Standing::UnknownDirective,
            ),
            (
                "service",
                "Socket",
                "ListenStream",
                Standing::UnknownSection,
            ),
            ("timer", "Service", "ExecStart", Standing::UnknownSection),
            ("service", "", "ExecStart", Standing::UnknownSection),
            ("network", "Service", "ExecStart", Standing::UnknownSection),
            ("container", "Container", "Volume", Standing::Known),
            ("container", "Service", "ExecStartPre", Standing::Known),
            (
                "container",
                "Container",
                "ExecStart",
                Standing::OtherSection(vec!["Service"]),
            ),
            ("nspawn", "Files", "Bind", Standing::Known),
        ] {
            assert_eq!(of(unit_type, section, key), expected, "[{section}] {key}");
        }
    }

    #[test]
    fn likely_misspellings() {
        for (key, meant) in [
            ("ExecStartt", Some("ExecStart")),
            ("ExecStat", Some("ExecStart")),
            ("ExecSxart", Some("ExecStart")),
            ("execstart", Some("ExecStart")),
            ("Restrat", None),
            ("Frobnicate", None),
        ] {
            let found = similar(unit_type_of("service"), b"Service", key.as_bytes());
            assert_eq!(found, meant, "{key}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_well_formed() {
        let lines: Vec<&str> = tables::entries(DIRECTIVES).collect();
        for pair in lines.windows(2) {
            assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
        }
        let mut syntaxes: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for line in lines {
            let words: Vec<&str> = line.splitn(6, ' ').collect();
            assert!(words.len() >= 4, "{line}");
            let status = words.get(4).copied();
            assert!(matches!(status, None | Some("was" | "gone")), "{line}");
            let mut types = DIRECTORIES.iter().flat_map(|directory| directory.types);
            let is_read = |known: &UnitType| known.tables().contains(&words[0]);
            assert!(
                types.any(is_read) || OTHER_TABLES.contains(&words[0]),
                "{line}"
            );
            assert!(Syntax::of_name(words[3]).is_some(), "{line}");
            // A scanner is not told what kind of file it reads.
            for section in words[2].split(',').filter(|_| status != Some("gone")) {
                let earlier = syntaxes.insert((section, words[1]), words[3]);
                assert!(earlier.is_none_or(|earlier| earlier == words[3]), "{line}");
            }
        }
    }

    /// The tables that no unit type has.
    const OTHER_TABLES: &[&str] = &["conf", "dnssd"];

    const NAMES: &str = include_str!("../../data/directive-names.txt");

    #[test]
    fn every_directive_of_the_manuals_is_classified() {
        let lines: Vec<&str> = tables::entries(NAMES).collect();
        assert!(lines.is_sorted(), "the names are sorted");
        assert!(lines.len() > 1_400, "they are all there");
        let missing: Vec<&&str> = lines
            .iter()
            .filter(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let tables: &[&str] = match words[0] {
                    "podman-systemd.unit" => &["quadlet"],
                    "systemd.dnssd" => &["dnssd"],
                    "systemd.link" => &["link"],
                    "systemd.netdev" => &["netdev"],
                    "systemd.network" => &["network"],
                    "systemd.nspawn" => &["nspawn"],
                    page if page.strip_suffix(".conf").is_some() => &["conf"],
                    _ => &["unit"],
                };
                !tables
                    .iter()
                    .any(|table| TABLE.contains_key(&(*table, words[1])))
            })
            .collect();
        assert!(missing.is_empty(), "the table lacks {missing:?}");
    }
}
