//! How a lane is told to end, from another thread.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a lane is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To finish its batch and stop, for all clients are made anew: a halt stays on the board.
    Renew,
    /// To finish its batch and stop.
    Stop,
    /// To drop everything: the partition is somebody else's.
    Lost,
}

/// A wish that cannot be taken back.
#[derive(Debug, Default)]
pub struct Signal(AtomicU8);

impl Signal {
    /// Tells the lane; the caller unparks its thread.
    pub fn tell(&self, wish: Wish) {
        let level = match wish {
            Wish::Renew => 1,
            Wish::Stop => 2,
            Wish::Lost => 3,
        };
        self.0.fetch_max(level, Ordering::Release);
    }

    /// What the lane was told.
    pub fn wish(&self) -> Option<Wish> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Wish::Renew),
            2 => Some(Wish::Stop),
            _ => Some(Wish::Lost),
        }
    }
}
