use sekisho_model::{AddressKind, ProofPurpose};

use askama::Template as _;

use super::{View, html, is_web, text};
use crate::{Letter, LetterBody, tally, when};

/// Key of the subject, text and HTML of the letters of this file.
pub(super) fn written(
    body: &LetterBody,
    v: &View,
) -> Result<(&'static str, String, String), askama::Error> {
    Ok(match body {
        LetterBody::AddressTaken { purpose, .. } => (
            taken_subject(*purpose),
            text::AddressTaken(v).render()?,
            html::AddressTaken(v).render()?,
        ),
        LetterBody::AddressChanged { .. } => (
            "address-changed-subject",
            text::AddressChanged(v).render()?,
            html::AddressChanged(v).render()?,
        ),
        _ => (
            "address-code-subject",
            text::AddressCode(v).render()?,
            html::AddressCode(v).render()?,
        ),
    })
}

const fn taken_subject(purpose: ProofPurpose) -> &'static str {
    match purpose {
        ProofPurpose::Register => "taken-register-subject",
        ProofPurpose::FirstCodeAddress
        | ProofPurpose::CodeAddress
        | ProofPurpose::LoginAddress
        | ProofPurpose::LoginMailbox
        | ProofPurpose::OtherCodeAddress => "taken-address-subject",
    }
}

const fn code_lead(purpose: ProofPurpose) -> &'static str {
    match purpose {
        ProofPurpose::Register => "address-code-register",
        ProofPurpose::FirstCodeAddress
        | ProofPurpose::CodeAddress
        | ProofPurpose::OtherCodeAddress => "address-code-code",
        ProofPurpose::LoginAddress => "address-code-login",
        ProofPurpose::LoginMailbox => "address-code-mailbox",
    }
}

impl View {
    /// Letters to an address that nobody has proved yet, without a word of any account; and about changes.
    pub(super) fn addresses(&mut self, letter: &Letter) -> Result<(), askama::Error> {
        let (zone, locale) = (&letter.zone, letter.locale);
        match &letter.body {
            LetterBody::AddressCode {
                purpose,
                code,
                tally_word,
                tally_number,
                expires_at,
            } => {
                self.lead = code_lead(*purpose);
                self.put("code", code);
                self.put("tally", tally::words(*tally_word, *tally_number, locale));
                self.put("until", when::clock(*expires_at, zone));
                self.put("zone", when::zone_name(*expires_at, zone, locale));
                Ok(())
            }
            LetterBody::AddressTaken {
                purpose,
                at,
                device,
                ip,
            } => {
                self.lead = match purpose {
                    ProofPurpose::Register => "taken-register-lead",
                    ProofPurpose::FirstCodeAddress
                    | ProofPurpose::CodeAddress
                    | ProofPurpose::LoginAddress
                    | ProofPurpose::LoginMailbox
                    | ProofPurpose::OtherCodeAddress => "taken-address-lead",
                };
                self.when(letter, *at)?;
                self.source(locale, device, ip)
            }
            LetterBody::AddressChanged {
                kind,
                mask,
                link,
                until,
                at,
                device,
                ip,
            } => {
                self.lead = match kind {
                    AddressKind::Login => "address-changed-login",
                    AddressKind::Code => "address-changed-code",
                };
                self.link = link.clone().filter(|link| is_web(link));
                self.put("until", when::date_time_zone(*until, zone, locale));
                self.row("label-new-address", mask.clone())?;
                self.when(letter, *at)?;
                self.source(locale, device, ip)
            }
            _ => Ok(()),
        }
    }
}
