//! The rules: one file for each, a line in the list below, a case under tests/cases/lint-store-path.

use std::sync::LazyLock;

use hermetic_out::FindingKind;

use crate::rule::Rule;

/// Lists the modules of the rules, and the rules.
macro_rules! rules {
    ($($module:ident)+) => {
        $(mod $module;)+

        /// Every rule, sorted by id.
        pub static RULES: &[&Rule] = &[$(&$module::RULE),+];

        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($module)),+];
    };
}

rules! {
    alias_of_other_type
    bare_program
    broken_elf
    build_directory
    cmake_path_doubled
    core_pattern_too_long
    credential_in_store
    dangling_symlink
    deprecated_directive
    destdir_nest
    directive_in_wrong_section
    duplicate_bus_name
    duplicate_polkit_action
    elf_own_fhs_path
    empty_state_directory
    etc_path_in_program
    etc_path_in_text
    exec_paths_exclude_store
    foreign_package_directory
    hidden_store
    interpreter_outside_store
    missing_account
    missing_activation_file
    missing_condition_file
    missing_dlopen_library
    missing_drop_in_unit
    missing_library
    missing_login_shell
    missing_nss_module
    missing_pam_include
    missing_pam_module
    missing_pc_directory
    missing_pc_prefix
    missing_pc_requirement
    missing_polkit_action
    missing_program
    missing_runpath_directory
    missing_shell_command
    missing_store_file
    missing_systemd_service
    missing_systemd_tag
    missing_tmpfiles_source
    missing_udev_helper
    missing_unit
    mount_refused
    negated_condition
    never_started
    own_file_by_fhs_path
    pc_install_variable_outside_prefix
    pc_undefined_variable
    pid_file_in_var_run
    program_not_executable
    program_outside_store
    relative_program
    running_system_path
    runpath_insecure
    runpath_outside_store
    service_refused
    setuid_file
    shebang_env
    shebang_not_executable
    shebang_outside_store
    socket_refused
    special_file
    symlink_out_of_store
    tmpfiles_in_var_run
    unknown_directive
    unknown_section
    unread_file
    waits_for_nothing
    world_writable
}

/// The rule with this id, or with this former id.
#[must_use]
pub fn rule_by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.kind.has_id(id)).copied()
}

/// The kinds of finding of all rules, sorted by id.
#[must_use]
pub fn kinds() -> &'static [&'static FindingKind] {
    static KINDS: LazyLock<Vec<&'static FindingKind>> =
        LazyLock::new(|| RULES.iter().map(|rule| rule.kind).collect());
    &KINDS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn files_and_list_agree() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        let names = fs::read_dir(directory).unwrap().map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rs").unwrap().to_owned()
        });
        let files: BTreeSet<String> = names.filter(|name| name != "mod").collect();
        let listed: BTreeSet<String> = MODULES.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(files, listed, "every file has its line in rules/mod.rs");
        assert!(MODULES.is_sorted(), "the list is sorted");
        for (module, rule) in MODULES.iter().zip(RULES) {
            assert_eq!(module.replace('_', "-"), rule.id(), "rule and file");
        }
    }

    #[test]
    fn every_rule_says_what_it_is() {
        for rule in RULES {
            let kind = &rule.kind;
            let name = kind.id;
            assert!(
                !kind.summary.ends_with('.') && !kind.summary.is_empty(),
                "{name}"
            );
            assert!(kind.explanation.len() > 80, "{name} is explained");
            assert!(kind.explanation.trim().ends_with('.'), "{name}");
            assert!(!kind.example.trim().is_empty(), "{name} has an example");
            let starts_small = kind
                .remedy
                .starts_with(|first: char| first.is_ascii_lowercase());
            assert!(
                starts_small && !kind.remedy.ends_with('.'),
                "{name} has a remedy"
            );
            assert!(std::ptr::eq(rule_by_id(name).unwrap(), *rule));
        }
    }
}
