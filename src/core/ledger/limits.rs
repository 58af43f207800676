//! The limits that control records set.

/// A set of limits, by its `limit_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Of its record.
    pub version: i64,
}
