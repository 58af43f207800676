//! What the API itself says of each set of values that the chart keeps in `ci/`: it takes every object, field by field,
//! and has nothing to remark.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::cluster::{NAMESPACE, call, chart, take};

#[test]
#[ignore = "it needs the cluster of `make e2e-k8s`"]
fn the_api_takes_every_example_as_it_is() {
    let _brokers = take();
    // helm knows no version by itself where it asks no cluster.
    let version: Json =
        serde_json::from_str(&call("kubectl", &["version", "--output", "json"])).expect("JSON");
    let version = version["serverVersion"]["gitVersion"].as_str().expect("the API has a version").to_owned();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let examples = std::fs::read_dir(chart().join("ci")).expect("the chart has examples");
    let mut examples: Vec<PathBuf> = examples.map(|entry| entry.expect("it can be read").path()).collect();
    examples.sort();
    assert!(examples.len() >= 3, "there are several: {examples:?}");
    for example in examples {
        let (values, chart) = (path(&example), chart());
        let own = ["template", "example", path(&chart), "--namespace", NAMESPACE, "--skip-tests"];
        let given = ["--values", values, "--kube-version", &version];
        let rendered = call("helm", &[&own[..], &given].concat());
        let objects = folder.join("objects.yaml");
        std::fs::write(&objects, rendered).expect("a file");
        let Output { status, stdout, stderr } = Command::new("kubectl")
            .args(["apply", "--dry-run=server", "--validate=strict", "--namespace", NAMESPACE, "--filename"])
            .arg(&objects)
            .output()
            .expect("kubectl can be run");
        let (taken, said) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        println!("{}: {} objects", example.display(), taken.lines().count());
        assert!(status.success() && said.is_empty(), "{values}:\n{said}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("paths are texts")
}
