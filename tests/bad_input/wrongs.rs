//! What can be wrong with one parameter of a request that is right otherwise.

use std::fmt;

/// What is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The request is served; the parameter is ignored, optional, or means nothing worse.
    Served,
    /// An error page here, because the client or its address cannot be believed (AZ-04).
    Page,
    /// The error of that name.
    Error(&'static str),
}

/// One parameter of one endpoint: what is right, and what its wrong values get.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    /// Empty if the request does without.
    pub right: &'static str,
    absent: Told,
    long: Told,
    object: Told,
    number: Told,
    markup: Told,
    /// Repeated, or not percent-encoded UTF-8, or with NUL.
    malformed: Told,
}

impl Row {
    /// A parameter for which no other value will do.
    pub const fn strict(name: &'static str, right: &'static str, wrong: &'static str) -> Self {
        Self::with(name, right, Told::Error(wrong))
    }

    /// A parameter whose value is not looked at closely.
    pub const fn lax(name: &'static str, right: &'static str) -> Self {
        Self::with(name, right, Told::Served)
    }

    const fn with(name: &'static str, right: &'static str, wrong: Told) -> Self {
        Self {
            name,
            right,
            absent: wrong,
            long: wrong,
            object: wrong,
            number: wrong,
            markup: wrong,
            malformed: Told::Error("invalid_request"),
        }
    }

    /// Whoever asks, and where the answer goes.
    pub const fn page(name: &'static str, right: &'static str) -> Self {
        Self {
            malformed: Told::Page,
            ..Self::with(name, right, Told::Page)
        }
    }

    pub const fn optional(self) -> Self {
        Self {
            absent: Told::Served,
            ..self
        }
    }

    pub const fn absent(self, error: &'static str) -> Self {
        Self {
            absent: Told::Error(error),
            ..self
        }
    }

    pub const fn long(self, error: &'static str) -> Self {
        Self {
            long: Told::Error(error),
            ..self
        }
    }

    pub const fn object_is_fine(self) -> Self {
        Self {
            object: Told::Served,
            ..self
        }
    }

    fn expected(&self, wrong: Wrong) -> Told {
        match wrong {
            Wrong::Missing | Wrong::Empty => self.absent,
            Wrong::Long => self.long,
            Wrong::Object => self.object,
            Wrong::Number => self.number,
            Wrong::Markup => self.markup,
            // RFC 8707 §2, RFC 8693 §2.1: these may stand twice.
            Wrong::Repeated if ["resource", "audience"].contains(&self.name) => {
                if self.right.is_empty() {
                    self.long
                } else {
                    Told::Served
                }
            }
            Wrong::Repeated | Wrong::HalfAnEscape | Wrong::NotUtf8 | Wrong::Nul => self.malformed,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Missing,
    Empty,
    Repeated,
    Long,
    Object,
    Number,
    Markup,
    HalfAnEscape,
    NotUtf8,
    Nul,
}

const ALL: [Wrong; 10] = [
    Wrong::Missing,
    Wrong::Empty,
    Wrong::Repeated,
    Wrong::Long,
    Wrong::Object,
    Wrong::Number,
    Wrong::Markup,
    Wrong::HalfAnEscape,
    Wrong::NotUtf8,
    Wrong::Nul,
];

impl Wrong {
    /// The values as they travel; `right` is encoded already.
    fn values(self, right: &str) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::Missing => vec![],
            Self::Empty => one(""),
            Self::Repeated => vec![right.to_owned(), right.to_owned()],
            Self::Long => vec!["x".repeat(12_000)],
            Self::Object => one("%7B%22a%22%3A%5B%5D%7D"),
            Self::Number => one("-99999999999999999999"),
            Self::Markup => one("%22%3E%3Cscript%3E"),
            Self::HalfAnEscape => one("%E"),
            Self::NotUtf8 => one("%FF%FE%80"),
            Self::Nul => one("a%00b"),
        }
    }
}

/// One wrong request.
pub struct Case {
    name: &'static str,
    wrong: Wrong,
    pub query: String,
    pub expected: Told,
}

impl Case {
    /// Whether the parameter is there and what it says can be read.
    pub fn keeps(&self, name: &str) -> bool {
        self.name != name || self.wrong == Wrong::Repeated
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.wrong)
    }
}

/// Every wrong of every parameter in `rows`. What differs from run to run, as ids and tokens, stands
/// in `known` instead of the table.
pub fn cases(rows: &[Row], known: &[(&str, &str)]) -> Vec<Case> {
    let right = |row: &Row| {
        let known = known.iter().find(|(name, _)| *name == row.name);
        encoded(known.map_or(row.right, |(_, value)| value))
    };
    let of_row = |row: &Row| {
        let others = rows.iter().filter(|other| other.name != row.name);
        let others: Vec<String> = others
            .map(|other| (other.name, right(other)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let own = Some(right(row)).filter(|own| !own.is_empty());
        let own = own.unwrap_or_else(|| "x".to_owned());
        ALL.map(|wrong| {
            let values = wrong.values(&own).into_iter();
            let all = values.map(|value| format!("{}={value}", row.name));
            let query: Vec<String> = others.iter().cloned().chain(all).collect();
            Case {
                name: row.name,
                wrong,
                query: query.join("&"),
                expected: row.expected(wrong),
            }
        })
    };
    rows.iter().flat_map(of_row).collect()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
