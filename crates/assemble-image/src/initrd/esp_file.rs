//! What the initrd of the layout `esp-file` has in addition: units that mount the EFI system
//! partition, attach the root file system and its hash tree as loop devices, and open them.
//!
//! systemd's own generator cannot do it: it waits for block devices. Everything has
//! `IgnoreOnIsolate=` and no `ExecStop=`, so that it survives the switch to the root.

use crate::error::Error;
use crate::image_seed::Uuid;
use crate::options::{OnCorruption, Options};
use crate::root_tree::{Content, Entry, RootTree};
use crate::verity::RootHash;

/// Where the files are on the EFI system partition.
pub const ROOT: &str = "image/root.erofs";
/// The hash tree.
pub const HASH_TREE: &str = "image/root.verity";

/// Where the partition is mounted. /run moves along with the switch to the root.
const MOUNT_POINT: &str = "/run/image-esp";
const MOUNT_UNIT: &str = r"run-image\x2desp.mount";
const LOOP_UNIT: &str = "image-loop.service";
const VERITY_UNIT: &str = "image-verity.service";

/// The units and the program that they need beside systemd's. `esp` is the id of the partition.
pub fn tree(
    image: &RootTree,
    options: &Options,
    esp: Uuid,
    root_hash: &RootHash,
) -> Result<RootTree, Error> {
    let mut collector = super::Collector::new(image, options);
    collector.add(b"usr/bin/losetup")?;
    let mut tree = collector.tree;
    let mut unit = |name: &str, text: String| {
        let file = Entry::file(Content::Bytes(text.into_bytes()), 0o444);
        tree.insert(format!("etc/systemd/system/{name}"), file);
        tree.insert(
            format!("etc/systemd/system/initrd-root-device.target.wants/{name}"),
            Entry::link(format!("../{name}")),
        );
    };
    unit(MOUNT_UNIT, mount_unit(esp));
    unit(LOOP_UNIT, loop_unit());
    unit(VERITY_UNIT, verity_unit(root_hash, options.on_corruption));
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

fn loop_unit() -> String {
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
         ExecStart=/usr/bin/losetup --read-only /dev/loop0 {MOUNT_POINT}/{ROOT}\n\
         ExecStart=/usr/bin/losetup --read-only /dev/loop1 {MOUNT_POINT}/{HASH_TREE}\n"
    )
}

fn verity_unit(root_hash: &RootHash, on_corruption: OnCorruption) -> String {
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
    use crate::test_support::options;

    #[test]
    fn the_units_name_the_partition_and_the_root_hash() {
        let mut image = RootTree::default();
        image.insert(
            "usr/bin/losetup",
            Entry::file(Content::Bytes(b"x".to_vec()), 0o555),
        );
        let hash = RootHash::parse(&"ab".repeat(32)).unwrap();
        let esp = Uuid::of_bytes([7; 16]);
        let tree = tree(&image, &options(), esp, &hash).unwrap();
        let read = |name: &str| {
            let path = format!("etc/systemd/system/{name}");
            String::from_utf8(tree.file(path.as_bytes()).unwrap().read().unwrap()).unwrap()
        };
        assert!(read(MOUNT_UNIT).contains("by-partuuid/07070707-0707-"));
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
        let hash = RootHash::parse(&"ab".repeat(32)).unwrap();
        let esp = Uuid::of_bytes([7; 16]);
        let error = tree(&RootTree::default(), &options(), esp, &hash).unwrap_err();
        assert_eq!(
            error.to_string(),
            "making the initrd: /usr/bin/losetup is in none of the packages; add the package that has \
             it to --package, or give --initrd"
        );
    }
}
