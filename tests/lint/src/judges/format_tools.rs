//! The tools that read a format, where they can also be asked without doing anything: udevadm
//! verify, systemd-sysusers and systemd-tmpfiles with `--dry-run`, pkgconf.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::tool_root::ToolRoot;
use tests_packages::{Error, Result, cannot_start, run};
use walkdir::WalkDir;

use super::Said;

/// What the tool of its format says of all files like the one at `at`, a path in `output`.
///
/// `None` if no such tool reads it. `work` is a directory that is not there yet.
pub fn ask(tools: &ToolRoot, output: &Path, at: &str, work: &Path) -> Result<Option<Said>> {
    let directory = output.join(Path::new(at).parent().unwrap_or(Path::new("")));
    let files: Vec<PathBuf> = WalkDir::new(&directory)
        .max_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let commands = if at.starts_with("lib/udev/rules.d/") {
        let mut verify = tools.command("udevadm");
        verify.args(["verify", "--no-summary"]).args(&files);
        vec![verify]
    } else if at.starts_with("lib/sysusers.d/") {
        vec![sysusers(tools, output, work)?]
    } else if at.starts_with("lib/tmpfiles.d/") {
        // With the users of the package, whom else it would not know.
        let mut users = sysusers(tools, output, work)?;
        answer(&mut users)?;
        let mut tmpfiles = tools.command("systemd-tmpfiles");
        tmpfiles
            .args(["--dry-run", "--create"])
            .arg(argument("--root=", work))
            .args(&files);
        vec![tmpfiles]
    } else if at.starts_with("lib/pkgconfig/") {
        let name = Path::new(at).file_stem().unwrap_or_default();
        ["--validate", "--exists"]
            .iter()
            .map(|option| {
                let mut pkgconf = Command::new("/usr/bin/pkgconf");
                pkgconf.args([option, "--print-errors", "--errors-to-stdout"]);
                pkgconf.arg(name).env("PKG_CONFIG_LIBDIR", &directory);
                pkgconf
            })
            .collect()
    } else {
        return Ok(None);
    };
    let mut said = Said::new();
    for mut command in commands {
        said.extend(answer(&mut command)?);
    }
    Ok(Some(said))
}

/// Makes the users that the package declares below `work`; systemd's own basic ones are there, too.
fn sysusers(tools: &ToolRoot, output: &Path, work: &Path) -> Result<Command> {
    fs::create_dir_all(work.join("etc")).map_err(|error| Error::new("make users", error))?;
    let mut command = tools.command("systemd-sysusers");
    command
        .arg(argument("--root=", work))
        .arg(tools.sysusers().join("basic.conf"))
        .arg(output.join("lib/sysusers.d/clockd.conf"));
    Ok(command)
}

fn argument(option: &str, path: &Path) -> String {
    format!("{option}{}", path.display())
}

fn answer(command: &mut Command) -> Result<Said> {
    command
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_COLORS", "0")
        .env("SYSTEMD_LOG_LEVEL", "info");
    let output = command
        .output()
        .map_err(|error| cannot_start(command, "ask the tool of a format", &error))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        // What it would do is no complaint.
        .filter(|line| !line.starts_with("Would ") && !line.starts_with("Creating "))
        .map(str::to_owned)
        .collect())
}

/// pkgconf's version.
pub fn pkgconf_version() -> Result<String> {
    let doing = "ask pkgconf's version";
    let output = run(Command::new("/usr/bin/pkgconf").arg("--version"), doing)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
