//! Typed configuration: one TOML file, then the environment. Unknown keys, weak values and missing
//! secrets are refused by name, all at once (CFG-01).

mod alerts;
pub(crate) mod brand;
mod check;
mod connections;
mod given;
mod load;
mod nearest;
pub mod reference;
mod rush;
mod secret_text;
mod sections;

use std::path::Path;
use std::time::Duration;

use sekisho_audit::lanes::Lanes;
use sekisho_guard::{AdmissionSettings, Limits};
use sekisho_mail::Transport;
use sekisho_model::ScopeSet;
use sekisho_provider::detection::Budgets;
use sekisho_provider::jwt::check_jwks;
use sekisho_provider::outbound::{AllowedHost, OutboundSettings};
use sekisho_provider::rules::password_policy::PasswordPolicy;
use sekisho_provider::rules::registration::RegistrationPolicy;
use sekisho_provider::rules::software_statement::SoftwareIssuer;
use sekisho_provider::{
    CodeSettings, Features, LeavingSettings, Lifetimes, ResetSettings, Settings,
};
use serde::{Deserialize, Serialize};

use crate::keys_file;

pub(crate) use load::settings_of_environment;
pub use load::{ConfigError, load, load_to_serve};
pub use secret_text::SecretText;
pub use sections::{
    Accounts, Alerts, Brand, ClientCertificates, Database, Guard, Keys, Leaving, Mail, Metrics,
    Operators, Otp, Outbound, Password, Preset, Protocol, Registration, Reset, Server,
    SessionStore, SoftwareIssuerFile, Tokens, WebhookFile,
};

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the server lives.
    pub server: Server,
    /// How pages look.
    pub brand: Brand,
    /// The database.
    pub database: Database,
    /// What is shared and short-lived.
    pub session: SessionStore,
    /// Mail.
    pub mail: Mail,
    /// Keys that never enter the database.
    pub keys: Keys,
    /// Passwords.
    pub password: Password,
    /// The mailed code.
    pub otp: Otp,
    /// Choosing a new password without the old one.
    pub reset: Reset,
    /// How accounts and addresses go.
    pub leaving: Leaving,
    /// How long issued things live.
    pub tokens: Tokens,
    /// What of the protocols is switched on.
    pub protocol: Protocol,
    /// Requests the server itself makes.
    pub outbound: Outbound,
    /// Accounts of people.
    pub accounts: Accounts,
    /// What apps that register themselves may have.
    pub registration: Registration,
    /// How often something may be tried.
    pub limits: Limits,
    /// Containing an incident.
    pub guard: Guard,
    /// Who is told what operators should know.
    pub alerts: Alerts,
    /// The API of operators.
    pub operators: Operators,
    /// Metrics.
    pub metrics: Metrics,
}

impl Config {
    /// The embedded defaults of `sekisho dev`: everything in `data`, loopback only, mail caught.
    pub fn dev(data: &Path, listen: &str) -> Self {
        let mut config = Self::default();
        config.server.issuer = format!("http://{listen}");
        listen.clone_into(&mut config.server.listen);
        config.server.insecure_loopback = true;
        config.database.url =
            SecretText::new(format!("sqlite://{}", data.join("sekisho.db").display()));
        config.mail.url = SecretText::new("catch:");
        "no-reply@sekisho.example".clone_into(&mut config.mail.from);
        config.keys.file = data.join("keys.toml");
        config
    }

    /// Everything that is wrong with it, each line naming `section.key`.
    pub fn problems(&self) -> Vec<String> {
        check::problems(self)
    }

    /// What cannot be used on this machine: the key file, and the mail transport.
    pub fn problems_here(&self) -> Vec<String> {
        // A command is asked once, when the server starts.
        let file = Some(&self.keys.file).filter(|_| self.keys.command.is_empty());
        let keys = file.and_then(|file| keys_file::read(file).err());
        let keys = keys.map(|error| format!("keys.file: {error}"));
        let authorities = self.outbound_settings().err();
        let mail = Transport::open(self.mail.url.expose(), &self.mail.from).err();
        let tls = crate::tls::problem(&self.server);
        keys.into_iter()
            .chain(self.software_issuers().err())
            .chain(self.alert_settings().err())
            .chain(crate::rules_file::read(&self.guard).err())
            .chain(crate::places_file::read(&self.guard).err())
            .chain(self.house_look().err())
            .chain(tls)
            .chain(authorities)
            .chain(mail.map(|refusal| refusal.to_string()))
            .collect()
    }

    /// What of it concerns the protocol.
    pub fn provider_settings(&self) -> Settings {
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        let hours = |n: u64| minutes(n.saturating_mul(60));
        let days = |n: u64| hours(n.saturating_mul(24));
        Settings {
            issuer: self.server.issuer.clone(),
            mtls_origin: self.server.mtls_origin.clone(),
            unblockable: self.server.trusted_proxies.clone(),
            service_name: self.server.service_name.clone(),
            code_in_subject: self.mail.code_in_subject,
            default_locale: self.server.default_locale,
            default_zone: self.server.default_zone.clone(),
            lifetimes: Lifetimes {
                code: Duration::from_secs(self.tokens.code_seconds),
                access_token: minutes(self.tokens.access_minutes),
                id_token: minutes(self.tokens.id_token_minutes),
                refresh: days(self.tokens.refresh_days),
                refresh_idle: days(self.tokens.refresh_idle_days),
                session: hours(self.tokens.session_hours),
                session_idle: minutes(self.tokens.session_idle_minutes),
                trusted_browser: days(self.tokens.trusted_browser_days),
            },
            codes: self.code_settings(),
            password_policy: self.password_policy(),
            resets: ResetSettings {
                link_life: minutes(self.reset.link_minutes),
                known_browser_wait: hours(self.reset.known_browser_wait_hours),
                internal_domains: self.reset.internal_domains.clone(),
                hash_share: self.reset.hash_share,
            },
            admission: AdmissionSettings {
                on: self.reset.admission,
                wave: Duration::from_secs(self.reset.admission_wave_seconds),
                wave_people: self.reset.admission_wave_people,
                most_waiting: self.reset.admission_most_waiting,
                pass: minutes(self.reset.admission_pass_minutes),
            },
            sign_up: self.accounts.registration,
            features: self.features(),
            registration: self.registration_policy(),
            software_issuers: self.software_issuers().unwrap_or_default(),
            resources: self.protocol.resources.clone(),
            detail_types: self.protocol.authorization_details.clone(),
            pushed_request_life: Duration::from_secs(self.protocol.pushed_request_seconds),
            self_hosted_mail_domains: self.otp.self_hosted_mail_domains.clone(),
            leaving: LeavingSettings {
                delay: Duration::from_hours(24 * self.leaving.delay_days),
                quarantine: Duration::from_hours(24 * self.leaving.quarantine_days),
            },
            mail_lanes: self.mail_lanes(),
            alerts: self.alert_settings().unwrap_or_default(),
            budgets: self.budgets(),
        }
    }

    const fn budgets(&self) -> Budgets {
        Budgets {
            userinfo_people_hour: self.guard.userinfo_people_hour,
            exported_accounts_day: self.guard.exported_accounts_day,
            shown_accounts_day: self.guard.shown_accounts_day,
            read_events_day: self.guard.read_events_day,
        }
    }

    /// Mail domains with a rate of their own; what is no rate was refused before.
    pub fn mail_lanes(&self) -> Lanes {
        let rates = self.mail.domain_rates.iter();
        Lanes::new(rates.filter_map(|text| text.parse().ok()))
    }

    /// What of it concerns requests of our own; the file of authorities is read.
    pub fn outbound_settings(&self) -> Result<OutboundSettings, String> {
        let listed = self.outbound.allow.iter();
        let allow = listed.map(|text| {
            text.parse::<AllowedHost>()
                .map_err(|refusal| format!("outbound.allow = {text:?}: {refusal}"))
        });
        let authorities = self.outbound.extra_ca_file.as_ref().map(|file| {
            std::fs::read(file)
                .map_err(|error| format!("outbound.extra_ca_file = {}: {error}", file.display()))
        });
        Ok(OutboundSettings {
            allow: allow.collect::<Result<_, _>>()?,
            loopback: self.server.insecure_loopback,
            extra_authorities: authorities.transpose()?,
        })
    }

    fn code_settings(&self) -> CodeSettings {
        let life = Duration::from_secs(self.otp.life_minutes.saturating_mul(60));
        CodeSettings {
            digits: self.otp.digits,
            life,
            closes_after: life + Duration::from_mins(5),
            max_tries: self.otp.tries,
            resend_after: Duration::from_secs(self.otp.resend_after_seconds),
            max_sends: self.otp.max_sends,
            for_everyone: self.otp.require_for_everyone
                || self.password.preset == Preset::Notice2013,
            uniform: self.otp.uniform_challenge,
            lost_address_wait: self.otp.lost_address_wait,
        }
    }

    fn registration_policy(&self) -> RegistrationPolicy {
        let registration = &self.registration;
        RegistrationPolicy {
            scope: ScopeSet::parse(&registration.scope).unwrap_or_default(),
            require_pkce: registration.require_pkce,
            allow_token_endpoint_audience: registration.allow_token_endpoint_audience,
        }
    }

    /// The issuers of software statements with their keys, or what is wrong with a file.
    fn software_issuers(&self) -> Result<Vec<SoftwareIssuer>, String> {
        let read = |file: &SoftwareIssuerFile| {
            let name = file.jwks_file.display();
            let wrong = |why: &str| format!("registration.software_issuers: {name}: {why}");
            let bytes = std::fs::read(&file.jwks_file).map_err(|e| wrong(&e.to_string()))?;
            let jwks: serde_json::Value =
                serde_json::from_slice(&bytes).map_err(|e| wrong(&e.to_string()))?;
            check_jwks(&jwks).map_err(|e| wrong(&e.to_string()))?;
            Ok(SoftwareIssuer {
                issuer: file.issuer.clone(),
                jwks,
            })
        };
        self.registration
            .software_issuers
            .iter()
            .map(read)
            .collect()
    }

    fn features(&self) -> Features {
        let protocol = &self.protocol;
        Features {
            pushed_requests: protocol.pushed_requests,
            request_objects: protocol.request_objects,
            signed_answers: protocol.signed_answers,
            form_post: protocol.form_post,
            dpop: protocol.dpop,
            dpop_nonce_required: protocol.dpop_nonce_required,
            mutual_tls: protocol.mutual_tls,
            device: protocol.device,
            token_exchange: protocol.token_exchange,
            signed_introspection: protocol.signed_introspection,
            registration: protocol.registration,
            open_registration: protocol.open_registration,
            client_documents: protocol.client_documents,
            client_secret_jwt: protocol.client_secret_jwt,
            backchannel_logout: protocol.backchannel_logout,
            frontchannel_logout: protocol.frontchannel_logout,
            session_management: protocol.session_management,
        }
    }

    fn password_policy(&self) -> PasswordPolicy {
        let base = match self.password.preset {
            Preset::Standard => PasswordPolicy::STANDARD,
            Preset::Notice2013 => PasswordPolicy::NOTICE_2013,
        };
        PasswordPolicy {
            min_length: self.password.min_length.unwrap_or(base.min_length),
            min_length_alone: self
                .password
                .min_length_without_code
                .unwrap_or(base.min_length_alone),
            max_length: self.password.max_length.unwrap_or(base.max_length),
            allowed: self.password.allowed_characters.unwrap_or(base.allowed),
            min_score: self.password.strength.unwrap_or(base.min_score),
            common_list: self.password.common_list.unwrap_or(base.common_list),
        }
    }
}
