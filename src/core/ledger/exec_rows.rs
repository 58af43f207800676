//! What report ids stand for, compactly: ten million take less than 0.5 GiB.
//!
//! Nearly every row is a trade of a known order, whose account and instrument the order has. What is not
//! so, or too much for three bytes, is kept whole beside them.

use std::mem::take;

use super::chunks::Chunks;
use super::decided::{Decided, part, row_of};
use super::frozen::Indexing;
use super::index::Index;
use super::ordered::Ordered;
use super::report_index::{Counted, ExecId, ExecRow};
use crate::core::amount::Lots;
use crate::core::ids::Fingerprint;
use crate::core::intent::Side;

/// Rows of one chunk: a copy of it is made in some microseconds.
const ROWS: usize = 1024;

/// A report id, the fingerprint of what it said, one of the kinds below, a number, and of a trade its lots.
/// The number is that of the order, of the report that is restated, or of the row that is kept whole.
pub(super) type PackedExec = [u8; 40];

/// Where the parts of a row begin.
const CONTENT: usize = 16;
const KIND: usize = 32;
const NUMBER: usize = 33;
const WORTH: usize = 37;

/// What a packed row is.
mod kind {
    pub const OTHER: u8 = 0;
    pub const BOUGHT: u8 = 1;
    pub const SOLD: u8 = 2;
    pub const RESTATES: u8 = 3;
    pub const WHOLE: u8 = 4;
}

/// Report ids, for ever.
#[derive(Debug, Default)]
pub struct ExecRows {
    pub(super) rows: Chunks<PackedExec, ROWS>,
    pub(super) whole: Chunks<ExecRow, ROWS>,
    index: Index,
    staged: Ordered<ExecId, ExecRow>,
}

impl ExecRows {
    /// What the id stands for, as the open batch sees it.
    pub fn find(&self, id: &ExecId, orders: &Decided) -> Option<ExecRow> {
        if let Some(row) = self.staged.find(id) {
            return Some(*row);
        }
        self.number_of(id).map(|number| self.unpacked(number, orders))
    }

    /// Stages what an id stands for.
    pub fn put(&mut self, id: ExecId, row: ExecRow) {
        self.staged.put(id, row);
    }

    /// The staged copy of a row, made from the settled one, or from `fresh` where there is none.
    pub fn edit(&mut self, id: ExecId, orders: &Decided, fresh: impl FnOnce() -> ExecRow) -> &mut ExecRow {
        if self.staged.find(&id).is_none() {
            let row = self.find(&id, orders).unwrap_or_else(fresh);
            self.staged.put(id, row);
        }
        self.staged.edit(&id).expect("it was staged just now, or before")
    }

    /// The settled rows, which find nothing.
    pub fn frozen(&self) -> Self {
        Self { rows: self.rows.clone(), whole: self.whole.clone(), ..Self::default() }
    }

    /// What makes reports be found.
    pub fn indexing(&mut self) -> Indexing<'_> {
        let Self { rows, index, .. } = self;
        let rows = &*rows;
        Box::new(move || {
            let numbers = rows.numbers().map(|number| number as u32);
            *index = Index::of(numbers, rows.len(), |number| id_of(rows, number));
        })
    }

    /// Whether every number leads somewhere.
    pub fn is_sound(&self, orders: usize) -> bool {
        self.rows.iter().all(|row| {
            let number = u32::from_le_bytes(part(row, NUMBER)) as usize;
            match row[KIND] {
                kind::OTHER => true,
                kind::BOUGHT | kind::SOLD => number < orders,
                kind::RESTATES => number < self.rows.len(),
                kind::WHOLE => number < self.whole.len(),
                _ => false,
            }
        })
    }

    /// Folds the batch in. The orders of its trades are settled already.
    pub fn settle(&mut self, orders: &Decided) {
        let mut staged = take(&mut self.staged);
        // What restates a report that came in the same batch finds its number then.
        for (id, row) in staged.drain_sorted(|row| matches!(row, ExecRow::Restates { .. })) {
            let found = self.number_of(&id);
            let packed = self.packed(id, &row, found, orders);
            match found {
                Some(number) => *self.rows.edit(number as usize) = packed,
                None => {
                    let number = self.rows.push(packed);
                    let number = u32::try_from(number).expect("one lane holds 2^32 reports at most");
                    let rows = &self.rows;
                    self.index.insert(number, |number| id_of(rows, number));
                }
            }
        }
        self.staged = staged;
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.whole.bytes() + self.index.bytes() + self.staged.bytes()
    }

    /// How many are settled.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Every row as the open batch sees it, in no order.
    pub fn all(&self, orders: &Decided) -> impl Iterator<Item = ExecRow> {
        let settled = self.rows.numbers().map(|number| number as u32);
        let covered = settled.filter(|number| {
            let id = ExecId::from_bytes(id_of(&self.rows, *number));
            self.staged.find(&id).is_none()
        });
        covered.map(|number| self.unpacked(number, orders)).chain(self.staged.rows().map(|(_, row)| *row))
    }

    fn number_of(&self, id: &ExecId) -> Option<u32> {
        self.index.find(&id.bytes(), |number| id_of(&self.rows, number))
    }

    fn packed(&mut self, id: ExecId, row: &ExecRow, found: Option<u32>, orders: &Decided) -> PackedExec {
        let content = row.content().map_or([0; 16], |content| content.0);
        let packed = |kind: u8, number: u32, worth: [u8; 3]| {
            row_of([&id.bytes(), &content, &[kind], &number.to_le_bytes(), &worth])
        };
        match row {
            ExecRow::Other { .. } => return packed(kind::OTHER, 0, [0; 3]),
            ExecRow::Restates { of, .. } => {
                if let Some(number) = self.number_of(of) {
                    return packed(kind::RESTATES, number, [0; 3]);
                }
            }
            ExecRow::Trade { counted, .. } => {
                if let Some((number, worth)) = of_its_order(counted, orders) {
                    let side = if counted.side == Side::Buy { kind::BOUGHT } else { kind::SOLD };
                    return packed(side, number, worth);
                }
            }
            ExecRow::Awaited(_) => {}
        }
        let kept = found.map(|number| self.rows.row(number as usize)).filter(|had| had[KIND] == kind::WHOLE);
        let number = match kept.map(|had| u32::from_le_bytes(part(had, NUMBER))) {
            Some(number) => {
                *self.whole.edit(number as usize) = *row;
                number
            }
            None => self.whole.push(*row) as u32,
        };
        packed(kind::WHOLE, number, [0; 3])
    }

    fn unpacked(&self, number: u32, orders: &Decided) -> ExecRow {
        let row = self.rows.row(number as usize);
        let (content, number) = (Fingerprint(part(row, CONTENT)), u32::from_le_bytes(part(row, NUMBER)));
        let side = match row[KIND] {
            kind::OTHER => return ExecRow::Other { content },
            kind::RESTATES => {
                let of = ExecId::from_bytes(id_of(&self.rows, number));
                return ExecRow::Restates { content, of };
            }
            kind::WHOLE => return *self.whole.row(number as usize),
            kind::BOUGHT => Side::Buy,
            _ => Side::Sell,
        };
        let order = orders.order_row(number);
        let (account, instrument) = (order.account, order.instrument);
        let order_id = Some(orders.order_id(number));
        let [low, middle, high] = part(row, WORTH);
        let worth = Lots(i64::from(u32::from_le_bytes([low, middle, high, 0])));
        ExecRow::Trade { content, counted: Counted { account, instrument, side, order_id, worth } }
    }
}

fn id_of(rows: &Chunks<PackedExec, ROWS>, number: u32) -> [u8; 16] {
    part(rows.row(number as usize), 0)
}

/// The number of the order of a trade that says nothing else than its order, and its worth.
fn of_its_order(counted: &Counted, orders: &Decided) -> Option<(u32, [u8; 3])> {
    let Counted { account, instrument, side: _, order_id, worth } = counted;
    let number = orders.number_of(order_id.as_ref()?)?;
    let order = orders.order_row(number);
    let worth = u32::try_from(worth.0).ok().filter(|worth| *worth < 1 << 24)?;
    let [low, middle, high, _] = worth.to_le_bytes();
    ((order.account, order.instrument) == (*account, *instrument)).then_some((number, [low, middle, high]))
}
