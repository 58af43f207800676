//! `onefill explain CODE`: the page of a halt or of a reason.

use clap::Args;

use super::print::{self, Tone};
use super::{Failure, Status};
use crate::core::halt::HaltCode;
use crate::core::verdict::Reason;
use crate::shell::closest;
use crate::shell::pages::{halt_page, reason_page};

/// Print what a halt or a reason means, and what to do.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, such as CURSOR_MISMATCH or INTENT_TOO_OLD; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(&self) -> Result<Status, Failure> {
        match &self.code {
            None => list(),
            Some(code) => show(page(&code.to_uppercase().replace('-', "_"))?),
        }
        Ok(Status::Done)
    }
}

fn page(code: &str) -> Result<&'static str, Failure> {
    let halt = HaltCode::parse(code).map(halt_page);
    halt.or_else(|| Reason::parse(code).map(reason_page)).ok_or_else(|| {
        let close = closest(code, codes().map(|(code, _)| code.to_owned()));
        let remedy = close.map(|close| format!("did you mean {close}?"));
        Failure::usage(
            format!("{code} is neither a halt nor a reason"),
            remedy.unwrap_or_else(|| "`onefill explain` lists all of them".to_owned()),
        )
    })
}

fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let halts = HaltCode::ALL.iter().map(|code| (code.name(), halt_page(*code)));
    halts.chain(Reason::ALL.iter().map(|reason| (reason.name(), reason_page(*reason))))
}

/// Every code with the first sentence of its page.
fn list() {
    let mut table = print::table(&["CODE", "MEANS"]);
    for (code, page) in codes() {
        table.add_row(vec![code, summary(page)]);
    }
    print::show(&table);
}

/// The first line below the title.
fn summary(page: &'static str) -> &'static str {
    page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default()
}

fn show(page: &str) {
    for line in page.lines() {
        let title = line.starts_with('#');
        print::say(&if title { print::toned(line, Tone::Doubtful) } else { line.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_begins_with_its_code_and_says_what_it_means() {
        for (code, page) in codes() {
            assert_eq!(page.lines().next(), Some(format!("# {code}").as_str()));
            assert!(summary(page).len() > 10, "{code}");
        }
    }

    #[test]
    fn a_slip_is_corrected() {
        assert_eq!(page("CURSOR_MISSMATCH").unwrap_err().remedy, "did you mean CURSOR_MISMATCH?");
        assert!(page("XYZZY").unwrap_err().remedy.contains("lists all"));
    }
}
