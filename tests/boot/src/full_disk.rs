//! Too little room for an image: told in one line, whatever step meets it, and nothing is left.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use tests_packages::{Error, Result, cannot_start};

use crate::layout::Layout;
use crate::workshop::Workshop;

/// The room that is given, in MiB: from the first, in these steps, until it is enough.
const FIRST: usize = 4;
const STEP: usize = 24;
const MOST: usize = 2048;

/// Mounts a file system of a size on a directory, runs the rest of its arguments, and lists what is
/// left there.
const IN_LITTLE_ROOM: &str = "mount -t tmpfs -o size=\"$1\"m none \"$2\" || exit 9
small=$2
shift 2
\"$@\"
status=$?
ls -A \"$small\"
exit \"$status\"";

/// Assembles the layout with the most steps on file systems that are too small, until one is large
/// enough; the steps that have met a full disk.
pub fn is_told(workshop: &Workshop) -> Result<BTreeSet<String>> {
    let doing = "assemble an image on a full disk";
    let directory = workshop.directory().join("full");
    let inputs = workshop.directory().join("full-inputs");
    for path in [&directory, &inputs] {
        std::fs::create_dir(path).map_err(|error| Error::new(doing, error))?;
    }
    let image = directory.join("image");
    let assemble = workshop.assembly().command(Layout::Ddi, &image, &inputs)?;
    let mut steps = BTreeSet::new();
    for room in (FIRST..MOST).step_by(STEP) {
        let mut command = Command::new("unshare");
        // Whoever is not root may mount in a user namespace.
        command.args(["--user", "--map-root-user", "--mount"]);
        command.args(["sh", "-c", IN_LITTLE_ROOM, "sh", &room.to_string()]);
        command.arg(&directory).arg(assemble.get_program());
        command.args(assemble.get_args()).stdin(Stdio::null());
        for (name, value) in assemble.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let output = command
            .output()
            .map_err(|error| cannot_start(&command, doing, &error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let left = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            return Ok(steps);
        }
        let is_one_line = said.lines().count() == 1 && said.contains("pace");
        if output.status.code() != Some(2) || !is_one_line || !left.is_empty() {
            return Err(Error::new(
                doing,
                format!(
                    "with {room} MiB it ended with {}, said\n{said}and left {left:?}",
                    output.status
                ),
            ));
        }
        // `assemble-image: error: STEP: …`
        steps.extend(said.split(": ").nth(2).map(ToOwned::to_owned));
    }
    Err(Error::new(
        doing,
        format!("{MOST} MiB are not enough, either"),
    ))
}
