//! The runner itself, with shell scripts as tools.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use case_runner::{failures, run_all};

/// A tool that does `script` in its root, and one case for it.
struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new(script: &str, files: &[(&str, &str)]) -> Self {
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let tool = bench.tool();
        fs::write(
            &tool,
            format!("#!/bin/sh\nroot=$2\ncd \"$root\" || exit 2\n{script}\n"),
        )
        .unwrap();
        fs::set_permissions(&tool, Permissions::from_mode(0o755)).unwrap();
        for (name, content) in [("README", "It shows something."), ("args", "")] {
            bench.write(name, content);
        }
        for (name, content) in files {
            bench.write(name, content);
        }
        bench
    }

    fn tool(&self) -> PathBuf {
        self.directory.path().join("tool")
    }

    fn cases(&self) -> PathBuf {
        self.directory.path().join("cases")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cases().join("case").join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn failure(&self) -> String {
        let mut failures = failures(&self.tool(), &self.cases(), false);
        failures
            .pop()
            .map(|failure| failure.message)
            .unwrap_or_default()
    }
}

fn assert_fails(script: &str, files: &[(&str, &str)], expected: &str) {
    let message = Bench::new(script, files).failure();
    assert!(
        message.contains(expected),
        "{script}: {expected:?} is not in {message:?}"
    );
}

#[test]
fn a_case_passes() {
    let bench = Bench::new(
        "test \"$3\" = --x || exit 1
test -e new || { echo new > new; chmod 755 new; }
test -e old && { cat b > a.tmp; touch -r a a.tmp; mv a.tmp a; rm old; }
test -L s && test -p deep/fifo && test -d empty && stat -c %h hard1
echo \"in $root\" >&2; exit 1",
        &[
            ("args", "--x\n"),
            ("in/a", "a"),
            ("in/b", "b"),
            ("in/old", ""),
            (
                "tree",
                "# what Git cannot hold\nempty type=dir mode=0700\ndeep/fifo type=fifo\ns type=link link=a\\040b\n\
                 hard1 type=file\nhard2 type=hard link=hard1\nb time=1 mode=0444\nhard1 nlink=2\n",
            ),
            ("tree.after", "old absent\n"),
            ("out/a", "b"),
            ("out/new", "new\n"),
            ("stdout", "2\n"),
            ("stderr", "in @ROOT@\n"),
            ("exit", "1\n"),
        ],
    );
    fs::set_permissions(bench.path("out/new"), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(bench.failure(), "");
    run_all(&bench.tool(), &bench.cases());
}

#[test]
fn whatever_differs_is_told() {
    assert_fails("exit 3", &[], "exit status: 3, not 0");
    assert_fails("kill -9 $$", &[], "exit status: signal: 9");
    assert_fails(
        "echo x",
        &[("stdout", "y\n")],
        "stdout: - expected, + got\n-y\n+x\n",
    );
    assert_fails("printf 'x\\033'", &[], "+x\\x1B (no newline)");
    assert_fails(
        "echo $root >&2",
        &[],
        "stderr: - expected, + got\n+@ROOT@\n",
    );
    assert_fails(
        "echo y > a",
        &[("in/a", "x\n")],
        "a: - expected, + got\n-x\n+y\n",
    );
    assert_fails(":", &[("in/a", "x\n"), ("out/a", "y\n")], "-y\n+x\n");
    assert_fails("rm -f a", &[("in/a", "")], "a: is gone");
    assert_fails("touch b", &[], "b: was not expected: type=file");
    assert_fails(":", &[("out/d/b", "")], "d/b: is gone");
    assert_fails("chmod 600 a", &[("in/a", "")], "a: type=file mode=0600");
    assert_fails(
        "touch a",
        &[("in/a", "")],
        "expected: type=file mode=0644 time=1000000000 nlink=1",
    );
    assert_fails(
        "ln -sfn b s",
        &[("tree", "s type=link link=a")],
        "s: type=link link=b",
    );
    assert_fails("rm -f f", &[("tree", "f type=fifo")], "f: is gone");
    assert_fails("ln -f a ../b", &[("in/a", "")], "nlink=2");
}

#[test]
fn a_second_run_is_to_change_nothing() {
    let script = "echo x >> a; touch -d @1000000000 a";
    let files = [("in/a", ""), ("out/a", "x\n")];
    assert_fails(script, &files, "the second run: a: - expected, + got");
    let bench = Bench::new(script, &files);
    bench.write("once", "");
    assert_eq!(bench.failure(), "");
    let script = "test ! -e b || exit 2; touch b";
    assert_fails(script, &[("out/b", "")], "the second run: exit status: 2");
}

#[test]
fn an_incomplete_case_fails() {
    for (name, expected) in [("README", "README is missing"), ("args", "args is missing")] {
        let bench = Bench::new("", &[]);
        fs::remove_file(bench.path(name)).unwrap();
        assert!(bench.failure().contains(expected));
    }
    for tree in [
        "a type=socket",
        "a type=link",
        "a\\0",
        "a mode=9",
        "a other",
    ] {
        assert_fails("", &[("tree", tree)], &format!("not understood: {tree}"));
    }
    assert_fails(
        "",
        &[("tree", "missing mode=0600")],
        "missing: No such file",
    );
    assert_fails(
        "",
        &[("tree.after", "missing mode=0600")],
        "is neither in in/ nor in out/",
    );
    let empty = tempfile::tempdir().unwrap();
    let failed = failures(Path::new("/bin/true"), empty.path(), false);
    assert_eq!(failed[0].message, "it holds no case");
    let bench = Bench::new("", &[]);
    let failed = failures(Path::new("/missing"), &bench.cases(), false);
    assert!(
        failed[0].message.starts_with("starting /missing: "),
        "{}",
        failed[0]
    );
}

#[test]
#[should_panic(expected = "1 of the cases in")]
fn a_failing_case_fails_the_test() {
    let bench = Bench::new("exit 1", &[]);
    run_all(&bench.tool(), &bench.cases());
}

#[test]
fn the_root_goes_where_the_arguments_say() {
    let bench = Bench::new(
        "test \"$1\" = --tree && test \"$2\" = \"$PWD\"",
        &[("args", "--tree\n@ROOT@")],
    );
    assert_eq!(bench.failure(), "");
}

#[test]
fn an_update_expects_what_happened() {
    let bench = Bench::new(
        "test -e d || exit 4
rm -r d; mkdir 'e f'; ln -s x s; echo y > a; chmod 750 a; touch -d @5 a; cp a n; chmod 600 n; mkfifo p
rm h; cp g h; touch -d @6 h; echo \"$root\"; exit 4",
        &[
            ("in/a", "x"),
            ("in/d/e/f", ""),
            ("tree", "g type=file\nh type=hard link=g"),
            ("once", ""),
            ("out/stale", ""),
            ("stderr", "stale"),
        ],
    );
    assert_ne!(bench.failure(), "");
    assert_eq!(failures(&bench.tool(), &bench.cases(), true), []);
    assert_eq!(bench.failure(), "");
    let tree = fs::read_to_string(bench.path("tree.after")).unwrap();
    for line in [
        "d absent\n",
        "a mode=0750 time=5\n",
        "e\\040f type=dir\n",
        "n mode=0600\n",
        "g nlink=1\n",
        "p type=fifo\n",
    ] {
        assert!(tree.contains(line), "{line:?} is not in {tree:?}");
    }
    assert_eq!(
        fs::read_to_string(bench.path("stdout")).unwrap(),
        "@ROOT@\n"
    );
    assert_eq!(fs::read_to_string(bench.path("exit")).unwrap(), "4\n");
    assert!(!bench.path("stderr").exists() && !bench.path("out/stale").exists());
}
