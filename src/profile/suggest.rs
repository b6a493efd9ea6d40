//! "Did you mean": the near names of a word that nobody knows.

/// The most suggestions that are worth reading.
const MOST: usize = 3;
/// A word longer than any name is no misspelling, and comparing it would take long.
const LONGEST: usize = 64;
/// Below this, two words of Jaro-Winkler only share letters.
const NEAR: f64 = 0.75;

/// At most three of `names` that are near `word`, nearest first.
pub(crate) fn near<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    let word = word.to_ascii_lowercase();
    let score = |name: &'a str| (closeness(&word, &name.to_ascii_lowercase()), name);
    let mut scored: Vec<(f64, &'a str)> = names
        .into_iter()
        .map(score)
        .filter(|(score, _)| *score >= NEAR)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.dedup_by_key(|s| s.1);
    scored.truncate(MOST);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// From 0 to 1. In a short name one slip of the finger changes so much that Jaro-Winkler no longer sees it.
fn closeness(word: &str, name: &str) -> f64 {
    let is_one_slip = word.len() > 2 && strsim::damerau_levenshtein(word, name) == 1;
    let slip = if is_one_slip { 0.9 } else { 0.0 };
    strsim::jaro_winkler(word, name).max(slip)
}

/// The same for option names, of the whole registry.
pub(crate) fn options(word: &str) -> Vec<&'static str> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    let mut near = crate::option::suggest(word);
    near.truncate(MOST);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_nonsense_is_near_nothing() {
        assert_eq!(near("backlogg", ["engine", "backlog"]), ["backlog"]);
        assert_eq!(near("tpc4", ["udp4", "tcp4", "tcp6"])[0], "tcp4");
        assert_eq!(near("upd", ["tcp", "udp"])[0], "udp");
        assert!(near("qqqq", ["engine", "backlog"]).is_empty());
        assert!(near(&"x".repeat(1 << 20), ["xxx"]).is_empty());
        assert_eq!(options("SO_REUSADDR")[0], "SO_REUSEADDR");
    }
}
