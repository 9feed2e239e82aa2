//! `--rebuild-check`: whether two builds of the same input have the same bytes.

use std::fs;
use std::io::Read;
use std::path::Path;

use hermetic_out::regular_file;

use crate::error::{Error, io_error};

/// Compares two outputs byte by byte.
pub(crate) fn compare(one: &Path, other: &Path) -> Result<(), Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(one).map_err(io_error("reading", one))? {
        names.push(entry.map_err(io_error("reading", one))?.file_name());
    }
    names.sort();
    for name in names {
        let (first, second) = (one.join(&name), other.join(&name));
        if let Some(offset) = first_difference(&first, &second)? {
            return Err(Error::NotReproducible {
                file: name.to_string_lossy().into_owned(),
                offset,
            });
        }
    }
    Ok(())
}

/// The first byte in which two files differ.
fn first_difference(one: &Path, other: &Path) -> Result<Option<u64>, Error> {
    const BLOCK: u64 = 1 << 20;
    let open = |path: &Path| regular_file::open(path).map_err(io_error("reading", path));
    let block = |file: &mut fs::File, path: &Path| {
        let mut bytes = Vec::new();
        let read = file.take(BLOCK).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(io_error("reading", path))
    };
    let (mut first, mut second, mut offset) = (open(one)?, open(other)?, 0);
    loop {
        let (left, right) = (block(&mut first, one)?, block(&mut second, other)?);
        let differs = left.iter().zip(&right).position(|(a, b)| a != b);
        let shorter = left.len().min(right.len());
        if differs.is_some() || left.len() != right.len() {
            return Ok(Some(offset + differs.unwrap_or(shorter) as u64));
        }
        if left.is_empty() {
            return Ok(None);
        }
        offset += left.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_of_two_files() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = directory.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let large = vec![7; 3 << 20];
        let mut changed = large.clone();
        changed[(2 << 20) + 5] = 8;
        let one = file("one", &large);
        assert_eq!(first_difference(&one, &file("same", &large)).unwrap(), None);
        assert_eq!(
            first_difference(&one, &file("changed", &changed)).unwrap(),
            Some((2 << 20) + 5)
        );
        assert_eq!(
            first_difference(&one, &file("short", &large[..9])).unwrap(),
            Some(9)
        );
        assert_eq!(
            first_difference(&file("short", &large[..9]), &one).unwrap(),
            Some(9)
        );
    }

    #[test]
    fn two_outputs_are_compared_by_name() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(one.path().join("image.raw"), "abc").unwrap();
        fs::write(other.path().join("image.raw"), "abd").unwrap();
        let error = compare(one.path(), other.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "building a second time: image.raw differs from the first build at byte 2"
        );
    }
}
