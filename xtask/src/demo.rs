//! `cargo xtask demo`

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use anyhow::{Context as _, ensure};
use hermetic_out::store::replace_hashes;
use tests_boot::layout::Layout;
use tests_boot::trial;
use tests_boot::workshop::Workshop;
use tests_packages::archive::Archive;
use tests_packages::store::{self, Package};
use tests_packages::tool::{Arguments, read_report};

use crate::table::table;
use crate::{TOOLS, boot_test, cargo, set_up, target_directory};

/// Packages that many machines have.
const SHOWN: [&str; 13] = [
    "atop",
    "avahi-daemon",
    "bluez",
    "chrony",
    "cups-daemon",
    "dbus-daemon",
    "fwupd",
    "gpg-agent",
    "lvm2",
    "nginx-common",
    "openssh-server",
    "udisks2",
    "util-linux",
];
/// Packages that have the programs which those call; not all, so that there are findings.
const SUPPORT: [&str; 20] = [
    "bash",
    "coreutils",
    "dash",
    "dbus-bin",
    "dmsetup",
    "dpkg",
    "findutils",
    "gawk",
    "gpgconf",
    "grep",
    "kmod",
    "login",
    "mawk",
    "nginx",
    "openssh-client",
    "openssl",
    "procps",
    "sed",
    "systemd",
    "udev",
];

/// Rules about how programs and scripts were built: no fixup of these treats that.
const OF_ANOTHER_SYSTEM: [&str; 5] = [
    "interpreter-outside-store",
    "missing-library",
    "setuid-file",
    "shebang-outside-store",
    "world-writable",
];
/// The package whose changes are shown.
const FIRST: &str = "chrony";
/// So many lines of a part are shown.
const SHORT: usize = 40;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Keep the packages, as they were and as they became
    #[arg(long)]
    keep: bool,
    /// Connect the console of the image to this terminal instead of showing a login
    #[arg(long)]
    interactive: bool,
    /// Show every change of every package
    #[arg(long)]
    whole: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    set_up::ensure_installed(set_up::MACHINES)?;
    let tools = Tools::build()?;
    let directory = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir_in("/var/tmp")
        .context("cannot make a directory for the packages")?;
    let top = directory.path().canonicalize()?;
    let root = |name: &str| Root::new(top.join(name));
    let (before, after) = (root("before")?, root("after")?);

    println!("fetching {} packages", SHOWN.len() + SUPPORT.len());
    let names = SHOWN.iter().chain(&SUPPORT).map(ToString::to_string);
    let names: Vec<String> = names.collect();
    let fetched = store::fetch(&Archive::open()?, &names, &before.store)?;
    for (name, reason) in &fetched.lacking {
        println!("without {name}: {reason}");
    }
    store::copy(&before.store, &after.store)?;
    let demo = Demo {
        tools: &tools,
        root: &after,
        packages: &fetched.packages,
        whole: options.whole,
    };
    demo.fix_up_all(&before)?;

    heading("A hundred packages as an image, verified block by block");
    let workshop = boot_test::workshop(&|tool| Ok(tools.path(tool)))?;
    if options.interactive {
        return boot_test::interact(&workshop, Layout::Bare);
    }
    boot(&workshop)?;

    heading("What you saw");
    println!(
        "The fixups rewrote what {} packages name below /usr and /etc to store paths, and reported what no package \
         has. assemble-image made an image of packages like these: it boots, and stops when a bit has changed.",
        SHOWN.len(),
    );
    println!(
        "Next: cargo xtask demo --interactive logs you in to the image; --whole prints every change; docs/hooks.md \
         shows the hooks in nixpkgs."
    );
    if options.keep {
        println!("The packages are in {}.", directory.keep().display());
    } else {
        println!("The packages and the image are removed; --keep keeps the packages.");
    }
    Ok(ExitCode::SUCCESS)
}

fn heading(text: &str) {
    println!("\n━━━ {text} ━━━\n");
}

/// A root directory with a store.
struct Root {
    directory: PathBuf,
    store: PathBuf,
}

impl Root {
    fn new(directory: PathBuf) -> anyhow::Result<Self> {
        let store = directory.join("nix/store");
        fs::create_dir_all(directory.join("nix"))?;
        Ok(Self { directory, store })
    }
}

/// The tools, in the profile of this program: so little is compiled that is not there already.
struct Tools(PathBuf);

impl Tools {
    fn build() -> anyhow::Result<Self> {
        println!("building the tools: some minutes the first time");
        let mut build = cargo();
        build.arg("build");
        // With this program, so that features are the same and nothing is compiled twice.
        for package in TOOLS.iter().chain(&["xtask"]) {
            build.args(["--package", package]);
        }
        let status = build.status().context("cannot start cargo")?;
        ensure!(
            status.success(),
            "cannot build the tools: cargo ended with {status}"
        );
        Ok(Self(target_directory().join("debug")))
    }

    fn path(&self, tool: &str) -> PathBuf {
        self.0.join(tool)
    }
}

struct Demo<'a> {
    tools: &'a Tools,
    root: &'a Root,
    packages: &'a [Package],
    whole: bool,
}

impl Demo<'_> {
    /// Fixes up the packages, one before the reader's eyes, and prints a table of all.
    fn fix_up_all(&self, before: &Root) -> anyhow::Result<()> {
        let shown = self.packages.iter();
        let shown: Vec<&Package> = shown
            .filter(|package| SHOWN.contains(&&*package.name))
            .collect();
        let errors_before = self.errors(before)?;
        let mut rows = Vec::new();
        for package in &shown {
            if self.whole || package.name == FIRST {
                heading(&format!("{}, before and after", package.name));
            }
            rows.push(self.fix_up(package)?);
        }
        let errors_after = self.errors(self.root)?;
        for (row, package) in rows.iter_mut().zip(&shown) {
            for errors in [&errors_before, &errors_after] {
                row.push(errors.get(&package.directory).copied().unwrap_or(0));
            }
        }
        let columns = rows.first().map_or(0, Vec::len);
        let sum = |column| rows.iter().map(|row| row[column]).sum();
        let total: Vec<usize> = (0..columns).map(sum).collect();
        let cells = |name: &str, row: &[usize]| -> Vec<String> {
            let numbers = row.iter().map(ToString::to_string);
            std::iter::once(name.to_owned()).chain(numbers).collect()
        };
        let names = shown.iter().map(|package| package.name.as_str());
        let mut table_rows: Vec<Vec<String>> = names
            .zip(&rows)
            .map(|(name, row)| cells(name, row))
            .collect();
        table_rows.push(cells("total", &total));
        let head = [
            "package",
            "files changed",
            "references replaced",
            "unresolved",
            "lint errors before",
            "after",
        ];
        heading("All packages, and what lint-store-path says of their units and rules");
        print!("{}", table(&head, &table_rows));
        Ok(())
    }

    /// Fixes up a package; how many files changed, and references were replaced and not found.
    fn fix_up(&self, package: &Package) -> anyhow::Result<Vec<usize>> {
        let mut sums = vec![0; 3];
        // In the order in which the hooks run.
        for tool in ["relocate-etc-to-out", "patch-systemd-units"] {
            for (sum, number) in sums.iter_mut().zip(self.run(tool, package)?) {
                *sum += number;
            }
        }
        Ok(sums)
    }

    /// Runs one tool; how much it changed.
    fn run(&self, tool: &str, package: &Package) -> anyhow::Result<[usize; 3]> {
        let Root { directory, store } = self.root;
        let arguments = Arguments::in_root(directory, store, self.packages, package)?;
        let run = |options: &[&str]| {
            let mut command = arguments.run(&self.tools.path(tool));
            finished(command.args(options), &format!("fix up {}", package.name))
        };
        // The numbers are asked for first: afterwards there is nothing left to change.
        let report = read_report(&run(&["--dry-run", "--format", "json"])?.stdout)?;
        let color = if in_color() { "always" } else { "never" };
        let output = run(&["--diff", "--color", color])?;
        let diff = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        if self.whole {
            println!("{tool}:\n{diff}{said}");
        } else if package.name == FIRST {
            let text = changed_lines(&diff, &package.directory) + "\n" + &without_hashes(&said);
            println!("{tool}:\n{}\n", beginning(&text));
        }
        let summary = report.summary;
        Ok([
            summary.files_changed,
            summary.references_replaced,
            summary.unresolved,
        ])
    }

    /// How many errors the lint finds in the files that the fixups treat, by the names of store paths. Debian's
    /// programs and scripts are those of another system, and are left out.
    fn errors(&self, root: &Root) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut lint = Command::new(self.tools.path("lint-store-path"));
        lint.args(["--closure", "--format", "json", "--root"])
            .arg(&root.directory);
        for rule in OF_ANOTHER_SYSTEM {
            lint.args(["--allow", rule]);
        }
        lint.args(
            self.packages
                .iter()
                .map(|package| root.store.join(&package.directory)),
        );
        let report = read_report(&finished(&mut lint, "lint the packages")?.stdout)?;
        let mut errors = BTreeMap::new();
        for finding in report
            .findings
            .iter()
            .filter(|finding| finding.severity == "error")
        {
            let name = finding.file.split('/').nth(3).unwrap_or_default();
            *errors.entry(name.to_owned()).or_default() += 1;
        }
        Ok(errors)
    }
}

/// Boots an image, shows a login, and has it refused with a bit flipped.
fn boot(workshop: &Workshop) -> anyhow::Result<()> {
    println!("assembling the image");
    let image = workshop.assemble(Layout::Bare)?;
    println!("booting it: about a minute without KVM");
    let transcript = trial::transcript(workshop, &image)?;
    ensure!(
        transcript.contains("State: running"),
        "the system does not run:\n{transcript}"
    );
    println!("\n{}", beginning(&without_kernel(&transcript)));
    heading("The same image with one bit flipped");
    println!("a bit of the root file system is flipped; booting it again");
    let refusal = trial::refusal(workshop, &image)?;
    println!("\n{refusal}");
    Ok(())
}

/// What a console shows without the messages of the kernel, and without what only prepares the terminal.
fn without_kernel(transcript: &str) -> String {
    let is_message = |line: &str| {
        let stamp = line.trim_start().strip_prefix('[');
        stamp
            .and_then(|rest| rest.trim_start().chars().next())
            .is_some_and(|first| first.is_ascii_digit())
    };
    let lines = transcript.lines();
    let lines = lines.filter(|line| !is_message(line) && !line.contains("SYSTEMD_PAGER"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first lines of a text, and how many there are beyond.
fn beginning(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    if lines.len() <= SHORT {
        return lines.join("\n");
    }
    format!(
        "{}\n… {} more lines",
        lines[..SHORT].join("\n"),
        lines.len() - SHORT
    )
}

fn in_color() -> bool {
    let no_color = std::env::var_os("NO_COLOR");
    io::stdout().is_terminal() && no_color.is_none_or(|value| value.is_empty())
}

/// Runs a tool, whose findings are no failure.
fn finished(command: &mut Command, doing: &str) -> anyhow::Result<Output> {
    let program = command.get_program().to_owned();
    let output = command.output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(
        output.status.code().is_some_and(|code| code <= 1),
        "cannot {doing}: {} ended with {}\n{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output)
}

/// The changed lines of a diff, with each file by its path in the package.
fn changed_lines(diff: &str, package: &str) -> String {
    let mut short = String::new();
    for line in diff.lines() {
        // Behind the escape sequence for its colour.
        let plain = line
            .strip_prefix('\x1b')
            .and_then(|rest| rest.split_once('m'))
            .map_or(line, |(_, rest)| rest);
        if plain.is_empty()
            || [" ", "@@ ", "--- "]
                .iter()
                .any(|sign| plain.starts_with(sign))
        {
            continue;
        }
        let line = line.replace(&format!("+++ /nix/store/{package}/"), "");
        short += &without_hashes(&line);
        short.push('\n');
    }
    short
}

/// Store paths as people write them: an ellipsis in place of the hash.
fn without_hashes(text: &str) -> String {
    let short = replace_hashes(
        text.as_bytes(),
        Path::new("/nix/store"),
        "/nix/store/…-".as_bytes(),
    );
    String::from_utf8_lossy(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_made_short() {
        let transcript = "login: x\n[    1.5] kvm: on\n$ export SYSTEMD_PAGER=cat\n[  OK  ] y";
        assert_eq!(without_kernel(transcript), "login: x\n[  OK  ] y");
        assert_eq!(beginning("a\nb\n"), "a\nb");
        let long = "a\n".repeat(SHORT + 2);
        assert!(beginning(&long).ends_with("a\n… 2 more lines"));
    }

    #[test]
    fn a_diff_is_made_short() {
        let hash = "0".repeat(32);
        let diff = format!(
            "--- /nix/store/{hash}-a/b\n\x1b[1m+++ /nix/store/{hash}-a/b\x1b[0m\n@@ -1,2 +1,2 @@\n \
             same\n\x1b[31m-/x\x1b[0m\n+/nix/store/{hash}-c/x\n"
        );
        assert_eq!(
            changed_lines(&diff, &format!("{hash}-a")),
            "\x1b[1mb\x1b[0m\n\x1b[31m-/x\x1b[0m\n+/nix/store/…-c/x\n"
        );
        assert_eq!(without_hashes("/nix/store/x"), "/nix/store/x");
    }
}
