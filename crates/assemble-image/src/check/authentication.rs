//! Who can log in: PAM's modules and the name service's.

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, Severity, SourceText};
use hermetic_out_formats::name_services::library_of;
use hermetic_out_formats::{FileKind, Reference, Role, scan};

use crate::error::Error;
use crate::findings;
use crate::root_tree::{RootTree, join, name_of};

/// Every module and file that a service of PAM names must be in the image: `pam.d(5)`.
pub(super) fn pam(tree: &RootTree) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    let files = ["etc/pam.d", "usr/lib/pam.d"].iter().flat_map(|directory| {
        let children = tree.children(directory.as_bytes());
        children
            .map(|(name, _)| join(directory.as_bytes(), name))
            .collect::<Vec<_>>()
    });
    let mut uses_pam_unix = false;
    for path in files.collect::<Vec<_>>() {
        let Some(text) = tree.read(&path)?.map(SourceText::new) else {
            continue;
        };
        for reference in scan(FileKind::Pam, &text).references {
            let name = reference.text.bytes();
            let (exists, kind, what) = match reference.role {
                Role::PamService => {
                    let exists = service_exists(tree, name);
                    (exists, &findings::MISSING_PAM_INCLUDE, "service")
                }
                _ => (
                    module_exists(tree, name),
                    &findings::MISSING_PAM_MODULE,
                    "module",
                ),
            };
            if exists || reference.optional {
                continue;
            }
            let mut finding = findings::about(
                kind,
                &path,
                format!("the PAM {what} {} is not in the image", name.as_bstr()),
                format!("add the package that has the {what}, or correct the line"),
            )
            .with_severity(Severity::Error);
            finding.place = place(&reference, &text);
            found.push(finding);
        }
        uses_pam_unix |= text.find(b"pam_unix.so").is_some();
    }
    // Since 1.6 pam_unix asks it for every password, also for root.
    let helpers = ["usr/bin/unix_chkpwd", "usr/wrappers/bin/unix_chkpwd"];
    if uses_pam_unix && !helpers.iter().any(|path| tree.exists(path.as_bytes())) {
        found.push(findings::about(
            &findings::MISSING_PAM_MODULE,
            b"etc/pam.d",
            "pam_unix.so runs unix_chkpwd, which is not in the image",
            "add the package that has unix_chkpwd with --package, and give --setuid unix_chkpwd",
        ));
    }
    Ok(found)
}

fn place(reference: &Reference, text: &SourceText) -> Option<Place> {
    let extent = reference.text.covering_span()?;
    Some(Place::new(text, extent))
}

/// A module without a slash lies in the directory that PAM was built with: in the image's own
/// library directories, or beside the PAM of a store path.
fn module_exists(tree: &RootTree, module: &[u8]) -> bool {
    if module.starts_with(b"/") {
        return tree.exists(module);
    }
    let end = [b"/security/", module].concat();
    let is_module = |path: &[u8]| path.ends_with(&end) && tree.exists(path);
    tree.iter()
        .any(|(path, _)| name_of(path) == name_of(module) && is_module(path))
}

fn service_exists(tree: &RootTree, service: &[u8]) -> bool {
    if service.starts_with(b"/") {
        return tree.exists(service);
    }
    ["etc/pam.d", "usr/lib/pam.d"]
        .iter()
        .any(|directory| tree.exists(&join(directory.as_bytes(), service)))
}

/// Every service that nsswitch.conf names must have its library in the image.
pub(super) fn name_services(tree: &RootTree) -> Result<Vec<Finding>, Error> {
    const PATH: &[u8] = b"etc/nsswitch.conf";
    let mut found = Vec::new();
    let Some(text) = tree.read(PATH)?.map(SourceText::new) else {
        return Ok(found);
    };
    for reference in scan(FileKind::NameServices, &text).references {
        let Some(library) = library_of(reference.text.bytes()) else {
            continue;
        };
        let exists = |path: &[u8]| name_of(path) == library && tree.exists(path);
        if tree.iter().any(|(path, _)| exists(path)) {
            continue;
        }
        let mut finding = findings::about(
            &findings::MISSING_NSS_MODULE,
            PATH,
            format!("the NSS module {} is not in the image", library.as_bstr()),
            findings::MISSING_NSS_MODULE.remedy,
        )
        .with_severity(Severity::Error);
        finding.place = place(&reference, &text);
        found.push(finding);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::{file, summary};
    use super::*;

    #[test]
    fn modules_and_services_of_pam() {
        let mut tree = RootTree::default();
        tree.insert("nix/store/h-pam/lib/security/pam_unix.so", file(""));
        tree.insert("usr/lib/security/pam_env.so", file(""));
        tree.insert(
            "etc/pam.d/common",
            file("auth required pam_unix.so nullok # pam_gone.so\n"),
        );
        tree.insert(
            "etc/pam.d/login",
            file(
                "# auth required pam_gone.so\n@include common\n@include gone\n\
                 auth [success=1 default=ignore] pam_env.so\n\
                 account\tsubstack other\nsession required /nix/store/h-x/pam_y.so\n\
                 -session optional pam_missing.so\npassword requisite pam_pwquality.so retry=3\n",
            ),
        );
        let found = pam(&tree).unwrap();
        assert_eq!(
            summary(&found),
            [
                (
                    "missing-pam-include",
                    "the PAM service gone is not in the image"
                ),
                (
                    "missing-pam-include",
                    "the PAM service other is not in the image"
                ),
                (
                    "missing-pam-module",
                    "the PAM module /nix/store/h-x/pam_y.so is not in the image"
                ),
                (
                    "missing-pam-module",
                    "the PAM module pam_pwquality.so is not in the image"
                ),
                (
                    "missing-pam-module",
                    "pam_unix.so runs unix_chkpwd, which is not in the image"
                ),
            ]
        );
        assert_eq!(found[0].place.as_ref().unwrap().line, 3);
        tree.insert("usr/wrappers/bin/unix_chkpwd", file(""));
        assert_eq!(pam(&tree).unwrap().len(), 4);
    }

    #[test]
    fn services_of_nsswitch() {
        let mut tree = RootTree::default();
        tree.insert("nix/store/h-systemd/lib/libnss_systemd.so.2", file(""));
        let text = "passwd: files [!UNAVAIL = return] systemd # gone\nhosts: mymachines dns\n";
        tree.insert("etc/nsswitch.conf", file(text));
        let found = name_services(&tree).unwrap();
        let expected = [(
            "missing-nss-module",
            "the NSS module libnss_mymachines.so.2 is not in the image",
        )];
        assert_eq!(summary(&found), expected);
        let place = found[0].place.as_ref().unwrap();
        assert_eq!((place.line, place.column), (2, 8));
    }
}
