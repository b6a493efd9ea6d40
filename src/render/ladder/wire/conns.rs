//! Connections as data: who has their ends, how far they have come, what is on its way.
//!
//! `opening` makes them, `stream` moves bytes over them and ends them.

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

/// A connection: who has its ends.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) stage: Stage,
    pub(super) ends: [End; 2],
    /// The address of the end that connected, once it is known.
    pub(super) client: Option<String>,
}

/// An end, and what is on its way to it.
#[derive(Debug)]
pub(super) struct End {
    /// `None` for somebody who has no column.
    pub(super) column: Option<usize>,
    /// Bytes that were sent to this end and not received: the arrow, and how many are left of it.
    pub(super) unread: VecDeque<(usize, u64)>,
    /// Bytes that this end was told to receive before their sending was told.
    pub(super) ahead: u64,
    /// It has sent a FIN.
    pub(super) finished: bool,
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
            finished: false,
            closed: false,
        };
        self.0.push(Conn {
            stage,
            ends: columns.map(end),
            client: None,
        });
        ConnId(self.0.len() - 1)
    }

    pub(super) fn get(&mut self, id: ConnId) -> &mut Conn {
        &mut self.0[id.0]
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
