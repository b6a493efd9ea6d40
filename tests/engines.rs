//! Every engine does the same: each way to wait × each family, type and framing × each hardship, from one list.
//!
//! Beside the matrix: what only engines with several peers promise, what they do at their limits, what a wait costs in
//! system calls, how it spins, and crowds.

mod common;

#[path = "engines/calls.rs"]
mod calls;
#[path = "engines/cases.rs"]
mod cases;
#[path = "engines/cost.rs"]
mod cost;
#[path = "engines/crowd.rs"]
mod crowd;
#[path = "engines/limits.rs"]
mod limits;
#[path = "engines/peers.rs"]
mod peers;
#[path = "engines/spin.rs"]
mod spin;

use common::{Sockplay, place};

/// A way to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Sequential,
    Threads,
    Poll,
    Epoll,
    EpollEdge,
    Async,
    Uring,
    /// With hardly any room for operations and hardly any buffers.
    UringTiny,
}

/// Those that serve several peers at once.
const CONCURRENT: [Engine; 6] = [
    Engine::Threads,
    Engine::Poll,
    Engine::Epoll,
    Engine::EpollEdge,
    Engine::Async,
    Engine::Uring,
];

impl Engine {
    /// A server of a built-in profile under this engine; `SOCKPLAY_ENGINE` has no say here.
    fn serve(self, profile: &str) -> Sockplay {
        let (name, set) = match self {
            Engine::Sequential => ("sequential", None),
            Engine::Threads => ("threads", None),
            Engine::Poll => ("poll", None),
            Engine::Epoll => ("epoll", Some("serve.trigger=level")),
            Engine::EpollEdge => ("epoll", Some("serve.trigger=edge")),
            Engine::Uring => ("uring", None),
            Engine::UringTiny => ("uring", Some("serve.ring={ entries = 1, buffers = 2 }")),
            Engine::Async => ("async", None),
        };
        let serve = Sockplay::new("serve").arg("-c").arg(profile);
        let serve = serve.arg("--engine").arg(name);
        match set {
            Some(set) => serve.set(set),
            None => serve,
        }
    }
}

/// One cell of the matrix: an engine and what it speaks.
#[derive(Debug)]
struct Cell {
    engine: Engine,
    profile: &'static str,
    place: tempfile::TempDir,
}

impl Cell {
    /// A server somewhere of its own.
    fn serve(&self) -> Sockplay {
        let serve = self.engine.serve(self.profile);
        if self.profile.starts_with("unix") {
            serve.at(self.place.path().join("s"))
        } else {
            serve.any_port()
        }
    }

    fn has_connections(&self) -> bool {
        !matches!(self.profile, "udp4" | "unix-datagram")
    }

    fn is_stream(&self) -> bool {
        self.has_connections() && self.profile != "unix-seqpacket"
    }
}

/// All cases that apply to one engine and one profile.
fn cell(engine: Engine, profile: &'static str) {
    for (name, applies, case) in cases::ALL {
        let cell = Cell {
            engine,
            profile,
            place: place(),
        };
        if applies(&cell) {
            // Shown only when the case fails.
            println!("{name}");
            case(&cell);
        }
    }
}

macro_rules! matrix {
    ($($engine:ident: $which:ident),*) => {$(
        mod $engine {
            use super::{Engine, cell};
            const ENGINE: Engine = Engine::$which;

            #[test]
            fn tcp4_loop() {
                cell(ENGINE, "tcp4-loop");
            }
            #[test]
            fn tcp4_line() {
                cell(ENGINE, "tcp4-line");
            }
            #[test]
            fn tcp4_length_prefix() {
                cell(ENGINE, "tcp4-length-prefix");
            }
            #[test]
            fn unix_stream() {
                cell(ENGINE, "unix-stream");
            }
            #[test]
            fn unix_seqpacket() {
                cell(ENGINE, "unix-seqpacket");
            }
            #[test]
            fn udp4() {
                cell(ENGINE, "udp4");
            }
            #[test]
            fn unix_datagram() {
                cell(ENGINE, "unix-datagram");
            }
        }
    )*};
}

matrix!(
    sequential: Sequential,
    threads: Threads,
    poll: Poll,
    epoll: Epoll,
    epoll_edge: EpollEdge,
    tokio: Async,
    uring: Uring,
    uring_tiny: UringTiny
);
