//! The page at `/`: one file, compiled in. It loads nothing from anywhere, and asks this process only.

use std::sync::LazyLock;

use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("page.html");

/// The page's own style and script, by their hashes, and this origin's answers: nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let (style, script) = (hash(between("<style>", "</style>")), hash(between("<script>", "</script>")));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; \
         img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

pub(super) async fn site() -> impl IntoResponse {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE)
}

/// What stands between the first of each; the page is fixed, and a test looks for both.
fn between(begin: &str, end: &str) -> &'static str {
    let rest = PAGE.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(inner, _)| inner)
}

fn hash(text: &str) -> String {
    Base64::encode_string(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_names_no_other_place() {
        for part in [between("<style>", "</style>"), between("<script>", "</script>")] {
            assert!(part.len() > 1_000);
        }
        assert_eq!((PAGE.matches("<script").count(), PAGE.matches("<style").count()), (1, 1));
        let elsewhere = PAGE.replace("http://www.w3.org/2000/svg", "");
        let elsewhere = elsewhere.replace("<link rel=\"icon\" href=\"data:,\">", "");
        let handlers = [" onclick=", " onload=", " onerror=", " style="];
        for sign in
            ["http:", "https:", "src=", "url(", "@import", "<link", "innerHTML"].iter().chain(&handlers)
        {
            assert!(!elsewhere.contains(sign), "{sign}");
        }
    }

    #[test]
    fn a_hash_is_written_as_browsers_expect_it() {
        assert_eq!(hash("alert(1)"), "bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=");
    }
}
