//! What control messages are called, and what their bytes say.
//!
//! A control message has the level and, mostly, the number of the option that asked for it, but not always its value:
//! IP_PKTINFO is switched on by a flag and arrives as a struct. What the manual has no struct for stays an int or bytes.

use crate::option::{self, Value};
use crate::sys::errno;
use crate::sys::name::inet_from_bytes;

/// linux/socket.h since Linux 6.5; libc has no name for it everywhere.
pub(super) const SCM_PIDFD: i32 = 4;
const SCM_SECURITY: i32 = 3;

/// Control messages that are not called as the option of their number is.
const NAMES: &[(i32, i32, &str)] = &[
    (libc::SOL_SOCKET, libc::SCM_RIGHTS, "SCM_RIGHTS"),
    (libc::SOL_SOCKET, libc::SCM_CREDENTIALS, "SCM_CREDENTIALS"),
    (libc::SOL_SOCKET, SCM_SECURITY, "SCM_SECURITY"),
    (libc::SOL_SOCKET, SCM_PIDFD, "SCM_PIDFD"),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMP, "SCM_TIMESTAMP"),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, "SCM_TIMESTAMPNS"),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, "SCM_TIMESTAMPING"),
    (libc::IPPROTO_TCP, libc::TCP_CM_INQ, "TCP_CM_INQ"),
];

/// The constant of a control message's type: `SCM_RIGHTS`, `IP_TTL`, `IPV6_HOPLIMIT`; the number where there is none.
pub fn name(level: i32, ty: i32) -> String {
    let own = NAMES.iter().find(|n| (n.0, n.1) == (level, ty));
    match (own, option::by_number(level, ty)) {
        (Some((.., name)), _) => (*name).to_owned(),
        (None, Some(row)) => row.name.to_owned(),
        (None, None) => ty.to_string(),
    }
}

/// What the bytes of a message of that level and type say.
pub(super) fn of(level: i32, ty: i32, bytes: &[u8]) -> Value {
    known(level, ty, bytes).unwrap_or_else(|| match *bytes {
        // IP_TOS arrives as one byte (ip(7)).
        [one] => Value::Int(one.into()),
        [a, b] => Value::Int(u16::from_ne_bytes([a, b]).into()),
        [a, b, c, d] => Value::Int(i32::from_ne_bytes([a, b, c, d]).into()),
        _ => Value::Bytes(bytes.to_vec()),
    })
}

fn known(level: i32, ty: i32, bytes: &[u8]) -> Option<Value> {
    match (level, ty) {
        (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => Some(credentials(
            int(bytes, 0)?,
            int(bytes, 4)?.cast_unsigned(),
            int(bytes, 8)?.cast_unsigned(),
        )),
        (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
            Some(Value::Int(int(bytes, 0)?.cast_unsigned().into()))
        }
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMP | libc::SO_TIMESTAMP_NEW) => {
            time(bytes, 0, "tv_usec")
        }
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS | libc::SO_TIMESTAMPNS_NEW) => {
            time(bytes, 0, "tv_nsec")
        }
        // struct scm_timestamping: software, deprecated, hardware.
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING | libc::SO_TIMESTAMPING_NEW) => {
            let three = [0, 16, 32].map(|at| time(bytes, at, "tv_nsec"));
            three.into_iter().collect::<Option<_>>().map(Value::List)
        }
        (libc::SOL_SOCKET, SCM_SECURITY) => Some(Value::Text(
            String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes)).into_owned(),
        )),
        (libc::IPPROTO_IP, libc::IP_PKTINFO) => Some(structure(&[
            ("ipi_ifindex", Value::Int(int(bytes, 0)?.into())),
            ("ipi_spec_dst", ipv4(bytes, 4)?),
            ("ipi_addr", ipv4(bytes, 8)?),
        ])),
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
            Some(option::find("IPV6_PKTINFO")?.decode(bytes))
        }
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
            extended_error(bytes)
        }
        (libc::IPPROTO_IP, libc::IP_ORIGDSTADDR) | (libc::IPPROTO_IPV6, libc::IPV6_ORIGDSTADDR) => {
            address(bytes)
        }
        _ => None,
    }
}

pub(super) fn credentials(pid: i32, uid: u32, gid: u32) -> Value {
    structure(&[
        ("pid", Value::Int(pid.into())),
        ("uid", Value::Int(uid.into())),
        ("gid", Value::Int(gid.into())),
    ])
}

fn structure(fields: &[(&str, Value)]) -> Value {
    let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
    Value::Struct(fields.iter().map(owned).collect())
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(i32::from_ne_bytes(*word))
}

fn long(bytes: &[u8], at: usize) -> Option<i64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(i64::from_ne_bytes(*word))
}

fn ipv4(bytes: &[u8], at: usize) -> Option<Value> {
    let octets: [u8; 4] = *bytes.get(at..)?.first_chunk()?;
    Some(Value::Text(std::net::Ipv4Addr::from(octets).to_string()))
}

fn time(bytes: &[u8], at: usize, fraction: &str) -> Option<Value> {
    Some(structure(&[
        ("tv_sec", Value::Int(long(bytes, at)?)),
        (fraction, Value::Int(long(bytes, at + 8)?)),
    ]))
}

/// struct sock_extended_err of ip(7), then the address of whoever sent the ICMP message: `ee_errno` by its name.
fn extended_error(bytes: &[u8]) -> Option<Value> {
    const LEN: usize = 16;
    let number = int(bytes, 0)?;
    let name = errno::of(&std::io::Error::from_raw_os_error(number)).name;
    let byte = |at: usize| bytes.get(at).map(|&b| Value::Int(b.into()));
    let word = |at: usize| int(bytes, at).map(|n| Value::Int(n.cast_unsigned().into()));
    let mut fields = vec![
        ("ee_errno", Value::Text(name)),
        ("ee_origin", byte(4)?),
        ("ee_type", byte(5)?),
        ("ee_code", byte(6)?),
        ("ee_info", word(8)?),
        ("ee_data", word(12)?),
    ];
    fields.extend(address(bytes.get(LEN..)?).map(|offender| ("offender", offender)));
    Some(structure(&fields))
}

/// A struct sockaddr; of a family without addresses (AF_UNSPEC: nobody) nothing.
fn address(bytes: &[u8]) -> Option<Value> {
    let name = inet_from_bytes(bytes)?;
    Some(Value::Text(name.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(level: i32, ty: i32, bytes: &[u8]) -> String {
        of(level, ty, bytes).to_string()
    }

    #[test]
    fn a_message_is_called_as_its_manual_does() {
        assert_eq!(name(libc::SOL_SOCKET, 1), "SCM_RIGHTS");
        assert_eq!(name(libc::SOL_SOCKET, libc::SO_TIMESTAMP), "SCM_TIMESTAMP");
        assert_eq!(name(libc::SOL_SOCKET, libc::SO_RXQ_OVFL), "SO_RXQ_OVFL");
        assert_eq!(
            name(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT),
            "IPV6_HOPLIMIT"
        );
        assert_eq!(name(libc::IPPROTO_TCP, libc::TCP_INQ), "TCP_CM_INQ");
        assert_eq!(name(libc::IPPROTO_TCP, 12345), "12345");
    }

    #[test]
    fn structs_have_cs_fields() {
        let words = |words: &[i64]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_ne_bytes()).collect()
        };
        let time = words(&[3, 4, 0, 0, 5, 6]);
        assert_eq!(
            text(libc::SOL_SOCKET, libc::SCM_TIMESTAMP, &time[..16]),
            "{tv_sec=3, tv_usec=4}"
        );
        assert!(text(libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, &time).contains("tv_nsec=6"));
        let drops = u32::MAX.to_ne_bytes();
        assert_eq!(
            of(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, &drops),
            Value::Int(u32::MAX.into())
        );
        assert_eq!(
            of(libc::SOL_SOCKET, SCM_SECURITY, b"unconfined\0"),
            Value::Text("unconfined".to_owned())
        );
    }

    #[test]
    fn what_is_too_short_for_its_struct_stays_what_it_is() {
        for (level, ty) in [
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMP),
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING),
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS),
            (libc::IPPROTO_IP, libc::IP_PKTINFO),
            (libc::IPPROTO_IP, libc::IP_RECVERR),
            (libc::IPPROTO_IP, libc::IP_ORIGDSTADDR),
        ] {
            let name = name(level, ty);
            assert_eq!(
                of(level, ty, &[7, 7, 7]),
                Value::Bytes(vec![7; 3]),
                "{name}"
            );
            assert_eq!(of(level, ty, &[9]), Value::Int(9), "{name}");
            assert_eq!(of(level, ty, &[]), Value::Bytes(vec![]), "{name}");
        }
    }
}
