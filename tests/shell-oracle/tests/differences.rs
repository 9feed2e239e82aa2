//! The reader of shell against tree-sitter's grammar of bash, and bash and dash, on every script and every
//! body of `sh -c` of the real packages. `HERMETIC_OUT_PACKAGES=corpus` takes the whole corpus.

use std::collections::{BTreeMap, BTreeSet};

use tests_packages::archive::Archive;
use tests_packages::{chosen_names, in_parallel, store};
use tests_shell_oracle::texts::{self, Text};
use tests_shell_oracle::{Difference, Outcome, compare};

/// Why the reader and the grammar find other commands in a file, and in which: the package's name, and the
/// path in it. Each was read; the reader is right in all of them.
const DIFFERENCES: [(&str, &[&str]); 7] = [
    (
        "The grammar ends the value of an assignment at its second expansion (`A=$B/$C.pid`), and takes the \
         rest for a command.",
        &[
            "bacula-fd/etc/init.d/bacula-fd",
            "chrony/lib/NetworkManager/dispatcher.d/20-chrony-dhcp",
            "console-setup/bin/setupcon",
            "davmail-server/etc/init.d/davmail-server",
            "dhcp-probe/share/doc/dhcp-probe/examples/site-application-dhcp_probe",
            "didiwiki/libexec/didiwiki-notifynewuser.sh",
            "dracut-core/lib/dracut/modules.d/10i18n/module-setup.sh",
            "exabgp/etc/init.d/exabgp",
            "lbcd/etc/init.d/lbcd",
            "libpython3.13-dev/lib/python3.13/config-3.13-x86_64-linux-gnu/install-sh",
            "opa-fm/etc/init.d/opa-fm",
            "opa-fm/lib/opa-fm/bin/opafm",
            "pcscd/etc/init.d/pcscd",
            "pglistener/etc/init.d/pglistener",
            "postgresql-client-17/lib/postgresql/17/lib/pgxs/config/install-sh",
            "redsocks/etc/init.d/redsocks",
            "shorewall-init/etc/network/if-post-down.d/shorewall",
            "shorewall-init/etc/network/if-up.d/shorewall",
            "shorewall-init/share/shorewall-init/ifupdown",
            "socat/share/doc/socat/examples/ftp.sh",
            "tlp/share/tlp/func.d/45-tlp-func-gpu",
            "valac/bin/vala-gen-introspect-0.56",
            "vrfydmn/etc/default/vrfydmn",
            "vrfydmn/lib/vrfydmn/vrfydmn.service.generate",
            "webdis/etc/init.d/webdis",
            "whereami/share/whereami/actions/findnet",
            "yaskkserv/etc/init.d/yaskkserv",
            "zabbix-agent/etc/init.d/zabbix-agent",
        ],
    ),
    (
        "The grammar reads `[ $a -eq 1 ]` and `[[ $a == $b ]]` with a line end behind them as something else, \
         and takes the reserved words that follow for commands.",
        &[
            "bootcd/share/bootcd/bootcdproberoot",
            "fancontrol/sbin/pwmconfig",
            "fireqos/libexec/firehol/fireqos",
            "live-tools/bin/live-persistence",
            "nfs-common/sbin/start-statd",
            "opa-fm/lib/opa-fm/bin/config_generate",
            "opa-fm/lib/opa-fm/bin/fm_cmdall",
            "plymouth/libexec/plymouth/plymouth-populate-initrd",
            "sg3-utils/bin/scsi_mandat",
            "socat/bin/socat-mux.sh",
        ],
    ),
    (
        "The grammar does not know backquotes in a here-document, and takes what follows `<<EOF ||` for \
         commands.",
        &[
            "ctdb/libexec/ctdb/ctdb_lvs",
            "ctdb/libexec/ctdb/ctdb_natgw",
            "etckeeper/etc/etckeeper/init.d/50vcs-pre-commit-hook",
            "kbd/bin/mk_modmap",
            "libncurses-dev/bin/ncurses6-config",
            "libncurses-dev/bin/ncursesw6-config",
        ],
    ),
    (
        "The grammar does not know backquotes in backquotes, nor in the default of an expansion.",
        &[
            "gawk/bin/gawkbug",
            "libsdl2-dev/bin/sdl2-config",
            "mawk/share/doc/mawk/examples/hical",
            "postfix/lib/postfix/sbin/postfix-script",
        ],
    ),
    (
        "The grammar takes the operands of arithmetic in arithmetic, or in a here-document, for commands.",
        &[
            "debusine-worker/share/debusine-worker/debefivm-create",
            "openstack-cluster-installer-utils/bin/oci-make-osd",
            "shibboleth-sp-utils/bin/shib-metagen",
            "usbutils/bin/usb-devices",
        ],
    ),
    (
        "The grammar does not know the reserved words `!` in front of `{`, and `coproc`.",
        &[
            "ctdb/share/doc/ctdb/examples/nfs-ganesha-callout",
            "udevil/bin/devmon",
        ],
    ),
    (
        "The grammar has the first command of a pipeline in a node without a name.",
        &[
            "bootcd/share/initramfs-tools/hooks/bootcdinitramfshook",
            "dracut-core/bin/lsinitrd",
        ],
    ),
];

/// Debian moves on: some packages may be gone, but not most.
const ENOUGH_TEXTS: usize = 300;
const ENOUGH_COMMANDS: usize = 15_000;

fn reason(file: &str) -> Option<&'static str> {
    let of = |(_, files): &&(&str, &[&str])| files.contains(&file);
    DIFFERENCES.iter().find(of).map(|(reason, _)| *reason)
}

fn line(text: &Text, at: usize) -> usize {
    let before = text.bytes.iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}

#[test]
fn the_reader_finds_the_commands_that_others_find() {
    let temporary = tempfile::tempdir().expect("a directory");
    let directory = temporary.path();
    let fetched = {
        let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
        store::fetch(&archive, &chosen_names(), directory).unwrap_or_else(|error| panic!("{error}"))
    };
    for (name, reason) in &fetched.lacking {
        println!("not had: {name}: {reason}");
    }
    let packages = fetched.packages.iter();
    let names: BTreeMap<&str, &str> = packages
        .map(|package| (package.directory.as_str(), package.name.as_str()))
        .collect();
    // PACKAGE/PATH, without the version that the store path has.
    let file = |text: &Text| {
        let path = text
            .path
            .strip_prefix(directory)
            .expect("a path in the store");
        let path = path.to_string_lossy();
        let (store_path, rest) = path.split_once('/').expect("a file in a store path");
        format!("{}/{rest}", names[store_path])
    };

    let texts = texts::below(directory);
    let outcomes: Vec<Outcome> = in_parallel(&texts, |text| {
        compare(&text.bytes).unwrap_or_else(|error| panic!("{error}"))
    });

    let mut wrong = Vec::new();
    let mut differing = BTreeMap::new();
    for (text, outcome) in texts.iter().zip(&outcomes) {
        let file = file(text);
        if outcome.accepted && !outcome.understood {
            wrong.push(format!("{file}: a shell accepts it, the reader does not"));
        }
        for difference in &outcome.differences {
            let (who, (at, name)) = match difference {
                Difference::Ours(name) => ("the reader", name),
                Difference::Theirs(name) => ("the grammar", name),
            };
            *differing.entry(file.clone()).or_insert(0) += 1;
            if reason(&file).is_none() {
                let name = String::from_utf8_lossy(name);
                let line = line(text, *at);
                wrong.push(format!(
                    "{file}:{line}: only {who} finds the command {name}"
                ));
            }
        }
    }
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let commands: usize = outcomes.iter().map(|outcome| outcome.commands).sum();
    println!(
        "{} packages: {} scripts, {} bodies of sh -c, {commands} commands; \
         {} texts that a shell accepts, {} that the grammar reads as well; {} differences in {} files",
        fetched.packages.len(),
        texts.iter().filter(|text| !text.is_body).count(),
        texts.iter().filter(|text| text.is_body).count(),
        count(|outcome| outcome.accepted),
        count(|outcome| outcome.understood && outcome.parsed),
        differing.values().sum::<usize>(),
        differing.len(),
    );
    let packages = fetched.packages.iter();
    let had: BTreeSet<&str> = packages.map(|package| package.name.as_str()).collect();
    for file in DIFFERENCES.iter().flat_map(|(_, files)| files.iter()) {
        let package = file.split('/').next().unwrap_or_default();
        if had.contains(package) && !differing.contains_key(*file) {
            println!("no difference any more: {file}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(texts.len() >= ENOUGH_TEXTS, "only {} texts", texts.len());
    assert!(commands >= ENOUGH_COMMANDS, "only {commands} commands");
}
