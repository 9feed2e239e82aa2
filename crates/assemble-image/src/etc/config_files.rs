//! Which configuration files count: `systemd-sysusers(8)`, `tmpfiles.d(5)`, "Configuration
//! Directories and Precedence".

use std::collections::BTreeMap;

use hermetic_out::SourceText;

use crate::error::Error;
use crate::root_tree::{RootTree, join};

/// Where such files lie, from the highest precedence.
const PARENTS: &[&str] = &["etc", "usr/local/lib", "usr/lib"];

/// A configuration file that counts.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFile {
    /// Its path in the image.
    pub(crate) path: Vec<u8>,
    /// Its content.
    pub(crate) content: SourceText,
}

/// The files `*.conf` of a directory like `tmpfiles.d`, by name: each once, from the place that goes
/// before the others. One that is empty, as a link to `/dev/null`, hides those of its name.
pub(crate) fn config_files(tree: &RootTree, directory: &str) -> Result<Vec<ConfigFile>, Error> {
    let mut by_name: BTreeMap<Vec<u8>, Option<ConfigFile>> = BTreeMap::new();
    for parent in PARENTS {
        let directory = join(parent.as_bytes(), directory.as_bytes());
        for (name, _) in tree.children(&directory) {
            if !name.ends_with(b".conf") || by_name.contains_key(name) {
                continue;
            }
            let path = join(&directory, name);
            let file = tree.read(&path)?;
            let file = file.map(|content| ConfigFile {
                path,
                content: SourceText::new(content),
            });
            by_name.insert(name.to_vec(), file);
        }
    }
    Ok(by_name.into_values().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::Entry;

    #[test]
    fn etc_goes_before_usr_and_hides_it() {
        let mut tree = RootTree::default();
        let file = |text: &str| Entry::bytes(text, 0o644);
        tree.insert("usr/lib/tmpfiles.d/b.conf", file("b of usr"));
        tree.insert("usr/lib/tmpfiles.d/a.conf", file("a of usr"));
        tree.insert("usr/lib/tmpfiles.d/masked.conf", file("masked"));
        tree.insert("usr/lib/tmpfiles.d/README", file("no configuration"));
        tree.insert("etc/tmpfiles.d/b.conf", file("b of etc"));
        tree.insert("etc/tmpfiles.d/masked.conf", Entry::link("/dev/null"));
        let files = config_files(&tree, "tmpfiles.d").unwrap();
        let contents: Vec<&[u8]> = files.iter().map(|file| &*file.content).collect();
        assert_eq!(contents, [&b"a of usr"[..], b"b of etc"]);
    }
}
