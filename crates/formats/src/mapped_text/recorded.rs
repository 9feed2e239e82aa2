//! A text written down and read again: what it says, where it stands and what is not known of it. How
//! a replacement would have to be written is left out, so what was read again is never replaced.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MappedText, Run, RunKind, Span, Stack};

#[derive(Serialize)]
struct Written<'a> {
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
    extent: Option<Span>,
    opaque: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
struct Read {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    extent: Option<Span>,
    opaque: Vec<(usize, usize)>,
}

impl Serialize for MappedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let opaque = self.runs.iter().filter(|run| run.kind == RunKind::Opaque);
        let written = Written {
            bytes: &self.bytes,
            extent: self.covering_span(),
            opaque: opaque.map(|run| (run.start, run.len)).collect(),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MappedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read {
            bytes,
            extent,
            opaque,
        } = Read::deserialize(deserializer)?;
        let source = extent.unwrap_or(Span::new(0, 0));
        let mut runs = Vec::new();
        let mut add = |start: usize, end: usize, kind| {
            if start < end {
                runs.push(Run {
                    start,
                    len: end - start,
                    source,
                    kind,
                    encodings: Stack::EMPTY,
                });
            }
        };
        let mut at = 0;
        for (start, length) in opaque {
            let start = start.clamp(at, bytes.len());
            let end = start.saturating_add(length).min(bytes.len());
            add(at, start, RunKind::Part);
            add(start, end, RunKind::Opaque);
            at = end;
        }
        add(at, bytes.len(), RunKind::Part);
        Ok(Self { bytes, runs })
    }
}

#[cfg(test)]
mod tests {
    use crate::{FileKind, Scan, scan};

    #[test]
    fn what_is_written_down_says_the_same() {
        let unit = b"[Service]\nUser=x\nExecStart=-/usr/bin/%i/x /bin/$A \"/usr/\\x62in/y z\"\nPIDFile=/a\n";
        let before = scan(FileKind::Unit, unit);
        let written = serde_json::to_string(&before).unwrap();
        let after: Scan = serde_json::from_str(&written).unwrap();
        assert!(before.references.len() > 1, "{before:?}");
        assert_eq!(before.references.len(), after.references.len());
        for (one, other) in before.references.iter().zip(&after.references) {
            assert_eq!((one.role, &one.field), (other.role, &other.field));
            assert_eq!(one.text.bytes(), other.text.bytes());
            assert_eq!(one.text.covering_span(), other.text.covering_span());
            assert_eq!(one.text.is_literal(), other.text.is_literal());
            assert_eq!(one.text.literal_prefix(), other.text.literal_prefix());
            assert_eq!(one.text.masked(), other.text.masked());
            assert_eq!(other.text.editable_span(), None, "it is never replaced");
        }
        assert_eq!(
            format!("{:?}", before.problems),
            format!("{:?}", after.problems)
        );
        assert_eq!(before.declarations.len(), after.declarations.len());
    }
}
