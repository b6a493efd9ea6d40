//! The article's session, against the real binary.

mod common;

use common::serve;

#[test]
fn one_request_per_connection() {
    let server = serve("tcp4").any_port().start();
    server.say(b"Ciao!").hears_last(b"Ciao!");
    server.stop_in_order();
}

#[test]
fn datagrams_have_no_connection() {
    let server = serve("udp4").any_port().start();
    server.say(b"hi").hears(b"hi");
    server.stop_in_order();
}
