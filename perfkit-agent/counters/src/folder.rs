//! Where the files lie.

use std::env;
use std::fs;
use std::path::PathBuf;

/// Names the folder; whoever records a program sets it for that program.
pub(crate) const VARIABLE: &str = "PERFKIT_COUNTERS_DIR";

/// The folder for counters of this user's programs: PERFKIT_COUNTERS_DIR, or `perfkit/counters` in XDG_RUNTIME_DIR.
pub fn folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(VARIABLE).or_else(|| Some(set("XDG_RUNTIME_DIR")?.join("perfkit/counters")))
}

/// The folder of PCP's own programs: `mmv` in PCP_TMP_DIR, which the environment names or /etc/pcp.conf.
pub fn pcp_folder() -> Option<PathBuf> {
    let named = env::var_os("PCP_TMP_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let configured = || {
        let text = fs::read_to_string("/etc/pcp.conf").ok()?;
        text.lines().find_map(|line| line.strip_prefix("PCP_TMP_DIR=")).map(PathBuf::from)
    };
    Some(named.or_else(configured)?.join("mmv"))
}
