//! Proving an address: a code goes there and is typed in the browser that asked for it (REC-08, OTP-09, OTP-10).

use sekisho_guard::Ticket;
use sekisho_model::{
    ChallengeId, Digest, EmailAddress, Epoch, ProofPurpose, Sealed, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// An address that waits to be proved; parked in the session store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingProof {
    /// Digest of the cookie of the browser that asked.
    pub binding: Digest,
    /// What for.
    pub purpose: ProofPurpose,
    /// For whose account; `None` for an account that is still to be made.
    pub account: Option<UserId>,
    /// The [`Candidate`], sealed.
    pub candidate: Vec<u8>,
    /// The present challenge.
    pub challenge: ChallengeId,
    /// The tally's word.
    pub tally_word: u8,
    /// The tally's number.
    pub tally_number: u8,
    /// When the code was last sent.
    pub sent_at: Timestamp,
    /// Until when the code works.
    pub expires_at: Timestamp,
    /// From when it may be sent again.
    pub resend_after: Timestamp,
    /// Until when this proof can be finished at all.
    pub closes_at: Timestamp,
    /// The epoch it began under.
    pub epoch: Epoch,
    /// Given back when the code turns out right: only mails nobody wanted count.
    pub mails: Vec<Ticket>,
}

impl PendingProof {
    /// Whether it is for this purpose and the browser whose cookie has this digest may finish it, now.
    pub fn belongs_to(&self, purpose: ProofPurpose, binding: &Digest, now: Timestamp) -> bool {
        self.purpose == purpose && self.binding == *binding && now < self.closes_at
    }

    /// The candidate as it is sealed.
    pub fn sealed(&self) -> Sealed {
        Sealed::from_bytes(self.candidate.clone())
    }
}

/// The address of a proof, and whether it hears of the code: one that belongs to another account gets another
/// letter, and no code is ever right (ENU-01, REC-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The address.
    pub address: EmailAddress,
    /// Whether the code goes there.
    pub hears: bool,
}

impl Candidate {
    /// As it is sealed: equally long for both kinds.
    pub fn written(&self) -> String {
        let mark = if self.hears { '+' } else { '-' };
        format!("{mark}{}", self.address)
    }

    /// Reads what [`Candidate::written`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        let hears = match text.as_bytes().first()? {
            b'+' => true,
            b'-' => false,
            _ => return None,
        };
        let address = EmailAddress::parse(text.get(1..)?).ok()?;
        Some(Self { address, hears })
    }
}

/// Whether an address may be proved, given who signs in with it or has it reserved (REC-10). Codes of several
/// accounts may go to one address; nobody else signs in with it.
pub fn hears(purpose: ProofPurpose, account: Option<UserId>, holder: Option<UserId>) -> bool {
    match (purpose, holder) {
        (
            ProofPurpose::FirstCodeAddress
            | ProofPurpose::CodeAddress
            | ProofPurpose::OtherCodeAddress,
            _,
        )
        | (_, None) => true,
        (ProofPurpose::Register, Some(_)) => false,
        (ProofPurpose::LoginAddress | ProofPurpose::LoginMailbox, Some(holder)) => {
            account == Some(holder)
        }
    }
}

/// What a code is bound to, beside the browser (OTP-09, REC-08).
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// What for.
    pub purpose: ProofPurpose,
    /// Which challenge.
    pub challenge: &'a ChallengeId,
    /// For whose account.
    pub account: Option<UserId>,
    /// What the address is looked up by.
    pub index: &'a Digest,
}

/// What is stored of a code (OTP-14).
pub fn mac(key: &Digest, bound: Bound<'_>, code: &str) -> Digest {
    let account = named(bound.account);
    let parts = [
        b"address-proof",
        bound.purpose.name().as_bytes(),
        bound.challenge.as_str().as_bytes(),
        account.as_bytes(),
        bound.index.as_bytes(),
        code.as_bytes(),
    ];
    Digest::keyed(key.as_bytes(), &parts)
}

/// Under which id a proof is parked: a browser has one of each purpose, a new one takes the place of the
/// former (OTP-11).
pub fn place(key: &Digest, purpose: ProofPurpose, binding: &Digest) -> String {
    let parts = [
        b"proof".as_slice(),
        purpose.name().as_bytes(),
        binding.as_bytes(),
    ];
    Digest::keyed(key.as_bytes(), &parts).to_base64url()
}

/// What wrong codes are counted by: the address and the account it is for, apart from sign-ins, so that nobody
/// uses up the tries of an owner (OTP-06, THR-11).
pub fn budget(key: &Digest, account: Option<UserId>, index: &Digest) -> Digest {
    let account = named(account);
    let parts = [b"proof".as_slice(), account.as_bytes(), index.as_bytes()];
    Digest::keyed(key.as_bytes(), &parts)
}

fn named(account: Option<UserId>) -> String {
    account.map_or_else(String::new, |user| user.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sekisho_model::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn people() -> (UserId, UserId) {
        let entropy = SeededEntropy::new(1);
        (UserId::new(NOW, &entropy), UserId::new(NOW, &entropy))
    }

    fn pending() -> PendingProof {
        PendingProof {
            binding: Digest::of(b"cookie"),
            purpose: ProofPurpose::CodeAddress,
            account: None,
            candidate: Vec::new(),
            challenge: ChallengeId::new("c"),
            tally_word: 0,
            tally_number: 47,
            sent_at: NOW,
            expires_at: NOW + Duration::from_mins(10),
            resend_after: NOW + Duration::from_mins(1),
            closes_at: NOW + Duration::from_mins(15),
            epoch: Epoch(0),
            mails: Vec::new(),
        }
    }

    #[test]
    fn rec_08_a_proof_belongs_to_one_browser_one_purpose_and_a_quarter_of_an_hour() {
        let (proof, cookie) = (pending(), Digest::of(b"cookie"));
        let late = NOW + Duration::from_mins(15);
        assert!(proof.belongs_to(ProofPurpose::CodeAddress, &cookie, NOW));
        assert!(!proof.belongs_to(ProofPurpose::LoginAddress, &cookie, NOW));
        assert!(!proof.belongs_to(ProofPurpose::CodeAddress, &Digest::of(b"other"), NOW));
        assert!(!proof.belongs_to(ProofPurpose::CodeAddress, &cookie, late));
    }

    #[test]
    fn rec_10_an_address_of_another_account_is_not_proved() {
        let (one, other) = people();
        let hears = |purpose, holder| hears(purpose, Some(one), holder);
        for purpose in ProofPurpose::ALL {
            assert!(hears(purpose, None), "{purpose:?}");
        }
        assert!(hears(ProofPurpose::CodeAddress, Some(other)));
        assert!(!hears(ProofPurpose::LoginAddress, Some(other)));
        assert!(
            hears(ProofPurpose::LoginAddress, Some(one)),
            "back to one's own"
        );
        assert!(!super::hears(ProofPurpose::Register, None, Some(other)));
    }

    #[test]
    fn otp_09_the_mac_binds_purpose_challenge_account_address_and_code() {
        let (key, (one, other)) = (Digest::of(b"key"), people());
        let (c, d) = (ChallengeId::new("c"), ChallengeId::new("d"));
        let (here, there) = (Digest::of(b"here"), Digest::of(b"there"));
        let bound = Bound {
            purpose: ProofPurpose::LoginAddress,
            challenge: &c,
            account: Some(one),
            index: &here,
        };
        let purpose = ProofPurpose::CodeAddress;
        let account = Some(other);
        let all = [
            mac(&key, bound, "12345678"),
            mac(&key, bound, "12345679"),
            mac(&key, Bound { purpose, ..bound }, "12345678"),
            mac(
                &key,
                Bound {
                    challenge: &d,
                    ..bound
                },
                "12345678",
            ),
            mac(&key, Bound { account, ..bound }, "12345678"),
            mac(
                &key,
                Bound {
                    account: None,
                    ..bound
                },
                "12345678",
            ),
            mac(
                &key,
                Bound {
                    index: &there,
                    ..bound
                },
                "12345678",
            ),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }

    #[test]
    fn enu_01_a_candidate_lies_equally_long_whether_it_hears_or_not() {
        let address = EmailAddress::parse("haruka@example.jp").unwrap();
        let candidate = |hears| Candidate {
            address: address.clone(),
            hears,
        };
        let (one, other) = (candidate(true), candidate(false));
        assert_eq!(one.written().len(), other.written().len());
        assert_eq!(Candidate::read(&one.written()), Some(one));
        assert_eq!(Candidate::read(&other.written()), Some(other));
        for odd in ["", "+", "haruka@example.jp", "あ", "++"] {
            assert_eq!(Candidate::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn otp_06_guesses_for_one_account_do_not_count_for_another() {
        let (key, (one, other)) = (Digest::of(b"key"), people());
        let index = Digest::of(b"here");
        let all = [Some(one), Some(other), None].map(|account| budget(&key, account, &index));
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }
}
