//! Noticing attacks: rules as data, and a detector that counts what happened against them (THR-15). Pure:
//! events in, firings out; the same code judges what happens now and what happened last month.

mod backtest;
mod detector;
mod measures;
mod observation;
mod probe;
mod room;
mod rule;
mod subject;
mod tally;

pub use backtest::{BackTest, Stopped, Totals};
pub use detector::{Detector, Firing};
pub use measures::Measures;
pub use observation::{OBSERVED, Observation, What};
pub use probe::{is_sent_by_a_page, probe};
pub(crate) use rule::line_of;
pub use rule::{Act, DetectionRule, DetectionRules, Mode, Pattern, RuleProblem};
pub use subject::{Per, Subject, network_of};
pub use tally::Figures;
