//! The reader: what is open stands on a stack, and each step looks at what is on top of it.

use std::collections::HashMap;
use std::ops::Range;

use super::pieces::{Ends, Pieces};
use super::{Command, CommandKind, CommandWord, Stretch, StretchKind, Use, is_screen};
use crate::mapped_text::{MappedText, Span};

/// What the reader finds.
pub(super) enum Event {
    /// A command has ended.
    Command(Command),
    /// A function of this name is defined.
    Function(Vec<u8>),
    /// The body of a here-document.
    HereDocument(Span),
    /// A stretch whose output goes elsewhere, or the body of a function; after the commands in it.
    Stretch(Stretch),
}

/// Whose syntax a text is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// bash(1), and what other shells have in common with it.
    Bash,
    /// POSIX, to which some reserved words and operators of bash are plain words.
    Posix,
}

/// How many things may be open at once. It bounds the memory; the shells' own stacks hold less.
const MAX_DEPTH: usize = 1 << 18;

/// How deep here-documents in here-documents are read for commands.
const MAX_HERE_DOCUMENTS: u8 = 8;

/// Reads a shell's text, and hands what it finds to `visit` with a fresh state. Text that bash would
/// refuse is read again as a POSIX shell reads it. If both refuse it: what the first reading gave, and
/// the place at which it gave up.
pub(super) fn read<S: Default>(
    text: &MappedText,
    visit: impl Fn(&mut S, Event),
) -> (S, Option<Span>) {
    let read_as = |dialect| {
        let mut state = S::default();
        let read = Reader::new(text, dialect, 0, &mut |event| visit(&mut state, event)).run();
        (state, read.err())
    };
    let (state, problem) = read_as(Dialect::Bash);
    let Some(at) = problem else {
        return (state, None);
    };
    if let (state, None) = read_as(Dialect::Posix) {
        (state, None)
    } else {
        let at = at.min(text.len().saturating_sub(1));
        let span = text.span_of(at..at + 1).or_else(|| text.covering_span());
        (state, Some(span.unwrap_or(Span::new(0, 0))))
    }
}

/// A here-document whose body begins after the next line end.
pub(super) struct HereDocument {
    delimiter: Vec<u8>,
    /// `<<-`: tabs at the start of a line count for nothing.
    indented: bool,
    /// The delimiter is quoted: nothing in the body is expanded.
    quoted: bool,
}

/// What is open.
pub(super) enum Frame {
    Commands(Commands),
    For(For),
    Case(Case),
    Test(Test),
    Array(Vec<CommandWord>, usize),
    Pieces(Pieces),
}

/// What ends a sequence of commands.
enum End {
    Text,
    /// `)`, after `(`.
    Parenthesis,
    /// `)`, after `$(`, `<(` or `>(`; with the here-documents that were announced in front of it.
    Substitution(Vec<HereDocument>),
    Brace,
    Then,
    /// `fi`, and unless there was an `else`, that or `elif`.
    Fi {
        after_else: bool,
    },
    Do,
    Done,
    /// `;;` or `esac`.
    Clause,
}

/// How far a command has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Its name is to come.
    Start,
    /// Arguments are to come.
    Arguments,
    /// A compound command has ended: redirections are to come.
    After,
}

/// What the next word is, whatever else it could be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Any,
    /// The target of a redirection.
    Target(Use),
    /// The delimiter of a here-document.
    Delimiter {
        indented: bool,
    },
    /// The name of a function, after `function`.
    Function,
}

/// Words after which a compound command can begin, though they stand where a name does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    None,
    /// `time`, and its options.
    Time,
    Coproc,
    /// `coproc NAME`
    CoprocName,
}

/// A sequence of commands.
pub(super) struct Commands {
    end: End,
    /// Where it begins, with what opens it.
    start: usize,
    position: Position,
    expected: Expected,
    lead: Lead,
    /// A `!` stands in front.
    negated: bool,
    /// A command has to come: after `&&`, `then` and others.
    needs_command: bool,
    /// Where the command that is being read begins.
    begins: usize,
    /// The function that it is the body of.
    function: Option<Vec<u8>>,
    /// Of the command that is being read.
    words: Vec<CommandWord>,
}

impl Commands {
    fn new(end: End, start: usize) -> Self {
        let needs_command = !matches!(end, End::Text | End::Substitution(_) | End::Clause);
        Self {
            end,
            start,
            position: Position::Start,
            expected: Expected::Any,
            lead: Lead::None,
            negated: false,
            needs_command,
            begins: start,
            function: None,
            words: Vec::new(),
        }
    }

    /// Whether a reserved word is one here.
    fn at_start(&self) -> bool {
        self.position == Position::Start && self.words.is_empty() && self.expected == Expected::Any
    }

    fn has_command(&self) -> bool {
        self.position != Position::Start || !self.words.is_empty() || self.negated
    }
}

/// `for` or `select`.
pub(super) struct For {
    start: usize,
    state: ForState,
    variable: Vec<u8>,
    words: Vec<CommandWord>,
}

impl For {
    fn begin(start: usize) -> Frame {
        Frame::For(Self {
            start,
            state: ForState::Name,
            variable: Vec::new(),
            words: Vec::new(),
        })
    }
}

#[derive(PartialEq, Eq)]
enum ForState {
    Name,
    AfterName,
    Words,
    Body,
}

/// `case`
pub(super) struct Case {
    start: usize,
    state: CaseState,
    words: Vec<CommandWord>,
}

#[derive(PartialEq, Eq)]
enum CaseState {
    Subject,
    In,
    /// A clause's patterns; whether its `(` has been read.
    Patterns {
        opened: bool,
    },
}

/// `[[ … ]]`
pub(super) struct Test {
    start: usize,
    /// `=~` stands in front.
    regex: bool,
    words: Vec<CommandWord>,
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a MappedText,
    pub(super) bytes: Vec<u8>,
    pub(super) at: usize,
    pub(super) stack: Vec<Frame>,
    pub(super) dialect: Dialect,
    pub(super) here_documents: u8,
    pub(super) pending: Vec<HereDocument>,
    pub(super) visit: &'a mut dyn FnMut(Event),
    parentheses: Parentheses,
    problem: Option<usize>,
    steps: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a MappedText,
        dialect: Dialect,
        here_documents: u8,
        visit: &'a mut dyn FnMut(Event),
    ) -> Self {
        Self {
            text,
            // What the format around it substitutes need not be shell.
            bytes: text.masked(),
            at: 0,
            stack: Vec::new(),
            dialect,
            here_documents,
            pending: Vec::new(),
            visit,
            parentheses: Parentheses::default(),
            problem: None,
            steps: 0,
        }
    }

    /// Reads all commands; fails with the place that is not understood.
    pub(super) fn run(mut self) -> Result<usize, usize> {
        self.stack
            .push(Frame::Commands(Commands::new(End::Text, 0)));
        self.go_on()
    }

    /// Reads all of it as the body of a here-document.
    pub(super) fn run_body(mut self) -> Result<usize, usize> {
        self.stack
            .push(Frame::Pieces(Pieces::new(Ends::HereDocument, 0)));
        self.go_on()
    }

    fn go_on(&mut self) -> Result<usize, usize> {
        while let Some(frame) = self.stack.pop() {
            self.steps += 1;
            if self.stack.len() > MAX_DEPTH {
                self.fail(self.at);
            }
            match frame {
                _ if self.problem.is_some() => break,
                Frame::Commands(frame) => self.commands(frame),
                Frame::For(frame) => self.for_loop(frame),
                Frame::Case(frame) => self.case(frame),
                Frame::Test(frame) => self.test(frame),
                Frame::Array(words, start) => self.array(words, start),
                Frame::Pieces(frame) => self.pieces(frame),
            }
        }
        self.problem.map_or(Ok(self.steps), Err)
    }

    pub(super) fn is_bash(&self) -> bool {
        self.dialect == Dialect::Bash
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Gives up: what begins at `at` is not understood.
    pub(super) fn fail(&mut self, at: usize) {
        self.problem.get_or_insert(at);
    }

    pub(super) fn emit(&mut self, kind: CommandKind, words: Vec<CommandWord>) {
        self.emit_for(kind, words, Vec::new());
    }

    /// Gives words that a variable gets.
    fn emit_for(&mut self, kind: CommandKind, words: Vec<CommandWord>, variable: Vec<u8>) {
        if !words.is_empty() {
            (self.visit)(Event::Command(Command {
                kind,
                words,
                variable,
                in_here_document: false,
            }));
        }
    }

    pub(super) fn emit_stretch(&mut self, kind: StretchKind, range: Range<usize>) {
        if let Some(span) = self.text.span_of(range) {
            (self.visit)(Event::Stretch(Stretch { kind, span }));
        }
    }

    pub(super) fn command_word(&self, word: Pieces, place: Use) -> CommandWord {
        let span = self.text.span_of(word.start..self.at);
        CommandWord {
            text: word.text,
            place,
            span: span.unwrap_or(Span::new(0, 0)),
        }
    }

    /// Blanks, and line ends that are escaped.
    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) {
        self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
    }

    /// Blanks, comments and line ends; what else comes then.
    fn skip_lines(&mut self) -> Option<u8> {
        loop {
            self.skip_blanks();
            match self.peek(0)? {
                b'#' => self.skip_comment(),
                b'\n' => self.line_end(),
                byte => return Some(byte),
            }
        }
    }

    /// A line end outside words: the bodies of here-documents follow.
    fn line_end(&mut self) {
        self.at += 1;
        for document in std::mem::take(&mut self.pending) {
            self.here_document(&document);
        }
    }

    fn here_document(&mut self, document: &HereDocument) {
        let in_substitution = self.stack.iter().rev().any(|frame| {
            matches!(frame, Frame::Commands(commands) if matches!(commands.end, End::Substitution(_)))
        });
        let start = self.at;
        let mut end = self.bytes.len();
        let mut continued = false;
        while self.at < self.bytes.len() {
            let rest = self.rest();
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let whole = rest.get(..length).unwrap_or_default();
            let mut line = whole;
            if document.indented {
                let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
                line = line.get(tabs..).unwrap_or_default();
            }
            let after = line.strip_prefix(&document.delimiter[..]);
            // bash(1) lets the substitution end on that line, too.
            let closes = in_substitution && after.is_some_and(|after| after.starts_with(b")"));
            if !continued && (closes || after.is_some_and(<[u8]>::is_empty)) {
                end = self.at;
                let after = after.map_or(0, <[u8]>::len);
                self.at += length - after;
                self.at += usize::from(after == 0 && self.at < self.bytes.len());
                break;
            }
            let backslashes = whole.iter().rev().take_while(|byte| **byte == b'\\');
            continued = !document.quoted && backslashes.count() % 2 == 1;
            self.at = self.bytes.len().min(self.at + length + 1);
        }
        if let Some(span) = self.text.span_of(start..end) {
            (self.visit)(Event::HereDocument(span));
        }
        let body = self.bytes.get(start..end).unwrap_or_default();
        let expands = !document.quoted && memchr::memchr2(b'$', b'`', body).is_some();
        if expands && self.here_documents < MAX_HERE_DOCUMENTS {
            self.expansions_of_body(start, end);
        }
    }

    /// The commands in a here-document's expansions. bash reads them only when it comes to them, so that
    /// a body that cannot be read is no problem of the script.
    fn expansions_of_body(&mut self, start: usize, end: usize) {
        let mut found = Vec::new();
        let body = self.text.slice(start..end);
        let mut keep = |event| found.push(event);
        let reader = Reader::new(&body, self.dialect, self.here_documents + 1, &mut keep);
        if reader.run_body().is_err() {
            return;
        }
        for event in found {
            match event {
                Event::Command(mut command) => {
                    command.in_here_document = true;
                    (self.visit)(Event::Command(command));
                }
                Event::Function(name) => (self.visit)(Event::Function(name)),
                Event::HereDocument(_) | Event::Stretch(_) => {}
            }
        }
    }

    /// Where the arithmetic expression whose `((` is at `open` ends, unless it is one subshell in another.
    pub(super) fn arithmetic_end(&mut self, open: usize) -> Option<usize> {
        self.parentheses.arithmetic_end(&self.bytes, open)
    }

    fn commands(&mut self, mut list: Commands) {
        self.skip_blanks();
        let Some(byte) = self.peek(0) else {
            return self.end_of_text(list);
        };
        let here = self.at;
        if list.at_start() {
            list.begins = here;
        }
        match byte {
            b'#' => self.skip_comment(),
            b'\n' => {
                self.end_command(&mut list);
                self.line_end();
            }
            b'&' if self.peek(1) == Some(b'>') && self.is_bash() => {
                self.at += if self.rest().starts_with(b"&>>") {
                    3
                } else {
                    2
                };
                self.expect(&mut list, Expected::Target(Use::Write), here);
            }
            b';' | b'&' | b'|' => return self.operator(list, byte),
            b'(' => return self.parenthesis(list),
            b')' => return self.closing_parenthesis(list),
            b'<' | b'>' if self.peek(1) != Some(b'(') || !self.is_bash() => {
                self.redirection(&mut list, byte);
            }
            _ => {
                let at_start = list.position == Position::Start;
                self.stack.push(Frame::Commands(list));
                return self
                    .stack
                    .push(Frame::Pieces(Pieces::new(Ends::Word { at_start }, here)));
            }
        }
        self.stack.push(Frame::Commands(list));
    }

    fn end_of_text(&mut self, mut list: Commands) {
        self.end_command(&mut list);
        if list.needs_command || !matches!(list.end, End::Text) {
            self.fail(list.start);
        }
    }

    /// Whatever ends a command.
    fn end_command(&mut self, list: &mut Commands) {
        if list.expected != Expected::Any {
            self.fail(self.at);
        }
        if list.has_command() {
            let elsewhere =
                |word: &CommandWord| word.place == Use::Write && !is_screen(word.text.bytes());
            if list.position == Position::After && list.words.iter().any(elsewhere) {
                self.emit_stretch(StretchKind::Redirected, list.begins..self.at);
            }
            if let Some(name) = list.function.take() {
                self.emit_stretch(StretchKind::Function(name), list.begins..self.at);
            }
        }
        self.emit(CommandKind::Simple, std::mem::take(&mut list.words));
        list.needs_command &= !list.negated;
        list.position = Position::Start;
        list.lead = Lead::None;
        list.negated = false;
    }

    fn expect(&mut self, list: &mut Commands, expected: Expected, here: usize) {
        if list.expected != Expected::Any {
            self.fail(here);
        }
        list.expected = expected;
        list.needs_command = false;
    }

    /// `;`, `&`, `|` and what begins with them.
    fn operator(&mut self, mut list: Commands, byte: u8) {
        let here = self.at;
        let rest = self.rest();
        let ends_clause = if rest.starts_with(b";;&") && self.is_bash() {
            3
        } else if rest.starts_with(b";;") || rest.starts_with(b";&") && self.is_bash() {
            2
        } else {
            0
        };
        if !list.has_command() && ends_clause == 0 || list.needs_command && !list.negated {
            return self.fail(here);
        }
        if byte == b'|' && self.peek(1) != Some(b'|') {
            self.emit_stretch(StretchKind::Piped, list.begins..here);
        }
        self.end_command(&mut list);
        if ends_clause > 0 {
            self.at += ends_clause;
            // The patterns of the next clause are on top of the stack.
            return match list.end {
                End::Clause => {}
                _ => self.fail(here),
            };
        }
        let second = self.peek(1);
        let doubled = byte != b';' && second == Some(byte);
        let both_outputs = byte == b'|' && second == Some(b'&') && self.is_bash();
        self.at += 1 + usize::from(doubled || both_outputs);
        list.needs_command = doubled || byte == b'|';
        self.stack.push(Frame::Commands(list));
    }

    fn parenthesis(&mut self, mut list: Commands) {
        let here = self.at;
        if list.expected != Expected::Any || list.position == Position::After {
            return self.fail(here);
        }
        let only_name = matches!(&list.words[..], [word] if word.place == Use::Command);
        if only_name {
            self.at += 1;
            self.skip_blanks();
            if self.peek(0) == Some(b')') {
                self.at += 1;
                for word in std::mem::take(&mut list.words) {
                    (self.visit)(Event::Function(word.text.bytes().to_vec()));
                    list.function = Some(word.text.bytes().to_vec());
                }
                (list.position, list.lead) = (Position::Start, Lead::None);
                list.needs_command = true;
                return self.stack.push(Frame::Commands(list));
            }
            self.at = here;
        }
        self.end_lead(&mut list);
        if !list.at_start() {
            return self.fail(here);
        }
        (list.position, list.needs_command) = (Position::After, false);
        self.stack.push(Frame::Commands(list));
        let arithmetic = match self.dialect {
            Dialect::Bash => self.arithmetic_end(here),
            Dialect::Posix => None,
        };
        if let Some(end) = arithmetic {
            self.at += 2;
            self.stack
                .push(Frame::Pieces(Pieces::new(Ends::Arithmetic { end }, here)));
        } else {
            self.at += 1;
            self.stack
                .push(Frame::Commands(Commands::new(End::Parenthesis, here)));
        }
    }

    fn closing_parenthesis(&mut self, mut list: Commands) {
        if list.needs_command && !list.negated {
            return self.fail(self.at);
        }
        self.end_command(&mut list);
        match list.end {
            End::Parenthesis => self.at += 1,
            End::Substitution(outer) => {
                self.at += 1;
                let inner = std::mem::replace(&mut self.pending, outer);
                self.pending.extend(inner);
                self.emit_stretch(StretchKind::Substitution, list.start..self.at);
                self.substituted(list.start);
            }
            _ => self.fail(self.at),
        }
    }

    /// Opens a substitution of commands, whose `(` ends at `after`.
    pub(super) fn substitution(&mut self, start: usize, after: usize) {
        self.at = after;
        let outer = std::mem::take(&mut self.pending);
        self.stack.push(Frame::Commands(Commands::new(
            End::Substitution(outer),
            start,
        )));
    }

    /// `<`, `>` and what begins with them.
    fn redirection(&mut self, list: &mut Commands, byte: u8) {
        let here = self.at;
        let (length, expected) = match (byte, self.peek(1), self.peek(2)) {
            (b'<', Some(b'<'), Some(b'<')) if self.is_bash() => {
                (3, Expected::Target(Use::Argument))
            }
            (b'<', Some(b'<'), third) => {
                let indented = third == Some(b'-');
                (2 + usize::from(indented), Expected::Delimiter { indented })
            }
            (b'<', Some(b'>'), _) => (2, Expected::Target(Use::Write)),
            (b'<', Some(b'&'), _) => (2, Expected::Target(Use::Read)),
            (b'<', ..) => (1, Expected::Target(Use::Read)),
            (_, Some(b'>' | b'|' | b'&'), _) => (2, Expected::Target(Use::Write)),
            _ => (1, Expected::Target(Use::Write)),
        };
        self.at += length;
        self.expect(list, expected, here);
    }

    /// A word has ended: the frame that asked for it is on top of the stack.
    pub(super) fn word(&mut self, word: Pieces) {
        // A byte that no word begins with would be met again for ever.
        if self.at == word.start {
            return self.fail(self.at);
        }
        match self.stack.pop() {
            Some(Frame::Commands(list)) => self.word_of_command(list, word),
            Some(Frame::For(frame)) => self.word_of_for(frame, word),
            Some(Frame::Case(frame)) => self.word_of_case(frame, word),
            Some(Frame::Test(mut frame)) => {
                if word.is(b"]]") {
                    self.emit(CommandKind::Test, frame.words);
                } else {
                    frame.regex = word.is(b"=~");
                    frame.words.push(self.command_word(word, Use::Argument));
                    self.stack.push(Frame::Test(frame));
                }
            }
            Some(Frame::Array(mut words, start)) => {
                words.push(self.command_word(word, Use::Value));
                self.stack.push(Frame::Array(words, start));
            }
            _ => self.fail(word.start),
        }
    }

    fn word_of_command(&mut self, mut list: Commands, word: Pieces) {
        match std::mem::replace(&mut list.expected, Expected::Any) {
            Expected::Target(place) => {
                list.words.push(self.command_word(word, place));
                return self.stack.push(Frame::Commands(list));
            }
            Expected::Delimiter { indented } => {
                self.pending.push(HereDocument {
                    delimiter: word.text.bytes().to_vec(),
                    indented,
                    quoted: word.quoted,
                });
                list.words.push(self.command_word(word, Use::Delimiter));
                return self.stack.push(Frame::Commands(list));
            }
            Expected::Function => return self.function(list, &word),
            Expected::Any => {}
        }
        let raw = self.bytes.get(word.start..self.at).unwrap_or_default();
        // What stands directly in front of a redirection is a part of it: a number, or bash's `{NAME}`.
        if matches!(self.peek(0), Some(b'<' | b'>')) && (is_number(raw) || is_braced_name(raw)) {
            return self.stack.push(Frame::Commands(list));
        }
        if list.lead != Lead::None {
            let goes_on = list.lead == Lead::Time && word.text.bytes().starts_with(b"-");
            let begins = is_opening(word.keyword()) || self.is_assignment(&word);
            if begins {
                self.end_lead(&mut list);
            } else if list.lead == Lead::Coproc {
                list.words.clear();
                (list.position, list.lead) = (Position::Start, Lead::CoprocName);
            } else if !goes_on {
                list.lead = Lead::None;
            }
        }
        if list.at_start() && list.lead != Lead::CoprocName || list.position == Position::After {
            let Some(rest) = self.reserved_word(list, &word) else {
                return;
            };
            list = rest;
        }
        let place = match list.position {
            Position::After => return self.fail(word.start),
            Position::Arguments => Use::Argument,
            Position::Start if self.is_assignment(&word) => Use::Value,
            Position::Start => {
                list.position = Position::Arguments;
                Use::Command
            }
        };
        list.needs_command = false;
        let is_array = self.is_bash()
            && place != Use::Command
            && self.peek(0) == Some(b'(')
            && self.is_assignment(&word)
            && raw_ends_in_equals(&self.bytes, self.at);
        list.words.push(self.command_word(word, place));
        self.stack.push(Frame::Commands(list));
        if is_array {
            self.stack.push(Frame::Array(Vec::new(), self.at));
            self.at += 1;
        }
    }

    /// After `time` or `coproc`, a compound command or another reserved word begins.
    fn end_lead(&mut self, list: &mut Commands) {
        match list.lead {
            Lead::None => return,
            Lead::Time => self.emit(CommandKind::Simple, std::mem::take(&mut list.words)),
            Lead::Coproc | Lead::CoprocName => list.words.clear(),
        }
        (list.position, list.lead) = (Position::Start, Lead::None);
    }

    /// The name after `function`.
    fn function(&mut self, mut list: Commands, word: &Pieces) {
        (self.visit)(Event::Function(word.text.bytes().to_vec()));
        list.function = Some(word.text.bytes().to_vec());
        self.skip_blanks();
        let here = self.at;
        if self.peek(0) == Some(b'(') {
            self.at += 1;
            self.skip_blanks();
            match self.peek(0) {
                Some(b')') => self.at += 1,
                _ => self.at = here,
            }
        }
        list.needs_command = true;
        self.stack.push(Frame::Commands(list));
    }

    /// Does what a reserved word asks for; gives the commands back if the word is none.
    fn reserved_word(&mut self, mut list: Commands, word: &Pieces) -> Option<Commands> {
        let at_start = list.position == Position::Start;
        let start = word.start;
        let words = Vec::new();
        let sequence = |end| Frame::Commands(Commands::new(end, start));
        match (word.keyword(), &list.end) {
            (b"if", _) if at_start => self.compound(list, sequence(End::Then)),
            (b"while" | b"until", _) if at_start => self.compound(list, sequence(End::Do)),
            (b"{", _) if at_start => self.compound(list, sequence(End::Brace)),
            (b"for", _) if at_start => self.compound(list, For::begin(start)),
            (b"select", _) if at_start && self.is_bash() => self.compound(list, For::begin(start)),
            (b"case", _) if at_start => {
                let state = CaseState::Subject;
                self.compound(
                    list,
                    Frame::Case(Case {
                        start,
                        state,
                        words,
                    }),
                );
            }
            (b"[[", _) if at_start && self.is_bash() => {
                let regex = false;
                self.compound(
                    list,
                    Frame::Test(Test {
                        start,
                        regex,
                        words,
                    }),
                );
            }
            (b"function", _) if at_start && self.is_bash() => {
                list.expected = Expected::Function;
                self.stack.push(Frame::Commands(list));
            }
            (b"!", _) if at_start => {
                list.negated = true;
                self.stack.push(Frame::Commands(list));
            }
            (b"time", _) if at_start && self.is_bash() => {
                list.lead = Lead::Time;
                return Some(list);
            }
            (b"coproc", _) if at_start && self.is_bash() => {
                list.lead = Lead::Coproc;
                return Some(list);
            }
            (b"then", End::Then) => self.next_part(list, End::Fi { after_else: false }),
            (b"elif", End::Fi { after_else: false }) => self.next_part(list, End::Then),
            (b"else", End::Fi { after_else: false }) => {
                self.next_part(list, End::Fi { after_else: true });
            }
            (b"do", End::Do) => self.next_part(list, End::Done),
            (b"fi", End::Fi { .. }) | (b"done", End::Done) | (b"}", End::Brace) => self.close(list),
            (b"esac", End::Clause) => {
                self.close(list);
                self.stack.pop();
            }
            (b"then" | b"elif" | b"else" | b"do" | b"fi" | b"done" | b"}" | b"esac", _) => {
                self.fail(start);
            }
            _ => return Some(list),
        }
        None
    }

    /// Opens a compound command.
    fn compound(&mut self, mut list: Commands, frame: Frame) {
        (list.position, list.needs_command) = (Position::After, false);
        self.stack.push(Frame::Commands(list));
        self.stack.push(frame);
    }

    /// A reserved word ends one part of a compound command, and begins another.
    fn next_part(&mut self, list: Commands, end: End) {
        let start = list.start;
        self.close(list);
        self.stack.push(Frame::Commands(Commands::new(end, start)));
    }

    fn close(&mut self, mut list: Commands) {
        if list.needs_command {
            self.fail(self.at);
        }
        self.end_command(&mut list);
    }

    fn is_assignment(&self, word: &Pieces) -> bool {
        let raw = self.bytes.get(word.start..self.at).unwrap_or_default();
        let subscript_end = word.subscript_end.checked_sub(word.start);
        is_assignment(raw, subscript_end)
    }

    fn for_loop(&mut self, mut frame: For) {
        self.skip_blanks();
        let here = self.at;
        let Some(byte) = self.peek(0) else {
            return self.fail(frame.start);
        };
        match byte {
            b'(' if frame.state == ForState::Name && self.is_bash() => {
                let Some(end) = self.arithmetic_end(here) else {
                    return self.fail(here);
                };
                self.at += 2;
                frame.state = ForState::Body;
                self.stack.push(Frame::For(frame));
                return self
                    .stack
                    .push(Frame::Pieces(Pieces::new(Ends::Arithmetic { end }, here)));
            }
            b'#' if frame.state != ForState::Name => self.skip_comment(),
            b'\n' if frame.state != ForState::Name => {
                if frame.state == ForState::Words {
                    frame.state = ForState::Body;
                }
                self.line_end();
            }
            b';' if frame.state != ForState::Name => {
                self.at += 1;
                frame.state = ForState::Body;
            }
            _ => {
                self.stack.push(Frame::For(frame));
                return self.begin_word(here);
            }
        }
        self.stack.push(Frame::For(frame));
    }

    fn begin_word(&mut self, here: usize) {
        let word = Pieces::new(Ends::Word { at_start: false }, here);
        self.stack.push(Frame::Pieces(word));
    }

    fn word_of_for(&mut self, mut frame: For, word: Pieces) {
        let after_name = frame.state == ForState::AfterName;
        match word.keyword() {
            _ if frame.state == ForState::Name => {
                frame.variable = word.text.bytes().to_vec();
                frame.state = ForState::AfterName;
            }
            _ if frame.state == ForState::Words => {
                frame.words.push(self.command_word(word, Use::Argument));
            }
            b"in" if after_name => frame.state = ForState::Words,
            keyword @ (b"do" | b"{") => {
                let end = if keyword == b"do" {
                    End::Done
                } else {
                    End::Brace
                };
                self.emit_for(CommandKind::For, frame.words, frame.variable);
                let body = Commands::new(end, frame.start);
                return self.stack.push(Frame::Commands(body));
            }
            _ => return self.fail(word.start),
        }
        self.stack.push(Frame::For(frame));
    }

    fn case(&mut self, mut frame: Case) {
        let byte = match frame.state {
            CaseState::Subject => {
                self.skip_blanks();
                self.peek(0)
            }
            _ => self.skip_lines(),
        };
        let Some(byte) = byte else {
            return self.fail(frame.start);
        };
        let here = self.at;
        match (&mut frame.state, byte) {
            (CaseState::Patterns { opened }, b'(') if !*opened && frame.words.is_empty() => {
                *opened = true;
                self.at += 1;
            }
            (CaseState::Patterns { .. }, b'|') => self.at += 1,
            (CaseState::Patterns { opened }, b')') => {
                *opened = false;
                self.at += 1;
                self.emit(CommandKind::Case, std::mem::take(&mut frame.words));
                self.stack.push(Frame::Case(frame));
                let clause = Commands::new(End::Clause, here);
                return self.stack.push(Frame::Commands(clause));
            }
            _ => {
                self.stack.push(Frame::Case(frame));
                return self.begin_word(here);
            }
        }
        self.stack.push(Frame::Case(frame));
    }

    fn word_of_case(&mut self, mut frame: Case, word: Pieces) {
        match frame.state {
            CaseState::Subject => {
                let subject = self.command_word(word, Use::Argument);
                self.emit(CommandKind::Case, vec![subject]);
                frame.state = CaseState::In;
            }
            CaseState::In if word.is(b"in") => frame.state = CaseState::Patterns { opened: false },
            CaseState::In => return self.fail(word.start),
            CaseState::Patterns { opened: false } if frame.words.is_empty() && word.is(b"esac") => {
                return;
            }
            CaseState::Patterns { .. } => {
                frame.words.push(self.command_word(word, Use::Pattern));
            }
        }
        self.stack.push(Frame::Case(frame));
    }

    fn test(&mut self, frame: Test) {
        let Some(byte) = self.skip_lines() else {
            return self.fail(frame.start);
        };
        let here = self.at;
        let regex = frame.regex;
        self.stack.push(Frame::Test(frame));
        match byte {
            _ if regex => {
                let word = Pieces::new(Ends::Regex, here);
                self.stack.push(Frame::Pieces(word));
            }
            b'(' | b')' | b'&' | b'|' => self.at += 1,
            b'<' | b'>' if self.peek(1) != Some(b'(') => self.at += 1,
            _ => self.begin_word(here),
        }
    }

    fn array(&mut self, words: Vec<CommandWord>, start: usize) {
        match self.skip_lines() {
            None => self.fail(start),
            Some(b')') => {
                self.at += 1;
                let variable = array_before(self.bytes.get(..start).unwrap_or_default());
                self.emit_for(CommandKind::Array, words, variable.to_vec());
            }
            Some(_) => {
                let element = Pieces::new(Ends::Word { at_start: true }, self.at);
                self.stack.push(Frame::Array(words, start));
                self.stack.push(Frame::Pieces(element));
            }
        }
    }
}

/// Reserved words that begin a command, after `time` and `coproc` as well.
fn is_opening(word: &[u8]) -> bool {
    matches!(
        word,
        b"!" | b"[["
            | b"case"
            | b"coproc"
            | b"for"
            | b"function"
            | b"if"
            | b"select"
            | b"time"
            | b"until"
            | b"while"
            | b"{"
    )
}

fn is_number(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

fn is_braced_name(word: &[u8]) -> bool {
    let name = word
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    name.is_some_and(is_name)
}

/// The variable that an array is assigned to, whose elements follow.
fn array_before(bytes: &[u8]) -> &[u8] {
    let name = bytes.strip_suffix(b"=").unwrap_or(bytes);
    let name = name.strip_suffix(b"+").unwrap_or(name);
    let letter = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
    let length = name.iter().rev().take_while(letter).count();
    name.get(name.len() - length..).unwrap_or_default()
}

fn raw_ends_in_equals(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|last| bytes.get(last)) == Some(&b'=')
}

/// Whether it is the name of a variable.
pub(super) fn is_name(word: &[u8]) -> bool {
    let starts_well = |byte: &u8| *byte == b'_' || byte.is_ascii_alphabetic();
    word.first().is_some_and(starts_well)
        && word
            .iter()
            .all(|byte| *byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Whether a word in front of a command assigns: `NAME=`, `NAME+=`, `NAME[…]=`. Of the last,
/// `subscript_end` says where its bracket closes.
fn is_assignment(word: &[u8], subscript_end: Option<usize>) -> bool {
    let letters = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric();
    let (name, mut rest) = word.split_at(word.iter().take_while(|byte| letters(byte)).count());
    if rest.starts_with(b"[") {
        rest = subscript_end
            .and_then(|end| word.get(end..))
            .unwrap_or_default();
    }
    is_name(name) && (rest.starts_with(b"=") || rest.starts_with(b"+="))
}

/// Which parentheses close each other. Each stretch of the text is looked through once.
#[derive(Default)]
struct Parentheses {
    /// For those that stand next to another.
    closes: HashMap<usize, usize>,
    /// Up to where has been looked.
    looked_to: usize,
}

impl Parentheses {
    /// bash(1): `((` begins arithmetic if its parentheses are closed by `))`.
    fn arithmetic_end(&mut self, bytes: &[u8], open: usize) -> Option<usize> {
        if bytes.get(open + 1) != Some(&b'(') {
            return None;
        }
        if open >= self.looked_to {
            self.look(bytes, open);
        }
        let outer = *self.closes.get(&open)?;
        let inner = *self.closes.get(&(open + 1))?;
        (inner + 1 == outer).then_some(outer + 1)
    }

    /// Looks from one parenthesis to that which closes it; quotes, `${…}` and comments are known.
    fn look(&mut self, bytes: &[u8], from: usize) {
        let mut open: Vec<(u8, usize)> = Vec::new();
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            let top = open.last().map_or(0, |(byte, _)| *byte);
            let quoted = top == b'"';
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let next = bytes.get(at + 1);
            match byte {
                b'\\' => at += 1,
                b'"' if quoted => drop(open.pop()),
                b'"' => open.push((byte, at)),
                b'$' if matches!(next, Some(b'(' | b'{')) => {
                    at += 1;
                    open.push((bytes[at], at));
                }
                b'}' if top == b'{' => drop(open.pop()),
                _ if quoted => {}
                b'\'' => {
                    let rest = bytes.get(at + 1..).unwrap_or_default();
                    at += 1 + memchr::memchr(b'\'', rest).unwrap_or(rest.len());
                }
                b'#' if before.is_some_and(|before| b" \t\n;".contains(before)) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'(' => open.push((byte, at)),
                b')' if top == b'(' => {
                    let start = open.pop().map_or(at, |(_, start)| start);
                    let neighbour = |at: usize| bytes.get(at) == Some(&b'(');
                    if neighbour(start + 1) || start > 0 && neighbour(start - 1) {
                        self.closes.insert(start, at);
                    }
                }
                _ => {}
            }
            at += 1;
            if open.is_empty() {
                break;
            }
        }
        self.looked_to = at;
    }
}
