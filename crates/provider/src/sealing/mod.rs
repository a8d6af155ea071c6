//! Key-encryption keys in use: which one seals, the move of what lies under another, and when one may
//! be dropped (PW-16, KEY-01).

mod custody;
mod dropping;
mod resealing;

pub use custody::{COMMAND, Custody, Held};
pub use dropping::{Droppable, Undroppable, may_drop};
pub use resealing::{Moved, Resealing};
