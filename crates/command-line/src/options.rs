//! The options that all tools share, and how they are read from a command line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use bstr::ByteSlice;
use clap::error::ErrorKind;
use clap::{Args, Parser};

use crate::exit_status::{EXIT_STATUS_HELP, Streams, UsageError};
use crate::output_options::OutputOptions;

const PACKAGE: &str = "The package";
pub(crate) const CHANGES: &str = "What is changed";

/// The options that all tools share.
#[derive(Args, Clone, Debug)]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
pub struct CommonOptions {
    /// An output of the package, as `out=/nix/store/…` (repeatable)
    ///
    /// The path is a directory directly below the store directory, and exists.
    ///
    /// Environment: HERMETIC_OUT_OUTPUT, a list.
    #[arg(long, value_name = "NAME=PATH", help_heading = PACKAGE)]
    pub output: Vec<OsString>,

    /// Where the programs of dependencies are (repeatable)
    ///
    /// Directories in the order in which they are searched, separated by colons. The parent of each
    /// counts as a dependency, for its lib, libexec and share. Only what is asked for is looked up.
    ///
    /// Environment: HERMETIC_OUT_SEARCH_PATH, separated by colons.
    #[arg(long, value_name = "DIR[:DIR…]", help_heading = PACKAGE)]
    pub search_path: Vec<OsString>,

    /// The search path for the files of one output, in place of --search-path (repeatable)
    ///
    /// For an output whose files run while other packages are built, as `dev`.
    ///
    /// Environment: HERMETIC_OUT_OUTPUT_SEARCH_PATH, a list.
    #[arg(long, value_name = "NAME=DIR[:DIR…]", help_heading = PACKAGE)]
    pub output_search_path: Vec<OsString>,

    /// A dependency that has no directory of programs (repeatable)
    ///
    /// Environment: HERMETIC_OUT_DEPENDENCY, a list.
    #[arg(long, value_name = "PATH", help_heading = PACKAGE)]
    pub dependency: Vec<OsString>,

    /// What a store path begins with
    #[arg(long, value_name = "DIR", default_value = "/nix/store", help_heading = PACKAGE)]
    pub store_dir: PathBuf,

    /// The tree in which all these paths are read and written, in place of /
    #[arg(long, value_name = "DIR", help_heading = PACKAGE)]
    pub root: Option<PathBuf>,

    /// Leave what this pattern matches as it is (repeatable)
    ///
    /// Environment: HERMETIC_OUT_KEEP, a list.
    #[arg(long, value_name = "GLOB", help_heading = CHANGES)]
    pub keep: Vec<OsString>,

    /// Write TO where FROM stands, before anything else is tried (repeatable)
    ///
    /// The first = separates the two.
    ///
    /// Environment: HERMETIC_OUT_REPLACE, a list.
    #[arg(long, value_name = "FROM=TO", help_heading = CHANGES)]
    pub replace: Vec<OsString>,

    /// Write TO where FROM stands and nothing provides it (repeatable)
    ///
    /// Environment: HERMETIC_OUT_FALLBACK, a list.
    #[arg(long, value_name = "FROM=TO", help_heading = CHANGES)]
    pub fallback: Vec<OsString>,

    /// What is shown.
    #[command(flatten)]
    pub shown: OutputOptions,
}

const STREAMS_HELP: &str = "\
Output:
  human        findings and the summary go to standard error, --diff to standard output
  json, sarif  one document on standard output";

const ARGUMENTS_HELP: &str = "\
Long arguments:
  @FILE is replaced by the lines of FILE, one argument a line; empty lines count for nothing, and
  no @ in it is followed. An option is read from its environment variable if the command line does
  not give it. A list there is separated by line ends if it holds any, else by blanks.";

/// The end of a tool's `--help`: where output goes, how long arguments are given, the exit
/// statuses, and `example`, some command lines.
#[must_use]
pub fn after_help(example: &str) -> String {
    format!("{STREAMS_HELP}\n\n{ARGUMENTS_HELP}\n\n{EXIT_STATUS_HELP}\n\nExample:\n{example}")
}

/// Reads the options of a tool from `arguments`, the first of which is the program's own name.
/// `None` if help or the version was asked for, which is then printed.
pub fn parse<T: Parser>(
    arguments: impl IntoIterator<Item = OsString>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Option<T>> {
    let arguments = expand(arguments)?;
    match T::try_parse_from(arguments) {
        Ok(options) => Ok(Some(options)),
        // It is the whole help, which is no error message.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(UsageError("no command is given".to_owned()).into())
        }
        Err(error) if error.use_stderr() => Err(UsageError(one_line(&error)).into()),
        Err(help) => {
            write!(streams.stdout, "{help}").context("writing to standard output")?;
            Ok(None)
        }
    }
}

/// Replaces each `@FILE` by the lines of FILE.
fn expand(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Vec<OsString>> {
    let mut expanded = Vec::new();
    for (index, argument) in arguments.into_iter().enumerate() {
        match argument.as_bytes().strip_prefix(b"@") {
            Some(file) if index > 0 => {
                let file = Path::new(OsStr::from_bytes(file));
                let lines = fs::read(file)
                    .with_context(|| format!("reading the arguments in {}", file.display()))?;
                expanded.extend(
                    lines
                        .lines()
                        .filter(|line| !line.is_empty())
                        .map(to_os_string),
                );
            }
            _ => expanded.push(argument),
        }
    }
    Ok(expanded)
}

/// What clap has to say, without its usage: the sentence, then its tips.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n");
    let sentence = paragraphs.next().unwrap_or_default();
    let mut line = String::new();
    let tips = paragraphs.filter(|paragraph| paragraph.trim_start().starts_with("tip: "));
    for (index, paragraph) in std::iter::once(sentence).chain(tips).enumerate() {
        if index > 0 {
            line.push_str("; ");
        }
        let words: Vec<&str> = paragraph.lines().map(str::trim).collect();
        let joined = words.join(" ");
        let joined = joined
            .trim_start_matches("error: ")
            .trim_start_matches("tip: ");
        line.push_str(joined);
    }
    line
}

fn to_os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::exit_status::ExitStatus;
    use crate::exit_status::tests::run_captured;

    #[derive(Parser)]
    #[command(name = "tool", version = "1.2.3", about = "A tool", after_long_help = after_help("  tool --output out=$out"))]
    struct Tool {
        #[command(flatten)]
        common: CommonOptions,
    }

    /// What a tool makes of `arguments`.
    pub(crate) fn options<S: AsRef<OsStr>>(arguments: &[S]) -> CommonOptions {
        let arguments = arguments.iter().map(AsRef::as_ref);
        let arguments = std::iter::once(OsStr::new("tool")).chain(arguments);
        Tool::try_parse_from(arguments).unwrap().common
    }

    fn told(arguments: &[&str]) -> (u8, String, String) {
        let arguments: Vec<OsString> = std::iter::once(&"tool")
            .chain(arguments)
            .map(OsString::from)
            .collect();
        run_captured(|streams| {
            parse::<Tool>(arguments, streams)?;
            Ok(ExitStatus::Clean)
        })
    }

    #[test]
    fn arguments_come_from_files() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("arguments");
        fs::write(&file, b"--keep\n\na b\n@c\xff").unwrap();
        let mut at_file = OsString::from("@");
        at_file.push(&file);
        let expanded = expand(["@tool".into(), at_file, "x".into()]).unwrap();
        let expected: Vec<&OsStr> = [&b"@tool"[..], b"--keep", b"a b", b"@c\xff", b"x"]
            .map(OsStr::from_bytes)
            .into();
        assert_eq!(expanded, expected);
        assert_eq!(
            told(&["@/missing"]),
            (
                2,
                String::new(),
                "tool: error: reading the arguments in /missing: No such file or directory (os \
                 error 2)\n"
                    .into()
            )
        );
    }

    #[test]
    fn wrong_usage_is_told_on_one_line() {
        for (arguments, expected) in [
            (
                &["--outptu=x"][..],
                "unexpected argument '--outptu' found; a similar argument exists: '--output'",
            ),
            (
                &["--format=xml"],
                "invalid value 'xml' for '--format <FORMAT>' [possible values: human, json, sarif]",
            ),
            (
                &["--quiet", "--verbose"],
                "the argument '--quiet' cannot be used with '--verbose'",
            ),
            (
                &["--output"],
                "a value is required for '--output <NAME=PATH>' but none was supplied",
            ),
        ] {
            let message = format!("tool: error: {expected}; --help lists the options\n");
            assert_eq!(told(arguments), (2, String::new(), message));
        }
    }

    #[test]
    fn a_missing_command_is_told() {
        #[derive(Debug, Parser)]
        #[command(name = "tool")]
        struct Tool {
            #[command(subcommand)]
            _job: Job,
        }
        #[derive(Debug, clap::Subcommand)]
        enum Job {
            One,
            Other,
        }
        let told = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            run_captured(|streams| {
                parse::<Tool>(arguments, streams)?;
                Ok(ExitStatus::Clean)
            })
        };
        let message = "tool: error: no command is given; --help lists the options\n";
        assert_eq!(told(&["tool"]), (2, String::new(), message.into()));
        for job in ["one", "other"] {
            assert_eq!(told(&["tool", job]).0, 0);
        }
    }

    #[test]
    fn help_and_version_go_to_standard_output() {
        assert_eq!(
            told(&["--version"]),
            (0, "tool 1.2.3\n".into(), String::new())
        );
        let (status, help, _) = told(&["--help"]);
        assert_eq!(status, 0);
        for heading in [
            PACKAGE,
            CHANGES,
            "What is shown",
            "Output:",
            "Long arguments:",
            "Exit status:",
        ] {
            assert!(help.contains(heading), "{heading} is missing in\n{help}");
        }
        assert!(
            help.ends_with("Example:\n  tool --output out=$out\n"),
            "{help}"
        );
        assert!(told(&["-h"]).1.len() < help.len());
    }
}
