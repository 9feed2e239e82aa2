//! The command line.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use hermetic_out::{Finding, FindingKind, Severity};
use hermetic_out_command_line::policy::Policy;
use hermetic_out_command_line::progress::{Bar, Quiet};
use hermetic_out_command_line::request::{pair, store};
use hermetic_out_command_line::{
    ExitStatus, Format, OutputOptions, Report, Streams, Tool, ToolVersion,
};
use lint_store_path::rules;

use crate::dry_run::describe;
use crate::interrupt::RemovedOnSignal;
use crate::options::{BOOT, CONFIGURATION, IMAGE, OUTPUT, Options, one_of};
use crate::output::private_directory;
use crate::steps::Layout;
use crate::tools::{DEPMOD, MKFS_VFAT, MMD, SYSUSERS, VERITYSETUP};
use crate::{assemble, command, findings, layout, lint, root_fs};

/// The name and version of the tool.
pub const TOOL: ToolVersion = ToolVersion {
    name: "assemble-image",
    version: env!("CARGO_PKG_VERSION"),
};

const LINT: &str = "Lint";

/// Build a bootable image with a verified root file system from store paths
///
/// Links the packages' files into /usr and /etc, creates /etc with systemd's own tools, and writes
/// everything into a read-only file system with a dm-verity hash tree. The closure is not copied, no
/// privileges are needed, and the same input gives the same bytes. Errors that would keep the image
/// from booting are reported before anything is written.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    /// Store paths in the image: a file that lists them, one per line, or a store path (repeatable)
    #[arg(long, value_name = "FILE|PATH", num_args = 1.., help_heading = IMAGE)]
    closure: Vec<PathBuf>,

    /// Layout of the image
    #[arg(long, value_name = "LAYOUT", default_value = layout::ALL[0].name, help_heading = BOOT,
        value_parser = one_of(layout::ALL, |layout| (layout.name, layout.summary)))]
    layout: &'static Layout,

    #[command(flatten)]
    options: Options,

    /// The store directory
    #[arg(long, value_name = "DIR", default_value = "/nix/store", help_heading = IMAGE)]
    store_dir: PathBuf,

    /// Directory below which store paths are read, instead of /
    #[arg(long, value_name = "DIR", help_heading = IMAGE)]
    root: Option<PathBuf>,

    /// Password of a user: a file with its hash, as printed by mkpasswd (repeatable)
    ///
    /// All other users, including root, cannot log in with a password.
    #[arg(long, value_name = "USER=FILE", help_heading = CONFIGURATION)]
    password: Vec<OsString>,

    /// Mount no tmpfs
    #[arg(long, conflicts_with = "tmpfs", help_heading = CONFIGURATION)]
    no_tmpfs: bool,

    /// Output directory; must not exist, or be empty
    #[arg(long, value_name = "DIR", required_unless_present = "explain", help_heading = OUTPUT)]
    output: Option<PathBuf>,

    /// Do not lint the closure
    ///
    /// Without this option, no image is written if lint-store-path reports errors.
    #[arg(long, help_heading = LINT)]
    no_lint: bool,

    /// Ignore a rule of the lint, everywhere or in matching files (repeatable)
    #[arg(long, value_name = "RULE[:GLOB]", help_heading = LINT)]
    lint_allow: Vec<OsString>,

    /// Configuration of the lint: see lint-store-path --config
    #[arg(long, value_name = "FILE", help_heading = LINT)]
    lint_config: Option<PathBuf>,

    /// Build the image twice and fail if the results differ
    #[arg(long, help_heading = OUTPUT)]
    rebuild_check: bool,

    /// Write nothing; print the content of the image and the commands that would be run
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,

    #[command(flatten)]
    output_options: OutputOptions,
}

impl Tool for Arguments {
    const TOOL: ToolVersion = TOOL;
    const EXAMPLE: &'static str = "  \
assemble-image --closure closure/store-paths --package $systemd --package $bash \\
    --kernel $kernel/bzImage --modules $kernel/lib/modules/6.12.1 --output image
  assemble-image @image.args --layout bare --compression zstd --rebuild-check --output image";
    const HAS_PAGE: bool = true;

    fn kinds() -> Vec<&'static FindingKind> {
        let kinds = findings::KINDS.iter().chain(rules::kinds());
        kinds.copied().collect()
    }

    fn sections() -> String {
        format!(
            "\
Files of the output:
  image.raw         the disk; with --layout bare the root file system
  image.verity      the hash tree, with --layout bare
  image.roothash    the root hash
  image.efi         the unified kernel image
  image.initrd      the minimal initrd, with --layout bare
  image.cmdline     the kernel command line, with --layout bare
  manifest.json     description of the image: versions, partitions, sizes, users, findings
  users-pin         the UIDs and GIDs, for --users-pin
  size-report.html  with --size-report

Tools, on PATH, in these versions or newer; only those that the layout needs:
  {}

",
            projects()
        )
    }

    fn output_options(&self) -> &OutputOptions {
        &self.output_options
    }

    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
        let options = self.options()?;
        let output = self.output.clone().unwrap_or_default();
        if self.dry_run {
            return dry_run(&self, &options, &output, streams);
        }
        let bar = Bar::new(streams, self.output_options.style);
        let outcome = assemble::assemble(&options, self.layout, &output, self.rebuild_check, &bar)?;
        drop(bar);
        self.show(&output, &outcome.findings, outcome.lint, streams)?;
        if !outcome.written {
            return Ok(ExitStatus::Findings);
        }
        if self.is_human() && !self.output_options.style.quiet {
            let hash = match &outcome.root_hash {
                Some(hash) => format!(", root hash {hash}"),
                None => String::new(),
            };
            let (name, output) = (TOOL.name, output.display());
            writeln!(streams.stderr, "{name}: {output}{hash}")
                .context("writing to standard error")?;
        }
        Ok(ExitStatus::Clean)
    }
}

fn dry_run(
    arguments: &Arguments,
    options: &Options,
    output: &Path,
    streams: &mut Streams<'_>,
) -> anyhow::Result<ExitStatus> {
    let (architecture, _) = assemble::prepare(options, arguments.layout)?;
    let work = private_directory(TOOL.name, &std::env::temp_dir())?;
    let _interrupted = RemovedOnSignal::new(work.path())?;
    let plan = crate::plan::plan(options, work.path(), &Quiet)?;
    arguments.show(output, &plan.findings, plan.lint, streams)?;
    if findings::has_error(&plan.findings) {
        return Ok(ExitStatus::Findings);
    }
    if arguments.is_human() {
        let text = describe(
            options,
            arguments.layout,
            &plan,
            architecture,
            output,
            work.path(),
        )?;
        write!(streams.stdout, "{text}").context("writing to standard output")?;
    }
    Ok(ExitStatus::Clean)
}

impl Arguments {
    /// What was asked for, with the files read that options name.
    fn options(&self) -> anyhow::Result<Options> {
        let store = store(&self.store_dir, self.root.as_deref())?;
        let passwords = self.password.iter().map(password);
        let mut options = Options {
            closure: store.read_closure(&self.closure)?.into_paths(),
            store,
            passwords: passwords.collect::<anyhow::Result<_>>()?,
            lint: self.lint()?,
            parts: self.layout.parts,
            ..self.options.clone()
        };
        if self.no_tmpfs {
            options.tmpfs.clear();
        }
        Ok(options)
    }

    /// Which findings of the lint count; `None` if it is not asked.
    fn lint(&self) -> anyhow::Result<Option<Policy>> {
        let mut policy = Policy::new(rules::kinds());
        if let Some(config) = &self.lint_config {
            policy.read_config(config)?;
        }
        for value in &self.lint_allow {
            policy.allow("--lint-allow", value.as_bytes())?;
        }
        Ok((!self.no_lint).then_some(policy))
    }

    fn is_human(&self) -> bool {
        self.output_options.format == Format::Human
    }

    /// Reports findings: to people errors always, warnings unless quiet, notes if asked for. Of the lint's,
    /// which are about packages and not about the image, only errors.
    fn show(
        &self,
        output: &Path,
        findings: &[Finding],
        lint: Option<lint::Numbers>,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        let has_notes = !self.is_human() || self.output_options.style.verbose;
        let reported = findings
            .iter()
            .filter(|finding| has_notes || finding.severity > Severity::Note)
            .cloned()
            .collect();
        let subject = output.display().to_string();
        let report = Report::new(TOOL, subject, self.store_dir.clone(), reported);
        self.output_options.write(&report, streams)?;
        let is_silent = !self.is_human() || self.output_options.style.quiet;
        if is_silent {
            return Ok(());
        }
        let lint::Numbers {
            errors: of_lint,
            warnings,
            notes,
            allowed,
        } = lint.unwrap_or_default();
        let tool = TOOL.name;
        let mut text = String::new();
        if of_lint > 0 {
            // Writing to a string does not fail, here and below.
            let _ = writeln!(
                text,
                "{tool}: {of_lint} of the errors are from the lint: fix the packages, allow them with \
                 --lint-allow RULE[:GLOB] or --lint-config FILE, or use --no-lint"
            );
        }
        if warnings + notes + allowed > 0 {
            let _ = writeln!(
                text,
                "{tool}: the lint also has {warnings} warnings, {notes} notes and {allowed} allowed \
                 findings; lint-store-path --closure shows them"
            );
        }
        let of = |severity| {
            let findings = findings.iter();
            findings
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        if errors > 0 {
            let plural = |number| if number == 1 { "" } else { "s" };
            let _ = writeln!(
                text,
                "{tool}: {errors} error{}, {warnings} warning{}; nothing was written",
                plural(errors),
                plural(warnings)
            );
        }
        streams
            .stderr
            .write_all(text.as_bytes())
            .context("writing to standard error")
    }
}

/// The projects that have the tools, with the oldest versions that will do.
fn projects() -> String {
    let of_root = root_fs::ALL.iter().map(|file_system| file_system.make_tool);
    let others = [&SYSUSERS, &VERITYSETUP, &MKFS_VFAT, &MMD, &DEPMOD];
    let projects = others.into_iter().chain(of_root);
    let projects = projects.map(command::Tool::needed);
    projects.collect::<Vec<_>>().join(", ")
}

fn password(given: &OsString) -> anyhow::Result<(String, PathBuf)> {
    const FORM: &str = "USER=FILE";
    let (user, file) = pair("--password", given.as_bytes(), FORM)?;
    // No other user can be in /etc/passwd: systemd's valid_user_group_name().
    let user = std::str::from_utf8(user)
        .with_context(|| format!("reading --password {}", given.display()))?;
    // systemd-sysusers is given a file of this name.
    anyhow::ensure!(
        !user.contains('/'),
        "reading --password {}: a user's name has no slash",
        given.display()
    );
    Ok((user.to_owned(), OsStr::from_bytes(file).into()))
}
