//! The bytes of control messages: a header (length, level, type) and data, each at a multiple of the word size.
//!
//! Whatever arrives is read through [`Items`], which no length can lead out of the buffer; every descriptor in it is
//! owned from here on.

use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd};

use super::{Ancillary, Arrived, value};
use crate::event::Arg;
use crate::option::Level;
use crate::sys::message::control::{HEADER, Items, WORD};

impl Ancillary<'_> {
    fn level_and_type(&self) -> (i32, i32) {
        match self {
            Ancillary::Rights(_) => (libc::SOL_SOCKET, libc::SCM_RIGHTS),
            Ancillary::Credentials { .. } => (libc::SOL_SOCKET, libc::SCM_CREDENTIALS),
            Ancillary::Option { row, .. } => (row.level.number, row.number),
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Ancillary::Rights(fds) => fds
                .iter()
                .flat_map(|fd| fd.as_raw_fd().to_ne_bytes())
                .collect(),
            Ancillary::Credentials { pid, uid, gid } => {
                [pid.to_ne_bytes(), uid.to_ne_bytes(), gid.to_ne_bytes()].concat()
            }
            Ancillary::Option { bytes, .. } => bytes.clone(),
        }
    }
}

/// What sendmsg(2) takes as msg_control.
pub(super) fn encode(control: &[Ancillary<'_>]) -> Vec<u8> {
    let mut all = Vec::new();
    for one in control {
        let ((level, ty), data) = (one.level_and_type(), one.data());
        all.extend((HEADER + data.len()).to_ne_bytes());
        all.extend(level.to_ne_bytes());
        all.extend(ty.to_ne_bytes());
        all.resize(all.len().next_multiple_of(WORD), 0);
        all.extend(data);
        all.resize(all.len().next_multiple_of(WORD), 0);
    }
    all
}

/// What recvmsg(2) filled in. To be called once for each receive: the descriptors in it belong to what is returned.
pub(super) fn decode(control: &[u8]) -> Vec<Arrived> {
    Items { rest: control }.map(arrived).collect()
}

fn arrived((level, ty, data): (i32, i32, &[u8])) -> Arrived {
    match (level, ty) {
        (libc::SOL_SOCKET, libc::SCM_RIGHTS) => Arrived::Rights(words(data).map(own).collect()),
        (libc::SOL_SOCKET, value::SCM_PIDFD) if data.len() == 4 => {
            let number = words(data).next();
            Arrived::Pidfd(own(number.expect("four bytes are one word")))
        }
        (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) if data.len() == 12 => {
            let mut fields = words(data);
            let mut field = || fields.next().expect("twelve bytes are three words");
            Arrived::Credentials {
                pid: field(),
                uid: field().cast_unsigned(),
                gid: field().cast_unsigned(),
            }
        }
        _ => Arrived::Other {
            level,
            ty,
            name: value::name(level, ty),
            bytes: data.to_vec(),
        },
    }
}

fn words(data: &[u8]) -> impl Iterator<Item = i32> {
    let (words, _) = data.as_chunks::<4>();
    words.iter().map(|&word| i32::from_ne_bytes(word))
}

fn own(number: i32) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us, and each buffer is read once.
    #[allow(unsafe_code, reason = "descriptors arrive as numbers")]
    unsafe {
        OwnedFd::from_raw_fd(number)
    }
}

/// `msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[4]}]` of what is sent.
pub(super) fn sent(control: &[Ancillary<'_>]) -> Arg {
    list(control.iter().map(|one| {
        let (level, ty) = one.level_and_type();
        let data = one.data();
        let shown = match one {
            Ancillary::Rights(fds) => numbers(fds.iter().map(AsRawFd::as_raw_fd)),
            &Ancillary::Credentials { pid, uid, gid } => {
                value::credentials(pid, uid, gid).to_string()
            }
            Ancillary::Option { .. } => value::of(level, ty, &data).to_string(),
        };
        (level, ty, data.len(), shown)
    }))
}

/// The same of what was received.
pub(super) fn received(control: &[Arrived]) -> Arg {
    list(control.iter().map(|one| match one {
        Arrived::Rights(fds) => {
            let shown = numbers(fds.iter().map(AsRawFd::as_raw_fd));
            (libc::SOL_SOCKET, libc::SCM_RIGHTS, 4 * fds.len(), shown)
        }
        Arrived::Pidfd(fd) => {
            let shown = numbers(std::iter::once(fd.as_raw_fd()));
            (libc::SOL_SOCKET, value::SCM_PIDFD, 4, shown)
        }
        Arrived::Credentials { .. } => {
            let shown = one.value().to_string();
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS, 12, shown)
        }
        Arrived::Other {
            level, ty, bytes, ..
        } => (*level, *ty, bytes.len(), one.value().to_string()),
    }))
}

fn numbers(fds: impl Iterator<Item = i32>) -> String {
    let fds: Vec<String> = fds.map(|fd| fd.to_string()).collect();
    format!("[{}]", fds.join(", "))
}

fn list(items: impl Iterator<Item = (i32, i32, usize, String)>) -> Arg {
    let one = |(level, ty, len, data): (i32, i32, usize, String)| {
        format!(
            "{{cmsg_len={}, cmsg_level={}, cmsg_type={}, cmsg_data={data}}}",
            HEADER + len,
            level_in_trace(level),
            value::name(level, ty)
        )
    };
    let all: Vec<String> = items.map(one).collect();
    Arg::symbol(format!("msg_control=[{}]", all.join(", ")))
}

/// `SOL_IP`, as strace has it.
fn level_in_trace(level: i32) -> String {
    match Level::ALL.iter().find(|known| known.number == level) {
        Some(known) => known.strace.to_owned(),
        None => level.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::{Value, find};

    fn option(name: &str, bytes: &[u8]) -> Ancillary<'static> {
        let (row, bytes) = (find(name).unwrap(), bytes.to_vec());
        Ancillary::Option { row, bytes }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let id = Ancillary::Credentials {
            pid: 7,
            uid: u32::MAX,
            gid: 0,
        };
        let all = encode(&[
            option("IP_TTL", &5_i32.to_ne_bytes()),
            option("UDP_SEGMENT", &1400_u16.to_ne_bytes()),
            id,
            option("IP_OPTIONS", &[1, 2, 3, 4, 5]),
        ]);
        assert_eq!(all.len() % WORD, 0);
        let arrived = decode(&all);
        let names: Vec<_> = arrived.iter().map(Arrived::name).collect();
        assert_eq!(
            names,
            ["IP_TTL", "UDP_SEGMENT", "SCM_CREDENTIALS", "IP_OPTIONS"]
        );
        assert_eq!(arrived[0].value(), Value::Int(5));
        assert_eq!(arrived[1].value(), Value::Int(1400));
        assert_eq!(
            arrived[2].value().to_string(),
            "{pid=7, uid=4294967295, gid=0}"
        );
        assert_eq!(arrived[3].value(), Value::Bytes(vec![1, 2, 3, 4, 5]));
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        let id = Ancillary::Credentials {
            pid: 7,
            uid: 8,
            gid: 9,
        };
        let all = encode(&[id]);
        for cut in 0..all.len() {
            let arrived = decode(&all[..cut]);
            let whole = cut >= HEADER + 12;
            assert_eq!(arrived.len(), usize::from(whole), "{cut}");
        }
        let (level, ty) = (libc::SOL_SOCKET, libc::SCM_CREDENTIALS);
        let short = arrived((level, ty, &[1, 2, 3]));
        assert_eq!(short.name(), "SCM_CREDENTIALS");
        assert_eq!(short.value(), Value::Bytes(vec![1, 2, 3]));
        assert_eq!(decode(&[0xff; 64]).len(), 0);
    }

    #[test]
    fn an_unknown_kind_goes_by_its_numbers() {
        let strange = arrived((4321, 99, &[0xff]));
        assert_eq!((strange.name(), strange.value()), ("99", Value::Int(255)));
        assert_eq!(
            received(&[strange]).to_string(),
            "msg_control=[{cmsg_len=17, cmsg_level=4321, cmsg_type=99, cmsg_data=[255]}]"
        );
    }
}
