//! The commands that a shell script runs, as far as a short reader can tell.

/// Words after which a command begins.
const BEFORE_A_COMMAND: [&str; 9] = [
    "!", "do", "elif", "else", "if", "then", "time", "until", "while",
];
/// Words that begin what this reader does not follow.
const TOO_MUCH: [&str; 6] = ["[[", "case", "coproc", "function", "select", "trap"];
/// Words that are no programs: the other reserved words, and what a shell does itself.
const OWN: &str = "\
    . : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare \
    dirs disown done echo enable esac eval exec exit export false fc fg fi for getopts hash help \
    history in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly \
    return set shift shopt source suspend test times true type typeset ulimit umask unalias unset \
    wait }";

/// The command words of a script that stand there literally, builtins left out. `None` if the
/// script has something that needs a real parser.
pub(super) fn commands(script: &str) -> Option<Vec<String>> {
    let mut reader = Reader {
        rest: script.chars().collect::<Vec<_>>().into_iter().peekable(),
        found: Vec::new(),
    };
    reader.list(None)?;
    let mut found = reader.found;
    found.retain(|name| !name.is_empty() && !OWN.split_whitespace().any(|own| own == name));
    Some(found)
}

struct Reader {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    found: Vec<String>,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Command,
    /// A command, unless it is an option: what follows `exec`.
    CarriedCommand,
    Argument,
}

/// A word without quotes.
struct Word {
    /// Its literal part.
    text: String,
    /// Whether that is all of it.
    literal: bool,
}

impl Word {
    fn is_assignment(&self) -> bool {
        self.text.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || char == '_')
        })
    }
}

impl Reader {
    /// Reads to the end of the script, or to the character that closes a substitution.
    fn list(&mut self, end: Option<char>) -> Option<()> {
        let (mut next, mut depth) = (Next::Command, 0_usize);
        // The word after a redirection is a file.
        let mut redirected = false;
        loop {
            let Some(&char) = self.rest.peek() else {
                return (end.is_none() && depth == 0).then_some(());
            };
            if depth == 0 && Some(char) == end {
                self.rest.next();
                return Some(());
            }
            match char {
                ' ' | '\t' => {
                    self.rest.next();
                }
                '\n' | ';' | '&' | '|' => {
                    self.rest.next();
                    (next, redirected) = (Next::Command, false);
                }
                '#' => while self.rest.next_if(|char| *char != '\n').is_some() {},
                '(' if next == Next::Command => {
                    self.rest.next();
                    depth += 1;
                }
                ')' => {
                    self.rest.next();
                    depth = depth.checked_sub(1)?;
                    next = Next::Argument;
                }
                '(' => return None,
                '<' | '>' => {
                    self.rest.next();
                    while let Some(more) = self.rest.next_if(|char| "<>&|".contains(*char)) {
                        // Here-documents, and what is a file at one side only.
                        if char == '<' && more != '&' {
                            return None;
                        }
                    }
                    if self.rest.peek() == Some(&'(') {
                        return None;
                    }
                    redirected = true;
                }
                _ => {
                    let word = self.word()?;
                    let descriptor = self.rest.peek().is_some_and(|char| "<>".contains(*char))
                        && is_number(&word.text);
                    if std::mem::take(&mut redirected) || descriptor {
                        continue;
                    }
                    next = self.meet(word, next)?;
                }
            }
        }
    }

    /// Takes note of a word; what the one after it is.
    fn meet(&mut self, word: Word, next: Next) -> Option<Next> {
        if next == Next::Argument || !word.literal && !word.is_assignment() {
            return Some(Next::Argument);
        }
        if word.is_assignment() {
            // Where it sets PATH, names are its own affair.
            return (!word.text.starts_with("PATH=")).then_some(Next::Command);
        }
        let word = word.text;
        if next == Next::CarriedCommand && word.starts_with('-') {
            return Some(Next::Argument);
        }
        if TOO_MUCH.contains(&&*word) {
            return None;
        }
        if BEFORE_A_COMMAND.contains(&&*word) || word == "{" {
            return Some(Next::Command);
        }
        if word == "exec" || word == "command" {
            return Some(Next::CarriedCommand);
        }
        self.found.push(word);
        Some(Next::Argument)
    }

    /// The next word.
    fn word(&mut self) -> Option<Word> {
        let (mut text, mut literal, mut double) = (String::new(), true, false);
        let mut begun = false;
        while let Some(&char) = self.rest.peek() {
            if !double && " \t\n;&|<>()".contains(char) {
                // `name()` defines a function.
                if char == '(' {
                    return None;
                }
                break;
            }
            self.rest.next();
            begun = true;
            match char {
                '"' => double = !double,
                '\'' if !double => loop {
                    match self.rest.next()? {
                        '\'' => break,
                        char => text.push(char),
                    }
                },
                '\\' => text.extend(self.rest.next().filter(|char| *char != '\n')),
                '`' => {
                    literal = false;
                    self.list_in_backquotes()?;
                }
                '$' => literal &= self.expansion()?,
                '*' | '?' if !double => literal = false,
                char => text.push(char),
            }
        }
        (begun && !double).then_some(Word { text, literal })
    }

    /// What follows a `$`; whether it stands for itself.
    fn expansion(&mut self) -> Option<bool> {
        match self.rest.peek().copied() {
            Some('(') => {
                self.rest.next();
                if self.rest.peek() == Some(&'(') {
                    return None;
                }
                self.list(Some(')'))?;
            }
            Some('{') => {
                while self.rest.next()? != '}' {
                    // A command may stand in there.
                    if self.rest.peek().is_some_and(|char| "`$'\"".contains(*char)) {
                        return None;
                    }
                }
            }
            Some('\'' | '"') => return None,
            Some(char) if char.is_ascii_alphanumeric() || "_@*#?-$!".contains(char) => {}
            _ => return Some(true),
        }
        Some(false)
    }

    fn list_in_backquotes(&mut self) -> Option<()> {
        let mut script = String::new();
        loop {
            match self.rest.next()? {
                '`' => break,
                '\\' => return None,
                char => script.push(char),
            }
        }
        let mut inner = Self {
            rest: script.chars().collect::<Vec<_>>().into_iter().peekable(),
            found: Vec::new(),
        };
        inner.list(None)?;
        self.found.append(&mut inner.found);
        Some(())
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_told_from_arguments() {
        for (script, expected) in [
            ("a b; /c d && e | f & g", "a /c e f g"),
            ("if ! a; then b; else { c; }; fi", "a b c"),
            ("A=b C=\"d e\" f g", "f"),
            ("A=$b C=$(d) e", "d e"),
            ("exec a b; exec >x; exec -a b c; command -v d", "a"),
            ("a \"$(b c)\" `d e` ${f:-g} $h", "a b d"),
            ("a 2>/dev/null <b >&2 | c", "a c"),
            ("\"a\" 'b' # c\nd", "a d"),
            ("[ -n x ] && echo y || true", ""),
            ("for i in a b; do c $i; done", "c"),
            ("$a b; a$b c; (d; e)", "d e"),
            ("", ""),
        ] {
            assert_eq!(
                commands(script).map(|found| found.join(" ")).as_deref(),
                Some(expected),
                "{script}"
            );
        }
    }

    #[test]
    fn what_needs_a_real_parser_is_left_alone() {
        for script in [
            "case a in b) c;; esac",
            "a <<E\nb\nE",
            "a() { b; }",
            "a $((1 + 2))",
            "PATH=/x a",
            "a 'b",
            "[[ a < b ]]",
            "a <(b)",
            "(a",
        ] {
            assert_eq!(commands(script), None, "{script}");
        }
    }
}
