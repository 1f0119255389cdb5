//! The shortcuts window, made from the table of actions.

use std::fmt::Write;

use gtk::prelude::*;

use crate::actions::ACTIONS;
use crate::wording::{plain, tr};

/// Shows it.
pub fn present(parent: &impl IsA<gtk::Window>) {
    let builder = gtk::Builder::from_string(&interface());
    if let Some(window) = builder.object::<gtk::ShortcutsWindow>("shortcuts") {
        window.set_transient_for(Some(parent));
        window.present();
    }
}

/// Its interface: in GTK 4.8 groups of shortcuts can only be put together by a builder.
fn interface() -> String {
    let mut groups: Vec<&str> = ACTIONS.iter().map(|action| action.group).collect();
    groups.dedup();
    let mut text = String::from(
        "<interface><object class=\"GtkShortcutsWindow\" id=\"shortcuts\"><property name=\"modal\">1</property><child>\
         <object class=\"GtkShortcutsSection\"><property name=\"section-name\">all</property>",
    );
    let property = |name: &str, value: &str| format!("<property name=\"{name}\">{}</property>", plain(value));
    for group in groups {
        let title = property("title", &tr(group));
        let _ = write!(text, "<child><object class=\"GtkShortcutsGroup\">{title}");
        for action in ACTIONS.iter().filter(|action| action.group == group) {
            // Others of its keys are the same on another keyboard.
            let keys = property("accelerator", action.keys.first().unwrap_or(&""));
            let title = property("title", &tr(action.title));
            let _ = write!(text, "<child><object class=\"GtkShortcutsShortcut\">{keys}{title}</object></child>");
        }
        text.push_str("</object></child>");
    }
    text + "</object></child></object></interface>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_stands_in_one_group_with_its_keys() {
        let text = interface();
        assert_eq!(text.matches("GtkShortcutsShortcut").count(), ACTIONS.len());
        assert!(text.contains("<property name=\"accelerator\">&lt;Control&gt;n</property>"), "{text}");
        let mut groups: Vec<&str> = ACTIONS.iter().map(|action| action.group).collect();
        groups.dedup();
        let all = groups.len();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), all, "a group stands in two places of the table");
    }
}
