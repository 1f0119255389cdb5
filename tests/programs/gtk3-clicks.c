/* A window that counts clicks: into an application counter, a mark, and a line on its standard output. */
#include <gtk/gtk.h>
#include <stdio.h>
#include <unistd.h>

#include "../../data/c/perfkit-counters.c"

static perfkit_counters *counters;
static perfkit_counter *clicks;

static gboolean pressed(GtkWidget *widget, GdkEvent *event, gpointer data)
{
    static int count;
    char line[32];
    int length = snprintf(line, sizeof line, "click %d\n", ++count);
    (void)widget, (void)event, (void)data;
    perfkit_mark mark = perfkit_mark_begin(counters, "click", line);
    perfkit_counter_add(clicks, 1);
    ssize_t written = write(1, line, (size_t)length);
    perfkit_mark_end(counters, mark);
    /* Handled: GTK would ask a window twice otherwise. */
    return written >= 0;
}

int main(int argc, char **argv)
{
    gtk_init(&argc, &argv);
    counters = perfkit_counters_open("clicked");
    clicks = perfkit_counters_counter(counters, "clicks", PERFKIT_COUNT, "Clicks on the window");
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 200);
    gtk_widget_add_events(window, GDK_BUTTON_PRESS_MASK);
    g_signal_connect(window, "button-press-event", G_CALLBACK(pressed), NULL);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
