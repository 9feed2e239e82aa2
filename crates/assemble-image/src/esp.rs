//! The EFI system partition: a vfat with a few files, made without mounting anything.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::command::{Command, run_commands};
use crate::disk::Partition;
use crate::error::{Error, io_error};
use crate::etc::source_date_epoch;
use crate::image_seed::Uuid;
use crate::steps::{Job, Step};
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
pub(crate) struct EspFile {
    /// Its path on the partition, with slashes and without one in front.
    pub(crate) place: String,
    /// The file that is copied.
    pub(crate) source: PathBuf,
}

/// Makes the partition's file system: the unified kernel image where EFI looks for it, and more files.
pub(crate) fn make(job: &Job<'_>, more: impl IntoIterator<Item = EspFile>) -> Step {
    const ACTION: &str = "making the EFI system partition";
    let mut files = vec![EspFile {
        place: format!("EFI/BOOT/{}", job.architecture.boot_file),
        source: job.uki(),
    }];
    files.extend(more);
    let all = files.clone();
    let step = Step::new(ACTION, move |job| commands(job, &all));
    step.with(move |job, commands| {
        let mut sizes = Vec::new();
        for file in &files {
            let metadata = fs::metadata(&file.source);
            let size = metadata
                .map_err(io_error("looking at", &file.source))?
                .len();
            if size > LARGEST_FILE {
                return Err(Error::Unexpected {
                    action: ACTION,
                    reason: format!(
                        "{} has {size} bytes, and FAT holds no file of 4 GiB or more; choose \
                         --compression zstd, or --layout ddi",
                        file.place
                    ),
                });
            }
            sizes.push(size);
        }
        let image = path(job);
        let created = File::create_new(&image);
        created
            .and_then(|file| file.set_len(partition_size(&sizes)))
            .map_err(io_error("writing", &image))?;
        run_commands(ACTION, commands)
    })
}

/// The commands that make the file system in a file that has the right size already.
fn commands(job: &Job<'_>, files: &[EspFile]) -> Vec<Command> {
    let image = path(job);
    let mut commands = vec![
        Command::new(&MKFS_VFAT)
            .writing(&image)
            .arg("-F32")
            .arg("-i")
            .arg(job.seed.volume_id())
            .arg("-n")
            .arg("ESP")
            .arg("--invariant")
            .arg(&image),
    ];
    let with_time = |tool| {
        let epoch = source_date_epoch(YEAR_1980).to_string();
        Command::new(tool)
            .writing(&image)
            .env("SOURCE_DATE_EPOCH", epoch)
            .arg("-i")
            .arg(&image)
    };
    let mut directories: Vec<&str> = Vec::new();
    for file in files {
        let slashes = file.place.match_indices('/');
        directories.extend(slashes.map(|(at, _)| &file.place[..at]));
    }
    directories.sort_unstable();
    directories.dedup();
    let places = directories.iter().map(|path| format!("::{path}"));
    commands.push(places.fold(with_time(&MMD), Command::arg));
    for file in files {
        let copy = with_time(&MCOPY).arg(&file.source);
        commands.push(copy.arg(format!("::{}", file.place)));
    }
    commands
}

/// The file that holds the partition's file system.
fn path(job: &Job<'_>) -> PathBuf {
    job.work.join("esp.vfat")
}

/// The id of the partition.
pub(crate) fn id(job: &Job<'_>) -> Uuid {
    job.seed.uuid("esp")
}

/// The partition on a disk.
pub(crate) fn partition(job: &Job<'_>) -> Partition {
    Partition {
        kind: "esp",
        label: "esp",
        id: id(job),
        content: path(job),
    }
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
    use crate::root_tree::RootTree;
    use crate::test_support::{job, options};

    #[test]
    fn there_is_room_for_the_files_and_the_tables() {
        assert_eq!(partition_size(&[]), SMALLEST);
        let size = partition_size(&[100 * MIB, 1]);
        assert!((104 * MIB..110 * MIB).contains(&size), "{size}");
    }

    #[test]
    fn directories_come_before_what_is_in_them() {
        let file = EspFile {
            place: "image/root.erofs".into(),
            source: "/x".into(),
        };
        let (options, tree) = (options(), RootTree::default());
        let job = job(&options, "ddi", &tree);
        let commands = make(&job, [file]).commands(&job);
        let made = commands[1].to_string();
        assert!(
            made.ends_with("mmd -i WORK/esp.vfat ::EFI ::EFI/BOOT ::image"),
            "{made}"
        );
        assert_eq!(commands.len(), 4);
    }
}
