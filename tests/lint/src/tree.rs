//! A tree on the disk: as a store path, or as a package of the usual layout has it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::{Error, Result, run};

use crate::defects::{Content, Node, Tree};

/// The name of the package that has the defects.
pub const PACKAGE: &str = "clockd";

/// Where a tree lies, and what its placeholders mean there.
#[derive(Clone, Debug)]
pub enum Layout {
    /// As a store path, with its dependencies as others.
    Store {
        /// The store's directory.
        store: PathBuf,
    },
    /// As a package that is installed to `/usr`.
    Fhs {
        /// Where the root of its files is.
        root: PathBuf,
        /// The package's name: a directory of its own in `/usr/lib` is named after it.
        package: String,
    },
}

impl Layout {
    /// A text of the tree as it is in this layout.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        match self {
            Self::Store { store } => {
                for name in [PACKAGE, "bash", "coreutils", "libc"] {
                    let place = if name == PACKAGE {
                        "@out@"
                    } else {
                        &format!("@{name}@")
                    };
                    text = text.replace(place, &store_path(store, name).display().to_string());
                }
                text = text.replace("@store@", &store.display().to_string());
            }
            Self::Fhs { package, .. } => {
                for (place, means) in [
                    ("@libc@/lib/ld-", "/lib64/ld-"),
                    ("@out@/etc", "/etc"),
                    ("@out@/lib/clockd", &*format!("/usr/lib/{package}")),
                    ("@tree@/lib/clockd", &*format!("@tree@/lib/{package}")),
                    ("@out@", "/usr"),
                    ("@bash@", "/usr"),
                    ("@coreutils@", "/usr"),
                    ("@libc@", "/usr"),
                    ("@store@", "/usr"),
                ] {
                    text = text.replace(place, means);
                }
            }
        }
        text.replace("@tree@", &self.top().display().to_string())
    }

    /// Where a file of the tree lies on the disk.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        match self {
            Self::Store { store } => {
                let top = store_path(store, PACKAGE);
                let inside = top.strip_prefix("/").unwrap_or(&top).display().to_string();
                top.join(path.replace("@inside@", &inside))
            }
            Self::Fhs { root, package } => {
                let path = path
                    .replace("@inside@", "usr")
                    .replace("lib/clockd/", &format!("lib/{package}/"));
                // lintian looks for rules of udev in /lib alone.
                let at_root = ["etc/", "var/", "lib/udev/"];
                if at_root.iter().any(|top| path.starts_with(top)) {
                    root.join(path)
                } else {
                    root.join("usr").join(path)
                }
            }
        }
    }

    fn top(&self) -> PathBuf {
        match self {
            Self::Store { store } => store_path(store, PACKAGE),
            Self::Fhs { root, .. } => root.join("usr"),
        }
    }
}

/// The store path of a package in a store of these trees.
#[must_use]
pub fn store_path(store: &Path, name: &str) -> PathBuf {
    let hash = match name {
        "bash" => "1b9p4qjcyw4rs1azjyi4ff7mabzcxq0f",
        "coreutils" => "2c8d5nslqxh2v0m7yj6b3kfgrpazw919",
        "libc" => "3d7f6mvw0y1zq9hk8c5xlpjgrsba42n4",
        _ => "4f6g7jhx1a2yr8kn9d5zmqlcvspbw330",
    };
    store.join(format!("{hash}-{name}-1.0"))
}

/// Writes trees, with a compiler for what is no text.
#[derive(Debug)]
pub struct Writer {
    work: PathBuf,
    program: Vec<u8>,
    library: Vec<u8>,
}

impl Writer {
    /// Compiles what all trees have in common, in a directory of its own.
    pub fn new(work: &Path) -> Result<Self> {
        fs::create_dir_all(work).map_err(|error| Error::new("write trees", error))?;
        let (program, library) = (work.join("program"), work.join("library"));
        let main = "void _start(void) { for (;;) ; }";
        compile(work, &program, main, "-static -nostdlib")?;
        let function = "int shared(void) { return 0; }";
        compile(work, &library, function, "-shared -nostdlib")?;
        let read = |path| fs::read(path).map_err(|error| Error::new("write trees", error));
        Ok(Self {
            work: work.to_owned(),
            program: read(program)?,
            library: read(library)?,
        })
    }

    /// Writes a tree, and in a store also what it depends on.
    pub fn write(&self, tree: &Tree, layout: &Layout) -> Result<()> {
        if let Layout::Store { store } = layout {
            self.write_dependencies(store)
                .map_err(|error| Error::new(format!("write to {}", store.display()), error))?;
        }
        fs::create_dir_all(layout.top())
            .map_err(|error| Error::new(format!("write {}", layout.top().display()), error))?;
        // Programs are linked with the libraries of the tree.
        let is_program = |node: &Node| matches!(&node.content, Content::C { flags, .. } if !flags.contains("-shared"));
        let (last, first): (Vec<_>, Vec<_>) = tree.iter().partition(|(_, node)| is_program(node));
        for (path, node) in first.into_iter().chain(last) {
            self.write_node(path, node, layout)?;
        }
        Ok(())
    }

    fn write_node(&self, path: &str, node: &Node, layout: &Layout) -> Result<()> {
        let place = layout.path(path);
        let io = |error| Error::new(format!("write {}", place.display()), error);
        fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(io)?;
        let mut mode = 0o644;
        match &node.content {
            Content::Text(text) => {
                if text.starts_with("#!") {
                    mode = 0o755;
                }
                fs::write(&place, layout.text(text)).map_err(io)?;
            }
            Content::Program => {
                mode = 0o755;
                fs::write(&place, &self.program).map_err(io)?;
            }
            Content::C { source, flags } => {
                mode = 0o755;
                compile(
                    &self.work,
                    &place,
                    &layout.text(source),
                    &layout.text(flags),
                )?;
            }
            Content::Link(target) => return symlink(layout.text(target), &place).map_err(io),
            Content::Directory => return fs::create_dir(&place).map_err(io),
        }
        let mode = fs::Permissions::from_mode(node.mode.unwrap_or(mode));
        fs::set_permissions(&place, mode).map_err(io)
    }

    fn write_dependencies(&self, store: &Path) -> std::io::Result<()> {
        for (name, files) in [
            ("bash", &["bin/bash", "bin/sh"][..]),
            ("coreutils", &["bin/cat", "bin/false", "bin/true"]),
            ("libc", &["lib/ld-linux-x86-64.so.2", "lib/libc.so.6"]),
        ] {
            for file in files {
                let path = store_path(store, name).join(file);
                fs::create_dir_all(path.parent().unwrap_or(store))?;
                let content = if name == "libc" {
                    &self.library
                } else {
                    &self.program
                };
                fs::write(&path, content)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
        }
        Ok(())
    }
}

fn compile(work: &Path, target: &Path, source: &str, flags: &str) -> Result<()> {
    let doing = format!("compile {}", target.display());
    let name = target.display().to_string().replace('/', "_");
    let file = work.join(format!("{name}.c"));
    fs::write(&file, source).map_err(|error| Error::new(&doing, error))?;
    let mut command = Command::new("cc");
    command.args(["-O1", "-fPIC", "-Wl,--build-id=none", "-o"]);
    command
        .arg(target)
        .arg(&file)
        .args(flags.split_whitespace());
    run(&mut command, &doing)?;
    Ok(())
}
