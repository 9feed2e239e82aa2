//! What becomes of each reference of each file.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;

use bstr::ByteSlice;
use hermetic_out::resolve::{Kept, Provider, ReferenceContext};
use hermetic_out::{Decision, FindingKind, Package, Resolver, Severity};
use hermetic_out_formats::unit::context::UnitContext;
use hermetic_out_formats::{Declaration, ProblemKind, Reference, Role, Scan, Span};

use crate::unit::{Unit, store_paths};
use crate::{findings, login, search_path};

/// Decides about every reference of every file, anew.
pub(crate) fn decide_all(units: &mut [Unit], package: &Package, resolver: &Resolver) {
    let settings = settings(units);
    for unit in units {
        let Some(settings) = settings.get(&unit.key()) else {
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
            } else {
                decide(unit, reference, &reference_context, package, resolver);
            }
        }
        for fact in &scan.declarations {
            if let Declaration::Getty { insert_at, .. } = fact {
                login::add_program(unit, *insert_at, &reference_context, package, resolver);
            }
        }
        exec_paths(unit, &scan, settings, package);
        unit.scan = scan;
    }
}

/// The settings by unit: whether it is a user's, and its name. Other files stand for themselves.
fn settings(units: &[Unit]) -> BTreeMap<Vec<u8>, UnitContext> {
    let mut all: BTreeMap<Vec<u8>, UnitContext> = BTreeMap::new();
    for unit in units {
        let settings = all.entry(unit.key()).or_default();
        settings.add(&unit.file.sub_path, &unit.scan);
    }
    all
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
                unit.report(kind, extent, text.bytes(), message, help);
            }
        }
        Decision::Replace { path, .. } if reference.role == Role::PrefixedProgram => {
            unit.kept += 1;
            let message = format!(
                "the program {} is named without a path",
                text.bytes().as_bstr()
            );
            let help = format!("write {} in its place", path.as_bstr());
            unit.report(&findings::BARE_PROGRAM, extent, text.bytes(), message, help)
                .severity = Severity::Note;
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
            unit.unresolved += 1;
            unit.report(kind, extent, text.bytes(), message, help)
                .severity = severity;
        }
    }
}

/// What is worth knowing of a reference that is kept.
fn kept_note(
    reference: &Reference,
    kept: &Kept,
) -> Option<(&'static FindingKind, String, &'static str)> {
    let text = reference.text.bytes().as_bstr();
    let runs = matches!(reference.role, Role::Program | Role::ShellCommand);
    match kept {
        Kept::MachineState if runs => Some((
            &findings::MACHINE_STATE_PROGRAM,
            format!("the program {text} is installed at run time, if at all"),
            findings::MACHINE_STATE_PROGRAM.remedy,
        )),
        Kept::Variable if findings::is_of_a_package(reference.text.literal_prefix()) => Some((
            &findings::VARIABLE_IN_PATH,
            format!("the path {text} is known only at run time"),
            findings::VARIABLE_IN_PATH.remedy,
        )),
        _ => None,
    }
}

/// `NoExecPaths=/` with an `ExecPaths=` that leaves the store out: nothing from a store can start.
fn exec_paths(unit: &mut Unit, scan: &Scan, settings: &UnitContext, package: &Package) {
    let store = package.store.directory.as_os_str().as_bytes();
    if let Some(place) = settings.forbidding(scan, store) {
        let extent = place.covering_span().unwrap_or(Span::new(0, 0));
        unit.report(
            &findings::EXEC_PATHS_EXCLUDE_STORE,
            extent,
            b"/",
            "NoExecPaths=/ forbids the programs and libraries of the store",
            format!("add ExecPaths={}", package.store.directory.display()),
        )
        .severity = Severity::Warning;
    }
}
