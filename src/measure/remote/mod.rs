//! A server that is not ours, examined: what its name stands for, whether it answers, and how it behaves.
//!
//! [`reach`] finds an address that answers. An [`Examination`] then tells what the server does: [`Examination::contact`]
//! talks over the first connection (`contact`: greeting and echo, `requests`), [`Examination::rest`] needs fresh ones
//! (`boundaries`, `closing`, `largest`, `path`). Between the two there is room for a load, because a server may be there
//! for one connection only. `wire` is one connection, `likeness` what an answer has to do with the question, `words` the
//! parts of a sentence. A service that is no echo is described, never a failure.

mod boundaries;
mod closing;
mod contact;
mod largest;
mod likeness;
mod limit;
mod path;
mod reach;
mod requests;
mod wire;
mod words;

use std::io;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use reach::{Reached, reach};

use super::message::Messages;
use super::report::{Finding, TcpFacts, Topic};
use super::tcp_facts::tcp_facts;
use crate::error::{Errno, Error, Failure};
use crate::escape;
use crate::event::Observer;
use crate::plan::Plan;
use crate::socket::{Address, SocketName, Type};
use crate::sys::packet::Codec;
use crate::sys::{Client, Readback, Sys, errno};
use likeness::Likeness;
use limit::Limit;
use wire::{Heard, Stop, Waits, Wire};

/// How long a first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
/// The shortest wait after which a peer counts as silent: a busy machine leaves a process waiting for a while.
const LEAST_WAIT: Duration = Duration::from_millis(250);
/// The longest one.
const MOST_WAIT: Duration = Duration::from_secs(2);
/// An answer of unknown length has ended after a pause of this length.
const PAUSE: Duration = Duration::from_millis(100);
/// A wait is so many times as long as what was seen.
const TIMES: u32 = 8;
/// A further connection takes no longer than this.
const FRESH_CONNECT: Duration = Duration::from_secs(1);

/// What a server does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answers {
    /// It has not been asked.
    Unknown,
    /// What came back, beside the greeting, and how that ended.
    As(Likeness, Stop),
}

/// How a server closes by itself.
#[derive(Clone, Debug)]
struct Closes {
    /// Requests that it answers before.
    after: u64,
    how: Stop,
    /// Whether a further request was on its way: unread data turn any close(2) into a reset (RFC 2525, 2.17), so that a
    /// reset says nothing then.
    sight: Sight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Nothing was sent that it has not answered.
    Clear,
    /// There was.
    Blurred,
}

/// An examination under way.
pub struct Examination<'a, O: Observer> {
    sys: Sys<'a, O>,
    plan: &'a Plan,
    name: SocketName,
    codec: Codec,
    messages: Messages,
    /// The number of the next message.
    next: u64,
    /// The shortest time from a message to its answer.
    round_trip: Option<Duration>,
    /// Why there will be no further connection.
    gone: Option<String>,
    answers: Answers,
    /// Requests that it answers on one connection before it closes, and how it does that.
    closes_after: Option<Closes>,
    /// What it says before the client does.
    greeting: Option<Vec<u8>>,
    /// A connection on which nothing came back: its end may still be told.
    silent: Option<Wire<'a, O>>,
    findings: Vec<Finding>,
    until: Limit<'a>,
}

impl<'a, O: Observer> Examination<'a, O> {
    /// Prepares the examination of the server that `first` is connected to, at `name`, with messages of `size` bytes;
    /// it may take as long as `deadline`, not counted what is done between its parts. Looks at the connection, and sends
    /// nothing yet.
    pub fn new(
        sys: Sys<'a, O>,
        plan: &'a Plan,
        (first, name): (&Client, &SocketName),
        size: usize,
        deadline: Duration,
        halt: &'a AtomicBool,
    ) -> Examination<'a, O> {
        let mut examination = Examination {
            sys,
            plan,
            name: name.clone(),
            codec: Codec::new(plan.triple),
            messages: Messages::new(&plan.framing, size),
            next: 0,
            round_trip: None,
            gone: None,
            answers: Answers::Unknown,
            closes_after: None,
            greeting: None,
            silent: None,
            findings: Vec::new(),
            until: Limit::after(deadline, halt),
        };
        examination.path(first);
        examination
    }

    /// TCP_INFO of a connection to the server.
    pub fn tcp(&self, client: &Client) -> Option<TcpFacts> {
        use std::os::fd::AsFd as _;
        tcp_facts(self.sys, client.fd.as_fd(), "client")
    }

    /// Whether it sends back what it gets.
    pub fn echoes(&self) -> bool {
        matches!(self.answers, Answers::As(Likeness::Same, _))
    }

    /// Whether it answers at all.
    fn answers(&self) -> bool {
        matches!(&self.answers, Answers::As(likeness, _) if *likeness != Likeness::Nothing)
    }

    /// Whether a load would tell something: the server echoes and nothing else, or no datagram came back, which may be
    /// bad luck.
    pub fn is_worth_a_load(&self) -> bool {
        let lost = matches!(&self.answers, Answers::As(Likeness::Nothing, _))
            && !self.plan.triple.ty.has_connections();
        (self.echoes() && self.greeting.is_none()) || lost
    }

    /// Requests that it answers on one connection before it closes, if it was seen to close.
    pub fn per_connection(&self) -> Option<u64> {
        self.closes_after
            .as_ref()
            .map(|closes| closes.after)
            .filter(|&n| n > 0)
    }

    /// What needs connections of its own: boundaries, half-close, close, the largest message, the TTL. To be called when
    /// no other connection to the server is open, because it may serve one at a time. All findings, in order.
    pub fn rest(mut self) -> Vec<Finding> {
        self.boundaries();
        self.half_close();
        self.largest();
        self.ttl();
        self.findings.sort_by_key(|finding| finding.topic);
        self.findings
    }

    /// The time spent elsewhere does not count.
    pub fn resume(&mut self, deadline: Duration) {
        self.until = self.until.again(deadline);
    }

    fn found(&mut self, topic: Topic, outcome: &'static str, says: impl Into<String>) {
        self.found_number(topic, outcome, says, None);
    }

    fn found_number(
        &mut self,
        topic: Topic,
        outcome: &'static str,
        says: impl Into<String>,
        value: Option<u64>,
    ) {
        self.findings.retain(|finding| finding.topic != topic);
        let mut finding = Finding {
            topic,
            outcome,
            says: says.into(),
            value,
        };
        if self.until.is_halted() {
            // What was waited for has not had its time.
            finding.outcome = "not-examined";
            finding.says = "not examined: interrupted".into();
            finding.value = None;
        }
        self.findings.push(finding);
    }

    fn not_examined(&mut self, topic: Topic, why: &str) {
        self.found(topic, "not-examined", format!("not examined: {why}"));
    }

    /// Another connection, or why there is none: once that is so, it stays so.
    fn fresh(&mut self) -> Result<Wire<'a, O>, String> {
        if let Some(why) = &self.gone {
            return Err(why.clone());
        }
        let left = self.until.left();
        if left.is_zero() {
            return Err("no time was left".to_owned());
        }
        if matches!(self.plan.address, Address::Fd(_)) {
            return Err("an inherited descriptor is the only connection".to_owned());
        }
        let mut plan = self.plan.clone();
        plan.connect.timeout = plan.connect.timeout.min(FRESH_CONNECT).min(left);
        match self
            .sys
            .open_client_at(&plan, &self.name, Readback::Nothing)
        {
            Ok(client) => Ok(self.greeted(client)),
            Err(error) => {
                let why = no_further(&error);
                self.gone = Some(why.clone());
                Err(why)
            }
        }
    }

    /// What the server says first belongs to no answer.
    fn greeted(&self, client: Client) -> Wire<'a, O> {
        let wire = self.wire(client);
        if let Some(greeting) = &self.greeting {
            wire.hear(greeting.len(), Waits::of(LEAST_WAIT));
        }
        wire
    }

    fn wire(&self, client: Client) -> Wire<'a, O> {
        let ty = self.plan.triple.ty;
        Wire::new(self.sys, client, ty, self.codec, self.until)
    }

    /// A message that was not sent before, and its number.
    fn message(&mut self) -> (u64, Vec<u8>) {
        let mut message = Vec::new();
        self.messages.write(self.next, &mut message);
        self.next += 1;
        (self.next - 1, message)
    }

    /// Sends a message and hears the answer; a stream is heard as long as it may still become that message.
    fn ask(&mut self, wire: &Wire<'a, O>, n: u64, message: &[u8], waits: Waits) -> Heard {
        let said = wire.say(n, message);
        let mut heard = wire.hear(message.len(), waits);
        if !self.plan.triple.ty.has_boundaries()
            && heard.stop == Stop::Enough
            && heard.bytes != message
        {
            let rest = wire.hear(usize::MAX, Waits::of(waits.more.min(PAUSE)));
            heard.bytes.extend(rest.bytes);
            heard.reads.extend(rest.reads);
            heard.stop = rest.stop;
        }
        if heard.bytes.is_empty() {
            // What the peer said before it refused more is worth more than the refusal.
            if let Err(errno) = said {
                heard.stop = Stop::Failed(errno);
            }
        } else {
            self.seen(heard.last);
        }
        heard
    }

    fn seen(&mut self, took: Duration) {
        let shortest = self.round_trip.map_or(took, |before| before.min(took));
        self.round_trip = Some(shortest);
    }

    /// How long to wait for what should be there already.
    fn waits(&self) -> Waits {
        match self.round_trip {
            Some(seen) => Waits::of((seen * TIMES).clamp(LEAST_WAIT, MOST_WAIT)),
            None => Waits {
                first: FIRST_ANSWER,
                more: LEAST_WAIT,
            },
        }
    }

    fn is_stream(&self) -> bool {
        self.plan.triple.ty == Type::Stream
    }
}

/// On one line, why there is no other connection.
fn no_further(error: &Error) -> String {
    match error {
        Error::Refused(failure) => {
            let gone = match failure.errno.name.as_str() {
                "ECONNREFUSED" | "ENOENT" => "; the server was there for one",
                _ => "",
            };
            let (call, words) = (failure.call, words_of(&failure.errno));
            format!("a further connection failed: {call}: {words}{gone}")
        }
        other => escape::text(other.to_string().lines().next().unwrap_or("")),
    }
}

/// A failed call on a datagram socket, with what ICMP has said.
fn explained(call: &'static str, subject: &str, error: &io::Error) -> Failure {
    let mut failure = errno::failure(call, subject, error);
    failure.cause = icmp(&failure.errno).map(str::to_owned);
    failure
}

/// What an errno of a datagram socket means: an ICMP message has come back (ip(7), icmp(7)).
fn icmp(errno: &Errno) -> Option<&'static str> {
    Some(match errno.name.as_str() {
        "ECONNREFUSED" => "the host answers \"port unreachable\" (ICMP): nobody has that port",
        "EHOSTUNREACH" => "\"host unreachable\" (ICMP, or no answer to ARP)",
        "ENETUNREACH" => "\"network unreachable\" (ICMP, or no route)",
        "EACCES" => "\"administratively prohibited\" (ICMP, or a firewall rule here)",
        "EPERM" => "a firewall rule on this machine forbids it",
        _ => return None,
    })
}

/// `connection reset by peer (ECONNRESET)`
fn words_of(errno: &Errno) -> String {
    format!("{} ({})", errno.says.to_lowercase(), errno.name)
}
