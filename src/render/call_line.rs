//! A system call as strace(1) prints it: `setsockopt(3, SOL_SOCKET, SO_RCVBUF, [65536], 4) = 0 <4µs>`.

use std::fmt::Write as _;

use crate::event::Call;

/// One line without its end.
pub fn line(call: &Call<'_>) -> String {
    let mut out = String::with_capacity(120);
    let _ = write!(out, "{}(", call.name);
    for (i, arg) in call.args.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(out, "{comma}{arg}");
    }
    let _ = write!(out, ") = {}", call.result);
    if let Some(errno) = &call.errno {
        let _ = write!(out, " {errno}");
        if let Some(says) = &call.says {
            let _ = write!(out, " ({says})");
        }
    }
    let _ = write!(out, " <{}>", elapsed(call.elapsed_ns));
    out
}

/// Microseconds up to a millisecond, then milliseconds, then seconds: three digits at most before the unit.
pub fn elapsed(ns: u64) -> String {
    match ns {
        0..1_000_000 => format!("{}µs", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{}ms", ns / 1_000_000),
        _ => format!(
            "{}.{}s",
            ns / 1_000_000_000,
            ns % 1_000_000_000 / 100_000_000
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Arg;

    fn call(result: i64, errno: Option<&str>) -> Call<'static> {
        Call {
            t_ns: 0,
            task: "server",
            name: "setsockopt",
            args: vec![
                Arg::Fd(3),
                Arg::symbol("SOL_SOCKET"),
                Arg::symbol("SO_RCVBUF"),
                Arg::symbol("[65536]"),
                Arg::Int(4),
            ],
            result,
            errno: errno.map(str::to_owned),
            says: errno.map(|_| "Operation not permitted".to_owned()),
            elapsed_ns: 4_321,
        }
    }

    #[test]
    fn a_call_reads_like_strace() {
        assert_eq!(
            line(&call(0, None)),
            "setsockopt(3, SOL_SOCKET, SO_RCVBUF, [65536], 4) = 0 <4µs>"
        );
        assert_eq!(
            line(&call(-1, Some("EPERM"))),
            "setsockopt(3, SOL_SOCKET, SO_RCVBUF, [65536], 4) = -1 EPERM (Operation not permitted) <4µs>"
        );
    }

    #[test]
    fn times_have_few_digits() {
        assert_eq!(elapsed(999_999), "999µs");
        assert_eq!(elapsed(44_000_000), "44ms");
        assert_eq!(elapsed(5_000_000_000), "5.0s");
    }
}
