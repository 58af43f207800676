//! The state of one partition, derived only from its entries.
//!
//! [`Ledger::stage`] is its only mutator, and both deciding and restoring go through it: whatever
//! a replay folds in is what the router folded in (`G7`). [`Ledger::settle`] and
//! [`Ledger::discard`] end a batch. Start reading at [`Ledger::follow`], then `apply`.

mod alike;
mod anomalies;
mod apply;
mod chunks;
pub mod commands;
mod decided;
mod exec_rows;
pub mod executions;
pub mod frozen;
mod gross;
pub mod hash;
pub mod holdings;
mod index;
pub mod instrument;
pub mod limits;
mod lines;
mod marks;
pub mod names;
mod open;
pub mod order;
mod ordered;
pub mod owed;
pub mod owner;
mod packed;
mod report_index;
mod size;
mod slab;
pub mod states;
pub mod table;
pub mod usage;
mod validate;
pub mod windows;

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::entry::{Body, Cursors, Entry, IntentIds, Prior};
use super::halt::{Halt, HaltCode};
use super::ids::{Digest, Fingerprint, Id, IdText, KeyId, OrderId};
use super::intent::IntentType;
use super::order::{Order, Origin, Terms};
use super::settings::Settings;
use super::time::Time;
use super::verdict::Reason;
use commands::Adjustment;
use decided::Decided;
use exec_rows::ExecRows;
use holdings::Holding;
use instrument::Instrument;
use limits::{Group, LimitRow, Target};
use names::{Name, Names};
use open::OpenOrders;
use order::OrderRow;
use owed::OwedCancels;
use owner::Owner;
use states::{ScopeKey, StateRow};
use table::{Staged, Table};
use windows::Windows;

/// Which partition of how many a ledger is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The partition number, from 0.
    pub partition: i32,
    /// Partitions of each of `intents`, `executions`, `orders`, `audit`.
    pub count: i32,
}

/// The state of one partition.
#[derive(Debug)]
pub struct Ledger {
    placement: Placement,
    head: Staged<Head>,
    opening: Staged<Option<Opened>>,
    names: Names,
    decided: Decided,
    executions: ExecRows,
    instruments: Table<Name, Instrument>,
    holdings: Table<(Owner, Name), Holding>,
    /// Of each owner the instruments that it has a holding in, in the order of their names.
    spans: HashMap<Owner, Vec<Name>>,
    open_counts: Table<Owner, i32>,
    open_orders: OpenOrders,
    limits: Table<Name, LimitRow>,
    groups: Table<Target, Group>,
    /// Of each account how many ACCOUNT-scope limits name it.
    named_accounts: Table<Name, i32>,
    windows: Windows,
    states: Table<ScopeKey, StateRow>,
    owed: OwedCancels,
    commands: Table<Name, Option<Adjustment>>,
    /// Before which entry it was hashed last, and the hash.
    hashed: Option<(u64, Digest)>,
}

/// Where the trail stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number that the next entry takes.
    pub next_seq: u64,
    /// Leaf hash of the last entry; zeros before the first.
    pub link: Digest,
    /// The next offset of each input.
    pub cursors: Cursors,
    /// Of the last entry.
    pub decided_at: Time,
    /// The control offset that the effective limits came from; -1 for none.
    pub limits_version: i64,
    /// The last record on `orders`.
    pub published: Option<Published>,
    /// Whether an operator has accepted that `orders` ends otherwise; until the next order.
    pub outputs_accepted: bool,
}

/// The last record on `orders`: an [`Order`] that outlives its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The entry that published it.
    pub audit_seq: u64,
    /// What the venue is to do.
    pub command: IntentType,
    /// Whose order.
    pub order_id: OrderId,
    /// Its version.
    pub order_version: i32,
    /// When it was decided.
    pub decided_at: Time,
    /// Whose it is.
    pub account: Name,
    /// What is traded.
    pub instrument: Name,
    /// Who asked.
    pub strategy_id: IdText,
    /// The intent, or the command that owed it.
    pub intent_id: IdText,
    /// The order's identity for its account.
    pub client_order_id: IdText,
    /// The accepted intent before this one; FIX 41.
    pub orig_intent_id: Option<IdText>,
    /// Complete.
    pub terms: Terms,
    /// The gateway checks it again before it sends.
    pub expires_at: Option<Time>,
    /// Who caused it.
    pub origin: Origin,
}

impl Published {
    /// The record, with its ids as the caller holds them.
    pub fn order<'a>(&'a self, ids: IntentIds<'a>) -> Order<'a> {
        let IntentIds { account_id, strategy_id, instrument_id, intent_id, client_order_id } = ids;
        Order {
            command: self.command,
            order_id: self.order_id,
            order_version: self.order_version,
            intent_id,
            client_order_id,
            orig_intent_id: self.orig_intent_id.as_deref().map(known_id),
            account_id,
            strategy_id,
            instrument_id,
            terms: self.terms,
            expires_at: self.expires_at,
            audit_seq: self.audit_seq,
            decided_at: self.decided_at,
            origin: self.origin,
        }
    }
}

fn known_id(text: &str) -> Id<'_> {
    Id::parse(text).expect("it was an id when it was accepted")
}

/// What the last GENESIS or LANE_OPENED recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Version of the rules of deciding and applying.
    pub rules_version: i32,
    /// The consumer group.
    pub group: String,
    /// Partitions of the data topics.
    pub partition_count: i32,
    /// Topic name to topic id.
    pub topic_ids: BTreeMap<String, String>,
    /// By which settings the lane decides.
    pub settings: Settings,
}

impl Opened {
    /// What stands for an opening that cannot be read: no topology agrees with it.
    pub const fn unreadable() -> Self {
        Self {
            rules_version: 0,
            group: String::new(),
            partition_count: 0,
            topic_ids: BTreeMap::new(),
            settings: Settings { max_intent_age_ms: 0, skew_ms: 0, ref_max_age_ms: 0 },
        }
    }
}

/// What was decided of an intent key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Of the payload.
    pub fingerprint: Fingerprint,
    /// The deciding entry.
    pub seq: u64,
    /// Why it was rejected; `None` when it was accepted.
    pub reason: Option<Reason>,
    /// The order that it became or changed, or that stood in its way.
    pub order_id: Option<OrderId>,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            next_seq: 0,
            link: Digest::ZERO,
            cursors: Cursors::default(),
            decided_at: Time(i64::MIN),
            limits_version: -1,
            published: None,
            outputs_accepted: false,
        }
    }
}

impl KeyRow {
    /// What entries say of it.
    pub const fn prior(&self) -> Prior {
        Prior { seq: self.seq, reason: self.reason, order_id: self.order_id }
    }
}

impl Ledger {
    /// The empty ledger of a partition.
    pub fn new(placement: Placement) -> Self {
        Self {
            placement,
            head: Staged::default(),
            opening: Staged::default(),
            names: Names::default(),
            decided: Decided::default(),
            executions: ExecRows::default(),
            instruments: Table::default(),
            holdings: Table::default(),
            spans: HashMap::new(),
            open_counts: Table::default(),
            open_orders: OpenOrders::default(),
            limits: Table::default(),
            groups: Table::default(),
            named_accounts: Table::default(),
            windows: Windows::default(),
            states: Table::default(),
            owed: OwedCancels::default(),
            commands: Table::default(),
            hashed: None,
        }
    }

    /// Takes in an entry of the trail: proves that it follows the last one, and applies it.
    ///
    /// `leaf` is the leaf hash of the entry's own bytes, the link of the next one.
    ///
    /// # Errors
    /// As [`Ledger::stage`].
    pub fn follow(&mut self, entry: &Entry<'_>, leaf: Digest) -> Result<(), Halt> {
        self.stage(entry)?;
        self.link(leaf);
        Ok(())
    }

    /// Stages an entry, whose leaf hash [`Ledger::link`] must say before the next one.
    ///
    /// # Errors
    /// `CHAIN_BROKEN` when number or link do not follow, `STATE_DIVERGED` when the entry
    /// contradicts what the entries before it have made true.
    pub fn stage(&mut self, entry: &Entry<'_>) -> Result<(), Halt> {
        self.check_link(entry)?;
        let diverged = |detail| Halt::new(HaltCode::StateDiverged, format!("entry {}: {detail}", entry.seq));
        self.check_cursors(entry).map_err(diverged)?;
        self.check_order(entry).map_err(diverged)?;
        self.apply(entry).map_err(diverged)?;
        let head = self.head.edit();
        head.next_seq += 1;
        head.decided_at = entry.decided_at;
        Ok(())
    }

    /// Says the leaf hash of the entry that was staged last.
    pub fn link(&mut self, leaf: Digest) {
        self.head.edit().link = leaf;
    }

    /// Folds the batch in: its transaction has committed.
    pub fn settle(&mut self) {
        self.head.settle();
        self.opening.settle();
        self.decided.settle();
        self.executions.settle(&self.decided);
        self.instruments.settle();
        self.holdings.settle();
        self.open_counts.settle();
        self.open_orders.settle();
        self.limits.settle();
        self.groups.settle();
        self.named_accounts.settle();
        self.windows.settle(self.head.settled().decided_at);
        self.states.settle();
        self.owed.settle();
        self.commands.settle();
    }

    /// Drops the batch: its transaction has not committed, or nobody knows.
    pub fn discard(&mut self) {
        self.head.discard();
        self.opening.discard();
        self.decided.discard();
        self.executions.discard();
        self.instruments.discard();
        self.holdings.discard();
        self.open_counts.discard();
        self.open_orders.discard();
        self.limits.discard();
        self.groups.discard();
        self.named_accounts.discard();
        self.windows.discard();
        self.states.discard();
        self.owed.discard();
        self.commands.discard();
    }

    fn check_link(&self, entry: &Entry<'_>) -> Result<(), Halt> {
        let head = self.head();
        let broken = |detail| Err(Halt::new(HaltCode::ChainBroken, detail));
        if entry.seq != head.next_seq {
            return broken(format!("entry {} stands where {} was due", entry.seq, head.next_seq));
        }
        if entry.prev != head.link {
            return broken(format!(
                "entry {} links to {}, but the entry before it hashes to {}",
                entry.seq, entry.prev, head.link
            ));
        }
        let opens = matches!(entry.body, Body::Genesis(_));
        if opens != (entry.seq == 0) {
            return broken(format!("entry {} is a {}", entry.seq, entry.body.kind()));
        }
        Ok(())
    }

    /// Only an opening may find the inputs further on, for it may have read past markers; and an
    /// operator who accepts a loss says where they stand.
    fn check_cursors(&self, entry: &Entry<'_>) -> Result<(), String> {
        let (head, as_of) = (self.head(), entry.as_of);
        let opening = matches!(entry.body, Body::Genesis(_) | Body::LaneOpened(_));
        if matches!(entry.body, Body::Recovery(_)) && as_of.control == head.cursors.control {
            return Ok(());
        }
        let forward = as_of.intents >= head.cursors.intents
            && as_of.executions >= head.cursors.executions
            && as_of.control == head.cursors.control;
        if as_of == head.cursors || (opening && forward) {
            return Ok(());
        }
        Err(format!("it says that inputs stood at {as_of}, but they stood at {}", head.cursors))
    }

    /// An input is answered once (`G3`): what was answered cannot come again, and time goes on.
    fn check_order(&self, entry: &Entry<'_>) -> Result<(), String> {
        let head = self.head();
        let (offset, next) = match &entry.body {
            Body::Decision(decision) => (decision.input.offset, head.cursors.intents),
            Body::Execution(taken) => (taken.input.offset, head.cursors.executions),
            Body::Control(taken) => (taken.input.offset, head.cursors.control),
            // The record that owes a cancel was answered before; the others have no input.
            Body::Genesis(_) | Body::LaneOpened(_) | Body::OwedCancel(_) | Body::Recovery(_) => (0, 0),
        };
        if offset < next {
            return Err(format!("its input is at offset {offset}, which was answered before"));
        }
        if entry.limits_version != head.limits_version {
            let (found, due) = (entry.limits_version, head.limits_version);
            return Err(format!(
                "it names the limits of control offset {found}, but those of {due} were in force"
            ));
        }
        if entry.decided_at < head.decided_at {
            return Err("it was decided before the entry before it".to_owned());
        }
        Ok(())
    }

    /// Which partition this is.
    pub const fn placement(&self) -> Placement {
        self.placement
    }

    /// Where the trail stands, the open batch included.
    pub fn head(&self) -> &Head {
        self.head.now()
    }

    /// Where the trail stands, without the open batch.
    pub const fn settled_head(&self) -> &Head {
        self.head.settled()
    }

    /// The [ledger hash](hash), which takes a while where much was accepted of late. One that was
    /// [remembered](Self::remember_hash) holds until the next entry is settled.
    pub fn hash(&self) -> Digest {
        let next_seq = self.settled_head().next_seq;
        match self.hashed {
            Some((before, hash)) if before == next_seq => hash,
            Some(_) | None => hash::ledger_hash(self),
        }
    }

    /// Remembers the ledger hash, and says it.
    pub fn remember_hash(&mut self) -> Digest {
        let hash = self.hash();
        self.hashed = Some((self.settled_head().next_seq, hash));
        hash
    }

    /// What the last opening recorded; `None` before the first.
    pub fn opened(&self) -> Option<&Opened> {
        self.opening.now().as_ref()
    }

    /// The settings in force: those that the last opening recorded.
    pub fn settings(&self) -> Settings {
        self.opened().map(|opened| opened.settings).unwrap_or_default()
    }

    /// What was decided of this key.
    pub fn key(&self, account_id: Id<'_>, intent_id: Id<'_>) -> Option<KeyRow> {
        self.known(&KeyId::of(account_id, intent_id))
    }

    /// The same, of a key that is digested.
    pub(super) fn known(&self, key: &KeyId) -> Option<KeyRow> {
        self.decided.key(key)
    }

    /// The order, open or terminal.
    pub fn order(&self, order_id: OrderId) -> Option<Cow<'_, OrderRow>> {
        self.decided.order(&order_id)
    }

    /// The last record on `orders`, as it must stand there.
    pub fn last_order(&self) -> Option<Order<'_>> {
        let last = self.head().published.as_ref()?;
        let ids = IntentIds {
            account_id: known_id(self.text(last.account)),
            strategy_id: known_id(&last.strategy_id),
            instrument_id: known_id(self.text(last.instrument)),
            intent_id: known_id(&last.intent_id),
            client_order_id: known_id(&last.client_order_id),
        };
        Some(last.order(ids))
    }

    /// Whether the order is known, open or terminal.
    pub fn has_order(&self, order_id: OrderId) -> bool {
        self.decided.has_order(&order_id)
    }

    /// The instrument of this id, as last recorded.
    pub fn instrument(&self, instrument_id: &str) -> Option<&Instrument> {
        self.instruments.find(&self.names.find(instrument_id)?)
    }

    /// The same, by its name.
    pub fn instrument_named(&self, name: Name) -> Option<&Instrument> {
        self.instruments.find(&name)
    }

    /// Every instrument, in no order.
    pub fn instruments(&self) -> impl Iterator<Item = (Name, &Instrument)> {
        self.instruments.rows().map(|(name, instrument)| (*name, instrument))
    }

    /// The text of a name that a row of this ledger holds.
    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    /// How many keys are settled.
    pub fn keys_len(&self) -> usize {
        self.decided.keys_len()
    }

    /// How many reports are settled.
    pub const fn executions_len(&self) -> usize {
        self.executions.len()
    }

    /// How many orders of the settled ledger may still be filled.
    pub fn open_orders(&self) -> usize {
        self.open_orders.len()
    }

    /// The orders that may still be filled, in order of acceptance.
    pub fn open_order_rows(&self) -> impl Iterator<Item = (OrderId, Cow<'_, OrderRow>)> {
        self.open_orders.iter().filter_map(|order_id| Some((order_id, self.order(order_id)?)))
    }

    /// What was accepted of late.
    pub const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The number of a text that rows may use; [`Name::NOBODY`] where none does.
    pub fn name(&self, text: &str) -> Name {
        self.names.find(text).unwrap_or(Name::NOBODY)
    }
}

crate::core::saved::saved!(Placement { partition, count });
crate::core::saved::saved!(Head {
    next_seq,
    link,
    cursors,
    decided_at,
    limits_version,
    published,
    outputs_accepted
});
crate::core::saved::saved!(Published {
    audit_seq,
    command,
    order_id,
    order_version,
    decided_at,
    account,
    instrument,
    strategy_id,
    intent_id,
    client_order_id,
    orig_intent_id,
    terms,
    expires_at,
    origin,
});
crate::core::saved::saved!(Opened { rules_version, group, partition_count, topic_ids, settings });
