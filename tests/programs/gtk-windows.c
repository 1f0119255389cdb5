// Windows that are hard to record, for GTK 2 and 3: a worker thread makes and destroys windows that are never
// shown, under GDK's lock, and with an argument the first window holds so many children. GDK's functions that the
// recorder asks are counted where the thread that calls them does not hold that lock.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gtk/gtk.h>
#include <stdlib.h>

enum { ROUNDS = 500 };
static GRecMutex lock;
static __thread int held;
static gint without_lock;

static void enter(void) {
    g_rec_mutex_lock(&lock);
    held++;
}

static void leave(void) {
    held--;
    g_rec_mutex_unlock(&lock);
}

// Found before libgdk's own by everybody who looks it up.
#define WATCHED(name)                                                                                                  \
    __attribute__((visibility("default"))) int name(GdkWindow *window) {                                              \
        static int (*real)(GdkWindow *);                                                                               \
        if (!real)                                                                                                     \
            real = (int (*)(GdkWindow *))dlsym(RTLD_NEXT, #name);                                                      \
        if (!held)                                                                                                     \
            g_atomic_int_inc(&without_lock);                                                                           \
        return real(window);                                                                                           \
    }
WATCHED(gdk_window_get_width)
WATCHED(gdk_window_is_destroyed)
WATCHED(gdk_window_is_visible)

static GdkWindow *made(GdkWindow *parent, int type, int at) {
    GdkWindowAttr attributes = {.window_type = type, .wclass = GDK_INPUT_OUTPUT, .event_mask = 0};
    attributes.x = at % 900;
    attributes.y = at / 900;
    attributes.width = attributes.height = 1 + at % 7;
    return gdk_window_new(parent, &attributes, GDK_WA_X | GDK_WA_Y);
}

static gboolean done(gpointer data) {
    g_print("done %d without lock %d\n", ROUNDS, g_atomic_int_get(&without_lock));
    return FALSE;
}

static gpointer work(gpointer data) {
    for (int i = 0; i < ROUNDS; i++) {
        gdk_threads_enter();
        GdkWindow *window = made(NULL, GDK_WINDOW_TOPLEVEL, i);
        gdk_threads_leave();
        g_usleep(1000);
        gdk_threads_enter();
        gdk_window_destroy(window);
        gdk_threads_leave();
    }
    gdk_threads_add_idle(done, NULL);
    return NULL;
}

static gboolean redraw(gpointer widget) {
    gtk_widget_queue_draw(widget);
    return TRUE;
}

int main(int argc, char **argv) {
    gdk_threads_set_lock_functions(enter, leave);
    gdk_threads_init();
    gdk_threads_enter();
    gtk_init(&argc, &argv);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "Many windows");
    gtk_window_set_default_size(GTK_WINDOW(window), 900, 700);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    gtk_widget_show_all(window);
    int children = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < children; i++)
        made(gtk_widget_get_window(window), GDK_WINDOW_CHILD, i);
    g_atomic_int_set(&without_lock, 0);
    gdk_threads_add_timeout(10, redraw, window);
    g_thread_unref(g_thread_new("windows", work, NULL));
    gtk_main();
    gdk_threads_leave();
    return 0;
}
