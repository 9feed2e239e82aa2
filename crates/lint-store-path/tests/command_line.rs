//! What the command line does beside linting: facts in files, the cache, closures, errors.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tool_tests::hostile::fifo;
use tool_tests::run::{assert_fails, finish, in_shell, without_privileges};

const TOOL: &str = env!("CARGO_BIN_EXE_lint-store-path");
const HASH: &str = "0123456789abcdfghijklmnpqrsvwxy";

/// A store, in a directory of its own.
struct Stage {
    top: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("nix/store")).unwrap();
        Self { top }
    }

    /// The same, with what says that Nix looks after it.
    fn of_nix() -> Self {
        let stage = Self::new();
        fs::create_dir_all(stage.top.path().join("nix/var/nix/db")).unwrap();
        stage
    }

    fn store(&self) -> PathBuf {
        self.top.path().join("nix/store")
    }

    /// A store path with these files.
    fn path(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        // Each has a hash of its own.
        let letter = name.chars().next().unwrap();
        let path = self.store().join(format!("{HASH}{letter}-{name}"));
        fs::create_dir(&path).unwrap();
        for (sub_path, content) in files {
            let place = path.join(sub_path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        path
    }

    fn command(&self) -> Command {
        let mut command = Command::new(TOOL);
        command
            .arg("--store-dir")
            .arg(self.store())
            .env("XDG_CACHE_HOME", self.top.path().join("cache"))
            .current_dir(self.top.path());
        command
    }

    fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> (Option<i32>, String, String) {
        told(&self.command().args(arguments).output().unwrap())
    }
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_closure_is_found_in_the_files() {
    let stage = Stage::new();
    let last = stage.path("last", &[]);
    symlink("gone", last.join("dangling")).unwrap();
    let middle = stage.path(
        "middle",
        &[("text", &format!("see {}/x\n", last.display()))],
    );
    let first = stage.path("first", &[]);
    symlink(&middle, first.join("link")).unwrap();
    let other = stage.path("other", &[]);
    symlink("gone", other.join("dangling")).unwrap();

    let (status, _, alone) = stage.run(&[text(&first)]);
    assert_eq!((status, alone.as_str()), (Some(0), ""));
    let (status, closure, summary) = stage.run(&["--closure", "--verbose", text(&first)]);
    assert_eq!(status, Some(0), "a warning is no error");
    assert!(closure.contains("-last/dangling"), "{closure}");
    assert!(!closure.contains("-other"), "{closure}");
    assert!(
        summary.contains("the closure of first: 1 finding\n"),
        "{summary}"
    );
}

#[test]
fn a_closure_is_read_from_a_list() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    symlink("gone", one.join("dangling")).unwrap();
    let list = stage.top.path().join("store-paths");
    fs::write(&list, format!("{}\n", one.display())).unwrap();
    let (_, told, _) = stage.run(&["--closure", text(&list)]);
    assert!(told.contains("[dangling-symlink]"), "{told}");
}

#[test]
fn a_link_to_a_store_path_is_followed() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    let link = stage.top.path().join("result");
    symlink(&one, &link).unwrap();
    let (status, _, told) = stage.run(&["result"]);
    assert_eq!((status, told.as_str()), (Some(0), ""));
}

#[test]
fn a_store_is_given_from_the_working_directory_on() {
    let stage = Stage::new();
    stage.path(
        "x",
        &[(
            "lib/systemd/system/x.service",
            "[Service]\nExecStart=/usr/bin/x\n",
        )],
    );
    for (directory, path) in [
        ("nix/store", "nix/store"),
        ("nix/../nix/store", "./nix/store/."),
    ] {
        let path = format!("{path}/{HASH}x-x");
        let mut command = Command::new(TOOL);
        command
            .current_dir(stage.top.path())
            .args(["--no-cache", "--store-dir", directory, &path]);
        let (status, findings, _) = told(&command.output().unwrap());
        assert_eq!(status, Some(1));
        assert!(findings.starts_with("error[missing-program]"), "{findings}");
    }
}

#[test]
fn facts_are_written_by_one_run_and_joined_by_another() {
    let stage = Stage::new();
    let library = stage.path("library", &[("share/x", "x\n")]);
    let user = stage.path("user", &[]);
    symlink(library.join("share/x"), user.join("right")).unwrap();
    symlink(library.join("share/y"), user.join("wrong")).unwrap();
    for path in [&library, &user] {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (status, _, told) = stage.run(&["--write-facts", name, text(path)]);
        assert_eq!((status, told.as_str()), (Some(0), ""));
    }
    // Nothing of the store is needed any more.
    fs::rename(stage.store(), stage.top.path().join("away")).unwrap();
    fs::create_dir(stage.store()).unwrap();
    let facts = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (library, user) = (facts(&library), facts(&user));
    let (status, told, _) = stage.run(&["--closure", "--facts", &library, "--facts", &user]);
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told.matches("[dangling-symlink]").count(), 1, "{told}");
    assert!(told.contains("-user/wrong"), "{told}");

    let (status, _, told) = stage.run(&["--facts", "/dev/null"]);
    assert_eq!(status, Some(2));
    assert!(
        told.starts_with(
            "lint-store-path: error: reading the facts in /dev/null: it holds no facts"
        ),
        "{told}"
    );
}

#[test]
fn what_was_read_is_kept_for_a_store_of_nix_alone() {
    let stage = Stage::of_nix();
    let one = stage.path("one", &[("bin/x", "x")]);
    let read = |arguments: &[&str]| {
        let arguments = [&["--verbose", text(&one)], arguments].concat();
        let (_, _, told) = stage.run(&arguments);
        told.contains("1 of the store paths had to be read")
    };
    assert!(read(&["--no-cache"]) && read(&[]), "it is read once");
    assert!(!read(&[]), "and then no more");
    assert!(read(&["--no-cache"]) && read(&["--root", "/"]));

    // A damaged cache is thrown away.
    let cache = stage.top.path().join("cache/hermetic-out/facts");
    let of_store = fs::read_dir(&cache)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = fs::read_dir(of_store)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(&file, b"damaged").unwrap();
    assert!(read(&[]));
    assert!(!read(&[]));

    let changing = Stage::new();
    let two = changing.path("two", &[]);
    changing.run(&[text(&two)]);
    assert!(!changing.top.path().join("cache").exists());
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let stage = Stage::of_nix();
    let one = stage.path("one", &[]);
    fs::write(stage.top.path().join("cache"), "no directory").unwrap();
    let (status, _, told) = stage.run(&[text(&one)]);
    assert_eq!((status, told.as_str()), (Some(0), ""));
    let (_, _, told) = stage.run(&["--verbose", text(&one)]);
    assert!(
        told.contains("could not be kept for the next run: "),
        "{told}"
    );
}

#[test]
fn rules_can_be_allowed_and_denied() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    symlink("gone", one.join("dangling")).unwrap();
    let path = text(&one);
    assert_eq!(stage.run(&[path]).0, Some(0));
    let (status, told, _) = stage.run(&["--deny", "dangling-symlink", path]);
    assert_eq!(status, Some(1));
    assert!(told.contains("error[dangling-symlink]"), "{told}");
    let (status, _, told) = stage.run(&["--allow", "dangling-symlink:dang*", path]);
    assert_eq!(
        (status, told.as_str()),
        (Some(0), "one: 0 findings, 1 allowed\n")
    );
}

#[test]
fn what_was_known_before_is_not_reported() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    symlink("gone", one.join("dangling")).unwrap();
    let arguments = ["--baseline", "known.json", "--fail-on", "note", text(&one)];
    let (status, _, told) = stage.run(&[&arguments[..], &["--write-baseline"]].concat());
    assert_eq!((status, told.as_str()), (Some(0), ""));
    let (status, _, told) = stage.run(&arguments);
    assert_eq!(status, Some(0), "{told}");
    symlink("gone", one.join("new")).unwrap();
    let (status, _, told) = stage.run(&arguments);
    assert_eq!(status, Some(1));
    assert!(
        told.contains("1 known from the baseline") && !told.contains("/dangling"),
        "{told}"
    );
}

#[test]
fn findings_are_documents_too() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    symlink("gone", one.join("dangling")).unwrap();
    for format in ["json", "sarif", "html"] {
        let (status, document, told) = stage.run(&["--format", format, text(&one)]);
        assert_eq!((status, told.as_str()), (Some(0), ""));
        let start = if format == "html" { "<!" } else { "{" };
        assert!(document.starts_with(start) && document.contains("dangling-symlink"));
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let stage = Stage::new();
    let (status, list, _) = stage.run(&["--list-rules"]);
    assert_eq!(status, Some(0));
    assert_eq!(list.lines().count(), lint_store_path::rules::RULES.len());
    let (status, page, _) = stage.run(&["--explain", "dangling-symlink"]);
    assert_eq!(status, Some(0));
    assert!(
        page.starts_with("# dangling-symlink\n") && page.contains("## What to do"),
        "{page}"
    );
}

#[test]
fn wrong_arguments_are_told() {
    let stage = Stage::new();
    let inside = stage.path("one", &[("bin/x", "")]).join("bin");
    let list = stage.top.path().join("list");
    fs::write(&list, "/usr\n").unwrap();
    for (arguments, expected) in [
        (
            &["/usr"][..],
            "/usr is not directly below the store directory",
        ),
        (
            &[text(&inside)],
            "is not directly below the store directory",
        ),
        (&[text(&list)], "list names, is not directly below"),
        (
            &["--allow", "x", "/usr"],
            "reading --allow x: no finding is called 'x'",
        ),
        (
            &["--deny", "x", "/usr"],
            "reading --deny x: no finding is called 'x'",
        ),
        (&["--explain", "dangling"], "did you mean dangling-symlink?"),
        (
            &["--facts", "/missing"],
            "reading the facts in /missing: No such file",
        ),
        (&["--root", "/missing", "/usr"], "/missing"),
        (&[], "required arguments were not provided"),
    ] {
        let (status, _, told) = stage.run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(
            told.starts_with("lint-store-path: error: ") && told.lines().count() == 1,
            "{told}"
        );
    }
    let missing = stage.store().join(format!("{HASH}z-gone"));
    let (status, _, told) = stage.run(&[text(&missing)]);
    assert_eq!(status, Some(2));
    assert!(told.contains("does not exist as"), "{told}");
    let one = stage.path("two", &[]);
    let (status, _, told) = stage.run(&["--write-facts", "/missing/facts", text(&one)]);
    assert_eq!(status, Some(2));
    assert!(
        told.contains("writing the facts to /missing/facts: No such file"),
        "{told}"
    );
}

#[test]
fn one_thread_is_enough() {
    let store = tool_tests::store::Store::new(TOOL, &["out"], |store| {
        store.link("gone", "dangling");
    });
    let mut command = store.start(None);
    command.arg("--no-cache").arg(store.output("out"));
    // What bash calls -u, dash calls -p.
    let mut alone = in_shell(&command, "ulimit -u 1 2>/dev/null || ulimit -p 1");
    let output = finish(without_privileges(&mut alone));
    let (status, _, stderr) = told(&output);
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stderr, told(&finish(&mut command)).2);
    assert!(stderr.contains("dangling-symlink"), "{stderr}");
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_not_waited_for() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    let place = stage.top.path().join("fifo");
    fifo(&place);
    let place = text(&place);
    for arguments in [
        &["--facts", place][..],
        &["--config", place, text(&one)],
        &["--baseline", place, text(&one)],
        &["--closure", place],
    ] {
        let output = finish(stage.command().args(arguments));
        assert_fails("lint-store-path", &output, &[place]);
    }
}

#[test]
fn a_pattern_that_is_none_is_an_error() {
    let stage = Stage::new();
    let one = stage.path("one", &[]);
    let nested = format!("{}a{}", "{".repeat(300), "}".repeat(300));
    for option in ["--allow", "--deny"] {
        let pattern = format!("dangling-symlink:{nested}");
        let output = finish(stage.command().args([option, &*pattern, text(&one)]));
        let parts = ["reading", option, "nested more than 50 deep"];
        assert_fails("lint-store-path", &output, &parts);
    }
}

fn build(program: &str, arguments: &[&str], directory: &Path) {
    let mut command = Command::new(program);
    let status = command.args(arguments).current_dir(directory).status();
    let status = status.unwrap_or_else(|error| {
        panic!("{program}: {error}; on Debian: apt-get install gcc binutils libc6-dev")
    });
    assert!(status.success(), "{program} {arguments:?}");
}

/// As `separateDebugInfo` of nixpkgs makes it: the debug file lies below `lib/debug/.build-id`.
#[test]
fn a_separate_debug_file_is_no_broken_program() {
    const PROGRAM: &str = "int main(int count, char **words) { return words[count - 1] == 0; }";
    for (linking, finds) in [("-pie", true), ("-static", false)] {
        let stage = Stage::new();
        let program = stage.path("x-1.0", &[("src.c", PROGRAM)]);
        build("gcc", &["-g", linking, "-o", "x", "src.c"], &program);
        let debug = stage.path("y-1.0-debug", &[("lib/debug/.build-id/ab/.keep", "")]);
        let outside = stage.path("z-1.0", &[]);
        for directory in [debug.join("lib/debug/.build-id/ab"), outside.clone()] {
            let to = directory.join("cdef.debug");
            let arguments = ["--only-keep-debug", "x", to.to_str().unwrap()];
            build("objcopy", &arguments, &program);
        }
        let (_, _, found) = stage.run(&[&program]);
        assert_eq!(
            found.contains("interpreter-outside-store"),
            finds,
            "{found}"
        );
        let (status, _, found) = stage.run(&[&debug, &outside]);
        assert_eq!((status, found.as_str()), (Some(0), ""), "{linking}");
    }
}
