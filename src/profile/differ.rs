//! The keys in which profiles differ.

use super::draft::Draft;
use super::keys::keys;
use super::kind::Kind;
use super::settings::Profile;
use super::show::option_value;

/// Not what a socket does: metadata, and what only tells where.
const ASIDE: [&str; 8] = [
    "$schema",
    "title",
    "summary",
    "address.port",
    "address.path",
    "log.level",
    "log.format",
    "log.file",
];

/// Each key that is not the same in all profiles, with its value in each, as TOML; `None`: not there. Metadata, the log
/// and where exactly a server listens are left aside.
pub fn differing(profiles: &[&Profile]) -> Vec<(String, Vec<Option<String>>)> {
    let all: Vec<Vec<(String, String)>> = profiles.iter().map(|p| values(p)).collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |values: &[(String, String)], name: &String| {
        let found = values.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.clone())
    };
    names
        .iter()
        .map(|name| {
            let values: Vec<_> = all.iter().map(|values| value(values, name)).collect();
            ((*name).clone(), values)
        })
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .collect()
}

fn values(profile: &Profile) -> Vec<(String, String)> {
    let draft = Draft::of(profile);
    let mut all = Vec::new();
    for key in keys().iter().filter(|key| !ASIDE.contains(&key.path)) {
        if let Kind::Options(scope) = key.kind {
            let options = profile.options.iter().filter(|o| o.scope == scope);
            all.extend(options.map(|o| (format!("{}.{}", key.path, o.row.name), option_value(o))));
        } else if let Some((value, _)) = key.slot(&draft).and_then(|slot| slot.write(&key.kind)) {
            all.push((key.path.to_owned(), value));
        }
    }
    let raw = profile.raw_options.iter().map(|raw| {
        let name = format!("raw_option {} {}", raw.level.value.1, raw.number.value.1);
        (name, format!("{:02x?}", raw.bytes.value))
    });
    all.extend(raw);
    all
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let one = parse(
            "a",
            "title = \"a\"\n[options]\nIP_TTL = 3\n[address]\nport = 1\n",
            &[],
        )
        .unwrap();
        let other = parse(
            "b",
            "[options]\nTCP_NODELAY = true\nIP_TTL = 3\n[serve]\nengine = \"epoll\"\n",
            &[],
        )
        .unwrap();
        let differing = differing(&[&one, &other]);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            differing,
            [
                (
                    "serve.engine".to_owned(),
                    vec![some("\"sequential\""), some("\"epoll\"")]
                ),
                ("options.TCP_NODELAY".to_owned(), vec![None, some("true")]),
            ]
        );
    }
}
