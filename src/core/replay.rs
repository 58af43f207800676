//! Rebuilding a ledger from its trail, entry by entry.

use super::entry::{Body, Entry};
use super::halt::{Halt, HaltCode};
use super::ids::Digest;
use super::ledger::Ledger;
use super::ledger::hash::ledger_hash;
use super::settings::RULES_VERSION;

/// Takes in the next entry of a committed trail. `leaf` is the leaf hash of its bytes.
///
/// An opening by the same rules recorded the ledger's hash: from there on, that the replay gives
/// the same ledger is not believed but seen (`G7`).
///
/// # Errors
/// `CHAIN_BROKEN` or `STATE_DIVERGED`; the ledger then stands before the entry.
pub fn replay(ledger: &mut Ledger, entry: &Entry<'_>, leaf: Digest) -> Result<(), Halt> {
    if let Err(halt) = ledger.follow(entry, leaf) {
        ledger.discard();
        return Err(halt);
    }
    if let Body::LaneOpened(opening) = &entry.body
        && opening.rules_version == RULES_VERSION
    {
        // The opening itself changes nothing that the hash covers.
        let rebuilt = ledger_hash(ledger);
        if rebuilt != opening.ledger_hash {
            ledger.discard();
            let detail = format!(
                "entry {} recorded the ledger as {}, the entries before it rebuild {rebuilt}",
                entry.seq, opening.ledger_hash
            );
            return Err(Halt::new(HaltCode::StateDiverged, detail));
        }
    }
    ledger.settle();
    Ok(())
}
