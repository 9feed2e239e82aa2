//! A condition of a unit asks for a file that no package puts there.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::resolve::is_place_of_packages;
use hermetic_out::kinds;
use hermetic_out_formats::{FileKind, MappedText, Role};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_CONDITION_FILE,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let asks = named.reference.role == Role::Condition
            && named.scanned.kind == FileKind::Unit
            && ["Condition", "Assert"]
                .iter()
                .any(|start| named.reference.field.starts_with(start));
        let is_configuration = value.starts_with(b"/etc/");
        if !asks || is_configuration || !named.reference.text.is_literal() {
            return;
        }
        let is_plain = |value: &MappedText| !matches!(value.bytes(), [b'!' | b'|', ..]);
        if !named.directive().is_some_and(is_plain) {
            return;
        }
        let (message, help) = match named.decision() {
            Decision::Replace { path, .. } => (
                format!("the condition names {}, and the file is {}", value.as_bstr(), path.as_bstr()),
                Some(format!(
                    "write {}, as patch-systemd-units does",
                    path.as_bstr()
                )),
            ),
            Decision::Unresolved(UnresolvedReason::NotInStore) => {
                (format!("the file {} of a condition does not exist", value.as_bstr()), None)
            }
            Decision::Unresolved(UnresolvedReason::NotFound) if is_place_of_packages(value) => {
                let help = named.reference.asks_for_directory()
                    .then(|| "install the directory, or remove the condition".to_owned());
                (format!("no package has the file {} of a condition", value.as_bstr()), help)
            }
            _ => return,
        };
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if let Some(help) = help {
            found.help = help;
        }
    });
}
