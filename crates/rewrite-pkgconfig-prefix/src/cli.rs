//! The command line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use hermetic_out::FindingKind;
use hermetic_out::apply::LockedOutputs;
use hermetic_out_command_line::request::{absolute, package_name, pair, store};
use hermetic_out_command_line::{
    ChangeOptions, CommonOptions, ExitStatus, OutputOptions, Report, Streams, Tool, ToolVersion,
};

use crate::consumer::{self, Build, InstallVariables};
use crate::{findings, provider};

/// The name and version of the tool.
pub const TOOL: ToolVersion = ToolVersion {
    name: "rewrite-pkgconfig-prefix",
    version: env!("CARGO_PKG_VERSION"),
};

/// What the tool does, for an error.
const ACTION: &str = "rewriting";

/// Rewrite the directories in .pc files to the outputs of packages
#[derive(Debug, Parser)]
pub struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
enum Job {
    /// Fix the .pc files that a package ships
    ///
    /// Every directory of an output of the package is written with a variable: prefix for one output,
    /// another variable for each further one. A path below /usr or a build directory becomes the output that
    /// contains it. A path that no output contains is reported. Flags and requirements keep their meaning.
    Provider(Provider),
    /// Redirect the install directories of other packages' .pc files to this package
    ///
    /// Reads the .pc files on PKG_CONFIG_PATH. Files that say where other packages install (systemd's unit
    /// directories, udev's rules …) are copied, with these variables pointing into the package's output;
    /// everything else in them keeps its meaning. Put the directory of the copies first on the search path.
    Consumer(Consumer),
}

#[derive(Args, Debug)]
struct Provider {
    #[command(flatten)]
    common: CommonOptions,
}

#[derive(Args, Debug)]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
struct Consumer {
    /// Directory to which the package is installed; it need not exist
    #[arg(long, value_name = "PATH", required_unless_present_any = ["install_output", "list_install_variables", "explain"])]
    prefix: Option<OsString>,

    /// Directory for the copies; it is created if it does not exist
    #[arg(long, value_name = "DIR", required_unless_present_any = ["list_install_variables", "explain"])]
    into: Option<OsString>,

    /// An output of the package, such as out=/nix/store/… (repeatable); it need not exist
    #[arg(long, value_name = "NAME=PATH")]
    output: Vec<OsString>,

    /// Output to which the package is installed, instead of --prefix
    #[arg(long, value_name = "NAME", conflicts_with = "prefix")]
    install_output: Option<String>,

    /// A further install variable (repeatable)
    ///
    /// MODULE is the name of a .pc file without its extension. MODULE alone adds the variables that the
    /// table lists for it as optional.
    #[arg(long, value_name = "MODULE[=VARIABLE,…]")]
    install_variable: Vec<OsString>,

    /// Search path of pkg-config, instead of $PKG_CONFIG_PATH
    #[arg(long, value_name = "DIR[:DIR…]")]
    pkg_config_path: Option<OsString>,

    /// Print the table of install variables, one per line, and exit
    #[arg(long)]
    list_install_variables: bool,

    /// The store directory
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    store_dir: PathBuf,

    /// Read and write all of these paths below DIR instead of /
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    #[command(flatten)]
    changes: ChangeOptions,

    #[command(flatten)]
    output_options: OutputOptions,
}

impl Tool for Arguments {
    const TOOL: ToolVersion = TOOL;
    const EXAMPLE: &'static str = "  \
rewrite-pkgconfig-prefix provider --output out=$out --output dev=$dev
  rewrite-pkgconfig-prefix consumer --prefix $out --into $TMPDIR/pkgconfig";

    fn kinds() -> Vec<&'static FindingKind> {
        findings::KINDS.to_vec()
    }

    fn output_options(&self) -> &OutputOptions {
        match &self.job {
            Job::Provider(provider) => &provider.common.output_options,
            Job::Consumer(consumer) => &consumer.output_options,
        }
    }

    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
        match &self.job {
            Job::Provider(provider) => provide(&provider.common, streams),
            Job::Consumer(consumer) => consume(consumer, streams),
        }
    }
}

fn provide(common: &CommonOptions, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
    let request = common.request()?;
    let package = &request.package;
    let outputs = LockedOutputs::lock(package);
    let outcome = provider::plan(package, &request.choices)?;
    Report::of_fixup(TOOL, request.name(), package, outcome).apply_and_write(
        &outputs,
        ACTION,
        &common.changes,
        &common.output_options,
        streams,
    )
}

fn consume(arguments: &Consumer, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
    if arguments.list_install_variables {
        write!(streams.stdout, "{}", InstallVariables::table())
            .context("writing to standard output")?;
        return Ok(ExitStatus::Clean);
    }
    let build = arguments.build()?;
    let package = build.package();
    let mut outputs = LockedOutputs::lock(&package);
    let mut outcome = consumer::plan(&build)?;
    let into = build.store.real_path(&build.into);
    if !arguments.changes.dry_run && !outcome.plan.is_empty() && !outputs.has(&build.into) {
        fs::create_dir_all(&into)
            .with_context(|| format!("making the directory {}", into.display()))?;
        // Only now can it be locked, and another run may have been first.
        outputs = LockedOutputs::lock(&package);
        outcome = consumer::plan(&build)?;
    }
    let name = format!("install directories for {}", package_name(&build.prefix));
    Report::of_fixup(TOOL, name, &package, outcome).apply_and_write(
        &outputs,
        ACTION,
        &arguments.changes,
        &arguments.output_options,
        streams,
    )
}

impl Consumer {
    fn build(&self) -> anyhow::Result<Build> {
        let store = store(&self.store_dir, self.root.as_deref())?;
        let mut outputs = Vec::new();
        for output in &self.output {
            let (name, path) = pair("--output", output.as_bytes(), "NAME=PATH")?;
            outputs.push((name, absolute("--output", path)?));
        }
        let prefix = match (&self.prefix, &self.install_output) {
            (Some(prefix), _) => absolute("--prefix", prefix.as_bytes())?,
            (None, Some(wanted)) => {
                let mut known = outputs.iter();
                let known = known.find(|(name, _)| *name == wanted.as_bytes());
                match known {
                    Some((_, path)) => path.clone(),
                    None => bail!(
                        "reading --install-output: there is no output {wanted}; give it with --output \
                         {wanted}=PATH"
                    ),
                }
            }
            (None, None) => bail!("no output is given; say --prefix PATH"),
        };
        let into = self.into.as_deref().unwrap_or_default();
        let variables = self.install_variable.iter().map(|value| value.as_bytes());
        let search_path = match &self.pkg_config_path {
            Some(given) => given.clone(),
            None => std::env::var_os("PKG_CONFIG_PATH").unwrap_or_default(),
        };
        Ok(Build {
            search_path: directories(&search_path)?,
            prefix,
            into: absolute("--into", into.as_bytes())?,
            variables: InstallVariables::new(variables)?,
            store,
        })
    }
}

/// The directories of a search path. Relative ones are those of this directory, as for pkg-config.
fn directories(search_path: &OsStr) -> anyhow::Result<Vec<PathBuf>> {
    let all = search_path.as_bytes().split(|byte| *byte == b':');
    let mut found: Vec<PathBuf> = Vec::new();
    for directory in all.filter(|directory| !directory.is_empty()) {
        let given = PathBuf::from(OsString::from_vec(directory.to_vec()));
        let path = std::path::absolute(&given)
            .with_context(|| format!("looking for the directory {}", given.display()))?;
        let plain = path.components().as_path();
        if !found
            .iter()
            .any(|known: &PathBuf| known == Path::new(plain))
        {
            found.push(plain.to_owned());
        }
    }
    Ok(found)
}
