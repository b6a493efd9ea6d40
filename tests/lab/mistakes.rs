//! What is wrong with an experiment's file is said with a caret and a suggestion, and nothing runs.

use std::fs;

use crate::common::{place, run};

const HEAD: &str = "title = 't'\nquestion = 'q?'\nanswer = 'a'\n";

/// What the file is followed by, and what its report must say.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "steps = [ { a = 'bnd', fd = 's' } ]",
        &["unknown verb `bnd`", "did you mean `bind`?", "^"],
    ),
    (
        "steps = [ { a = 'socket', family = 'ipv4', typ = 'stream', as = 's' } ]",
        &["`socket` takes no `typ`", "did you mean `type`?"],
    ),
    (
        "steps = [ { a = 'bind', address = ':0' } ]",
        &["`bind` has no `fd`"],
    ),
    (
        "steps = [ { a = 'socket', as = 'first' }, { a = 'listen', fd = 'frist', backlog = 1 } ]",
        &[
            "no earlier step makes a socket called `frist`",
            "did you mean `first`?",
        ],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'bind', fd = 's', address = ':0', save = 'addr' }, { a = 'connect', fd = 's', address = '$adr' } ]",
        &["no earlier step saves `adr`", "did you mean `$addr`?"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'setsockopt', fd = 's', option = 'SO_REUSADDR', value = 1 } ]",
        &[
            "unknown option `SO_REUSADDR`",
            "did you mean `SO_REUSEADDR`?",
        ],
    ),
    (
        "steps = [ { a = 'socket', family = 'ipv5' } ]",
        &["`family` cannot be \"ipv5\"", "ipv4, ipv6, unix"],
    ),
    (
        "steps = [ { a = 'pause', time = '50' } ]",
        &["`time` cannot be \"50\"", "with its unit"],
    ),
    (
        "steps = [ { a = 'pause', time = '999999999999999999y' } ]",
        &["`time` cannot be"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'recv', fd = 's', flags = 'MSG_PEK' } ]",
        &["`flags` cannot be \"MSG_PEK\""],
    ),
    (
        "steps = [ { a = 'drop', capability = 'CAP_NET_RAV' } ]",
        &["did you mean `CAP_NET_RAW`?"],
    ),
    (
        "steps = [ { note = 'x', fd = 's' } ]",
        &["a note has no other key"],
    ),
    ("steps = [ {} ]", &["the step is empty"]),
    ("steps = [ 3 ]", &["a table such as"]),
    ("steps = []", &["0 steps"]),
    (
        "stepps = []",
        &[
            "unknown key `stepps`",
            "did you mean `steps`?",
            "no `steps`",
        ],
    ),
    (
        "claim = 'c'\nsteps = [ { note = 'x' } ]",
        &["there is `claim` and no `agrees`"],
    ),
    (
        "claim = 'c'\nagrees = 'maybe'\nsteps = [ { note = 'x' } ]",
        &["`agrees` cannot be \"maybe\"", "yes, no, not quite"],
    ),
    (
        "needs = ['CAP_NOTHING']\nsteps = [ { note = 'x' } ]",
        &["`needs` cannot be \"CAP_NOTHING\""],
    ),
    (
        "group = 'odd'\nsteps = [ { note = 'x' } ]",
        &["`group` cannot be \"odd\""],
    ),
    (
        "actors = ['z']\nsteps = [ { a = 'pause', time = '1ms' } ]",
        &["an actor has no step"],
    ),
    (
        "steps = [ { a = 'pause', time = '1ms' ",
        &["this is not TOML"],
    ),
    (
        "steps = [ { a = 'pause', time = '1ms', \u{1b} } ]",
        &["this is not TOML"],
    ),
];

#[test]
fn a_mistake_gets_a_caret_and_a_suggestion() {
    let place = place();
    let path = place.path().join("wrong.toml");
    for (rest, words) in MISTAKES {
        fs::write(&path, format!("{HEAD}{rest}\n")).unwrap();
        let finished = run(&["lab", path.to_str().unwrap()]);
        assert_eq!(finished.code, 3, "{rest}: {}", finished.err);
        for word in *words {
            assert!(
                finished.err.contains(word),
                "{rest}: no {word} in\n{}",
                finished.err
            );
        }
        assert!(!finished.err.contains('\x1b'), "{rest}: {:?}", finished.err);
        assert!(finished.out.is_empty());
    }
}

#[test]
fn all_mistakes_of_a_file_are_said_at_once() {
    let place = place();
    let path = place.path().join("wrong.toml");
    fs::write(
        &path,
        "steps = [ { a = 'bnd' }, { a = 'lisen' } ]\nfoo = 1\n",
    )
    .unwrap();
    let finished = run(&["lab", path.to_str().unwrap()]);
    for word in [
        "`bnd`",
        "`lisen`",
        "`foo`",
        "no `title`",
        "no `question`",
        "no `answer`",
    ] {
        assert!(
            finished.err.contains(word),
            "no {word} in\n{}",
            finished.err
        );
    }
}

#[test]
fn what_is_no_experiment_says_what_there_is() {
    for (name, words) in [
        (
            "backlogg",
            vec![
                "no experiment is called `backlogg`",
                "did you mean `backlog`?",
            ],
        ),
        (
            "zzz",
            vec![
                "no experiment is called `zzz`",
                "`sockplay lab` lists them all",
            ],
        ),
        (
            "/nonexistent.toml",
            vec![
                "cannot read the experiment /nonexistent.toml",
                "`sockplay lab` shows",
            ],
        ),
        ("/", vec!["a directory"]),
        ("/dev/zero", vec!["a device"]),
    ] {
        let finished = run(&["lab", name]);
        assert_eq!(finished.code, 3, "{name}: {}", finished.err);
        for word in words {
            assert!(
                finished.err.contains(word),
                "{name}: no {word} in {}",
                finished.err
            );
        }
    }
}
