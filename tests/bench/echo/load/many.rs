//! Ping-pong over many connections at once, one message on its way in each: an epoll loop over sockets that never block.
//!
//! Streams and datagrams alike. A datagram that is not back in time is counted as lost and its peer goes on.

use std::io;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, recv, send};
use socket2::Socket;

use super::message::{Message, SIZE};
use super::{LOST_AFTER, Load, PATIENCE, Tally, corrupt, ended, open, silent};
use crate::contender::Transport;
use crate::server::At;

struct Peer {
    socket: Socket,
    message: Message,
    echo: [u8; SIZE + 1],
    got: usize,
    waits: bool,
}

/// The connections and the set they are waited for in.
pub struct Many {
    peers: Vec<Peer>,
    set: Epoll,
    transport: Transport,
}

/// What came of a readable socket.
enum Came {
    /// A part, or nothing of now.
    Nothing,
    /// The whole message.
    Echo,
}

impl Many {
    pub fn open(at: &At, transport: Transport, peers: u32) -> io::Result<Many> {
        let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let peer = |number| {
            let socket = open(at, transport)?;
            set.add(
                &socket,
                EpollEvent::new(EpollFlags::EPOLLIN, u64::from(number)),
            )?;
            Ok(Peer {
                socket,
                message: Message::of(number),
                echo: [0; SIZE + 1],
                got: 0,
                waits: false,
            })
        };
        let peers = (0..peers).map(peer).collect::<io::Result<_>>()?;
        Ok(Many {
            peers,
            set,
            transport,
        })
    }

    /// Counts what is still awaited as lost.
    fn give_up(&mut self) -> io::Result<u64> {
        if !self.transport.loses() {
            return Err(silent());
        }
        let mut lost = 0;
        for peer in self.peers.iter_mut().filter(|p| p.waits) {
            peer.waits = false;
            lost += 1;
        }
        Ok(lost)
    }
}

impl Peer {
    fn ask(&mut self) -> io::Result<()> {
        self.message.advance();
        (self.got, self.waits) = (0, true);
        let sent = send(
            self.socket.as_raw_fd(),
            &self.message.bytes,
            MsgFlags::MSG_DONTWAIT,
        )?;
        if sent == SIZE {
            Ok(())
        } else {
            Err(corrupt("64 bytes were not taken whole"))
        }
    }

    fn take(&mut self, transport: Transport) -> io::Result<Came> {
        let room = &mut self.echo[self.got..];
        let bytes = match recv(self.socket.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return Err(ended()),
            Ok(bytes) => bytes,
            Err(nix::Error::EAGAIN) => return Ok(Came::Nothing),
            Err(e) => return Err(e.into()),
        };
        if transport.loses() && (!self.waits || self.message.is_late(&self.echo[..bytes])) {
            return Ok(Came::Nothing);
        }
        self.got += bytes;
        if self.got < SIZE && !transport.keeps_boundaries() {
            return Ok(Came::Nothing);
        }
        if self.echo[..self.got] == self.message.bytes {
            self.waits = false;
            Ok(Came::Echo)
        } else {
            Err(corrupt("other bytes"))
        }
    }
}

impl Load for Many {
    fn run(&mut self, time: Duration) -> io::Result<Tally> {
        let patience = if self.transport.loses() {
            LOST_AFTER
        } else {
            PATIENCE
        };
        let patience = EpollTimeout::try_from(patience).unwrap_or(EpollTimeout::NONE);
        let mut events = vec![EpollEvent::empty(); self.peers.len()];
        let mut tally = Tally::default();
        let start = Instant::now();
        let mut awaited = self.peers.len();
        for peer in &mut self.peers {
            peer.ask()?;
        }
        // Past the end nobody asks again: it is over when the last echo is back.
        while awaited > 0 {
            let ready = self.set.wait(&mut events, patience)?;
            let goes_on = start.elapsed() < time;
            if ready == 0 {
                let lost = self.give_up()?;
                tally.lost += lost;
                awaited -= lost as usize;
                if goes_on {
                    for peer in &mut self.peers {
                        peer.ask()?;
                        awaited += 1;
                    }
                }
            }
            for event in &events[..ready] {
                let peer = &mut self.peers[event.data() as usize];
                if let Came::Echo = peer.take(self.transport)? {
                    tally.units += 1;
                    if goes_on {
                        peer.ask()?;
                    } else {
                        awaited -= 1;
                    }
                }
            }
        }
        tally.elapsed = start.elapsed();
        Ok(tally)
    }
}
