//! The sizes as one page that needs nothing else: a treemap, and a table.

use std::fmt::Write;

use hermetic_out_command_line::page::{Area, Page, escaped, human_size, share, treemap};
use hermetic_out_command_line::size::Size;

use crate::sizes::Sizes;

/// So many colours page.css has.
const HUES: usize = 12;

/// The page. `title` is its heading.
#[must_use]
pub fn page(title: &str, sizes: &Sizes) -> String {
    let mut body = format!(
        "<p>{} in {} files and links, before compression.</p>\n",
        human_size(sizes.bytes),
        sizes.files
    );
    let mut all: Vec<&Size> = sizes.store_paths.iter().chain(&sizes.directories).collect();
    let areas: Vec<Area<'_>> = all
        .iter()
        .enumerate()
        .map(|(index, size)| Area {
            size,
            class: format!("hue{}", index % HUES),
            remark: String::new(),
        })
        .collect();
    treemap(
        &mut body,
        "The sizes of store paths and directories; the table below has them, too",
        &areas,
    );
    body.push_str(
        "<table>\n<tr><th scope=\"col\">path</th><th scope=\"col\" class=\"n\">size</th><th scope=\"col\" \
         class=\"n\">share</th><th scope=\"col\" class=\"n\">files</th></tr>\n",
    );
    all.sort_by(|one, other| (other.bytes, &one.path).cmp(&(one.bytes, &other.path)));
    for size in all {
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&size.path),
            human_size(size.bytes),
            share(size.bytes, sizes.bytes),
            size.files
        );
    }
    body.push_str("</table>\n");
    let page = Page {
        title,
        style: "",
        script: "",
        body: &body,
    };
    page.html()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(path: &str, bytes: u64) -> Size {
        Size {
            path: path.into(),
            bytes,
            files: 1,
            directories: Vec::new(),
        }
    }

    #[test]
    fn the_page_needs_nothing_else_and_names_every_path() {
        let mut large = size(&format!("/nix/store/{}-glibc<2>", "0".repeat(32)), 3 << 20);
        large.directories = vec![
            size("/nix/store/x/lib", 2 << 20),
            size("/nix/store/x/share", 1 << 20),
        ];
        let sizes = Sizes {
            bytes: 4 << 20,
            files: 3,
            store_paths: vec![large, size("/nix/store/empty", 0)],
            directories: vec![size("/etc", 1 << 20)],
        };
        let page = page("image & sizes", &sizes);
        assert!(page.contains("<h1>image &amp; sizes</h1>"));
        assert!(page.contains("glibc&lt;2&gt;") && !page.contains("glibc<2>"));
        assert!(page.contains(">lib</text>") && page.contains("75.0 %"));
        assert!(
            page.contains("/nix/store/empty"),
            "what is empty is in the table"
        );
        assert!(!page.contains("http:") && !page.contains("https:"));
    }
}
