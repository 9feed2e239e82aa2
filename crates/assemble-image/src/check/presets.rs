//! Presets that enable what is not there: `systemd.preset(5)`.

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, SourceText, regular_file};
use hermetic_out_formats::Span;
use hermetic_out_formats::unit::place::{Manager, load_path};
use hermetic_out_formats::unit::relations::template_of;

use crate::error::{Error, io_error};
use crate::findings;
use crate::options::Options;
use crate::root_tree::{RootTree, join};

/// The files given by the user must name units that exist. Those of packages may name more than
/// there is: systemd's own enable units of parts that are not installed.
pub(super) fn check(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for (file, manager) in [
        (&options.preset, Manager::System),
        (&options.user_preset, Manager::User),
    ] {
        let Some(file) = file else { continue };
        let text = regular_file::read(file).map_err(io_error("reading the preset", file))?;
        let text = SourceText::new(text);
        let mut start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let span = Span::new(start, start + line.len());
            start += line.len() + 1;
            let mut words = line.fields();
            let (Some(b"enable"), Some(unit)) = (words.next(), words.next()) else {
                continue;
            };
            if unit.find_byteset(b"*?[").is_some() || exists(tree, manager, unit) {
                continue;
            }
            let mut finding = findings::about(
                &findings::MISSING_PRESET_UNIT,
                b"",
                format!(
                    "the preset enables {}, which no package ships",
                    unit.as_bstr()
                ),
                findings::MISSING_PRESET_UNIT.remedy,
            );
            finding.file.clone_from(file);
            finding.place = Some(Place::new(&text, span));
            found.push(finding);
        }
    }
    Ok(found)
}

/// Whether a unit exists; an instance exists if its template does.
fn exists(tree: &RootTree, manager: Manager, unit: &[u8]) -> bool {
    let mut names = vec![unit.to_vec()];
    names.extend(template_of(unit));
    load_path(manager).iter().any(|directory| {
        names
            .iter()
            .any(|name| tree.get(&join(directory.as_bytes(), name)).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::super::{file, summary};
    use super::*;
    use crate::test_support::options;

    #[test]
    fn what_is_enabled_must_exist() {
        let preset = tempfile::NamedTempFile::new().unwrap();
        let text = "# enable no.service\nenable a.service\nenable getty@tty1.service\n\
                    enable gone.service\nenable b*.service\ndisable other.service\n";
        std::fs::write(preset.path(), text).unwrap();
        let mut tree = RootTree::default();
        tree.insert("usr/lib/systemd/system/a.service", file(""));
        tree.insert("usr/lib/systemd/system/getty@.service", file(""));
        let mut options = options();
        options.preset = Some(preset.path().into());
        let found = check(&tree, &options).unwrap();
        let expected = [(
            "missing-preset-unit",
            "the preset enables gone.service, which no package ships",
        )];
        assert_eq!(summary(&found), expected);
        assert_eq!(found[0].place.as_ref().unwrap().line, 4);
    }
}
