#![no_main]

use hermetic_out_fuzz::invariants::{check_input, target};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check_input(target("polkit_rules"), bytes));
