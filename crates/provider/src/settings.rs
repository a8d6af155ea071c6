use std::time::Duration;

use crate::rules::password_policy::PasswordPolicy;

/// What the operator decided that concerns the protocol. Made from the configuration, in one place.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer: a URL without a trailing slash (CFG-02).
    pub issuer: String,
    /// Name shown to people.
    pub service_name: String,
    /// Time zone of pages and mails for people who have set none.
    pub default_zone: String,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The mailed code.
    pub codes: CodeSettings,
    /// What is asked of new passwords.
    pub password_policy: PasswordPolicy,
    /// Domains whose mailboxes open with this same account; no code can be sent there (OTP-24).
    pub self_hosted_mail_domains: Vec<String>,
}

impl Settings {
    /// Host of the issuer, with its port if it has one: what people type.
    pub fn issuer_host(&self) -> &str {
        self.issuer
            .split_once("://")
            .map_or(self.issuer.as_str(), |(_, host)| host)
    }
}

/// How long issued things live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An authorization code; at most 60 s (AZ-14).
    pub code: Duration,
    /// An access token.
    pub access_token: Duration,
    /// An ID token.
    pub id_token: Duration,
    /// A refresh token's family, whatever happens (RT-01).
    pub refresh: Duration,
    /// A refresh token that is not used.
    pub refresh_idle: Duration,
    /// A browser session, whatever happens (SES-06).
    pub session: Duration,
    /// A browser session that is not used.
    pub session_idle: Duration,
    /// How long a trusted browser skips the code (TD-01).
    pub trusted_browser: Duration,
}

/// The mailed code.
#[derive(Debug, Clone, Copy)]
pub struct CodeSettings {
    /// Digits, 6 to 10.
    pub digits: u8,
    /// How long one code works (OTP-04).
    pub life: Duration,
    /// Until when a challenge can be finished, resends included (OTP-11).
    pub closes_after: Duration,
    /// Wrong tries a challenge takes (OTP-05).
    pub max_tries: u8,
    /// From when a new code can be asked (OTP-12).
    pub resend_after: Duration,
    /// How often a code is sent for one challenge.
    pub max_sends: u8,
    /// Whether everyone gets the code, whatever they chose.
    pub for_everyone: bool,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: Duration::from_mins(1),
            access_token: Duration::from_mins(5),
            id_token: Duration::from_hours(1),
            refresh: Duration::from_hours(30 * 24),
            refresh_idle: Duration::from_hours(14 * 24),
            session: Duration::from_hours(24),
            session_idle: Duration::from_hours(1),
            trusted_browser: Duration::from_hours(30 * 24),
        }
    }
}

impl Default for CodeSettings {
    fn default() -> Self {
        Self {
            digits: 8,
            life: Duration::from_mins(10),
            closes_after: Duration::from_mins(15),
            max_tries: 5,
            resend_after: Duration::from_mins(1),
            max_sends: 4,
            for_everyone: false,
        }
    }
}
