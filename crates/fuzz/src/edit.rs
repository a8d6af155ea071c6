use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Troubles every parser.
const WORDS: [&str; 34] = [
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "\\",
    "'",
    "/",
    "//",
    "..",
    "/../",
    "%00",
    "%",
    "%2",
    "%zz",
    "%C3%A9",
    "%FF",
    "&",
    "=",
    "+",
    ":",
    ";",
    ",",
    "#",
    "@",
    "*",
    "é",
    "\u{202e}",
    "ＡＢ",
    "-1",
    "99999999999999999999",
    "null",
    "[[[[[[[[[",
];

/// One change of an input.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Replace(Index, u8),
    Remove(Index, usize),
    Double(Index, usize),
    Insert(Index, Vec<u8>),
    Word(Index, Index),
    Splice(Index, Index, Index),
    Grow(Index, usize),
}

/// Any of them; long growth is rare.
pub(crate) fn any_edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        4 => (at(), 1_usize..12).prop_map(|(at, length)| Edit::Remove(at, length)),
        3 => (at(), 1_usize..40).prop_map(|(at, length)| Edit::Double(at, length)),
        3 => (at(), vec(any::<u8>(), 1..5)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        8 => (at(), at()).prop_map(|(at, word)| Edit::Word(at, word)),
        3 => (at(), at(), at()).prop_map(|(at, other, from)| Edit::Splice(at, other, from)),
        1 => (at(), 100_usize..20_000).prop_map(|(at, length)| Edit::Grow(at, length)),
    ]
}

impl Edit {
    pub(crate) fn apply(&self, input: &mut Vec<u8>, words: &[&str], seeds: &[Vec<u8>]) {
        let end = input.len();
        match self {
            Self::Replace(at, byte) if end > 0 => input[at.index(end)] = *byte,
            Self::Replace(_, byte) => input.push(*byte),
            Self::Remove(at, length) => {
                let from = at.index(end + 1);
                input.drain(from..end.min(from + length));
            }
            Self::Double(at, length) => {
                let from = at.index(end + 1);
                let again = input[from..end.min(from + length)].to_vec();
                input.splice(from..from, again);
            }
            Self::Insert(at, bytes) => put(input, *at, bytes),
            Self::Word(at, word) => {
                let all = WORDS.len() + words.len();
                let word = word.index(all);
                let word = WORDS
                    .get(word)
                    .unwrap_or_else(|| &words[word - WORDS.len()]);
                put(input, *at, word.as_bytes());
            }
            Self::Splice(at, other, from) => {
                let other = &seeds[other.index(seeds.len())];
                input.truncate(at.index(end + 1));
                input.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            Self::Grow(at, length) => {
                let byte = if end == 0 { b'x' } else { input[at.index(end)] };
                put(input, *at, &vec![byte; *length]);
            }
        }
    }
}

fn put(input: &mut Vec<u8>, at: Index, bytes: &[u8]) {
    let at = at.index(input.len() + 1);
    input.splice(at..at, bytes.iter().copied());
}
