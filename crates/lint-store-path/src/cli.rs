//! The command line.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;
use hermetic_out::{FindingKind, Store};
use hermetic_out_command_line::policy::{Baseline, Compared, Policy, PolicyOptions};
use hermetic_out_command_line::progress::Bar;
use hermetic_out_command_line::request::{package_name, store};
use hermetic_out_command_line::size::{Size, SizeSum};
use hermetic_out_command_line::{
    ExitStatus, Format, OutputOptions, Report, Streams, Tool, ToolVersion, escape_for_terminal,
};

use crate::cache::Cache;
use crate::facts::{FactSet, Node, PathFacts, written};
use crate::rules::{self, RULES};
use crate::{Linted, Sources, Stats, gather, lint};

/// The name and version of the tool.
pub const TOOL: ToolVersion = ToolVersion {
    name: "lint-store-path",
    version: env!("CARGO_PKG_VERSION"),
};

const FACTS_HELP: &str = "Facts";

/// Find broken programs, libraries, units and links in store paths
///
/// Reads every file of the store paths, and reports programs that cannot start, libraries that cannot be
/// found, links that lead nowhere and whatever else will fail at run time. Nothing is changed.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
pub struct Arguments {
    /// Store paths, links to store paths, and lists of store paths as nixpkgs' closureInfo writes them
    #[arg(value_name = "PATH", required_unless_present_any = ["explain", "list_rules", "facts"])]
    paths: Vec<PathBuf>,

    /// Also lint everything that the store paths refer to, and the closure as a whole
    ///
    /// The closure is what a list says, else what nix-store says if it is installed, else what is found in
    /// the files.
    #[arg(long)]
    closure: bool,

    /// The store directory
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    store_dir: PathBuf,

    /// Read store paths below DIR instead of /
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Print the names and summaries of all rules, and exit
    #[arg(long)]
    list_rules: bool,

    /// Write the facts of the store paths to FILE, and check no rule
    #[arg(long, value_name = "FILE", help_heading = FACTS_HELP)]
    write_facts: Option<PathBuf>,

    /// Read the facts of some store paths from FILE, which --write-facts wrote (repeatable)
    ///
    /// These store paths are linted, too.
    #[arg(long, value_name = "FILE", help_heading = FACTS_HELP)]
    facts: Vec<PathBuf>,

    /// Neither read nor write the cache
    ///
    /// The facts of paths in a Nix store are cached below XDG_CACHE_HOME, in
    /// hermetic-out/facts.
    #[arg(long, help_heading = FACTS_HELP)]
    no_cache: bool,

    #[command(flatten)]
    rule_selection: PolicyOptions,

    #[command(flatten)]
    output_options: OutputOptions,
}

impl Tool for Arguments {
    const TOOL: ToolVersion = TOOL;
    const EXAMPLE: &'static str = "  \
lint-store-path /nix/store/…-chrony-4.6
  lint-store-path --closure --allow shebang-env:share/** ./result
  lint-store-path --closure --format html ./result > findings.html";
    const HAS_PAGE: bool = true;
    const FINDINGS_ON_STDOUT: bool = true;

    fn kinds() -> Vec<&'static FindingKind> {
        rules::kinds().to_vec()
    }

    fn output_options(&self) -> &OutputOptions {
        &self.output_options
    }

    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
        if self.list_rules {
            list_rules(streams).context("writing to standard output")?;
            return Ok(ExitStatus::Clean);
        }
        let policy = self.rule_selection.policy(rules::kinds())?;
        let sources = self.sources()?;
        let bar = Bar::new(streams, self.output_options.style);
        if let Some(file) = &self.write_facts {
            let gathered = gather::gather(sources, &bar)?;
            drop(bar);
            self.show_not_cached(gathered.not_cached.as_ref(), streams)?;
            written::write(file, gathered.known.paths())?;
            return Ok(ExitStatus::Clean);
        }
        let store = sources.store.clone();
        let linted = lint(sources, &bar)?;
        drop(bar);
        self.show_not_cached(linted.looked_at.not_cached.as_ref(), streams)?;
        self.show(linted, &store, &policy, streams)
    }
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
        let selection = &self.rule_selection;
        if let Some(baseline) = selection
            .baseline
            .as_ref()
            .filter(|_| selection.write_baseline)
        {
            Baseline::of(&findings, &store.directory).write(baseline)?;
            return Ok(ExitStatus::Clean);
        }
        let compared = match &selection.baseline {
            Some(baseline) => Baseline::read(baseline)?.compare(findings, &store.directory),
            None => Compared {
                new: findings,
                known: 0,
                gone: 0,
            },
        };
        let report = Report {
            allowed,
            known: compared.known,
            gone: compared.gone,
            findings_on_stdout: Self::FINDINGS_ON_STDOUT,
            sizes: match self.output_options.format {
                Format::Html => sizes(&known),
                _ => Vec::new(),
            },
            ..Report::new(
                TOOL,
                self.subject(store, &looked_at),
                store.directory.clone(),
                compared.new,
            )
        };
        self.output_options.write(&report, streams)?;
        if self.output_options.style.verbose && self.output_options.format == Format::Human {
            writeln!(
                streams.stderr,
                "looked at {} with {}; {} of the store paths had to be read",
                number(looked_at.paths.len(), "store path"),
                number(looked_at.files, "file"),
                looked_at.read,
            )
            .context("writing to standard error")?;
        }
        Ok(report.exit_status(selection.fail_on.into()))
    }

    fn show_not_cached(
        &self,
        not_cached: Option<&(PathBuf, String)>,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        let Some((path, reason)) = not_cached.filter(|_| self.output_options.style.verbose) else {
            return Ok(());
        };
        let message = format!(
            "what was read of {} could not be kept for the next run: {reason}",
            path.display()
        );
        writeln!(
            streams.stderr,
            "{}",
            escape_for_terminal(message.as_bytes())
        )
        .context("writing to standard error")
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
