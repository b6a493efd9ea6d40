//! TCP_INFO in the part that people ask for: the registry's layout read into [`TcpFacts`].
//!
//! A measurement of its own, because both a local probe and one of a remote server take it.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::report::TcpFacts;
use crate::event::Observer;
use crate::option::{self, OptionName, Value};
use crate::sys::Sys;

// linux/tcp.h, TCPI_OPT_*
const TIMESTAMPS: i64 = 1;
const SACK: i64 = 2;
const WSCALE: i64 = 4;
const ECN: i64 = 8;

/// Reads TCP_INFO and TCP_CONGESTION of a socket, called `whose` in the report. `None`: it is no TCP socket.
pub fn tcp_facts<O: Observer>(
    sys: Sys<'_, O>,
    fd: BorrowedFd<'_>,
    whose: &'static str,
) -> Option<TcpFacts> {
    let read = |name: &str| {
        let row = option::find(name)?;
        let bytes = sys.getsockopt(fd, &OptionName::of(row)).ok()?;
        Some(row.decode(&bytes))
    };
    let info = read("TCP_INFO")?;
    let congestion_control = match read("TCP_CONGESTION") {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    };
    facts(&info, whose, congestion_control)
}

fn facts(
    info: &Value,
    whose: &'static str,
    congestion_control: Option<String>,
) -> Option<TcpFacts> {
    let number = |field| match info.field(field) {
        Some(Value::Int(n)) => Some(*n),
        _ => None,
    };
    // The fields behind these came with later kernels (linux/tcp.h grows at its end): 0 there.
    let small = |field| u32::try_from(number(field).unwrap_or(0)).unwrap_or(u32::MAX);
    let micros = |field| Duration::from_micros(small(field).into());
    let options = number("options")?;
    let scale = |field| number(field).and_then(|n| u8::try_from(n).ok());
    let window_scale = match (scale("snd_wscale"), scale("rcv_wscale")) {
        (Some(to), Some(from)) if options & WSCALE != 0 => Some((to, from)),
        _ => None,
    };
    Some(TcpFacts {
        socket: whose,
        state: state(number("state")?),
        rtt: micros("rtt"),
        rtt_variance: micros("rttvar"),
        retransmit_timeout: micros("rto"),
        congestion_window: small("snd_cwnd"),
        mss_sent: small("snd_mss"),
        mss_received: small("rcv_mss"),
        mss_advertised: small("advmss"),
        path_mtu: small("pmtu"),
        window_scale,
        timestamps: options & TIMESTAMPS != 0,
        selective_acks: options & SACK != 0,
        ecn: options & ECN != 0,
        congestion_control,
        retransmitted: small("total_retrans"),
    })
}

fn state(number: i64) -> String {
    option::tcp_state(number).map_or_else(|| number.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Off;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd as _;

    #[test]
    fn a_connection_says_what_the_kernel_knows() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let sys = Sys::new(&Off, "test");
        let facts = tcp_facts(sys, client.as_fd(), "client").unwrap();
        assert_eq!(
            (facts.state.as_str(), facts.socket),
            ("ESTABLISHED", "client")
        );
        assert!(facts.congestion_window > 0 && facts.path_mtu >= facts.mss_sent);
        assert!(facts.congestion_control.is_some());
        assert_eq!(facts.retransmitted, 0);
        let listening = tcp_facts(sys, listener.as_fd(), "listener").unwrap();
        assert_eq!(listening.state, "LISTEN");
    }

    #[test]
    fn others_have_none() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(
            tcp_facts(Sys::new(&Off, "test"), socket.as_fd(), "client"),
            None
        );
        assert_eq!(facts(&Value::Struct(Vec::new()), "client", None), None);
        assert_eq!((state(1), state(0)), ("ESTABLISHED".into(), "0".into()));
    }
}
