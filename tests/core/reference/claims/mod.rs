//! What shows that the model can be trusted: small cases, whose answers were worked out by hand.
//!
//! [`stage`] tells the model what has happened. `coverage` shows that the histories leave no answer out.

mod coverage;
mod early;
mod gross;
mod limits;
mod positions;
mod replaces;
mod reports;
mod sparing;
mod stage;
mod states;
mod values;
