//! A ledger as it stood at one moment: to be kept beside the trail, and to be gone on with from there.
//!
//! [`Ledger::freeze`] shares the rows that are many and copies those that are few, so that a lane goes on
//! after a few milliseconds. Whoever has the frozen ledger saves it in sections, which [`Thawing`] takes
//! in again. It is a cache: whether it is believed is for others to say, who hold it against the trail.

use super::alike::AlikeRow;
use super::chunks::Chunks;
use super::decided::{NewRow, OtherRow};
use super::exec_rows::PackedExec;
use super::names::{Name, Names};
use super::owner::Owner;
use super::table::{Staged, Table};
use super::windows::WindowKey;
use super::{Head, Ledger, Placement};
use crate::core::ids::Digest;
use crate::core::saved::{Damaged, Loading, Saved};
use crate::core::symbols::symbols;
use crate::core::time::Time;

symbols! {
    /// What a section holds. The state comes first.
    pub enum Section {
        /// All that is not many.
        State = "STATE",
        /// Keys with the orders that they made.
        News = "NEWS",
        /// Other keys.
        Others = "OTHERS",
        /// Packed orders.
        Orders = "ORDERS",
        /// What reports stand for.
        Executions = "EXECUTIONS",
        /// Those of them that are no packed rows.
        Whole = "WHOLE",
        /// What was accepted within the hour.
        Alike = "ALIKE",
    }
}

/// A settled ledger that does not go on, and finds no key.
#[derive(Debug)]
pub struct Frozen(Ledger);

impl Ledger {
    /// The settled ledger as it stands.
    pub fn freeze(&self) -> Frozen {
        Frozen(Self {
            placement: self.placement,
            head: self.head.frozen(),
            opening: self.opening.frozen(),
            names: Names { texts: self.names.texts.clone(), ..Names::default() },
            decided: self.decided.frozen(),
            executions: self.executions.frozen(),
            instruments: self.instruments.frozen(),
            holdings: self.holdings.frozen(),
            spans: Default::default(),
            open_counts: self.open_counts.frozen(),
            open_orders: self.open_orders.frozen(),
            limits: self.limits.frozen(),
            groups: self.groups.frozen(),
            named_accounts: self.named_accounts.frozen(),
            windows: self.windows.frozen(),
            states: self.states.frozen(),
            owed: self.owed.frozen(),
            commands: self.commands.frozen(),
            hashed: None,
        })
    }
}

impl Frozen {
    /// Where its trail stood.
    pub const fn head(&self) -> &Head {
        self.0.settled_head()
    }

    /// Its ledger hash.
    pub fn hash(&mut self) -> Digest {
        let open: Vec<u64> = self.0.open_orders.seqs().collect();
        self.0.decided.index_accepted_by(&open);
        self.0.hash()
    }

    /// Hands over every section, the state first.
    ///
    /// # Errors
    /// Whatever `emit` says.
    pub fn save<E>(&self, emit: &mut impl FnMut(Section, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let Ledger { decided, executions, windows, .. } = &self.0;
        emit(Section::State, &self.state())?;
        decided.save_news(emit)?;
        decided.others.slices().try_for_each(|rows| emit(Section::Others, rows.as_flattened()))?;
        executions.rows.slices().try_for_each(|rows| emit(Section::Executions, rows.as_flattened()))?;
        executions.whole.slices().try_for_each(|rows| emit(Section::Whole, &in_a_row(rows)))?;
        let mut alike = windows.alike.newest().filter(|rows| !rows.is_empty());
        alike.try_for_each(|rows| emit(Section::Alike, rows.as_flattened()))
    }

    fn state(&self) -> Vec<u8> {
        // Exhaustive, so that what a ledger gets more of cannot be forgotten.
        let Ledger {
            placement,
            head,
            opening,
            names,
            decided: _,
            executions: _,
            instruments,
            holdings,
            spans: _,
            open_counts,
            open_orders,
            limits,
            groups,
            named_accounts,
            windows,
            states,
            owed,
            commands,
            hashed: _,
        } = &self.0;
        let mut out = Vec::new();
        Counts::of(&self.0).save(&mut out);
        placement.save(&mut out);
        head.settled().save(&mut out);
        opening.settled().save(&mut out);
        save_all(names.texts.len(), names.texts.iter(), &mut out);
        save_rows(instruments, &mut out);
        save_rows(holdings, &mut out);
        save_rows(open_counts, &mut out);
        open_orders.seqs().collect::<Vec<u64>>().save(&mut out);
        save_rows(limits, &mut out);
        save_rows(groups, &mut out);
        save_rows(named_accounts, &mut out);
        (windows.settled.len() as u64).save(&mut out);
        for (key, runs) in &windows.settled {
            key.save(&mut out);
            runs.forgotten.save(&mut out);
            save_all(runs.runs.len(), runs.runs.iter(), &mut out);
        }
        save_rows(states, &mut out);
        owed.settled().save(&mut out);
        save_rows(commands, &mut out);
        out
    }
}

/// Rows that are not all of the same length.
fn in_a_row<T: Saved>(rows: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    rows.iter().for_each(|row| row.save(&mut out));
    out
}

fn save_all<'a, T: Saved + 'a>(count: usize, rows: impl Iterator<Item = &'a T>, out: &mut Vec<u8>) {
    (count as u64).save(out);
    rows.for_each(|row| row.save(out));
}

fn save_rows<K, V>(table: &Table<K, V>, out: &mut Vec<u8>)
where
    K: Saved + Eq + std::hash::Hash + Clone,
    V: Saved + Clone,
{
    (table.len() as u64).save(out);
    for (key, row) in table.settled() {
        key.save(out);
        row.save(out);
    }
}

fn load_table<K, V>(from: &mut Loading<'_>) -> Result<Table<K, V>, Damaged>
where
    K: Saved + Eq + std::hash::Hash + Clone,
    V: Saved + Clone,
{
    Ok(Table::settled_of(Vec::<(K, V)>::load(from)?))
}

fn load_chunks<T: Saved + Clone, const ROWS: usize>(
    from: &mut Loading<'_>,
) -> Result<Chunks<T, ROWS>, Damaged> {
    let mut chunks = Chunks::default();
    for _ in 0..u64::load(from)? {
        chunks.push(T::load(from)?);
    }
    Ok(chunks)
}

/// How many rows the sections after the state hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    news: u64,
    others: u64,
    executions: u64,
    whole: u64,
    alike: u64,
}
crate::core::saved::saved!(Counts { news, others, executions, whole, alike });

impl Counts {
    fn of(ledger: &Ledger) -> Self {
        let Ledger { decided, executions, windows, .. } = ledger;
        Self {
            news: decided.news.len() as u64,
            others: decided.others.len() as u64,
            executions: executions.len() as u64,
            whole: executions.whole.len() as u64,
            alike: windows.alike.newest_len() as u64,
        }
    }
}

/// A ledger of which some sections are there.
#[derive(Debug)]
pub struct Thawing {
    ledger: Ledger,
    due: Counts,
    /// The entries that accepted the orders that are open.
    open: Vec<u64>,
}

impl Thawing {
    /// Begins with the state.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn begin(state: &[u8]) -> Result<Self, Damaged> {
        let mut from = Loading(state);
        let due = Counts::load(&mut from)?;
        let mut ledger = Ledger::new(Placement::load(&mut from)?);
        ledger.head = Staged::of(Head::load(&mut from)?);
        ledger.opening = Staged::of(Saved::load(&mut from)?);
        ledger.names = Names::of(&load_chunks(&mut from)?);
        ledger.instruments = load_table(&mut from)?;
        ledger.holdings = load_table(&mut from)?;
        ledger.open_counts = load_table(&mut from)?;
        let open = Vec::load(&mut from)?;
        ledger.limits = load_table(&mut from)?;
        ledger.groups = load_table(&mut from)?;
        ledger.named_accounts = load_table(&mut from)?;
        for _ in 0..u64::load(&mut from)? {
            let key = WindowKey::load(&mut from)?;
            let forgotten = u64::load(&mut from)?;
            let runs = load_chunks::<(Time, u64), _>(&mut from)?;
            ledger.windows.put_settled(key, runs, forgotten);
        }
        ledger.states = load_table(&mut from)?;
        ledger.owed.put_settled(Vec::load(&mut from)?);
        ledger.commands = load_table(&mut from)?;
        from.end()?;
        let spans: Vec<(Owner, Name)> = ledger.holdings.settled().map(|(pair, _)| *pair).collect();
        spans.into_iter().for_each(|(owner, instrument)| ledger.span(owner, instrument));
        Ok(Self { ledger, due, open })
    }

    /// Takes in another section.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn take(&mut self, section: Section, bytes: &[u8]) -> Result<(), Damaged> {
        let Ledger { decided, executions, windows, .. } = &mut self.ledger;
        match section {
            Section::State => Err(Damaged),
            Section::News => append::<NewRow, _>(&mut decided.news, bytes),
            Section::Others => append::<OtherRow, _>(&mut decided.others, bytes),
            Section::Orders => decided.slab.append(bytes),
            Section::Executions => append::<PackedExec, _>(&mut executions.rows, bytes),
            Section::Whole => append_each(&mut executions.whole, bytes),
            Section::Alike => append::<AlikeRow, _>(&mut windows.alike.rows, bytes),
        }
    }

    /// All sections are there.
    ///
    /// # Errors
    /// [`Damaged`] when they are not.
    pub fn finish(mut self) -> Result<Thawed, Damaged> {
        let is_whole = Counts::of(&self.ledger) == self.due
            && self.ledger.decided.is_sound()
            && self.ledger.executions.is_sound(self.ledger.decided.news.len());
        if !is_whole {
            return Err(Damaged);
        }
        for seq in self.open {
            let (order_id, _) = self.ledger.decided.accepted_by(seq).ok_or(Damaged)?;
            self.ledger.open_orders.put(seq, order_id, true);
        }
        self.ledger.open_orders.settle();
        Ok(Thawed(self.ledger))
    }
}

/// Rows of bytes, as a section holds them.
trait Row: Clone + Sized {
    fn rows_of(bytes: &[u8]) -> Option<&[Self]>;
}

impl<const LEN: usize> Row for [u8; LEN] {
    fn rows_of(bytes: &[u8]) -> Option<&[Self]> {
        let (rows, rest) = bytes.as_chunks();
        rest.is_empty().then_some(rows)
    }
}

fn append<T: Row, const ROWS: usize>(chunks: &mut Chunks<T, ROWS>, bytes: &[u8]) -> Result<(), Damaged> {
    chunks.extend(T::rows_of(bytes).ok_or(Damaged)?);
    Ok(())
}

fn append_each<T: Saved + Clone, const ROWS: usize>(
    chunks: &mut Chunks<T, ROWS>,
    bytes: &[u8],
) -> Result<(), Damaged> {
    let mut from = Loading(bytes);
    while !from.0.is_empty() {
        chunks.push(T::load(&mut from)?);
    }
    Ok(())
}

/// A part of the work that makes a ledger find its keys, orders, reports, and orders that look alike.
pub type Indexing<'l> = Box<dyn FnOnce() + Send + 'l>;

/// A ledger that is whole, but for its indexes.
#[derive(Debug)]
pub struct Thawed(Ledger);

impl Thawed {
    /// What makes the indexes. Each part may be done by a thread of its own.
    pub fn indexing(&mut self) -> [Indexing<'_>; 4] {
        let Ledger { decided, executions, windows, .. } = &mut self.0;
        let [keys, orders] = decided.indexing();
        [keys, orders, executions.indexing(), Box::new(|| windows.alike.index_all())]
    }

    /// The ledger, once it is indexed.
    pub fn ledger(self) -> Ledger {
        self.0
    }
}
