//! Real Debian packages in a store, and an independent check of what the tools made of them.
//!
//! [`archive`] downloads packages, [`store`] unpacks them as store paths, [`tool`] runs a tool as
//! a build would, and [`check`] says whether the result is right. The check shares no code with
//! the tools: what both get wrong in the same way would go unseen.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A pattern that is compiled on first use.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($text).unwrap());
    };
}

pub mod archive;
pub mod check;
pub mod documentation;
pub mod draw;
pub mod implementations;
pub mod install_variables;
pub mod lint;
pub mod pkg_config;
pub mod relocated;
pub mod store;
pub mod tool;
pub mod tool_root;
pub mod unit_directives;
pub mod verdicts;
pub mod verify;

/// What could not be done, why, and what helps.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {why}{}", if help.is_empty() { String::new() } else { format!("\n  help: {help}") })]
pub struct Error {
    /// The attempted action, as it follows "cannot".
    pub doing: String,
    /// The reason, in the system's or the program's own words.
    pub why: String,
    /// What to do about it; empty if nothing can be said.
    pub help: String,
}

impl Error {
    /// What could not be done, and why.
    #[expect(clippy::needless_pass_by_value, reason = "an error ends here")]
    #[must_use]
    pub fn new(doing: impl Into<String>, why: impl ToString) -> Self {
        Self {
            doing: doing.into(),
            why: why.to_string().trim().to_owned(),
            help: String::new(),
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// A result whose error says what could not be done.
pub type Result<T> = std::result::Result<T, Error>;

/// The packages by which the tools are tried in every full test run.
#[must_use]
pub fn package_names() -> Vec<String> {
    names(include_str!("../packages.txt"))
}

/// The packages of the measurements and the soak test.
#[must_use]
pub fn corpus_names() -> Vec<String> {
    names(include_str!("../corpus.txt"))
}

/// [`package_names`], or what `HERMETIC_OUT_PACKAGES` chooses: `corpus` takes the whole corpus, a file's
/// path the packages that it names, one a line, with those of the corpus to provide what they call.
///
/// # Panics
///
/// If that file cannot be read.
#[must_use]
pub fn chosen_names() -> Vec<String> {
    match std::env::var("HERMETIC_OUT_PACKAGES") {
        Err(_) => package_names(),
        Ok(which) if which == "corpus" => corpus_names(),
        Ok(file) => {
            let list =
                std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let mut names = corpus_names();
            names.extend(self::names(&list));
            names.sort();
            names.dedup();
            names
        }
    }
}

/// The packages whose `.pc` files are tried.
#[must_use]
pub fn pc_package_names() -> Vec<String> {
    names(include_str!("../pc-packages.txt"))
}

/// The packages whose configuration is relocated.
#[must_use]
pub fn etc_package_names() -> Vec<String> {
    names(include_str!("../etc-packages.txt"))
}

/// The names in a list: one a line, `#` begins a comment.
#[must_use]
pub fn names(list: &str) -> Vec<String> {
    list.lines()
        .filter_map(|line| line.split('#').next()?.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Where downloads are kept between runs: `$HERMETIC_OUT_CACHE`, or `hermetic-out` in the user's
/// cache directory.
#[must_use]
pub fn cache_directory() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(directory) = variable("HERMETIC_OUT_CACHE") {
        return PathBuf::from(directory);
    }
    variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("hermetic-out")
}

/// Runs a program to its end; a failure to start it or an exit status other than 0 is an error.
pub fn run(command: &mut Command, doing: &str) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(command, doing, &error))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::new(
        doing,
        format!(
            "{} ended with {}\n{}",
            command.get_program().display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ),
    ))
}

/// Why a program could not be started, and by which package it is to be had.
#[must_use]
pub fn cannot_start(command: &Command, doing: &str, error: &std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    let package = match program.as_str() {
        "apt-get" | "apt-cache" | "apt-config" => "apt",
        "dpkg-deb" => "dpkg",
        "systemd-analyze" => "systemd",
        "cp" => "coreutils",
        "/usr/bin/pkgconf" => "pkgconf",
        "qemu-system-x86_64" => "qemu-system-x86",
        other => other,
    };
    let failure = Error::new(doing, format!("{program}: {error}"));
    if error.kind() == std::io::ErrorKind::NotFound {
        failure.help(format!(
            "on Debian, install it with `apt-get install {package}`; other systems have no apt"
        ))
    } else {
        failure
    }
}

/// Applies `work` to all items on all processors; the results are in the order of the items.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|i| Some((i, items.get(i)?)))
                {
                    let result = work(item);
                    done.lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_have_no_name_twice() {
        for list in [
            package_names(),
            corpus_names(),
            etc_package_names(),
            pc_package_names(),
        ] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!(package_names().len() >= 160 && etc_package_names().len() >= 100);
        let corpus = corpus_names();
        assert!(package_names().iter().all(|name| corpus.contains(name)));
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        for (program, package) in [("dpkg-deb", "dpkg"), ("/usr/bin/pkgconf", "pkgconf")] {
            let missing = Command::new(program);
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            let text = cannot_start(&missing, "work", &error).to_string();
            assert!(
                text.starts_with(&format!("cannot work: {program}: ")),
                "{text}"
            );
            let help = format!("`apt-get install {package}`");
            assert!(text.contains(&help), "{text}");
        }
    }

    #[test]
    fn parallel_results_keep_the_order() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(
            in_parallel(&items, |i| i * 2),
            items.iter().map(|i| i * 2).collect::<Vec<_>>()
        );
    }
}
