//! A program names a file of its own package by a path in /usr.

use bstr::ByteSlice;
use hermetic_out::{Decision, FindingKind, Group, Severity};
use hermetic_out::resolve::{ReferenceContext, Provider};
use hermetic_out_formats::{Reference, Role, Span, MappedText};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::MentionedPlace;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "elf-own-fhs-path",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Elf,
        summary: "A program names a file of its own package by a path in /usr",
        explanation: "The constant data of the file contain an absolute path below `/usr`, `/lib`, `/bin` \
            or `/opt`, and the store path has that file: the package was built for another prefix. The \
            program opens another version of the file, or none.",
        example: "bin/x holds \"/usr/share/x/data\", and share/x/data exists",
        remedy: "build with the output as prefix, or replace the path",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let Some(resolver) = subject.resolver() else {
        return;
    };
    let reference_context = ReferenceContext::new("out");
    for file in &subject.facts.files {
        let Some(content) = file.content().filter(|content| content.elf.is_some()) else {
            continue;
        };
        for mention in &content.mentions {
            if mention.place != MentionedPlace::Hierarchy || is_init(&mention.path) {
                continue;
            }
            let text = MappedText::of_file(&mention.path, Span::new(0, mention.path.len()));
            let reference = Reference::new(Role::Argument, "data", text);
            let Decision::Replace { path, provider } = resolver.resolve(&reference, &reference_context)
            else {
                continue;
            };
            // The prefix by itself is asked for in many ways that do no harm.
            if matches!(provider, Provider::Own(_)) && !is_top(&mention.path) {
                let message = format!("the program names {}, a file of its own package", mention.path.as_bstr());
                let found = reporter.report(
                    file.path_in(subject.path),
                    mention.path.clone(),
                    message,
                );
                found.help = format!("build the program with the path {}", path.as_bstr());
            }
        }
    }
}

/// Whether a path means the program that the machine boots, whoever ships it: init(1), `kernel_init()` of
/// Linux's `init/main.c`.
fn is_init(path: &[u8]) -> bool {
    matches!(path, b"/sbin/init" | b"/usr/sbin/init" | b"/bin/init" | b"/usr/bin/init")
}

/// Whether a path is a directory of the hierarchy itself, which every package has.
fn is_top(path: &[u8]) -> bool {
    let sub_path = hermetic_out::resolve::without_prefix(path);
    let sub_path = sub_path.strip_suffix(b"/").unwrap_or(sub_path);
    !sub_path.contains(&b'/')
}
