/* The same work each time: so many rounds of redrawing, turning the loop and reading a file, as fast as it goes.
 * Prints the milliseconds that it took. */
#include <fcntl.h>
#include <gtk/gtk.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 600, READS = 8 };

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static gboolean tick(gpointer left)
{
    return --*(int *)left > 0;
}

static void read_a_file(void)
{
    char block[4096];
    int file = open("/proc/self/stat", O_RDONLY);
    if (file >= 0 && read(file, block, sizeof block) < 0)
        perror("read");
    close(file);
}

int main(int argc, char **argv)
{
    gtk_init(&argc, &argv);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    GtkWidget *label = gtk_label_new("");
    gtk_container_add(GTK_CONTAINER(window), label);
    gtk_window_set_default_size(GTK_WINDOW(window), 400, 200);
    gtk_widget_show_all(window);
    while (gtk_events_pending())
        gtk_main_iteration();
    double begin = milliseconds();
    for (int round = 0; round < ROUNDS; round++) {
        char text[64];
        int ticks = 10;
        snprintf(text, sizeof text, "round %d", round);
        gtk_label_set_text(GTK_LABEL(label), text);
        g_idle_add(tick, &ticks);
        while (gtk_events_pending())
            gtk_main_iteration();
        gdk_window_invalidate_rect(gtk_widget_get_window(window), NULL, TRUE);
        gdk_window_process_all_updates();
        for (int i = 0; i < READS; i++)
            read_a_file();
    }
    printf("%.3f\n", milliseconds() - begin);
    return 0;
}
