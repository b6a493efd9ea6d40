//! Why one profile is slower than another, where that is known: from the keys in which they differ and from what was
//! measured.
//!
//! Every sentence was seen to be the cause on a kernel before it was written down: with the key changed back, the
//! difference was gone.

use super::report::{DifferingKey, Run};

/// Delayed acknowledgements: TCP_DELACK_MIN is 40 ms, a tick later at most.
const DELAYED_ACK_NS: std::ops::Range<u64> = 35_000_000..60_000_000;

/// What is held against each other: the differing keys and their values in the slower and the faster run.
struct Case<'a> {
    differing: &'a [DifferingKey],
    slower: (usize, &'a Run),
    faster: (usize, &'a Run),
}

impl Case<'_> {
    /// The value of a key in the slower and in the faster run, if it differs between them.
    fn differs(&self, key: &str) -> Option<(Option<&str>, Option<&str>)> {
        let found = self.differing.iter().find(|d| is_key(&d.key, key))?;
        let of = |run: usize| found.values.get(run)?.as_deref();
        let (slower, faster) = (of(self.slower.0), of(self.faster.0));
        (slower != faster).then_some((slower, faster))
    }

    fn slow_p50(&self) -> u64 {
        let echo = self.slower.1.echo.as_ref();
        echo.map_or(0, |echo| echo.rtt.value_at_quantile(0.5))
    }
}

/// `options.TCP_NODELAY` also stands for `connect.options.TCP_NODELAY`.
fn is_key(written: &str, key: &str) -> bool {
    written == key || written.ends_with(&format!(".{key}"))
}

/// The reason for which `slower` takes longer, if one is known. The numbers are the places in the list of runs.
pub fn reason(
    differing: &[DifferingKey],
    slower: (usize, &Run),
    faster: (usize, &Run),
) -> Option<String> {
    let case = Case {
        differing,
        slower,
        faster,
    };
    [nagle, one_at_a_time, spinning, pauses, loopback]
        .iter()
        .find_map(|known| known(&case))
}

fn nagle(case: &Case<'_>) -> Option<String> {
    let delayed = DELAYED_ACK_NS.contains(&case.slow_p50());
    let nodelay = case.differs("options.TCP_NODELAY").is_some();
    let writes = case.differs("probe.writes").is_some();
    let pieces = case.slower.1.load.writes;
    (delayed && pieces > 1 && (nodelay || writes)).then(|| {
        format!(
            "Nagle's algorithm holds the second of {pieces} writes back until the first is acknowledged, and the peer, \
             which answers only whole messages, delays its acknowledgement by about 40 ms (tcp(7), RFC 896, RFC 1122 \
             4.2.3.2); TCP_NODELAY on the client, or one write, ends the wait"
        )
    })
}

fn one_at_a_time(case: &Case<'_>) -> Option<String> {
    let (slower, _) = case.differs("serve.engine")?;
    let waits = slower.is_none_or(|engine| engine.contains("sequential"));
    (waits && case.slower.1.load.connections > 1).then(|| {
        "the sequential engine serves one connection until it closes; the others wait in the backlog meanwhile".into()
    })
}

fn spinning(case: &Case<'_>) -> Option<String> {
    let (slower, faster) = case.differs("serve.spin")?;
    (slower.is_none() && faster.is_some()).then(|| {
        "a server that spins asks again instead of sleeping, so that no wake-up is on the way of an answer".into()
    })
}

fn pauses(case: &Case<'_>) -> Option<String> {
    let pause = [
        "before_read",
        "between_reads",
        "before_accept",
        "before_close",
    ]
    .iter()
    .find_map(|name| {
        case.differs(&format!("serve.pause.{name}"))
            .map(|values| (name, values))
    })?;
    let (name, (slower, _)) = pause;
    Some(format!(
        "its server pauses: {name} = {}",
        slower.unwrap_or("\"0s\"")
    ))
}

fn loopback(case: &Case<'_>) -> Option<String> {
    let (slower, faster) = case.differs("socket.family")?;
    // Anything else may be the reason as well.
    let alone = |key: &DifferingKey| key.key == "socket.family" || key.key.starts_with("address.");
    if !case.differing.iter().all(alone) {
        return None;
    }
    let unix = |family: Option<&str>| family.is_some_and(|f| f.contains("unix"));
    (unix(faster) && !unix(slower))
        .then(|| "a unix socket hands the bytes over directly, without TCP/IP in between".into())
}
