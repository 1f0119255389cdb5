//! What those who hear a window are told of a widget: its name, what it is for, and its value.
//!
//! GTK has the function for this since 4.0; gtk4-rs hands it on only to those who ask for 4.10, so it is declared here.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use gtk::glib::prelude::*;
use gtk::glib::translate::IntoGlib;
use gtk::prelude::{ListModelExt, WidgetExt};
use gtk::{AccessibleProperty, gio, glib};

unsafe extern "C" {
    fn gtk_accessible_update_property_value(
        widget: *mut c_void,
        count: c_int,
        properties: *const c_int,
        values: *const c_void,
    );
    fn gtk_accessible_reset_property(widget: *mut c_void, property: c_int);
    fn gtk_accessible_update_state_value(
        widget: *mut c_void,
        count: c_int,
        states: *const c_int,
        values: *const c_void,
    );
}

/// Gives a widget its name.
pub fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    update(widget, &[(AccessibleProperty::Label, name.to_value())]);
}

/// Lets a button be called as its label is read: GTK 4.8 puts the label with its underscore before that. To be said
/// again when the label has changed.
pub fn as_labelled(button: &impl IsA<gtk::Button>) {
    let button: &gtk::Button = button.as_ref();
    // SAFETY: every GtkButton is a GtkAccessible, and this one lives as long as it is borrowed.
    unsafe { gtk_accessible_reset_property(button.as_ptr().cast(), AccessibleProperty::Label.into_glib()) }
}

/// A button with a mnemonic, which is called as its label is read.
pub fn button(label: &str) -> gtk::Button {
    let button = gtk::Button::builder().label(label).use_underline(true).build();
    as_labelled(&button);
    button
}

/// Tells of the page that a stack shows, and of no other: GTK 4.8 tells of all.
pub fn only_shown(stack: &gtk::Stack) {
    let tell = |stack: &gtk::Stack| {
        let shown = stack.visible_child();
        let pages = std::iter::successors(stack.first_child(), gtk::Widget::next_sibling);
        pages.for_each(|page| hide(&page, shown.as_ref() != Some(&page)));
    };
    let (pages, of) = (stack.pages(), stack.downgrade());
    pages.connect_items_changed(move |_, _, _, _| of.upgrade().iter().for_each(tell));
    stack.connect_visible_child_notify(move |stack| {
        // The stack does not keep its own list of pages.
        let _kept = &pages;
        tell(stack);
    });
    tell(stack);
}

/// Tells of what a flap has beside its content only while it is there: GTK 4.8 tells of it always.
pub fn only_revealed(flap: &adw::Flap) {
    let tell = |flap: &adw::Flap| {
        flap.flap().iter().for_each(|pane| hide(pane, !flap.reveals_flap()));
    };
    flap.connect_reveal_flap_notify(tell);
    tell(flap);
}

/// Lets the buttons of toasts be called as they are read, as in [`as_labelled`].
pub fn toasts(overlay: &adw::ToastOverlay) {
    let children = overlay.observe_children();
    let name = |children: &gio::ListModel, at, _, added| {
        let added = (at..at + added).filter_map(|at| children.item(at).and_downcast::<gtk::Widget>());
        // The first one is what the toasts lie on.
        added.filter(|widget| widget.prev_sibling().is_some()).for_each(|toast| {
            let parts = std::iter::successors(toast.first_child(), gtk::Widget::next_sibling);
            parts.filter_map(|part| part.downcast::<gtk::Button>().ok()).for_each(|button| as_labelled(&button));
        });
    };
    children.connect_items_changed(name);
    // The list lives as long as it is kept.
    overlay.connect_destroy(move |_| {
        let _kept = &children;
    });
}

fn hide(widget: &gtk::Widget, hidden: bool) {
    let (state, value) = (gtk::AccessibleState::Hidden.into_glib(), hidden.to_value());
    // SAFETY: as in `update`; whether something is hidden is a boolean.
    unsafe { gtk_accessible_update_state_value(widget.as_ptr().cast(), 1, &raw const state, (&raw const value).cast()) }
}

/// Says more about a widget than its name.
pub fn describe(widget: &impl IsA<gtk::Widget>, text: &str) {
    update(widget, &[(AccessibleProperty::Description, text.to_value())]);
}

/// Says which value a widget shows, in words.
pub fn value(widget: &impl IsA<gtk::Widget>, text: &str) {
    update(widget, &[(AccessibleProperty::ValueText, text.to_value())]);
}

/// Says which number a widget shows, between which it can lie, and what it is in words.
pub fn number(widget: &impl IsA<gtk::Widget>, now: f64, (least, most): (f64, f64), text: &str) {
    update(
        widget,
        &[
            (AccessibleProperty::ValueMin, least.to_value()),
            (AccessibleProperty::ValueMax, most.to_value()),
            (AccessibleProperty::ValueNow, now.to_value()),
            (AccessibleProperty::ValueText, text.to_value()),
        ],
    );
}

fn update(widget: &impl IsA<gtk::Widget>, all: &[(AccessibleProperty, glib::Value)]) {
    let (properties, values): (Vec<c_int>, Vec<glib::Value>) =
        all.iter().map(|(property, value)| (property.into_glib(), value.clone())).unzip();
    let widget: &gtk::Widget = widget.as_ref();
    // SAFETY: every GtkWidget is a GtkAccessible, and this one lives as long as it is borrowed. Both arrays have as
    // many members as is said, a glib::Value is a GValue in memory, and GTK copies what it keeps. The types of the
    // values are those that GTK asks for: texts for names, doubles for numbers.
    unsafe {
        gtk_accessible_update_property_value(
            widget.as_ptr().cast(),
            values.len() as c_int,
            properties.as_ptr(),
            values.as_ptr().cast(),
        );
    }
}
