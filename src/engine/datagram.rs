//! Messages without a connection: datagrams and raw packets, one receive and one reply each.
//!
//! There is no session: a reply goes where its message came from, or nowhere. [`super::guard`] decides whether; this
//! loop keeps count of every reason.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use super::Context;
use super::arrival::Arrival;
use super::guard::{self, Ports, Request};
use super::throttle::Throttle;
use super::waiter::{Interest, Token, Waiter};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::handler::Answer;
use crate::plan::TruncatedKey;
use crate::socket::{Family, SocketName, Type};
use crate::sys::message::{Ancillary, Cast, Datagram, Reply};
use crate::sys::stop::{Level, Watched};
use crate::sys::{Blocking, Server, errno, packet};

/// So many messages are answered before the order to stop is looked at again.
const FAIR: usize = 256;

/// Answers messages in blocking calls until the order to stop, then those that had already arrived.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let arrival = Arrival::at(context, &server, Watched::Datagrams)?;
    let outcome = answer_all(context, &server, |exchange, buffer| {
        if arrival.wait(context, exchange.fd) {
            exchange.one(buffer)?;
        }
        Ok(())
    });
    drop(arrival);
    context.sys.close_server(server);
    outcome
}

/// The same for an engine that waits for readiness.
pub fn serve_ready<O: Observer>(
    context: Context<'_, O>,
    server: Server,
    waiter: &mut impl Waiter,
) -> Result<(), Error> {
    let failed =
        |call, e: io::Error| Error::from(errno::failure(call, server.name.to_string(), &e));
    let bell = context.stop.bell().map_err(|e| failed("eventfd", e))?;
    context
        .sys
        .set_nonblocking(server.fd.as_fd(), Blocking::No)
        .map_err(|e| failed("ioctl", e))?;
    waiter
        .add(bell.fd(), Token(0), Interest::Read)
        .map_err(|e| failed("wait", e))?;
    waiter
        .add(server.fd.as_fd(), Token(1), Interest::Read)
        .map_err(|e| failed("wait", e))?;
    let mut ready = Vec::new();
    let outcome = answer_all(context, &server, |exchange, buffer| {
        match waiter.wait(None, &mut ready) {
            Ok(()) => {}
            Err(e) if errno::interrupted(&e) => return Ok(()),
            Err(e) => return Err(errno::failure("wait", exchange.own.to_string(), &e).into()),
        }
        // Edge-triggered, what is left after this would not be told again: nothing may be left.
        let most = if waiter.is_edge_triggered() {
            usize::MAX
        } else {
            FAIR
        };
        for _ in 0..most {
            if exchange.one(buffer)? == Queue::Empty
                || exchange.context.stop.level() != Level::Running
            {
                break;
            }
        }
        Ok(())
    });
    context.sys.close_server(server);
    outcome
}

/// The loop itself; `some` waits, and answers some.
pub(super) fn answer_all<'a, O: Observer>(
    context: Context<'a, O>,
    server: &'a Server,
    mut some: impl FnMut(&mut Exchange<'a, O>, &mut [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let pause = context.plan.serve.pause;
    let mut buffer = vec![0; context.plan.buffer_size];
    let mut exchange = Exchange::new(context, server);
    let _ = context.stop.pause(pause.before_read);
    while context.stop.level() == Level::Running {
        some(&mut exchange, &mut buffer)?;
        if !pause.between_reads.is_zero() {
            let _ = context.stop.pause(pause.between_reads);
        }
    }
    exchange.rest(&mut buffer);
    Ok(())
}

/// Whether more messages may be waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    PerhapsMore,
    Empty,
}

/// What the loop keeps between messages.
pub(super) struct Exchange<'a, O: Observer> {
    context: Context<'a, O>,
    fd: BorrowedFd<'a>,
    own: &'a SocketName,
    ancillary: Ancillary,
    unanswered: Throttle,
    errors: Throttle,
}

/// Why a message was not answered, as the accounts sort it.
enum Unanswered {
    Refused(&'static str),
    Dropped(String),
    Truncated,
}

impl<'a, O: Observer> Exchange<'a, O> {
    fn new(context: Context<'a, O>, server: &'a Server) -> Exchange<'a, O> {
        Exchange {
            context,
            fd: server.fd.as_fd(),
            own: &server.name,
            ancillary: Ancillary::new(context.plan.triple.family),
            unanswered: Throttle::default(),
            errors: Throttle::default(),
        }
    }

    /// Receives and answers one message. An error is one after which no other message will come.
    pub(super) fn one(&mut self, buffer: &mut [u8]) -> Result<Queue, Error> {
        match self
            .context
            .sys
            .recvmsg(self.fd, buffer, &mut self.ancillary)
        {
            // shutdown(2) wakes a blocked receive with an empty message from nobody.
            Ok(_) if self.context.stop.level() >= Level::Expired => Ok(Queue::PerhapsMore),
            Ok(d)
                if d.len == 0
                    && d.peer == SocketName::UNNAMED
                    && self.context.stop.level() != Level::Running =>
            {
                Ok(Queue::PerhapsMore)
            }
            Ok(datagram) => {
                self.answer(&datagram, buffer);
                Ok(Queue::PerhapsMore)
            }
            Err(e) if errno::would_block(&e) => Ok(Queue::Empty),
            Err(e) if errno::interrupted(&e) => Ok(Queue::PerhapsMore),
            Err(e) => self.trouble(&e).map(|()| Queue::PerhapsMore),
        }
    }

    /// What had arrived before the order to stop.
    fn rest(&mut self, buffer: &mut [u8]) {
        if self
            .context
            .sys
            .set_nonblocking(self.fd, Blocking::No)
            .is_err()
        {
            return;
        }
        while self.context.stop.level() < Level::Expired {
            match self
                .context
                .sys
                .recvmsg(self.fd, buffer, &mut self.ancillary)
            {
                Ok(datagram) => self.answer(&datagram, buffer),
                Err(e) if errno::would_block(&e) => break,
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => {
                    if self.trouble(&e).is_err() {
                        break;
                    }
                }
            }
        }
    }

    /// An error of recvmsg(2): usually an ICMP message about an earlier reply, which concerns one peer only.
    fn trouble(&mut self, error: &io::Error) -> Result<(), Error> {
        let failure = errno::failure("recvmsg", self.own.to_string(), error);
        if matches!(
            failure.errno.name.as_str(),
            "EBADF" | "EINVAL" | "ENOTSOCK" | "EFAULT"
        ) {
            return Err(failure.into());
        }
        if let Some(line) = self.errors.line(Instant::now(), || failure.to_string()) {
            self.context.sys.observer().event(&Event::Trouble(&line));
        }
        Ok(())
    }

    fn answer(&mut self, datagram: &Datagram, buffer: &mut [u8]) {
        let ledger = self.context.ledger;
        ledger.datagrams_received.add(1);
        if let Some(drops) = datagram.kernel_drops {
            ledger.kernel_drops.set(drops.into());
        }
        let fitted = datagram.len.min(buffer.len());
        let payload = packet::payload(self.context.plan.triple, &buffer[..fitted]);
        let len = payload.range.len() + (datagram.len - fitted);
        ledger.bytes_received.add(len as u64);
        let outcome = self.reply(datagram, &payload, &mut buffer[..fitted]);
        let sent = match &outcome {
            Ok(sent) => *sent,
            Err(_) => 0,
        };
        // A reply is never longer than its request, so this cannot be negative.
        ledger.bytes_discarded.add(len.saturating_sub(sent) as u64);
        ledger.bytes_sent.add(sent as u64);
        match outcome {
            Ok(_) => ledger.datagrams_echoed.add(1),
            Err(why) => self.not_answered(&datagram.peer, &why),
        }
    }

    /// Sends the reply, at most as long as the request; tells how many bytes that were.
    fn reply(
        &self,
        d: &Datagram,
        payload: &packet::Payload,
        buffer: &mut [u8],
    ) -> Result<usize, Unanswered> {
        let plan = self.context.plan;
        let request = Request {
            peer: &d.peer,
            own: self.own,
            to: payload.to.or(d.to.map(|to| to.address)),
            cast: d.to.map_or(Cast::One, |to| to.cast),
            ttl: payload.ttl.or(d.ttl),
            ports: if plan.triple.ty == Type::Raw {
                Ports::No
            } else {
                Ports::Yes
            },
        };
        let message = &mut buffer[payload.range.clone()];
        self.context.sys.observer().event(&Event::Received {
            peer: &d.peer,
            payload: message,
        });
        let ttl = guard::judge(&request, plan.serve.ttl, plan.serve.loops)
            .map_err(Unanswered::Refused)?;
        if d.len > buffer.len() && plan.serve.truncated == TruncatedKey::Drop {
            return Err(Unanswered::Truncated);
        }
        let message = &mut buffer[payload.range.clone()];
        let len = message.len();
        let text = match self.context.rules.handler.answer(message) {
            Answer::InPlace => &*message,
            Answer::Text(text) => &text[..len.min(text.len())],
            Answer::Nothing => {
                return Err(Unanswered::Dropped("the handler gives no answer".into()));
            }
        };
        let from =
            d.to.filter(|to| plan.triple.family != Family::Unix && to.cast == Cast::One);
        let sent = self
            .context
            .sys
            .sendmsg(
                self.fd,
                text,
                Reply {
                    to: &d.peer,
                    from,
                    ttl,
                },
            )
            .map_err(|e| Unanswered::Dropped(format!("sendmsg: {}", errno::of(&e).name)))?;
        self.context.sys.observer().event(&Event::Sent {
            peer: &d.peer,
            payload: &text[..sent.min(text.len())],
        });
        Ok(sent)
    }

    fn not_answered(&mut self, peer: &SocketName, why: &Unanswered) {
        let ledger = self.context.ledger;
        let (count, why) = match why {
            Unanswered::Refused(why) => (&ledger.datagrams_refused, (*why).to_owned()),
            Unanswered::Dropped(why) => (&ledger.datagrams_dropped, why.clone()),
            Unanswered::Truncated => (
                &ledger.datagrams_truncated,
                "it is longer than the buffer".to_owned(),
            ),
        };
        count.add(1);
        if let Some(why) = self.unanswered.line(Instant::now(), || why) {
            self.context
                .sys
                .observer()
                .event(&Event::Unanswered { peer, why: &why });
        }
    }
}
