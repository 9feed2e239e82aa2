//! The loader of a program is not in the store.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "interpreter-outside-store",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Elf,
        summary: "The loader of a program is not in the store",
        explanation: "A program names the dynamic loader that starts it (`PT_INTERP`). If that is \
            outside the store, as `/lib64/ld-linux-x86-64.so.2`, the program does not start \
            where that file is missing: the shell says \"no such file or directory\" of the \
            program itself. Where it exists, the program gets the libraries of another \
            system. A loader in the store that does not exist is as bad.",
        example: "bin/x: interpreter /lib64/ld-linux-x86-64.so.2",
        remedy: "build the program with the toolchain of the package set, or use autoPatchelfHook (patchelf --set-interpreter)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf() else {
        return;
    };
    let Some(interpreter) = &elf.interpreter else {
        return;
    };
    let closure = subject.inside.closure;
    let path = Path::new(OsStr::from_bytes(interpreter));
    let is_in_store = closure.known.store().store_path_of(path).is_some();
    let message = if !is_in_store {
        format!("its loader is {}, which is not in the store", interpreter.as_bstr())
    } else if closure.tree.look_up(path).is_none() {
        format!("its loader is {}, which does not exist", interpreter.as_bstr())
    } else {
        return;
    };
    let found = subject.report(reporter, interpreter.clone(), message);
    // What nobody can start may be data: a test, a program for another system.
    if !subject.file.is_executable() {
        found.severity = Severity::Warning;
    }
}
