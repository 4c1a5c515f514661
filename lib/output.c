#include "lib/output.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/safe_text.h"
#include "lib/errors.h"
#include "lib/log.h"

#define LINE_BYTES 16384             /* of one line in the log; the rest is only written through */
#define LAST_BYTES ((size_t)1 << 20) /* that are read when the process has ended */
#define CUT_MARK   " ... (cut: the line is longer)"

/* One of the two, and the line that has begun there. */
struct stream {
    int fd;        /* read end of the pipe; -1: closed */
    int through;   /* the runner's own */
    bool is_shown; /* that is a terminal: lines are made harmless for it */
    enum fm_level level;
    char *line; /* LINE_BYTES, and room for the mark */
    size_t length;
    bool is_cut; /* the line was too long: the rest of it is not stored */
};

enum { STREAMS = 2 };

struct output {
    struct output_config config;
    struct stream streams[STREAMS];
    int ended; /* eventfd */
    pthread_t thread;
    bool is_running;

    /* The thread's, until it has ended. */
    struct fm_client *client;
    struct run_log *log; /* started with the first line */
    bool has_complained;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static struct log_source source_of(const struct output *output)
{
    return (struct log_source){.logger = OUTPUT_LOGGER,
                               .flow_run_id = output->config.run_id,
                               .name = output->config.run_name};
}

static bool start_log(struct output *output)
{
    struct fm_error error;

    int r = output->client ? 0 : fm_client_create(output->config.url, &output->client, &error);
    if (r == 0) {
        const struct run_log_config config = {
            .client = output->client, .about = source_of(output), .terminal_fd = -1};
        r = run_log_start(&config, &output->log, &error);
    }
    if (r < 0 && !output->has_complained)
        output->config.complain(output->config.context, error.message);
    output->has_complained = output->has_complained || r < 0;
    return r == 0;
}

static void write_through(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno != EINTR)
            return; /* nobody is there to read it */
        if (n > 0) {
            data += n;
            length -= (size_t)n;
        }
    }
}

/* As it is, or harmless where somebody sees it. */
static void show_line(const struct stream *stream)
{
    bool ends = stream->length && stream->line[stream->length - 1] == '\n';
    buf_auto safe = BUF_INIT;

    if (!stream->is_shown) {
        write_through(stream->through, stream->line, stream->length);
        return;
    }
    text_add_safe(&safe, stream->line, stream->length - ends, false);
    if (ends)
        buf_add_char(&safe, '\n');
    write_through(stream->through, buf_string(&safe), safe.length);
}

/* A text has no NULs: they become what is replaced for not being UTF-8. */
static void store_line(struct output *output, struct stream *stream)
{
    size_t length = stream->length;

    if (!output->config.run_id)
        return;
    while (length && strchr("\r\n", stream->line[length - 1]) && stream->line[length - 1])
        length--;
    for (size_t i = 0; i < length; i++) {
        if (!stream->line[i])
            stream->line[i] = '\xff';
    }
    stream->line[length] = '\0';
    if (stream->is_cut)
        strcpy(stream->line + length, CUT_MARK);
    const struct log_source source = source_of(output);
    if (output->log || start_log(output))
        run_log_add_text(output->log, &source, stream->level, stream->line);
}

/* The line is complete, or there is no more room for it. */
static void end_line(struct output *output, struct stream *stream, bool is_complete)
{
    bool was_cut = stream->is_cut;

    show_line(stream);
    stream->is_cut = !is_complete;
    if (!was_cut)
        store_line(output, stream);
    stream->length = 0;
}

static void take_bytes(struct output *output, struct stream *stream, const char *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stream->line[stream->length++] = data[i];
        if (data[i] == '\n')
            end_line(output, stream, true);
        else if (stream->length == LINE_BYTES)
            end_line(output, stream, false);
    }
}

/* What was written last without a line end is a line, too. */
static void end_last_line(struct output *output, struct stream *stream)
{
    if (stream->length || stream->is_cut)
        take_bytes(output, stream, "\n", 1);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* How much there was; 0: nothing more just now, or the end, where the stream is closed. */
static size_t read_some(struct output *output, struct stream *stream)
{
    char data[4096];
    ssize_t n;

    do
        n = read(stream->fd, data, sizeof(data));
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        take_bytes(output, stream, data, (size_t)n);
        return (size_t)n;
    }
    if (n == 0 || errno != EAGAIN) {
        close(stream->fd);
        stream->fd = -1;
    }
    return 0;
}

static void read_last_words(struct output *output, struct stream *stream)
{
    size_t left = LAST_BYTES;
    size_t n = 1;

    while (stream->fd >= 0 && left && n) {
        n = read_some(output, stream);
        left -= n < left ? n : left;
    }
    end_last_line(output, stream);
}

/* Until the process has ended; then its last words. A closed stream's -1 is skipped by poll. */
static void *read_output(void *context)
{
    struct output *output = context;
    struct pollfd fds[STREAMS + 1];
    sigset_t pipe_signal;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL); /* who reads the runner's output may go away */
    fds[STREAMS] = (struct pollfd){.fd = output->ended, .events = POLLIN};
    do {
        for (size_t i = 0; i < STREAMS; i++)
            fds[i] = (struct pollfd){.fd = output->streams[i].fd, .events = POLLIN};
        fds[STREAMS].revents = 0;
        if (poll(fds, STREAMS + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < STREAMS; i++) {
            if (fds[i].revents)
                read_some(output, &output->streams[i]);
        }
    } while (!(fds[STREAMS].revents & POLLIN));
    for (size_t i = 0; i < STREAMS; i++)
        read_last_words(output, &output->streams[i]);
    return NULL;
}

/* ---- start and end --------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int start(struct output *output, struct fm_error *error)
{
    for (size_t i = 0; i < STREAMS; i++) {
        output->streams[i].line = malloc(LINE_BYTES + sizeof(CUT_MARK));
        if (!output->streams[i].line)
            return fail_without_memory(error);
    }
    output->ended = eventfd(0, EFD_CLOEXEC);
    if (output->ended < 0)
        return fail(error, FM_FAILED, "no event for the end of the process: %s", strerror(errno));
    int number = pthread_create(&output->thread, NULL, read_output, output);
    if (number != 0)
        return fail(error, FM_FAILED, "no thread for what the process prints: %s",
                    strerror(number));
    output->is_running = true;
    return 0;
}

static int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

int output_create(const struct output_config *config, struct process *process,
                  struct output **ret_output, struct fm_error *error)
{
    struct output *output = calloc(1, sizeof(*output));

    if (!output)
        return fail_without_memory(error);
    output->config = *config;
    output->ended = -1;
    output->streams[0] = (struct stream){.fd = take_fd(&process->out),
                                         .through = STDOUT_FILENO,
                                         .is_shown = isatty(STDOUT_FILENO),
                                         .level = FM_INFO};
    output->streams[1] = (struct stream){.fd = take_fd(&process->err),
                                         .through = STDERR_FILENO,
                                         .is_shown = isatty(STDERR_FILENO),
                                         .level = FM_WARNING};
    int r = start(output, error);
    if (r < 0)
        output_destroy(output);
    else
        *ret_output = output;
    return r;
}

void output_finish(struct output *output)
{
    uint64_t one = 1;

    if (!output->is_running)
        return;
    while (write(output->ended, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    pthread_join(output->thread, NULL);
    output->is_running = false;
}

void output_destroy(struct output *output)
{
    if (!output)
        return;
    output_finish(output);
    run_log_stop(output->log);
    fm_client_destroy(output->client);
    for (size_t i = 0; i < STREAMS; i++) {
        close_fd(&output->streams[i].fd);
        free(output->streams[i].line);
    }
    close_fd(&output->ended);
    free(output);
}
