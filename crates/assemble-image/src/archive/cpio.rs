//! The tree as a cpio archive of the kind that the kernel unpacks: newc,
//! `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{MTIME, copy_content, pad, writing};
use crate::error::{Error, io_error};
use crate::root_tree::{Entry, Node, RootTree, as_path};

const UNIT: u64 = 4;
const MAGIC: &str = "070701";
const END: &[u8] = b"TRAILER!!!";

/// Writes a tree. `on_written` is called with the bytes of files written.
pub(crate) fn write(
    tree: &RootTree,
    out: &mut dyn Write,
    on_written: &dyn Fn(u64),
) -> Result<(), Error> {
    let mut buffer = Vec::new();
    let mut inode = 0;
    for (path, entry) in tree.iter().filter(|(path, _)| !path.is_empty()) {
        inode += 1;
        let size = match &entry.node {
            Node::Directory => 0,
            Node::Link(target) => target.len() as u64,
            Node::File(content) => content.size(),
        };
        let size = u32::try_from(size).map_err(|_| {
            let too_large = io::Error::other("an initrd cannot hold a file of 4 GiB or more");
            io_error("writing", as_path(path))(too_large)
        })?;
        write_header(path, entry, inode, size, out)?;
        match &entry.node {
            Node::Directory => {}
            Node::Link(target) => out.write_all(target).map_err(writing())?,
            Node::File(content) => copy_content(content, out, &mut buffer, on_written)?,
        }
        pad(out, size.into(), UNIT)?;
    }
    write_header(END, &Entry::link(""), 0, 0, out)?;
    out.flush().map_err(writing())
}

fn write_header(
    path: &[u8],
    entry: &Entry,
    inode: u32,
    size: u32,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let (file_type, links) = match &entry.node {
        _ if path == END => (0, 1),
        Node::Directory => (0o040_000, 2),
        Node::File(_) => (0o100_000, 1),
        Node::Link(_) => (0o120_000, 1),
    };
    let (mode, mtime) = if path == END {
        (0, 0)
    } else {
        (file_type | entry.mode, MTIME)
    };
    let name_size = u32::try_from(path.len() + 1).unwrap_or(u32::MAX);
    let fields = [
        inode, mode, entry.uid, entry.gid, links, mtime, size, 0, 0, 0, 0, name_size, 0,
    ];
    let mut header = MAGIC.to_owned();
    // Writing to a string cannot fail.
    for field in fields {
        let _ = write!(header, "{field:08x}");
    }
    let mut bytes = header.into_bytes();
    bytes.extend_from_slice(path);
    bytes.push(0);
    out.write_all(&bytes).map_err(writing())?;
    pad(out, bytes.len() as u64, UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut tree = RootTree::default();
        tree.insert("", Entry::directory(0o755));
        let mut file = Entry::bytes(b"hello", 0o4755);
        file.uid = 7;
        tree.insert("d/file", file);
        tree.insert("link", Entry::link("d/file"));
        let mut out = Vec::new();
        write(&tree, &mut out, &|_| ()).unwrap();
        out
    }

    /// Reads an archive by the documentation: name, mode, user, content.
    fn read(mut bytes: &[u8]) -> Vec<(String, u32, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        loop {
            let field = |index: usize| {
                let text = std::str::from_utf8(&bytes[6 + index * 8..14 + index * 8]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            assert_eq!(&bytes[..6], b"070701");
            let (size, name_size) = (field(6) as usize, field(11) as usize);
            let name = String::from_utf8(bytes[110..110 + name_size - 1].to_vec()).unwrap();
            let (mode, uid) = (field(1), field(2));
            let start = (110 + name_size).next_multiple_of(4);
            let content = bytes[start..start + size].to_vec();
            bytes = &bytes[(start + size).next_multiple_of(4)..];
            if name == "TRAILER!!!" {
                assert!(bytes.is_empty());
                return entries;
            }
            entries.push((name, mode, uid, content));
        }
    }

    #[test]
    fn the_kernel_would_read_it() {
        let expected = [
            ("d".to_owned(), 0o040_755, 0, Vec::new()),
            ("d/file".to_owned(), 0o104_755, 7, b"hello".to_vec()),
            ("link".to_owned(), 0o120_777, 0, b"d/file".to_vec()),
        ];
        assert_eq!(read(&archive()), expected);
        assert_eq!(archive(), archive());
    }
}
