//! When an order like this was accepted last, within the hour: for orders that look like one sent twice.

use std::mem::take;

use super::chunks::Chunks;
use super::decided::{part, row_of};
use super::index::Index;
use super::names::Name;
use super::ordered::Ordered;
use super::windows::Likeness;
use crate::core::amount::{Lots, Ticks};
use crate::core::intent::{OrderType, Side};
use crate::core::time::Time;

/// Rows of one chunk.
const ROWS: usize = 1024;

/// A row that is no older than so many others is changed where it stands; later, a new one is made. So rows
/// lie nearly in the order of their times, and one that comes again and again keeps none from being
/// forgotten.
const YOUNG: usize = 4096;

/// Likenesses with the time of the last acceptance, oldest first.
#[derive(Debug, Default)]
pub struct Alike {
    pub(super) rows: Chunks<AlikeRow, ROWS>,
    index: Index<usize, LEN>,
    staged: Ordered<Likeness, Time>,
}

/// A time, and the likeness.
pub(super) type AlikeRow = [u8; 43];

/// A likeness: account and instrument, side and type, which prices there are (1 and 2), then quantity, price and
/// trigger. Two are the same when their bytes are.
type LikenessBytes = [u8; LEN];

const LEN: usize = 35;

fn bytes_of(likeness: &Likeness) -> LikenessBytes {
    let Likeness { account, instrument, side, order_type, quantity, price, trigger } = *likeness;
    let [account, instrument] = [account, instrument].map(|name| name.number().to_le_bytes());
    let prices = u8::from(price.is_some()) | u8::from(trigger.is_some()) << 1;
    let kinds = [side.index() as u8, order_type.index() as u8, prices];
    let ticks = |price: Option<Ticks>| price.unwrap_or_default().0.to_le_bytes();
    row_of([&account, &instrument, &kinds, &quantity.0.to_le_bytes(), &ticks(price), &ticks(trigger)])
}

fn bytes_in(row: &AlikeRow) -> LikenessBytes {
    part(row, 8)
}

fn time_of(row: &AlikeRow) -> Time {
    Time(i64::from_le_bytes(part(row, 0)))
}

fn likeness_of(row: &AlikeRow) -> Likeness {
    let name = |from| Name::numbered(u32::from_le_bytes(part(row, from)));
    let number = |from| i64::from_le_bytes(part(row, from));
    let [side, order_type, prices] = part(row, 16);
    Likeness {
        account: name(8),
        instrument: name(12),
        side: Side::ALL[usize::from(side)],
        order_type: OrderType::ALL[usize::from(order_type)],
        quantity: Lots(number(19)),
        price: (prices & 1 != 0).then(|| Ticks(number(27))),
        trigger: (prices & 2 != 0).then(|| Ticks(number(35))),
    }
}

impl Alike {
    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.index.bytes() + self.staged.bytes()
    }

    /// The settled rows, which find nothing.
    pub fn frozen(&self) -> Self {
        Self { rows: self.rows.clone(), ..Self::default() }
    }

    /// Makes all rows be found: of each likeness the newest.
    pub fn index_all(&mut self) {
        let rows = &self.rows;
        self.index = Index::of_first(rows.numbers().rev(), rows.len(), |number| bytes_in(rows.row(number)));
    }

    /// When one like this was accepted last, as the open batch sees it.
    pub fn find(&self, likeness: &Likeness) -> Option<Time> {
        let settled = || self.number_of(&bytes_of(likeness)).map(|number| time_of(self.rows.row(number)));
        self.staged.find(likeness).copied().or_else(settled)
    }

    /// Stages that one like this was accepted.
    pub fn put(&mut self, likeness: Likeness, at: Time) {
        self.staged.put(likeness, at);
    }

    /// Folds the batch in, and forgets what was accepted at this time or before it.
    pub fn settle(&mut self, begin: i128) {
        let mut staged = take(&mut self.staged);
        // They lie so already, unless one came again.
        staged.drain_sorted(|at| *at).for_each(|(likeness, at)| self.accept(&likeness, at));
        self.staged = staged;
        while let Some(row) = self.rows.first()
            && i128::from(time_of(row).0) <= begin
        {
            // One that was accepted again has its row further on.
            self.index.remove(self.rows.numbers().start, &bytes_in(row));
            self.rows.forget_first();
        }
    }

    fn accept(&mut self, likeness: &Likeness, at: Time) {
        let bytes = bytes_of(likeness);
        let row = row_of([&at.0.to_le_bytes(), &bytes]);
        if let Some(number) = self.number_of(&bytes)
            && self.rows.numbers().end - number <= YOUNG
        {
            *self.rows.edit(number) = row;
            return;
        }
        let number = self.rows.push(row);
        let rows = &self.rows;
        self.index.replace(number, |it| bytes_in(rows.row(it)));
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
    }

    /// The settled ones, each once.
    pub fn settled(&self) -> impl Iterator<Item = (Likeness, Time)> {
        // As the rows lie, for there may be millions: in the order of the index, each would have to be fetched first.
        let mut is_newest = vec![false; self.rows.len()];
        let first = self.rows.numbers().start;
        self.index.numbers().for_each(|number| is_newest[number - first] = true);
        let newest = self.rows.iter().zip(is_newest).filter_map(|(row, is_newest)| is_newest.then_some(row));
        newest.map(|row| (likeness_of(row), time_of(row)))
    }

    fn number_of(&self, bytes: &LikenessBytes) -> Option<usize> {
        self.index.find(bytes, |number| bytes_in(self.rows.row(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(lots: i64) -> Likeness {
        Likeness {
            account: Name::numbered(1),
            instrument: Name::numbered(2),
            side: Side::Sell,
            order_type: OrderType::StopLimit,
            quantity: Lots(lots),
            price: Some(Ticks(-5)),
            trigger: None,
        }
    }

    #[test]
    fn the_last_time_counts_and_what_is_old_is_forgotten() {
        let mut alike = Alike::default();
        for at in 0..20_000 {
            // One comes again at every time, others once.
            alike.put(like(-1000), Time(at));
            alike.put(like(at), Time(at));
            alike.settle((at - 100).into());
            assert_eq!((alike.find(&like(-1000)), alike.find(&like(at))), (Some(Time(at)), Some(Time(at))));
            assert_eq!(alike.find(&like(at - 99)).is_some(), at >= 99);
            assert!(alike.rows.len() < 100 + 2 * YOUNG, "{} rows", alike.rows.len());
        }
        // Some are still there because they stand behind the one that came again.
        let late = alike.settled().filter(|(_, at)| at.0 > 19_899);
        assert_eq!(late.count(), 101);
        alike.put(like(7), Time(20_000));
        alike.discard();
        assert_eq!(alike.find(&like(7)), None);
    }
}
