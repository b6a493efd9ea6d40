//! What is valid reads back as it was written.

use std::fmt::Write as _;

use proptest::prelude::*;
use sockplay::profile::{self, Profile};

use super::values::{good_values, is_safe, refusal};

/// The profile without its places, but with whether each value was written.
fn values(profile: &Profile) -> String {
    let mut profile = profile.clone();
    profile.name.clear();
    profile.sources.clear();
    // The text is written table by table.
    profile.options.sort_by_key(|o| o.scope as u8);
    let text = format!("{profile:?}");
    let mut parts = text.split("At { source: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("At");
        out.push_str(part.split_once('}').expect("derived Debug closes it").1);
    }
    out
}

pub(crate) fn assert_fixpoint(profile: &Profile) {
    for origins in [false, true] {
        let shown = profile::show(profile, origins);
        assert!(is_safe(&shown), "{shown:?}");
        let again = profile::parse("again", &shown, &[]).unwrap_or_else(|e| panic!("{shown}\n{e}"));
        assert_eq!(values(profile), values(&again), "{shown}");
    }
}

#[test]
fn shipped_profiles_parse_and_read_back() {
    assert!(profile::builtins().len() >= 25);
    for builtin in profile::builtins() {
        let profile = profile::load(Some(builtin.name), &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(profile.name, format!("built-in {}", builtin.name));
        assert_fixpoint(&profile);
    }
}

#[test]
fn tcp4_writes_down_the_defaults() {
    let written = profile::load(None, &[]).unwrap();
    let defaults = profile::without_file(&[]).unwrap();
    let same = |p: &Profile| {
        let mut p = p.clone();
        (p.title, p.summary) = (None, None);
        p.options.clear();
        values(&p).replace("origin: At", "origin: Default")
    };
    assert_eq!(same(&written), same(&defaults));
    let options: Vec<&str> = written.options.iter().map(|o| o.row.name).collect();
    assert_eq!(options, ["SO_REUSEADDR", "IP_TTL"]);
    for key in profile::keys()
        .iter()
        .filter(|k| k.path.contains('.') && !k.path.ends_with("options"))
    {
        let (_, name) = key.split();
        let text = profile::builtins()[0].text;
        assert!(
            text.contains(name),
            "configs/tcp4.toml does not show {}",
            key.path
        );
    }
}

/// Keys that only make sense beside another.
fn companion(path: &str) -> &'static str {
    match path {
        "io.delimiter" => "io.framing = \"delimiter\"\n",
        "io.prefix_bytes" => "io.framing = \"length-prefix\"\n",
        "io.message_size" => "io.framing = \"fixed\"\n",
        "probe.writes" => "probe.size = \"1MiB\"\n",
        _ => "",
    }
}

#[test]
fn valid_profiles_read_back_as_they_were_written() {
    let mut count = 0;
    for key in profile::keys() {
        for value in good_values(key.kind) {
            let text = format!(
                "{}{} = {value}\n",
                companion(key.path),
                key.path.replace('$', "\"$").replace("schema", "schema\"")
            );
            let text = match value.as_str() {
                "\"delimiter\"" => text + "io.delimiter = \"\\r\\n\"\n",
                "\"fixed\"" => text + "io.message_size = 7\n",
                _ => text,
            };
            let profile = profile::parse("x", &text, &[]).unwrap_or_else(|e| panic!("{text}\n{e}"));
            assert_fixpoint(&profile);
            count += 1;
        }
    }
    assert!(count >= 100, "only {count}");
}

#[test]
fn the_last_set_wins_over_the_file() {
    let set = |texts: &[&str]| {
        texts
            .iter()
            .copied()
            .map(profile::Overlay::set)
            .collect::<Vec<_>>()
    };
    let sets = set(&[
        "address.port=1",
        "address.port=2",
        "options.so_reuseaddr=false",
        "options.SO_LINGER.linger=7",
    ]);
    let file = "[address]\nport = 9\n[options]\nSO_REUSEADDR = true\nSO_LINGER = { onoff = 1, linger = 5 }\n";
    let profile = profile::parse("x", file, &sets).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(profile.address.port.value, 2);
    assert_eq!(profile.place(profile.address.port.origin), "--set");
    let shown = profile::show(&profile, false);
    assert!(
        shown.contains("SO_REUSEADDR = false\n") && !shown.contains("= true\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\"linger\" = 7") && shown.contains("\"onoff\" = 1"),
        "{shown}"
    );
    let wrong = refusal("", &["options.SO_REUSADDR=1".to_owned()]);
    assert!(
        wrong.contains("--set:1:9") && wrong.contains("did you mean `SO_REUSEADDR`?"),
        "{wrong}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_choice_of_valid_lines_reads_back(picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12)) {
        let keys = profile::keys();
        let mut text = String::new();
        let mut seen = Vec::new();
        for (key, value) in picks {
            let key = &keys[key.index(keys.len())];
            let values = good_values(key.kind);
            if values.is_empty() || key.path.contains('$') || seen.contains(&key.path) {
                continue;
            }
            seen.push(key.path);
            writeln!(text, "{} = {}", key.path, values[value.index(values.len())]).unwrap();
        }
        match profile::parse("x", &text, &[]) {
            Ok(profile) => assert_fixpoint(&profile),
            Err(error) => {
                let error = error.to_string();
                // Each line is valid, so only what contradicts another may be wrong.
                let contradicts = ["framing", "contradicts", "needs a byte"];
                prop_assert!(contradicts.iter().any(|c| error.contains(c)), "{}\n{}", text, error);
            }
        }
    }
}
