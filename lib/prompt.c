/* A question at the terminal, which an interruption can end: a read of stdio goes on behind a
 * handler. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/buf.h"
#include "lib/errors.h"
#include "lib/parts.h"
#include "lib/run.h"

#define LONGEST_LINE 65536

/* 1 once there is something to read from standard input, or its end. */
static int wait_for_input(struct fm_run *run, int wake_fd, struct fm_error *error)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = wake_fd, .events = POLLIN}};
    eventfd_t earlier; /* an interruption of an earlier try is none any more */

    for (;;) {
        if (run_interruption(run) < 0)
            return fail(error, FM_CANCELLED, "interrupted while waiting for standard input");
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return fail(error, FM_FAILED, "standard input: %s", strerror(errno));
        if (!fds[1].revents && fds[0].revents)
            return 1;
        if (fds[1].revents && eventfd_read(wake_fd, &earlier) < 0 && errno != EAGAIN)
            return fail(error, FM_FAILED, "eventfd: %s", strerror(errno));
    }
}

/* Takes one byte at a time: what stands behind the line is for whoever reads next. */
static int read_line(struct fm_run *run, int wake_fd, struct buf *line, struct fm_error *error)
{
    for (;;) {
        char c;
        int r = wait_for_input(run, wake_fd, error);
        if (r < 0)
            return r;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(error, FM_FAILED, "standard input: %s", strerror(errno));
        if (n == 0)
            return line->length > 0;
        if (c == '\n')
            return 1;
        if (line->length == LONGEST_LINE)
            return fail(error, FM_INVALID, "the line is longer than %d bytes", LONGEST_LINE);
        buf_add(line, &c, 1);
        if (line->failed)
            return fail_without_memory(error);
    }
}

int fm_prompt(struct fm_run *run, const char *question, const char **ret_answer)
{
    buf_auto line = BUF_INIT;
    struct fm_error error;

    fputs(question, stdout);
    fflush(stdout);
    int r = run_open_wake_fd(run, &error);
    if (r >= 0)
        r = read_line(run, r, &line, &error);
    if (r > 0) {
        const char *answer = fm_format(run, "%s", buf_string(&line));
        if (answer)
            *ret_answer = answer;
        else
            r = fail_without_memory(&error);
    }
    return run_keep_error(run, r, &error);
}
