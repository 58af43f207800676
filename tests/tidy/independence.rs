//! The checker shares no code with the router, or a mistake of the router could hide in it.

use crate::layers::dependencies;
use crate::tokens::{starts_with, tokens};

/// It depends on no package of this project.
pub fn manifest(path: &str, text: &str) -> Vec<String> {
    let own = dependencies(text).into_iter().filter(|name| name.starts_with("onefill"));
    let mut findings: Vec<String> = own.map(|name| format!("{path}: it may not depend on {name}")).collect();
    let sections = text.split("\n[").filter(|section| section.contains("dependencies"));
    let local =
        sections.flat_map(str::lines).filter(|line| line.contains("path =") || line.contains("path="));
    findings.extend(local.map(|line| format!("{path}: it may not use what is here: {line}")));
    findings
}

/// It names no module of the router, and takes in no file of it.
pub fn sources(path: &str, text: &str) -> Vec<String> {
    let row = tokens(text);
    let mut findings = Vec::new();
    for (index, token) in row.iter().enumerate() {
        let rest = &row[index..];
        let names = token.text == "onefill" && starts_with(&rest[1..], &[":", ":"]);
        let takes_in = starts_with(rest, &["include", "!"]) || starts_with(rest, &["#", "[", "path"]);
        if names || takes_in {
            findings.push(format!("{path}:{}: it may not use code of the router", token.line));
        }
    }
    findings
}

#[test]
fn shared_code_is_found() {
    let of = |text: &str| manifest("Cargo.toml", text).len();
    assert_eq!(
        of("[package]\nname = \"x\"\n\n[dependencies]\nsha2 = \"1\"\n\n[lints]\nworkspace = true\n"),
        0
    );
    assert_eq!(of("[package]\n\n[dependencies]\nonefill = { version = \"1\" }\n"), 1);
    assert_eq!(of("[package]\n\n[dependencies]\nother = { path = \"../..\", package = \"onefill\" }\n"), 1);
    let of = |text: &str| sources("a.rs", text).len();
    assert_eq!(of("use crate::avro; fn f() { include_str!(\"a.avsc\"); } // onefill::core"), 0);
    assert_eq!(of("use onefill::core::intent;"), 1);
    assert_eq!(of("#[path = \"../../../src/core/mod.rs\"]\nmod core;"), 1);
    assert_eq!(of("include!(\"../../../src/core/amount.rs\");"), 1);
}
