//! Which letters follow a sign-in. Pure: facts in, decision out.

use std::time::Duration;

use sekisho_model::{AddressKind, AlertSetting, EmailAddress, LetterKind};
use sekisho_store::HELD_LETTERS_EVERY;

/// Wrong passwords before a success that are worth a letter (TD-07).
const SUSPICIOUS: u32 = 3;
/// Letters of one kind about one account that follow each other sooner than this are told together (TD-07).
pub const TOLD_TOGETHER: Duration = Duration::from_mins(10);

/// How well the account knows the browser that signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// The account has been used from it: it showed its cookie, and is the same kind of browser on the same system.
    Known,
    /// No cookie of ours for this account, or one that another kind of browser got.
    New,
}

/// What the decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInFacts {
    /// What the user asked for.
    pub setting: AlertSetting,
    /// Whether the browser is known.
    pub browser: Browser,
    /// Wrong passwords since the success before.
    pub failures_before: u32,
}

/// A letter to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub kind: LetterKind,
    /// To which addresses.
    pub to: &'static [AddressKind],
    /// Not more often than this per account; what happens meanwhile is told together afterwards.
    pub at_most_every: Option<Duration>,
}

/// After a successful sign-in. A new device is always told, to both addresses: whoever got in could
/// have turned the mails off (ux 10.3). So is a success after several failures: it may be a guess that was right.
pub const fn after_sign_in(facts: &SignInFacts) -> Option<Notice> {
    let suspicious = facts.failures_before >= SUSPICIOUS;
    match (facts.browser, facts.setting) {
        (Browser::New, _) => Some(Notice {
            kind: LetterKind::NewDevice,
            to: &[AddressKind::Login, AddressKind::Code],
            at_most_every: Some(TOLD_TOGETHER),
        }),
        (Browser::Known, setting) if suspicious || matches!(setting, AlertSetting::Every) => {
            Some(Notice {
                kind: LetterKind::SignInAlert,
                to: &[AddressKind::Login],
                at_most_every: Some(TOLD_TOGETHER),
            })
        }
        (Browser::Known, _) => None,
    }
}

/// After a right password that no right code followed (ux 10.4); cannot be turned off. The outbox counts.
pub const fn after_missing_code() -> Notice {
    Notice {
        kind: LetterKind::PasswordKnown,
        to: &[AddressKind::Login, AddressKind::Code],
        at_most_every: Some(HELD_LETTERS_EVERY),
    }
}

impl Notice {
    /// The addresses to write to, each once, of those the account has.
    pub fn recipients<'a>(
        &self,
        login: Option<&'a EmailAddress>,
        code: Option<&'a EmailAddress>,
    ) -> Vec<&'a EmailAddress> {
        let mut found: Vec<&EmailAddress> = Vec::new();
        for kind in self.to {
            let address = match kind {
                AddressKind::Login => login,
                AddressKind::Code => code,
            };
            let new = |address: &&EmailAddress| {
                found
                    .iter()
                    .all(|known| known.canonical() != address.canonical())
            };
            if let Some(address) = address.filter(new) {
                found.push(address);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(setting: AlertSetting, browser: Browser, failures_before: u32) -> Option<LetterKind> {
        let facts = SignInFacts {
            setting,
            browser,
            failures_before,
        };
        after_sign_in(&facts).map(|notice| notice.kind)
    }

    #[test]
    fn s12_the_table_of_alerts() {
        use AlertSetting::{Every, NewDevice, Off};
        use Browser::{Known, New};
        let alert = Some(LetterKind::SignInAlert);
        let new = Some(LetterKind::NewDevice);
        for (setting, browser, failures, expected) in [
            (Every, Known, 0, alert),
            (Every, New, 0, new),
            (NewDevice, Known, 0, None),
            (NewDevice, Known, 2, None),
            (NewDevice, Known, 3, alert),
            (NewDevice, New, 0, new),
            (Off, Known, 0, None),
            (Off, Known, 2, None),
            (Every, Known, 3, alert),
            (Off, New, 0, new),
        ] {
            let found = kind(setting, browser, failures);
            assert_eq!(found, expected, "{setting:?} {browser:?} {failures}");
        }
    }

    #[test]
    fn td_07_a_success_after_three_failures_is_told_whatever_was_chosen() {
        use AlertSetting::{Every, NewDevice, Off};
        for setting in [Every, NewDevice, Off] {
            for failures in [3, 4, 19] {
                let told = kind(setting, Browser::Known, failures);
                assert_eq!(told, Some(LetterKind::SignInAlert), "{setting:?}");
            }
        }
    }

    #[test]
    fn td_07_sign_ins_are_told_at_most_once_in_ten_minutes() {
        for (browser, setting) in [
            (Browser::New, AlertSetting::NewDevice),
            (Browser::Known, AlertSetting::Every),
        ] {
            let facts = SignInFacts {
                setting,
                browser,
                failures_before: 0,
            };
            let every = after_sign_in(&facts).unwrap().at_most_every;
            assert_eq!(every, Some(Duration::from_mins(10)));
        }
    }

    #[test]
    fn td_07_a_new_device_is_told_to_both_addresses_each_once() {
        let facts = SignInFacts {
            setting: AlertSetting::Off,
            browser: Browser::New,
            failures_before: 0,
        };
        let notice = after_sign_in(&facts).unwrap();
        let login = EmailAddress::parse("haruka.m@example.jp").unwrap();
        let same = EmailAddress::parse("Haruka.M@example.jp").unwrap();
        let code = EmailAddress::parse("haruka@mobile.example").unwrap();
        assert_eq!(
            notice.recipients(Some(&login), Some(&code)),
            [&login, &code]
        );
        assert_eq!(notice.recipients(Some(&login), Some(&same)), [&login]);
        assert_eq!(notice.recipients(None, Some(&code)), [&code]);
        assert!(notice.recipients(None, None).is_empty());
    }

    #[test]
    fn a_known_password_is_told_at_most_once_an_hour() {
        let notice = after_missing_code();
        assert_eq!(notice.kind, LetterKind::PasswordKnown);
        assert_eq!(notice.at_most_every, Some(Duration::from_hours(1)));
        assert_eq!(notice.to.len(), 2);
    }
}
