//! The pages, opened in a browser and used.
//!
//! `SCREENSHOTS=DIR` keeps what the browser shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;

use assemble_image::size_page;
use assemble_image::sizes::Sizes;
use hermetic_out::{Finding, FindingKind, Group, Severity, SourceText};
use hermetic_out_command_line::size::Size;
use hermetic_out_command_line::{Format, OutputOptions, Report, Streams, ToolVersion};
use hermetic_out_formats::Span;
use serde_json::json;
use tests_pages::Browser;

static UNKNOWN: FindingKind = FindingKind {
    id: "missing-unit",
    aliases: &[],
    severity: Severity::Warning,
    group: Group::Units,
    summary: "A unit is named that nothing has",
    explanation: "`Requires=` and `BindsTo=` on a unit that does not exist fail.\n\n\
                  \x20   environment.systemPackages",
    example: "Requires=none.service",
    remedy: "add the package that ships the unit",
};
static MISSING: FindingKind = FindingKind {
    id: "missing-program",
    aliases: &[],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A program does not exist",
    explanation: "The unit cannot start `<program>`.",
    example: "ExecStart=/usr/sbin/chronyd",
    remedy: "add its package",
};
static NOTE: FindingKind = FindingKind {
    id: "deprecated-directive",
    aliases: &[],
    severity: Severity::Note,
    group: Group::Units,
    summary: "A directive is deprecated",
    explanation: "systemd warns about it and goes on.",
    example: "MemoryLimit=1G",
    remedy: "write MemoryMax=",
};

/// What a page must show as text.
const HOSTILE: &str =
    "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\"'&";

fn store_path(number: usize, name: &str) -> String {
    format!("/nix/store/{number:032}-{name}")
}

fn finding(kind: &'static FindingKind, file: String, line: &str, part: &str) -> Finding {
    let content = format!("[Service]\n{line}\nUser=x\n");
    let start = content.find(part).unwrap();
    Finding::new(kind, file, format!("{part} is not found"))
        .at(
            &SourceText::new(content),
            Span::new(start, start + part.len()),
        )
        .with_subject(part)
        .with_help("add the package that has it")
}

/// Of a closure of forty packages.
fn findings() -> Vec<Finding> {
    let mut findings = Vec::new();
    for number in 0..8 {
        let unit = store_path(number, "chrony-4.6") + "/lib/systemd/system/chrony.service";
        let line = format!("ExecStart=/usr/sbin/chronyd-{number} -F 1");
        let part = format!("/usr/sbin/chronyd-{number}");
        findings.push(finding(&MISSING, unit.clone(), &line, &part));
        findings.push(finding(
            &UNKNOWN,
            unit.clone(),
            "Requires=none.service",
            "none.service",
        ));
        findings.push(finding(&NOTE, unit, "MemoryLimit=1G", "MemoryLimit"));
    }
    let file = store_path(20, "x") + "/" + HOSTILE;
    findings.push(
        Finding::new(&NOTE, file, HOSTILE)
            .with_subject(HOSTILE)
            .with_help(HOSTILE),
    );
    findings
}

fn sizes() -> Vec<Size> {
    (0..40)
        .map(|number| {
            let name = if number < 8 {
                "chrony-4.6"
            } else {
                "glibc-2.40"
            };
            let path = store_path(number, name);
            let bytes = 1_000_000 * (40 - number as u64).pow(2);
            let directories = ["lib", "share"].map(|directory| Size {
                path: format!("{path}/{directory}"),
                bytes: bytes / 3,
                files: 3,
                directories: Vec::new(),
            });
            Size {
                path,
                bytes,
                files: 7,
                directories: directories.into(),
            }
        })
        .collect()
}

struct Shown {
    browser: Browser,
    directory: tempfile::TempDir,
}

impl Shown {
    fn new(html: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("page.html");
        fs::write(&file, html).unwrap();
        let mut browser = Browser::start().unwrap_or_else(|error| panic!("{error}"));
        browser.resize(1280, 900).unwrap();
        browser.open(&file).unwrap();
        Self { browser, directory }
    }

    fn screenshot(&mut self, name: &str, whole: bool) {
        let directory = std::env::var_os("SCREENSHOTS").map(PathBuf::from);
        let directory = directory.unwrap_or_else(|| self.directory.path().to_owned());
        let file = directory.join(format!("{name}.png"));
        self.browser.screenshot(&file, whole).unwrap();
        let image = fs::read(file).unwrap();
        assert!(image.starts_with(b"\x89PNG"), "no picture");
    }

    /// How many findings can be seen.
    fn visible(&mut self) -> u64 {
        let script = "[...document.querySelectorAll('.finding')].filter(finding => \
                      finding.checkVisibility()).length";
        self.browser.evaluate(script).unwrap().as_u64().unwrap()
    }

    fn text(&mut self, selector: &str) -> String {
        let script = format!("document.querySelector({}).innerText", json!(selector));
        let text = self.browser.evaluate(&script).unwrap();
        text.as_str().unwrap().to_owned()
    }

    fn assert_no_problems(&self) {
        assert!(
            self.browser.problems().is_empty(),
            "{:#?}",
            self.browser.problems()
        );
    }

    /// Every text stands out from what is behind it as WCAG 2.2, 1.4.3 asks: 4.5 to 1.
    fn assert_contrast(&mut self, scheme: &str) {
        self.browser.prefer(scheme).unwrap();
        let faint = self.browser.evaluate(CONTRAST).unwrap();
        assert_eq!(faint, json!([]), "in {scheme}");
    }
}

/// The texts whose contrast is too low.
const CONTRAST: &str = r"(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const part = (value) => value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgba(colour).map(part);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (element.tagName === 'text') {
      let previous = element.previousElementSibling;
      while (previous.tagName !== 'rect') previous = previous.previousElementSibling;
      return getComputedStyle(previous).fill;
    }
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const faint = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.tagName === 'title' || element.tagName === 'SCRIPT') continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(element.tagName === 'text' ? style.fill : style.color), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.push(`${element.tagName}.${element.className}: ${contrast.toFixed(2)}`);
  }
  return faint.slice(0, 10);
})()";

fn report(subject: &str, findings: Vec<Finding>) -> Report {
    let tool = ToolVersion {
        name: "lint-store-path",
        version: "0.1.0",
    };
    Report {
        sizes: sizes(),
        ..Report::new(tool, subject.to_owned(), "/nix/store".into(), findings)
    }
}

/// What a tool writes with `--format html`.
fn page(report: &Report) -> String {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut streams = Streams {
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let options = OutputOptions {
        format: Format::Html,
        ..OutputOptions::default()
    };
    options.write(report, &mut streams).unwrap();
    String::from_utf8(stdout).unwrap()
}

fn findings_page() -> Shown {
    Shown::new(&page(&report("closure of chrony-4.6", findings())))
}

#[test]
fn findings_are_filtered_and_grouped() {
    let mut shown = findings_page();
    assert_eq!(shown.visible(), 25);
    assert_eq!(shown.text("#shown"), "25 of 25 shown");
    shown.screenshot("findings", false);

    shown.browser.enter("#filter", "CHRONYD-3").unwrap();
    assert_eq!(shown.visible(), 1);
    assert_eq!(shown.text("#shown"), "1 of 25 shown");
    shown.browser.enter("#filter", "rule:missing-unit").unwrap();
    assert_eq!(shown.visible(), 8);
    shown.browser.enter("#filter", "no such thing").unwrap();
    assert_eq!(shown.visible(), 0);
    assert_eq!(shown.text("#nothing"), "Nothing matches the filter.");
    shown.browser.enter("#filter", "").unwrap();
    assert_eq!(shown.visible(), 25);

    shown.browser.click("input[value=note]").unwrap();
    assert_eq!(shown.visible(), 16);
    shown.browser.click("input[value=error]").unwrap();
    assert_eq!(shown.visible(), 8);
    shown.browser.click("input[value=note]").unwrap();
    shown.browser.click("input[value=error]").unwrap();

    shown.browser.click("input[value=rule]").unwrap();
    assert_eq!(shown.visible(), 25);
    let groups = "[...document.querySelectorAll('.group h3')].map(heading => heading.textContent)";
    assert_eq!(
        shown.browser.evaluate(groups).unwrap(),
        json!(["deprecated-directive", "missing-program", "missing-unit"])
    );
    shown
        .browser
        .evaluate("document.querySelector('#findings').scrollIntoView()")
        .unwrap();
    shown.screenshot("by-rule", false);
    shown.browser.click("input[value=package]").unwrap();
    assert_eq!(
        shown
            .browser
            .evaluate(groups)
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        9
    );

    // What is large in the picture leads to what was found in it.
    shown.browser.click(".treemap g").unwrap();
    assert_eq!(shown.visible(), 3);
    shown.browser.click(".treemap g").unwrap();
    assert_eq!(shown.visible(), 25);

    shown
        .browser
        .click("a[href='#rule-missing-program']")
        .unwrap();
    let target = "document.querySelector(':target h3').textContent";
    assert_eq!(shown.browser.evaluate(target).unwrap(), "missing-program");
    // What `--explain` says stands there.
    let target =
        "[...document.querySelectorAll(':target h4')].map(part => part.textContent).join()";
    assert_eq!(
        shown.browser.evaluate(target).unwrap(),
        "Example,What to do"
    );
    shown.assert_no_problems();
}

#[test]
fn what_a_package_says_stays_text() {
    let mut shown = findings_page();
    assert_eq!(shown.browser.evaluate("window.broken ?? 0").unwrap(), 0);
    assert!(shown.text("#findings").contains(HOSTILE));
    let images = "document.querySelectorAll('img, script').length";
    assert_eq!(shown.browser.evaluate(images).unwrap(), 1);
    // Even what got in as HTML would not run.
    let inserted = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.broken=1>');\
                    new Promise(done => setTimeout(() => done(window.broken ?? 0), 200))";
    assert_eq!(shown.browser.evaluate(inserted).unwrap(), 0);
    let forbidden = shown.browser.problems();
    assert!(
        forbidden
            .iter()
            .any(|problem| problem.contains("Content Security Policy")),
        "{forbidden:#?}"
    );
}

#[test]
fn it_can_be_read_in_the_dark_and_without_eyes() {
    let mut shown = findings_page();
    shown.assert_contrast("light");
    shown.screenshot("whole", true);
    shown.assert_contrast("dark");
    shown.screenshot("dark", false);
    let spoken = shown.browser.spoken().unwrap();
    for (role, name) in [
        ("heading", "lint-store-path: closure of chrony-4.6"),
        ("searchbox", "Filter"),
        ("checkbox", "warnings"),
        ("radio", "rule"),
        (
            "image",
            "Store paths by their size, coloured by what was found in them; all findings are listed below",
        ),
        ("heading", "What they mean"),
    ] {
        assert!(
            spoken
                .iter()
                .any(|(found, text)| found == role && text == name),
            "no {role} {name:?} in {spoken:#?}"
        );
    }
    shown.browser.resize(400, 800).unwrap();
    let width = shown
        .browser
        .evaluate("document.documentElement.scrollWidth")
        .unwrap();
    assert_eq!(width, 400, "a narrow window is not scrolled sideways");
    shown.screenshot("narrow", false);
    shown.assert_no_problems();
}

#[test]
fn nothing_found_is_a_page_too() {
    let mut shown = Shown::new(&page(&report("hello-2.12", Vec::new())));
    assert!(shown.text("body").contains("Nothing was found."));
    shown.screenshot("nothing", false);
    shown.assert_no_problems();
}

#[test]
fn the_sizes_of_an_image() {
    let store_paths = sizes();
    let sizes = Sizes {
        bytes: store_paths.iter().map(|size| size.bytes).sum(),
        files: 280,
        store_paths,
        directories: Vec::new(),
    };
    let mut shown = Shown::new(&size_page::page("What the image holds", &sizes));
    let rectangles = "document.querySelectorAll('.treemap .outer').length";
    assert_eq!(shown.browser.evaluate(rectangles).unwrap(), 40);
    shown.assert_contrast("light");
    shown.screenshot("sizes", false);
    shown.assert_contrast("dark");
    shown.screenshot("sizes-dark", false);
    shown.assert_no_problems();
}
