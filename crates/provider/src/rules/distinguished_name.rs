//! Names of certificate subjects, written as RFC 4514 says and compared as X.520 says.

use x509_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::x509::X509Name;

/// A name as its relative names from the root down; each is a set of type and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinguishedName(Vec<Vec<Attribute>>);

/// Type as a dotted OID, value as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    kind: String,
    value: String,
}

/// RFC 4514 §3, and the names that tools write for the other common types.
const KEYWORDS: [(&str, &str); 17] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("SN", "2.5.4.4"),
    ("GN", "2.5.4.42"),
    ("TITLE", "2.5.4.12"),
    ("POSTALCODE", "2.5.4.17"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
];

impl DistinguishedName {
    /// Reads RFC 4514 text; the last relative name comes first there (§2.1).
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = Vec::new();
        for relative in split(text, ',') {
            let attributes: Option<Vec<_>> = split(relative, '+')
                .into_iter()
                .map(Attribute::parse)
                .collect();
            let mut attributes = attributes?;
            attributes.sort();
            names.push(attributes);
        }
        names.reverse();
        Some(Self(names))
    }

    /// The name in a certificate; `None` if a value is no text.
    pub(crate) fn of(name: &X509Name<'_>) -> Option<Self> {
        let relative = |relative: &x509_parser::x509::RelativeDistinguishedName<'_>| {
            let attributes = relative.iter().map(|attribute| {
                Some(Attribute {
                    kind: attribute.attr_type().to_id_string(),
                    value: compared(attribute.as_str().ok()?),
                })
            });
            let mut attributes = attributes.collect::<Option<Vec<_>>>()?;
            attributes.sort();
            Some(attributes)
        };
        let names = name.iter_rdn().map(relative).collect::<Option<Vec<_>>>()?;
        (!names.is_empty()).then_some(Self(names))
    }
}

impl Attribute {
    fn parse(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once('=')?;
        let kind = kind.trim_matches(' ');
        let known = KEYWORDS
            .into_iter()
            .find(|(keyword, _)| keyword.eq_ignore_ascii_case(kind));
        let dotted = || kind.contains('.') && kind.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let kind = match known {
            Some((_, oid)) => oid.to_owned(),
            None if dotted() => kind.to_owned(),
            None => return None,
        };
        let value = value.trim_start_matches(' ');
        let value = match value.strip_prefix('#') {
            Some(digits) => encoded(digits.trim_end_matches(' '))?,
            None => unescaped(value)?,
        };
        Some(Self {
            kind,
            value: compared(&value),
        })
    }
}

/// Splits at `separator` where no backslash stands before it.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c: char| {
        let splits = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
    .collect()
}

/// RFC 4514 §2.4: a backslash before a special character or two hexadecimal digits. `None` for a
/// lone special character.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next()? {
                special
                @ (b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\') => {
                    bytes.push(special);
                }
                high => bytes.push(hex(high)? * 16 + hex(rest.next()?)?),
            },
            b'"' | b';' | b'<' | b'>' | 0 => return None,
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).ok()
}

/// RFC 4514 §2.4: `#` and the hexadecimal digits of the value in BER.
fn encoded(digits: &str) -> Option<String> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some(hex(*high)? * 16 + hex(*low)?))
        .collect();
    let bytes = bytes?;
    let (rest, value) = Any::from_der(&bytes).ok()?;
    rest.is_empty().then_some(())?;
    Some(value.as_str().ok()?.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// `caseIgnoreMatch` (RFC 4517 §4.2.11) for ASCII: letter case does not matter, nor how many spaces
/// there are.
fn compared(value: &str) -> String {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk_18_names_are_equal_however_they_are_written() {
        let name = DistinguishedName::parse("CN=Kurashi, O=Aozora\\, Inc.,C=JP").unwrap();
        for same in [
            "cn=kurashi,o=Aozora\\2c  Inc.,c=JP",
            "2.5.4.3=Kurashi,2.5.4.10=Aozora\\, Inc.,C=jp",
            "CN=#0c074b757261736869,O=Aozora\\, Inc.,C=JP",
            "CN=\\4burashi,O=Aozora\\, Inc. ,C=JP",
        ] {
            assert_eq!(
                DistinguishedName::parse(same).as_ref(),
                Some(&name),
                "{same}"
            );
        }
        for other in [
            "C=JP,O=Aozora\\, Inc.,CN=Kurashi",
            "CN=Kurashi,O=Aozora\\, Inc.",
            "CN=Kurashi,O=Aozora\\, Inc.,C=JP,DC=example",
            "CN=Kurashi+O=Aozora\\, Inc.,C=JP",
            "CN=Kurashi2,O=Aozora\\, Inc.,C=JP",
        ] {
            let other_name = DistinguishedName::parse(other).unwrap();
            assert_ne!(other_name, name, "{other}");
        }
        let one = DistinguishedName::parse("CN=a+OU=b,C=JP");
        assert_eq!(one, DistinguishedName::parse("OU=b+CN=a,C=JP"));
    }

    #[test]
    fn tk_18_what_is_no_name_matches_nothing() {
        for bad in [
            "",
            "CN",
            "CN=a,,C=JP",
            "XX=a",
            "CN=a\\",
            "CN=a\\zz",
            "CN=a\\f",
            "CN=\"a\"",
            "CN=a;C=JP",
            "CN=#0c07",
            "CN=#0c074b75726173686900",
            "CN=#4",
            "CN=a\\ff",
        ] {
            assert_eq!(DistinguishedName::parse(bad), None, "{bad}");
        }
    }
}
