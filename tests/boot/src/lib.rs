//! From real packages to a system that one can log in to.
//!
//! [`kernel`] has a kernel, [`staging`] the packages as store paths,
//! [`image`] the images that assemble-image makes of them, and [`workshop`] all of that together.
//! [`machine`] runs an image, [`console`] and [`session`] talk to it, [`logins`] and [`checks`] say
//! what must hold, [`tamper`] damages an image, [`full_disk`] gives too little room for one,
//! [`dry_run`] compares what is announced with what is done, and [`trial`] does all of it for each
//! [`layout`].

pub mod checks;
pub mod configuration;
pub mod console;
pub mod dry_run;
pub mod elf;
pub mod full_disk;
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
