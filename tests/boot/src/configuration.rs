//! The files that no package of Debian's has: those of the directory `configuration` as a store path of
//! their own, those of `installed` in the packages whose they are, and what an administrator says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use sha2::{Digest as _, Sha256};
use tests_packages::store::{Package, nix_base32};
use tests_packages::{Error, Result};
use walkdir::WalkDir;

use crate::staging::{STORE, outside, store_path};

/// The name of the store path, beside its hash.
pub const NAME: &str = "boot-test-configuration";
const PAM_DIRECTORIES: [&str; 2] = ["etc/pam.d", "lib/pam.d"];
const PAM_MODULES: &str = "lib/x86_64-linux-gnu/security";

static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("@([a-z0-9+.-]+)@").ok());
/// A module's bare name, where a line of PAM has one: before it stands the control.
static MODULE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^([^#\n]*?[\s\]])(pam_\w+\.so)\b").ok());

/// Writes the configuration into the store below `root`; what it has of the same path as another
/// package, that package loses.
pub fn install(root: &Path, packages: &[Package]) -> Result<Package> {
    let files = files(&own("configuration"), packages)?;
    let package = package_of(NAME, &files);
    let store = outside(root, Path::new(STORE));
    for (path, text) in files {
        for other in packages {
            let theirs = store.join(&other.directory).join(&path);
            if theirs.is_symlink() || theirs.is_file() {
                let doing = format!("remove {}", theirs.display());
                fs::remove_file(&theirs).map_err(|error| Error::new(doing, error))?;
            }
        }
        write(&store.join(&package.directory).join(path), &text)?;
    }
    Ok(package)
}

/// Writes the files of `installed` into the packages in the store below `root` that they belong to, and
/// makes packages of those that belong to none.
pub fn install_in_packages(root: &Path, packages: &mut Vec<Package>) -> Result<()> {
    let source = own("installed");
    let doing = "read the files that are installed";
    let entries = fs::read_dir(&source).map_err(|error| Error::new(doing, error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::new(doing, error))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    for name in names {
        let files = files(&source.join(&name), packages)?;
        let package = packages.iter().find(|package| package.name == name);
        let package = package.cloned().unwrap_or_else(|| {
            let new = package_of(&name, &files);
            packages.push(new.clone());
            new
        });
        let tree = outside(root, Path::new(STORE)).join(&package.directory);
        for (path, text) in files {
            write(&tree.join(path), &text)?;
        }
    }
    packages.sort();
    Ok(())
}

/// The tree that an administrator puts on top of everything.
#[must_use]
pub fn administrator() -> PathBuf {
    own("administrator")
}

/// A directory of this crate.
fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files in the directories of `source`, with store paths in the place of `@NAME@`.
fn files(source: &Path, packages: &[Package]) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(source).min_depth(2).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new("read the configuration", error))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let doing = format!("read {}", entry.path().display());
        let text = fs::read_to_string(entry.path()).map_err(|error| Error::new(&doing, error))?;
        let text = with_store_paths(&text, packages).map_err(|error| Error {
            doing: format!("{doing}: {}", error.doing),
            ..error
        })?;
        let path = entry.path().strip_prefix(source).unwrap_or(entry.path());
        files.push((path.to_owned(), text));
    }
    Ok(files)
}

/// A package of the test's own, with a store path that its files decide.
fn package_of(name: &str, files: &[(PathBuf, String)]) -> Package {
    let mut hasher = Sha256::new();
    for (path, text) in files {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update([0]);
        hasher.update(text);
    }
    let hash = nix_base32(&format!("{:x}", hasher.finalize()));
    Package {
        name: name.to_owned(),
        directory: format!("{hash}-{name}-1"),
    }
}

/// Puts store paths in the place of `@NAME@`.
fn with_store_paths(text: &str, packages: &[Package]) -> Result<String> {
    let Some(placeholder) = PLACEHOLDER.as_ref() else {
        return Ok(text.to_owned());
    };
    let mut failure = None;
    let text = placeholder.replace_all(text, |found: &Captures<'_>| {
        match store_path(packages, &found[1]) {
            Ok(path) => path.display().to_string(),
            Err(error) => {
                failure = Some(error);
                String::new()
            }
        }
    });
    failure.map_or(Ok(text.into_owned()), Err)
}

/// Names each PAM module by its path in the store. A module that nobody has is an error, unless
/// the line says that it may be missing (`pam.conf(5)`: a type that begins with `-`).
pub fn name_pam_modules(root: &Path, packages: &[Package]) -> Result<()> {
    for package in packages {
        for directory in PAM_DIRECTORIES {
            let directory = Path::new(STORE).join(&package.directory).join(directory);
            let Ok(entries) = fs::read_dir(outside(root, &directory)) else {
                continue;
            };
            for entry in entries {
                let path = entry
                    .map_err(|error| Error::new("read pam.d", error))?
                    .path();
                let doing = format!("read {}", path.display());
                let text = fs::read_to_string(&path).map_err(|error| Error::new(doing, error))?;
                let named = with_module_paths(&text, |module| module_path(root, packages, module))
                    .map_err(|module| {
                        Error::new(
                            format!("find the PAM module {module} of {}", path.display()),
                            "no package in the store has it",
                        )
                    })?;
                write(&path, &named)?;
            }
        }
    }
    Ok(())
}

fn module_path(root: &Path, packages: &[Package], module: &str) -> Option<PathBuf> {
    packages
        .iter()
        .map(|package| {
            Path::new(STORE)
                .join(&package.directory)
                .join(PAM_MODULES)
                .join(module)
        })
        .find(|path| outside(root, path).is_file())
}

/// The text with the path of each module; the error is a module that has none.
fn with_module_paths(
    text: &str,
    path: impl Fn(&str) -> Option<PathBuf>,
) -> std::result::Result<String, String> {
    let Some(module) = MODULE.as_ref() else {
        return Ok(text.to_owned());
    };
    let mut missing = None;
    let text = module.replace_all(text, |found: &Captures<'_>| {
        if let Some(path) = path(&found[2]) {
            return format!("{}{}", &found[1], path.display());
        }
        if !found[1].starts_with('-') {
            missing = Some(found[2].to_owned());
        }
        found[0].to_owned()
    });
    missing.map_or(Ok(text.into_owned()), Err)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    // A script is a program.
    let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .map_err(|error| Error::new(format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_store_paths() {
        let packages = [Package {
            name: "sudo".into(),
            directory: "h-sudo-1".into(),
        }];
        let text = with_store_paths("Plugin @sudo@/x a@b\n", &packages).expect("it is there");
        assert_eq!(text, "Plugin /nix/store/h-sudo-1/x a@b\n");
        assert!(with_store_paths("@nano@", &packages).is_err());
    }

    #[test]
    fn pam_modules_get_their_paths() {
        let path = |module: &str| (module != "pam_gone.so").then(|| Path::new("/s").join(module));
        let text = "# pam_unix.so\n@include common-auth\nauth [success=1 default=ignore] \
                    pam_unix.so nullok\n-session\toptional\tpam_gone.so\n";
        assert_eq!(
            with_module_paths(text, path).expect("all are there"),
            "# pam_unix.so\n@include common-auth\nauth [success=1 default=ignore] \
             /s/pam_unix.so nullok\n-session\toptional\tpam_gone.so\n"
        );
        let error = with_module_paths("auth required pam_gone.so\n", path);
        assert_eq!(error, Err("pam_gone.so".to_owned()));
    }
}
