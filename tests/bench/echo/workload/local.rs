//! Datagrams, and what stays on the machine: UDP and the three kinds of unix socket.

use super::{
    ASYNC, Ask, Bound, Client, EPOLL, POLL, Party, Program, Row, SEQUENTIAL, Sockplay, Transport,
    URING, Unit, Workload, row,
};

use Bound::{AtLeast, AtMost};
use Transport::{Tcp, Udp, UnixDatagram, UnixSeqpacket, UnixStream};

const NEAR: Bound = AtLeast(0.98);

pub fn all() -> Vec<Workload> {
    vec![
        udp(
            "udp-1",
            "UDP 64 B, 1 peer",
            Ask::One(Client::Sleeps),
            vec![],
        ),
        udp(
            "udp-64",
            "UDP 64 B, 64 peers at once",
            Ask::Many(64),
            batches(),
        ),
        unix(
            "unix-stream",
            UnixStream,
            Program::Epoll,
            vec![faster_than_tcp()],
        ),
        unix("unix-seqpacket", UnixSeqpacket, Program::Epoll, vec![]),
        unix("unix-datagram", UnixDatagram, Program::Datagram, vec![]),
    ]
}

fn engines(transport: Transport) -> Vec<Row> {
    let rows = [
        row("sequential", SEQUENTIAL).value(NEAR),
        row("epoll", EPOLL).value(NEAR),
        row("uring", URING),
        row("async", ASYNC),
    ];
    rows.into_iter().map(|r| r.over(transport)).collect()
}

fn udp(name: &'static str, title: &'static str, ask: Ask, more: Vec<Row>) -> Workload {
    // The floor answers whatever comes; that is what it costs without the guards against loops.
    const OPEN: &[&str] = &["serve.allow_loops=true"];
    let open = |name, engine| row(name, Sockplay(engine, OPEN)).over(Udp).value(NEAR);
    let mut rows = engines(Udp);
    rows.push(row("poll", POLL).over(Udp));
    rows.push(open("sequential unguarded", "sequential"));
    rows.push(open("epoll unguarded", "epoll"));
    rows.extend(more);
    Workload {
        name,
        title,
        ask,
        unit: Unit::PerSecond,
        floor: Party {
            program: Program::Datagram,
            transport: Udp,
        },
        rows,
    }
}

/// Many datagrams with one call, for which many must be there.
fn batches() -> Vec<Row> {
    const BATCH: &[&str] = &["serve.batch=32"];
    let batch = |name, engine| {
        let batch = row(name, Sockplay(engine, BATCH)).over(Udp);
        batch.value(NEAR).cpu(AtMost(0.9))
    };
    vec![
        batch("sequential batch", "sequential"),
        batch("epoll batch", "epoll"),
    ]
}

/// The same engine over IPv4 takes the floor's place.
fn faster_than_tcp() -> Row {
    let faster = row("epoll / own TCP", EPOLL).over(UnixStream);
    faster
        .against("epoll over TCP", EPOLL, Tcp)
        .value(AtLeast(1.0))
}

fn unix(name: &'static str, transport: Transport, floor: Program, more: Vec<Row>) -> Workload {
    let mut rows = engines(transport);
    rows.extend(more);
    Workload {
        name,
        title: "64 B ping-pong, 1 peer, over a unix socket",
        ask: Ask::One(Client::Sleeps),
        unit: Unit::PerSecond,
        floor: Party {
            program: floor,
            transport,
        },
        rows,
    }
}
