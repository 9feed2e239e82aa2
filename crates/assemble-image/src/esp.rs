//! The EFI system partition: a vfat with a few files, made without mounting anything.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::etc::source_date_epoch;
use crate::tools::{MCOPY, MKFS_VFAT, MMD};

const MIB: u64 = 1 << 20;
/// FAT32 needs 65525 clusters, of at least 512 bytes each.
const SMALLEST: u64 = 40 * MIB;
/// FAT has no earlier time.
const YEAR_1980: u64 = 315_532_800;
/// FAT has no larger file.
const LARGEST_FILE: u64 = u32::MAX as u64;

/// A file on the partition.
#[derive(Clone, Debug)]
pub struct EspFile {
    /// Its path on the partition, with slashes and without one in front.
    pub place: String,
    /// The file that is copied.
    pub source: PathBuf,
}

/// The commands that make the file system in a file that has the right size already.
#[must_use]
pub fn commands(image: &Path, volume_id: &str, files: &[EspFile]) -> Vec<Command> {
    let mut commands = vec![
        Command::new(&MKFS_VFAT)
            .writing(image)
            .arg("-F32")
            .arg("-i")
            .arg(volume_id)
            .arg("-n")
            .arg("ESP")
            .arg("--invariant")
            .arg(image),
    ];
    let with_time = |tool| {
        let epoch = source_date_epoch(YEAR_1980).to_string();
        Command::new(tool)
            .writing(image)
            .env("SOURCE_DATE_EPOCH", epoch)
            .arg("-i")
            .arg(image)
    };
    let mut directories: Vec<&str> = Vec::new();
    for file in files {
        let slashes = file.place.match_indices('/');
        directories.extend(slashes.map(|(at, _)| &file.place[..at]));
    }
    directories.sort_unstable();
    directories.dedup();
    let mut make_directories = with_time(&MMD);
    for directory in directories {
        make_directories = make_directories.arg(format!("::{directory}"));
    }
    commands.push(make_directories);
    for file in files {
        let copy = with_time(&MCOPY).arg(&file.source);
        commands.push(copy.arg(format!("::{}", file.place)));
    }
    commands
}

/// Makes the partition's file system in a new file.
pub fn make(image: &Path, volume_id: &str, files: &[EspFile]) -> Result<(), Error> {
    const DOING: &str = "making the EFI system partition";
    let mut sizes = Vec::new();
    for file in files {
        let metadata = fs::metadata(&file.source);
        let size = metadata
            .map_err(io_error("looking at", &file.source))?
            .len();
        if size > LARGEST_FILE {
            return Err(Error::Unexpected {
                doing: DOING,
                reason: format!(
                    "{} has {size} bytes, and FAT holds no file of 4 GiB or more; choose \
                     --compression zstd, or --layout ddi",
                    file.place
                ),
            });
        }
        sizes.push(size);
    }
    let created = File::create_new(image).and_then(|file| file.set_len(partition_size(&sizes)));
    created.map_err(io_error("writing", image))?;
    for command in commands(image, volume_id, files) {
        command.run(DOING)?;
    }
    Ok(())
}

/// Room for files of these sizes: their clusters, the two tables of clusters, and some to spare.
fn partition_size(sizes: &[u64]) -> u64 {
    let content: u64 = sizes
        .iter()
        .map(|size| size.next_multiple_of(64 * 1024))
        .sum();
    (content + content / 50 + 4 * MIB)
        .max(SMALLEST)
        .next_multiple_of(MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_the_files_and_the_tables() {
        assert_eq!(partition_size(&[]), SMALLEST);
        let size = partition_size(&[100 * MIB, 1]);
        assert!((104 * MIB..110 * MIB).contains(&size), "{size}");
    }

    #[test]
    fn directories_come_before_what_is_in_them() {
        let files = ["EFI/BOOT/BOOTX64.EFI", "image/root.erofs"].map(|place| EspFile {
            place: place.into(),
            source: "/x".into(),
        });
        let commands = commands(Path::new("/esp"), "12345678", &files);
        let made = commands[1].to_string();
        assert!(
            made.ends_with("mmd -i /esp ::EFI ::EFI/BOOT ::image"),
            "{made}"
        );
        assert_eq!(commands.len(), 4);
    }
}
