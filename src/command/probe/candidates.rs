//! What is probed: a profile for each `-c`, and for each value of each `--vary` over it.

use crate::cli::{Probe, Vary};
use crate::error::Error;
use crate::profile::{Overlay, Profile};
use crate::socket::Given;

use super::super::setup;

/// More would not fit on a screen, nor would their pairs be side by side.
const MOST: usize = 16;

/// One profile under one name.
#[derive(Debug)]
pub(super) struct Candidate {
    /// What it is called beside the others.
    pub(super) label: String,
    pub(super) profile: Profile,
    /// Whether every round trip is kept.
    pub(super) samples: Asked,
    /// Whether what is to be sent was said: then it is sent, and a server that is not ours is not examined before.
    pub(super) load: Asked,
}

/// Whether somebody asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Yes,
    No,
}

/// Every combination, in the order of the command line.
pub(super) fn all(args: &Probe, given: Option<&Given>) -> Result<Vec<Candidate>, Error> {
    let base = [args.common.overlays(), args.load.overlays()].concat();
    let configs: Vec<Option<&str>> = match args.config.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let variations = variations(&args.vary);
    let count = configs.len() * variations.len();
    if count > MOST {
        return Err(Error::Usage(format!(
            "{count} profiles are to be compared; {MOST} are possible"
        )));
    }
    let mut candidates = Vec::with_capacity(count);
    for config in &configs {
        for variation in &variations {
            let overlays = [base.clone(), variation.clone()].concat();
            let mut profile = setup::profile(*config, &overlays, given, setup::Start::Address)?;
            if args.load.sockperf {
                setup::speak_sockperf(&mut profile);
            }
            let label = label(&profile, configs.len(), variation);
            let load = if args.load.sockperf {
                Asked::Yes
            } else {
                asked(&profile)
            };
            let samples = match args.samples {
                Some(_) => Asked::Yes,
                None => Asked::No,
            };
            candidates.push(Candidate {
                label,
                profile,
                samples,
                load,
            });
        }
    }
    tell_apart(&mut candidates);
    Ok(candidates)
}

/// One list of overlays per combination; one empty list if nothing varies.
fn variations(vary: &[Vary]) -> Vec<Vec<Overlay>> {
    vary.iter().fold(vec![Vec::new()], |before, vary| {
        let with = |overlays: &Vec<Overlay>| {
            let overlays = overlays.clone();
            vary.values.iter().map(move |value| {
                let more = Overlay::flag("--vary", &vary.key, value);
                [overlays.clone(), vec![more]].concat()
            })
        };
        before.iter().flat_map(with).collect()
    })
}

/// `tcp4-nagle`, `engine=epoll`, or both.
fn label(profile: &Profile, configs: usize, variation: &[Overlay]) -> String {
    let name = profile.name.strip_prefix("built-in ");
    let name = name.unwrap_or(&profile.name).to_owned();
    let varied = variation.iter().map(|overlay| {
        let (key, value) = overlay.text.split_once('=').unwrap_or((&overlay.text, ""));
        let key = key.rsplit('.').next().unwrap_or(key);
        format!("{key}={value}")
    });
    let varied = varied.collect::<Vec<_>>().join(" ");
    let label = match (configs, varied.as_str()) {
        (_, "") => name,
        (1, _) => varied,
        _ => format!("{name} {varied}"),
    };
    crate::escape::text(&label)
}

fn asked(profile: &Profile) -> Asked {
    let probe = &profile.probe;
    let any = probe.count.is_set()
        || probe.duration.is_some()
        || probe.connections.is_set()
        || probe.size.is_set()
        || probe.pipeline.is_set()
        || probe.rate.is_some()
        || probe.warmup.is_set()
        || probe.writes.is_set();
    if any { Asked::Yes } else { Asked::No }
}

/// The same profile twice is a comparison with itself, and a good one: it shows what chance does.
fn tell_apart(candidates: &mut [Candidate]) {
    for i in 0..candidates.len() {
        let (before, this) = candidates.split_at_mut(i);
        let this = &mut this[0];
        let same = |other: &&Candidate| {
            other.label == this.label || other.label.starts_with(&format!("{} #", this.label))
        };
        match before.iter().filter(same).count() {
            0 => {}
            n => this.label = format!("{} #{}", this.label, n + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vary(key: &str, values: &[&str]) -> Vary {
        Vary {
            key: key.into(),
            values: values.iter().map(|&v| v.to_owned()).collect(),
        }
    }

    #[test]
    fn every_value_meets_every_other() {
        assert_eq!(variations(&[]), [Vec::new()]);
        let all = variations(&[vary("a", &["1", "2"]), vary("b", &["x", "y", "z"])]);
        let said: Vec<String> = all
            .iter()
            .map(|overlays| {
                let texts = overlays.iter().map(|o| o.text.as_str());
                texts.collect::<Vec<_>>().join(" ")
            })
            .collect();
        let expected = [
            "a=1 b=x", "a=1 b=y", "a=1 b=z", "a=2 b=x", "a=2 b=y", "a=2 b=z",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn the_same_twice_has_two_names() {
        let profile = || crate::profile::load(Some("tcp4"), &[]).unwrap();
        let candidate = || Candidate {
            label: label(&profile(), 1, &[]),
            profile: profile(),
            samples: Asked::No,
            load: Asked::No,
        };
        let mut all = [candidate(), candidate(), candidate()];
        tell_apart(&mut all);
        assert_eq!(all.map(|c| c.label), ["tcp4", "tcp4 #2", "tcp4 #3"]);
    }
}
