// A GTK 4 program that puts events into GDK's queue that a display without touchscreen, touchpad and tablet never
// sends, with the values that the journey `events` expects. GTK 4 has no constructors, so they are built here as
// GTK 4.6 to 4.8 lays them out; where GTK's own accessors read something else it says so and ends with 77. The
// surface is GDK's alone, so that no widget has to make sense of them. Prints how many were handled.
#include <gtk/gtk.h>
#include <stddef.h>

#define TIME 4711

typedef struct {
    GTypeInstance instance;
    int references;
    int type;
    GdkSurface *surface;
    GdkDevice *device;
    guint32 time;
    guint32 unused;
} Head;

typedef struct {
    Head head;
    guint32 state;
    double x, y;
    void *axes, *sequence;
    int emulating, emulated;
} Touch;

typedef struct {
    Head head;
    void *sequence;
    guint32 state;
    gint8 phase, fingers;
    double x, y, dx, dy, angle, scale;
} Touchpad;

typedef struct {
    Head head;
    guint32 group, mode, button, index;
    double value;
} Pad;

typedef struct {
    Head head;
    int keyboard, implicit;
    GdkSurface *grab;
} Grab;

typedef struct {
    Head head;
    void *tool;
} Proximity;

typedef struct {
    Head head;
    GObject *drop;
    double x, y;
} Drag;

static GMainLoop *loop;
static GdkDisplay *display;
static GdkSurface *surface;
static GdkDevice *pointer, *keyboard;
static int put, handled;

static gboolean event(GdkSurface *of, GdkEvent *event, gpointer data) {
    if (gdk_event_get_time(event) == TIME && ++handled == put)
        g_main_loop_quit(loop);
    return TRUE;
}

static void other(const char *what) {
    g_printerr("this GTK lays %s out otherwise\n", what);
    exit(77);
}

static void *make(GType of, gsize size, GdkEventType type, GdkDevice *device) {
    GTypeQuery query;
    g_type_query(of, &query);
    if (query.instance_size != size)
        other(query.type_name);
    Head *head = (Head *)g_type_create_instance(of);
    head->type = type;
    head->surface = g_object_ref(surface);
    head->device = g_object_ref(device);
    head->time = TIME;
    GdkEvent *event = (GdkEvent *)head;
    if (gdk_event_get_event_type(event) != type || gdk_event_get_surface(event) != surface ||
        gdk_event_get_device(event) != device || gdk_event_get_time(event) != TIME)
        other(query.type_name);
    return head;
}

static void give(void *event) {
    put++;
    gdk_display_put_event(display, event);
    gdk_event_unref(event);
}

static void touch(GdkEventType type, double x, double y) {
    Touch *touch = make(GDK_TYPE_TOUCH_EVENT, sizeof(Touch), type, pointer);
    touch->state = GDK_SHIFT_MASK;
    touch->x = x;
    touch->y = y;
    touch->sequence = (void *)0x77;
    touch->emulating = type == GDK_TOUCH_BEGIN;
    give(touch);
}

static void touchpad(GdkEventType type) {
    Touchpad *pad = make(GDK_TYPE_TOUCHPAD_EVENT, sizeof(Touchpad), type, pointer);
    pad->state = GDK_CONTROL_MASK;
    pad->phase = GDK_TOUCHPAD_GESTURE_PHASE_UPDATE;
    pad->fingers = 3;
    pad->x = 30;
    pad->y = 40;
    pad->dx = -1.5;
    pad->dy = 2.5;
    pad->angle = 0.25;
    pad->scale = 1.75;
    give(pad);
}

static void pad(GdkEventType type) {
    Pad *pad = make(GDK_TYPE_PAD_EVENT, sizeof(Pad), type, pointer);
    pad->group = 1;
    pad->mode = 3;
    pad->button = pad->index = 2;
    pad->value = 0.5;
    give(pad);
}

static gboolean play(gpointer data) {
    touch(GDK_TOUCH_BEGIN, 10, 20);
    touch(GDK_TOUCH_UPDATE, 11, 22);
    touch(GDK_TOUCH_END, 12, 24);
    touch(GDK_TOUCH_CANCEL, 13, 26);
    touchpad(GDK_TOUCHPAD_SWIPE);
    touchpad(GDK_TOUCHPAD_PINCH);
    touchpad(GDK_TOUCHPAD_HOLD);
    for (int type = GDK_PAD_BUTTON_PRESS; type <= GDK_PAD_GROUP_MODE; type++)
        pad(type);
    give(make(GDK_TYPE_PROXIMITY_EVENT, sizeof(Proximity), GDK_PROXIMITY_IN, pointer));
    give(make(GDK_TYPE_PROXIMITY_EVENT, sizeof(Proximity), GDK_PROXIMITY_OUT, pointer));
    Grab *grab = make(GDK_TYPE_GRAB_BROKEN_EVENT, sizeof(Grab), GDK_GRAB_BROKEN, keyboard);
    grab->grab = g_object_ref(surface);
    grab->implicit = TRUE;
    if (gdk_grab_broken_event_get_grab_surface((GdkEvent *)grab) != surface)
        other("GdkGrabBrokenEvent");
    give(grab);
    for (int type = GDK_DRAG_ENTER; type <= GDK_DROP_START; type++) {
        Drag *drag = make(GDK_TYPE_DND_EVENT, sizeof(Drag), type, pointer);
        // Nobody asks this drop for anything; it only has to be an object.
        drag->drop = g_object_ref(G_OBJECT(surface));
        drag->x = 50;
        drag->y = 60;
        give(drag);
    }
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv) {
    gtk_init();
    loop = g_main_loop_new(NULL, FALSE);
    display = gdk_display_get_default();
    surface = gdk_surface_new_toplevel(display);
    GdkSeat *seat = gdk_display_get_default_seat(display);
    pointer = gdk_seat_get_pointer(seat);
    keyboard = gdk_seat_get_keyboard(seat);
    g_signal_connect(surface, "event", G_CALLBACK(event), NULL);
    gdk_toplevel_present(GDK_TOPLEVEL(surface), gdk_toplevel_layout_new());
    g_timeout_add(300, play, NULL);
    g_main_loop_run(loop);
    g_print("handled %d of %d\n", handled, put);
    return 0;
}
