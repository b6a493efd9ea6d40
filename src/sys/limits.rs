//! RLIMIT_NOFILE: how many descriptors this process may have.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one, which needs no privilege (getrlimit(2)).
pub fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // With the lower limit everything works too, for fewer peers.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Sets the soft limit. EINVAL above the hard one; descriptors that are open stay open, whatever their number.
pub fn set_descriptor_limit(most: u64) -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, hard)?)
}

/// The soft limit; without one, as many as there can be.
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft)
}

#[cfg(test)]
mod tests {
    use super::super::alone::alone;
    use super::*;

    #[test]
    fn a_process_at_its_limit_gets_no_descriptor() {
        alone(|| {
            let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
            set_descriptor_limit(64).unwrap();
            assert_eq!(descriptor_limit(), 64);
            let mut held = Vec::new();
            let refused = loop {
                match std::net::UdpSocket::bind("127.0.0.1:0") {
                    Ok(socket) => held.push(socket),
                    Err(refused) => break refused,
                }
            };
            assert_eq!(refused.raw_os_error(), Some(libc::EMFILE));
            assert!((1..64).contains(&held.len()), "{}", held.len());
            raise_descriptor_limit();
            assert_eq!(descriptor_limit(), hard);
            if hard < u64::MAX {
                let refused = set_descriptor_limit(hard + 1).unwrap_err();
                assert_eq!(refused.raw_os_error(), Some(libc::EINVAL));
            }
        });
    }
}
