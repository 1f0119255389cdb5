//! The texts of a recording by id: what a reader resolves names with, and what gives texts their ids.

use crate::field::{Intern, Names, Text};

/// Texts by id; 0 is the empty one.
#[derive(Clone, Debug)]
pub struct Texts(Vec<Option<Text>>);

impl Default for Texts {
    fn default() -> Texts {
        Texts(vec![Some(Text::from(""))])
    }
}

impl Texts {
    /// With these ids.
    pub fn new(defined: Vec<(u32, Text)>) -> Texts {
        // Ids count up from 1, less those that were dropped on a full disk. One far beyond is damage, and must
        // not take gigabytes.
        let most = defined.len() * 4 + 4096;
        let last = defined.iter().map(|(id, _)| *id as usize).filter(|&id| id <= most).max().unwrap_or(0);
        let mut texts = Texts::default();
        texts.0.resize(last + 1, None);
        for (id, text) in defined.into_iter().filter(|(id, _)| *id > 0) {
            if let Some(place) = texts.0.get_mut(id as usize) {
                *place = Some(text);
            }
        }
        texts
    }

    /// The text with this id; `None` where none was defined.
    pub fn get(&self, id: u32) -> Option<&Text> {
        self.0.get(id as usize)?.as_ref()
    }

    /// What is defined, by id, without the empty text.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Text)> {
        self.0.iter().enumerate().skip(1).filter_map(|(id, text)| Some((id as u32, text.as_ref()?)))
    }
}

impl Names for Texts {
    fn text(&self, id: u32) -> Text {
        self.get(id).cloned().unwrap_or_else(|| Text::from(format!("?{id}").as_str()))
    }
}

/// Looks through all texts: for few of them. The recorder, which has many and no time, has a table of its own.
impl Intern for Texts {
    fn intern(&mut self, text: &str) -> u32 {
        let at = self.0.iter().position(|known| known.as_deref() == Some(text));
        at.unwrap_or_else(|| {
            self.0.push(Some(Text::from(text)));
            self.0.len() - 1
        }) as u32
    }
}
