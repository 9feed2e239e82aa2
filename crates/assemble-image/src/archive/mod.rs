//! The image's tree as a stream: tar for mkfs.erofs, cpio for the kernel.

pub(crate) mod cpio;
pub(crate) mod tar;

use std::io::{self, Read, Write};
use std::path::Path;

use hermetic_out::regular_file;
use rustix::fs::CWD;

use crate::error::{Error, io_error};
use crate::root_tree::Content;

/// The time of every file, in seconds: what a store has.
pub(crate) const MTIME: u32 = 1;
/// How much is copied at once.
const BLOCK: usize = 256 * 1024;

/// Copies a file's content to a stream; `on_written` is called with the bytes written each time. Fails if
/// the file does not have the size that it had when the tree was made.
fn copy_content(
    content: &Content,
    out: &mut dyn Write,
    buffer: &mut Vec<u8>,
    on_written: &dyn Fn(u64),
) -> Result<(), Error> {
    let (path, size) = match content {
        Content::Bytes(bytes) => {
            on_written(bytes.len() as u64);
            return out.write_all(bytes).map_err(writing());
        }
        Content::OnDisk { path, size } => (path, *size),
    };
    buffer.resize(BLOCK, 0);
    let mut file = regular_file::open_at(CWD, path).map_err(io_error("reading", path))?;
    let mut left = size;
    loop {
        let length = file.read(buffer).map_err(io_error("reading", path))?;
        if length as u64 > left || (length == 0 && left > 0) {
            let changed = io::Error::other("its size changed while the image was being made");
            return Err(io_error("reading", path)(changed));
        }
        if length == 0 {
            return Ok(());
        }
        out.write_all(&buffer[..length]).map_err(writing())?;
        left -= length as u64;
        on_written(length as u64);
    }
}

fn writing() -> impl FnOnce(io::Error) -> Error {
    io_error("writing", Path::new("the image's stream"))
}

/// Writes so many zero bytes that `length` becomes a multiple of `unit`.
fn pad(out: &mut dyn Write, length: u64, unit: u64) -> Result<(), Error> {
    let missing = (unit - length % unit) % unit;
    let zeros = [0; 512];
    let missing = usize::try_from(missing).unwrap_or(0).min(zeros.len());
    out.write_all(&zeros[..missing]).map_err(writing())
}
