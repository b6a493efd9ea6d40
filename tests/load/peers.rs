//! Servers in Python that a load is held against: right, wrong, and silent ones.

use crate::common::{Process, python};

/// A server: its ADDRESS and the process that ends with it.
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) process: Process,
}

pub(crate) fn peer(script: &str) -> Peer {
    let process = python(script).starts();
    Peer {
        address: process.first_line(),
        process,
    }
}

/// Accepts TCP connections one after the other and has the conversation `talk` with each; `c` is the socket, and `take(c, n)`
/// reads so many bytes: what a closed socket has not read makes it a reset.
pub(crate) fn tcp(talk: &str) -> Peer {
    tcp_with("", talk)
}

/// The same, with something done to the listener `l` before.
pub(crate) fn tcp_with(before: &str, talk: &str) -> Peer {
    peer(&format!(
        "def take(c, n):
    d = b''
    while len(d) < n: d += c.recv(n - len(d)) or exit()
def talk(c):
    {talk}
l = socket.create_server(('127.0.0.1', 0)); {before}
ready('127.0.0.1:%d' % l.getsockname()[1])
while True:
    c = l.accept()[0]
    try: talk(c)
    except OSError: pass
    c.close()"
    ))
}

/// One conversation over a unix seqpacket socket.
pub(crate) fn seqpacket(path: &std::path::Path, talk: &str) -> Peer {
    peer(&format!(
        "l = socket.socket(1, 5); l.bind('{0}'); l.listen(); ready('seqpacket://{0}')
c = l.accept()[0]
{talk}
c.recv(1)",
        path.display()
    ))
}

/// Sends back what `answer` makes of the datagram `d`, number `i`, of `a`; nothing for None.
pub(crate) fn udp(answer: &str) -> Peer {
    peer(&format!(
        "l = socket.socket(2, 2); l.bind(('127.0.0.1', 0)); l.setsockopt(1, socket.SO_RCVBUF, 1 << 20)
ready('udp://127.0.0.1:%d' % l.getsockname()[1])
i = 0
while True:
    d, a = l.recvfrom(65536)
    r = {answer}
    if r is not None: l.sendto(r, a)
    i += 1"
    ))
}

/// A UDP port of this host where nobody is.
pub(crate) fn nobody() -> String {
    let script = "s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])";
    format!("udp://127.0.0.1:{}", python(script).prints())
}
