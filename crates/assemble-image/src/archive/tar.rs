//! The tree as a tar stream in which owner, mode and time of every entry are what they should be,
//! whatever they are on the disk. Paths of any length and any bytes pass.

use std::io::Write;

use tar::{EntryType, Header};

use super::{MTIME, copy_content, pad, writing};
use crate::error::Error;
use crate::root_tree::{Node, RootTree};

const BLOCK: u64 = 512;
/// The longest path and link target that a header holds.
const NAME: usize = 100;

/// Writes a tree. `on_written` is called with the bytes of files written.
pub(crate) fn write(
    tree: &RootTree,
    out: &mut dyn Write,
    on_written: &dyn Fn(u64),
) -> Result<(), Error> {
    let mut buffer = Vec::new();
    for (path, entry) in tree.iter() {
        let mut header = Header::new_ustar();
        header.set_mode(entry.mode);
        header.set_uid(entry.uid.into());
        header.set_gid(entry.gid.into());
        header.set_mtime(MTIME.into());
        header.set_size(0);
        let name: &[u8] = if path.is_empty() { b"./" } else { path };
        let mut target: &[u8] = b"";
        match &entry.node {
            Node::Directory => header.set_entry_type(EntryType::Directory),
            Node::Link(to) => {
                header.set_entry_type(EntryType::Symlink);
                target = to;
            }
            Node::File(content) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(content.size());
            }
        }
        write_long(name, target, out)?;
        write_header(&mut header, name, target, out)?;
        if let Node::File(content) = &entry.node {
            copy_content(content, out, &mut buffer, on_written)?;
            pad(out, content.size(), BLOCK)?;
        }
    }
    out.write_all(&[0; 1024]).map_err(writing())?;
    out.flush().map_err(writing())
}

fn write_header(
    header: &mut Header,
    name: &[u8],
    target: &[u8],
    out: &mut dyn Write,
) -> Result<(), Error> {
    if let Some(ustar) = header.as_ustar_mut() {
        copy_short(&mut ustar.name, name);
        copy_short(&mut ustar.linkname, target);
    }
    header.set_cksum();
    out.write_all(header.as_bytes()).map_err(writing())
}

/// As much as fits: what does not stands in the extended header before.
fn copy_short(field: &mut [u8; NAME], bytes: &[u8]) {
    let length = bytes.len().min(NAME);
    field[..length].copy_from_slice(&bytes[..length]);
}

/// An extended header (pax) for what the fields do not hold.
fn write_long(name: &[u8], target: &[u8], out: &mut dyn Write) -> Result<(), Error> {
    let mut records = Vec::new();
    for (key, value) in [("path", name), ("linkpath", target)] {
        if value.len() > NAME {
            records.extend(record(key, value));
        }
    }
    if records.is_empty() {
        return Ok(());
    }
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XHeader);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME.into());
    header.set_size(records.len() as u64);
    write_header(&mut header, b"pax", b"", out)?;
    out.write_all(&records).map_err(writing())?;
    pad(out, records.len() as u64, BLOCK)
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::{Content, Entry};
    use std::cell::Cell;

    /// Path, mode, user and group, size, link target.
    type Seen = (Vec<u8>, u32, (u64, u64), u64, Option<Vec<u8>>);

    fn stream(tree: &RootTree) -> Vec<u8> {
        let mut out = Vec::new();
        write(tree, &mut out, &|_| ()).unwrap();
        out
    }

    #[test]
    fn another_reader_sees_what_is_meant() {
        let mut tree = RootTree::default();
        tree.insert("", Entry::directory(0o755));
        let long = [&b"d/"[..], &b"x".repeat(200)].concat();
        let target = [&b"../"[..], &b"y".repeat(150)].concat();
        let mut sudo = Entry::bytes(b"sudo", 0o4755);
        (sudo.uid, sudo.gid) = (1000, 70_000);
        tree.insert("sudo", sudo);
        tree.insert(long.clone(), Entry::bytes(vec![7; 513], 0o444));
        tree.insert("link", Entry::link(target.clone()));
        tree.insert(b"bytes-\xff".to_vec(), Entry::link(&b"\xfe//x/./"[..]));

        let bytes = stream(&tree);
        let mut archive = tar::Archive::new(&*bytes);
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1);
            let target = entry.link_name_bytes().map(|target| target.to_vec());
            seen.push((
                entry.path_bytes().to_vec(),
                header.mode().unwrap(),
                (header.uid().unwrap(), header.gid().unwrap()),
                entry.size(),
                target.filter(|target| !target.is_empty()),
            ));
        }
        let expected: [Seen; 6] = [
            (b"./".to_vec(), 0o755, (0, 0), 0, None),
            (
                b"bytes-\xff".to_vec(),
                0o777,
                (0, 0),
                0,
                Some(b"\xfe//x/./".to_vec()),
            ),
            (b"d".to_vec(), 0o755, (0, 0), 0, None),
            (long, 0o444, (0, 0), 513, None),
            (b"link".to_vec(), 0o777, (0, 0), 0, Some(target)),
            (b"sudo".to_vec(), 0o4755, (1000, 70_000), 4, None),
        ];
        assert_eq!(seen, expected);
        assert_eq!(bytes.len() % 512, 0);
        assert_eq!(bytes, stream(&tree), "the same tree gives the same bytes");
    }

    #[test]
    fn the_length_of_a_record_counts_itself() {
        assert_eq!(record("path", b"x"), b"9 path=x\n");
        for length in [0, 1, 2, 88, 89, 90, 91, 92, 985, 990, 995] {
            let record = record("path", &vec![b'x'; length]);
            let counted: usize =
                std::str::from_utf8(record.split(|byte| *byte == b' ').next().unwrap())
                    .unwrap()
                    .parse()
                    .unwrap();
            assert_eq!(counted, record.len());
        }
    }

    #[test]
    fn a_file_that_changes_under_the_hands_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (size, content) in [(3, "longer"), (9, "short")] {
            std::fs::write(file.path(), content).unwrap();
            let path = file.path().to_owned();
            let mut tree = RootTree::default();
            tree.insert("x", Entry::file(Content::OnDisk { path, size }, 0o444));
            let error = write(&tree, &mut Vec::new(), &|_| ()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("reading {}", file.path().display())
            );
        }
    }

    #[test]
    fn progress_counts_the_bytes_of_files() {
        let mut tree = RootTree::default();
        tree.insert("x", Entry::bytes(vec![0; 700], 0o444));
        let written = Cell::new(0);
        write(&tree, &mut Vec::new(), &|bytes| {
            written.set(written.get() + bytes);
        })
        .unwrap();
        assert_eq!(written.get(), 700);
    }
}
