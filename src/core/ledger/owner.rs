//! Whose a measure is: an account's, or one strategy's of it.

use std::hash::{Hash, Hasher};

use super::Ledger;
use super::names::Name;

/// An account, or one strategy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The account.
    pub account: Name,
    /// The strategy; `None` for the account as a whole.
    pub strategy: Option<Name>,
}

impl Owner {
    /// The account as a whole.
    pub const fn account(account: Name) -> Self {
        Self { account, strategy: None }
    }

    /// One strategy of it.
    pub const fn strategy(account: Name, strategy: Name) -> Self {
        Self { account, strategy: Some(strategy) }
    }

    /// The account, and the strategy: what moves one moves the other.
    pub const fn both(account: Name, strategy: Name) -> [Self; 2] {
        [Self::account(account), Self::strategy(account, strategy)]
    }
}

/// Both at once: an intent looks owners up many times. That none and nobody hash alike harms nothing.
impl Hash for Owner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [account, strategy] = [self.account, self.strategy.unwrap_or(Name::NOBODY)].map(Name::number);
        state.write_u64(u64::from(account) << 32 | u64::from(strategy));
    }
}

impl Ledger {
    /// `account`, or `account/strategy`.
    pub fn owner_text(&self, owner: Owner) -> String {
        let account = self.text(owner.account);
        owner.strategy.map_or_else(|| account.to_owned(), |it| format!("{account}/{}", self.text(it)))
    }
}

crate::core::saved::saved!(Owner { account, strategy });
