//! What holds for every scanner on any bytes. The property tests, the mutation loop and the fuzz
//! targets all call [`check`].

pub mod elf;
pub mod grammar;
pub mod pkg_config;
pub mod whole_text;

use std::fmt;

use hermetic_out_formats::{Encoding, FileKind, Reference, Role, Span, is_launcher, scan};

/// How the bytes that a target gets become a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// They are the file.
    File(FileKind),
    /// They are an ELF file.
    Elf,
    /// They are a script that a unit hands to `sh -c`.
    Script,
    /// They are a script of its own.
    WholeScript,
    /// They are configuration of any syntax.
    Configuration,
}

impl Input {
    /// Pieces of which such files are made.
    pub fn pieces(self) -> &'static [&'static [u8]] {
        match self {
            Self::File(kind) => kind.pieces(),
            Self::Elf => elf::PIECES,
            Self::WholeScript => whole_text::SCRIPTS,
            Self::Configuration => whole_text::CONFIGURATION,
            Self::Script => &[b"; ", b" && ", b"if /usr/bin/x; then ", b"; fi", b"\n"],
        }
    }
}

/// The inputs that are no file of a kind, by name.
const OTHER_INPUTS: &[(&str, Input)] = &[
    ("configuration", Input::Configuration),
    ("elf", Input::Elf),
    ("script", Input::WholeScript),
    ("shell", Input::Script),
];

/// Every input, by name: the kinds of files, and what else is read.
pub fn inputs() -> impl Iterator<Item = (&'static str, Input)> {
    let kinds = FileKind::ALL.iter();
    kinds
        .map(|kind| (kind.name(), Input::File(*kind)))
        .chain(OTHER_INPUTS.iter().copied())
}

/// Checks all that holds for this input.
pub fn check_input(input: Input, bytes: &[u8]) {
    match input {
        Input::File(kind) => check(kind, bytes),
        Input::Elf => elf::check(bytes),
        Input::WholeScript => whole_text::check_script(bytes),
        Input::Configuration => whole_text::check_configuration(bytes),
        Input::Script => {
            if let Some(unit) = unit_with_script(bytes) {
                check(FileKind::Unit, &unit);
            }
        }
    }
}

/// A unit that hands `script` to a shell; `None` if it holds a NUL byte, which no unit can.
pub fn unit_with_script(script: &[u8]) -> Option<Vec<u8>> {
    let word = [
        Encoding::Dollar,
        Encoding::Specifier,
        Encoding::UnitWord(hermetic_out_formats::Quote::Double),
    ];
    let encoded = word.iter().try_fold(script.to_vec(), |text, encoding| {
        encoding.encode(&text).ok()
    })?;
    Some([b"[Service]\nExecStart=/bin/sh -c \"", &encoded[..], b"\"\n"].concat())
}

/// A reference as far as it can be compared.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    role: Role,
    field: String,
    bytes: Vec<u8>,
    extent: Option<Span>,
    literal: bool,
}

impl fmt::Debug for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            field,
            bytes,
            extent,
            literal,
        } = self;
        let (bytes, known) = (
            bytes.escape_ascii(),
            if *literal { "" } else { ", not literal" },
        );
        write!(
            formatter,
            "{role:?} in {field}: {bytes} at {extent:?}{known}"
        )
    }
}

impl Seen {
    fn new(reference: &Reference) -> Self {
        let literal = reference.text.is_literal();
        Self {
            role: reference.role,
            field: reference.field.to_string(),
            // Of a command substitution, its extent is enough: others stand within it.
            bytes: if literal {
                reference.text.bytes().to_vec()
            } else {
                Vec::new()
            },
            extent: reference.text.covering_span(),
            literal,
        }
    }
}

/// References replaced in one file, at most: a long file would take quadratic time.
const MAX_REPLACED: usize = 4;

/// Checks all that holds for a file of this kind:
///
/// - scanning ends, without a panic;
/// - every reference and problem lies inside the file, and no two that can be replaced overlap;
/// - what stands at a reference, written back as it is or as another path, is read again as just
///   that, and changes no other reference.
pub fn check(kind: FileKind, file: &[u8]) {
    if kind == FileKind::PkgConfig {
        pkg_config::check(file);
    }
    let references = scan(kind, file).references;
    check_places(kind, file, &references);
    let seed = hash(file);
    let literal: Vec<usize> = (0..references.len())
        .filter(|index| references[*index].text.is_literal())
        .collect();
    for step in 0..literal.len().min(MAX_REPLACED) {
        let index = literal[(seed as usize + step) % literal.len()];
        let reference = &references[index];
        let around = around(file, reference);
        // Only paths are ever written.
        if reference.text.bytes().starts_with(b"/") {
            check_replacement(kind, file, &references, index, reference.text.bytes());
        }
        if let Some(path) = replacement(reference, around, seed.wrapping_add(step as u64)) {
            check_replacement(kind, file, &references, index, &path);
        }
    }
}

/// The bytes before and after a reference.
fn around<'a>(file: &'a [u8], reference: &Reference) -> (&'a [u8], &'a [u8]) {
    let extent = reference.text.covering_span().expect("text has an extent");
    (&file[..extent.start], &file[extent.end..])
}

fn check_places(kind: FileKind, file: &[u8], references: &[Reference]) {
    let mut last: Option<Span> = None;
    for reference in references {
        let text = &reference.text;
        assert!(!text.is_empty(), "{kind:?}: an empty reference");
        let extent = text.covering_span().expect("text has an extent");
        assert!(
            extent.start <= extent.end && extent.end <= file.len(),
            "{kind:?}: {extent:?} lies outside the file: {reference:?}"
        );
        let Some(span) = text.editable_span() else {
            continue;
        };
        assert_eq!(span, extent, "{kind:?}: {reference:?}");
        // A command substitution may name others within it; it is never replaced itself.
        if !text.is_literal() {
            continue;
        }
        if let Some(last) = last {
            assert!(
                last.end <= span.start,
                "{kind:?}: {last:?} and {span:?} overlap"
            );
        }
        last = Some(span);
    }
    for problem in &scan(kind, file).problems {
        let span = problem.span;
        assert!(
            span.start <= span.end && span.end <= file.len(),
            "{kind:?}: {problem:?} lies outside the file"
        );
    }
}

/// Writes `path` in place of a reference and reads the file again.
fn check_replacement(
    kind: FileKind,
    file: &[u8],
    references: &[Reference],
    index: usize,
    path: &[u8],
) {
    let text = &references[index].text;
    let (Some(span), Ok(encoded)) = (text.editable_span(), text.encode(path)) else {
        return;
    };
    let new_file = [&file[..span.start], &encoded, &file[span.end..]].concat();
    let new_scan = scan(kind, &new_file);
    let found: Vec<Seen> = new_scan.references.iter().map(Seen::new).collect();
    let moved = |at: usize| {
        if at >= span.end {
            at - span.len() + encoded.len()
        } else {
            at
        }
    };
    let expected = references.iter().enumerate().map(|(other, reference)| {
        let mut seen = Seen::new(reference);
        if other == index {
            seen.bytes = path.to_vec();
            seen.extent = Some(Span::new(span.start, span.start + encoded.len()));
        } else {
            let moved = |span: Span| Span::new(moved(span.start), moved(span.end));
            seen.extent = seen.extent.map(moved);
        }
        seen
    });
    let expected: Vec<Seen> = expected.collect();
    if found != expected {
        let missing = expected.iter().find(|seen| !found.contains(seen));
        let surplus = found.iter().find(|seen| !expected.contains(seen));
        panic!(
            "{kind:?}: {} in place of {}\nbefore:  {}\nafter:   {}\nmissing: {missing:?}\nsurplus: \
             {surplus:?}",
            path.escape_ascii(),
            text.bytes().escape_ascii(),
            file.escape_ascii(),
            new_file.escape_ascii(),
        );
    }
}

/// Components of the paths that are written.
const COMPONENTS: &[&[u8]] = &[
    b"bin",
    b"lib64",
    b"50%",
    b"%i",
    b"%%",
    b"$HOME",
    b"$$",
    b"a$",
    "\u{e4}\u{df}\u{1f427}".as_bytes(),
    b"+~^@",
    b"-x",
    b".hidden",
    // From here on, what ends a path that stands within a word.
    b"${X}",
    b"a b",
    b" a",
    b"a ",
    b"it's",
    b"\"q\"",
    b"\"",
    b"back\\slash",
    b"back\\",
    b"\\n\\x20",
    b"semi;colon",
    b"a,b",
    b"#x",
    b"!x",
    b"*?[a]{b}",
    b"(x)",
    b"a&b|c<d>e",
    b"`x`",
    b"tab\tx",
    b"tab\t",
    b"line\nend",
    b"line\n",
    b"cr\rx",
    b"\xff\xfe",
    b"\xe2\x82",
];
const PLAIN_COMPONENTS: usize = 12;

/// A path to be written in place of `reference`, which stands between two texts; `None` if a path there would mean
/// something else.
fn replacement(
    reference: &Reference,
    (before, after): (&[u8], &[u8]),
    seed: u64,
) -> Option<Vec<u8>> {
    let text = reference.text.bytes();
    // Glued to an option, another path can make other options of its letters.
    if before.last().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let name = text.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let components = match (reference.role, &*reference.field) {
        // Its path has another role.
        (Role::PrefixedProgram, _) => return None,
        // They end at the first byte that no plain name has.
        (Role::Argument | Role::SearchPathEntry, _) => &COMPONENTS[..PLAIN_COMPONENTS],
        // Within a shell's `[ … ]` as well; elsewhere, they are whole values.
        (Role::Condition, field) if !is_condition(field) => &COMPONENTS[..PLAIN_COMPONENTS],
        // `TEST` and `IMPORT{file}` take no globs.
        (Role::Condition | Role::File, "TEST" | "IMPORT") => &COMPONENTS[..PLAIN_COMPONENTS],
        _ => COMPONENTS,
    };
    let mut state = seed | 1;
    let mut next = |bound: usize| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    let mut path = b"/nix/store/h-x".to_vec();
    for _ in 0..=next(3) {
        path.push(b'/');
        path.extend_from_slice(components[next(components.len())]);
    }
    let runs = matches!(reference.role, Role::Program | Role::ShellCommand);
    // Some names tell what the words after them mean; before `:/`, one may be the scheme of a URL.
    let tells = is_launcher(name) || name == b"agetty" || after.starts_with(b":");
    if tells || runs && next(2) == 0 {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    Some(path)
}

/// Whether a condition of this field is a value of its own.
fn is_condition(field: &str) -> bool {
    [
        "Condition",
        "Assert",
        "Path",
        "Directory",
        "TryExec",
        "TEST",
    ]
    .iter()
    .any(|start| field.starts_with(start))
}

/// FNV-1a
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
