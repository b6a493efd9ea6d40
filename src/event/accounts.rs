//! The accounts of a run: they add up, and a test holds them to it.

/// What a server did. All counts since the start. Once all connections are closed: accepted = closed by peer + closed by
/// rule + failed + reset, and bytes received + generated = sent + discarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Connections that accept(2) returned.
    pub accepted: u64,
    /// Connections that ended because the peer closed.
    pub closed_by_peer: u64,
    /// Connections that ended by a rule of the profile: requests, timeouts, an orderly stop.
    pub closed_by_rule: u64,
    /// Connections that ended with an error.
    pub failed: u64,
    /// Connections that were reset when the server stopped.
    pub reset: u64,
    /// Errors of accept(2) that concern no connection of ours.
    pub accept_errors: u64,
    /// Bytes from peers.
    pub bytes_received: u64,
    /// Bytes to peers.
    pub bytes_sent: u64,
    /// Of the bytes sent, those that no peer had sent before (chargen).
    pub bytes_generated: u64,
    /// Bytes received and not sent back: consumed by a handler, given up with a connection, or not answered.
    pub bytes_discarded: u64,
    /// Of the bytes discarded, those that were given up because the server stopped.
    pub bytes_lost_at_stop: u64,
    /// Messages without a connection.
    pub datagrams: Datagrams,
}

/// received = echoed + refused + dropped + truncated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Datagrams {
    /// Datagrams that recvmsg(2) returned.
    pub received: u64,
    /// Answered.
    pub echoed: u64,
    /// Not answered, because a guard said so.
    pub refused: u64,
    /// Not answered, because the reply could not be sent or the handler has none.
    pub dropped: u64,
    /// Not answered, because the buffer was too short for them.
    pub truncated: u64,
    /// Dropped by the kernel before we could receive them (SO_RXQ_OVFL); not among the received.
    pub kernel_drops: u64,
}

impl Accounts {
    /// Adds another worker's accounts.
    pub fn add(&mut self, other: &Accounts) {
        self.accepted += other.accepted;
        self.closed_by_peer += other.closed_by_peer;
        self.closed_by_rule += other.closed_by_rule;
        self.failed += other.failed;
        self.reset += other.reset;
        self.accept_errors += other.accept_errors;
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.bytes_generated += other.bytes_generated;
        self.bytes_discarded += other.bytes_discarded;
        self.bytes_lost_at_stop += other.bytes_lost_at_stop;
        self.datagrams.received += other.datagrams.received;
        self.datagrams.echoed += other.datagrams.echoed;
        self.datagrams.refused += other.datagrams.refused;
        self.datagrams.dropped += other.datagrams.dropped;
        self.datagrams.truncated += other.datagrams.truncated;
        self.datagrams.kernel_drops += other.datagrams.kernel_drops;
    }
}
