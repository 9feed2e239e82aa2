//! Every kind of damage done by hand to a small patched store must be seen.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const A: &str = "00000000000000000000000000000001-a-1.0";
const B: &str = "00000000000000000000000000000002-b-1.0";
const UNIT: &str = "lib/systemd/system/a.service";

const BEFORE: &str = "[Unit]
Description=Runs /usr/bin/a
ConditionFileIsExecutable=/usr/bin/a
[Service]
# ExecStart=/usr/bin/a
ExecStartPre=mkdir -p /run/a ; /usr/bin/a --data=/usr/share/a/data
ExecStart=!-/usr/bin/a \\
  -c/etc/a.conf
ExecReload=/bin/sh -c 'exec /usr/bin/a $$(mkdir /x | sh)'
ExecStop=/usr/libexec/b/shutdown
ExecStop=/etc/init.d/a stop
ExecStopPost=-/usr/bin/absent now
ExecStopPost=/run/wrappers/bin/x
ExecStopPost=/usr/bin/a-%i
Environment=PATH=/usr/local/bin:/usr/bin
";

const AFTER: &str = "[Unit]
Description=Runs /usr/bin/a
ConditionFileIsExecutable=@A/bin/a
[Service]
# ExecStart=/usr/bin/a
ExecStartPre=@B/bin/mkdir -p /run/a ; @A/bin/a --data=@A/share/a/data
ExecStart=!-@A/bin/a \\
  -c/etc/a.conf
ExecReload=@B/bin/sh -c 'exec @A/bin/a $$(@B/bin/mkdir /x | @B/bin/sh)'
ExecStop=@B/libexec/b/shutdown
ExecStop=@A/etc/init.d/a stop
ExecStopPost=-/usr/bin/absent now
ExecStopPost=/run/wrappers/bin/x
ExecStopPost=/usr/bin/a-%i
Environment=PATH=@A/bin:@B/bin
";

const RULE: &str = "lib/udev/rules.d/a.rules";
const POLICY: &str = "share/polkit-1/actions/a.policy";

struct Stores {
    directory: TempDir,
    findings: Vec<Finding>,
}

impl Stores {
    /// An original store, and a copy patched as it should be.
    fn new() -> Self {
        let stores = Self {
            directory: tempfile::tempdir().expect("a directory"),
            findings: Vec::new(),
        };
        for store in ["original", "patched"] {
            let patched = store == "patched";
            let programs = [
                (A, "bin/a"),
                (A, "etc/init.d/a"),
                (A, "lib/udev/a_id"),
                (B, "bin/a"),
                (B, "bin/mkdir"),
                (B, "bin/sh"),
                (B, "sbin/shutdown"),
                (B, "libexec/b/shutdown"),
                (B, "sbin/su"),
            ];
            for (package, path) in programs {
                stores.write(store, package, path, "#!");
                let mode = if path == "sbin/su" { 0o4755 } else { 0o755 };
                let path = stores.path(store, package, path);
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set the mode");
            }
            let pick = |old: &str, new: &str| stores.fill(if patched { new } else { old });
            stores.write(store, A, "share/a/data", "data");
            stores.write(store, A, "etc/a.conf", "conf");
            stores.write(store, A, UNIT, &pick(BEFORE, AFTER));
            stores.write(
                store,
                A,
                RULE,
                &pick(
                    "PROGRAM==\"a_id %k\", RUN+=\"/bin/sh -c 'mkdir x'\"\n",
                    "PROGRAM==\"@A/lib/udev/a_id %k\", RUN+=\"@B/bin/sh -c '@B/bin/mkdir x'\"\n",
                ),
            );
            stores.write(
                store,
                A,
                "lib/tmpfiles.d/a.conf",
                &pick(
                    "L /etc/a - - - - /usr/share/a/data\n",
                    "L /etc/a - - - - @A/share/a/data\n",
                ),
            );
            stores.write(
                store,
                A,
                POLICY,
                &pick(
                    "<annotate key=\"org.freedesktop.policykit.exec.path\">/usr/bin/a</annotate>\n",
                    "<annotate key=\"org.freedesktop.policykit.exec.path\">@A/bin/a</annotate>\n",
                ),
            );
            stores.write(
                store,
                A,
                "lib/systemd/user/u.service",
                &pick(
                    "[Service]\nExecStart=su root\n",
                    "[Service]\nExecStart=/run/wrappers/bin/su root\n",
                ),
            );
            symlink(
                "a.service",
                stores.path(store, A, "lib/systemd/system/alias.service"),
            )
            .expect("a link");
        }
        let mut stores = stores;
        for (name, line, subject) in [
            ("program-not-found", 12, "/usr/bin/absent"),
            ("variable-in-path", 14, "/usr/bin/a-%i"),
        ] {
            stores.findings.push(Finding {
                id: name.into(),
                file: stores.path("patched", A, UNIT).display().to_string(),
                line: Some(line),
                subject: subject.into(),
                ..Finding::default()
            });
        }
        stores.same_times();
        stores
    }

    fn path(&self, store: &str, package: &str, path: &str) -> PathBuf {
        let top = self.directory.path().canonicalize().expect("the directory");
        top.join(store).join(package).join(path)
    }

    fn fill(&self, text: &str) -> String {
        [("@A", A), ("@B", B)]
            .iter()
            .fold(text.to_owned(), |text, (mark, package)| {
                let path = self.path("patched", package, "");
                text.replace(mark, path.display().to_string().trim_end_matches('/'))
            })
    }

    fn write(&self, store: &str, package: &str, path: &str, text: &str) {
        let path = self.path(store, package, path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("a file");
    }

    fn same_times(&self) {
        for entry in WalkDir::new(self.path("patched", A, "").parent().expect("a parent")) {
            let entry = entry.expect("an entry");
            if entry.file_type().is_file() {
                self.same_time(entry.path());
            }
        }
        for entry in WalkDir::new(self.path("original", A, "").parent().expect("a parent")) {
            let entry = entry.expect("an entry");
            if entry.file_type().is_file() {
                self.same_time(entry.path());
            }
        }
    }

    #[expect(clippy::unused_self, reason = "it belongs to the stores")]
    fn same_time(&self, path: &Path) {
        let file = fs::File::options()
            .append(true)
            .open(path)
            .expect("the file");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .expect("set its time");
    }

    fn violations(&self) -> Vec<String> {
        let top = self.directory.path();
        check(&top.join("original"), &top.join("patched"), &self.findings)
            .expect("the stores can be read")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Replaces text in the patched unit; the violations that are then found.
    fn with_unit(&self, from: &str, to: &str) -> Vec<String> {
        self.with_file(UNIT, from, to)
    }

    fn with_file(&self, file: &str, from: &str, to: &str) -> Vec<String> {
        let path = self.path("patched", A, file);
        let text = fs::read_to_string(&path).expect("the unit");
        let changed = text.replacen(&self.fill(from), &self.fill(to), 1);
        assert_ne!(text, changed, "{from} is not in the file");
        fs::write(&path, changed).expect("the unit");
        set_time(&path, std::time::SystemTime::UNIX_EPOCH);
        let violations = self.violations();
        fs::write(&path, text).expect("the unit");
        set_time(&path, std::time::SystemTime::UNIX_EPOCH);
        violations
    }
}

fn set_time(path: &Path, time: std::time::SystemTime) {
    let file = fs::File::options()
        .append(true)
        .open(path)
        .expect("the file");
    file.set_modified(time).expect("set its time");
}

#[test]
fn a_right_patch_has_no_violation() {
    assert_eq!(Stores::new().violations(), Vec::<String>::new());
}

#[test]
fn a_damaged_line_is_seen() {
    let stores = Stores::new();
    let cases = [
        // a prefix, an argument, a continuation, a comment or prose changed
        ("ExecStart=!-@A", "ExecStart=-@A", "more has changed"),
        ("-p /run/a", "-p /run/b", "more has changed"),
        ("a \\\n  -c", "a \\\n -c", "more has changed"),
        ("a \\\n  -c", "a -c", "number of lines"),
        (
            "# ExecStart=/usr/bin/a",
            "# ExecStart=@A/bin/a",
            "a comment",
        ),
        ("Runs /usr/bin/a", "Runs /usr/bin/b", "more has changed"),
        // nothing replaced, where somebody has it
        (
            "ExecStart=!-@A/bin/a",
            "ExecStart=!-/usr/bin/a",
            "is as before, though a-1.0/bin/a has it",
        ),
        (
            "=@B/bin/mkdir",
            "=mkdir",
            "is as before, though b-1.0/bin/mkdir has it",
        ),
        (
            "Executable=@A/bin/a",
            "Executable=/usr/bin/a",
            "own file, and is as before",
        ),
        (
            "exec @A/bin/a",
            "exec /usr/bin/a",
            "in a script is the package's own file",
        ),
        (
            "$$(@B/bin/mkdir",
            "$$(mkdir",
            "mkdir in a script is as before, though b-1.0/bin/mkdir has it",
        ),
        // replaced by the wrong file
        (
            "ExecStart=!-@A/bin/a",
            "ExecStart=!-@B/bin/a",
            "is another's",
        ),
        (
            "=@B/libexec/b/shutdown",
            "=@B/sbin/shutdown",
            "another file",
        ),
        ("=@A/etc/init.d/a", "=@A/bin/a", "another file"),
        ("=@A/etc/init.d/a", "=@A/etc/init.d/b", "more has changed"),
        ("=!-@A/bin/a", "=!-@A/sbin/a", "does not exist"),
        ("-c/etc/a.conf", "-c@A/etc/a.conf", "configuration"),
        (
            "=@B/bin/mkdir",
            "=/run/wrappers/bin/mkdir",
            "not a setuid program",
        ),
        ("(@B/bin/mkdir", "(@B/bin/sh", "more has changed"),
        (
            "PATH=@A/bin",
            "PATH=@A/share",
            "no directory for this search path",
        ),
        // what must stay
        ("=/usr/bin/a-%i", "=@A/bin/a-%i", "does not exist"),
        ("=-/usr/bin/absent", "=-@A/bin/absent", "does not exist"),
    ];
    for (from, to, expected) in cases {
        let violations = stores.with_unit(from, to);
        assert!(
            violations.iter().any(|text| text.contains(expected)),
            "{from} -> {to}: {violations:#?}"
        );
    }
}

#[test]
fn damage_in_other_files_is_seen() {
    let stores = Stores::new();
    for (file, from, to, expected) in [
        (
            RULE,
            "@A/lib/udev/a_id",
            "a_id",
            "though a-1.0/lib/udev/a_id has it",
        ),
        (RULE, "@B/bin/mkdir", "@B/bin/a", "more has changed"),
        (
            POLICY,
            "@A/bin/a",
            "/usr/bin/a",
            "though a-1.0/bin/a has it",
        ),
        (
            "lib/tmpfiles.d/a.conf",
            "@A/share/a/data",
            "/usr/share/a/data",
            "own file",
        ),
        (
            "lib/tmpfiles.d/a.conf",
            "L /etc/a",
            "L /etc/b",
            "more has changed",
        ),
        ("share/a/data", "data", "DATA", "no tool reads it"),
        ("share/a/data", "data", "d", "no tool reads it"),
    ] {
        let violations = stores.with_file(file, from, to);
        assert!(
            violations.iter().any(|text| text.contains(expected)),
            "{from} -> {to}: {violations:#?}"
        );
    }
}

#[test]
fn a_missing_finding_is_seen() {
    let mut stores = Stores::new();
    let finding = stores.findings[0].clone();
    for wrong in [
        Finding {
            line: Some(11),
            ..finding.clone()
        },
        Finding {
            subject: "/usr/bin/other".into(),
            ..finding.clone()
        },
        Finding {
            id: "argument-not-found".into(),
            ..finding.clone()
        },
        Finding {
            file: stores.path("patched", A, RULE).display().to_string(),
            ..finding
        },
    ] {
        stores.findings = vec![wrong];
        let violations = stores.violations();
        assert!(
            violations[0].contains("a.service:12: nobody has /usr/bin/absent"),
            "{violations:#?}"
        );
    }
}

#[test]
fn a_changed_tree_is_seen() {
    let one = |change: &dyn Fn(&Stores), expected: &str| {
        let stores = Stores::new();
        change(&stores);
        let violations = stores.violations();
        assert!(
            violations.iter().any(|text| text.contains(expected)),
            "{expected}: {violations:#?}"
        );
    };
    let data = |stores: &Stores| stores.path("patched", A, "share/a/data");
    one(
        &|stores| fs::remove_file(data(stores)).expect("remove"),
        "is gone",
    );
    one(
        &|stores| stores.write("patched", A, "share/new", ""),
        "is new",
    );
    one(
        &|stores| {
            fs::set_permissions(data(stores), fs::Permissions::from_mode(0o600)).expect("mode");
        },
        "its mode",
    );
    one(
        &|stores| set_time(&data(stores), std::time::SystemTime::now()),
        "modification time",
    );
    one(
        &|stores| {
            let alias = stores.path("patched", A, "lib/systemd/system/alias.service");
            fs::remove_file(&alias).expect("remove");
            symlink("/dev/null", alias).expect("link");
        },
        "leads elsewhere",
    );
    one(
        &|stores| {
            let program = stores.path("patched", A, "bin/a");
            fs::set_permissions(program, fs::Permissions::from_mode(0o644)).expect("mode");
        },
        "cannot be executed",
    );
}

#[test]
fn a_later_write_changes_the_snapshot() {
    let stores = Stores::new();
    let patched = stores.directory.path().join("patched");
    let before = snapshot(&patched);
    assert_eq!(before, snapshot(&patched));
    set_time(
        &stores.path("patched", A, UNIT),
        std::time::SystemTime::UNIX_EPOCH,
    );
    assert_ne!(before, snapshot(&patched));
}
