//! Where the image is made: beside the output, so that the output is there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, io_error};

const ACTION: &str = "writing --output";

/// The names of the files of an output.
pub(crate) mod names {
    /// The disk; for the layout `bare` the root file system.
    pub(crate) const IMAGE: &str = "image.raw";
    /// The hash tree of the layout `bare`, where systemd looks for it.
    pub(crate) const HASH_TREE: &str = "image.verity";
    /// The root hash, where systemd looks for it.
    pub(crate) const ROOT_HASH: &str = "image.roothash";
    /// The unified kernel image.
    pub(crate) const UKI: &str = "image.efi";
    /// The initrd of the layout `bare`.
    pub(crate) const INITRD: &str = "image.initrd";
    /// The kernel command line of the layout `bare`.
    pub(crate) const CMDLINE: &str = "image.cmdline";
    /// What it is made of.
    pub(crate) const MANIFEST: &str = "manifest.json";
    /// The sizes as a page.
    pub(crate) const SIZE_PAGE: &str = "size-report.html";
    /// The numbers of users and groups, for `--users-pin`.
    pub(crate) const USERS_PIN: &str = "users-pin";
}

/// A directory beside the output that becomes the output. It is removed if it does not.
#[derive(Debug)]
pub(crate) struct Aside {
    directory: TempDir,
    output: PathBuf,
}

impl Aside {
    /// Makes the directory. The output must not exist, or be an empty directory.
    pub(crate) fn new(output: &Path) -> Result<Self, Error> {
        let output = std::path::absolute(output).map_err(io_error(ACTION, output))?;
        match fs::read_dir(&output) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let taken = io::Error::other("it is not empty; remove it, or give another");
                    return Err(io_error(ACTION, &output)(taken));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(ACTION, &output)(error)),
        }
        let parent = output.parent().unwrap_or(Path::new("/"));
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let directory = private_directory(&format!(".{name}.assembling-"), parent)?;
        for made in ["result", "work"] {
            let made = directory.path().join(made);
            fs::create_dir(&made).map_err(io_error("making the directory", &made))?;
        }
        Ok(Self { directory, output })
    }

    /// The whole of it.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The directory that becomes the output.
    pub(crate) fn result(&self) -> PathBuf {
        self.directory.path().join("result")
    }

    /// The directory for what is in between.
    pub(crate) fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    /// Gives the output its name, and its files the mode that new files have: some tools make them for
    /// their owner only.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let result = self.result();
        let permissions = of_new_files(self.directory.path())?;
        let reading = || io_error("reading", &result);
        for entry in fs::read_dir(&result).map_err(reading())? {
            let file = entry.map_err(reading())?.path();
            fs::set_permissions(&file, permissions.clone())
                .map_err(io_error("setting the mode of", &file))?;
        }
        fs::rename(self.result(), &self.output).map_err(io_error(ACTION, &self.output))
    }
}

/// A directory that only its owner can enter, and that is removed when it is dropped.
pub(crate) fn private_directory(prefix: &str, parent: &Path) -> Result<TempDir, Error> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(io_error("making a directory in", parent))
}

/// The mode that the umask leaves to new files. There is no way to ask for the umask without changing it.
fn of_new_files(directory: &Path) -> Result<fs::Permissions, Error> {
    let file = directory.join("new");
    let created = File::create_new(&file).and_then(|file| file.metadata());
    let metadata = created.map_err(io_error("writing", &file))?;
    Ok(metadata.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_output_appears_when_it_is_finished() {
        let top = tempfile::tempdir().unwrap();
        let output = top.path().join("image");
        let aside = Aside::new(&output).unwrap();
        fs::write(aside.result().join("image.raw"), "x").unwrap();
        assert!(!output.exists());
        aside.finish().unwrap();
        assert_eq!(names(&output), ["image.raw"]);
        assert_eq!(names(top.path()), ["image"]);
    }

    #[test]
    fn nothing_stays_of_a_run_that_failed() {
        let top = tempfile::tempdir().unwrap();
        drop(Aside::new(&top.path().join("image")).unwrap());
        assert!(names(top.path()).is_empty());
    }

    #[test]
    fn an_empty_directory_is_taken_and_a_full_one_is_not() {
        let top = tempfile::tempdir().unwrap();
        let output = top.path().join("image");
        fs::create_dir(&output).unwrap();
        Aside::new(&output).unwrap().finish().unwrap();
        fs::write(output.join("x"), "").unwrap();
        let error = Aside::new(&output).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("writing --output {}", output.display())
        );
        assert!(top.path().join("image/x").exists());
    }
}
