/*
 * A disk that fails: after an fsync that did, nobody knows what is on it. The process has to end
 * before it tells anybody anything, and the next one finds all that was acknowledged.
 *
 * The two functions below stand before the C library's, also for SQLite.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/store.h"

#define ROW  100000
#define MOST 200 /* rows: far more than begin a checkpoint */

static const char *_Atomic failing; /* the end of the names of the files that fail */

static bool fails(int fd)
{
    char link[64];
    char path[256];

    if (!failing)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    size_t end = strlen(failing);
    return strlen(path) >= end && strcmp(path + strlen(path) - end, failing) == 0;
}

static int sync_file(int fd, long call)
{
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

/* ---- a store ---- */

static void forget_topic(void *context, const char *topic)
{
    (void)context;
    (void)topic;
}

static void forget_report(void *context, const struct error *error)
{
    (void)context;
    (void)error;
}

static int pipe_to_parent;

static void tell(const void *data, size_t length)
{
    if (write(pipe_to_parent, data, length) != (ssize_t)length)
        _exit(2);
}

static void tell_failure(const struct error *error)
{
    tell(error->message, strlen(error->message));
}

static struct store *open_store(const char *directory)
{
    struct store *store;
    struct error error;
    const struct store_config config = {.directory = directory,
                                        .readers = 1,
                                        .short_readers = 1,
                                        .time_limit = 1000000,
                                        .publish = forget_topic,
                                        .report = forget_report,
                                        .disk_failed = tell_failure};

    return store_open(&config, &store, &error) < 0 ? NULL : store;
}

static enum job_result put(struct txn *txn, void *number)
{
    char name[16];
    char *value = arena_alloc(txn_arena(txn), ROW + 1);

    memset(value, 'x', ROW);
    value[ROW] = '\0';
    snprintf(name, sizeof(name), "%d", *(const int *)number);
    return db_run(txn,
                  "INSERT INTO variables (id, created, updated, name, value, tags)"
                  " VALUES (?, 0, 0, ?, ?, '[]')",
                  V(name), V(name), V(value)) < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

static enum job_result count_rows(struct txn *txn, void *ret_count)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM variables") < 0)
        return JOB_FAILED;
    *(int *)ret_count = (int)rows_integer(&rows, 0);
    return JOB_UNDO;
}

/* ---- a process whose disk fails ---- */

/* Writes rows, and a line end for each that was acknowledged; the disk fails after the third. Where
 * a checkpoint is what fails, some more may be acknowledged before all threads have ended. */
static _Noreturn void write_until_the_end(const char *directory, const char *file)
{
    struct store *store = open_store(directory);

    for (int i = 0; store && i < MOST; i++) {
        failing = i >= 3 ? file : NULL;
        if (store_run(store, true, put, &i, NULL) == 0)
            tell("\n", 1);
    }
    sleep(10); /* for the thread of checkpoints */
    _exit(1);
}

/* How many rows it was told are written, and what it said when its disk failed. */
static int acknowledged(const char *directory, const char *file, char *ret_said, size_t size)
{
    int pipes[2];
    int status;
    int count = 0;
    size_t length = 0;
    ssize_t n;

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        pipe_to_parent = pipes[1];
        write_until_the_end(directory, file);
    }
    close(pipes[1]);
    while ((n = read(pipes[0], ret_said + length, size - 1 - length)) > 0)
        length += (size_t)n;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    ret_said[length] = '\0';
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("it went on: status %x, %s", (unsigned)status, ret_said);
    for (size_t i = 0; i < length; i++)
        count += ret_said[i] == '\n';
    return count;
}

static void assert_all_is_found_again(const char *file)
{
    char directory[] = "/tmp/fermata-disk-XXXXXX";
    char command[64];
    char said[1024];
    int found = -1;

    assert_non_null(mkdtemp(directory));
    int told = acknowledged(directory, file, said, sizeof(said));
    assert_true(told >= 3);
    assert_non_null(strstr(said, "the disk of the data directory failed"));
    struct store *store = open_store(directory);
    assert_non_null(store);
    assert_int_equal(store_run(store, false, count_rows, &found, NULL), 0);
    store_close(store);
    assert_in_range(found, told, told + 1); /* with the one of which nothing was told */
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    assert_int_equal(system(command), 0);
}

static void a_commit_that_is_not_synced_is_told_nobody(void **state)
{
    (void)state;
    assert_all_is_found_again("/fermata.db-wal");
}

static void a_checkpoint_that_is_not_synced_is_not_tried_again(void **state)
{
    (void)state;
    assert_all_is_found_again("/fermata.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_is_not_synced_is_told_nobody),
        cmocka_unit_test(a_checkpoint_that_is_not_synced_is_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
