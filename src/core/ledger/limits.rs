//! The limits that control records set, and which of them count for whom.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};

use super::Ledger;
use super::names::Name;
use super::owner::Owner;
use crate::core::bounds::Bounds;
use crate::core::control::{LimitScope, RiskLimit, Scope};
use crate::core::ids::Id;

/// Whom and what limits are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// An account or strategy; `None` for GLOBAL, a template for each account.
    pub owner: Option<Owner>,
    /// An instrument; `None` for `*`.
    pub instrument: Option<Name>,
}

/// A set of limits, by its `limit_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Of its record.
    pub version: i64,
    /// Whom and what it is for.
    pub target: Target,
    /// What it allows.
    pub bounds: Bounds,
}

/// All limits of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    members: Vec<Name>,
    /// The strictest of its members.
    pub bounds: Bounds,
}

/// The limits that count for one order or report, from narrow to wide.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'l> {
    /// Those that there are, then none.
    levels: [Option<Level<'l>>; 6],
}

/// The limits of one scope, for the instrument or for `*`.
#[derive(Clone, Copy, Debug)]
pub struct Level<'l> {
    /// Whose limits.
    pub scope: Scope,
    /// Whose measures are compared: of GLOBAL and ACCOUNT the account's, of STRATEGY its own.
    pub owner: Owner,
    /// What they are measured over; `None` for all instruments. Positions are always of one.
    pub instrument: Option<Name>,
    /// What is allowed.
    pub bounds: &'l Bounds,
}

/// As of [`Owner`].
impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let owner = self.owner.unwrap_or(Owner::account(Name::NOBODY));
        (owner, self.instrument.unwrap_or(Name::NOBODY)).hash(state);
    }
}

impl Target {
    /// Those whose limits count wherever this one's do, from narrow to wide; itself first.
    pub fn and_wider(self) -> impl Iterator<Item = Self> {
        let mut owners = vec![self.owner, self.owner.map(|owner| Owner::account(owner.account)), None];
        let mut instruments = vec![self.instrument, None];
        owners.dedup();
        instruments.dedup();
        let of =
            move |owner| instruments.clone().into_iter().map(move |instrument| Self { owner, instrument });
        owners.into_iter().flat_map(of)
    }

    /// Whether it is a strategy that is measured: against GLOBAL and ACCOUNT it is the account.
    pub fn is_of_strategy(self) -> bool {
        self.owner.is_some_and(|owner| owner.strategy.is_some())
    }
}

impl Group {
    /// The `limit_id`s of its records, in the order of their coming.
    pub fn members(&self) -> &[Name] {
        &self.members
    }
}

impl<'l> Limits<'l> {
    /// From narrow to wide.
    pub fn levels(&self) -> impl Iterator<Item = &Level<'l>> {
        self.levels.iter().map_while(Option::as_ref)
    }

    /// The smallest of the values that are set.
    pub fn strictest<T: Ord>(&self, value: impl Fn(&Bounds) -> Option<T>) -> Option<T> {
        self.levels().filter_map(|level| value(level.bounds)).min()
    }

    /// Whether any level says so.
    pub fn any(&self, claim: impl Fn(&Bounds) -> bool) -> bool {
        self.levels().any(|level| claim(level.bounds))
    }

    /// Those that the account as a whole is measured against: GLOBAL and ACCOUNT.
    pub fn of_account(&self) -> impl Iterator<Item = &Level<'l>> {
        self.levels().filter(|level| level.owner.strategy.is_none())
    }
}

/// Whom and what a record says it is for, as texts.
///
/// # Errors
/// What is wrong with the scope: such a record is INVALID.
pub fn scope_of<'a>(limit: &RiskLimit<'a>) -> Result<(Option<&'a str>, Option<&'a str>), String> {
    if limit.instrument_id != "*" && Id::parse(limit.instrument_id).is_none() {
        return Err(format!("instrument_id: {:?} is neither an id nor *", limit.instrument_id));
    }
    let wrong = |due: &str| {
        format!("scope_id: {:?} is not {due}, as scope_type {} needs", limit.scope_id, limit.scope_type)
    };
    match limit.scope_type {
        LimitScope::Global if limit.scope_id.is_empty() => Ok((None, None)),
        LimitScope::Global => Err(wrong("empty")),
        LimitScope::Account => {
            let account = Id::parse(limit.scope_id).ok_or_else(|| wrong("an account"))?;
            Ok((Some(account.as_str()), None))
        }
        LimitScope::Strategy => {
            let (account, strategy) =
                account_and_strategy(limit.scope_id).ok_or_else(|| wrong("account/strategy"))?;
            Ok((Some(account), Some(strategy)))
        }
    }
}

/// The two ids of `account/strategy`.
pub fn account_and_strategy(scope_id: &str) -> Option<(&str, &str)> {
    let (account, strategy) = scope_id.split_once('/')?;
    Some((Id::parse(account)?.as_str(), Id::parse(strategy)?.as_str()))
}

impl Ledger {
    /// The limits that count for a strategy of an account in an instrument.
    pub fn limits(&self, account: Name, strategy: Name, instrument: Name) -> Limits<'_> {
        let [whole, own] = Owner::both(account, strategy);
        let owners = [
            (Scope::Strategy, own, Some(own)),
            (Scope::Account, whole, Some(whole)),
            (Scope::Global, whole, None),
        ];
        let (mut levels, mut count) = ([None; 6], 0);
        for (scope, owner, named) in owners {
            for instrument in [Some(instrument), None] {
                if let Some(group) = self.groups.find(&Target { owner: named, instrument }) {
                    levels[count] = Some(Level { scope, owner, instrument, bounds: &group.bounds });
                    count += 1;
                }
            }
        }
        Limits { levels }
    }

    /// All limits that may count for some order of an account, from narrow to wide; of one scope in
    /// the order of their names, those for `*` last.
    pub fn levels_of(&self, account: Name) -> Vec<Level<'_>> {
        let whole = Owner::account(account);
        let groups = self.groups.rows().filter_map(|(target, group)| {
            let scope = match target.owner {
                None => Scope::Global,
                Some(Owner { strategy: None, .. }) => Scope::Account,
                Some(Owner { strategy: Some(_), .. }) => Scope::Strategy,
            };
            let owner = target.owner.unwrap_or(whole);
            let level = Level { scope, owner, instrument: target.instrument, bounds: &group.bounds };
            (owner.account == account).then_some(level)
        });
        let mut levels: Vec<_> = groups.collect();
        let text = |name: Option<Name>| name.map(|name| self.names.text(name));
        levels.sort_by_key(|Level { scope, owner, instrument, .. }| {
            (Reverse(*scope), text(owner.strategy), instrument.is_none(), text(*instrument))
        });
        levels
    }

    /// Whether an ACCOUNT-scope record names the account.
    pub fn is_account_known(&self, account: Name) -> bool {
        self.named_accounts.find(&account).is_some_and(|records| *records > 0)
    }

    /// The version of the limits of that id, where there are some.
    pub fn limit_version(&self, limit_id: Id<'_>) -> Option<i64> {
        let name = self.names.find(limit_id.as_str())?;
        self.limits.find(&name).map(|row| row.version)
    }

    /// Every set of limits by its `limit_id`, in no order.
    pub fn limit_rows(&self) -> impl Iterator<Item = (Name, &LimitRow)> {
        self.limits.rows().map(|(name, row)| (*name, row))
    }

    /// The set of limits of this `limit_id`.
    pub fn limit_row(&self, limit_id: Name) -> Option<&LimitRow> {
        self.limits.find(&limit_id)
    }

    /// All limits of one target, where there are some.
    pub fn group(&self, target: Target) -> Option<&Group> {
        self.groups.find(&target).filter(|group| !group.members.is_empty())
    }

    /// Every target that has limits, in no order.
    pub fn groups(&self) -> impl Iterator<Item = (Target, &Group)> {
        self.groups
            .rows()
            .map(|(target, group)| (*target, group))
            .filter(|(_, group)| !group.members.is_empty())
    }

    /// Whom a target names, as records do.
    pub fn scope_of_target(&self, target: Target) -> (LimitScope, String) {
        let scope = match target.owner {
            None => LimitScope::Global,
            Some(Owner { strategy: None, .. }) => LimitScope::Account,
            Some(Owner { strategy: Some(_), .. }) => LimitScope::Strategy,
        };
        (scope, target.owner.map(|owner| self.owner_text(owner)).unwrap_or_default())
    }

    /// An instrument as records name it: `*` for all.
    pub fn instrument_text(&self, instrument: Option<Name>) -> &str {
        instrument.map_or("*", |instrument| self.text(instrument))
    }

    /// Puts a record in the place of the former one of its id, whole.
    pub(super) fn put_limit(&mut self, limit: &RiskLimit<'_>) -> Result<(), String> {
        let (account, strategy) = scope_of(limit)?;
        let bounds = Bounds::of(limit)?;
        let owner = account.map(|account| Owner {
            account: self.names.intern(account),
            strategy: strategy.map(|strategy| self.names.intern(strategy)),
        });
        let instrument = (limit.instrument_id != "*").then(|| self.names.intern(limit.instrument_id));
        let target = Target { owner, instrument };
        let name = self.names.intern(limit.limit_id.as_str());
        let former = self.limits.find(&name).map(|row| row.target);
        self.limits.put(name, LimitRow { version: limit.version, target, bounds });
        if let Some(former) = former {
            self.groups.edit(former, Group::default).members.retain(|member| *member != name);
            self.count_naming(former, -1);
            self.regroup(former);
        }
        self.groups.edit(target, Group::default).members.push(name);
        self.count_naming(target, 1);
        self.regroup(target);
        Ok(())
    }

    fn count_naming(&mut self, target: Target, records: i32) {
        if let Some(Owner { account, strategy: None }) = target.owner {
            *self.named_accounts.edit(account, Default::default) += records;
        }
    }

    fn regroup(&mut self, target: Target) {
        let mut group = self.groups.edit(target, Group::default).clone();
        group.bounds = Bounds::default();
        for member in &group.members {
            let row = self.limits.find(member).expect("a member has a row");
            group.bounds.tighten(&row.bounds);
        }
        self.groups.put(target, group);
    }
}

crate::core::saved::saved!(Target { owner, instrument });
crate::core::saved::saved!(LimitRow { version, target, bounds });
crate::core::saved::saved!(Group { members, bounds });
