/*
 * What the disk allows: writes 4 KiB and waits until it is on the disk (fdatasync), again and
 * again, round and round through a file of 4 MiB, as SQLite does with its log. Prints what
 * latencies_print prints.
 *
 *   limit_disk file=PATH [seconds=5]
 *
 * The file is made, and removed at the end.
 */
#include <fcntl.h>
#include <unistd.h>

#include "bench/latencies.h"
#include "bench/options.h"

#define BLOCKS 1024

int main(int argc, char **argv)
{
    static const char block[4096] = "fermata";
    static struct latencies latencies;
    const char *path = option_text(argc, argv, "file", NULL);
    int64_t length = option_number(argc, argv, "seconds", "5") * 1000000000;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0)
        fail_errno(path);
    int64_t begun = latency_clock(), before = begun, now = begun;
    for (off_t i = 0; now - begun < length; i = (i + 1) % BLOCKS) {
        if (pwrite(file, block, sizeof(block), i * (off_t)sizeof(block)) != sizeof(block) ||
            fdatasync(file) < 0)
            fail_errno(path);
        now = latency_clock();
        latencies_add(&latencies, now - before);
        before = now;
    }
    close(file);
    unlink(path);
    latencies_print(&latencies, stdout, 0, now - begun);
    return 0;
}
