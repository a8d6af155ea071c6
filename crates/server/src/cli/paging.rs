//! Lists a page at a time: `--after` what stood last on the page before, `--limit` how many.

use std::fmt;

use sekisho_model::Timestamp;

use super::output;

/// A row's place in a list that is in the order of time: the moment, then what tells rows of one moment apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowPlace {
    pub(super) at: Timestamp,
    pub(super) id: String,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at.micros(), self.id)
    }
}

/// Reads what [`RowPlace`] wrote.
pub(super) fn row_place(text: &str) -> Result<RowPlace, String> {
    let (at, id) = text.split_once('_').unwrap_or_default();
    let at = at.parse().map_err(|_no_number| {
        "write the place of a row, as in 1795392000000000_0199a1b2-0000-7000-8000-000000000001"
            .to_owned()
    })?;
    Ok(RowPlace {
        at: Timestamp::from_micros(at),
        id: id.to_owned(),
    })
}

/// Says how to go on, if the page is full.
pub(super) fn more<T>(page: &[T], limit: u32, place: impl FnOnce(&T) -> String) {
    if let Some(last) = page.last()
        && page.len() >= usize::try_from(limit).unwrap_or(usize::MAX)
    {
        output::done(&format!("There may be more: --after {}", place(last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_was_written() {
        for id in ["0199a1b2-0000-7000-8000-000000000001", "a_b-c_", ""] {
            let place = RowPlace {
                at: Timestamp::from_micros(1_795_392_000_000_001),
                id: id.to_owned(),
            };
            assert_eq!(row_place(&place.to_string()), Ok(place));
        }
        for wrong in ["", "1795392000000000", "x_y", "_y"] {
            assert!(row_place(wrong).is_err(), "{wrong}");
        }
    }
}
