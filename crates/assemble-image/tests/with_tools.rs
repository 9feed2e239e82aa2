//! Images made by the real tools of one Debian release, which are fetched unless the cache has them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{BASE, World, command, run, running, said};

/// A second package.
const OTHER: &str = "/nix/store/11111111111111111111111111111111-other-1.0";

/// Runs one of the external tools; what it wrote to standard output.
#[track_caller]
fn tool(name: &str, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> String {
    let mut command = command(name);
    command.args(arguments.iter().map(AsRef::as_ref));
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} said:\n{}",
        said(&output)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The root file system's content as files; owners are not kept, modes only if asked for.
fn extract(image: &Path, to: &Path, modes: bool) {
    let preserve = if modes {
        "--preserve-perms"
    } else {
        "--no-preserve"
    };
    let to = format!("--extract={}", to.display());
    tool(
        "fsck.erofs",
        &[&to, &"--no-preserve-owner", &preserve, &image],
    );
}

/// What cannot be compressed.
fn noise(length: usize) -> String {
    let mut noise = 1_u64;
    std::iter::repeat_with(|| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + u8::try_from(noise >> 58).unwrap_or(0))
    })
    .take(length)
    .collect()
}

#[test]
fn an_image_has_users_units_and_etc() {
    let world = World::with_tools();
    let hash = "$6$salt$hash";
    fs::write(world.path("hash"), format!("{hash}\n")).unwrap();
    // Debian's systemd has such a line: it must not win against --keymap.
    let line = "L+ /etc/vconsole.conf - - - - default/keyboard\n";
    world.write(BASE, "lib/tmpfiles.d/console.conf", line);
    fs::write(world.path("preset"), "enable worker.service\n").unwrap();
    let mut command = world.assemble(&[BASE], "image");
    command.arg("--preset").arg(world.path("preset"));
    command
        .arg("--password")
        .arg(format!("worker={}", world.path("hash").display()));
    command.args([
        "--setuid",
        "sh:4750:root:worker",
        "--keymap",
        "de",
        "--hostname",
        "example",
        "--size-report",
    ]);
    // A Nix build has it in its environment: day 0 would be an expired password.
    run(command.env("SOURCE_DATE_EPOCH", "1"), 0);

    let (image, tree) = (world.path("image/image.raw"), world.path("tree"));
    extract(&image, &tree, false);
    let read = |path: &str| fs::read_to_string(tree.join(path)).unwrap_or_default();
    assert!(
        read("etc/passwd").contains("worker:x:999:999:Worker:"),
        "{}",
        read("etc/passwd")
    );
    assert_eq!(read("etc/hostname"), "example\n");
    let vconsole = read("etc/vconsole.conf");
    assert!(
        vconsole.lines().any(|line| line == "KEYMAP=de"),
        "{vconsole}"
    );
    assert!(read("usr/lib/tmpfiles.d/console.conf").starts_with("# not in this image: "));
    assert_eq!(read("etc/worker/tree/inner/file"), "content");
    assert_eq!(read("etc/machine-id"), "");
    let target = |path: &str| fs::read_link(tree.join(path)).unwrap();
    assert_eq!(
        target("etc/worker.conf"),
        Path::new("..").join(&BASE[1..]).join("etc/worker.conf")
    );
    assert_eq!(target("usr/bin/sh"), Path::new("../../usr/wrappers/bin/sh"));
    assert!(
        tree.join("etc/systemd/system/multi-user.target.wants/worker.service")
            .is_symlink()
    );
    assert!(
        !tree
            .join("etc/systemd/system/multi-user.target.wants/idle.service")
            .is_symlink()
    );

    // Aliases are aliases, not units of their own or linked ones.
    let rooted = format!("--root={}", tree.display());
    let listed = tool(
        "systemctl",
        &[&rooted, &"list-unit-files", &"--no-legend", &"--no-pager"],
    );
    let state = |unit: &str| {
        let line = listed.lines().find(|line| line.starts_with(unit))?;
        Some(line.split_whitespace().nth(1)?.to_owned())
    };
    assert_eq!(
        state("worker.service").as_deref(),
        Some("enabled"),
        "{listed}"
    );
    assert_eq!(
        state("worker-alias.service").as_deref(),
        Some("alias"),
        "{listed}"
    );
    assert_eq!(
        state("idle.service").as_deref(),
        Some("disabled"),
        "{listed}"
    );
    assert!(!listed.contains("linked"), "{listed}");

    // Owners and modes are in the image, although nobody could set them when it was made.
    let stat = |path: &str| tool("dump.erofs", &[&format!("--path={path}"), &image]);
    let owned = |path: &str, uid: &str, gid: &str, mode: &str| {
        let said = stat(path);
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = format!("Uid: {uid} Gid: {gid} Access: {mode}/");
        assert!(words.contains(&expected), "{path}: {said}");
    };
    owned("/etc/worker", "999", "999", "0750");
    owned("/usr/wrappers/bin/sh", "0", "999", "0750");
    owned("/etc/shadow", "0", "0", "0000");
    owned(&format!("{BASE}/etc/worker.conf"), "0", "0", "0444");

    // dump.erofs does not show the setuid bit.
    let with_modes = world.path("with-modes");
    extract(&image, &with_modes, true);
    let wrapper = fs::metadata(with_modes.join("usr/wrappers/bin/sh")).unwrap();
    assert_eq!(wrapper.permissions().mode() & 0o7777, 0o4750);

    let shadow = fs::read_to_string(tree.join("etc/shadow")).unwrap();
    let fields = |user: &str| -> Vec<String> {
        let line = shadow
            .lines()
            .find(|line| line.starts_with(&format!("{user}:")))
            .unwrap();
        line.split(':').map(str::to_owned).collect()
    };
    assert_eq!(fields("worker")[1], hash);
    assert_ne!(
        fields("worker")[2],
        "0",
        "PAM takes day 0 for an expired password"
    );
    assert!(fields("root")[1].starts_with(['!', '*']), "{shadow}");
    assert!(world.path("image/size-report.html").exists());
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let world = World::with_tools();
    run(&mut world.assemble(&[BASE], "image"), 0);
    let at = |name: &str| world.path("image").join(name);
    let root_hash = fs::read_to_string(at("image.roothash")).unwrap();
    let verify = || {
        command("veritysetup")
            .arg("verify")
            .args([at("image.raw"), at("image.verity")])
            .arg(root_hash.trim())
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(verify());
    let size = fs::metadata(at("image.raw")).unwrap().len();
    for offset in [1024, size / 2, size - 1] {
        let flip = || {
            let mut file = fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(at("image.raw"))
                .unwrap();
            let mut byte = [0];
            file.seek(SeekFrom::Start(offset)).unwrap();
            file.read_exact(&mut byte).unwrap();
            file.seek(SeekFrom::Start(offset)).unwrap();
            file.write_all(&[byte[0] ^ 1]).unwrap();
        };
        flip();
        assert!(!verify(), "byte {offset}");
        flip();
    }
    assert!(verify());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, other) = (World::with_tools(), World::with_tools());
    for compression in ["lz4", "zstd", "none"] {
        let name = format!("image-{compression}");
        run(
            one.assemble(&[BASE], &name)
                .args(["--compression", compression, "--rebuild-check"]),
            0,
        );
        // Another place, another hard link count, another environment.
        let file = other.path("root").join(&BASE[1..]).join("etc/worker.conf");
        let _ = fs::hard_link(&file, other.path("second-link"));
        let mut again = other.assemble(&[BASE], &name);
        again
            .args(["--compression", compression])
            .env("SOURCE_DATE_EPOCH", "1");
        run(&mut again, 0);
        for file in [
            "image.raw",
            "image.verity",
            "image.roothash",
            "manifest.json",
            "users-pin",
        ] {
            let read = |world: &World| fs::read(world.path(&name).join(file)).unwrap();
            assert!(read(&one) == read(&other), "{compression}: {file} differs");
        }
    }
}

#[test]
fn an_ordinary_user_gets_the_same_bytes() {
    let world = World::with_tools();
    run(&mut world.assemble(&[BASE], "image"), 0);
    // A namespace in which nobody is root: no capabilities, and user and group are nobody's.
    let mut unprivileged = command("unshare");
    let assemble = world.assemble(&[BASE], "other");
    unprivileged
        .args(["--user", "sh", "-c", "id -u; exec \"$@\"", "sh"])
        .arg(assemble.get_program())
        .args(assemble.get_args());
    let output = run(&mut unprivileged, 0);
    assert_ne!(String::from_utf8_lossy(&output.stdout).trim(), "0");
    for file in ["image.raw", "image.verity", "manifest.json"] {
        let read = |name: &str| fs::read(world.path(name).join(file)).unwrap();
        assert!(read("image") == read("other"), "{file} differs");
    }
}

#[test]
fn numbers_are_pinned_and_drift_is_refused() {
    let world = World::with_tools();
    fs::write(
        world.path("pin"),
        "u worker 321\ng worker 321\nu gone 999\ng gone 999\n",
    )
    .unwrap();
    world.write(OTHER, "lib/sysusers.d/other.conf", "u other -\n");
    let assemble = |name: &str| {
        let mut command = world.assemble(&[BASE, OTHER], name);
        command.arg("--users-pin").arg(world.path("pin"));
        command
    };
    run(&mut assemble("image"), 0);
    let pin = fs::read_to_string(world.path("image/users-pin")).unwrap();
    for line in ["u worker 321", "u gone 999", "u other 998", "u root 0"] {
        assert!(pin.lines().any(|pinned| pinned == line), "{line} in\n{pin}");
    }

    world.write(OTHER, "lib/sysusers.d/0.conf", "u worker 500\n");
    let output = run(&mut assemble("drifted"), 1);
    let end = "; nothing was written\n";
    assert!(said(&output).ends_with(end), "{}", said(&output));
    let expected = "error[user-number-drift]: the user worker is pinned to 321 and would be 500\n\
                    --> /etc/passwd\n";
    assert!(said(&output).contains(expected), "{}", said(&output));
    world.assert_nothing_written("drifted");
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_written() {
    for (path, text, (finding, place)) in [
        (
            "lib/systemd/system/worker.service",
            "[Service]\n",
            (
                "duplicate-vendor-file",
                "/usr/lib/systemd/system/worker.service",
            ),
        ),
        (
            "etc/worker.conf",
            "setting=1\n",
            ("duplicate-etc-path", "/etc/worker.conf"),
        ),
        (
            "lib/tmpfiles.d/other.conf",
            "L /etc/worker.conf - - - - /nix/store/11111111111111111111111111111111-other-1.0/lib/tmpfiles.d/other.conf\n",
            ("duplicate-etc-path", "/usr/lib/tmpfiles.d/other.conf:1:1"),
        ),
        (
            "lib/tmpfiles.d/other.conf",
            "d /var/other 0755 nobody-knows\n",
            ("missing-account", "/usr/lib/tmpfiles.d/other.conf:1:19"),
        ),
        (
            "lib/tmpfiles.d/other.conf",
            "f /etc/other - - - - on %H\n",
            ("build-host-specifier", "/usr/lib/tmpfiles.d/other.conf:1:1"),
        ),
        // With --root, systemd-tmpfiles puts the staging root in front of /var/lib.
        (
            "lib/tmpfiles.d/other.conf",
            "L /etc/other - - - - %S/other\n",
            ("build-host-specifier", "/usr/lib/tmpfiles.d/other.conf:1:1"),
        ),
        (
            "lib/tmpfiles.d/other.conf",
            "z /etc/worker.conf 0600\n",
            (
                "unsupported-tmpfiles-line",
                "/usr/lib/tmpfiles.d/other.conf:1:1",
            ),
        ),
        (
            "etc/pam.d/other",
            "auth required pam_gone.so\n",
            ("missing-pam-module", "/etc/pam.d/other:1:15"),
        ),
        (
            "etc/nsswitch.conf",
            "passwd: files gone\n",
            ("missing-nss-module", "/etc/nsswitch.conf:1:15"),
        ),
        (
            "lib/systemd/system/getty@.service",
            "[Service]\nExecStart=-/usr/bin/agetty - $TERM\n",
            (
                "missing-login-program",
                "/usr/lib/systemd/system/getty@.service",
            ),
        ),
    ] {
        let world = World::with_tools();
        world.write(OTHER, path, text);
        let output = run(&mut world.assemble(&[BASE, OTHER], "image"), 1);
        let said = said(&output);
        for expected in [format!("error[{finding}]: "), format!("--> {place}\n")] {
            assert!(said.contains(&expected), "{expected:?}:\n{said}");
        }
        world.assert_nothing_written("image");
    }
}

#[test]
fn findings_are_written_as_other_tools_write_them() {
    let world = World::with_tools();
    world.write(OTHER, "etc/worker.conf", "setting=1\n");
    let reported = |arguments: &[&str]| {
        let mut command = world.assemble(&[BASE, OTHER], "image");
        run(command.args(arguments), 1)
    };
    let output = reported(&["--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["tool"]["name"], "assemble-image");
    assert_eq!(report["findings"][0]["id"], "duplicate-etc-path");
    assert_eq!(output.stderr, b"", "one document and nothing else");
    let output = reported(&["--color", "always"]);
    assert!(said(&output).contains("\x1b["));
    let output = reported(&["--color", "never"]);
    assert!(!said(&output).contains("\x1b["));
}

/// What a package says about /etc/os-release is said of the package's own image.
#[test]
fn what_the_lint_calls_an_error_stops_it() {
    let world = World::with_tools();
    world.write(BASE, "bin/script", "#!/usr/bin/python3\n");
    // This the image has, wherever the store has it.
    world.write(BASE, "bin/other", "#!/usr/bin/sh\n");
    let output = run(&mut world.assemble(&[BASE], "image"), 1);
    let told = said(&output);
    assert!(
        told.contains("error[shebang-outside-store]") && told.contains("/bin/script:1:3"),
        "{told}"
    );
    assert!(!told.contains("/bin/other"), "{told}");
    assert!(
        told.contains("--lint-allow RULE[:GLOB]") && told.contains("--no-lint"),
        "{told}"
    );
    world.assert_nothing_written("image");

    for arguments in [
        &["--no-lint"][..],
        &["--lint-allow", "shebang-outside-store:bin/script"],
    ] {
        run(world.assemble(&[BASE], "image").args(arguments), 0);
        let manifest = fs::read_to_string(world.path("image/manifest.json")).unwrap();
        let was_asked = manifest.contains("\"allowed\": 1");
        assert_eq!(was_asked, arguments[0] == "--lint-allow", "{manifest}");
        fs::remove_dir_all(world.path("image")).unwrap();
        let mut dry = world.assemble(&[BASE], "image");
        let shown = run(dry.args(arguments).arg("--dry-run"), 0).stdout;
        let shown = String::from_utf8(shown).unwrap();
        let said = if was_asked {
            "\nthe lint has looked at them\n"
        } else {
            "\nthe lint has not looked at them: --no-lint\n"
        };
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn os_release_is_the_images_whatever_packages_say() {
    for (given, name) in [(true, "given"), (false, "base")] {
        let world = World::with_tools();
        world.write(BASE, "lib/os-release", "ID=base\n");
        world.write(OTHER, "share/os-release", "ID=other\n");
        let asked = format!(
            "L+ /etc/os-release - - - - {OTHER}/share/os-release\nL /etc/gone - - - - gone\n"
        );
        world.write(OTHER, "lib/tmpfiles.d/etc.conf", &asked);
        fs::write(world.path("os-release"), "ID=given\n").unwrap();
        let mut command = world.assemble(&[BASE, OTHER], "image");
        if given {
            command.arg("--os-release").arg(world.path("os-release"));
        }
        run(&mut command, 0);
        let tree = world.path("tree");
        extract(&world.path("image/image.raw"), &tree, false);
        let link = tree.join("etc/os-release");
        assert_eq!(
            fs::read_link(&link).unwrap(),
            Path::new("../usr/lib/os-release")
        );
        // In the image the first link is absolute or leads into the store, and so is read there.
        let target = fs::read_link(tree.join("usr/lib/os-release")).ok();
        let file = target.map_or(tree.join("usr/lib/os-release"), |to| {
            tree.join("usr/lib").join(to)
        });
        assert_eq!(fs::read_to_string(file).unwrap(), format!("ID={name}\n"));
        // At boot systemd-tmpfiles would have made another link, were it not for /etc being read-only.
        let lines = fs::read_to_string(tree.join("usr/lib/tmpfiles.d/etc.conf")).unwrap();
        assert_eq!(
            lines,
            "L+ /etc/os-release - - - - ../usr/lib/os-release\n\
             # not in this image: L /etc/gone - - - - gone\n"
        );
    }
}

/// systemd-sysusers takes no notice of a password that it has no use for.
#[test]
fn a_password_that_nobody_would_have_is_told() {
    let world = World::with_tools();
    fs::write(world.path("hash"), "$6$salt$hash\n").unwrap();
    let extra = world.path("extra/etc");
    fs::create_dir_all(&extra).unwrap();
    fs::write(
        extra.join("passwd"),
        "root:x:0:0::/root:/bin/sh\nother:x:7:7::/:/bin/sh\n",
    )
    .unwrap();
    fs::write(extra.join("group"), "root:x:0:\nother:x:7:\n").unwrap();
    fs::write(
        extra.join("shadow"),
        "root:!*:1::::::\nother:$6$x$y:1::::::\n",
    )
    .unwrap();
    for (user, reason) in [
        ("wroker", "no sysusers.d file declares the user"),
        (
            "other",
            "/etc/shadow of a package or of --extra has another one",
        ),
    ] {
        let mut command = world.assemble(&[BASE], "image");
        let password = format!("{user}={}", world.path("hash").display());
        command.arg("--extra").arg(world.path("extra"));
        let output = run(command.arg("--password").arg(&password), 2);
        let expected = format!("error: reading --password {password}: {reason}");
        assert!(said(&output).contains(&expected), "{}", said(&output));
        world.assert_nothing_written("image");
    }
}

#[test]
fn a_full_disk_is_told_wherever_it_happens() {
    let world = World::with_tools();
    world.write(BASE, "share/noise", &noise(20 << 20));
    fs::create_dir(world.path("small")).unwrap();
    for kibibytes in [64, 4096, 18 * 1024, 24 * 1024, 30 * 1024] {
        let mut command = command("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let script = format!(
            "mount -t tmpfs -o size={kibibytes}k none \"$1\" || exit 9\nsmall=$1\nshift\n\"$@\"\n\
             status=$?\nls -A \"$small\"\nexit $status"
        );
        command
            .args(["--mount", "sh", "-c", &script, "sh"])
            .arg(world.path("small"));
        let assemble = world.assemble(&[BASE], "small/image");
        command
            .arg(assemble.get_program())
            .args(assemble.get_args());
        let output = run(&mut command, 2);
        let said = said(&output);
        assert!(said.contains("pace"), "{kibibytes} KiB: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "",
            "{kibibytes} KiB: something is left"
        );
    }
}

#[test]
fn a_killed_run_leaves_nothing_under_the_name() {
    let world = World::with_tools();
    let parent = world.path("killed");
    fs::create_dir(&parent).unwrap();
    let mut command = world.assemble(&[BASE], "killed/image");
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    // As soon as something is being made.
    while fs::read_dir(&parent).unwrap().next().is_none() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before anything was made"
        );
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!parent.join("image").exists());
    run(&mut world.assemble(&[BASE], "killed/image"), 0);
}

/// mkfs.erofs 1.8.6 waits for ever for the rest of a stream that has ended.
#[test]
fn no_tool_outlives_a_killed_run() {
    let world = World::with_tools();
    world.write(BASE, "share/noise", &noise(64 << 20));
    let mut command = world.assemble(&[BASE], "killed");
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let place = world.top.path().display().to_string();
    // The tool itself, not what starts it.
    let is_streaming = || !running(&[&place, "mkfs.erofs", "--tar=f"]).is_empty();
    while !is_streaming() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(2);
    while !running(&[&place]).is_empty() {
        assert!(Instant::now() < end, "{:?}", running(&[&place]));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Packages may have links that lead to where the image is built, or lines of tmpfiles.d that make some.
#[test]
fn nothing_is_written_where_links_lead() {
    let below = "error[entry-below-link]: ";
    let refused = "error[unsupported-tmpfiles-line]: a line of type w";
    for (link, line, extra, expected) in [
        ("lib/systemd/system-preset", "", "", below),
        ("lib/tmpfiles.d", "", "", below),
        ("etc/d", "", "etc/d/old", below),
        ("etc/systemd/system/multi-user.target.wants", "", "", below),
        (
            "",
            "L /etc/systemd/system/multi-user.target.wants - - - - HOST",
            "",
            below,
        ),
        ("etc/d", "w /etc/d/old - - - - new", "", refused),
        (
            "",
            "L /etc/d - - - - HOST/old\nw /etc/d* - - - - new",
            "",
            refused,
        ),
    ] {
        let world = World::with_tools();
        let host = world.path("host");
        fs::create_dir(&host).unwrap();
        fs::write(host.join("old"), "old").unwrap();
        world.write(OTHER, "share/other", "");
        if !link.is_empty() {
            world.link(OTHER, link, &host);
        }
        if !line.is_empty() {
            let line = line.replace("HOST", &host.display().to_string());
            world.write(OTHER, "lib/tmpfiles.d/other.conf", &format!("{line}\n"));
        }
        fs::write(world.path("preset"), "enable worker.service\n").unwrap();
        let mut command = world.assemble(&[OTHER, BASE], "image");
        command.arg("--no-lint");
        command.arg("--preset").arg(world.path("preset"));
        if !extra.is_empty() {
            let file = world.path("extra").join(extra);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "new").unwrap();
            command.arg("--extra").arg(world.path("extra"));
        }
        let said = said(&run(&mut command, 1));
        assert!(said.contains(expected), "{link} {line}: {said}");
        if expected == below {
            let host = host.display().to_string();
            assert!(said.contains(&host), "{link} {line}: {said}");
        }
        assert_eq!(fs::read_dir(&host).unwrap().count(), 1, "{link} {line}");
        let old = fs::read_to_string(host.join("old")).unwrap();
        assert_eq!(old, "old", "{link} {line}");
        world.assert_nothing_written("image");
    }
}

/// Neither are files of the machine read in their place, nor are the links changed in the image.
#[test]
fn links_that_lead_out_are_links_of_the_image() {
    let world = World::with_tools();
    let passwd = world.path("passwd");
    fs::write(&passwd, "root:x:0:0:of the machine:/root:/bin/sh\n").unwrap();
    world.link(OTHER, "etc/passwd", &passwd);
    world.link(OTHER, "etc/state", Path::new("/var/lib/other"));
    world.write(
        OTHER,
        "lib/tmpfiles.d/other.conf",
        "L /etc/made - - - - /run/made\n",
    );
    run(world.assemble(&[BASE, OTHER], "image").arg("--no-lint"), 0);
    let tree = world.path("tree");
    extract(&world.path("image/image.raw"), &tree, false);
    let made = fs::read_to_string(tree.join("etc/passwd")).unwrap();
    assert!(!made.contains("of the machine"), "{made}");
    for (link, target) in [("state", "/var/lib/other"), ("made", "/run/made")] {
        let link = fs::read_link(tree.join("etc").join(link)).unwrap();
        assert_eq!(link, Path::new(target));
    }
}

/// systemd-sysusers keeps the mode of a file that is there.
#[test]
fn nobody_else_reads_shadow_whoever_ships_it() {
    let line = "root:!*:1::::::\n";
    let modes = [0o600, 0o640, 0o000, 0o644].map(Some);
    for given in modes.into_iter().chain([None]) {
        let world = World::with_tools();
        fs::write(world.path("hash"), "$6$salt$hash").unwrap();
        let mut command = world.assemble(&[BASE, OTHER], "image");
        let password = format!("worker={}", world.path("hash").display());
        command.args(["--no-lint", "--password", &password]);
        world.write(OTHER, "share/other", "");
        if let Some(mode) = given {
            let etc = world.path("extra/etc");
            fs::create_dir_all(&etc).unwrap();
            fs::write(etc.join("shadow"), line).unwrap();
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(etc.join("shadow"), permissions).unwrap();
            fs::write(etc.join("other"), "").unwrap();
            let permissions = fs::Permissions::from_mode(0o604);
            fs::set_permissions(etc.join("other"), permissions).unwrap();
            command.arg("--extra").arg(world.path("extra"));
        } else {
            world.write(OTHER, "etc/shadow", line);
        }
        run(&mut command, 0);
        let image = world.path("image/image.raw");
        let mode = |path: &str| {
            let said = tool("dump.erofs", &[&format!("--path={path}"), &image]);
            let (_, mode) = said.split_once("Access: ").unwrap();
            u32::from_str_radix(&mode[..4], 8).unwrap()
        };
        let expected = given.unwrap_or(0o644) & !0o007;
        assert_eq!(mode("/etc/shadow"), expected, "{given:?}");
        if given.is_some() {
            assert_eq!(mode("/etc/other"), 0o604, "modes of --extra are kept");
        }
    }
}

#[test]
fn an_account_that_opens_the_image_is_refused_unless_it_is_named() {
    let root = "root:x:0:0::/root:/bin/sh";
    let (empty, hash) = ("empty-password", "readable-password");
    for (passwd, shadow, name, expected) in [
        ("root::0:0".to_owned(), "", "root", (empty, "passwd:1")),
        (
            "root:$6$a$b:0:0::/:".to_owned(),
            "",
            "root",
            (hash, "passwd:1"),
        ),
        (
            format!("{root}\ntoor:x:0:0::/:"),
            "",
            "toor",
            ("second-superuser", "passwd:2"),
        ),
        (
            format!("{root}\nroot:x:7:7::/:"),
            "",
            "root",
            ("duplicate-account", "passwd:2"),
        ),
        (
            format!("{root}\njoe::7:7::/:"),
            "",
            "joe",
            (empty, "passwd:2"),
        ),
        (
            format!("{root}\njoe:x:7:7::/:"),
            "root:!*:1\njoe::1\n",
            "joe",
            (empty, "shadow:2"),
        ),
    ] {
        let world = World::with_tools();
        let etc = world.path("extra/etc");
        fs::create_dir_all(&etc).unwrap();
        fs::write(etc.join("passwd"), format!("{passwd}\n")).unwrap();
        if !shadow.is_empty() {
            fs::write(etc.join("shadow"), shadow).unwrap();
        }
        let assemble = || {
            let mut command = world.assemble(&[BASE], "image");
            command.arg("--extra").arg(world.path("extra"));
            command
        };
        let said = said(&run(&mut assemble(), 1));
        let (kind, place) = expected;
        for expected in [format!("error[{kind}]: "), format!("--> /etc/{place}:1\n")] {
            assert!(said.contains(&expected), "{expected:?}: {said}");
        }
        assert!(!said.contains("$6$"), "{said}");
        world.assert_nothing_written("image");
        run(assemble().args(["--allow-account", name]), 0);
    }
}

/// `ln -s ${x} $out`.
#[test]
fn a_store_path_may_be_a_link_to_another() {
    const LINK: &str = "/nix/store/22222222222222222222222222222222-link-1.0";
    let world = World::with_tools();
    world.write(OTHER, "bin/other", "#!/bin/sh\n");
    world.link(OTHER, "bin/alias", Path::new("other"));
    world.link(LINK, "", Path::new(OTHER));
    let mut command = world.assemble(&[BASE, OTHER, LINK], "image");
    run(command.arg("--no-lint"), 0);
    let mut command = world.assemble(&[BASE, LINK], "image-of-link");
    let list = format!("{BASE}\n{OTHER}\n{LINK}\n");
    fs::write(world.path("store-paths"), list).unwrap();
    run(&mut command, 0);
    let tree = world.path("tree");
    extract(&world.path("image-of-link/image.raw"), &tree, false);
    for program in ["other", "alias"] {
        let link = fs::read_link(tree.join("usr/bin").join(program)).unwrap();
        let expected = Path::new("../..")
            .join(&OTHER[1..])
            .join("bin")
            .join(program);
        assert_eq!(link, expected);
    }
    let link = fs::read_link(tree.join(&LINK[1..])).unwrap();
    assert_eq!(link, Path::new(OTHER));

    let gone = said(&run(&mut world.assemble(&[BASE, LINK], "gone"), 1));
    assert!(gone.contains("error[dangling-symlink]"), "{gone}");
    let away = world.path("away");
    fs::create_dir(&away).unwrap();
    fs::remove_file(world.path("root").join(&LINK[1..])).unwrap();
    world.link(LINK, "", &away);
    let said = said(&run(&mut world.assemble(&[BASE, LINK], "away-image"), 2));
    let expected = format!("the store path {LINK} is a link to {}", away.display());
    assert!(said.contains(&expected), "{said}");
}

/// What is made beside the output holds the hashes of passwords.
#[test]
fn an_interrupted_run_leaves_nothing_and_nobody_else_reads_what_it_makes() {
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM] {
        let world = World::with_tools();
        world.write(BASE, "share/noise", &noise(32 << 20));
        let parent = world.path("parent");
        fs::create_dir(&parent).unwrap();
        let mut command = world.assemble(&[BASE], "parent/image");
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let place = world.top.path().display().to_string();
        while running(&[&place, "mkfs.erofs", "--tar=f"]).is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before");
        }
        let left = || fs::read_dir(&parent).unwrap().collect::<Vec<_>>();
        for entry in left() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let number = i32::try_from(child.id()).unwrap();
        kill_process(Pid::from_raw(number).unwrap(), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(left().is_empty(), "{:?}", left());
    }
}

#[test]
fn the_files_of_an_output_have_the_mode_of_new_files() {
    let world = World::with_tools();
    let mut masked = command("sh");
    let assemble = world.assemble(&[BASE], "image");
    masked.args(["-c", "umask 027; exec \"$@\"", "sh"]);
    masked.arg(assemble.get_program()).args(assemble.get_args());
    run(&mut masked, 0);
    let image = world.path("image");
    assert_eq!(mode(&image), 0o750);
    for file in fs::read_dir(&image).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o640, "{}", file.display());
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// `mkfs.erofs -Efragments` writes the mode of a temporary file into the image.
#[test]
fn the_umask_of_the_builder_changes_nothing() {
    let world = World::with_tools();
    for compression in ["zstd", "lz4"] {
        let mut hashes = Vec::new();
        for umask in ["022", "027", "002", "077"] {
            let name = format!("{compression}-{umask}");
            let assemble = world.assemble(&[BASE], &name);
            let mut masked = command("sh");
            masked.args(["-c", "umask $0; exec \"$@\"", umask]);
            masked.arg(assemble.get_program()).args(assemble.get_args());
            run(masked.args(["--compression", compression]), 0);
            hashes.push(fs::read(world.path(&name).join("image.roothash")).unwrap());
        }
        hashes.dedup();
        assert_eq!(hashes.len(), 1, "{compression}");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_shows_everything() {
    let world = World::with_tools();
    let output = run(world.assemble(&[BASE], "image").arg("--dry-run"), 0);
    let plan = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "0777 0:0 /usr/bin/sh -> ../../nix/store/00000000000000000000000000000000-base-1.0/bin/sh",
        "0750 999:999 /etc/worker/",
        "systemd-sysusers --root=WORK/staging",
        "mkfs.erofs --quiet --tar=f",
        "veritysetup verify ",
    ] {
        assert!(plan.contains(expected), "{expected} in\n{plan}");
    }
    world.assert_nothing_written("image");
}

/// The progress bar has a thread of its own, which must not wait for the one that assembles.
#[test]
fn on_a_terminal_the_run_ends_and_shows_what_it_does() {
    let world = World::with_tools();
    let assemble = world.assemble(&[BASE], "image");
    let words: Vec<String> = std::iter::once(assemble.get_program())
        .chain(assemble.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    // `script` runs it on a terminal of its own.
    let mut script = command("timeout");
    script.args(["300", "script", "--quiet", "--return", "--command"]);
    script.arg(words.join(" ")).arg("/dev/null");
    let output = run(script.stdin(Stdio::null()).env("TERM", "vt100"), 0);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("root file system"), "{shown}");
    assert!(shown.contains("root hash"), "{shown}");
}
