//! Details: the facts, sources, series and losses of a session.

use adw::prelude::*;

use super::fill;
use crate::link::Reader;
use crate::model::Document;
use crate::widgets::status;
use crate::wording::{plain, tr};

/// Groups of pairs of a name and a value.
type Groups = Vec<(&'static str, Vec<(String, String)>)>;

/// What is asked, and under which title it stands.
const ASKED: &[(&str, &str)] = &[
    ("Notes", "SELECT source, text FROM notes ORDER BY time"),
    ("Lost", "SELECT kind, CAST(sum(count) AS TEXT) FROM drops GROUP BY kind"),
    ("Facts", "SELECT name, value FROM facts ORDER BY name"),
];

pub fn make(document: &Document) -> gtk::Widget {
    let bin = adw::Bin::builder().child(&status::waiting()).build();
    let document = document.clone();
    let asked = async move { document.ask(|reader| read(reader)).await };
    fill(&bin, asked, |bin, answer| match answer {
        Some(Ok(groups)) => bin.set_child(Some(&page(&groups))),
        Some(Err(error)) => bin.set_child(Some(&status::trouble("Cannot Read the Session", &error.to_string()))),
        None => bin.set_child(Some(&status::trouble("Cannot Read the Session", ""))),
    });
    bin.upcast()
}

fn read(reader: &Reader) -> perfkit_agent::Result<Groups> {
    let pair = |sql: &str| {
        reader.query.read(sql, [], |row| {
            let name: Option<String> = row.get(0)?;
            Ok((name.unwrap_or_default(), row.get::<_, Option<String>>(1)?.unwrap_or_default()))
        })
    };
    ASKED.iter().map(|(title, sql)| Ok((*title, pair(sql)?))).collect()
}

fn page(groups: &Groups) -> adw::PreferencesPage {
    let page = adw::PreferencesPage::new();
    for (title, rows) in groups.iter().filter(|(_, rows)| !rows.is_empty()) {
        let group = adw::PreferencesGroup::builder().title(tr(title)).build();
        for (name, value) in rows {
            let row = adw::ActionRow::builder().title(plain(name)).title_lines(0).build();
            let label = gtk::Label::builder().label(value).wrap(true).xalign(1.0).selectable(true).build();
            label.add_css_class("dim-label");
            row.add_suffix(&label);
            group.add(&row);
        }
        page.add(&group);
    }
    page
}
