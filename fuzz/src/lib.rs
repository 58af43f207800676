//! What must hold of bytes that nobody meant: one function for each target, from any input to assertions.
//!
//! The targets in `fuzz_targets` hand libFuzzer's inputs over, and do nothing else. What two opinions say of a record
//! is compared by the very code of `tests/wire`, and lanes begin with records of `tests/core`. Start at [`bodies`] for the decoders, at [`lane`] for the core.

#[path = "../../tests/core/records.rs"]
pub mod records;

#[path = "../../tests/wire/opinions.rs"]
pub mod opinions;
#[path = "../../tests/wire/reference.rs"]
pub mod reference;
#[path = "../../tests/wire/typed.rs"]
pub mod typed;

pub mod bodies;
pub mod config;
pub mod decimal;
pub mod draw;
pub mod json;
pub mod lane;
pub mod past;
pub mod rows;
pub mod values;

/// The words around it, and a quotation of 48 characters, each escaped in up to 10 bytes.
const SAID_LEN_MAX: usize = 800;

/// Words for a person: something, on one line, of a length that a log bears.
fn assert_is_clear(said: &str) {
    assert!(!said.trim().is_empty(), "nothing is said");
    assert!(!said.contains(char::is_control), "it breaks its line: {said:?}");
    assert!(said.len() <= SAID_LEN_MAX, "{} bytes are said: {said:?}", said.len());
}
