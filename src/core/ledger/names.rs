//! Names, kept once: rows hold numbers instead of texts.
//!
//! A number means something only inside one ledger, and in its checkpoints; it is never hashed.

use hashbrown::HashMap;

use super::chunks::Chunks;

/// A name of this ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

impl Name {
    /// Of a text that no row uses. No row is found under it, and it has no text.
    pub const NOBODY: Self = Self(u32::MAX);

    /// The number, for rows that keep it packed.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// The number, as a place among all.
    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }

    /// The name of this number.
    pub(super) const fn numbered(number: u32) -> Self {
        Self(number)
    }
}

/// All names that rows of this ledger use.
#[derive(Debug, Default)]
pub struct Names {
    pub(super) numbers: HashMap<Box<str>, Name>,
    pub(super) texts: Chunks<Box<str>, 256>,
}

impl Names {
    /// The number of this text, if some row may use it.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    /// The number of this text, which becomes one if it is new.
    ///
    /// A batch that is discarded may leave a name behind that no row uses: harmless, for names are
    /// no state.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.find(text) {
            return name;
        }
        let name = Name(u32::try_from(self.texts.len()).expect("fewer than 2^32 names fit in memory"));
        self.texts.push(text.into());
        self.numbers.insert(text.into(), name);
        name
    }

    /// These names, by the texts that others have.
    pub(super) fn of(texts: &Chunks<Box<str>, 256>) -> Self {
        let mut names = Self::default();
        texts.iter().for_each(|text| {
            names.intern(text);
        });
        names
    }

    /// Memory that the names take.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        // Each text is held twice.
        2 * texts + self.texts.bytes() + self.numbers.allocation_size()
    }

    /// The text of this number.
    pub fn text(&self, name: Name) -> &str {
        self.texts.row(name.place())
    }
}

crate::core::saved::saved!(Name(number));
