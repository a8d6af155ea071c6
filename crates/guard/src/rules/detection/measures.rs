use std::collections::HashMap;
use std::net::IpAddr;

use sekisho_model::{Timestamp, UserId};

use super::detector::Firing;
use super::rule::{Act, Mode};
use super::subject::Subject;

/// Measures a node remembers.
const MOST: usize = 20_000;

/// What rules do that lies on no other list: who is slowed, and who is asked for the code. Each node finds
/// the same from the same events.
#[derive(Debug, Default, Clone)]
pub struct Measures {
    slowed: HashMap<Subject, Timestamp>,
    asked: HashMap<Subject, Timestamp>,
}

impl Measures {
    /// Takes a firing; what only watches does nothing.
    pub fn take(&mut self, firing: &Firing) {
        if firing.mode != Mode::On {
            return;
        }
        let list = match firing.action {
            Act::Slow => &mut self.slowed,
            Act::RequireCode => &mut self.asked,
            _ => return,
        };
        list.retain(|_, until| firing.at < *until);
        if list.len() < MOST {
            list.insert(firing.subject.clone(), firing.until);
        }
    }

    /// Whether strangers from there may only try a few times a minute.
    pub fn slows(&self, ip: &str, now: Timestamp) -> bool {
        from_there(&self.slowed, ip, now)
    }

    /// Whether who comes from there, or this account, is asked for the code.
    pub fn asks_code(&self, ip: &str, user: UserId, now: Timestamp) -> bool {
        let holds = |subject| self.asked.get(&subject).is_some_and(|until| now < *until);
        !self.asked.is_empty()
            && (holds(Subject::Everywhere)
                || holds(Subject::Account(user))
                || from_there(&self.asked, ip, now))
    }
}

fn from_there(list: &HashMap<Subject, Timestamp>, ip: &str, now: Timestamp) -> bool {
    if list.is_empty() {
        return false;
    }
    let Ok(ip) = ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) else {
        return false;
    };
    let lengths: &[u8] = if ip.is_ipv4() { &[32, 24] } else { &[64, 48] };
    let mut nets = lengths
        .iter()
        .filter_map(|bits| ipnet::IpNet::new(ip, *bits).ok());
    nets.any(|net| {
        let until = list.get(&Subject::Source(net.trunc()));
        until.is_some_and(|until| now < *until)
    })
}
