//! The vocabulary: the words of socket(2), without any effect.
//!
//! [`triple`] is what socket(2) takes, [`address`] where a socket shall be, [`given`] the same on the command line, [`name`]
//! where it is, [`phase`] when an option must be set.
//! Everything else speaks in these types; nothing here calls the kernel.

pub mod address;
pub mod given;
pub mod name;
pub mod phase;
pub mod triple;

pub use address::{Address, Inherited, UnixName, literal_family};
pub use given::{Given, GivenPort, Scheme};
pub use name::SocketName;
pub use phase::{Phase, Role};
pub use triple::{Family, Protocol, Triple, Type};
