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
