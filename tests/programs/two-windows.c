// Two windows, for GTK 3 and 4. "Ticking" is drawn all the time. "Answering", which lies above it, has an area at the
// top that shows a turn of the wheel 150 ms after it and not before, and below it two buttons and an entry. Prints
// "answered" and how often, "pressed" and which button, and once it is shown, "button" with the place and size of the
// second one.
#include <gtk/gtk.h>

enum { LATER = 150 };

static const char CONTENT[] =
    "<interface><object class='GtkBox' id='content'><property name='orientation'>vertical</property>"
    "<child><object class='GtkDrawingArea' id='area'><property name='width-request'>300</property>"
    "<property name='height-request'>100</property></object></child>"
    "<child><object class='GtkBox' id='row'>"
    "<child><object class='GtkButton' id='first'><property name='label'>First</property></object></child>"
    "<child><object class='GtkButton' id='second'><property name='label'>_Second one</property>"
    "<property name='use-underline'>1</property></object></child></object></child>"
    "<child><object class='GtkEntry' id='entry'/></child></object></interface>";

static GtkBuilder *builder;
static int answered;

static GtkWidget *named(const char *id) {
    return GTK_WIDGET(gtk_builder_get_object(builder, id));
}

static gboolean answer(gpointer data) {
    answered++;
    gtk_widget_queue_draw(named("area"));
    g_print("answered %d\n", answered);
    return G_SOURCE_REMOVE;
}

static void pressed(GtkButton *button, gpointer data) {
    g_print("pressed %s\n", gtk_button_get_label(button));
}

static void paint(cairo_t *cr) {
    cairo_set_source_rgb(cr, answered % 2, 0.5, 0);
    cairo_paint(cr);
}

static gboolean tick(GtkWidget *widget, GdkFrameClock *clock, gpointer data) {
    gtk_widget_queue_draw(widget);
    return G_SOURCE_CONTINUE;
}

static gboolean tell(gpointer window) {
    GtkWidget *second = named("second");
    int width = gtk_widget_get_allocated_width(second), height = gtk_widget_get_allocated_height(second);
    if (width <= 1)
        return G_SOURCE_CONTINUE;
#if GTK_MAJOR_VERSION == 3
    int x, y;
    gtk_widget_translate_coordinates(second, window, 0, 0, &x, &y);
#else
    graphene_rect_t bounds;
    double x, y;
    gtk_native_get_surface_transform(window, &x, &y);
    if (!gtk_widget_compute_bounds(second, window, &bounds))
        return G_SOURCE_CONTINUE;
    x += bounds.origin.x, y += bounds.origin.y;
#endif
    g_print("button %d %d %d %d\n", (int)x, (int)y, width, height);
    return G_SOURCE_REMOVE;
}

#if GTK_MAJOR_VERSION == 3
static gboolean scrolled(GtkWidget *widget, GdkEvent *event, gpointer data) {
    g_timeout_add(LATER, answer, NULL);
    return TRUE;
}

static gboolean draw(GtkWidget *widget, cairo_t *cr, gpointer data) {
    paint(cr);
    return TRUE;
}
#else
static gboolean scrolled(GtkEventControllerScroll *scroll, double dx, double dy, gpointer data) {
    g_timeout_add(LATER, answer, NULL);
    return TRUE;
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data) {
    paint(cr);
}
#endif

static GtkWidget *shown(const char *title, int width, int height, GtkWidget *child) {
#if GTK_MAJOR_VERSION == 3
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_container_add(GTK_CONTAINER(window), child);
    gtk_widget_show_all(child);
#else
    GtkWidget *window = gtk_window_new();
    gtk_window_set_child(GTK_WINDOW(window), child);
#endif
    gtk_window_set_title(GTK_WINDOW(window), title);
    gtk_window_set_default_size(GTK_WINDOW(window), width, height);
    gtk_window_present(GTK_WINDOW(window));
    return window;
}

static gboolean open_second(gpointer data) {
    builder = gtk_builder_new_from_string(CONTENT, -1);
    GtkWidget *area = named("area");
#if GTK_MAJOR_VERSION == 3
    gtk_widget_add_events(area, GDK_SCROLL_MASK);
    g_signal_connect(area, "scroll-event", G_CALLBACK(scrolled), NULL);
    g_signal_connect(area, "draw", G_CALLBACK(draw), NULL);
#else
    GtkEventController *wheel = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    g_signal_connect(wheel, "scroll", G_CALLBACK(scrolled), NULL);
    gtk_widget_add_controller(area, wheel);
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(area), draw, NULL, NULL);
#endif
    g_signal_connect(named("first"), "clicked", G_CALLBACK(pressed), NULL);
    g_signal_connect(named("second"), "clicked", G_CALLBACK(pressed), NULL);
    g_timeout_add(50, tell, shown("Answering", 300, 200, named("content")));
    return G_SOURCE_REMOVE;
}

static void ticking(void) {
    GtkWidget *area = gtk_drawing_area_new();
    gtk_widget_add_tick_callback(area, tick, NULL, NULL);
    shown("Ticking", 400, 300, area);
    // Without a window manager the one that comes later lies above.
    g_timeout_add(500, open_second, NULL);
}

int main(int argc, char **argv) {
    setlinebuf(stdout);
#if GTK_MAJOR_VERSION == 3
    gtk_init(&argc, &argv);
    ticking();
    gtk_main();
#else
    gtk_init();
    ticking();
    while (TRUE)
        g_main_context_iteration(NULL, TRUE);
#endif
    return 0;
}
