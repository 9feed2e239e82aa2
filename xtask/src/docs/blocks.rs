//! What stands in the code blocks of the pages is true: command lines are accepted, configuration is read by
//! its reader, and what can be run is.

use std::ffi::OsString;
use std::fs;

use clap::Parser as _;
use hermetic_out_command_line::{ExitStatus, Streams, Tool};
use tests_packages::documentation::{Block, Command, blocks};

use super::tools;

const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

fn blocks_in(language: &str) -> Vec<Block> {
    let mut blocks = blocks().expect("the pages can be read");
    blocks.retain(|block| block.language == language);
    blocks
}

fn commands() -> impl Iterator<Item = (String, Command)> {
    blocks_in("console").into_iter().flat_map(|block| {
        let commands = block.commands().into_iter();
        commands.map(move |command| (format!("{}:{}", block.page, block.line), command))
    })
}

/// Runs a tool in this process; what it prints, and how it ends.
fn run<T: Tool>(arguments: &[&str]) -> (String, anyhow::Result<ExitStatus>) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut streams = Streams {
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let arguments = arguments.iter().map(OsString::from);
    let status = hermetic_out_command_line::run::<T>(arguments, &mut streams);
    (String::from_utf8_lossy(&stdout).into_owned(), status)
}

#[test]
fn every_block_is_of_a_language_that_is_tested() {
    for block in blocks().expect("the pages can be read") {
        let known = ["", "console", "diff", "nix", "text", "toml"].contains(&&*block.language);
        assert!(known, "{}:{}: {}", block.page, block.line, block.language);
    }
}

#[test]
fn every_command_line_is_accepted() {
    let tools = tools();
    let mut accepted = 0;
    for (place, Command { words, .. }) in commands() {
        let result = match &*words[0] {
            "cargo" if words[1] == "xtask" => {
                crate::Arguments::try_parse_from(&words[1..]).map(drop)
            }
            // A shell's own.
            "export" => continue,
            name => {
                let tool = tools.iter().find(|tool| tool.name == name);
                let tool = tool.unwrap_or_else(|| panic!("{place}: what is {name}?"));
                (tool.command)().try_get_matches_from(&words).map(drop)
            }
        };
        assert!(result.is_ok(), "{place}: {words:?}: {result:?}");
        accepted += 1;
    }
    assert!(accepted >= 20, "{accepted} commands are found");
}

#[test]
fn what_asks_the_lint_about_itself_is_run() {
    let mut asked = 0;
    for (place, Command { words, .. }) in commands() {
        let is_about_itself = |word: &String| word == "--list-rules" || word == "--explain";
        if words[0] == lint_store_path::cli::TOOL.name && words.iter().any(is_about_itself) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (stdout, status) = run::<lint_store_path::cli::Arguments>(&words);
            assert!(status.is_ok() && !stdout.is_empty(), "{place}: {status:?}");
            asked += 1;
        }
    }
    assert!(asked >= 2);
}

/// Lints an empty store path with a configuration.
fn lint_with(configuration: &str) -> anyhow::Result<()> {
    let top = tempfile::tempdir()?;
    let config = top.path().join("lint.toml");
    let path = top.path().join(format!("{HASH}-x"));
    fs::write(&config, configuration)?;
    fs::create_dir(&path)?;
    let [config, store, path] = [&config, top.path(), &path].map(|path| path.display().to_string());
    let words = [
        "lint-store-path",
        "--config",
        &config,
        "--store-dir",
        &store,
        &path,
    ];
    run::<lint_store_path::cli::Arguments>(&words).1.map(drop)
}

#[test]
fn the_example_of_the_lint_in_ci_is_read() {
    let example = crate::project().join("examples/lint-in-ci");
    let text = |name: &str| fs::read_to_string(example.join(name)).expect("a file of the example");
    lint_with(&text("lint.toml")).expect("the configuration");
    let workflow = text("workflow.yml");
    let (_, command) = workflow
        .split_once("lint/bin/lint-store-path ")
        .expect("it lints");
    let command = command.lines().next().unwrap_or_default();
    let (command, _) = command.split_once(" > ").expect("its output is kept");
    let words = ["lint-store-path"].into_iter().chain(command.split(' '));
    let parsed = hermetic_out_command_line::command::<lint_store_path::cli::Arguments>()
        .try_get_matches_from(words);
    assert!(parsed.is_ok(), "{parsed:?}");
}

#[test]
fn every_configuration_is_read_by_its_reader() {
    for Block {
        page, line, text, ..
    } in blocks_in("toml")
    {
        let result = match &*page {
            "docs/lint-configuration.md" => lint_with(&text),
            "docs/relocate-etc-to-out.md" => relocate_etc_to_out::policy::Policy::parse(&text)
                .map(drop)
                .map_err(Into::into),
            _ => panic!("{page}:{line}: what reads it?"),
        };
        assert!(result.is_ok(), "{page}:{line}: {result:?}");
    }
}
