//! polkit actions: `polkit(8)`. The annotation `org.freedesktop.policykit.exec.path` names the
//! program that `pkexec(1)` runs for the action.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::encoding::Encoding;
use crate::reference::{ProblemKind, Reference, Role, Scan};
use crate::text::{Span, Text};

const KEY: &str = "org.freedesktop.policykit.exec.path";

/// Finds the programs that polkit's actions are for. Of a file that is not well-formed, which
/// polkit does not load, only that is reported.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    match programs(file) {
        Ok(programs) => {
            let program = |text| Reference::new(Role::Program, KEY, text);
            scan.references.extend(programs.into_iter().map(program));
        }
        Err(at) => {
            let at = at.min(file.len());
            scan.problem(ProblemKind::BadXml, Span::new(at, file.len().min(at + 1)));
        }
    }
    scan
}

/// The texts of the annotations; fails with the position from which the file makes no sense.
fn programs(file: &[u8]) -> Result<Vec<Text>, usize> {
    let file_text = std::str::from_utf8(file).map_err(|error| error.valid_up_to())?;
    // The parser would leave a byte order mark out of its positions.
    let (start, file_text) = match file_text.strip_prefix('\u{feff}') {
        Some(rest) => (file.len() - rest.len(), rest),
        None => (0, file_text),
    };
    let position = |offset| start.saturating_add(usize::try_from(offset).unwrap_or(usize::MAX));
    let mut reader = Reader::from_str(file_text);
    let mut programs = Vec::new();
    let mut program = None;
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
                let wanted = is_program(&element).ok_or(span.start)?;
                program = wanted.then(Text::new);
            }
            Event::Empty(element) => {
                is_program(&element).ok_or(span.start)?;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                let text = program.take().map(|text: Text| text.trim());
                programs.extend(text.filter(|text| !text.is_empty()));
            }
            Event::Eof if depth == 0 => return Ok(programs),
            Event::Eof => return Err(file.len()),
            event => {
                if let Some(program) = &mut program {
                    push(program, file, span, &event);
                }
            }
        }
    }
}

/// Whether an element is the annotation; `None` if its attributes are not well-formed.
fn is_program(element: &BytesStart<'_>) -> Option<bool> {
    let mut found = false;
    // Its check for duplicates would take quadratic time.
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        found |= attribute.key.as_ref() == "key" && value == KEY;
    }
    Some(found && element.name().as_ref() == "annotate")
}

/// Appends what an event inside the annotation stands for; a comment stands for nothing.
fn push(program: &mut Text, file: &[u8], span: Span, event: &Event<'_>) {
    let outer = Text::of_file(file, span);
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
            let place = text.span().expect("it stands in one piece");
            assert_eq!(place.of(file.as_bytes()), written.as_bytes());
            assert_eq!(text.encode(b"/a&b").as_deref(), Ok(&b"/a&amp;b"[..]));
        }
        let file = annotate("\n  /usr/bin/x<!-- y -->\n");
        let scan = scan(file.as_bytes());
        assert_eq!(scan.references[0].text.bytes(), b"/usr/bin/x");
        assert!(scan.references[0].text.span().is_some());
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
    fn quotes_and_a_byte_order_mark() {
        let file =
            format!("\u{feff}<policyconfig><annotate key='{KEY}' >/x</annotate></policyconfig>");
        let text = &scan(file.as_bytes()).references[0].text;
        assert_eq!(
            text.span().map(|span| span.of(file.as_bytes())),
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
