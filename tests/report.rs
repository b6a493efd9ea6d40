//! A probe's report and the lab's experiments as pages: that each is whole, stands alone, and asks nobody for anything.

mod common;
#[allow(clippy::cast_precision_loss, reason = "a picture needs few digits")]
#[path = "../src/render/probe/tests/parts.rs"]
mod parts;
#[path = "../src/render/probe/tests/sample.rs"]
mod sample;

use std::path::Path;
use std::process::Command;

// The sample says `crate::`, which is this file here.
use sockplay::measure::Report;
use sockplay::render::probe::{Environment, html, markdown};
use sockplay::{event, measure, option, socket};

fn environment() -> Environment {
    Environment {
        kernel: "6.1.0".into(),
        cores: 2,
        when: "2026-01-02 03:04".into(),
    }
}

fn all() -> [(&'static str, Report); 5] {
    [
        ("single", sample::single()),
        ("compared", sample::compared()),
        ("distant", sample::distant()),
        ("hostile", sample::hostile()),
        ("crowd", sample::crowd()),
    ]
}

/// Writes every page where the environment says: to be looked at.
///
/// `SOCKPLAY_PAGES=/tmp/pages cargo test --test report -- --ignored pages_to_look_at`
#[test]
#[ignore = "for whoever wants to look: it asserts nothing"]
fn pages_to_look_at() {
    let place = std::env::var("SOCKPLAY_PAGES").expect("SOCKPLAY_PAGES says where");
    for (name, report) in all() {
        let path = |end: &str| Path::new(&place).join(format!("{name}.{end}"));
        std::fs::write(path("html"), html(&report, &environment())).unwrap();
        std::fs::write(path("md"), markdown(&report, &environment())).unwrap();
    }
}

/// What opens an element, in order.
fn elements(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    let name = |tag: &str| {
        let end = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
        tag[..end.unwrap_or(tag.len())].to_lowercase()
    };
    tags.map(name).collect()
}

#[test]
fn a_page_has_nothing_that_could_ask_for_more() {
    for (name, report) in all() {
        alone(name, &html(&report, &environment()));
    }
}

/// What a page may refer to is in itself.
fn alone(name: &str, page: &str) {
    assert!(page.len() < 200 << 10, "{name}: {} bytes", page.len());
    assert!(page.starts_with("<!doctype html>"), "{name}");
    // The heads of a ladder's arrows.
    let elsewhere = page.replace("url(#ladder-", "");
    for no in [
        "http:",
        "https:",
        "src=",
        "url(",
        "@import",
        "//",
        "data:",
        "javascript:",
    ] {
        assert!(!elsewhere.contains(no), "{name}: {no}");
    }
    for element in elements(page) {
        let active = [
            "script", "link", "img", "image", "iframe", "object", "embed", "use", "form",
        ];
        assert!(!active.contains(&element.as_str()), "{name}: <{element}>");
    }
    let references = page.split("href=\"").skip(1);
    assert!(
        references.clone().all(|r| r.starts_with('#')),
        "{name}: it leads elsewhere"
    );
    for reference in references {
        let target = reference[1..].split('"').next().unwrap();
        assert!(
            page.contains(&format!("id=\"{target}\"")),
            "{name}: #{target} leads nowhere"
        );
    }
}

/// Two experiments in which a peer sends markup, the second of which does not get what it expects; as `lab` exports them.
fn experiments() -> String {
    const MARKUP: &str = "<script>alert(1)</script>\\u001b[31m";
    let place = common::place();
    let at = |name: &str| place.path().join(name).display().to_string();
    for (name, expected) in [("gets-it.toml", MARKUP), ("does-not.toml", "else")] {
        let text = format!(
            "title = 'Markup is text'\nquestion = 'Is it?'\nanswer = 'It got $got.data'\nsteps = [\n\
             {{ me = 'socketpair', type = 'stream', as = ['a', 'b'] }},\n\
             {{ me = 'send', fd = 'a', data = \"{MARKUP}\" }},\n\
             {{ me = 'recv', fd = 'b', data = \"{expected}\", save = 'got' }},\n]\n"
        );
        std::fs::write(at(name), text).unwrap();
    }
    let (first, second, page) = (at("gets-it.toml"), at("does-not.toml"), at("page.html"));
    let ran = common::run(&["lab", &first, &second, "--export-html", &page]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    std::fs::read_to_string(page).expect("it was written")
}

#[test]
fn experiments_are_a_page_of_their_own() {
    let page = experiments();
    alone("lab", &page);
    for part in [
        "1 passed",
        "1 failed",
        "href=\"#gets-it\"",
        "Failed at <a href=\"#does-not.3\">step 3</a>",
        "It got &lt;script&gt;alert(1)&lt;&#x2f;script&gt;\\x1b[31m",
        "<svg class=\"ladder\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains('\u{1b}'));
}

/// The requests that a page makes in Chromium, as the log of its network tells them. The browser has a network of its own
/// with nothing in it; what it wants to ask by itself (updates, accounts) has no page as its origin.
fn asks(page: &str) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("page.html"), page).unwrap();
    let status = Command::new("unshare")
        .args([
            "--net",
            "timeout",
            "60",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
        ])
        .args([
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", at("user").display()))
        .arg(format!("--log-net-log={}", at("net.json").display()))
        .arg(format!("--screenshot={}", at("page.png").display()))
        .arg(format!("file://{}", at("page.html").display()))
        .status()
        .expect("unshare runs Chromium");
    assert!(status.success(), "{status}");
    assert!(std::fs::metadata(at("page.png")).is_ok(), "it was drawn");
    let log = std::fs::read_to_string(at("net.json")).expect("Chromium wrote its log");
    let requests = log
        .lines()
        .filter(|l| l.contains("\"initiator\":") && l.contains("\"url\":"));
    let pages = requests.filter(|l| !l.contains("\"initiator\":\"not an origin\""));
    pages.map(str::to_owned).collect()
}

/// `cargo test --test report -- --ignored chromium` (as root)
#[test]
#[ignore = "needs Chromium, root, and some seconds"]
fn chromium_asks_nobody_for_anything() {
    let curious = asks("<!doctype html><img src='http://127.0.0.1:9/x'>");
    assert!(
        !curious.is_empty(),
        "this one asks, so that it would be seen"
    );
    for page in [html(&sample::crowd(), &environment()), experiments()] {
        let asked = asks(&page);
        assert!(asked.is_empty(), "{asked:#?}");
    }
}
