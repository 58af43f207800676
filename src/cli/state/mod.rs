//! `onefill state`: what an account holds, has open and may do, at any point of its trail.

mod json;

use clap::Args;

use super::audit::limits::{limits_table, states_in_words, text};
use super::audit::{Bar, Desk};
use super::print::{self, Tone};
use super::{Common, Failure, Output, Status};
use crate::core::amount::Decimal;
use crate::core::ids::{Id, placement};
use crate::core::order::Terms;
use crate::shell::audit::account::{self, Account, HoldingLine, OrderLine, OwedLine};
use crate::shell::audit::find::Search;

/// Show positions, reservations, open orders, trading states and limits of an account
///
/// The account's partition of the trail is replayed, up to an entry or to its end. Nothing is
/// written. Limits that need a price are shown without what is used of them. Exits with 1 where the
/// trail does not go so far, or does not hold.
#[derive(Args, Debug)]
pub(super) struct State {
    /// The account
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// As it stood after the entry of this number; at the end of the trail, if left out
    #[arg(long, value_name = "SEQ")]
    at: Option<u64>,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

impl State {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let account_id = Id::parse(&self.account).ok_or_else(|| {
            let remedy = "an account is 1 to 64 letters, digits, or any of _ . : -";
            Failure::usage(format!("`{}` is no account", self.account), remedy)
        })?;
        let desk = Desk::open(common)?;
        let partition = placement(self.account.as_bytes(), desk.partitions.unsigned_abs()) as i32;
        let search = Search::new(&desk.config, &desk.schemas, &desk.probe, partition)?;
        let bar = Bar::new((search.range.end - search.range.start).unsigned_abs(), "replaying");
        let found =
            account::look(&search, desk.partitions, account_id, self.at, &mut |offset| bar.at(offset))?;
        drop(bar);
        let account = found.map_err(|why| {
            let topic = &desk.config.topics.audit;
            let remedy = "`onefill status` says where it ends, `onefill audit verify` whether it holds";
            Failure::failed(format!("{topic}[{partition}]: {why}"), remedy)
        })?;
        match self.output {
            Output::Json => print::say_json(&json::account(partition, &account)),
            Output::Text => show(partition, &account),
        }
        Ok(Status::Done)
    }
}

fn show(partition: i32, account: &Account) {
    let Account { account_id, seq, decided_at, limits_version, .. } = account;
    print::say(&format!(
        "{account_id} after entry {seq} of partition {partition}, {decided_at:.3}; limits of control offset \
         {limits_version}"
    ));
    if !account.is_known {
        let text = "no limit of scope ACCOUNT names it: it may not trade";
        print::say(&print::toned(text, Tone::Doubtful));
    }
    print::say(&format!("trading states: {}", states_in_words(&account.states)));
    print::say("");
    show_holdings(&account.holdings);
    show_orders(&account.orders);
    for owed in &account.owed {
        let OwedLine { client_order_id, command_id, control_offset, .. } = owed;
        print::say(&format!(
            "cancel owed: {client_order_id}, by {command_id} at control offset {control_offset}"
        ));
    }
    if !account.limits.is_empty() {
        print::say("");
        print::show(&limits_table(&account.limits));
    }
}

fn show_holdings(holdings: &[HoldingLine]) {
    if holdings.is_empty() {
        return print::say("nothing is held or reserved");
    }
    let mut table = print::table(&[
        "STRATEGY",
        "INSTRUMENT",
        "POSITION",
        "RESERVED TO BUY",
        "WORTH",
        "RESERVED TO SELL",
        "WORTH",
        "MONEY",
        "OPEN ORDERS",
    ]);
    for line in holdings {
        table.add_row(vec![
            line.strategy.clone().unwrap_or("all".to_owned()),
            line.instrument_id.clone(),
            number(line.position),
            number(line.reserved_buys),
            number(line.buys_value),
            number(line.reserved_sells),
            number(line.sells_value),
            line.currency.clone(),
            line.open_orders.to_string(),
        ]);
    }
    print::show(&table);
}

fn show_orders(orders: &[OrderLine]) {
    print::say("");
    if orders.is_empty() {
        return print::say("no order is open");
    }
    let header = ["ORDER", "CLIENT ORDER", "STRATEGY", "INSTRUMENT", "TERMS", "TOTAL", "FILLED", "LEAVES"];
    let mut table = print::table(&[&header[..], &["RESERVED", "PENDING"]].concat());
    for order in orders {
        table.add_row(vec![
            order.order_id.to_string(),
            order.client_order_id.clone(),
            order.strategy_id.clone(),
            order.instrument_id.clone(),
            terms_in_words(&order.terms),
            number(order.total),
            number(order.filled),
            number(order.leaves),
            number(order.reserved),
            pending(order),
        ]);
    }
    print::show(&table);
}

fn number(number: Option<Decimal>) -> String {
    text(number).unwrap_or("too long".to_owned())
}

/// `BUY LIMIT 4500.25 DAY`.
fn terms_in_words(terms: &Terms) -> String {
    let mut words = vec![terms.side.to_string(), terms.order_type.to_string()];
    words.extend(terms.price.map(|price| price.to_string()));
    words.extend(terms.trigger_price.map(|price| format!("trigger {price}")));
    words.push(terms.time_in_force.to_string());
    words.extend(terms.post_only.then(|| "post-only".to_owned()));
    words.extend(terms.reduce_only.then(|| "reduce-only".to_owned()));
    words.join(" ")
}

fn pending(order: &OrderLine) -> String {
    let replace = order.replace_pending.map(|terms| {
        let price = terms.price.map(|price| format!(" at {price}")).unwrap_or_default();
        format!("REPLACE to {}{price}", terms.order_qty)
    });
    let cancel = order.cancel_pending.then(|| "CANCEL".to_owned());
    let words: Vec<_> = replace.into_iter().chain(cancel).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
