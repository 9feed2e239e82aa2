#![no_main]

//! Every input of the scanners' tests: the first byte says which of them the others are. With
//! `HERMETIC_OUT_INPUT=NAME`, all bytes are that one.

use std::sync::LazyLock;

use scanner_tests::invariants::{Input, check_input, inputs};

static INPUTS: LazyLock<Vec<Input>> = LazyLock::new(|| {
    let wanted = std::env::var("HERMETIC_OUT_INPUT").ok();
    let is_wanted = |name| wanted.as_ref().is_none_or(|wanted| wanted == name);
    let chosen: Vec<Input> = inputs()
        .filter_map(|(name, input)| is_wanted(name).then_some(input))
        .collect();
    assert!(!chosen.is_empty(), "there is no input {wanted:?}");
    chosen
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match (INPUTS.as_slice(), bytes.split_first()) {
        ([input], _) => check_input(*input, bytes),
        (inputs, Some((which, rest))) => {
            check_input(inputs[usize::from(*which) % inputs.len()], rest);
        }
        _ => {}
    }
});
