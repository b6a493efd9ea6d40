//! The page: whole, alone, and nothing of what came from outside is markup.

use std::time::Duration;

use super::super::html;
use super::{failed, hostile, hostile_failure, lost, report, skipped};
use crate::lab::report::Report;
use crate::render::probe::Environment;

fn page(reports: &[Report]) -> String {
    let environment = Environment {
        kernel: "6.1.0-<b>".into(),
        cores: 2,
        when: "2026-01-02 03:04".into(),
    };
    html(reports, Duration::from_millis(5300), &environment)
}

fn all() -> Vec<Report> {
    vec![
        hostile_failure(),
        skipped(),
        failed(),
        report(),
        hostile(),
        lost(),
        report(),
    ]
}

/// An element's name and its attributes.
type Element = (String, Vec<(String, String)>);

/// What opens, in order; panics where one closes that is not open, or an attribute has no quotes.
fn elements(page: &str) -> Vec<Element> {
    const VOID: [&str; 3] = ["!doctype", "meta", "br"];
    let (mut open, mut seen): (Vec<String>, Vec<Element>) = (Vec::new(), Vec::new());
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "after {:?}", seen.last());
            continue;
        }
        let alone = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some((key, value)) = rest.split_once("=\"") {
            let (value, after) = value.split_once('"').expect("a value ends");
            attributes.push((key.trim().to_owned(), value.to_owned()));
            rest = after;
        }
        if !alone && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        seen.push((name.to_owned(), attributes));
    }
    assert!(open.is_empty(), "{open:?} stay open");
    seen
}

#[test]
fn a_page_is_whole_and_asks_for_nothing() {
    let singles = all().into_iter().map(|one| vec![one]);
    for reports in singles.chain([all(), Vec::new()]) {
        let page = page(&reports);
        let allowed = [
            "!doctype",
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "header",
            "nav",
            "footer",
            "section",
            "div",
            "figure",
            "p",
            "h1",
            "h2",
            "h3",
            "ul",
            "ol",
            "li",
            "dl",
            "dt",
            "dd",
            "a",
            "b",
            "i",
            "strong",
            "code",
            "span",
            "blockquote",
            "svg",
            "desc",
            "defs",
            "marker",
            "path",
            "rect",
            "text",
            "tspan",
            "g",
            "circle",
            "line",
        ];
        let mut ids = Vec::new();
        for (name, attributes) in elements(&page) {
            assert!(allowed.contains(&name.as_str()), "<{name}>");
            for (key, value) in attributes {
                assert!(!key.starts_with("on") && key != "src", "{key}={value}");
                let refers = key == "href" || value.contains("url(");
                let local = value.starts_with('#') || value.starts_with("url(#");
                assert!(!refers || local, "{key}={value}");
                if key == "id" && name != "marker" {
                    ids.push(value);
                }
            }
        }
        for (_, rest) in page
            .match_indices(" href=\"#")
            .map(|(at, m)| page.split_at(at + m.len()))
        {
            let target = rest.split('"').next().unwrap();
            assert_eq!(
                ids.iter().filter(|id| *id == target).count(),
                1,
                "#{target}"
            );
        }
        let style = page.split("<style>").nth(1).unwrap();
        let style = style.split("</style>").next().unwrap();
        assert!(!style.contains("url(") && !style.contains("@import"));
        assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
        assert!(!page.contains('\u{202e}'));
    }
}

#[test]
fn what_came_from_outside_is_text() {
    let page = page(&all());
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
    assert!(page.contains("\\x1b[31m"));
    assert!(page.contains("6.1.0-&lt;b&gt;"));
    assert!(page.contains("{{ 7 }}"), "and it is no template");
}

#[test]
fn one_experiment_has_everything_and_no_index() {
    let page = page(&[report()]);
    for part in [
        "<h1 class=\"title\">A port has one owner</h1>",
        "<blockquote><p>A port has one owner.</p></blockquote>",
        "≈</span> not quite</span> it is true, with a difference",
        "<svg class=\"ladder\"",
        "<b>server</b> = <b class=\"verb\">&quot;socket&quot;</b>,</span> <span>family = <i>",
        "→ <code>EADDRINUSE</code>",
        "<span class=\"says\">First.</span>",
        "<p>It said EADDRINUSE.</p>\n<p>Twice.</p>",
        "The kernel looks into its table",
        "<p>Try <code>other</code> and <a href=\"#two-binds\"><code>two-binds</code></a>.</p>",
        "about this run: the network is shared",
        "Linux 6.1.0",
        "1.0 s",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("id=\"index\""));
    assert!(!page.contains("5.3 s"));
}

#[test]
fn several_have_an_index_in_groups() {
    let page = page(&all());
    for part in [
        "<title>sockplay lab: 7 experiments</title>",
        "3 passed",
        "3 failed",
        "1 skipped",
        "3 not quite",
        "in 5.3 s",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let order = [
        "<h2>tutorial<",
        "href=\"#two-binds\"",
        "href=\"#two-binds-2\"",
        "<h2>weird<",
        "href=\"#failing\"",
        "<h2>useful<",
        "href=\"#skipping\"",
        "<h2>others<",
        "id=\"two-binds\"",
        "id=\"failing\"",
        "id=\"skipping\"",
    ];
    let places: Vec<usize> = order.iter().map(|text| place(text)).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_failure_is_on_top_and_has_no_answer() {
    let page = page(&[failed()]);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("Failed at <a href=\"#failing.3\">step 3</a>") < place("<svg"));
    assert!(place("<dd>EADDRINUSE</dd><dt>came</dt><dd>nothing</dd>") < place("<svg"));
    assert!(place("<svg") < place("id=\"failing.3\" class=\"off\""));
    assert!(place("aria-label=\"not met\"") < place("aria-label=\"not run\""));
    assert!(page.contains("this run did not find out"));
    for no in [
        "the answer of this kernel",
        "It said",
        "not quite",
        "looks into",
    ] {
        assert!(!page.contains(no), "{no}");
    }
}

#[test]
fn a_skip_says_why_and_shows_the_steps() {
    let page = page(&[skipped()]);
    assert!(page.contains("Skipped:</strong> needs CAP_NET_RAW"));
    assert_eq!(page.matches("aria-label=\"not run\"").count(), 2);
    assert!(!page.contains("<svg") && !page.contains("It said"));
    let lost = super::lost();
    assert!(super::super::failure(&lost).contains("lost"));
}
