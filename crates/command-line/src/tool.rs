//! The command line of every tool: one `main`, one `--help`, one `--explain`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use bstr::ByteSlice;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Command, Parser, ValueEnum};
use hermetic_out::{FindingKind, kind_by_id};

use crate::exit_status::{ExitStatus, Streams, UsageError, on_process_streams};
use crate::explain::{page, unknown};
use crate::output_options::OutputOptions;
use crate::report::{Format, ToolVersion};

/// A tool, by its arguments.
pub trait Tool: Parser {
    /// Its name and version.
    const TOOL: ToolVersion;
    /// Command lines for the end of `--help`, indented by two blanks.
    const EXAMPLE: &'static str;
    /// Whether it also writes its findings as a page: it has to enable the feature `html`.
    const HAS_PAGE: bool = false;
    /// Whether its findings go to standard output in the human format: see [`Report`](crate::Report).
    const FINDINGS_ON_STDOUT: bool = false;

    /// The kinds of finding that it reports.
    fn kinds() -> Vec<&'static FindingKind>;

    /// Further sections of `--help`, each followed by an empty line.
    #[must_use]
    fn sections() -> String {
        String::new()
    }

    /// The options about output.
    fn output_options(&self) -> &OutputOptions;

    /// Does what the arguments ask for.
    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus>;
}

/// Runs a tool on the arguments and the streams of the process.
#[must_use]
pub fn main<T: Tool>() -> ExitCode {
    on_process_streams(T::TOOL.name, |streams| {
        run::<T>(std::env::args_os(), streams)
    })
}

/// The description of a tool's command line, from which its man page and completions are made.
#[must_use]
pub fn command<T: Tool>() -> Command {
    let command = T::command()
        .name(T::TOOL.name)
        .version(T::TOOL.version)
        .max_term_width(100)
        .after_long_help(after_help::<T>());
    with_formats::<T>(command)
}

/// Runs a tool on `arguments`, the first of which is the program's own name. Fails if the tool cannot do
/// its work; findings are no failure.
pub fn run<T: Tool>(
    arguments: impl IntoIterator<Item = OsString>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<ExitStatus> {
    let Some(arguments) = parse::<T>(arguments, streams)? else {
        return Ok(ExitStatus::Clean);
    };
    let Some(name) = &arguments.output_options().explain else {
        return arguments.run(streams);
    };
    let kinds = T::kinds();
    let kind = kind_by_id(&kinds, name).ok_or_else(|| UsageError(unknown(&kinds, name)))?;
    write!(streams.stdout, "{}", page(kind)).context("writing to standard output")?;
    Ok(ExitStatus::Clean)
}

/// The formats of the tool: another tool of the same build may have enabled the page.
fn formats<T: Tool>() -> impl Iterator<Item = PossibleValue> {
    let formats = Format::value_variants().iter();
    let formats = formats.filter_map(Format::to_possible_value);
    formats.filter(|format| T::HAS_PAGE || format.get_name() != "html")
}

/// Leaves only the tool's formats to `--format`.
fn with_formats<T: Tool>(command: Command) -> Command {
    let parser = PossibleValuesParser::new(formats::<T>())
        .map(|name| Format::from_str(&name, false).unwrap_or_default());
    command
        .mut_args(|argument| match argument.get_id().as_str() {
            "format" => argument.value_parser(parser.clone()),
            _ => argument,
        })
        .mut_subcommands(with_formats::<T>)
}

fn after_help<T: Tool>() -> String {
    let documents: Vec<String> = formats::<T>()
        .map(|format| format.get_name().to_owned())
        .filter(|name| name != "human")
        .collect();
    let documents = documents.join(", ");
    let human = if T::FINDINGS_ON_STDOUT {
        "findings on standard output, the summary on standard error"
    } else {
        "findings and the summary on standard error"
    };
    format!(
        "\
Standard output and standard error:
  human: {human}
  {documents}: one document on standard output

Long argument lists:
  @FILE is replaced by the lines of FILE, one argument per line. Empty lines are ignored, and a
  line that begins with @ is not expanded again.

{}Exit status:
  0  no finding at or above the failing severity, which is error by default
  1  a finding at or above it; all findings are reported
  2  the tool failed: wrong arguments, an unreadable file, a full disk. A report that cannot be
     written is a failure, too, before anything is changed

Examples:
{}",
        T::sections(),
        T::EXAMPLE
    )
}

/// Reads the options of a tool from `arguments`, the first of which is the program's own name.
/// `None` if help or the version was asked for, which is then printed.
fn parse<T: Tool>(
    arguments: impl IntoIterator<Item = OsString>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Option<T>> {
    let arguments = expand(arguments)?;
    let mut command = command::<T>();
    let options = command
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| T::from_arg_matches(&matches))
        .map_err(|error| error.format(&mut command));
    match options {
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
                // A pipe is as good as a file: the hooks write @<(…).
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
mod tests {
    use hermetic_out::{Group, Severity};

    use super::*;
    use crate::exit_status::tests::run_captured;
    use crate::options::CommonOptions;

    /// A tool
    #[derive(Parser)]
    struct Fixup {
        #[command(flatten)]
        common: CommonOptions,
    }

    impl Tool for Fixup {
        const TOOL: ToolVersion = ToolVersion {
            name: "tool",
            version: "1.2.3",
        };
        const EXAMPLE: &'static str = "  tool --output out=$out";

        fn kinds() -> Vec<&'static FindingKind> {
            vec![&KIND]
        }

        fn output_options(&self) -> &OutputOptions {
            &self.common.output_options
        }

        fn run(self, _streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
            Ok(ExitStatus::Clean)
        }
    }

    static KIND: FindingKind = FindingKind {
        id: "broken-link",
        aliases: &["dead-link"],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A link is broken",
        explanation: "It leads nowhere.",
        example: "x -> y",
        remedy: "mend it",
    };

    /// What a tool prints.
    fn printed<T: Tool>(arguments: &[&str]) -> (u8, String, String) {
        let arguments: Vec<OsString> = std::iter::once(&"tool")
            .chain(arguments)
            .map(OsString::from)
            .collect();
        run_captured(|streams| run::<T>(arguments, streams))
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
            printed::<Fixup>(&["@/missing"]),
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
                &["--color=red"],
                "invalid value 'red' for '--color <WHEN>' [possible values: auto, always, never]",
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
            assert_eq!(printed::<Fixup>(arguments), (2, String::new(), message));
        }
    }

    #[test]
    fn a_missing_command_is_told() {
        #[derive(Debug, Parser)]
        struct Jobs {
            #[command(subcommand)]
            job: Job,
        }
        #[derive(Debug, clap::Subcommand)]
        enum Job {
            One(OutputOptions),
            Other(OutputOptions),
        }
        impl Tool for Jobs {
            const TOOL: ToolVersion = Fixup::TOOL;
            const EXAMPLE: &'static str = "";

            fn kinds() -> Vec<&'static FindingKind> {
                Vec::new()
            }

            fn output_options(&self) -> &OutputOptions {
                match &self.job {
                    Job::One(options) | Job::Other(options) => options,
                }
            }

            fn run(self, _streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
                Ok(ExitStatus::Clean)
            }
        }
        let message = "tool: error: no command is given; --help lists the options\n";
        assert_eq!(printed::<Jobs>(&[]), (2, String::new(), message.into()));
        for job in ["one", "other"] {
            assert_eq!(printed::<Jobs>(&[job]).0, 0);
            let (status, _, message) = printed::<Jobs>(&[job, "--format=html"]);
            assert_eq!(status, 2);
            let values = "invalid value 'html' for '--format <FORMAT>' [possible values: human, ";
            assert!(message.contains(values), "{message}");
        }
    }

    #[test]
    fn a_finding_is_explained() {
        for id in KIND.aliases.iter().chain([&KIND.id]) {
            assert_eq!(
                printed::<Fixup>(&["--explain", id]),
                (0, page(&KIND), String::new())
            );
        }
        let message = "tool: error: no finding is called 'brokn-link'; did you mean broken-link?; \
                       --help lists the options\n";
        assert_eq!(
            printed::<Fixup>(&["--explain", "brokn-link"]),
            (2, String::new(), message.into())
        );
    }

    #[test]
    fn help_and_version_go_to_standard_output() {
        assert_eq!(
            printed::<Fixup>(&["--version"]),
            (0, "tool 1.2.3\n".into(), String::new())
        );
        let (status, help, _) = printed::<Fixup>(&["--help"]);
        assert_eq!(status, 0);
        for heading in [
            "Package:",
            "Changes:",
            "Output:",
            "Standard output and standard error:",
            "Long argument lists:",
            "Exit status:",
        ] {
            assert!(help.contains(heading), "{heading} is missing in\n{help}");
        }
        assert!(
            help.ends_with("Examples:\n  tool --output out=$out\n"),
            "{help}"
        );
        assert!(printed::<Fixup>(&["-h"]).1.len() < help.len());
    }
}
