//! Images as derivations: `hermeticImage` with a small package and a real system, for each layout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tests_boot::image::{COMMAND_LINE, Image};
use tests_boot::kernel::Kernel;
use tests_boot::layout::Layout;
use tests_boot::logins::{PASSWORD, PASSWORD_HASH};
use tests_boot::machine::Machine;
use tests_boot::session::{self, Shell};
use tests_nix::directory;
use tests_nix::nix::Nix;
use tests_packages::archive::Archive;
use tests_packages::tool_root::{self, ToolRoot};

/// What the expressions are told, and what their results are looked at with.
struct Inputs {
    nix: Nix,
    tools: ToolRoot,
    kernel: Kernel,
    arguments: Vec<String>,
    /// Named in the arguments.
    _debs: NamedTempFile,
}

impl Inputs {
    /// Fetches what is missing: the tools, a kernel and the packages of the system.
    fn fetch() -> tests_packages::Result<Self> {
        let archive = Archive::open()?;
        let tools = ToolRoot::provide(&archive, &tool_root::IMAGES)?;
        let kernel = Kernel::provide(&archive, &tools)?;
        let list = std::fs::read_to_string(directory().join("images/packages.txt")).unwrap();
        let names = archive.with_dependencies(&tests_packages::names(&list))?;
        let candidates = archive.candidates(&names)?;
        let wanted: Vec<_> = candidates.values().cloned().collect();
        let failed = archive.download(&wanted);
        assert!(failed.is_empty(), "not downloaded: {failed:?}");
        let paths: serde_json::Map<String, serde_json::Value> = wanted
            .iter()
            .map(|deb| {
                (
                    deb.name.clone(),
                    archive.path(deb).display().to_string().into(),
                )
            })
            .collect();
        let debs = NamedTempFile::new().unwrap();
        serde_json::to_writer(&debs, &paths).unwrap();
        let names: Vec<String> = paths.keys().cloned().collect();
        let mut arguments = Vec::new();
        for (name, value) in [
            ("debs", debs.path().display().to_string()),
            ("systemPackages", names.join(" ")),
            ("tools", tools.bin().display().to_string()),
            ("kernelImage", kernel.image.display().to_string()),
            ("kernelModules", kernel.modules.display().to_string()),
            ("commandLine", COMMAND_LINE.to_owned()),
            ("passwordHash", PASSWORD_HASH.to_owned()),
        ] {
            arguments.extend(["--argstr".to_owned(), name.to_owned(), value]);
        }
        Ok(Self {
            nix: Nix::open().unwrap_or_else(|error| panic!("{error}")),
            tools,
            kernel,
            arguments,
            _debs: debs,
        })
    }

    /// Builds an image without root's rights.
    fn build(&self, layout: Layout) -> Image {
        let mut arguments = vec!["-A", layout.name()];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let derivation = self
            .nix
            .instantiate("images/default.nix", &arguments)
            .unwrap_or_else(|error| panic!("{error}"));
        let directory = self.realise(&derivation, false, layout);
        // The second time Nix compares the result with the first.
        self.realise(&derivation, true, layout);
        Image { layout, directory }
    }

    fn realise(&self, derivation: &Path, again: bool, layout: Layout) -> PathBuf {
        let built = self
            .nix
            .build_unprivileged(derivation, again)
            .unwrap_or_else(|error| panic!("{error}"));
        let Some([output]) = built.outputs.as_deref() else {
            let log = String::from_utf8_lossy(&built.log);
            panic!("{layout} is not built (again: {again}):\n{log}");
        };
        output.clone()
    }

    /// What is in the root file system of an image; a directory that goes away with the test.
    fn unpack(&self, image: &Image) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        let mut extract = self.tools.command("fsck.erofs");
        extract
            .arg(format!("--extract={}", top.path().join("root").display()))
            .args(["--no-preserve"])
            .arg(image.file("image.raw"));
        tests_packages::run(&mut extract, "unpack an image").unwrap();
        top
    }
}

/// The names of the files of an image.
fn files(image: &Image) -> Vec<String> {
    let entries = std::fs::read_dir(&image.directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn manifest(image: &Image) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(image.file("manifest.json")).unwrap()).unwrap()
}

/// Every layout is a derivation that gives the same bytes twice, and its closure is the packages'.
#[test]
fn images_are_built_without_root_and_the_same_again() {
    let inputs = Inputs::fetch().unwrap_or_else(|error| panic!("{error}"));
    for layout in Layout::ALL {
        let image = inputs.build(layout);
        let names = files(&image);
        let has = |name: &str| names.iter().any(|other| other == name);
        for name in ["manifest.json", "size-report.html", "users-pin"] {
            assert!(has(name), "{layout} has no {name}: {names:?}");
        }
        assert_eq!(
            has("image.roothash"),
            layout.is_verified(),
            "{layout}: {names:?}"
        );
        assert!(
            !has("image"),
            "{layout}: what is in between stays: {names:?}"
        );
        assert!(manifest(&image).is_object(), "{layout}");
    }
    let image = inputs.build(Layout::Bare);
    let mut verify = inputs.tools.command("veritysetup");
    verify
        .arg("verify")
        .args([image.file("image.raw"), image.file("image.verity")])
        .arg(image.root_hash().unwrap());
    tests_packages::run(&mut verify, "verify the image").unwrap();
    what_was_asked_for_is_in(&inputs, &image);
    it_boots(&inputs, &image);
}

/// The arguments of hermeticImage, as files of the image.
fn what_was_asked_for_is_in(inputs: &Inputs, image: &Image) {
    let top = inputs.unpack(image);
    let root = top.path().join("root");
    let text = |path: &str| {
        std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let line = |path: &str, start: &str| {
        let text = text(path);
        let found = text.lines().find(|line| line.starts_with(start));
        found
            .unwrap_or_else(|| panic!("{path} has no line {start}:\n{text}"))
            .to_owned()
    };
    assert_eq!(text("etc/hostname"), "hello\n");
    assert_eq!(
        line("etc/passwd", "alice:"),
        "alice:x:1000:1000:Alice:/home/alice:/bin/bash"
    );
    assert!(line("etc/group", "users:").ends_with(":alice"));
    for user in ["alice", "root"] {
        let shadow = line("etc/shadow", &format!("{user}:"));
        assert_eq!(shadow.split(':').nth(1), Some(PASSWORD_HASH), "{user}");
    }
    // The package's user has a number, which the next image can be given.
    let number = line("etc/passwd", "hello:");
    let number = number.split(':').nth(2).unwrap();
    let pin = std::fs::read_to_string(image.file("users-pin")).unwrap();
    assert!(
        pin.lines().any(|line| line == format!("u hello {number}")),
        "{pin}"
    );
    let enabled = root.join("etc/systemd/system/multi-user.target.wants/hello.service");
    assert!(enabled.is_symlink(), "hello.service is not enabled");
    // The hook has patched the package's unit.
    let unit = text("usr/lib/systemd/system/hello.service");
    let store = inputs.nix.store();
    assert!(
        unit.contains(&format!("ExecStart={}/", store.display())),
        "{unit}"
    );
}

/// It comes up, lets the user in, and has run the package's unit.
fn it_boots(inputs: &Inputs, image: &Image) {
    let (start, disks) = image.start(&inputs.kernel).unwrap();
    let mut machine = Machine::start(&start, &disks).unwrap();
    let console = &mut machine.console;
    session::wait_for_login(console).unwrap_or_else(|error| panic!("{error}"));
    let is_in =
        session::log_in(console, "alice", PASSWORD).unwrap_or_else(|error| panic!("{error}"));
    assert!(is_in, "alice is refused:\n{}", console.last_lines());
    let mut shell = Shell::new(console).unwrap();
    for (command, expected) in [
        ("systemctl is-system-running --wait", "running"),
        ("hello", "hello"),
        (
            "systemctl show --property=Result --value hello.service",
            "success",
        ),
        ("id --user --name", "alice"),
    ] {
        let outcome = shell.run(command).unwrap();
        let failed = "systemctl status --no-pager --full --state=failed '*'";
        let failed = shell.run(failed).unwrap().text;
        assert_eq!(outcome.text, expected, "{command}\n{failed}");
    }
}
