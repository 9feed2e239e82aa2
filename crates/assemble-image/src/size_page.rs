//! The sizes as one page that needs nothing else: a treemap, and a table.

use std::fmt::Write;

use treemap::{MapItem, Mappable, Rect, TreemapLayout};

use crate::sizes::{Size, Sizes};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 700.0;
/// Smaller rectangles get no name.
const LABEL_WIDTH: f64 = 60.0;
const LABEL_HEIGHT: f64 = 14.0;
/// The width of a letter, about.
const LETTER: f64 = 6.5;

const STYLE: &str = "body{font:14px sans-serif;margin:2em;max-width:1200px}\
svg{width:100%;height:auto}rect{stroke:#fff}text{font:11px sans-serif;pointer-events:none}\
table{border-collapse:collapse;margin-top:2em}td,th{padding:.2em 1em .2em 0;text-align:left}\
td.n{text-align:right;font-variant-numeric:tabular-nums}";

/// The page. `title` is its heading.
#[must_use]
pub fn page(title: &str, sizes: &Sizes) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{} in {} files and links, before \
         compression.</p>\n",
        human(sizes.bytes),
        sizes.files
    );
    let all: Vec<&Size> = sizes.store_paths.iter().chain(&sizes.directories).collect();
    treemap(&mut page, &all);
    page.push_str("<table>\n<tr><th>path</th><th>size</th><th>share</th><th>files</th></tr>\n");
    let mut sorted = all;
    sorted.sort_by(|one, other| (other.bytes, &one.path).cmp(&(one.bytes, &other.path)));
    for size in sorted {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&size.path),
            human(size.bytes),
            share(size.bytes, sizes.bytes),
            size.files
        );
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

fn treemap(page: &mut String, sizes: &[&Size]) {
    let _ = writeln!(page, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    let whole = Rect::from_points(0.0, 0.0, WIDTH, HEIGHT);
    for (index, (size, place)) in laid_out(sizes, whole).into_iter().enumerate() {
        let hue = index * 47 % 360;
        // A directory is a lighter shade of its store path.
        let inner: Vec<&Size> = size.directories.iter().collect();
        rectangle(
            page,
            &size.path,
            size,
            place,
            &format!("hsl({hue},45%,75%)"),
        );
        let inset = Rect::from_points(
            place.x + 1.0,
            place.y + LABEL_HEIGHT,
            (place.w - 2.0).max(0.0),
            (place.h - LABEL_HEIGHT - 1.0).max(0.0),
        );
        if inset.w > LABEL_WIDTH && inset.h > LABEL_HEIGHT {
            for (directory, place) in laid_out(&inner, inset) {
                let name = directory.path.rsplit('/').next().unwrap_or_default();
                rectangle(page, name, directory, place, &format!("hsl({hue},45%,85%)"));
            }
        }
    }
    page.push_str("</svg>\n");
}

/// Places in a rectangle, in proportion to the bytes. What has none has no place.
fn laid_out<'a>(sizes: &[&'a Size], whole: Rect) -> Vec<(&'a Size, Rect)> {
    let shown: Vec<&Size> = sizes
        .iter()
        .copied()
        .filter(|size| size.bytes > 0)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "it is a picture")]
    let mut items: Vec<Box<dyn Mappable>> = shown
        .iter()
        .map(|size| Box::new(MapItem::with_size(size.bytes as f64)) as Box<dyn Mappable>)
        .collect();
    TreemapLayout::new().layout_items(&mut items, whole);
    shown
        .into_iter()
        .zip(items)
        .map(|(size, item)| (size, *item.bounds()))
        .collect()
}

fn rectangle(page: &mut String, name: &str, size: &Size, place: Rect, colour: &str) {
    let _ = writeln!(
        page,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"><title>{}: \
         {}</title></rect>",
        place.x,
        place.y,
        place.w,
        place.h,
        escaped(&size.path),
        human(size.bytes)
    );
    if place.w < LABEL_WIDTH || place.h < LABEL_HEIGHT {
        return;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a picture"
    )]
    let room = (place.w / LETTER) as usize;
    // A store path is told by its name, not by its hash.
    let short = name.rsplit('/').next().unwrap_or_default();
    let short = short
        .get(33..)
        .filter(|_| short.as_bytes().get(32) == Some(&b'-'))
        .unwrap_or(short);
    let clipped: String = short.chars().take(room).collect();
    let _ = writeln!(
        page,
        "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        place.x + 2.0,
        place.y + 11.0,
        escaped(&clipped)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Bytes as people write them.
fn human(bytes: u64) -> String {
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

fn share(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
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

    fn sizes() -> Sizes {
        let mut large = size(&format!("/nix/store/{}-glibc<2>", "0".repeat(32)), 3 << 20);
        large.directories = vec![
            size("/nix/store/x/lib", 2 << 20),
            size("/nix/store/x/share", 1 << 20),
        ];
        Sizes {
            bytes: 4 << 20,
            files: 3,
            store_paths: vec![large, size("/nix/store/empty", 0)],
            directories: vec![size("/etc", 1 << 20)],
        }
    }

    #[test]
    fn the_page_needs_nothing_else_and_names_every_path() {
        let page = page("image & sizes", &sizes());
        assert!(page.contains("<h1>image &amp; sizes</h1>"));
        assert!(page.contains("glibc&lt;2&gt;") && !page.contains("glibc<2>"));
        assert!(page.contains(">lib</text>") && page.contains("75.0 %"));
        assert!(
            page.contains("/nix/store/empty"),
            "what is empty is in the table"
        );
        assert!(!page.contains("http"));
    }

    #[test]
    fn areas_are_in_proportion() {
        let sizes = sizes();
        let all: Vec<&Size> = sizes.store_paths.iter().chain(&sizes.directories).collect();
        let places = laid_out(&all, Rect::from_points(0.0, 0.0, WIDTH, HEIGHT));
        assert_eq!(places.len(), 2, "what has no bytes has no place");
        let area = |place: Rect| place.w * place.h;
        assert!((area(places[0].1) / area(places[1].1) - 3.0).abs() < 0.01);
    }

    #[test]
    fn sizes_are_written_as_people_do() {
        assert_eq!(human(0), "0 bytes");
        assert_eq!(human(1023), "1023 bytes");
        assert_eq!(human(1536), "1.5 KiB");
        assert_eq!(human(u64::MAX), "16777215.9 TiB");
    }
}
