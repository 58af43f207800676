//! The pure core, tested as somebody does who trusts only the contract.
//!
//! [`world`] is one lane, [`records`] makes what reaches it, [`answers`] reads what it says; [`ladder`]
//! walks a table of rules. The modules of the second list are one family of claims each.

mod answers;
mod history;
mod ladder;
mod model;
mod records;
mod reference;
mod risk_rules;
mod world;

mod adjust;
mod ages;
mod anomalies;
mod chain;
mod collars;
mod commands;
mod corrections;
mod counts;
mod decide_cancel;
mod decide_new;
mod decide_replace;
mod differential;
mod edges;
mod example;
mod executions;
mod exposure;
mod extremes;
mod frozen;
mod gross;
mod invalid;
mod invariants;
mod keys;
mod lane;
mod limits;
mod lint;
mod numbers;
mod odd_reports;
mod owed;
mod owed_trail;
mod pace;
mod positions;
mod prices;
mod proof;
mod properties;
mod published;
mod reducing;
mod restart;
mod sparing;
mod states;
mod usage;
mod values;
