/* Reads a capture with Sysprof's own library and says in a line each what is in it: `read_syscap FILE`. */
#include <inttypes.h>
#include <stdio.h>
#include <sysprof-capture.h>

int main(int argc, char **argv)
{
    SysprofCaptureReader *reader = argc == 2 ? sysprof_capture_reader_new(argv[1]) : NULL;
    SysprofCaptureFrameType type;

    if (!reader)
        return 1;
    printf("from %" PRId64 " to %" PRId64 "\n", sysprof_capture_reader_get_start_time(reader),
           sysprof_capture_reader_get_end_time(reader));
    while (sysprof_capture_reader_peek_type(reader, &type)) {
        const SysprofCaptureMark *mark;
        const SysprofCaptureLog *log;
        const SysprofCaptureSample *sample;
        const SysprofCaptureProcess *process;
        const SysprofCaptureMap *map;
        const SysprofCaptureFork *fork;
        const SysprofCaptureMetadata *metadata;
        const SysprofCaptureCounterDefine *define;
        const SysprofCaptureCounterSet *set;

        if (type == SYSPROF_CAPTURE_FRAME_MARK && (mark = sysprof_capture_reader_read_mark(reader)))
            printf("mark %" PRId64 "+%" PRId64 " %d [%s] [%s] [%s]\n", mark->frame.time, mark->duration, mark->frame.pid,
                   mark->group, mark->name, mark->message);
        else if (type == SYSPROF_CAPTURE_FRAME_LOG && (log = sysprof_capture_reader_read_log(reader)))
            printf("log %d [%s] [%s]\n", log->severity, log->domain, log->message);
        else if (type == SYSPROF_CAPTURE_FRAME_SAMPLE && (sample = sysprof_capture_reader_read_sample(reader)))
            printf("sample %d/%d cpu %d of %d\n", sample->frame.pid, sample->tid, sample->frame.cpu, sample->n_addrs);
        else if (type == SYSPROF_CAPTURE_FRAME_PROCESS && (process = sysprof_capture_reader_read_process(reader)))
            printf("process %d [%s]\n", process->frame.pid, process->cmdline);
        else if (type == SYSPROF_CAPTURE_FRAME_MAP && (map = sysprof_capture_reader_read_map(reader)))
            printf("map %d %" PRIx64 "-%" PRIx64 " [%s]\n", map->frame.pid, map->start, map->end, map->filename);
        else if (type == SYSPROF_CAPTURE_FRAME_FORK && (fork = sysprof_capture_reader_read_fork(reader)))
            printf("fork %d %d\n", fork->frame.pid, fork->child_pid);
        else if (type == SYSPROF_CAPTURE_FRAME_EXIT && sysprof_capture_reader_read_exit(reader))
            printf("exit\n");
        else if (type == SYSPROF_CAPTURE_FRAME_JITMAP && sysprof_capture_reader_read_jitmap(reader))
            printf("jitmap\n");
        else if (type == SYSPROF_CAPTURE_FRAME_METADATA && (metadata = sysprof_capture_reader_read_metadata(reader)))
            printf("metadata [%s]\n", metadata->id);
        else if (type == SYSPROF_CAPTURE_FRAME_CTRDEF && (define = sysprof_capture_reader_read_counter_define(reader)))
            printf("counter %d [%s] [%s] %g\n", define->counters[0].id, define->counters[0].category,
                   define->counters[0].name, define->counters[0].value.vdbl);
        else if (type == SYSPROF_CAPTURE_FRAME_CTRSET && (set = sysprof_capture_reader_read_counter_set(reader)))
            printf("value %d %g\n", set->values[0].ids[0], set->values[0].values[0].vdbl);
        else
            return 2;
    }
    return 0;
}
