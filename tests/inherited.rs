//! Sockets that somebody else opened: right ones are served, wrong ones are named with both sides.

mod common;

use common::{Finished, Sockplay, place, python, serve};

/// A parent that leaves `s` at number 3 and becomes us.
fn parent(opens: &str) -> String {
    format!(
        "import os, socket, sys
{opens}
os.dup2(s.fileno(), 3) if s.fileno() != 3 else os.set_inheritable(3, True)
os.execv(sys.argv[1], sys.argv[1:])"
    )
}

const LISTENER: &str = "s = socket.create_server(('127.0.0.1', 0))";

fn with(opens: &str, server: &Sockplay) -> Sockplay {
    server.clone().through(&["python3", "-c", &parent(opens)])
}

fn fd3() -> Sockplay {
    serve("systemd").set("socket.fd=3")
}

fn refuses(opens: &str, server: &Sockplay, parts: &[&str]) -> Finished {
    let refused = with(opens, server).finishes();
    assert_eq!(refused.code, 1, "{opens}: {}", refused.err);
    assert!(!refused.text().contains("listening"), "{}", refused.text());
    for part in parts {
        assert!(
            refused.err.contains(part),
            "{part} is not in: {}",
            refused.err
        );
    }
    refused
}

#[test]
fn a_listener() {
    let server = with(LISTENER, &fd3()).start();
    server.say(b"hi").hears(b"hi").half_closes().hears_the_end();
    server.say(b"again").hears(b"again");
    server.stop_in_order();
}

#[test]
fn a_listener_that_does_not_block() {
    let opens = format!("{LISTENER}; s.setblocking(False)");
    let server = with(&opens, &fd3()).start();
    server.say(b"hi").hears(b"hi").half_closes().hears_the_end();
    server.stop_in_order();
}

#[test]
fn a_datagram_socket_needs_no_listen() {
    let opens = "s = socket.socket(2, 2); s.bind(('127.0.0.1', 0))";
    let place = place();
    let profile = place.path().join("datagram.toml");
    std::fs::write(
        &profile,
        "[socket]
type = \"datagram\"
fd = 3
",
    )
    .unwrap();
    let server = serve(profile.to_str().unwrap());
    let server = with(opens, &server).start();
    server.say(b"hi").hears(b"hi");
    server.stop_in_order();
}

#[test]
fn a_path_of_somebody_else_is_not_removed() {
    let place = place();
    let path = place.path().join("s");
    let opens = format!(
        "s = socket.socket(1); s.bind('{}'); s.listen()",
        path.display()
    );
    let server = with(&opens, &fd3().set("socket.family=unix")).start();
    server.say(b"hi").hears(b"hi");
    assert_eq!(server.address(), path.to_str().unwrap());
    server.stop_in_order();
    assert!(path.exists());
    assert_eq!(
        std::fs::read_dir(place.path()).unwrap().count(),
        1,
        "no lock either"
    );
}

#[test]
fn not_listening() {
    for opens in [
        "s = socket.socket(2, 1)",
        "s = socket.socket(2, 1); s.bind(('127.0.0.1', 0))",
        "l = socket.create_server(('127.0.0.1', 0)); s = socket.create_connection(l.getsockname())",
    ] {
        refuses(opens, &fd3(), &["fd 3", "SO_ACCEPTCONN", "listen"]);
    }
}

#[test]
fn another_family_type_or_protocol() {
    let unix = "a, s = socket.socketpair()";
    for (opens, is) in [
        (
            "s = socket.create_server(('::1', 0), family=10)",
            "ipv6 stream",
        ),
        ("s = socket.socket(2, 2)", "ipv4 datagram"),
        (unix, "unix stream"),
        ("a, s = socket.socketpair(1, 5)", "unix seqpacket"),
        ("s = socket.socket(2, 1, 262)", "mptcp"),
    ] {
        refuses(opens, &fd3(), &["fd 3", is, "ipv4 stream"]);
    }
}

#[test]
fn no_socket_at_all() {
    refuses("s = open('/dev/null')", &fd3(), &["fd 3", "no socket"]);
    refuses(
        "s = os.fdopen(os.pipe()[0])",
        &fd3(),
        &["fd 3", "no socket"],
    );
    // Number 3 is the next one that we open ourselves: that is not what was meant.
    for fd in ["3", "57", "2147483647"] {
        let closed = serve("systemd").set(format!("socket.fd={fd}")).finishes();
        assert_eq!(closed.code, 1, "{}", closed.err);
        assert!(closed.err.contains("EBADF"), "{fd}: {}", closed.err);
    }
}

#[test]
fn a_number_that_can_not_be() {
    for fd in ["-1", "4294967296", "\"three\""] {
        let refused = serve("systemd").set(format!("socket.fd={fd}")).finishes();
        assert_eq!(refused.code, 3, "{fd}: {}", refused.err);
    }
}

/// `systemd`, with what a parent says in the environment.
fn activated(environment: &str, profile: &Sockplay) -> Sockplay {
    let opens = format!("{LISTENER}\nme = str(os.getpid())\nos.environ.update({environment})");
    with(&opens, profile)
}

#[test]
fn a_descriptor_from_systemd() {
    let server = activated("LISTEN_FDS='1', LISTEN_PID=me", &serve("systemd")).start();
    server.say(b"hi").hears(b"hi");
    server.stop_in_order();
}

#[test]
fn a_descriptor_from_systemd_by_its_name() {
    let named = serve("systemd").set("socket.fd=\"systemd:web\"");
    // Number 3 is another's; ours is number 4.
    let two = "a = socket.create_server(('127.0.0.1', 0))
b = socket.create_server(('127.0.0.1', 0))
s = socket.socket(2, 2)
x = os.dup(b.fileno()); os.dup2(x, 4, inheritable=True)
os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='other:web')";
    let server = with(two, &named).start();
    server.say(b"hi").hears(b"hi");
    server.stop_in_order();

    let environment = "LISTEN_FDS='1', LISTEN_PID=me, LISTEN_FDNAMES='api'";
    let refused = activated(environment, &named).finishes();
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(
        refused.err.contains("\"web\"") && refused.err.contains("api"),
        "{}",
        refused.err
    );
}

#[test]
fn an_environment_that_is_wrong() {
    for environment in [
        "",
        "LISTEN_PID=me",
        "LISTEN_FDS='1'",
        "LISTEN_FDS='0', LISTEN_PID=me",
        "LISTEN_FDS='', LISTEN_PID=me",
        "LISTEN_FDS='-1', LISTEN_PID=me",
        "LISTEN_FDS='x', LISTEN_PID=me",
        "LISTEN_FDS='99999999999999999999', LISTEN_PID=me",
        "LISTEN_FDS='4294967295', LISTEN_PID=me",
        "LISTEN_FDS='2147483647', LISTEN_PID=me",
        "LISTEN_FDS='1', LISTEN_PID=''",
        "LISTEN_FDS='1', LISTEN_PID='1'",
        "LISTEN_FDS='1', LISTEN_PID='x\\x1b[31m'",
        "LISTEN_FDS='\\x1b[31m', LISTEN_PID=me",
    ] {
        let refused = activated(environment, &serve("systemd")).finishes();
        assert_eq!(refused.code, 1, "{environment}: {}", refused.err);
        assert!(
            refused.err.contains("systemd"),
            "{environment}: {}",
            refused.err
        );
        assert!(
            !refused.err.contains('\u{1b}'),
            "{environment}: {:?}",
            refused.err
        );
    }
}

#[test]
fn the_first_of_several_that_were_announced() {
    let two = format!(
        "{LISTENER}
os.dup2(s.fileno(), 9); s = socket.socket(fileno=9)
os.dup2(0, 4)
os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()))"
    );
    let server = with(&two, &serve("systemd")).start();
    server.say(b"hi").hears(b"hi");
    server.stop_in_order();
}

#[test]
fn more_than_there_are() {
    let refused = activated("LISTEN_FDS='1000', LISTEN_PID=me", &serve("systemd")).finishes();
    assert_eq!(refused.code, 1, "{}", refused.err);
    let why = "LISTEN_FDS cannot be read: Bad file descriptor";
    assert!(refused.err.contains(why), "{}", refused.err);
}

#[test]
fn our_children_do_not_inherit_it() {
    // FD_CLOEXEC, as /proc tells it: flags is octal, O_CLOEXEC is 02000000.
    let server = with(LISTENER, &fd3()).start();
    let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/3", server.pid())).unwrap();
    let flags = info.lines().find_map(|l| l.strip_prefix("flags:")).unwrap();
    let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
    assert_ne!(flags & 0o2_000_000, 0, "{info}");
    server.stop_in_order();
}

/// A parent that keeps its socket: it starts a server on it, stops it, and uses the socket itself.
fn after_the_server(opens: &str, ty: &str, uses: &str) -> String {
    let place = place();
    let profile = place.path().join("inherited.toml");
    std::fs::write(&profile, format!("[socket]\ntype = \"{ty}\"\nfd = 3\n")).unwrap();
    let script = format!(
        "import fcntl, subprocess
{opens}
before = fcntl.fcntl(s, fcntl.F_GETFL)
args = [sys.argv[1], 'serve', '-c', sys.argv[2], '--set', f'socket.fd={{s.fileno()}}']
p = subprocess.Popen(args, pass_fds=[s.fileno()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
print(p.stdout.readline().decode().split(' on ')[0])
p.terminate()
print(p.wait(), fcntl.fcntl(s, fcntl.F_GETFL) == before)
{uses}"
    );
    python(&script)
        .arg(env!("CARGO_BIN_EXE_sockplay"))
        .arg(profile.display())
        .prints()
}

#[test]
fn its_owner_goes_on_with_a_listener() {
    let uses =
        "c = socket.create_connection(s.getsockname()); print(s.accept()[1] == c.getsockname())";
    for opens in [
        LISTENER.to_owned(),
        format!("{LISTENER}; s.setblocking(False)"),
    ] {
        let uses = format!("s.settimeout(20)\n{uses}");
        let said = after_the_server(&opens, "stream", &uses);
        assert_eq!(said, "listening\n0 True\nTrue", "{opens}");
    }
}

#[test]
fn its_owner_goes_on_with_a_datagram_socket() {
    let opens = "s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); s.setblocking(True)";
    // A receive that shutdown(2) has ended would answer at once, with nothing.
    let uses = "import select
print(select.select([s], [], [], 0)[0])
c = socket.socket(2, 2); c.sendto(b'hi', s.getsockname()); print(s.recv(9))";
    let said = after_the_server(opens, "datagram", uses);
    assert_eq!(said, "listening\n0 True\n[]\nb'hi'");
}
