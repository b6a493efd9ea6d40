//! What is learnt of a socket besides its calls: its addresses, and options that change what it sends.

use super::kind::Kind;
use super::{Act, Change, Moved, Wire};
use crate::event::Arg;

/// In `tcpi_options`: data in the SYN was acknowledged with it (linux/tcp.h).
const TCPI_OPT_SYN_DATA: u64 = 32;

/// An option that is set, as far as it shows in what travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// SO_LINGER with a time of zero: close(2) resets.
    Aborts,
    /// TCP_CORK: what is sent stays here until that ends.
    Corked,
    /// TCP_FASTOPEN: a listener takes data with a SYN.
    FastOpen,
    /// IP_MINTTL: it throws away what has travelled too far.
    Choosy,
    /// SO_RCVLOWAT: it wants more than one byte at a time.
    Patient,
}

impl Wire {
    /// bind(2), getsockname(2) and getpeername(2).
    pub(super) fn address(&mut self, act: Act<'_>, moved: &mut Moved) {
        let Some(id) = self.sockets.at(act) else {
            return;
        };
        let own = act.record.name != "getpeername";
        if own {
            self.sockets.learn(act);
        }
        let sock = &self.sockets[id];
        let Some((conn, 0)) = sock.conn else {
            return;
        };
        // Who connects to the address that it has itself (RFC 9293, 3.5) talks to nobody else.
        let itself = match (own, super::address_of(act.record)) {
            (false, peer) => peer.is_some() && peer == sock.local,
            (true, _) => sock.peer.is_some() && sock.peer == sock.local,
        };
        if itself && sock.kind == Kind::Tcp {
            self.is_itself(conn, moved);
        }
    }

    /// setsockopt(2)
    pub(super) fn option_set(&mut self, act: Act<'_>, moved: &mut Moved) {
        let (Some(id), [_, _, Arg::Symbol(name), value, ..]) =
            (self.sockets.at(act), act.record.args.as_slice())
        else {
            return;
        };
        let value = value.to_string();
        let on = number(&value).is_some_and(|n| n > 0);
        let sock = &mut self.sockets[id];
        let mut set = |setting: Setting, on: bool| {
            sock.set.retain(|s| *s != setting);
            sock.set.extend(on.then_some(setting));
        };
        match name.as_ref() {
            "SO_LINGER" => {
                let field = |name: &str| value.split_once(name).and_then(|(_, rest)| number(rest));
                let at_once = field("linger=") == Some(0);
                set(
                    Setting::Aborts,
                    at_once && field("onoff=").is_some_and(|n| n != 0),
                );
            }
            "TCP_FASTOPEN" => set(Setting::FastOpen, on),
            "IP_MINTTL" => set(Setting::Choosy, on),
            "SO_RCVLOWAT" => set(Setting::Patient, on),
            "TCP_CORK" => {
                set(Setting::Corked, on);
                if !on {
                    self.push(act, moved);
                }
            }
            // It pushes, and the cork stays on.
            "TCP_NODELAY" if on => self.push(act, moved),
            _ => {}
        }
    }

    fn push(&mut self, act: Act<'_>, moved: &mut Moved) {
        let id = self.sockets.at(act);
        if let Some(end) = id.and_then(|id| self.sockets[id].conn) {
            self.release(end, moved);
        }
    }

    /// getsockopt(2)
    pub(super) fn option_read(&mut self, act: Act<'_>, moved: &mut Moved) {
        let (Some(id), [_, _, Arg::Symbol(name), Arg::Symbol(value), ..]) =
            (self.sockets.at(act), act.record.args.as_slice())
        else {
            return;
        };
        let options = value.split_once("options=").map(|(_, rest)| rest);
        if let ("TCP_INFO", Some(options), Some((conn, 0))) = (
            name.as_ref(),
            options.and_then(number),
            self.sockets[id].conn,
        ) && let Some(fast) = self.conns.get(conn).fast.take()
        {
            let with_syn = options & TCPI_OPT_SYN_DATA != 0;
            let label = if with_syn {
                fast.with
            } else {
                "SYN".to_owned()
            };
            moved.change(fast.syn, Change::Label(label));
            if let (true, Some(data)) = (with_syn, fast.data) {
                moved.change(data, Change::Gone);
            }
        }
    }
}

/// The number that a text begins with, in brackets or not.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start_matches('[');
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}
