"""A PyGObject window with a button, in GTK 4 or, with the argument 3, in GTK 3. Prints "clicked" for each click."""

import sys

import gi

VERSION = "3.0" if sys.argv[1:] == ["3"] else "4.0"
gi.require_version("Gtk", VERSION)
from gi.repository import Gtk  # noqa: E402


def clicked(_button):
    print("clicked", flush=True)


def activate(app):
    window = Gtk.ApplicationWindow(application=app, title=f"PyGObject {VERSION}")
    window.set_default_size(300, 200)
    button = Gtk.Button(label="Click me")
    button.connect("clicked", clicked)
    if VERSION == "3.0":
        window.add(button)
        window.show_all()
    else:
        window.set_child(button)
        window.present()


app = Gtk.Application(application_id="org.perfkit.Test")
app.connect("activate", activate)
sys.exit(app.run([]))
