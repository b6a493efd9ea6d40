//! Messages of which some are answered and some are not.

use super::driver::Driver;
use crate::handler::Handler;
use crate::session::{Close, Framing, Requests, Rules, Want, sockperf};

fn rules(framing: Framing) -> Rules {
    Rules {
        framing,
        handler: Handler::Sockperf,
        requests: Requests::Unlimited,
        ..Rules::default()
    }
}

fn message(flags: u16, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32 + 14;
    [&sockperf::header(9, flags, length)[..], body].concat()
}

#[test]
fn an_answer_behind_a_message_without_one_moves_up_and_so_does_the_unfinished_rest() {
    let (silent, ping, last) = (message(1, b"1"), message(3, b"two"), message(3, b"three"));
    let rules = rules(Framing::Sockperf);
    let (answer, last_answer) = (message(2, b"two"), message(2, b"three"));
    let glued = [&silent[..], &ping, &silent, &silent, &ping, &silent, &last].concat();
    let answers = [&answer[..], &answer, &last_answer].concat();
    for cut in 1..glued.len() {
        let mut driver = Driver::new(&rules);
        for piece in [&glued[..cut], &glued[cut..]] {
            driver.receive(piece);
            while driver.session.want() == Want::Send {
                driver.send(5);
                driver.release();
            }
            driver.release();
        }
        assert_eq!(driver.sent, answers, "cut at {cut}");
        assert_eq!((driver.messages, driver.session.held()), (7, 0));
        assert_eq!(driver.discarded, 4 * silent.len());
        driver.end();
        assert_eq!(driver.session.want(), Want::Close(Close::PeerEnded));
    }
}

#[test]
fn a_handler_without_an_answer_leaves_a_seqpacket_open() {
    let rules = rules(Framing::Message);
    let mut driver = Driver::new(&rules);
    for unanswered in [&b""[..], b"x", &sockperf::header(1, 1, 14)] {
        driver.receive(unanswered);
        assert_eq!(driver.session.want(), Want::Recv);
    }
    driver.receive(&sockperf::header(1, 3, 14));
    driver.send(usize::MAX);
    assert_eq!(driver.sent, sockperf::header(1, 2, 14));
    assert_eq!((driver.discarded, driver.messages), (15, 4));
}

#[test]
fn a_header_that_makes_no_sense_is_a_failure_behind_what_was_answered() {
    let rules = rules(Framing::Sockperf);
    for (length, close) in [(13, Close::BadHeader), (1 << 31, Close::FrameTooLong)] {
        let mut driver = Driver::new(&rules);
        let bad = sockperf::header(2, 3, length);
        driver.receive(&[&message(3, b"ok"), &message(1, b"-"), &bad[..]].concat());
        driver.send(usize::MAX);
        assert_eq!(driver.sent, message(2, b"ok"));
        assert_eq!(driver.discarded, 15 + 14);
        assert_eq!(driver.session.want(), Want::Close(close));
    }
}
