//! The menu of templates, which fill the dialog, and the dialog that keeps one.

use std::rc::Rc;

use adw::prelude::*;
use gtk::{gio, glib};
use perfkit_agent::cli::words;
use perfkit_agent::source::{Spec, sources, specs};
use perfkit_agent::template::Template;

use super::{AimRows, Dialog, check};
use crate::widgets::accessible;
use crate::wording::tr;

/// The button that has it.
pub fn button(dialog: &Rc<Dialog>) -> gtk::MenuButton {
    let button = gtk::MenuButton::builder().label(tr("_Templates")).use_underline(true).build();
    accessible::name(&button, &tr("Templates"));
    let weak = Rc::downgrade(dialog);
    // Filled anew whenever it is opened: another program may have kept some.
    button.set_create_popup_func(move |button| button.set_menu_model(Some(&menu())));
    let load = gio::SimpleAction::new("load", Some(glib::VariantTy::STRING));
    let of = weak.clone();
    load.connect_activate(move |_, name| {
        let name = name.and_then(glib::Variant::get::<String>).unwrap_or_default();
        let Some(dialog) = of.upgrade() else { return };
        match Template::load(&name).map_err(|error| error.to_string()).and_then(|template| dialog.fill(&template)) {
            Ok(()) => dialog.check(),
            Err(error) => dialog.complain(&tr("Cannot Use the Template"), &error),
        }
    });
    let save = gio::SimpleAction::new("save", None);
    save.connect_activate(move |_, _| {
        if let Some(dialog) = weak.upgrade() {
            dialog.ask_for_name();
        }
    });
    let actions = gio::SimpleActionGroup::new();
    actions.add_action(&load);
    actions.add_action(&save);
    dialog.root.insert_action_group("template", Some(&actions));
    button
}

fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    let kept = gio::Menu::new();
    // A folder that cannot be read has none.
    for name in Template::names().unwrap_or_default() {
        let item = gio::MenuItem::new(Some(&name), None);
        item.set_action_and_target_value(Some("template.load"), Some(&name.to_variant()));
        kept.append_item(&item);
    }
    menu.append_section(None, &kept);
    let save = gio::Menu::new();
    save.append(Some(&tr("_Save as Template…")), Some("template.save"));
    menu.append_section(None, &save);
    menu
}

impl Dialog {
    /// Puts in what a template has.
    fn fill(&self, template: &Template) -> Result<(), String> {
        let known = sources();
        let wanted: Result<Vec<Vec<Spec>>, String> = template.with.iter().map(|with| specs(with, &known)).collect();
        self.sources.choose(&wanted?.concat());
        self.most.set_text(&template.duration.map_or(String::new(), |seconds| format!("{seconds} s").replace(' ', "")));
        if let AimRows::Start(_, environment) = &self.aim {
            environment.replace(template.environment.iter().map(|(name, value)| (&**name, &**value)));
        }
        Ok(())
    }

    /// What a template keeps of what was typed.
    fn template(&self) -> Result<Template, String> {
        let typed = self.typed();
        let with =
            typed.sources.iter().map(|(name, options)| check::spec(name, options.trim()).map(|spec| spec.to_string()));
        let duration = match typed.most.trim() {
            "" => None,
            text => Some(words::duration(text)?.as_secs_f64()),
        };
        let environment = match &self.aim {
            AimRows::Start(_, environment) => environment.rows(),
            AimRows::Attach(_) => Vec::new(),
        };
        let environment = environment.into_iter().filter(|(_, name, _)| !name.is_empty());
        Ok(Template {
            with: with.collect::<Result<_, _>>()?,
            duration,
            environment: environment.map(|(_, name, value)| (name, value)).collect(),
        })
    }

    fn ask_for_name(self: &Rc<Self>) {
        let template = match self.template() {
            Ok(template) => template,
            Err(error) => return self.complain(&tr("Cannot Keep a Template of This"), &error),
        };
        let entry = gtk::Entry::builder().activates_default(true).placeholder_text(tr("Name")).build();
        accessible::name(&entry, &tr("Name of the Template"));
        let words = gtk::Label::builder().wrap(true).xalign(0.0).css_classes(["caption"]).build();
        let content = gtk::Box::new(gtk::Orientation::Vertical, 6);
        content.append(&entry);
        content.append(&words);
        let asking = adw::MessageDialog::new(
            Some(&self.root),
            Some(&tr("Save as Template")),
            Some(&tr("Sources, time and variables are kept, for this dialog and for perfkit-agent record.")),
        );
        asking.set_extra_child(Some(&content));
        asking.add_response("cancel", &tr("_Cancel"));
        asking.add_response("save", &tr("_Save"));
        asking.set_response_appearance("save", adw::ResponseAppearance::Suggested);
        asking.set_default_response(Some("save"));
        asking.set_close_response("cancel");
        asking.set_response_enabled("save", false);
        let taken = Template::names().unwrap_or_default();
        let shown = asking.downgrade();
        entry.connect_changed(move |entry| {
            let name = String::from(entry.text());
            let wrong = Template::named(&name).err().filter(|_| !name.is_empty()).map(|error| error.to_string());
            let replaces = taken.contains(&name).then(|| tr("It takes the place of the template of this name"));
            words.set_label(&wrong.clone().or(replaces).unwrap_or_default());
            words.set_css_classes(&["caption", if wrong.is_some() { "error" } else { "warning" }]);
            if let Some(asking) = shown.upgrade() {
                asking.set_response_enabled("save", wrong.is_none() && !name.is_empty());
            }
        });
        let dialog = Rc::downgrade(self);
        asking.connect_response(Some("save"), move |_, _| {
            let name = String::from(entry.text());
            if let (Err(error), Some(dialog)) = (template.save(&name), dialog.upgrade()) {
                dialog.complain(&tr("Cannot Keep the Template"), &error.to_string());
            }
        });
        asking.present();
    }

    fn complain(&self, title: &str, error: &str) {
        let dialog = adw::MessageDialog::new(Some(&self.root), Some(title), Some(error));
        dialog.add_response("close", &tr("_Close"));
        dialog.present();
    }
}
