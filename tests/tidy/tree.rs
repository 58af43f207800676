//! The files of the project: what git tracks, and what it would if it were asked to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file.
pub struct File {
    /// From the project's root, with `/`.
    pub path: String,
    pub bytes: Vec<u8>,
}

impl File {
    /// Empty for what is no text at all.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or("")
    }

    pub fn is_rust(&self) -> bool {
        self.ends_in("rs")
    }

    pub fn is_markdown(&self) -> bool {
        self.ends_in("md")
    }

    /// A text that people write. Fixtures have other names, because their bytes are nobody's to tidy.
    pub fn is_text(&self) -> bool {
        let written = ["rs", "md", "toml", "sh", "yaml", "yml", "avsc", "xml"];
        let scripts = [
            "Makefile",
            "dev/bench-micro",
            "dev/kafka",
            "dev/demo",
            "dev/fuzz",
            "dev/helm",
            "dev/mutants",
            "dev/watched",
            "dev/k8s/cluster",
            ".ci/run",
            ".gitignore",
        ];
        written.iter().any(|ending| self.ends_in(ending)) || scripts.contains(&self.path.as_str())
    }

    fn ends_in(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == ending)
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one file.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Replaces the text of one file.
pub fn write(path: &str, text: &str) {
    std::fs::write(root().join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Every file, in order of path.
pub fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git can be run");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let names: BTreeSet<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
    // What was deleted and not committed yet is still listed.
    names
        .into_iter()
        .filter_map(|name| {
            let bytes = std::fs::read(root().join(name)).ok()?;
            Some(File { path: name.to_owned(), bytes })
        })
        .collect()
}

/// Every file and every folder.
pub fn paths() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for file in files() {
        for folder in Path::new(&file.path).ancestors().skip(1) {
            known.insert(folder.to_str().expect("paths are UTF-8").to_owned());
        }
        known.insert(file.path);
    }
    known
}
