//! Profiles as a user writes them: the shipped ones, some hundred invalid ones and what is said about each, valid ones
//! that read back as they were written, and mutated ones that must not panic.

#[path = "profiles/hostile.rs"]
mod hostile;
#[path = "profiles/invalid.rs"]
mod invalid;
#[path = "profiles/valid.rs"]
mod valid;
#[path = "profiles/values.rs"]
mod values;

#[test]
fn every_shipped_profile_teaches() {
    for builtin in sockplay::profile::builtins() {
        let (name, text) = (builtin.name, builtin.text);
        assert!(text.contains("# try:"), "{name} says what to try");
        assert!(
            text.contains("# watch for:"),
            "{name} says what to watch for"
        );
        for key in ["title", "summary"] {
            assert!(
                text.lines().any(|l| l.starts_with(key)),
                "{name} has a {key}"
            );
        }
        let mut explained = false;
        for line in text.lines() {
            let key = line.split_once('=').map_or("", |(key, _)| key.trim_end());
            let is_key = !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
            let metadata = matches!(key, "title" | "summary");
            assert!(
                !is_key || metadata || explained || line.contains('#'),
                "{name}: no comment on `{line}`"
            );
            explained = line.trim_start().starts_with('#');
        }
    }
}
