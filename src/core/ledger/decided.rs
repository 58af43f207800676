//! The decided keys and their orders, compactly: ten million of both take less than 1 GiB.
//!
//! A NEW that was accepted decides a key and makes an order, so that one row has both. Every other key
//! has a smaller one. What an order is like stands packed in a slab, and is unpacked when it is looked at.
//! As everywhere in the ledger, what the open batch has staged lies over what is settled.

use std::borrow::Cow;
use std::mem::take;

use super::KeyRow;
use super::chunks::Chunks;
use super::frozen::{Indexing, Section};
use super::index::Index;
use super::order::OrderRow;
use super::ordered::Ordered;
use super::packed::{pack, unpack};
use super::slab::{CHUNK, Slab, lay};
use crate::core::ids::{Fingerprint, KeyId, OrderId};
use crate::core::verdict::Reason;

/// Rows of one chunk: a copy of it is made in some microseconds.
const ROWS: usize = 1024;

/// Set in the number of a key whose row is one of `others`.
const OTHER: u32 = 1 << 31;

/// No order.
const NONE: u32 = u32::MAX;

/// The key and the order of an accepted NEW: the key's id, its fingerprint, its entry's number, the order's
/// id, and the place where the order is packed.
pub(super) type NewRow = [u8; 58];

/// The key of an intent that made no order: its id, its fingerprint, its entry's number, the number of the
/// order that it is about, and one more than the place of its reason, or 0.
pub(super) type OtherRow = [u8; 43];

/// Where the parts of both kinds of rows begin.
const FINGERPRINT: usize = 16;
const SEQ: usize = 32;
/// Of the one its id, of the other its number.
const ORDER: usize = 38;
const PLACE: usize = 54;
const REASON: usize = 42;

/// Keys and orders.
#[derive(Debug, Default)]
pub struct Decided {
    pub(super) news: Chunks<NewRow, ROWS>,
    pub(super) others: Chunks<OtherRow, ROWS>,
    pub(super) slab: Slab,
    keys: Index,
    orders: Index,
    /// In the order in which they were decided.
    staged_keys: Ordered<KeyId, KeyRow>,
    staged_orders: Ordered<OrderId, OrderRow>,
}

impl Decided {
    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        let rows = self.news.bytes() + self.others.bytes() + self.slab.bytes();
        let staged = self.staged_keys.bytes() + self.staged_orders.bytes();
        rows + self.keys.bytes() + self.orders.bytes() + staged
    }

    /// What was decided of this key.
    pub fn key(&self, key: &KeyId) -> Option<KeyRow> {
        if let Some(row) = self.staged_keys.find(key) {
            return Some(*row);
        }
        self.keys.find(&key.0, |number| self.key_of(number)).map(|number| self.key_row(number))
    }

    /// Stages what is decided of a key.
    pub fn put_key(&mut self, key: KeyId, row: KeyRow) {
        self.staged_keys.put(key, row);
    }

    /// The order, as the open batch sees it.
    pub fn order(&self, order_id: &OrderId) -> Option<Cow<'_, OrderRow>> {
        if let Some(row) = self.staged_orders.find(order_id) {
            return Some(Cow::Borrowed(row));
        }
        self.number_of(order_id).map(|number| Cow::Owned(self.order_row(number)))
    }

    /// Whether there is such an order.
    pub fn has_order(&self, order_id: &OrderId) -> bool {
        self.staged_orders.find(order_id).is_some() || self.number_of(order_id).is_some()
    }

    /// Stages an order.
    pub fn put_order(&mut self, order_id: OrderId, row: OrderRow) {
        self.staged_orders.put(order_id, row);
    }

    /// The staged copy of an order; `None` where there is no such order.
    pub fn edit_order(&mut self, order_id: OrderId) -> Option<&mut OrderRow> {
        if self.staged_orders.find(&order_id).is_none() {
            let row = self.order(&order_id)?.into_owned();
            self.staged_orders.put(order_id, row);
        }
        self.staged_orders.edit(&order_id)
    }

    /// The settled rows, which find nothing.
    pub fn frozen(&self) -> Self {
        let Self { news, others, slab, .. } = self;
        Self { news: news.clone(), others: others.clone(), slab: slab.clone(), ..Self::default() }
    }

    /// Hands over the settled keys with the orders that they made, a chunk at a time, and chunks of these orders: they lie
    /// one behind the other there, whatever was put back between them.
    pub fn save_news<E>(&self, emit: &mut impl FnMut(Section, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let (mut rows, mut next) = (Vec::<NewRow>::with_capacity(ROWS), 0);
        let mut orders = Vec::with_capacity(CHUNK);
        for slice in self.news.slices() {
            rows.clear();
            for row in slice {
                let order = self.slab.units(place_of(row));
                if orders.len() + order.len() > CHUNK {
                    orders.resize(CHUNK, 0);
                    emit(Section::Orders, &orders)?;
                    orders.clear();
                }
                orders.extend_from_slice(order);
                let place = lay(&mut next, order[0].into());
                rows.push(row_of([&row[..PLACE], &place.to_le_bytes()]));
            }
            emit(Section::News, rows.as_flattened())?;
        }
        if orders.is_empty() { Ok(()) } else { emit(Section::Orders, &orders) }
    }

    /// Makes the orders that these entries accepted be found, and no others.
    pub fn index_accepted_by(&mut self, seqs: &[u64]) {
        let place = |seq: &u64| self.news.partition_point(|row| seq_of(row) < *seq);
        let numbers = seqs.iter().map(place).map(|number| number as u32);
        self.orders = Index::of(numbers, seqs.len(), |number| order_of(&self.news, number));
    }

    /// What makes keys and orders be found.
    pub fn indexing(&mut self) -> [Indexing<'_>; 2] {
        let Self { news, others, keys, orders, .. } = self;
        let (news, others) = (&*news, &*others);
        let make_keys = move || {
            let (new, other) = (news.numbers(), others.numbers());
            let numbers = new.map(|it| it as u32).chain(other.map(|it| it as u32 | OTHER));
            *keys = Index::of(numbers, news.len() + others.len(), |number| key_of(news, others, number));
        };
        let make_orders = move || {
            let numbers = news.numbers().map(|number| number as u32);
            *orders = Index::of(numbers, news.len(), |number| order_of(news, number));
        };
        [Box::new(make_keys), Box::new(make_orders)]
    }

    /// Whether every number and place leads somewhere.
    pub fn is_sound(&self) -> bool {
        let placed = |row: &NewRow| self.slab.has(place_of(row));
        let named = |row: &OtherRow| {
            let order = u32::from_le_bytes(part(row, ORDER));
            (order == NONE || (order as usize) < self.news.len())
                && usize::from(row[REASON]) <= Reason::ALL.len()
        };
        self.news.iter().all(placed) && self.others.iter().all(named)
    }

    /// Folds the batch in, in the order in which its entries were decided.
    pub fn settle(&mut self) {
        // Both are put back empty: the next batch finds their memory.
        let (mut keys, mut orders) = (take(&mut self.staged_keys), take(&mut self.staged_orders));
        let (had, last) = (self.news.len(), self.news.last().map(|row| seq_of(row)));
        let mut packed = Vec::with_capacity(256);
        for (key, row) in keys.drain() {
            let accepted = row.order_id.filter(|_| row.reason.is_none());
            let order = accepted.and_then(|id| Some((id, orders.find(&id)?)));
            match order.filter(|(_, order)| order.accepted_seq == row.seq) {
                Some((order_id, order)) => {
                    pack(order, &mut packed);
                    self.settle_new(key, &row, order_id, &mut packed);
                }
                None => self.settle_other(key, &row),
            }
        }
        let mut made = 0;
        // A row is large: those that were folded in above are counted where they lie.
        let changed = orders.drain().filter(|(_, row)| {
            let is_made = Some(row.accepted_seq) > last;
            made += usize::from(is_made);
            !is_made
        });
        for (order_id, row) in changed {
            pack(&row, &mut packed);
            let number = self.number_of(&order_id).expect("an order that is changed was accepted before");
            let had = place_of(self.news.row(number as usize));
            let place = self.slab.replace(had, &mut packed);
            if place != had {
                self.news.edit(number as usize)[PLACE..].copy_from_slice(&place.to_le_bytes());
            }
        }
        assert!(made == self.news.len() - had, "every order that is made has a key that makes it");
        (self.staged_keys, self.staged_orders) = (keys, orders);
    }

    fn settle_new(&mut self, key: KeyId, row: &KeyRow, order_id: OrderId, packed: &mut [u8]) {
        let place = self.slab.put(packed).to_le_bytes();
        let new = row_of([&key.0, &row.fingerprint.0, &short(row.seq), &order_id.0, &place]);
        let number = numbered(self.news.push(new));
        let (news, others) = (&self.news, &self.others);
        self.keys.insert(number, |number| key_of(news, others, number));
        self.orders.insert(number, |number| order_of(news, number));
    }

    fn settle_other(&mut self, key: KeyId, row: &KeyRow) {
        let order = row.order_id.map(|id| self.number_of(&id).expect("a key names an order that is there"));
        let order = order.unwrap_or(NONE).to_le_bytes();
        let reason = row.reason.map_or(0, |reason| reason.index() as u8 + 1);
        let other = row_of([&key.0, &row.fingerprint.0, &short(row.seq), &order, &[reason]]);
        let number = numbered(self.others.push(other)) | OTHER;
        let (news, others) = (&self.news, &self.others);
        self.keys.insert(number, |number| key_of(news, others, number));
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged_keys.clear();
        self.staged_orders.clear();
    }

    /// How many keys are settled.
    pub const fn keys_len(&self) -> usize {
        self.news.len() + self.others.len()
    }

    /// Every order as the open batch sees it, in no order. For checks: each one is unpacked.
    pub fn orders(&self) -> impl Iterator<Item = (OrderId, Cow<'_, OrderRow>)> {
        let settled = self.news.iter().enumerate().map(|(number, row)| (OrderId(part(row, ORDER)), number));
        let covered = settled.filter(|(id, _)| self.staged_orders.find(id).is_none());
        let covered = covered.map(|(id, number)| (id, Cow::Owned(self.order_row(number as u32))));
        covered.chain(self.staged_orders.rows().map(|(id, row)| (*id, Cow::Borrowed(row))))
    }

    /// Every key as the open batch sees it, in no order.
    pub fn keys(&self) -> impl Iterator<Item = KeyRow> {
        let news = self.news.numbers().map(|number| number as u32);
        let others = self.others.numbers().map(|number| number as u32 | OTHER);
        news.chain(others)
            .map(|number| self.key_row(number))
            .chain(self.staged_keys.rows().map(|(_, row)| *row))
    }

    /// The settled order that this entry accepted: rows lie in the order of their entries.
    pub fn accepted_by(&self, seq: u64) -> Option<(OrderId, OrderRow)> {
        let number = self.news.partition_point(|row| seq_of(row) < seq);
        let row = self.news.numbers().contains(&number).then(|| self.news.row(number))?;
        (seq_of(row) == seq).then(|| (OrderId(part(row, ORDER)), self.order_row(number as u32)))
    }

    /// The number of a settled order: it keeps it for ever.
    pub(super) fn number_of(&self, order_id: &OrderId) -> Option<u32> {
        self.orders.find(&order_id.0, |number| order_of(&self.news, number))
    }

    /// The order of this number.
    pub(super) fn order_row(&self, number: u32) -> OrderRow {
        unpack(self.slab.piece(place_of(self.news.row(number as usize))))
    }

    /// The id of the order of this number.
    pub(super) fn order_id(&self, number: u32) -> OrderId {
        OrderId(order_of(&self.news, number))
    }

    fn key_of(&self, number: u32) -> [u8; 16] {
        key_of(&self.news, &self.others, number)
    }

    fn key_row(&self, number: u32) -> KeyRow {
        if number & OTHER == 0 {
            let row = self.news.row(number as usize);
            let fingerprint = Fingerprint(part(row, FINGERPRINT));
            let order_id = Some(OrderId(part(row, ORDER)));
            return KeyRow { fingerprint, seq: seq_of(row), reason: None, order_id };
        }
        let row = self.others.row((number & !OTHER) as usize);
        let order = u32::from_le_bytes(part(row, ORDER));
        KeyRow {
            fingerprint: Fingerprint(part(row, FINGERPRINT)),
            seq: seq_of(row),
            reason: usize::from(row[REASON]).checked_sub(1).map(|index| Reason::ALL[index]),
            order_id: (order != NONE).then(|| self.order_id(order)),
        }
    }
}

fn key_of(news: &Chunks<NewRow, ROWS>, others: &Chunks<OtherRow, ROWS>, number: u32) -> [u8; 16] {
    match number & OTHER {
        0 => part(news.row(number as usize), 0),
        _ => part(others.row((number & !OTHER) as usize), 0),
    }
}

fn order_of(news: &Chunks<NewRow, ROWS>, number: u32) -> [u8; 16] {
    part(news.row(number as usize), ORDER)
}

/// Where the order of a row is packed.
fn place_of(row: &NewRow) -> u32 {
    u32::from_le_bytes(part(row, PLACE))
}

fn numbered(number: usize) -> u32 {
    u32::try_from(number).ok().filter(|number| *number < OTHER).expect("one lane holds 2^31 keys at most")
}

/// 48 bits: at a million entries a second they last for nine years.
fn short(seq: u64) -> [u8; 6] {
    assert!(seq < 1 << 48, "a lane writes less than 2^48 entries");
    let bytes = seq.to_le_bytes();
    std::array::from_fn(|place| bytes[place])
}

fn seq_of(row: &[u8]) -> u64 {
    let [a, b, c, d, e, f] = part(row, SEQ);
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}

/// The bytes of a row that begin here.
pub(super) fn part<const LEN: usize>(row: &[u8], from: usize) -> [u8; LEN] {
    *row[from..].first_chunk().expect("a row has all its parts")
}

/// The row of these parts.
pub(super) fn row_of<const LEN: usize, const PARTS: usize>(parts: [&[u8]; PARTS]) -> [u8; LEN] {
    let (mut row, mut from) = ([0; LEN], 0);
    for part in parts {
        row[from..from + part.len()].copy_from_slice(part);
        from += part.len();
    }
    row
}
