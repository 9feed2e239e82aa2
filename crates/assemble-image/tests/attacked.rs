//! Images whose assembly is killed, has no room or is given packages with changed files, and images with flipped
//! bits. Each is a short form: `cargo xtask soak` does more.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scanner_tests::amount;
use scanner_tests::random::Random;
use support::{BASE, World, command, run, running};
use tool_tests::changed::{Change, Seeds, apply, keep, may_fail, smallest};

const OTHER: &str = "/nix/store/11111111111111111111111111111111-other-1.0";

/// The files of an output, by name.
fn content(output: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(output).unwrap() {
        let path = entry.unwrap().path();
        // It names the output's place.
        if path.file_name().unwrap() != "manifest.json" {
            files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    files
}

/// What is there is a whole image: no file of it is there without all.
fn assert_whole_or_nothing(
    world: &World,
    expected: &BTreeMap<PathBuf, Vec<u8>>,
    what: &str,
) -> bool {
    let image = world.path("image");
    if !image.exists() {
        return false;
    }
    assert!(
        content(&image) == *expected,
        "{what}: the image is another one"
    );
    true
}

#[test]
fn a_killed_assembly_leaves_no_process_and_no_half_of_an_image() {
    let world = World::with_tools();
    let start = Instant::now();
    run(&mut world.assemble(&[BASE], "image"), 0);
    let duration = start.elapsed();
    let expected = content(&world.path("image"));
    let place = world.top.path().display().to_string();
    let mut random = Random::new(amount::seed());
    let (wanted, mut killed, mut completed) = (amount::runs(4), 0, 0);
    for _ in amount::each(20 * wanted) {
        if killed == wanted {
            break;
        }
        drop(fs::remove_dir_all(world.path("image")));
        let mut command = world.assemble(&[BASE], "image");
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let limit = usize::try_from(duration.as_micros()).unwrap();
        std::thread::sleep(Duration::from_micros(random.below(limit) as u64));
        child.kill().unwrap();
        if child.wait().unwrap().signal() != Some(9) {
            continue;
        }
        killed += 1;
        completed += usize::from(assert_whole_or_nothing(&world, &expected, "after a kill"));
        let end = Instant::now() + Duration::from_secs(10);
        while !running(&[&place]).is_empty() {
            assert!(Instant::now() < end, "{:?} goes on", running(&[&place]));
            std::thread::sleep(Duration::from_millis(5));
        }
        for entry in fs::read_dir(world.top.path()).unwrap() {
            let entry = entry.unwrap();
            // Nobody else is there to remove it.
            if entry.file_name().to_string_lossy().starts_with(".image.") {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        drop(fs::remove_dir_all(world.path("image")));
        run(&mut world.assemble(&[BASE], "image"), 0);
        assert!(assert_whole_or_nothing(&world, &expected, "the next run"));
    }
    let result = format!(
        "{completed} when the image was there; the next run makes the same image, no process is left"
    );
    amount::report(
        "kills, assemble-image",
        format!("{killed} killed runs"),
        result,
    );
}

#[test]
fn an_assembly_without_room_says_so_and_leaves_nothing() {
    let world = World::with_tools();
    run(&mut world.assemble(&[BASE], "image"), 0);
    let expected = content(&world.path("image"));
    fs::remove_dir_all(world.path("image")).unwrap();
    let assemble = world.assemble(&[BASE], "image");
    let wrapped = |script: &str, program: &str, options: &[&str]| {
        let mut wrapped = command(program);
        wrapped.args(options).args(["sh", "-c", script, "sh"]);
        wrapped
            .arg(assemble.get_program())
            .args(assemble.get_args());
        wrapped
    };
    let mut runs: Vec<(String, Command)> = Vec::new();
    for step in amount::each(6).take(40) {
        // Blocks of 512 bytes; the image has some hundred.
        let blocks = step * step * 8;
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$@\"");
        runs.push((
            format!("files of {blocks} blocks"),
            wrapped(&script, "env", &[]),
        ));
        if amount::faults() {
            // In a file system of its own, which goes with the last process in it.
            let (top, size) = (world.top.path().display(), 4 * (1 + step * step));
            let script = format!(
                "mkdir -p {top}/full && mount -t tmpfs -o size={size}k tmpfs {top}/full && \
                 export TMPDIR={top}/full && \"$@\" --output {top}/full/image; status=$?; \
                 if [ $status = 2 ] && [ \"$(ls -A {top}/full)\" ]; then echo left: $(ls -A {top}/full) >&2; \
                 fi; exit $status"
            );
            let mut run = command("unshare");
            run.args(["--mount", "sh", "-c", &script, "sh"])
                .arg(assemble.get_program());
            let arguments: Vec<_> = assemble.get_args().collect();
            let output = arguments
                .iter()
                .position(|argument| *argument == "--output")
                .unwrap();
            run.args(&arguments[..output])
                .args(&arguments[output + 2..]);
            runs.push((format!("{size} KiB"), run));
        }
    }
    let (mut failed, all) = (0, runs.len());
    for (what, mut run) in runs {
        let output = run.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) if world.path("image").exists() => {
                assert!(assert_whole_or_nothing(&world, &expected, &what));
                fs::remove_dir_all(world.path("image")).unwrap();
            }
            Some(0) => {}
            Some(2) => {
                failed += 1;
                assert_eq!(said.lines().count(), 1, "{what}: {said}");
                assert!(said.contains(": error: "), "{what}: {said}");
                world.assert_nothing_written("image");
            }
            status => panic!("{what}: {status:?}: {said}"),
        }
    }
    assert!(failed > 0, "no run was without room");
    let result =
        format!("{failed} failed with status 2 and left nothing; the others made the image");
    amount::report("no room, assemble-image", format!("{all} steps"), result);
}

#[test]
fn packages_with_changed_files_become_an_image_or_findings() {
    let seeds = Seeds::load();
    let mut statuses = [0; 3];
    for step in amount::each(6) {
        let seed = amount::seed().wrapping_add(step as u64);
        let mut random = Random::new(seed);
        let world = World::with_tools();
        let root = world.path("root").canonicalize().unwrap();
        let outputs = [PathBuf::from(&OTHER[1..])];
        fs::create_dir_all(root.join(&outputs[0])).unwrap();
        let ops = seeds.changes(&root, &outputs, &mut random);
        if let Ok(status) = attempt(&ops) {
            statuses[status] += 1;
        } else {
            let ops = smallest(ops, &|ops| attempt(ops).is_err());
            let message = attempt(&ops).unwrap_err();
            let kept = keep("assemble-image", seed, &ops);
            panic!("seed {seed}, packages with {}:\n{message}", kept.display());
        }
    }
    let [clean, findings, failed] = statuses;
    let result =
        format!("status 0: {clean}, 1: {findings}, 2: {failed}; equal images of equal packages");
    let amount = statuses.iter().sum::<usize>();
    amount::report(
        "changed packages, assemble-image",
        format!("{amount} closures"),
        result,
    );
}

/// Assembles an image of changed packages twice; the exit status, or the promise that is broken.
fn attempt(ops: &[Change]) -> Result<usize, String> {
    let world = World::with_tools();
    let root = world.path("root").canonicalize().unwrap();
    fs::create_dir_all(root.join(&OTHER[1..])).unwrap();
    apply(&root, ops)?;
    let start = |name: &str, more: &[&str]| {
        let assemble = world.assemble(&[BASE, OTHER], name);
        let mut limited = command("sh");
        limited.args(["-c", "ulimit -v 4194304; exec timeout 120 \"$@\"", "sh"]);
        limited
            .arg(assemble.get_program())
            .args(assemble.get_args())
            .args(more);
        let output = limited.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => Ok(0),
            Some(1) => Ok(1),
            // A package may have what no image can hold, and says what systemd's tools read.
            Some(2)
                if said
                    .lines()
                    .filter(|line| line.contains(": error: "))
                    .count()
                    == 1 =>
            {
                Ok(2)
            }
            status => Err(format!("{more:?} ended with {status:?}: {said}")),
        }
    };
    let dry = start("image", &["--dry-run"])?;
    if world.path("image").exists() {
        return Err("the dry run made an image".to_owned());
    }
    let (first, second) = (start("image", &[])?, start("again", &[])?);
    if first != second {
        return Err(format!("status {first}, and {second} the second time"));
    }
    // What only the tools of later steps refuse, a dry run cannot know.
    if dry != first && first != 2 {
        return Err(format!("the dry run has status {dry}, the run {first}"));
    }
    if first == 2 && !may_fail(ops) && dry != 2 {
        return Err("a run fails that a dry run does not announce".to_owned());
    }
    if first == 0 && content(&world.path("image")) != content(&world.path("again")) {
        return Err("two images of the same packages differ".to_owned());
    }
    if first != 0 && (world.path("image").exists() || world.path("again").exists()) {
        return Err("there is an image".to_owned());
    }
    Ok(first)
}

#[test]
fn no_flipped_bit_passes_verification() {
    let world = World::with_tools();
    run(&mut world.assemble(&[BASE], "image"), 0);
    let image = |name: &str| world.path("image").join(name);
    let root_hash = fs::read_to_string(image("image.roothash")).unwrap();
    let verify = || {
        let mut verify = command("veritysetup");
        verify
            .arg("verify")
            .arg(image("image.raw"))
            .arg(image("image.verity"));
        verify.arg(root_hash.trim()).output().unwrap().status.code()
    };
    assert_eq!(verify(), Some(0));
    let mut random = Random::new(amount::seed());
    let mut flips = BTreeMap::new();
    for flip in amount::each(40) {
        let name = ["image.raw", "image.verity"][flip % 2];
        // The first block of the hash tree describes it, and has unused bytes.
        let start = if name == "image.verity" { 4096 } else { 0 };
        let mut bytes = fs::read(image(name)).unwrap();
        let (at, bit) = (start + random.below(bytes.len() - start), random.below(8));
        bytes[at] ^= 1 << bit;
        fs::write(image(name), &bytes).unwrap();
        assert_ne!(verify(), Some(0), "bit {bit} of byte {at} of {name}");
        bytes[at] ^= 1 << bit;
        fs::write(image(name), &bytes).unwrap();
        *flips.entry(name).or_insert(0) += 1;
    }
    assert_eq!(verify(), Some(0), "all bits are what they were");
    let amount: i32 = flips.values().sum();
    amount::report(
        "flipped bits of an image and its hash tree",
        format!("{amount} bits"),
        "veritysetup refuses each",
    );
}
