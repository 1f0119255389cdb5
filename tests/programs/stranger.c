/* A window that takes the keyboard: over all others, or where the word is "beside" away from them; where it is "again",
 * again and again. Xlib. */
#include <X11/Xlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The window may be unmapped by somebody between two looks. */
static int whatever(Display *display, XErrorEvent *error) {
    (void)display;
    (void)error;
    return 0;
}

int main(int argc, char **argv) {
    int again = argc > 1 && strcmp(argv[1], "again") == 0;
    int beside = argc > 1 && strcmp(argv[1], "beside") == 0;
    Display *display = XOpenDisplay(NULL);
    if (!display)
        return 1;
    XSetErrorHandler(whatever);
    Window root = DefaultRootWindow(display);
    Window window = XCreateSimpleWindow(display, root, beside ? 1500 : 0, 0, 1600, 900, 0, 0, 0x803020);
    XStoreName(display, window, "Stranger");
    XSelectInput(display, window, StructureNotifyMask);
    XMapRaised(display, window);
    XEvent event;
    do
        XNextEvent(display, &event);
    while (event.type != MapNotify);
    do {
        XRaiseWindow(display, window);
        XSetInputFocus(display, window, RevertToParent, CurrentTime);
        XSync(display, False);
        if (!again)
            break;
        usleep(5000);
    } while (1);
    puts("there");
    fflush(stdout);
    for (;;)
        XNextEvent(display, &event);
}
