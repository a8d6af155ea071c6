//! The `[limits]` part of the configuration.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rules::Counter;

const QUARTER: u32 = 15 * 60;
const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

/// How often something may happen: `{ max = 20, seconds = 86400 }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many times; 0 allows nothing.
    pub max: u32,
    /// Within how many seconds, wherever they begin.
    pub seconds: NonZeroU32,
}

impl Rate {
    const fn of(max: u32, seconds: u32) -> Self {
        let seconds = match NonZeroU32::new(seconds) {
            Some(seconds) => seconds,
            None => NonZeroU32::MIN,
        };
        Self { max, seconds }
    }

    /// The time the limit looks back over.
    pub fn window(self) -> Duration {
        Duration::from_secs(self.seconds.get().into())
    }

    /// What a single process allows when it cannot ask the others: a quarter, at least once.
    pub(crate) fn narrowed(self) -> Self {
        let max = self.max.min(self.max.div_ceil(4));
        Self { max, ..self }
    }
}

/// How often people, apps and networks may try. Only failures count, except for mails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Wrong passwords of one account.
    pub password: PasswordLimits,
    /// Wrong passwords and codes by where they come from, over all accounts.
    pub source: SourceLimits,
    /// Wrong mailed codes of one account.
    pub code: CodeLimits,
    /// Mailed codes that are sent.
    pub code_mail: CodeMailLimits,
    /// Codes that prove an address before there is an account.
    pub proof_mail: ProofMailLimits,
    /// Wrong client secrets.
    pub client_secret: ClientSecretLimits,
    /// Signing in on another device.
    pub device: DeviceLimits,
    /// Reset links that are asked for.
    pub reset_mail: ResetMailLimits,
    /// Accounts that people make themselves.
    pub sign_up: SignUpLimits,
    /// What people do to their own account, and are told of.
    pub account: AccountLimits,
    /// Apps that register themselves.
    pub registration: RegistrationLimits,
}

/// Wrong passwords of one account. A right password starts them from zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordLimits {
    /// At one browser the account has been used from. Strangers cannot use this up.
    pub known_browser: Rate,
    /// The same over a day.
    pub known_browser_day: Rate,
    /// At all other browsers, from one network (IPv4 /24, IPv6 /64). Keep it well below
    /// `new_browsers`: it is what keeps one attacker from closing the door for the owner's new device.
    pub new_browsers_network: Rate,
    /// At all other browsers together.
    pub new_browsers: Rate,
    /// The same over a day; at most 100.
    pub new_browsers_day: Rate,
    /// Wrong passwords in a row, however long that takes, at one known browser or at all others together;
    /// then that way is closed until the owner comes by a mailed link. At most 100, and with the tries of
    /// `new_browsers` that may be on their way together no more than that (NIST SP 800-63B §3.2.2).
    pub consecutive: u32,
}

impl Default for PasswordLimits {
    fn default() -> Self {
        Self {
            known_browser: Rate::of(10, QUARTER),
            known_browser_day: Rate::of(50, DAY),
            new_browsers_network: Rate::of(10, QUARTER),
            new_browsers: Rate::of(30, QUARTER),
            new_browsers_day: Rate::of(100, DAY),
            consecutive: 70,
        }
    }
}

/// Wrong passwords and codes by where they come from, at browsers their account does not know.
/// Raise them when many people share an address, as behind the gateway of a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceLimits {
    /// From one IP address.
    pub address: Rate,
    /// From one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// From one site: IPv6 /48.
    pub site: Rate,
    /// On the way to one app. When it is reached, each network goes on with `crowded`.
    pub client: Rate,
    /// From everywhere. When it is reached, each network goes on with `crowded`.
    pub everywhere: Rate,
    /// From one network (IPv4 /24, IPv6 /64) while `client` or `everywhere` is reached.
    pub crowded: Rate,
    /// From one household (IPv4 address, IPv6 /64) that a detection rule slows.
    pub slowed: Rate,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            address: Rate::of(100, QUARTER),
            network: Rate::of(300, QUARTER),
            site: Rate::of(1_000, QUARTER),
            client: Rate::of(5_000, QUARTER),
            everywhere: Rate::of(20_000, QUARTER),
            crowded: Rate::of(3, QUARTER),
            slowed: Rate::of(3, 60),
        }
    }
}

/// Wrong mailed codes of one account, over all the codes it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeLimits {
    /// At one browser the account has been used from.
    pub known_browser: Rate,
    /// At all other browsers together (OTP-06). Part of the guessing budget of a code: with fewer
    /// digits it must be lower (OTP-03).
    pub new_browsers: Rate,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            known_browser: Rate::of(20, DAY),
            new_browsers: Rate::of(20, DAY),
        }
    }
}

/// Mailed codes that are sent (OTP-12): to who gave the right password, or is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeMailLimits {
    /// To one account, asked for at one browser it has been used from. Strangers cannot use this up.
    pub known_browser: Rate,
    /// The same over a day.
    pub known_browser_day: Rate,
    /// To one account, asked for at all other browsers together.
    pub account: Rate,
    /// The same over a day.
    pub account_day: Rate,
    /// Asked for from one IP address, at browsers the account does not know.
    pub address: Rate,
    /// The same from one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// The same from one site: IPv6 /48.
    pub site: Rate,
    /// To one mail domain. Keep it below what the largest provider of your users accepts from you.
    pub domain: Rate,
    /// To everybody.
    pub everywhere: Rate,
}

impl Default for CodeMailLimits {
    fn default() -> Self {
        Self {
            known_browser: Rate::of(6, HOUR),
            known_browser_day: Rate::of(20, DAY),
            account: Rate::of(6, HOUR),
            account_day: Rate::of(20, DAY),
            address: Rate::of(300, HOUR),
            network: Rate::of(1_000, HOUR),
            site: Rate::of(3_000, HOUR),
            domain: Rate::of(20_000, HOUR),
            everywhere: Rate::of(50_000, HOUR),
        }
    }
}

/// Codes that prove an address before there is an account. Anybody can ask for them, so they have budgets of
/// their own and take none from sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofMailLimits {
    /// To one address.
    pub recipient: Rate,
    /// The same over a day.
    pub recipient_day: Rate,
    /// Asked for from one IP address.
    pub address: Rate,
    /// Asked for from one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// Asked for from one site: IPv6 /48.
    pub site: Rate,
    /// To one mail domain.
    pub domain: Rate,
    /// To everybody.
    pub everywhere: Rate,
}

impl Default for ProofMailLimits {
    fn default() -> Self {
        Self {
            recipient: Rate::of(6, HOUR),
            recipient_day: Rate::of(20, DAY),
            address: Rate::of(60, HOUR),
            network: Rate::of(300, HOUR),
            site: Rate::of(1_000, HOUR),
            domain: Rate::of(5_000, HOUR),
            everywhere: Rate::of(20_000, HOUR),
        }
    }
}

/// Wrong client secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSecretLimits {
    /// Of one client from one address (IPv6: /64). Other addresses of the client are not touched.
    pub client_address: Rate,
}

impl Default for ClientSecretLimits {
    fn default() -> Self {
        Self {
            client_address: Rate::of(20, QUARTER),
        }
    }
}

/// Signing in on another device (RFC 8628 §5.1, §5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceLimits {
    /// Wrong user codes of one account.
    pub account: Rate,
    /// Wrong user codes from one address (IPv6: /64).
    pub address: Rate,
    /// Wrong user codes of everybody. With some 34 bits in a code and a thousand devices waiting at
    /// once, this many tries find one of them once in fifty thousand. When it is reached, each network goes on with
    /// `source.crowded`, and browsers their account was used from before as always.
    pub everywhere: Rate,
    /// Codes asked for by devices at one address (IPv6: /64).
    pub requests_address: Rate,
}

impl Default for DeviceLimits {
    fn default() -> Self {
        Self {
            account: Rate::of(5, QUARTER),
            address: Rate::of(20, QUARTER),
            everywhere: Rate::of(500, QUARTER),
            requests_address: Rate::of(200, QUARTER),
        }
    }
}

/// Reset links that are asked for. They have counters of their own: whoever uses them up for somebody
/// else stops no sign-in (THR-11) and keeps no link from the owner (THR-04). When `account` is reached, the newest
/// link was mailed within that time and still works, unless `reset.link_minutes` is shorter; and beyond
/// `account_day` one more goes out each time of `account_after`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResetMailLimits {
    /// For one address, asked for from one network (IPv4 /24, IPv6 /64).
    pub account_network: Rate,
    /// For one address.
    pub account: Rate,
    /// The same over a day.
    pub account_day: Rate,
    /// For one address beyond `account_day`; its time not longer than a link works.
    pub account_after: Rate,
    /// Asked for from one IP address.
    pub address: Rate,
    /// Asked for from one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// Asked for from one site: IPv6 /48.
    pub site: Rate,
    /// To one mail domain. Anybody can ask, so keep it far above what is asked on the worst day.
    pub domain: Rate,
    /// For everybody.
    pub everywhere: Rate,
}

impl Default for ResetMailLimits {
    fn default() -> Self {
        Self {
            account_network: Rate::of(3, HOUR),
            account: Rate::of(4, HOUR),
            account_day: Rate::of(12, DAY),
            account_after: Rate::of(1, HOUR),
            address: Rate::of(600, HOUR),
            network: Rate::of(2_000, HOUR),
            site: Rate::of(5_000, HOUR),
            domain: Rate::of(200_000, HOUR),
            everywhere: Rate::of(500_000, HOUR),
        }
    }
}

/// Accounts that people make themselves; counted when a password is chosen, before it is hashed. The mails before
/// count as `proof_mail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignUpLimits {
    /// From one IP address.
    pub address: Rate,
    /// From one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// From one site: IPv6 /48.
    pub site: Rate,
    /// By everybody.
    pub everywhere: Rate,
}

impl Default for SignUpLimits {
    fn default() -> Self {
        Self {
            address: Rate::of(30, HOUR),
            network: Rate::of(100, HOUR),
            site: Rate::of(300, HOUR),
            everywhere: Rate::of(10_000, HOUR),
        }
    }
}

/// What people do to their own account, or somebody with their session. Every change is told by mail; so many
/// are made that no letter is buried under others (REC-06). "This was not me" and a new password do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountLimits {
    /// Changes of one account that are told to all its addresses: second steps, recovery codes, networks, mails.
    pub changes: Rate,
    /// Copies of everything that is kept about one person.
    pub exports: Rate,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            changes: Rate::of(30, HOUR),
            exports: Rate::of(3, DAY),
        }
    }
}

/// Apps that register themselves (RFC 7591), with a token or without; counted before anything is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationLimits {
    /// From one IP address.
    pub address: Rate,
    /// From one network: IPv4 /24, IPv6 /64.
    pub network: Rate,
    /// From one site: IPv6 /48.
    pub site: Rate,
}

impl Default for RegistrationLimits {
    fn default() -> Self {
        Self {
            address: Rate::of(20, HOUR),
            network: Rate::of(60, HOUR),
            site: Rate::of(200, HOUR),
        }
    }
}

impl Limits {
    /// What `counter` may reach.
    pub(crate) const fn rate_of(&self, counter: Counter) -> Rate {
        match counter {
            Counter::PasswordKnownBrowser => self.password.known_browser,
            Counter::PasswordKnownBrowserDay => self.password.known_browser_day,
            Counter::PasswordNetwork => self.password.new_browsers_network,
            Counter::PasswordNewBrowsers => self.password.new_browsers,
            Counter::PasswordNewBrowsersDay => self.password.new_browsers_day,
            Counter::SourceAddress => self.source.address,
            Counter::SourceNetwork => self.source.network,
            Counter::SourceSite => self.source.site,
            Counter::SourceClient => self.source.client,
            Counter::SourceEverywhere => self.source.everywhere,
            Counter::SourceCrowded => self.source.crowded,
            Counter::SourceSlowed => self.source.slowed,
            Counter::CodeKnownBrowser => self.code.known_browser,
            Counter::CodeNewBrowsers => self.code.new_browsers,
            Counter::MailKnownBrowser => self.code_mail.known_browser,
            Counter::MailKnownBrowserDay => self.code_mail.known_browser_day,
            Counter::MailAccount => self.code_mail.account,
            Counter::MailAccountDay => self.code_mail.account_day,
            Counter::MailAddress => self.code_mail.address,
            Counter::MailNetwork => self.code_mail.network,
            Counter::MailSite => self.code_mail.site,
            Counter::MailDomain => self.code_mail.domain,
            Counter::MailEverywhere => self.code_mail.everywhere,
            Counter::ProofRecipient => self.proof_mail.recipient,
            Counter::ProofRecipientDay => self.proof_mail.recipient_day,
            Counter::ProofAddress => self.proof_mail.address,
            Counter::ProofNetwork => self.proof_mail.network,
            Counter::ProofSite => self.proof_mail.site,
            Counter::ProofDomain => self.proof_mail.domain,
            Counter::ProofEverywhere => self.proof_mail.everywhere,
            Counter::ClientSecret => self.client_secret.client_address,
            Counter::UserCodeAccount => self.device.account,
            Counter::UserCodeAddress => self.device.address,
            Counter::UserCodeEverywhere => self.device.everywhere,
            Counter::DeviceRequestAddress => self.device.requests_address,
            Counter::ResetAccountNetwork => self.reset_mail.account_network,
            Counter::ResetAccount => self.reset_mail.account,
            Counter::ResetAccountDay => self.reset_mail.account_day,
            Counter::ResetAccountAfter => self.reset_mail.account_after,
            Counter::ResetAddress => self.reset_mail.address,
            Counter::ResetNetwork => self.reset_mail.network,
            Counter::ResetSite => self.reset_mail.site,
            Counter::ResetDomain => self.reset_mail.domain,
            Counter::ResetEverywhere => self.reset_mail.everywhere,
            Counter::SignUpAddress => self.sign_up.address,
            Counter::SignUpNetwork => self.sign_up.network,
            Counter::SignUpSite => self.sign_up.site,
            Counter::SignUpEverywhere => self.sign_up.everywhere,
            Counter::AccountChange => self.account.changes,
            Counter::AccountExport => self.account.exports,
            Counter::RegistrationAddress => self.registration.address,
            Counter::RegistrationNetwork => self.registration.network,
            Counter::RegistrationSite => self.registration.site,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_gives_the_defaults() {
        let limits: Limits = toml::from_str("").unwrap();
        assert_eq!(limits, Limits::default());
        assert_eq!(limits.code_mail.account, Rate::of(6, 3600));
        assert_eq!(limits.code_mail.account_day, Rate::of(20, 86_400));
        assert_eq!(limits.code.new_browsers, Rate::of(20, 86_400));
        assert_eq!(limits.password.new_browsers_day, Rate::of(100, 86_400));
    }

    #[test]
    fn one_limit_can_be_set_and_the_rest_stays() {
        let text = "[code_mail]\naccount = { max = 100, seconds = 60 }";
        let limits: Limits = toml::from_str(text).unwrap();
        assert_eq!(limits.code_mail.account, Rate::of(100, 60));
        assert_eq!(limits.code_mail.account_day, Rate::of(20, DAY));
        assert_eq!(limits.source, SourceLimits::default());
    }

    #[test]
    fn unknown_keys_and_windows_of_no_length_are_refused_by_name() {
        let unknown = toml::from_str::<Limits>("[password]\nknwon = 1").unwrap_err();
        assert!(unknown.to_string().contains("knwon"), "{unknown}");
        let text = "[code]\nknown_browser = { max = 1, seconds = 0 }";
        let empty = toml::from_str::<Limits>(text).unwrap_err();
        assert!(empty.to_string().contains("known_browser"), "{empty}");
        let more = "[code]\nknown_browser = { max = 1, seconds = 1, per = 2 }";
        assert!(toml::from_str::<Limits>(more).is_err());
    }

    #[test]
    fn thr_12_a_process_alone_allows_a_quarter_and_never_more() {
        for (max, alone) in [(0, 0), (1, 1), (6, 2), (20, 5), (100, 25)] {
            assert_eq!(Rate::of(max, 60).narrowed(), Rate::of(alone, 60));
        }
    }
}
