//! Progress bars for lanes that read their trails, where a person watches.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::shell::lane::Shared;
use crate::shell::status::LaneView;

/// How often the bars are drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(200);

/// Shows how far each lane has read its trail, on a terminal, for as long as the process lives.
pub(super) fn show(shared: Arc<Shared>) -> io::Result<()> {
    if !io::stderr().is_terminal() {
        return Ok(());
    }
    let draw = move || {
        let (all, mut bars) = (MultiProgress::new(), BTreeMap::new());
        loop {
            for lane in shared.status.lanes() {
                draw(&all, &mut bars, &lane);
            }
            thread::sleep(DRAWN_EVERY);
        }
    };
    thread::Builder::new().name("progress".to_owned()).spawn(draw)?;
    Ok(())
}

fn draw(all: &MultiProgress, bars: &mut BTreeMap<i32, ProgressBar>, lane: &LaneView) {
    let Some(restoring) = lane.restoring else {
        if let Some(bar) = bars.remove(&lane.partition) {
            bar.finish_and_clear();
        }
        return;
    };
    let bar = bars.entry(lane.partition).or_insert_with(|| {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}%, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(0).with_style(style);
        all.add(bar.with_message(format!("lane {} reads its trail", lane.partition)))
    });
    bar.set_length(restoring.end.unsigned_abs());
    bar.set_position(restoring.next.unsigned_abs());
}
