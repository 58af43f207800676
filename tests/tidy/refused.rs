//! The chart refuses the same settings of librdkafka as onefill, for the same reasons.

use crate::tree;

const LIST: &str = "helm/onefill/files/refused.yaml";
const SOURCE: &str = "src/shell/config/kafka.rs";

/// Names that the chart refuses otherwise than onefill, or not at all. `refusal` is what onefill says of a name.
pub fn check(refusal: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
    compare(&tree::read(LIST), &tree::read(SOURCE), refusal)
}

fn compare(list: &str, source: &str, refusal: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
    let listed: Vec<(&str, &str)> = list.lines().filter_map(entry).collect();
    let mut findings: Vec<String> = listed
        .iter()
        .filter(|(name, reason)| refusal(name) != Some(*reason))
        .map(|(name, _)| format!("{LIST}: onefill says of {name}: {:?}", refusal(name)))
        .collect();
    let table = source.split_once("const REFUSED").and_then(|(_, rest)| rest.split_once("\n];"));
    let texts = table.map(|(table, _)| table.split('"').skip(1).step_by(2)).into_iter().flatten();
    let names = texts.filter(|text| !text.contains(' ') && refusal(text).is_some());
    let absent = names.filter(|name| listed.iter().all(|(listed, _)| listed != name));
    findings.extend(absent.map(|name| format!("{LIST}: {name} is missing")));
    findings
}

fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, reason) = line.split_once(": \"")?;
    Some((name, reason.strip_suffix('"')?))
}

#[test]
fn a_setting_that_only_one_of_them_refuses_is_found() {
    let refusal = |name: &str| match name {
        "a" => Some("why a"),
        "b." => Some("why b"),
        _ => None,
    };
    let source = "const REFUSED: &[X] = &[\n(&[\"a\", \"b.\"], \"why a\"),\n];\n";
    assert_eq!(compare("# x\na: \"why a\"\nb.: \"why b\"\n", source, refusal), [""; 0]);
    assert_eq!(compare("a: \"why a\"\n", source, refusal), [format!("{LIST}: b. is missing")]);
    assert_eq!(compare("a: \"other\"\nb.: \"why b\"\n", source, refusal).len(), 1);
    assert_eq!(compare("a: \"why a\"\nb.: \"why b\"\nc: \"x\"\n", source, refusal).len(), 1);
}
