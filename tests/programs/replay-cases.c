/* A window with buttons whose program behaves as CASE says: what a replay can meet. GTK 4. */
#include <gtk/gtk.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gboolean is(const char *what) {
    const char *given = getenv("CASE");
    return given && strcmp(given, what) == 0;
}

static void pressed(GtkButton *button, gpointer data) {
    (void)button;
    (void)data;
    if (is("crash"))
        abort();
    if (is("hang"))
        for (;;)
            sleep(1);
}

static void dialog_over(GtkWindow *window, const char *title, const char *label) {
    GtkWidget *dialog = gtk_window_new();
    gtk_window_set_title(GTK_WINDOW(dialog), title);
    gtk_window_set_transient_for(GTK_WINDOW(dialog), window);
    GtkWidget *answer = gtk_button_new_with_label(label);
    gtk_widget_set_size_request(answer, 200, 100);
    g_signal_connect_swapped(answer, "clicked", G_CALLBACK(gtk_window_destroy), dialog);
    gtk_window_set_child(GTK_WINDOW(dialog), answer);
    gtk_window_present(GTK_WINDOW(dialog));
}

static void asked(GtkButton *button, gpointer window) {
    (void)button;
    if (is("no-dialog"))
        return;
    dialog_over(GTK_WINDOW(window), "Question", "Yes");
}

static GtkWidget *button(GtkWidget *box, const char *label) {
    GtkWidget *button = gtk_button_new_with_label(label);
    gtk_widget_set_size_request(button, 300, 60);
    gtk_box_append(GTK_BOX(box), button);
    return button;
}

static void activated(GtkApplication *app, gpointer data) {
    (void)data;
    GtkWidget *window = gtk_application_window_new(app);
    gtk_window_set_decorated(GTK_WINDOW(window), FALSE);
    gtk_window_set_title(GTK_WINDOW(window), "Cases");
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    if (is("moved")) {
        GtkWidget *news = gtk_label_new("What a later version has above its buttons");
        gtk_widget_set_size_request(news, 300, 150);
        gtk_box_append(GTK_BOX(box), news);
    }
    GtkWidget *press = button(box, "Press");
    g_signal_connect(press, "clicked", G_CALLBACK(pressed), NULL);
    if (is("insensitive"))
        gtk_widget_set_sensitive(press, FALSE);
    if (is("gone"))
        gtk_widget_set_visible(press, FALSE);
    g_signal_connect(button(box, "Ask"), "clicked", G_CALLBACK(asked), window);
    GtkWidget *entry = gtk_entry_new();
    gtk_box_append(GTK_BOX(box), entry);
    gtk_window_set_child(GTK_WINDOW(window), box);
    gtk_window_present(GTK_WINDOW(window));
    if (is("news"))
        dialog_over(GTK_WINDOW(window), "News", "Later");
}

int main(int argc, char **argv) {
    GtkApplication *app = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
    g_signal_connect(app, "activate", G_CALLBACK(activated), NULL);
    return g_application_run(G_APPLICATION(app), argc, argv);
}
