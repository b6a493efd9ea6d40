//! Ladders of hand-written stories. Here is how they are written; `drawing` looks at pictures, `wire` at arrows, `later` at what
//! becomes of them.

mod drawing;
mod later;
mod wire;

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
        self.accepts_from(3, 5)
    }

    fn accepts_from(&mut self, listener: i32, made: i64) -> &mut Told {
        self.call(
            "server",
            "accept4",
            vec![
                fd(listener),
                address("127.0.0.1:50112"),
                symbol("[16]"),
                symbol("SOCK_CLOEXEC"),
            ],
            Ok(made),
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
