//! Each key with everything it refuses: the place, the name, and what is allowed are said.

use sockplay::profile;

use super::values::{bad_values, document, good_values, refusal};

#[test]
fn every_invalid_value_is_pointed_at_with_what_is_allowed() {
    let mut count = 0;
    for key in profile::keys() {
        for value in bad_values(key.kind) {
            let (text, line, column) = document(key, &value);
            let error = refusal(&text, &[]);
            assert!(
                error.contains(&format!("x.toml:{line}:{column}\n")),
                "{error}"
            );
            assert!(error.contains(&format!("`{}`", key.path)), "{error}");
            assert!(error.contains(&key.kind.to_string()), "{error}");
            count += 1;
        }
    }
    assert!(count >= 250, "only {count}");
}

#[test]
fn every_key_is_refused_twice_misspelt_and_as_a_table_of_its_own() {
    for key in profile::keys()
        .iter()
        .filter(|k| !good_values(k.kind).is_empty())
    {
        let good = &good_values(key.kind)[0];
        let (table, name) = key.split();
        if table.is_empty() && name.starts_with('$') {
            continue;
        }
        let (text, line, _) = document(key, good);
        let twice = refusal(&format!("{text}{name} = {good}\n"), &[]);
        assert!(
            twice.contains(&format!("`{name}` is written twice")),
            "{twice}"
        );
        assert!(
            twice.contains(&format!("x.toml:{}:1\n", line + 1)),
            "{twice}"
        );

        let misspelt = refusal(
            &text.replacen(&format!("{name} ="), &format!("{name}q ="), 1),
            &[],
        );
        assert!(
            misspelt.contains(&format!("unknown key `{name}q`")),
            "{misspelt}"
        );
        assert!(
            misspelt.contains(&format!("did you mean `{name}`?")),
            "{misspelt}"
        );
        assert!(
            misspelt.contains(&format!("x.toml:{line}:1\n")),
            "{misspelt}"
        );
        assert!(misspelt.matches("did you mean").count() <= 3, "{misspelt}");

        let set = format!("{}q={good}", key.path);
        if !good.contains('\n') {
            let misspelt = refusal("", &[set]);
            assert!(misspelt.contains("--set:1:"), "{misspelt}");
        }
    }
}

#[test]
fn contradictions_and_hand_made_mistakes_are_said() {
    for (text, words) in include!("mistakes.in") {
        let error = refusal(text, &[]);
        for word in words {
            assert!(error.contains(word), "{text}\n{error}\nhas no {word}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let text = "title = 1\nbogus = 2\n[socket]\nfamily = \"ipv5\"\n[serve]\nbacklog = -1\nengine = 3\n= 4\n";
    let error = refusal(text, &["address.port=x".into(), "nonsense".into()]);
    let places = [
        "x.toml:1:9",
        "x.toml:2:1",
        "x.toml:4:10",
        "x.toml:6:11",
        "x.toml:7:10",
        "x.toml:8:1",
        "--set:1:14",
        "--set:1:1\n",
    ];
    let found: Vec<Option<usize>> = places.iter().map(|p| error.find(p)).collect();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{found:?}\n{error}"
    );
    assert_eq!(error.matches("error:").count(), places.len(), "{error}");
}
