//! A Rust file as a flat row of tokens: no comments, no spaces, and literals reduced to a mark, so that a rule
//! about names cannot stumble over a string. Macro bodies are tokens like all else, which a syntax tree would hide.
//!
//! It is a lexer for code that compiles and is formatted, and for nothing else.

/// A name, a single character of punctuation, a bracket, or [`LITERAL`].
#[derive(Clone, Debug)]
pub struct Token<'a> {
    pub text: &'a str,
    /// Counted from 1.
    pub line: usize,
}

/// Stands for every string, character and number.
pub const LITERAL: &str = "\"";

/// Every token of a file.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut row = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (taken, shown) = next(rest, first);
        if let Some(shown) = shown {
            row.push(Token { text: shown, line });
        }
        line += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
    }
    row
}

/// The tokens that end up in the product: without `#[cfg(test)]` items, and nothing of a file of tests.
pub fn product_tokens<'a>(path: &str, text: &'a str) -> Vec<Token<'a>> {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Vec::new();
    }
    let row = tokens(text);
    let mut kept = Vec::new();
    let mut rest = row.as_slice();
    while let Some(first) = rest.first() {
        if starts_with(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            rest = &rest[7 + item_len(&rest[7..])..];
        } else {
            kept.push(first.clone());
            rest = &rest[1..];
        }
    }
    kept
}

/// Whether these texts come next.
pub fn starts_with(row: &[Token<'_>], texts: &[&str]) -> bool {
    row.len() >= texts.len() && row.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// How many tokens the item has that the row starts with: to the end of its block, or to its semicolon.
pub fn item_len(row: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in row.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && [";", "}"].contains(&token.text) {
            return index + 1;
        }
    }
    row.len()
}

/// How many bytes come next as one piece, and what is to be shown for them.
fn next(rest: &str, first: char) -> (usize, Option<&str>) {
    if first.is_whitespace() {
        return (first.len_utf8(), None);
    }
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |at| at + 2), None);
    }
    if let Some(len) = string_len(rest).or_else(|| character_len(rest)) {
        return (len, Some(LITERAL));
    }
    let is_word = |one: char| one.is_alphanumeric() || one == '_';
    if is_word(first) {
        let len = rest.find(|one| !is_word(one)).unwrap_or(rest.len());
        let shown = if first.is_ascii_digit() { LITERAL } else { &rest[..len] };
        return (len, Some(shown));
    }
    (first.len_utf8(), Some(&rest[..first.len_utf8()]))
}

/// The length of the string that comes next: `"…"`, `b"…"`, `c"…"`, `r#"…"#` and their like.
fn string_len(rest: &str) -> Option<usize> {
    let inner = rest.trim_start_matches(['b', 'c']);
    let raw = inner.strip_prefix('r').unwrap_or(inner);
    let open = raw.trim_start_matches('#');
    let (marks, prefix) = (raw.len() - open.len(), rest.len() - raw.len());
    let is_raw = raw.len() < inner.len();
    if prefix > 2 || !open.starts_with('"') || marks > 0 && !is_raw {
        return None;
    }
    let start = prefix + marks + 1;
    let end = if is_raw {
        let close = format!("\"{}", "#".repeat(marks));
        start + rest[start..].find(&close)? + close.len()
    } else {
        start + end_of_quote(&rest[start..], '"')?
    };
    Some(end)
}

/// The length of the character that comes next, `'x'` or `b'x'`; a lifetime is none.
fn character_len(rest: &str) -> Option<usize> {
    let quote = rest.strip_prefix('b').unwrap_or(rest);
    let start = rest.len() - quote.len() + 1;
    let inner = quote.strip_prefix('\'')?;
    let one = inner.chars().next()?;
    let is_character = one == '\\' || inner[one.len_utf8()..].starts_with('\'');
    if is_character { Some(start + end_of_quote(inner, '\'')?) } else { None }
}

/// The length up to and with the quote that ends it.
fn end_of_quote(inner: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, one) in inner.char_indices() {
        if one == quote && !escaped {
            return Some(index + 1);
        }
        escaped = one == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
fn texts(text: &str) -> String {
    tokens(text).iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

#[test]
fn literals_and_comments_hide_nothing_and_show_nothing() {
    assert_eq!(texts("f(\"a \\\" b\", 'x', '\\'', b'\\\\', b\"c\");"), "f ( \" , \" , \" , \" , \" ) ;");
    assert_eq!(texts("r\"a\" + r#\"b \" c\"# + br#\"d\"# + c\"e\""), "\" + \" + \" + \"");
    assert_eq!(
        texts("fn f<'a>(x: &'a str, '{': u8) // y\n/* z */ {1_000}"),
        "fn f < ' a > ( x : & ' a str , \" : u8 ) { \" }"
    );
    assert_eq!(texts("break_ r#type rest b c"), "break_ r # type rest b c");
    let lines: Vec<usize> = tokens("a\n\"x\ny\" b\n// z\nc").iter().map(|token| token.line).collect();
    assert_eq!(lines, [1, 2, 3, 5]);
}

#[test]
fn tests_are_no_product() {
    let text =
        "fn f() {}\n#[cfg(test)]\nmod tests { fn t() { [x.unwrap()] } }\n#[cfg(test)]\nmod more;\nfn h() {}";
    let row: Vec<&str> = product_tokens("a.rs", text).into_iter().map(|token| token.text).collect();
    assert_eq!(row.join(" "), "fn f ( ) { } fn h ( ) { }");
    assert!(product_tokens("src/core/tests.rs", text).is_empty());
}
