use sekisho_model::{AddressKind, ProofPurpose};

use super::{View, is_web};
use crate::{Letter, LetterBody, tally, when};

/// The subject of the letter that says an address is taken.
pub(super) const fn taken_subject(purpose: ProofPurpose) -> &'static str {
    match purpose {
        ProofPurpose::Register => "taken-register-subject",
        ProofPurpose::CodeAddress | ProofPurpose::LoginAddress => "taken-address-subject",
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
                self.lead = match purpose {
                    ProofPurpose::Register => "address-code-register",
                    ProofPurpose::CodeAddress => "address-code-code",
                    ProofPurpose::LoginAddress => "address-code-login",
                };
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
                    ProofPurpose::CodeAddress | ProofPurpose::LoginAddress => "taken-address-lead",
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
