//! Words: quotes, escapes and expansions (POSIX, Shell Command Language, 2.2, 2.5 and 2.6).

use std::ops::Range;

use super::reader::{Frame, Reader, is_name};
use super::{CommandKind, CommandWord, StretchKind, Use};
use crate::encoding::{Encoding, Quote};
use crate::mapped_text::MappedText;

/// What ends a word outside quotes.
const METACHARACTERS: &[u8] = b" \t\n;&|<>()";

/// What ends a piece of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// A metacharacter. Whether the word may be an assignment, whose subscript may hold blanks.
    Word { at_start: bool },
    /// A blank, outside parentheses: bash(1), the operator `=~`.
    Regex,
    /// `"`
    Double,
    /// `}`. Whether the operator after the name has been read, and whether what follows is a value.
    Parameter { operator: bool, is_value: bool },
    /// The `))` in front of `end`.
    Arithmetic { end: usize },
    /// `]`, of a subscript or of `$[…]`.
    Bracket,
    /// `)`, of a pattern.
    Group,
    /// The end of the body.
    HereDocument,
}

/// A word, or a part of one that has an end of its own.
pub(super) struct Pieces {
    pub(super) ends: Ends,
    /// Where it begins, with its quote.
    pub(super) start: usize,
    /// What it means, up to `plain`.
    pub(super) text: MappedText,
    plain: usize,
    quote: Quote,
    /// Whether something in it is quoted or expanded, so that it is no reserved word.
    pub(super) quoted: bool,
    /// Where the bracket of its subscript closes; 0 if it has none.
    pub(super) subscript_end: usize,
}

impl Pieces {
    /// Pieces that begin at `start`.
    pub(super) fn new(ends: Ends, start: usize) -> Self {
        let quote = match ends {
            Ends::Double | Ends::HereDocument => Quote::Double,
            _ => Quote::Bare,
        };
        Self {
            ends,
            start,
            text: MappedText::new(),
            plain: start,
            quote,
            quoted: false,
            subscript_end: 0,
        }
    }

    /// What it says, if it can be a reserved word.
    pub(super) fn keyword(&self) -> &[u8] {
        if self.quoted { b"" } else { self.text.bytes() }
    }

    pub(super) fn is(&self, word: &[u8]) -> bool {
        self.keyword() == word
    }

    fn encoding(&self) -> Encoding {
        Encoding::ShellWord(self.quote)
    }

    /// Adds what stands between `plain` and `end` as it is; the next piece begins at `next`.
    fn flush(&mut self, source: &MappedText, end: usize, next: usize) {
        let encoding = Some(self.encoding());
        self.text.push(source, self.plain..end, encoding);
        self.plain = next;
    }

    fn push_opaque(&mut self, source: &MappedText, range: Range<usize>) {
        let encoding = Some(self.encoding());
        self.plain = range.end;
        self.quoted = true;
        self.text.push_opaque(source, range, encoding);
    }
}

impl Reader<'_> {
    /// Goes on with pieces up to their end, or to something that is read by itself.
    pub(super) fn pieces(&mut self, mut frame: Pieces) {
        if let Ends::Parameter {
            operator: false, ..
        } = frame.ends
        {
            if self.peek(0) == Some(b'[') && self.is_bash() {
                return self.open(frame, Ends::Bracket, 1);
            }
            self.operator_of_parameter(&mut frame);
        }
        while let Some(byte) = self.peek(0) {
            let here = self.at;
            let bare = frame.quote == Quote::Bare;
            if self.is_end(&frame, byte) {
                return self.end_pieces(frame);
            }
            match byte {
                b'\\' => self.escape(&mut frame),
                b'\'' if bare => {
                    frame.flush(self.text, here, here);
                    let rest = self.bytes.get(here + 1..).unwrap_or_default();
                    let Some(length) = memchr::memchr(b'\'', rest) else {
                        return self.fail(here);
                    };
                    let inner = here + 1..here + 1 + length;
                    let encoding = Some(Encoding::ShellWord(Quote::Single));
                    frame.text.push(self.text, inner, encoding);
                    frame.quoted = true;
                    self.at += length + 2;
                    frame.plain = self.at;
                }
                b'"' if frame.ends != Ends::HereDocument => {
                    return self.open(frame, Ends::Double, 1);
                }
                b'$' => match self.dollar(frame) {
                    Some(rest) => frame = rest,
                    None => return,
                },
                b'`' => {
                    frame.flush(self.text, here, here);
                    if !self.backquoted(frame.quote == Quote::Double) {
                        return self.fail(here);
                    }
                    frame.push_opaque(self.text, here..self.at);
                }
                b'(' if bare && self.begins_group(&frame) => {
                    return self.open(frame, Ends::Group, 1);
                }
                b'[' if frame.ends == Ends::Bracket => {
                    return self.open(frame, Ends::Bracket, 1);
                }
                b'[' if self.begins_subscript(&frame) => {
                    return self.open(frame, Ends::Bracket, 1);
                }
                // Process substitution; anything else that begins so has ended the word.
                b'<' | b'>' if matches!(frame.ends, Ends::Word { .. }) => {
                    frame.flush(self.text, here, here);
                    self.stack.push(Frame::Pieces(frame));
                    return self.substitution(here, here + 2);
                }
                b'*' | b'?' | b'[' | b'{' if bare => self.glob(&mut frame),
                b'~' if bare && here == frame.start => self.glob(&mut frame),
                _ => self.at += 1,
            }
        }
        match frame.ends {
            Ends::Word { .. } | Ends::Regex | Ends::HereDocument => self.end_pieces(frame),
            _ => self.fail(frame.start),
        }
    }

    /// One byte that stands for others.
    fn glob(&mut self, frame: &mut Pieces) {
        let quoted = frame.quoted;
        frame.flush(self.text, self.at, self.at);
        self.at += 1;
        frame.push_opaque(self.text, self.at - 1..self.at);
        frame.quoted = quoted;
    }

    fn is_end(&self, frame: &Pieces, byte: u8) -> bool {
        let process_substitution =
            || matches!(byte, b'<' | b'>') && self.peek(1) == Some(b'(') && self.is_bash();
        match frame.ends {
            Ends::Word { .. } => {
                METACHARACTERS.contains(&byte)
                    && !process_substitution()
                    && !(byte == b'(' && self.begins_group(frame))
            }
            Ends::Regex => b" \t\n;&)".contains(&byte),
            Ends::Double => byte == b'"',
            Ends::Parameter { .. } => byte == b'}',
            Ends::Arithmetic { end } => self.at + 2 >= end,
            Ends::Bracket => byte == b']',
            Ends::Group => byte == b')',
            Ends::HereDocument => false,
        }
    }

    /// Whether a parenthesis belongs to a pattern: bash(1), Pattern Matching. In front of a command, `!`
    /// is a reserved word.
    fn begins_group(&self, frame: &Pieces) -> bool {
        let before = self.bytes.get(frame.start..self.at).unwrap_or_default();
        match frame.ends {
            Ends::Group | Ends::Regex => true,
            Ends::Word { at_start } => {
                matches!(before, [.., b'@' | b'!' | b'+' | b'*' | b'?'])
                    && !(at_start && before == b"!")
            }
            _ => false,
        }
    }

    /// Whether a bracket begins the subscript of an assignment, or of an element of an array.
    fn begins_subscript(&self, frame: &Pieces) -> bool {
        let before = self.bytes.get(frame.start..self.at).unwrap_or_default();
        let in_array = || matches!(self.stack.last(), Some(Frame::Array(..)));
        frame.ends == Ends::Word { at_start: true }
            && self.is_bash()
            && (is_name(before) || before.is_empty() && in_array())
    }

    /// Leaves `frame` for a part of it whose opening is so long.
    fn open(&mut self, mut frame: Pieces, ends: Ends, length: usize) {
        let here = self.at;
        frame.flush(self.text, here, here);
        let mut inner = Pieces::new(ends, here);
        self.at += length;
        inner.plain = self.at;
        // What stands in `"${a-word}"` is in the quotes around it.
        if matches!(ends, Ends::Parameter { .. }) {
            inner.quote = frame.quote;
        }
        self.stack.push(Frame::Pieces(frame));
        self.stack.push(Frame::Pieces(inner));
    }

    /// The operator of `${NAME…}`, which says what follows it.
    fn operator_of_parameter(&mut self, frame: &mut Pieces) {
        let colon = usize::from(self.peek(0) == Some(b':'));
        let (is_value, is_word) = match self.peek(colon) {
            Some(b'-' | b'=' | b'+') => (true, true),
            Some(b'?') => (false, true),
            _ => (false, false),
        };
        if is_word {
            self.at += colon + 1;
        } else if self.is_bash() || matches!(self.peek(0), Some(b'#' | b'%')) {
            // A pattern has quotes of its own.
            frame.quote = Quote::Bare;
        }
        frame.text = MappedText::new();
        frame.plain = self.at;
        frame.ends = Ends::Parameter {
            operator: true,
            is_value,
        };
    }

    fn escape(&mut self, frame: &mut Pieces) {
        let here = self.at;
        let in_braces = matches!(frame.ends, Ends::Parameter { .. });
        let Some(next) = self.peek(1) else {
            self.at += 1;
            return;
        };
        let escapes = match frame.quote {
            Quote::Double => b"$`\"\\\n".contains(&next) || in_braces && next == b'}',
            _ => true,
        };
        if !escapes {
            self.at += 1;
            return;
        }
        frame.flush(self.text, here, here + 2);
        // An escaped line end is nothing.
        if next != b'\n' {
            let encoding = Some(frame.encoding());
            frame
                .text
                .push_decoded(&[next], self.text, here..here + 2, encoding);
            frame.quoted = true;
        }
        self.at += 2;
    }

    /// What begins with `$`. `None` if it is read by itself, and `frame` later.
    fn dollar(&mut self, mut frame: Pieces) -> Option<Pieces> {
        let here = self.at;
        let bare = frame.quote == Quote::Bare;
        match self.peek(1) {
            Some(b'(') => {
                frame.flush(self.text, here, here);
                self.stack.push(Frame::Pieces(frame));
                if let Some(end) = self.arithmetic_end(here + 1) {
                    self.at += 3;
                    let inner = Pieces::new(Ends::Arithmetic { end }, here);
                    self.stack.push(Frame::Pieces(inner));
                } else {
                    self.substitution(here, here + 2);
                }
                return None;
            }
            Some(b'{') => {
                let length = 2 + self.name_of_parameter();
                let ends = Ends::Parameter {
                    operator: false,
                    is_value: false,
                };
                self.open(frame, ends, length);
                return None;
            }
            Some(b'[') if self.is_bash() => {
                self.open(frame, Ends::Bracket, 2);
                return None;
            }
            Some(b'\'') if bare && self.is_bash() => {
                frame.flush(self.text, here, here);
                self.at += 2;
                if !self.ansi_quoted() {
                    self.fail(here);
                }
            }
            Some(b'"') if bare && self.is_bash() => {
                self.open(frame, Ends::Double, 2);
                return None;
            }
            Some(byte) if byte == b'_' || byte.is_ascii_alphabetic() => {
                frame.flush(self.text, here, here);
                self.at += 1;
                while let Some(byte) = self.peek(0)
                    && (byte == b'_' || byte.is_ascii_alphanumeric())
                {
                    self.at += 1;
                }
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => {
                frame.flush(self.text, here, here);
                self.at += 2;
            }
            _ => {
                self.at += 1;
                return Some(frame);
            }
        }
        frame.push_opaque(self.text, here..self.at);
        Some(frame)
    }

    /// How long the name is that follows `${`, with a `!` or `#` in front of it.
    fn name_of_parameter(&self) -> usize {
        let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
        let letter = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric();
        let special = |byte: &u8| b"@*#?-$!".contains(byte);
        let prefix = match rest {
            [b'!' | b'#', next, ..] if letter(next) || b"@*#?$!".contains(next) => 1,
            // `${#-}` is a length, `${#-x}` and `${!-x}` have an operator.
            [b'#', b'-', b'}', ..] => 1,
            _ => 0,
        };
        let name = rest.get(prefix..).unwrap_or_default();
        let letters = name.iter().take_while(|byte| letter(byte)).count();
        let specials = usize::from(letters == 0 && name.first().is_some_and(special));
        prefix + letters + specials
    }

    /// What follows `$'`; false if it does not end.
    fn ansi_quoted(&mut self) -> bool {
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\'' => return true,
                b'\\' => self.at = self.bytes.len().min(self.at + 1),
                _ => {}
            }
        }
        false
    }

    /// The end of pieces has come.
    fn end_pieces(&mut self, mut frame: Pieces) {
        let here = self.at;
        frame.flush(self.text, here, here);
        match frame.ends {
            Ends::HereDocument => {}
            Ends::Word { .. } | Ends::Regex => self.word(frame),
            Ends::Double => {
                self.at += 1;
                if let Some(Frame::Pieces(outer)) = self.stack.last_mut() {
                    outer.text.push(&frame.text, 0..frame.text.len(), None);
                    outer.quoted = true;
                    outer.plain = self.at;
                }
            }
            Ends::Parameter { is_value, .. } => {
                self.at += 1;
                let start = frame.start;
                if is_value {
                    let word = self.command_word(frame, Use::Value);
                    self.emit(CommandKind::Expansion, vec![word]);
                }
                self.substituted(start);
            }
            Ends::Arithmetic { end } => {
                self.at = end;
                self.substituted(frame.start);
            }
            Ends::Bracket | Ends::Group => {
                self.at += 1;
                self.substituted(frame.start);
                if let Some(Frame::Pieces(outer)) = self.stack.last_mut() {
                    outer.subscript_end = self.at;
                }
            }
        }
    }

    /// What began at `start` has ended: in a word, its value is not known.
    pub(super) fn substituted(&mut self, start: usize) {
        if let Some(Frame::Pieces(outer)) = self.stack.last_mut() {
            outer.push_opaque(self.text, start..self.at);
        }
    }

    /// Commands in backquotes; false if they do not end. A backslash is read twice there, so that what
    /// they say is a text of its own. bash reads it only when it comes to it: one that cannot be read is
    /// no problem of the script.
    fn backquoted(&mut self, in_double_quotes: bool) -> bool {
        let encoding = Some(Encoding::ShellBackquote);
        let start = self.at + 1;
        let mut inner = MappedText::new();
        let (mut at, mut plain) = (start, start);
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (None, _) => return false,
                (Some(b'`'), _) => break,
                (Some(b'\\'), Some(&next)) => {
                    if b"$`\\".contains(&next) || in_double_quotes && next == b'"' {
                        inner.push(self.text, plain..at, encoding);
                        inner.push_decoded(&[next], self.text, at..at + 2, encoding);
                        plain = at + 2;
                    }
                    at += 2;
                }
                _ => at += 1,
            }
        }
        inner.push(self.text, plain..at, encoding);
        self.at = at + 1;
        self.emit_stretch(StretchKind::Substitution, start - 1..self.at);
        let mut found = Vec::new();
        let mut keep = |event| found.push(event);
        let reader = Reader::new(&inner, self.dialect, self.here_documents, &mut keep);
        if reader.run().is_ok() {
            for event in found {
                (self.visit)(event);
            }
        } else if let Some(span) = inner.covering_span() {
            let word = CommandWord {
                text: inner,
                place: Use::Data,
                span,
            };
            self.emit(CommandKind::Expansion, vec![word]);
        }
        true
    }
}
