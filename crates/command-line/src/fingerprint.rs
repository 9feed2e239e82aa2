//! Names for findings that stay the same from one build to the next.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out::store::replace_hashes;
use hermetic_out::{Finding, FindingKind};
use sha2::{Digest, Sha256};

use crate::escape::push_hex;

/// So many bytes of the hash are used.
const LENGTH: usize = 16;

/// A name for each finding, in their order. It is made of the kind, the file and the subject, both
/// without the hashes of store paths, and of how many alike came before: it outlives a rebuild, lines
/// that move within the file, and other words for the same thing; not another version of the package.
pub(crate) fn fingerprints(findings: &[Finding], store_dir: &Path) -> Vec<String> {
    named(findings, store_dir, |kind| kind.id)
}

/// The names of each finding by its id, and by the former ids of its kind.
pub(crate) fn fingerprints_by_any_id(findings: &[Finding], store_dir: &Path) -> Vec<Vec<String>> {
    let names = fingerprints(findings, store_dir);
    let mut all: Vec<Vec<String>> = names.into_iter().map(|name| vec![name]).collect();
    let kinds = findings.iter().map(|finding| finding.kind);
    let most = kinds.map(|kind| kind.aliases.len()).max().unwrap_or(0);
    for number in 0..most {
        let former = |kind: &FindingKind| kind.aliases.get(number).copied().unwrap_or(kind.id);
        for (names, name) in all.iter_mut().zip(named(findings, store_dir, former)) {
            names.push(name);
        }
    }
    all
}

fn named(
    findings: &[Finding],
    store_dir: &Path,
    id: impl Fn(&FindingKind) -> &'static str,
) -> Vec<String> {
    let mut alike: HashMap<[u8; 32], u64> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let mut hash = Sha256::new();
            for part in [
                id(finding.kind).as_bytes(),
                &replace_hashes(finding.file.as_os_str().as_bytes(), store_dir, b""),
                &replace_hashes(&finding.subject, store_dir, b""),
            ] {
                // Lengths keep parts apart.
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            let before = alike.entry(hash.clone().finalize().into()).or_default();
            hash.update(before.to_be_bytes());
            *before += 1;
            let mut name = String::with_capacity(2 * LENGTH);
            for byte in &hash.finalize()[..LENGTH] {
                push_hex(&mut name, *byte);
            }
            name
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use hermetic_out::{Place, SourceText};
    use hermetic_out_formats::Span;

    use super::*;
    use crate::report::tests::report;

    fn store_path(hash: char, rest: &str) -> String {
        format!("/nix/store/{}-{rest}", hash.to_string().repeat(32))
    }

    fn finding(file: &str, subject: &str) -> Finding {
        Finding::new(report().findings[0].kind, file, "it is wrong").with_subject(subject)
    }

    fn names(findings: &[Finding]) -> Vec<String> {
        fingerprints(findings, Path::new("/nix/store"))
    }

    #[test]
    fn rebuilds_and_lines_do_not_matter() {
        let before = finding(&store_path('a', "x-1/f"), &store_path('b', "y-2/bin/y"));
        let mut after = finding(&store_path('c', "x-1/f"), &store_path('d', "y-2/bin/y"));
        after.place = Some(Place::new(&SourceText::new(*b"\n\n\nx"), Span::new(3, 4)));
        after.message = "said in other words".into();
        assert_eq!(names(&[before]), names(&[after]));
    }

    #[test]
    fn what_is_different_has_another_name() {
        let first = finding(&store_path('a', "x-1/f"), "s");
        let all = [
            first.clone(),
            finding(&store_path('a', "x-2/f"), "s"),
            finding(&store_path('a', "x-1/g"), "s"),
            finding(&store_path('a', "x-1/f"), "t"),
            finding(&store_path('a', "x-1/fs"), ""),
            // One more of the same.
            first,
        ];
        let mut names = names(&all);
        assert!(names.iter().all(|name| name.len() == 32));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
}
