//! Where a probe's own server listens: beside whatever is running, and nowhere afterwards.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::profile::{Profile, Setting};
use crate::socket::{Family, Triple, UnixName};
use crate::sys::errno;

/// Gives the probe's own server another port or name than the profile's, so that a running one is not in its way.
pub(super) fn move_aside(profile: &mut Profile) -> Result<(), Error> {
    if profile.socket.fd.is_some() {
        return Err(Error::failed(
            "a probe opens both ends itself, and this profile inherits a descriptor",
        )
        .with_help("name an ADDRESS to probe a server that is running"));
    }
    let triple = Triple::new(profile.socket.family.value, profile.socket.ty.value);
    if triple.has_ports() {
        profile.address.port = Setting::flag(0, "probe");
    }
    if triple.family == Family::Unix {
        let unique = format!("sockplay-probe-{}", std::process::id());
        let name = match profile.address.path.as_ref().map(|path| &path.value) {
            Some(UnixName::Abstract(_)) => UnixName::Abstract(unique.into_bytes()),
            _ => UnixName::Path(std::env::temp_dir().join(unique).join("socket")),
        };
        profile.address.path = Some(Setting::flag(name, "probe"));
    }
    Ok(())
}

/// What the probe's own server needs before it listens: for a path, a directory that nobody else may enter.
pub(super) struct Place {
    pub(super) directory: Option<PathBuf>,
}

impl Place {
    /// Makes the directory of the profile's path, under another name if somebody has left, or put, one there.
    pub(super) fn make(profile: &mut Profile) -> Result<Place, Error> {
        let Some(UnixName::Path(path)) = profile.address.path.as_ref().map(|path| &path.value)
        else {
            return Ok(Place { directory: None });
        };
        if profile.socket.family.value != Family::Unix {
            return Ok(Place { directory: None });
        }
        let wanted = path.parent().unwrap_or(path).to_owned();
        let directory = (0..100)
            .map(|n| match n {
                0 => wanted.clone(),
                n => wanted.with_extension(n.to_string()),
            })
            .find_map(|directory| match mkdir(&directory) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => None,
                made => Some(made.map(|()| directory)),
            })
            .unwrap_or_else(|| Err(std::io::ErrorKind::AlreadyExists.into()))
            .map_err(|e| {
                let shown = crate::escape::text(&wanted.to_string_lossy());
                Error::from(errno::failure("mkdir", shown, &e))
                    .with_help("TMPDIR names the directory for it")
            })?;
        let name = UnixName::Path(directory.join("socket"));
        profile.address.path = Some(Setting::flag(name, "probe"));
        Ok(Place {
            directory: Some(directory),
        })
    }
}

fn mkdir(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(directory)
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // It held the socket and its lock, both removed by their owner; what is left of it harms nobody.
            let _ = std::fs::remove_dir(directory);
        }
    }
}
