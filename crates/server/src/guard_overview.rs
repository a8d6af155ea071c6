//! Blocks, as the command line and the API show them (S5).

use sekisho_mail::when;
use sekisho_model::Block;
use sekisho_provider::blocks::BlockDecided;
use serde::Serialize;

/// One block that holds.
#[derive(Serialize)]
pub(crate) struct ShownBlock {
    pub(crate) number: i64,
    pub(crate) effect: &'static str,
    pub(crate) about: String,
    pub(crate) until: Option<String>,
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) made: String,
}

impl From<&Block> for ShownBlock {
    fn from(block: &Block) -> Self {
        let told = |moment| when::rfc3339(moment, "UTC");
        Self {
            number: block.number,
            effect: block.effect.name(),
            about: block.target.to_string(),
            until: block.until.map(told),
            operator: block.operator.clone(),
            reason: block.reason.clone(),
            made: told(block.at),
        }
    }
}

/// The number of the block, or why there is none.
pub(crate) const fn decided(decided: BlockDecided) -> Result<i64, &'static str> {
    Err(match decided {
        BlockDecided::InForce(number) => return Ok(number),
        BlockDecided::Proxy => {
            "A proxy of server.trusted_proxies is in this network; everybody would be kept out."
        }
        BlockDecided::TooWide => {
            "This network is too wide (IPv4 /8, IPv6 /16 at most); use an incident level."
        }
        BlockDecided::FitsAll => {
            "This fits too many requests; name a path or at least three letters."
        }
        BlockDecided::NotThatEffect => "This can only be kept out as a whole.",
        BlockDecided::EndsBeforeItBegins => "It would end before it begins.",
        BlockDecided::BadText => "A text is missing, too long, or holds control characters.",
    })
}
