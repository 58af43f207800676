//! Pieces of bytes of a few dozen each, that may be put back and used again.

extern crate alloc;

// As in `chunks`: what is shared is never changed.
use alloc::sync::Arc;

use crate::core::saved::Damaged;

/// Places are multiples of this.
const UNIT: usize = 4;
/// Bytes of one chunk.
pub(super) const CHUNK: usize = 1 << 16;
/// Places of one chunk.
const CHUNK_UNITS: u32 = (CHUNK / UNIT) as u32;

/// Pieces of bytes. Each begins with its length in units, so that it can be put back.
#[derive(Clone, Debug, Default)]
pub struct Slab {
    chunks: Vec<Arc<Vec<u8>>>,
    /// Of each length in units the places that were put back.
    free: Vec<Vec<u32>>,
    /// How many units are in use, or were once.
    next: u32,
}

impl Slab {
    /// Keeps these bytes; their place. The first one is overwritten with the length.
    pub fn put(&mut self, piece: &mut [u8]) -> u32 {
        let units = units_of(piece);
        let freed = self.free.get_mut(units).and_then(Vec::pop);
        let place = freed.unwrap_or_else(|| self.extend(units as u32));
        self.write(place, piece);
        place
    }

    /// Keeps these bytes in the place of others, there or elsewhere; their place.
    pub fn replace(&mut self, place: u32, piece: &mut [u8]) -> u32 {
        let had = usize::from(self.piece(place)[0]);
        if units_of(piece) == had {
            self.write(place, piece);
            return place;
        }
        if self.free.len() <= had {
            self.free.resize(had + 1, Vec::new());
        }
        self.free[had].push(place);
        self.put(piece)
    }

    /// Appends a chunk of pieces that lie where [`lay`] puts them. Only the last one may be shorter than a chunk.
    ///
    /// # Errors
    /// [`Damaged`] when it is none.
    pub fn append(&mut self, pieces: &[u8]) -> Result<(), Damaged> {
        let is_chunk = (1..=CHUNK).contains(&pieces.len()) && pieces.len().is_multiple_of(UNIT);
        if !is_chunk || !self.next.is_multiple_of(CHUNK_UNITS) {
            return Err(Damaged);
        }
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.extend_from_slice(pieces);
        chunk.resize(CHUNK, 0);
        self.chunks.push(Arc::new(chunk));
        self.next += (pieces.len() / UNIT) as u32;
        Ok(())
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        let freed: usize = self.free.iter().map(Vec::capacity).sum();
        self.chunks.len() * CHUNK + freed * size_of::<u32>()
    }

    /// Whether a place can be one of a piece.
    pub fn has(&self, place: u32) -> bool {
        place < self.next && at(place).0 < self.chunks.len()
    }

    /// The bytes at a place, with some behind them. The first one is their length.
    pub fn piece(&self, place: u32) -> &[u8] {
        let (chunk, from) = at(place);
        &self.chunks[chunk][from..]
    }

    /// All units of a piece.
    pub fn units(&self, place: u32) -> &[u8] {
        let piece = self.piece(place);
        &piece[..usize::from(piece[0]) * UNIT]
    }

    fn write(&mut self, place: u32, piece: &mut [u8]) {
        piece[0] = u8::try_from(units_of(piece)).expect("an order is short: its ids and numbers are");
        let (chunk, from) = at(place);
        Arc::make_mut(&mut self.chunks[chunk])[from..from + piece.len()].copy_from_slice(piece);
    }

    fn extend(&mut self, units: u32) -> u32 {
        let place = lay(&mut self.next, units);
        if at(place).0 == self.chunks.len() {
            self.chunks.push(Arc::new(vec![0; CHUNK]));
        }
        place
    }
}

/// The place of a piece of so many units behind others, of which no chunk has more: none lies in two.
pub(super) fn lay(next: &mut u32, units: u32) -> u32 {
    let left = CHUNK_UNITS - *next % CHUNK_UNITS;
    if left < units {
        *next += left;
    }
    let place = *next;
    *next = place.checked_add(units).expect("one lane holds 16 GiB of orders at most");
    place
}

fn units_of(piece: &[u8]) -> usize {
    piece.len().div_ceil(UNIT)
}

const fn at(place: u32) -> (usize, usize) {
    ((place / CHUNK_UNITS) as usize, (place % CHUNK_UNITS) as usize * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(fill: u8, len: usize) -> Vec<u8> {
        vec![fill; len]
    }

    #[test]
    fn pieces_keep_their_bytes_and_what_was_put_back_is_used_again() {
        let mut slab = Slab::default();
        let places: Vec<u32> = (0..10_000).map(|n| slab.put(&mut piece(n as u8, 5 + n % 60))).collect();
        let copy = slab.clone();
        for (n, place) in places.iter().enumerate() {
            let len = 5 + n % 60;
            assert_eq!(slab.piece(*place)[1..len], piece(n as u8, len)[1..], "piece {n}");
        }
        let (same, moved) =
            (slab.replace(places[0], &mut piece(9, 6)), slab.replace(places[1], &mut piece(9, 40)));
        assert_eq!(same, places[0]);
        assert_ne!(moved, places[1]);
        // As long as the one that was put back.
        assert_eq!(slab.put(&mut piece(8, 7)), places[1]);
        assert_eq!((slab.piece(same)[1], copy.piece(same)[1], copy.piece(places[1])[1]), (9, 0, 1));
    }

    #[test]
    fn chunks_are_appended_until_one_is_not_full_and_what_comes_then_lies_behind_it() {
        let mut slab = Slab::default();
        for len in [CHUNK + UNIT, UNIT + 1, 0] {
            assert!(slab.append(&piece(0, len)).is_err(), "{len} bytes");
        }
        assert!(slab.append(&piece(1, CHUNK)).is_ok());
        assert_eq!(slab.clone().put(&mut piece(4, 5)), CHUNK_UNITS);
        assert!(slab.append(&piece(2, 2 * UNIT)).is_ok());
        assert!(slab.append(&piece(3, UNIT)).is_err());
        assert!(slab.has(CHUNK_UNITS + 1) && !slab.has(CHUNK_UNITS + 2));
        assert_eq!(slab.put(&mut piece(4, 5)), CHUNK_UNITS + 2);
        assert_eq!(slab.piece(CHUNK_UNITS + 1)[..8], [2, 2, 2, 2, 2, 4, 4, 4]);
    }
}
