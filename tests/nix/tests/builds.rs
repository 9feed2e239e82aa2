//! The hooks and the overlay in real Nix builds. `UPDATE=1` writes what is built as what is expected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_nix::nix::Nix;
use tests_nix::{case, directory};
use tests_packages::archive::Archive;
use tests_packages::documentation::{self, Block};
use tests_packages::tool_root::{self, ToolRoot};

fn nix() -> Nix {
    Nix::open().unwrap_or_else(|error| panic!("{error}"))
}

/// Builds all cases of a directory; what fails is said of all.
fn run_all(cases: &Path, more: &[&str]) {
    let update = std::env::var_os("UPDATE").is_some();
    let only = std::env::var("CASE").ok();
    let nix = nix();
    // All need the tools: they are built once, by the overlay.
    for attribute in [
        "lint-store-path",
        "patch-systemd-units",
        "relocate-etc-to-out",
        "rewrite-pkgconfig-prefix",
    ] {
        let tool = nix
            .instantiate("pkgs.nix", &["-A", attribute])
            .and_then(|tool| nix.build(&tool));
        let tool = tool.unwrap_or_else(|error| panic!("{error}"));
        assert!(
            tool.outputs.is_some(),
            "the overlay's {attribute} does not build:\n{}",
            String::from_utf8_lossy(&tool.log)
        );
    }
    let mut cases = case::all(cases).unwrap_or_else(|error| panic!("{error}"));
    assert!(!cases.is_empty(), "there is no case");
    if let Some(only) = only {
        // It is in one of both directories.
        let exists = ["cases", "real"]
            .iter()
            .any(|kind| directory().join(kind).join(&only).is_dir());
        assert!(exists, "there is no case {only}");
        cases.retain(|case| case.ends_with(&only));
    }
    let results = tests_packages::in_parallel(&cases, |case| case::run(&nix, case, more, update));
    let mut failures = String::new();
    for error in results.into_iter().filter_map(Result::err) {
        let _ = writeln!(failures, "{error}\n");
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Each is an expression, or bindings as they stand in an attribute set.
#[test]
fn the_examples_of_the_pages_can_be_parsed() {
    let nix = nix();
    let mut blocks = documentation::blocks().unwrap_or_else(|error| panic!("{error}"));
    blocks.retain(|block| block.language == "nix");
    assert!(blocks.len() >= 8, "{} examples are found", blocks.len());
    for block in blocks {
        // With `with`, names that the reader's file defines are no errors.
        let parsed = nix.parse(&format!("with {{ }}; {}", block.text));
        let parsed = parsed.or_else(|expression| {
            let bindings = nix.parse(&format!("with {{ }}; {{ {} }}", block.text));
            bindings.map_err(|error| format!("{expression}\n{error}"))
        });
        parsed.unwrap_or_else(|error| panic!("{}:{}: {error}", block.page, block.line));
    }
}

/// The file whose text a block is: the heading before it has its path.
fn file_of(block: &Block, page: &str) -> Option<String> {
    let lines: Vec<&str> = page.lines().take(block.line - 1).collect();
    let heading = lines.iter().rev().find(|line| line.starts_with('#'))?;
    let path = heading.strip_prefix("### `")?.strip_suffix('`')?;
    Some(path.to_owned())
}

/// The files of docs/in-nixpkgs.md: the tool is evaluated, the hook and the packages that prove it are built.
#[test]
fn the_files_for_nixpkgs_can_be_pasted() {
    let name = "docs/in-nixpkgs.md";
    let project = directory().join("../..");
    let page = std::fs::read_to_string(project.join(name)).unwrap();
    let top = tempfile::tempdir().unwrap();
    let mut blocks = documentation::blocks().unwrap_or_else(|error| panic!("{error}"));
    blocks.retain(|block| block.page == name && block.language == "nix");
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let file = file_of(&block, &page).expect("the heading is a path");
        let path = top.path().join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &block.text).unwrap();
        if file.ends_with("tests.nix") {
            let checks = project.join("nix-overlay/checks/patch-systemd-units.nix");
            let checks = std::fs::read_to_string(checks).unwrap();
            assert_eq!(block.text, checks, "{name}: the overlay has other tests");
        }
    }
    let nix = nix();
    let pages = top.path().display().to_string();
    let instantiate = |attribute: &str| {
        let arguments = ["--argstr", "pages", &pages, "-A", attribute];
        let derivation = nix.instantiate("in-nixpkgs.nix", &arguments);
        derivation.unwrap_or_else(|error| panic!("{error}"))
    };
    assert!(instantiate("tool").is_file());
    for attribute in ["tests.strings", "tests.structured-attributes", "example"] {
        let built = nix
            .build(&instantiate(attribute))
            .unwrap_or_else(|error| panic!("{error}"));
        let log = String::from_utf8_lossy(&built.log);
        let outputs = built.outputs;
        let outputs = outputs.unwrap_or_else(|| panic!("{attribute}:\n{log}"));
        if attribute == "example" {
            let unit = outputs[0].join("lib/systemd/system/example.service");
            let unit = std::fs::read_to_string(unit).unwrap();
            let store = nix.store();
            let starts = unit.lines().filter(|line| line.starts_with("Exec"));
            for line in starts {
                let program = line.split_once('=').unwrap().1;
                assert!(Path::new(program).starts_with(&store), "{unit}");
            }
        }
    }
}

#[test]
fn packages_are_fixed_up() {
    run_all(&directory().join("cases"), &[]);
}

#[test]
fn every_case_says_what_it_shows() {
    for kind in ["cases", "real"] {
        for case in case::all(&directory().join(kind)).unwrap() {
            let readme = case.join("README");
            assert!(readme.is_file(), "{} is missing", readme.display());
        }
    }
}

/// The packages of `real`, and those that their expressions take programs from.
fn debs() -> Vec<String> {
    let list = std::fs::read_to_string(directory().join("real/debs.txt")).unwrap();
    list.lines().map(str::to_owned).collect()
}

#[test]
fn real_packages_are_fixed_up() {
    let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
    let wanted = archive
        .candidates(&debs())
        .unwrap_or_else(|error| panic!("{error}"));
    let missing: Vec<String> = debs()
        .into_iter()
        .filter(|name| !wanted.contains_key(name))
        .collect();
    assert!(missing.is_empty(), "Debian has no {}", missing.join(", "));
    let failed = archive.download(&wanted.values().cloned().collect::<Vec<_>>());
    assert!(failed.is_empty(), "not downloaded: {failed:?}");
    let paths: serde_json::Map<String, serde_json::Value> = wanted
        .iter()
        .map(|(name, deb)| (name.clone(), archive.path(deb).display().to_string().into()))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &paths).unwrap();
    let debs = file.path().display().to_string();
    run_all(&directory().join("real"), &["--argstr", "debs", &debs]);
}

/// The first output of a package of `sources`, built from the source that Debian has of `of`.
fn built_from_source(package: &str, of: &str, more: &[&str]) -> PathBuf {
    let source = Archive::open_sources()
        .and_then(|archive| archive.source(of))
        .unwrap_or_else(|error| panic!("{error}"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let sources = serde_json::json!({ of: source.display().to_string() });
    serde_json::to_writer(&file, &sources).unwrap();
    let sources = file.path().display().to_string();
    let expression = directory().join(format!("sources/{package}/package.nix"));
    let expression = expression.display().to_string();
    let arguments = [
        "--argstr",
        "package",
        &expression,
        "--argstr",
        "sources",
        &sources,
    ];
    let nix = nix();
    let built = nix
        .instantiate("case.nix", &[&arguments, more].concat())
        .and_then(|derivation| nix.build(&derivation))
        .unwrap_or_else(|error| panic!("{error}"));
    let log = String::from_utf8_lossy(&built.log);
    let outputs = built.outputs;
    let outputs = outputs.unwrap_or_else(|| panic!("{package} does not build:\n{log}"));
    outputs[0].clone()
}

/// A package built from Debian's source, with the hook and without it: where its units are.
#[test]
fn a_package_from_its_source_installs_into_its_own_output() {
    let build = |patched: &str| {
        let out = built_from_source("dbus", "dbus", &["--arg", "patched", patched]);
        let outside = std::fs::read_to_string(out.join("outside")).unwrap();
        (out, outside)
    };
    let installed = [
        "lib/systemd/system/dbus.service",
        "lib/systemd/system/dbus.socket",
        "lib/systemd/user/dbus.service",
    ];
    let (out, outside) = build("true");
    assert_eq!(outside, "", "nothing is installed elsewhere");
    for file in installed {
        assert!(
            out.join(file).is_file(),
            "{} is missing",
            out.join(file).display()
        );
    }
    let pc = std::fs::read_to_string(out.join("lib/x86_64-linux-gnu/pkgconfig/dbus-1.pc"))
        .or_else(|_| std::fs::read_to_string(out.join("lib/pkgconfig/dbus-1.pc")))
        .unwrap();
    assert!(pc.contains("${prefix}") && !pc.contains("/usr"), "{pc}");

    // What the hook is for.
    let (out, outside) = build("false");
    for file in installed {
        assert!(!out.join(file).exists(), "{file} is there without the hook");
        assert!(outside.contains(file), "{file}: {outside}");
    }
}

/// `systemdPc` from systemd's source: what it says, asked by pkgconf.
#[test]
fn systemds_own_templates_are_filled_in() {
    let out = built_from_source("systemd-pc", "systemd", &[]);
    let said = |module: &str, variable: &str| {
        let output = Command::new("pkgconf")
            .args(["--variable", variable, module])
            .env("PKG_CONFIG_PATH", out.join("share/pkgconfig"))
            .output()
            .expect("pkgconf starts; on Debian: apt-get install pkgconf");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let own = |sub_path: &str| out.join(sub_path).display().to_string();
    for (module, variable, expected) in [
        ("systemd", "prefix", own("")),
        ("systemd", "systemdsystemunitdir", own("lib/systemd/system")),
        ("systemd", "tmpfilesdir", own("lib/tmpfiles.d")),
        ("systemd", "sysconfdir", "/etc".to_owned()),
        ("udev", "udevdir", own("lib/udev")),
    ] {
        let expected = expected.trim_end_matches('/');
        assert_eq!(said(module, variable), expected, "{variable}");
    }
    for name in ["systemd.pc", "udev.pc"] {
        let text = std::fs::read_to_string(out.join("share/pkgconfig").join(name)).unwrap();
        assert!(!text.contains("{{"), "{text}");
    }
}

/// Builds an attribute of an expression; the first output.
fn built(nix: &Nix, file: &str, attribute: &str) -> PathBuf {
    let built = nix
        .instantiate(file, &["-A", attribute])
        .and_then(|derivation| nix.build(&derivation))
        .unwrap_or_else(|error| panic!("{error}"));
    let log = String::from_utf8_lossy(&built.log);
    let outputs = built
        .outputs
        .unwrap_or_else(|| panic!("{attribute} does not build:\n{log}"));
    outputs[0].clone()
}

/// What belongs to a closure is asked of Nix where there is one, and found in the files elsewhere.
#[test]
fn the_lint_asks_nix_what_a_closure_is() {
    let nix = nix();
    let lint = built(&nix, "pkgs.nix", "lint-store-path").join("bin/lint-store-path");
    let unreferred = built(&nix, "closure.nix", "unreferred");
    let top = built(&nix, "closure.nix", "top");
    let facts = tempfile::NamedTempFile::new().unwrap();
    let store_paths = |search_path: Option<&str>| {
        // With this Nix's store and settings.
        let of_nix = nix.command("nix-store");
        let mut command = Command::new(&lint);
        for (name, value) in of_nix.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(search_path) = search_path {
            command.env("PATH", search_path);
        }
        let output = command
            .args(["--closure", "--no-cache", "--write-facts"])
            .arg(facts.path())
            .arg("--store-dir")
            .arg(nix.store())
            .arg(&top)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::read(facts.path()).unwrap()
    };
    let has = |facts: &[u8], path: &Path| {
        // A name is only found whole as that of a store path that was looked at, or that is referred
        // to: the files themselves are not in the facts.
        let name = path.file_name().unwrap().as_encoded_bytes();
        facts
            .windows(name.len())
            .filter(|part| *part == name)
            .count()
    };
    let asked = store_paths(None);
    let found = store_paths(Some("/nonexistent"));
    // Once as a reference of the other; found in its files, also as a store path of the closure.
    assert_eq!(has(&asked, &unreferred), 1);
    assert_eq!(has(&found, &unreferred), 2);
}

/// The overlay on package sets of which it may touch almost nothing.
#[test]
fn the_overlay_evaluates_lazily() {
    evaluates_lazily(&nix());
}

/// The same with the Nix of a newer Debian, and the cases, as far as derivations.
#[test]
fn a_newer_nix_evaluates_it_too() {
    let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
    let tools =
        ToolRoot::provide(&archive, &tool_root::NIX).unwrap_or_else(|error| panic!("{error}"));
    drop(archive);
    let newer = Nix::open_newer(&tools).unwrap_or_else(|error| panic!("{error}"));
    evaluates_lazily(&newer);
    for case in case::all(&directory().join("cases")).unwrap() {
        let package = case.join("package.nix").display().to_string();
        let arguments = [
            "--argstr",
            "package",
            &package,
            "--arg",
            "structuredAttrs",
            "true",
        ];
        let derivation = newer.instantiate("case.nix", &arguments);
        let derivation = derivation.unwrap_or_else(|error| panic!("{error}"));
        assert!(derivation.is_file(), "{}", derivation.display());
    }
}

fn evaluates_lazily(nix: &Nix) {
    let found = nix
        .evaluate("evaluation.nix", &[])
        .unwrap_or_else(|error| panic!("{error}"));
    let failed: Vec<&String> = found
        .as_object()
        .expect("an attribute set")
        .iter()
        .filter_map(|(name, holds)| (holds != &serde_json::Value::Bool(true)).then_some(name))
        .collect();
    assert!(failed.is_empty(), "these do not hold: {failed:?}");
}

/// The checks that a nixpkgs would run as the hook's `passthru.tests`.
#[test]
fn the_checks_of_the_hooks_pass() {
    let nix = nix();
    let forms = ["strings", "structured-attributes"];
    let consumers =
        forms.map(|form| format!("rewritePkgConfigPrefixHook.passthru.tests.consumer-{form}"));
    let of_hooks = [
        "patchSystemdUnitsHook",
        "relocateEtcToOutHook",
        "rewritePkgConfigPrefixHook",
    ]
    .map(|hook| forms.map(|form| format!("{hook}.passthru.tests.{form}")));
    let lints = ["strings", "structured-attributes", "opt-out", "severity"]
        .map(|check| format!("lintStorePathHook.passthru.tests.{check}"));
    let all = of_hooks.into_iter().flatten().chain(consumers);
    for attribute in all.chain(lints) {
        let built = nix
            .instantiate("pkgs.nix", &["-A", &attribute])
            .and_then(|derivation| nix.build(&derivation))
            .unwrap_or_else(|error| panic!("{error}"));
        let log = String::from_utf8_lossy(&built.log);
        assert!(built.outputs.is_some(), "{attribute}:\n{log}");
    }
}
