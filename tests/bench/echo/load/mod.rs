//! The loads: what is asked of a server while the clock runs. Every byte that comes back is compared.
//!
//! A load is connected once and run many times; when a run returns, nothing is on its way any more, so the next run, on
//! another server, has the machine for itself. Loads that need a fresh server each time are [`idle`] and [`start`].

pub mod bulk;
pub mod connect;
pub mod idle;
pub mod many;
pub mod message;
pub mod one;
pub mod start;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::contender::Transport;
use super::server::At;

/// What one run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Echoes that came back whole; blocks of 64 KiB in bulk.
    pub units: u64,
    /// Datagrams that did not come back in time.
    pub lost: u64,
    /// The median time of one echo, where each is timed.
    pub p50: Option<Duration>,
    /// From the first byte sent to the last one back.
    pub elapsed: Duration,
}

/// Something that asks a server for echoes.
pub trait Load {
    /// Asks for at least `time`, and until everything asked for is back.
    fn run(&mut self, time: Duration) -> io::Result<Tally>;
}

/// The longest wait for anything: a server that is silent for so long is broken.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A datagram that is not back by then is lost.
pub const LOST_AFTER: Duration = Duration::from_millis(200);

/// A connected socket; unix datagram sockets are bound too, or no reply would find them.
pub fn open(at: &At, transport: Transport) -> io::Result<Socket> {
    let (domain, ty) = match transport {
        Transport::Tcp => (Domain::IPV4, Type::STREAM),
        Transport::Udp => (Domain::IPV4, Type::DGRAM),
        Transport::UnixStream => (Domain::UNIX, Type::STREAM),
        Transport::UnixSeqpacket => (Domain::UNIX, Type::SEQPACKET),
        Transport::UnixDatagram => (Domain::UNIX, Type::DGRAM),
    };
    let socket = Socket::new(domain, ty, None)?;
    if transport == Transport::UnixDatagram {
        static BORN: AtomicU32 = AtomicU32::new(0);
        let number = BORN.fetch_add(1, Ordering::Relaxed);
        let name = format!("\0echo-bench-{}-{number}", std::process::id());
        socket.bind(&SockAddr::unix(name)?)?;
    }
    let peer = match at {
        At::Port(port) => SocketAddrV4::new(Ipv4Addr::LOCALHOST, *port).into(),
        At::Path(path) => SockAddr::unix(path)?,
    };
    socket.connect(&peer)?;
    socket.set_read_timeout(Some(if transport.loses() {
        LOST_AFTER
    } else {
        PATIENCE
    }))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// An echo that is not what was sent.
pub fn corrupt(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("corrupt echo: {what}"))
}

/// A connection that a server should have kept.
pub fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the server closed the connection",
    )
}

/// An echo that does not come.
pub fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no echo for {PATIENCE:?}"))
}
