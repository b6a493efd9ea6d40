//! What comes back, byte by byte: the echo that is due, a part of it, or something else.
//!
//! A stream has no boundaries, so echoes are heard in the order of the messages, wherever they are cut. Where there are
//! boundaries they must hold. Datagrams may come late, twice, in another order, or not at all: each is known by its number.

use std::io;
use std::ops::Range;

use nix::sys::socket::MsgFlags;

use super::generator::{Generator, Run, Spoken};
use super::renew::Lapse;
use super::wrong::{self, Step};
use crate::error::Error;
use crate::event::Observer;
use crate::socket::Type;
use crate::sys::clock::now_ns;
use crate::sys::{Client, errno};

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    /// Receives once, and judges what there is.
    #[inline]
    pub(super) fn listen(&mut self, i: usize, flags: MsgFlags, run: &mut Run<'_>) -> Step {
        match self.receive(i, flags) {
            Ok(0) if self.wire.ty().has_connections() => self.lapsed(i, Lapse::Closed, run),
            Ok(len) => {
                run.clock = now_ns();
                self.hear(i, len, run)
            }
            Err(e) if errno::interrupted(&e) || errno::would_block(&e) => Ok(()),
            Err(e) => self.broken(i, "recv", &e, run),
        }
    }

    #[inline]
    pub(super) fn receive(&mut self, i: usize, flags: MsgFlags) -> io::Result<usize> {
        let Some(fd) = self.peers[i].socket() else {
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
        };
        let flags = if self.wire.ty().has_boundaries() {
            // A message that does not fit tells its length.
            flags | MsgFlags::MSG_TRUNC
        } else {
            flags
        };
        self.sys.recv(fd, &mut self.reply, flags)
    }

    /// Judges `len` bytes that were received.
    #[inline]
    pub(super) fn hear(&mut self, i: usize, len: usize, run: &mut Run<'_>) -> Step {
        match self.wire.ty() {
            Type::Stream => self.hear_stream(i, len, run),
            Type::Seqpacket => self.hear_packet(i, len, run),
            _ => self.hear_datagram(i, len, run),
        }
    }

    fn hear_stream(&mut self, i: usize, len: usize, run: &mut Run<'_>) -> Step {
        let mut from = 0;
        while from < len {
            let peer = &mut self.peers[i];
            let Some(sent) = peer.waits.front() else {
                return Err(wrong::extra(i, &self.reply[from..len], run.echo));
            };
            let reply = &self.reply[from..len];
            let size = self.wire.size();
            if peer.heard == 0 && reply.len() >= size && self.wire.is_answer(sent.n, &reply[..size])
            {
                from += size;
                self.echoed(i, 0, run);
                continue;
            }
            let due = &self.wire.answer(sent.n)[peer.heard..];
            let part = due.len().min(reply.len());
            if reply[..part] != due[..part] {
                let ended = wrong::differs(i, sent.n, peer.heard, &due[..part], &reply[..part]);
                self.corrupt(i, 0, run);
                return Err(ended);
            }
            let whole = part == due.len();
            from += part;
            if whole {
                self.echoed(i, 0, run);
            } else {
                peer.heard += part;
            }
        }
        Ok(())
    }

    fn hear_packet(&mut self, i: usize, len: usize, run: &mut Run<'_>) -> Step {
        let reply = &self.reply[..len.min(self.reply.len())];
        let Some(sent) = self.peers[i].waits.front() else {
            return Err(wrong::extra(i, reply, run.echo));
        };
        if len == reply.len() && self.wire.is_answer(sent.n, reply) {
            self.echoed(i, 0, run);
            return Ok(());
        }
        let due = self.wire.answer(sent.n);
        let ended = wrong::message(i, sent.n, due, reply, len);
        self.corrupt(i, 0, run);
        Err(ended)
    }

    fn hear_datagram(&mut self, i: usize, len: usize, run: &mut Run<'_>) -> Step {
        let received = len.min(self.reply.len());
        let Some(range) = self.wire.unwrap(&self.reply[..received]) else {
            return Ok(());
        };
        let cut = len - received;
        if let Some(place) = self.place_of(i, range.clone(), cut) {
            let n = self.peers[i].waits[place].n;
            self.was_answered(n);
            self.echoed(i, place, run);
            return Ok(());
        }
        match self.wire.number_of(&self.reply[range.clone()]) {
            Some(n) if cut == 0 && self.was_asked(i, n) => {
                self.heard_again(n, run);
                Ok(())
            }
            _ => self.judge_stray(i, range, cut, run),
        }
    }

    /// Which of the messages under way this is the right echo of.
    #[inline]
    fn place_of(&self, i: usize, range: Range<usize>, cut: usize) -> Option<usize> {
        let reply = &self.reply[range];
        let waits = &self.peers[i].waits;
        if cut > 0 || waits.is_empty() {
            return None;
        }
        if self.wire.is_answer(waits[0].n, reply) {
            return Some(0);
        }
        if self.wire.is_numbered() {
            let n = self.wire.number_of(reply)?;
            return waits.binary_search_by_key(&n, |sent| sent.n).ok();
        }
        (1..waits.len()).find(|&at| self.wire.is_answer(waits[at].n, reply))
    }

    /// Whether a message of this number was sent there. One that repeats could have been any.
    fn was_asked(&self, i: usize, n: u64) -> bool {
        let peers = self.peers.len() as u64;
        let (turn, whose) = (n / peers, n % peers);
        let peer = &self.peers[i];
        !self.wire.is_numbered() && peer.turn > 0 || whose == i as u64 && turn < peer.turn
    }

    /// The echo of a message that is not under way any more: late if it was not there before.
    fn heard_again(&mut self, n: u64, run: &mut Run<'_>) {
        let late = if self.wire.is_numbered() {
            !self.was_answered(n)
        } else {
            run.echo.late < run.echo.lost
        };
        // The echo of a warm-up's message, lost there, is nothing that was measured.
        if late && run.echo.late < run.echo.lost {
            run.echo.late += 1;
        } else if !late {
            run.echo.duplicates += 1;
        }
    }

    /// Notes that a message was answered; tells whether it had been before.
    fn was_answered(&mut self, n: u64) -> bool {
        let (word, bit) = ((n / 64) as usize, 1 << (n % 64));
        if word >= self.answered.len() {
            self.answered.resize((word + 1).next_power_of_two(), 0);
        }
        let before = self.answered[word] & bit != 0;
        self.answered[word] |= bit;
        before
    }

    /// A datagram that is no echo: one that was changed on its way, or one that nobody sent.
    #[cold]
    fn judge_stray(
        &mut self,
        i: usize,
        range: Range<usize>,
        cut: usize,
        run: &mut Run<'_>,
    ) -> Step {
        let reply = &self.reply[range];
        let len = reply.len() + cut;
        let waits = &self.peers[i].waits;
        let place = waits.iter().position(|sent| {
            let due = self.wire.answer(sent.n);
            len == due.len() || reply.starts_with(due) || due.starts_with(reply)
        });
        let Some(place) = place else {
            return Err(wrong::garbage(i, reply, len));
        };
        let n = waits[place].n;
        let ended = wrong::message(i, n, self.wire.answer(n), reply, len);
        self.corrupt(i, place, run);
        Err(ended)
    }

    #[inline]
    fn echoed(&mut self, i: usize, place: usize, run: &mut Run<'_>) {
        let rtt = run.clock.saturating_sub(self.peers[i].waits[place].at);
        self.peers[i].answered(place, run.clock);
        self.under_way -= 1;
        self.spoken = Spoken::Once;
        let at = run.phase.elapsed(run.clock);
        run.echo.record(rtt, self.wire.size(), at);
    }

    #[cold]
    fn corrupt(&mut self, i: usize, place: usize, run: &mut Run<'_>) {
        self.peers[i].waits.remove(place);
        self.under_way -= 1;
        run.echo.corrupt += 1;
    }
}
