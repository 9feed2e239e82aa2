//! The pictures of the README: what the tools print about a case, in color.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use anstyle_svg::Term;
use anyhow::ensure;
use hermetic_out::store::replace_hashes;
use hermetic_out_command_line::{Streams, Tool, run};

use crate::project;

/// The case whose tree is shown.
const CASE: &str = "tests/cases/patch-systemd-units/ntp-package";
/// Its package.
const PACKAGE: &str = "/nix/store/5fdcvq3xglhyk2wzpr0n1msaji8b4z97-chrony-4.6";
/// What provides programs.
const SEARCH_PATH: &str = "/nix/store/1x0p3nzqcgs7yfdk9rw5hvb2lm4ai8jq-kmod-33/bin:\
                           /nix/store/9kbnwpzl3s0d2gvxr4qf8ahmc1i7jy5z-bash-5.2/bin";

/// The pictures, by their paths in the project. Fails if a tool cannot do its work.
pub(super) fn pictures() -> anyhow::Result<BTreeMap<String, String>> {
    let output = format!("out={PACKAGE}");
    let fix_up = [
        "--output",
        &output,
        "--search-path",
        SEARCH_PATH,
        "--dry-run",
        "--diff",
    ];
    let fixed_up = printed::<patch_systemd_units::cli::Arguments>(&fix_up)?;
    let linted = printed::<lint_store_path::cli::Arguments>(&[PACKAGE])?;
    let shown = [
        (
            "patch-systemd-units",
            "patch-systemd-units --output out=$out --search-path \"$HOST_PATH\" --diff --dry-run",
            fixed_up,
        ),
        ("lint-store-path", "lint-store-path ./result", linted),
    ];
    let picture = |(name, command, text): (&str, &str, String)| {
        let text = format!("\x1b[1m$ {command}\x1b[0m\n{text}");
        (
            format!("docs/pictures/{name}.svg"),
            Term::new().render_svg(&text),
        )
    };
    Ok(shown.map(picture).into())
}

/// What a tool prints about the tree of the case, with an ellipsis for each hash.
fn printed<T: Tool>(options: &[&str]) -> anyhow::Result<String> {
    let root = project().join(CASE).join("in");
    let root = [
        OsString::from("--root"),
        root.into(),
        "--color=always".into(),
    ];
    let options = options.iter().map(OsString::from);
    let arguments = [T::TOOL.name.into()].into_iter().chain(root).chain(options);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    run::<T>(
        arguments,
        &mut Streams {
            stdout: &mut stdout,
            stderr: &mut stderr,
            stdout_is_terminal: true,
            stderr_is_terminal: true,
        },
    )?;
    ensure!(
        !stdout.is_empty(),
        "{} prints nothing about {CASE}",
        T::TOOL.name
    );
    let text = replace_hashes(
        &[stdout, stderr].concat(),
        Path::new("/nix/store"),
        "/nix/store/…-".as_bytes(),
    );
    Ok(String::from_utf8(text)?)
}
