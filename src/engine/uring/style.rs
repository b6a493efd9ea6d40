//! How receives are made: into which buffers, how large, and whether before the session asks.
//!
//! A conversation without limits and pauses is received ahead: by the time its reply is sent, the next bytes may be
//! there. Small messages share incremental buffers under one multishot receive; who sends much gets whole buffers, one
//! receive at a time, which costs half as much per byte. Where each receive counts (a limited number of requests, pauses,
//! messages with boundaries), there is one receive whenever the session asks, as in the other engines.

use crate::error::Error;
use crate::event::Observer;
use crate::plan::{Plan, RequestsKey, RingRules};
use crate::socket::Type;
use crate::sys::Sys;
use crate::sys::ring::buffers::{Buffers, Consumption, Group};
use crate::sys::ring::{Ring, refused};

/// A shared buffer, and the most that one receive from a stream gives.
const LARGEST: u32 = 1 << 16;
/// A receive of this size is a sign of bulk.
pub(super) const BULK: usize = 8 << 10;
/// So many small receives end it.
pub(super) const BULK_LASTS: u8 = 8;
/// The kernel has so many bytes of buffers at a time, as far as that are between 2 and 64 buffers: what one peer can
/// send before it is looked at.
const AT_HAND: u32 = 128 << 10;

/// When a receive is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Before the session wants it.
    Ahead,
    /// When the session wants it.
    OnDemand,
}

/// What a peer that sends much gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForBulk {
    /// Whole buffers.
    Whole,
    /// The same as everybody: the buffers are too small to make a difference.
    Same,
}

/// How receives are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) when: When,
    pub(super) bulk: ForBulk,
    /// Bytes of one receive.
    pub(super) len: u32,
}

impl Style {
    /// Where the next receive of a peer goes that is in bulk for so many more.
    pub(super) fn group(self, bulk: u8) -> Group {
        if self.when == When::Ahead && bulk == 0 {
            Group::Shared
        } else {
            Group::Whole
        }
    }

    /// Whether the kernel may soon find no buffer, because those of silent sends were not given back yet.
    pub(super) fn is_scarce<O: Observer>(self, ring: &Ring<'_, O>) -> bool {
        !ring.has_buffers(self.group(0))
    }
}

/// The ring of a plan with its buffers, or why this kernel has none.
pub(super) fn ring<'a, O: Observer>(
    sys: Sys<'a, O>,
    plan: &Plan,
) -> Result<(Ring<'a, O>, Style), Error> {
    let RingRules { entries, buffers } = plan.serve.ring;
    let mut ring = Ring::new(sys, entries).map_err(|e| refused::explain("io_uring_setup", &e))?;
    let style = style(plan);
    let whole = Buffers {
        size: style.len,
        count: buffers,
        at_hand: at_hand(style.len, buffers),
        consumption: Consumption::AtOnce,
    };
    let explain = |e: &_| refused::explain("io_uring_register", e);
    ring.provide(Group::Whole, whole).map_err(|e| explain(&e))?;
    if style.when == When::Ahead {
        let shared = Buffers {
            consumption: Consumption::Incremental,
            ..whole
        };
        let incremental = match style.bulk {
            ForBulk::Whole => ring.provide(Group::Shared, shared).is_ok(),
            // Of a small buffer a receive may not get the rest that another left.
            ForBulk::Same => false,
        };
        if !incremental {
            ring.provide(Group::Shared, whole)
                .map_err(|e| explain(&e))?;
        }
    }
    Ok((ring, style))
}

fn style(plan: &Plan) -> Style {
    let pause = plan.serve.pause;
    let stream = plan.triple.ty == Type::Stream;
    let counted = plan.serve.requests != RequestsKey::Unlimited;
    let pauses = !pause.before_read.is_zero() || !pause.between_reads.is_zero();
    let len = u32::try_from(plan.buffer_size).unwrap_or(u32::MAX);
    Style {
        when: if stream && !counted && !pauses {
            When::Ahead
        } else {
            When::OnDemand
        },
        bulk: if len >= LARGEST {
            ForBulk::Whole
        } else {
            ForBulk::Same
        },
        // A message must fit; a stream only makes the receives more.
        len: if stream { len.min(LARGEST) } else { len },
    }
}

fn at_hand(size: u32, count: u16) -> u16 {
    ((AT_HAND / size).clamp(2, 64) as u16).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buffers_are_at_hand() {
        assert_eq!(at_hand(1 << 16, 16), 2);
        assert_eq!(at_hand(1 << 16, 1), 1);
        assert_eq!(at_hand(1024, 1000), 64);
        assert_eq!(at_hand(1 << 24, 16), 2);
    }
}
