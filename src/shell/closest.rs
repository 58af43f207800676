//! What somebody probably meant.

/// The known word closest to this one, if it is close enough to be meant.
pub fn closest(word: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let likeness = |other: &String| strsim::jaro_winkler(word, other);
    let scored = known.into_iter().map(|other| (likeness(&other), other));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right));
    best.filter(|(likeness, _)| *likeness > 0.8).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_something_else_is_not() {
        let known = || ["bootstrap", "prefix", "group"].map(str::to_owned);
        assert_eq!(closest("bootsrap", known()).as_deref(), Some("bootstrap"));
        assert_eq!(closest("zebra", known()), None);
    }
}
