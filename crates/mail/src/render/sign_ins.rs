//! Words about sign-ins, one or several in a letter.

use std::net::IpAddr;

use super::{Row, View, harmless, is_web};
use crate::{AlsoSignedIn, Letter, Proof, SignIn, when};

/// Wrong passwords before a sign-in that are worth a sentence (TD-07).
const WORTH_TELLING: u32 = 3;
/// Further sign-ins that are listed: the newest.
const LISTED: usize = 10;

pub(super) const fn alert_subject(sign_in: &SignIn) -> &'static str {
    if sign_in.more.is_empty() {
        "alert-subject"
    } else {
        "alert-subject-many"
    }
}

pub(super) const fn new_device_subject(sign_in: &SignIn) -> &'static str {
    if sign_in.more.is_empty() {
        "new-device-subject"
    } else {
        "new-device-subject-many"
    }
}

impl View {
    pub(super) fn sign_in(
        &mut self,
        letter: &Letter,
        sign_in: &SignIn,
    ) -> Result<(), askama::Error> {
        let result = match sign_in.proof {
            Proof::PasswordAndCode => "result-password-and-code",
            Proof::PasswordAndPasskey => "result-password-and-passkey",
            Proof::PasswordInTrustedBrowser => "result-trusted-browser",
            Proof::Password => "result-password",
        };
        self.when(letter, sign_in.at)?;
        self.row("label-result", self.say(result)?)?;
        self.source(letter.locale, &sign_in.device, &sign_in.ip)?;
        if let Some(app) = sign_in.app.as_deref().and_then(harmless) {
            self.row("label-app", app)?;
        }
        self.name(sign_in.name.as_deref());
        self.failures = sign_in.failures_before >= WORTH_TELLING;
        self.put("failures", sign_in.failures_before.to_string());
        self.put("device", sign_in.device.words(letter.locale));
        self.not_me = sign_in.not_me.clone().filter(|link| is_web(link));
        self.further(letter, sign_in)
    }

    fn further(&mut self, letter: &Letter, sign_in: &SignIn) -> Result<(), askama::Error> {
        let more = &sign_in.more;
        self.put("more", more.len().to_string());
        self.put("all", more.len().saturating_add(1).to_string());
        self.also_lead = match (sign_in.and_others, more.len()) {
            (true, _) => "also-at-least",
            (false, 1) => "also-one",
            (false, _) => "also-more",
        };
        let listed = more.get(more.len().saturating_sub(LISTED)..);
        for one in listed.unwrap_or(more) {
            let row = self.also_row(letter, one)?;
            self.also.push(row);
        }
        Ok(())
    }

    fn also_row(&self, letter: &Letter, one: &AlsoSignedIn) -> Result<Row, askama::Error> {
        let mut parts = vec![one.device.words(letter.locale)];
        if let Ok(ip) = one.ip.parse::<IpAddr>() {
            let place = one.place.as_deref().and_then(harmless);
            parts.push(self.from(&ip.to_string(), place.as_deref())?);
        }
        parts.extend(one.app.as_deref().and_then(harmless));
        Ok(Row {
            label: when::clock(one.at, &letter.zone),
            value: parts.join(" / "),
        })
    }

    /// The further sign-ins as lines of text.
    pub(super) fn also_lines(&self) -> Vec<String> {
        self.lines_of(&self.also)
    }
}
