//! Inheritance: set on the listener, read on the accepted socket, TCP and unix.

use sockplay::option::{self, Access, Fits, Inherited, Row};
use sockplay::socket::{Family, Triple, Type};

use crate::kernel::{NOT_THERE, Socket, is_older_than, is_root, name, pair};
use crate::sample::{may_be_missing, sample, tells_inheritance};

/// Read on a fresh socket, the listener that was set, and what it gave.
struct Seen {
    fresh: Vec<u8>,
    listener: Vec<u8>,
    accepted: Vec<u8>,
}

fn see(row: &Row, triple: Triple) -> Result<Seen, String> {
    let fresh = Socket::open(triple)
        .and_then(|s| s.get(row))
        .map_err(name)?;
    let value = sample(row, Some(&row.decode(&fresh)), triple)?;
    let payload = row.encode(&value)?;
    let [listener, _client, accepted] = pair(triple, |listener| {
        if let Err(errno) = listener.set(row, &payload) {
            let missing = NOT_THERE.contains(&errno) && may_be_missing(row);
            let forbidden = !is_root() && row.privilege.is_some();
            assert!(
                missing || forbidden,
                "{} on {triple}: {}",
                row.name,
                name(errno)
            );
        }
    })
    .map_err(name)?;
    let listener = listener.get(row).map_err(name)?;
    if listener == fresh {
        return Err("nothing was set that could be inherited".into());
    }
    let accepted = accepted.get(row).map_err(name)?;
    Ok(Seen {
        fresh,
        listener,
        accepted,
    })
}

/// A segment is negotiated down from what the listener says, so it reads back less; and who accepted what where is
/// SO_INCOMING_CPU's to report.
fn agrees(row: &Row, triple: Triple, seen: &Seen) -> bool {
    match (row.name, row.inherited_on(triple)) {
        ("TCP_MAXSEG", Inherited::Yes) => {
            let mss = |bytes: &[u8]| i32::from_ne_bytes(bytes.try_into().expect("an int"));
            (mss(&seen.listener) - 40..=mss(&seen.listener)).contains(&mss(&seen.accepted))
        }
        ("SO_INCOMING_CPU", _) | (_, Inherited::Unknown) => true,
        (_, Inherited::Yes) => seen.accepted == seen.listener,
        (_, Inherited::No) => seen.accepted != seen.listener,
    }
}

#[test]
fn accepted_sockets_have_what_the_rows_say() {
    let triples = [
        Triple::new(Family::Ipv4, Type::Stream),
        Triple::new(Family::Ipv6, Type::Stream),
        Triple::new(Family::Unix, Type::Stream),
        Triple::new(Family::Unix, Type::Seqpacket),
    ];
    let mut asked = 0;
    let mut differing = Vec::new();
    for triple in triples.into_iter().filter(|&t| Socket::open(t).is_ok()) {
        let rows = option::rows().filter(|r| tells_inheritance(r) && r.fits(triple));
        for row in rows.filter(|r| r.access == Access::ReadWrite && !is_older_than(r.doc)) {
            match see(row, triple) {
                Ok(seen) if agrees(row, triple, &seen) => asked += 1,
                Ok(seen) => differing.push(format!(
                    "{} on {triple}: fresh {:?}, listener {:?}, accepted {:?}, the row says {}",
                    row.name,
                    seen.fresh,
                    seen.listener,
                    seen.accepted,
                    row.inherited_on(triple).name()
                )),
                Err(why) => println!("skipped: {} on {triple}: {why}", row.name),
            }
        }
    }
    println!("{asked} agree");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(asked > 150, "only {asked} were asked");
}

/// The ones that a server is bitten by, by name: accept(2) copies nearly everything else.
#[test]
fn these_are_not_inherited_and_those_are() {
    let triple = Triple::new(Family::Ipv4, Type::Stream);
    for (name, inherited) in [
        ("SO_PRIORITY", Inherited::No),
        ("TCP_DEFER_ACCEPT", Inherited::No),
        ("TCP_FASTOPEN", Inherited::No),
        ("SO_RCVTIMEO", Inherited::Yes),
        ("TCP_NODELAY", Inherited::Yes),
        ("SO_REUSEADDR", Inherited::Yes),
    ] {
        let row = option::find(name).expect("a row of the registry");
        assert_eq!(row.inherited, inherited, "{name}");
        let seen = see(row, triple).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(
            seen.accepted == seen.listener,
            inherited == Inherited::Yes,
            "{name}"
        );
    }
    assert!(Fits::UNIX.has(Triple::new(Family::Unix, Type::Stream)));
}
