"""Looks at a program as assistive technology does, and acts on its widgets.

Each line of standard input is a command in JSON, and gets a line in JSON as its answer:
{"tree": PID}               every widget that takes up room, parents first
{"focused": PID}            the one with the keyboard, or null
{"act": ID}                 does what a widget is for
{"focus": ID}               gives it the keyboard
{"value": ID, "to": X}      moves a slider
{"text": ID, "to": "..."}   replaces what an entry says
An answer is {"error": "..."} where something is gone.
"""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

NUMBERS = {"slider", "spin button", "progress bar", "scroll bar", "level bar"}
TEXTS = {"entry", "text", "spin button"}
known = {}


def box(widget):
    """Its place in its window."""
    try:
        extents = widget.get_extents(Atspi.CoordType.WINDOW)
        return [extents.x, extents.y, extents.width, extents.height]
    except GLib.Error:
        return None


def describe(widget, number, parent, place):
    role = widget.get_role_name()
    known[number] = widget
    told = {
        "id": number,
        "parent": parent,
        "role": role,
        "name": widget.get_name() or "",
        "description": widget.get_description() or "",
        "states": [state.value_nick for state in widget.get_state_set().get_states()],
        "box": place,
    }
    if role in NUMBERS:
        value = widget.get_value_iface()
        told["value"] = value.get_current_value() if value else None
    if role in TEXTS:
        text = widget.get_text_iface()
        told["text"] = text.get_text(0, text.get_character_count()) if text else None
    return told


def walk(process, found):
    """Calls found(widget, number, its parent's number, its place) for every widget, parents first."""
    count = 0

    def go(widget, parent):
        nonlocal count
        number, place = count, box(widget)
        count += 1
        found(widget, number, parent, place)
        # What has no room shows nothing of what is in it.
        if place and 0 in place[2:]:
            return
        for at in range(widget.get_child_count()):
            child = widget.get_child_at_index(at)
            if child is not None:
                go(child, number)

    desktop = Atspi.get_desktop(0)
    for at in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(at)
        if program is not None and program.get_process_id() == process:
            # What was seen a moment ago may be otherwise now.
            program.set_cache_mask(Atspi.Cache.NONE)
            go(program, None)


def tree(process):
    known.clear()
    found = []
    walk(process, lambda *widget: found.append(describe(*widget)))
    return found


def focused(process):
    found = []

    def look(widget, *rest):
        if widget.get_state_set().contains(Atspi.StateType.FOCUSED):
            found.append((widget, *rest))

    walk(process, look)
    # The innermost one.
    return describe(*found[-1]) if found else None


def answer(command):
    match command:
        case {"tree": process}:
            return tree(process)
        case {"focused": process}:
            return focused(process)
        case {"act": number}:
            return known[number].get_action_iface().do_action(0)
        case {"focus": number}:
            return known[number].get_component_iface().grab_focus()
        case {"value": number, "to": value}:
            return known[number].get_value_iface().set_current_value(value)
        case {"text": number, "to": text}:
            return known[number].get_editable_text_iface().set_text_contents(text)
    return {"error": "no such command"}


def main():
    Atspi.init()
    for line in sys.stdin:
        # Events are nobody's business here, but must not pile up.
        while GLib.MainContext.default().iteration(False):
            pass
        try:
            told = answer(json.loads(line))
        except (GLib.Error, AttributeError, KeyError) as error:
            told = {"error": str(error)}
        print(json.dumps(told), flush=True)


main()
