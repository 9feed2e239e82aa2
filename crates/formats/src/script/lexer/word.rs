//! Words: quotes, escapes and expansions (POSIX, Shell Command Language, 2.2, 2.5 and 2.6).

use std::ops::Range;

use super::{Command, End, Lexer, METACHARACTERS};
use crate::encoding::{Encoding, Quote};
use crate::mapped_text::{MappedText, Span};
use crate::script::Use;

impl Lexer<'_> {
    /// Adds a stretch of the file to a word.
    fn push(&self, text: &mut MappedText, range: Range<usize>, quote: Quote) {
        let encoding = Some(Encoding::ShellWord(quote));
        if self.in_backquotes {
            let mut within = MappedText::new();
            within.push(&self.whole, range, Some(Encoding::ShellBackquote));
            text.push(&within, 0..within.len(), encoding);
        } else {
            text.push(&self.whole, range, encoding);
        }
    }

    /// Adds an escape, which stands for one byte.
    fn push_escaped(&self, text: &mut MappedText, byte: u8, range: Range<usize>, quote: Quote) {
        text.push_decoded(
            &[byte],
            &self.whole,
            range,
            Some(Encoding::ShellWord(quote)),
        );
    }

    fn push_opaque(&self, text: &mut MappedText, range: Range<usize>, quote: Quote) {
        text.push_opaque(&self.whole, range, Some(Encoding::ShellWord(quote)));
    }

    /// The word that begins here.
    pub(super) fn word(&mut self) -> MappedText {
        let mut text = MappedText::new();
        self.pieces(&mut text, Quote::Bare, |byte| {
            METACHARACTERS.contains(&byte)
        });
        text
    }

    /// Reads the pieces of a word until `ends` says that a byte outside its quotes ends it.
    fn pieces(&mut self, text: &mut MappedText, quote: Quote, ends: impl Fn(u8) -> bool) {
        let start = self.at;
        let mut plain = start;
        while let Some(byte) = self.peek(0) {
            let is_bare = quote == Quote::Bare;
            let extends_glob = is_bare
                && byte == b'('
                && self.at > plain.max(start)
                && matches!(self.file.get(self.at - 1), Some(b'@' | b'!' | b'+'));
            let after_glob = is_bare
                && byte == b'('
                && self.at == plain
                && plain > start
                && matches!(self.file.get(self.at - 1), Some(b'*' | b'?'));
            if ends(byte) && !extends_glob && !after_glob {
                break;
            }
            let special = match byte {
                b'\\' | b'"' | b'$' | b'`' => true,
                b'\'' | b'*' | b'?' | b'[' | b'{' | b'(' => is_bare,
                b'~' => is_bare && self.at == start,
                _ => false,
            };
            if !special {
                self.at += 1;
                continue;
            }
            let here = self.at;
            self.push(text, plain..here, quote);
            match byte {
                b'\\' => self.escape(text, quote),
                b'\'' => self.single_quoted(text),
                b'"' => self.double_quoted(text),
                b'$' => self.expansion(text, quote),
                b'`' => self.backquoted(text, quote),
                b'(' => {
                    // bash(1), Pattern Matching: `@(a|b)`.
                    self.at += 1;
                    self.balanced_parenthesis();
                    self.push_opaque(text, here..self.at, quote);
                }
                _ => {
                    self.at += 1;
                    self.push_opaque(text, here..here + 1, quote);
                }
            }
            plain = self.at;
        }
        self.push(text, plain..self.at, quote);
    }

    fn balanced_parenthesis(&mut self) {
        let start = self.at;
        let mut depth = 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at = self.limit.min(self.at + 1),
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.fail(start);
    }

    fn escape(&mut self, text: &mut MappedText, quote: Quote) {
        let here = self.at;
        match (self.peek(1), quote) {
            // An escaped line end is nothing.
            (Some(b'\n'), _) => self.at += 2,
            (Some(next), Quote::Bare) => {
                self.push_escaped(text, next, here..here + 2, quote);
                self.at += 2;
            }
            // The brace counts within `${…}`; elsewhere its backslash is of no interest.
            (Some(next), _) if b"$`\"\\}".contains(&next) => {
                self.push_escaped(text, next, here..here + 2, quote);
                self.at += 2;
            }
            _ => {
                self.push(text, here..here + 1, quote);
                self.at += 1;
            }
        }
    }

    fn single_quoted(&mut self, text: &mut MappedText) {
        let start = self.at + 1;
        let rest = self.file.get(start..self.limit).unwrap_or_default();
        let Some(length) = memchr::memchr(b'\'', rest) else {
            return self.fail(self.at);
        };
        self.push(text, start..start + length, Quote::Single);
        self.at = start + length + 1;
    }

    fn double_quoted(&mut self, text: &mut MappedText) {
        let start = self.at;
        if !self.deeper() {
            return;
        }
        self.at += 1;
        let mut plain = self.at;
        loop {
            let Some(byte) = self.peek(0) else {
                self.fail(start);
                break;
            };
            if !matches!(byte, b'"' | b'\\' | b'$' | b'`') {
                self.at += 1;
                continue;
            }
            let here = self.at;
            self.push(text, plain..here, Quote::Double);
            match byte {
                b'"' => {
                    self.at += 1;
                    break;
                }
                b'\\' => self.escape(text, Quote::Double),
                b'$' => self.expansion(text, Quote::Double),
                _ => self.backquoted(text, Quote::Double),
            }
            plain = self.at;
        }
        self.depth -= 1;
    }

    fn expansion(&mut self, text: &mut MappedText, quote: Quote) {
        let start = self.at;
        match self.peek(1) {
            Some(b'(') => {
                let arithmetic = self.arithmetic_end(start + 1);
                if let Some(after) = arithmetic {
                    self.at = after;
                } else {
                    self.at += 2;
                    self.commands(End::Parenthesis);
                }
            }
            Some(b'{') => self.parameter(quote),
            Some(b'\'') if quote == Quote::Bare => self.ansi_quoted(),
            Some(b'"') if quote == Quote::Bare => {
                self.at += 1;
                return self.double_quoted(text);
            }
            Some(byte) if byte == b'_' || byte.is_ascii_alphabetic() => {
                self.at += 1;
                while let Some(byte) = self.peek(0)
                    && (byte == b'_' || byte.is_ascii_alphanumeric())
                {
                    self.at += 1;
                }
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => self.at += 2,
            _ => {
                self.at += 1;
                return self.push(text, start..start + 1, quote);
            }
        }
        self.push_opaque(text, start..self.at, quote);
    }

    /// `${NAME…}`: what stands after `:-` and its like is a word of its own.
    fn parameter(&mut self, quote: Quote) {
        let start = self.at;
        if !self.deeper() {
            return;
        }
        self.at += 2;
        // A name, or one of the special parameters, with `!` or `#` in front.
        while let Some(byte) = self.peek(0)
            && (byte == b'_' || byte.is_ascii_alphanumeric() || b"!#@*".contains(&byte))
        {
            self.at += 1;
        }
        let colon = usize::from(self.peek(0) == Some(b':'));
        let gives_word = matches!(self.peek(colon), Some(b'-' | b'=' | b'+'));
        if gives_word {
            self.at += colon + 1;
        }
        let mut word = MappedText::new();
        self.pieces(&mut word, quote, |byte| byte == b'}');
        if self.peek(0) == Some(b'}') {
            self.at += 1;
            if gives_word {
                self.add(word, Use::Value, &Command::default());
            }
        } else {
            self.fail(start);
        }
        self.depth -= 1;
    }

    /// `$'…'`
    fn ansi_quoted(&mut self) {
        let start = self.at;
        self.at += 2;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\'' => return,
                b'\\' => self.at = self.limit.min(self.at + 1),
                _ => {}
            }
        }
        self.fail(start);
    }

    fn backquoted(&mut self, text: &mut MappedText, quote: Quote) {
        let start = self.at;
        let mut end = start + 1;
        let mut has_escape = false;
        loop {
            match self.file.get(end).filter(|_| end < self.limit) {
                None => return self.fail(start),
                Some(b'`') => break,
                Some(b'\\') => {
                    has_escape = true;
                    end += 2;
                }
                Some(_) => end += 1,
            }
        }
        if has_escape {
            // A backslash is read twice there; what it says is not worth a decoder.
            let within = MappedText::of_file(self.file, Span::new(start + 1, end));
            self.add(within, Use::Data, &Command::default());
        } else {
            let outer = (
                self.limit,
                self.in_backquotes,
                std::mem::take(&mut self.pending),
            );
            (self.at, self.limit, self.in_backquotes) = (start + 1, end, true);
            self.commands(End::OfText);
            (self.limit, self.in_backquotes, self.pending) = outer;
        }
        if self.failed() {
            self.at = self.limit;
            return;
        }
        self.at = end + 1;
        self.push_opaque(text, start..self.at, quote);
    }

    /// Where an arithmetic expression ends that begins at `start` with `((`; `None` if none does.
    pub(super) fn arithmetic_end(&self, start: usize) -> Option<usize> {
        let text = self.file.get(start..self.limit)?;
        if !text.starts_with(b"((") {
            return None;
        }
        let mut depth = 0_usize;
        for (index, byte) in text.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => continue,
            }
            if depth == 1 && *byte == b')' && text.get(index + 1) != Some(&b')') {
                return None;
            }
            if depth == 0 {
                return Some(start + index + 1);
            }
        }
        None
    }
}
