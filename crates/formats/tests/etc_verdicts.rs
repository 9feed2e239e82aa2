//! What is done with `/etc/x` in sixty small files, as the manuals say; each result was written down before anything was
//! run.

#![allow(clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use hermetic_out_formats::FileKind;
use hermetic_out_formats::etc_mentions::{Format, Verdict, of};
use hermetic_out_formats::script::Language;

use Verdict::{Given, Named, Optional, Read, Shown, Unknown, Watched, Written};

const SHELL: Format = Format::Script(Language::Shell);
const PYTHON: Format = Format::Script(Language::Python);
const OTHER: Format = Format::Script(Language::Other);
const UNIT: Format = Format::Known(FileKind::Unit);
const UDEV: Format = Format::Known(FileKind::UdevRules);
const TMPFILES: Format = Format::Known(FileKind::Tmpfiles);
const OWN: Format = Format::Configuration;

/// The kind, how the file is read, its text, the verdict about the first mention of /etc/x that is known best, and the
/// manual that says so.
const DECIDED: &[(&str, Format, &str, Verdict, &str)] = &[
    // Commands of scripts.
    ("commands", SHELL, "head -n1 /etc/x", Read, "head(1)"),
    ("commands", SHELL, "cut -d: -f1 /etc/x", Read, "cut(1)"),
    (
        "commands",
        SHELL,
        "sort -u /etc/x -o /etc/x",
        Written,
        "sort(1) -o",
    ),
    (
        "commands",
        SHELL,
        "uniq /tmp/a /etc/x",
        Written,
        "uniq(1): OUTPUT",
    ),
    (
        "commands",
        SHELL,
        "sha256sum -c /etc/x",
        Read,
        "sha256sum(1)",
    ),
    ("commands", SHELL, "diff -u /etc/x /tmp/a", Read, "diff(1)"),
    ("commands", SHELL, "cmp -s /tmp/a /etc/x", Read, "cmp(1)"),
    (
        "commands",
        SHELL,
        "split -b 1k /tmp/a /etc/x",
        Written,
        "split(1): PREFIX",
    ),
    (
        "commands",
        SHELL,
        "xxd -r /tmp/a /etc/x",
        Written,
        "xxd(1): outfile",
    ),
    ("commands", SHELL, "shred -u /etc/x", Written, "shred(1)"),
    (
        "commands",
        SHELL,
        "openssl rsa -in /etc/x -check",
        Read,
        "openssl-rsa(1) -in",
    ),
    (
        "commands",
        SHELL,
        "openssl genrsa -out /etc/x 4096",
        Written,
        "openssl-genrsa(1) -out",
    ),
    ("commands", SHELL, "nft -f /etc/x", Read, "nft(8) -f"),
    (
        "commands",
        SHELL,
        "logrotate -s /etc/x /tmp/a",
        Written,
        "logrotate(8) -s",
    ),
    (
        "commands",
        SHELL,
        "useradd --prefix /etc/x a",
        Given,
        "not in the table",
    ),
    ("commands", SHELL, "jq .a /etc/x", Read, "jq(1)"),
    ("commands", SHELL, "yq -i .a=1 /etc/x", Written, "yq -i"),
    (
        "commands",
        SHELL,
        "curl --config /etc/x",
        Read,
        "curl(1) -K",
    ),
    (
        "commands",
        SHELL,
        "wget -O /etc/x http://a/",
        Written,
        "wget(1) -O",
    ),
    (
        "commands",
        SHELL,
        "find /etc/x -exec sed -i s/a/b/ {} +",
        Written,
        "find(1), sed(1) -i",
    ),
    (
        "commands",
        SHELL,
        "cd /etc/x",
        Given,
        "POSIX cd: what follows decides; no program of a package",
    ),
    // Shell: how the line is put together.
    (
        "shell",
        SHELL,
        "[ -s /etc/x ] || exit 0",
        Read,
        "test(1) -s",
    ),
    (
        "shell",
        SHELL,
        "[ \"$1\" = /etc/x ] && a",
        Named,
        "test(1): a string",
    ),
    (
        "shell",
        SHELL,
        "exec < /etc/x",
        Read,
        "POSIX exec, redirection",
    ),
    (
        "shell",
        SHELL,
        "while read a; do b; done < /etc/x",
        Read,
        "POSIX redirection",
    ),
    (
        "shell",
        SHELL,
        "{ a; b; } >> /etc/x",
        Written,
        "POSIX redirection",
    ),
    (
        "shell",
        SHELL,
        "A=/etc/x\ngrep -q a \"$A\" || echo a >> \"$A\"",
        Written,
        "POSIX redirection",
    ),
    (
        "shell",
        SHELL,
        "A=/etc/x\nwhile read b; do c; done < $A",
        Read,
        "POSIX redirection",
    ),
    (
        "shell",
        SHELL,
        "CONFIG=/etc/x; exec a --config \"$CONFIG\"",
        Given,
        "not in the table",
    ),
    (
        "shell",
        SHELL,
        "set -- /etc/x; cat \"$1\"",
        Given,
        "POSIX set: it becomes a parameter; no program of a package",
    ),
    (
        "shell",
        SHELL,
        "[ -f /etc/x ] && source /etc/x",
        Optional,
        "bash(1) source",
    ),
    // Units, rules, tmpfiles.d.
    (
        "units",
        UNIT,
        "[Service]\nExecStart=/usr/bin/a -f /etc/x\n",
        Given,
        "systemd.service(5)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nExecStartPre=/usr/bin/grep -q a /etc/x\n",
        Read,
        "grep(1)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nExecStartPre=-/bin/touch /etc/x\n",
        Written,
        "touch(1)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nStandardOutput=append:/etc/x\n",
        Written,
        "systemd.exec(5)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nStandardInput=file:/etc/x\n",
        Read,
        "systemd.exec(5)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nLoadCredential=a:/etc/x\n",
        Read,
        "systemd.exec(5)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nOpenFile=/etc/x:a\n",
        Unknown,
        "systemd.service(5): read-write if it can",
    ),
    (
        "units",
        UNIT,
        "[Service]\nPIDFile=/etc/x\n",
        Written,
        "systemd.service(5)",
    ),
    (
        "units",
        UNIT,
        "[Path]\nPathModified=/etc/x\n",
        Watched,
        "systemd.path(5)",
    ),
    (
        "units",
        UNIT,
        "[Service]\nExecStart=/bin/sh -c 'umask 77; a --dump > /etc/x'\n",
        Written,
        "POSIX redirection",
    ),
    (
        "units",
        UNIT,
        "[Service]\nEnvironment=A=/etc/x\nExecStart=/usr/bin/a\n",
        Given,
        "systemd.exec(5)",
    ),
    (
        "units",
        UDEV,
        "ACTION==\"add\", IMPORT{file}=\"/etc/x\"\n",
        Read,
        "udev(7)",
    ),
    (
        "units",
        UDEV,
        "ACTION==\"add\", RUN+=\"/usr/bin/cp /tmp/a /etc/x\"\n",
        Written,
        "cp(1)",
    ),
    (
        "units",
        TMPFILES,
        "z /etc/x 0600 - - -\n",
        Written,
        "tmpfiles.d(5) z",
    ),
    // Python, Perl, Ruby, Lua, Tcl.
    (
        "languages",
        PYTHON,
        "with open('/etc/x', 'xb') as f:\n    pass\n",
        Written,
        "open(): mode x",
    ),
    (
        "languages",
        PYTHON,
        "import json\njson.load(open('/etc/x'))\n",
        Read,
        "open()",
    ),
    (
        "languages",
        PYTHON,
        "os.rename('/tmp/a', '/etc/x')\n",
        Written,
        "os.rename()",
    ),
    (
        "languages",
        PYTHON,
        "subprocess.check_call(['tee', '/etc/x'])\n",
        Unknown,
        "subprocess: a list for a command",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/perl\nopen(my $fh, '<', '/etc/x') or die;\n",
        Read,
        "perlfunc(1) open",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/perl\nopen(my $fh, '>>', '/etc/x') or die;\n",
        Written,
        "perlfunc(1) open",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/perl\ncopy('/tmp/a', '/etc/x');\n",
        Unknown,
        "a function of a module",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/ruby\nFile.readlines('/etc/x').each\n",
        Read,
        "Ruby, IO.readlines",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/ruby\nIO.write('/etc/x', a)\n",
        Written,
        "Ruby, IO.write",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/lua\nfor l in io.lines(\"/etc/x\") do\n",
        Read,
        "Lua 6.8",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/tclsh\nset f [open /etc/x w]\n",
        Written,
        "Tcl open(n)",
    ),
    (
        "languages",
        OTHER,
        "#!/usr/bin/tclsh\nif {[file exists /etc/x]} {\n",
        Read,
        "Tcl file(n)",
    ),
    // Configuration, and texts for people.
    (
        "texts",
        OWN,
        "<include ignore_missing='yes'>/etc/x</include>\n",
        Optional,
        "dbus-daemon(1)",
    ),
    (
        "texts",
        OWN,
        "state_file /etc/x\n",
        Unknown,
        "a key for output",
    ),
    (
        "texts",
        SHELL,
        "echo \"Please edit /etc/x and try again\" >&2",
        Shown,
        "POSIX echo",
    ),
];

#[test]
fn sixty_files_are_judged_as_the_manuals_say() {
    assert_eq!(DECIDED.len(), 60);
    let mut wrong = Vec::new();
    let mut right: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (kind, format, text, expected, manual) in DECIDED {
        let found = of(*format, text.as_bytes());
        let of_x = found
            .list
            .iter()
            .filter(|mention| mention.path().path == b"/etc/x");
        let verdicts: Vec<Verdict> = of_x.map(|mention| mention.verdict).collect();
        let is_written = found
            .written()
            .any(|written| written.path.path == b"/etc/x");
        let verdict = if is_written {
            Some(Written)
        } else {
            verdicts.first().copied()
        };
        let counted = right.entry(kind).or_default();
        counted.1 += 1;
        if verdict == Some(*expected) {
            counted.0 += 1;
        } else {
            wrong.push(format!(
                "{text:?}: {verdict:?}, but {expected:?} by {manual}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{right:?}\n{}", wrong.join("\n"));
}
