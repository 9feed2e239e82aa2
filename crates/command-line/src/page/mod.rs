//! HTML pages that need nothing else: one file, which may run and load only what it holds.

mod treemap;

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::escape::escape_for_terminal;

pub use treemap::{Area, treemap};

/// How every page looks, in light and in dark.
const STYLE: &str = include_str!("page.css");

/// A page in parts.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The title, and the heading: any text.
    pub title: &'a str,
    /// More style sheet than all pages have.
    pub style: &'a str,
    /// The script; none if empty.
    pub script: &'a str,
    /// What stands below the heading: HTML.
    pub body: &'a str,
}

impl Page<'_> {
    /// The whole page. Its content security policy names the style sheet and the script by their
    /// hashes and allows nothing else, so that text of a package that is shown in it can do nothing.
    /// HTML in the body has neither `style` nor `on…` attributes.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escaped(self.title);
        let style = format!("{STYLE}{}", self.style);
        let mut policy = format!("default-src 'none'; style-src '{}'", source_hash(&style));
        let mut script = String::new();
        if !self.script.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(policy, "; script-src '{}'", source_hash(self.script));
            script = format!("<script>{}</script>\n", self.script);
        }
        // The empty icon keeps browsers from asking a server for one.
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}; img-src data:; base-uri \
             'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}{script}\
             </body>\n</html>\n",
            self.body
        )
    }
}

/// What a content security policy calls a style sheet or script: Content Security Policy Level 3,
/// section 2.3.1.
fn source_hash(source: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(source)))
}

/// Text for HTML, between tags and in attributes. Control characters, and what changes the direction
/// of writing, are shown as escapes; line ends and tabs stay.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            escaped.push('\n');
        }
        for character in escape_for_terminal(line.as_bytes()).chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                _ => escaped.push(character),
            }
        }
    }
    escaped
}

/// Bytes as people write them.
#[must_use]
pub fn human_size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} bytes"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, units[unit]),
    }
}

/// A part of a whole in percent.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A path's last name; a store path is told by its name, not by its hash.
#[must_use]
pub fn short_name(path: &str) -> &str {
    const HASH: usize = 32;

    let name = path.rsplit('/').next().unwrap_or_default();
    name.get(HASH + 1..)
        .filter(|_| name.as_bytes().get(HASH) == Some(&b'-'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_allows_what_it_holds_and_nothing_else() {
        let page = Page {
            title: "a & b",
            style: "p{color:red}",
            script: "",
            body: "<p>x</p>\n",
        };
        let html = page.html();
        assert!(html.contains("<h1>a &amp; b</h1>\n<p>x</p>\n</body>"));
        assert!(html.contains("default-src 'none'; style-src 'sha256-"));
        assert!(!html.contains("script"), "{html}");
        let html = Page {
            script: "alert(1)",
            ..page
        }
        .html();
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let hash = "sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=";
        assert!(html.contains(&format!("; script-src '{hash}'")), "{html}");
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("<a href=\"x\">&\x1b\n\u{202e}"),
            "&lt;a href=&quot;x&quot;&gt;&amp;\\x1b\n\\u{202e}"
        );
    }

    #[test]
    fn sizes_are_written_as_people_do() {
        assert_eq!(human_size(0), "0 bytes");
        assert_eq!(human_size(1023), "1023 bytes");
        assert_eq!(human_size(1536), "1.5 KiB");
        assert_eq!(human_size(u64::MAX), "16777215.9 TiB");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(0, 0), "0.0 %");
    }

    #[test]
    fn a_store_path_is_told_by_its_name() {
        let path = format!("/nix/store/{}-glibc-2.40", "0".repeat(32));
        assert_eq!(short_name(&path), "glibc-2.40");
        assert_eq!(short_name("/etc"), "etc");
        assert_eq!(short_name(&"é".repeat(20)), "é".repeat(20));
    }
}
