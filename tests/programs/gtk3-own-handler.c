// A GTK 3 program with an event handler of its own, set after gtk_init and again later, as some toolkits above
// GTK do. Prints "handler NAME presses N" for each button press that passes it, and "clicked" where the click
// reaches the button.
#include <gtk/gtk.h>

static int presses;

static void handler(GdkEvent *event, gpointer name) {
    if (event->type == GDK_BUTTON_PRESS)
        g_print("handler %s presses %d\n", (char *)name, ++presses);
    gtk_main_do_event(event);
}

static void clicked(GtkButton *button, gpointer data) {
    g_print("clicked\n");
    // The second handler takes the first one's place while the program runs.
    gdk_event_handler_set(handler, "second", NULL);
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    setlinebuf(stdout);
    gdk_event_handler_set(handler, "first", NULL);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "Own handler");
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 200);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    GtkWidget *button = gtk_button_new_with_label("Click me");
    g_signal_connect(button, "clicked", G_CALLBACK(clicked), NULL);
    gtk_container_add(GTK_CONTAINER(window), button);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
