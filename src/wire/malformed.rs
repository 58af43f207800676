//! What is wrong with bytes that are no record, in words for the person who must mend them.

use std::borrow::Cow;
use std::fmt;

/// Bytes that are no record of their topic: which field, what is wrong, how to mend it.
///
/// One word: nearly everything is well formed, and what is read then comes back in registers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Malformed(Box<Fault>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// The field where reading ended; `None` where it is about the value as a whole.
    field: Option<&'static str>,
    /// What is wrong, and what would be right.
    detail: Cow<'static, str>,
}

/// Longest piece of somebody's bytes that is repeated in words, in characters.
const QUOTE_LEN_MAX: usize = 48;

impl Malformed {
    /// About the value as a whole.
    #[cold]
    pub fn value(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fault { field: None, detail: detail.into() }))
    }

    /// About one field.
    #[cold]
    pub fn field(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fault { field: Some(field), detail: detail.into() }))
    }

    /// A field that must be there, because of what else is there.
    #[cold]
    pub fn missing(field: &'static str, needed_by: &str) -> Self {
        Self::field(field, format!("is missing: {needed_by} needs it"))
    }

    /// The field where reading ended; `None` where it is about the value as a whole.
    pub const fn in_field(&self) -> Option<&'static str> {
        self.0.field
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.field {
            Some(field) => write!(out, "{field} {}", self.0.detail),
            None => out.pad(&self.0.detail),
        }
    }
}

/// Somebody's text, quoted, with control characters escaped and shortened: it goes into entries
/// and logs, where it must neither grow nor break a line.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTE_LEN_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}
