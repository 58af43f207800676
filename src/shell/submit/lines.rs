//! Where the lines of a table begin: a CSV parser tells where the row before has ended, which is another line where
//! lines end with CR LF, or are empty.

use std::collections::VecDeque;
use std::io::{self, Read};

/// An input that is read through, and where its lines begin that are not empty.
pub(super) struct Lines<R> {
    input: R,
    /// Bytes that went through.
    offset: u64,
    /// The line of the last of them, from 1.
    line: usize,
    last: u8,
    /// Offsets where lines begin, with their numbers, as far as nobody has asked for what is behind them.
    begun: VecDeque<(u64, usize)>,
}

impl<R> Lines<R> {
    pub(super) const fn of(input: R) -> Self {
        Self { input, offset: 0, line: 0, last: b'\n', begun: VecDeque::new() }
    }

    /// The first line that begins at this offset or behind it. What is before it is forgotten.
    pub(super) fn first_from(&mut self, offset: u64) -> usize {
        while self.begun.front().is_some_and(|(begin, _)| *begin < offset) {
            self.begun.pop_front();
        }
        self.begun.front().map_or(self.line.max(1), |(_, line)| *line)
    }

    fn pass(&mut self, byte: u8) {
        let ended = matches!(self.last, b'\n' | b'\r');
        // CR LF is one end of a line.
        if ended && (self.last, byte) != (b'\r', b'\n') {
            self.line += 1;
        }
        if ended && !matches!(byte, b'\n' | b'\r') {
            self.begun.push_back((self.offset, self.line));
        }
        self.offset += 1;
        self.last = byte;
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(bytes)?;
        bytes[..count].iter().for_each(|byte| self.pass(*byte));
        Ok(count)
    }
}
