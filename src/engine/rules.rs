//! From the plan's words to the session's rules: one listener, one set of rules.

use crate::handler::Handler;
use crate::plan::{CloseKey, FramingKey, Plan, ReplyKey, RequestsKey};
use crate::session::{Framing, Manner, Pauses, Requests, Rules};
use crate::socket::Type;

/// A frame that says its own end (a line, a delimiter, a length) may be so long, or as long as the buffer if that is longer,
/// and never longer than the memory budget.
pub const LONGEST_FRAME: usize = 1 << 20;

/// The rules of every connection of this plan.
pub fn rules(plan: &Plan) -> Rules {
    let framing = match &plan.framing {
        _ if plan.triple.ty != Type::Stream => Framing::Message,
        FramingKey::None => Framing::None,
        FramingKey::Line => Framing::Line,
        FramingKey::Delimiter(delimiter) => Framing::Delimiter(delimiter.clone()),
        FramingKey::LengthPrefix(bytes) => Framing::LengthPrefix { bytes: *bytes },
        FramingKey::Fixed(size) => Framing::Fixed { size: *size },
        FramingKey::Sockperf => Framing::Sockperf,
    };
    let longest = match framing {
        Framing::Fixed { size } => size,
        _ => LONGEST_FRAME
            .max(plan.buffer_size)
            .min(plan.serve.memory_budget),
    };
    Rules {
        framing,
        handler: handler(plan.serve.reply),
        requests: match plan.serve.requests {
            RequestsKey::Count(n) => Requests::Count(n),
            RequestsKey::Unlimited => Requests::Unlimited,
        },
        longest,
        pauses: Pauses {
            before_read: plan.serve.pause.before_read,
            between_reads: plan.serve.pause.between_reads,
            before_close: plan.serve.pause.before_close,
        },
        close: match plan.serve.close {
            CloseKey::Fin => Manner::Fin,
            CloseKey::Reset => Manner::Reset,
        },
    }
}

const fn handler(reply: ReplyKey) -> Handler {
    match reply {
        ReplyKey::Echo => Handler::Echo,
        ReplyKey::Discard => Handler::Discard,
        ReplyKey::Chargen => Handler::Chargen,
        ReplyKey::Sockperf => Handler::Sockperf,
    }
}
