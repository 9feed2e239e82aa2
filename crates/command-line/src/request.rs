//! What the options say about a package.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use bstr::ByteSlice;
use hermetic_out::resolve::Choices;
use hermetic_out::store::name_without_hash;
use hermetic_out::{Output, Package, Store};
use thiserror::Error;

use crate::escape::{escape_for_terminal, escape_path};
use crate::options::CommonOptions;

/// What the options ask for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The package, its dependencies, and where they lie.
    pub package: Package,
    /// What is said about single references.
    pub choices: Choices,
}

impl Request {
    /// The package's name, for messages: that of the store path of `out`, or of the first output,
    /// without its hash.
    #[must_use]
    pub fn name(&self) -> String {
        let outputs = &self.package.outputs;
        let out = outputs.iter().find(|output| output.name == "out");
        let output = out.or(outputs.first());
        output.map_or_else(String::new, |output| package_name(&output.path))
    }
}

/// The options contradict each other, or what they name is not there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A pair without its separator, or without one of its sides.
    #[error("reading {option} {value}: it is not of the form {form}")]
    NotAPair {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// The form asked for.
        form: &'static str,
    },
    /// No output.
    #[error("no output is given; say --output out={0}/…")]
    NoOutput(String),
    /// An output twice.
    #[error("reading {option}: the output {name} is given twice")]
    RepeatedOutput {
        /// The option.
        option: &'static str,
        /// The output.
        name: String,
    },
    /// An output that was not given.
    #[error("reading {option}: there is no output {name}; give it with --output {name}=PATH")]
    UnknownOutput {
        /// The option.
        option: &'static str,
        /// The output's name.
        name: String,
    },
    /// A path that is relative, or leads upwards.
    #[error("reading {option} {path}: the path is not absolute and without '..'; give it in full")]
    NotAbsolute {
        /// The option.
        option: &'static str,
        /// The path.
        path: String,
    },
    /// An output elsewhere.
    #[error(
        "the output {name}, {path}, is not in the store directory {store_dir}; give --store-dir"
    )]
    OutsideStore {
        /// The output.
        name: String,
        /// Its path.
        path: String,
        /// The store directory.
        store_dir: String,
    },
    /// An output that is the store directory, or inside a store path.
    #[error(
        "the output {name}, {path}, is not directly below the store directory {store_dir}; give the output's own directory"
    )]
    NotAStorePath {
        /// The output.
        name: String,
        /// Its path.
        path: String,
        /// The store directory.
        store_dir: String,
    },
    /// An output that is not there.
    #[error(
        "the output {name}, {path}, does not exist; every output is to be created before it is fixed up"
    )]
    MissingOutput {
        /// The output.
        name: String,
        /// Where it was looked for.
        path: String,
    },
    /// An output that is a link.
    #[error("the output {name}, {path}, is a link; give the store path that it leads to")]
    OutputIsLink {
        /// The output.
        name: String,
        /// Its path.
        path: String,
    },
    /// Two outputs at one path.
    #[error("the outputs {first} and {second} have one path, {path}; give each output its own")]
    SharedOutput {
        /// The output given first.
        first: String,
        /// The other.
        second: String,
        /// Their path.
        path: String,
    },
    /// A path that cannot be looked at.
    #[error("looking at {path}, given by {option}")]
    Unreadable {
        /// The option.
        option: &'static str,
        /// The path.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A root that is no directory.
    #[error("reading --root {path}: it is not a directory")]
    RootNotADirectory {
        /// The path.
        path: String,
    },
}

impl CommonOptions {
    /// What the options say about the package; fails if they contradict each other, or what they name
    /// does not exist.
    pub fn request(&self) -> Result<Request, OptionError> {
        let store = store(&self.store_dir, self.root.as_deref())?;
        let mut outputs = self.outputs(&store)?;
        for value in &self.output_search_path {
            let option = "--output-search-path";
            let (name, directories) = pair(option, value.as_bytes(), "NAME=DIR[:DIR…]")?;
            let known = outputs
                .iter_mut()
                .find(|output| output.name.as_bytes() == name);
            let output = known.ok_or_else(|| OptionError::UnknownOutput {
                option,
                name: escape_for_terminal(name),
            })?;
            let directories = search_path(option, directories)?;
            output
                .search_path
                .get_or_insert_default()
                .extend(directories);
        }
        let directories: Result<Vec<_>, _> = self
            .search_path
            .iter()
            .map(|value| search_path("--search-path", value.as_bytes()))
            .collect();
        let dependencies = self
            .dependency
            .iter()
            .map(|value| absolute("--dependency", value.as_bytes()))
            .collect::<Result<_, _>>()?;
        let mut choices = Choices::new();
        choices.keep = self
            .keep
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect();
        choices.replace = pairs("--replace", &self.replace)?;
        choices.fallback = pairs("--fallback", &self.fallback)?;
        Ok(Request {
            package: Package::new(store, outputs)
                .with_search_path(directories?.concat())
                .with_dependencies(dependencies),
            choices,
        })
    }

    fn outputs(&self, store: &Store) -> Result<Vec<Output>, OptionError> {
        let option = "--output";
        let mut outputs: Vec<Output> = Vec::with_capacity(self.output.len());
        for value in &self.output {
            let value = value.as_bytes();
            let not_a_pair = || not_a_pair(option, value, "NAME=PATH");
            let (name, path) = pair(option, value, "NAME=PATH")?;
            let name = name.to_str().map_err(|_| not_a_pair())?.to_owned();
            if outputs.iter().any(|known| known.name == name) {
                return Err(OptionError::RepeatedOutput { option, name });
            }
            let path = absolute(option, path)?;
            let (shown, store_dir) = (escape_path(&path), escape_path(&store.directory));
            if !path.starts_with(&store.directory) {
                return Err(OptionError::OutsideStore {
                    name,
                    path: shown,
                    store_dir,
                });
            }
            if store.store_path(&path).is_err() {
                return Err(OptionError::NotAStorePath {
                    name,
                    path: shown,
                    store_dir,
                });
            }
            let place = store.real_path(&path);
            if let Some(other) = outputs.iter().find(|known| known.path == path) {
                return Err(OptionError::SharedOutput {
                    first: other.name.clone(),
                    second: name,
                    path: shown,
                });
            }
            match fs::symlink_metadata(&place) {
                Ok(metadata) if metadata.is_symlink() => {
                    return Err(OptionError::OutputIsLink {
                        name,
                        path: escape_path(&place),
                    });
                }
                Ok(_) => outputs.push(Output::new(name, path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(OptionError::MissingOutput {
                        name,
                        path: escape_path(&place),
                    });
                }
                Err(source) => {
                    return Err(OptionError::Unreadable {
                        option,
                        path: escape_path(&place),
                        source,
                    });
                }
            }
        }
        if outputs.is_empty() {
            return Err(OptionError::NoOutput(escape_path(&store.directory)));
        }
        Ok(outputs)
    }
}

/// A package's name, for messages: that of a store path of it, without its hash.
#[must_use]
pub fn package_name(store_path: &Path) -> String {
    escape_for_terminal(name_without_hash(store_path))
}

/// The store that `--store-dir` and `--root` name. Without a root, `--store-dir` may be any directory, from
/// the working directory on. Fails if the one is not absolute, or the other is no directory.
pub fn store(store_dir: &Path, root: Option<&Path>) -> Result<Store, OptionError> {
    let here = match root {
        None if store_dir.is_relative() => store_dir.canonicalize().ok(),
        _ => None,
    };
    let store_dir = here.as_deref().unwrap_or(store_dir);
    let directory = absolute("--store-dir", store_dir.as_os_str().as_bytes())?;
    check_root(root)?;
    Ok(Store::new(directory, root.map(Path::to_owned)))
}

fn check_root(root: Option<&Path>) -> Result<(), OptionError> {
    let Some(root) = root else {
        return Ok(());
    };
    let metadata = fs::metadata(root).map_err(|source| OptionError::Unreadable {
        option: "--root",
        path: escape_path(root),
        source,
    })?;
    if metadata.is_dir() {
        Ok(())
    } else {
        Err(OptionError::RootNotADirectory {
            path: escape_path(root),
        })
    }
}

/// The two sides of `LEFT=RIGHT`, of which neither is empty; fails with the `form` asked for.
pub fn pair<'a>(
    option: &'static str,
    value: &'a [u8],
    form: &'static str,
) -> Result<(&'a [u8], &'a [u8]), OptionError> {
    value
        .split_once_str("=")
        .filter(|(left, right)| !left.is_empty() && !right.is_empty())
        .ok_or_else(|| not_a_pair(option, value, form))
}

/// The two sides of `FROM=TO`.
type Sides = (Vec<u8>, Vec<u8>);

fn pairs(option: &'static str, values: &[OsString]) -> Result<Vec<Sides>, OptionError> {
    let pairs = values.iter().map(|value| {
        let (from, to) = pair(option, value.as_bytes(), "FROM=TO")?;
        Ok((from.to_vec(), to.to_vec()))
    });
    pairs.collect()
}

/// The directories that `value` has, separated by colons.
fn search_path(option: &'static str, value: &[u8]) -> Result<Vec<PathBuf>, OptionError> {
    value
        .split_str(":")
        .filter(|directory| !directory.is_empty())
        .map(|directory| absolute(option, directory))
        .collect()
}

fn not_a_pair(option: &'static str, value: &[u8], form: &'static str) -> OptionError {
    OptionError::NotAPair {
        option,
        value: escape_for_terminal(value),
        form,
    }
}

/// `path`, without a slash at its end or twice in a row; fails if it is relative or leads upwards.
pub fn absolute(option: &'static str, path: &[u8]) -> Result<PathBuf, OptionError> {
    let given = Path::new(OsStr::from_bytes(path));
    let upwards = given
        .components()
        .any(|component| component == Component::ParentDir);
    if !given.is_absolute() || upwards {
        let path = escape_for_terminal(path);
        return Err(OptionError::NotAbsolute { option, path });
    }
    Ok(given.components().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::tests::options;

    const A: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x-1.0";
    const B: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-x-1.0-bin";

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for output in [A, B] {
            fs::create_dir_all(root.path().join(&output[1..])).unwrap();
        }
        root
    }

    fn request(arguments: &[&str]) -> Result<Request, OptionError> {
        let root = root();
        let mut options = options(arguments);
        options
            .root
            .get_or_insert_with(|| root.path().to_path_buf());
        options.request()
    }

    fn error(arguments: &[&str]) -> String {
        request(arguments).unwrap_err().to_string()
    }

    #[test]
    fn options_become_data() {
        let (out, bin) = (format!("out={A}/"), format!("bin={B}"));
        let request = request(&[
            "--output",
            &out,
            "--output",
            &bin,
            "--search-path",
            "/d/bin:/e//bin:",
            "--search-path",
            "/f/bin",
            "--output-search-path",
            "bin=/i/bin:/j/bin",
            "--output-search-path",
            "bin=/k/bin",
            "--dependency",
            "/g",
            "--keep",
            "/opt/**",
            "--replace",
            "/bin/login=/h/bin/login=x",
            "--fallback",
            "sh=/h/bin/sh",
        ])
        .unwrap();
        let mut bin = Output::new("bin", B);
        bin.search_path = Some(["/i/bin", "/j/bin", "/k/bin"].map(PathBuf::from).into());
        assert_eq!(request.package.outputs, [Output::new("out", A), bin]);
        assert_eq!(
            request.package.search_path,
            ["/d/bin", "/e/bin", "/f/bin"].map(PathBuf::from)
        );
        assert_eq!(request.package.dependencies, [PathBuf::from("/g")]);
        let choices = Choices::new()
            .keep("/opt/**")
            .replace("/bin/login", "/h/bin/login=x")
            .fallback("sh", "/h/bin/sh");
        assert_eq!(request.choices, choices);
        assert_eq!(request.name(), "x-1.0");
    }

    #[test]
    fn wrong_outputs_are_told_apart() {
        let below = format!("out={A}/bin");
        let out = format!("out={A}");
        for (arguments, expected) in [
            (&[][..], "no output is given; say --output out=/nix/store/…"),
            (
                &["--output", &out, "--output-search-path", "dev=/x/bin"],
                "reading --output-search-path: there is no output dev; give it with --output dev=PATH",
            ),
            (
                &["--output", &out, "--output-search-path", "out"],
                "reading --output-search-path out: it is not of the form NAME=DIR[:DIR…]",
            ),
            (
                &["--output", "out"],
                "reading --output out: it is not of the form NAME=PATH",
            ),
            (
                &["--output", "=/x"],
                "reading --output =/x: it is not of the form NAME=PATH",
            ),
            (
                &["--output", "out="],
                "reading --output out=: it is not of the form NAME=PATH",
            ),
            (
                &["--output", "out=x"],
                "reading --output x: the path is not absolute and without '..'; give it in full",
            ),
            (
                &["--output", "out=/nix/store/../x"],
                "reading --output /nix/store/../x: the path is not absolute and without '..'; give \
                 it in full",
            ),
            (
                &["--output", "out=/usr"],
                "the output out, /usr, is not in the store directory /nix/store; give --store-dir",
            ),
            (
                &["--output", &below],
                "the output out, /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x-1.0/bin, is not \
                 directly below the store directory /nix/store; give the output's own directory",
            ),
            (
                &["--output", "out=/nix/store"],
                "the output out, /nix/store, is not directly below the store directory /nix/store; \
                 give the output's own directory",
            ),
            (
                &["--output", &out, "--output", &out],
                "reading --output: the output out is given twice",
            ),
        ] {
            assert_eq!(error(arguments), expected);
        }
    }

    #[test]
    fn a_missing_output_is_an_error() {
        let message = error(&["--output", "out=/nix/store/x"]);
        assert!(message.starts_with("the output out, /"), "{message}");
        let end =
            "/nix/store/x, does not exist; every output is to be created before it is fixed up";
        assert!(message.ends_with(end), "{message}");
    }

    #[test]
    fn another_store_directory() {
        let root = root();
        fs::create_dir_all(root.path().join("gnu/store/x")).unwrap();
        let mut options = options(&["--output=out=/gnu/store/x", "--store-dir=/gnu/store/"]);
        options.root = Some(root.path().into());
        let request = options.request().unwrap();
        assert_eq!(request.package.store.directory, Path::new("/gnu/store"));
        assert_eq!(request.name(), "x");
    }

    #[test]
    fn other_wrong_paths() {
        let out = format!("--output=out={A}");
        for (argument, expected) in [
            ("--store-dir=store", "reading --store-dir store"),
            ("--search-path=/x:bin", "reading --search-path bin"),
            ("--dependency=x", "reading --dependency x"),
        ] {
            let rest = ": the path is not absolute and without '..'; give it in full";
            assert_eq!(error(&[&out, argument]), format!("{expected}{rest}"));
        }
        assert_eq!(
            error(&[&out, "--replace=x"]),
            "reading --replace x: it is not of the form FROM=TO"
        );
        assert_eq!(
            error(&["--root=/missing"]),
            "looking at /missing, given by --root"
        );
        assert_eq!(
            error(&["--root=/dev/null"]),
            "reading --root /dev/null: it is not a directory"
        );
    }

    #[test]
    fn what_cannot_be_looked_at_is_told_with_the_reason() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("nix"), "").unwrap();
        let mut options = options(&["--output=out=/nix/store/x"]);
        options.root = Some(root.path().into());
        let error = options.request().unwrap_err();
        let place = root.path().join("nix/store/x");
        let expected = format!(
            "looking at {}, given by --output: Not a directory",
            place.display()
        );
        let error = format!("{:#}", anyhow::Error::from(error));
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn bytes_that_are_not_utf8_pass() {
        let root = root();
        let path = OsStr::from_bytes(b"nix/store/x-\xff");
        fs::create_dir(root.path().join(path)).unwrap();
        let arguments = [
            &b"--output=out=/nix/store/x-\xff"[..],
            b"--replace=\xfe=\xff",
        ];
        let mut options = options(&arguments.map(OsStr::from_bytes));
        options.root = Some(root.path().into());
        let request = options.request().unwrap();
        assert_eq!(
            request.package.outputs[0].path.as_os_str().as_bytes(),
            b"/nix/store/x-\xff"
        );
        assert_eq!(request.choices.replace, [(b"\xfe".into(), b"\xff".into())]);
        assert_eq!(request.name(), "\\xff");
        let bad_name = OsStr::from_bytes(b"\xff=/x");
        options.output = vec![bad_name.to_os_string()];
        let error = options.request().unwrap_err().to_string();
        assert_eq!(
            error,
            "reading --output \\xff=/x: it is not of the form NAME=PATH"
        );
    }
}
