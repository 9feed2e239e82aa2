//! The command line.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use hermetic_out::{Finding, FindingKind, Severity};
use hermetic_out_command_line::policy::Policy;
use hermetic_out_command_line::request::{pair, store};
use hermetic_out_command_line::{ExitStatus, Streams, explain, parse, write_findings};
use lint_store_path::rules;

use crate::dry_run::describe;
use crate::options::{Compression, FirstBoot, Layout, MachineId, OnCorruption, Options};
use crate::progress::{Progress, Quiet};
use crate::setuid::SetuidProgram;
use crate::{assemble, findings, lint, tools};

/// The name of the tool.
pub const TOOL: &str = "assemble-image";

const IMAGE: &str = "What is in the image";
const BOOT: &str = "How it boots";
const CONFIGURATION: &str = "Users and /etc";
const LINT: &str = "What is wrong in the closure";
const OUTPUT: &str = "What is written";
const SHOWN: &str = "What is shown";

const AFTER_HELP: &str = "\
Files of the output:
  image.raw         the disk; with --layout bare the root file system
  image.verity      the hash tree, with --layout bare
  image.roothash    the root hash
  image.efi         the unified kernel image
  image.initrd      the minimal initrd, with --layout bare
  image.cmdline     the kernel command line, with --layout bare
  manifest.json     what it is made of: versions, partitions, sizes, users, findings
  users-pin         the numbers of users and groups, for --users-pin
  size-report.html  with --size-report

Tools, on PATH, in these versions or newer; only those that the layout needs are asked for:
  systemd 257       systemd-sysusers, systemd-tmpfiles, systemctl, systemd-hwdb, journalctl,
                    systemd-firstboot, systemd-repart, systemd-dissect, ukify
  erofs-utils 1.8.6 mkfs.erofs, fsck.erofs
  cryptsetup 2.4    veritysetup
  dosfstools 4.2    mkfs.vfat
  mtools 4.0.26     mmd, mcopy
  kmod 29           depmod

Exit status:
  0  the image was written, or nothing speaks against it (--dry-run)
  1  something is wrong with the image to be; everything found is reported, nothing is written
  2  the work could not be done: wrong arguments, a missing tool, an unreadable file, a full disk

Example:
  assemble-image --closure closure/store-paths --package $systemd --package $bash \\
    --kernel $kernel/bzImage --modules $kernel/lib/modules/6.12.1 --output image
  assemble-image @image.args --layout bare --compression zstd --rebuild-check --output image";

/// Assemble store paths into a verified image that boots
///
/// The packages' files are linked into /usr and /etc, /etc is made by systemd's own tools, and
/// everything goes from where it lies into an erofs with a dm-verity hash tree. The closure is not
/// copied, no privileges are needed, and the same input gives the same bytes. What would keep the
/// image from booting is reported before anything is written.
#[derive(Debug, Parser)]
#[command(name = TOOL, version, max_term_width = 100, after_long_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Arguments {
    /// The store paths that the image holds: store paths, links to them, and lists of them as nixpkgs'
    /// closureInfo writes them (repeatable)
    #[arg(long, value_name = "FILE|PATH", num_args = 1.., help_heading = IMAGE)]
    closure: Vec<PathBuf>,

    /// Packages whose files are linked into /usr and /etc, the first before the others (repeatable)
    ///
    /// The rest of the closure is only stored. bin, lib, libexec and share go to /usr, etc to /etc;
    /// documentation and what compilers read is left out.
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = IMAGE)]
    package: Vec<PathBuf>,

    /// A tree of files that is put on top of the root (repeatable)
    ///
    /// It goes before all packages. Modes are kept; everything belongs to root unless tmpfiles.d says
    /// otherwise.
    #[arg(long, value_name = "DIR", help_heading = IMAGE)]
    extra: Vec<PathBuf>,

    /// The image's os-release(5), whatever packages and --extra have
    ///
    /// It becomes /usr/lib/os-release, and /etc/os-release leads there: so no package has to be built
    /// again for another version of the image.
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    os_release: Option<PathBuf>,

    /// A program that gets its setuid bit: its name in /usr/bin, or its path (repeatable)
    ///
    /// The image has a copy of it in /usr/wrappers/bin, and /usr/bin and /run/wrappers lead to it.
    /// The mode is 4755 and the owner root:root unless given.
    #[arg(long, value_name = "PROGRAM[:MODE[:USER[:GROUP]]]", help_heading = IMAGE)]
    setuid: Vec<SetuidProgram>,

    /// What a store path begins with
    #[arg(long, value_name = "DIR", default_value = "/nix/store", help_heading = IMAGE)]
    store_dir: PathBuf,

    /// The tree in which store paths are read, in place of /
    #[arg(long, value_name = "DIR", help_heading = IMAGE)]
    root: Option<PathBuf>,

    /// How the image is laid out
    #[arg(long, value_enum, default_value_t, help_heading = BOOT)]
    layout: Layout,

    /// The kernel's image, for every layout but bare
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    kernel: Option<PathBuf>,

    /// The initrd
    ///
    /// Without it a minimal one is made from the same packages: systemd, udev, veritysetup and the
    /// modules that are needed.
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    initrd: Option<PathBuf>,

    /// The kernel's modules, lib/modules/VERSION with depmod's files, if not all is built in
    #[arg(long, value_name = "DIR", help_heading = BOOT)]
    modules: Option<PathBuf>,

    /// One more module for the initrd (repeatable)
    #[arg(long, value_name = "NAME", help_heading = BOOT)]
    initrd_module: Vec<String>,

    /// More for the kernel command line (repeatable)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = BOOT)]
    cmdline: Vec<String>,

    /// What the kernel does when a block is not what its hash says
    #[arg(long, value_enum, default_value_t, value_name = "WHAT", help_heading = BOOT)]
    on_corruption: OnCorruption,

    /// The EFI stub of the unified kernel image; ukify knows one
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    stub: Option<PathBuf>,

    /// The numbers that users and groups have to have
    ///
    /// Lines `u NAME UID` and `g NAME GID`. Another number is an error; who is not in it gets a free
    /// one. The output's users-pin is the next such file. Begin with an empty file.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    users_pin: Option<PathBuf>,

    /// A password: a user, and the file that holds its hash as mkpasswd prints it (repeatable)
    ///
    /// Who gets none, root included, cannot log in with a password.
    #[arg(long, value_name = "USER=FILE", help_heading = CONFIGURATION)]
    password: Vec<OsString>,

    /// Which units are enabled: systemd.preset(5)
    ///
    /// It goes before the presets of packages. What none names is disabled.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    preset: Option<PathBuf>,

    /// Which units of users are enabled
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    user_preset: Option<PathBuf>,

    /// The locale, for /etc/locale.conf
    #[arg(long, help_heading = CONFIGURATION)]
    locale: Option<String>,

    /// The keymap of consoles, for /etc/vconsole.conf
    #[arg(long, help_heading = CONFIGURATION)]
    keymap: Option<String>,

    /// The time zone, as Europe/Vienna
    #[arg(long, value_name = "ZONE", help_heading = CONFIGURATION)]
    timezone: Option<String>,

    /// The host name
    #[arg(long, value_name = "NAME", help_heading = CONFIGURATION)]
    hostname: Option<String>,

    /// The machine id: transient (another one at every boot), uninitialized (the first boot is known
    /// as such), or 32 hexadecimal digits
    #[arg(long, value_name = "ID", default_value = "transient", value_parser = machine_id, help_heading = CONFIGURATION)]
    machine_id: MachineId,

    /// Directories that are a tmpfs, if neither a package nor --extra has an /etc/fstab (repeatable)
    #[arg(long, value_name = "DIR", default_values = ["/var", "/var/tmp", "/root", "/home", "/tmp"], help_heading = CONFIGURATION)]
    tmpfs: Vec<String>,

    /// Make no directory a tmpfs
    #[arg(long, conflicts_with = "tmpfs", help_heading = CONFIGURATION)]
    no_tmpfs: bool,

    /// The directory that gets the image; it must not exist, or be empty
    #[arg(long, value_name = "DIR", required_unless_present = "explain", help_heading = OUTPUT)]
    output: Option<PathBuf>,

    /// How files are compressed
    #[arg(long, value_enum, default_value_t, help_heading = OUTPUT)]
    compression: Compression,

    /// Also write the sizes of store paths and directories as a page with a treemap
    #[arg(long, help_heading = OUTPUT)]
    size_report: bool,

    /// Do not ask the lint what the closure gets wrong
    ///
    /// Without it, what lint-store-path calls an error keeps the image from being written.
    #[arg(long, help_heading = LINT)]
    no_lint: bool,

    /// Allow what a rule of the lint finds, or what it finds in files that the glob matches (repeatable)
    #[arg(long, value_name = "RULE[:GLOB]", help_heading = LINT)]
    lint_allow: Vec<OsString>,

    /// A file that says what the lint allows and denies, as for lint-store-path --config
    #[arg(long, value_name = "FILE", help_heading = LINT)]
    lint_config: Option<PathBuf>,

    /// Build twice, and fail if the second image differs
    #[arg(long, help_heading = OUTPUT)]
    rebuild_check: bool,

    /// Write nothing; print what would be in the image, and which commands would be run
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,

    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "verbose", help_heading = SHOWN)]
    quiet: bool,

    /// Say more: notes, too
    #[arg(long, short, help_heading = SHOWN)]
    verbose: bool,

    /// Say what a finding means, and what to do about it
    #[arg(long, value_name = "FINDING", help_heading = SHOWN)]
    explain: Option<String>,
}

fn machine_id(text: &str) -> Result<MachineId, String> {
    match text {
        "transient" => Ok(MachineId::Transient),
        "uninitialized" => Ok(MachineId::Uninitialized),
        id if id.len() == 32
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) =>
        {
            Ok(MachineId::Fixed(id.to_owned()))
        }
        _ => Err("it is neither transient, uninitialized nor 32 hexadecimal digits".to_owned()),
    }
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
    if let Some(name) = &arguments.explain {
        let kinds: Vec<&FindingKind> = findings::KINDS
            .iter()
            .chain(rules::kinds())
            .copied()
            .collect();
        explain(&kinds, name, streams.stdout)?;
        return Ok(ExitStatus::Clean);
    }
    let options = arguments.options()?;
    let output = arguments.output.clone().unwrap_or_default();
    if arguments.dry_run {
        return dry_run(&arguments, &options, &output, streams);
    }
    let bar;
    // A Nix build has a terminal, too, whose lines go into a log.
    let can_move = std::env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
    let progress: &dyn Progress = if streams.stderr_is_terminal && can_move && !arguments.quiet {
        bar = Bar::new();
        &bar
    } else {
        &Quiet
    };
    let outcome = assemble(&options, &output, arguments.rebuild_check, progress)?;
    progress.step("");
    arguments.show(&outcome.findings, outcome.lint, streams)?;
    if !outcome.written {
        return Ok(ExitStatus::Findings);
    }
    if !arguments.quiet {
        let hash = match &outcome.root_hash {
            Some(hash) => format!(", root hash {hash}"),
            None => String::new(),
        };
        writeln!(streams.stderr, "{TOOL}: {}{hash}", output.display())
            .context("writing to standard error")?;
    }
    Ok(ExitStatus::Clean)
}

fn dry_run(
    arguments: &Arguments,
    options: &Options,
    output: &std::path::Path,
    streams: &mut Streams<'_>,
) -> anyhow::Result<ExitStatus> {
    assemble::check_options(options)?;
    tools::check(&assemble::needed_tools(options))?;
    let work = tempfile::tempdir().context("making a temporary directory")?;
    let plan = crate::plan::plan(options, work.path(), &Quiet)?;
    arguments.show(&plan.findings, plan.lint, streams)?;
    if plan.has_errors() {
        return Ok(ExitStatus::Findings);
    }
    let text = describe(options, &plan, output, work.path())?;
    write!(streams.stdout, "{text}").context("writing to standard output")?;
    Ok(ExitStatus::Clean)
}

impl Arguments {
    fn options(&self) -> anyhow::Result<Options> {
        let store = store(&self.store_dir, self.root.as_deref())?;
        let closure = store.read_closure(&self.closure)?.into_paths();
        let passwords = self
            .password
            .iter()
            .map(password)
            .collect::<anyhow::Result<_>>()?;
        Ok(Options {
            store,
            closure,
            packages: self.package.clone(),
            extra: self.extra.clone(),
            os_release: self.os_release.clone(),
            layout: self.layout,
            compression: self.compression,
            kernel: self.kernel.clone(),
            initrd: self.initrd.clone(),
            modules: self.modules.clone(),
            initrd_modules: self.initrd_module.clone(),
            cmdline: self.cmdline.clone(),
            stub: self.stub.clone(),
            on_corruption: self.on_corruption,
            users_pin: self.users_pin.clone(),
            passwords,
            setuid: self.setuid.clone(),
            preset: self.preset.clone(),
            user_preset: self.user_preset.clone(),
            first_boot: FirstBoot {
                locale: self.locale.clone(),
                keymap: self.keymap.clone(),
                timezone: self.timezone.clone(),
                hostname: self.hostname.clone(),
                machine_id: self.machine_id.clone(),
            },
            tmpfs: if self.no_tmpfs {
                Vec::new()
            } else {
                self.tmpfs.clone()
            },
            lint: self.lint()?,
            size_report: self.size_report,
        })
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

    /// Shows findings: errors always, warnings unless quiet, notes if asked for. Of the lint's, which
    /// are about packages and not about the image, only errors.
    fn show(
        &self,
        findings: &[Finding],
        lint: Option<lint::Numbers>,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        let least = match (self.quiet, self.verbose) {
            (true, _) => Severity::Error,
            (_, true) => Severity::Note,
            _ => Severity::Warning,
        };
        write_findings(findings, least, streams)?;
        let is_of_lint = |finding: &Finding| rules::rule_by_id(finding.kind.id).is_some();
        let errors = findings
            .iter()
            .filter(|finding| is_of_lint(finding))
            .count();
        let Some(numbers) = lint.filter(|_| !self.quiet) else {
            return Ok(());
        };
        let mut text = String::new();
        if errors > 0 {
            // Writing to a string does not fail, here and below.
            let _ = writeln!(
                text,
                "{TOOL}: {errors} of the errors are the lint's: mend the packages, allow them with \
                 --lint-allow RULE[:GLOB] or --lint-config FILE, or give --no-lint"
            );
        }
        let lint::Numbers {
            warnings,
            notes,
            allowed,
        } = numbers;
        if warnings + notes + allowed > 0 {
            let _ = writeln!(
                text,
                "{TOOL}: beside errors the lint has {warnings} warnings, {notes} notes and {allowed} \
                 allowed findings; lint-store-path --closure shows them"
            );
        }
        streams
            .stderr
            .write_all(text.as_bytes())
            .context("writing to standard error")
    }
}

fn password(given: &OsString) -> anyhow::Result<(String, PathBuf)> {
    const FORM: &str = "USER=FILE";
    let (user, file) = pair("--password", given.as_bytes(), FORM)?;
    // No other user can be in /etc/passwd: systemd's valid_user_group_name().
    let user = std::str::from_utf8(user)
        .with_context(|| format!("reading --password {}", given.display()))?;
    Ok((user.to_owned(), OsStr::from_bytes(file).into()))
}

/// A progress bar on standard error.
struct Bar(indicatif::ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = indicatif::ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self(bar)
    }
}

impl Progress for Bar {
    fn step(&self, text: &str) {
        if text.is_empty() {
            self.0.finish_and_clear();
            return;
        }
        self.0.unset_length();
        self.0.set_position(0);
        self.0
            .set_style(indicatif::ProgressStyle::default_spinner());
        self.0.set_message(text.to_owned());
    }

    fn total(&self, bytes: u64) {
        let template = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes}";
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
