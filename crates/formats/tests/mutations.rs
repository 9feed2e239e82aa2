//! Random changes of likely files, on a stable toolchain: the targets of `fuzz/` without libFuzzer.
//!
//! `HERMETIC_OUT_RUNS=NUMBER` tries that many of each input. They are the same in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hermetic_out_formats::FileKind;
use hermetic_out_formats::kind::kind_of;
use scanner_tests::invariants::{Input, check_input, inputs};
use scanner_tests::mutation::mutate;
use scanner_tests::random::Random;
use scanner_tests::{amount, elf_sample};

const MUTATIONS: usize = 1000;

#[test]
fn every_input_holds_on_changed_files() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut seeds = Vec::new();
    read_seeds(&cases, &mut seeds);
    if let Some(trees) = amount::trees() {
        read_seeds(&trees, &mut seeds);
    }
    // The order of a directory's entries is the file system's.
    seeds.sort();
    let results: Vec<Result<usize, String>> = std::thread::scope(|scope| {
        let seeds = &seeds;
        let started: Vec<_> = inputs()
            .map(|(name, input)| scope.spawn(move || attack(name, input, seeds)))
            .collect();
        let results = started
            .into_iter()
            .map(|target| target.join().expect("caught"));
        results.collect()
    });
    let (done, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let failed: Vec<String> = failed.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let files: usize = done.iter().flatten().sum();
    let amount = format!("{files} files of {} inputs", done.len());
    amount::report(
        "scanners on changed files",
        amount,
        "no invariant is broken",
    );
}

/// All files of a known kind below the cases.
fn read_seeds(directory: &Path, seeds: &mut Vec<(FileKind, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            read_seeds(&path, seeds);
        } else if kind.is_file() {
            // …/in/nix/store/NAME/lib/systemd/system/x.service
            let text = path.to_string_lossy().into_owned();
            let kind = text
                .char_indices()
                .filter(|(_, char)| *char == '/')
                .find_map(|(slash, _)| kind_of(&text.as_bytes()[slash + 1..]));
            if let (Some(kind), Ok(content)) = (kind, fs::read(&path)) {
                seeds.push((kind, content));
            }
        }
    }
}

/// How many changed files were tried, or what one of them shows.
fn attack(name: &str, input: Input, seeds: &[(FileKind, Vec<u8>)]) -> Result<usize, String> {
    let frames = input.pieces();
    let mut pool: Vec<Vec<u8>> = seeds
        .iter()
        .filter(|(of, content)| input == Input::File(*of) && content.len() < 8000)
        .map(|(_, content)| content.clone())
        .collect();
    pool.extend(frames.iter().map(|frame| frame.to_vec()));
    pool.push(frames.concat());
    if input == Input::Elf {
        pool = elf_sample::all();
    }
    let mut random = Random::new(amount::seed());
    let mut done = 0;
    for _ in amount::each(MUTATIONS) {
        let mut file = random.of(&pool).cloned().unwrap_or_default();
        mutate(&mut file, frames, &mut random);
        catch_unwind(AssertUnwindSafe(|| check_input(input, &file))).map_err(|_| {
            format!(
                "the input {name} fails on {:?}, seed {}",
                file.escape_ascii().to_string(),
                amount::seed()
            )
        })?;
        done += 1;
        // What is interesting is not known; a part of all goes on changing.
        if file.len() < 2000 && random.below(4) == 0 {
            let place = random.below(500);
            match pool.get_mut(place) {
                Some(old) => *old = file,
                None => pool.push(file),
            }
        }
    }
    Ok(done)
}
