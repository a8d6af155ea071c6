use sekisho_model::Digest;
use serde_json::Value;

use super::{Answered, Asker, Made, Newcomer, Question, Refusal};

pub(in super::super) const fn begin(_: Asker<'_>, _: &Newcomer<'_>) -> Option<Question> {
    None
}

pub(in super::super) const fn finish(_: Asker<'_>, _: &str, _: &[u8]) -> Option<Made> {
    None
}

pub(in super::super) const fn ask(_: Asker<'_>, _: &[Value]) -> Option<Question> {
    None
}

pub(in super::super) const fn guise(
    _: Asker<'_>,
    _: Option<&Question>,
    (_, _): (Digest, &[u8; 32]),
) -> Option<String> {
    None
}

pub(in super::super) const fn verify(
    _: Asker<'_>,
    (_, _): (&str, &[u8]),
    _: &[Value],
) -> Result<Answered, Refusal> {
    Err(Refusal::Wrong)
}
