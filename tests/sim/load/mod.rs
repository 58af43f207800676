//! Traffic: strategies that retry, change their minds and send rubbish, a venue that fills, operators who
//! halt and resume.

pub mod operator;
pub mod strategy;
pub mod venue;

use std::rc::Rc;

use onefill::core::amount::Numeral;
use onefill::core::ids::{Id, placement};

use crate::kafka::LANES;
use crate::kafka::log::Payload;
use crate::kafka::request::Place;

/// What was published so far, to be sent again or referred to.
#[derive(Default)]
pub struct Sent {
    pub intents: Vec<(Place, Payload)>,
    /// Account, name, and instrument of every order that was asked for.
    pub orders: Vec<(String, String, &'static str)>,
    /// Commands that hold a state: who, and whom.
    pub holders: Vec<(String, String)>,
    serial: u64,
}

impl Sent {
    /// A number that was never used before.
    pub fn number(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

pub const INSTRUMENTS: [&str; 2] = ["AAA.X", "BBB.X"];

/// Two accounts of each lane.
pub fn accounts() -> Vec<(String, i32)> {
    (0..LANES)
        .flat_map(|lane| {
            let names = (0..).map(|number| format!("A{number}"));
            names.filter(move |name| lane_of(name) == lane).take(2).map(move |name| (name, lane))
        })
        .collect()
}

pub fn lane_of(account: &str) -> i32 {
    placement(account.as_bytes(), LANES.unsigned_abs()) as i32
}

pub fn id(text: &str) -> Id<'_> {
    Id::parse(text).expect("traffic names things by ids")
}

pub fn num(text: &str) -> Numeral<'_> {
    Numeral::parse(text).expect("traffic writes numbers")
}

pub fn payload(key: &str, value: Vec<u8>) -> Payload {
    Payload { key: Some(Rc::from(key.as_bytes())), value: Some(value.into()) }
}
