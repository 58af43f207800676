//! What an account could have come to hold: recomputed from orders and trades alone.
//!
//! Pure. The trail only says in which order the router wrote orders and took in trades; every
//! quantity is that of the records themselves. A trade that the router had taken in when it wrote an
//! order had been made before; one that it had not still counts as open. So what is found here is
//! never less than what could have become true.

use std::collections::BTreeMap;

use super::tally::{Ordered, Place, Trade, Traded};
use crate::core::intent::Side;

/// What the router did, one after another in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It wrote the order that names this entry, by partition and number.
    Wrote((i32, u64)),
    /// It took in the trade at this place of `executions`.
    TookIn(Place),
}

/// The largest exposure of an account in an instrument, on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// How many.
    pub quantity: i64,
    /// Whose, in what.
    pub of: Option<(String, String)>,
}

/// What an account holds of an instrument, and what it could come to hold.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    position: i64,
    open_buys: i64,
    open_sells: i64,
}

/// Books by account and instrument.
type Books<'r> = BTreeMap<(&'r str, &'r str), Book>;

impl Step {
    fn denied(self, why: &str) -> String {
        match self {
            Self::Wrote((lane, seq)) => format!("entry {seq} of lane {lane} accepted, and {why}"),
            Self::TookIn((lane, offset)) => {
                format!("lane {lane} took in a trade at offset {offset} of executions, and {why}")
            }
        }
    }
}

impl Exposure {
    /// At each order, the position if every open order of its side were filled and none of the other.
    ///
    /// # Errors
    /// A step without its record, or a trade of more than is open: then the steps are not what happened.
    pub fn at_worst(steps: &[Step], orders: &[Ordered], trades: &[Trade]) -> Result<Self, String> {
        let orders: BTreeMap<_, _> = orders.iter().map(|one| ((one.partition, one.audit_seq), one)).collect();
        let trades: BTreeMap<_, _> = trades.iter().map(|one| (one.place, one)).collect();
        let (mut books, mut worst) = (Books::new(), Self::default());
        for step in steps {
            match step {
                Step::Wrote(entry) => {
                    let order = orders.get(entry).ok_or_else(|| step.denied("no order record names it"))?;
                    let book = book(&mut books, &order.account_id, &order.terms);
                    *book.open(order.terms.side) += order.terms.quantity;
                    worst.raise(book.at_worst(order.terms.side), &order.account_id, &order.terms);
                }
                Step::TookIn(place) => {
                    let trade = trades.get(place).ok_or_else(|| step.denied("there is none"))?;
                    let book = book(&mut books, &trade.identity.0, &trade.terms);
                    let open = book.open(trade.terms.side);
                    *open -= trade.terms.quantity;
                    if *open < 0 {
                        return Err(step.denied("no order for that much was open"));
                    }
                    book.trade(&trade.terms);
                }
            }
        }
        Ok(worst)
    }

    /// After each trade, the position, and nothing that is still open: the least that it can have been.
    pub fn held(trades: &[Trade]) -> Self {
        let (mut books, mut most) = (Books::new(), Self::default());
        for trade in trades {
            let book = book(&mut books, &trade.identity.0, &trade.terms);
            book.trade(&trade.terms);
            most.raise(book.position.abs(), &trade.identity.0, &trade.terms);
        }
        most
    }

    fn raise(&mut self, quantity: i64, account: &str, terms: &Traded) {
        if quantity > self.quantity {
            *self = Self { quantity, of: Some((account.to_owned(), terms.instrument_id.clone())) };
        }
    }
}

impl Book {
    const fn open(&mut self, side: Side) -> &mut i64 {
        match side {
            Side::Buy => &mut self.open_buys,
            Side::Sell => &mut self.open_sells,
        }
    }

    const fn trade(&mut self, terms: &Traded) {
        match terms.side {
            Side::Buy => self.position += terms.quantity,
            Side::Sell => self.position -= terms.quantity,
        }
    }

    const fn at_worst(&self, side: Side) -> i64 {
        match side {
            Side::Buy => self.position + self.open_buys,
            Side::Sell => self.open_sells - self.position,
        }
    }
}

fn book<'b, 'r>(books: &'b mut Books<'r>, account: &'r str, terms: &'r Traded) -> &'b mut Book {
    books.entry((account, &terms.instrument_id)).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(side: Side, quantity: i64) -> Traded {
        Traded { instrument_id: "X.Y".to_owned(), side, quantity, cents: 100 }
    }

    fn order(audit_seq: u64, side: Side, quantity: i64) -> Ordered {
        Ordered {
            partition: 0,
            audit_seq,
            intent_id: format!("i-{audit_seq}"),
            account_id: "A".to_owned(),
            terms: terms(side, quantity),
        }
    }

    fn trade(offset: i64, side: Side, quantity: i64) -> Trade {
        Trade {
            identity: ("A".to_owned(), "o".to_owned()),
            terms: terms(side, quantity),
            place: (0, offset),
            is_last: true,
            at_ms: 0,
        }
    }

    const fn wrote(seq: u64) -> Step {
        Step::Wrote((0, seq))
    }

    const fn took_in(offset: i64) -> Step {
        Step::TookIn((0, offset))
    }

    #[track_caller]
    fn check(steps: &[Step], orders: &[Ordered], trades: &[Trade], quantity: i64) {
        let of = (quantity > 0).then(|| ("A".to_owned(), "X.Y".to_owned()));
        assert_eq!(Exposure::at_worst(steps, orders, trades), Ok(Exposure { quantity, of }));
    }

    #[test]
    fn nothing_exposes_to_nothing() {
        check(&[], &[], &[], 0);
    }

    #[test]
    fn open_orders_of_one_side_add_up() {
        let orders = [order(1, Side::Buy, 10), order(2, Side::Buy, 5), order(3, Side::Sell, 12)];
        check(&[wrote(1), wrote(2), wrote(3)], &orders, &[], 15);
    }

    #[test]
    fn a_part_that_traded_counts_once() {
        let (orders, trades) = ([order(1, Side::Buy, 10), order(2, Side::Buy, 5)], [trade(0, Side::Buy, 4)]);
        check(&[wrote(1), took_in(0), wrote(2)], &orders, &trades, 15);
    }

    #[test]
    fn what_was_sold_before_makes_room_and_what_is_sold_later_does_not() {
        let orders = [order(1, Side::Sell, 6), order(2, Side::Buy, 10)];
        let trades = [trade(0, Side::Sell, 6)];
        check(&[wrote(1), took_in(0), wrote(2)], &orders, &trades, 6);
        check(&[wrote(1), wrote(2), took_in(0)], &orders, &trades, 10);
    }

    #[test]
    fn accounts_and_instruments_are_apart() {
        let mut orders = [order(1, Side::Buy, 10), order(2, Side::Buy, 9), order(3, Side::Buy, 8)];
        orders[1].account_id = "B".to_owned();
        orders[2].terms.instrument_id = "Z.Y".to_owned();
        check(&[wrote(1), wrote(2), wrote(3)], &orders, &[], 10);
    }

    #[test]
    fn steps_that_did_not_happen_are_found() {
        let (orders, trades) = ([order(1, Side::Buy, 10)], [trade(0, Side::Buy, 11)]);
        for steps in [vec![wrote(2)], vec![took_in(1)], vec![took_in(0)], vec![wrote(1), took_in(0)]] {
            assert!(Exposure::at_worst(&steps, &orders, &trades).is_err(), "{steps:?}");
        }
    }

    #[test]
    fn what_is_held_counts_what_was_traded_only() {
        let trades = [trade(0, Side::Sell, 7), trade(1, Side::Sell, 4), trade(2, Side::Buy, 20)];
        assert_eq!(Exposure::held(&trades).quantity, 11);
        assert_eq!(Exposure::held(&[]), Exposure::default());
    }
}
