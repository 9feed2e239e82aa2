//! Paths of /etc that a store path names and whose files it has in its own etc.

use std::collections::BTreeSet;

use hermetic_out_formats::etc_mentions::{EtcPaths, Verdict};
use hermetic_out_formats::tables::is_machine_state;

use crate::facts::{Content, FileFacts, Mention, MentionedPlace, Node};
use crate::rule::PathSubject;

/// A path of /etc that stands in a file.
pub(crate) struct Mentioned<'a> {
    /// The file that it stands in.
    pub(crate) file: &'a FileFacts,
    /// What else that file says.
    pub(crate) content: &'a Content,
    /// The path, and where it stands.
    pub(crate) mention: &'a Mention,
    /// What is done with it.
    pub(crate) verdict: Verdict,
    /// The file of the store path that would have to be there: `etc/…`.
    pub(crate) own: &'a [u8],
    /// Whether something in a directory above it is written, which may be it.
    pub(crate) may_be_written: bool,
}

/// The paths of /etc that files of the store path name, though it has them in its own etc only: without
/// those that a tmpfiles.d file of it makes, and those that it writes, which are the machine's.
pub(crate) fn mentioned<'a>(subject: &PathSubject<'a>) -> Vec<Mentioned<'a>> {
    let mut all: Vec<Mentioned<'a>> = Vec::new();
    let mut written = EtcPaths::default();
    let mut written_in = EtcPaths::default();
    let mut provided: BTreeSet<&[u8]> = BTreeSet::new();
    for file in &subject.facts.files {
        let Some(content) = file.content() else {
            continue;
        };
        let own_etc = content.mentions.iter();
        let own_etc = own_etc.filter(|other| other.place == MentionedPlace::OwnEtc);
        let own_etc: BTreeSet<&[u8]> = own_etc.map(|other| &*other.path).collect();
        for mention in &content.mentions {
            let own = mention.path.get(1..).unwrap_or_default();
            let verdict = match mention.place {
                MentionedPlace::Etc(verdict) => verdict,
                MentionedPlace::WrittenDirectory => {
                    written_in.insert(own);
                    continue;
                }
                _ => continue,
            };
            match verdict {
                Verdict::Written => drop(written.insert(own)),
                Verdict::Provided => drop(provided.insert(own)),
                _ => {}
            }
            let is_opened = matches!(
                verdict,
                Verdict::Read
                    | Verdict::Given
                    | Verdict::Optional
                    | Verdict::Watched
                    | Verdict::Named
                    | Verdict::Unknown
            );
            // What is read from both is meant so: what the package ships, and over it what the system has.
            let is_read_here = own_etc.contains(&*mention.path);
            let shipped = subject.facts.file(own).filter(|_| !is_read_here);
            let is_file = shipped.is_some_and(|file| matches!(file.node, Node::File { .. }));
            if is_opened && is_file && !is_machine_state(&own[b"etc/".len()..]) {
                all.push(Mentioned {
                    file,
                    content,
                    mention,
                    verdict,
                    own,
                    may_be_written: false,
                });
            }
        }
    }
    // A link to a directory provides all that is in it.
    all.retain(|mentioned| {
        !written.cover(mentioned.own) && !is_or_is_below(mentioned.own, &provided)
    });
    for mentioned in &mut all {
        mentioned.may_be_written = written_in.cover(mentioned.own);
    }
    all
}

fn is_or_is_below(path: &[u8], places: &BTreeSet<&[u8]>) -> bool {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut above = slashes.map(|(slash, _)| &path[..slash]);
    places.contains(path) || above.any(|directory| places.contains(directory))
}
