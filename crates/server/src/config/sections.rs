//! The sections. The field comments are the operator's documentation; `reference.rs` prints them.

use std::path::PathBuf;

use ipnet::IpNet;
use sekisho_model::{Colour, Locale};
use sekisho_provider::rules::authorization_details::DetailType;
use sekisho_provider::rules::password_policy::AllowedCharacters;
use sekisho_provider::rules::sign_up::SignUpMode;
use serde::{Deserialize, Serialize};

use super::SecretText;

macro_rules! sections {
    ($($(#[doc = $doc:literal])* $section:ident $heading:literal {
        $($(#[doc = $field_doc:literal])* $field:ident : $type:ty = $default:expr),* $(,)?
    })+) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $section {
            $($(#[doc = $field_doc])* pub $field: $type,)*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $section {
            pub(super) const HELP: super::reference::SectionHelp = super::reference::SectionHelp {
                heading: $heading,
                about: &[$($doc),*],
                keys: &[$(super::reference::KeyHelp {
                    name: stringify!($field),
                    kind: stringify!($type),
                    about: &[$($field_doc),*],
                }),*],
            };
        }
    )+};
}

sections! {
    /// Where the server lives and how it listens.
    Server "server" {
        /// The one public URL, https, without a trailing slash. It stands in every token: choose it once.
        issuer: String = String::new(),
        /// Address and port to listen on. Put a TLS proxy in front of it.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// Networks whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`. Empty: nobody's.
        trusted_proxies: Vec<IpNet> = Vec::new(),
        /// PEM file of the certificate chain, to speak TLS here instead of in a proxy. Read at start.
        tls_certificate_file: Option<PathBuf> = None,
        /// PEM file of the certificate's private key.
        tls_key_file: Option<PathBuf> = None,
        /// Whether apps are asked for a certificate in the TLS handshake: `off` or `optional`. Needs `protocol.mutual_tls`.
        tls_client_certificates: ClientCertificates = ClientCertificates::Off,
        /// PEM file of the authorities whose certificates authenticate apps by name (`tls_client_auth`). Self-signed ones need none.
        tls_client_ca_file: Option<PathBuf> = None,
        /// Another https origin of this server, where apps with certificates reach their endpoints (`mtls_endpoint_aliases`), so that browsers are never asked for one. Nothing but those endpoints is answered there.
        mtls_origin: Option<String> = None,
        /// Address and port of a TLS listener for `mtls_origin`. With it, certificates are asked for there only.
        mtls_listen: Option<String> = None,
        /// Take the apps' certificates from the `Client-Cert` header (RFC 9440) of `trusted_proxies`. The proxy must verify them and must not let the header through from outside.
        client_certificate_header: bool = false,
        /// Name of the service on pages and in mails.
        service_name: String = "Sekisho".to_owned(),
        /// Where people turn with questions, a mail address or an https address; stands on the pages of help and privacy.
        contact: Option<String> = None,
        /// Where holes are reported, `mailto:…` or `https://…`; with it there is `/.well-known/security.txt` (RFC 9116).
        security_contact: Option<String> = None,
        /// Language for people who say none: `ja` or `en`.
        default_locale: Locale = Locale::Ja,
        /// IANA time zone for people who have set none.
        default_zone: String = "Asia/Tokyo".to_owned(),
        /// Allows an http issuer on a loopback address. For trying out and for tests only.
        insecure_loopback: bool = false,
        /// Threads that answer requests; by default one for each core.
        workers: Option<usize> = None,
        /// Largest request body in bytes.
        max_body_bytes: usize = 65_536,
        /// Seconds after which a request ends that has no answer yet, such as one that is sent drop by drop. Longer only for people
        /// on very slow lines.
        max_request_seconds: u64 = 15,
    }
    /// How pages look, beside the name of the service (`server.service_name`). Apps can have colours and pictures of their own: `sekisho client brand`.
    Brand "brand" {
        /// PNG file of at most 64 KiB, 16 to 512 points to a side, with a transparent ground: its shape stands on the plaque in the colour of writing. Read at start.
        logo: Option<PathBuf> = None,
        /// Three colours `#rrggbb`: buttons, buttons under the pointer, their writing. Refused if they are hard to read.
        colours: Vec<Colour> = Vec::new(),
        /// The same on dark pages; `colours` if nothing is given.
        dark_colours: Vec<Colour> = Vec::new(),
        /// Links at the foot of every page, as `"https://operator.example/about | 会社概要 | About us"`.
        footer_links: Vec<String> = Vec::new(),
    }
    /// The database.
    Database "database" {
        /// `sqlite://PATH` for one node, `postgres://USER:PASSWORD@HOST/NAME` for any number.
        url: SecretText = SecretText::default(),
        /// Connections at most (PostgreSQL), or readers (SQLite).
        max_connections: u32 = 8,
        /// Allows PostgreSQL on another host without `sslmode=verify-full`. Only for a network that nobody else is on.
        insecure_plaintext: bool = false,
    }
    /// What is shared and short-lived: pending sign-ins, codes, counters.
    SessionStore "session" {
        /// `memory:` for one node, `redis://` or `rediss://` for any number.
        url: SecretText = SecretText::new("memory:"),
        /// Allows Redis on another host without TLS. Only for a network that nobody else is on.
        insecure_plaintext: bool = false,
        /// First part of every Redis key, so that several services can share one Redis.
        prefix: String = "sekisho".to_owned(),
    }
    /// Mail.
    Mail "mail" {
        /// `smtp://USER:PASSWORD@HOST:587` (STARTTLS), `smtps://…`, or `file:DIR`.
        url: SecretText = SecretText::default(),
        /// The address mails come from; its domain should be the issuer's.
        from: String = String::new(),
        /// Mail domains that take only so many letters a minute from each node, such as `["isp.example 3000"]`. Codes and reset links go before all other letters.
        domain_rates: Vec<String> = Vec::new(),
        /// Whether mails with a code show it in their subject. Then it can be read on a locked screen, without opening the mail.
        code_in_subject: bool = false,
    }
    /// Keys that never enter the database.
    Keys "keys" {
        /// File of the key-encryption keys, made by `sekisho keys init`. Back it up apart from the database.
        file: PathBuf = PathBuf::new(),
        /// Instead of the file: a program with its arguments that prints what would stand in it, for keys in a key management service. Asked at start, every five minutes and on SIGHUP; it has 20 seconds, and gets no `SEKISHO__` variables.
        command: Vec<String> = Vec::new(),
    }
    /// Passwords.
    Password "password" {
        /// `standard` (8 to 128 characters, hard to guess) or `notice-2013` (6 to 32 of 85 characters; requires the code).
        preset: Preset = Preset::Standard,
        /// Fewest characters of a new password; overrides the preset, at least 8 for `standard`.
        min_length: Option<usize> = None,
        /// The same where no mailed code is asked; overrides the preset (15 for `standard`).
        min_length_without_code: Option<usize> = None,
        /// Most characters of a new password; overrides the preset.
        max_length: Option<usize> = None,
        /// Which characters: `printable` or `notice-2013`; overrides the preset.
        allowed_characters: Option<AllowedCharacters> = None,
        /// How hard to guess, 0 (not asked) to 4 (zxcvbn); overrides the preset.
        strength: Option<u8> = None,
        /// Refuse what is on the built-in list of common passwords; overrides the preset.
        common_list: Option<bool> = None,
        /// File of leaked passwords, made by `sekisho passwords build-filter`.
        breached_filter: Option<PathBuf> = None,
        /// Memory of one Argon2id hash in KiB; at least 19456.
        argon2_memory_kib: u32 = 19_456,
        /// Passes of one Argon2id hash; at least 2.
        argon2_iterations: u32 = 2,
        /// Lanes of one Argon2id hash.
        argon2_parallelism: u32 = 1,
        /// Measure at start what a hash takes here, and take the dearest one within `calibrate_goal_ms`, but never less than the values above. Sign-ins a second fall as a hash gets dearer; `sekisho doctor` shows what comes of it.
        calibrate: bool = false,
        /// Milliseconds that one hash may take on one core if `calibrate` is set, 50 to 1000.
        calibrate_goal_ms: u64 = 250,
        /// Hashes computed at once; by default one for each core.
        hash_slots: Option<usize> = None,
        /// Memory of all hashes computed at once, in MiB; at least `hash_slots` x `argon2_memory_kib`. By default so much and 256 MiB for one imported record of the dearest kind. Records that need more are refused at import; `sekisho doctor` shows what comes of it.
        hash_memory_mib: Option<u64> = None,
        /// How long a sign-in waits until its hash is begun before it is asked to come again, in milliseconds.
        max_wait_ms: u64 = 2_000,
    }
    /// The mailed one-time code.
    Otp "otp" {
        /// Digits, 6 to 10.
        digits: u8 = 8,
        /// Minutes a code works, at most 10.
        life_minutes: u64 = 10,
        /// Wrong tries one code takes, at most 5.
        tries: u8 = 5,
        /// Seconds before a new code can be asked.
        resend_after_seconds: u64 = 60,
        /// How often a code is sent for one sign-in, the first time included.
        max_sends: u8 = 4,
        /// Ask the code of everyone, whatever they chose.
        require_for_everyone: bool = false,
        /// Show the code page after wrong passwords too, so that nobody learns there whether a password was right. The page names no address, and whoever mistyped waits for a code that does not come. From incident level 1 on it is so anyway.
        uniform_challenge: bool = false,
        /// Whether somebody who lost the code address, and proves password and sign-in mailbox, can set another one after 72 hours in which every address is told daily and can stop it. Off, only a recovery code, another device or an operator helps.
        lost_address_wait: bool = true,
        /// Mail domains whose mailboxes open with this same account; no code can go there.
        self_hosted_mail_domains: Vec<String> = Vec::new(),
    }
    /// How accounts and addresses go.
    Leaving "leaving" {
        /// Days an account can still be kept after its owner wished to leave; 1 to 365.
        delay_days: u64 = 30,
        /// Days nobody can have an address that was released; at least 180.
        quarantine_days: u64 = 180,
    }
    /// Choosing a new password without the old one.
    Reset "reset" {
        /// Minutes a reset link works, at most 60. With less, who asks for links in an owner's name can keep the owner from one for the difference.
        link_minutes: u64 = 60,
        /// Hours somebody without recovery code, and with one mailbox only, waits at a browser the account knows; at least 12.
        known_browser_wait_hours: u64 = 24,
        /// Mail domains of machines, which get no mail and no reset.
        internal_domains: Vec<String> = Vec::new(),
        /// How many of the hashes computed at once may be for new passwords, so that sign-ins keep their pace.
        hash_share: usize = 1,
        /// Whether a rush waits in a queue before the pages that change passwords.
        admission: bool = true,
        /// Seconds a wave lasts; who waits is asked to come back about once a wave, or when it is their turn.
        admission_wave_seconds: u64 = 10,
        /// How many people are let in with a wave, little by little. Each costs up to three hashes: keep `people x 3 / seconds` below what `hash_share` computes (40 a second at 25 ms each); `sekisho doctor` measures it.
        admission_wave_people: u32 = 100,
        /// How many people may wait.
        admission_most_waiting: u32 = 500_000,
        /// Minutes who was let in has for it.
        admission_pass_minutes: u64 = 20,
    }
    /// How long issued things live.
    Tokens "tokens" {
        /// Seconds an authorization code works, at most 60.
        code_seconds: u64 = 60,
        /// Minutes an access token works, at most 60.
        access_minutes: u64 = 5,
        /// Minutes an ID token is valid.
        id_token_minutes: u64 = 60,
        /// Days after which a refresh token ends whatever happens.
        refresh_days: u64 = 30,
        /// Days after which an unused refresh token ends.
        refresh_idle_days: u64 = 14,
        /// Hours after which a browser session ends whatever happens.
        session_hours: u64 = 24,
        /// Minutes after which an unused browser session ends.
        session_idle_minutes: u64 = 60,
        /// Days a trusted browser skips the code, at most 30.
        trusted_browser_days: u64 = 30,
        /// Days a signing key signs before the next one takes over; 0 leaves rotation to `sekisho keys rotate`.
        key_rotation_days: u64 = 90,
    }
    /// What of the protocols is switched on. What is off answers the standard error and vanishes from discovery.
    Protocol "protocol" {
        /// Resources that every client may ask tokens for, such as the URL of an API (RFC 8707).
        resources: Vec<String> = Vec::new(),
        /// Types of `authorization_details` (RFC 9396): each a table with `name`, `title`, `title_ja`, `required` members and the members `shown` to people as dotted paths.
        authorization_details: Vec<DetailType> = Vec::new(),
        /// Seconds a pushed request can be begun, 5 to 600.
        pushed_request_seconds: u64 = 60,
        /// Pushed authorization requests (RFC 9126).
        pushed_requests: bool = true,
        /// Signed request objects by value and through a pushed request (RFC 9101).
        request_objects: bool = true,
        /// Authorization answers as signed JWTs (JARM).
        signed_answers: bool = true,
        /// Authorization answers in a form that the browser posts.
        form_post: bool = true,
        /// Tokens bound to a key by proofs of possession (RFC 9449).
        dpop: bool = true,
        /// Whether every proof must carry a nonce of this server (RFC 9449 §8): one round more at first, and no proof made in advance counts.
        dpop_nonce_required: bool = false,
        /// Client authentication by certificate, and tokens bound to it (RFC 8705). Needs a TLS listener or a proxy that hands the certificate on.
        mutual_tls: bool = false,
        /// Signing in on another device (RFC 8628).
        device: bool = true,
        /// Token exchange, for clients that have a policy for it (RFC 8693).
        token_exchange: bool = true,
        /// Introspection answers as signed JWTs (RFC 9701).
        signed_introspection: bool = true,
        /// Dynamic client registration with an initial access token (RFC 7591, RFC 7592).
        registration: bool = false,
        /// Dynamic client registration by anybody. Needs `registration`.
        open_registration: bool = false,
        /// Client ids that are addresses of metadata documents, as MCP clients use them. Needs outbound requests.
        client_documents: bool = false,
        /// Client authentication by a JWT made with the client secret; the secret is then kept sealed instead of as a digest alone.
        client_secret_jwt: bool = false,
        /// Telling apps of a sign-out, server to server.
        backchannel_logout: bool = true,
        /// Telling apps of a sign-out by frames in the browser.
        frontchannel_logout: bool = true,
        /// The frame by which apps watch the session. Browsers that block foreign cookies make it useless.
        session_management: bool = true,
    }
    /// Requests the server itself makes: for client keys, metadata documents, and to tell apps of a sign-out. They go to public addresses by https on port 443; what is listed here may be reached beside those.
    Outbound "outbound" {
        /// Hosts on private networks or other ports: `HOST`, `HOST:PORT`, `.SUFFIX` or `.SUFFIX:PORT`; without a port it is 443. A listed host is reached on its listed ports alone.
        allow: Vec<String> = Vec::new(),
        /// Certificates (PEM) of authorities that are trusted beside those of the machine.
        extra_ca_file: Option<PathBuf> = None,
    }
    /// Accounts of people.
    Accounts "accounts" {
        /// Who may make an account at `/register`: `off` (operators only), `open` (everybody with an address) or `invite` (who has a link of `sekisho user invite`).
        registration: SignUpMode = SignUpMode::Off,
    }
    /// What apps that register themselves may have (`protocol.registration`).
    Registration "registration" {
        /// Scopes at most, and if none are asked.
        scope: String = "openid profile email address phone offline_access".to_owned(),
        /// Whether confidential apps need PKCE, too. The OpenID test suite registers plain ones.
        require_pkce: bool = true,
        /// Whether assertions may name the token endpoint as audience, as OpenID Connect Core says, beside the issuer.
        allow_token_endpoint_audience: bool = false,
        /// Days after which an app that registered itself and was not used since is deleted; more than `tokens.refresh_idle_days`, or 0 for never.
        unused_days: u64 = 90,
        /// Whose software statements are believed: a table for each with `issuer` and `jwks_file`.
        software_issuers: Vec<SoftwareIssuerFile> = Vec::new(),
    }
    /// Containing an incident.
    Guard "guard" {
        /// File that closes this node even while the database is away: `level = 3`, and `text = { ja = "…", en = "…" }` for people. Looked at twice a second; it raises the level and never lowers it.
        level_file: Option<PathBuf> = None,
        /// File of detection rules beside those that ship with the server: rules are added, replaced by id, or switched `on`, `shadow` or `off`. Read anew within seconds when it changes.
        rules: Option<PathBuf> = None,
        /// File of advisories about this program: `sekisho doctor` says which concern this server, their detection rules count, and operators hear of severe ones. Read anew within seconds when it changes.
        advisories: Option<PathBuf> = None,
        /// Ed25519 public key in base64. With it the file of advisories is believed only with its signature beside it, in `FILE.sig`.
        advisories_key: Option<String> = None,
        /// Database of places in the format of `MaxMind` (`.mmdb`), for the rules `new-country` and `impossible-travel`. Nothing is asked over the network. Read anew when it changes.
        places: Option<PathBuf> = None,
        /// People whose data one app may read through userinfo in an hour, at all nodes together; 0 for any number. Whom an app asks about by introspection is counted apart: beyond the same number operators are told, and the app is answered on.
        userinfo_people_hour: u32 = 100_000,
        /// Accounts that may be written to files in a day, by `sekisho user export`; 0 for any number. With `--beyond-budget REASON` a whole house moves out; operators are told.
        exported_accounts_day: u64 = 10_000,
        /// Accounts that operators may be shown in a day, by `sekisho user list` and `user show` together; 0 for any number.
        shown_accounts_day: u64 = 5_000,
        /// Events that may be read in a day by `sekisho events`; 0 for any number, as where a log collector follows a large server.
        read_events_day: u64 = 1_000_000,
    }
    /// Who is told, by mail and by webhook, what operators should know.
    Alerts "alerts" {
        /// Mailboxes of operators. Best at another provider than the one that carries people's mail.
        mail: Vec<String> = Vec::new(),
        /// The language of these mails: `ja` or `en`.
        language: Locale = Locale::Ja,
        /// Minutes for which more of the same kind is gathered after a message; the first comes at once. What is critical (levels, canaries, advisories) is gathered for ten seconds at most.
        gather_minutes: u64 = 10,
        /// Webhooks of operators: a table for each with `name`, `url` and `key_file`, a file with `whsec_` and the base64 form of at least 24 bytes. Hosts on private networks must be listed in `outbound.allow`.
        webhooks: Vec<WebhookFile> = Vec::new(),
    }
    /// The API of operators.
    Operators "operators" {
        /// Address and port of a listener of its own for `/api/v1`, off by default. It speaks TLS with the certificate of the server; without one use a loopback address.
        listen: Option<String> = None,
    }
    /// Metrics.
    Metrics "metrics" {
        /// Address and port of a listener of its own for `/metrics`. Without it there are no metrics, except in dev mode.
        listen: Option<String> = None,
    }
}

/// Whether apps are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// They are not.
    #[default]
    Off,
    /// They are; who has none gets in as well.
    Optional,
}

/// Somebody whose software statements are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoftwareIssuerFile {
    /// `iss` of the statements.
    pub issuer: String,
    /// File with the public keys, a JWKS.
    pub jwks_file: PathBuf,
}

/// What is asked of new passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// 8 to 128 characters, hard to guess.
    #[default]
    Standard,
    /// What the notice of 2013 offered.
    #[serde(rename = "notice-2013")]
    Notice2013,
}

/// A webhook of the operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookFile {
    /// Its name in the ledger.
    pub name: String,
    /// Where messages are posted: https.
    pub url: String,
    /// File with the key that signs them.
    pub key_file: PathBuf,
}
