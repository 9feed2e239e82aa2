//! What a path in a `.pc` file should be: the one place that decides it.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::iter;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out::package::normalize;
use hermetic_out::resolve::{Choices, moved_by_stdenv};
use hermetic_out::tree::Node;
use hermetic_out::{Output, Package, Resolver};
use memchr::memmem;

/// What a path should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This directory or file of an own output.
    Own {
        /// The output, by its position.
        output: usize,
        /// Where in it, without slashes at its ends.
        sub_path: Vec<u8>,
    },
    /// The top of the hierarchy that the package was built for: an own output, whichever is its main
    /// one.
    Top,
    /// What the user says, or what stands behind another path: a path that is in no own output.
    Given(Vec<u8>),
    /// It should be in an own output, but none has it.
    Missing,
    /// Only an output has it that the file must not refer to.
    OnlyIn {
        /// The output, by its position.
        output: usize,
    },
    /// It is none of the package's own: a dependency's, the machine's.
    Elsewhere,
}

/// The top directories of a prefix, and of `/` where that is no merged `/usr`.
const TOPS: &[&[u8]] = &[
    b"bin", b"include", b"lib", b"lib32", b"lib64", b"libexec", b"libx32", b"sbin", b"share",
];

/// The directories in which packages are built: Nix's and Debian's.
const BUILD_DIRECTORIES: &[&[u8]] = &[b"/build/", b"/tmp/nix-build-", b"/nix/var/nix/builds/"];

/// Where a package's outputs have what.
pub(crate) struct Places<'a> {
    package: &'a Package,
    resolver: &'a Resolver<'a>,
    choices: &'a Choices,
}

impl<'a> Places<'a> {
    pub(crate) fn new(
        package: &'a Package,
        resolver: &'a Resolver<'a>,
        choices: &'a Choices,
    ) -> Self {
        Self {
            package,
            resolver,
            choices,
        }
    }

    pub(crate) fn package(&self) -> &'a Package {
        self.package
    }

    /// The path of an output.
    pub(crate) fn output(&self, index: usize) -> &'a [u8] {
        let output = self.package.outputs.get(index);
        output.map_or(b"", |output| output.path.as_os_str().as_bytes())
    }

    /// The name of an output.
    pub(crate) fn name(&self, index: usize) -> &'a str {
        let output = self.package.outputs.get(index);
        output.map_or("", |output| output.name.as_str())
    }

    /// The first output that is needed at run time.
    pub(crate) fn first(&self) -> usize {
        let outputs = &self.package.outputs;
        let runtime = outputs.iter().position(Output::is_runtime);
        runtime.unwrap_or(0)
    }

    /// What the absolute path `path`, in a file of the output `from`, should be.
    pub(crate) fn of(&self, path: &[u8], from: usize) -> Place {
        let Some(path) = normalize(path) else {
            return Place::Elsewhere;
        };
        let path = trim_slashes_at_end(&path);
        let given = |pairs: &[(Vec<u8>, Vec<u8>)]| {
            let pair = pairs.iter().find(|(from, _)| from == path);
            pair.map(|(_, to)| self.given(to))
        };
        if let Some(place) = given(&self.choices.replace) {
            return place;
        }
        if self.resolver.is_kept(path) {
            return Place::Elsewhere;
        }
        match self.found(path, from) {
            Place::Missing => given(&self.choices.fallback).unwrap_or(Place::Missing),
            place => place,
        }
    }

    /// Whether a path is in no store and in no build directory, and the user has not replaced it.
    pub(crate) fn is_of_machine(&self, path: &[u8]) -> bool {
        let Some(path) = normalize(path) else {
            return false;
        };
        let path = trim_slashes_at_end(&path);
        let mut replaced = self.choices.replace.iter();
        let store = self.package.store.directory.as_os_str().as_bytes();
        !replaced.any(|(from, _)| from == path)
            && self.own(path).is_none()
            && !is_below(path, store)
            && !is_of_build(path)
    }

    fn given(&self, to: &[u8]) -> Place {
        match self.own(to) {
            Some((output, sub_path)) => Place::Own {
                output,
                sub_path: sub_path.to_vec(),
            },
            None => Place::Given(to.to_vec()),
        }
    }

    fn found(&self, path: &[u8], from: usize) -> Place {
        if let Some(path) = self.doubled(path) {
            return match self.own(path) {
                Some(_) => self.found(path, from),
                None => Place::Given(path.to_vec()),
            };
        }
        if let Some((output, sub_path)) = self.own(path) {
            let stays = Place::Own {
                output,
                sub_path: sub_path.to_vec(),
            };
            if sub_path.is_empty() || self.has(output, sub_path) {
                return stays;
            }
            // stdenv has moved it to another output.
            return match self.holder(sub_path, from) {
                Place::Missing | Place::OnlyIn { .. } => stays,
                found => found,
            };
        }
        if is_below(path, self.package.store.directory.as_os_str().as_bytes()) {
            return Place::Elsewhere;
        }
        if is_of_build(path) {
            return self.of_build(path, from);
        }
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').skip(1).collect();
        let usr = parts.iter().take_while(|part| **part == b"usr").count();
        let mut rest = &parts[usr..];
        if usr > 0 && rest.first() == Some(&&b"local"[..]) {
            rest = &rest[1..];
        }
        match rest.first() {
            None if usr > 0 => Place::Top,
            None => Place::Elsewhere,
            Some(top) if usr > 0 || TOPS.contains(top) => self.holder(&rest.join(&b'/'), from),
            Some(_) => Place::Elsewhere,
        }
    }

    /// The path that stands behind another one: `CMake`'s `${prefix}/${CMAKE_INSTALL_LIBDIR}` puts a store path
    /// behind a store path, where nothing is. Of several, it is the last.
    fn doubled<'b>(&self, path: &'b [u8]) -> Option<&'b [u8]> {
        let store = self.package.store.directory.as_os_str().as_bytes();
        let start = memmem::rfind(path, store).filter(|start| *start > 0)?;
        let behind = &path[start..];
        let exists = |path: &[u8]| {
            let tree = self.resolver.tree();
            tree.look_up(Path::new(OsStr::from_bytes(path))).is_some()
        };
        let is_path = is_below(behind, store) && behind != store;
        let is_known = self.own(behind).is_some() || exists(behind);
        (is_path && is_known && !is_of_build(path) && !exists(path)).then_some(behind)
    }

    /// A path that only existed while the package was built.
    fn of_build(&self, path: &[u8], from: usize) -> Place {
        for index in 0..self.package.outputs.len() {
            // DESTDIR in front of the output.
            let output = self.output(index);
            if let Some(start) = memmem::find(path, output)
                && let Some((output, sub_path)) = self.own(&path[start..])
            {
                return Place::Own {
                    output,
                    sub_path: sub_path.to_vec(),
                };
            }
        }
        if let Some(usr) = memmem::rfind(path, b"/usr/") {
            return self.holder(&path[usr + 5..], from);
        }
        if path.ends_with(b"/usr") {
            return Place::Top;
        }
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let tops = (0..parts.len()).filter(|start| TOPS.contains(&parts[*start]));
        let mut found = tops.map(|start| self.holder(&parts[start..].join(&b'/'), from));
        let own = found.find(|place| matches!(place, Place::Own { .. }));
        own.unwrap_or(Place::Missing)
    }

    /// The output that a path lies in, and where.
    pub(crate) fn own<'b>(&self, path: &'b [u8]) -> Option<(usize, &'b [u8])> {
        (0..self.package.outputs.len()).find_map(|index| {
            let rest = path.strip_prefix(self.output(index))?;
            match rest.split_first() {
                None => Some((index, rest)),
                Some((b'/', rest)) => Some((index, trim_slashes_at_end(rest))),
                Some(_) => None,
            }
        })
    }

    /// The output that has `sub_path`: one that is needed at run time before others, then the one
    /// that has most in it.
    fn holder(&self, sub_path: &[u8], from: usize) -> Place {
        let outputs = &self.package.outputs;
        let is_runtime = |index: usize| outputs.get(index).is_some_and(Output::is_runtime);
        for sub_path in iter::once(sub_path.to_vec()).chain(moved_by_stdenv(sub_path)) {
            let has = (0..outputs.len()).filter(|index| self.has(*index, &sub_path));
            let mut holders: Vec<usize> = has.collect();
            holders.sort_by_key(|index| {
                let (libraries, files) = self.weight(*index, &sub_path);
                (!is_runtime(*index), Reverse(libraries), Reverse(files))
            });
            let may = |index: &usize| !is_runtime(from) || is_runtime(*index) || *index == from;
            if let Some(output) = holders.iter().copied().find(may) {
                return Place::Own { output, sub_path };
            }
            if let Some(output) = holders.first().copied() {
                return Place::OnlyIn { output };
            }
        }
        Place::Missing
    }

    fn has(&self, output: usize, sub_path: &[u8]) -> bool {
        let output = self.package.outputs.get(output);
        let node = output.and_then(|output| self.resolver.tree().look_up(&output.join(sub_path)));
        matches!(node, Some(Node::Directory | Node::File | Node::Program))
    }

    /// Whether a directory holds libraries, and how many entries it has. Where `.pc` files lie says
    /// nothing about what they are about.
    fn weight(&self, output: usize, sub_path: &[u8]) -> (bool, usize) {
        let Some(output) = self.package.outputs.get(output) else {
            return (false, 0);
        };
        let real = self.resolver.tree().real_path(&output.join(sub_path));
        let entries = fs::read_dir(real).into_iter().flatten().flatten();
        let mut weight = (false, 0);
        for entry in entries {
            let name = entry.file_name();
            let name = name.as_bytes();
            if name != b"pkgconfig" && name != b"cmake" {
                weight.0 |= name.starts_with(b"lib");
                weight.1 += 1;
            }
        }
        weight
    }
}

fn is_of_build(path: &[u8]) -> bool {
    let mut directories = BUILD_DIRECTORIES.iter();
    directories.any(|build| path.starts_with(build))
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    let rest = path.strip_prefix(directory);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn trim_slashes_at_end(path: &[u8]) -> &[u8] {
    let kept = path.iter().rposition(|byte| *byte != b'/');
    &path[..kept.map_or(0, |last| last + 1)]
}
