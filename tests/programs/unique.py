"""A GTK 4 application of which one instance runs: each further start opens a window in the first, and ends."""

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gtk  # noqa: E402


def activate(app):
    count = len(app.get_windows()) + 1
    window = Gtk.ApplicationWindow(application=app, title=f"Window {count}", default_width=300, default_height=200)
    window.set_child(Gtk.Label(label=f"This is window {count}"))
    window.present()


application = Gtk.Application(application_id="org.perfkit.Unique")
application.connect("activate", activate)
application.run()
