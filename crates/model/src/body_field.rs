use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a field of a request's body is like, written as operators write it: `name` is there, `name=value` is
/// that, `name~part` contains it, `name>200` has more letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BodyField {
    /// What the field is called.
    pub name: String,
    /// What its value is like.
    pub test: FieldTest,
}

/// What the value of a field is like; small letters fit large ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldTest {
    /// Whatever it is.
    Present,
    /// This and nothing else.
    Is(String),
    /// This, somewhere in it.
    Contains(String),
    /// More letters than these.
    LongerThan(usize),
}

/// A text that is no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a field as 'name', 'name=value', 'name~part' or 'name>200'")]
pub struct NoBodyField;

impl BodyField {
    /// Whether a value, in whatever case, is like that.
    pub fn fits(&self, name: &str, value: &str) -> bool {
        let small = str::to_lowercase;
        small(name) == small(&self.name)
            && match &self.test {
                FieldTest::Present => true,
                FieldTest::Is(whole) => small(value) == small(whole),
                FieldTest::Contains(part) => small(value).contains(&small(part)),
                FieldTest::LongerThan(most) => value.chars().count() > *most,
            }
    }

    /// The same in small letters, to compare what operators wrote.
    #[must_use]
    pub fn in_small_letters(&self) -> Self {
        let test = match &self.test {
            FieldTest::Is(whole) => FieldTest::Is(whole.to_lowercase()),
            FieldTest::Contains(part) => FieldTest::Contains(part.to_lowercase()),
            other => other.clone(),
        };
        Self {
            name: self.name.to_lowercase(),
            test,
        }
    }
}

impl FromStr for BodyField {
    type Err = NoBodyField;

    fn from_str(typed: &str) -> Result<Self, NoBodyField> {
        let halves = typed.find(['=', '~', '>']).map(|at| typed.split_at(at));
        let (name, test) = match halves {
            None => (typed, FieldTest::Present),
            Some((name, rest)) => {
                let mut value = rest.chars();
                let sign = value.next();
                let value = value.as_str();
                let test = match sign {
                    Some('=') => FieldTest::Is(value.to_owned()),
                    Some('~') => FieldTest::Contains(value.to_owned()),
                    _ => FieldTest::LongerThan(
                        value.trim().parse().map_err(|_no_number| NoBodyField)?,
                    ),
                };
                (name, test)
            }
        };
        let name = name.trim();
        let empty = matches!(&test, FieldTest::Contains(part) if part.is_empty());
        if name.is_empty() || empty {
            return Err(NoBodyField);
        }
        Ok(Self {
            name: name.to_owned(),
            test,
        })
    }
}

impl TryFrom<String> for BodyField {
    type Error = NoBodyField;

    fn try_from(text: String) -> Result<Self, NoBodyField> {
        text.parse()
    }
}

impl From<BodyField> for String {
    fn from(field: BodyField) -> Self {
        field.to_string()
    }
}

impl fmt::Display for BodyField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.test {
            FieldTest::Present => f.write_str(name),
            FieldTest::Is(whole) => write!(f, "{name}={whole}"),
            FieldTest::Contains(part) => write!(f, "{name}~{part}"),
            FieldTest::LongerThan(most) => write!(f, "{name}>{most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_06_fields_are_read_and_written_in_one_form() {
        for text in [
            "scope",
            "grant_type=client_credentials",
            "scope~a=b",
            "code>200",
            "state=",
        ] {
            let field: BodyField = text.parse().unwrap();
            assert_eq!(field.to_string(), text);
            let stored = serde_json::to_string(&field).unwrap();
            assert_eq!(stored, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<BodyField>(&stored).unwrap(), field);
        }
        for wrong in ["", " ", "=x", "scope~", "code>", "code>many", "code>-1"] {
            assert_eq!(wrong.parse::<BodyField>(), Err(NoBodyField), "{wrong}");
        }
    }

    #[test]
    fn inc_06_a_field_fits_in_whatever_case() {
        let fits = |field: &str, value| field.parse::<BodyField>().unwrap().fits("Scope", value);
        assert!(fits("scope", ""));
        assert!(fits("SCOPE=Admin", "admin") && !fits("scope=admin", "administrator"));
        assert!(fits("scope~ADM", "an admin") && !fits("scope~adm", "other"));
        assert!(fits("scope>3", "関所関所") && !fits("scope>4", "関所関所"));
        assert!(!fits("scopes", "admin"));
    }
}
