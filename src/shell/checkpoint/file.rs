//! A checkpoint as a file: a stamp, then the sections of a frozen ledger, each with a checksum.
//!
//! Each checksum goes over the one before it too, so that no block can be left out, doubled or moved. A file
//! is written under another name, synced and renamed: under its own name it is whole, or an older one. It is
//! read by the version of onefill that wrote it, and by no other.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::core::ids::Digest;
use crate::core::ledger::Ledger;
use crate::core::ledger::frozen::{Frozen, Section, Thawing};
use crate::core::saved::{Damaged, Loading, Saved, saved};
use crate::core::settings::RULES_VERSION;

/// What every checkpoint begins with: by whom it was written. The version of its format follows.
const MAGIC: &[u8] = concat!("onefill checkpoint ", env!("CARGO_PKG_VERSION")).as_bytes();
/// Raised with every change of what is in the blocks.
const FORMAT: u32 = 3;
/// Kinds of blocks that are no sections.
const STAMP: u8 = 255;
const END: u8 = 254;
/// No block is longer: what claims to be is damaged.
const BLOCK_MAX: usize = 1 << 30;

/// What a checkpoint is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// By which rules the ledger came about.
    pub rules_version: i32,
    /// Whose trail.
    pub place: Place,
    /// The number that the next entry takes.
    pub seq: u64,
    /// The leaf hash of the last one.
    pub link: Digest,
    /// An offset of the trail from which on the last entry that is in it can be read.
    pub offset: i64,
    /// Of the ledger.
    pub ledger_hash: Digest,
}
saved!(Stamp { rules_version, place, seq, link, offset, ledger_hash });

impl Stamp {
    /// Whether it is of this trail.
    ///
    /// # Errors
    /// [`Doubt::Elsewhere`].
    pub fn check(&self, place: &Place) -> Result<(), Doubt> {
        if self.place == *place {
            return Ok(());
        }
        let Place { partition, count, topic, topic_id, begins } = &self.place;
        let of = format!("{topic}[{partition}] of {count} with id {topic_id}, from offset {begins} on");
        Err(Doubt::Elsewhere(of))
    }
}

/// A trail, as long as nobody makes it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of the lane.
    pub partition: i32,
    /// How many lanes there are.
    pub count: i32,
    /// The topic's name.
    pub topic: String,
    /// The topic's id: another one under the same name has another.
    pub topic_id: String,
    /// The first offset that the partition held.
    pub begins: i64,
}
saved!(Place { partition, count, topic, topic_id, begins });

/// Why a checkpoint is thrown away.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// Another version of onefill wrote it, or nobody did.
    #[error("its format is not the one that this version writes")]
    Format,
    /// A block is not as it was written, or not all are there.
    #[error("it is damaged or cut short")]
    Damaged,
    /// Other rules made it.
    #[error("its rules have version {0}, those of this router {RULES_VERSION}")]
    Rules(i32),
    /// Another lane, other topics, or a trail that has lost its beginning.
    #[error("it is of {0}")]
    Elsewhere(String),
    /// It does not have the ledger that it says it has.
    #[error("its ledger is not the one that its stamp names")]
    Otherwise,
}

impl From<Damaged> for Doubt {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

/// Writes a checkpoint.
///
/// # Errors
/// The disk's.
pub fn write(path: &Path, stamp: &Stamp, frozen: &Frozen) -> io::Result<()> {
    // The folder is of one process alone: what a former one left half written is written over.
    let beside = path.with_extension("tmp");
    let written = write_blocks(&beside, stamp, frozen).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Nobody reads it under this name; what is left of it only takes room.
        let _ = fs::remove_file(&beside);
        return written;
    }
    // The name is kept, too, once the folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_blocks(path: &Path, stamp: &Stamp, frozen: &Frozen) -> io::Result<()> {
    let mut blocks = Blocks::begin(BufWriter::with_capacity(1 << 20, File::create(path)?))?;
    let mut bytes = Vec::new();
    stamp.save(&mut bytes);
    blocks.put(STAMP, &bytes)?;
    frozen.save(&mut |section, bytes: &[u8]| blocks.put(section.index() as u8, bytes))?;
    blocks.put(END, &[])?;
    blocks.out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Blocks with a checksum each.
struct Blocks<F> {
    out: F,
    /// Of all that came before.
    chain: u128,
}

impl<W: Write> Blocks<W> {
    fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&FORMAT.to_le_bytes())?;
        Ok(Self { out, chain: u128::from(FORMAT) })
    }

    /// # Errors
    /// The disk's, and a block that no reader would take.
    fn put(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= BLOCK_MAX);
        let len = len.ok_or_else(|| io::Error::other(format!("a block has {} bytes", bytes.len())))?;
        self.chain = next(self.chain, kind, bytes);
        self.out.write_all(&[kind])?;
        self.out.write_all(&len.to_le_bytes())?;
        self.out.write_all(bytes)?;
        self.out.write_all(&self.chain.to_le_bytes())
    }
}

impl<R: Read> Blocks<R> {
    fn open(mut out: R) -> Result<Self, Doubt> {
        let (mut magic, mut format) = ([0; MAGIC.len()], [0; 4]);
        whole(out.read_exact(&mut magic))?;
        whole(out.read_exact(&mut format))?;
        if magic != MAGIC || format != FORMAT.to_le_bytes() {
            return Err(Doubt::Format);
        }
        Ok(Self { out, chain: u128::from(FORMAT) })
    }

    /// The next block's kind; its bytes come into `bytes`.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<u8, Doubt> {
        let (mut head, mut sum) = ([0; 5], [0; 16]);
        whole(self.out.read_exact(&mut head))?;
        let [kind, len @ ..] = head;
        let len = u32::from_le_bytes(len) as usize;
        if len > BLOCK_MAX {
            return Err(Doubt::Damaged);
        }
        bytes.clear();
        if whole(self.out.by_ref().take(len as u64).read_to_end(bytes))? < len {
            return Err(Doubt::Damaged);
        }
        whole(self.out.read_exact(&mut sum))?;
        self.chain = next(self.chain, kind, bytes);
        if sum != self.chain.to_le_bytes() {
            return Err(Doubt::Damaged);
        }
        Ok(kind)
    }
}

fn next(chain: u128, kind: u8, bytes: &[u8]) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&chain.to_le_bytes());
    hash.update(&[kind]);
    hash.update(&(bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
    hash.digest128()
}

/// A file that ends too early is damaged.
fn whole<T>(read: io::Result<T>) -> Result<T, Doubt> {
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Doubt::Damaged,
        _ => Doubt::Unreadable(error),
    })
}

/// What a checkpoint says that it is of.
///
/// # Errors
/// The first doubt.
pub fn stamp(path: &Path) -> Result<Stamp, Doubt> {
    open(path).map(|(_, stamp)| stamp)
}

fn open(path: &Path) -> Result<(Blocks<io::BufReader<File>>, Stamp), Doubt> {
    let mut blocks = Blocks::open(io::BufReader::new(File::open(path)?))?;
    let mut bytes = Vec::new();
    if blocks.next(&mut bytes)? != STAMP {
        return Err(Doubt::Damaged);
    }
    let mut from = Loading(&bytes);
    let stamp = Stamp::load(&mut from)?;
    from.end()?;
    if stamp.rules_version != RULES_VERSION {
        return Err(Doubt::Rules(stamp.rules_version));
    }
    Ok((blocks, stamp))
}

/// Where the checkpoint of a lane lies in a folder.
pub fn path(dir: &Path, partition: i32) -> PathBuf {
    dir.join(name(partition))
}

/// Of which lane a file is the checkpoint by its name; `None` for any other.
pub fn partition(path: &Path) -> Option<i32> {
    let partition = path.file_stem()?.to_str()?.parse().ok()?;
    (path.file_name()? == name(partition).as_str()).then_some(partition)
}

fn name(partition: i32) -> String {
    format!("{partition}.checkpoint")
}

/// Reads a checkpoint of this trail.
///
/// # Errors
/// The first doubt.
pub fn read(path: &Path, place: &Place) -> Result<(Stamp, Ledger), Doubt> {
    let (blocks, stamp) = open(path)?;
    stamp.check(place)?;
    thaw(blocks, stamp)
}

/// Reads a checkpoint of whatever trail: [`Stamp::check`] says whether it is the right one.
///
/// # Errors
/// The first doubt.
pub fn read_any(path: &Path) -> Result<(Stamp, Ledger), Doubt> {
    let (blocks, stamp) = open(path)?;
    thaw(blocks, stamp)
}

fn thaw(mut blocks: Blocks<io::BufReader<File>>, stamp: Stamp) -> Result<(Stamp, Ledger), Doubt> {
    let mut bytes = Vec::new();
    if Section::ALL.get(usize::from(blocks.next(&mut bytes)?)) != Some(&Section::State) {
        return Err(Doubt::Damaged);
    }
    let mut thawing = Thawing::begin(&bytes)?;
    loop {
        match blocks.next(&mut bytes)? {
            END => break,
            kind => {
                let section = Section::ALL.get(usize::from(kind)).ok_or(Doubt::Damaged)?;
                thawing.take(*section, &bytes)?;
            }
        }
    }
    if blocks.out.read(&mut [0])? != 0 {
        return Err(Doubt::Damaged);
    }
    let mut thawed = thawing.finish()?;
    std::thread::scope(|scope| {
        thawed.indexing().into_iter().for_each(|index| drop(scope.spawn(index)));
    });
    let mut ledger = thawed.ledger();
    let (head, at) = (ledger.settled_head(), ledger.placement());
    let same = (head.next_seq, head.link, at.partition, at.count)
        == (stamp.seq, stamp.link, stamp.place.partition, stamp.place.count);
    if !same || ledger.remember_hash() != stamp.ledger_hash {
        return Err(Doubt::Otherwise);
    }
    Ok((stamp, ledger))
}
