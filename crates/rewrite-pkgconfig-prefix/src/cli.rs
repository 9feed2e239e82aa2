//! The command line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use hermetic_out::Outcome;
use hermetic_out_command_line::request::{absolute, package_name, pair, store};
use hermetic_out_command_line::{
    CommonOptions, ExitStatus, OutputOptions, Report, Streams, after_help, explain, parse,
};

use crate::consumer::{self, Build, InstallVariables};
use crate::{findings, provider};

/// The name of the tool.
pub const TOOL: &str = "rewrite-pkgconfig-prefix";

const EXAMPLE: &str = "  \
rewrite-pkgconfig-prefix provider --output out=$out --output dev=$dev
  rewrite-pkgconfig-prefix consumer --prefix $out --into $TMPDIR/pkgconfig";

/// What is being done, for an error.
const REWRITING: &str = "rewriting";

/// Make .pc files name the outputs they are about, and let a build install into its own
#[derive(Debug, Parser)]
#[command(name = TOOL, version, max_term_width = 100, after_long_help = after_help(EXAMPLE))]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the comments are what --help says")]
enum Job {
    /// Fix the .pc files that a package ships
    ///
    /// Every directory of an own output is written through a variable: prefix for one output, another
    /// variable for each further one. What says /usr or a build directory becomes the output that has
    /// it; what no output has is reported. Flags and requirements mean what they meant.
    Provider(Provider),
    /// Let a build install into its own output what others' .pc files say
    ///
    /// Looks at the .pc files on PKG_CONFIG_PATH. Those that say where others are to install (systemd's
    /// unit directories, udev's rules …) get a copy in which these variables point into the package's
    /// output; everything else in it means what it meant. The directory of the copies belongs in front
    /// of the search path.
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
    /// Where the package is to install; it need not exist
    #[arg(long, value_name = "PATH", required_unless_present_any = ["install_output", "list_install_variables", "explain"])]
    prefix: Option<OsString>,

    /// The directory for the copies; it is made if it does not exist
    #[arg(long, value_name = "DIR", required_unless_present_any = ["list_install_variables", "explain"])]
    into: Option<OsString>,

    /// An output of the package, as out=/nix/store/… (repeatable); it need not exist
    #[arg(long, value_name = "NAME=PATH")]
    output: Vec<OsString>,

    /// The output that takes what is installed, in place of --prefix
    #[arg(long, value_name = "NAME", conflicts_with = "prefix")]
    install_output: Option<String>,

    /// A further variable that says where to install (repeatable)
    ///
    /// MODULE is the name of a .pc file without its ending. MODULE alone: those that the table has for
    /// it on request.
    #[arg(long, value_name = "MODULE[=VARIABLE,…]")]
    install_variable: Vec<OsString>,

    /// Where pkg-config looks, in place of $PKG_CONFIG_PATH
    #[arg(long, value_name = "DIR[:DIR…]")]
    pkg_config_path: Option<OsString>,

    /// Print the table of install variables, one a line, and stop
    #[arg(long)]
    list_install_variables: bool,

    /// What a store path begins with
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    store_dir: PathBuf,

    /// The tree in which all these paths are read and written, in place of /
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    #[command(flatten)]
    shown: OutputOptions,
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
    match parse::<Arguments>(arguments, streams)? {
        None => Ok(ExitStatus::Clean),
        Some(Arguments { job }) => match job {
            Job::Provider(arguments) => provide(&arguments.common, streams),
            Job::Consumer(arguments) => consume(&arguments, streams),
        },
    }
}

fn provide(common: &CommonOptions, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
    if let Some(name) = &common.shown.verbosity.explain {
        explain(findings::KINDS, name, streams.stdout)?;
        return Ok(ExitStatus::Clean);
    }
    let request = common.request()?;
    let outcome = provider::plan(&request.package, &request.choices)?;
    report(request.name(), outcome).apply_and_write(
        &request.package,
        REWRITING,
        &common.shown,
        streams,
    )
}

fn consume(arguments: &Consumer, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
    if let Some(name) = &arguments.shown.verbosity.explain {
        explain(findings::KINDS, name, streams.stdout)?;
        return Ok(ExitStatus::Clean);
    }
    if arguments.list_install_variables {
        write!(streams.stdout, "{}", InstallVariables::table())
            .context("writing to standard output")?;
        return Ok(ExitStatus::Clean);
    }
    let build = arguments.build()?;
    let outcome = consumer::plan(&build)?;
    if !arguments.shown.dry_run && !outcome.plan.is_empty() {
        let into = build.store.real_path(&build.into);
        fs::create_dir_all(&into)
            .with_context(|| format!("making the directory {}", into.display()))?;
    }
    let name = package_name(&build.prefix);
    let name = format!("install directories for {name}");
    report(name, outcome).apply_and_write(&build.package(), REWRITING, &arguments.shown, streams)
}

fn report(name: String, outcome: Outcome) -> Report {
    Report::new(TOOL, env!("CARGO_PKG_VERSION"), name, outcome)
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
