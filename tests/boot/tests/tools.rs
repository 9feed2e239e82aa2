//! The tool root on this machine.

use tests_boot::kernel::Kernel;
use tests_packages::archive::Archive;
use tests_packages::tool_root::{self, ToolRoot};

/// What each tool says of itself, by which it is known to have started.
const SAYS: [(&str, &[&str], &str); 15] = [
    ("depmod", &["--version"], "kmod version"),
    ("fsck.erofs", &["--version"], "erofs-utils"),
    ("journalctl", &["--version"], "systemd 257"),
    ("mcopy", &["--version"], "mcopy (GNU mtools)"),
    ("mkfs.erofs", &["--version"], "erofs-utils"),
    ("mkfs.vfat", &["--help"], "Usage: mkfs.vfat"),
    ("sfdisk", &["--version"], "sfdisk from util-linux"),
    ("systemctl", &["--version"], "systemd 257"),
    ("systemd-dissect", &["--version"], "systemd 257"),
    ("systemd-hwdb", &["--version"], "systemd 257"),
    ("systemd-repart", &["--version"], "systemd 257"),
    ("systemd-sysusers", &["--version"], "systemd 257"),
    ("systemd-tmpfiles", &["--version"], "systemd 257"),
    ("ukify", &["--version"], "ukify 257"),
    ("veritysetup", &["--version"], "veritysetup 2"),
];

#[test]
fn every_tool_starts_and_a_kernel_is_there() {
    let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
    let tools =
        ToolRoot::provide(&archive, &tool_root::IMAGES).unwrap_or_else(|error| panic!("{error}"));
    for (tool, arguments, expected) in SAYS {
        let output = tools
            .command(tool)
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{tool}: {error}"));
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(expected), "{tool} says: {text}");
    }
    assert!(tools.stub().is_file(), "{}", tools.stub().display());
    let kernel = Kernel::provide(&archive, &tools).unwrap_or_else(|error| panic!("{error}"));
    let index = std::fs::read_to_string(kernel.modules.join("modules.dep")).expect("an index");
    assert!(index.contains("erofs.ko"), "{index}");
}
