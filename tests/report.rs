//! A probe's report as a page: that it is whole, stands alone, and asks nobody for anything.

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
        let page = html(&report, &environment());
        assert!(page.len() < 200 << 10, "{name}: {} bytes", page.len());
        assert!(page.starts_with("<!doctype html>"), "{name}");
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
            assert!(!page.contains(no), "{name}: {no}");
        }
        for element in elements(&page) {
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
}

/// The page in Chromium: the log of its network has not one request.
///
/// `cargo test --test report -- --ignored chromium` (as root, it needs --no-sandbox)
#[test]
#[ignore = "needs Chromium, and some seconds"]
fn chromium_asks_nobody_for_anything() {
    let place = tempfile::tempdir().unwrap();
    let page = place.path().join("page.html");
    let net = place.path().join("net.json");
    let shot = place.path().join("page.png");
    std::fs::write(&page, html(&sample::crowd(), &environment())).unwrap();
    let status = Command::new("timeout")
        .args([
            "60",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args([
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--disable-sync", "--net-log-capture-mode=Everything"])
        .arg(format!(
            "--user-data-dir={}",
            place.path().join("user").display()
        ))
        .arg(format!("--log-net-log={}", net.display()))
        .arg(format!("--screenshot={}", shot.display()))
        .arg(format!("file://{}", page.display()))
        .status()
        .expect("timeout runs chromium");
    assert!(status.success(), "{status}");
    assert!(
        std::fs::metadata(&shot).unwrap().len() > 10_000,
        "it was drawn"
    );
    let log = std::fs::read_to_string(&net).expect("Chromium wrote its log");
    // Requests of the browser itself (updates, accounts) name hosts of its maker; the page has none of its own.
    let asked: Vec<&str> = log
        .lines()
        .filter(|l| l.contains("\"url\":\"http") || l.contains("\"url\":\"ws"))
        .collect();
    assert!(asked.is_empty(), "{asked:#?}");
}
