// A GTK 4 program that loads the recorder, whose path is its argument, while a popover is open already: the popover
// is painted again, dies, and ten others come after it. Ends by itself and prints "done".
#include <dlfcn.h>
#include <gtk/gtk.h>

#define LATE 10

static GMainLoop *loop;
static const char *recorder;

static GtkWidget *pop_up(GtkWidget *parent, const char *text) {
    GtkWidget *popover = gtk_popover_new();
    gtk_widget_set_name(popover, text);
    gtk_popover_set_autohide(GTK_POPOVER(popover), FALSE);
    gtk_popover_set_child(GTK_POPOVER(popover), gtk_label_new(text));
    gtk_widget_set_parent(popover, parent);
    gtk_popover_popup(GTK_POPOVER(popover));
    return popover;
}

static gboolean step(gpointer data) {
    static int at;
    static GtkWidget *popover;
    switch (at++) {
    case 0:
        popover = pop_up(data, "early");
        break;
    case 1: {
        void *library = dlopen(recorder, RTLD_NOW);
        void (*start)(void) = library ? (void (*)(void))dlsym(library, "gdkrecord_start") : NULL;
        if (!start)
            g_error("cannot load %s: %s", recorder, dlerror());
        start();
        break;
    }
    case 2:
        gtk_label_set_text(GTK_LABEL(gtk_popover_get_child(GTK_POPOVER(popover))), "painted again");
        break;
    default:
        // Sooner or later a surface lies where another one lay.
        gtk_widget_unparent(popover);
        if (at > 3 + LATE) {
            g_main_loop_quit(loop);
            return G_SOURCE_REMOVE;
        }
        popover = pop_up(data, "late");
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv) {
    recorder = argv[1];
    gtk_init();
    loop = g_main_loop_new(NULL, FALSE);
    GtkWidget *window = gtk_window_new();
    gtk_window_set_title(GTK_WINDOW(window), "Late");
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 200);
    GtkWidget *label = gtk_label_new("a window");
    gtk_window_set_child(GTK_WINDOW(window), label);
    gtk_window_present(GTK_WINDOW(window));
    g_timeout_add(200, step, label);
    g_main_loop_run(loop);
    g_print("done\n");
    return 0;
}
