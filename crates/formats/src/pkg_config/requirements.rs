//! The modules that a `.pc` file asks for: `Requires:` and similar fields (`pc(5)`;
//! `parse_module_list()` of pkg-config's `parse.c`).

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Piece, PkgConfig, Statement, StatementKind, Variables, is_space};
use crate::mapped_text::MappedText;

/// The modules that a field of a file asks for.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The field, as it is written: `Requires.private`.
    pub field: Vec<u8>,
    /// The modules' names.
    pub modules: Vec<Vec<u8>>,
    /// The field's value.
    pub text: MappedText,
}

/// The fields that name modules, in lower case.
const FIELDS: &[&[u8]] = &[b"requires", b"requires.internal", b"requires.private"];

/// The variables that a reader has without any line that defines them: `pcfiledir`, and what the
/// caller of pkg-config sets.
pub const GIVEN_VARIABLES: &[&[u8]] = &[b"pc_sysrootdir", b"pc_top_builddir", b"pcfiledir"];

/// A variable that is used and never defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undefined {
    /// Its name.
    pub name: Vec<u8>,
    /// The statement that uses it, by its position.
    pub statement: usize,
    /// Where `${name}` stands in the statement's value.
    pub range: Range<usize>,
    /// Whether it is defined further down, where it is too late: a value is worked out when it is
    /// read.
    pub is_late: bool,
}

impl PkgConfig {
    /// The modules that the file asks for. Names that hold a variable of unknown value are left out.
    #[must_use]
    pub fn requirements(&self) -> Vec<Requirement> {
        let mut variables = Variables::default();
        let mut found = Vec::new();
        for statement in &self.statements {
            variables.read(statement);
            let is_list = FIELDS.contains(&&*statement.name.to_ascii_lowercase());
            if statement.kind != StatementKind::Field || !is_list {
                continue;
            }
            let value = statement.value.expand(|name| variables.get(name));
            let value = value.unwrap_or_default();
            found.push(Requirement {
                field: statement.name.clone(),
                modules: modules(&value).into_iter().map(<[u8]>::to_vec).collect(),
                text: statement.value.text.clone(),
            });
        }
        found
    }

    /// The variables that are used where they are not defined, each place once.
    #[must_use]
    pub fn undefined_variables(&self) -> Vec<Undefined> {
        let is_variable = |statement: &&Statement| statement.kind == StatementKind::Variable;
        let variables = self.statements.iter().filter(is_variable);
        let all: BTreeSet<&[u8]> = variables.map(|statement| &*statement.name).collect();
        let mut defined: BTreeSet<&[u8]> = GIVEN_VARIABLES.iter().copied().collect();
        let mut found = Vec::new();
        for (index, statement) in self.statements.iter().enumerate() {
            let value = &statement.value;
            for piece in &value.pieces {
                if let Piece::Variable { range, name } = piece
                    && !defined.contains(value.bytes(name.clone()))
                {
                    let name = value.bytes(name.clone());
                    found.push(Undefined {
                        name: name.to_vec(),
                        statement: index,
                        range: range.clone(),
                        is_late: all.contains(name),
                    });
                }
            }
            if statement.kind == StatementKind::Variable {
                defined.insert(&statement.name);
            }
        }
        found
    }
}

/// The names in a list of modules: `a, b >= 1.2 c`.
fn modules(list: &[u8]) -> Vec<&[u8]> {
    let is_operator = |byte: u8| b"<>=!".contains(&byte);
    let mut names = Vec::new();
    let mut rest = list;
    loop {
        let separates = |byte: &&u8| is_space(**byte) || **byte == b',';
        let skipped = rest.iter().take_while(separates).count();
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return names;
        }
        let ends = |byte: &u8| is_space(*byte) || *byte == b',' || is_operator(*byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        if !name.is_empty() {
            names.push(name);
        }
        rest = without_version(after);
    }
}

/// What follows an operator and a version, if they stand at the start of `text`.
fn without_version(text: &[u8]) -> &[u8] {
    let after =
        |text: &'_ [u8], of: fn(u8) -> bool| text.iter().take_while(|byte| of(**byte)).count();
    let blanks = after(text, is_space);
    let operator = after(&text[blanks..], |byte| b"<>=!".contains(&byte));
    if operator == 0 {
        return text;
    }
    let mut at = blanks + operator;
    at += after(&text[at..], is_space);
    at += after(&text[at..], |byte| !is_space(byte) && byte != b',');
    &text[at..]
}

#[cfg(test)]
mod tests {
    use super::super::scan;

    #[test]
    fn modules_that_are_asked_for() {
        for (line, expected) in [
            ("Requires: a", &["a"][..]),
            ("Requires: a, b c", &["a", "b", "c"]),
            ("Requires: a >= 1.2, b<2 c = 3.4 d", &["a", "b", "c", "d"]),
            ("Requires.private:a>=1,b", &["a", "b"]),
            ("requires: a", &["a"]),
            ("v=1.2\nRequires: glib-${v} >= ${v}", &["glib-1.2"]),
            ("Requires: a-${unknown} b", &[]),
            ("Requires:", &[]),
            ("Requires: , >= 1", &[]),
            ("Conflicts: a", &[]),
            ("Requires=a", &[]),
        ] {
            let requirements = scan(line.as_bytes()).requirements();
            let modules: Vec<_> = requirements
                .iter()
                .flat_map(|found| &found.modules)
                .map(|module| String::from_utf8_lossy(module))
                .collect();
            assert_eq!(modules, expected, "{line}");
        }
    }

    #[test]
    fn variables_that_are_not_defined() {
        for (file, expected) in [
            ("a=${b}\nb=1\nc=${d}\n", &[("b", true), ("d", false)][..]),
            ("a=1\nb=${a}\nc=${pcfiledir} ${pc_sysrootdir}\n", &[]),
            ("Libs: -L${libdir}\n", &[("libdir", false)]),
        ] {
            let found = scan(file.as_bytes()).undefined_variables();
            let names: Vec<_> = found
                .iter()
                .map(|found| (&*found.name, found.is_late))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, is_late)| (name.as_bytes(), *is_late))
                .collect();
            assert_eq!(names, expected, "{file}");
            for undefined in found {
                let value = &scan(file.as_bytes()).statements[undefined.statement].value;
                let text = value.bytes(undefined.range);
                assert_eq!(text, [b"${", &*undefined.name, b"}"].concat(), "{file}");
            }
        }
    }
}
