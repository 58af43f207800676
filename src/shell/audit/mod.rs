//! Reading a trail as an auditor does: from the outside, with nothing but the topics.
//!
//! What lives here never writes, never joins the group, and prints nothing. Start at [`verify`],
//! which leads [`follow`] along the trail and, in step with it, [`inputs`] and [`orders`]; a trail
//! that is consistent in itself is compared with a [`head`] that was noted before; [`recompute`] asks
//! the trail alone. [`find`] picks entries. [`explain`] says why one key got its verdict: [`rules`],
//! [`grounds`] and [`remedy`] are its parts. [`account`] says how an account stood at some entry.

pub mod account;
pub(super) mod compare;
pub mod explain;
pub mod fault;
pub mod find;
pub mod follow;
pub mod grounds;
pub mod head;
pub mod inputs;
pub mod limits;
pub mod orders;
pub mod recompute;
pub mod records;
pub mod remedy;
pub mod replay;
pub mod rules;
pub mod scopes;
pub mod summary;
#[cfg(test)]
pub(super) mod tests;
pub mod verify;
