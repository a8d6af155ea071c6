use std::net::IpAddr;

use askama::Template;
use sekisho_model::{Locale, Timestamp};

use crate::words::Words;
use crate::{
    ChangedHow, Device, Letter, LetterBody, MailError, RecoveryNews, harmless, tally, when,
};

mod accesses;
mod addresses;
mod alerts;
mod headings;
mod links;
mod news;
mod second_steps;
mod sign_ins;

/// A letter in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject; with the code only where the operator wants it there.
    pub subject: String,
    /// The text part, complete alone.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

macro_rules! templates {
    ($($kind:ident $text:literal $html:literal)+) => {
        mod text {
            $(#[derive(askama::Template)]
            #[template(path = $text)]
            pub(super) struct $kind<'a>(pub(super) &'a super::View);)+
        }
        mod html {
            $(#[derive(askama::Template)]
            #[template(path = $html)]
            pub(super) struct $kind<'a>(pub(super) &'a super::View);)+
        }
    };
}

templates! {
    SignInCode "sign_in_code/body.txt" "sign_in_code/body.html"
    SignInAlert "sign_in_alert/body.txt" "sign_in_alert/body.html"
    NewDevice "new_device/body.txt" "new_device/body.html"
    PasswordKnown "password_known/body.txt" "password_known/body.html"
    ResetLink "reset_link/body.txt" "reset_link/body.html"
    LetInLink "let_in_link/body.txt" "let_in_link/body.html"
    PasswordChanged "password_changed/body.txt" "password_changed/body.html"
    RecoveryNotice "recovery_notice/body.txt" "recovery_notice/body.html"
    AddressCode "address_code/body.txt" "address_code/body.html"
    AddressTaken "address_taken/body.txt" "address_taken/body.html"
    AddressChanged "address_changed/body.txt" "address_changed/body.html"
    IncidentNotice "incident_notice/body.txt" "incident_notice/body.html"
    OperatorAlert "operator_alert/body.txt" "operator_alert/body.html"
    Test "test/body.txt" "test/body.html"
}

/// Writes a letter in its language.
pub fn render(letter: &Letter) -> Result<Rendered, MailError> {
    write(letter)
        .map_err(|failed| MailError::Permanent(format!("the letter cannot be written: {failed}")))
}

fn write(letter: &Letter) -> Result<Rendered, askama::Error> {
    let view = View::of(letter)?;
    let v = &view;
    let (subject, text, html) = match &letter.body {
        LetterBody::SignInCode { .. } => (
            "code-subject",
            text::SignInCode(v).render()?,
            html::SignInCode(v).render()?,
        ),
        LetterBody::SignInAlert(sign_in) => (
            sign_ins::alert_subject(sign_in),
            text::SignInAlert(v).render()?,
            html::SignInAlert(v).render()?,
        ),
        LetterBody::NewDevice(sign_in) => (
            sign_ins::new_device_subject(sign_in),
            text::NewDevice(v).render()?,
            html::NewDevice(v).render()?,
        ),
        LetterBody::PasswordKnown { .. } => (
            "password-known-subject",
            text::PasswordKnown(v).render()?,
            html::PasswordKnown(v).render()?,
        ),
        LetterBody::ResetLink { .. } | LetterBody::LetInLink { .. } => {
            links::written(&letter.body, v)?
        }
        LetterBody::PasswordChanged { .. } => (
            "changed-subject",
            text::PasswordChanged(v).render()?,
            html::PasswordChanged(v).render()?,
        ),
        LetterBody::RecoveryNotice { what, .. } => (
            subject_of(*what),
            text::RecoveryNotice(v).render()?,
            html::RecoveryNotice(v).render()?,
        ),
        LetterBody::AddressCode { .. }
        | LetterBody::AddressTaken { .. }
        | LetterBody::AddressChanged { .. } => addresses::written(&letter.body, v)?,
        LetterBody::IncidentNotice { .. } => (
            "incident-subject",
            text::IncidentNotice(v).render()?,
            html::IncidentNotice(v).render()?,
        ),
        LetterBody::OperatorAlert { .. } => alerts::written(v)?,
        LetterBody::Test => (
            "test-subject",
            text::Test(v).render()?,
            html::Test(v).render()?,
        ),
    };
    Ok(Rendered {
        subject: view.say(shown_as(subject, letter.sender.code_in_subject))?,
        text,
        html,
    })
}

/// The key of the subject, as the operator wants it (OTP-19).
fn shown_as(subject: &'static str, with_code: bool) -> &'static str {
    match (subject, with_code) {
        ("code-subject", true) => "code-subject-open",
        ("address-code-subject", true) => "address-code-subject-open",
        (subject, _) => subject,
    }
}

/// What every template sees: the texts with this letter's values, and what varies in shape.
struct View {
    words: Words,
    service: String,
    lang: &'static str,
    rows: Vec<Row>,
    named: bool,
    /// Nothing is left that could be done about it.
    over: bool,
    failures: bool,
    /// Sign-ins after the one of the details.
    also: Vec<Row>,
    /// How many those are.
    also_lead: &'static str,
    place: Option<String>,
    not_me: Option<String>,
    link: Option<String>,
    lead: &'static str,
    title: &'static str,
}

/// A line of the details.
struct Row {
    label: String,
    value: String,
}

impl View {
    fn of(letter: &Letter) -> Result<Self, askama::Error> {
        let mut view = Self {
            words: Words::of(letter.locale)
                .with("service", &letter.sender.service)
                .with("host", &letter.sender.host)
                .with("to", &letter.to),
            service: letter.sender.service.clone(),
            lang: letter.locale.tag(),
            rows: Vec::new(),
            named: false,
            over: false,
            failures: false,
            also: Vec::new(),
            also_lead: "also-more",
            place: letter.place.as_deref().and_then(harmless),
            not_me: None,
            link: None,
            lead: "",
            title: "",
        };
        match &letter.body {
            LetterBody::SignInCode { device, ip, .. } => {
                view.code(letter);
                view.source(letter.locale, device, ip)?;
            }
            LetterBody::SignInAlert(sign_in) | LetterBody::NewDevice(sign_in) => {
                view.sign_in(letter, sign_in)?;
            }
            LetterBody::PasswordKnown { at, device, ip } => {
                view.when(letter, *at)?;
                view.source(letter.locale, device, ip)?;
            }
            LetterBody::ResetLink { .. } | LetterBody::PasswordChanged { .. } => {
                view.recovery(letter)?;
            }
            LetterBody::LetInLink { .. } => view.let_in(letter)?,
            LetterBody::RecoveryNotice {
                apps, again, taken, ..
            } => {
                view.recovery(letter)?;
                view.taken(taken)?;
                view.about(apps, *again)?;
            }
            LetterBody::AddressCode { .. }
            | LetterBody::AddressTaken { .. }
            | LetterBody::AddressChanged { .. } => {
                view.addresses(letter)?;
            }
            LetterBody::IncidentNotice { .. } => view.incident(letter)?,
            LetterBody::OperatorAlert {
                topic,
                count,
                lines,
            } => view.operator_alert(letter, *topic, (*count, lines))?,
            LetterBody::Test => {}
        }
        Ok(view)
    }

    fn code(&mut self, letter: &Letter) {
        let LetterBody::SignInCode {
            code,
            tally_word,
            tally_number,
            app,
            expires_at,
            account_mask,
            ..
        } = &letter.body
        else {
            return;
        };
        let (zone, locale) = (&letter.zone, letter.locale);
        let app = app.as_deref().and_then(harmless);
        self.put("app", app.unwrap_or_else(|| letter.sender.service.clone()));
        self.put("code", code);
        self.put("tally", tally::words(*tally_word, *tally_number, locale));
        self.put("until", when::clock(*expires_at, zone));
        self.put("zone", when::zone_name(*expires_at, zone, locale));
        self.put("mask", account_mask);
    }

    fn recovery(&mut self, letter: &Letter) -> Result<(), askama::Error> {
        let (at, device, ip) = match &letter.body {
            LetterBody::ResetLink {
                link,
                by_operator,
                minutes,
                at,
                ip,
                ..
            } => {
                self.link = Some(link.clone()).filter(|link| is_web(link));
                self.lead = if *by_operator {
                    "reset-lead-operator"
                } else {
                    "reset-lead"
                };
                self.put("minutes", minutes.to_string());
                (at, None, ip)
            }
            LetterBody::PasswordChanged {
                how,
                at,
                device,
                ip,
                not_me,
                name,
            } => {
                self.name(name.as_deref());
                self.not_me = not_me.clone().filter(|link| is_web(link));
                let word = match how {
                    ChangedHow::ResetLink => "changed-how-link",
                    ChangedHow::Forced => "changed-how-asked",
                    ChangedHow::Own { .. } => "changed-how-own",
                };
                self.lead = changed_lead(*how);
                self.row("label-how", self.say(word)?)?;
                (at, Some(device), ip)
            }
            LetterBody::RecoveryNotice {
                what,
                at,
                device,
                ip,
                link,
                not_me,
                ..
            } => {
                self.news(letter, *what);
                self.not_me = not_me.clone().filter(|link| is_web(link));
                self.link = link.clone().filter(|link| is_web(link));
                (at, Some(device), ip)
            }
            _ => return Ok(()),
        };
        self.when(letter, *at)?;
        match device {
            Some(device) if !ip.is_empty() => self.source(letter.locale, device, ip),
            Some(_) | None => self.address(ip),
        }
    }

    fn incident(&mut self, letter: &Letter) -> Result<(), askama::Error> {
        let LetterBody::IncidentNotice {
            happened_at,
            facts,
            name,
        } = &letter.body
        else {
            return Ok(());
        };
        let day = when::day(*happened_at, &letter.zone, letter.locale);
        self.put("day", day);
        self.put("summary", &facts.summary);
        self.put("contact", &facts.contact);
        self.put("hours", &facts.hours);
        self.name(name.as_deref());
        for (label, value) in [
            ("label-what", &facts.what),
            ("label-items", &facts.items),
            ("label-cause", &facts.cause),
            ("label-harm", &facts.harm),
            ("label-done", &facts.done),
        ] {
            self.row(label, value.clone())?;
        }
        Ok(())
    }

    fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name.and_then(harmless) {
            self.put("name", name);
            self.named = true;
        }
    }

    fn leaving(&mut self, letter: &Letter, at: Timestamp, lead: &'static str) -> &'static str {
        let until = when::date_time_zone(at, &letter.zone, letter.locale);
        self.put("until", until);
        lead
    }

    fn when(&mut self, letter: &Letter, at: Timestamp) -> Result<(), askama::Error> {
        let when = when::date_time_zone(at, &letter.zone, letter.locale);
        self.row("label-when", when)
    }

    fn source(&mut self, locale: Locale, device: &Device, ip: &str) -> Result<(), askama::Error> {
        self.row("label-device", device.words(locale))?;
        self.address(ip)
    }

    fn address(&mut self, ip: &str) -> Result<(), askama::Error> {
        match ip.parse::<IpAddr>() {
            Ok(ip) => {
                let from = self.from(&ip.to_string(), self.place.as_deref())?;
                self.row("label-from", from)
            }
            Err(_not_an_address) => Ok(()),
        }
    }

    /// A source address with about where it is, if that is known.
    fn from(&self, ip: &str, place: Option<&str>) -> Result<String, askama::Error> {
        let Some(place) = place else {
            return Ok(ip.to_owned());
        };
        let words = Words::of(self.words.locale());
        words.with("ip", ip).with("place", place).say("from-place")
    }

    fn row(&mut self, label: &str, value: String) -> Result<(), askama::Error> {
        let label = self.say(label)?;
        self.rows.push(Row { label, value });
        Ok(())
    }

    fn put(&mut self, name: &'static str, value: impl Into<String>) {
        self.words.put(name, value);
    }

    fn say(&self, key: &str) -> Result<String, askama::Error> {
        self.words.say(key)
    }

    /// The details as lines of text.
    fn lines(&self) -> Vec<String> {
        self.lines_of(&self.rows)
    }

    /// Rows as lines of text, labels filled up to the same width.
    fn lines_of(&self, rows: &[Row]) -> Vec<String> {
        let length = |row: &Row| row.label.chars().count();
        let width = rows.iter().map(length).max().unwrap_or_default();
        let line = |row: &Row| {
            let missing = width - length(row);
            if self.lang == Locale::Ja.tag() {
                format!("{}{}：{}", row.label, "\u{3000}".repeat(missing), row.value)
            } else {
                format!("{}:{} {}", row.label, " ".repeat(missing), row.value)
            }
        };
        rows.iter().map(line).collect()
    }
}

const fn changed_lead(how: ChangedHow) -> &'static str {
    match how {
        ChangedHow::Own { others_stay: true } => "changed-lead-stay",
        ChangedHow::Own { .. } | ChangedHow::ResetLink | ChangedHow::Forced => "changed-lead",
    }
}

const fn subject_of(what: RecoveryNews) -> &'static str {
    match what {
        RecoveryNews::CodeUsed { .. } => "recovery-used-subject",
        RecoveryNews::CodesMade => "recovery-made-subject",
        RecoveryNews::Waiting { .. } => "recovery-waiting-subject",
        RecoveryNews::ResetStarted => "recovery-started-subject",
        RecoveryNews::CodeAddressSet => "recovery-address-subject",
        RecoveryNews::AddressUndone => "recovery-undone-subject",
        RecoveryNews::SignInDenied | RecoveryNews::SignInDeniedOnly => "recovery-denied-subject",
        RecoveryNews::BrowserStolen => "browser-stolen-subject",
        RecoveryNews::DeletionAsked { .. } => "deletion-asked-subject",
        RecoveryNews::DeletionSoon { .. } => "deletion-soon-subject",
        RecoveryNews::DeletionStopped => "deletion-stopped-subject",
        RecoveryNews::DeletionDone => "deletion-done-subject",
        RecoveryNews::AddressReleased => "address-released-subject",
        RecoveryNews::AddressGiven => "address-given-subject",
        RecoveryNews::NetworksSet { .. } => "networks-set-subject",
        RecoveryNews::NetworksCleared => "networks-cleared-subject",
        RecoveryNews::OutsideNetworks => "networks-outside-subject",
        RecoveryNews::AlertsOfNewDevices | RecoveryNews::AlertsOff => "alerts-fewer-subject",
        RecoveryNews::DataTaken => "data-taken-subject",
        other => accesses::subject(other),
    }
}

/// Only what we make ourselves from the issuer comes here; a letter still never links elsewhere.
fn is_web(link: &str) -> bool {
    let harmless = |c: char| c.is_ascii_graphic() && !"\"'<>".contains(c);
    (link.starts_with("https://") || link.starts_with("http://")) && link.chars().all(harmless)
}

#[cfg(test)]
mod tests;
