//! `cargo xtask test`

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use crate::boot_test::ASSEMBLER;
use crate::{TOOLS, boot_test, cargo, project, released, set_up};

/// Packages whose tests need the network, Nix, a browser or a machine to boot: steps of their own.
const BY_OTHER_MEANS: [&str; 7] = [
    ASSEMBLER,
    "tests-boot",
    "tests-lint",
    "tests-nix",
    "tests-packages",
    "tests-pages",
    SHELL_ORACLE,
];

/// The test of the reader of shell against other readers.
const SHELL_ORACLE: &str = "tests-shell-oracle";

/// The tests of the assembler that fetch the tools they need.
const WITH_TOOLS: [&str; 2] = ["attacked", "with_tools"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only the steps that need no network: format, lints, unit tests, cases, documentation
    #[arg(long)]
    quick: bool,
}

/// Something to be run that succeeds or fails.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut steps = quick(options.quick)?;
    set_up::ensure_installed(set_up::HOOKS)?;
    steps.extend(hooks()?);
    if !options.quick {
        for needs in [
            set_up::PACKAGES,
            set_up::PKG_CONFIG,
            set_up::LINT_PEERS,
            set_up::NIX,
            set_up::MACHINES,
            set_up::BROWSER,
        ] {
            set_up::ensure_installed(needs)?;
        }
        // Each by itself, as packages are built: together, cargo would build the fixups with what only
        // the lint needs.
        for tool in TOOLS {
            let arguments = ["build", "--release", "--package", tool];
            steps.push(step("release build", &arguments));
        }
        steps.push(Step {
            name: "real packages",
            command: packages(None),
        });
        for (name, package, test) in [
            (
                "real configuration",
                "tests-packages",
                "relocate_etc_to_out",
            ),
            (
                "real .pc files",
                "tests-packages",
                "rewrite_pkgconfig_prefix",
            ),
            (
                "table of install variables",
                "tests-packages",
                "install_variables",
            ),
            ("table of directives", "tests-packages", "unit_directives"),
            (
                "builds that ask .pc files",
                "tests-packages",
                "consumer_builds",
            ),
            ("lint: planted defects", "tests-lint", "peers"),
            ("lint: real packages", "tests-packages", "lint_store_path"),
        ] {
            steps.push(Step {
                name,
                command: released_tools(package, test),
            });
        }
        for (name, package) in [
            ("real shell scripts", SHELL_ORACLE),
            ("Nix builds", "tests-nix"),
            ("pages in a browser", "tests-pages"),
        ] {
            steps.push(step(name, &["test", "--package", package, "--tests"]));
        }
        let [attacked, with_tools] = WITH_TOOLS;
        let tests = ["--test", attacked, "--test", with_tools];
        let images = [&["test", "--package", ASSEMBLER][..], &tests].concat();
        steps.push(step("images", &images));
        steps.push(Step {
            name: "images, booted",
            command: boot_test::command(None),
        });
    }
    Ok(run_steps(steps))
}

/// The whole corpus of packages, and the tools themselves in Nix builds.
pub(crate) fn corpus() -> anyhow::Result<ExitCode> {
    for needs in [set_up::PACKAGES, set_up::NIX] {
        set_up::ensure_installed(needs)?;
    }
    for tool in TOOLS {
        crate::build(tool)?;
    }
    let mut scripts = step(
        "shell scripts of the whole corpus",
        &["test", "--package", SHELL_ORACLE, "--tests"],
    );
    scripts.command.env("HERMETIC_OUT_PACKAGES", "corpus");
    let mut nix = step(
        "Nix builds of the tools",
        &["test", "--package", "tests-nix", "--tests"],
    );
    nix.command.env("HERMETIC_OUT_CHECK_TOOLS", "1");
    Ok(run_steps(vec![
        Step {
            name: "the whole corpus",
            command: packages(Some(Path::new("corpus"))),
        },
        scripts,
        nix,
    ]))
}

/// The steps that need no network. The last is quicker if `without_builds`.
fn quick(without_builds: bool) -> anyhow::Result<Vec<Step>> {
    let mut documentation = step(
        "documentation",
        &[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
    );
    documentation.command.env("RUSTDOCFLAGS", "-D warnings");
    let mut tests = step("tests", &["test", "--workspace"]);
    exclude(&mut tests.command, &BY_OTHER_MEANS);
    let mut others = step("tests of images and of the tests", &["test", "--lib"]);
    for file in files(&format!("crates/{ASSEMBLER}/tests"), "rs")? {
        let name = file.file_stem().unwrap_or_default();
        if !WITH_TOOLS.iter().any(|known| name == *known) {
            others.command.arg("--test").arg(name);
        }
    }
    for package in BY_OTHER_MEANS {
        others.command.args(["--package", package]);
    }
    let mut package = step("packages for publication", &["xtask", "package"]);
    if without_builds {
        package.command.arg("--no-verify");
    }
    Ok(vec![
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
        tests,
        others,
        documentation,
        step("generated pages", &["xtask", "docs", "--check"]),
        package,
    ])
}

fn exclude(command: &mut Command, packages: &[&str]) {
    for package in packages {
        command.args(["--exclude", package]);
    }
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
    let mut scripts = Vec::new();
    for directory in ["hooks", "nix-overlay/variants", "tests/nix/stdenv"] {
        scripts.extend(files(directory, "sh")?);
    }
    let mut check = Command::new("shellcheck");
    check.arg("--shell=bash").args(&scripts);
    let mut format = Command::new("shfmt");
    format.args(["--diff", "--indent", "4"]).args(&scripts);
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

/// The files of a directory of the project whose names end so, sorted.
fn files(directory: &str, suffix: &str) -> anyhow::Result<Vec<PathBuf>> {
    let path = project().join(directory);
    let entries =
        std::fs::read_dir(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|found| found == suffix));
    files.sort();
    Ok(files)
}

/// A test that runs the release builds of the tools.
fn released_tools(package: &str, test: &str) -> Command {
    let mut command = cargo();
    command.args(["test", "--package", package, "--test", test]);
    command.args(["--", "--nocapture"]);
    for tool in TOOLS {
        command.env(variable(tool), released(tool));
    }
    command
}

/// The tests of patch-systemd-units on real packages; `which` as `HERMETIC_OUT_PACKAGES` has it.
pub(crate) fn packages(which: Option<&Path>) -> Command {
    let mut command = released_tools("tests-packages", "patch_systemd_units");
    match which {
        Some(which) => command.env("HERMETIC_OUT_PACKAGES", which),
        None => command.env_remove("HERMETIC_OUT_PACKAGES"),
    };
    command
}

/// Runs all steps, whatever fails. What a failing one printed is shown; on a terminal, what cargo says of its
/// progress is shown while it runs.
pub(crate) fn run_steps(steps: Vec<Step>) -> ExitCode {
    let (mut failed, total) = (Vec::new(), steps.len());
    for (index, mut step) in steps.into_iter().enumerate() {
        println!(
            "{}/{total} {}: {}",
            index + 1,
            step.name,
            shown(&step.command)
        );
        if std::io::stderr().is_terminal() {
            step.command.stderr(Stdio::inherit());
        }
        let start = Instant::now();
        let output = step.command.output();
        let took = start.elapsed().as_secs_f64();
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
        println!("    {} ({took:.1} s)", if passed { "ok" } else { "FAILED" });
        if !passed {
            println!("{}\n", text.trim_end());
            failed.push(step.name);
        }
    }
    if !failed.is_empty() {
        println!("\nfailed: {}", failed.join(", "));
    }
    println!("\n{} passed, {} failed", total - failed.len(), failed.len());
    ExitCode::from(u8::from(!failed.is_empty()))
}

/// The command line, as far as it fits into a line.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(100) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}
