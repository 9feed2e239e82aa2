//! What becomes of everything that names a path below /etc: one decision for texts, symlinks and programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::configuration::ReadFrom;
use hermetic_out::package::relative;
use hermetic_out::tree::Node;
use hermetic_out::{Change, Edit, Finding, Outcome, OutputReferences, Package, Severity, Tree};
use hermetic_out_formats::etc_mentions::{
    self, EtcPath, EtcPaths, Format, Mention, Mentions, Reader, Verdict, in_etc,
};
use hermetic_out_formats::script::Language;
use hermetic_out_formats::tables::below;
use hermetic_out_formats::{Encoding, FileKind, MappedText, Quote, Span};

use crate::binaries::{Binaries, named_in};
use crate::layout::{Layout, Shipped, absolute};
use crate::overrides::Readers;
use crate::policy::{Mode, Treatment};
use crate::programs::Programs;
use crate::read::{Symlink, TextFile};
use crate::{Error, Options, findings, tmpfiles_targets};

/// Directories below /etc whose files hold variables for a service's script: the conventions of Debian,
/// Red Hat and Gentoo. What reads one of them reads the package's own first.
const OF_VARIABLES: &[&str] = &["conf.d", "default", "sysconfig"];

pub(crate) struct Rewriter<'a> {
    package: &'a Package,
    tree: &'a Tree,
    layout: &'a Layout<'a>,
    treatment: &'a Treatment<'a>,
    options: &'a Options,
    programs: Programs<'a>,
    readers: Readers,
    /// Which outputs refer to which, once it matters.
    references: Option<OutputReferences>,
    /// What the package writes, as far as it is the machine's.
    written: EtcPaths,
    /// What the package watches, or may write.
    watched: EtcPaths,
    /// What is to be linked, by the path relative to /etc.
    links: BTreeSet<Vec<u8>>,
    findings: Vec<Finding>,
    /// What of which file is told to be linked instead.
    told: BTreeSet<(PathBuf, Vec<u8>)>,
    /// The outputs that the file at hand comes to refer to.
    referred: BTreeSet<usize>,
    replaced: usize,
    kept: usize,
    new_references: BTreeMap<usize, BTreeSet<PathBuf>>,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(
        package: &'a Package,
        tree: &'a Tree,
        layout: &'a Layout<'a>,
        treatment: &'a Treatment<'a>,
        options: &'a Options,
    ) -> Self {
        Self {
            package,
            tree,
            layout,
            treatment,
            options,
            programs: Programs::new(package, tree),
            readers: Readers::default(),
            references: None,
            written: EtcPaths::default(),
            watched: EtcPaths::default(),
            links: BTreeSet::new(),
            findings: Vec::new(),
            told: BTreeSet::new(),
            referred: BTreeSet::new(),
            replaced: 0,
            kept: 0,
            new_references: BTreeMap::new(),
        }
    }

    /// The edits of all files, in their order.
    pub(crate) fn texts(&mut self, files: &[TextFile]) -> Result<Vec<Vec<Edit>>, Error> {
        let all: Vec<Mentions> = files
            .iter()
            .map(|file| etc_mentions::of(file.format, &file.content))
            .collect();
        let directories = all
            .iter()
            .flat_map(|found| &found.configuration_directories);
        let directories: Vec<Vec<u8>> = directories.cloned().collect();
        for (file, mentions) in files.iter().zip(&all) {
            self.find_written(file, mentions, &directories);
        }
        let mut edits = Vec::with_capacity(files.len());
        for (file, mentions) in files.iter().zip(&all) {
            let mut of_file = self.file(file, mentions)?;
            if file.format == Format::Known(FileKind::Tmpfiles) {
                let os_release = self.options.policy.os_release.as_deref();
                let targets = tmpfiles_targets::edits(
                    &file.content,
                    self.package,
                    self.layout,
                    self.tree,
                    os_release,
                );
                self.replaced += targets.len();
                of_file.extend(targets);
            }
            edits.push(of_file);
        }
        Ok(edits)
    }

    /// Notes what a file writes and watches of what the package ships; `directories` are those that services get as
    /// `$CONFIGURATION_DIRECTORY`.
    fn find_written(&mut self, file: &TextFile, mentions: &Mentions, directories: &[Vec<u8>]) {
        for mention in &mentions.list {
            let path = mention.path();
            let Some(sub_path) = path.in_etc() else {
                continue;
            };
            let is_place = match mention.verdict {
                Verdict::Watched => true,
                // Variables have layers.
                Verdict::Optional => !is_of_variables(sub_path),
                // Where that is not known, it may be written.
                Verdict::Unknown => true,
                Verdict::Given => {
                    !self.treatment.of(sub_path).1 && !self.programs.all_read(&mention.programs)
                }
                _ => false,
            };
            if is_place {
                self.watched.insert(sub_path);
            }
        }
        let written = mentions
            .written()
            .flat_map(|written| written.in_configuration_directories(directories));
        for written in written {
            let Some(place) = written.path.in_etc() else {
                continue;
            };
            let shipped = &self.layout.shipped;
            let from_here = shipped
                .range(place.to_vec()..)
                .map(|(sub_path, _)| sub_path);
            let near = from_here.take_while(|sub_path| sub_path.starts_with(place));
            let below_it = near.filter(|sub_path| below(sub_path, place).is_some());
            let slashes = place.find_iter(b"/").map(|slash| &place[..slash]);
            let above_it = slashes.filter_map(|path| shipped.get_key_value(path));
            for sub_path in below_it.chain(above_it.map(|(sub_path, _)| sub_path)) {
                let (mode, is_told) = self.treatment.of(sub_path);
                if is_told || mode == Mode::Keep {
                    continue;
                }
                let is_above = sub_path.len() > place.len();
                if (is_above || written.path.goes_on) && !written.below {
                    // Something in the directory is written, and this may be it.
                    self.watched.insert(sub_path);
                    continue;
                }
                if !self.written.insert(sub_path) {
                    continue;
                }
                let path = [b"/etc/", &sub_path[..]].concat();
                let message = if place == sub_path {
                    format!(
                        "{} is written here, so it belongs to the machine",
                        path.as_bstr()
                    )
                } else {
                    let file = path.as_bstr();
                    format!(
                        "{} is written here, so {file} belongs to the machine",
                        written.path.path.as_bstr()
                    )
                };
                let finding = findings::about(
                    &findings::ETC_WRITTEN,
                    &file.path,
                    &path,
                    message,
                    "add a rule for this path to the policy if that is wrong",
                );
                self.findings.push(finding.at(&file.content, written.place));
            }
        }
    }

    fn file(&mut self, file: &TextFile, mentions: &Mentions) -> Result<Vec<Edit>, Error> {
        let mut edits = Vec::new();
        let before = self.findings.len();
        let mut concerned = false;
        let layers: BTreeSet<&[u8]> = mentions.layers.iter().map(Vec::as_slice).collect();
        self.referred.clear();
        for mention in &mentions.list {
            concerned |= self.mention(file, mentions, &layers, mention, &mut edits)?;
        }
        if let Some(span) = mentions.problem.filter(|_| concerned) {
            // One word about the script is enough.
            self.findings.truncate(before);
            let finding = findings::about(
                &findings::SHELL_SYNTAX,
                &file.path,
                span.of(&file.content),
                "the script cannot be parsed and was left unchanged",
                "correct the script; the files below /etc that it names are linked",
            );
            self.findings.push(finding.at(&file.content, span));
        }
        Ok(edits)
    }

    /// Decides about one mention; whether it is about something that the package ships.
    fn mention(
        &mut self,
        file: &TextFile,
        mentions: &Mentions,
        layers: &BTreeSet<&[u8]>,
        mention: &Mention,
        edits: &mut Vec<Edit>,
    ) -> Result<bool, Error> {
        if matches!(
            mention.verdict,
            Verdict::Documentation | Verdict::Shown | Verdict::Provided
        ) {
            return Ok(false);
        }
        let text = &mention.text;
        let EtcPath { path, goes_on } = mention.path();
        if goes_on {
            return Ok(self.link_below(&path, &file.path));
        }
        let mut named = self.options.choices.replace.iter();
        let is_path = text.bytes().starts_with(b"/");
        let named = named.find(|(from, _)| *from == path && in_etc(from).is_some());
        if let Some((_, to)) = named.filter(|_| is_path) {
            let to = to.clone();
            return Ok(self.replace(file, text, &to, edits));
        }
        // What was installed in the wrong place is found at the right one, whatever the mode.
        let place = Path::new(OsStr::from_bytes(&path));
        if place.starts_with(&self.package.store.directory) {
            if let Some(new) = self.layout.new_place(place) {
                let new = new.as_os_str().as_bytes().to_vec();
                return Ok(self.replace(file, text, &new, edits));
            }
            self.reads_own(place, &file.path);
            return Ok(false);
        }
        let Some(sub_path) = in_etc(&path) else {
            return Ok(false);
        };
        let Some(shipped) = self.layout.shipped.get(sub_path).cloned() else {
            if mention.verdict == Verdict::Optional {
                self.readers
                    .add_include(sub_path, &self.layout.final_place(&file.path));
            }
            return Ok(self.link_below(&path, &file.path));
        };
        let (mode, is_told) = self.treatment.of(sub_path);
        let new = shipped.path.as_os_str().as_bytes().to_vec();
        let is_written = self.written.cover(sub_path);
        let is_layered = layers.contains(&*new);
        if mode == Mode::Keep {
            self.kept += 1;
            self.reads(sub_path, &file.path, ReadFrom::Etc);
            return Ok(true);
        }
        match mention.reader {
            Reader::EnvironmentFile {
                assignment,
                optional,
            } if self.allows(file.output, shipped.output)? => {
                if !is_layered && !self.layer(file, text, assignment, &shipped, edits) {
                    self.link(sub_path);
                } else if let Some(span) = text.covering_span().filter(|_| !optional) {
                    edits.push(Edit {
                        span: Span::new(span.start, span.start),
                        text: b"-".to_vec(),
                    });
                    self.replaced += usize::from(is_layered);
                } else {
                    self.kept += usize::from(is_layered);
                }
                self.reads(sub_path, &file.path, ReadFrom::Both);
                return Ok(true);
            }
            Reader::Shell(command)
                if is_of_variables(sub_path) && !is_layered && mentions.problem.is_none() =>
            {
                let layered = self.allows(file.output, shipped.output)?
                    && self.source_both(file, text, command, &shipped, edits);
                if !layered || mode == Mode::Link {
                    self.link(sub_path);
                }
                let from = if layered {
                    ReadFrom::Both
                } else {
                    ReadFrom::Etc
                };
                self.reads(sub_path, &file.path, from);
                return Ok(true);
            }
            _ => {}
        }
        let is_read = match mention.verdict {
            Verdict::Read | Verdict::Optional => true,
            // A rule about this very path knows more.
            Verdict::Given => is_told || self.programs.all_read(&mention.programs),
            _ => false,
        };
        // What reads the package's own file already goes on to the administrator's.
        let is_environment_file = matches!(mention.reader, Reader::EnvironmentFile { .. });
        let could_be_replaced = is_read && !is_environment_file;
        if is_layered && could_be_replaced && mode == Mode::Rewrite {
            self.kept += 1;
            self.reads(sub_path, &file.path, ReadFrom::Both);
            return Ok(true);
        }
        // Nothing can be written in a store, whatever the policy says of the path.
        if is_written || mention.verdict == Verdict::Written && mode == Mode::Rewrite {
            self.kept += 1;
            self.reads(sub_path, &file.path, ReadFrom::Etc);
            return Ok(true);
        }
        let is_place = matches!(mention.verdict, Verdict::Watched | Verdict::Optional);
        let is_known = is_place || is_read;
        if mode == Mode::Link || is_known && self.watched.cover(sub_path) {
            self.link_for(sub_path, &file.path);
            return Ok(true);
        }
        if !is_read {
            let reason = match mention.verdict {
                Verdict::Given => "an argument of a command that can read or write it",
                _ => mention.reason,
            };
            self.link_instead(file, text, sub_path, reason);
            return Ok(true);
        }
        if !self.allows(file.output, shipped.output)? {
            let to = &self.package.outputs[shipped.output].name;
            let from = &self.package.outputs[file.output].name;
            let place = format!("in {from}, to which {to} refers");
            self.link_instead(file, text, sub_path, &place);
            return Ok(true);
        }
        if self.replace(file, text, &new, edits) {
            self.refer(file.output, shipped.output, &file.content);
            self.reads(sub_path, &file.path, ReadFrom::Output);
        } else {
            self.link_instead(file, text, sub_path, "where it cannot be replaced");
        }
        Ok(true)
    }

    /// Replaces a text by a path; whether its place has a notation for that.
    fn replace(
        &mut self,
        file: &TextFile,
        text: &MappedText,
        new: &[u8],
        edits: &mut Vec<Edit>,
    ) -> bool {
        let Some(span) = text.editable_span() else {
            return false;
        };
        let encoded = match file.format {
            // How such a file quotes is not known.
            Format::Configuration | Format::DropIn => is_plain(new).then(|| new.to_vec()),
            Format::Script(language) if language != Language::Shell => {
                is_plain(new).then(|| new.to_vec())
            }
            _ => text.encode(new).ok(),
        };
        let Some(encoded) = encoded else {
            return false;
        };
        edits.push(Edit {
            span,
            text: encoded,
        });
        self.replaced += 1;
        true
    }

    /// `EnvironmentFile=` with the package's own file, in front of the administrator's.
    fn layer(
        &mut self,
        file: &TextFile,
        text: &MappedText,
        assignment: usize,
        shipped: &Shipped,
        edits: &mut Vec<Edit>,
    ) -> bool {
        let Ok(value) = text.encode(shipped.path.as_os_str().as_bytes()) else {
            return false;
        };
        let before = file.content.get(..assignment).unwrap_or_default();
        let line_start = before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        // A byte order mark is no indentation.
        let indent = before[line_start..].trim_start_with(|char| !matches!(char, ' ' | '\t'));
        let rest = file.content.get(assignment..).unwrap_or_default();
        let line = rest.find_byte(b'\n').and_then(|end| rest.get(..end));
        let line_end: &[u8] = if line.is_some_and(|line| line.ends_with(b"\r")) {
            b"\r\n"
        } else {
            b"\n"
        };
        edits.push(Edit {
            span: Span::new(assignment, assignment),
            text: [b"EnvironmentFile=", &value[..], line_end, indent].concat(),
        });
        self.replaced += 1;
        self.refer(file.output, shipped.output, &file.content);
        true
    }

    /// `. FILE` of the package's own file, then of the administrator's if it is there.
    fn source_both(
        &mut self,
        file: &TextFile,
        text: &MappedText,
        command: Span,
        shipped: &Shipped,
        edits: &mut Vec<Edit>,
    ) -> bool {
        let word = |path: &[u8]| Encoding::ShellWord(Quote::Bare).encode(path);
        let own = word(shipped.path.as_os_str().as_bytes());
        let (Ok(own), Ok(theirs)) = (own, word(text.bytes())) else {
            return false;
        };
        // Within backquotes a backslash is read twice; a unit has specifiers, and quotes of its own.
        let is_in_unit = matches!(file.format, Format::Known(_));
        let is_read_twice = own.contains(&b'\\') || theirs.contains(&b'\\');
        if is_read_twice || is_in_unit && !(is_plain(&own) && is_plain(&theirs)) {
            return false;
        }
        let text = [
            b"{ . ",
            &own[..],
            b"; [ ! -r ",
            &theirs,
            b" ] || . ",
            &theirs,
            b"; }",
        ];
        edits.push(Edit {
            span: command,
            text: text.concat(),
        });
        self.replaced += 1;
        self.refer(file.output, shipped.output, &file.content);
        true
    }

    /// Notes what a file of the package reads.
    fn reads(&mut self, sub_path: &[u8], file: &Path, from: ReadFrom) {
        // A `.pc` file tells builds a path, and reads nothing.
        if file.extension() != Some(OsStr::new("pc")) {
            let file = self.layout.final_place(file);
            self.readers.add(sub_path, file, from);
        }
    }

    /// Notes what a file of the package reads in an output, if it is configuration.
    fn reads_own(&mut self, place: &Path, file: &Path) {
        if let Some(sub_path) = self.layout.shipped_at(place) {
            self.reads(&sub_path, file, ReadFrom::Output);
        }
    }

    /// Links what a file of the package reads.
    fn link_for(&mut self, sub_path: &[u8], file: &Path) {
        self.reads(sub_path, file, ReadFrom::Etc);
        self.link(sub_path);
    }

    fn link(&mut self, sub_path: &[u8]) {
        self.kept += 1;
        let needs_link = self
            .layout
            .shipped
            .get(sub_path)
            .is_some_and(|shipped| !shipped.in_vendor_directory);
        if needs_link {
            self.links.insert(sub_path.to_vec());
        }
    }

    /// Links what is to be rewritten, but cannot be.
    fn link_instead(&mut self, file: &TextFile, text: &MappedText, sub_path: &[u8], place: &str) {
        self.link_for(sub_path, &file.path);
        let about = (file.path.clone(), text.bytes().to_vec());
        if !self.told.insert(about) {
            return;
        }
        let finding = findings::about(
            &findings::ETC_LINKED_INSTEAD,
            &file.path,
            text.bytes(),
            format!("{} is {place}, so it gets a link", text.bytes().as_bstr()),
            findings::ETC_LINKED_INSTEAD.remedy,
        );
        let span = text.covering_span().unwrap_or(Span::new(0, 0));
        self.findings.push(finding.at(&file.content, span));
    }

    /// Links all that the package ships below a directory; whether there is anything.
    fn link_below(&mut self, directory: &[u8], file: &Path) -> bool {
        let Some(sub_path) = in_etc(directory) else {
            return false;
        };
        self.readers
            .add_directory(sub_path, &self.layout.final_place(file));
        let start = [sub_path, b"/"].concat();
        let below: Vec<Vec<u8>> = self
            .layout
            .shipped
            .range(start.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&start))
            .cloned()
            .collect();
        for path in &below {
            self.reads(path, file, ReadFrom::Etc);
            if self.treatment.of(path).0 != Mode::Keep && !self.written.cover(path) {
                self.link(path);
            }
        }
        !below.is_empty()
    }

    /// Whether a file of one output may refer to another. If so, it counts as doing so from now on.
    fn allows(&mut self, from: usize, to: usize) -> Result<bool, Error> {
        if from == to {
            return Ok(true);
        }
        if self.references.is_none() {
            let found = OutputReferences::of(self.package, self.tree, |_, _| false)?;
            self.references = Some(found);
        }
        let Some(references) = &mut self.references else {
            return Ok(false);
        };
        let allows = references.allows(from, &[to]);
        if allows {
            references.add(from, &[to]);
        }
        Ok(allows)
    }

    fn refer(&mut self, from: usize, to: usize, content: &[u8]) {
        let path = &self.package.outputs[to].path;
        if from != to
            && self.referred.insert(to)
            && content.find(path.as_os_str().as_bytes()).is_none()
        {
            self.new_references
                .entry(from)
                .or_default()
                .insert(path.clone());
        }
    }

    /// What becomes of the package's symlinks.
    pub(crate) fn links(&mut self, links: &[Symlink]) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for link in links {
            if self.layout.final_place(&link.path) != link.path {
                continue;
            }
            let means = absolute(&link.path, &link.target);
            let mut retarget = |new: &Path, absolute: bool| {
                let directory = link.path.parent().unwrap_or(&link.path);
                changes.push(Change::Link {
                    path: link.path.clone(),
                    target: if absolute {
                        new.to_owned()
                    } else {
                        relative(directory, new)
                    },
                });
            };
            if let Some(new) = self.layout.new_place(&means) {
                retarget(&new, link.target.is_absolute());
                self.replaced += 1;
                continue;
            }
            let bytes = means.as_os_str().as_bytes();
            let Some(sub_path) = in_etc(bytes).filter(|_| link.target.is_absolute()) else {
                continue;
            };
            let Some(shipped) = self.layout.shipped.get(sub_path).cloned() else {
                self.link_below(bytes, &link.path);
                continue;
            };
            let (mode, _) = self.treatment.of(sub_path);
            if mode == Mode::Keep || self.written.cover(sub_path) {
                self.kept += 1;
                self.reads(sub_path, &link.path, ReadFrom::Etc);
            } else if mode == Mode::Rewrite
                && !self.watched.cover(sub_path)
                && self.allows(link.output, shipped.output)?
            {
                retarget(&shipped.path, link.output != shipped.output);
                self.replaced += 1;
                self.refer(link.output, shipped.output, b"");
                self.reads(sub_path, &link.path, ReadFrom::Output);
            } else {
                self.link_for(sub_path, &link.path);
            }
        }
        Ok(changes)
    }

    /// Links what programs name; a note for each path, at the first program that names it.
    pub(crate) fn binaries(&mut self, binaries: &[PathBuf]) -> Result<(), Error> {
        if self.layout.shipped.is_empty() {
            return Ok(());
        }
        let mut told = BTreeSet::new();
        let mut reader = Binaries::new(self.package);
        for path in binaries {
            let found = reader.strings(self.tree, path)?;
            for own in &found.own {
                self.reads_own(Path::new(OsStr::from_bytes(own)), path);
            }
            let mut strings = found.paths;
            for text in &found.packed {
                let shipped = |path: &&[u8]| {
                    in_etc(path).is_some_and(|path| self.layout.shipped.contains_key(path))
                };
                strings.extend(named_in(text).filter(shipped).map(|path| EtcPath {
                    path: path.to_vec(),
                    goes_on: false,
                }));
            }
            for string in strings {
                let sub_path = string.in_etc().unwrap_or_default().to_vec();
                let is_file = !string.goes_on && self.layout.shipped.contains_key(&sub_path);
                let concerned = if is_file {
                    let keeps = self.treatment.of(&sub_path).0 == Mode::Keep;
                    self.reads(&sub_path, path, ReadFrom::Etc);
                    if !keeps && !self.written.cover(&sub_path) {
                        self.link(&sub_path);
                    }
                    let shipped = self.layout.shipped.get(&sub_path);
                    !keeps && shipped.is_some_and(|shipped| !shipped.in_vendor_directory)
                } else {
                    let before = self.links.len();
                    self.link_below(&string.path, path) && self.links.len() > before
                };
                if concerned && told.insert(string.path.clone()) {
                    let finding = findings::about(
                        &findings::ETC_PATH_IN_PROGRAM,
                        path,
                        &string.path,
                        format!(
                            "the program names {}, which gets a link",
                            string.path.as_bstr()
                        ),
                        "configure the package with --sysconfdir=$out/etc",
                    );
                    self.findings.push(finding.with_severity(Severity::Note));
                }
            }
        }
        Ok(())
    }

    /// Adds what was found to the outcome; gives what is to be linked.
    pub(crate) fn finish(self, outcome: &mut Outcome) -> BTreeSet<Vec<u8>> {
        outcome.findings.extend(self.findings);
        let shipped = &self.layout.shipped;
        outcome.configuration = self.readers.of_all(self.package, shipped, &self.links);
        for (file, sub_path) in outcome.configuration.iter().zip(shipped.keys()) {
            // A program is run, and nobody's to change.
            if let Some(reader) = file.fixed_for()
                && self.treatment.of(sub_path).0 == Mode::Rewrite
                && self.tree.look_up(&file.file) != Some(Node::Program)
            {
                let message = format!(
                    "nothing overrides {}, which {} reads from the output",
                    file.path.display(),
                    reader.file.display()
                );
                outcome.findings.push(findings::about(
                    &findings::MISSING_ETC_OVERRIDE,
                    &file.file,
                    file.path.as_os_str().as_bytes(),
                    message,
                    findings::MISSING_ETC_OVERRIDE.remedy,
                ));
            }
        }
        outcome.replaced += self.replaced;
        outcome.kept += self.kept;
        for (output, paths) in self.new_references {
            let name = self.package.outputs[output].name.clone();
            outcome
                .new_references
                .push((name, paths.into_iter().collect()));
        }
        self.links
    }
}

fn is_of_variables(sub_path: &[u8]) -> bool {
    OF_VARIABLES
        .iter()
        .any(|directory| below(sub_path, directory.as_bytes()).is_some())
}

/// Whether a path means itself in every syntax.
fn is_plain(path: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+._-@".contains(byte);
    path.iter().all(plain)
}
