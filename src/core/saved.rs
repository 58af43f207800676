//! Values as bytes that only this program reads: how a ledger is kept beside its trail.
//!
//! No schema and no evolution: whoever reads other bytes than this version wrote throws them away. What is
//! saved is told field by field, so that a field that is added breaks the build here.

use std::collections::BTreeMap;

use arrayvec::ArrayString;

/// Bytes that are not what was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not what this version writes")]
pub struct Damaged;

/// What can be saved, and loaded again.
pub trait Saved: Sized {
    /// Appends it.
    fn save(&self, out: &mut Vec<u8>);

    /// Reads it.
    ///
    /// # Errors
    /// [`Damaged`].
    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged>;
}

/// Bytes that are being read.
#[derive(Clone, Copy, Debug)]
pub struct Loading<'a>(pub &'a [u8]);

impl<'a> Loading<'a> {
    /// So many bytes.
    ///
    /// # Errors
    /// [`Damaged`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Nothing is left.
    ///
    /// # Errors
    /// [`Damaged`] when something is.
    pub fn end(self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged) }
    }
}

macro_rules! saved_numbers {
    ($($number:ty),+) => { $(
        impl Saved for $number {
            fn save(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
                Saved::load(from).map(Self::from_le_bytes)
            }
        }
    )+ };
}
saved_numbers!(u8, u32, i32, u64, i64, i128);

/// Tells of a struct with named fields that it is saved field by field.
macro_rules! saved {
    ($name:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::core::saved::Saved for $name {
            fn save(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($field.save(out);)+
            }

            fn load(
                from: &mut $crate::core::saved::Loading<'_>,
            ) -> Result<Self, $crate::core::saved::Damaged> {
                Ok(Self { $($field: $crate::core::saved::Saved::load(from)?),+ })
            }
        }
    };
    ($name:ident ($inner:ident)) => {
        impl $crate::core::saved::Saved for $name {
            fn save(&self, out: &mut Vec<u8>) {
                let Self($inner) = self;
                $inner.save(out);
            }

            fn load(
                from: &mut $crate::core::saved::Loading<'_>,
            ) -> Result<Self, $crate::core::saved::Damaged> {
                $crate::core::saved::Saved::load(from).map(Self)
            }
        }
    };
}
pub(crate) use saved;

impl<const LEN: usize> Saved for [u8; LEN] {
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        from.take(LEN)?.try_into().map_err(|_| Damaged)
    }
}

impl Saved for bool {
    fn save(&self, out: &mut Vec<u8>) {
        u8::from(*self).save(out);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        match u8::load(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }
}

impl Saved for String {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u64).save(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        let len = usize::try_from(u64::load(from)?).map_err(|_| Damaged)?;
        Self::from_utf8(from.take(len)?.to_vec()).map_err(|_| Damaged)
    }
}

impl<const LEN: usize> Saved for ArrayString<LEN> {
    fn save(&self, out: &mut Vec<u8>) {
        String::from(self.as_str()).save(out);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        Self::from(&String::load(from)?).map_err(|_| Damaged)
    }
}

impl Saved for Box<str> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u64).save(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        String::load(from).map(Into::into)
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, out: &mut Vec<u8>) {
        self.is_some().save(out);
        self.iter().for_each(|value| value.save(out));
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        bool::load(from)?.then(|| T::load(from)).transpose()
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u64).save(out);
        self.iter().for_each(|value| value.save(out));
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        (0..u64::load(from)?).map(|_| T::load(from)).collect()
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u64).save(out);
        self.iter().for_each(|(key, value)| {
            key.save(out);
            value.save(out);
        });
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        (0..u64::load(from)?).map(|_| Ok((K::load(from)?, V::load(from)?))).collect()
    }
}

impl<A: Saved, B: Saved> Saved for (A, B) {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
        self.1.save(out);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        Ok((A::load(from)?, B::load(from)?))
    }
}

/// One of a list of symbols, as its place.
pub fn load_symbol<T: Copy>(from: &mut Loading<'_>, all: &[T]) -> Result<T, Damaged> {
    all.get(usize::from(u8::load(from)?)).copied().ok_or(Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_and_what_is_cut_short_is_damaged() {
        type Value = (Vec<Option<String>>, BTreeMap<Box<str>, (i128, bool)>);
        let value: Value = (
            vec![None, Some("a".to_owned()), Some(String::new())],
            [("x".into(), (i128::MIN, true)), ("y".into(), (7, false))].into(),
        );
        let mut bytes = Vec::new();
        value.save(&mut bytes);
        let mut from = Loading(&bytes);
        assert_eq!(Value::load(&mut from), Ok(value));
        assert_eq!(from.end(), Ok(()));
        for len in 0..bytes.len() {
            assert_eq!(Value::load(&mut Loading(&bytes[..len])), Err(Damaged), "{len} bytes");
        }
        assert_eq!(bool::load(&mut Loading(&[2])), Err(Damaged));
    }
}
