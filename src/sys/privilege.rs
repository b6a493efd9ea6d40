//! Capabilities of the calling thread: which it has, and how it gives one up (capabilities(7)).
//!
//! They belong to threads, not to processes: an actor that is a thread can lose one while its neighbours keep it. A
//! program that root executes gets them back; a thread or a fork does not.

use std::io;
use std::sync::LazyLock;

use caps::{CapSet, Capability};

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names: Vec<String> = caps::all().iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
});

/// Every capability that this program knows, in the alphabet's order: `CAP_NET_RAW`.
pub fn names() -> Vec<&'static str> {
    NAMES.iter().map(String::as_str).collect()
}

/// Whether this thread has it now (its effective set). An error is one sentence: there is no such capability.
pub fn holds(capability: &str) -> Result<bool, String> {
    let found = find(capability)?;
    caps::has_cap(None, CapSet::Effective, found).map_err(|e| e.to_string())
}

/// This thread gives it up, for good: it leaves the effective and the permitted set. Giving up what one does not have is
/// no error; EINVAL for a name that is none.
pub fn drop(capability: &str) -> io::Result<()> {
    let found = find(capability).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    // Effective first: it may never exceed the permitted.
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::drop(None, set, found).map_err(|e| io::Error::other(e.to_string()))?;
    }
    Ok(())
}

fn find(name: &str) -> Result<Capability, String> {
    if NAMES.iter().any(|known| known == name)
        && let Ok(found) = name.parse()
    {
        return Ok(found);
    }
    let nearness = |known: &&String| strsim::jaro_winkler(known, &name.to_ascii_uppercase());
    let nearest = NAMES
        .iter()
        .max_by(|a, b| nearness(a).total_cmp(&nearness(b)));
    let hint = match nearest {
        Some(known) if name.len() < 64 && nearness(&known) > 0.85 => {
            format!("; did you mean {known}?")
        }
        _ => String::new(),
    };
    Err(format!(
        "there is no capability {}{hint}",
        crate::escape::text(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_is_answered_with_the_nearest() {
        assert!(names().contains(&"CAP_NET_RAW") && names().is_sorted());
        assert!(holds("CAP_NET_RAW").is_ok());
        let why = holds("CAP_NET_RAM").unwrap_err();
        assert!(why.ends_with("did you mean CAP_NET_RAW?"), "{why}");
        assert!(
            holds("cap_net_raw")
                .unwrap_err()
                .contains("mean CAP_NET_RAW?")
        );
        assert_eq!(holds("zebra").unwrap_err(), "there is no capability zebra");
        assert!(!holds("\x1b[31m").unwrap_err().contains('\x1b'));
        assert_eq!(
            drop("zebra").unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }

    #[test]
    fn a_thread_gives_up_its_own_only() {
        let here = holds("CAP_NET_RAW").unwrap();
        let there = std::thread::spawn(|| {
            drop("CAP_NET_RAW").unwrap();
            drop("CAP_NET_RAW").expect("twice is no error");
            caps::raise(None, CapSet::Effective, Capability::CAP_NET_RAW)
                .expect_err("it is gone for good");
            holds("CAP_NET_RAW").unwrap()
        });
        assert!(!there.join().unwrap(), "the thread still has it");
        assert_eq!(holds("CAP_NET_RAW").unwrap(), here);
    }
}
