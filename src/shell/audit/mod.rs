//! Reading a trail as an auditor does: from the outside, with nothing but the topics.
//!
//! What lives here never writes, never joins the group, and prints nothing. Start at [`verify`],
//! which leads [`follow`] along the trail and, in step with it, [`inputs`] and [`orders`]; a trail
//! that is consistent in itself is compared with a [`head`] that was noted before. [`find`] picks
//! entries, [`explain`] says why one key got its verdict.

mod compare;
pub mod explain;
pub mod fault;
pub mod find;
pub mod follow;
pub mod head;
pub mod inputs;
pub mod orders;
pub mod recompute;
pub mod records;
pub mod rules;
pub mod summary;
pub mod verify;
