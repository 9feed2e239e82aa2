//! The code blocks of the project's pages.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A fenced code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The page, by its path in the project.
    pub page: String,
    /// The line of the page on which its text begins.
    pub line: usize,
    /// What stands behind the fence: `toml`, `console`; often nothing.
    pub language: String,
    /// The lines between the fences.
    pub text: String,
}

/// A command of a `console` block, and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its words as a shell splits them; variables stay as they are.
    pub words: Vec<String>,
    /// The lines that follow it in the block.
    pub output: String,
}

/// All blocks of the pages that people write: README.md, CONTRIBUTING.md, docs/*.md, examples/*/README.md.
pub fn blocks() -> Result<Vec<Block>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = project.join("docs");
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Error::new(format!("read {}", path.display()), error))
    };
    let mut pages = vec![project.join("README.md"), project.join("CONTRIBUTING.md")];
    let entries = |directory: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(directory)
            .map_err(|error| Error::new(format!("read {}", directory.display()), error))?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    };
    let examples = entries(&project.join("examples"))?;
    let of_examples = examples
        .into_iter()
        .map(|example| example.join("README.md"));
    let mut files = entries(&docs)?;
    files.extend(of_examples.filter(|page| page.exists()));
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "md"));
    files.sort();
    pages.extend(files);
    let mut blocks = Vec::new();
    for page in pages {
        let name = page.strip_prefix(&project).unwrap_or(&page);
        blocks.extend(blocks_of(&name.display().to_string(), &read(&page)?));
    }
    Ok(blocks)
}

/// The blocks of one page. A block in a list loses the list's indentation.
fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let block = Block {
                    page: page.to_owned(),
                    line: index + 2,
                    language: language.to_owned(),
                    text: String::new(),
                };
                open = Some((line.len() - line.trim_start().len(), block));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (Some((indentation, block)), None) => {
                block.text += line.get(*indentation..).unwrap_or("");
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

impl Block {
    /// The commands of a `console` block: what follows `$ `, with continued lines.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if let Some(start) = line.strip_prefix("$ ") {
                let mut whole = start.to_owned();
                while whole.ends_with('\\') {
                    whole.pop();
                    whole += lines.next().unwrap_or("");
                }
                commands.push(Command {
                    words: words(&whole),
                    output: String::new(),
                });
            } else if let Some(command) = commands.last_mut() {
                command.output += line;
                command.output.push('\n');
            }
        }
        commands
    }
}

/// The words of a simple command, without a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for character in line.chars() {
        match (character, quote) {
            ('#', None) if word.is_none() => break,
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, Some(open)) if open == character => quote = None,
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_commands_and_their_output() {
        let page = "x\n\n  ```console\n  $ a \"$b c\" '' \\\n      d#e  # why\n  said\n  $ f\n  ```\n```\n$ g\n```\n";
        let blocks = blocks_of("page", page);
        let found: Vec<_> = blocks
            .iter()
            .map(|one| (one.line, &*one.language))
            .collect();
        assert_eq!(found, [(4, "console"), (10, "")]);
        let commands = blocks[0].commands();
        assert_eq!(commands[0].words, ["a", "$b c", "", "d#e"]);
        assert_eq!(commands[0].output, "said\n");
        assert_eq!(commands[1].words, ["f"]);
    }
}
