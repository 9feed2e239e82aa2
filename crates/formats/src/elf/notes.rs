//! The note in which a file says which libraries it opens at run time: the "dlopen metadata for ELF
//! files" of the UAPI group, <https://systemd.io/ELF_DLOPEN_METADATA>.

use scroll::Pread;
use serde::Deserialize;

use super::headers::Headers;

/// How much of one group of notes is read.
const MAX_GROUP: usize = 256 * 1024;

/// How much of all groups of a file is read.
const MAX_NOTES: usize = 16 * MAX_GROUP;

/// How much of a file's notes about libraries is read. Groups may share their bytes, so that what is read again
/// and again counts as often.
const MAX_TEXT: usize = 256 * 1024;

/// The type of these notes, and their owner.
const DLOPEN_NOTE: u32 = 0x407c_0c0a;
const OWNER: &[u8] = b"FDO\0";

/// How much depends on a library that is opened at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Priority {
    /// Some feature that few want.
    Suggested,
    /// Something that is expected to work. What says nothing counts as this.
    #[default]
    Recommended,
    /// Nothing works without it.
    Required,
}

/// A library that a file opens at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dlopen {
    /// What it is opened for, in one word.
    pub feature: String,
    /// The same for people.
    pub description: String,
    /// How much depends on it.
    pub priority: Priority,
    /// Its names: one of them is enough, the first is the best.
    pub sonames: Vec<Vec<u8>>,
}

/// As it stands in the note's JSON.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    feature: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    soname: Vec<String>,
}

/// What a file's notes say.
pub(super) struct Notes {
    /// The libraries.
    pub(super) found: Vec<Dlopen>,
    /// How much of the groups that are left may be read.
    left: usize,
    /// How much of the texts that are left may be read.
    text_left: usize,
}

impl Notes {
    /// Before the first group is read.
    pub(super) fn new() -> Self {
        Self {
            found: Vec::new(),
            left: MAX_NOTES,
            text_left: MAX_TEXT,
        }
    }

    /// How much of a group of `size` bytes is to be read, which is read then.
    pub(super) fn take(&mut self, size: u64) -> usize {
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let length = length.min(MAX_GROUP).min(self.left);
        self.left -= length;
        length
    }

    /// Adds what the notes `bytes` say; whether all of them make sense, and are not too many.
    pub(super) fn read(&mut self, bytes: &[u8], headers: &Headers, align: u64) -> bool {
        // gABI: 4 bytes; linkers use 8 for .note.gnu.property alone.
        let align = if align == 8 { 8 } else { 4 };
        let mut at = 0;
        while at + 12 <= bytes.len() {
            let number = |offset: usize| bytes.pread_with::<u32>(offset, headers.context.le).ok();
            let (Some(name_size), Some(size), Some(note_type)) =
                (number(at), number(at + 4), number(at + 8))
            else {
                return false;
            };
            let name = at + 12;
            let text = aligned(name.saturating_add(name_size as usize), align);
            let end = text.saturating_add(size as usize);
            let (Some(owner), Some(content)) = (
                bytes.get(name..name.saturating_add(name_size as usize)),
                bytes.get(text..end),
            ) else {
                return false;
            };
            if note_type == DLOPEN_NOTE && owner == OWNER {
                let Some(left) = self.text_left.checked_sub(content.len()) else {
                    return false;
                };
                self.text_left = left;
                if !read_entries(content, &mut self.found) {
                    return false;
                }
            }
            at = aligned(end, align);
        }
        true
    }
}

fn aligned(offset: usize, align: usize) -> usize {
    offset.saturating_add(align - 1) & !(align - 1)
}

/// Adds what one note says; whether it is what the specification says.
fn read_entries(content: &[u8], found: &mut Vec<Dlopen>) -> bool {
    let end = memchr::memchr(0, content).unwrap_or(content.len());
    let Ok(entries) = serde_json::from_slice::<Vec<Entry>>(&content[..end]) else {
        return false;
    };
    for entry in entries {
        let priority = match &*entry.priority {
            "required" => Priority::Required,
            "suggested" => Priority::Suggested,
            _ => Priority::Recommended,
        };
        found.push(Dlopen {
            feature: entry.feature,
            description: entry.description,
            priority,
            sonames: entry.soname.into_iter().map(String::into_bytes).collect(),
        });
    }
    true
}
