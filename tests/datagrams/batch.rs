//! Batches and trains: many datagrams with one call, and each still answered once or counted.
//!
//! The server is stopped while they arrive, so that they wait together when it goes on.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;

use nix::sys::signal::Signal;

use crate::common::{
    Client, PATIENCE, Running, Sockplay, needs, needs_program, pattern, place, python, serve,
};
use crate::{barrier, from_port};

fn batch(engine: &str) -> Sockplay {
    serve("udp4-batch")
        .any_port()
        .set(format!("serve.engine={engine}"))
}

/// What `send` sends waits in the socket before the server looks at any of it.
fn while_it_sleeps(server: &Running, send: impl FnOnce()) {
    server.signal(Signal::SIGSTOP);
    send();
    server.signal(Signal::SIGCONT);
}

#[test]
fn a_thousand_datagrams_of_several_peers_are_answered_once_each() {
    const PEERS: usize = 8;
    const ROUNDS: usize = 5;
    const EACH: usize = 25;
    for engine in ["sequential", "poll", "epoll"] {
        let server = batch(engine).start();
        let clients: Vec<Client> = (0..PEERS).map(|_| server.client()).collect();
        for round in 0..ROUNDS {
            let message = |peer: usize, n: usize| format!("{peer} {round} {n}").into_bytes();
            while_it_sleeps(&server, || {
                for n in 0..EACH {
                    for (peer, client) in clients.iter().enumerate() {
                        client.say(&message(peer, n));
                    }
                }
            });
            for (peer, client) in clients.iter().enumerate() {
                let expected: BTreeSet<_> = (0..EACH).map(|n| message(peer, n)).collect();
                let heard: BTreeSet<_> = (0..EACH).map(|_| client.message()).collect();
                assert_eq!(heard, expected, "{engine}: peer {peer}");
            }
        }
        let stopped = server.stop_in_order();
        let total = (PEERS * ROUNDS * EACH) as u64;
        assert_eq!(stopped.count("datagrams.received"), total, "{engine}");
        assert_eq!(stopped.count("datagrams.echoed"), total, "{engine}");
    }
}

#[test]
fn a_mixture_is_accounted_to_the_last_datagram() {
    if !needs("CAP_NET_BIND_SERVICE") {
        return;
    }
    for engine in ["sequential", "epoll"] {
        let server = batch(engine)
            .set("io.buffer_size=64")
            .set("options.UDP_GRO=false")
            .start();
        let (client, suspect) = (server.client(), from_port(&server, 1023));
        while_it_sleeps(&server, || {
            for n in 0..20u8 {
                client.say(&[n; 10]).say(b"").say(&pattern(65));
                suspect.say(b"reflect this");
            }
        });
        for n in 0..20u8 {
            client.hears(&[n; 10]).hears(b"");
        }
        let stopped = server.stop_in_order();
        let count = |key: &str| stopped.count(&format!("datagrams.{key}"));
        assert_eq!((count("received"), count("echoed")), (80, 40), "{engine}");
        assert_eq!((count("refused"), count("truncated")), (20, 20), "{engine}");
        assert_eq!(stopped.count("bytes_sent"), 200);
        assert_eq!(stopped.count("bytes_discarded"), 20 * (65 + 12));
        stopped.adds_up();
    }
}

#[test]
fn an_answer_that_cannot_be_sent_stops_none_behind_it() {
    let place = place();
    let server = serve("unix-datagram")
        .at(place.path().join("s"))
        .set("serve.batch=8")
        .start();
    let bound = |name: &str| {
        let client = UnixDatagram::bind(place.path().join(name)).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    };
    let clients = ["a", "b", "c", "d", "e"].map(bound);
    while_it_sleeps(&server, || {
        for (n, client) in clients.iter().enumerate() {
            client.send_to(&[n as u8], server.address()).unwrap();
        }
        // Two that stand beside each other, in the middle.
        for gone in ["b", "c"] {
            std::fs::remove_file(place.path().join(gone)).unwrap();
        }
    });
    for n in [0, 3, 4] {
        let mut heard = [0; 9];
        let len = clients[n].recv(&mut heard).unwrap();
        assert_eq!(&heard[..len], [n as u8]);
    }
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("datagrams.echoed"), 3);
    assert_eq!(stopped.count("datagrams.dropped"), 2);
    let why = stopped.reasons("unanswered")[0];
    assert_eq!(why, "sendmmsg: ENOENT");
}

/// A client that sends trains (UDP_SEGMENT) of `length` bytes in pieces of `size`, and prints the lengths that come back.
const TRAIN: &str = r"
port, size, length, answers = map(int, sys.argv[1:])
c = socket.socket(2, 2); c.settimeout(20); c.connect(('127.0.0.1', port))
c.setsockopt(17, 103, size)
data = bytes(n * 7 % 251 for n in range(length))
c.send(data)
heard = [c.recv(65536) for _ in range(answers)]
print(*map(len, heard), b''.join(heard) == data[:sum(map(len, heard))])
";

fn train(server: &Running, [size, length, answers]: [usize; 3]) -> String {
    let script = python(TRAIN).arg(server.port()).arg(size);
    script.arg(length).arg(answers).prints()
}

#[test]
fn a_train_is_answered_piece_by_piece() {
    let single = || serve("udp4").any_port().set("options.UDP_GRO=true");
    for server in [batch("sequential"), batch("epoll"), single()] {
        let server = server.arg("--trace").start();
        let heard = train(&server, [100, 550, 6]);
        assert_eq!(heard, "100 100 100 100 100 50 True");
        assert_eq!(train(&server, [100, 99, 1]), "99 True");
        let sixty_four = format!("{}True", "1000 ".repeat(64));
        assert_eq!(train(&server, [1000, 64_000, 64]), sixty_four);
        barrier(&server);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("datagrams.received"), 72);
        assert_eq!(stopped.count("datagrams.echoed"), 72);
        // It came as one message, and left as one.
        for part in ["UDP_GRO=100]", "UDP_SEGMENT=100]", "UDP_SEGMENT=1000]"] {
            assert!(stopped.log.contains(part), "no {part} in {}", stopped.log);
        }
        stopped.adds_up();
    }
}

#[test]
fn of_a_train_longer_than_the_buffer_every_piece_is_accounted() {
    let server = batch("sequential").set("io.buffer_size=250").start();
    assert_eq!(train(&server, [100, 550, 2]), "100 100 True");
    let stopped = server.stop_in_order();
    assert!(stopped.log.contains("UDP_GRO glues"), "{}", stopped.log);
    assert_eq!(stopped.count("datagrams.received"), 6);
    assert_eq!(stopped.count("datagrams.echoed"), 2);
    assert_eq!(stopped.count("datagrams.truncated"), 4);
    assert_eq!(stopped.count("bytes_received"), 550);
    assert_eq!(stopped.count("bytes_discarded"), 350);
}

#[test]
fn chargen_answers_each_piece_of_a_train_for_itself() {
    let server = batch("sequential").set("serve.reply=chargen").start();
    let heard = train(&server, [50, 130, 3]);
    assert!(heard.starts_with("50 50 30 "), "{heard}");
    assert_eq!(server.stop_in_order().count("datagrams.echoed"), 3);
}

#[test]
fn many_that_wait_cost_few_calls() {
    const WAITING: usize = 128;
    if !needs_program("strace") {
        return;
    }
    for engine in ["sequential", "poll", "epoll"] {
        let place = place();
        let log = place.path().join("calls");
        let calls = "trace=recvmsg,sendmsg,sendto,recvmmsg,sendmmsg";
        let strace = ["-D", "-f", "-qq", "-e", calls, "-o"].map(str::to_owned);
        let through: Vec<String> = std::iter::once("strace".to_owned())
            .chain(strace)
            .chain([log.display().to_string()])
            .collect();
        let through: Vec<&str> = through.iter().map(String::as_str).collect();
        let server = batch(engine).through(&through).start();
        let client = server.client();
        while_it_sleeps(&server, || {
            for n in 0..WAITING {
                client.say(&[n as u8]);
            }
        });
        for n in 0..WAITING {
            client.hears(&[n as u8]);
        }
        server.stop_in_order();
        let text = std::fs::read_to_string(&log).unwrap();
        let made = |name: &str| text.matches(&format!(" {name}(")).count();
        assert_eq!(made("recvmsg") + made("sendmsg") + made("sendto"), 0);
        let (receives, sends) = (made("recvmmsg"), made("sendmmsg"));
        let least = WAITING / 32;
        assert!((least..=least * 3).contains(&receives), "{engine}: {text}");
        assert!((least..=least * 2).contains(&sends), "{engine}: {text}");
    }
}
