//! System calls that fail when they should not: one connection or one datagram pays for it, and it is counted.
//!
//! strace(1) makes them fail; `-D` lets the server stay our own child. What needs no strace is a real fault.

mod common;

use std::net::TcpStream;

use common::{
    End, Finished, Running, Sockplay, connect, contains, needs_program, pattern, place, python,
    serve,
};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};

/// The same command with calls that fail as `inject` says: `accept4:error=EMFILE:when=1..5`.
fn with(inject: &str, command: &Sockplay) -> Sockplay {
    let inject = format!("inject={inject}");
    let strace = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &inject,
    ];
    command.clone().through(&strace)
}

fn echo() -> Sockplay {
    serve("tcp4-loop").any_port()
}

/// Whatever engine is asked for: an EAGAIN that strace makes up means that a blocking call has waited for long enough.
/// An engine that waits for readiness is told that nothing is there, and on edges it is never told otherwise.
fn sequential(profile: &str) -> Sockplay {
    Sockplay::new("serve").arg("-c").arg(profile).any_port()
}

/// The engine that is asked for, if all its calls are made by one thread: strace counts those of each thread.
fn in_one_thread() -> (Sockplay, Calls) {
    match std::env::var("SOCKPLAY_ENGINE").as_deref() {
        Ok("sequential" | "threads") | Err(_) => (sequential("tcp4-loop"), Calls::Wait),
        Ok(_) => (echo(), Calls::Answer),
    }
}

/// What an engine's calls do when there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calls {
    /// They wait: the next receive is always under way.
    Wait,
    /// They say so: nothing is called before something has come.
    Answer,
}

/// A client of a server that is well.
fn is_served(server: &Running) {
    let client = server.say(b"hi");
    client.hears(b"hi").half_closes().hears_the_end();
}

/// How many lines of the log tell of trouble.
fn troubles(log: &str) -> usize {
    log.matches("Server error").count()
}

#[test]
fn an_accept_that_is_interrupted_is_asked_again_without_a_word() {
    if !needs_program("strace") {
        return;
    }
    for errno in ["EINTR", "EAGAIN"] {
        let server = match errno {
            "EAGAIN" => sequential("tcp4-loop"),
            _ => echo(),
        };
        let server = with(&format!("accept4:error={errno}:when=1+2"), &server).start();
        (0..3).for_each(|_| is_served(&server));
        let stopped = server.stop_in_order();
        // EAGAIN says only that nobody has come in time.
        let counted = if errno == "EINTR" { 3 } else { 0 };
        assert!(stopped.count("accept_errors") >= counted);
        assert_eq!(troubles(&stopped.log), 0, "{}", stopped.log);
    }
}

#[test]
fn an_error_of_one_accept_concerns_nobody_else() {
    if !needs_program("strace") {
        return;
    }
    for errno in [
        "ECONNABORTED",
        "EPROTO",
        "ENETDOWN",
        "ENOPROTOOPT",
        "EHOSTDOWN",
        "ENONET",
        "EHOSTUNREACH",
        "EOPNOTSUPP",
        "ENETUNREACH",
        "EPERM",
        "ETIMEDOUT",
        "ECONNRESET",
        // These are a limit, and waited out.
        "EMFILE",
        "ENFILE",
        "ENOBUFS",
        "ENOMEM",
    ] {
        let server = with(&format!("accept4:error={errno}:when=1"), &echo()).start();
        is_served(&server);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("accept_errors"), 1, "{errno}");
        assert_eq!(troubles(&stopped.log), 1, "{}", stopped.log);
        assert!(stopped.log.contains(errno), "{}", stopped.log);
    }
}

#[test]
fn a_limit_that_lasts_is_said_once_and_waited_out() {
    if !needs_program("strace") {
        return;
    }
    // 10, 20, 40, 80, 160 ms
    let server = with("accept4:error=EMFILE:when=1..5", &echo()).start();
    is_served(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("accept_errors"), 5);
    assert_eq!(troubles(&stopped.log), 1, "{}", stopped.log);
}

#[test]
fn the_order_to_stop_ends_the_wait_at_a_limit() {
    if !needs_program("strace") {
        return;
    }
    let server = with("accept4:error=EMFILE", &echo()).start();
    // Some engines only ask when somebody has come.
    let _waiting = server.client();
    server.event("trouble", 1);
    let stopped = server.stop_in_order();
    assert!(stopped.count("accept_errors") < 100, "it spins");
}

#[test]
fn a_listener_that_is_unusable_ends_the_server() {
    if !needs_program("strace") {
        return;
    }
    for errno in ["EBADF", "EINVAL", "ENOTSOCK"] {
        let server = with(&format!("accept4:error={errno}"), &echo()).start();
        // Some engines only ask when somebody has come, and others are gone by then.
        let _client = TcpStream::connect(server.address());
        let ended = server.finishes();
        assert_eq!(ended.code, 1, "{}", ended.log);
        let line = format!("({errno})");
        let error = "error: accept4 127.0.0.1:";
        assert!(ended.log.contains(error), "{}", ended.log);
        assert!(ended.log.contains(&line), "{}", ended.log);
        // The accounts are told.
        assert_eq!(ended.adds_up().count("accepted"), 0);
    }
}

#[test]
fn a_client_that_has_reset_before_it_was_accepted() {
    let server = echo().start();
    let first = server.say(b"first");
    first.hears(b"first");
    server.say(b"too late").resets();
    drop(first);
    is_served(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("accepted"), 3);
    assert_eq!(stopped.count("failed"), 1, "{}", stopped.log);
}

#[test]
fn those_in_the_queue_are_served_past_one_that_has_gone() {
    if !needs_program("strace") {
        return;
    }
    // The first accept is the busy client's; the second one is the first after the order to stop, because this engine has
    // no time for anybody else before.
    let server = sequential("tcp4-loop");
    let server = with("accept4:error=ECONNABORTED:when=2", &server).start();
    let busy = server.say(b"busy");
    busy.hears(b"busy");
    let waiting = server.say(b"waiting");
    server
        .signal(Signal::SIGTERM)
        .logs("waiting for 1 connection");
    drop(busy);
    waiting.hears(b"waiting").half_closes().hears_the_end();
    let stopped = server.finishes();
    assert_eq!(stopped.code, 0, "{}", stopped.log);
    assert_eq!(stopped.adds_up().count("accepted"), 2);
}

#[test]
fn interrupted_receives_and_sends_lose_nothing() {
    if !needs_program("strace") {
        return;
    }
    for call in ["recvfrom", "sendto"] {
        let server = with(&format!("{call}:error=EINTR:when=1+2"), &echo()).start();
        let client = server.client();
        for piece in pattern(20_000).chunks(1_000) {
            client.say(piece).hears(piece);
        }
        client.half_closes().hears_the_end();
        server.stop_in_order();
    }
}

#[test]
fn a_call_that_fails_ends_its_connection_with_a_reset() {
    if !needs_program("strace") {
        return;
    }
    for (call, errno) in [
        ("recvfrom", "ETIMEDOUT"),
        ("recvfrom", "EHOSTUNREACH"),
        ("sendto", "EPIPE"),
        ("sendto", "ENOBUFS"),
    ] {
        let (server, calls) = in_one_thread();
        let server = with(&format!("{call}:error={errno}:when=2"), &server).start();
        let client = server.say(b"first");
        client.hears(b"first");
        if call == "sendto" || calls == Calls::Answer {
            client.say(b"second");
        }
        assert_eq!(client.rest(), (Vec::new(), End::Reset), "{call} {errno}");
        is_served(&server);
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("failed"), 1, "{call} {errno}");
        assert!(
            stopped.reasons("closed")[0].contains(errno),
            "{}",
            stopped.log
        );
    }
}

#[test]
fn a_send_that_waits_for_too_long_is_given_up() {
    if !needs_program("strace") {
        return;
    }
    let server = sequential("tcp4-loop");
    let server = with("sendto:error=EAGAIN:when=1", &server).start();
    let client = server.say(b"hi");
    assert_eq!(client.rest(), (Vec::new(), End::Reset));
    is_served(&server);
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("closed_by_rule"), 1);
    assert_eq!(stopped.count("bytes_discarded"), 2);
}

#[test]
fn the_smallest_buffers_there_are() {
    let smallest = [
        "options.SO_SNDBUF=1",
        "options.SO_RCVBUF=1",
        "io.buffer_size=1",
    ];
    let server = smallest
        .iter()
        .fold(echo(), Sockplay::set)
        .arg("-q")
        .start();
    let said = pattern(30_000);
    let client = server.client();
    std::thread::scope(|both| {
        both.spawn(|| client.say(&said).half_closes());
        client.hears_last(&said);
    });
    server.stop_in_order();
}

#[test]
fn datagrams_whose_reply_cannot_be_sent_are_dropped_and_counted() {
    if !needs_program("strace") {
        return;
    }
    for errno in ["ENOBUFS", "EAGAIN", "EHOSTUNREACH"] {
        let server = serve("udp4").any_port();
        // The reply of this profile carries its own time to live.
        let server = with(&format!("sendmsg:error={errno}:when=1"), &server).start();
        let client = server.say(b"lost");
        client.say(b"hi").hears(b"hi");
        let stopped = server.stop_in_order();
        assert_eq!(stopped.count("datagrams.dropped"), 1, "{errno}");
        assert_eq!(stopped.reasons("unanswered"), [format!("sendmsg: {errno}")]);
    }
}

#[test]
fn an_error_of_one_datagram_concerns_no_other() {
    if !needs_program("strace") {
        return;
    }
    for errno in ["ECONNREFUSED", "EHOSTUNREACH", "EINTR", "EAGAIN"] {
        let server = match errno {
            "EAGAIN" => sequential("udp4"),
            _ => serve("udp4").any_port(),
        };
        let server = with(&format!("recvmsg:error={errno}:when=1+2"), &server).start();
        (0..3).for_each(|_| {
            server.say(b"hi").hears(b"hi");
        });
        assert_eq!(
            server.stop_in_order().count("datagrams.echoed"),
            3,
            "{errno}"
        );
    }
    let server = with("recvmsg:error=EBADF", &serve("udp4").any_port()).start();
    // Some engines only ask when something has come, and others are gone by then.
    let _ = server.client().socket().send(b"hi");
    let ended = server.finishes();
    assert_eq!(ended.code, 1, "{}", ended.log);
    assert!(ended.log.contains("(EBADF)"), "{}", ended.log);
}

fn fails(command: &Sockplay, inject: &str, code: i32) -> Finished {
    let failed = with(inject, command).finishes();
    assert_eq!(failed.code, code, "{inject}: {}", failed.err);
    assert!(!failed.text().contains("listening"), "{inject}");
    for part in ["error: ", "cause: ", "help: "] {
        assert!(
            failed.err.contains(part),
            "{inject}: no {part} in {}",
            failed.err
        );
    }
    failed
}

#[test]
fn every_refusal_while_opening_has_a_cause_and_a_way_out() {
    if !needs_program("strace") {
        return;
    }
    let place = place();
    let path = place.path().join("s");
    for (inject, code) in [
        ("socket:error=EAFNOSUPPORT", 4),
        ("socket:error=EPROTONOSUPPORT", 4),
        ("socket:error=EMFILE", 1),
        ("setsockopt:error=EPERM:when=1", 4),
        ("setsockopt:error=ENOPROTOOPT:when=1", 1),
        ("setsockopt:error=EINVAL:when=1", 1),
        ("bind:error=EADDRINUSE", 1),
        ("bind:error=EADDRNOTAVAIL", 1),
        ("bind:error=EACCES", 4),
        ("listen:error=EADDRINUSE", 1),
    ] {
        fails(&echo(), inject, code);
    }
    let unix = serve("unix-stream").at(&path);
    for (inject, code) in [("flock:error=EAGAIN", 1), ("bind:error=EROFS", 1)] {
        fails(&unix, inject, code);
    }
    assert_eq!(
        std::fs::read_dir(place.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn a_connect_that_is_refused_has_a_cause_and_a_way_out() {
    if !needs_program("strace") {
        return;
    }
    // strace answers in the kernel's place, so nothing is ever reached there.
    let client = connect().arg("127.0.0.1:35555");
    for errno in [
        "ECONNREFUSED",
        "ETIMEDOUT",
        "ENETUNREACH",
        "EADDRNOTAVAIL",
        "EACCES",
        "EHOSTUNREACH",
    ] {
        let failed = fails(&client, &format!("connect:error={errno}"), 1);
        assert!(
            failed.err.contains("connect 127.0.0.1:35555: "),
            "{}",
            failed.err
        );
    }
}

#[test]
fn an_interrupted_connect_goes_on() {
    if !needs_program("strace") {
        return;
    }
    let server = echo().start();
    let client = connect().arg(server.address());
    let told = with("connect:error=EINTR:when=1..3", &client).pipes("hi");
    assert_eq!((told.code, &told.out[..]), (0, &b"hi"[..]), "{}", told.err);
    server.stop_in_order();
}

#[test]
fn a_signal_while_it_starts_is_not_lost() {
    // It is pending before the first instruction: a blocked signal survives execve(2).
    let early = "import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
os.kill(os.getpid(), int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])";
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let number = (signal as i32).to_string();
        let server = echo().through(&["python3", "-c", early, &number]);
        let stopped = server.spawn().finishes();
        assert_eq!(stopped.code, 0, "{signal}: {}", stopped.err);
        assert!(contains(&stopped.out, b"\"stopped\"").is_some());
    }
}

#[test]
fn stopped_and_continued_it_goes_on_where_it_was() {
    let server = echo().start();
    let client = server.say(b"before");
    client.hears(b"before");
    server.signal(Signal::SIGSTOP);
    let pid = Id::Pid(nix::unistd::Pid::from_raw(server.pid()));
    waitid(pid, WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT).expect("our own child");
    client.say(b"meanwhile");
    server.signal(Signal::SIGCONT);
    client.hears(b"meanwhile").half_closes().hears_the_end();
    server.stop_in_order();
}

#[test]
fn passed_descriptors_do_not_stay_with_us() {
    let place = place();
    let server = serve("unix-datagram").at(place.path().join("s")).start();
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .count()
    };
    // What it serves with is there when it has served.
    server.say(b"hi").hears(b"hi");
    let before = open();
    let heard = python(
        "c = socket.socket(1, 2); c.bind(sys.argv[1] + '.client')
for n in (1, 20, 253):
    c.sendmsg([b'hi'], [(1, socket.SCM_RIGHTS, array.array('i', [0] * n))], 0, sys.argv[1])
    print(c.recv(9))",
    )
    .arg(server.address())
    .prints();
    assert_eq!(heard, ["b'hi'"; 3].join("\n"));
    assert_eq!(open(), before);
    server.stop_in_order();
}

#[test]
fn an_abstract_name_is_for_its_own_user_and_root() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root, to be somebody else");
        return;
    }
    let name = format!("sockplay-test-uid-{}", std::process::id());
    let talk = "if sys.argv[2] != '0': os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
c = socket.socket(1, 1); c.connect('\\0' + sys.argv[1])
try: c.send(b'hi'); print(c.recv(9))
except OSError as e: print(errno.errorcode[e.errno])";
    let says = |server: &Running, uid: u32| {
        let name = server.address().trim_start_matches('@');
        python(talk).arg(name).arg(uid).prints()
    };
    let own = serve("unix-abstract").set(format!("address.path=\"@{name}\""));
    let server = own.start();
    let refused = says(&server, 65_534);
    assert!(["ECONNRESET", "EPIPE"].contains(&&*refused), "{refused}");
    assert_eq!(says(&server, 0), "b'hi'");
    let stopped = server.stop_in_order();
    assert_eq!(stopped.count("failed"), 1);
    assert!(
        stopped.reasons("closed")[0].contains("uid 65534 is not allowed"),
        "{}",
        stopped.log
    );
    // Root may connect to anybody's, and so may its own user; a third one may not.
    let drop_to = "import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.execv(sys.argv[1], sys.argv[1:])";
    let server = own.through(&["python3", "-c", drop_to]).start();
    assert_eq!(says(&server, 0), "b'hi'");
    assert_eq!(says(&server, 65_534), "b'hi'");
    let refused = says(&server, 65_533);
    assert!(["ECONNRESET", "EPIPE"].contains(&&*refused), "{refused}");
    server.stop_in_order();
}

#[test]
fn a_kernel_that_makes_no_ring_is_refused_before_anybody_is_told() {
    if !needs_program("strace") {
        return;
    }
    // What the sysctl says is found out too, and here it allows io_uring.
    for (errno, cause) in [
        ("EPERM", "a filter forbids it"),
        ("ENOSYS", "a filter hides it"),
        ("EINVAL", "IORING_SETUP_DEFER_TASKRUN 6.1"),
        ("ENOMEM", "no memory for the rings"),
    ] {
        let serve = Sockplay::new("serve").arg("-c").arg("tcp4-uring");
        let serve = with(&format!("io_uring_setup:error={errno}"), &serve.any_port());
        let ended = serve.spawn().finishes();
        assert_eq!(ended.code, 4, "{}", ended.err);
        assert!(contains(&ended.out, b"listening").is_none(), "{errno}");
        let says = "io_uring_setup engine \"uring\": ";
        for part in [says, errno, cause, "help: engine = \"epoll\""] {
            assert!(ended.err.contains(part), "no {part:?} in {}", ended.err);
        }
    }
}
