//! The login program of a getty.

use hermetic_out::resolve::ReferenceContext;
use hermetic_out::{Decision, Edit, Package, Resolver};
use hermetic_out_formats::{Encoding, MappedText, Quote, Reference, Role, Span};

use crate::findings;
use crate::unit::{PlannedEdit, Unit, store_paths};

/// agetty's compiled-in login program is `/bin/login`: agetty(8).
const LOGIN_PROGRAM: &[u8] = b"/bin/login";

/// Gives a getty the option that names its login program, if one is known.
pub(crate) fn add_program(
    unit: &mut Unit,
    insert_at: usize,
    reference_context: &ReferenceContext,
    package: &Package,
    resolver: &Resolver,
) {
    let place = Span::new(insert_at, insert_at);
    let login = Reference {
        optional: true,
        inside_root: true,
        ..Reference::new(
            Role::Program,
            "ExecStart",
            MappedText::of_file(LOGIN_PROGRAM, Span::new(0, LOGIN_PROGRAM.len())),
        )
    };
    let path = match resolver.resolve(&login, reference_context) {
        Decision::Replace { path, .. } => path,
        Decision::Keep(_) => return,
        Decision::Unresolved(_) => {
            let line = Span::new(insert_at.saturating_sub(1), insert_at);
            unit.report(
                &findings::LOGIN_PROGRAM_COMPILED_IN,
                line,
                LOGIN_PROGRAM,
                "the getty runs the /bin/login that is compiled into it",
                findings::LOGIN_PROGRAM_COMPILED_IN.remedy,
            );
            return;
        }
    };
    let encode = |text: &[u8]| {
        let text = Encoding::Specifier.encode(text)?;
        Encoding::UnitWord(Quote::Bare).encode(&text)
    };
    let Ok(encoded) = encode(&path) else { return };
    unit.replaced += 1;
    unit.edits.push(PlannedEdit {
        edit: Edit {
            span: place,
            text: [b" --login-program ", encoded.as_slice()].concat(),
        },
        span: place,
        subject: LOGIN_PROGRAM.to_vec(),
        store_paths: store_paths(&path, package),
    });
}
