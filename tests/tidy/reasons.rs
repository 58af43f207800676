//! The table of reasons in the docs is made from the code. With `ONEFILL_BLESS=1` the page is rewritten.

use onefill::core::verdict::Reason;

use crate::tree::{self, File};

const PAGE: &str = "docs/reasons/README.md";
const BEGIN: &str = "<!-- reasons: made from the code, see tests/tidy/reasons.rs -->\n";
const END: &str = "<!-- reasons: end -->\n";

/// The page has the table, or gets it.
pub fn check(files: &[File]) {
    let (page, table) = (tree::read(PAGE), table(|reason| summary(files, reason)));
    let due = replaced(&page, &table).unwrap_or_else(|| panic!("{PAGE} has no place for the table"));
    if page == due {
        return;
    }
    if std::env::var_os("ONEFILL_BLESS").is_some() {
        tree::write(PAGE, &due);
    } else {
        panic!("{PAGE} must have this table; ONEFILL_BLESS=1 writes it:\n{table}");
    }
}

fn table(summary: impl Fn(Reason) -> String) -> String {
    let mut table = "| check | reason | FIX | scope | when |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for reason in Reason::ALL.iter().copied() {
        let (checks, tag, value) = (reason.checks(), reason.fix_tag(), reason.fix_reason());
        let scope = if reason.can_name_scope() { "yes" } else { "" };
        let when = summary(reason);
        table += &format!("| {checks} | [{reason}]({reason}.md) | {tag}={value} | {scope} | {when} |\n");
    }
    table
}

/// The first line below the title of its page.
fn summary(files: &[File], reason: Reason) -> String {
    let path = format!("docs/reasons/{reason}.md");
    let text = files.iter().find(|file| file.path == path).map(File::text).unwrap_or_default();
    text.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[test]
fn a_table_is_put_between_its_marks_and_only_there() {
    let page = format!("a\n{BEGIN}old\n{END}b\n");
    let once = replaced(&page, "| new |\n").unwrap();
    assert_eq!(once, format!("a\n{BEGIN}\n| new |\n\n{END}b\n"));
    assert_eq!(replaced(&once, "| new |\n"), Some(once.clone()));
    assert_eq!(replaced("a", "b"), None);
}

#[test]
fn the_pages_say_the_same_of_checks_and_codes() {
    let files = tree::files();
    for reason in Reason::ALL {
        let path = format!("docs/reasons/{reason}.md");
        let page = files.iter().find(|file| file.path == path).map(File::text).unwrap_or_default();
        let code = format!("    FIX     {}={}, ", reason.fix_tag(), reason.fix_reason());
        assert!(page.contains(&code), "{path} should say {}", code.trim());
        let numbers = reason.checks().split(", ").filter(|check| check.parse::<u8>().is_ok());
        for number in numbers {
            let named = [format!("    check   {number},"), format!(" {number}, ")];
            assert!(named.iter().any(|text| page.contains(text)), "{path} should name check {number}");
        }
    }
}
