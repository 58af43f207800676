//! An order in a few bytes: as it is kept, while nothing is being done with it.
//!
//! Nothing is rounded or left out, but for one thing: of an order that is dead its ids go, for nothing
//! is ever published of it again. What identifies it is its digest.

use super::names::Name;
use super::order::{OrderRow, Quantity};
use crate::core::amount::{Decimal, Lots};
use crate::core::ids::{Id, IdText};
use crate::core::intent::{OrderType, Side, TimeInForce};
use crate::core::money::Valuation;
use crate::core::order::Terms;
use crate::core::time::Time;

/// What is there, and what is true.
mod flag {
    pub const SELL: u16 = 1;
    pub const POST_ONLY: u16 = 1 << 1;
    pub const REDUCE_ONLY: u16 = 1 << 2;
    pub const PRICE: u16 = 1 << 3;
    pub const TRIGGER: u16 = 1 << 4;
    pub const EXPIRY: u16 = 1 << 5;
    pub const CANCEL_PENDING: u16 = 1 << 6;
    pub const DEAD: u16 = 1 << 7;
    pub const PREVIOUS: u16 = 1 << 8;
    pub const PENDING_TOTAL: u16 = 1 << 9;
    pub const PENDING_TERMS: u16 = 1 << 10;
    pub const PENDING_VALUATION: u16 = 1 << 11;
    /// The valuation is the price.
    pub const AT_PRICE: u16 = 1 << 12;
    /// Nothing is filled, and all is left; or all is filled, and nothing is left.
    pub const UNTOUCHED: u16 = 1 << 13;
    pub const ALL_FILLED: u16 = 1 << 14;
}

/// Where texts say how they are written: up to 64 it is their length.
const UUID: u8 = 65;
/// As the order's own id.
const SAME: u8 = 66;

/// Writes an order, behind one byte for its keeper.
pub fn pack(row: &OrderRow, out: &mut Vec<u8>) {
    let OrderRow {
        accepted_seq,
        account,
        strategy,
        instrument,
        client_order_id,
        last_intent_id,
        previous_intent_id,
        version,
        terms,
        pending_terms,
        valuation,
        pending_valuation,
        cancel_pending,
        quantity,
    } = row;
    out.clear();
    out.push(0);
    let flags = flags(row);
    out.extend_from_slice(&flags.to_le_bytes());
    number(out, u128::from(*accepted_seq));
    for name in [account, strategy, instrument] {
        number(out, u128::from(name.number()));
    }
    number(out, u128::from(version.unsigned_abs()));
    pack_terms(terms, out);
    if flags & flag::AT_PRICE == 0 {
        pack_valuation(*valuation, out);
    }
    let Quantity { total, filled, leaves, pending_total, dead: _ } = quantity;
    signed(out, total.0.into());
    if flags & (flag::UNTOUCHED | flag::ALL_FILLED) == 0 {
        signed(out, filled.0.into());
        signed(out, leaves.0.into());
    }
    if let Some(pending) = pending_total {
        signed(out, pending.0.into());
    }
    if let Some(pending) = pending_terms {
        out.extend_from_slice(&term_flags(pending).to_le_bytes());
        pack_terms(pending, out);
    }
    if let Some(pending) = pending_valuation {
        pack_valuation(*pending, out);
    }
    let _ = cancel_pending;
    if !quantity.dead {
        text(out, client_order_id, None);
        text(out, last_intent_id, Some(client_order_id));
        if let Some(previous) = previous_intent_id {
            text(out, previous, Some(client_order_id));
        }
    }
}

fn flags(row: &OrderRow) -> u16 {
    let quantity = &row.quantity;
    let Quantity { total, filled, leaves, .. } = *quantity;
    let at_price = row.terms.price.is_some_and(|price| row.valuation == Valuation::at(price));
    let bits = [
        (row.cancel_pending, flag::CANCEL_PENDING),
        (quantity.dead, flag::DEAD),
        (row.previous_intent_id.is_some(), flag::PREVIOUS),
        (quantity.pending_total.is_some(), flag::PENDING_TOTAL),
        (row.pending_terms.is_some(), flag::PENDING_TERMS),
        (row.pending_valuation.is_some(), flag::PENDING_VALUATION),
        (at_price, flag::AT_PRICE),
        (filled.0 == 0 && leaves == total, flag::UNTOUCHED),
        (filled == total && leaves.0 == 0 && total.0 != 0, flag::ALL_FILLED),
    ];
    term_flags(&row.terms) | bits.iter().filter(|bit| bit.0).fold(0, |flags, bit| flags | bit.1)
}

fn term_flags(terms: &Terms) -> u16 {
    let bits = [
        (terms.side == Side::Sell, flag::SELL),
        (terms.post_only, flag::POST_ONLY),
        (terms.reduce_only, flag::REDUCE_ONLY),
        (terms.price.is_some(), flag::PRICE),
        (terms.trigger_price.is_some(), flag::TRIGGER),
        (terms.expire_time.is_some(), flag::EXPIRY),
    ];
    bits.iter().filter(|bit| bit.0).fold(0, |flags, bit| flags | bit.1)
}

fn pack_terms(terms: &Terms, out: &mut Vec<u8>) {
    let Terms {
        side: _,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only: _,
        reduce_only: _,
    } = terms;
    out.push((order_type.index() as u8) << 4 | time_in_force.index() as u8);
    decimal(out, *order_qty);
    price.iter().chain(trigger_price).for_each(|price| decimal(out, *price));
    if let Some(time) = expire_time {
        signed(out, time.0.into());
    }
}

fn pack_valuation(valuation: Valuation, out: &mut Vec<u8>) {
    decimal(out, valuation.price());
    signed(out, valuation.markup_bps().into());
}

fn number(out: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn signed(out: &mut Vec<u8>, number_: i128) {
    number(out, (number_ << 1 ^ number_ >> 127) as u128);
}

fn decimal(out: &mut Vec<u8>, decimal: Decimal) {
    let (mantissa, scale) = decimal.normalized();
    out.push(scale as u8);
    signed(out, mantissa);
}

fn text(out: &mut Vec<u8>, text: &str, own: Option<&str>) {
    if own == Some(text) {
        out.push(SAME);
    } else if let Some(bytes) = uuid_bytes(text) {
        out.push(UUID);
        out.extend_from_slice(&bytes);
    } else {
        out.push(text.len() as u8);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The 16 bytes of a UUID as it is always written; `None` for every other text.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = match (place, byte) {
            (8 | 13 | 18 | 23, b'-') => continue,
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => byte - b'0',
            (_, b'a'..=b'f') => byte - b'a' + 10,
            _ => return None,
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
        digits += 1;
    }
    Some(bytes)
}

fn uuid_text(bytes: &[u8]) -> IdText {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = IdText::new();
    for (place, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    text
}

/// Reads an order back.
///
/// # Panics
/// On bytes that [`pack`] did not write.
pub fn unpack(piece: &[u8]) -> OrderRow {
    let mut from = Unpacking(&piece[1..]);
    let flags = from.flags();
    let has = |bit: u16| flags & bit != 0;
    let accepted_seq = from.number() as u64;
    let [account, strategy, instrument] = [(); 3].map(|()| Name::numbered(from.number() as u32));
    let version = from.number() as i32;
    let terms = from.terms(flags);
    let valuation = match has(flag::AT_PRICE) {
        true => Valuation::at(terms.price.unwrap_or_default()),
        false => from.valuation(),
    };
    let total = from.lots();
    let (filled, leaves) = match (has(flag::UNTOUCHED), has(flag::ALL_FILLED)) {
        (true, _) => (Lots(0), total),
        (_, true) => (total, Lots(0)),
        (false, false) => (from.lots(), from.lots()),
    };
    let pending_total = has(flag::PENDING_TOTAL).then(|| from.lots());
    let pending_terms = has(flag::PENDING_TERMS).then(|| {
        let flags = from.flags();
        from.terms(flags)
    });
    let pending_valuation = has(flag::PENDING_VALUATION).then(|| from.valuation());
    let dead = has(flag::DEAD);
    let mut id = |own: Option<IdText>| if dead { IdText::default() } else { from.text(own) };
    let client_order_id = id(None);
    let last_intent_id = id(Some(client_order_id));
    let previous_intent_id = has(flag::PREVIOUS).then(|| id(Some(client_order_id)));
    OrderRow {
        accepted_seq,
        account,
        strategy,
        instrument,
        client_order_id,
        last_intent_id,
        previous_intent_id,
        version,
        terms,
        pending_terms,
        valuation,
        pending_valuation,
        cancel_pending: has(flag::CANCEL_PENDING),
        quantity: Quantity { total, filled, leaves, pending_total, dead },
    }
}

/// What is still to be read.
struct Unpacking<'a>(&'a [u8]);

impl Unpacking<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("an order is packed whole");
        self.0 = rest;
        *first
    }

    fn flags(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    fn number(&mut self) -> u128 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    }

    fn signed(&mut self) -> i128 {
        let number = self.number();
        (number >> 1) as i128 ^ -((number & 1) as i128)
    }

    fn lots(&mut self) -> Lots {
        Lots(self.signed() as i64)
    }

    fn decimal(&mut self) -> Decimal {
        let scale = self.byte();
        Decimal::new(self.signed(), scale.into()).expect("it was a decimal when it was packed")
    }

    fn valuation(&mut self) -> Valuation {
        Valuation::above(self.decimal(), self.signed() as i64)
    }

    fn terms(&mut self, flags: u16) -> Terms {
        let has = |bit: u16| flags & bit != 0;
        let kinds = self.byte();
        Terms {
            side: if has(flag::SELL) { Side::Sell } else { Side::Buy },
            order_type: OrderType::ALL[usize::from(kinds >> 4)],
            order_qty: self.decimal(),
            price: has(flag::PRICE).then(|| self.decimal()),
            trigger_price: has(flag::TRIGGER).then(|| self.decimal()),
            time_in_force: TimeInForce::ALL[usize::from(kinds & 15)],
            expire_time: has(flag::EXPIRY).then(|| Time(self.signed() as i64)),
            post_only: has(flag::POST_ONLY),
            reduce_only: has(flag::REDUCE_ONLY),
        }
    }

    fn text(&mut self, own: Option<IdText>) -> IdText {
        let kind = self.byte();
        let len = match kind {
            SAME => return own.expect("only other ids are written so"),
            UUID => 16,
            len => usize::from(len),
        };
        let (text, rest) = self.0.split_at(len);
        self.0 = rest;
        match kind {
            UUID => uuid_text(text),
            _ => Id::known(std::str::from_utf8(text).expect("ids are ASCII")).to_text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id_text(text: &str) -> IdText {
        Id::known(text).to_text()
    }

    const ID: &str = "[A-Za-z0-9_.:-]{1,64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

    fn decimals() -> impl Strategy<Value = Decimal> {
        let most = 10i128.pow(38) - 1;
        prop_oneof![
            (-10_000i128..10_000, 0u32..4)
                .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap()),
            (-most..=most).prop_map(|units| Decimal::new(units, 18).unwrap()),
        ]
    }

    fn lots() -> impl Strategy<Value = Lots> {
        prop_oneof![(-3i64..2000).prop_map(Lots), any::<i64>().prop_map(Lots)]
    }

    prop_compose! {
        fn terms()(
            kinds in (0..OrderType::ALL.len(), 0..TimeInForce::ALL.len()),
            order_qty in decimals(),
            prices in (proptest::option::of(decimals()), proptest::option::of(decimals())),
            expire_time in proptest::option::of(any::<i64>().prop_map(Time)),
            (sell, post_only, reduce_only) in any::<(bool, bool, bool)>(),
        ) -> Terms {
            Terms {
                side: if sell { Side::Sell } else { Side::Buy },
                order_type: OrderType::ALL[kinds.0],
                order_qty,
                price: prices.0,
                trigger_price: prices.1,
                time_in_force: TimeInForce::ALL[kinds.1],
                expire_time,
                post_only,
                reduce_only,
            }
        }
    }

    prop_compose! {
        fn quantities()(
            total in lots(), filled in lots(), leaves in lots(), kind in 0..3u8,
            pending_total in proptest::option::of(lots()), dead in any::<bool>(),
        ) -> Quantity {
            let (filled, leaves) = match kind {
                0 => (Lots(0), total),
                1 => (total, Lots(0)),
                _ => (filled, leaves),
            };
            Quantity { total, filled, leaves, pending_total, dead }
        }
    }

    prop_compose! {
        fn rows()(
            accepted_seq in any::<u64>(),
            names in any::<[u32; 3]>(),
            ids in (ID, ID, proptest::option::of(ID), any::<bool>()),
            version in 1..i32::MAX,
            terms in (terms(), proptest::option::of(terms())),
            values in (decimals(), any::<i64>(), proptest::option::of(decimals()), any::<bool>()),
            cancel_pending in any::<bool>(),
            quantity in quantities(),
        ) -> OrderRow {
            let [account, strategy, instrument] = names.map(Name::numbered);
            let at_price = terms.0.price.filter(|_| values.3).map(Valuation::at);
            let last = if ids.3 { ids.0.clone() } else { ids.1 };
            OrderRow {
                accepted_seq, account, strategy, instrument,
                client_order_id: id_text(&ids.0),
                last_intent_id: id_text(&last),
                previous_intent_id: ids.2.as_deref().map(id_text),
                version,
                terms: terms.0,
                pending_terms: terms.1,
                valuation: at_price.unwrap_or(Valuation::above(values.0, values.1)),
                pending_valuation: values.2.map(Valuation::at),
                cancel_pending,
                quantity,
            }
        }
    }

    proptest! {
        #[test]
        fn an_order_reads_back_as_it_was(row in rows(), behind in any::<[u8; 3]>()) {
            let mut packed = Vec::new();
            pack(&row, &mut packed);
            prop_assert!(packed.len() <= 255 * 4, "{} bytes", packed.len());
            packed.extend(behind);
            let mut due = row;
            if due.quantity.dead {
                due.client_order_id = IdText::default();
                due.last_intent_id = IdText::default();
                due.previous_intent_id = due.previous_intent_id.map(|_| IdText::default());
            }
            prop_assert_eq!(unpack(&packed), due);
        }
    }

    #[test]
    fn a_usual_dead_order_takes_few_bytes() {
        let price = Decimal::new(500_125, 2).unwrap();
        let row = OrderRow {
            accepted_seq: 9_000_000,
            account: Name::numbered(900),
            strategy: Name::numbered(90),
            instrument: Name::numbered(9),
            client_order_id: id_text("0192d3a4-5b6c-7d8e-9f00-112233445566"),
            last_intent_id: id_text("0192d3a4-5b6c-7d8e-9f00-112233445567"),
            previous_intent_id: None,
            version: 1,
            terms: Terms {
                side: Side::Buy,
                order_type: OrderType::Limit,
                order_qty: Decimal::whole(10),
                price: Some(price),
                trigger_price: None,
                time_in_force: TimeInForce::Day,
                expire_time: None,
                post_only: false,
                reduce_only: false,
            },
            pending_terms: None,
            valuation: Valuation::at(price),
            pending_valuation: None,
            cancel_pending: false,
            quantity: Quantity { dead: true, ..Quantity::of(Lots(10)) },
        };
        let mut packed = Vec::new();
        pack(&row, &mut packed);
        assert_eq!(packed.len(), 20);
        pack(&OrderRow { quantity: Quantity::of(Lots(10)), ..row }, &mut packed);
        assert_eq!(packed.len(), 54);
    }
}
