//! The variables of a file that name outputs: what every other path is written through.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out_formats::pkg_config::{PREFIX, PkgConfig, Variables};

use super::places::Places;

/// The variables that stand for outputs while a file is rewritten.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// What `prefix` says, if that lies in an own output.
    prefix: Option<Vec<u8>>,
    /// By output: the other variable that names it.
    others: BTreeMap<usize, Vec<u8>>,
    /// Those of `others` that the file does not have yet, by output.
    new: BTreeMap<usize, Vec<u8>>,
}

impl Roots {
    /// With a `prefix` that says `path`, or without one.
    pub(crate) fn new(prefix: Option<Vec<u8>>) -> Self {
        Self {
            prefix,
            ..Self::default()
        }
    }

    /// Whether `path` can be written through a variable that is there.
    pub(crate) fn has(&self, output: usize, path: &[u8]) -> bool {
        self.below_prefix(path).is_some() || self.others.contains_key(&output)
    }

    /// From now on the variable `name` stands for an output.
    pub(crate) fn add(&mut self, output: usize, name: &[u8]) {
        self.others.insert(output, name.to_vec());
    }

    /// `path`, which lies in `output`, through the variable that stands for it; a new one if there is
    /// none. The new variable gets its value in `variables`.
    pub(crate) fn write(
        &mut self,
        output: usize,
        path: &[u8],
        file: &PkgConfig,
        places: &Places<'_>,
        variables: &mut Variables,
    ) -> Vec<u8> {
        if let Some(rest) = self.below_prefix(path) {
            return [b"${prefix}", rest].concat();
        }
        let rest = path.strip_prefix(places.output(output)).unwrap_or(path);
        let name = self.others.entry(output).or_insert_with(|| {
            let name = new_name(places.name(output), file);
            variables.set(&name, Some(places.output(output).to_vec()));
            self.new.insert(output, name.clone());
            name
        });
        [b"${", name.as_slice(), b"}", rest].concat()
    }

    fn below_prefix<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.prefix.as_deref()?)?;
        (rest.is_empty() || rest.starts_with(b"/")).then_some(rest)
    }

    /// The definitions that the file lacks, each with `line_end`.
    pub(crate) fn definitions(&self, places: &Places<'_>, line_end: &[u8]) -> Vec<u8> {
        let lines = self.new.iter().map(|(output, name)| {
            [name.as_slice(), b"=", places.output(*output), line_end].concat()
        });
        lines.collect::<Vec<_>>().concat()
    }
}

/// A name for the variable that stands for an output, which the file does not use.
fn new_name(output: &str, file: &PkgConfig) -> Vec<u8> {
    let plain = output.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'_',
    });
    let first = [&plain.collect::<Vec<u8>>()[..], PREFIX].concat();
    let is_used = |name: &[u8]| {
        let mut statements = file.statements.iter();
        statements.any(|one| one.defines(name) || one.value.variables().any(|used| used == name))
    };
    let mut name = first.clone();
    let mut number = 2;
    while is_used(&name) {
        name = format!("{}{number}", first.as_bstr()).into_bytes();
        number += 1;
    }
    name
}
