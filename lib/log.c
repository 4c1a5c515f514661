#include "lib/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/ids.h"
#include "common/list.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/terminal.h"
#include "lib/utf8.h"
#include "json/writer.h"

#define BATCH_BYTES   ((size_t)128 << 10)
#define QUEUE_BYTES   ((size_t)16 << 20)
#define MESSAGE_BYTES ((size_t)256 << 10)   /* of one line; the rest is cut */
#define GATHER        (200 * SECOND / 1000) /* so long a batch waits for more lines */
#define PATIENCE      (10 * SECOND)         /* at the end, with a server that takes nothing */
#define TRY_SECONDS   30.0                  /* for the answer to one batch */
#define NO_MEMORY     "(a line for which there was no memory)"

/* Lines that are sent together, as the items of a JSON array. */
struct batch {
    struct list node;
    struct buf items;
    int count;
    char id[ID_SIZE]; /* so that sending it twice stores it once */
};

struct run_log {
    struct run_log_config config;
    struct terminal terminal;
    pthread_t thread;

    /* The thread's, until it has ended. */
    struct fm_error trouble; /* with the last try; the code is 0 if there was none */
    int given_up;            /* lines that were not sent for it */
    int missing;             /* at the server, for whatever reason */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    struct list batches; /* oldest first; lines are added to the last */
    size_t bytes;        /* in all of them */
    int lost;            /* lines for which there was no room, not told yet */
    bool sending;        /* a batch is on its way */
    int handled;         /* batches that were sent, or refused */
    bool stopping;
    bool done; /* the thread has no more to do */
};

static struct timespec time_in(int64_t microseconds)
{
    int64_t time = time_monotonic() + microseconds;

    return (struct timespec){.tv_sec = time / SECOND, .tv_nsec = time % SECOND * 1000};
}

/* ---- taking lines ---------------------------------------------------------------------------- */

static struct batch *batch_with_room(struct run_log *log)
{
    if (!list_is_empty(&log->batches)) {
        struct batch *last = list_item(log->batches.previous, struct batch, node);
        if (last->items.length < BATCH_BYTES)
            return last;
    }
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch) {
        id_new(batch->id);
        list_append(&log->batches, &batch->node);
    }
    return batch;
}

static void write_line(struct batch *batch, const struct log_source *source, enum fm_level level,
                       const char *message)
{
    struct json_writer writer;

    if (batch->items.length)
        buf_add_char(&batch->items, ',');
    json_writer_init(&writer, &batch->items);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, source->logger);
    json_key(&writer, "level");
    json_add_integer(&writer, level);
    json_key(&writer, "message");
    json_add_string(&writer, message);
    json_key(&writer, "timestamp");
    json_add_time(&writer, time_now());
    json_key(&writer, "flow_run_id");
    json_add_string(&writer, source->flow_run_id);
    if (source->task_run_id) {
        json_key(&writer, "task_run_id");
        json_add_string(&writer, source->task_run_id);
    }
    json_end_object(&writer);
}

/* With the lock held. A line that did not fit is counted. */
static void queue_line(struct run_log *log, const struct log_source *source, enum fm_level level,
                       const char *message)
{
    struct batch *batch = log->bytes < QUEUE_BYTES ? batch_with_room(log) : NULL;
    size_t before = batch ? batch->items.length : 0;

    if (!batch) {
        log->lost++;
        return;
    }
    write_line(batch, source, level, message);
    if (batch->items.failed) {
        batch->items.failed = false;
        batch->items.length = before;
        log->lost++;
        return;
    }
    batch->count++;
    log->bytes += batch->items.length - before;
}

void run_log_add(struct run_log *log, const struct log_source *source, enum fm_level level,
                 const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    if (text && strlen(text) > MESSAGE_BYTES)
        text[MESSAGE_BYTES] = '\0';
    run_log_add_text(log, source, level, text ? text : NO_MEMORY);
    free(text);
}

void run_log_add_text(struct run_log *log, const struct log_source *source, enum fm_level level,
                      const char *text)
{
    buf_auto message = BUF_INIT;

    buf_add_utf8(&message, text);
    const char *line = message.failed ? NO_MEMORY : buf_string(&message);
    if (log->config.terminal_fd >= 0 && level >= FM_INFO)
        terminal_print_run(&log->terminal, level, source->task_run_id ? "Task" : "Flow",
                           source->name, line);
    pthread_mutex_lock(&log->lock);
    queue_line(log, source, level, line);
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

void run_log_print(struct run_log *log, enum fm_level level, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (log->config.terminal_fd >= 0 && vasprintf(&text, format, args) >= 0)
        terminal_print(&log->terminal, level, "fermata.engine", text);
    va_end(args);
    free(text);
}

/* ---- sending them ---------------------------------------------------------------------------- */

/* Waits with the lock held until there is something to send; false if there never will be. */
static bool wait_for_lines(struct run_log *log)
{
    while (list_is_empty(&log->batches) && !log->stopping)
        pthread_cond_wait(&log->changed, &log->lock);
    if (log->stopping)
        return !list_is_empty(&log->batches);
    const struct timespec until = time_in(GATHER);
    while (!log->stopping && log->bytes < BATCH_BYTES &&
           pthread_cond_timedwait(&log->changed, &log->lock, &until) != ETIMEDOUT)
        ;
    return true;
}

static struct batch *take_batch(struct run_log *log)
{
    struct batch *batch = list_item(log->batches.next, struct batch, node);

    list_remove(&batch->node);
    log->bytes -= batch->items.length;
    return batch;
}

static int send_once(struct run_log *log, const struct batch *batch, struct fm_error *error)
{
    buf_auto body = BUF_INIT;
    const struct fm_call call = {
        .idempotency_key = batch->id, .retries = -1, .timeout = TRY_SECONDS};

    buf_add_char(&body, '[');
    buf_add(&body, batch->items.data, batch->items.length);
    buf_add_char(&body, ']');
    return api_call(log->config.client, "POST", "/logs/", &body, &call, NULL, error);
}

/* What the server will never take is not sent again. */
static bool is_worth_another_try(int r)
{
    return r == FM_UNREACHABLE || r == FM_FAILED || r == FM_TIMED_OUT || r == FM_NO_MEMORY;
}

/* Sends until the server has taken it, or until the client is interrupted, for the log is given up.
 */
static void send_batch(struct run_log *log, const struct batch *batch)
{
    struct fm_error error;
    double pause = 0.5;
    int r;

    while (is_worth_another_try(r = send_once(log, batch, &error))) {
        log->trouble = error;
        client_sleep(log->config.client, pause);
        pause = pause < 4 ? pause * 2 : 4;
    }
    if (r < 0)
        log->missing += batch->count;
    if (r == FM_CANCELLED) {
        log->given_up += batch->count;
        return;
    }
    log->trouble.code = 0;
    if (r < 0)
        run_log_print(log, FM_WARNING, "%d lines of the log could not be stored: %s", batch->count,
                      error.message);
}

/* Says how many lines are missing, once there is room for it. */
static void tell_losses(struct run_log *log)
{
    char text[96];

    if (log->lost == 0 || log->bytes >= QUEUE_BYTES)
        return;
    snprintf(text, sizeof(text), "%d lines of the log were lost: there was no room", log->lost);
    log->missing += log->lost;
    log->lost = 0;
    queue_line(log, &log->config.about, FM_WARNING, text);
}

static void *send_lines(void *context)
{
    struct run_log *log = context;

    pthread_mutex_lock(&log->lock);
    while (wait_for_lines(log)) {
        struct batch *batch = take_batch(log);
        log->sending = true;
        pthread_mutex_unlock(&log->lock);
        send_batch(log, batch);
        buf_release(&batch->items);
        free(batch);
        pthread_mutex_lock(&log->lock);
        log->sending = false;
        log->handled++;
        tell_losses(log);
        pthread_cond_broadcast(&log->changed);
    }
    log->done = true;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

void run_log_flush(struct run_log *log, double seconds)
{
    const struct timespec until = time_in((int64_t)(seconds * SECOND));

    pthread_mutex_lock(&log->lock);
    while ((log->sending || !list_is_empty(&log->batches)) &&
           pthread_cond_timedwait(&log->changed, &log->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&log->lock);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void destroy(struct run_log *log)
{
    terminal_finish(&log->terminal);
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

int run_log_start(const struct run_log_config *config, struct run_log **ret_log,
                  struct fm_error *error)
{
    struct run_log *log = calloc(1, sizeof(*log));
    pthread_condattr_t monotonic;

    if (!log)
        return fail_without_memory(error);
    log->config = *config;
    terminal_init(&log->terminal, config->terminal_fd);
    list_init(&log->batches);
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&log->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int number = pthread_create(&log->thread, NULL, send_lines, log);
    if (number != 0) {
        destroy(log);
        return fail(error, FM_FAILED, "no thread for the log: %s", strerror(number));
    }
    *ret_log = log;
    return 0;
}

/* With the lock held: true once all is sent; false if the server has taken nothing for too long. */
static bool wait_until_done(struct run_log *log)
{
    int handled = -1;

    while (!log->done && handled != log->handled) {
        const struct timespec until = time_in(PATIENCE);
        handled = log->handled;
        while (!log->done && handled == log->handled &&
               pthread_cond_timedwait(&log->changed, &log->lock, &until) != ETIMEDOUT)
            ;
    }
    return log->done;
}

int run_log_stop(struct run_log *log)
{
    if (!log)
        return 0;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_broadcast(&log->changed);
    bool done = wait_until_done(log);
    pthread_mutex_unlock(&log->lock);
    if (!done)
        fm_client_interrupt(log->config.client);
    pthread_join(log->thread, NULL);
    if (log->given_up)
        run_log_print(log, FM_WARNING, "%d lines of the log could not be stored: %s", log->given_up,
                      log->trouble.code ? log->trouble.message : "the server gives no answer");
    int missing = log->missing;
    destroy(log);
    return missing;
}
