//! What the kernel made of a value: honoured, adjusted, refused or ignored, and why.
//!
//! "Success" of setsockopt(2) says little; the value that reads back says more. This is pure: it compares two
//! byte strings under what the row knows, so that probe, options and lab give one answer.

use super::{Adjust, Kind, Payload, Row, Value};

/// What became of a requested value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is in force as asked.
    Honoured,
    /// Something else is in force, for a reason.
    Adjusted,
    /// setsockopt(2) failed.
    Refused,
    /// setsockopt(2) succeeded and nothing came of it.
    Ignored,
}

impl Verdict {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Honoured => "honoured",
            Verdict::Adjusted => "adjusted",
            Verdict::Refused => "refused",
            Verdict::Ignored => "ignored",
        }
    }

    /// One character for narrow tables.
    pub const fn sign(self) -> char {
        match self {
            Verdict::Honoured => '=',
            Verdict::Adjusted => '~',
            Verdict::Refused => 'x',
            Verdict::Ignored => '-',
        }
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What became of it.
    pub verdict: Verdict,
    /// Why, where there is more to say.
    pub why: Option<String>,
}

impl Ruling {
    fn honoured() -> Ruling {
        Ruling {
            verdict: Verdict::Honoured,
            why: None,
        }
    }

    fn new(verdict: Verdict, why: impl Into<String>) -> Ruling {
        Ruling {
            verdict,
            why: Some(why.into()),
        }
    }
}

/// What the kernel made of a value that setsockopt(2) took. `effective` is what reads back, `None` when nothing can be
/// read; `sysctl` looks up a setting of the kernel by its dotted name.
///
/// [`Verdict::Refused`] is the caller's to say: there the kernel answered an errno. What a *kind of socket* does with
/// an option that it takes, is [`super::remark`]'s.
pub fn judge(
    row: &Row,
    requested: &Payload,
    effective: Option<&[u8]>,
    sysctl: &dyn Fn(&str) -> Option<i64>,
) -> Ruling {
    if let Adjust::Ignored(why) = row.adjust {
        return Ruling::new(Verdict::Ignored, why);
    }
    let Some(effective) = effective else {
        return Ruling::new(Verdict::Honoured, "accepted; it cannot be read back");
    };
    let (want, got) = (row.decode(&requested.bytes), row.decode(effective));
    if requested.patch.is_some() {
        return named_interface(row, &got);
    }
    match doubled(row, &want, &got, sysctl) {
        Some(ruling) => ruling,
        None if same(&want, &got) => Ruling::honoured(),
        None => changed(row, &want, &got, sysctl),
    }
}

/// The bytes hold no index yet, so only "an interface or none" can be compared.
fn named_interface(row: &Row, got: &Value) -> Ruling {
    match got {
        Value::Int(0) => Ruling::new(Verdict::Ignored, "reads back as no interface"),
        Value::Int(index) => Ruling::new(
            Verdict::Honoured,
            format!("the interface's index is {index}"),
        ),
        _ => Ruling::new(
            Verdict::Honoured,
            format!("reads back as {}", row.plain(got)),
        ),
    }
}

/// IP_MULTICAST_IF takes a struct and gives back its address; all else compares as it is.
fn same(want: &Value, got: &Value) -> bool {
    want == got
        || want
            .field("imr_address")
            .is_some_and(|address| address == got)
}

/// SO_RCVBUF and its kin are never what was asked: socket(7), "the kernel doubles this value".
fn doubled(
    row: &Row,
    want: &Value,
    got: &Value,
    sysctl: &dyn Fn(&str) -> Option<i64>,
) -> Option<Ruling> {
    let (name, floor) = match row.adjust {
        Adjust::DoubledCapped { sysctl, floor } => (Some(sysctl), floor),
        Adjust::Doubled { floor } => (None, floor),
        _ => return None,
    };
    let (&Value::Int(want), &Value::Int(got)) = (want, got) else {
        return None;
    };
    // The comparison in the kernel has no sign: -1 is the greatest value there, and meets the cap.
    let asked = if want < 0 { i64::from(u32::MAX) } else { want };
    let cap = name.and_then(|name| Some((name, sysctl(name)?)));
    let why = match cap {
        Some((name, cap)) if asked > cap && got == cap * 2 => {
            format!("capped by {name} = {cap}, then doubled")
        }
        _ if got == floor && want * 2 < floor => format!("raised to the floor of {floor}"),
        _ if got == want * 2 => "doubled for bookkeeping".to_owned(),
        _ => format!("reads back as {got}"),
    };
    Some(Ruling::new(Verdict::Adjusted, why))
}

fn changed(row: &Row, want: &Value, got: &Value, sysctl: &dyn Fn(&str) -> Option<i64>) -> Ruling {
    let reads = || format!("reads back as {}", row.plain(got));
    let why = match (row.adjust, want, got) {
        (_, Value::Bool(true), Value::Bool(false)) => {
            return Ruling::new(Verdict::Ignored, "accepted, and reads back as false");
        }
        (Adjust::RoundedToTick, _, _) => rounded(row, want, got),
        (Adjust::RoundedToRetransmissions, Value::Int(want), Value::Int(got)) if got > want => {
            "turned into whole retransmissions, after 1, 3, 7, 15, 31, 63 … s".to_owned()
        }
        (Adjust::Capped { sysctl: name }, _, Value::Int(got)) if sysctl(name) == Some(*got) => {
            format!("capped by {name} = {got}")
        }
        (Adjust::AtLeast { floor }, _, Value::Int(got)) if *got == floor => {
            format!("raised to the floor of {floor}")
        }
        (Adjust::Because(why), _, _) => why.to_owned(),
        _ => reads(),
    };
    Ruling::new(Verdict::Adjusted, why)
}

/// The kernel counts in ticks of 1 / CONFIG_HZ, which nothing tells a program; often only one fits the numbers.
fn rounded(row: &Row, want: &Value, got: &Value) -> String {
    let micros = |value: &Value| match (value, row.kind) {
        (Value::Int(us), Kind::Time(unit)) => us.checked_mul((unit.nanos() / 1000) as i64),
        _ => match (value.field("tv_sec"), value.field("tv_usec")) {
            (Some(Value::Int(s)), Some(Value::Int(us))) => {
                s.checked_mul(1_000_000)?.checked_add(*us)
            }
            _ => None,
        },
    };
    let (Some(want), Some(got)) = (micros(want), micros(got)) else {
        return format!("reads back as {}", row.plain(got));
    };
    // CONFIG_HZ is 100, 250 or 1000 nearly everywhere.
    let fits = |tick: &i64| want > 0 && (want - 1) / tick * tick + tick == got;
    let ticks: Vec<i64> = [1_000, 4_000, 10_000].into_iter().filter(fits).collect();
    match ticks[..] {
        [tick] => format!("rounded up to the {} ms tick", tick / 1000),
        _ => format!("rounded up to the clock's tick: {got} us"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn say(name: &str, want: &Value, effective: &[u8]) -> (Verdict, String) {
        let row = find(name).unwrap();
        let sysctl = |name: &str| (name.starts_with("net.core.")).then_some(4_194_304);
        let ruling = judge(row, &row.encode(want).unwrap(), Some(effective), &sysctl);
        (ruling.verdict, ruling.why.unwrap_or_default())
    }

    #[test]
    fn a_buffer_is_doubled_capped_or_raised() {
        let rcvbuf = |want, got: i32| say("SO_RCVBUF", &Value::Int(want), &got.to_ne_bytes()).1;
        assert_eq!(rcvbuf(65536, 131_072), "doubled for bookkeeping");
        assert_eq!(rcvbuf(1, 2304), "raised to the floor of 2304");
        let capped = "capped by net.core.rmem_max = 4194304, then doubled";
        assert_eq!(rcvbuf(1 << 30, 8_388_608), capped);
        assert_eq!(rcvbuf(-1, 8_388_608), capped);
        assert_eq!(rcvbuf(65536, 5), "reads back as 5");
    }

    #[test]
    fn the_same_is_honoured_and_nothing_is_said() {
        let got = say("IP_TTL", &Value::Int(9), &9i32.to_ne_bytes());
        assert_eq!(got, (Verdict::Honoured, String::new()));
        let got = say(
            "TCP_CONGESTION",
            &Value::Text("reno".into()),
            b"reno\0\0\0\0",
        );
        assert_eq!(got.0, Verdict::Honoured);
    }

    #[test]
    fn a_time_is_rounded_to_the_tick() {
        let tv = |us: i64| [0i64.to_ne_bytes(), us.to_ne_bytes()].concat();
        let text = |t: &str| Value::Text(t.into());
        assert_eq!(
            say("SO_RCVTIMEO", &text("1ms"), &tv(4000)),
            (Verdict::Adjusted, "rounded up to the 4 ms tick".into())
        );
        let got = say("TCP_RTO_MIN_US", &Value::Int(5000), &8000i32.to_ne_bytes());
        assert_eq!(got.1, "rounded up to the 4 ms tick");
    }

    #[test]
    fn success_without_effect_is_ignored() {
        let zero = 0i32.to_ne_bytes();
        let got = say("SO_BSDCOMPAT", &Value::Bool(true), &zero);
        assert_eq!(got.0, Verdict::Ignored);
        // MPTCP takes SO_BROADCAST and drops it.
        let got = say("SO_BROADCAST", &Value::Bool(true), &zero);
        assert_eq!(got.0, Verdict::Ignored);
    }

    #[test]
    fn what_cannot_be_read_is_not_doubted() {
        let row = find("IP_ADD_MEMBERSHIP").unwrap();
        let ruling = judge(row, &vec![0; 12].into(), None, &|_| None);
        assert_eq!(ruling.verdict, Verdict::Honoured);
        assert!(ruling.why.unwrap().contains("cannot be read"));
    }

    #[test]
    fn retransmissions_floors_and_caps_are_named() {
        let int = |n: i32| n.to_ne_bytes();
        let got = say("TCP_DEFER_ACCEPT", &Value::Int(2), &int(3));
        assert!(got.1.contains("retransmissions"), "{}", got.1);
        let got = say("TCP_WINDOW_CLAMP", &Value::Int(1), &int(1152));
        assert_eq!(got.1, "raised to the floor of 1152");
        let got = say("TCP_FASTOPEN", &Value::Int(5_000_000), &int(4_194_304));
        assert_eq!(got.1, "capped by net.core.somaxconn = 4194304");
    }

    #[test]
    fn an_interface_by_name_needs_only_be_one() {
        let row = find("SO_BINDTOIFINDEX").unwrap();
        let lo = row.encode(&Value::Text("lo".into())).unwrap();
        let verdict = |index: i32| judge(row, &lo, Some(&index.to_ne_bytes()), &|_| None).verdict;
        assert_eq!(verdict(1), Verdict::Honoured);
        assert_eq!(verdict(0), Verdict::Ignored);
    }
}
