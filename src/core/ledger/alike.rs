//! When an order like this was accepted last, within the hour: for orders that look like one sent twice.

use std::borrow::Cow;
use std::mem::take;

use super::chunks::Chunks;
use super::decided::{part, row_of};
use super::index::Index;
use super::marks::Marks;
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
    /// Those whose likeness has a newer row.
    outdated: Marks,
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

/// What is hashed of a likeness and the time of its last acceptance: the time; the number of the account in the upper
/// 32 bits, that of the instrument in the lower; the places of side and type among their kinds, from the 16th and the
/// 8th bit on, and 1 where there is a price, 2 where there is a trigger, in the lowest; quantity, price, and trigger. A
/// price that is absent is 0, what is negative stands in two's complement.
pub type Numbers = [u64; 6];

fn numbers_of(at: Time, likeness: &Likeness, number: impl Fn(Name) -> u32) -> Numbers {
    let Likeness { account, instrument, side, order_type, quantity, price, trigger } = *likeness;
    let prices = u64::from(price.is_some()) | u64::from(trigger.is_some()) << 1;
    let kinds = (side.index() as u64) << 16 | (order_type.index() as u64) << 8 | prices;
    let names = u64::from(number(account)) << 32 | u64::from(number(instrument));
    let signed = [quantity.0, price.unwrap_or_default().0, trigger.unwrap_or_default().0];
    let [quantity, price, trigger] = signed.map(i64::cast_unsigned);
    [at.0.cast_unsigned(), names, kinds, quantity, price, trigger]
}

impl Alike {
    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.outdated.bytes() + self.index.bytes() + self.staged.bytes()
    }

    /// The settled rows, which find nothing.
    pub fn frozen(&self) -> Self {
        Self { rows: self.rows.clone(), outdated: self.outdated.clone(), ..Self::default() }
    }

    /// Makes all rows be found, each of which is the only one of its likeness.
    pub fn index_all(&mut self) {
        let rows = &self.rows;
        self.index = Index::of(rows.numbers(), rows.len(), |number| bytes_in(rows.row(number)));
    }

    /// The settled rows that count, oldest first, a chunk at a time.
    pub fn newest(&self) -> impl Iterator<Item = Cow<'_, [AlikeRow]>> {
        let mut next = self.rows.numbers().start;
        self.rows.slices().map(move |rows| {
            let numbers = next..next + rows.len();
            next = numbers.end;
            if !numbers.clone().any(|number| self.outdated.has(number)) {
                return Cow::Borrowed(rows);
            }
            let newest = numbers.zip(rows).filter(|(number, _)| !self.outdated.has(*number));
            Cow::Owned(newest.map(|(_, row)| *row).collect())
        })
    }

    /// How many these are.
    pub fn newest_len(&self) -> usize {
        self.rows.numbers().filter(|number| !self.outdated.has(*number)).count()
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
            let number = self.rows.numbers().start;
            if !self.outdated.has(number) {
                self.index.remove(number, &bytes_in(row));
            }
            self.rows.forget_first();
        }
        self.outdated.forget_before(self.rows.numbers().start);
    }

    fn accept(&mut self, likeness: &Likeness, at: Time) {
        let bytes = bytes_of(likeness);
        let row = row_of([&at.0.to_le_bytes(), &bytes]);
        let former = self.number_of(&bytes);
        if let Some(number) = former
            && self.rows.numbers().end - number <= YOUNG
        {
            *self.rows.edit(number) = row;
            return;
        }
        let number = self.rows.push(row);
        let rows = &self.rows;
        self.index.replace(number, |it| bytes_in(rows.row(it)));
        if let Some(former) = former {
            self.outdated.mark(former);
        }
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
    }

    /// The settled likenesses of a later time, by it, and those of one time by their [`Numbers`] and at once.
    pub fn in_order(&self, begin: i128, number: impl Fn(Name) -> u32, mut each: impl FnMut(&[Numbers])) {
        let mut by_time: Vec<_> = self.after(begin).collect();
        // They lie nearly so.
        by_time.sort_by_key(|(at, _)| *at);
        let mut same = Vec::new();
        for run in by_time.chunk_by(|(one, _), (other, _)| one == other) {
            same.clear();
            same.extend(run.iter().map(|(at, row)| numbers_of(*at, &likeness_of(row), &number)));
            same.sort_unstable();
            each(&same);
        }
    }

    /// The accounts and instruments of the settled likenesses of a later time, again and again.
    pub fn names(&self, begin: i128) -> impl Iterator<Item = Name> {
        self.after(begin).map(|(_, row)| likeness_of(row)).flat_map(|it| [it.account, it.instrument])
    }

    fn after(&self, begin: i128) -> impl Iterator<Item = (Time, &AlikeRow)> {
        let newest =
            self.rows.numbers().zip(self.rows.iter()).filter(|(number, _)| !self.outdated.has(*number));
        newest.map(|(_, row)| (time_of(row), row)).filter(move |(at, _)| i128::from(at.0) > begin)
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
        assert_eq!(alike.after(19_899).count(), 101);
        alike.put(like(7), Time(20_000));
        alike.discard();
        assert_eq!(alike.find(&like(7)), None);
    }

    #[test]
    fn one_that_comes_again_after_many_others_has_one_row_that_counts() {
        let mut alike = Alike::default();
        let mut accept = |lots, at| {
            alike.put(like(lots), Time(at));
            alike.settle(-1);
        };
        let others = YOUNG as i64 + 10;
        accept(-1, 0);
        (0..others).for_each(|lots| accept(lots, 1));
        accept(-1, 2);
        assert_eq!((alike.rows.len(), alike.newest_len()), (YOUNG + 12, YOUNG + 11));
        assert_eq!(alike.after(-1).count(), YOUNG + 11);
        let mut kept = Alike::default();
        alike.newest().for_each(|rows| kept.rows.extend(&rows));
        kept.index_all();
        // The row that does not count goes first, and the other one stays.
        alike.settle(0);
        for (alike, rows) in [(&alike, YOUNG + 11), (&kept, YOUNG + 11)] {
            assert_eq!((alike.rows.len(), alike.newest_len()), (rows, rows));
            assert_eq!((alike.find(&like(-1)), alike.find(&like(0))), (Some(Time(2)), Some(Time(1))));
        }
        alike.settle(1);
        assert_eq!((alike.rows.len(), alike.find(&like(-1)), alike.find(&like(0))), (1, Some(Time(2)), None));
    }
}
