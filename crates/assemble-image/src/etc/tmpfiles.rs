//! tmpfiles.d: what of it can be done when the image is built, and who owns the result.
//!
//! Without privileges systemd-tmpfiles ends with status 73 as soon as it has to give a file to
//! somebody, which hides real errors, and silently copies a directory that is not writable as an
//! empty one. So it gets copies of the lines for /etc in which nobody owns anything and
//! directories are writable; owners and modes are set in the image from the lines themselves.

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, Severity};
use hermetic_out_formats::Span;

use super::config_files::ConfigFile;
use super::lines::{Line, lines, with_replacements};
use super::sysusers::unreadable;
use crate::findings;
use crate::root_tree::{RootTree, is_in};
use crate::users::Numbers;

/// Types that change what is there already, or make what is no file.
const UNSUPPORTED: &[u8] = b"aAbchmHpstTwzZ";
/// Types that make something with an owner.
const MAKES: &[u8] = b"CdDefFqQv";
/// What os-release(5) calls the file; which it is, is the image's affair.
pub(crate) const OS_RELEASE: &[u8] = b"etc/os-release";
/// Specifiers that stand for something of the building machine: boot id, host name, short and pretty
/// host name, kernel release, architecture. With `--root`, those for the directories of caches, logs,
/// state and run time have the staging root in front. There is no machine id yet: `%m` would make
/// systemd-tmpfiles skip the line silently.
const OF_BUILD_HOST: &[u8] = b"bHlqvaCLStm";

/// The owner and mode that a line sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// The path in the image.
    pub(crate) path: Vec<u8>,
    /// The mode, if the line has one.
    pub(crate) mode: Option<u32>,
    /// The user, if the line has one.
    pub(crate) uid: Option<u32>,
    /// The group, if the line has one.
    pub(crate) gid: Option<u32>,
}

/// A tree or file that a line copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// What is copied, as a path of the image.
    pub(crate) source: Vec<u8>,
    /// Where it goes.
    pub(crate) target: Vec<u8>,
}

/// What tmpfiles.d says about /etc.
#[derive(Debug, Default)]
pub(crate) struct Tmpfiles {
    /// The files as systemd-tmpfiles is to read them when the image is built.
    pub(crate) files: Vec<ConfigFile>,
    /// Owners and modes, in the order of the lines.
    pub(crate) ownerships: Vec<Ownership>,
    /// What is copied.
    pub(crate) copies: Vec<Copy>,
    /// What is there afterwards, each with the file and line: all but what may fail, or needs a credential
    /// or a condition.
    pub(crate) made: Vec<(Vec<u8>, Vec<u8>, usize)>,
    /// The links that are made, each with the file and line.
    pub(crate) links: Vec<(Vec<u8>, Vec<u8>, Place)>,
    /// Lines that are others in the image: their file, place and text.
    pub(crate) rewritten: Vec<(Vec<u8>, Span, Vec<u8>)>,
    /// Findings.
    pub(crate) findings: Vec<Finding>,
}

/// Reads the files. `numbers` are the users and groups of the image.
pub(crate) fn read(files: Vec<ConfigFile>, tree: &RootTree, numbers: &Numbers) -> Tmpfiles {
    let mut result = Tmpfiles::default();
    for file in files {
        let mut replacements = Vec::new();
        for line in lines(&file.content, 6) {
            if line.words.is_none() {
                result.findings.push(unreadable(&file, &line));
            } else {
                result.users(&file, &line, numbers);
            }
            let is_of_etc = line.words.is_some() && is_in(path(&line), b"etc");
            if !is_of_etc {
                // Not done when the image is built, but at every boot.
                replacements.push((line.span, b"#".to_vec()));
                continue;
            }
            result.of_etc(&file, &line, tree, numbers);
            if let Some(text) = os_release_line(&line) {
                replacements.push((line.span, text.clone()));
                result.rewritten.push((file.path.clone(), line.span, text));
                continue;
            }
            // Mode, user, group.
            let fields = (2..5).filter_map(|index| line.word_span(index));
            replacements.extend(fields.map(|span| (span, b"-".to_vec())));
        }
        let content = with_replacements(&file.content, &replacements);
        let content = content.into();
        result.files.push(ConfigFile { content, ..file });
    }
    result
}

impl Tmpfiles {
    /// Every user and group that a line names must exist: also those of lines for other places,
    /// which systemd-tmpfiles does at boot.
    fn users(&mut self, file: &ConfigFile, line: &Line, numbers: &Numbers) {
        for (index, what, known) in [
            (
                3,
                "user",
                Numbers::user as fn(&Numbers, &[u8]) -> Option<u32>,
            ),
            (4, "group", Numbers::group),
        ] {
            let name = name_of_owner(line.word(index));
            if name.is_empty() || name.contains(&b'%') || known(numbers, name).is_some() {
                continue;
            }
            self.report(
                file,
                line.word_span(index),
                &findings::MISSING_ACCOUNT,
                format!("no sysusers.d file declares the {what} {}", name.as_bstr()),
                "add the package that declares the account, or a sysusers.d file with --extra",
            );
        }
    }

    fn of_etc(&mut self, file: &ConfigFile, line: &Line, tree: &RootTree, numbers: &Numbers) {
        let kind = line.word(0).first().copied().unwrap_or(b' ');
        if UNSUPPORTED.contains(&kind) {
            self.report(
                file,
                line.word_span(0),
                &findings::UNSUPPORTED_TMPFILES_LINE,
                format!(
                    "a line of type {} for /etc cannot be executed at build time",
                    char::from(kind)
                ),
                findings::UNSUPPORTED_TMPFILES_LINE.remedy,
            );
            return;
        }
        for (text, span) in [
            (line.word(1), line.word_span(1)),
            (&line.rest, Some(line.span)),
        ] {
            if let Some(letter) = build_host_specifier(text) {
                self.report(
                    file,
                    span,
                    &findings::BUILD_HOST_SPECIFIER,
                    format!(
                        "the specifier %{} depends on the machine that builds the image",
                        char::from(letter)
                    ),
                    findings::BUILD_HOST_SPECIFIER.remedy,
                );
            }
        }
        if kind == b'L' {
            let place = Place::new(&file.content, line.span);
            self.links
                .push((path(line).to_vec(), file.path.clone(), place));
        }
        let mut is_certain = line.word(0).find_byteset(b"-^?").is_none();
        if kind == b'C' {
            let copy = copy(line);
            if copy.source.contains(&b'%') || copy.target.contains(&b'%') {
                self.report(
                    file,
                    Some(line.span),
                    &findings::UNSUPPORTED_TMPFILES_LINE,
                    "the paths of a copy have specifiers".to_owned(),
                    "write the paths without specifiers",
                );
                return;
            }
            if tree.exists(&copy.source) {
                self.copies.push(copy);
            } else {
                let message = format!("the source /{} is not in the image", copy.source.as_bstr());
                let help = "add the package that has it, or leave the line out";
                let kind = &findings::MISSING_TMPFILES_SOURCE;
                self.report(file, Some(line.span), kind, message, help);
                is_certain = false;
            }
        }
        if is_certain && !path(line).contains(&b'%') && (MAKES.contains(&kind) || kind == b'L') {
            let place = Place::new(&file.content, line.span);
            let made = (path(line).to_vec(), file.path.clone(), place.line);
            self.made.push(made);
        }
        if MAKES.contains(&kind) {
            let (user, group) = (name_of_owner(line.word(3)), name_of_owner(line.word(4)));
            self.ownerships.push(Ownership {
                path: path(line).to_vec(),
                mode: mode(line.word(2)),
                uid: numbers.user(user),
                gid: numbers.group(group),
            });
        }
    }

    fn report(
        &mut self,
        file: &ConfigFile,
        span: Option<Span>,
        kind: &'static hermetic_out::FindingKind,
        message: String,
        help: &str,
    ) {
        let mut finding = findings::about(kind, &file.path, message, help);
        if kind == &findings::MISSING_ACCOUNT {
            finding.severity = Severity::Error;
        }
        finding.place = span.map(|span| Place::new(&file.content, span));
        self.findings.push(finding);
    }
}

/// What a line that links /etc/os-release becomes, if it leads elsewhere than to the image's own: a
/// package that knew of one would have to be built again for every version of the image.
fn os_release_line(line: &Line) -> Option<Vec<u8>> {
    let (kind, target) = (line.word(0), &b"../usr/lib/os-release"[..]);
    let applies = kind.first() == Some(&b'L') && path(line) == OS_RELEASE && line.rest != target;
    applies.then(|| [kind, b" /etc/os-release - - - - ", target].concat())
}

/// The path of a line, without its slashes at both ends.
pub(crate) fn path(line: &Line) -> &[u8] {
    let path = line.word(1);
    let path = path.strip_prefix(b"/").unwrap_or(b"?");
    path.strip_suffix(b"/").unwrap_or(path)
}

/// What a line of the type `C` copies.
fn copy(line: &Line) -> Copy {
    let source = source(line);
    Copy {
        source: source.strip_prefix(b"/").unwrap_or(&source).to_vec(),
        target: path(line).to_vec(),
    }
}

/// What a line of the types `C` and `L` names: without an argument, what is at the same place in
/// /usr/share/factory.
pub(crate) fn source(line: &Line) -> Vec<u8> {
    match &*line.rest {
        b"" | b"-" => [b"/usr/share/factory/", path(line)].concat(),
        source => source.to_vec(),
    }
}

/// A user or group without the colon that restricts it to new files; empty if there is none.
fn name_of_owner(word: &[u8]) -> &[u8] {
    match word.strip_prefix(b":").unwrap_or(word) {
        b"-" => b"",
        name => name,
    }
}

/// The mode of a line: octal, with `:` or `~` in front.
fn mode(word: &[u8]) -> Option<u32> {
    let digits = word.trim_start_with(|char| char == ':' || char == '~');
    u32::from_str_radix(digits.to_str().ok()?, 8).ok()
}

fn build_host_specifier(text: &[u8]) -> Option<u8> {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'%' {
            let letter = *bytes.next()?;
            if OF_BUILD_HOST.contains(&letter) {
                return Some(letter);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::Entry;

    fn tmpfiles(content: &str) -> Tmpfiles {
        let file = ConfigFile {
            path: b"usr/lib/tmpfiles.d/x.conf".to_vec(),
            content: content.into(),
        };
        let mut tree = RootTree::default();
        let file_in = |text: &str| Entry::bytes(text, 0o644);
        tree.insert("usr/share/factory/etc/pam.d/login", file_in("login"));
        tree.insert("nix/store/h-x/conf", file_in("conf"));
        let numbers = Numbers::of_databases(b"root:x:0:0:::\nx:x:9:8:::\n", b"root:x:0:\nx:x:8:\n");
        read(vec![file], &tree, &numbers)
    }

    fn kinds(tmpfiles: &Tmpfiles) -> Vec<(&str, &str)> {
        tmpfiles
            .findings
            .iter()
            .map(|finding| (finding.kind.id, &*finding.message))
            .collect()
    }

    #[test]
    fn only_etc_is_done_and_nobody_owns_anything() {
        let result = tmpfiles(
            "# x\nd /run/x 0755 x x -\nd /etc/x 0555 x :x -\nf '/etc/a b' ~0640 - x - text\nL /etc/y\n",
        );
        assert_eq!(
            result.files[0].content.to_str().unwrap(),
            "# x\n#\nd /etc/x - - - -\nf '/etc/a b' - - - - text\nL /etc/y\n"
        );
        let ownership = |path: &str, mode, uid, gid| Ownership {
            path: path.into(),
            mode,
            uid,
            gid,
        };
        assert_eq!(
            result.ownerships,
            [
                ownership("etc/x", Some(0o555), Some(9), Some(8)),
                ownership("etc/a b", Some(0o640), None, Some(8)),
            ]
        );
        assert_eq!(kinds(&result), []);
    }

    #[test]
    fn os_release_leads_to_the_images_own() {
        let result = tmpfiles(
            "L /etc/os-release - - - - ../usr/lib/os-release\n\
             L+ /etc/os-release - - - - /nix/store/h-x/conf\nL /etc/x\n",
        );
        let line = "L+ /etc/os-release - - - - ../usr/lib/os-release";
        assert_eq!(
            result.files[0].content.to_str().unwrap(),
            format!("L /etc/os-release - - - - ../usr/lib/os-release\n{line}\nL /etc/x\n")
        );
        let rewritten: Vec<&[u8]> = result
            .rewritten
            .iter()
            .map(|(_, _, text)| &**text)
            .collect();
        assert_eq!(rewritten, [line.as_bytes()]);
    }

    #[test]
    fn copies_and_their_sources() {
        let result = tmpfiles(
            "C! /etc/pam.d\nC /etc/x - - - - /nix/store/h-x/conf\nC /etc/gone - - - - /nix/store/gone\n",
        );
        let copy = |source: &str, target: &str| Copy {
            source: source.into(),
            target: target.into(),
        };
        assert_eq!(
            result.copies,
            [
                copy("usr/share/factory/etc/pam.d", "etc/pam.d"),
                copy("nix/store/h-x/conf", "etc/x"),
            ]
        );
        assert_eq!(
            kinds(&result),
            [(
                "missing-tmpfiles-source",
                "the source /nix/store/gone is not in the image"
            )]
        );
    }

    #[test]
    fn users_must_exist_wherever_the_line_points() {
        let result = tmpfiles("d /var/x 0755 nobody :nogroup -\nd /var/y - 12 x\nd /var/z - %u\n");
        assert_eq!(
            kinds(&result),
            [
                (
                    "missing-account",
                    "no sysusers.d file declares the user nobody"
                ),
                (
                    "missing-account",
                    "no sysusers.d file declares the group nogroup"
                ),
            ]
        );
        assert_eq!(result.findings[1].place.as_ref().unwrap().column, 22);
    }

    #[test]
    fn what_leaks_the_building_machine_is_refused() {
        let result = tmpfiles(
            "L /etc/x - - - - /run/%H\nf /etc/%v-x\nf /etc/y - - - - 100%%b\n\
                               d /run/%v\nL /etc/z - - - - %S/z\nC /etc/%%c\nf /etc/m - - - - %m\n",
        );
        assert_eq!(
            kinds(&result),
            [
                (
                    "build-host-specifier",
                    "the specifier %H depends on the machine that builds the image"
                ),
                (
                    "build-host-specifier",
                    "the specifier %v depends on the machine that builds the image"
                ),
                (
                    "build-host-specifier",
                    "the specifier %S depends on the machine that builds the image"
                ),
                (
                    "unsupported-tmpfiles-line",
                    "the paths of a copy have specifiers"
                ),
                (
                    "build-host-specifier",
                    "the specifier %m depends on the machine that builds the image"
                ),
            ]
        );
    }

    #[test]
    fn types_that_need_privileges_are_refused_in_etc_only() {
        let result = tmpfiles("z /etc/x 0600\nZ /run/y\na+ /etc/z - - - - u:x:r\nd /etc/open 'x\n");
        assert_eq!(
            kinds(&result),
            [
                (
                    "unsupported-tmpfiles-line",
                    "a line of type z for /etc cannot be executed at build time"
                ),
                (
                    "unsupported-tmpfiles-line",
                    "a line of type a for /etc cannot be executed at build time"
                ),
                ("malformed-line", "a quote on the line is not closed"),
            ]
        );
    }
}
