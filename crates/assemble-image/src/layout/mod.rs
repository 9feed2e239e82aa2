//! Layouts: how the planned tree becomes the files of the output. Each is data: which parts of the plan
//! it wants, and which steps make it.

mod bare;
mod ddi;
mod esp_file;
mod initrd;

use crate::steps::Layout;

/// All layouts; the first is the default.
pub(crate) static ALL: &[&Layout] = &[
    &ddi::LAYOUT,
    &bare::LAYOUT,
    &initrd::LAYOUT,
    &esp_file::LAYOUT,
];
