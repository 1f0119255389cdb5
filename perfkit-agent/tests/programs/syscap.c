/* Writes a capture with Sysprof's own library, with every kind of frame that it has: `syscap FILE`, at times near 0, or
 * `syscap` into the descriptor of SYSPROF_TRACE_FD, at times of now. */
#include <string.h>
#include <sysprof-capture.h>

int main(int argc, char **argv)
{
    static const char words[] = "one\ntwo\n";
    SysprofCaptureWriter *writer =
        argc == 2 ? sysprof_capture_writer_new(argv[1], 0) : sysprof_capture_writer_new_from_env(0);
    int64_t base = argc == 2 ? 0 : SYSPROF_CAPTURE_CURRENT_TIME;
    SysprofCaptureAddress stack[] = {(SysprofCaptureAddress)-128, 0xffffffff81000010, (SysprofCaptureAddress)-512,
                                     0x401020, 0x401100, 0};
    SysprofCaptureCounter counters[2];
    SysprofCaptureCounterValue values[2];
    unsigned ids[2];

    if (!writer)
        return 1;
    ids[0] = sysprof_capture_writer_request_counter(writer, 2);
    ids[1] = ids[0] + 1;
    memset(counters, 0, sizeof counters);
    strcpy(counters[0].category, "Main Loop");
    strcpy(counters[0].name, "Depth v1.0");
    strcpy(counters[0].description, "How deep it is");
    counters[0].id = ids[0];
    counters[0].type = SYSPROF_CAPTURE_COUNTER_INT64;
    counters[0].value.v64 = -3;
    strcpy(counters[1].category, "GTK");
    strcpy(counters[1].name, "fps");
    counters[1].id = ids[1];
    counters[1].type = SYSPROF_CAPTURE_COUNTER_DOUBLE;
    counters[1].value.vdbl = 59.5;
    values[0].v64 = 9000000000;
    values[1].vdbl = -0.25;

    sysprof_capture_writer_add_process(writer, base + 1000, -1, 42, "/usr/bin/shop --open now");
    sysprof_capture_writer_add_map(writer, base + 1001, -1, 42, 0x401000, 0x402000, 0x1000, 7, "/usr/bin/shop");
    stack[5] = sysprof_capture_writer_add_jitmap(writer, "shop.js:12");
    sysprof_capture_writer_define_counters(writer, base + 1002, -1, 42, counters, 2);
    sysprof_capture_writer_set_counters(writer, base + 1003, -1, 42, ids, values, 2);
    sysprof_capture_writer_add_mark(writer, base + 2000, 1, 42, 500, "gtk", "layout", "of the window");
    sysprof_capture_writer_add_mark(writer, base + 2600, 1, 42, 0, "gtk", "a name of forty bytes and more, which is cut", "");
    sysprof_capture_writer_add_log(writer, base + 2700, 0, 42, 1 << 4, "Gtk", "this will not do");
    sysprof_capture_writer_add_log(writer, base + 2701, 0, 42, 1 << 5, "", "all is well");
    sysprof_capture_writer_add_sample(writer, base + 3000, 1, 42, 43, stack, 6);
    sysprof_capture_writer_add_sample(writer, base + 3001, 1, 42, -1, NULL, 0);
    sysprof_capture_writer_add_allocation_copy(writer, base + 3100, 1, 42, 43, 0x5000, 64, stack + 3, 2);
    sysprof_capture_writer_add_allocation_copy(writer, base + 3101, 1, 42, 43, 0x5000, 0, NULL, 0);
    sysprof_capture_writer_add_metadata(writer, base + 3200, -1, 42, "org.shop", "open=true", -1);
    sysprof_capture_writer_add_file(writer, base + 3300, -1, 42, "/etc/shop", 1, (const uint8_t *)words, sizeof words - 1);
    sysprof_capture_writer_add_timestamp(writer, base + 3400, -1, 42);
    sysprof_capture_writer_add_fork(writer, base + 4000, -1, 42, 44);
    sysprof_capture_writer_add_exit(writer, base + 5000, -1, 42);
    sysprof_capture_writer_unref(writer);
    return 0;
}
