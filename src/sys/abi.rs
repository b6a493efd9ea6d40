//! The numbers of this architecture for the vocabulary of `socket`.

use crate::socket::{Family, Type};

/// The family's number.
pub(super) const fn family(family: Family) -> libc::c_int {
    match family {
        Family::Ipv4 => libc::AF_INET,
        Family::Ipv6 => libc::AF_INET6,
        Family::Unix => libc::AF_UNIX,
    }
}

/// The type's number.
pub(super) const fn ty(ty: Type) -> libc::c_int {
    match ty {
        Type::Stream => libc::SOCK_STREAM,
        Type::Datagram => libc::SOCK_DGRAM,
        Type::Seqpacket => libc::SOCK_SEQPACKET,
        Type::Raw => libc::SOCK_RAW,
    }
}

/// The family of a number that the kernel gave, if it is one of ours.
pub(super) fn family_of(number: i32) -> Option<Family> {
    Family::ALL.into_iter().find(|&f| family(f) == number)
}

/// The type of a number that the kernel gave, if it is one of ours.
pub(super) fn type_of(number: i32) -> Option<Type> {
    Type::ALL.into_iter().find(|&t| ty(t) == number)
}
