//! Whether a link may set a new password, and what else its holder has to prove (REC-01 to REC-04, REC-12).

use std::time::Duration;

use sekisho_model::{AddressKind, BrowserId, EmailAddress, Timestamp};

/// How long after its end a wait at a known browser still counts.
const WAIT_COUNTS: Duration = Duration::from_hours(7 * 24);

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may be used.
    Open,
    /// It was used.
    Used,
    /// Its time is over, or something newer took its place.
    Over,
}

/// What is known of a link.
#[derive(Debug, Clone, Copy)]
pub struct LinkFacts {
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Whether the password is still the one that was to be replaced, under the same epoch.
    pub same_password: bool,
    /// Whether the account may be acted for.
    pub account_acts: bool,
}

/// REC-01: single use, in time, for this password.
pub fn standing(link: LinkFacts, now: Timestamp) -> Standing {
    match link {
        LinkFacts {
            used_at: Some(_), ..
        } => Standing::Used,
        LinkFacts { expires_at, .. } if now >= expires_at => Standing::Over,
        LinkFacts {
            same_password: true,
            account_acts: true,
            ..
        } => Standing::Open,
        LinkFacts { .. } => Standing::Over,
    }
}

/// A wait at a browser.
#[derive(Debug, Clone, Copy)]
pub struct WaitFacts {
    /// At which.
    pub browser: BrowserId,
    /// Since when.
    pub since: Timestamp,
    /// Whether the password is still the one that was to be replaced.
    pub same_password: bool,
}

/// Who holds a link, and what they have shown beside it.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The address whose mailbox it came to.
    pub mailbox: AddressKind,
    /// The address typed at sign-in.
    pub login: &'a EmailAddress,
    /// Where codes go.
    pub code: Option<&'a EmailAddress>,
    /// Whether a code is asked of this account at all.
    pub second_step: bool,
    /// Whether an operator checked who asked.
    pub vouched: bool,
    /// The browser, if the account knows it.
    pub browser: Option<BrowserId>,
    /// A wait that was begun.
    pub wait: Option<WaitFacts>,
}

/// What is missing beside the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingProof {
    /// Nothing.
    None,
    /// A recovery code.
    RecoveryCode,
    /// A recovery code; or a wait can begin, because the account knows the browser.
    RecoveryCodeOrWait,
    /// A recovery code; or this moment, until which a wait goes on.
    RecoveryCodeOr(Timestamp),
}

/// REC-04: the mailbox alone is not enough if codes come to it as well. Where no address is set for codes the mailbox
/// sets the password, and then waits before it can set that address
/// ([`super::address_change::set_by_mailbox_alone`]).
pub fn missing_proof(holder: &Holder<'_>, wait_for: Duration, now: Timestamp) -> MissingProof {
    let one_mailbox = || {
        let code = holder.code.map(EmailAddress::canonical);
        holder.second_step && code == Some(holder.login.canonical())
    };
    if holder.vouched || !(holder.mailbox == AddressKind::Code || one_mailbox()) {
        return MissingProof::None;
    }
    let Some(browser) = holder.browser else {
        return MissingProof::RecoveryCode;
    };
    let wait = holder.wait.filter(|wait| {
        let counts_until = wait.since + wait_for + WAIT_COUNTS;
        wait.browser == browser && wait.same_password && now < counts_until
    });
    match wait.map(|wait| wait.since + wait_for) {
        None => MissingProof::RecoveryCodeOrWait,
        Some(until) if now < until => MissingProof::RecoveryCodeOr(until),
        Some(_) => MissingProof::None,
    }
}

/// REC-12: names that are nobody's mailbox (RFC 2606 §2, RFC 6761 §6, RFC 6762, RFC 9476) and the domains
/// the operator keeps for machines.
pub fn may_be_mailed(address: &EmailAddress, internal: &[String]) -> bool {
    let domain = address.domain().to_ascii_lowercase();
    let within = |suffix: &str| {
        let suffix = suffix.trim_start_matches('.').to_ascii_lowercase();
        domain == suffix
            || domain
                .strip_suffix(&suffix)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let reserved = [
        "invalid",
        "localhost",
        "local",
        "internal",
        "alt",
        "onion",
        "arpa",
    ];
    !reserved.into_iter().any(within) && !internal.iter().any(|domain| within(domain))
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn browser(n: u64) -> BrowserId {
        BrowserId::new(NOW, &SeededEntropy::new(n))
    }

    #[test]
    fn rec_01_a_link_works_once_in_time_and_for_the_password_it_was_made_for() {
        let open = LinkFacts {
            used_at: None,
            expires_at: NOW + DAY,
            same_password: true,
            account_acts: true,
        };
        assert_eq!(standing(open, NOW), Standing::Open);
        assert_eq!(standing(open, NOW + DAY), Standing::Over);
        for over in [
            LinkFacts {
                same_password: false,
                ..open
            },
            LinkFacts {
                account_acts: false,
                ..open
            },
        ] {
            assert_eq!(standing(over, NOW), Standing::Over);
        }
        let used = LinkFacts {
            used_at: Some(NOW),
            ..open
        };
        assert_eq!(standing(used, NOW), Standing::Used);
    }

    #[test]
    fn rec_04_one_mailbox_is_not_enough_where_codes_come_to_it_too() {
        let (login, code) = (address("a@example.jp"), address("a@mobile.example"));
        let same = address("A@example.jp");
        let holder = Holder {
            mailbox: AddressKind::Login,
            login: &login,
            code: Some(&code),
            second_step: true,
            vouched: false,
            browser: None,
            wait: None,
        };
        let missing = |holder: Holder<'_>| missing_proof(&holder, DAY, NOW);
        assert_eq!(missing(holder), MissingProof::None);
        let alone = [
            Holder {
                mailbox: AddressKind::Code,
                ..holder
            },
            Holder {
                code: Some(&same),
                ..holder
            },
            Holder {
                mailbox: AddressKind::Code,
                second_step: false,
                ..holder
            },
        ];
        for holder in alone {
            assert_eq!(missing(holder), MissingProof::RecoveryCode);
            assert_eq!(
                missing(Holder {
                    vouched: true,
                    ..holder
                }),
                MissingProof::None
            );
            let known = Holder {
                browser: Some(browser(1)),
                ..holder
            };
            assert_eq!(missing(known), MissingProof::RecoveryCodeOrWait);
        }
        let off = Holder {
            code: Some(&same),
            second_step: false,
            ..holder
        };
        assert_eq!(
            missing(off),
            MissingProof::None,
            "no code is asked of this account"
        );
    }

    #[test]
    fn rec_04_a_wait_counts_at_its_browser_for_its_password_and_not_for_ever() {
        let login = address("a@example.jp");
        let missing = |since: Timestamp, at: u64, same_password: bool| {
            let holder = Holder {
                mailbox: AddressKind::Login,
                login: &login,
                code: Some(&login),
                second_step: true,
                vouched: false,
                browser: Some(browser(1)),
                wait: Some(WaitFacts {
                    browser: browser(at),
                    since,
                    same_password,
                }),
            };
            missing_proof(&holder, DAY, NOW)
        };
        let hour = Duration::from_hours(1);
        assert_eq!(missing(NOW - DAY, 1, true), MissingProof::None);
        let until = NOW + hour;
        assert_eq!(
            missing(NOW + hour - DAY, 1, true),
            MissingProof::RecoveryCodeOr(until)
        );
        let again = MissingProof::RecoveryCodeOrWait;
        assert_eq!(missing(NOW - DAY, 2, true), again, "another browser");
        assert_eq!(missing(NOW - DAY, 1, false), again, "another password");
        assert_eq!(missing(NOW - DAY * 8, 1, true), again, "long ago");
    }

    #[test]
    fn rec_12_machines_get_no_mail() {
        let internal = ["svc.example.jp".to_owned()];
        for nobody in [
            "a@x.invalid",
            "a@host.local",
            "a@db.internal",
            "a@svc.example.jp",
            "a@b.SVC.example.jp",
        ] {
            assert!(!may_be_mailed(&address(nobody), &internal), "{nobody}");
        }
        for somebody in ["a@example.jp", "a@notsvc.example.jp", "a@local.jp"] {
            assert!(may_be_mailed(&address(somebody), &internal), "{somebody}");
        }
    }
}
