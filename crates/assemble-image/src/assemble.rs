//! From the plan to the image: every layout's steps, in order.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use hermetic_out::Finding;

use crate::closure::in_image;
use crate::disk::{self, Partition};
use crate::error::{Error, io_error};
use crate::esp::{self, EspFile};
use crate::image_seed::Uuid;
use crate::initrd::{self, esp_file};
use crate::lint;
use crate::manifest::{self, Manifest};
use crate::options::{Layout, OnCorruption, Options};
use crate::output::Aside;
use crate::plan::{Plan, plan};
use crate::progress::Progress;
use crate::rebuild_check::compare;
use crate::root_tree::{Node, RootTree};
use crate::sizes::Sizes;
use crate::tools::{self, Tool};
use crate::uki::{self, Architecture};
use crate::verity::RootHash;
use crate::{erofs, size_page, verity};

/// What became of an assembly.
#[derive(Debug)]
pub struct Outcome {
    /// What was found. If an error is among it, nothing was written.
    pub findings: Vec<Finding>,
    /// What the lint found beside errors, if it was asked.
    pub lint: Option<lint::Numbers>,
    /// Whether the output was written.
    pub written: bool,
    /// The root hash.
    pub root_hash: Option<String>,
}

/// The names of the files of an output.
pub mod names {
    /// The disk; for the layout `bare` the root file system.
    pub const IMAGE: &str = "image.raw";
    /// The hash tree of the layout `bare`, where systemd looks for it.
    pub const HASH_TREE: &str = "image.verity";
    /// The root hash, where systemd looks for it.
    pub const ROOT_HASH: &str = "image.roothash";
    /// The unified kernel image.
    pub const UKI: &str = "image.efi";
    /// The initrd of the layout `bare`.
    pub const INITRD: &str = "image.initrd";
    /// The kernel command line of the layout `bare`.
    pub const CMDLINE: &str = "image.cmdline";
    /// What it is made of.
    pub const MANIFEST: &str = "manifest.json";
    /// The sizes as a page.
    pub const SIZE_PAGE: &str = "size-report.html";
    /// The numbers of users and groups, for `--users-pin`.
    pub const USERS_PIN: &str = "users-pin";
}

/// The tools that a layout needs.
#[must_use]
pub fn needed_tools(options: &Options) -> Vec<&'static Tool> {
    let mut needed = vec![&tools::SYSUSERS, &tools::TMPFILES, &tools::SYSTEMCTL];
    needed.extend([&tools::HWDB, &tools::JOURNALCTL]);
    let first_boot = &options.first_boot;
    if [&first_boot.locale, &first_boot.keymap, &first_boot.hostname]
        .iter()
        .any(|value| value.is_some())
    {
        needed.push(&tools::FIRSTBOOT);
    }
    if options.layout.has_verity() {
        needed.extend([&tools::MKFS_EROFS, &tools::FSCK_EROFS, &tools::VERITYSETUP]);
    }
    if options.layout.has_uki() {
        needed.extend([
            &tools::UKIFY,
            &tools::MKFS_VFAT,
            &tools::MMD,
            &tools::MCOPY,
            &tools::REPART,
        ]);
    }
    if options.layout == Layout::Ddi {
        needed.push(&tools::DISSECT);
    }
    if options.modules.is_some() && options.makes_initrd() {
        needed.push(&tools::DEPMOD);
    }
    needed
}

/// Assembles an image into a new directory `output`. With errors among the findings nothing is
/// written.
pub fn assemble(
    options: &Options,
    output: &Path,
    rebuild_check: bool,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    check_options(options)?;
    let versions = tools::check(&needed_tools(options))?;
    let aside = Aside::new(output)?;
    let first = build(options, &aside, &versions, progress)?;
    if rebuild_check && first.written {
        let again = Aside::new(&aside.work().join("again"))?;
        build(options, &again, &versions, progress)?;
        progress.step("comparing both builds");
        compare(&aside.result(), &again.result())?;
    }
    if first.written {
        aside.finish()?;
    }
    Ok(first)
}

fn build(
    options: &Options,
    aside: &Aside,
    versions: &[(&'static str, String)],
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let mut plan = plan(options, &aside.work(), progress)?;
    let findings = std::mem::take(&mut plan.findings);
    if findings
        .iter()
        .any(|finding| finding.severity == hermetic_out::Severity::Error)
    {
        return Ok(Outcome {
            findings,
            lint: plan.lint,
            written: false,
            root_hash: None,
        });
    }
    let sizes = Sizes::of(&plan.tree, in_image(&options.store.directory));
    let mut manifest = Manifest::new(options, &plan.numbers, &findings, sizes);
    manifest.lint = plan.lint;
    manifest.tools = versions.iter().cloned().collect::<BTreeMap<_, _>>();
    let result = aside.result();
    let builder = Builder {
        options,
        plan: &plan,
        result: &result,
        work: &aside.work(),
        progress,
    };
    let made = builder.layout()?;
    manifest.root_hash = made.root_hash.as_ref().map(RootHash::to_string);
    manifest.cmdline = made.cmdline;
    manifest.partitions = made.partitions;
    builder.reports(&mut manifest)?;
    Ok(Outcome {
        findings,
        lint: plan.lint,
        written: true,
        root_hash: manifest.root_hash,
    })
}

/// What cannot work is told before anything is done.
pub fn check_options(options: &Options) -> Result<Option<Architecture>, Error> {
    for package in &options.packages {
        if !options.closure.contains(package) {
            return Err(Error::Option {
                option: "--package",
                value: package.display().to_string(),
                reason: "it is not in the closure; add it, with what it needs, to --closure"
                    .to_owned(),
            });
        }
    }
    if options.closure.is_empty() {
        return Err(Error::MissingOption {
            option: "--closure",
            reason: "give the store paths that the image holds, or a file that lists at least one",
        });
    }
    if let Some(words) = options
        .cmdline
        .iter()
        .find(|words| !uki::is_command_line(words))
    {
        return Err(Error::Option {
            option: "--cmdline",
            value: words.clone(),
            reason: "a kernel command line has no line ends".to_owned(),
        });
    }
    // A blank would begin the next field of /etc/fstab.
    let is_directory =
        |path: &&String| path.starts_with('/') && !path.contains(char::is_whitespace);
    if let Some(directory) = options.tmpfs.iter().find(|path| !is_directory(path)) {
        return Err(Error::Option {
            option: "--tmpfs",
            value: directory.clone(),
            reason: "it is no absolute path without blanks".to_owned(),
        });
    }
    if !options.layout.has_uki() {
        return Ok(None);
    }
    let Some(kernel) = &options.kernel else {
        return Err(Error::MissingOption {
            option: "--kernel",
            reason: "the layout has a unified kernel image; give the kernel's image",
        });
    };
    for (option, path) in [
        ("reading --initrd", &options.initrd),
        ("reading --stub", &options.stub),
    ] {
        if let Some(path) = path {
            fs::metadata(path).map_err(io_error(option, path))?;
        }
    }
    uki::architecture(kernel).map(Some)
}

/// What a layout gave.
#[derive(Default)]
struct Made {
    root_hash: Option<RootHash>,
    cmdline: String,
    partitions: Vec<manifest::Partition>,
}

struct Builder<'a> {
    options: &'a Options,
    plan: &'a Plan,
    result: &'a Path,
    work: &'a Path,
    progress: &'a dyn Progress,
}

impl Builder<'_> {
    fn layout(&self) -> Result<Made, Error> {
        match self.options.layout {
            Layout::Ddi => self.ddi(),
            Layout::Bare => self.bare(),
            Layout::Initrd => self.initrd(),
            Layout::EspFile => self.esp_file(),
        }
    }

    /// A disk with an EFI system partition, the root file system and its hash tree.
    fn ddi(&self) -> Result<Made, Error> {
        let architecture = self.architecture()?;
        let (image, hash_tree) = (self.work.join("root.erofs"), self.work.join("root.verity"));
        let root_hash = self.root_file_system(&image, &hash_tree)?;
        let cmdline = cmdline(self.options, &root_hash.to_string());
        checked(&image, &hash_tree, &root_hash, || {
            let initrds = vec![self.initrd_file()?];
            self.uki(initrds, &cmdline)?;
            let esp = self.esp(architecture, Vec::new())?;
            let (root_id, tree_id) = root_hash.partition_ids();
            let partitions = [
                self.esp_partition(esp),
                Partition {
                    kind: architecture.root_type,
                    label: "root",
                    id: root_id,
                    content: image.clone(),
                },
                Partition {
                    kind: architecture.verity_type,
                    label: "root-verity",
                    id: tree_id,
                    content: hash_tree.clone(),
                },
            ];
            let partitions = self.disk(&partitions)?;
            self.progress.step("validating the disk");
            let command = disk::validate_command(&self.result.join(names::IMAGE));
            command.run("validating the disk")?;
            Ok(Made {
                root_hash: Some(root_hash.clone()),
                cmdline: cmdline.clone(),
                partitions,
            })
        })
    }

    /// The root file system and its hash tree as files.
    fn bare(&self) -> Result<Made, Error> {
        let (image, hash_tree) = (
            self.result.join(names::IMAGE),
            self.result.join(names::HASH_TREE),
        );
        let root_hash = self.root_file_system(&image, &hash_tree)?;
        let cmdline = cmdline(self.options, &root_hash.to_string());
        checked(&image, &hash_tree, &root_hash, || {
            let path = self.result.join(names::CMDLINE);
            fs::write(&path, format!("{cmdline}\n")).map_err(io_error("writing", &path))?;
            if self.options.makes_initrd() {
                let made = self.initrd_file()?;
                let path = self.result.join(names::INITRD);
                fs::rename(&made, &path).map_err(io_error("writing", &path))?;
            }
            Ok(Made {
                root_hash: Some(root_hash.clone()),
                cmdline: cmdline.clone(),
                partitions: Vec::new(),
            })
        })
    }

    /// Everything as the initrd of one unified kernel image.
    fn initrd(&self) -> Result<Made, Error> {
        let architecture = self.architecture()?;
        self.progress.step("writing the initrd");
        let path = self.work.join("root.cpio");
        self.write_initrd(&self.plan.tree, &path)?;
        let cmdline = cmdline(self.options, "");
        self.uki(vec![path], &cmdline)?;
        let esp = self.esp(architecture, Vec::new())?;
        let partitions = self.disk(&[self.esp_partition(esp)])?;
        Ok(Made {
            root_hash: None,
            cmdline,
            partitions,
        })
    }

    /// The root file system and its hash tree as files on the EFI system partition.
    fn esp_file(&self) -> Result<Made, Error> {
        let architecture = self.architecture()?;
        let (image, hash_tree) = (self.work.join("root.erofs"), self.work.join("root.verity"));
        let root_hash = self.root_file_system(&image, &hash_tree)?;
        let cmdline = cmdline(self.options, "");
        checked(&image, &hash_tree, &root_hash, || {
            let units = esp_file::tree(&self.plan.tree, self.options, self.esp_id(), &root_hash)?;
            let path = self.work.join("esp-file.cpio");
            self.write_initrd(&units, &path)?;
            let initrds = vec![self.initrd_file()?, path];
            self.uki(initrds, &cmdline)?;
            let file = |place: &str, source: &Path| EspFile {
                place: place.to_owned(),
                source: source.to_owned(),
            };
            let files = vec![
                file(esp_file::ROOT, &image),
                file(esp_file::HASH_TREE, &hash_tree),
            ];
            let esp = self.esp(architecture, files)?;
            let partitions = self.disk(&[self.esp_partition(esp)])?;
            Ok(Made {
                root_hash: Some(root_hash.clone()),
                cmdline: cmdline.clone(),
                partitions,
            })
        })
    }

    fn architecture(&self) -> Result<Architecture, Error> {
        Ok(check_options(self.options)?.unwrap_or_else(uki::own_architecture))
    }

    /// Makes the root file system and its hash tree.
    fn root_file_system(&self, image: &Path, hash_tree: &Path) -> Result<RootHash, Error> {
        self.progress.step("making the root file system");
        self.progress.total(content_bytes(&self.plan.tree));
        let identity = self.plan.identity;
        let mkfs = erofs::mkfs_command(image, identity.uuid("root"), self.options.compression);
        erofs::make(&mkfs, &self.plan.tree, &|bytes| {
            self.progress.advance(bytes);
        })?;
        self.progress.step("making the hash tree");
        let said = self.work.join(names::ROOT_HASH);
        let format = verity::format_command(image, hash_tree, &said, identity);
        let root_hash = verity::make(&format, &said)?;
        for made in [image, hash_tree] {
            fs::set_permissions(made, fs::Permissions::from_mode(0o644))
                .map_err(io_error("setting the mode of", made))?;
        }
        // veritysetup's file is for its owner only, and has no line end.
        let path = self.result.join(names::ROOT_HASH);
        fs::write(&path, format!("{root_hash}\n")).map_err(io_error("writing", &path))?;
        Ok(root_hash)
    }

    /// The initrd that was given, or a minimal one.
    fn initrd_file(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.options.initrd {
            return Ok(path.clone());
        }
        self.progress.step("making the initrd");
        let tree = initrd::tree(&self.plan.tree, self.options, self.work)?;
        let path = self.work.join("initrd.cpio");
        self.write_initrd(&tree, &path)?;
        Ok(path)
    }

    fn write_initrd(&self, tree: &RootTree, path: &Path) -> Result<(), Error> {
        self.progress.total(content_bytes(tree));
        let told = |bytes| self.progress.advance(bytes);
        initrd::write(tree, path, self.options.compression, &told)
    }

    fn uki(&self, initrds: Vec<PathBuf>, cmdline: &str) -> Result<(), Error> {
        const DOING: &str = "making the unified kernel image";
        self.progress.step(DOING);
        let os_release = self.work.join("os-release");
        if let Some(content) = self.plan.tree.file(b"usr/lib/os-release") {
            let bytes = content.read().map_err(io_error("reading", &os_release))?;
            fs::write(&os_release, bytes).map_err(io_error("writing", &os_release))?;
        }
        let parts = uki::Parts {
            kernel: self.options.kernel.clone().unwrap_or_default(),
            initrds,
            cmdline: cmdline.to_owned(),
            os_release,
            stub: self.options.stub.clone(),
        };
        uki::command(&parts, &self.result.join(names::UKI))
            .run(DOING)
            .map(|_| ())
    }

    /// Makes the EFI system partition with the unified kernel image and some files.
    fn esp(&self, architecture: Architecture, files: Vec<EspFile>) -> Result<PathBuf, Error> {
        self.progress.step("making the EFI system partition");
        let mut all = vec![EspFile {
            place: format!("EFI/BOOT/{}", architecture.boot_file),
            source: self.result.join(names::UKI),
        }];
        all.extend(files);
        let path = self.work.join("esp.vfat");
        esp::make(&path, &self.plan.identity.volume_id(), &all)?;
        Ok(path)
    }

    fn esp_id(&self) -> Uuid {
        self.plan.identity.uuid("esp")
    }

    fn esp_partition(&self, content: PathBuf) -> Partition {
        Partition {
            kind: "esp",
            label: "esp",
            id: self.esp_id(),
            content,
        }
    }

    fn disk(&self, partitions: &[Partition]) -> Result<Vec<manifest::Partition>, Error> {
        self.progress.step("making the disk");
        let definitions = self.work.join("repart.d");
        let image = self.result.join(names::IMAGE);
        let command = disk::repart_command(&definitions, self.plan.identity, &image);
        let said = disk::make(&command, partitions, &definitions)?;
        Ok(manifest::partitions(&said))
    }

    fn reports(&self, manifest: &mut Manifest) -> Result<(), Error> {
        let write = |name: &str, bytes: &[u8]| {
            let path = self.result.join(name);
            fs::write(&path, bytes).map_err(io_error("writing", &path))
        };
        let old = match &self.options.users_pin {
            Some(path) => {
                let text = fs::read(path).map_err(io_error("reading --users-pin", path))?;
                crate::users::Numbers::of_pin_file(&text).unwrap_or_default()
            }
            None => crate::users::Numbers::default(),
        };
        write(names::USERS_PIN, &self.plan.numbers.to_pin_file(&old))?;
        if self.options.size_report {
            let page = size_page::page("What the image holds", &manifest.sizes);
            write(names::SIZE_PAGE, page.as_bytes())?;
        }
        let entries = fs::read_dir(self.result).map_err(io_error("reading", self.result))?;
        for entry in entries {
            let entry = entry.map_err(io_error("reading", self.result))?;
            let size = entry
                .metadata()
                .map_err(io_error("reading", &entry.path()))?
                .size();
            manifest
                .files
                .insert(entry.file_name().to_string_lossy().into_owned(), size);
        }
        let mut text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Unexpected {
            doing: "writing the manifest",
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        write(names::MANIFEST, &text)
    }
}

/// Does the rest of the work while the root file system is read again and verified.
fn checked<T>(
    image: &Path,
    hash_tree: &Path,
    root_hash: &RootHash,
    rest: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let fsck = erofs::fsck_command(image);
    let verify = verity::verify_command(image, hash_tree, &root_hash.to_string());
    thread::scope(|scope| {
        let checks = scope.spawn(move || {
            fsck.run("checking the root file system")?;
            verify.run("verifying the root file system").map(|_| ())
        });
        let done = rest();
        let checked = checks.join().unwrap_or_else(|_| {
            Err(Error::Unexpected {
                doing: "checking the root file system",
                reason: "the check stopped unexpectedly".to_owned(),
            })
        });
        checked.and(done)
    })
}

/// The kernel command line of an image with this root hash.
#[must_use]
pub fn cmdline(options: &Options, root_hash: &str) -> String {
    let root = match options.layout {
        Layout::Ddi | Layout::Bare => {
            let on_corruption = match options.on_corruption {
                OnCorruption::Panic => " systemd.verity_root_options=panic-on-corruption",
                OnCorruption::IoError => "",
            };
            format!("roothash={root_hash}{on_corruption} rootfstype=erofs ro")
        }
        // Units of the initrd open it: esp_file.rs.
        Layout::EspFile => "root=/dev/mapper/root rootfstype=erofs ro".to_owned(),
        Layout::Initrd => String::new(),
    };
    let words = std::iter::once(&root).chain(&options.cmdline);
    let words: Vec<&str> = words
        .map(String::as_str)
        .filter(|words| !words.is_empty())
        .collect();
    words.join(" ")
}

fn content_bytes(tree: &RootTree) -> u64 {
    let size = |node: &Node| match node {
        Node::File(content) => content.size(),
        _ => 0,
    };
    tree.iter().map(|(_, entry)| size(&entry.node)).sum()
}

#[cfg(test)]
mod tests;
