//! What an option's value is made of.
//!
//! A row names its kind; the kind decides what a profile may write ([`super::encode`]) and how the kernel's bytes
//! read ([`super::decode`]). Structs are data too: a [`Layout`] lists the fields that the manual names.

use std::fmt;

/// The kind of a value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An int of which only "zero or not" counts.
    Flag,
    /// A C int.
    Int,
    /// A C unsigned int.
    Unsigned,
    /// 64 bits.
    U64,
    /// An int that counts bytes.
    Size,
    /// An int that counts time in the unit given.
    Time(Unit),
    /// An int that has names: the constants that the manual lists.
    Choice(&'static [(&'static str, i32)]),
    /// struct timeval; 0 is "no limit".
    Timeval,
    /// struct linger.
    Linger,
    /// An interface by name, at most 15 bytes.
    Ifname,
    /// An interface by index; a name is looked up.
    Ifindex,
    /// The same in network byte order: IP_UNICAST_IF.
    IfindexBe,
    /// An interface by address, index or name: IP_MULTICAST_IF. It reads back as an address.
    MulticastIf,
    /// Text of at most so many bytes.
    Text(usize),
    /// Two ports, low and high, in one 32-bit word.
    PortRange,
    /// A set of bits with a meaning each (ICMP_FILTER): 32-bit words.
    Words(usize),
    /// Group numbers, 32 bits each.
    Gids,
    /// A file descriptor.
    Fd,
    /// struct sock_fprog: a classic BPF program.
    Filter,
    /// A C struct with named fields.
    Struct(&'static Layout),
    /// Bytes that this table does not take apart, at most so many.
    Bytes(usize),
}

/// The unit of a time that is an int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
}

/// A C struct.
#[derive(Debug)]
pub struct Layout {
    /// `struct …`'s name.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its fields in order.
    pub fields: &'static [Field],
}

/// A field of a C struct.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The manual's name.
    pub name: &'static str,
    /// Where it starts.
    pub offset: usize,
    /// What it holds.
    pub part: Part,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// 32 bits with a sign.
    I32,
    /// 64 bits.
    U64,
    /// `width` bits of a byte from bit `shift` on.
    Bits {
        /// The lowest bit.
        shift: u8,
        /// How many.
        width: u8,
    },
    /// struct in_addr.
    Ipv4,
    /// struct in6_addr.
    Ipv6,
    /// An interface's index, or its name.
    Ifindex,
    /// struct sockaddr_storage: an IP address, with or without a port.
    Sockaddr,
}

impl Kind {
    /// One word for tables and JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Kind::Flag => "flag",
            Kind::Int => "int",
            Kind::Unsigned => "unsigned",
            Kind::U64 => "u64",
            Kind::Size => "size",
            Kind::Time(unit) => unit.name(),
            Kind::Choice(_) => "choice",
            Kind::Timeval => "timeval",
            Kind::Linger => "linger",
            Kind::Ifname => "ifname",
            Kind::Ifindex | Kind::IfindexBe => "ifindex",
            Kind::MulticastIf => "in_addr",
            Kind::Text(_) => "name",
            Kind::PortRange => "port-range",
            Kind::Words(_) => "words",
            Kind::Gids => "gids",
            Kind::Fd => "fd",
            Kind::Filter => "sock_fprog",
            Kind::Struct(layout) => layout.name,
            Kind::Bytes(_) => "bytes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Unit {
    /// The plural, as tables write it.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Millis => "millis",
            Unit::Micros => "micros",
        }
    }

    /// The symbol after a number.
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Millis => "ms",
            Unit::Micros => "us",
        }
    }

    /// The unit in nanoseconds.
    pub const fn nanos(self) -> u128 {
        match self {
            Unit::Seconds => 1_000_000_000,
            Unit::Millis => 1_000_000,
            Unit::Micros => 1_000,
        }
    }
}
