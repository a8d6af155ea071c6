use sekisho_model::{BrowserId, ClientId, Digest, UserId};

use super::origin::networks;
use super::{Counter, Rule};

/// What the browser is to the account it asks for (THR-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// The account has been used from this browser, as its cookie proves.
    Known(BrowserId),
    /// Any other browser.
    Unknown,
}

/// A password that is about to be checked, wherever that happens (THR-08).
#[derive(Debug, Clone, Copy)]
pub struct PasswordAttempt<'a> {
    /// Keyed digest of the canonical address, whether or not there is such an account (THR-05, THR-06).
    pub account: &'a Digest,
    /// The browser it is typed at.
    pub device: DeviceClass,
    /// The client address, as the server decided (NET-01).
    pub ip: &'a str,
    /// The app the person is on the way to.
    pub client: Option<&'a ClientId>,
}

/// A mailed code that is about to be checked.
#[derive(Debug, Clone, Copy)]
pub struct CodeTry<'a> {
    /// Keyed digest of the canonical address.
    pub account: &'a Digest,
    /// The browser it is typed at.
    pub device: DeviceClass,
    /// The client address.
    pub ip: &'a str,
}

/// A code that is about to be mailed, to who gave the right password or is signed in.
#[derive(Debug, Clone, Copy)]
pub struct CodeMail<'a> {
    /// Keyed digest of the canonical address of the account (not of the address it goes to).
    pub account: &'a Digest,
    /// The browser it is asked for at.
    pub device: DeviceClass,
    /// The client address.
    pub ip: &'a str,
    /// The domain of the address it goes to.
    pub recipient_domain: &'a str,
}

/// A code that is about to be mailed to prove an address that has no account yet: anybody can ask.
#[derive(Debug, Clone, Copy)]
pub struct ProofMail<'a> {
    /// Keyed digest of the canonical address.
    pub recipient: &'a Digest,
    /// The client address.
    pub ip: &'a str,
    /// The domain of the address.
    pub recipient_domain: &'a str,
}

/// A client secret that is about to be checked.
#[derive(Debug, Clone, Copy)]
pub struct ClientSecretTry<'a> {
    /// Whose secret.
    pub client: &'a ClientId,
    /// The client address.
    pub ip: &'a str,
}

/// A device's user code that is about to be looked up.
#[derive(Debug, Clone, Copy)]
pub struct UserCodeTry<'a> {
    /// Who typed it; codes are looked up for people who are signed in only.
    pub user: &'a UserId,
    /// Known is a browser that the account was used from before this sign-in.
    pub device: DeviceClass,
    /// The client address.
    pub ip: &'a str,
}

/// Who registers an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registering {
    /// Whoever comes, where that is open.
    Anybody,
    /// Who shows an initial access token.
    WithToken,
}

/// A reset link that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct ResetMail<'a> {
    /// Keyed digest of the canonical address, whether or not there is such an account (THR-05, THR-06).
    pub account: &'a Digest,
    /// The client address.
    pub ip: &'a str,
    /// The domain of the address that was typed.
    pub recipient_domain: &'a str,
}

/// THR-11: apart from everything a sign-in counts against.
pub(crate) fn reset_mail(mail: &ResetMail<'_>) -> Vec<Rule> {
    reset_mail_with(Counter::ResetAccountDay, mail)
}

/// THR-04: who used up the links of a day must not keep the owner from one. From then on they come slowly.
pub(crate) fn reset_mail_after_the_day_s(mail: &ResetMail<'_>) -> Vec<Rule> {
    reset_mail_with(Counter::ResetAccountAfter, mail)
}

fn reset_mail_with(over_days: Counter, mail: &ResetMail<'_>) -> Vec<Rule> {
    let account = mail.account.to_base64url();
    let from = networks(mail.ip);
    let mut rules = vec![
        rule(
            Counter::ResetAccountNetwork,
            &format!("{account} {}", from.network),
        ),
        rule(Counter::ResetAccount, &account),
        rule(over_days, &account),
        rule(Counter::ResetAddress, &from.address),
        rule(Counter::ResetNetwork, &from.network),
        rule(Counter::ResetDomain, &mail.recipient_domain.to_lowercase()),
        rule(Counter::ResetEverywhere, ""),
    ];
    if let Some(site) = from.site {
        rules.push(rule(Counter::ResetSite, &site));
    }
    rules
}

/// Accounts that people make: each costs a hash and stays.
pub(crate) fn sign_up(ip: &str) -> Vec<Rule> {
    let from = networks(ip);
    let mut rules = vec![
        rule(Counter::SignUpAddress, &from.address),
        rule(Counter::SignUpNetwork, &from.network),
        rule(Counter::SignUpEverywhere, ""),
    ];
    if let Some(site) = from.site {
        rules.push(rule(Counter::SignUpSite, &site));
    }
    rules
}

/// A change that is told to every address of an account: letters must not bury one another (REC-06).
pub(crate) fn account_change(account: &Digest) -> Vec<Rule> {
    vec![rule(Counter::AccountChange, &account.to_base64url())]
}

/// A copy of everything that is kept about a person: long to read, and told as well.
pub(crate) fn account_export(account: &Digest) -> Vec<Rule> {
    vec![rule(Counter::AccountExport, &account.to_base64url())]
}

/// Apps that register themselves: each stays until it is unused for long.
pub(crate) fn registration(ip: &str) -> Vec<Rule> {
    let from = networks(ip);
    let mut rules = vec![
        rule(Counter::RegistrationAddress, &from.address),
        rule(Counter::RegistrationNetwork, &from.network),
    ];
    rules.extend(from.site.map(|site| rule(Counter::RegistrationSite, &site)));
    rules
}

/// THR-03: a known browser counts for itself alone; what strangers do cannot close it.
pub(crate) fn password(attempt: &PasswordAttempt<'_>) -> Vec<Rule> {
    let account = attempt.account.to_base64url();
    if let DeviceClass::Known(browser) = attempt.device {
        let whom = format!("{account} {browser}");
        return vec![
            rule(Counter::PasswordKnownBrowser, &whom),
            rule(Counter::PasswordKnownBrowserDay, &whom),
        ];
    }
    let network = networks(attempt.ip).network;
    let mut rules = vec![
        rule(Counter::PasswordNetwork, &format!("{account} {network}")),
        rule(Counter::PasswordNewBrowsers, &account),
        rule(Counter::PasswordNewBrowsersDay, &account),
    ];
    rules.extend(source(attempt.ip));
    if let Some(client) = attempt.client {
        rules.push(rule(Counter::SourceClient, client.as_str()));
    }
    rules
}

/// OTP-06, OTP-07: wrong codes have a budget of their own, and count like wrong passwords against
/// where they come from. They do not use up the account's passwords: whoever came this far knows it.
pub(crate) fn code_try(attempt: &CodeTry<'_>) -> Vec<Rule> {
    let account = attempt.account.to_base64url();
    if let DeviceClass::Known(browser) = attempt.device {
        let whom = format!("{account} {browser}");
        return vec![rule(Counter::CodeKnownBrowser, &whom)];
    }
    let mut rules = vec![code_of_strangers(attempt.account)];
    rules.extend(source(attempt.ip));
    rules
}

/// The budget of wrong codes at all browsers an account does not know.
pub(crate) fn code_of_strangers(account: &Digest) -> Rule {
    rule(Counter::CodeNewBrowsers, &account.to_base64url())
}

/// OTP-12. Where an owner is known, neither strangers nor neighbours use anything up (THR-03); the domain and the
/// whole count for everybody, since they are what mail servers bear.
pub(crate) fn code_mail(mail: &CodeMail<'_>) -> Vec<Rule> {
    let account = mail.account.to_base64url();
    let mut rules = match mail.device {
        DeviceClass::Known(browser) => {
            let whom = format!("{account} {browser}");
            vec![
                rule(Counter::MailKnownBrowser, &whom),
                rule(Counter::MailKnownBrowserDay, &whom),
            ]
        }
        DeviceClass::Unknown => {
            let from = networks(mail.ip);
            let mut rules = vec![
                rule(Counter::MailAccount, &account),
                rule(Counter::MailAccountDay, &account),
                rule(Counter::MailAddress, &from.address),
                rule(Counter::MailNetwork, &from.network),
            ];
            rules.extend(from.site.map(|site| rule(Counter::MailSite, &site)));
            rules
        }
    };
    let domain = mail.recipient_domain.to_lowercase();
    rules.push(rule(Counter::MailDomain, &domain));
    rules.push(rule(Counter::MailEverywhere, ""));
    rules
}

/// What strangers may have mailed takes nothing from sign-ins.
pub(crate) fn proof_mail(mail: &ProofMail<'_>) -> Vec<Rule> {
    let recipient = mail.recipient.to_base64url();
    let from = networks(mail.ip);
    let mut rules = vec![
        rule(Counter::ProofRecipient, &recipient),
        rule(Counter::ProofRecipientDay, &recipient),
        rule(Counter::ProofAddress, &from.address),
        rule(Counter::ProofNetwork, &from.network),
        rule(Counter::ProofDomain, &mail.recipient_domain.to_lowercase()),
        rule(Counter::ProofEverywhere, ""),
    ];
    rules.extend(from.site.map(|site| rule(Counter::ProofSite, &site)));
    rules
}

/// THR-16: guesses from elsewhere cannot stop the client at its usual address.
pub(crate) fn client_secret(attempt: &ClientSecretTry<'_>) -> Vec<Rule> {
    let household = networks(attempt.ip).household;
    let whom = format!("{} {household}", attempt.client);
    vec![rule(Counter::ClientSecret, &whom)]
}

/// THR-17: some 34 bits are guessed by nobody who has five tries, and not by many together.
pub(crate) fn user_code(attempt: &UserCodeTry<'_>) -> Vec<Rule> {
    let from = networks(attempt.ip);
    vec![
        rule(Counter::UserCodeAccount, &attempt.user.to_string()),
        rule(Counter::UserCodeAddress, &from.household),
        rule(Counter::UserCodeEverywhere, ""),
    ]
}

/// What strangers do from where a detection rule slows them.
pub(crate) fn slowed(ip: &str) -> Rule {
    rule(Counter::SourceSlowed, &networks(ip).household)
}

/// What strangers have mailed from there: apart from what they guess, so that guesses leave the mailed way in
/// open (THR-04).
pub(crate) fn slowed_mails(ip: &str) -> Rule {
    let household = networks(ip).household;
    rule(Counter::SourceSlowed, &format!("mail {household}"))
}

/// While strangers fill what is for all: each network goes on by itself, a little.
pub(crate) fn crowded(ip: &str) -> Rule {
    rule(Counter::SourceCrowded, &networks(ip).network)
}

/// Who asks for codes fills the place where they are kept.
pub(crate) fn device_request(ip: &str) -> Vec<Rule> {
    let household = networks(ip).household;
    vec![rule(Counter::DeviceRequestAddress, &household)]
}

fn source(ip: &str) -> Vec<Rule> {
    let from = networks(ip);
    let mut rules = vec![
        rule(Counter::SourceAddress, &from.address),
        rule(Counter::SourceNetwork, &from.network),
        rule(Counter::SourceEverywhere, ""),
    ];
    if let Some(site) = from.site {
        rules.push(rule(Counter::SourceSite, &site));
    }
    rules
}

fn rule(counter: Counter, whom: &str) -> Rule {
    Rule {
        counter,
        whom: whom.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: &str = "2001:db8:1:2::3";

    fn names(rules: &[Rule]) -> Vec<&'static str> {
        rules.iter().map(|rule| rule.counter.name()).collect()
    }

    fn browser() -> BrowserId {
        BrowserId::parse("01890a5d-ac96-774b-bcce-b302099a8057").unwrap()
    }

    fn attempt(account: &Digest, device: DeviceClass) -> PasswordAttempt<'_> {
        PasswordAttempt {
            account,
            device,
            ip: IP,
            client: None,
        }
    }

    #[test]
    fn thr_01_a_password_at_a_new_browser_counts_against_account_networks_client_and_all() {
        let (account, client) = (Digest::of(b"a"), ClientId::new("app"));
        let rules = password(&PasswordAttempt {
            client: Some(&client),
            ..attempt(&account, DeviceClass::Unknown)
        });
        assert_eq!(
            names(&rules),
            [
                "password.new_browsers_network",
                "password.new_browsers",
                "password.new_browsers_day",
                "source.address",
                "source.network",
                "source.everywhere",
                "source.site",
                "source.client",
            ]
        );
    }

    #[test]
    fn thr_03_a_known_browser_shares_no_counter_with_strangers() {
        let account = Digest::of(b"a");
        let strangers = password(&attempt(&account, DeviceClass::Unknown));
        let known = password(&attempt(&account, DeviceClass::Known(browser())));
        assert!(known.iter().all(|rule| !strangers.contains(rule)));
        let other = Digest::of(b"b");
        let elsewhere = password(&attempt(&other, DeviceClass::Known(browser())));
        assert!(known.iter().all(|rule| !elsewhere.contains(rule)));
    }

    #[test]
    fn otp_07_wrong_codes_count_against_the_same_sources_as_passwords() {
        let account = Digest::of(b"a");
        let passwords = password(&attempt(&account, DeviceClass::Unknown));
        let codes = code_try(&CodeTry {
            account: &account,
            device: DeviceClass::Unknown,
            ip: IP,
        });
        let shared: Vec<_> = codes
            .into_iter()
            .filter(|c| passwords.contains(c))
            .collect();
        assert_eq!(
            names(&shared),
            [
                "source.address",
                "source.network",
                "source.everywhere",
                "source.site"
            ]
        );
    }

    #[test]
    fn otp_12_a_code_mail_counts_against_account_networks_domain_and_all() {
        let account = Digest::of(b"a");
        let mail = |device, recipient_domain| {
            code_mail(&CodeMail {
                account: &account,
                device,
                ip: IP,
                recipient_domain,
            })
        };
        let strangers = mail(DeviceClass::Unknown, "example.jp");
        assert_eq!(
            names(&strangers),
            [
                "code_mail.account",
                "code_mail.account_day",
                "code_mail.address",
                "code_mail.network",
                "code_mail.site",
                "code_mail.domain",
                "code_mail.everywhere",
            ]
        );
        assert_eq!(mail(DeviceClass::Unknown, "EXAMPLE.jp"), strangers);
        assert_eq!(
            names(&mail(DeviceClass::Known(browser()), "example.jp")),
            [
                "code_mail.known_browser",
                "code_mail.known_browser_day",
                "code_mail.domain",
                "code_mail.everywhere",
            ]
        );
    }

    #[test]
    fn otp_12_proofs_of_newcomers_share_no_counter_with_sign_ins() {
        let account = Digest::of(b"a");
        let sign_in = code_mail(&CodeMail {
            account: &account,
            device: DeviceClass::Unknown,
            ip: IP,
            recipient_domain: "example.jp",
        });
        let newcomer = proof_mail(&ProofMail {
            recipient: &account,
            ip: IP,
            recipient_domain: "example.jp",
        });
        assert_eq!(newcomer.len(), sign_in.len());
        let sign_in = names(&sign_in);
        assert!(names(&newcomer).iter().all(|name| !sign_in.contains(name)));
    }

    #[test]
    fn thr_01_a_reset_counts_by_account_networks_domain_and_all() {
        let account = Digest::of(b"a");
        let mail = ResetMail {
            account: &account,
            ip: IP,
            recipient_domain: "example.jp",
        };
        assert_eq!(
            names(&reset_mail(&mail)),
            [
                "reset_mail.account_network",
                "reset_mail.account",
                "reset_mail.account_day",
                "reset_mail.address",
                "reset_mail.network",
                "reset_mail.domain",
                "reset_mail.everywhere",
                "reset_mail.site",
            ]
        );
        assert_eq!(
            names(&sign_up(IP)),
            [
                "sign_up.address",
                "sign_up.network",
                "sign_up.everywhere",
                "sign_up.site"
            ]
        );
        assert_eq!(
            names(&registration(IP)),
            [
                "registration.address",
                "registration.network",
                "registration.site"
            ]
        );
        let home = |n: u8| registration(&format!("2001:db8:1:2::{n}"));
        assert_eq!(
            home(1)[1..],
            home(2)[1..],
            "one home, however many addresses"
        );
    }

    #[test]
    fn thr_17_a_user_code_counts_by_account_household_and_all() {
        let entropy = sekisho_model::SeededEntropy::new(1);
        let now = sekisho_model::Timestamp::from_seconds(1);
        let (one, other) = (UserId::new(now, &entropy), UserId::new(now, &entropy));
        let device = DeviceClass::Unknown;
        let from = |user, ip| user_code(&UserCodeTry { user, device, ip });
        assert_eq!(
            names(&from(&one, IP)),
            ["device.account", "device.address", "device.everywhere"]
        );
        assert_eq!(from(&one, IP), from(&one, "2001:db8:1:2::4"));
        assert_ne!(from(&one, IP).first(), from(&other, IP).first());
    }

    #[test]
    fn thr_16_a_client_secret_counts_by_client_and_household() {
        let client = ClientId::new("app");
        let from = |ip| {
            client_secret(&ClientSecretTry {
                client: &client,
                ip,
            })
        };
        assert_eq!(from("2001:db8:1:2::3"), from("2001:db8:1:2::4"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    }
}
