//! From real packages to a system that one can log in to.
//!
//! [`kernel`] has a kernel, [`staging`] the packages as store paths,
//! [`image`] the images that assemble-image makes of them, and [`workshop`] all of that together.
//! [`machine`] runs an image, [`console`] and [`session`] talk to it, [`logins`] and [`checks`] say
//! what must hold, [`tamper`] damages an image, and [`trial`] does all of it for one [`layout`].

pub mod checks;
pub mod configuration;
pub mod console;
pub mod elf;
pub mod image;
pub mod kernel;
pub mod layout;
pub mod libraries;
pub mod logins;
pub mod machine;
pub mod session;
pub mod staging;
pub mod tamper;
pub mod trial;
pub mod workshop;
