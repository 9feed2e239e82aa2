//! `rewrite-pkgconfig-prefix consumer` in builds that ask systemd.pc where to install a unit: with
//! autotools, meson and `CMake`, and with every implementation of pkg-config that can be had. All .pc
//! files are Debian's, as `provider` makes them in a store.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::archive::Archive;
use tests_packages::implementations::{self, Implementation};
use tests_packages::store::Package;
use tests_packages::tool::{self, Arguments};
use tests_packages::{in_parallel, store};
use walkdir::WalkDir;

/// How a project asks, and whether what it asks says the own output even without the copies.
const BUILDS: &[(&str, &[&str], bool)] = &[
    ("autotools", &[], false),
    ("meson", &[], false),
    // What is defined on the command line counts for what is written through it.
    ("meson", &["-Ddefine=prefix"], true),
    ("meson", &["-Ddefine=rootprefix"], false),
    ("cmake", &[], false),
];

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program}: {error}; on Debian: apt-get install autoconf automake cmake make meson ninja-build pkgconf")
    });
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success(), "{command:?}:\n{told}");
}

/// Debian's packages in a store, with their .pc files fixed; the search path for them.
fn providers(tool: &Path, store: &Path) -> (String, PathBuf) {
    let names = ["libdbus-1-dev", "libsystemd-dev", "systemd-dev"].map(str::to_owned);
    let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
    let fetched = store::fetch(&archive, &names, store).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(fetched.lacking, [], "all packages are to be had");
    let provide = |package: &Package| {
        let arguments = Arguments::with(store, package, &[], &[]).expect("arguments");
        run(Command::new(tool)
            .arg("provider")
            .arg(arguments.argument())
            .arg("--quiet"));
    };
    fetched.packages.iter().for_each(provide);
    let mut path = Vec::new();
    let mut systemd = PathBuf::new();
    for package in &fetched.packages {
        let output = store.join(&package.directory);
        for directory in ["share/pkgconfig", "lib/x86_64-linux-gnu/pkgconfig"] {
            let directory = output.join(directory);
            if directory.is_dir() {
                path.push(directory.display().to_string());
            }
        }
        if package.name == "systemd-dev" {
            systemd = output;
        }
    }
    (path.join(":"), systemd)
}

/// What a build has installed: where its unit is, and what it was told.
#[derive(Debug, PartialEq, Eq)]
struct Installed {
    unit: PathBuf,
    told: String,
}

/// Builds a project and installs it below `stage`.
fn build(
    project: &str,
    options: &[&str],
    bin: &Path,
    pkg_config_path: &str,
    out: &Path,
    work: &Path,
) -> Installed {
    let projects = Path::new(env!("CARGO_MANIFEST_DIR")).join("projects");
    let (source, stage) = (work.join("source"), work.join("stage"));
    fs::create_dir_all(work).expect("a directory");
    run(Command::new("cp")
        .arg("-r")
        .args([&projects.join(project), &source]));
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let prefix = |option: &str| format!("{option}={}", out.display());
    let start = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&source)
            .env("PATH", &path)
            .env("PKG_CONFIG", bin.join("pkg-config"))
            .env("PKG_CONFIG_PATH", pkg_config_path)
            .env_remove("PKG_CONFIG_LIBDIR")
            .env("DESTDIR", &stage);
        run(&mut command);
    };
    match project {
        "autotools" => {
            start("autoreconf", &["--install"]);
            start("./configure", &[&prefix("--prefix")]);
            start("make", &["install"]);
        }
        "meson" => {
            let all = ["setup", "build", &prefix("--prefix")];
            start("meson", &[&all[..], options].concat());
            start("meson", &["install", "-C", "build"]);
        }
        _ => {
            let program = prefix("-DCMAKE_INSTALL_PREFIX");
            let pkg_config = format!(
                "-DPKG_CONFIG_EXECUTABLE={}",
                bin.join("pkg-config").display()
            );
            start("cmake", &["-B", "build", &program, &pkg_config, "."]);
            start("cmake", &["--install", "build"]);
        }
    }
    let mut files = WalkDir::new(&stage).into_iter().flatten();
    let unit = files.find(|entry| entry.file_name() == "hello.service");
    let unit = unit.expect("a unit is installed").into_path();
    let unit = Path::new("/").join(unit.strip_prefix(&stage).expect("it is in the stage"));
    let told = stage
        .join(out.strip_prefix("/").expect("absolute"))
        .join("share/hello/told");
    let told = fs::read_to_string(told).expect("the build says what it was told");
    // Implementations differ in blanks.
    let told = told
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    Installed { unit, told }
}

#[test]
fn units_are_installed_into_the_own_output() {
    let tool = tool::built("rewrite-pkgconfig-prefix").unwrap_or_else(|error| panic!("{error}"));
    let temporary = tempfile::tempdir().expect("a directory");
    let top = temporary.path().canonicalize().expect("its path");
    let store = top.join("store");
    let (path, systemd) = providers(&tool, &store);
    let out = store.join("00000000000000000000000000000000-hello-1.0");
    let copies = top.join("copies");
    run(Command::new(&tool)
        .arg("consumer")
        .args([
            "--prefix".as_ref(),
            out.as_os_str(),
            "--into".as_ref(),
            copies.as_os_str(),
        ])
        .arg("--store-dir")
        .arg(&store)
        .env("PKG_CONFIG_PATH", &path));
    let with_copies = format!("{}:{path}", copies.display());

    let found = implementations::all().unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    println!("{}", names.join(", "));

    let mut jobs: Vec<(&Implementation, PathBuf, usize)> = Vec::new();
    for one in &found {
        let bin = implementations::directory(one, &top.join("bin")).expect("links");
        jobs.extend((0..BUILDS.len()).map(|build| (one, bin.clone(), build)));
    }
    let own = out.join("lib/systemd/system/hello.service");
    let failures = in_parallel(&jobs, |(implementation, bin, index)| {
        let (project, options, is_own_anyway) = BUILDS[*index];
        let name = format!("{} with {project} {options:?}", implementation.name);
        let work = top.join(name.replace([' ', '"', '[', ']'], "_"));
        let build =
            |path: &str, what: &str| build(project, options, bin, path, &out, &work.join(what));
        let without = build(&path, "without");
        let with = build(&with_copies, "with");
        let mut wrong = Vec::new();
        let elsewhere = systemd.join("lib/systemd/system/hello.service");
        let expected = if is_own_anyway { &own } else { &elsewhere };
        if without.unit != *expected {
            wrong.push(format!(
                "{name}: without copies, the unit is {}",
                without.unit.display()
            ));
        }
        if with.unit != own {
            wrong.push(format!("{name}: the unit is {}", with.unit.display()));
        }
        // systemd's own programs and the flags are the provider's.
        if with.told != without.told {
            wrong.push(format!(
                "{name}: told {}, and without copies {}",
                with.told, without.told
            ));
        }
        let util = format!("util {}\n", systemd.join("lib/systemd").display());
        if !with.told.starts_with(&util) || !with.told.contains("-ldbus-1") {
            wrong.push(format!("{name}: told {}", with.told));
        }
        wrong
    });
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
