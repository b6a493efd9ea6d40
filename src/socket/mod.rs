//! The vocabulary: the words of socket(2), without any effect.
//!
//! [`triple`] is what socket(2) takes, [`address`] where a socket is, [`phase`] when an option must be set.
//! Everything else speaks in these types; nothing here calls the kernel.

pub mod address;
pub mod phase;
pub mod triple;

pub use address::{Address, Given, Inherited, Scheme, SocketName, UnixName};
pub use phase::{Phase, Role};
pub use triple::{Family, Protocol, Triple, Type};
