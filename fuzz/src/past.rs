//! The past of a lane, drawn from bytes: openings, prices, and batches of records that settle or are dropped.

use arbitrary::{Result, Unstructured};
use onefill::core::control::ControlRecord;
use onefill::core::intent::Intent;
use onefill::core::settings::Settings;
use onefill::core::time::{MILLISECOND, Time};
use onefill::shell::topics::Role;
use onefill::wire::{control, execution, intent, price};

use crate::draw::{ACCOUNTS, Draw, instrument};
use crate::records::{self, NOW};

/// A record as it lies in its topic.
#[derive(Clone, Debug)]
pub struct Record {
    pub role: Role,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// How many offsets before it hold no record.
    pub gap: u8,
}

/// What happens to a lane.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is opened, by these settings.
    Open(Settings),
    /// A price is received.
    Quote(Vec<u8>),
    /// A batch of these records is decided, and its transaction commits or not.
    Batch { records: Vec<Record>, commits: bool },
}

/// What may stand in a past besides openings and prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Records of `control` alone, after a few orders that commands can be about.
    Control,
    /// Records of all inputs.
    All,
}

const TURNS_MAX: usize = 24;
const RECORDS_MAX: usize = 8;

/// Everything that happens, each with the clock's time.
pub fn draw(data: &[u8], inputs: Inputs) -> Result<Vec<(Time, Turn)>> {
    let mut bytes = Unstructured::new(data);
    let mut draw = Draw::new(&mut bytes, NOW);
    let mut past = Vec::new();
    if !draw.once_in(8)? {
        past.push((NOW, Turn::Open(Settings::default())));
        past.push((NOW, Turn::Batch { records: prelude(inputs), commits: true }));
    } else {
        past.push((NOW, Turn::Open(settings(&mut draw)?)));
    }
    while !draw.bytes.is_empty() && past.len() < TURNS_MAX {
        pass(&mut draw)?;
        let turn = match draw.bytes.int_in_range(0..=7)? {
            0 => Turn::Open(settings(&mut draw)?),
            1 => Turn::Quote(encoded(draw.quote()?, |quote, out| price::encode(quote, out))),
            kind => {
                let count = draw.bytes.int_in_range(1..=RECORDS_MAX)?;
                let records = (0..count).map(|_| record(&mut draw, inputs)).collect::<Result<_>>()?;
                Turn::Batch { records, commits: kind != 2 }
            }
        };
        past.push((draw.clock, turn));
    }
    Ok(past)
}

/// Time goes on, or does not, or jumps.
fn pass(draw: &mut Draw<'_, '_>) -> Result<()> {
    let step = draw.one(&[0, 1, 1000, 5000, 60_000, 3_600_000, -1000])?;
    draw.clock = Time(draw.clock.0.saturating_add(step * MILLISECOND));
    if draw.once_in(64)? {
        draw.clock = Time(draw.bytes.arbitrary()?);
    }
    Ok(())
}

fn settings(draw: &mut Draw<'_, '_>) -> Result<Settings> {
    let pool = [5000, 0, 1, 1000, 2000, i64::MAX];
    Ok(Settings {
        max_intent_age_ms: draw.one(&pool)?,
        skew_ms: draw.one(&pool)?,
        ref_max_age_ms: draw.one(&pool)?,
    })
}

/// Instruments and wide limits, without which nothing is accepted; and for commands alone the orders that they are about.
fn prelude(inputs: Inputs) -> Vec<Record> {
    let limits = ["A1", "A6"].map(|account| ControlRecord::RiskLimit(records::wide(account)));
    let instruments = [0, 1, 2].map(|index| ControlRecord::Instrument(instrument(index, 0)));
    let of_control = |record| Record {
        role: Role::Control,
        key: None,
        value: Some(encoded(record, |record, out| control::encode(record, out))),
        gap: 0,
    };
    let of_intent = |intent: Intent<'static>| Record {
        role: Role::Intents,
        key: Some(intent.account_id.as_str().into()),
        value: Some(encoded(intent, |intent, out| intent::encode(intent, out))),
        gap: 0,
    };
    let orders = [
        records::buy("o-1", "3", "100"),
        records::sell("o-2", "3", "100"),
        Intent { account_id: records::id("A6"), ..records::buy("o-1", "3", "100") },
    ];
    let orders = orders.into_iter().filter(|_| inputs == Inputs::Control);
    let control = instruments.into_iter().chain(limits);
    control.map(of_control).chain(orders.map(of_intent)).collect()
}

fn record(draw: &mut Draw<'_, '_>, inputs: Inputs) -> Result<Record> {
    let kind = if inputs == Inputs::Control { 0 } else { draw.bytes.int_in_range(0..=7)? };
    let (role, key, value) = match kind {
        0 => (Role::Control, None, encoded(draw.control()?, |it, out| control::encode(it, out))),
        1..=3 => {
            let it = draw.execution()?;
            let key = Some(it.account_id.as_str().into());
            (Role::Executions, key, encoded(it, |it, out| execution::encode(it, out)))
        }
        _ => {
            let it = draw.intent()?;
            let key = Some(it.account_id.as_str().into());
            (Role::Intents, key, encoded(it, |it, out| intent::encode(it, out)))
        }
    };
    let key = if draw.once_in(32)? { draw.one(ACCOUNTS)?.as_bytes().to_vec().into() } else { key };
    let gap = if draw.once_in(8)? { draw.bytes.arbitrary()? } else { 0 };
    Ok(Record { role, key, value: damaged(draw, value)?, gap })
}

/// The value, rarely with another byte, cut off, with any bytes in its record's place, or none.
fn damaged(draw: &mut Draw<'_, '_>, mut value: Vec<u8>) -> Result<Option<Vec<u8>>> {
    if !draw.once_in(16)? {
        return Ok(Some(value));
    }
    let header = onefill::wire::schema::HEADER_LEN;
    match draw.bytes.int_in_range(0..=3)? {
        0 => {
            let at = draw.bytes.int_in_range(0..=value.len() - 1)?;
            value[at] = draw.bytes.arbitrary()?;
        }
        1 => value.truncate(draw.bytes.int_in_range(0..=value.len())?),
        2 => {
            value.truncate(header);
            value.extend(draw.bytes.arbitrary::<&[u8]>()?);
        }
        _ => return Ok(None),
    }
    Ok(Some(value))
}

fn encoded<T>(record: T, encode: impl FnOnce(&T, &mut Vec<u8>)) -> Vec<u8> {
    let mut value = Vec::new();
    encode(&record, &mut value);
    value
}
