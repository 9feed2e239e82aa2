//! What a `.pc` file declares, as facts: its variables, the modules it asks for, the paths in it.

use super::{StatementKind, Variables, is_search_path, path_words, scan};
use crate::reference::{Declaration, ProblemKind, Scan};

/// The facts of a `.pc` file. Its paths are put together of variables, so that no text in it is a
/// reference by itself.
#[must_use]
pub(crate) fn facts(file: &[u8]) -> Scan {
    let found = scan(file);
    let mut facts = Scan::default();
    let mut variables = Variables::default();
    // Where the file is, is not known here.
    variables.set(b"pcfiledir", None);
    let is_path = |statement: &super::Statement| {
        statement.kind == StatementKind::Variable || statement.is_flags()
    };
    for statement in &found.statements {
        let value = &statement.value;
        let in_search_path = statement.kind == StatementKind::Variable && is_search_path(value);
        for word in path_words(value).iter().filter(|_| is_path(statement)) {
            let path = value.expand_range(word.range.clone(), |name| variables.get(name));
            let text = value.text.slice(word.range.clone());
            if let Some(path) = path.filter(|path| path.starts_with(b"/")) {
                let name = statement.name.clone();
                facts.declarations.push(Declaration::PkgConfigPath {
                    name,
                    path,
                    text,
                    in_search_path,
                });
            }
        }
        variables.read(statement);
        if statement.kind == StatementKind::Variable {
            facts.declarations.push(Declaration::PkgConfigVariable {
                name: statement.name.clone(),
                value: variables.get(&statement.name).map(<[u8]>::to_vec),
                text: value.text.clone(),
            });
        }
    }
    for requirement in found.requirements() {
        facts.declarations.push(Declaration::PkgConfigRequires {
            field: requirement.field,
            modules: requirement.modules,
            text: requirement.text,
        });
    }
    for undefined in found.undefined_variables() {
        if let Some(statement) = found.statements.get(undefined.statement) {
            facts.declarations.push(Declaration::PkgConfigUndefined {
                name: undefined.name,
                is_late: undefined.is_late,
                text: statement.value.text.slice(undefined.range),
            });
        }
    }
    for problem in found.problems {
        // What readers do not understand, they skip.
        if problem.kind != ProblemKind::BadLine {
            facts.problems.push(problem);
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_paths_and_requirements() {
        let file =
            b"prefix=/usr\nlibdir=${prefix}/lib\nRequires: a >= 1\nLibs: -L${libdir} -lx ${no}\n\
            Description: /not/a/path\n";
        let facts = facts(file).declarations;
        let shown: Vec<String> = facts
            .iter()
            .map(|fact| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                match fact {
                    Declaration::PkgConfigVariable { name, value, .. } => {
                        format!("{}={}", text(name), text(value.as_deref().unwrap_or(b"?")))
                    }
                    Declaration::PkgConfigPath { name, path, .. } => {
                        format!("{} has {}", text(name), text(path))
                    }
                    Declaration::PkgConfigRequires { modules, .. } => {
                        format!("needs {}", text(&modules.join(&b' ')))
                    }
                    Declaration::PkgConfigUndefined { name, .. } => format!("no {}", text(name)),
                    _ => String::new(),
                }
            })
            .collect();
        let expected = [
            "prefix has /usr",
            "prefix=/usr",
            "libdir has /usr/lib",
            "libdir=/usr/lib",
            "Libs has /usr/lib",
            "needs a",
            "no no",
        ];
        assert_eq!(shown, expected);
    }
}
