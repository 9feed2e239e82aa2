//! Real packages, assembled, booted, logged in to, and refused when tampered with.
//!
//! `RELOCATE_ETC_TO_OUT`, `PATCH_SYSTEMD_UNITS`, `REWRITE_PKGCONFIG_PREFIX` and `ASSEMBLE_IMAGE` name the
//! built tools, which `cargo xtask boot-test` sets; otherwise they are looked for beside the test.
//! `HERMETIC_OUT_LAYOUT` chooses one layout.

use std::time::Instant;

use tests_boot::layout::Layout;
use tests_boot::trial;
use tests_boot::workshop::Workshop;

fn layouts() -> Vec<Layout> {
    match std::env::var("HERMETIC_OUT_LAYOUT") {
        Ok(name) => vec![name.parse().unwrap_or_else(|error| panic!("{error}"))],
        Err(_) => Layout::ALL.to_vec(),
    }
}

#[test]
fn images_work_and_cannot_be_changed() {
    let begin = Instant::now();
    let say = |text: &str| println!("{:5.0} s  {text}", begin.elapsed().as_secs_f64());
    say("fetch and stage the packages");
    let workshop = Workshop::open_in_temporary().unwrap_or_else(|error| panic!("{error}"));
    let failures = trial::run_all(&workshop, &layouts(), &say);
    say("done");
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
