use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

/// A mail address in the form two addresses are compared by (REC-09).
///
/// The domain is mapped by UTS 46 and lower-cased, the local part is kept as typed for sending and
/// compared without case. Dots and plus signs are not folded.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    local: String,
    domain: String,
}

/// Why a text is not a mail address we can send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressRefusal {
    /// Nothing was typed.
    #[error("the address is empty")]
    Empty,
    /// Not of the form `name@host`.
    #[error("the address does not have the form name@host")]
    Shape,
    /// Longer than RFC 5321 §4.5.3.1 allows.
    #[error("the address is too long")]
    TooLong,
}

impl EmailAddress {
    /// Reads what a person typed: outer spaces dropped, full-width `＠ ．` and letters folded.
    pub fn parse(typed: &str) -> Result<Self, EmailAddressRefusal> {
        let folded: String = typed.trim().chars().map(fold_full_width).nfc().collect();
        if folded.is_empty() {
            return Err(EmailAddressRefusal::Empty);
        }
        let (local, domain) = folded.rsplit_once('@').ok_or(EmailAddressRefusal::Shape)?;
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL)
            .map_err(|_refused| EmailAddressRefusal::Shape)?
            .into_owned();
        if local.len() > 64 || domain.len() > 253 {
            return Err(EmailAddressRefusal::TooLong);
        }
        if !local_is_sendable(local) || !domain_is_sendable(&domain) {
            return Err(EmailAddressRefusal::Shape);
        }
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// The form to compare and index by.
    pub fn canonical(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// The host part, in its ASCII form.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The form shown before a sign-in is complete: `h•••@e•••.jp` (OTP-21: hides the length).
    pub fn masked(&self) -> String {
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        let top = self.domain.rsplit_once('.').map_or("", |(_, top)| top);
        format!("{}•••@{}•••.{top}", first(&self.local), first(&self.domain))
    }
}

fn fold_full_width(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        0x3002 => '.',
        _ => c,
    }
}

fn local_is_sendable(local: &str) -> bool {
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !local.is_empty()
        && local.chars().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn domain_is_sendable(domain: &str) -> bool {
    let label = |l: &str| (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-');
    domain.contains('.')
        && domain.split('.').all(label)
        && domain
            .rsplit('.')
            .next()
            .is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(typed: &str) -> String {
        EmailAddress::parse(typed).unwrap().canonical()
    }

    #[test]
    fn rec_09_one_person_one_form() {
        assert_eq!(canonical(" Haruka.M@Example.JP "), "haruka.m@example.jp");
        assert_eq!(canonical("haruka＠ｅxample．jp"), "haruka@example.jp");
        assert_eq!(canonical("a@bücher.example"), "a@xn--bcher-kva.example");
        assert_ne!(canonical("a.b@example.jp"), canonical("ab@example.jp"));
        assert_ne!(canonical("a+x@example.jp"), canonical("a@example.jp"));
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        for bad in [
            "a",
            "@b.jp",
            "a@",
            "a@b",
            "a@b..jp",
            "a b@c.jp",
            "a\r\nBcc: x@c.jp",
            "a@1.2.3.4",
            "<a>@b.jp",
            "a@-b.jp",
        ] {
            assert_eq!(
                EmailAddress::parse(bad),
                Err(EmailAddressRefusal::Shape),
                "{bad}"
            );
        }
        assert_eq!(EmailAddress::parse("  "), Err(EmailAddressRefusal::Empty));
        let long = format!("{}@example.jp", "a".repeat(65));
        assert_eq!(
            EmailAddress::parse(&long),
            Err(EmailAddressRefusal::TooLong)
        );
    }

    #[test]
    fn otp_21_the_mask_hides_the_length() {
        let short = EmailAddress::parse("h@e.jp").unwrap();
        let long = EmailAddress::parse("haruka.miura@example.jp").unwrap();
        assert_eq!(short.masked(), long.masked());
        assert_eq!(long.masked(), "h•••@e•••.jp");
    }
}
