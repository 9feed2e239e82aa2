//! The units that systemd itself has.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::tables::entries;
use crate::unit::place::Manager;

const SYSTEMD_UNITS: &str = include_str!("../../data/systemd-units.txt");

/// Whether systemd itself has a unit of this name for this manager, or gives the name a meaning.
#[must_use]
pub fn is_systemd_unit(name: &[u8], manager: Manager) -> bool {
    static UNITS: LazyLock<BTreeSet<(Manager, &[u8])>> = LazyLock::new(|| {
        [Manager::System, Manager::User]
            .into_iter()
            .flat_map(|manager| systemd_units(manager).map(move |name| (manager, name.as_bytes())))
            .collect()
    });
    UNITS.contains(&(manager, name))
}

/// The units for which [`is_systemd_unit`] holds, by name.
pub fn systemd_units(manager: Manager) -> impl Iterator<Item = &'static str> {
    let manager = match manager {
        Manager::System => "system ",
        Manager::User => "user ",
    };
    entries(SYSTEMD_UNITS).filter_map(move |entry| entry.strip_prefix(manager))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::assert_sorted_pairs;

    #[test]
    fn the_table_is_sorted_and_holds_each_unit_once() {
        assert_sorted_pairs(SYSTEMD_UNITS);
    }

    #[test]
    fn units_of_every_system() {
        assert!(is_systemd_unit(b"multi-user.target", Manager::System));
        assert!(is_systemd_unit(b"graphical-session.target", Manager::User));
        assert!(!is_systemd_unit(b"multi-user.target", Manager::User));
        assert!(!is_systemd_unit(b"chrony.service", Manager::System));
        assert!(systemd_units(Manager::System).any(|name| name == "multi-user.target"));
        assert!(!systemd_units(Manager::User).any(|name| name == "multi-user.target"));
    }
}
