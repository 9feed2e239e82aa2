//! polkit actions: `polkit(8)`. The annotation `org.freedesktop.policykit.exec.path` names the
//! program that `pkexec(1)` runs for the action, `org.freedesktop.policykit.exec.argv1` its first argument
//! (the script of an interpreter), `org.freedesktop.policykit.imply` other actions that are allowed with it.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines::is_blank;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Declaration, ProblemKind, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &["polkit-1/actions"],
    files: Files::Ending(&[".policy"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"<policyconfig>",
        b"</policyconfig>",
        b"<action id=\"x\">",
        b"</action>",
        b"<annotate key=\"org.freedesktop.policykit.exec.path\">",
        b"<annotate key='org.freedesktop.policykit.exec.path'>/usr/bin/x</annotate>",
        b"<annotate key='org.freedesktop.policykit.exec.argv1'>/usr/lib/x/x</annotate>",
        b"</annotate>",
        b"<annotate/>",
        b"<?xml version=\"1.0\"?>",
    ],
};

const KEY: &str = "org.freedesktop.policykit.exec.path";
const FIRST_ARGUMENT: &str = "org.freedesktop.policykit.exec.argv1";
const IMPLY: &str = "org.freedesktop.policykit.imply";

/// Finds the actions that a file declares, the programs that they are for, and the actions that they
/// imply. Of a file that is not well-formed, which polkit does not load, only that is reported.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut found = Scan::default();
    if let Err(at) = read(file, &mut found) {
        let at = at.min(file.len());
        found = Scan::default();
        found.problem(ProblemKind::BadXml, Span::new(at, file.len().min(at + 1)));
    }
    found
}

/// An element whose text counts.
enum Wanted {
    /// The annotation of a program.
    Program,
    /// The annotation of its first argument.
    Argument,
    /// The annotation of other actions.
    Imply,
    /// `<allow_active>`, `<allow_inactive>` or `<allow_any>`.
    Answer(Vec<u8>),
}

/// An action that is being read.
struct Action {
    id: MappedText,
    answers: Vec<Vec<u8>>,
}

/// Reads a file; fails with the position from which it makes no sense.
fn read(file: &[u8], found: &mut Scan) -> Result<(), usize> {
    let file_text = std::str::from_utf8(file).map_err(|error| error.valid_up_to())?;
    // The parser would leave a byte order mark out of its positions.
    let (start, file_text) = match file_text.strip_prefix('\u{feff}') {
        Some(rest) => (file.len() - rest.len(), rest),
        None => (0, file_text),
    };
    let position = |offset| start.saturating_add(usize::try_from(offset).unwrap_or(usize::MAX));
    let mut reader = Reader::from_str(file_text);
    let mut wanted: Option<(Wanted, MappedText)> = None;
    let mut action: Option<Action> = None;
    let mut depth = 0_usize;
    let mut at = position(reader.buffer_position());
    loop {
        let event = reader
            .read_event()
            .map_err(|_| position(reader.error_position()))?;
        let span = Span::new(at, position(reader.buffer_position()));
        at = span.end;
        match event {
            Event::Start(element) => {
                depth += 1;
                let read = read_element(&element).ok_or(span.start)?;
                if let Some(id) = read.id {
                    let mut text = MappedText::new();
                    let element = MappedText::of_file(file, span);
                    text.push_decoded(id.as_bytes(), &element, 0..element.len(), None);
                    let answers = Vec::new();
                    action = Some(Action { id: text, answers });
                }
                wanted = read.wanted.map(|wanted| (wanted, MappedText::new()));
            }
            Event::Empty(element) => {
                read_element(&element).ok_or(span.start)?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                if let Some((wanted, text)) = wanted.take() {
                    take(found, action.as_mut(), wanted, &text.trim());
                }
                if element.name().as_ref() == "action"
                    && let Some(mut action) = action.take()
                {
                    action.answers.sort();
                    found.declarations.push(Declaration::PolkitAction {
                        id: action.id,
                        answers: action.answers.join(&b' '),
                    });
                }
            }
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(file.len()),
            event => {
                if let Some((_, text)) = &mut wanted {
                    push(text, file, span, &event);
                }
            }
        }
    }
}

/// Takes in the text of an element.
fn take(found: &mut Scan, action: Option<&mut Action>, wanted: Wanted, text: &MappedText) {
    if text.is_empty() {
        return;
    }
    match (wanted, action) {
        (Wanted::Program, _) => {
            let program = Reference::new(Role::Program, KEY, text.clone());
            found.references.push(program);
        }
        (Wanted::Argument, _) => {
            if text.bytes().starts_with(b"/") {
                let script = Reference::new(Role::Argument, FIRST_ARGUMENT, text.clone());
                found.references.push(script);
            }
        }
        (Wanted::Imply, _) => {
            let bytes = text.bytes();
            let ends = |byte: &u8| is_blank(*byte) || matches!(byte, b'\n' | b'\r');
            let mut at = 0;
            for word in bytes.split(ends) {
                let id = text.slice(at..at + word.len());
                at += word.len() + 1;
                if !id.is_empty() {
                    let field = "imply".into();
                    found
                        .declarations
                        .push(Declaration::NamesPolkitAction { field, id });
                }
            }
        }
        (Wanted::Answer(name), Some(action)) => {
            let answer = [&name, &b"="[..], text.bytes()].concat();
            action.answers.push(answer);
        }
        (Wanted::Answer(_), None) => {}
    }
}

/// What an element is.
struct Element {
    /// The name of the action that it begins.
    id: Option<String>,
    wanted: Option<Wanted>,
}

/// Reads an element; nothing if its attributes are not well-formed.
fn read_element(element: &BytesStart<'_>) -> Option<Element> {
    let (mut key, mut id) = (String::new(), None);
    // Its check for duplicates would take quadratic time.
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        match attribute.key.as_ref() {
            "key" => key = value.into_owned(),
            "id" => id = Some(value.into_owned()),
            _ => {}
        }
    }
    let name = element.name();
    let wanted = match name.as_ref() {
        "annotate" if key == KEY => Some(Wanted::Program),
        "annotate" if key == FIRST_ARGUMENT => Some(Wanted::Argument),
        "annotate" if key == IMPLY => Some(Wanted::Imply),
        answer @ ("allow_active" | "allow_any" | "allow_inactive") => {
            Some(Wanted::Answer(answer.as_bytes().to_vec()))
        }
        _ => None,
    };
    Some(Element {
        id: id.filter(|_| name.as_ref() == "action"),
        wanted,
    })
}

/// Appends what an event inside such an element stands for; a comment stands for nothing.
fn push(program: &mut MappedText, file: &[u8], span: Span, event: &Event<'_>) {
    let outer = MappedText::of_file(file, span);
    let whole = 0..outer.len();
    let encoding = Some(Encoding::XmlText);
    match event {
        Event::Text(_) => program.push(&outer, whole, encoding),
        Event::CData(data) => program.push_decoded(data.as_bytes(), &outer, whole, encoding),
        Event::GeneralRef(entity) => match character(entity) {
            Some(text) => program.push_decoded(text.as_bytes(), &outer, whole, encoding),
            // An entity that the document defines itself.
            None => program.push_opaque(&outer, whole, encoding),
        },
        _ => {}
    }
}

fn character(entity: &BytesRef<'_>) -> Option<String> {
    match entity.resolve_char_ref().ok()? {
        Some(char) => Some(char.to_string()),
        None => resolve_xml_entity(entity).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(annotation: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE policyconfig PUBLIC \"-//x\" \"http://x/\">\n\
             <policyconfig><action id=\"a\"><message>m</message>\n{annotation}\n</action>\
             </policyconfig>\n"
        )
    }

    fn annotate(text: &str) -> String {
        policy(&format!("<annotate key=\"{KEY}\">{text}</annotate>"))
    }

    #[test]
    fn programs_and_where_they_stand() {
        for (written, expected) in [
            ("/usr/bin/x", "/usr/bin/x"),
            ("/opt/a&amp;b&#47;x&#x2f;y", "/opt/a&b/x/y"),
            ("<![CDATA[/opt/<a>]]>", "/opt/<a>"),
        ] {
            let file = annotate(written);
            let scan = scan(file.as_bytes());
            let text = &scan.references[0].text;
            assert_eq!(text.bytes(), expected.as_bytes(), "{written}");
            let place = text.editable_span().expect("it stands in one piece");
            assert_eq!(place.of(file.as_bytes()), written.as_bytes());
            assert_eq!(text.encode(b"/a&b").as_deref(), Ok(&b"/a&amp;b"[..]));
        }
        let file = annotate("\n  /usr/bin/x<!-- y -->\n");
        let scan = scan(file.as_bytes());
        assert_eq!(scan.references[0].text.bytes(), b"/usr/bin/x");
        assert!(scan.references[0].text.editable_span().is_some());
    }

    #[test]
    fn what_only_looks_like_one() {
        for annotation in [
            "<annotate key=\"org.x\">/usr/bin/x</annotate>".to_owned(),
            format!("<!-- <annotate key=\"{KEY}\">/usr/bin/x</annotate> -->"),
            format!("<![CDATA[<annotate key=\"{KEY}\">/usr/bin/x</annotate>]]>"),
            format!("<other key=\"{KEY}\">/usr/bin/x</other>"),
            format!("<annotate key=\"{KEY}\"/>"),
            format!("<annotate key=\"{KEY}\"> </annotate>"),
        ] {
            let scan = scan(policy(&annotation).as_bytes());
            assert!(scan.references.is_empty(), "{annotation}");
            assert!(scan.problems.is_empty(), "{annotation}");
        }
    }

    #[test]
    fn actions_and_what_they_imply() {
        let file = "<policyconfig><action id=\"org.a&amp;b\"><defaults><allow_any>no</allow_any>\
            <allow_active> yes\n</allow_active></defaults>\
            <annotate key=\"org.freedesktop.policykit.imply\">\n org.x  org.y</annotate></action>\
            <action id='org.c'/><action id='org.d'></action></policyconfig>";
        let mut named = Vec::new();
        let mut declared = Vec::new();
        for fact in scan(file.as_bytes()).declarations {
            match fact {
                Declaration::NamesPolkitAction { id, .. } => {
                    let span = id.editable_span().expect("it stands in one piece");
                    assert_eq!(span.of(file.as_bytes()), id.bytes());
                    named.push(id.bytes().to_vec());
                }
                Declaration::PolkitAction { id, answers } => {
                    declared.push((id.bytes().to_vec(), answers));
                }
                _ => {}
            }
        }
        assert_eq!(named, [b"org.x", b"org.y"]);
        let expected = [("org.a&b", "allow_active=yes allow_any=no"), ("org.d", "")];
        let expected = expected.map(|(id, answers)| (id.into(), answers.into()));
        assert_eq!(declared, expected);
    }

    #[test]
    fn quotes_and_a_byte_order_mark() {
        let file =
            format!("\u{feff}<policyconfig><annotate key='{KEY}' >/x</annotate></policyconfig>");
        let text = &scan(file.as_bytes()).references[0].text;
        assert_eq!(
            text.editable_span().map(|span| span.of(file.as_bytes())),
            Some(&b"/x"[..])
        );
    }

    #[test]
    fn what_is_not_well_formed() {
        for file in [
            annotate("/usr/bin/x").replace("</action>", ""),
            annotate("/usr/bin/x").replace("</policyconfig>", ""),
            policy("<annotate key=x>/usr/bin/x</annotate>"),
            policy("<!-- "),
            policy("a & b"),
        ] {
            let scan = scan(file.as_bytes());
            assert!(scan.references.is_empty(), "{file}");
            assert_eq!(scan.problems[0].kind, ProblemKind::BadXml, "{file}");
        }
        assert_eq!(scan(b"<a>\xff</a>").problems[0].span, Span::new(3, 4));
    }
}
