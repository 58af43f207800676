//! What every container of the release has said, also of pods that are gone: the node's own files, read as they grow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::cluster::{NAMESPACE, variable};

type Said = Arc<Mutex<BTreeMap<PathBuf, String>>>;

/// Reads until it is dropped.
pub struct Logs {
    said: Said,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Logs {
    /// Of the pods of a release.
    pub fn follow(release: &str) -> Self {
        let (said, ended) = (Said::default(), Arc::new(AtomicBool::new(false)));
        let folder = PathBuf::from(variable("K8S_LOGS"));
        let (of, notes, end) = (format!("{NAMESPACE}_{release}-"), Arc::clone(&said), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                look(&folder, &of, &notes);
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self { said, ended, thread: Some(thread) }
    }

    /// Lines that hold one of these words, with the container that said them.
    pub fn lines_with(&self, words: &[&str]) -> Vec<String> {
        let said = self.said.lock().expect("the reader does not panic");
        let lines = said.iter().flat_map(|(path, text)| text.lines().map(move |line| (path, line)));
        let loud = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        loud.map(|(path, line)| format!("{}: {line}", path.display())).collect()
    }

    /// Everything, for whoever looks at a test that failed.
    pub fn keep(&self, folder: &Path) {
        let said = self.said.lock().expect("the reader does not panic");
        let whole = said.iter().map(|(path, text)| format!("--- {}\n{text}", path.display()));
        std::fs::write(folder.join("pods.log"), whole.collect::<String>()).expect("a log can be written");
    }
}

/// Takes in what the files hold now; what is gone keeps what it said.
fn look(folder: &Path, of: &str, said: &Said) {
    for pod in entries(folder).filter(|path| name(path).starts_with(of)) {
        for log in entries(&pod).flat_map(|container| entries(&container).collect::<Vec<_>>()) {
            let Ok(text) = std::fs::read_to_string(&log) else { continue };
            let key = log.strip_prefix(folder).expect("it is inside").to_owned();
            said.lock().expect("no reader panics").insert(key, text);
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || !matches!(joined, Some(Err(_))), "the logs were read to their end");
    }
}
