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
    (
        "steps = [ { a = 'socketpair', type = 'stream', as = ['l'] } ]",
        &["names two sockets"],
    ),
    (
        "steps = [ { a = 'socketpair', type = 'stream', as = ['l', 'r'] }, { a = 'send', fd = 'l', data = 'x', bytes = 3 } ]",
        &["said by `data` and `bytes`"],
    ),
    (
        "steps = [ { a = 'socketpair', type = 'stream', as = ['l', 'r'] }, { a = 'send', fd = 'l', hex = '4 5 z' } ]",
        &["`hex` cannot be \"4 5 z\"", "pairs of hexadecimal digits"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'close', fd = 's', expect = 'ENOTANERROR' } ]",
        &["`ENOTANERROR` is no number and no errno"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'close', fd = 's', expect = '> 1 and' } ]",
        &["`expect` cannot be \"> 1 and\""],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'setsockopt', fd = 's', option = 'SO_KEEPALIVE', value = 'maybe' } ]",
        &["`SO_KEEPALIVE` takes true or false"],
    ),
    (
        "steps = [ { a = 'returns' } ]",
        &["`a` waits in no call", "`blocks`"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'recv', fd = 's', blocks = '1ms' }, { a = 'close', fd = 's' } ]",
        &["`a` still waits in a call", "`returns`"],
    ),
    (
        "steps = [ { a = 'exit' } ]",
        &["`a` is no process", "`processes`"],
    ),
    (
        "processes = ['b']\nsteps = [ { a = 'pause', time = '1ms' } ]",
        &["the process `b` has no step"],
    ),
    (
        "steps = [ { a = 'serve', profile = 'nope' } ]",
        &["`profile` cannot be \"nope\""],
    ),
    (
        "steps = [ { a = 'pause', time = '26s' } ]",
        &["`time` cannot be \"26s\"", "at most 25 s"],
    ),
    (
        "steps = [ { a = 'socket', as = 's' }, { a = 'recv', fd = 's', buffer = -1 } ]",
        &["`buffer` cannot be -1", "from 0 to"],
    ),
    (
        "actors = ['a', 'a']\nsteps = [ { a = 'pause', time = '1ms' } ]",
        &["an actor is named twice"],
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
fn an_answer_names_only_what_was_saved() {
    let place = place();
    let path = place.path().join("wrong.toml");
    let steps = "steps = [ { a = 'socket', as = 's' }, { a = 'bind', fd = 's', address = ':0', save = 'addr' } ]";
    let file =
        |answer: &str| format!("title = 't'\nquestion = 'q?'\nanswer = '{answer}'\n{steps}\n");
    fs::write(&path, file("it cost 5 $ or $5 to bind $addr.port $")).unwrap();
    let right = run(&["lab", path.to_str().unwrap(), "--json"]);
    assert_eq!(right.code, 0, "{}", right.err);
    let said = right.text();
    assert!(
        said.contains("it cost 5 $ or $5 to bind ") && !said.contains("$addr"),
        "{said}"
    );
    fs::write(&path, file("bound to $adr")).unwrap();
    let wrong = run(&["lab", path.to_str().unwrap()]);
    assert_eq!(wrong.code, 3);
    assert!(
        wrong.err.contains("no earlier step saves `adr`"),
        "{}",
        wrong.err
    );
    fs::write(&path, "title = ''\nsteps = [ { a = 'socket' }\n").unwrap();
    let broken = run(&["lab", path.to_str().unwrap()]);
    // What seems to be missing may be behind the mistake.
    assert!(!broken.err.contains("has no `steps`"), "{}", broken.err);
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
