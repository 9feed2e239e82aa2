//! The root file system and its hash tree as files on the EFI system partition.
//!
//! The initrd gets units that mount the partition, attach both files as loop devices and open them:
//! systemd's own generator waits for block devices. All of them have `IgnoreOnIsolate=` and no
//! `ExecStop=`, so that they survive the switch to the root.

use std::path::Path;

use crate::error::Error;
use crate::esp::EspFile;
use crate::image_seed::Uuid;
use crate::options::{OnCorruption, Part};
use crate::root_tree::{Entry, RootTree};
use crate::steps::{Job, Layout, Step};
use crate::{disk, esp, initrd, uki, verity};

pub(super) static LAYOUT: Layout = Layout {
    name: "esp-file",
    summary: "A disk with an EFI system partition only, on which root file system and hash tree are files",
    parts: &[
        Part::Farm,
        Part::Etc,
        Part::Users,
        Part::Initrd,
        Part::Kernel,
    ],
    root_arguments: |job| {
        format!(
            "root=/dev/mapper/root rootfstype={} ro",
            job.options.root_fs.name
        )
    },
    steps,
};

/// Where the partition is mounted. /run moves along with the switch to the root.
const MOUNT_POINT: &str = "/run/image-esp";
const MOUNT_UNIT: &str = r"run-image\x2desp.mount";
const LOOP_UNIT: &str = "image-loop.service";
const VERITY_UNIT: &str = "image-verity.service";

fn steps(job: &Job<'_>) -> Vec<Step> {
    let (image, hash_tree) = (job.root_image(), job.hash_tree());
    let mut steps = verity::verified(&image, &hash_tree);
    // An initrd of their own for the units and the program that they need beside systemd's.
    let units = job.work.join("esp-file.cpio");
    let initrds = vec![initrd::path(job), units.clone()];
    let write = Step::new(initrd::ACTION, |_| Vec::new());
    steps.push(write.with(move |job, _| initrd::write(job, &tree(job)?, &units)));
    steps.extend(initrd::minimal(job));
    let files = [image, hash_tree].map(|source| EspFile {
        place: place(&source),
        source,
    });
    steps.extend([
        uki::make(initrds),
        esp::make(job, files),
        disk::make(|job| vec![esp::partition(job)]),
    ]);
    steps
}

/// Where a file is on the partition.
fn place(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    format!("image/{}", name.display())
}

fn tree(job: &Job<'_>) -> Result<RootTree, Error> {
    let mut tree = initrd::programs(job.tree, job.options, &["usr/bin/losetup"])?;
    let mut unit = |name: &str, text: String| {
        let file = Entry::bytes(text.into_bytes(), 0o444);
        tree.insert(format!("etc/systemd/system/{name}"), file);
        tree.insert(
            format!("etc/systemd/system/initrd-root-device.target.wants/{name}"),
            Entry::link(format!("../{name}")),
        );
    };
    unit(MOUNT_UNIT, mount_unit(esp::id(job)));
    unit(LOOP_UNIT, loop_unit(&job.root_image(), &job.hash_tree()));
    let (root_hash, on_corruption) = (job.root_hash(), job.options.on_corruption);
    unit(VERITY_UNIT, verity_unit(&root_hash, on_corruption));
    Ok(tree)
}

fn mount_unit(esp: Uuid) -> String {
    format!(
        "[Unit]\n\
         Description=EFI system partition of this image\n\
         DefaultDependencies=no\n\
         IgnoreOnIsolate=yes\n\
         After=systemd-modules-load.service\n\
         Before=initrd-root-device.target\n\
         \n\
         [Mount]\n\
         What=/dev/disk/by-partuuid/{esp}\n\
         Where={MOUNT_POINT}\n\
         Type=vfat\n\
         Options=ro,umask=0077\n"
    )
}

fn loop_unit(image: &Path, hash_tree: &Path) -> String {
    let (image, hash_tree) = (place(image), place(hash_tree));
    format!(
        "[Unit]\n\
         Description=Root file system and hash tree as loop devices\n\
         DefaultDependencies=no\n\
         IgnoreOnIsolate=yes\n\
         Requires={MOUNT_UNIT}\n\
         After={MOUNT_UNIT}\n\
         Before=initrd-root-device.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart=/usr/bin/losetup --read-only /dev/loop0 {MOUNT_POINT}/{image}\n\
         ExecStart=/usr/bin/losetup --read-only /dev/loop1 {MOUNT_POINT}/{hash_tree}\n"
    )
}

fn verity_unit(root_hash: &str, on_corruption: OnCorruption) -> String {
    let option = match on_corruption {
        OnCorruption::Panic => "panic-on-corruption",
        OnCorruption::IoError => "-",
    };
    format!(
        "[Unit]\n\
         Description=Verified root file system\n\
         DefaultDependencies=no\n\
         IgnoreOnIsolate=yes\n\
         Requires={LOOP_UNIT}\n\
         After={LOOP_UNIT} veritysetup-pre.target\n\
         Before=initrd-root-device.target veritysetup.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart=/usr/lib/systemd/systemd-veritysetup attach root /dev/loop0 /dev/loop1 {root_hash} \
         {option}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_hash::RootHash;
    use crate::test_support::{job, options};

    #[test]
    fn the_units_name_the_partition_and_the_root_hash() {
        let mut image = RootTree::default();
        image.insert("usr/bin/losetup", Entry::bytes(b"x", 0o555));
        let options = options();
        let mut job = job(&options, "esp-file", &image);
        job.root_hash = RootHash::parse(&"ab".repeat(32));
        let tree = tree(&job).unwrap();
        let read = |name: &str| {
            let path = format!("etc/systemd/system/{name}");
            String::from_utf8(tree.file(path.as_bytes()).unwrap().read().unwrap()).unwrap()
        };
        let partition = format!("What=/dev/disk/by-partuuid/{}\n", esp::id(&job));
        assert!(read(MOUNT_UNIT).contains(&partition));
        let attach = "losetup --read-only /dev/loop0 /run/image-esp/image/root.erofs\n";
        assert!(read(LOOP_UNIT).contains(attach));
        let attach = format!(
            "attach root /dev/loop0 /dev/loop1 {} panic-on-corruption\n",
            "ab".repeat(32)
        );
        assert!(read(VERITY_UNIT).ends_with(&attach));
        assert!(
            tree.exists(b"etc/systemd/system/initrd-root-device.target.wants/image-loop.service")
        );
        assert!(tree.get(b"usr/bin/losetup").is_some());
    }

    #[test]
    fn losetup_must_be_there() {
        let (options, image) = (options(), RootTree::default());
        let error = tree(&job(&options, "esp-file", &image)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "making the initrd: /usr/bin/losetup is in none of the packages; add the package that has \
             it to --package, or give --initrd"
        );
    }
}
