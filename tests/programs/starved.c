/* A window with a square that animates, until something more urgent than drawing is always ready: from then on nothing
 * is drawn, though the main loop turns. It ends by itself after two more seconds.
 *
 *     starved
 */
#include <gtk/gtk.h>
#include <stdlib.h>

static gint64 begin;

static gboolean animate(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
    (void)clock, (void)data;
    gtk_widget_queue_draw(widget);
    return G_SOURCE_CONTINUE;
}

static gboolean hog(gpointer data)
{
    (void)data;
    gint64 now = g_get_monotonic_time();
    while (g_get_monotonic_time() < now + 10000)
        ;
    if (now > begin + 2000000)
        exit(0);
    return G_SOURCE_CONTINUE;
}

static gboolean starve(gpointer data)
{
    (void)data;
    begin = g_get_monotonic_time();
    g_idle_add_full(G_PRIORITY_HIGH, hog, NULL, NULL);
    return G_SOURCE_REMOVE;
}

int main(void)
{
    gtk_init();
    GtkWidget *window = gtk_window_new(), *square = gtk_drawing_area_new();
    gtk_window_set_title(GTK_WINDOW(window), "Starved");
    gtk_window_set_child(GTK_WINDOW(window), square);
    gtk_widget_add_tick_callback(square, animate, NULL, NULL);
    gtk_window_present(GTK_WINDOW(window));
    g_timeout_add(1000, starve, NULL);
    for (;;)
        g_main_context_iteration(NULL, TRUE);
}
