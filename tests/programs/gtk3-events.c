// A GTK 3 program that puts one event of each type that a display without touchscreen, touchpad and tablet never
// sends into GDK's queue, with the values that the journey `events` expects. Its own handler swallows them, since
// GTK asks more of some than can be made up. Ends by itself and prints how many it handled.
#include <gtk/gtk.h>

#define TIME 4711

static GdkWindow *window;
static GdkDevice *pointer, *keyboard;
static int put, handled;

static void handler(GdkEvent *event, gpointer data) {
    if (!event->any.send_event) {
        gtk_main_do_event(event);
        return;
    }
    if (++handled == put)
        gtk_main_quit();
}

static GdkEvent *make(GdkEventType type) {
    GdkEvent *event = gdk_event_new(type);
    event->any.window = g_object_ref(window);
    event->any.send_event = TRUE;
    gboolean keys = type == GDK_GRAB_BROKEN;
    gdk_event_set_device(event, keys ? keyboard : pointer);
    return event;
}

static void give(GdkEvent *event) {
    put++;
    gdk_event_put(event);
    // The queue has a copy.
    gdk_event_free(event);
}

static void touch(GdkEventType type, double x, double y) {
    GdkEvent *event = make(type);
    event->touch.time = TIME;
    event->touch.x = x;
    event->touch.y = y;
    event->touch.x_root = x + 1000;
    event->touch.y_root = y + 2000;
    event->touch.state = GDK_SHIFT_MASK;
    event->touch.sequence = (GdkEventSequence *)0x77;
    event->touch.emulating_pointer = type == GDK_TOUCH_BEGIN;
    give(event);
}

static void pad(GdkEventType type) {
    GdkEvent *event = make(type);
    switch (type) {
    case GDK_PAD_RING:
    case GDK_PAD_STRIP:
        event->pad_axis.time = TIME;
        event->pad_axis.group = 1;
        event->pad_axis.index = 2;
        event->pad_axis.mode = 3;
        event->pad_axis.value = 0.5;
        break;
    case GDK_PAD_GROUP_MODE:
        event->pad_group_mode.time = TIME;
        event->pad_group_mode.group = 1;
        event->pad_group_mode.mode = 3;
        break;
    default:
        event->pad_button.time = TIME;
        event->pad_button.group = 1;
        event->pad_button.button = 2;
        event->pad_button.mode = 3;
    }
    give(event);
}

static void ignore(const char *domain, GLogLevelFlags level, const char *message, gpointer data) {}

static gboolean play(gpointer data) {
    touch(GDK_TOUCH_BEGIN, 10, 20);
    touch(GDK_TOUCH_UPDATE, 11, 22);
    touch(GDK_TOUCH_END, 12, 24);
    touch(GDK_TOUCH_CANCEL, 13, 26);

    GdkEvent *event = make(GDK_TOUCHPAD_SWIPE);
    event->touchpad_swipe.phase = GDK_TOUCHPAD_GESTURE_PHASE_UPDATE;
    event->touchpad_swipe.n_fingers = 3;
    event->touchpad_swipe.time = TIME;
    event->touchpad_swipe.x = 30;
    event->touchpad_swipe.y = 40;
    event->touchpad_swipe.dx = -1.5;
    event->touchpad_swipe.dy = 2.5;
    event->touchpad_swipe.state = GDK_CONTROL_MASK;
    give(event);
    event = make(GDK_TOUCHPAD_PINCH);
    event->touchpad_pinch.phase = GDK_TOUCHPAD_GESTURE_PHASE_END;
    event->touchpad_pinch.n_fingers = 2;
    event->touchpad_pinch.time = TIME;
    event->touchpad_pinch.x = 31;
    event->touchpad_pinch.y = 41;
    event->touchpad_pinch.dx = -3;
    event->touchpad_pinch.dy = 4;
    event->touchpad_pinch.angle_delta = 0.25;
    event->touchpad_pinch.scale = 1.75;
    event->touchpad_pinch.state = GDK_CONTROL_MASK;
    give(event);

    pad(GDK_PAD_BUTTON_PRESS);
    pad(GDK_PAD_BUTTON_RELEASE);
    pad(GDK_PAD_RING);
    pad(GDK_PAD_STRIP);
    pad(GDK_PAD_GROUP_MODE);

    event = make(GDK_PROXIMITY_IN);
    event->proximity.time = TIME;
    give(event);
    event = make(GDK_PROXIMITY_OUT);
    event->proximity.time = TIME;
    give(event);
    event = make(GDK_GRAB_BROKEN);
    event->grab_broken.keyboard = TRUE;
    event->grab_broken.implicit = TRUE;
    event->grab_broken.grab_window = window;
    give(event);
    event = make(GDK_SETTING);
    event->setting.action = GDK_SETTING_ACTION_CHANGED;
    event->setting.name = g_strdup("gtk-journey");
    give(event);
    GdkAtom primary = GDK_SELECTION_PRIMARY, target = GDK_SELECTION_TYPE_STRING;
    for (int type = GDK_SELECTION_CLEAR; type <= GDK_SELECTION_NOTIFY; type++) {
        event = make(type);
        event->selection.selection = primary;
        event->selection.target = target;
        event->selection.property = gdk_atom_intern("JOURNEY", FALSE);
        event->selection.time = TIME;
        event->selection.requestor = g_object_ref(window);
        give(event);
    }
    event = make(GDK_OWNER_CHANGE);
    event->owner_change.owner = g_object_ref(window);
    event->owner_change.selection = primary;
    event->owner_change.time = TIME;
    give(event);
    event = make(GDK_PROPERTY_NOTIFY);
    event->property.atom = gdk_atom_intern("JOURNEY", FALSE);
    event->property.state = GDK_PROPERTY_DELETE;
    event->property.time = TIME;
    give(event);
    event = make(GDK_WINDOW_STATE);
    event->window_state.changed_mask = GDK_WINDOW_STATE_MAXIMIZED;
    event->window_state.new_window_state = GDK_WINDOW_STATE_MAXIMIZED | GDK_WINDOW_STATE_FOCUSED;
    give(event);
    // A context is a drag that really goes on, for which GDK would answer; without one it complains.
    g_log_set_handler("GLib-GObject", G_LOG_LEVEL_CRITICAL, ignore, NULL);
    for (int type = GDK_DRAG_ENTER; type <= GDK_DROP_FINISHED; type++) {
        event = make(type);
        event->dnd.time = TIME;
        event->dnd.x_root = 111;
        event->dnd.y_root = -5;
        give(event);
    }
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    gdk_event_handler_set(handler, NULL, NULL);
    GtkWidget *widget = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(widget), "Events");
    gtk_widget_show_all(widget);
    window = gtk_widget_get_window(widget);
    GdkSeat *seat = gdk_display_get_default_seat(gdk_display_get_default());
    pointer = gdk_seat_get_pointer(seat);
    keyboard = gdk_seat_get_keyboard(seat);
    // The recorder is in front of the handler again once the loop has turned.
    g_timeout_add(300, play, NULL);
    gtk_main();
    g_print("handled %d of %d\n", handled, put);
    return 0;
}
