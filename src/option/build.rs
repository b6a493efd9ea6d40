//! How the tables write a row: the usual case, and one short word for each thing that is not usual.
//!
//! `const`, so that the registry is data in the binary and costs nothing to look at. Read `rows/socket.rs` beside it.

use super::{Access, Adjust, Fits, Inherited, Kind, Level, Platform, Row};
use crate::socket::Phase;

/// A row of the usual kind.
pub(super) const fn opt(
    name: &'static str,
    level: Level,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    Row {
        name,
        level,
        number,
        kind,
        access: Access::ReadWrite,
        phase: Phase::PostSocket,
        inherited: Inherited::Yes,
        fits,
        platform: Platform::Linux,
        range: None,
        privilege: None,
        adjust: Adjust::Nothing,
        doc,
        man,
        alias: None,
    }
}

impl Row {
    /// Only getsockopt(2) answers.
    pub(super) const fn ro(self) -> Row {
        Row {
            access: Access::ReadOnly,
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// Only setsockopt(2) answers.
    pub(super) const fn wo(self) -> Row {
        Row {
            access: Access::WriteOnly,
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// It decides whether or where bind(2) succeeds.
    pub(super) const fn pre_bind(self) -> Row {
        Row {
            phase: Phase::PreBind,
            ..self
        }
    }

    /// Negotiated in the handshake, or a property of the listener.
    pub(super) const fn pre_listen(self) -> Row {
        Row {
            phase: Phase::PreListen,
            ..self
        }
    }

    /// Per connection.
    pub(super) const fn post_accept(self) -> Row {
        Row {
            phase: Phase::PostAccept,
            ..self
        }
    }

    /// Accepted sockets start afresh.
    pub(super) const fn fresh(self) -> Row {
        Row {
            inherited: Inherited::No,
            ..self
        }
    }

    /// Nothing to accept, or nothing to tell it by.
    pub(super) const fn untold(self) -> Row {
        Row {
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// The manual's range.
    pub(super) const fn range(self, least: i64, greatest: i64) -> Row {
        Row {
            range: Some((least, greatest)),
            ..self
        }
    }

    /// The capability that setting needs.
    pub(super) const fn needs(self, capability: &'static str) -> Row {
        Row {
            privilege: Some(capability),
            ..self
        }
    }

    /// What the kernel makes of it.
    pub(super) const fn adjust(self, adjust: Adjust) -> Row {
        Row { adjust, ..self }
    }

    /// Another platform's.
    pub(super) const fn on(self, platform: &'static str) -> Row {
        Row {
            platform: Platform::Other(platform),
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// The second name of another row.
    pub(super) const fn alias(self, of: &'static str) -> Row {
        Row {
            alias: Some(of),
            ..self
        }
    }
}
