use std::time::Duration;

use ipnet::IpNet;
use sekisho_audit::lanes::Lanes;
use sekisho_guard::AdmissionSettings;
use sekisho_model::Locale;

use crate::detection::Budgets;
use crate::operator_alerts::AlertSettings;
use crate::rules::authorization_details::DetailType;
use crate::rules::password_policy::PasswordPolicy;
use crate::rules::registration::RegistrationPolicy;
use crate::rules::sign_up::SignUpMode;
use crate::rules::software_statement::SoftwareIssuer;

/// What the operator decided that concerns the protocol. Made from the configuration, in one place.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer: a URL without a trailing slash (CFG-02).
    pub issuer: String,
    /// Another origin, where apps with certificates reach their endpoints (RFC 8705 §5).
    pub mtls_origin: Option<String>,
    /// Networks that are never blocked: the proxies (S5).
    pub unblockable: Vec<IpNet>,
    /// Name shown to people.
    pub service_name: String,
    /// Whether mails show the code in their subject (OTP-19).
    pub code_in_subject: bool,
    /// Language of pages and mails for people who chose none and whose browser says none.
    pub default_locale: Locale,
    /// Time zone of pages and mails for people who have set none.
    pub default_zone: String,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The mailed code.
    pub codes: CodeSettings,
    /// What is asked of new passwords.
    pub password_policy: PasswordPolicy,
    /// Choosing a new password without the old one.
    pub resets: ResetSettings,
    /// The door before the pages that change passwords.
    pub admission: AdmissionSettings,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// What of the protocols is switched on.
    pub features: Features,
    /// Resources that every client may ask tokens for (RFC 8707).
    pub resources: Vec<String>,
    /// Types of `authorization_details` that people can be asked about (RFC 9396).
    pub detail_types: Vec<DetailType>,
    /// How long a pushed request can be begun (RO-02: 5 to 600 s).
    pub pushed_request_life: Duration,
    /// What self-registered clients may have.
    pub registration: RegistrationPolicy,
    /// Whose software statements are believed.
    pub software_issuers: Vec<SoftwareIssuer>,
    /// Domains whose mailboxes open with this same account; no code can be sent there (OTP-24).
    pub self_hosted_mail_domains: Vec<String>,
    /// How people leave.
    pub leaving: LeavingSettings,
    /// Mail domains that take only so many letters a minute (S13).
    pub mail_lanes: Lanes,
    /// Who is told of what operators should know (AU-10).
    pub alerts: AlertSettings,
    /// How much of people's data may be read (INC-10).
    pub budgets: Budgets,
}

impl Settings {
    /// Defaults for a test.
    #[cfg(test)]
    pub(crate) fn sample(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            mtls_origin: None,
            unblockable: Vec::new(),
            service_name: "Sekisho".to_owned(),
            code_in_subject: false,
            default_locale: Locale::Ja,
            default_zone: "Asia/Tokyo".to_owned(),
            lifetimes: Lifetimes::default(),
            codes: CodeSettings::default(),
            password_policy: PasswordPolicy::STANDARD,
            resets: ResetSettings::default(),
            admission: AdmissionSettings::default(),
            sign_up: SignUpMode::default(),
            features: Features::default(),
            registration: RegistrationPolicy {
                scope: sekisho_model::ScopeSet::default(),
                require_pkce: true,
                allow_token_endpoint_audience: false,
            },
            software_issuers: Vec::new(),
            resources: Vec::new(),
            detail_types: Vec::new(),
            pushed_request_life: Duration::from_mins(1),
            self_hosted_mail_domains: Vec::new(),
            leaving: LeavingSettings::default(),
            mail_lanes: Lanes::default(),
            alerts: AlertSettings::default(),
            budgets: Budgets::default(),
        }
    }

    /// Host of the issuer, with its port if it has one: what people type.
    pub fn issuer_host(&self) -> &str {
        self.issuer
            .split_once("://")
            .map_or(self.issuer.as_str(), |(_, host)| host)
    }
}

/// What of the protocols is switched on. What is off answers the standard error and is not in
/// discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Features {
    /// Pushed authorization requests (RFC 9126).
    pub pushed_requests: bool,
    /// Signed request objects by value and through a pushed request (RFC 9101).
    pub request_objects: bool,
    /// Authorization answers as signed JWTs (JARM).
    pub signed_answers: bool,
    /// Authorization answers in a form that the browser posts.
    pub form_post: bool,
    /// Tokens bound to a key by proofs of possession (RFC 9449).
    pub dpop: bool,
    /// Whether every proof must carry a nonce of this server (RFC 9449 §8): one round more at first, and no proof made in advance counts.
    pub dpop_nonce_required: bool,
    /// Client authentication by certificate, and tokens bound to it (RFC 8705). Needs a TLS listener or a proxy that hands the certificate on.
    pub mutual_tls: bool,
    /// Signing in on another device (RFC 8628).
    pub device: bool,
    /// Token exchange, for clients that have a policy for it (RFC 8693).
    pub token_exchange: bool,
    /// Introspection answers as signed JWTs (RFC 9701).
    pub signed_introspection: bool,
    /// Dynamic client registration with an initial access token (RFC 7591, RFC 7592).
    pub registration: bool,
    /// Dynamic client registration by anybody. Needs `registration`.
    pub open_registration: bool,
    /// Client ids that are addresses of metadata documents, as MCP clients use them. Needs outbound requests.
    pub client_documents: bool,
    /// Client authentication by a JWT made with the client secret; the secret is then kept sealed instead of as a digest alone.
    pub client_secret_jwt: bool,
    /// Telling apps of a sign-out, server to server.
    pub backchannel_logout: bool,
    /// Telling apps of a sign-out by frames in the browser.
    pub frontchannel_logout: bool,
    /// The frame by which apps watch the session. Browsers that block foreign cookies make it useless.
    pub session_management: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            pushed_requests: true,
            request_objects: true,
            signed_answers: true,
            form_post: true,
            dpop: true,
            dpop_nonce_required: false,
            mutual_tls: false,
            device: true,
            token_exchange: true,
            signed_introspection: true,
            registration: false,
            open_registration: false,
            client_documents: false,
            client_secret_jwt: false,
            backchannel_logout: true,
            frontchannel_logout: true,
            session_management: true,
        }
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
    /// Whether the code page follows wrong passwords too, at every level (OTP-07).
    pub uniform: bool,
    /// Whether a lost code address can be replaced after a wait (REC-04).
    pub lost_address_wait: bool,
}

/// How accounts and addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeavingSettings {
    /// How long an account can still be kept after its owner wished to leave (REC-16).
    pub delay: Duration,
    /// How long nobody can have an address that was released; at least 180 days (REC-15).
    pub quarantine: Duration,
}

impl Default for LeavingSettings {
    fn default() -> Self {
        Self {
            delay: Duration::from_hours(30 * 24),
            quarantine: Duration::from_hours(180 * 24),
        }
    }
}

/// Choosing a new password without the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetSettings {
    /// How long a link works; at most 60 minutes (REC-01).
    pub link_life: Duration,
    /// How long somebody with one mailbox waits at a browser the account knows (REC-04).
    pub known_browser_wait: Duration,
    /// Domains of machines: no mail, no reset (REC-12).
    pub internal_domains: Vec<String>,
    /// How many of the hashes computed at once may be for new passwords.
    pub hash_share: usize,
}

impl Default for ResetSettings {
    fn default() -> Self {
        Self {
            link_life: Duration::from_hours(1),
            known_browser_wait: Duration::from_hours(24),
            internal_domains: Vec::new(),
            hash_share: 1,
        }
    }
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
            uniform: false,
            lost_address_wait: true,
        }
    }
}
