/* A window with planted faults, one kind after the other, while a small square animates. Each fault marks, in shared
 * memory, when its slow code really ran: the truth that an analysis is held against.
 *
 *     gtk4-faults ROUNDS [TITLE]
 *
 * sleeping-timeout  a timeout's callback sleeps
 * slow-read         a click's handler reads from a pipe into which somebody writes late: click where it says so
 * slow-measure      a widget takes long to say its size
 * slow-snapshot     a widget takes long to draw
 * wide-repaint      a widget changes all of the window where a corner would do
 * busy-idle         an idle callback takes long, again and again
 */
#include <gtk/gtk.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../data/c/perfkit-counters.c"

enum { LONG = 50, BETWEEN = 350, TURNS = 3 };

static perfkit_counters *counters;
static GtkWidget *square, *measured, *drawn, *wide;
static int pipe_ends[2], rounds;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Keeps the processor busy for so many milliseconds. */
static void __attribute__((noinline)) spin(double length)
{
    static volatile unsigned long turns;
    for (double end = milliseconds() + length; milliseconds() < end;)
        for (int i = 0; i < 1000; i++)
            turns++;
}

/* Widgets of three classes with one slow part each, which runs when `slow` is set. */
typedef struct {
    GtkWidget parent;
    int slow;
} Part;
typedef GtkWidgetClass PartClass;

static void slow_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
    Part *part = (Part *)widget;
    (void)orientation, (void)for_size, (void)minimum_baseline, (void)natural_baseline;
    *minimum = *natural = 40;
    if (part->slow) {
        part->slow = 0;
        perfkit_mark mark = perfkit_mark_begin(counters, "slow-measure", NULL);
        spin(LONG);
        perfkit_mark_end(counters, mark);
    }
}

static void slow_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    Part *part = (Part *)widget;
    GdkRGBA colour = {0.2f, 0.4f, 0.8f, 1.0f};
    if (part->slow) {
        part->slow = 0;
        colour.red = 0.9f;
        perfkit_mark mark = perfkit_mark_begin(counters, "slow-snapshot", NULL);
        spin(LONG);
        perfkit_mark_end(counters, mark);
    }
    gtk_snapshot_append_color(snapshot, &colour, &GRAPHENE_RECT_INIT(0, 0, 40, 40));
}

/* Much to render, all over the window, though nothing of it need change. */
static void wide_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    Part *part = (Part *)widget;
    float width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
    GdkRGBA back = {1, 1, 1, 1};
    gtk_snapshot_append_color(snapshot, &back, &GRAPHENE_RECT_INIT(0, 0, width, height));
    for (int i = 0; i < part->slow; i++) {
        float at = 0.2f + 0.6f * i / part->slow;
        GskColorStop stops[] = {{0, {at, 0, 1 - at, 0.05f}}, {1, {0, at, 1, 0.05f}}};
        gtk_snapshot_append_radial_gradient(snapshot, &GRAPHENE_RECT_INIT(0, 0, width, height),
                                            &GRAPHENE_POINT_INIT(width * at, height * at), width, height, 0, 1, stops, 2);
    }
}

static void measure_small(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                          int *minimum_baseline, int *natural_baseline)
{
    (void)widget, (void)orientation, (void)for_size, (void)minimum_baseline, (void)natural_baseline;
    *minimum = *natural = 16;
}

static void square_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    Part *part = (Part *)widget;
    GdkRGBA colour = {part->slow++ % 2, 0.5f, 0.5f, 1};
    gtk_snapshot_append_color(snapshot, &colour, &GRAPHENE_RECT_INIT(0, 0, 16, 16));
}

static void slow_measure_class(PartClass *class)
{
    class->measure = slow_measure;
}

static void slow_snapshot_class(PartClass *class)
{
    class->measure = measure_small;
    class->snapshot = slow_snapshot;
}

static void wide_class(PartClass *class)
{
    class->measure = measure_small;
    class->snapshot = wide_snapshot;
}

static void square_class(PartClass *class)
{
    class->measure = measure_small;
    class->snapshot = square_snapshot;
}

static GtkWidget *part(const char *name, void (*init)(PartClass *))
{
    GType type = g_type_register_static_simple(GTK_TYPE_WIDGET, name, sizeof(PartClass), (GClassInitFunc)init,
                                               sizeof(Part), NULL, 0);
    return g_object_new(type, NULL);
}

static gboolean animate(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
    (void)clock, (void)data;
    gtk_widget_queue_draw(widget);
    return G_SOURCE_CONTINUE;
}

static gboolean sleeping_timeout(gpointer data)
{
    (void)data;
    perfkit_mark mark = perfkit_mark_begin(counters, "sleeping-timeout", NULL);
    usleep(LONG * 1000);
    perfkit_mark_end(counters, mark);
    return G_SOURCE_REMOVE;
}

static gboolean busy_idle(gpointer data)
{
    int *left = data;
    perfkit_mark mark = perfkit_mark_begin(counters, "busy-idle", NULL);
    spin(LONG);
    perfkit_mark_end(counters, mark);
    if (--*left > 0)
        return G_SOURCE_CONTINUE;
    g_free(left);
    return G_SOURCE_REMOVE;
}

static void *late_writer(void *data)
{
    (void)data;
    usleep(LONG * 1000);
    return write(pipe_ends[1], "x", 1) == 1 ? NULL : data;
}

static gboolean plant(gpointer data);

static void on_row_activated(GtkGestureClick *gesture, int presses, double x, double y, gpointer data)
{
    char byte;
    (void)gesture, (void)presses, (void)x, (void)y, (void)data;
    g_thread_unref(g_thread_new("writer", late_writer, NULL));
    perfkit_mark mark = perfkit_mark_begin(counters, "slow-read", NULL);
    if (read(pipe_ends[0], &byte, 1) != 1)
        perror("read");
    perfkit_mark_end(counters, mark);
    gtk_widget_queue_draw(drawn);
    g_timeout_add(BETWEEN, plant, NULL);
}

/* Plants the next fault, or asks for the click that does. A repaint that is too wide shows in the frame that follows. */
static gboolean plant(gpointer data)
{
    static int turn;
    (void)data;
    if (turn == rounds * 6) {
        printf("planted\n");
        fflush(stdout);
        return G_SOURCE_REMOVE;
    }
    switch (turn++ % 6) {
    case 0:
        g_timeout_add(5, sleeping_timeout, NULL);
        break;
    case 1:
        ((Part *)measured)->slow = 1;
        gtk_widget_queue_resize(measured);
        break;
    case 2:
        ((Part *)drawn)->slow = 1;
        gtk_widget_queue_draw(drawn);
        break;
    case 3:
        ((Part *)wide)->slow = 12 + turn / 6 % 2;
        perfkit_mark_moment(counters, "wide-repaint", NULL);
        gtk_widget_queue_draw(wide);
        break;
    case 4: {
        int *left = g_new(int, 1);
        *left = TURNS;
        g_idle_add(busy_idle, left);
        break;
    }
    case 5:
        printf("click\n");
        fflush(stdout);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    rounds = argc > 1 ? atoi(argv[1]) : 2;
    if (pipe(pipe_ends) != 0)
        return 1;
    counters = perfkit_counters_open("faults");
    gtk_init();
    GtkWidget *window = gtk_window_new();
    gtk_window_set_title(GTK_WINDOW(window), argc > 2 ? argv[2] : "Planted faults");
    gtk_window_set_default_size(GTK_WINDOW(window), 800, 600);
    GtkWidget *fixed = gtk_fixed_new();
    GtkWidget *overlay = gtk_overlay_new();
    wide = part("WideArea", wide_class);
    measured = part("SlowMeasure", slow_measure_class);
    drawn = part("SlowSnapshot", slow_snapshot_class);
    square = part("Square", square_class);
    gtk_fixed_put(GTK_FIXED(fixed), square, 10, 10);
    gtk_fixed_put(GTK_FIXED(fixed), measured, 60, 10);
    gtk_fixed_put(GTK_FIXED(fixed), drawn, 120, 10);
    gtk_overlay_set_child(GTK_OVERLAY(overlay), wide);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), fixed);
    gtk_window_set_child(GTK_WINDOW(window), overlay);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect(click, "pressed", G_CALLBACK(on_row_activated), NULL);
    gtk_widget_add_controller(window, GTK_EVENT_CONTROLLER(click));
    gtk_widget_add_tick_callback(square, animate, NULL, NULL);
    gtk_window_present(GTK_WINDOW(window));
    g_timeout_add(BETWEEN, plant, NULL);
    while (g_list_model_get_n_items(gtk_window_get_toplevels()) > 0)
        g_main_context_iteration(NULL, TRUE);
    return 0;
}
