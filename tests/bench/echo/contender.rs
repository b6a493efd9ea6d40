//! The programs that are compared, and the command line of each.
//!
//! Every one is asked for what its own manual would give an echo server; what differs between them is only what they are.
//! Which of them meet in which workload is said in `workload`; how they are built or found in `tools`.

use std::process::Command;

use super::server::{At, Ready, Trouble};
use super::tools::Tools;

/// What client and server talk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
    UnixStream,
    UnixSeqpacket,
    UnixDatagram,
}

impl Transport {
    /// Whether an echo may rightly fail to come. Unix datagrams wait where UDP drops.
    pub fn loses(self) -> bool {
        self == Transport::Udp
    }

    /// Whether one receive is one message.
    pub fn keeps_boundaries(self) -> bool {
        !matches!(self, Transport::Tcp | Transport::UnixStream)
    }

    fn is_datagram(self) -> bool {
        matches!(self, Transport::Udp | Transport::UnixDatagram)
    }

    fn profile(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp4-loop",
            Transport::Udp => "udp4",
            Transport::UnixStream => "unix-stream",
            Transport::UnixSeqpacket => "unix-seqpacket",
            Transport::UnixDatagram => "unix-datagram",
        }
    }
}

/// An echo server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `floors/epoll.c`, for everything that is connected.
    Epoll,
    /// The same, linked statically: nothing can start faster.
    EpollStatic,
    /// `floors/datagram.c`.
    Datagram,
    /// `floors/uring.c`, with so many buffers.
    Uring(u32),
    /// Ours: engine, and further `--set`.
    Sockplay(&'static str, &'static [&'static str]),
    /// `tokio_server`, with a buffer of so many bytes per connection.
    Tokio(usize),
    /// `peers/echo.py` on this event loop: asyncio or uvloop.
    Python(&'static str),
    /// `peers/asio.cpp`.
    Asio,
    Socat,
    Ncat,
}

/// How to start a program.
pub struct Start {
    pub command: Command,
    pub ready: Ready,
}

impl Program {
    /// Whether it starts a process per connection, whose CPU time is not its own.
    pub fn forks(self) -> bool {
        matches!(self, Program::Socat | Program::Ncat)
    }

    /// Whether the kernel may pick the port.
    pub fn ready(self) -> Ready {
        if self.forks() {
            Ready::Connects
        } else {
            Ready::Says
        }
    }

    /// The command that listens at `at`; builds or finds the program when it is the first time.
    pub fn start(self, tools: &Tools, transport: Transport, at: &At) -> Result<Start, Trouble> {
        let mut command = Command::new(tools.find(self)?);
        let place = match at {
            At::Port(port) => port.to_string(),
            At::Path(path) => path.display().to_string(),
        };
        match self {
            Program::Epoll | Program::EpollStatic | Program::Datagram => {
                command.args([floor_word(transport), &place]);
            }
            Program::Uring(buffers) => {
                command.args(["tcp", &place, &buffers.to_string()]);
            }
            Program::Sockplay(engine, sets) => sockplay(&mut command, engine, sets, transport, at),
            Program::Tokio(buffer) => {
                command.args(["--serve-tokio", &place, "--buffer", &buffer.to_string()]);
            }
            Program::Python(event_loop) => {
                command
                    .arg(tools.source("peers/echo.py"))
                    .args([event_loop, &place]);
            }
            Program::Asio => {
                command.arg(place);
            }
            Program::Socat => {
                let listen =
                    format!("TCP4-LISTEN:{place},bind=127.0.0.1,fork,reuseaddr,backlog=4096");
                command.args(["-b65536", &listen, "PIPE"]);
            }
            Program::Ncat => {
                let fixed = ["-l", "-k", "-m", "20000", "--exec", "/bin/cat", "127.0.0.1"];
                command.args(fixed).arg(place);
            }
        }
        Ok(Start {
            command,
            ready: self.ready(),
        })
    }
}

fn floor_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
        Transport::UnixStream | Transport::UnixDatagram => "unix",
        Transport::UnixSeqpacket => "seqpacket",
    }
}

/// `-q`: nobody looks. A buffer as large as the floor's, and room for every connection of the idle workload.
fn sockplay(command: &mut Command, engine: &str, sets: &[&str], transport: Transport, at: &At) {
    command.args(["serve", "-q", "-c", transport.profile(), "--engine", engine]);
    let mut set = |assignment: &str| {
        command.args(["--set", assignment]);
    };
    match at {
        At::Port(port) => set(&format!("address.port={port}")),
        At::Path(path) => set(&format!("address.path={}", path.display())),
    }
    set("io.buffer_size=64KiB");
    if !transport.is_datagram() {
        set("serve.max_connections=20000");
        set("serve.backlog=4096");
    }
    for assignment in sets {
        set(assignment);
    }
}
