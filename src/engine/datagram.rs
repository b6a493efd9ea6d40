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
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::handler::Answer;
use crate::plan::TruncatedKey;
use crate::socket::{Family, SocketName, Type};
use crate::sys::message::{Ancillary, Cast, Datagram, Reply};
use crate::sys::stop::{Level, Watched};
use crate::sys::{Blocking, Server, errno, packet};

/// Answers messages until the order to stop, then those that had already arrived.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let pause = context.plan.serve.pause;
    let mut buffer = vec![0; context.plan.buffer_size];
    let mut exchange = Exchange::new(context, &server);
    let _ = context.stop.pause(pause.before_read);
    let arrival = Arrival::at(context, &server, Watched::Datagrams)?;
    let mut outcome = Ok(());
    while arrival.wait(context, exchange.fd) {
        if let Err(error) = exchange.one(&mut buffer) {
            outcome = Err(error);
            break;
        }
        if !pause.between_reads.is_zero() {
            let _ = context.stop.pause(pause.between_reads);
        }
    }
    drop(arrival);
    if outcome.is_ok() {
        exchange.rest(&mut buffer);
    }
    drop(exchange);
    context.sys.close_server(server);
    outcome
}

/// What the loop keeps between messages.
struct Exchange<'a, O: Observer> {
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
    fn one(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        match self
            .context
            .sys
            .recvmsg(self.fd, buffer, &mut self.ancillary)
        {
            // shutdown(2) wakes a blocked receive with an empty message from nobody.
            Ok(_) if self.context.stop.level() >= Level::Expired => Ok(()),
            Ok(d)
                if d.len == 0
                    && d.peer == SocketName::UNNAMED
                    && self.context.stop.level() != Level::Running =>
            {
                Ok(())
            }
            Ok(datagram) => {
                self.answer(&datagram, buffer);
                Ok(())
            }
            Err(e) if errno::interrupted(&e) || errno::would_block(&e) => Ok(()),
            Err(e) => self.trouble(&e),
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
