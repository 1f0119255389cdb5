//! `cargo xtask pot`: gathers what people read in their language into po/perfkit.pot, and brings each language's
//! file up to date with it; and compiles such files for `desktop`.
//!
//! xgettext of Debian 12 knows no Rust. So Rust's own lexer finds the texts, and xgettext reads them as calls in C.
//! Where a text stands is told by its file alone: a template with line numbers would differ after every change.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use perfkit_tests::error::Context;
use perfkit_tests::process::run;
use perfkit_tests::{Failure, Result, bins};
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};

/// The functions through which texts go, and which of their arguments are texts.
const FUNCTIONS: &[(&str, &[usize])] = &[
    // Those of perfkit-app/src/wording.rs …
    ("tr", &[0]),
    ("marked", &[0]),
    ("tr_with", &[0]),
    ("tr_many", &[0, 1]),
    // … of perfkit-app/src/widgets/status.rs …
    ("trouble", &[0]),
    ("nothing", &[1]),
    // … and of the agent's verdict, and its table of what costs.
    ("say", &[1]),
    ("measured", &[2]),
];
/// The fields of tables that hold texts, and functions that give one, which are translated where they are shown.
const FIELDS: &[&str] = &["title", "text", "about", "doc"];
/// How xgettext reads Rust's texts: as calls in C.
const AS_CALLS: &[&str] = &["--join-existing", "--language=C", "--keyword", "--keyword=tr:1", "--keyword=tr_many:1,2"];

/// Writes the template, and merges it into the translations.
pub fn pot() -> Result<()> {
    let template = po("perfkit.pot");
    let fresh = gathered()?;
    if fs::read_to_string(&template).ok().as_deref().map(undated) != Some(undated(&fresh)) {
        fs::write(&template, fresh).cannot("write po/perfkit.pot")?;
    }
    for language in languages()? {
        let mut merge = Command::new("msgmerge");
        merge.args(["--quiet", "--update", "--backup=none", "--add-location=file", "--no-fuzzy-matching"]);
        run(merge.arg(po(&format!("{language}.po"))).arg(&template))?;
        let mut count = Command::new("msgfmt");
        count.args(["--statistics", "--output-file=/dev/null"]).arg(po(&format!("{language}.po")));
        let said = run(count.env("LC_ALL", "C.UTF-8"))?.stderr;
        print!("{language}: {}", String::from_utf8_lossy(&said));
    }
    Ok(())
}

/// The languages that there are translations for.
pub fn languages() -> Result<Vec<String>> {
    listed("LINGUAS")
}

/// Where the translations into a language lie below a prefix.
pub fn place_of(language: &str) -> String {
    format!("share/locale/{language}/LC_MESSAGES/perfkit.mo")
}

/// Compiles the translations into a language.
pub fn compile(language: &str, to: &Path) -> Result<()> {
    let from = po(&format!("{language}.po"));
    run(Command::new("msgfmt").arg("--check").arg(from).arg("-o").arg(to)).map(drop)
}

fn po(name: &str) -> PathBuf {
    bins::root().join("po").join(name)
}

/// The words of a list in po.
fn listed(name: &str) -> Result<Vec<String>> {
    let list = fs::read_to_string(po(name)).cannot(format_args!("read po/{name}"))?;
    let words = list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    Ok(words.map(str::to_owned).collect())
}

/// The template as the sources are now.
fn gathered() -> Result<String> {
    let files = listed("POTFILES")?;
    let folder = tempfile::tempdir().cannot("make a temporary folder")?;
    for file in &files {
        let text = read(file)?;
        let text = if file.ends_with(".rs") { calls(&texts(&text, file)?)? } else { text };
        let copy = folder.path().join(file);
        fs::create_dir_all(copy.parent().unwrap_or(&copy)).cannot("make a temporary folder")?;
        fs::write(&copy, text).cannot(format_args!("copy {file}"))?;
    }
    let template = folder.path().join("perfkit.pot");
    let xgettext = |files: &[&String], options: &[&str]| {
        let mut command = Command::new("xgettext");
        command.args(["--from-code=UTF-8", "--add-location=file", "--package-name=perfkit", "--output"]).arg(&template);
        command.args(["--copyright-holder=The perfkit developers", "--msgid-bugs-address=https://perfkit.org"]);
        run(command.args(options).args(files).current_dir(folder.path())).map(drop)
    };
    let (code, other): (Vec<&String>, Vec<&String>) = files.iter().partition(|file| file.ends_with(".rs"));
    xgettext(&other, &[])?;
    xgettext(&code, AS_CALLS)?;
    // "99 % up to" is no format of C.
    Ok(fs::read_to_string(&template).cannot("read what xgettext wrote")?.replace("#, c-format\n", ""))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(bins::root().join(file)).cannot(format_args!("read {file}, which po/POTFILES lists"))
}

/// A template without the line that says when it was made.
fn undated(template: &str) -> String {
    template.lines().filter(|line| !line.starts_with("\"POT-Creation-Date:")).collect::<Vec<_>>().join("\n")
}

/// Texts of one call; a second one is for many.
type Texts = Vec<String>;

/// Calls in C with these texts.
fn calls(found: &[Texts]) -> Result<String> {
    let mut out = String::new();
    for texts in found {
        let quoted: Vec<String> = texts
            .iter()
            .map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
            .collect();
        let name = if texts.len() > 1 { "tr_many" } else { "tr" };
        writeln!(out, "{name}({});", quoted.join(", ")).cannot("write a text")?;
    }
    Ok(out)
}

/// The texts of a Rust file to be translated, without those of its tests.
fn texts(source: &str, file: &str) -> Result<Vec<Texts>> {
    let tokens: TokenStream =
        source.parse().map_err(|error| Failure::new(format!("{file} is not understood: {error}")))?;
    let mut found = Vec::new();
    gather(tokens, &mut found);
    Ok(found)
}

fn gather(tokens: TokenStream, found: &mut Vec<Texts>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut test = false;
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            // What `#[cfg(test)]` stands before ends with its braces, or without any.
            test &= !matches!(token, TokenTree::Punct(end) if end.as_char() == ';');
            field(&tokens[at..], found);
            given(&tokens[at..], found);
            continue;
        };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        match group.delimiter() {
            Delimiter::Bracket if group.stream().to_string().replace(' ', "") == "cfg(test)" => test = true,
            Delimiter::Brace if test => test = false,
            Delimiter::Parenthesis => {
                let called = before.and_then(|name| FUNCTIONS.iter().find(|(known, _)| name.to_string() == *known));
                match called {
                    Some((_, translated)) => call(group.stream(), translated, found),
                    None => gather(group.stream(), found),
                }
            }
            _ => gather(group.stream(), found),
        }
    }
}

/// What a call translates, which is everything that such an argument may be; and what calls in its arguments do.
fn call(arguments: TokenStream, translated: &[usize], found: &mut Vec<Texts>) {
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let mut texts = Vec::new();
    for (at, argument) in tokens.split(comma).enumerate() {
        if translated.contains(&at) {
            texts.extend(literals(argument));
        }
        gather(argument.iter().cloned().collect(), found);
    }
    match translated.len() {
        1 => found.extend(texts.into_iter().map(|text| vec![text])),
        _ => found.push(texts),
    }
}

/// The texts in an argument: one, or those of the branches that it has.
fn literals(tokens: &[TokenTree]) -> Vec<String> {
    let in_one = |token: &TokenTree| match token {
        TokenTree::Literal(literal) => text(literal).into_iter().collect(),
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            literals(&group.stream().into_iter().collect::<Vec<_>>())
        }
        _ => Vec::new(),
    };
    tokens.iter().flat_map(in_one).collect()
}

/// The text of a field of a table, where tokens begin with one.
fn field(tokens: &[TokenTree], found: &mut Vec<Texts>) {
    if let [TokenTree::Ident(name), TokenTree::Punct(colon), TokenTree::Literal(literal), ..] = tokens
        && colon.as_char() == ':'
        && FIELDS.iter().any(|field| name == field)
    {
        found.extend(text(literal).map(|text| vec![text]));
    }
}

/// The text that a function gives, where tokens begin with one that gives nothing else.
fn given(tokens: &[TokenTree], found: &mut Vec<Texts>) {
    if let [TokenTree::Ident(word), TokenTree::Ident(name), rest @ ..] = tokens
        && word == "fn"
        && FIELDS.iter().any(|field| name == field)
    {
        let body = rest.iter().find_map(|token| match token {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => Some(body.stream().into_iter()),
            _ => None,
        });
        if let Some((Some(TokenTree::Literal(only)), None)) = body.map(|mut body| (body.next(), body.next())) {
            found.extend(text(&only).map(|text| vec![text]));
        }
    }
}

/// What a literal says where it is a text with letters in it.
fn text(literal: &Literal) -> Option<String> {
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Some(text.value()).filter(|text| text.contains(char::is_alphabetic)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use perfkit_tests::process::stdout_of;

    use super::*;

    /// Where every file with texts must be listed.
    const ALL_OF: &str = "perfkit-app/src";

    #[test]
    fn texts_are_found_wherever_they_stand() {
        let source = r##"
            const A: &str = marked("a\u{2026} \"b\"");
            Page { name: "no", title: "A title", icon: "no-icon" }
            fn f<'a>() -> &'a str {
                tr_with("One \
                         line of {name}", &[("name", &tr("inside"))]);
                format!("{}", tr_many("{} thing", "{} things", count(tr("counted"))));
                tr(if a { "first" } else { "second" });
                tr(variable);
                status::nothing("no", "Nothing", &tr("because"));
                not_tr("no")
            }
            #[cfg(test)]
            mod tests { fn g() { tr("no") } }
            fn about(&self) -> &'static str { "about it" }
            fn last() { tr("last") }
        "##;
        let found = texts(source, "a.rs").unwrap();
        let expected: &[&[&str]] = &[
            &["a… \"b\""],
            &["A title"],
            &["inside"],
            &["One line of {name}"],
            &["counted"],
            &["{} thing", "{} things"],
            &["first"],
            &["second"],
            &["because"],
            &["Nothing"],
            &["about it"],
            &["last"],
        ];
        assert_eq!(found, expected);
        assert!(calls(&found).unwrap().starts_with("tr(\"a… \\\"b\\\"\");\n"));
    }

    #[test]
    fn every_file_with_texts_is_listed() {
        let list = Command::new("git").args(["ls-files", "--", ALL_OF]).current_dir(bins::root()).output().unwrap();
        let there = String::from_utf8(list.stdout).unwrap();
        let listed: BTreeSet<String> = listed("POTFILES").unwrap().into_iter().collect();
        let has_texts = |file: &str| match file.rsplit('.').next() {
            Some("rs") => !texts(&read(file).unwrap(), file).unwrap().is_empty(),
            Some("ui") => read(file).unwrap().contains("translatable=\"yes\""),
            _ => false,
        };
        let there = there.lines().filter(|file| bins::root().join(file).is_file());
        let wrong: Vec<&str> = there.filter(|file| has_texts(file) != listed.contains(*file)).collect();
        assert!(wrong.is_empty(), "po/POTFILES lacks these, or lists them though they have no texts: {wrong:#?}");
    }

    #[test]
    fn the_template_is_as_the_sources_are() {
        let kept = undated(&fs::read_to_string(po("perfkit.pot")).unwrap());
        let fresh = undated(&gathered().unwrap());
        let (kept, fresh): (BTreeSet<_>, BTreeSet<_>) = (kept.lines().collect(), fresh.lines().collect());
        let differ: Vec<_> = kept.symmetric_difference(&fresh).collect();
        assert!(differ.is_empty(), "po/perfkit.pot is not up to date (cargo xtask pot): {differ:#?}");
    }

    /// What stands in braces, each with how often.
    fn places(text: &str) -> BTreeMap<&str, usize> {
        let mut all = BTreeMap::new();
        for part in text.split('{').skip(1) {
            *all.entry(part.split('}').next().unwrap()).or_default() += 1;
        }
        all
    }

    #[test]
    fn translations_compile_and_say_what_their_texts_say() {
        let folder = tempfile::tempdir().unwrap();
        let languages = languages().unwrap();
        assert!(!languages.is_empty());
        for language in languages {
            compile(&language, &folder.path().join("a.mo")).unwrap();
            let mut whole = Command::new("msgattrib");
            whole.args(["--translated", "--no-obsolete", "--no-wrap"]).arg(po(&format!("{language}.po")));
            let text = stdout_of(&mut whole).unwrap().replace("\"\n\"", "");
            let mut wrong = Vec::new();
            for entry in text.split("\n\n").skip(1) {
                let said: Vec<&str> = entry.lines().filter_map(|line| line.split_once(" \"")).map(|(_, s)| s).collect();
                // "once" needs no number: what is said of many has it.
                let original = said.get(usize::from(entry.contains("\nmsgid_plural "))).copied().unwrap_or_default();
                let once = |text: &str| entry.contains("msgstr[0]") && places(text).is_empty();
                let differ = said.iter().filter(|text| places(text) != places(original) && !once(text));
                wrong.extend(differ.map(|text| (*text).to_owned()));
            }
            assert!(wrong.is_empty(), "{language} has other names in braces than its texts: {wrong:#?}");
        }
    }
}
