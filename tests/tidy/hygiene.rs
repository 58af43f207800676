//! Bytes: nothing that an editor hides, nothing that belongs to somebody's machine.

/// What is larger belongs somewhere else than into git.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// No trailing spaces, a newline at the end, no tabs in Rust, no invisible characters, no path of one machine.
pub fn text(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let mut add = |what: &str| findings.push(format!("{path}:{}: {what}", index + 1));
        if line.ends_with([' ', '\t', '\r']) {
            add("trailing space");
        }
        if path.ends_with(".rs") && line.contains('\t') {
            add("a tab");
        }
        if line.chars().any(is_invisible) {
            add("an invisible character");
        }
        if MACHINES.iter().any(|place| line.contains(place)) {
            add("a path of somebody's machine");
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        findings.push(format!("{path}: should end in one newline"));
    }
    findings
}

const MACHINES: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Joiners, direction marks, odd spaces: what makes two texts look the same that are not.
fn is_invisible(one: char) -> bool {
    matches!(one,
        '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[test]
fn unclean_text_is_found() {
    let count = |bad: &str| text("a.rs", bad).len();
    assert_eq!(text("a.rs", "x\ny \n"), ["a.rs:2: trailing space"]);
    for bad in ["\tx\n", "x", "x\n\n", "a\u{200b}b\n", "a\u{a0}b\n", "x\r\n", &format!("{}a\n", MACHINES[0])]
    {
        assert_eq!(count(bad), 1, "{bad:?}");
    }
    assert_eq!(count("x \u{e4} \u{2192}\n"), 0);
    assert_eq!(text("Makefile", "\tx\n"), [""; 0]);
}
