//! Properties of random packages.

use super::{Attack, Row};

pub(super) const ATTACK: Attack = Attack {
    name: "properties",
    about: "properties of random packages and files, in many more cases than in `cargo xtask test`: what is \
            replaced is read again as just that, a second plan is empty, every part of a plan is completed by the \
            next run.",
    share: 2,
    run: |amount| {
        let cases = amount.runs.map_or(amount.minutes * 20, |runs| runs as u64);
        let variables = [("PROPTEST_CASES", cases.to_string())];
        let tests = [
            ("hermetic-out-formats", "properties", ""),
            ("patch-systemd-units", "properties", ""),
            ("relocate-etc-to-out", "properties", ""),
            ("rewrite-pkgconfig-prefix", "properties", ""),
        ];
        amount.run_tests_with(&tests, &variables)?;
        let rows = tests.iter().map(|(package, target, _)| Row {
            what: format!("properties, {package}"),
            amount: format!("{cases} cases of each property"),
            result: "all hold".to_owned(),
            command: format!("cargo test --package {package} --test {target}"),
        });
        Ok(rows.collect())
    },
};
