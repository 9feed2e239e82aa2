//! Sizes as rectangles in rectangles.

use std::fmt::Write;

use treemap::{MapItem, Mappable, Rect, TreemapLayout};

use super::{escaped, human_size, short_name};
use crate::size::Size;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 450.0;
/// Smaller rectangles get no name.
const LABEL_WIDTH: f64 = 60.0;
const LABEL_HEIGHT: f64 = 14.0;
/// The width of a letter, about.
const LETTER: f64 = 6.5;

/// A rectangle to be.
#[derive(Clone, Debug)]
pub struct Area<'a> {
    /// What it shows: its path, its bytes, and the directories in it.
    pub size: &'a Size,
    /// The class that gives it its colour, which page.css has: `hue0` to `hue11`, `error`, `warning`,
    /// `note` or `clean`.
    pub class: String,
    /// What is said of it beside its size; can be empty.
    pub remark: String,
}

/// Appends a picture of the areas: what has no bytes has no place in it. `label` says what it shows to
/// those who do not see it; each rectangle has its path as `data-path`.
pub fn treemap(page: &mut String, label: &str, areas: &[Area<'_>]) {
    // Writing to a string does not fail.
    let _ = writeln!(
        page,
        "<svg class=\"treemap\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let sizes: Vec<&Size> = areas.iter().map(|area| area.size).collect();
    for (index, place) in laid_out(&sizes, Rect::from_points(0.0, 0.0, WIDTH, HEIGHT)) {
        let area = &areas[index];
        let remark = if area.remark.is_empty() {
            String::new()
        } else {
            format!(", {}", area.remark)
        };
        let _ = writeln!(
            page,
            "<g class=\"{}\" data-path=\"{}\">",
            area.class,
            escaped(&area.size.path)
        );
        rectangle(page, area.size, place, &remark, "outer");
        let inset = Rect::from_points(
            place.x + 1.0,
            place.y + LABEL_HEIGHT,
            (place.w - 2.0).max(0.0),
            (place.h - LABEL_HEIGHT - 1.0).max(0.0),
        );
        if inset.w > LABEL_WIDTH && inset.h > LABEL_HEIGHT {
            let directories: Vec<&Size> = area.size.directories.iter().collect();
            for (index, place) in laid_out(&directories, inset) {
                rectangle(page, directories[index], place, "", "inner");
            }
        }
        page.push_str("</g>\n");
    }
    page.push_str("</svg>\n");
}

/// Places in a rectangle, in proportion to the bytes; each with the index of its size.
fn laid_out(sizes: &[&Size], whole: Rect) -> Vec<(usize, Rect)> {
    let shown: Vec<usize> = (0..sizes.len())
        .filter(|index| sizes[*index].bytes > 0)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "it is a picture")]
    let mut items: Vec<Box<dyn Mappable>> = shown
        .iter()
        .map(|index| Box::new(MapItem::with_size(sizes[*index].bytes as f64)) as Box<dyn Mappable>)
        .collect();
    TreemapLayout::new().layout_items(&mut items, whole);
    shown
        .into_iter()
        .zip(items)
        .map(|(index, item)| (index, *item.bounds()))
        .collect()
}

fn rectangle(page: &mut String, size: &Size, place: Rect, remark: &str, class: &str) {
    let _ = writeln!(
        page,
        "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}: {}{}\
         </title></rect>",
        place.x,
        place.y,
        place.w,
        place.h,
        escaped(&size.path),
        human_size(size.bytes),
        escaped(remark)
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
    let label = format!("{}{remark}", short_name(&size.path));
    let clipped: String = label.chars().take(room).collect();
    let _ = writeln!(
        page,
        "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        place.x + 3.0,
        place.y + 11.0,
        escaped(&clipped)
    );
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
    fn areas_are_in_proportion() {
        let sizes = [size("/a", 3 << 20), size("/empty", 0), size("/b", 1 << 20)];
        let all: Vec<&Size> = sizes.iter().collect();
        let places = laid_out(&all, Rect::from_points(0.0, 0.0, WIDTH, HEIGHT));
        let indices: Vec<usize> = places.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, [0, 2], "what has no bytes has no place");
        let area = |place: Rect| place.w * place.h;
        assert!((area(places[0].1) / area(places[1].1) - 3.0).abs() < 0.01);
    }

    #[test]
    fn rectangles_have_names_and_remarks() {
        let mut large = size(&format!("/nix/store/{}-x<2>", "0".repeat(32)), 3);
        large.directories = vec![size("/nix/store/x/lib", 2), size("/nix/store/x/share", 1)];
        let mut page = String::new();
        let area = Area {
            size: &large,
            class: "error".into(),
            remark: "2 errors".into(),
        };
        treemap(&mut page, "sizes", &[area]);
        assert!(page.contains("<g class=\"error\" data-path=\"/nix/store/"));
        assert!(page.contains("x&lt;2&gt;: 3 bytes, 2 errors</title>"));
        assert!(page.contains(">x&lt;2&gt;, 2 errors</text>"));
        assert!(page.contains(">lib</text>") && page.contains(">share</text>"));
    }
}
