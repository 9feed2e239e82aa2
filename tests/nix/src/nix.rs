//! Nix, with a store, a state and settings of its own: it neither sees nor changes the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tests_packages::tool_root::ToolRoot;

use crate::{Error, Result, directory};

/// No network, no sandbox (which needs privileges), no build users.
const SETTINGS: &str = "\
substituters =
sandbox = false
build-users-group =
max-jobs = 1
";

/// A Nix: of these tests, or the machine's.
#[derive(Clone, Debug)]
pub struct Nix {
    /// Where the store and the settings of these tests are; none are those of the machine.
    top: Option<PathBuf>,
    /// Where its programs are, if not where the machine's are.
    programs: Option<PathBuf>,
    /// What every evaluation of `pkgs.nix` is told: names and values.
    arguments: Vec<(&'static str, String)>,
}

/// What became of a derivation.
#[derive(Clone, Debug)]
pub struct Build {
    /// The paths of its outputs, if it was built.
    pub outputs: Option<Vec<PathBuf>>,
    /// What the builder printed.
    pub log: Vec<u8>,
}

impl Nix {
    /// The machine's Nix, with the store and the settings of its user.
    #[must_use]
    pub fn of_machine() -> Self {
        Self {
            top: None,
            programs: None,
            arguments: Vec::new(),
        }
    }

    /// The machine's Nix with a store and settings of its own. The store is made in the cache directory, if it is not there.
    pub fn open() -> Result<Self> {
        Self::open_as("nix", None)
    }

    /// The Nix of another release of Debian, which is only good for evaluation. It has a store of
    /// its own: a newer Nix may change the other so that the older one cannot read it any more.
    pub fn open_newer(tools: &ToolRoot) -> Result<Self> {
        Self::open_as("nix-newer", Some(tools.bin()))
    }

    fn open_as(directory: &str, programs: Option<PathBuf>) -> Result<Self> {
        let top = tests_packages::cache_directory().join(directory);
        let access = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Access { path, source }
        };
        let settings = top.join("conf");
        fs::create_dir_all(&settings).map_err(access(&settings))?;
        // Nix refuses a store behind a link.
        let top = top.canonicalize().map_err(access(&top))?;
        let file = settings.join("nix.conf");
        fs::write(&file, SETTINGS).map_err(access(&file))?;
        let mut nix = Self {
            top: Some(top.clone()),
            programs,
            arguments: Vec::new(),
        };
        nix.arguments = toolchain(&top)?;
        Ok(nix)
    }

    /// The store's directory.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        let top = self.top.as_deref();
        top.unwrap_or_else(|| Path::new("/nix")).join("store")
    }

    /// What `pkgs.nix` is told, as the configuration of its nixpkgs.
    #[must_use]
    pub fn configuration(&self) -> String {
        let values = self.arguments.iter();
        let values: Vec<String> = values
            .map(|(name, value)| format!("{name} = {value:?};"))
            .collect();
        format!("{{ {} }}", values.join(" "))
    }

    /// A program of Nix, with this Nix's store and settings, in the directory of the tests.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let path = self.programs.as_ref().map(|bin| bin.join(program));
        let mut command = Command::new(path.unwrap_or_else(|| program.into()));
        command.current_dir(directory()).stdin(Stdio::null());
        let Some(top) = &self.top else {
            return command;
        };
        for variable in [
            "NIX_REMOTE",
            "NIX_PATH",
            "NIX_CONFIG",
            "NIX_USER_CONF_FILES",
        ] {
            command.env_remove(variable);
        }
        for (variable, directory) in [
            ("NIX_STORE_DIR", "store"),
            // Beside the store, as in /nix: this is how one sees that Nix looks after it.
            ("NIX_STATE_DIR", "var/nix"),
            ("NIX_LOG_DIR", "log"),
            ("NIX_CONF_DIR", "conf"),
        ] {
            command.env(variable, top.join(directory));
        }
        command
    }

    /// The derivation that an expression gives: `file` with the arguments of `pkgs.nix` and `more`.
    pub fn instantiate(&self, file: &str, more: &[&str]) -> Result<PathBuf> {
        let mut command = self.command("nix-instantiate");
        command.arg(file);
        for (name, value) in &self.arguments {
            command.args(["--argstr", name, value]);
        }
        if std::env::var_os("HERMETIC_OUT_CHECK_TOOLS").is_some() {
            command.args(["--arg", "checkTools", "true"]);
        }
        command.args(more);
        let output = finish(&mut command, "nix-bin")?;
        let text = String::from_utf8_lossy(&output.stdout);
        // `!bin` follows if the first output is not `out`.
        let derivation = text.trim_end().split('!').next().unwrap_or_default();
        Ok(PathBuf::from(derivation))
    }

    /// The value of an expression as JSON.
    pub fn evaluate(&self, file: &str, more: &[&str]) -> Result<serde_json::Value> {
        let mut command = self.command("nix-instantiate");
        command
            .args(["--eval", "--strict", "--json", file])
            .args(more);
        let output = finish(&mut command, "nix-bin")?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Error::Unexpected(format!("{file}: {error}")))
    }

    /// Parses an expression, without evaluating it.
    pub fn parse(&self, expression: &str) -> Result<()> {
        let mut command = self.command("nix-instantiate");
        command.args(["--parse", "--expr", expression]);
        finish(&mut command, "nix-bin").map(drop)
    }

    /// Builds a derivation. That its builder fails is no error.
    pub fn build(&self, derivation: &Path) -> Result<Build> {
        self.realise(self.command("nix-store"), derivation, &[])
    }

    /// The same without any of root's rights, whoever runs this. With `again` it must have been built
    /// already: it is built once more, and that the outputs differ is a failure.
    pub fn build_unprivileged(&self, derivation: &Path, again: bool) -> Result<Build> {
        let (mut command, nix_store) = (self.command("setpriv"), "nix-store");
        if rights()? == 0 {
            command = self.command(nix_store);
        } else {
            let none = [
                "--bounding-set=-all",
                "--inh-caps=-all",
                "--ambient-caps=-all",
            ];
            command.args(none).arg(nix_store);
        }
        let more: &[&str] = if again { &["--check"] } else { &[] };
        self.realise(command, derivation, more)
    }

    fn realise(&self, mut nix_store: Command, derivation: &Path, more: &[&str]) -> Result<Build> {
        nix_store.arg("--realise").arg(derivation).args(more);
        let output = nix_store.output().map_err(|source| Error::Start {
            program: nix_store.get_program().display().to_string(),
            package: "nix-bin util-linux",
            source,
        })?;
        let mut read_log = self.command("nix-store");
        read_log.arg("--read-log").arg(derivation);
        // A failure before the builder was started has no log, and one that the builder did not
        // cause has its reason here.
        let log = match finish(&mut read_log, "nix-bin") {
            Ok(log) => log.stdout,
            Err(_) if !output.status.success() => output.stderr.clone(),
            Err(error) => return Err(error),
        };
        let outputs = output.status.success().then(|| {
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines().map(PathBuf::from).collect()
        });
        Ok(Build { outputs, log })
    }
}

/// The Rust toolchain that builds the tools, and where cargo keeps its downloads and builds.
fn toolchain(top: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut rustc = Command::new("rustc");
    let sysroot = finish(rustc.args(["--print", "sysroot"]), "rustc")?;
    let mut rustc = Command::new("rustc");
    let version = finish(rustc.arg("--version"), "rustc")?;
    let home = |variable, directory: &str| {
        std::env::var_os(variable).map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(directory),
            PathBuf::from,
        )
    };
    let text = |output: &Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = text(&version);
    let version = version.split(' ').nth(1).unwrap_or_default();
    Ok(vec![
        ("rustToolchain", text(&sysroot)),
        ("rustVersion", version.to_owned()),
        (
            "cargoHome",
            home("CARGO_HOME", ".cargo").display().to_string(),
        ),
        ("cargoTarget", top.join("target").display().to_string()),
    ])
}

/// The capabilities that this process could pass on, as the kernel's set of bits.
fn rights() -> Result<u64> {
    let path = PathBuf::from("/proc/self/status");
    let access = |source| Error::Access {
        path: path.clone(),
        source,
    };
    let status = fs::read_to_string(&path).map_err(access)?;
    let bits = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.ok_or_else(|| Error::Unexpected(format!("{} has no CapEff", path.display())))
}

/// Runs a command to its end, successfully; `package` has its program.
fn finish(command: &mut Command, package: &'static str) -> Result<Output> {
    let output = command.output().map_err(|source| Error::Start {
        program: command.get_program().display().to_string(),
        package,
        source,
    })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        command: format!("{command:?}"),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
