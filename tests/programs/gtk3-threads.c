// A GTK 3 program that is hard to record: four threads with main loops of their own, a fork without exec that
// goes on working, and a child that is executed. When all is done it prints one line and waits to be closed.
#include <gtk/gtk.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, TICKS = 100 };
static gint running = THREADS;
static char child_says[64];

typedef struct {
    GMainLoop *loop;
    int ticks;
} Worker;

static gboolean tick(gpointer data) {
    Worker *worker = data;
    if (++worker->ticks < TICKS)
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(worker->loop);
    return G_SOURCE_REMOVE;
}

// A class of sources that lies on the heap, as language bindings may have it.
static GSourceFuncs *heap;

static gboolean heap_dispatch(GSource *source, GSourceFunc callback, gpointer data) {
    return callback(data);
}

static gboolean always(GSource *source, gint *timeout) {
    return TRUE;
}

static gboolean always_check(GSource *source) {
    return TRUE;
}

static gboolean heap_tick(gpointer count) {
    g_usleep(500);
    return ++*(int *)count < 50;
}

static void heap_source(void) {
    static int count;
    heap = g_new0(GSourceFuncs, 1);
    heap->prepare = always;
    heap->check = always_check;
    heap->dispatch = heap_dispatch;
    GSource *source = g_source_new(heap, sizeof(GSource));
    g_source_set_callback(source, heap_tick, &count, NULL);
    g_source_attach(source, NULL);
    g_source_unref(source);
}

// Makes sources in the main loop's context and destroys them, while that loop looks for new ones.
static gpointer churn(gpointer data) {
    for (int i = 0; i < 200000; i++) {
        GSource *source = g_timeout_source_new(100000);
        g_source_attach(source, NULL);
        g_source_destroy(source);
        g_source_unref(source);
    }
    return NULL;
}

static gboolean done(gpointer data) {
    g_print("threads %d ticks %d child %s heap %s\n", THREADS, THREADS * TICKS, child_says,
            heap->dispatch == heap_dispatch ? "kept" : "changed");
    return G_SOURCE_REMOVE;
}

static gpointer work(gpointer data) {
    GMainContext *context = g_main_context_new();
    g_main_context_push_thread_default(context);
    Worker worker = {g_main_loop_new(context, FALSE), 0};
    GSource *source = g_timeout_source_new(1);
    g_source_set_name(source, "a worker's tick");
    g_source_set_callback(source, tick, &worker, NULL);
    g_source_attach(source, context);
    g_source_unref(source);
    g_main_loop_run(worker.loop);
    g_main_loop_unref(worker.loop);
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    if (g_atomic_int_dec_and_test(&running))
        g_idle_add(done, NULL);
    return NULL;
}

// The child runs a loop of its own: nothing of it may come into the parent's recording.
static gboolean childs_own(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static int forked(void) {
    pid_t pid = fork();
    if (pid == 0) {
        GMainContext *context = g_main_context_new();
        GMainLoop *loop = g_main_loop_new(context, FALSE);
        GSource *source = g_timeout_source_new(1);
        g_source_set_name(source, "the fork's own");
        g_source_set_callback(source, childs_own, loop, NULL);
        g_source_attach(source, context);
        g_main_loop_run(loop);
        _exit(7);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    setlinebuf(stdout);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "Threads and children");
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 200);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    gtk_widget_show_all(window);

    char *echoed = NULL;
    g_spawn_command_line_sync("/bin/echo hello", &echoed, NULL, NULL, NULL);
    g_snprintf(child_says, sizeof child_says, "%s fork %d", echoed ? g_strchomp(echoed) : "nothing", forked());
    heap_source();
    g_thread_unref(g_thread_new("churn", churn, NULL));
    for (int i = 0; i < THREADS; i++)
        g_thread_unref(g_thread_new("worker", work, NULL));
    gtk_main();
    return 0;
}
