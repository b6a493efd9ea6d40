//! Why a socket holds what it holds, one sentence for each surprise.
//!
//! The rows of the registry know the usual reasons (inherited, phase, what is adjusted); here they meet the sockets of one
//! connection, and what TCP_INFO says of its handshake. Each sentence was tried on Linux 6.18.

use crate::measure::report::OptionLine;
use crate::option::{Fits, Inherited, Value, Verdict, late, remark};
use crate::socket::{Family, Phase};

use super::scene::{Scene, int};

/// RFC 7323: ten bytes of timestamps, and two that align them.
const TIMESTAMP_BYTES: i64 = 12;
/// TCP_MSS_DEFAULT of net/tcp.h, from RFC 9293: what a socket without a connection reads.
const NO_SEGMENT_YET: i64 = 536;
/// The window field of a TCP header.
const WINDOW: i64 = 65535;

/// Adds what is to be said of a line, and corrects a verdict that only the handshake can tell.
pub(super) fn explain(line: &mut OptionLine, scene: &Scene) {
    let report = &line.report;
    if let (Some(row), Some(before), Some(effective)) =
        (report.row, &report.default, &report.effective)
        && report.ruling.verdict == Verdict::Adjusted
        && let Some(ruling) = late(row, report.phase, before, effective)
    {
        line.report.ruling = ruling;
    }
    let why = [
        without_effect(line, scene),
        already(line),
        no_segment_yet(line),
        window(line, scene),
        too_late(line),
        timestamps(line, scene),
        on_accepted(line, scene),
        on_client(line, scene),
    ];
    line.why_held.extend(why.into_iter().flatten());
}

/// A size that such a socket takes, doubles, and has no use for: SO_RCVBUF on unix.
fn without_effect(line: &OptionLine, scene: &Scene) -> Option<String> {
    let ruling = remark(line.report.row?, scene.triple)?;
    let is_new = line.report.ruling.verdict == Verdict::Adjusted;
    (is_new && ruling.verdict == Verdict::Ignored)
        .then(|| format!("without effect: {}", ruling.why.unwrap_or_default()))
}

/// Asked for what was there anyway. What a guard of the program's own had set before is no default.
fn already(line: &OptionLine) -> Option<String> {
    let before = line.held.fresh.as_ref()?;
    let is_same =
        *before == line.report.requested && line.report.effective.as_ref() == Some(before);
    is_same.then(|| match line.set_on {
        "accepted" => "an accepted socket has that already".to_owned(),
        _ => "that is the default already".to_owned(),
    })
}

fn no_segment_yet(line: &OptionLine) -> Option<String> {
    let stands_for_none = |value: Option<&Value>| int(value) == Some(NO_SEGMENT_YET);
    (line.report.name == "TCP_MAXSEG" && stands_for_none(line.held.fresh.as_ref())).then(|| {
        format!("{NO_SEGMENT_YET} is what a socket without a connection says, not a default")
    })
}

/// tcp(7): the scale of the windows that a socket announces is fixed by its own SYN.
fn window(line: &OptionLine, scene: &Scene) -> Option<String> {
    if line.report.name != "SO_RCVBUF" && line.report.name != "SO_RCVBUFFORCE" {
        return None;
    }
    let scale = scene.handshake(line.set_on).scale?;
    let most = WINDOW << scale.clamp(0, 14);
    if line.report.phase < Phase::PostAccept {
        return Some(format!("in time for the handshake: window scale {scale}"));
    }
    let buffer = int(line.report.effective.as_ref()).unwrap_or(0);
    Some(if buffer > most {
        format!(
            "too late for the window scale: {scale} since the handshake, so only {most} B of it are ever announced"
        )
    } else {
        format!(
            "too late for the window scale: {scale} since the handshake (windows up to {most} B), which does for this size"
        )
    })
}

/// The registry's own warning, where nothing above has said it better.
fn too_late(line: &OptionLine) -> Option<String> {
    let warning = line.report.row?.warning_at(line.report.phase)?;
    let said = line.report.ruling.why.as_deref() == Some(warning);
    let better = line.report.name.starts_with("SO_RCVBUF");
    (!said && !better).then(|| warning.to_owned())
}

/// TCP_MAXSEG of a connection is what is left for data.
fn timestamps(line: &OptionLine, scene: &Scene) -> Option<String> {
    if line.report.name != "TCP_MAXSEG" || !scene.handshake(line.set_on).timestamps {
        return None;
    }
    let asked = int(line.report.effective.as_ref())?;
    let less = |value: Option<&Value>| int(value) == Some(asked - TIMESTAMP_BYTES);
    let (accepted, client) = (
        less(line.held.accepted.as_ref()),
        less(line.held.client.as_ref()),
    );
    let who = match (accepted, client) {
        (true, true) => "both ends of the connection hold",
        (true, false) => "the accepted socket holds",
        (false, true) => "the connected client holds",
        (false, false) => return None,
    };
    Some(format!(
        "{who} {TIMESTAMP_BYTES} bytes less: TCP timestamps take them in every segment"
    ))
}

/// What an accepted socket has of its listener.
fn on_accepted(line: &OptionLine, scene: &Scene) -> Option<String> {
    let (accepted, effective) = (
        line.held.accepted.as_ref()?,
        line.report.effective.as_ref()?,
    );
    let row = line.report.row?;
    let said = row.name == "TCP_MAXSEG" || row.warning_at(line.report.phase).is_some();
    if line.set_on != "listener" || accepted == effective || said {
        return None;
    }
    let holds = || line.report.plain(accepted);
    if scene.set.accepted.contains(&line.report.name) {
        return Some("accepted sockets are set to another value after accept".to_owned());
    }
    Some(match row.inherited_on(scene.triple) {
        Inherited::No if scene.triple.family == Family::Unix => {
            "not inherited: a unix listener hands on SO_PASS... only".to_owned()
        }
        Inherited::No if line.held.fresh.as_ref() == Some(accepted) => {
            "not inherited: accepted sockets start with the default".to_owned()
        }
        Inherited::No => format!("not inherited: the accepted socket holds {}", holds()),
        Inherited::Unknown => format!("the accepted socket holds {} of its own", holds()),
        Inherited::Yes => format!("inherited, and changed since: it holds {}", holds()),
    })
}

/// What the client has that nobody has set there.
fn on_client(line: &OptionLine, scene: &Scene) -> Option<String> {
    let (client, fresh) = (line.held.client.as_ref()?, line.held.fresh.as_ref()?);
    if line.set_on == "client" || scene.set.client.contains(&line.report.name) {
        return None;
    }
    let tuned = Fits::STREAM.has(scene.triple)
        && matches!(line.report.name.as_str(), "SO_SNDBUF" | "SO_RCVBUF");
    let grown = int(Some(client)) > int(Some(fresh));
    (tuned && grown && line.set_on != "accepted").then(|| {
        format!(
            "the client's was not set: the kernel has grown it from {} B",
            line.report.plain(fresh)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::OptionReport;
    use crate::measure::local::scene::{Handshake, SetOptions};
    use crate::measure::report::SocketFacts;
    use crate::option::{Ruling, find};
    use crate::socket::{Triple, Type};

    const TCP: Triple = Triple::new(Family::Ipv4, Type::Stream);

    fn scene(triple: Triple, scale: i64) -> Scene {
        let handshake = Handshake {
            timestamps: true,
            scale: Some(scale),
        };
        Scene {
            triple,
            set: SetOptions {
                accepted: Vec::new(),
                client: Vec::new(),
            },
            accepted: handshake,
            client: handshake,
        }
    }

    fn line(name: &str, phase: Phase, requested: i64, effective: i64) -> OptionLine {
        let row = find(name).unwrap();
        OptionLine {
            report: OptionReport {
                name: name.into(),
                row: Some(row),
                level: row.level.name.into(),
                phase,
                requested: Value::Int(requested),
                default: None,
                effective: Some(Value::Int(effective)),
                ruling: Ruling {
                    verdict: Verdict::Adjusted,
                    why: None,
                },
            },
            set_on: if phase == Phase::PostAccept {
                "accepted"
            } else {
                "listener"
            },
            held: SocketFacts::default(),
            why_held: Vec::new(),
        }
    }

    fn says(mut line: OptionLine, scene: &Scene) -> String {
        explain(&mut line, scene);
        line.why_held.join("; ")
    }

    #[test]
    fn a_receive_buffer_is_in_time_or_too_late_for_the_window_scale() {
        let at = |phase, effective, scale| {
            says(
                line("SO_RCVBUF", phase, effective / 2, effective),
                &scene(TCP, scale),
            )
        };
        assert!(
            at(Phase::PreListen, 4096, 0).ends_with("in time for the handshake: window scale 0")
        );
        assert!(at(Phase::PostAccept, 8192, 10).ends_with("which does for this size"));
        assert!(at(Phase::PostAccept, 131_072, 0).contains("only 65535 B of it"));
    }

    #[test]
    fn timestamps_take_twelve_bytes_of_a_segment() {
        let mut line = line("TCP_MAXSEG", Phase::PreListen, 1400, 1400);
        line.held = SocketFacts {
            fresh: Some(Value::Int(536)),
            listener: Some(Value::Int(1400)),
            accepted: Some(Value::Int(1388)),
            client: Some(Value::Int(1388)),
        };
        let says = says(line, &scene(TCP, 7));
        assert!(
            says.contains("both ends of the connection hold 12 bytes less"),
            "{says}"
        );
        assert!(
            says.contains("536 is what a socket without a connection says"),
            "{says}"
        );
    }

    #[test]
    fn what_is_not_inherited_is_said() {
        let none = "not inherited: accepted sockets start with the default";
        for (name, why) in [
            ("TCP_FASTOPEN", none),
            (
                "SO_PRIORITY",
                "too early: accepted sockets do not inherit it",
            ),
        ] {
            let mut line = line(name, Phase::PreListen, 5, 5);
            line.held.fresh = Some(Value::Int(0));
            line.held.accepted = Some(Value::Int(0));
            assert_eq!(says(line, &scene(TCP, 7)), why);
        }
    }

    #[test]
    fn a_unix_socket_has_no_use_for_a_receive_buffer() {
        let unix = Triple::new(Family::Unix, Type::Stream);
        let mut scene = scene(unix, 0);
        scene.accepted = Handshake::default();
        let mut buffer = line("SO_RCVBUF", Phase::PreListen, 4096, 8192);
        buffer.held.accepted = Some(Value::Int(212_992));
        let says = says(buffer, &scene);
        assert!(says.starts_with("without effect: unix(7)"), "{says}");
        assert!(says.ends_with("hands on SO_PASS... only"), "{says}");
    }

    #[test]
    fn a_late_segment_size_is_no_adjustment() {
        let mut late = line("TCP_MAXSEG", Phase::PostAccept, 500, 32768);
        late.report.default = Some(Value::Int(32768));
        explain(&mut late, &scene(TCP, 7));
        assert_eq!(late.report.ruling.verdict, Verdict::Ignored);
        assert!(late.report.ruling.why.unwrap().starts_with("too late"));
        assert!(late.why_held.is_empty(), "{:?}", late.why_held);
    }
}
