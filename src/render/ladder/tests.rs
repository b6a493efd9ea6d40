//! Ladders of hand-written stories.

use super::*;
use crate::event::{Arg, Record, Seen};

/// A story that is being written.
struct Told {
    moments: Vec<Moment>,
    t_ns: u64,
}

fn fd(n: i32) -> Arg {
    Arg::Fd(n)
}

fn address(brief: &str) -> Arg {
    Arg::Address {
        brief: brief.into(),
        full: String::new(),
    }
}

fn symbol(text: &str) -> Arg {
    Arg::symbol(text.to_owned())
}

fn socket() -> Vec<Arg> {
    ["AF_INET", "SOCK_STREAM|SOCK_CLOEXEC", "IPPROTO_IP"]
        .map(symbol)
        .to_vec()
}

fn bytes(n: i32, text: &str) -> Vec<Arg> {
    let data = Arg::data(text.as_bytes());
    vec![
        fd(n),
        data,
        Arg::Int(text.len() as i64),
        symbol("MSG_NOSIGNAL"),
    ]
}

impl Told {
    fn new() -> Told {
        Told {
            moments: Vec::new(),
            t_ns: 1_000_000,
        }
    }

    fn record(
        &mut self,
        task: &str,
        name: &str,
        args: Vec<Arg>,
        result: Result<i64, &str>,
    ) -> Record {
        self.t_ns += 12_000;
        Record {
            t_ns: self.t_ns,
            task: task.into(),
            name: name.into(),
            args,
            result: result.unwrap_or(-1),
            errno: result.err().map(str::to_owned),
            elapsed_ns: 3_000,
        }
    }

    fn call(
        &mut self,
        task: &str,
        name: &str,
        args: Vec<Arg>,
        result: Result<i64, &str>,
    ) -> &mut Told {
        let record = self.record(task, name, args, result);
        self.moments.push(Moment::Call(record));
        self
    }

    fn began(&mut self, id: u32, task: &str, name: &str, args: Vec<Arg>) -> &mut Told {
        self.t_ns += 12_000;
        self.moments.push(Moment::Began {
            id,
            t_ns: self.t_ns,
            task: task.into(),
            name: name.into(),
            args,
        });
        self
    }

    fn returned(
        &mut self,
        id: u32,
        task: &str,
        name: &str,
        args: Vec<Arg>,
        result: Result<i64, &str>,
        waited: u64,
    ) -> &mut Told {
        let mut record = self.record(task, name, args, result);
        record.t_ns = self.t_ns;
        record.elapsed_ns = waited;
        self.t_ns += waited;
        self.moments.push(Moment::Returned { id, record });
        self
    }

    fn note(&mut self, text: &str) -> &mut Told {
        self.moments.push(Moment::Note(text.into()));
        self
    }

    /// A listener 3 of the server and a connection: 4 at the client, 5 at the server.
    fn connected(&mut self) -> &mut Told {
        self.listening();
        self.call("client", "socket", socket(), Ok(4));
        self.call(
            "client",
            "connect",
            vec![fd(4), address("127.0.0.1:41873"), Arg::Int(16)],
            Ok(0),
        );
        self.accepts()
    }

    fn listening(&mut self) -> &mut Told {
        self.call("server", "socket", socket(), Ok(3));
        self.call(
            "server",
            "bind",
            vec![fd(3), address("127.0.0.1:0"), Arg::Int(16)],
            Ok(0),
        );
        self.call("server", "listen", vec![fd(3), Arg::Int(1)], Ok(0));
        self.call(
            "server",
            "getsockname",
            vec![fd(3), address("127.0.0.1:41873"), symbol("[16]")],
            Ok(0),
        )
    }

    fn accepts(&mut self) -> &mut Told {
        self.call(
            "server",
            "accept4",
            vec![
                fd(3),
                address("127.0.0.1:50112"),
                symbol("[16]"),
                symbol("SOCK_CLOEXEC"),
            ],
            Ok(5),
        )
    }

    fn drawn(&self, actors: &[&str]) -> Ladder {
        ladder(
            &actors.iter().map(|&a| a.to_owned()).collect::<Vec<_>>(),
            &[],
            &self.moments,
        )
    }
}

/// What a terminal shows.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn story() -> Told {
    let mut told = Told::new();
    told.note("An echo, then a server that closes with bytes unread.")
        .connected();
    told.call("client", "send", bytes(4, "Ciao!"), Ok(5));
    told.call("server", "recv", bytes(5, "Ciao!"), Ok(5));
    told.began(1, "client", "recv", vec![fd(4), Arg::Int(1024)]);
    told.moments.push(Moment::Aside {
        t_ns: told.t_ns,
        task: "server".into(),
        text: "pause 50 ms".into(),
        seen: Seen::Observed,
    });
    told.call("server", "send", bytes(5, "Ciao!"), Ok(5));
    told.returned(1, "client", "recv", bytes(4, "Ciao!"), Ok(5), 52_000_000);
    told.note("Now it forgets to read.");
    told.call(
        "client",
        "send",
        bytes(4, "a longer sentence that nobody will ever read"),
        Ok(44),
    );
    told.call("server", "close", vec![fd(5)], Ok(0));
    told.call(
        "client",
        "recv",
        vec![fd(4), symbol("NULL"), Arg::Int(1024), Arg::Int(0)],
        Err("ECONNRESET"),
    );
    told.call("client", "close", vec![fd(4)], Ok(0));
    told.call("server", "socket", socket(), Ok(5));
    told.call(
        "server",
        "bind",
        vec![fd(5), address("127.0.0.1:41873"), Arg::Int(16)],
        Err("EADDRINUSE"),
    );
    told.moments.push(Moment::Unmet {
        task: "server".into(),
        expected: "0".into(),
        came: "EADDRINUSE".into(),
    });
    told.call("server", "close", vec![fd(3)], Ok(0));
    told.call("client", "socket", socket(), Ok(4));
    told.call(
        "client",
        "connect",
        vec![fd(4), address("127.0.0.1:41873"), Arg::Int(16)],
        Err("ECONNREFUSED"),
    );
    told
}

#[test]
fn no_line_is_too_long_and_no_errno_is_lost() {
    let told = story();
    for actors in [
        vec!["server", "client"],
        vec!["client", "x", "server"],
        vec!["client"],
    ] {
        for width in 20..170 {
            for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                let shown = plain(&text(&told.drawn(&actors), width, glyphs));
                for line in shown.lines() {
                    assert!(span::columns(line) <= width, "{width}: {line}");
                }
                for errno in ["EADDRINUSE", "ECONNREFUSED", "ECONNRESET"] {
                    assert!(width < 50 || shown.contains(errno), "{width}: {shown}");
                }
            }
        }
    }
}
