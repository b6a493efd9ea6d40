//! Every row on every kind of socket: what it says it fits, can be read and set there; what it says it does not, cannot.

use sockplay::option::{self, Access, Adjust, Fits, Level, Payload, Row, Value, Verdict};
use sockplay::socket::{Family, Protocol, Triple};

use crate::kernel::{NOT_THERE, Socket, is_older_than, is_root, name, sysctl};
use crate::sample::{before, may_be_missing, sample};

/// What one row said on one kind of socket.
enum Outcome {
    Agrees,
    Skipped(String),
    Differs(String),
}

#[test]
fn every_row_is_what_the_kernel_says() {
    let (mut agreed, mut skipped, mut differing) = (0, 0, Vec::new());
    for triple in Fits::triples() {
        if let Err(errno) = Socket::open(triple) {
            println!("skipped: {triple} does not open here: {}", name(errno));
            continue;
        }
        // Bluetooth's SOL_HCI is IPPROTO_IP's number: there the kernel would answer for another option.
        for row in option::rows().filter(|r| r.available() && r.level != Level::HCI) {
            let outcome = if row.fits(triple) {
                fits(row, triple)
            } else {
                does_not_fit(row, triple)
            };
            match outcome {
                Outcome::Agrees => agreed += 1,
                Outcome::Skipped(why) => {
                    skipped += 1;
                    println!("skipped: {} on {triple}: {why}", row.name);
                }
                Outcome::Differs(how) => differing.push(format!("{} on {triple}: {how}", row.name)),
            }
        }
    }
    println!("{agreed} agree, {skipped} skipped");
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
    assert!(agreed > 1000, "only {agreed} were asked");
}

fn open(row: &Row, triple: Triple) -> Socket {
    // ipv6(7): the router alert is for raw sockets of protocol IPPROTO_RAW.
    let triple = match row.name {
        "IPV6_ROUTER_ALERT" if row.fits(triple) => triple.with(Protocol(255)),
        _ => triple,
    };
    Socket::open(triple).expect("it opened a moment ago")
}

fn fits(row: &Row, triple: Triple) -> Outcome {
    if is_older_than(row.doc) {
        return Outcome::Skipped("the kernel is older".into());
    }
    let socket = open(row, triple);
    let current = socket.get(row);
    if let (Err(errno), true) = (&current, row.access != Access::WriteOnly)
        && NOT_THERE.contains(errno)
    {
        return if may_be_missing(row) {
            Outcome::Skipped("not built into this kernel".into())
        } else {
            Outcome::Differs(format!("cannot be read: {}", name(*errno)))
        };
    }
    match row.access {
        Access::ReadOnly
            if socket
                .set(row, &vec![0; row.buffer_len().min(64)].into())
                .is_ok()
                && !shares_its_number(row) =>
        {
            Outcome::Differs("is read-only, and can be set".into())
        }
        Access::ReadOnly => Outcome::Agrees,
        Access::WriteOnly if current.is_ok() && !shares_its_number(row) => {
            Outcome::Differs("is write-only, and can be read".into())
        }
        Access::WriteOnly => set(row, &socket, None),
        Access::ReadWrite => set(
            row,
            &socket,
            current.ok().map(|bytes| row.decode(&bytes)).as_ref(),
        ),
    }
}

/// SO_ATTACH_FILTER sets where SO_GET_FILTER reads.
fn shares_its_number(row: &Row) -> bool {
    matches!(row.name, "SO_ATTACH_FILTER" | "SO_GET_FILTER")
}

fn set(row: &Row, socket: &Socket, current: Option<&Value>) -> Outcome {
    let value = match sample(row, current, socket.1) {
        Ok(value) => value,
        Err(why) => return Outcome::Skipped(why.into()),
    };
    for name in before(row) {
        if let Err(why) = prepare(name, socket) {
            return Outcome::Skipped(why);
        }
    }
    let payload = match row.encode(&value) {
        Ok(payload) => payload,
        Err(why) => return Outcome::Differs(format!("our own value is refused: {why}")),
    };
    match socket.set(row, &payload) {
        Ok(()) => judged(row, socket, &payload),
        Err(errno) if NOT_THERE.contains(&errno) && may_be_missing(row) => {
            Outcome::Skipped("not built into this kernel".into())
        }
        Err(libc::EPERM | libc::EACCES) if !is_root() && row.privilege.is_some() => {
            Outcome::Skipped(format!("needs {}", row.privilege.unwrap_or_default()))
        }
        Err(errno) => Outcome::Differs(format!("setting {} fails: {}", value.plain(), name(errno))),
    }
}

/// Sets another option first; "4:" asks for IPv4's form of a group request on an IPv6 socket.
fn prepare(name: &str, socket: &Socket) -> Result<(), String> {
    let (triple, name) = match name.strip_prefix("4:") {
        Some(name) => (
            Triple {
                family: Family::Ipv4,
                ..socket.1
            },
            name,
        ),
        None => (socket.1, name),
    };
    let row = option::find(name).expect("a row of the registry");
    let value = sample(row, None, triple)?;
    let payload = row.encode(&value)?;
    socket.set_at(row, triple, &payload).map_err(|errno| {
        format!(
            "{name} comes first, and fails: {}",
            crate::kernel::name(errno)
        )
    })
}

/// What reads back is what was asked, or the row has a reason.
fn judged(row: &Row, socket: &Socket, payload: &Payload) -> Outcome {
    let effective = match row.access {
        Access::WriteOnly => None,
        _ => socket.get(row).ok(),
    };
    let ruling = option::judge(row, payload, effective.as_deref(), &sysctl);
    let why = ruling.why.unwrap_or_default();
    let dropped = Fits::MPTCP.has(socket.1) && why == "accepted, and reads back as false";
    match ruling.verdict {
        Verdict::Ignored if matches!(row.adjust, Adjust::Ignored(_)) || dropped => Outcome::Agrees,
        Verdict::Adjusted if !why.starts_with("reads back") => Outcome::Agrees,
        Verdict::Adjusted if matches!(row.adjust, Adjust::Because(_)) => Outcome::Agrees,
        Verdict::Honoured => Outcome::Agrees,
        verdict => Outcome::Differs(format!("{} without a reason: {why}", verdict.name())),
    }
}

fn does_not_fit(row: &Row, triple: Triple) -> Outcome {
    let socket = open(row, triple);
    let current = socket.get(row);
    if row.access == Access::ReadOnly {
        return match current {
            Ok(_) => Outcome::Differs("does not fit, and can be read".into()),
            Err(_) => Outcome::Agrees,
        };
    }
    let value = current.as_ref().ok().map(|bytes| row.decode(bytes));
    let Some(payload) = sample(row, value.as_ref(), triple)
        .ok()
        .and_then(|v| row.encode(&v).ok())
    else {
        return Outcome::Agrees;
    };
    let readable = current.is_ok() || row.access == Access::WriteOnly;
    match socket.set(row, &payload) {
        Ok(()) if readable => Outcome::Differs("does not fit, and can be set".into()),
        _ => Outcome::Agrees,
    }
}
