//! What a desktop knows of the graphical program: its entry, icons, file types, settings, service and translations,
//! and the caches that a desktop keeps of such files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use perfkit_tests::error::Context;
use perfkit_tests::process::run;
use perfkit_tests::{Result, bins};

use crate::manifest::Manifest;
use crate::translations::{compile, languages, place_of};

/// How a file in data becomes what is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// As it is.
    Copied,
    /// With the place of the programs for `@prefix@`.
    Placed,
    /// With the words of every language, as an entry for desktops has them.
    Entry,
    /// With the words of every language, as XML has them.
    Xml,
}

/// The files in data, and what of them lies where below the prefix.
const FILES: &[(&str, Made, &str)] = &[
    ("org.perfkit.Perfkit.desktop", Made::Entry, "share/applications/org.perfkit.Perfkit.desktop"),
    ("org.perfkit.Perfkit.metainfo.xml", Made::Xml, "share/metainfo/org.perfkit.Perfkit.metainfo.xml"),
    ("org.perfkit.Perfkit.mime.xml", Made::Xml, "share/mime/packages/org.perfkit.Perfkit.xml"),
    ("org.perfkit.Perfkit.service.in", Made::Placed, "share/dbus-1/services/org.perfkit.Perfkit.service"),
    ("org.perfkit.Perfkit.gschema.xml", Made::Copied, "share/glib-2.0/schemas/org.perfkit.Perfkit.gschema.xml"),
    ("icons/org.perfkit.Perfkit.svg", Made::Copied, "share/icons/hicolor/scalable/apps/org.perfkit.Perfkit.svg"),
    (
        "icons/org.perfkit.Perfkit-symbolic.svg",
        Made::Copied,
        "share/icons/hicolor/symbolic/apps/org.perfkit.Perfkit-symbolic.svg",
    ),
];

/// A cache that a desktop keeps of the files in a folder.
struct Cache {
    /// The folder, below the prefix.
    folder: &'static str,
    /// Where in it lies what the cache is of.
    of: &'static str,
    /// What makes it, with the folder as its last argument.
    program: &'static str,
    args: &'static [&'static str],
    /// What is made in the folder.
    made: &'static [&'static str],
}

const CACHES: &[Cache] = &[
    Cache {
        folder: "share/glib-2.0/schemas",
        of: "",
        program: "glib-compile-schemas",
        args: &[],
        made: &["gschemas.compiled"],
    },
    Cache {
        folder: "share/icons/hicolor",
        of: "",
        program: "gtk-update-icon-cache",
        args: &["--quiet", "--force", "--ignore-theme-index"],
        made: &["icon-theme.cache"],
    },
    Cache {
        folder: "share/applications",
        of: "",
        program: "update-desktop-database",
        args: &["--quiet"],
        made: &["mimeinfo.cache"],
    },
    Cache {
        folder: "share/mime",
        of: "packages",
        program: "update-mime-database",
        args: &[],
        made: &[
            "XMLnamespaces",
            "aliases",
            "application",
            "generic-icons",
            "globs",
            "globs2",
            "icons",
            "magic",
            "mime.cache",
            "subclasses",
            "text",
            "treemagic",
            "types",
            "version",
        ],
    },
];

/// Puts all of it below the prefix.
pub fn place(prefix: &Path, manifest: &mut Manifest) -> Result<()> {
    let made = tempfile::tempdir().cannot("make a temporary folder")?;
    for (name, how, place) in FILES {
        let from = bins::root().join("data").join(name);
        let from = match how {
            Made::Copied => from,
            _ => make(&from, *how, prefix, made.path())?,
        };
        manifest.copy(&from, &prefix.join(place), 0o644)?;
    }
    for language in languages()? {
        let file = made.path().join(format!("{language}.mo"));
        compile(&language, &file)?;
        manifest.copy(&file, &prefix.join(place_of(&language)), 0o644)?;
    }
    Ok(())
}

/// Makes a file in a folder, and says where it is.
fn make(from: &Path, how: Made, prefix: &Path, folder: &Path) -> Result<PathBuf> {
    let to = folder.join(from.file_name().unwrap_or_default());
    let kind = match how {
        Made::Entry => "--desktop",
        Made::Xml => "--xml",
        Made::Copied | Made::Placed => {
            let text = fs::read_to_string(from).cannot(format_args!("read {}", from.display()))?;
            let text = text.replace("@prefix@", &prefix.to_string_lossy());
            fs::write(&to, text).cannot(format_args!("write {}", to.display()))?;
            return Ok(to);
        }
    };
    let mut msgfmt = Command::new("msgfmt");
    msgfmt.arg(kind).arg("--template").arg(from).arg("-d").arg(bins::root().join("po")).arg("-o").arg(&to);
    run(&mut msgfmt)?;
    Ok(to)
}

/// What a program needs that is run where it was built: settings and translations beside it, as an installation has
/// them.
pub fn beside(built: &Path) -> Result<()> {
    let schemas = built.join("share/glib-2.0/schemas");
    fs::create_dir_all(&schemas).cannot(format_args!("create {}", schemas.display()))?;
    let schema = "org.perfkit.Perfkit.gschema.xml";
    fs::copy(bins::root().join("data").join(schema), schemas.join(schema)).cannot("copy the settings' schema")?;
    run(Command::new("glib-compile-schemas").arg("--strict").arg(&schemas))?;
    for language in languages()? {
        let file = built.join(place_of(&language));
        fs::create_dir_all(file.parent().unwrap_or(built)).cannot("create a folder for translations")?;
        compile(&language, &file)?;
    }
    Ok(())
}

/// Brings the caches below a prefix up to date; those of which nothing is left are taken away.
pub fn refresh(prefix: &Path) {
    for cache in CACHES {
        let folder = prefix.join(cache.folder);
        if any_file(&folder.join(cache.of), cache.made) {
            // Without the program there is no cache, and nobody who reads one.
            if let Err(error) = run(Command::new(cache.program).args(cache.args).arg(&folder)) {
                eprintln!("{} is not brought up to date: {error}", folder.display());
            }
        } else {
            for made in cache.made.iter().map(|name| folder.join(name)) {
                // Most are not there, and a file is no folder.
                let _ = fs::remove_file(&made);
                let _ = fs::remove_dir_all(&made);
            }
        }
    }
}

/// Whether a folder or one below it has a file, besides those with these names.
fn any_file(folder: &Path, besides: &[&str]) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others = entries.filter(|entry| !besides.iter().any(|name| entry.file_name() == *name));
    others.any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => any_file(&entry.path(), &[]),
        _ => true,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use perfkit_tests::process::stdout_of;

    use super::*;

    /// Below a prefix of its own.
    fn installed() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::replace(folder.path()).unwrap();
        place(folder.path(), &mut manifest).unwrap();
        manifest.save().unwrap();
        refresh(folder.path());
        folder
    }

    #[test]
    fn what_is_installed_is_as_desktops_want_it() {
        let folder = installed();
        let prefix = folder.path();
        let share = prefix.join("share");
        run(Command::new("desktop-file-validate").arg(share.join("applications/org.perfkit.Perfkit.desktop"))).unwrap();
        let metainfo = share.join("metainfo/org.perfkit.Perfkit.metainfo.xml");
        let mut validate = Command::new("appstreamcli");
        let said = validate.args(["validate", "--no-net", "--no-color"]).arg(&metainfo).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        // The program's own name for itself has capitals, as many do; nothing else may be found.
        let found = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(!found.contains("W:") && !found.contains("E:") && !found.contains("I:"), "{found}");
        for file in [metainfo, share.join("mime/packages/org.perfkit.Perfkit.xml")] {
            run(Command::new("xmllint").arg("--noout").arg(file)).unwrap();
        }
        let schemas = share.join("glib-2.0/schemas");
        run(Command::new("glib-compile-schemas").args(["--strict", "--dry-run"]).arg(&schemas)).unwrap();
        for icon in ["scalable/apps/org.perfkit.Perfkit", "symbolic/apps/org.perfkit.Perfkit-symbolic"] {
            let icon = share.join("icons/hicolor").join(format!("{icon}.svg"));
            let drawn = run(Command::new("rsvg-convert").args(["-w", "32"]).arg(icon)).unwrap().stdout;
            assert!(drawn.starts_with(b"\x89PNG") && drawn.len() > 200);
        }
        let service = fs::read_to_string(share.join("dbus-1/services/org.perfkit.Perfkit.service")).unwrap();
        assert!(service.contains(&format!("Exec={}/bin/perfkit ", prefix.display())), "{service}");
        for cache in CACHES {
            assert!(prefix.join(cache.folder).join(cache.made.last().unwrap()).exists(), "{}", cache.program);
        }
    }

    #[test]
    fn files_are_known_by_what_is_in_them_and_by_their_names() {
        let folder = installed();
        let mut session = vec![0; 4096];
        session[..16].copy_from_slice(b"SQLite format 3\0");
        session[68..72].copy_from_slice(b"pkit");
        let mut other = session.clone();
        other[68..72].fill(0);
        let cases: [(&str, &[u8], &str); 8] = [
            ("a.perfkit", b"?", "application/x-perfkit"),
            ("session", &session, "application/x-perfkit"),
            ("session.db", &session, "application/x-perfkit"),
            ("database", &other, "application/vnd.sqlite3"),
            ("a.gdkrecord", b"?", "application/x-gdkrecord"),
            ("recording", b"GDKRECRD\x01\0\0\0", "application/x-gdkrecord"),
            ("a.perfinput", b"?", "text/x-perfinput"),
            ("script", b"perfinput 1\n", "text/x-perfinput"),
        ];
        for (name, content, expected) in cases {
            let file = folder.path().join(name);
            fs::write(&file, content).unwrap();
            let mut info = Command::new("gio");
            info.args(["info", "-a", "standard::content-type"]).arg(&file);
            info.env("XDG_DATA_HOME", folder.path().join("share"));
            let said = stdout_of(&mut info).unwrap();
            assert!(said.contains(&format!("standard::content-type: {expected}")), "{name}: {said}");
        }
        // The desktop entry opens what it says it opens.
        let entry = fs::read_to_string(folder.path().join("share/applications/org.perfkit.Perfkit.desktop")).unwrap();
        for kind in ["application/x-perfkit", "application/x-gdkrecord", "text/x-perfinput"] {
            assert!(entry.contains(&format!("{kind};")), "{kind}");
        }
    }

    #[test]
    fn nothing_is_left_of_an_installation_that_is_removed() {
        let folder = installed();
        crate::manifest::uninstall(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_of_others_stay_and_so_do_their_caches() {
        let folder = installed();
        let other = folder.path().join("share/applications/other.desktop");
        fs::write(&other, "[Desktop Entry]\nType=Application\nName=Other\nExec=other\nMimeType=text/plain;\n").unwrap();
        crate::manifest::uninstall(folder.path()).unwrap();
        let cache = fs::read_to_string(folder.path().join("share/applications/mimeinfo.cache")).unwrap();
        assert!(cache.contains("text/plain=other.desktop") && !cache.contains("Perfkit"), "{cache}");
    }
}
