//! The rules: one file for each, a line in the list below, a case under tests/cases/lint-store-path.

use std::path::Path;
use std::sync::LazyLock;

use hermetic_out::resolve::Choices;
use hermetic_out::{FindingKind, Package, Resolver, Tree};

use crate::check::Reporter;
use crate::facts::{FactSet, FileFacts, PathFacts};
use crate::libraries::Libraries;

/// A rule: what it is about, beside how it is checked.
#[derive(Debug)]
pub struct Rule {
    /// Its name, severity, summary and explanation: when it arises and what breaks.
    pub kind: FindingKind,
    /// What it belongs to.
    pub group: Group,
    /// Something small that it finds.
    pub example: &'static str,
    /// What to do about it, in one sentence without a full stop, unless a finding knows better.
    pub remedy: &'static str,
    /// How it is checked.
    pub check: Check,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Group {
    /// Programs and libraries.
    Elf,
    /// Scripts.
    Scripts,
    /// Files, directories and links, whatever is in them.
    Tree,
    /// systemd's units.
    Units,
    /// What stands beside units: D-Bus, udev, tmpfiles.d, sysusers.d, binfmt.d, modprobe.d, polkit.
    Companions,
    /// `.pc` files.
    PkgConfig,
    /// Configuration.
    Etc,
    /// PAM and the name service switch.
    Authentication,
}

impl Group {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Scripts => "scripts",
            Self::Tree => "tree",
            Self::Units => "units",
            Self::Companions => "companions",
            Self::PkgConfig => "pkg-config",
            Self::Etc => "etc",
            Self::Authentication => "authentication",
        }
    }
}

/// The check of a rule, by how much it has to know.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// One file, directory or link; it may ask what a path in the store leads to.
    File(fn(&FileSubject<'_>, &mut Reporter)),
    /// One store path as a whole.
    StorePath(fn(&PathSubject<'_>, &mut Reporter)),
    /// The closure as a whole; it is asked only if all of that is known.
    Closure(fn(&ClosureSubject<'_>, &mut Reporter)),
}

impl Check {
    /// How much it has to know, for people.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::StorePath(_) => "store path",
            Self::Closure(_) => "closure",
        }
    }
}

impl Rule {
    /// Its name, in kebab case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Whether it is this rule.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name
    }
}

/// All that is known, for rules that look at it as a whole.
#[derive(Clone, Copy, Debug)]
pub struct ClosureSubject<'a> {
    /// The facts of all store paths.
    pub known: &'a FactSet,
    /// The store: what paths in it lead to. Facts are asked before the disk.
    pub tree: &'a Tree,
    /// Which libraries ELF files load.
    pub libraries: &'a Libraries<'a>,
}

/// One store path, for rules that look at it as a whole.
#[derive(Clone, Copy, Debug)]
pub struct PathSubject<'a> {
    /// All that is known.
    pub closure: &'a ClosureSubject<'a>,
    /// The facts of the store path.
    pub facts: &'a PathFacts,
    /// Where it is.
    pub path: &'a Path,
    /// The package that consists of it: see [`FactSet::package`].
    pub package: &'a Package,
}

impl PathSubject<'_> {
    /// Says what references of its files should be: as the fixups do.
    #[must_use]
    pub fn resolver(&self) -> Option<Resolver<'_>> {
        static NOTHING: Choices = Choices {
            keep: Vec::new(),
            replace: Vec::new(),
            fallback: Vec::new(),
        };
        Resolver::new(self.package, self.closure.tree, &NOTHING).ok()
    }
}

/// One file, directory or link.
#[derive(Clone, Copy, Debug)]
pub struct FileSubject<'a> {
    /// The store path that it is in.
    pub inside: &'a PathSubject<'a>,
    /// What is known of it.
    pub file: &'a FileFacts,
}

/// Lists the modules of the rules, and the rules.
macro_rules! rules {
    ($($module:ident)+) => {
        $(mod $module;)+

        /// Every rule, sorted by name.
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
    bus_name_not_activatable
    condition_on_missing_file
    credential_in_store
    dangling_symlink
    destdir_nest
    directive_in_wrong_section
    dlopen_library_missing
    drop_in_without_unit
    duplicate_bus_name
    duplicate_polkit_action
    elf_own_fhs_path
    empty_state_directory
    etc_file_not_read
    etc_path_in_text
    exec_paths_exclude_store
    foreign_package_directory
    interpreter_outside_store
    login_shell_missing
    mount_refused
    name_service_missing
    needed_library_missing
    never_started
    obsolete_directive
    own_file_by_fhs_path
    pam_include_missing
    pam_module_missing
    pc_directory_outside_outputs
    pc_install_variable_outside_prefix
    pc_requirement_missing
    pc_variable_undefined
    pc_without_prefix
    pid_file_in_var_run
    polkit_action_not_declared
    program_missing
    program_outside_store
    program_without_execute_bit
    relative_program_path
    running_system_path
    runpath_insecure
    runpath_missing
    runpath_outside_store
    service_refused
    setuid_file
    shebang_env
    shebang_not_executable
    shebang_outside_store
    socket_refused
    special_file
    store_file_missing
    symlink_out_of_store
    systemd_service_not_shipped
    tmpfiles_in_var_run
    tmpfiles_source_missing
    undeclared_account
    unfound_shell_command
    unfound_udev_helper
    unit_not_shipped
    unknown_directive
    unknown_section
    unread_file
    waits_for_nothing
    wants_without_systemd_tag
    world_writable
}

/// The rule of this name.
#[must_use]
pub fn rule_by_id(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.kind.name == name).copied()
}

/// The kinds of finding of all rules, sorted by name.
#[must_use]
pub fn kinds() -> &'static [&'static FindingKind] {
    static KINDS: LazyLock<Vec<&'static FindingKind>> =
        LazyLock::new(|| RULES.iter().map(|rule| &rule.kind).collect());
    &KINDS
}

/// The page of a rule, in Markdown.
#[must_use]
pub fn page(rule: &Rule) -> String {
    let kind = &rule.kind;
    format!(
        "# {}\n\n*{}* · {} · looks at one {}\n\n{}.\n\n{}\n\n{}",
        kind.name,
        kind.severity.name(),
        rule.group.name(),
        rule.check.scope(),
        kind.summary,
        kind.explanation.trim(),
        example_and_remedy(kind),
    )
}

/// What the page of a rule says after the explanation: an example, and what to do. Nothing if it is no rule's.
#[must_use]
pub fn example_and_remedy(kind: &FindingKind) -> String {
    let Some(rule) = rule_by_id(kind.name) else {
        return String::new();
    };
    format!(
        "## Example\n\n```\n{}\n```\n\n## What to do\n\n{}.\n\n\
         To leave it as it is: `--allow {name}`, or `--allow {name}:GLOB` for single files.\n",
        rule.example.trim(),
        sentence(rule.remedy),
        name = kind.name,
    )
}

/// A sentence as it stands by itself.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

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
            assert_eq!(module.replace('_', "-"), rule.kind.name, "rule and file");
        }
    }

    #[test]
    fn every_rule_says_what_it_is() {
        for rule in RULES {
            let kind = &rule.kind;
            let name = kind.name;
            assert!(
                !kind.summary.ends_with('.') && !kind.summary.is_empty(),
                "{name}"
            );
            assert!(kind.explanation.len() > 80, "{name} is explained");
            assert!(kind.explanation.trim().ends_with('.'), "{name}");
            assert!(!rule.example.trim().is_empty(), "{name} has an example");
            let starts_small = rule
                .remedy
                .starts_with(|first: char| first.is_ascii_lowercase());
            assert!(
                starts_small && !rule.remedy.ends_with('.'),
                "{name} has a remedy"
            );
            assert!(std::ptr::eq(rule_by_id(name).unwrap(), *rule));
        }
    }
}
