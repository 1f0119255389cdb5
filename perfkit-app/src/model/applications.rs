//! Applications that are installed, and what a .desktop file says: how to start one without its launcher.
//!
//! The format is that of https://specifications.freedesktop.org/desktop-entry-spec/latest/.

use std::fs;
use std::path::{Path, PathBuf};

use gtk::glib;

use crate::wording::{tr, tr_with};

/// An application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// Its name in the user's language.
    pub name: String,
    /// What it is for, in the user's language; may be empty.
    pub comment: String,
    /// The name or path of its icon; may be empty.
    pub icon: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder in which it wants to be started; may be empty.
    pub folder: String,
    /// Whether menus show it.
    pub shown: bool,
}

impl Application {
    /// How well what was typed fits, less is better; `None` where it does not.
    pub fn fits(&self, typed: &str) -> Option<usize> {
        let typed = typed.to_lowercase();
        let program =
            self.command.first().map(|program| program.rsplit('/').next().unwrap_or(program)).unwrap_or_default();
        let (name, program) = (self.name.to_lowercase(), program.to_lowercase());
        if name.starts_with(&typed) || program.starts_with(&typed) {
            return Some(0);
        }
        if name.split_whitespace().any(|word| word.starts_with(&typed)) {
            return Some(1);
        }
        (name.contains(&typed) || program.contains(&typed)).then_some(2)
    }
}

/// Reads a .desktop file, in the first of these languages that it has.
pub fn read(path: &Path, languages: &[String]) -> Result<Application, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text, languages, path).map_err(|why| format!("{}: {why}", path.display()))
}

fn parse(text: &str, languages: &[String], path: &Path) -> Result<Application, String> {
    let mut group = "";
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| group == "Desktop Entry") {
            entries.push((key.trim_end(), value.trim_start()));
        }
    }
    let raw = |key: &str| entries.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let localised = |key: &str| {
        let here = languages.iter().find_map(|language| raw(&format!("{key}[{language}]")));
        unescaped(here.or_else(|| raw(key)).unwrap_or_default())
    };
    let is = |key: &str| raw(key) == Some("true");
    if raw("Type") != Some("Application") {
        return Err(tr("it is not of an application"));
    }
    let exec = raw("Exec").ok_or_else(|| tr("it has no command; D-Bus starts the application"))?;
    let (name, icon) = (localised("Name"), localised("Icon"));
    Ok(Application {
        command: command(&unescaped(exec), &name, &icon, path)?,
        name,
        comment: localised("Comment"),
        icon,
        folder: unescaped(raw("Path").unwrap_or_default()),
        shown: !is("NoDisplay") && !is("Hidden"),
    })
}

/// A value of the type string.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('s')) => out.push(' '),
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('\\')) => out.push('\\'),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (c, _) => out.push(c),
        }
    }
    out
}

/// The words of an Exec line without its field codes, which stand for files that nobody opens with it.
fn command(exec: &str, name: &str, icon: &str, path: &Path) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = exec.chars().peekable();
    while rest.peek().is_some() {
        if rest.next_if(|c| c.is_whitespace()).is_some() {
            continue;
        }
        let (mut word, mut quoted, mut icons, mut bare) = (String::new(), false, false, true);
        while let Some(c) = rest.next_if(|c| quoted || !c.is_whitespace()) {
            match c {
                '"' => {
                    quoted = !quoted;
                    bare = false;
                }
                '\\' if quoted => word.push(rest.next_if(|next| "\"`$\\".contains(*next)).unwrap_or('\\')),
                '%' => match rest.next() {
                    Some('%') => word.push('%'),
                    Some('c') => word.push_str(name),
                    Some('k') => word.push_str(&path.to_string_lossy()),
                    Some('i') => icons = true,
                    Some('f' | 'F' | 'u' | 'U' | 'd' | 'D' | 'n' | 'N' | 'v' | 'm') => {}
                    other => {
                        let code = other.map_or("%".to_owned(), |code| format!("%{code}"));
                        return Err(tr_with("its command has the unknown code {code}", &[("code", &code)]));
                    }
                },
                c => word.push(c),
            }
        }
        if quoted {
            return Err(tr("a quotation mark in its command is not closed"));
        }
        if icons && !icon.is_empty() {
            words.extend(["--icon".to_owned(), icon.to_owned()]);
        }
        // A word that was nothing but a code is none; one that was quoted may be empty.
        if !word.is_empty() || !bare {
            words.push(word);
        }
    }
    if words.is_empty() { Err(tr("its command is empty")) } else { Ok(words) }
}

/// Every application that menus show, by name. Reads many files.
pub fn installed() -> Vec<Application> {
    let languages: Vec<String> = glib::language_names().iter().map(ToString::to_string).collect();
    let folders = std::iter::once(glib::user_data_dir()).chain(glib::system_data_dirs());
    let mut seen = std::collections::HashSet::new();
    let mut all = Vec::new();
    for folder in folders.map(|folder| folder.join("applications")) {
        let mut files = Vec::new();
        below(&folder, &mut files, 0);
        for file in files {
            // The first of a name counts, also where it only says that there is none.
            let id = file.strip_prefix(&folder).map(Path::to_owned).unwrap_or_default();
            if seen.insert(id) {
                all.extend(read(&file, &languages).ok().filter(|application| application.shown));
            }
        }
    }
    all.sort_by_key(|application| application.name.to_lowercase());
    all
}

fn below(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // A link in a circle leads nowhere.
        if path.is_dir() && depth < 4 {
            below(&path, files, depth + 1);
        } else if path.extension().is_some_and(|extension| extension == "desktop") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/usr/share/applications/a.desktop";

    fn words(exec: &str) -> Result<Vec<String>, String> {
        command(exec, "Name", "icon", Path::new(PATH))
    }

    #[test]
    fn field_codes_and_quotes_of_a_command_are_understood() {
        for (exec, expected) in [
            ("gedit %U", &["gedit"][..]),
            ("env A=1 prog --new-window %F", &["env", "A=1", "prog", "--new-window"]),
            ("\"/opt/My App/run\" --title %c %i", &["/opt/My App/run", "--title", "Name", "--icon", "icon"]),
            ("prog \"a \\\"b\\\" \\$c\" 100%%", &["prog", "a \"b\" $c", "100%"]),
            ("prog --file=%f \"\" %k", &["prog", "--file=", "", PATH]),
            ("  prog   -x  ", &["prog", "-x"]),
        ] {
            assert_eq!(words(exec).unwrap(), expected, "{exec}");
        }
        for exec in ["prog \"a", "prog %z", "prog %", "", "%U"] {
            assert!(words(exec).is_err(), "{exec}");
        }
    }

    #[test]
    fn an_entry_is_read_in_the_users_language() {
        let text = "# made by hand\n[Desktop Entry]\nType=Application\nName=Editor\nName[de]=Bearbeiter\n\
                    Name[de_AT]=Schreiber\nComment=Edits\\ntext\nExec=/usr/bin/ed\\\\ it %U\nIcon=ed\nPath=/tmp\n\
                    [Desktop Action new]\nName=New\nExec=other\n";
        let read = |languages: &[&str]| {
            let languages: Vec<String> = languages.iter().map(|language| language.to_string()).collect();
            parse(text, &languages, Path::new(PATH)).unwrap()
        };
        let german = read(&["de_DE.UTF-8", "de_DE", "de", "C"]);
        assert_eq!((&*german.name, &*german.comment), ("Bearbeiter", "Edits\ntext"));
        assert_eq!(german.command, ["/usr/bin/ed\\", "it"]);
        assert_eq!((&*german.icon, &*german.folder, german.shown), ("ed", "/tmp", true));
        assert_eq!(read(&["fr"]).name, "Editor");
        assert_eq!(read(&["de_AT", "de"]).name, "Schreiber");
    }

    #[test]
    fn what_is_no_application_says_why() {
        let parse = |text| parse(text, &[], Path::new(PATH)).unwrap_err();
        assert!(parse("[Desktop Entry]\nType=Link\nURL=x\n").contains("not of an application"));
        assert!(parse("[Desktop Entry]\nType=Application\nDBusActivatable=true\n").contains("no command"));
        assert!(parse("junk").contains("not of an application"));
    }

    #[test]
    fn what_is_typed_finds_names_and_programs() {
        let of = |name: &str, program: &str| Application {
            name: name.into(),
            command: vec![program.into()],
            ..Application::default()
        };
        let editor = of("Text Editor", "/usr/bin/gedit");
        for (typed, fits) in
            [("te", Some(0)), ("GED", Some(0)), ("edi", Some(1)), ("xt ed", Some(2)), ("dit", Some(2)), ("q", None)]
        {
            assert_eq!(editor.fits(typed), fits, "{typed}");
        }
    }
}
