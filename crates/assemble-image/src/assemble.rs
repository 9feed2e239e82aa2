//! From options to the output: plan, steps, reports.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hermetic_out::{Finding, regular_file};

use crate::architecture::{self, Architecture};
use crate::closure::in_image;
use crate::command::Tool;
use crate::error::{Error, io_error};
use crate::etc;
use crate::findings::has_error;
use crate::interrupt::RemovedOnSignal;
use crate::lint;
use crate::manifest::Manifest;
use crate::options::{Options, Part};
use crate::output::{Aside, names};
use crate::plan::{Plan, plan};
use crate::progress::{Progress, Quiet};
use crate::rebuild_check::compare;
use crate::root_hash::RootHash;
use crate::root_tree::{RootTree, has_dots};
use crate::size_page;
use crate::sizes::Sizes;
use crate::steps::{self, Job, Layout};
use crate::tools::{self, Versions};
use crate::uki;

/// What became of an assembly.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was found. If an error is among it, nothing was written.
    pub(crate) findings: Vec<Finding>,
    /// What the lint found beside errors, if it was asked.
    pub(crate) lint: Option<lint::Numbers>,
    /// Whether the output was written.
    pub(crate) written: bool,
    /// The root hash.
    pub(crate) root_hash: Option<String>,
}

/// Assembles an image into a new directory `output`. With errors among the findings nothing is
/// written.
pub(crate) fn assemble(
    options: &Options,
    layout: &Layout,
    output: &Path,
    rebuild_check: bool,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let prepared = prepare(options, layout)?;
    let aside = Aside::new(output)?;
    let _interrupted = RemovedOnSignal::new(aside.directory())?;
    let first = build(options, layout, &aside, &prepared, progress)?;
    if rebuild_check && first.written {
        let again = Aside::new(&aside.work().join("again"))?;
        build(options, layout, &again, &prepared, progress)?;
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
    layout: &Layout,
    aside: &Aside,
    (architecture, versions): &(Architecture, Versions),
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let (work, result) = (aside.work(), aside.result());
    let mut plan = plan(options, &work, progress)?;
    let mut outcome = Outcome {
        findings: std::mem::take(&mut plan.findings),
        lint: plan.lint,
        written: false,
        root_hash: None,
    };
    if has_error(&outcome.findings) {
        return Ok(outcome);
    }
    let places = (work.as_path(), result.as_path());
    let mut job = Job::new(options, layout, &plan.tree, *architecture, places, progress);
    steps::run(&job.steps(), &mut job)?;
    outcome.written = true;
    outcome.root_hash = job.root_hash.as_ref().map(RootHash::to_string);
    let sizes = Sizes::of(&plan.tree, in_image(&options.store.directory));
    let mut manifest = Manifest::new(
        options,
        layout.name,
        &plan.numbers,
        &outcome.findings,
        sizes,
    );
    manifest.lint = plan.lint;
    manifest.tools = versions.iter().cloned().collect();
    manifest.root_hash.clone_from(&outcome.root_hash);
    manifest.cmdline = job.cmdline();
    manifest.partitions = job.partitions;
    write_reports(options, &plan, manifest, &result)?;
    Ok(outcome)
}

/// Checks options and tools before anything is done; the kernel's architecture, and the versions of the
/// tools.
pub(crate) fn prepare(
    options: &Options,
    layout: &Layout,
) -> Result<(Architecture, Versions), Error> {
    let architecture = check_options(options)?;
    Ok((
        architecture,
        tools::check(&needed_tools(options, layout, architecture))?,
    ))
}

/// The tools that are asked for: those of all commands that may be run.
fn needed_tools(
    options: &Options,
    layout: &Layout,
    architecture: Architecture,
) -> Vec<&'static Tool> {
    let (tree, place) = (RootTree::default(), Path::new(""));
    let job = Job::new(options, layout, &tree, architecture, (place, place), &Quiet);
    let etc = etc::Step::needed(options, None).into_iter();
    let etc = etc.map(|step| step.command(options, place));
    let steps = job.steps();
    let mut needed = Vec::new();
    for command in etc.chain(steps.iter().flat_map(|step| step.commands(&job))) {
        if !needed.contains(&command.tool()) {
            needed.push(command.tool());
        }
    }
    needed
}

/// The architecture of the kernel; that of this program for images without one.
fn check_options(options: &Options) -> Result<Architecture, Error> {
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
    let is_directory = |path: &&String| {
        path.starts_with('/') && !path.contains(char::is_whitespace) && !has_dots(path.as_bytes())
    };
    if let Some(directory) = options.tmpfs.iter().find(|path| !is_directory(path)) {
        return Err(Error::Option {
            option: "--tmpfs",
            value: directory.clone(),
            reason: "it is no absolute path without blanks, . and ..".to_owned(),
        });
    }
    if !options.wants(Part::Kernel) {
        return Ok(architecture::own());
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
            regular_file::open(path).map_err(io_error(option, path))?;
        }
    }
    architecture::of_kernel(kernel)
}

/// Writes what describes the image: the numbers of users, the sizes, and the manifest.
fn write_reports(
    options: &Options,
    plan: &Plan,
    mut manifest: Manifest,
    result: &Path,
) -> Result<(), Error> {
    let write = |name: &str, bytes: &[u8]| {
        let path = result.join(name);
        fs::write(&path, bytes).map_err(io_error("writing", &path))
    };
    if options.wants(Part::Users) {
        write(names::USERS_PIN, &plan.numbers.to_pin_file(&plan.pin))?;
    }
    if options.size_report {
        let page = size_page::page("What the image holds", &manifest.sizes);
        write(names::SIZE_PAGE, page.as_bytes())?;
    }
    let entries = fs::read_dir(result).map_err(io_error("reading", result))?;
    for entry in entries {
        let entry = entry.map_err(io_error("reading", result))?;
        let size = entry
            .metadata()
            .map_err(io_error("reading", &entry.path()))?
            .size();
        manifest
            .files
            .insert(entry.file_name().to_string_lossy().into_owned(), size);
    }
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Unexpected {
        action: "writing the manifest",
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    write(names::MANIFEST, &text)
}

#[cfg(test)]
mod tests;
