//! `systemd-analyze verify`, of the release whose packages are tested.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tests_packages::tool_root::ToolRoot;
use tests_packages::{Result, cannot_start};
use walkdir::WalkDir;

use super::Said;

/// All units of a store path, verified with systemd's own units beside them.
///
/// `None` if there are none. Errors in units that are pulled in count, too.
pub fn verify(tools: &ToolRoot, output: &Path) -> Result<Option<Said>> {
    let mut said = Said::new();
    let mut asked = false;
    for (kind, options) in [("system", &[][..]), ("user", &["--user"])] {
        let own = output.join("lib/systemd").join(kind);
        let units = units(&own);
        if units.is_empty() {
            continue;
        }
        asked = true;
        let mut path: OsString = own.clone().into();
        path.push(":");
        path.push(tools.units().join(kind));
        let mut command = tools.command("systemd-analyze");
        command
            .args(["verify", "--man=no", "--recursive-errors=yes"])
            .args(options)
            .args(&units)
            .env("SYSTEMD_UNIT_PATH", path)
            // What it only notes is said with the level `info`.
            .env("SYSTEMD_LOG_LEVEL", "info")
            .env("SYSTEMD_COLORS", "0")
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_RUNTIME_DIR", std::env::temp_dir());
        let output = command
            .output()
            .map_err(|error| cannot_start(&command, "verify planted units", &error))?;
        let text = [output.stdout, output.stderr].concat();
        said.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
    }
    Ok(asked.then_some(said))
}

fn units(directory: &Path) -> Vec<PathBuf> {
    WalkDir::new(directory)
        .max_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}
