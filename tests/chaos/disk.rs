//! A small disk of one broker's own, so that it can be full while the others' are not: a tmpfs, where this system lets
//! us mount one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Enough for all that a run writes.
const SIZE: &str = "size=1500m";

pub struct Disk {
    data: PathBuf,
    /// Why there is none.
    absent: Option<String>,
}

impl Disk {
    /// Mounts it where a broker of this cluster will have its data.
    pub fn mount(cluster: &Path, node: u32) -> Self {
        let data = cluster.join(format!("node-{node}/data"));
        std::fs::create_dir_all(&data).expect("the cluster's directory can be written");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(&data).output();
        let absent = match done {
            Ok(done) if done.status.success() => None,
            Ok(done) => Some(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        Self { data, absent }
    }

    /// Why no disk can be filled here, if so.
    pub fn absent(&self) -> Option<&str> {
        self.absent.as_deref()
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        // Writing until there is no more is what fills it; the error is the point.
        let done =
            Command::new("dd").args(["if=/dev/zero", "bs=1M", "status=none"]).arg(self.filler()).output();
        assert!(done.is_ok_and(|done| !done.status.success()), "the disk is full");
    }

    pub fn clear(&self) {
        let _absent = std::fs::remove_file(self.data.join(FILLER));
    }

    fn filler(&self) -> String {
        format!("of={}", self.data.join(FILLER).display())
    }
}

const FILLER: &str = "filler";
