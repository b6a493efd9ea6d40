//! One conversation per test, as one would tell it.

use std::time::Duration;

use super::driver::{Chance, Driver};
use crate::handler::{Handler, chargen};
use crate::session::{Close, Framing, Manner, Pause, Pauses, Requests, Rules, Want};

fn rules(framing: Framing, requests: Requests) -> Rules {
    Rules {
        framing,
        requests,
        longest: 16,
        ..Rules::default()
    }
}

fn plainly() -> Chance {
    Chance {
        sends: vec![usize::MAX],
        releases: vec![false],
        abandon: None,
    }
}

/// Runs a conversation; gives what was sent and why it ended.
fn talk(rules: &Rules, pieces: &[&[u8]]) -> (Vec<u8>, Close) {
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|p| p.to_vec()).collect();
    let mut driver = Driver::new(rules);
    let close = driver.run(&pieces, &plainly()).expect("it ends");
    (driver.sent, close)
}

#[test]
fn the_articles_server_echoes_once_and_closes() {
    let (sent, close) = talk(&Rules::default(), &[b"Ciao!", b"more"]);
    assert_eq!((&sent[..], close), (&b"Ciao!"[..], Close::RequestsDone));
}

#[test]
fn a_whole_echo_touches_no_heap() {
    let rules = rules(Framing::None, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    for _ in 0..3 {
        driver.receive(b"0123456789");
        assert_eq!(driver.session.want(), Want::Send);
        driver.send(usize::MAX);
        driver.release();
        assert_eq!(driver.session.want(), Want::Recv);
    }
    assert_eq!(driver.most_held, 0);
    assert_eq!(driver.messages, 3);
}

#[test]
fn an_unsent_rest_survives_its_chunk() {
    let rules = rules(Framing::None, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"0123456789");
    driver.send(4);
    driver.release();
    driver.release();
    assert_eq!((driver.session.held(), driver.session.pending()), (6, 6));
    driver.send(1);
    driver.send(5);
    assert_eq!(
        (driver.session.held(), driver.session.want()),
        (0, Want::Recv)
    );
    assert_eq!(driver.sent, b"0123456789");
}

#[test]
fn glued_lines_leave_in_one_send_and_a_cut_one_is_completed() {
    let rules = rules(Framing::Line, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"a\nb\nc");
    driver.send(usize::MAX);
    assert_eq!(driver.sent, b"a\nb\n");
    driver.release();
    driver.receive(b"c\nd\ne");
    assert_eq!(driver.session.reply(&[]), b"cc\nd\n");
    driver.send(usize::MAX);
    assert_eq!((driver.session.pending(), driver.messages), (1, 4));
    driver.end();
    driver.send(usize::MAX);
    assert_eq!(driver.sent, b"a\nb\ncc\nd\ne");
    assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));
}

#[test]
fn an_unfinished_frame_of_known_length_is_given_up() {
    for framing in [
        Framing::Fixed { size: 4 },
        Framing::LengthPrefix { bytes: 1 },
    ] {
        let rules = rules(framing, Requests::Unlimited);
        let (sent, close) = talk(&rules, &[b"\x03abc\x03a"]);
        assert_eq!(
            (&sent[..], close),
            (&b"\x03abc"[..], Close::UnfinishedFrame)
        );
        assert_eq!(close.manner(Manner::Fin), Manner::Reset);
    }
}

#[test]
fn a_frame_too_long_ends_after_what_was_answered_before() {
    let rules = rules(Framing::Line, Requests::Unlimited);
    let (sent, close) = talk(&rules, &[b"ok\n0123456789", b"0123456789\n"]);
    assert_eq!((&sent[..], close), (&b"ok\n"[..], Close::FrameTooLong));
}

#[test]
fn no_rule_allows_a_frame_that_positions_cannot_count() {
    let mut rules = rules(Framing::LengthPrefix { bytes: 8 }, Requests::Unlimited);
    rules.longest = usize::MAX;
    let payload = Rules::LONGEST as u64 - 8;
    let (_, close) = talk(&rules, &[&payload.to_be_bytes()]);
    assert_eq!(close, Close::UnfinishedFrame);
    let (_, close) = talk(&rules, &[&(payload + 1).to_be_bytes()]);
    assert_eq!(close, Close::FrameTooLong);
}

#[test]
fn what_comes_after_the_last_request_forces_a_reset() {
    let two = rules(Framing::Line, Requests::Count(2));
    assert_eq!(
        talk(&two, &[b"a\nb\n"]),
        (b"a\nb\n".to_vec(), Close::RequestsDone)
    );
    assert_eq!(
        talk(&two, &[b"a\nb\nc"]),
        (b"a\nb\n".to_vec(), Close::Unanswered)
    );
}

#[test]
fn a_late_completion_is_counted_and_forces_a_reset() {
    let mut rules = rules(Framing::None, Requests::Count(1));
    rules.pauses.before_close = Duration::from_secs(1);
    for pauses in [0, 1] {
        let mut driver = Driver::new(&rules);
        driver.receive(b"one");
        driver.send(3);
        for _ in 0..pauses {
            driver.session.paused();
        }
        driver.receive(b"two");
        driver.session.paused();
        assert_eq!(driver.session.want(), Want::Close(Close::Unanswered));
        assert_eq!(driver.discarded, 3);
    }
}

#[test]
fn bytes_that_nobody_asked_for_do_not_disturb_those_held() {
    let rules = rules(Framing::Line, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"one\ntw");
    driver.send(1);
    driver.release();
    driver.receive(b"o\n");
    driver.send(usize::MAX);
    assert_eq!(driver.sent, b"one\n");
    assert_eq!(driver.discarded, 4);
    assert_eq!(driver.session.want(), Want::Close(Close::Unasked));
}

#[test]
fn an_empty_message_is_echoed_and_is_not_the_end() {
    let rules = rules(Framing::Message, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"");
    assert_eq!(driver.session.want(), Want::Send);
    assert!(!driver.session.is_idle());
    driver.release();
    driver.send(usize::MAX);
    assert_eq!((driver.session.want(), driver.messages), (Want::Recv, 1));
    driver.end();
    assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));
}

#[test]
fn an_end_that_comes_early_waits_for_what_is_unsent() {
    let message = rules(Framing::Message, Requests::Unlimited);
    let mut driver = Driver::new(&message);
    driver.receive(b"");
    driver.end();
    assert_eq!(driver.session.want(), Want::Send);
    driver.send(usize::MAX);
    assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));

    let line = rules(Framing::Line, Requests::Unlimited);
    let mut driver = Driver::new(&line);
    driver.receive(b"one\ntw");
    driver.send(1);
    driver.release();
    driver.end();
    driver.send(usize::MAX);
    assert_eq!(driver.sent, b"one\ntw");
    assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));
}

#[test]
fn an_empty_chunk_of_a_stream_is_its_end() {
    let rules = rules(Framing::None, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"");
    assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));
    driver.receive(b"after the end");
    assert_eq!(driver.session.want(), Want::Close(Close::Unasked));
}

#[test]
fn no_requests_means_accept_and_close() {
    for handler in Handler::ALL {
        let rules = Rules {
            handler,
            requests: Requests::Count(0),
            ..Rules::default()
        };
        assert_eq!(talk(&rules, &[b"x"]), (Vec::new(), Close::RequestsDone));
    }
}

#[test]
fn pauses_stand_where_they_are_named() {
    let mut rules = rules(Framing::None, Requests::Count(2));
    rules.pauses = Pauses {
        before_read: Duration::from_secs(1),
        between_reads: Duration::from_secs(2),
        before_close: Duration::from_secs(3),
    };
    let mut driver = Driver::new(&rules);
    let mut lengths = Vec::new();
    for wanted in [Pause::BeforeRead, Pause::BetweenReads] {
        assert_eq!(driver.session.want(), Want::Pause(wanted));
        lengths.push(wanted.length(&rules.pauses).as_secs());
        driver.session.paused();
        driver.receive(b"x");
        driver.send(1);
    }
    let last = Pause::BeforeClose(Close::RequestsDone);
    assert_eq!(driver.session.want(), Want::Pause(last));
    lengths.push(last.length(&rules.pauses).as_secs());
    driver.session.paused();
    assert_eq!(driver.session.want(), Want::Close(Close::RequestsDone));
    assert_eq!(lengths, [1, 2, 3]);
}

#[test]
fn discard_swallows_on_purpose_and_ends_clean() {
    let mut rules = rules(Framing::Line, Requests::Count(2));
    rules.handler = Handler::Discard;
    let (sent, close) = talk(&rules, &[b"a\nb", b"\nccc"]);
    assert_eq!((&sent[..], close), (&b""[..], Close::RequestsDone));
}

#[test]
fn endless_chargen_outlives_a_half_close_and_stops_clean() {
    let rules = Rules {
        handler: Handler::Chargen,
        requests: Requests::Unlimited,
        ..Rules::default()
    };
    let mut driver = Driver::new(&rules);
    driver.end();
    driver.receive(b"");
    driver.send(usize::MAX);
    driver.send(10);
    assert_eq!(driver.sent.len(), chargen::PATTERN.len() + 10);
    assert!(driver.session.is_idle());
    assert_eq!(driver.session.abandon(), 0);
    assert_eq!(driver.session.want(), Want::Close(Close::Stopped));
}

#[test]
fn abandoning_says_what_was_given_up() {
    let rules = rules(Framing::Line, Requests::Unlimited);
    let mut driver = Driver::new(&rules);
    driver.receive(b"one\ntw");
    driver.send(1);
    driver.release();
    assert_eq!(driver.session.abandon(), 5);
    assert_eq!(driver.session.want(), Want::Close(Close::GivenUp));
    assert_eq!((driver.session.held(), driver.session.abandon()), (0, 0));
    assert_eq!(driver.session.want(), Want::Close(Close::GivenUp));
}

#[test]
fn only_a_whole_echo_ends_as_wished() {
    for close in Close::ALL {
        let clean = matches!(
            close,
            Close::PeerEnded | Close::RequestsDone | Close::Stopped
        );
        assert_eq!(close.manner(Manner::Reset), Manner::Reset);
        assert_eq!(close.manner(Manner::Fin) == Manner::Fin, clean);
        assert!(!close.why().is_empty());
    }
}

#[test]
fn a_line_that_drips_in_is_collected_once() {
    let mut rules = rules(Framing::Line, Requests::Unlimited);
    rules.longest = 100_000;
    let mut driver = Driver::new(&rules);
    for _ in 1..rules.longest {
        driver.receive(b"x");
        driver.release();
    }
    assert_eq!((driver.messages, driver.session.want()), (0, Want::Recv));
    driver.receive(b"\n");
    assert_eq!((driver.messages, driver.session.held()), (1, rules.longest));
}
