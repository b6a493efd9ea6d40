//! What happens, as data: every system call, and every turn of a conversation.
//!
//! The gate emits a [`Call`], the engines emit [`Event`]s, an [`Observer`] looks at both. Renderers never see a
//! socket and engines never format a line: this module is all they share. With [`Off`] both compile to nothing.

mod accounts;
mod call;
mod moment;
mod tally;

pub use accounts::{Accounts, Datagrams};
pub use call::{Arg, Call, Record};
pub use moment::{Moment, Seen};
pub use tally::Tally;

use crate::option::{Row, Ruling, Value};
use crate::socket::{Phase, SocketName, Triple};

/// Who looks. One observer serves all threads of a run.
pub trait Observer: Sync {
    /// Whether system calls are observed. With `false` the gate reads no clock and builds no argument.
    const ON: bool;
    /// Whether events are looked at. With `false` an engine need not remember who its peers are.
    const EVENTS: bool = true;

    /// A system call returned, successfully or not.
    fn call(&self, call: &Call<'_>);

    /// Something happened to a conversation.
    fn event(&self, event: &Event<'_>);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off;

impl Observer for Off {
    const ON: bool = false;
    const EVENTS: bool = false;
    #[inline(always)]
    fn call(&self, _: &Call<'_>) {}
    #[inline(always)]
    fn event(&self, _: &Event<'_>) {}
}

/// A turn of a conversation. Borrowed and unformatted: what is not shown costs nothing.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A server begins to open its socket.
    Starting {
        /// Which profile it follows.
        profile: &'a str,
        /// What it will open.
        triple: Triple,
    },
    /// An option was set, or not: what became of it.
    Option(&'a OptionReport),
    /// Clients can connect.
    Listening {
        /// The real address, the kernel's port included.
        name: &'a SocketName,
        /// What is listening.
        triple: Triple,
        /// Asked and effective backlog, where there is one.
        backlog: Option<Backlog>,
    },
    /// A client has reached its peer.
    Connected {
        /// Its own end.
        local: &'a SocketName,
        /// The other end.
        peer: &'a SocketName,
    },
    /// accept(2) returned a connection.
    Accepted {
        /// Who.
        peer: &'a SocketName,
    },
    /// Bytes arrived.
    Received {
        /// From whom.
        peer: &'a SocketName,
        /// What.
        payload: &'a [u8],
    },
    /// Bytes were handed to the kernel.
    Sent {
        /// To whom.
        peer: &'a SocketName,
        /// What.
        payload: &'a [u8],
    },
    /// A connection is over.
    Closed {
        /// Whose.
        peer: &'a SocketName,
        /// Why, in a few words.
        why: &'a str,
    },
    /// A datagram was not answered.
    Unanswered {
        /// Whose.
        peer: &'a SocketName,
        /// Why not, in a few words.
        why: &'a str,
    },
    /// Something failed and the run goes on.
    Trouble(&'a str),
    /// Something worth knowing.
    Note(&'a str),
    /// USR1 asked for the counters.
    Counters(&'a Accounts),
    /// What a server that was traced cost in system calls, right before it has stopped.
    Calls(&'a Tally),
    /// The server has stopped.
    Stopped(&'a Accounts),
}

/// The backlog that was asked for and what listen(2) made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The argument of listen(2).
    pub asked: u32,
    /// What the kernel keeps: at most net.core.somaxconn.
    pub effective: Option<u32>,
}

/// What became of one option on one socket.
#[derive(Clone, Debug)]
pub struct OptionReport {
    /// `SO_RCVBUF`
    pub name: String,
    /// What the registry knows of it.
    pub row: Option<&'static Row>,
    /// `SOL_SOCKET`
    pub level: String,
    /// When it was set.
    pub phase: Phase,
    /// The value as written.
    pub requested: Value,
    /// The value before, where it was read.
    pub default: Option<Value>,
    /// The value after, where it can be read.
    pub effective: Option<Value>,
    /// The kernel's answer and the reason for it.
    pub ruling: Ruling,
}

impl OptionReport {
    /// A value of this option for people: with its unit, or the name of the constant.
    pub fn plain(&self, value: &Value) -> String {
        self.row
            .map_or_else(|| value.plain(), |row| row.plain(value))
    }
}
