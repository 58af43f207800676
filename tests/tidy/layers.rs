//! Arrows point one way, `main -> cli -> shell -> wire -> core`, and what is inside stays clean.
//!
//! The core's purity is also proved by a build without features; that build cannot see a clock or a float of `std`.

use crate::tokens::{Token, product_tokens, starts_with, tokens};

const LAYERS: [&str; 5] = ["core", "wire", "shell", "demo", "cli"];
/// What `std` offers that depends on more than its arguments.
const AMBIENT: [&str; 8] = ["fs", "net", "io", "thread", "time", "env", "process", "sync"];
/// Dependencies that compute, and do nothing else.
const PURE_DEPENDENCIES: [&str; 5] = ["arrayvec", "ethnum", "hashbrown", "sha2", "thiserror"];
/// Names that are impure wherever they come from.
const IMPURE: [&str; 15] = [
    "f32",
    "f64",
    "println",
    "eprintln",
    "print",
    "eprint",
    "dbg",
    "async",
    "await",
    "unsafe",
    "SystemTime",
    "Instant",
    "rand",
    "tracing",
    "log",
];

/// A layer names itself and those below it; `cli` and the library's root are named by none.
pub fn direction(path: &str, text: &str) -> Vec<String> {
    let Some(own) = layer_of(path) else { return Vec::new() };
    let may = |named: &str| {
        LAYERS.iter().position(|one| *one == named) <= LAYERS.iter().position(|one| *one == own)
    };
    let row = tokens(text);
    let named = layers_named(path, &row);
    let wrong = named.into_iter().filter(|(layer, _)| !may(layer));
    wrong.map(|(layer, line)| format!("{path}:{line}: {own} names {layer}, which is above it")).collect()
}

/// The core decides by its arguments alone.
pub fn purity(path: &str, text: &str, dependencies: &[String]) -> Vec<String> {
    if layer_of(path) != Some("core") {
        return Vec::new();
    }
    let row = product_tokens(path, text);
    let mut findings = parts_of_std(path, &row, &AMBIENT);
    for (index, token) in row.iter().enumerate() {
        let name = token.text;
        let is_path = starts_with(&row[index + 1..], &[":", ":"]);
        let impure_crate = dependencies.iter().any(|one| one == name) && !PURE_DEPENDENCIES.contains(&name);
        if IMPURE.contains(&name) || is_path && impure_crate {
            findings.push(format!("{path}:{}: the core may not use {name}", token.line));
        }
    }
    findings
}

/// The wire turns bytes into values and back: no files, no network, no clock, no threads.
pub fn bytes_only(path: &str, text: &str) -> Vec<String> {
    if layer_of(path) != Some("wire") {
        return Vec::new();
    }
    parts_of_std(path, &product_tokens(path, text), &["fs", "net", "thread", "time", "env", "process"])
}

/// The names in `[dependencies]`, as they stand in code.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let section =
        manifest.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or_default();
    let names = section.lines().skip(1).filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim());
    names.filter(|name| !name.starts_with('#')).map(|name| name.replace('-', "_")).collect()
}

fn layer_of(path: &str) -> Option<&'static str> {
    let inner = path.strip_prefix("src/")?;
    LAYERS
        .into_iter()
        .find(|layer| inner.strip_prefix(layer).is_some_and(|rest| rest.starts_with(['/', '.'])))
}

fn parts_of_std(path: &str, row: &[Token<'_>], banned: &[&str]) -> Vec<String> {
    let named = heads(row, &["std", ":", ":"]).into_iter();
    let wrong = named.filter(|token| banned.contains(&token.text));
    wrong.map(|token| format!("{path}:{}: std::{} is not for here", token.line, token.text)).collect()
}

/// The layers that a file names, by `crate::`, `onefill::` or a `super::` that reaches the root.
fn layers_named<'a>(path: &str, row: &'a [Token<'a>]) -> Vec<(&'a str, usize)> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let climb = ["super", ":", ":"].repeat(inner.split('/').count());
    let roots = [&["crate", ":", ":"][..], &["onefill", ":", ":"], &climb];
    let named = roots.into_iter().flat_map(|root| heads(row, root));
    named.map(|token| (token.text, token.line)).filter(|(name, _)| LAYERS.contains(name)).collect()
}

/// What follows this start of a path: one name, or each first name of a group in braces.
fn heads<'a>(row: &'a [Token<'a>], start: &[&str]) -> Vec<&'a Token<'a>> {
    let mut found = Vec::new();
    for index in 0..row.len() {
        if !starts_with(&row[index..], start) {
            continue;
        }
        let rest = &row[index + start.len()..];
        match rest.first() {
            Some(open) if open.text == "{" => found.extend(firsts_in_group(rest)),
            next => found.extend(next),
        }
    }
    found
}

fn firsts_in_group<'a>(row: &'a [Token<'a>]) -> Vec<&'a Token<'a>> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (index, token) in row.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => {}
            _ if depth == 1 && ["{", ","].contains(&row[index - 1].text) => found.push(token),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

#[test]
fn an_arrow_that_points_back_is_found() {
    let count = |path: &str, text: &str| direction(path, text).len();
    assert_eq!(
        direction("src/core/a.rs", "use crate::wire::x;"),
        ["src/core/a.rs:1: core names wire, which is above it"]
    );
    assert_eq!(count("src/core/a.rs", "use crate::{core::x, shell::{y, z}, cli};"), 2);
    assert_eq!(count("src/core/a.rs", "use super::super::wire::x;"), 1);
    assert_eq!(count("src/core/mod.rs", "use super::wire::x;"), 1);
    assert_eq!(count("src/core/a.rs", "macro_rules! m { () => { $crate::demo::x() } }"), 1);
    assert_eq!(count("src/wire/a.rs", "use crate::core::x; use crate::shell::y;"), 1);
    assert_eq!(count("src/shell/a.rs", "use crate::{core, wire}; fn f() { crate::cli::x() }"), 1);
    assert_eq!(count("src/demo/a.rs", "use crate::shell::x; use crate::cli::y;"), 1);
    assert_eq!(count("src/cli/a.rs", "use crate::{core, wire, shell, demo};"), 0);
    assert_eq!(count("src/core/a.rs", "/// [`crate::wire`]\nuse crate::core::wire_name;"), 0);
}

#[test]
fn an_impure_core_is_found() {
    let dependencies = dependencies(
        "[package]\n\n[dependencies]\nsha2 = \"1\"\nserde-json = { version = \"1\" }\n\n[x]\ny = 1",
    );
    assert_eq!(dependencies, ["sha2", "serde_json"]);
    let count = |text: &str| purity("src/core/a.rs", text, &dependencies).len();
    for text in [
        "use std::time::Duration;",
        "use std::{fmt, sync::Arc};",
        "fn f(x: f64) {}",
        "fn f() { println!(\"\") }",
        "use serde_json::Value;",
        "async fn f() {}",
        "fn f() { dbg!(1); }",
    ] {
        assert_eq!(count(text), 1, "{text}");
    }
    assert_eq!(count("use std::{fmt, mem}; use sha2::Sha256; use super::symbols::x; /// f64\nfn f() {}"), 0);
    assert_eq!(count("#[cfg(test)] mod tests { use std::time::Instant; }"), 0);
    assert_eq!(purity("src/shell/a.rs", "use std::fs;", &dependencies), [""; 0]);
    assert_eq!(bytes_only("src/wire/a.rs", "use std::fs;").len(), 1);
    assert_eq!(bytes_only("src/wire/a.rs", "use std::io::Read;").len(), 0);
}
