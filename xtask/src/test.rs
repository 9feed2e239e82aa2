//! `cargo xtask test`

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::{boot_test, cargo, project, released, set_up};

const TOOL: &str = "patch-systemd-units";
const PKG_CONFIG_TOOL: &str = "rewrite-pkgconfig-prefix";
const ETC_TOOL: &str = "relocate-etc-to-out";
const LINT: &str = "lint-store-path";

/// Packages whose tests need the network, Nix, a browser or a machine to boot: steps of their own.
const BY_OTHER_MEANS: [&str; 5] = [
    "tests-boot",
    "tests-lint",
    "tests-nix",
    "tests-pages",
    "tests-packages",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only what needs no network and no more than three minutes
    #[arg(long, conflicts_with = "soak")]
    quick: bool,
    /// Also the whole corpus, long property tests and kill loops
    #[arg(long)]
    soak: bool,
}

/// Something to be run that succeeds or fails.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut steps = quick();
    set_up::ensure_installed(set_up::HOOKS)?;
    steps.extend(hooks()?);
    if !options.quick {
        set_up::ensure_installed(set_up::PACKAGES)?;
        set_up::ensure_installed(set_up::PKG_CONFIG)?;
        set_up::ensure_installed(set_up::LINT_PEERS)?;
        set_up::ensure_installed(set_up::NIX)?;
        set_up::ensure_installed(set_up::MACHINES)?;
        set_up::ensure_installed(set_up::BROWSER)?;
        let mut release = vec!["build", "--release"];
        for tool in boot_test::TOOLS.into_iter().chain([LINT]) {
            release.extend(["--package", tool]);
        }
        steps.push(step("release build", &release));
        steps.push(Step {
            name: "real packages",
            command: real_packages(None),
        });
        for (name, test, tool) in [
            ("real configuration", "relocate_etc_to_out", ETC_TOOL),
            (
                "real .pc files",
                "rewrite_pkgconfig_prefix",
                PKG_CONFIG_TOOL,
            ),
            (
                "table of install variables",
                "install_variables",
                PKG_CONFIG_TOOL,
            ),
            (
                "builds that ask .pc files",
                "consumer_builds",
                PKG_CONFIG_TOOL,
            ),
        ] {
            let arguments = ["test", "--package", "tests-packages", "--test", test];
            let mut step = step(name, &arguments);
            step.command
                .args(["--", "--nocapture"])
                .env(variable(tool), released(tool));
            steps.push(step);
        }
        for (name, package, test) in [
            ("lint: planted defects", "tests-lint", "peers"),
            ("lint: real packages", "tests-packages", "lint_store_path"),
        ] {
            let arguments = ["test", "--package", package, "--test", test];
            let mut step = step(name, &arguments);
            step.command.args(["--", "--nocapture"]);
            for tool in [TOOL, PKG_CONFIG_TOOL, LINT] {
                step.command.env(variable(tool), released(tool));
            }
            steps.push(step);
        }
        steps.push(step(
            "Nix builds",
            &["test", "--package", "tests-nix", "--tests"],
        ));
        steps.push(step(
            "pages in a browser",
            &["test", "--package", "tests-pages", "--tests"],
        ));
        steps.push(Step {
            name: "images",
            command: boot_test::assembler_tests()?,
        });
        steps.push(Step {
            name: "images, booted",
            command: boot_test::command(None),
        });
    }
    if options.soak {
        let mut long = cargo();
        long.args(["test", "--release", "--workspace"]);
        for package in BY_OTHER_MEANS {
            long.args(["--exclude", package]);
        }
        // The kill tests read the second: how often they are to kill is their own affair.
        long.env("PROPTEST_CASES", "20000")
            .env("HERMETIC_OUT_SOAK", "1");
        steps.push(Step {
            name: "long properties and kill loops",
            command: long,
        });
        steps.push(Step {
            name: "the whole corpus",
            command: real_packages(Some(Path::new("corpus"))),
        });
    }
    Ok(run_steps(steps))
}

fn quick() -> Vec<Step> {
    let mut documentation = cargo();
    documentation.args([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    let (mut tests, mut tests_of_tests) = (cargo(), cargo());
    tests.args(["test", "--workspace"]);
    tests_of_tests.args(["test", "--lib"]);
    for package in BY_OTHER_MEANS {
        tests.args(["--exclude", package]);
        tests_of_tests.args(["--package", package]);
    }
    vec![
        step("format", &["fmt", "--all", "--check"]),
        step(
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
        Step {
            name: "tests",
            command: tests,
        },
        Step {
            name: "tests of the tests",
            command: tests_of_tests,
        },
        Step {
            name: "documentation",
            command: documentation,
        },
        step("generated pages", &["xtask", "docs", "--check"]),
    ]
}

fn step(name: &'static str, arguments: &[&str]) -> Step {
    let mut command = cargo();
    command.args(arguments);
    Step { name, command }
}

/// The variable that tells a test where a tool is.
pub(crate) fn variable(tool: &str) -> String {
    tool.to_uppercase().replace('-', "_")
}

/// Checks of the setup hooks and of the shell code that tests them.
fn hooks() -> anyhow::Result<[Step; 2]> {
    let mut files = Vec::new();
    for directory in ["hooks", "nix-overlay/variants", "tests/nix/stdenv"] {
        let path = project().join(directory);
        let entries =
            std::fs::read_dir(&path).with_context(|| format!("reading {}", path.display()))?;
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "sh"));
    files.sort();
    let mut check = Command::new("shellcheck");
    check.arg("--shell=bash").args(&files);
    let mut format = Command::new("shfmt");
    format.args(["--diff", "--indent", "4"]).args(&files);
    Ok([
        Step {
            name: "hooks: shellcheck",
            command: check,
        },
        Step {
            name: "hooks: shfmt",
            command: format,
        },
    ])
}

/// The tests on real packages, with the release build of the tool; `which` as
/// `HERMETIC_OUT_PACKAGES` has it.
pub(crate) fn real_packages(which: Option<&Path>) -> Command {
    let mut command = cargo();
    command.args([
        "test",
        "--package",
        "tests-packages",
        "--test",
        "patch_systemd_units",
    ]);
    command.args(["--", "--nocapture"]);
    command.env("PATCH_SYSTEMD_UNITS", released(TOOL));
    match which {
        Some(which) => command.env("HERMETIC_OUT_PACKAGES", which),
        None => command.env_remove("HERMETIC_OUT_PACKAGES"),
    };
    command
}

/// Runs all steps, whatever fails; what a failing one printed is shown.
pub(crate) fn run_steps(steps: Vec<Step>) -> ExitCode {
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let (mut results, total) = (Vec::new(), steps.len());
    for mut step in steps {
        print!("{:width$}  ", step.name);
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let output = step.command.output();
        let took = seconds(start.elapsed());
        let (passed, text) = match output {
            Ok(output) => {
                let text = [output.stdout, output.stderr].concat();
                (
                    output.status.success(),
                    String::from_utf8_lossy(&text).into_owned(),
                )
            }
            Err(error) => {
                let program = step.command.get_program().display();
                (false, format!("cannot start {program}: {error}"))
            }
        };
        println!("{} ({took})", if passed { "ok" } else { "FAILED" });
        if !passed {
            println!("{}\n", text.trim_end());
        }
        results.push((step.name, passed));
    }
    let failed: Vec<&str> = results
        .iter()
        .filter(|(_, passed)| !passed)
        .map(|(name, _)| *name)
        .collect();
    if !failed.is_empty() {
        println!("\nfailed: {}", failed.join(", "));
    }
    println!("\n{} passed, {} failed", total - failed.len(), failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
