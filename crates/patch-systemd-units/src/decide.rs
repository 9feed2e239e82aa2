//! What becomes of each reference of each file.

use std::os::unix::ffi::OsStrExt;

use bstr::ByteSlice;
use hermetic_out::resolve::{Kept, Provider, ReferenceContext};
use hermetic_out::{Decision, FindingKind, Package, Resolver, Severity};
use hermetic_out_formats::unit::context::{UnitContext, UnitContexts};
use hermetic_out_formats::{
    Declaration, Lookup, MappedText, Meaning, ProblemKind, Reference, Role, Scan, Span,
};

use crate::unit::{Unit, store_paths};
use crate::{findings, login, search_path};

/// Decides about every reference of every file, anew.
pub(crate) fn decide_all(units: &mut [Unit], package: &Package, resolver: &Resolver) {
    let files = units.iter();
    let files = files.map(|unit| (unit.key(), unit.file.sub_path.as_slice(), &unit.scan));
    let contexts = UnitContexts::new(files);
    for unit in units {
        let Some(settings) = contexts.of(&unit.key(), &unit.file.sub_path) else {
            continue;
        };
        unit.reset();
        let scan = std::mem::take(&mut unit.scan);
        let output = package.outputs[unit.output].name.as_str();
        let reference_context = ReferenceContext::of_unit(output, settings);
        for problem in &scan.problems {
            let (kind, message) = findings::of_problem(problem.kind);
            let subject = problem.span.of(&unit.content).to_vec();
            let finding = unit.report(kind, problem.span, &subject, message, kind.remedy);
            // What the package has already is no reason to stop.
            if problem.kind == ProblemKind::CorePatternTooLong {
                finding.severity = Severity::Warning;
            }
        }
        for reference in &scan.references {
            if reference.role == Role::ProgramSearchPath {
                search_path::patch(unit, reference, settings, package, resolver);
            } else if let Some(reference) = resolver.meant(reference, &reference_context) {
                decide(unit, &reference, &reference_context, package, resolver);
            }
        }
        for fact in &scan.declarations {
            if let Declaration::Getty { insert_at, .. } = fact {
                login::add_program(unit, *insert_at, &reference_context, package, resolver);
            }
        }
        hidden_store(unit, &scan, settings, package);
        unit.scan = scan;
    }
}

fn decide(
    unit: &mut Unit,
    reference: &Reference,
    reference_context: &ReferenceContext,
    package: &Package,
    resolver: &Resolver,
) {
    let text = &reference.text;
    let extent = text.covering_span().unwrap_or(Span::new(0, 0));
    match resolver.resolve(reference, reference_context) {
        Decision::Keep(kept) => {
            unit.kept += 1;
            if let Some((kind, message, help)) = kept_note(reference, &kept) {
                unit.report(kind, extent, text.bytes(), message, help)
                    .severity = Severity::Note;
            }
        }
        Decision::Replace { path, provider } => {
            // A directory keeps the slash at its end.
            let mut path = path;
            if text.bytes().ends_with(b"/") && !path.ends_with(b"/") {
                path.push(b'/');
            }
            if path == text.bytes() {
                unit.kept += 1;
                return;
            }
            let store_paths = store_paths(&path, package);
            if reference.meaning == Meaning::FileInPlace && !package.store.contains(text.bytes()) {
                path.push(b':');
                path.extend_from_slice(text.bytes());
            }
            if !unit.replace(text, &path, store_paths) {
                unit.unresolved += 1;
                return;
            }
            unit.replaced += 1;
            if provider == Provider::Wrapper {
                let message = format!(
                    "the program {} needs its setuid bit",
                    text.bytes().as_bstr()
                );
                let help = format!(
                    "provide {} on the system (NixOS: security.wrappers)",
                    path.as_bstr()
                );
                unit.report(
                    &findings::SETUID_WRAPPER,
                    extent,
                    text.bytes(),
                    message,
                    help,
                );
            }
        }
        Decision::Unresolved(missing) => {
            let Some((kind, severity, message, help)) = findings::of_missing(reference, &missing)
            else {
                unit.kept += 1;
                return;
            };
            let help = helper_by_name(reference, reference_context, resolver).unwrap_or(help);
            unit.unresolved += 1;
            unit.report(kind, extent, text.bytes(), message, help)
                .severity = severity;
        }
    }
}

/// What helps against a name that udev does not find: udev(7), `PROGRAM`. It has no search path.
fn helper_by_name(
    reference: &Reference,
    reference_context: &ReferenceContext,
    resolver: &Resolver,
) -> Option<String> {
    if reference.lookup != Lookup::UdevHelpers || reference.text.bytes().contains(&b'/') {
        return None;
    }
    let mut by_name = reference.clone();
    by_name.lookup = Lookup::SearchPath;
    let path = match resolver.resolve(&by_name, reference_context) {
        Decision::Replace { path, .. } => path.as_bstr().to_string(),
        _ => "the path of the program".to_owned(),
    };
    Some(format!(
        "write {path}: udev looks for a name without a slash in lib/udev only"
    ))
}

/// What is worth knowing of a reference that is kept.
fn kept_note(reference: &Reference, kept: &Kept) -> Option<(&'static FindingKind, String, String)> {
    let text = reference.text.bytes().as_bstr();
    let runs = matches!(reference.role, Role::Program | Role::ShellCommand);
    match kept {
        Kept::MachineState if runs => Some((
            &findings::MACHINE_STATE_PROGRAM,
            format!("the program {text} is installed at run time, if at all"),
            findings::MACHINE_STATE_PROGRAM.remedy.to_owned(),
        )),
        Kept::OtherSearchPath(path) => Some((
            &findings::BARE_PROGRAM,
            format!("the program {text} is named without a path"),
            format!("write {} in its place", path.as_bstr()),
        )),
        Kept::Negated(provider) => {
            let message = match provider {
                Provider::Own(_) => format!(
                    "the condition that {text} does not exist can no longer be true: the package has it"
                ),
                _ => format!(
                    "the condition that {text} does not exist would never be true: in a store, it always does"
                ),
            };
            Some((
                &findings::NEGATED_CONDITION,
                message,
                findings::NEGATED_CONDITION.remedy.to_owned(),
            ))
        }
        Kept::Variable if findings::is_of_a_package(reference.text.literal_prefix()) => Some((
            &findings::VARIABLE_IN_PATH,
            format!("the path {text} is known only at run time"),
            findings::VARIABLE_IN_PATH.remedy.to_owned(),
        )),
        _ => None,
    }
}

/// What keeps the unit from the whole store: nothing from a store can start.
fn hidden_store(unit: &mut Unit, scan: &Scan, settings: &UnitContext, package: &Package) {
    let store = package.store.directory.as_os_str().as_bytes();
    let directory = package.store.directory.display();
    let mut report = |kind: &'static FindingKind, place: &MappedText, message: String, help| {
        let extent = place.covering_span().unwrap_or(Span::new(0, 0));
        let finding = unit.report(kind, extent, place.bytes(), message, help);
        finding.severity = Severity::Warning;
    };
    if let Some(place) = settings.forbidding(scan, store) {
        let path = place.bytes().as_bstr();
        let message = format!("NoExecPaths={path} forbids the programs and libraries of the store");
        let help = format!("add ExecPaths={directory}");
        report(&findings::EXEC_PATHS_EXCLUDE_STORE, place, message, help);
    }
    if let Some((field, place)) = settings.hiding(scan, store) {
        let path = place.bytes().as_bstr();
        let message = format!("{field}={path} hides the programs and libraries of the store");
        let help = if field == "InaccessiblePaths" {
            findings::HIDDEN_STORE.remedy.to_owned()
        } else {
            format!("add BindReadOnlyPaths={directory}")
        };
        report(&findings::HIDDEN_STORE, place, message, help);
    }
}
