//! Paths in /etc that a store path names and whose files it has in its own etc.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;

use hermetic_out_formats::kind::FileKind;

use crate::facts::{Content, FileFacts, Mention, MentionedPlace, Node};
use crate::resolved_reference::scanned;
use crate::rule::PathSubject;

/// A path in /etc that stands in a file.
pub(crate) struct Mentioned<'a> {
    /// The file that it stands in.
    pub(crate) file: &'a FileFacts,
    /// What else that file says.
    pub(crate) content: &'a Content,
    /// The path, as it stands.
    pub(crate) mention: &'a Mention,
    /// The file of the store path that would have to be there: `etc/…`.
    pub(crate) own: &'a [u8],
}

/// The paths in /etc that files of the store path name, though it has them in its own etc only: without
/// those that a tmpfiles.d file of it links into /etc.
pub(crate) fn mentioned<'a>(subject: &PathSubject<'a>) -> Vec<Mentioned<'a>> {
    let mut all = Vec::new();
    for file in &subject.facts.files {
        let Some(content) = file.content() else {
            continue;
        };
        for mention in &content.mentions {
            if mention.place != MentionedPlace::Hierarchy || !mention.path.starts_with(b"/etc/") {
                continue;
            }
            let own = &mention.path[1..];
            let own = own.strip_suffix(b"/").unwrap_or(own);
            // What is read from both is meant so: what the package ships, and over it what the system has.
            let is_read_here = content
                .mentions
                .iter()
                .any(|other| other.place == MentionedPlace::OwnEtc && other.path == mention.path);
            let shipped = subject.facts.file(own).filter(|_| !is_read_here);
            if shipped.is_some_and(|file| matches!(file.node, Node::File { .. })) {
                all.push(Mentioned {
                    file,
                    content,
                    mention,
                    own,
                });
            }
        }
    }
    if !all.is_empty() {
        let linked = linked(subject);
        all.retain(|mentioned| !is_or_is_below(mentioned.own, &linked));
    }
    all
}

/// What tmpfiles.d files name of their own store path, below it: the targets of `L` lines, as
/// relocate-etc-to-out writes them.
fn linked<'a>(subject: &PathSubject<'a>) -> BTreeSet<&'a [u8]> {
    let facts = subject.facts;
    let path = subject.path.as_os_str().as_bytes();
    scanned(facts)
        .filter(|scanned| scanned.kind == FileKind::Tmpfiles)
        .flat_map(|scanned| &scanned.scan.references)
        .filter_map(|reference| {
            let below = reference.text.bytes().strip_prefix(path)?;
            below.strip_prefix(b"/")
        })
        .collect()
}

fn is_or_is_below(path: &[u8], places: &BTreeSet<&[u8]>) -> bool {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut above = slashes.map(|(slash, _)| &path[..slash]);
    places.contains(path) || above.any(|directory| places.contains(directory))
}
