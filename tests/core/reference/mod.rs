//! A second opinion on the whole lane: what every entry must say, by the contract alone.
//!
//! It shares the records with the router, and nothing else. It counts in fractions of any size, keeps
//! lists of all that has happened, and adds everything up anew each time that it is asked. It must
//! never take over how the router does something, only what the contract says of it.
//!
//! Start at [`Model`]; its answers are [`Expected`]. [`intents`] walks the checks of section 4:
//! [`early`] is 0 to 9, [`risk`] and [`gross`] are 10 to 20. [`reports`] and [`fills`] are section 7,
//! [`control`] and [`commands`] section 8. [`histories`] makes up what may happen, and the `claims`
//! show that the model itself can be trusted.

mod claims;
mod commands;
mod control;
mod early;
mod expected;
mod fills;
mod gross;
mod histories;
mod intents;
mod limits;
mod model;
mod number;
mod orders;
mod prices;
mod reports;
mod risk;
mod shape;
mod states;
mod sums;

pub use expected::{Expected, Sent};
pub use histories::{Act, Turn, happen, histories};
pub use model::Model;
