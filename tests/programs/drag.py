"""A window from which files can be dragged: those that its arguments name."""

import sys

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GObject, Gtk  # noqa: E402


def activate(app):
    window = Gtk.ApplicationWindow(application=app, title="drag", default_width=120, default_height=120)
    files = Gdk.FileList.new_from_list([Gio.File.new_for_path(path) for path in sys.argv[1:]])
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    source.set_content(Gdk.ContentProvider.new_for_value(GObject.Value(Gdk.FileList, files)))
    area = Gtk.DrawingArea(hexpand=True, vexpand=True)
    area.add_controller(source)
    window.set_child(area)
    window.present()


app = Gtk.Application()
app.connect("activate", activate)
app.run([])
