//! A small client for every family and type that needs no privilege, on plain sockets and nothing of ours.
//!
//! Every receive ends after [`PATIENCE`](super::PATIENCE); what was heard instead is in the panic.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd as _;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::process::{PATIENCE, Process};
use super::sockplay::events_in;

/// Where a server is and what it speaks.
#[derive(Clone, Debug)]
pub struct Where {
    /// As the ready line has it.
    pub address: String,
    /// `stream`, `datagram`, `seqpacket` or `raw`, where an event said so.
    pub ty: String,
}

impl Where {
    /// From the events `starting` and `listening`.
    pub fn from_events(process: &Process) -> Where {
        process.waits_out("that it is listening", |said| {
            let events = events_in(said);
            let of = |kind| events.iter().find(|e| e["event"] == kind);
            let starting = of("starting")?;
            Some(Where {
                address: of("listening")?["address"].as_str()?.to_owned(),
                ty: starting["type"].as_str()?.to_owned(),
            })
        })
    }

    /// From the ready line; a stream, because the line does not tell.
    pub fn from_ready_line(line: &str) -> Where {
        let address = line.strip_prefix("listening on ");
        Where {
            address: address
                .unwrap_or_else(|| panic!("not a ready line: {line}"))
                .to_owned(),
            ty: "stream".to_owned(),
        }
    }

    fn name(&self) -> (Domain, SockAddr) {
        if let Ok(inet) = self.address.parse::<SocketAddr>() {
            return (Domain::for_address(inet), inet.into());
        }
        let path = match self.address.strip_prefix('@') {
            Some(name) => format!("\0{name}"),
            None => self.address.clone(),
        };
        (
            Domain::UNIX,
            SockAddr::unix(path).expect("the server listens there, so it fits"),
        )
    }

    fn ty(&self) -> Type {
        match self.ty.as_str() {
            "datagram" => Type::DGRAM,
            "seqpacket" => Type::SEQPACKET,
            _ => Type::STREAM,
        }
    }
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN: everything that was sent has arrived.
    Clean,
    /// RST: something was given up.
    Reset,
}

/// A client. Dropping it closes it.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    ty: Type,
    /// A unix datagram client has a path of its own, or no reply finds it.
    _own_place: Option<tempfile::TempDir>,
}

impl Client {
    /// Connects.
    pub fn to(place: &Where) -> Client {
        let (domain, name) = place.name();
        let ty = place.ty();
        let socket = Socket::new(domain, ty, None).expect("a socket");
        let own_place = (domain == Domain::UNIX && ty == Type::DGRAM).then(|| {
            let dir = super::place();
            let own = SockAddr::unix(dir.path().join("client")).expect("a short path");
            socket.bind(&own).expect("bind the client's path");
            dir
        });
        Client::set_patience(&socket);
        uninterrupted(|| socket.connect(&name))
            .unwrap_or_else(|e| panic!("connect to {}: {e}", place.address));
        Client {
            socket,
            ty,
            _own_place: own_place,
        }
    }

    /// A client of a socket that is already connected, or whose messages have a destination.
    pub fn from_socket(socket: Socket) -> Client {
        Client::set_patience(&socket);
        let ty = socket.r#type().expect("SO_TYPE");
        Client {
            socket,
            ty,
            _own_place: None,
        }
    }

    fn set_patience(socket: &Socket) {
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("SO_RCVTIMEO");
        socket
            .set_write_timeout(Some(PATIENCE))
            .expect("SO_SNDTIMEO");
    }

    /// The socket itself.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The name the server sees, as `127.0.0.1:45534`.
    pub fn own_name(&self) -> String {
        let name = self.socket.local_addr().expect("getsockname");
        name.as_socket().expect("an internet address").to_string()
    }

    /// Sends all of it; one message where there are messages.
    pub fn say(&self, bytes: &[u8]) -> &Client {
        if self.ty == Type::STREAM {
            (&self.socket).write_all(bytes).expect("send");
        } else {
            let n = uninterrupted(|| self.socket.send(bytes)).expect("send");
            assert_eq!(n, bytes.len(), "a message is sent whole");
        }
        self
    }

    /// Sends each byte in a segment of its own.
    pub fn spells(&self, bytes: &[u8]) -> &Client {
        let _ = self.socket.set_tcp_nodelay(true);
        for byte in bytes {
            self.say(&[*byte]);
        }
        self
    }

    /// Receives exactly this: so many bytes of a stream, or one message.
    pub fn hears(&self, expected: &[u8]) -> &Client {
        let heard = if self.ty == Type::STREAM {
            let mut heard = vec![0; expected.len()];
            (&self.socket)
                .read_exact(&mut heard)
                .unwrap_or_else(|e| panic!("waiting for {}: {e}", shown(expected)));
            heard
        } else {
            self.message()
        };
        assert!(
            heard == expected,
            "heard {} instead of {}",
            shown(&heard),
            shown(expected)
        );
        self
    }

    /// Receives one message, or what a stream has.
    pub fn message(&self) -> Vec<u8> {
        let mut buffer = vec![0; 1 << 17];
        let n = uninterrupted(|| (&self.socket).read(&mut buffer)).expect("receive");
        buffer.truncate(n);
        buffer
    }

    /// Receives until the conversation is over.
    pub fn rest(&self) -> (Vec<u8>, End) {
        let mut heard = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match uninterrupted(|| (&self.socket).read(&mut buffer)) {
                Ok(0) => return (heard, End::Clean),
                Ok(n) => heard.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return (heard, End::Reset),
                Err(e) => panic!("after {} bytes: {e}", heard.len()),
            }
        }
    }

    /// Receives the end and nothing before it.
    pub fn hears_the_end(&self) -> &Client {
        assert_eq!(self.rest(), (Vec::new(), End::Clean));
        self
    }

    /// Receives this and then the end.
    pub fn hears_last(&self, expected: &[u8]) {
        let (heard, end) = self.rest();
        assert!(
            heard == expected,
            "heard {} instead of {}",
            shown(&heard),
            shown(expected)
        );
        assert_eq!(end, End::Clean, "after {}", shown(expected));
    }

    /// Whether something came within `time`: only for showing that nothing is promised to come.
    pub fn hears_something_within(&self, time: Duration) -> bool {
        let mut one = [nix::poll::PollFd::new(
            self.socket.as_fd(),
            nix::poll::PollFlags::POLLIN,
        )];
        let millis = u16::try_from(time.as_millis()).expect("a short time");
        uninterrupted(|| Ok(nix::poll::poll(&mut one, millis)?)).expect("poll") > 0
    }

    /// Ends its own direction; the other one stays open.
    pub fn half_closes(&self) -> &Client {
        self.socket.shutdown(Shutdown::Write).expect("shutdown");
        self
    }

    /// Closes with a reset: SO_LINGER with a time of 0.
    pub fn resets(self) {
        self.socket
            .set_linger(Some(Duration::ZERO))
            .expect("SO_LINGER");
    }
}

/// signal(7): a call on a socket with a timeout is interrupted when the process was stopped and goes on, whatever
/// handlers there are; a machine that is paused does that. connect(2) may be called again too: Linux goes on waiting.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let head = bytes[..bytes.len().min(80)].escape_ascii();
    format!("\"{head}\" ({} bytes)", bytes.len())
}
