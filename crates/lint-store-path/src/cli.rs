//! The command line.

mod bar;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{CommandFactory, Parser};
use hermetic_out::Store;
use hermetic_out_command_line::output_options::FindingsFormat;
use hermetic_out_command_line::page::{Size, SizeSum};
use hermetic_out_command_line::policy::{Baseline, Compared, Policy, PolicyOptions};
use hermetic_out_command_line::request::{package_name, store};
use hermetic_out_command_line::{
    ExitStatus, FindingsOptions, FindingsReport, Streams, after_help, explain, parse,
};

use crate::cache::Cache;
use crate::facts::{FactSet, Node, PathFacts, written};
use crate::rules::{self, RULES};
use crate::{Linted, Sources, Stats, gather, lint};

/// The name of the tool.
pub const TOOL: &str = "lint-store-path";

const EXAMPLE: &str = "  \
lint-store-path /nix/store/…-chrony-4.6
  lint-store-path --closure --allow shebang-env:share/** ./result";

const SHOWN: &str = "What is shown";
const FACTS_HELP: &str = "Facts";

/// Say everything that a finished store path gets wrong
///
/// Looks at every file of the store paths and reports programs that cannot start, libraries that cannot
/// be found, links that lead nowhere and what else will fail at run time, whoever built them. Nothing is
/// changed.
#[derive(Debug, Parser)]
#[command(name = TOOL, version, max_term_width = 100, after_long_help = after_help(EXAMPLE))]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
struct Arguments {
    /// Store paths, links to them, and lists of them as nixpkgs' closureInfo writes them
    #[arg(value_name = "PATH", required_unless_present_any = ["explain", "list_rules", "facts"])]
    paths: Vec<PathBuf>,

    /// Look at all that the store paths refer to, too, and at the closure as a whole
    ///
    /// What belongs to it is in a list, or is asked of nix-store if there is one, or is found in the
    /// files.
    #[arg(long)]
    closure: bool,

    /// What a store path begins with
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    store_dir: PathBuf,

    /// The tree in which store paths are read, in place of /
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Print the names of all rules, with what they are about, and stop
    #[arg(long, help_heading = SHOWN)]
    list_rules: bool,

    /// Write what is known of the store paths to FILE, and ask no rule
    #[arg(long, value_name = "FILE", help_heading = FACTS_HELP)]
    write_facts: Option<PathBuf>,

    /// Take what is known of some store paths from FILE, which --write-facts wrote (repeatable)
    ///
    /// These store paths are linted, too.
    #[arg(long, value_name = "FILE", help_heading = FACTS_HELP)]
    facts: Vec<PathBuf>,

    /// Read every file, and keep nothing for the next run
    ///
    /// What was read of a path in a store that Nix looks after, and what was found in a closure, is kept
    /// below XDG_CACHE_HOME, in hermetic-out/facts.
    #[arg(long, help_heading = FACTS_HELP)]
    no_cache: bool,

    #[command(flatten)]
    counts: PolicyOptions,

    #[command(flatten)]
    shown: FindingsOptions,
}

/// The command line's description, from which its man page and completions are made.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Does what the command line `arguments` asks for; the first is the program's own name.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<ExitStatus> {
    let Some(arguments) = parse::<Arguments>(arguments, streams)? else {
        return Ok(ExitStatus::Clean);
    };
    if let Some(name) = &arguments.shown.verbosity.explain {
        explain(rules::kinds(), name, streams.stdout)?;
        return Ok(ExitStatus::Clean);
    }
    if arguments.list_rules {
        list_rules(streams).context("writing to standard output")?;
        return Ok(ExitStatus::Clean);
    }
    let policy = arguments.counts.policy(rules::kinds())?;
    let sources = arguments.sources()?;
    let bar = bar::Bar::new(
        streams.stderr_is_terminal && !arguments.shown.verbosity.quiet,
        arguments.shown.verbosity.verbose,
    );
    if let Some(file) = &arguments.write_facts {
        let gathered = gather::gather(sources, &bar)?;
        bar.finish(streams)?;
        written::write(file, gathered.known.paths())?;
        return Ok(ExitStatus::Clean);
    }
    let store = sources.store.clone();
    let linted = lint(sources, &bar)?;
    bar.finish(streams)?;
    arguments.show(linted, &store, &policy, streams)
}

fn list_rules(streams: &mut Streams<'_>) -> std::io::Result<()> {
    let width = rules::kinds().iter().map(|kind| kind.id.len()).max();
    for rule in RULES {
        writeln!(
            streams.stdout,
            "{:width$}  {:7}  {}",
            rule.id(),
            rule.kind.severity.name(),
            rule.kind.summary,
            width = width.unwrap_or_default(),
        )?;
    }
    Ok(())
}

impl Arguments {
    fn sources(&self) -> anyhow::Result<Sources> {
        let store = store(&self.store_dir, self.root.as_deref())?;
        let mut given: Vec<PathFacts> = Vec::new();
        for file in &self.facts {
            given.extend(written::read(file)?);
        }
        if self.paths.is_empty() && given.is_empty() {
            bail!("there is nothing to lint: the files given with --facts know no store path");
        }
        let cache = (!self.no_cache).then(|| Cache::of_user(&store)).flatten();
        Ok(Sources {
            store,
            arguments: self.paths.clone(),
            closure: self.closure,
            cache,
            given,
            wants_facts: self.shown.format == FindingsFormat::Html,
        })
    }

    /// Shows what counts of what was found, or writes it to the baseline.
    fn show(
        &self,
        linted: Linted,
        store: &Store,
        policy: &Policy,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<ExitStatus> {
        let Linted {
            findings,
            looked_at,
            known,
        } = linted;
        let (findings, allowed) = policy.apply(findings, &store.directory);
        let counts = &self.counts;
        if let Some(baseline) = counts.baseline.as_ref().filter(|_| counts.write_baseline) {
            Baseline::of(&findings, &store.directory).write(baseline)?;
            return Ok(ExitStatus::Clean);
        }
        let compared = match &counts.baseline {
            Some(baseline) => Baseline::read(baseline)?.compare(findings, &store.directory),
            None => Compared {
                new: findings,
                known: 0,
                gone: 0,
            },
        };
        let report = FindingsReport {
            tool: TOOL,
            tool_version: env!("CARGO_PKG_VERSION"),
            subject: self.subject(store, &looked_at),
            store_dir: store.directory.clone(),
            findings: compared.new,
            allowed,
            known: compared.known,
            gone: compared.gone,
            sizes: match &known {
                Some(known) if self.shown.format == FindingsFormat::Html => sizes(known),
                _ => Vec::new(),
            },
        };
        report.write(&self.shown, streams)?;
        if self.shown.verbosity.verbose && self.shown.format == FindingsFormat::Human {
            writeln!(
                streams.stderr,
                "looked at {} with {}; {} of the store paths had to be read",
                number(looked_at.paths.len(), "store path"),
                number(looked_at.files, "file"),
                looked_at.read,
            )
            .context("writing to standard error")?;
        }
        let status = report.exit_status(counts.fail_on.into());
        // The process ends: what is known need not be given back piece by piece.
        std::mem::forget((known, report));
        Ok(status)
    }

    /// What is linted, for people.
    fn subject(&self, store: &Store, looked_at: &Stats) -> String {
        match (looked_at.paths.as_slice(), self.paths.as_slice()) {
            ([only], _) => package_name(&store.path_of_name(only)),
            // A list has no name.
            (_, [only]) if self.closure && store.store_path_of(only).is_some() => {
                format!("the closure of {}", package_name(only))
            }
            (paths, _) => number(paths.len(), "store path"),
        }
    }
}

fn number(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// How large the store paths and the directories in them are, largest first.
fn sizes(known: &FactSet) -> Vec<Size> {
    let mut sum = SizeSum::default();
    for facts in known.paths() {
        for file in &facts.files {
            let size = match &file.node {
                Node::File { size, .. } => *size,
                Node::Link { target } => target.len() as u64,
                _ => continue,
            };
            let below = file.sub_path.split(|byte| *byte == b'/');
            let mut names: Vec<&[u8]> = std::iter::once(facts.name.as_slice())
                .chain(below)
                .collect();
            names.pop();
            sum.add(&names, size);
        }
    }
    sum.sizes(known.store().directory.as_os_str().as_bytes())
}
