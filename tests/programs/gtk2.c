// A GTK 2 window with a button, an entry and a list. Prints "clicked N" for each click of the button.
#include <gtk/gtk.h>

static void clicked(GtkButton *button, gpointer data) {
    static int count;
    g_print("clicked %d\n", ++count);
    char text[32];
    g_snprintf(text, sizeof text, "Clicked %d", count);
    gtk_button_set_label(button, text);
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "A GTK 2 window");
    gtk_window_set_default_size(GTK_WINDOW(window), 900, 700);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);

    GtkWidget *box = gtk_vbox_new(FALSE, 0);
    GtkWidget *button = gtk_button_new_with_label("Click me");
    gtk_widget_set_size_request(button, -1, 60);
    g_signal_connect(button, "clicked", G_CALLBACK(clicked), NULL);
    gtk_box_pack_start(GTK_BOX(box), button, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), gtk_entry_new(), FALSE, FALSE, 0);

    GtkListStore *rows = gtk_list_store_new(1, G_TYPE_STRING);
    for (int i = 0; i < 500; i++) {
        char text[32];
        g_snprintf(text, sizeof text, "Row %d", i);
        gtk_list_store_insert_with_values(rows, NULL, -1, 0, text, -1);
    }
    GtkWidget *list = gtk_tree_view_new_with_model(GTK_TREE_MODEL(rows));
    gtk_tree_view_insert_column_with_attributes(GTK_TREE_VIEW(list), -1, "Rows", gtk_cell_renderer_text_new(),
                                                "text", 0, NULL);
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);
    gtk_container_add(GTK_CONTAINER(scrolled), list);
    gtk_box_pack_start(GTK_BOX(box), scrolled, TRUE, TRUE, 0);

    gtk_container_add(GTK_CONTAINER(window), box);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
