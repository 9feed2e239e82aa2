//! The layouts of an image.

use std::fmt;
use std::str::FromStr;

/// How packages become what a machine starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// A disk with partitions: an ESP with the UKI, the root, its hash tree.
    Ddi,
    /// The root and its hash tree as two files, for a machine that gets its kernel otherwise.
    Bare,
    /// Everything in the UKI: the kernel's first file system is the only one.
    Initrd,
    /// A disk with an ESP alone, on which root and hash tree are files beside the UKI.
    EspFile,
}

impl Layout {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Ddi, Self::Bare, Self::Initrd, Self::EspFile];

    /// Its name, as assemble-image takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddi => "ddi",
            Self::Bare => "bare",
            Self::Initrd => "initrd",
            Self::EspFile => "esp-file",
        }
    }

    /// Whether its root is opened by dm-verity.
    #[must_use]
    pub fn is_verified(self) -> bool {
        self != Self::Initrd
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.name() == name)
            .ok_or_else(|| {
                format!("there is no layout {name}; there are ddi, bare, initrd, esp-file")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for layout in Layout::ALL {
            assert_eq!(layout.name().parse(), Ok(layout));
        }
        assert!("x".parse::<Layout>().is_err());
    }
}
