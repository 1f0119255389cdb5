// A GTK 3 program that loads the recorder (its argument) when it has set an event handler of its own, whose data
// GDK would free if another handler was set.
#include <dlfcn.h>
#include <errno.h>
#include <gtk/gtk.h>
#include <stdlib.h>
#include <sys/wait.h>

static int presses;
static int ended_children;

static void handle(GdkEvent *event, gpointer data) {
    if (*(int *)data != 42)
        abort();
    if (event->type == GDK_BUTTON_PRESS)
        g_print("presses %d\n", ++presses);
    gtk_main_do_event(event);
}

static void freed(gpointer data) {
    *(int *)data = 0;
    g_print("freed\n");
}

static void child_ended(int number) {
    ended_children++;
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    setlinebuf(stdout);
    signal(SIGCHLD, child_ended);
    int data = 42;
    gdk_event_handler_set(handle, &data, freed);
    void *module = dlopen(argv[1], RTLD_NOW);
    void (*start)(void) = module ? (void (*)(void))dlsym(module, "gdkrecord_start") : NULL;
    if (!start)
        return 1;
    start();
    g_print("children %d\n", ended_children + (waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD));
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "Recorded late");
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 200);
    gtk_widget_add_events(window, GDK_BUTTON_PRESS_MASK);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
