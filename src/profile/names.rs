//! Names as values: paths, addresses, descriptors, protocols, and the words of an enum.
//!
//! The other half of [`codec`](super::codec), whose numbers, sizes, times and texts need no vocabulary.

use std::path::{Path, PathBuf};

use super::codec::{Codec, Refused};
use super::kind::Kind;
use super::tree::{Data, Node};
use super::words::Word;
use crate::socket::{Family, Inherited, Protocol, Type, UnixName};

impl Codec for PathBuf {
    fn read(node: &Node, _: &Kind) -> Result<PathBuf, Refused> {
        match &node.data {
            Data::Text(text) if (1..=4095).contains(&text.len()) && !text.contains('\0') => {
                Ok(PathBuf::from(text))
            }
            _ => Err(Refused::new()),
        }
    }
    fn write(&self, _: &Kind) -> String {
        path(self)
    }
}

/// Paths came from TOML, so they are UTF-8; a flag's path may not be, and is then written with replacements.
fn path(path: &Path) -> String {
    super::show::text(&path.to_string_lossy())
}

impl Codec for UnixName {
    fn read(node: &Node, _: &Kind) -> Result<UnixName, Refused> {
        match &node.data {
            Data::Text(text) => UnixName::parse(text).map_err(|bad| vec![bad.0]),
            _ => Err(Refused::new()),
        }
    }
    fn write(&self, _: &Kind) -> String {
        match self {
            UnixName::Path(p) => path(p),
            UnixName::Abstract(name) => {
                super::show::text(&format!("@{}", String::from_utf8_lossy(name)))
            }
            UnixName::Unnamed => "\"\"".into(),
        }
    }
}

impl Codec for Inherited {
    fn read(node: &Node, _: &Kind) -> Result<Inherited, Refused> {
        match &node.data {
            Data::Int(n) => i32::try_from(*n)
                .ok()
                .filter(|n| *n >= 0)
                .map(Inherited::Number)
                .ok_or_else(Refused::new),
            Data::Text(text) if text.len() <= 255 => {
                Inherited::parse(text).map_err(|_| Refused::new())
            }
            _ => Err(Refused::new()),
        }
    }
    fn write(&self, _: &Kind) -> String {
        match self {
            Inherited::Number(n) => n.to_string(),
            Inherited::Systemd(None) => "\"systemd\"".into(),
            Inherited::Systemd(Some(name)) => super::show::text(&format!("systemd:{name}")),
        }
    }
}

impl Codec for Protocol {
    fn read(node: &Node, _: &Kind) -> Result<Protocol, Refused> {
        match &node.data {
            Data::Int(n) => i32::try_from(*n)
                .ok()
                .filter(|n| *n >= 0)
                .map(Protocol)
                .ok_or_else(Refused::new),
            Data::Text(name) => Protocol::parse(name).ok_or_else(|| {
                let near = super::suggest::near(name, Protocol::names());
                near.iter()
                    .map(|n| format!("did you mean \"{n}\"?"))
                    .collect()
            }),
            _ => Err(Refused::new()),
        }
    }
    fn write(&self, _: &Kind) -> String {
        match self.name() {
            Some(name) => format!("\"{name}\""),
            None => self.0.to_string(),
        }
    }
}

/// Reads one of a few words, and suggests the near ones.
fn word<T>(
    node: &Node,
    names: &[&'static str],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Refused> {
    match &node.data {
        Data::Text(text) => parse(text).ok_or_else(|| {
            let near = super::suggest::near(text, names.iter().copied());
            near.iter()
                .map(|n| format!("did you mean \"{n}\"?"))
                .collect()
        }),
        _ => Err(Refused::new()),
    }
}

impl<W: Word> Codec for W {
    fn read(node: &Node, _: &Kind) -> Result<W, Refused> {
        word(node, W::NAMES, W::from_word)
    }
    fn write(&self, _: &Kind) -> String {
        format!("\"{}\"", self.word())
    }
}

impl Codec for Family {
    fn read(node: &Node, _: &Kind) -> Result<Family, Refused> {
        word(node, &Family::ALL.map(Family::name), Family::parse)
    }
    fn write(&self, _: &Kind) -> String {
        format!("\"{}\"", self.name())
    }
}

impl Codec for Type {
    fn read(node: &Node, _: &Kind) -> Result<Type, Refused> {
        word(node, &Type::ALL.map(Type::name), Type::parse)
    }
    fn write(&self, _: &Kind) -> String {
        format!("\"{}\"", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn the_near_name_is_suggested() {
        for (text, near) in [
            ("socket.protocol = \"upd\"", "did you mean \"udp\"?"),
            ("socket.family = \"ivp4\"", "did you mean \"ipv4\"?"),
            ("serve.engine = \"epol\"", "did you mean \"epoll\"?"),
        ] {
            let error = parse("x", text, &[]).expect_err(text).to_string();
            assert!(error.contains(near), "{text}: {error}");
        }
    }

    #[test]
    fn a_word_is_its_constant_in_c_too() {
        let text = "[socket]\nfamily = \"AF_INET6\"\ntype = \"SOCK_DGRAM\"\nprotocol = \"IPPROTO_UDPLITE\"";
        let socket = parse("x", text, &[]).unwrap().socket;
        assert_eq!(socket.family.value.name(), "ipv6");
        assert_eq!(socket.ty.value.name(), "datagram");
        assert_eq!(socket.protocol.value.0, 136);
    }
}
