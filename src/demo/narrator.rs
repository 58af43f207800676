//! What the person who watches is told: phases, kills as they happen, one live line.
//!
//! On a terminal the line moves; elsewhere phases and kills are plain lines, and that is all. It
//! speaks on the standard error, so that the standard output holds the result alone.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Tells what happens.
pub struct Narrator {
    began: Instant,
    line: ProgressBar,
    phase: Mutex<Option<String>>,
    live: bool,
    silent: bool,
}

impl Narrator {
    /// Speaks, or is silent.
    pub fn new(silent: bool) -> Self {
        let live = !silent && io::stderr().is_terminal();
        let line = if live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if live {
            let style = ProgressStyle::with_template("{spinner:.cyan} {msg}");
            line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            line.enable_steady_tick(Duration::from_millis(100));
        }
        Self { began: Instant::now(), line, phase: Mutex::new(None), live, silent }
    }

    /// Another thing is done now; the one before it is over.
    pub fn phase(&self, what: &str) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if self.live {
            if let Some(former) = phase.replace(what.to_owned()) {
                self.say(&format!("{} {former}", self.tick()));
            }
            self.line.set_message(what.to_owned());
        } else {
            self.say(what);
        }
    }

    /// What the live line says of the phase; nothing is said elsewhere.
    pub fn progress(&self, what: &str) {
        self.line.set_message(what.to_owned());
    }

    /// Something happened.
    pub fn event(&self, what: &str) {
        self.say(&format!("  {what}"));
    }

    /// It is over.
    pub fn end(&self) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if self.live
            && let Some(last) = phase.take()
        {
            self.say(&format!("{} {last}", self.tick()));
        }
        self.line.finish_and_clear();
    }

    const fn tick(&self) -> &'static str {
        "\u{2713}"
    }

    fn say(&self, what: &str) {
        if self.silent {
            return;
        }
        let line = format!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
        if self.live {
            self.line.println(line);
        } else {
            // Where the standard error is closed nobody listens.
            let _unheard = writeln!(io::stderr(), "{line}");
        }
    }
}
