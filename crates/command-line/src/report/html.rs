//! For people who have many findings: one page with all of them, and with what each means.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use hermetic_out::{Finding, FindingKind, Place, Severity};

use super::content::Report;
use super::counts::{Counts, RuleFindings, by_rule, count};
use super::excerpt::Excerpt;
use crate::escape::escape_path;
use crate::explain::explanation;
use crate::fingerprint::fingerprints;
use crate::page::{Area, Page, escaped, short_name, treemap};
use crate::size::Size;

const STYLE: &str = include_str!("html.css");
const SCRIPT: &str = include_str!("html.js");

/// Writes the page of `report`.
pub(super) fn write(report: &Report, stdout: &mut dyn Write) -> anyhow::Result<()> {
    stdout
        .write_all(page(report).as_bytes())
        .context("writing the page to standard output")
}

/// The page: HTML that needs nothing else, nor a script to be read; with one, it can be filtered.
fn page(report: &Report) -> String {
    let mut packages: BTreeMap<String, Vec<(&Finding, String)>> = BTreeMap::new();
    let prints = fingerprints(&report.findings, &report.store_dir);
    for (finding, print) in report.findings.iter().zip(prints) {
        let package = package_of(&finding.file, &report.store_dir);
        packages.entry(package).or_default().push((finding, print));
    }
    let mut rules = by_rule(&report.findings);

    let mut body = String::new();
    summary(&mut body, report, &packages);
    if !report.findings.is_empty() {
        body.push_str(CONTROLS);
    }
    if !report.findings.is_empty() {
        table_of_rules(&mut body, &rules);
    }
    if !report.sizes.is_empty() {
        closure(&mut body, &report.sizes, &packages);
    }
    if !report.findings.is_empty() {
        all_findings(&mut body, &packages, &report.store_dir);
        body.push_str("<h2>What they mean</h2>\n");
        rules.sort_by_key(|rule| rule.kind.id);
        for rule in &rules {
            meaning(&mut body, rule.kind);
        }
    }
    let title = format!("{}: {}", report.tool.name, report.subject);
    let page = Page {
        title: &title,
        style: STYLE,
        script: if report.findings.is_empty() {
            ""
        } else {
            SCRIPT
        },
        body: &body,
    };
    page.html()
}

/// The store path that a file lies in; else the file.
fn package_of(file: &Path, store_dir: &Path) -> String {
    let store_path = file
        .strip_prefix(store_dir)
        .ok()
        .and_then(|below| below.components().next())
        .map(|first| store_dir.join(first));
    escape_path(store_path.as_deref().unwrap_or(file))
}

type Packages<'a> = BTreeMap<String, Vec<(&'a Finding, String)>>;

fn counts_of(findings: &[(&Finding, String)]) -> Counts {
    Counts::of(findings.iter().map(|(finding, _)| *finding))
}

fn summary(body: &mut String, report: &Report, packages: &Packages<'_>) {
    let counts = Counts::of(&report.findings);
    let found = if report.findings.is_empty() {
        "Nothing was found.".to_owned()
    } else if report.sizes.is_empty() {
        format!("{} in {}.", counts, count(packages.len(), "store path"))
    } else {
        format!(
            "{} in {} of {}.",
            counts,
            packages.len(),
            count(report.sizes.len(), "store path")
        )
    };
    // Writing to a string does not fail, here and below.
    let _ = writeln!(
        body,
        "<p class=\"summary\">{found} <span class=\"by\">{} {}</span></p>",
        escaped(report.tool.name),
        escaped(report.tool.version)
    );
}

/// Of no use without the script, which shows it.
const CONTROLS: &str = "\
<search class=\"controls\" hidden>
<label class=\"text\">Filter <input type=\"search\" id=\"filter\" placeholder=\"words, rule:NAME, package:NAME\" spellcheck=\"false\" autocomplete=\"off\"></label>
<fieldset><legend>Severity</legend>
<label><input type=\"checkbox\" value=\"error\" checked> errors</label>
<label><input type=\"checkbox\" value=\"warning\" checked> warnings</label>
<label><input type=\"checkbox\" value=\"note\" checked> notes</label>
</fieldset>
<fieldset><legend>Group by</legend>
<label><input type=\"radio\" name=\"group\" value=\"package\" checked> package</label>
<label><input type=\"radio\" name=\"group\" value=\"rule\"> rule</label>
</fieldset>
<output id=\"shown\" aria-live=\"polite\"></output>
</search>
";

fn closure(body: &mut String, sizes: &[Size], packages: &Packages<'_>) {
    body.push_str("<h2>The closure</h2>\n");
    let areas: Vec<Area<'_>> = sizes
        .iter()
        .map(|size| {
            let counts = packages.get(&size.path).map(|found| counts_of(found));
            let counts = counts.unwrap_or_default();
            Area {
                size,
                class: counts.worst().map_or("clean", Severity::name).to_owned(),
                remark: counts.to_string(),
            }
        })
        .collect();
    treemap(
        body,
        "Store paths by their size, coloured by what was found in them; all findings are listed below",
        &areas,
    );
    body.push_str(
        "<p class=\"legend\" aria-hidden=\"true\"><span class=\"error\">errors</span> <span \
         class=\"warning\">warnings</span> <span class=\"note\">notes</span> <span \
         class=\"clean\">nothing found</span></p>\n",
    );
}

fn table_of_rules(body: &mut String, rules: &[RuleFindings]) {
    body.push_str(
        "<h2>Rules</h2>\n<table class=\"rules\">\n<tr><th scope=\"col\" class=\"n\">findings</th><th \
         scope=\"col\">rule</th><th scope=\"col\">what is wrong</th></tr>\n",
    );
    for RuleFindings { kind, counts } in rules {
        let severity = counts.worst().map_or("note", Severity::name);
        let _ = writeln!(
            body,
            "<tr><td class=\"n\">{}</td><td><span class=\"badge {severity}\">{severity}</span> <a \
             href=\"#rule-{name}\">{name}</a></td><td>{}</td></tr>",
            counts.all(),
            inline(kind.summary),
            name = escaped(kind.id),
        );
    }
    body.push_str("</table>\n");
}

fn all_findings(body: &mut String, packages: &Packages<'_>, store_dir: &Path) {
    body.push_str("<h2>Findings</h2>\n<div id=\"findings\">\n");
    let mut worst_first: Vec<_> = packages.iter().collect();
    worst_first.sort_by_key(|(package, findings)| {
        let worst = counts_of(findings).worst();
        (std::cmp::Reverse(worst), short_name(package).to_owned())
    });
    for (package, findings) in worst_first {
        let _ = writeln!(
            body,
            "<details class=\"group\" open data-package=\"{path}\">\n<summary><h3>{}</h3> <span \
             class=\"count\">{}</span><span class=\"path\">{path}</span></summary>",
            escaped(short_name(package)),
            counts_of(findings),
            path = escaped(package),
        );
        let mut sorted: Vec<&(&Finding, String)> = findings.iter().collect();
        sorted.sort_by_key(|(finding, _)| (std::cmp::Reverse(finding.severity), finding.kind.id));
        for (finding, print) in sorted {
            one_finding(body, finding, print, package, store_dir);
        }
        body.push_str("</details>\n");
    }
    body.push_str("</div>\n<p id=\"nothing\" hidden>Nothing matches the filter.</p>\n");
}

fn one_finding(body: &mut String, finding: &Finding, print: &str, package: &str, store_dir: &Path) {
    let severity = finding.severity.name();
    let rule = escaped(finding.kind.id);
    let _ = writeln!(
        body,
        "<article class=\"finding\" id=\"{print}\" data-severity=\"{severity}\" data-rule=\"{rule}\" \
         data-package=\"{}\">\n<h4><span class=\"badge {severity}\">{severity}</span> {}</h4>",
        escaped(package),
        escaped(&finding.message)
    );
    // The package is named above; where findings are by rule, it is not.
    let below = finding
        .file
        .strip_prefix(store_dir)
        .unwrap_or(&finding.file);
    let mut place = short_name(package).to_owned();
    let inside: std::path::PathBuf = below.components().skip(1).collect();
    if below == finding.file {
        place = escape_path(below);
    } else if !inside.as_os_str().is_empty() {
        let _ = write!(place, "/{}", escape_path(&inside));
    }
    if let Some(at) = &finding.place {
        let _ = write!(place, ":{}:{}", at.line, at.column);
    }
    let _ = writeln!(
        body,
        "<p class=\"place\"><a href=\"#rule-{rule}\">{rule}</a> <span title=\"{}\">{}</span></p>",
        escaped(&escape_path(&finding.file)),
        escaped(&place)
    );
    if let Some(at) = &finding.place {
        source(body, at);
    }
    if !finding.help.is_empty() {
        let _ = writeln!(body, "<p class=\"help\">{}</p>", escaped(&finding.help));
    }
    body.push_str("</article>\n");
}

/// The lines of a place with their numbers, and with what is meant marked.
fn source(body: &mut String, place: &Place) {
    let Excerpt { text, mark } = Excerpt::of(place);
    body.push_str("<pre>");
    let mut start = 0;
    for (number, line) in text.split('\n').enumerate() {
        let within = |offset: usize| offset.saturating_sub(start).min(line.len());
        let (from, to) = (within(mark.start), within(mark.end));
        let part = |range: std::ops::Range<usize>| escaped(line.get(range).unwrap_or_default());
        let _ = write!(
            body,
            "{}<span class=\"number\">{:>5}</span>  {}",
            if number > 0 { "\n" } else { "" },
            place.line + number,
            part(0..from)
        );
        if from < to {
            let _ = write!(body, "<mark>{}</mark>", part(from..to));
        }
        body.push_str(&part(to..line.len()));
        start += line.len() + 1;
    }
    body.push_str("</pre>\n");
}

fn meaning(body: &mut String, kind: &FindingKind) {
    let severity = kind.severity.name();
    let page = kind.page();
    // A path within the project leads nowhere from here.
    let link = if page.contains("://") {
        format!("<p><a href=\"{}\">Documentation</a></p>\n", escaped(&page))
    } else {
        String::new()
    };
    let _ = writeln!(
        body,
        "<section class=\"rule\" id=\"rule-{name}\">\n<h3>{name}</h3> <span class=\"badge \
         {severity}\">{severity}</span>\n<p><strong>{}</strong></p>\n{}{link}</section>",
        inline(kind.summary),
        markdown(&explanation(kind)),
        name = escaped(kind.id),
    );
}

/// Markdown as HTML. HTML in it is text: angle brackets are placeholders there. Headings are parts of a
/// section of the page.
fn markdown(text: &str) -> String {
    use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd, html::push_html};

    let events = Parser::new(text.trim()).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Heading {
            id, classes, attrs, ..
        }) => Event::Start(Tag::Heading {
            level: HeadingLevel::H4,
            id,
            classes,
            attrs,
        }),
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H4)),
        other => other,
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// One line of Markdown, without a paragraph around it.
fn inline(text: &str) -> String {
    let html = markdown(text);
    let html = html.trim_end();
    html.strip_prefix("<p>")
        .and_then(|html| html.strip_suffix("</p>"))
        .unwrap_or(html)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use hermetic_out::SourceText;
    use hermetic_out_formats::Span;

    use super::super::tests::findings_report;
    use super::*;

    fn report_of(findings: Vec<Finding>, sizes: Vec<Size>) -> Report {
        Report {
            findings,
            sizes,
            ..findings_report()
        }
    }

    #[test]
    fn every_finding_and_its_meaning_is_in_the_page() {
        let html = page(&report_of(findings_report().findings, Vec::new()));
        assert!(html.contains("<h1>tool: x-1.0</h1>"));
        assert!(html.contains("1 error, 1 note in 1 store path."), "{html}");
        assert!(html.contains("/usr/bin/x is not found</h4>"));
        assert!(html.contains("ExecStart=<mark>/usr/bin/x</mark> -é\\xff</pre>"));
        assert!(html.contains("<p class=\"help\">add y to buildInputs</p>"));
        assert!(
            html.contains("it is so\\x1b</h4>"),
            "nothing that a browser obeys"
        );
        assert!(html.contains("id=\"rule-an-output\""));
        assert!(html.contains("<p>It will not start.</p>"));
        assert!(html.contains("<h4>What to do</h4>\n<p>Leave it.</p>"));
        assert!(!html.contains("<svg"), "there are no sizes");
        assert!(!html.contains("style=") && !html.contains("onclick"));
        assert_eq!(
            html,
            page(&report_of(findings_report().findings, Vec::new()))
        );
    }

    #[test]
    fn sizes_are_coloured_by_what_was_found() {
        let size = |path: &str| Size {
            path: path.into(),
            bytes: 1 << 20,
            files: 1,
            directories: Vec::new(),
        };
        let sizes = [size("/nix/store/a-x"), size("/nix/store/b-y")];
        let html = page(&report_of(findings_report().findings, sizes.into()));
        assert!(html.contains("1 error, 1 note in 1 of 2 store paths."));
        assert!(html.contains("<g class=\"error\" data-path=\"/nix/store/a-x\">"));
        assert!(html.contains("<g class=\"clean\" data-path=\"/nix/store/b-y\">"));
    }

    #[test]
    fn nothing_found_is_said() {
        let html = page(&report_of(Vec::new(), Vec::new()));
        assert!(html.contains("Nothing was found."));
        assert!(!html.contains("<script") && !html.contains("id=\"filter\""));
    }

    #[test]
    fn the_mark_goes_over_lines() {
        let file = *b"ExecStart=/bin/sh \\\n  -c <x>\nUser=y";
        let mut html = String::new();
        source(
            &mut html,
            &Place::new(&SourceText::new(file), Span::new(10, 24)),
        );
        assert_eq!(
            html,
            "<pre><span class=\"number\">    1</span>  ExecStart=<mark>/bin/sh \\</mark>\n<span \
             class=\"number\">    2</span>  <mark>  -c</mark> &lt;x&gt;</pre>\n"
        );
    }

    #[test]
    fn markdown_is_no_html() {
        assert_eq!(
            markdown("a `<b>`\n\n    code\n\n<b>x</b>"),
            "<p>a <code>&lt;b&gt;</code></p>\n<pre><code>code\n</code></pre>\n<p>&lt;b&gt;x&lt;/b&gt;</p>\n"
        );
        assert_eq!(inline("`x` is"), "<code>x</code> is");
    }
}
