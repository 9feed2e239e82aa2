//! Reading a file by windows.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// A file of which any part can be read, without a position that moves.
pub trait ReadAt {
    /// Reads into `buffer` what stands at `offset`; how many bytes these are. 0 is the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..))
            .unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }
}

/// Reads until `buffer` is full or the file ends; how many bytes these are.
pub(super) fn fill<R: ReadAt + ?Sized>(
    file: &R,
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let Some(at) = offset.checked_add(filled as u64) else {
            break;
        };
        // The kernel takes no offset beyond what a signed number holds.
        if i64::try_from(at).is_err() {
            break;
        }
        match file.read_at(&mut buffer[filled..], at) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// At most `size` bytes from `offset` on: fewer if the file ends before.
pub(super) fn window<R: ReadAt + ?Sized>(
    file: &R,
    offset: u64,
    size: usize,
) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; size];
    let length = fill(file, &mut buffer, offset)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// The parts of a file of `size` bytes that are data, as `next` finds them: it takes an offset and
/// gives the next part at or after it (`SEEK_DATA` and `SEEK_HOLE` of lseek(2)). A file that is mostly
/// holes costs what its data cost.
pub fn data_extents(size: u64, mut next: impl FnMut(u64) -> Option<Range<u64>>) -> Vec<Range<u64>> {
    let mut extents = Vec::new();
    let mut at = 0;
    while at < size {
        match next(at) {
            Some(range) if range.start >= at && range.end > range.start => {
                at = range.end;
                extents.push(range);
            }
            _ => break,
        }
    }
    extents
}
