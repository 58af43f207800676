//! The pure core, tested as somebody does who trusts only the contract.
//!
//! [`world`] builds one lane and the records that reach it. Each other module is one family of
//! claims.

mod history;
mod ladder;
mod model;
mod records;
mod risk_rules;
mod world;

mod adjust;
mod chain;
mod collars;
mod commands;
mod corrections;
mod counts;
mod decide_cancel;
mod decide_new;
mod decide_replace;
mod edges;
mod executions;
mod exposure;
mod gross;
mod invalid;
mod keys;
mod lane;
mod limits;
mod numbers;
mod owed;
mod pace;
mod positions;
mod prices;
mod proof;
mod properties;
mod reducing;
mod sparing;
mod states;
mod values;
