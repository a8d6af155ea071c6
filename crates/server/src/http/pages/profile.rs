use askama::Template;
use sekisho_mail::when;
use sekisho_model::Locale;
use sekisho_provider::rules::sign_up::NameRefusal;

use super::{AccountFrame, Fault, Notice, Page, Stamp};

/// `/account/profile`: name, language and time zone (ux 7.1).
#[derive(Debug, Template)]
#[template(path = "profile.html")]
pub struct ProfilePage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// The name as it is, or as it was typed.
    pub name: String,
    /// The language of pages and mails.
    pub language: Locale,
    /// The zone of their dates (IANA name).
    pub zone: String,
    /// What was wrong.
    pub problem: Option<ProfileProblem>,
}

/// Why a profile was not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileProblem {
    /// The name.
    Name(NameRefusal),
    /// There is no such zone.
    Zone,
    /// It was changed elsewhere meanwhile.
    Late,
}

/// The zones of one part of the world.
struct Region {
    name: &'static str,
    zones: Vec<Zone>,
}

struct Zone {
    name: &'static str,
    /// `America/Argentina/Buenos Aires`, as people read it.
    words: String,
    is_chosen: bool,
}

impl ProfilePage {
    fn fault(&self, field: &str) -> Option<Fault> {
        let (at, key) = match self.problem? {
            ProfileProblem::Name(NameRefusal::Long) => ("name", "profile-name-long"),
            ProfileProblem::Name(NameRefusal::Character) => ("name", "register-name-character"),
            ProfileProblem::Zone => ("zone", "profile-zone-unknown"),
            ProfileProblem::Late => return None,
        };
        (at == field).then(|| Fault {
            field: at,
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let notice = |key| Notice::new(Stamp::Stop, self.page.t(key));
        let fault = self.fault("name").or_else(|| self.fault("zone"));
        match (self.problem?, fault) {
            (_, Some(fault)) => Some(notice("check-input").about(fault)),
            (_, None) => Some(notice("profile-late")),
        }
    }

    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn languages(&self) -> [(Locale, &'static str); 2] {
        [(Locale::Ja, "日本語"), (Locale::En, "English")]
    }

    /// The zone as saved, if it stands in no region.
    fn other_zone(&self) -> Option<&str> {
        let offered = when::zones().any(|zone| zone == self.zone);
        (!offered && when::is_zone(&self.zone)).then_some(self.zone.as_str())
    }

    fn regions(&self) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        for name in when::zones() {
            let region = name.split('/').next().unwrap_or(name);
            let zone = Zone {
                name,
                words: name.replace('_', " "),
                is_chosen: name == self.zone,
            };
            match regions.last_mut() {
                Some(last) if last.name == region => last.zones.push(zone),
                _ => regions.push(Region {
                    name: region,
                    zones: vec![zone],
                }),
            }
        }
        regions
    }
}
