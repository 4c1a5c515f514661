#include "server/store/checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/times.h"

/* Of the log, in pages of 4 KiB. */
#define PASS_PAGES    500  /* not copied yet: a pass begins */
#define LONG_PAGES    4000 /* in all: the log is to begin anew */
#define REST_PAGES    200  /* not copied of a long one: few enough for the writer */
#define CEILING_PAGES 8000 /* in all: the writer waits until it can */

#define SHORT_PATIENCE (2 * SECOND / 1000) /* of the writer, before the log is at its ceiling */
#define RETRY_AFTER    SECOND

struct checkpoints {
    struct db_connection *connection;
    struct snapshots *snapshots;
    const struct store_config *config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* any of what follows */
    bool wanted;            /* a pass */
    bool running;           /* a pass, or the writer's part */
    bool stopping;
    bool failing;
    bool may_begin_anew; /* a pass has ended since the writer last tried */
    int copied;          /* pages at the log's front that are in the database */
    int whole;           /* pages of the log when it was found whole; 0: see has_moved_on */
    int ceiling;         /* pages */
};

/* Told once when it begins to fail, and once when it no longer does. */
static void note_result(struct checkpoints *checkpoints, const struct error *error)
{
    bool fails = error != NULL;

    if (fails != checkpoints->failing)
        checkpoints->config->report(checkpoints->config->context, error);
    checkpoints->failing = fails;
    checkpoints->wanted |= fails;
}

/* After a checkpoint, with the lock. All that the log had is in the database: the next commit may
 * begin it anew, and in SQLite before 3.51.3 no other checkpoint may begin beside that: it would
 * take what the new log has for copied (sqlite.org/wal.html, "The WAL-Reset Bug"). */
static void note_found(struct checkpoints *checkpoints, const struct db_checkpoint *found)
{
    checkpoints->copied = found->copied;
    if (found->pages == 0 || found->copied < found->pages)
        return;
    checkpoints->whole = found->pages;
    checkpoints->wanted = false;
}

/* Whether a commit has been written since the log was found whole: only then its length is another.
 * (One that has written as much to the new log as the old one had counts with the next.) */
static bool has_moved_on(struct checkpoints *checkpoints, int pages)
{
    if (pages == checkpoints->whole)
        return false;
    if (checkpoints->whole)
        pthread_cond_broadcast(&checkpoints->changed);
    checkpoints->whole = 0;
    return true;
}

/* ---- passes ---- */

static void run_pass(struct checkpoints *checkpoints)
{
    struct db_checkpoint found = {0};
    struct error error = {0};

    checkpoints->wanted = false;
    checkpoints->running = true;
    pthread_mutex_unlock(&checkpoints->lock);
    int r = db_checkpoint(checkpoints->connection, false, &found, &error);
    pthread_mutex_lock(&checkpoints->lock);
    checkpoints->running = false;
    checkpoints->may_begin_anew = true;
    if (r == 0)
        note_found(checkpoints, &found);
    note_result(checkpoints, r < 0 ? &error : NULL);
    pthread_cond_broadcast(&checkpoints->changed);
}

static void wait_to_retry(struct checkpoints *checkpoints)
{
    int64_t time = time_monotonic() + RETRY_AFTER;
    int code = 0;

    while (!checkpoints->stopping && code != ETIMEDOUT)
        code = condition_wait_until(&checkpoints->changed, &checkpoints->lock, time);
}

static void *pass_thread(void *context)
{
    struct checkpoints *checkpoints = context;

    pthread_mutex_lock(&checkpoints->lock);
    while (!checkpoints->stopping) {
        if (!checkpoints->wanted || checkpoints->running || checkpoints->whole) {
            pthread_cond_wait(&checkpoints->changed, &checkpoints->lock);
            continue;
        }
        run_pass(checkpoints);
        if (checkpoints->failing)
            wait_to_retry(checkpoints);
    }
    pthread_mutex_unlock(&checkpoints->lock);
    return NULL;
}

/* ---- the writer's part ---- */

/* Copies all that is left, waiting for the snapshots that are in the way; but twice, since those
 * that begin before all is copied are in the way once more. It is the writer that does it: nobody
 * commits meanwhile. */
static int copy_rest(struct checkpoints *checkpoints, struct db_connection *writer,
                     int64_t deadline, struct db_checkpoint *found, struct error *error)
{
    for (int waits = 0;; waits++) {
        if (db_checkpoint(writer, true, found, error) < 0)
            return -1;
        if (found->is_whole || waits == 2 || !snapshots_wait(checkpoints->snapshots, deadline))
            return 0;
    }
}

/* Lets the next commit begin the log anew, if it can within `patience`. */
static void begin_anew(struct checkpoints *checkpoints, struct db_connection *writer,
                       int64_t patience)
{
    struct db_checkpoint found = {0};
    struct error error = {0};

    checkpoints->running = true;
    pthread_mutex_unlock(&checkpoints->lock);
    int r = copy_rest(checkpoints, writer, time_monotonic() + patience, &found, &error);
    pthread_mutex_lock(&checkpoints->lock);
    checkpoints->running = false;
    checkpoints->may_begin_anew = false;
    note_found(checkpoints, &found);
    note_result(checkpoints, r < 0 ? &error : NULL);
    pthread_cond_broadcast(&checkpoints->changed);
}

/* At the ceiling. Where that is no use, another process has a snapshot: next time later. */
static void begin_anew_patiently(struct checkpoints *checkpoints, struct db_connection *writer,
                                 int pages)
{
    while (checkpoints->running)
        pthread_cond_wait(&checkpoints->changed, &checkpoints->lock);
    if (checkpoints->failing)
        return;
    begin_anew(checkpoints, writer, checkpoints->config->time_limit);
    checkpoints->ceiling = pages + CEILING_PAGES;
}

void checkpoints_after_commit(struct checkpoints *checkpoints, struct db_connection *writer)
{
    int pages = db_log_pages(writer);

    pthread_mutex_lock(&checkpoints->lock);
    if (pages < checkpoints->copied) /* it has begun anew */
        checkpoints->copied = 0;
    if (pages < CEILING_PAGES)
        checkpoints->ceiling = CEILING_PAGES;
    int left = pages - checkpoints->copied;
    if (!has_moved_on(checkpoints, pages)) {
        /* This commit wrote nothing, or had ended before the log was found whole. */
    } else if (checkpoints->failing) {
        /* The thread tries again by itself. */
    } else if (pages >= checkpoints->ceiling) {
        begin_anew_patiently(checkpoints, writer, pages);
    } else if (checkpoints->running) {
        /* What is to be done next depends on what it leaves. */
    } else if (left >= (pages < LONG_PAGES ? PASS_PAGES : REST_PAGES)) {
        checkpoints->wanted = true;
        pthread_cond_broadcast(&checkpoints->changed);
    } else if (pages >= LONG_PAGES && checkpoints->may_begin_anew) {
        begin_anew(checkpoints, writer, SHORT_PATIENCE);
    }
    pthread_mutex_unlock(&checkpoints->lock);
}

/* ---- starting and stopping ---- */

int checkpoints_start(const struct store_config *config, struct snapshots *snapshots,
                      struct checkpoints **ret_checkpoints, struct error *error)
{
    struct checkpoints *checkpoints = calloc(1, sizeof(*checkpoints));

    if (!checkpoints)
        return error_set(error, ENOMEM, "no memory for checkpoints");
    checkpoints->config = config;
    checkpoints->snapshots = snapshots;
    checkpoints->ceiling = CEILING_PAGES;
    if (db_open(config, false, &checkpoints->connection, error) < 0) {
        free(checkpoints);
        return -1;
    }
    pthread_mutex_init(&checkpoints->lock, NULL);
    condition_init(&checkpoints->changed);
    errno = pthread_create(&checkpoints->thread, NULL, pass_thread, checkpoints);
    if (errno) {
        error_errno(error, "starting the store's threads");
        db_close(checkpoints->connection);
        free(checkpoints);
        return -1;
    }
    *ret_checkpoints = checkpoints;
    return 0;
}

void checkpoints_stop(struct checkpoints *checkpoints)
{
    if (!checkpoints)
        return;
    pthread_mutex_lock(&checkpoints->lock);
    checkpoints->stopping = true;
    pthread_cond_broadcast(&checkpoints->changed);
    pthread_mutex_unlock(&checkpoints->lock);
    pthread_join(checkpoints->thread, NULL);
    db_close(checkpoints->connection);
    free(checkpoints);
}
