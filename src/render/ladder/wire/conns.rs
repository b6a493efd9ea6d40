//! Connections as data: who has their ends, how far they have come, what is on its way.
//!
//! `opening` makes them, `stream` moves bytes over them, `ending` ends them.

use std::collections::VecDeque;

/// A connection's number in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnId(usize);

/// An end of a connection: 0 is the one that called connect(2).
pub(super) type Side = usize;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A SYN, and no answer yet.
    Asked,
    /// Both ends may send.
    Open,
    /// One end has reset it, or was refused.
    Gone,
}

/// What became of the last SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syn {
    /// It was answered, or there was none.
    Settled,
    /// It is under way: its arrow.
    Sent(usize),
    /// Nobody answered it.
    Lost,
}

/// Data that may have travelled with a SYN (TCP Fast Open): arrows, and how it would be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fast {
    pub(super) syn: usize,
    pub(super) with: String,
    /// The data by itself, as it is after an ordinary handshake.
    pub(super) data: Option<usize>,
}

/// Bytes that the kernel keeps until more come (TCP_CORK, MSG_MORE).
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) len: u64,
    /// The first of them.
    pub(super) head: Vec<u8>,
}

/// A connection: who has its ends.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) stage: Stage,
    pub(super) ends: [End; 2],
    /// The address of the end that connected, once it is known.
    pub(super) client: Option<String>,
    pub(super) syn: Syn,
    /// Its connect(2) has not returned.
    pub(super) waits: bool,
    pub(super) fast: Option<Fast>,
    /// Calls were made of which nobody told.
    pub(super) gaps: bool,
    /// All arrows between its ends.
    pub(super) arrows: Vec<usize>,
}

/// Bytes on their way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes {
    pub(super) arrow: usize,
    /// How many of them are left.
    pub(super) left: u64,
    /// When the call that sent them had returned.
    pub(super) sent_ns: u64,
}

/// An end, and what is on its way to it.
#[derive(Debug)]
pub(super) struct End {
    /// `None` for somebody who has no column.
    pub(super) column: Option<usize>,
    /// Bytes that were sent to this end and not received.
    pub(super) unread: VecDeque<Bytes>,
    /// Bytes that this end was told to receive before their sending was told.
    pub(super) ahead: u64,
    /// An urgent byte (MSG_OOB) that nobody has read, by its arrow: it is beside the stream.
    pub(super) urgent: Option<usize>,
    /// What this end has sent and its kernel holds back.
    pub(super) held: Held,
    /// It has sent a FIN.
    pub(super) finished: bool,
    /// The arrow of its close(2): a FIN or a RST.
    pub(super) last: Option<usize>,
    pub(super) closed: bool,
}

/// All connections of the story.
#[derive(Debug, Default)]
pub(super) struct Conns(Vec<Conn>);

impl Conns {
    pub(super) fn add(&mut self, stage: Stage, columns: [Option<usize>; 2]) -> ConnId {
        let end = |column| End {
            column,
            unread: VecDeque::new(),
            ahead: 0,
            urgent: None,
            held: Held::default(),
            last: None,
            finished: false,
            closed: false,
        };
        self.0.push(Conn {
            stage,
            ends: columns.map(end),
            client: None,
            syn: Syn::Settled,
            waits: false,
            fast: None,
            gaps: false,
            arrows: Vec::new(),
        });
        ConnId(self.0.len() - 1)
    }

    pub(super) fn get(&mut self, id: ConnId) -> &mut Conn {
        &mut self.0[id.0]
    }

    /// All of them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conn> {
        self.0.iter_mut()
    }

    /// What is known of one.
    pub(super) fn see(&self, id: ConnId) -> &Conn {
        &self.0[id.0]
    }

    /// The end is now another actor's.
    pub(super) fn move_end(&mut self, id: ConnId, side: Side, column: usize) {
        self.0[id.0].ends[side].column = Some(column);
    }
}
