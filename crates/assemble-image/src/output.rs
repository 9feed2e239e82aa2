//! Where the image is made: beside the output, so that the output is there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, io_error};

const DOING: &str = "writing --output";

/// A directory beside the output that becomes the output. It is removed if it does not.
#[derive(Debug)]
pub struct Aside {
    directory: TempDir,
    output: PathBuf,
}

impl Aside {
    /// Makes the directory. The output must not exist, or be an empty directory.
    pub fn new(output: &Path) -> Result<Self, Error> {
        let output = std::path::absolute(output).map_err(io_error(DOING, output))?;
        match fs::read_dir(&output) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let taken = io::Error::other("it is not empty; remove it, or give another");
                    return Err(io_error(DOING, &output)(taken));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(DOING, &output)(error)),
        }
        let parent = output.parent().unwrap_or(Path::new("/"));
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let directory = tempfile::Builder::new()
            .prefix(&format!(".{name}.assembling-"))
            .tempdir_in(parent)
            .map_err(io_error("making a directory in", parent))?;
        for made in ["result", "work"] {
            let made = directory.path().join(made);
            fs::create_dir(&made).map_err(io_error("making the directory", &made))?;
        }
        Ok(Self { directory, output })
    }

    /// The directory that becomes the output.
    #[must_use]
    pub fn result(&self) -> PathBuf {
        self.directory.path().join("result")
    }

    /// The directory for what is in between.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    /// Gives the output its name.
    pub fn finish(self) -> Result<(), Error> {
        fs::rename(self.result(), &self.output).map_err(io_error(DOING, &self.output))
    }
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
