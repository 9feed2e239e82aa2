//! Random changes of likely files, on a stable toolchain: the targets of `fuzz/` without libFuzzer.
//!
//! `HERMETIC_OUT_SOAK=1` tries 100 times as many; `HERMETIC_OUT_MUTATIONS=NUMBER` that many of each
//! input. They are the same in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hermetic_out_formats::FileKind;
use hermetic_out_formats::kind::kind_of;
use scanner_tests::elf_sample;
use scanner_tests::invariants::grammar::PIECES;
use scanner_tests::invariants::{self, Input, check_input, inputs};

const MUTATIONS: usize = 1000;
const SOAK: usize = 100;

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % bound.max(1)
    }

    fn of<'a>(&mut self, pieces: &[&'a [u8]]) -> &'a [u8] {
        pieces
            .get(self.below(pieces.len()))
            .copied()
            .unwrap_or_default()
    }
}

#[test]
fn every_input_holds_on_changed_files() {
    let number = std::env::var("HERMETIC_OUT_MUTATIONS").ok();
    let mutations = match number {
        Some(number) => number.parse().expect("HERMETIC_OUT_MUTATIONS is a number"),
        None if std::env::var_os("HERMETIC_OUT_SOAK").is_some() => MUTATIONS * SOAK,
        None => MUTATIONS,
    };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut seeds = Vec::new();
    read_seeds(&cases, &mut seeds);
    // The order of a directory's entries is the file system's.
    seeds.sort();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let seeds = &seeds;
        let started: Vec<_> = inputs()
            .map(|(name, input)| scope.spawn(move || mutate(name, input, seeds, mutations)))
            .collect();
        let results = started
            .into_iter()
            .map(|target| target.join().expect("caught"));
        results.filter_map(Result::err).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
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

fn mutate(
    name: &str,
    input: Input,
    seeds: &[(FileKind, Vec<u8>)],
    mutations: usize,
) -> Result<(), String> {
    let frames: &[&[u8]] = match input {
        Input::File(kind) => kind.pieces(),
        Input::Elf => invariants::elf::PIECES,
        Input::WholeScript => invariants::whole_text::SCRIPTS,
        Input::Configuration => invariants::whole_text::CONFIGURATION,
        Input::Script => &[b"; ", b" && ", b"if /usr/bin/x; then ", b"; fi", b"\n"],
    };
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
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..mutations {
        let mut file = pool[random.below(pool.len())].clone();
        for _ in 0..=random.below(6) {
            let at = random.below(file.len() + 1);
            let end = at + random.below((file.len() - at).min(20) + 1);
            match random.below(6) {
                0 => drop(file.drain(at..end)),
                1 => {
                    let again = file[at..end].to_vec();
                    file.splice(at..at, again).for_each(drop);
                }
                2 => {
                    let byte = u8::try_from(random.below(256)).unwrap_or_default();
                    file.splice(at..end.min(at + 1), [byte]).for_each(drop);
                }
                3 => file.extend_from_slice(random.of(frames)),
                _ => {
                    let piece = random.of(PIECES).to_vec();
                    file.splice(at..at, piece).for_each(drop);
                }
            }
        }
        catch_unwind(AssertUnwindSafe(|| check_input(input, &file))).map_err(|_| {
            format!(
                "the input {name} fails on {:?}",
                file.escape_ascii().to_string()
            )
        })?;
        // What is interesting is not known; a part of all goes on changing.
        if file.len() < 2000 && random.below(4) == 0 {
            let place = random.below(500);
            match pool.get_mut(place) {
                Some(old) => *old = file,
                None => pool.push(file),
            }
        }
    }
    Ok(())
}
