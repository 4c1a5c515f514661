/* Jobs, the queues that they wait in, and the threads that run them. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/times.h"
#include "server/store/checkpoint.h"
#include "server/store/queue.h"

/* How many writes share a commit at the most: enough to hide the fsync, few enough that the first
 * does not wait long for the last. */
#define BATCH 256

#define MAX_READERS 16

/* A thread that runs what comes in a queue. */
struct reader {
    struct store *store;
    struct queue *queue;
    struct db_connection *connection;
    pthread_t thread;
};

struct store {
    struct store_config config;
    int lock_file;
    struct queue long_reads; /* also what is to be prepared, as the next */
    struct queue short_reads;
    struct queue writes;
    struct snapshots snapshots;
    struct checkpoints *checkpoints;
    struct db_connection *writer; /* of whoever has the turn in `writes` */
    struct reader readers[MAX_READERS];
    pthread_t write_thread;
    int threads; /* readers that run */
    bool write_thread_runs;

    pthread_mutex_t stats_lock;
    struct store_stats stats;
};

/* ---- running ---- */

static void reset(struct job *job)
{
    arena_release(&job->arena);
    list_init(&job->topics);
    job->error = (struct error){0};
}

static enum job_result run_job(struct db_connection *connection, struct job *job,
                               enum job_result (*function)(struct txn *, struct job *))
{
    struct txn txn = {.connection = connection, .job = job, .now = time_now()};

    reset(job);
    enum job_result result = function(&txn, job);
    if (result == JOB_FAILED && !job->error.code)
        error_set(&job->error, EIO, "no reason was given");
    /* A failure that the job did not look at (a topic without memory) is one all the same. */
    return job->error.code ? JOB_FAILED : result;
}

/* Tells a job its end: its topics first, so that who is told of the end finds others awake. */
static void finish(struct store *store, struct job *job)
{
    if (job->result == JOB_KEEP)
        list_for_each(node, &job->topics)
            store->config.publish(store->config.context, list_item(node, struct topic, node)->name);
    arena_release(&job->arena);
    list_init(&job->topics);
    job->done(job, job->result, job->result == JOB_FAILED ? &job->error : NULL);
}

static void count(struct store *store, const struct store_stats *more)
{
    pthread_mutex_lock(&store->stats_lock);
    store->stats.reads += more->reads;
    store->stats.writes += more->writes;
    store->stats.commits += more->commits;
    store->stats.rollbacks += more->rollbacks;
    store->stats.failures += more->failures;
    pthread_mutex_unlock(&store->stats_lock);
}

/* Runs one of a job's functions on a snapshot of its own. */
static void run_on_snapshot(struct store *store, struct db_connection *connection, struct job *job,
                            enum job_result (*function)(struct txn *, struct job *))
{
    struct error error = {0};
    unsigned round = snapshots_begin(&store->snapshots);

    db_set_deadline(connection, time_monotonic() + store->config.time_limit);
    if (db_begin(connection, &error) < 0) {
        job->result = JOB_FAILED;
        job->error = error;
    } else {
        job->result = run_job(connection, job, function);
        if (db_commit(connection, &error) < 0)
            db_rollback(connection);
    }
    snapshots_end(&store->snapshots, round);
}

/* Prepares a job and, if it only reads, runs it: on a newer snapshot, since it may subscribe to
 * topics before it reads. False: it goes on to the writer. */
static bool run_read(struct store *store, struct db_connection *connection, struct job *job)
{
    if (job->prepare) {
        run_on_snapshot(store, connection, job, job->prepare);
        if (job->result != JOB_KEEP)
            return true;
    }
    if (job->writes)
        return false;
    run_on_snapshot(store, connection, job, job->run);
    return true;
}

/* Runs the jobs of a batch in one transaction. False: the transaction is lost, and nothing of it
 * was written. */
static bool run_batch(struct store *store, struct list *batch, struct error *error)
{
    struct db_connection *connection = store->writer;

    if (db_begin(connection, error) < 0)
        return false;
    list_for_each(node, batch) {
        struct job *job = list_item(node, struct job, node);
        if (db_savepoint(connection, error) < 0)
            return false;
        db_set_deadline(connection, time_monotonic() + store->config.time_limit);
        job->result = run_job(connection, job, job->run);
        db_set_deadline(connection, 0);
        if (!db_in_transaction(connection)) {
            *error = job->error;
            return false;
        }
        if (db_release(connection, job->result == JOB_KEEP, error) < 0)
            return false;
    }
    return db_commit(connection, error) == 0;
}

static void fail_all(struct list *batch, const struct error *error)
{
    list_for_each(node, batch) {
        struct job *job = list_item(node, struct job, node);
        job->result = JOB_FAILED;
        job->error = *error;
    }
}

/* After a batch that was lost: each job by itself, so that one does not fail for another. Where
 * nobody can begin, all fail at once: each would wait as long for the same. */
static void run_one_by_one(struct store *store, struct list *batch)
{
    struct list ended;

    list_init(&ended);
    while (!list_is_empty(batch)) {
        struct list *node = batch->next;
        struct error error = {0};
        struct list alone;
        list_init(&alone);
        list_remove(node);
        list_append(&alone, node);
        if (!run_batch(store, &alone, &error)) {
            db_rollback(store->writer);
            fail_all(&alone, &error);
        }
        list_move_all(&ended, &alone);
        if (error.code == EBUSY) {
            fail_all(batch, &error);
            list_move_all(&ended, batch);
        }
    }
    list_move_all(batch, &ended);
}

/* Writes a batch, tells all of it, and gives the turn back. */
static void write_batch(struct store *store, struct list *batch)
{
    struct error error = {0};
    struct store_stats stats = {.commits = 1};

    if (!run_batch(store, batch, &error)) {
        db_rollback(store->writer);
        stats = (struct store_stats){.rollbacks = 1};
        if (error.code == EBUSY)
            fail_all(batch, &error);
        else
            run_one_by_one(store, batch);
    }
    list_for_each(node, batch) {
        stats.writes++;
        stats.failures += list_item(node, struct job, node)->result == JOB_FAILED;
    }
    count(store, &stats);
    list_for_each_safe(node, batch) {
        list_remove(node);
        finish(store, list_item(node, struct job, node));
    }
    checkpoints_after_commit(store->checkpoints, store->writer);
    queue_end_turn(&store->writes);
}

/* ---- the threads ---- */

static void *write_thread(void *context)
{
    struct store *store = context;

    for (;;) {
        struct list batch;
        list_init(&batch);
        queue_begin_turn(&store->writes, &batch, BATCH);
        if (list_is_empty(&batch))
            return NULL;
        write_batch(store, &batch);
    }
}

/* Who finds nobody writing, and nobody else to prepare for, writes at once: a client that is alone
 * then waits for one thread less to wake. The others share the writer's commits. */
static void write_or_queue(struct reader *reader, struct job *job)
{
    struct store *store = reader->store;
    struct list alone;

    list_init(&alone);
    list_append(&alone, &job->node);
    if (queue_is_empty(reader->queue) && queue_try_turn(&store->writes))
        write_batch(store, &alone);
    else
        queue_put(&store->writes, &alone);
}

static void *read_thread(void *context)
{
    struct reader *reader = context;
    struct store *store = reader->store;
    struct job *job;

    while ((job = queue_take(reader->queue)) != NULL) {
        if (!run_read(store, reader->connection, job)) {
            write_or_queue(reader, job);
            continue;
        }
        count(store, &(struct store_stats){.reads = 1, .failures = job->result == JOB_FAILED});
        finish(store, job);
    }
    return NULL;
}

void store_submit_all(struct store *store, struct list *jobs)
{
    struct list long_reads, short_reads, writes;

    list_init(&long_reads);
    list_init(&short_reads);
    list_init(&writes);
    list_for_each_safe(node, jobs) {
        struct job *job = list_item(node, struct job, node);
        job->arena.out_of_memory = store->config.out_of_memory;
        list_remove(node);
        if (job->writes && !job->prepare)
            list_append(&writes, node);
        else
            list_append(job->reads_long ? &long_reads : &short_reads, node);
    }
    queue_put(&store->long_reads, &long_reads);
    queue_put(&store->short_reads, &short_reads);
    queue_put(&store->writes, &writes);
}

void store_submit(struct store *store, struct job *job)
{
    struct list alone;

    list_init(&alone);
    list_append(&alone, &job->node);
    store_submit_all(store, &alone);
}

/* ---- a job that its caller waits for ---- */

struct waited_job {
    struct job job;
    enum job_result (*run)(struct txn *txn, void *context);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
    struct error error;
};

static enum job_result run_waited(struct txn *txn, struct job *job)
{
    struct waited_job *waited = list_item(job, struct waited_job, job);

    return waited->run(txn, waited->context);
}

static void end_waited(struct job *job, enum job_result result, const struct error *error)
{
    struct waited_job *waited = list_item(job, struct waited_job, job);

    (void)result;
    pthread_mutex_lock(&waited->lock);
    if (error)
        waited->error = *error;
    waited->has_ended = true;
    pthread_cond_signal(&waited->ended);
    pthread_mutex_unlock(&waited->lock);
}

int store_run(struct store *store, bool writes, enum job_result (*run)(struct txn *, void *),
              void *context, struct error *error)
{
    struct waited_job waited = {
        .job = {.writes = writes, .run = run_waited, .done = end_waited},
        .run = run,
        .context = context,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .ended = PTHREAD_COND_INITIALIZER,
    };

    store_submit(store, &waited.job);
    pthread_mutex_lock(&waited.lock);
    while (!waited.has_ended)
        pthread_cond_wait(&waited.ended, &waited.lock);
    pthread_mutex_unlock(&waited.lock);
    if (waited.error.code) {
        if (error)
            *error = waited.error;
        return -1;
    }
    return 0;
}

/* ---- opening and closing ---- */

static int lock_directory(struct store *store, struct error *error)
{
    char path[4096];
    const char *directory = store->config.directory;

    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return error_errno(error, "making the data directory %s", directory);
    if (snprintf(path, sizeof(path), "%s/fermata.lock", directory) >= (int)sizeof(path))
        return error_set(error, ENAMETOOLONG, "the path of the data directory is too long");
    store->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_file < 0)
        return error_errno(error, "opening %s", path);
    if (flock(store->lock_file, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return error_set(error, EBUSY,
                             "another server runs on the data directory %s; stop it, or name "
                             "another directory with --data",
                             directory);
        return error_errno(error, "locking %s", path);
    }
    return 0;
}

static int reader_count(const struct store_config *config)
{
    return config->readers + config->short_readers;
}

static int start_threads(struct store *store, struct error *error)
{
    const struct store_config *config = &store->config;
    int code = pthread_create(&store->write_thread, NULL, write_thread, store);

    store->write_thread_runs = code == 0;
    for (int i = 0; code == 0 && i < reader_count(config); i++) {
        code = pthread_create(&store->readers[i].thread, NULL, read_thread, &store->readers[i]);
        store->threads += code == 0;
    }
    if (code) {
        errno = code;
        return error_errno(error, "starting the store's threads");
    }
    return 0;
}

static int open_connections(struct store *store, struct error *error)
{
    const struct store_config *config = &store->config;

    if (db_open(config, true, &store->writer, error) < 0 ||
        store_migrate(store->writer, error) < 0 || db_plan(store->writer, error) < 0)
        return -1;
    for (int i = 0; i < reader_count(config); i++) {
        struct reader *reader = &store->readers[i];
        reader->store = store;
        reader->queue = i < config->readers ? &store->long_reads : &store->short_reads;
        if (db_open(config, false, &reader->connection, error) < 0)
            return -1;
    }
    return checkpoints_start(config, &store->snapshots, &store->checkpoints, error);
}

int store_open(const struct store_config *config, struct store **ret_store, struct error *error)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        return error_set(error, ENOMEM, "no memory for the store");
    store->config = *config;
    store->lock_file = -1;
    if (config->readers < 1 || config->short_readers < 1 || reader_count(config) > MAX_READERS)
        BUG("a store with %d and %d readers", config->readers, config->short_readers);
    queue_init(&store->long_reads);
    queue_init(&store->short_reads);
    queue_init(&store->writes);
    snapshots_init(&store->snapshots);
    pthread_mutex_init(&store->stats_lock, NULL);
    if (lock_directory(store, error) < 0 || open_connections(store, error) < 0 ||
        start_threads(store, error) < 0) {
        store_close(store);
        return -1;
    }
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    /* Readers first: what they prepare may still go to the writer. */
    queue_close(&store->long_reads);
    queue_close(&store->short_reads);
    for (int i = 0; i < store->threads; i++)
        pthread_join(store->readers[i].thread, NULL);
    queue_close(&store->writes);
    if (store->write_thread_runs)
        pthread_join(store->write_thread, NULL);
    checkpoints_stop(store->checkpoints);
    for (size_t i = 0; i < COUNT_OF(store->readers); i++)
        db_close(store->readers[i].connection);
    db_close(store->writer);
    if (store->lock_file >= 0)
        close(store->lock_file);
    free(store);
}

void store_stats(struct store *store, struct store_stats *ret_stats)
{
    pthread_mutex_lock(&store->stats_lock);
    *ret_stats = store->stats;
    pthread_mutex_unlock(&store->stats_lock);
    ret_stats->queued = queue_length(&store->writes);
}
