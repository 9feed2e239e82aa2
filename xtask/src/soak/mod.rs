//! `cargo xtask soak`: every attack on the tools, for as long as wanted, and the table of what came of it.
//!
//! An attack is a file here: which tests run it, and which share of the time they get. The tests run a short
//! form of it whenever they are run; `scanner_tests::amount` says how they are told of a longer one, and how they
//! report. What is found first is kept by the test, with its seed, in `target/attack`.

mod changed;
mod flips;
mod full_disk;
mod fuzz;
mod growth;
mod kills;
mod properties;
mod races;
mod scanners;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use scanner_tests::amount;
use tests_packages::archive::Archive;
use tests_packages::{etc_package_names, package_names, pc_package_names, store};

use crate::{cargo, project, set_up, target_directory, test};

/// Where the tables are.
const PAGE: &str = "docs/attack.md";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of all attacks together, in minutes, without that of the builds
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Number of runs of each test of an attack, in place of a length
    #[arg(long)]
    runs: Option<usize>,
    /// Start of all random numbers; a failure reports its own
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run only this attack (repeatable)
    #[arg(long, value_name = "NAME", value_parser = names())]
    only: Vec<String>,
    /// Test the whole corpus of packages and scripts, and the tools in Nix builds, and nothing else
    #[arg(long, conflicts_with_all = ["only", "runs"])]
    corpus: bool,
}

/// A number of runs that no test comes to.
const ENDLESS: usize = 1 << 24;

/// A kind of attack.
struct Attack {
    /// Its name on the command line.
    name: &'static str,
    /// What is done, and what has to hold, for the page.
    about: &'static str,
    /// Its share of the time.
    share: u64,
    /// Runs it.
    run: fn(&Amount<'_>) -> anyhow::Result<Vec<Row>>,
}

/// All attacks, in the order in which they are run.
const ATTACKS: &[Attack] = &[
    changed::ATTACK,
    kills::ATTACK,
    full_disk::ATTACK,
    races::ATTACK,
    growth::ATTACK,
    flips::ATTACK,
    properties::ATTACK,
    scanners::ATTACK,
    fuzz::ATTACK,
];

fn names() -> Vec<&'static str> {
    ATTACKS.iter().map(|attack| attack.name).collect()
}

/// How much of an attack is run.
struct Amount<'a> {
    /// The time for it, in seconds.
    seconds: u64,
    /// The number of runs of each test, in place of the time.
    runs: Option<usize>,
    seed: u64,
    /// The minutes of all attacks.
    minutes: u64,
    /// Real packages.
    packages: &'a Path,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    what: String,
    amount: String,
    result: String,
    command: String,
}

/// A test that runs an attack: package, target, and a part of the names of its functions.
type Test = (&'static str, &'static str, &'static str);

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.corpus {
        return test::corpus();
    }
    ensure!(options.minutes > 0, "--minutes: give at least one minute");
    set_up::ensure_installed(set_up::PACKAGES)?;
    set_up::ensure_installed(set_up::SOAK)?;
    let packages = packages()?;
    let is_chosen = |attack: &&Attack| {
        options.only.is_empty() || options.only.iter().any(|name| name == attack.name)
    };
    let chosen = || ATTACKS.iter().filter(is_chosen);
    let shares: u64 = chosen().map(|attack| attack.share).sum();
    let path = project().join(PAGE);
    let mut sections = sections(&fs::read_to_string(&path).unwrap_or_default());
    let mut failed = Vec::new();
    for attack in chosen() {
        println!("{}: {}", attack.name, attack.about);
        let amount = Amount {
            seconds: options.minutes * 60 * attack.share / shares.max(1),
            runs: options.runs,
            seed: options.seed,
            minutes: options.minutes,
            packages: &packages,
        };
        match (attack.run)(&amount) {
            Ok(rows) => {
                sections.insert(attack.name.to_owned(), section(attack, options, &rows)?);
                fs::write(&path, page(&sections))
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            Err(error) => {
                println!("FAILED: {error:#}");
                failed.push(attack.name);
            }
        }
    }
    println!("\n{PAGE}");
    ensure!(
        failed.is_empty(),
        "failed: {}; what was kept is in target/attack",
        failed.join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// Real packages, whose files are changed: some of each list of tests/packages.
fn packages() -> anyhow::Result<PathBuf> {
    const OF_EACH: usize = 40;
    println!("fetching packages");
    let lists = [package_names(), etc_package_names(), pc_package_names()];
    let mut names: Vec<String> = lists
        .into_iter()
        .flat_map(|list| list.into_iter().take(OF_EACH))
        .collect();
    names.sort();
    names.dedup();
    let directory = target_directory().join("soak-packages");
    store::fetch(&Archive::open()?, &names, &directory)?;
    Ok(directory)
}

impl Amount<'_> {
    /// Runs tests, each for its part of the time, and collects what they report.
    fn run_tests(&self, tests: &[Test]) -> anyhow::Result<Vec<Row>> {
        let seconds = self.seconds / (tests.len() as u64).max(1);
        let variables = match self.runs {
            Some(runs) => vec![(amount::RUNS, runs.to_string())],
            None => vec![
                (amount::RUNS, ENDLESS.to_string()),
                (amount::SECONDS, seconds.max(1).to_string()),
            ],
        };
        self.run_tests_with(tests, &variables)
    }

    /// The same, with these variables for the amount.
    fn run_tests_with(
        &self,
        tests: &[Test],
        variables: &[(&str, String)],
    ) -> anyhow::Result<Vec<Row>> {
        let (mut rows, mut failed) = (Vec::new(), Vec::new());
        for (package, target, function) in tests {
            let mut command = cargo();
            command.args(["test", "--quiet", "--package", package, "--test", target]);
            command.args(["--", "--nocapture", function]);
            command.env(amount::SEED, self.seed.to_string());
            command.env(amount::TREES, self.packages);
            command.env("RUST_BACKTRACE", "0");
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            let shown = format!("cargo test --package {package} --test {target} {function}");
            println!("  {shown}");
            match reported(&mut command, shown.trim_end())? {
                Ok(found) => rows.extend(found),
                Err(output) => {
                    println!("{output}");
                    failed.push(format!("{package} {target} {function}"));
                }
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join(", "));
        Ok(rows)
    }
}

/// What a test reports, or, if it fails, what it printed.
fn reported(command: &mut Command, shown: &str) -> anyhow::Result<Result<Vec<Row>, String>> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot start cargo")?;
    let (mut rows, mut output) = (Vec::new(), String::new());
    for line in BufReader::new(child.stdout.take().context("its output")?).lines() {
        let line = line?;
        // The harness begins the line, if a test is alone.
        if let Some((_, report)) = line.split_once(amount::REPORT) {
            let mut fields = report.split('\t').map(str::to_owned);
            let mut next = || fields.next().unwrap_or_default();
            println!("    {}", report.replace('\t', ": "));
            rows.push(Row {
                what: next(),
                amount: next(),
                result: next(),
                command: shown.to_owned(),
            });
        } else {
            output += &line;
            output.push('\n');
        }
    }
    let passed = child.wait()?.success();
    Ok(if passed { Ok(rows) } else { Err(output) })
}

/// What the page says before its first section.
const PREFACE: &str = "\
# The standing attack

Written by `cargo xtask soak`. Each section is of the last run of its attack in which nothing failed;
`cargo xtask docs --check` does not check the numbers. Each attack has a short form, which runs in `cargo xtask test`.
A failure prints its seed and keeps the smallest input in `target/attack`. The tools are built with overflow checks.

```console
$ cargo xtask soak                         # all attacks
$ cargo xtask soak --minutes 240           # for four hours
$ cargo xtask soak --only kills --seed 7   # one of them
$ cargo xtask soak --corpus                # the whole corpus of packages and scripts
```
";

/// How a section begins.
const HEADING: &str = "\n## ";

/// The page: its sections in the order of the attacks.
fn page(sections: &BTreeMap<String, String>) -> String {
    let mut page = PREFACE.to_owned();
    for attack in ATTACKS {
        if let Some(section) = sections.get(attack.name) {
            page += HEADING;
            page += section;
        }
    }
    page
}

/// The sections of a page, by their headings.
fn sections(page: &str) -> BTreeMap<String, String> {
    let sections = page.split(HEADING).skip(1);
    let named = sections.map(|text| {
        let name = text.lines().next().unwrap_or_default();
        (name.to_owned(), text.to_owned())
    });
    named.collect()
}

/// The section of an attack, with its table.
fn section(attack: &Attack, options: &Options, rows: &[Row]) -> io::Result<String> {
    let amount = match options.runs {
        Some(runs) => format!("{runs} runs of each test"),
        None => format!("a part of {} minutes", options.minutes),
    };
    let mut text = format!(
        "{}\n\n{}{}\n\nThe run: {amount}, seed {}, {}.\n\n| attack | amount | result | run by |\n\
         |---|---|---|---|\n",
        attack.name,
        attack.about[..1].to_uppercase(),
        &attack.about[1..],
        options.seed,
        machine()?
    );
    for row in rows {
        let cell = |text: &str| text.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {} | {} | {} | `{}` |",
            cell(&row.what),
            cell(&row.amount),
            cell(&row.result),
            cell(&row.command)
        );
    }
    Ok(text)
}

/// The size of the machine.
fn machine() -> io::Result<String> {
    let processors = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let memory = memory.and_then(|size| size.trim().split(' ').next()?.parse::<u64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!(
        "{processors} processors and {} GiB of memory, Linux {}",
        memory.unwrap_or(0) >> 20,
        kernel.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_alone() {
        let page_of = |text: &str| {
            let section = |attack: &Attack| {
                let name = attack.name.to_owned();
                (name, format!("{}\n\n{text}\n", attack.name))
            };
            ATTACKS.iter().map(section).collect::<BTreeMap<_, _>>()
        };
        let old = page_of("old");
        let mut read = sections(&page(&old));
        assert_eq!(read, old);
        read.insert("kills".to_owned(), "kills\n\nnew\n".to_owned());
        let page = page(&read);
        assert_eq!(page.matches("old").count(), ATTACKS.len() - 1);
        assert!(page.contains("## kills\n\nnew\n\n## full-disk\n"), "{page}");
    }
}
