/*
 * Every allocation and every system call fails once, one after the other: each scenario is run
 * again and again, and each time one call later fails, until none is left to fail. It has to come
 * back with an error each time, and (under AddressSanitizer) without a leak.
 *
 * The linker puts the functions below in the place of the real ones in our own code (meson.build:
 * --wrap), and SQLite gets its memory from them too. jansson does not: it goes on with cut tokens
 * where memory runs out while it reads, which is why the server ends there (server/server.c).
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/times.h"
#include "server/live/lease.h"
#include "server/live/live.h"
#include "server/resource/resource.h"
#include "server/store/sql.h"
#include "json/schema.h"
#include "json/text.h"
#include "json/writer.h"

/* ---- what fails ---- */

enum { MEMORY = 1 << 0, ARENAS = 1 << 1, CALLS = 1 << 2 };

static atomic_int armed;   /* which kinds */
static atomic_int left;    /* calls that go well before one fails */
static atomic_bool failed; /* one did */

static bool fails(int kind)
{
    if (!(armed & kind) || atomic_fetch_sub(&left, 1) != 0)
        return false;
    failed = true;
    errno = kind == CALLS ? EIO : ENOMEM;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
int __real_open64(const char *path, int flags, ...);
int __real_fsync(int file);
int __real_flock(int file, int operation);
int __real_mkdir(const char *path, mode_t mode);
int __real_link(const char *from, const char *to);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_fsync(int file);
int __wrap_flock(int file, int operation);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_link(const char *from, const char *to);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);

void *__wrap_malloc(size_t size)
{
    return fails(MEMORY) ? NULL : __real_malloc(size);
}

/* Arenas take theirs from calloc; a server's ends the process where there is none. */
void *__wrap_calloc(size_t count, size_t size)
{
    return fails(ARENAS) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails(MEMORY) ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails(MEMORY) ? NULL : __real_strdup(text);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails(CALLS) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_fsync(int file)
{
    return fails(CALLS) ? -1 : __real_fsync(file);
}

int __wrap_flock(int file, int operation)
{
    return fails(CALLS) ? -1 : __real_flock(file, operation);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails(CALLS) ? -1 : __real_mkdir(path, mode);
}

int __wrap_link(const char *from, const char *to)
{
    return fails(CALLS) ? -1 : __real_link(from, to);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
    return fails(CALLS) ? EAGAIN : __real_pthread_create(thread, attributes, start, argument);
}

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
    return fails(MEMORY) ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return fails(MEMORY) ? NULL : sqlite_memory.xRealloc(memory, size);
}

/* Runs the scenario with each call of these kinds failing in turn. It returns 0 if all went well
 * and -1 if it was told of a failure, and must not be told of one that there was not. */
static void fail_each(int kinds, int most, int (*scenario)(void))
{
    int n = 0;

    for (; n <= most; n++) {
        left = n;
        failed = false;
        armed = kinds;
        int r = scenario();
        armed = 0;
        if (!failed) {
            assert_int_equal(r, 0);
            break;
        }
    }
    if (n == 0 || n > most)
        fail_msg("%d calls could fail, not up to %d", n, most);
}

/* ---- scenarios ---- */

static int build_texts(void)
{
    arena_auto arena = {0};
    buf_auto buf = {0};
    struct json_writer writer;

    json_writer_init(&writer, &buf);
    json_begin_array(&writer);
    for (int i = 0; i < 100; i++)
        json_add_string(&writer, "twenty characters…");
    json_end_array(&writer);
    char *copy = arena_strdup(&arena, buf_string(&buf));
    char *printed = arena_printf(&arena, "%02000d", 7);
    char *stolen = buf_steal(&buf);
    bool all = copy && printed && stolen;
    free(stolen);
    return all ? 0 : -1;
}

static void all_text_comes_or_none(void **state)
{
    (void)state;
    fail_each(MEMORY | ARENAS, 100, build_texts);
}

static int read_json(void)
{
    static const char text[] = "{\"a\": [1, 2.5, {\"b\": 123456789012345678901234567890}, null],"
                               " \"a\\u00e4\": \"text\", \"c\": {\"d\": true}}";
    struct error error = {0};
    buf_auto repr = {0};
    json_auto_t *value = json_parse(text, strlen(text), &error);

    if (!value) {
        assert_int_equal(error.code, ENOMEM);
        return -1;
    }
    json_text_repr(value, &repr);
    return repr.failed ? -1 : 0;
}

static void json_is_read_or_refused(void **state)
{
    (void)state;
    fail_each(MEMORY | ARENAS, 1000, read_json);
}

static int check_schema(void)
{
    static const char text[] =
        "{\"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\", \"pattern\": "
        "\"^[a-z]+$\"}, \"size\": {\"enum\": [\"small\", \"large\"]}, \"n\": {\"$ref\": "
        "\"#/$defs/n\"}}, \"required\": [\"name\", \"size\"], \"additionalProperties\": false,"
        " \"$defs\": {\"n\": {\"anyOf\": [{\"type\": \"integer\", \"minimum\": 3}, {\"type\": "
        "\"null\"}]}}}";
    static const char answer[] = "{\"name\": \"A\", \"n\": 2, \"more\": [1, {\"x\": 2}]}";
    struct error error = {0};
    struct schema *schema = NULL;
    schema_errors_auto errors = {0};
    buf_auto reason = {0};
    json_auto_t *instance = json_parse(answer, strlen(answer), &error);
    int r = schema_compile_text(text, strlen(text), NULL, &schema, &error);
    int wrong = r < 0 ? -1 : schema_validate(schema, instance, &errors, &error);
    if (wrong > 0)
        schema_prefect_reason(&errors, &reason);
    if (wrong < 0 && error.code != ENOMEM && error.code != E2BIG) /* its own bound */
        fail_msg("%s", error.message);
    else
        assert_int_not_equal(wrong, 0);
    schema_errors_release(&errors);
    schema_free(schema);
    return wrong < 0 || reason.failed ? -1 : 0;
}

static void a_schema_judges_or_says_why_not(void **state)
{
    (void)state;
    fail_each(MEMORY | ARENAS, 20000, check_schema);
}

static void ignore(struct waiter *waiter, enum wake_reason reason)
{
    (void)waiter;
    (void)reason;
}

/* Enough waiters that the tables grow. */
static int wait_for_topics(void)
{
    struct waiter waiters[80] = {0};
    struct live *live;
    struct error error = {0};
    int r = live_create(&live, &error);

    if (r < 0) {
        assert_int_not_equal(error.code, 0);
        return -1;
    }
    for (size_t i = 0; i < COUNT_OF(waiters); i++) {
        char topic[20];
        waiters[i].wake = ignore;
        for (int k = 0; k < 4; k++) {
            snprintf(topic, sizeof(topic), "%zu-%d", i, k);
            if (live_subscribe(live, &waiters[i], topic, &error) < 0)
                r = -1;
        }
        if (!live_park(live, &waiters[i], time_now() + HOUR + (int64_t)i)) {
            live_unsubscribe(live, &waiters[i]);
            r = -1;
        }
    }
    live_publish(live, "7-2");
    live_end(live);
    live_destroy(live);
    return failed ? -1 : r; /* tables that could not grow do as they are */
}

/* Enough leases that the tables grow; each that could be set is there. */
static int hold_leases(void)
{
    struct leases *leases;
    struct error error = {0};
    char name[16];
    int r = leases_create(true, &leases, &error);

    if (r < 0) {
        assert_int_not_equal(error.code, 0);
        return -1;
    }
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "run-%d", i);
        int set = leases_set(leases, name, time_now() + HOUR - i);
        assert_int_equal(leases_hold(leases, name, time_now()), set == 0);
        r = set < 0 ? -1 : r;
    }
    leases_destroy(leases);
    return failed ? -1 : r;
}

static void leases_are_held_or_not(void **state)
{
    (void)state;
    fail_each(MEMORY, 1000, hold_leases);
}

static void waiting_fails_or_works(void **state)
{
    (void)state;
    fail_each(MEMORY | ARENAS | CALLS, 2000, wait_for_topics);
}

/* A filter as a client sends it, compiled; the query is not run. */
static int compile_filter(void)
{
    static const struct filter filters[] = {
        {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
        {.name = "name",
         .kind = FILTER_VALUE,
         .operators = OP_ANY | OP_LIKE | OP_QUERY,
         .type = FIELD_TEXT},
        {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL},
        FILTERS_END};
    static const struct field fields[] = {FIELD_ID_CREATED_UPDATED, FIELDS_END};
    static const struct resource things = {.name = "Thing",
                                           .table = "things",
                                           .fields = fields,
                                           .filters = filters,
                                           .filter_key = "things"};
    int kinds = armed;
    arena_auto arena = {0};
    sql_auto sql = {0};
    problems_auto problems;

    armed = 0;
    json_auto_t *body =
        json_pack("{s:{s:{s:[s]}, s:{s:s, s:[s,s,s], s:s}, s:{s:[s,s]}}}", "things", "id", "any_",
                  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "name", "like_", "x", "any_", "a", "b",
                  "c", "query", "one -two", "tags", "all_", "t", "u");
    problems_init(&problems, "body");
    armed = kinds; /* but not for arenas: where there is no memory for them a server ends */
    resource_select(&things, &sql);
    sql_add(&sql, " WHERE ");
    resource_where(&things, body, &arena, &sql, &problems);
    for (int i = 0; i < 40; i++)
        sql_bind(&sql, value_integer(i));
    armed = 0;
    assert_false(problems_any(&problems));
    return sql.text.failed ? -1 : 0;
}

static void a_filter_is_compiled_or_not_used(void **state)
{
    (void)state;
    fail_each(MEMORY, 100, compile_filter);
}

/* ---- the store ---- */

static char directory[64];

static void forget_publication(void *context, const char *topic)
{
    (void)context;
    (void)topic;
}

static enum job_result write_one(struct txn *txn, void *context)
{
    sql_auto sql = {0};

    (void)context;
    txn_publish(txn, "something:%d", 7);
    sql_add(&sql, "INSERT INTO variables (id, created, updated, name, value, tags) VALUES (");
    sql_add_list(
        &sql,
        (struct value[]){V("x"), V(1), V(2), V("x"), V("a value that is somewhat long"), V("[]")},
        6);
    sql_add(&sql, ")");
    return sql_run(txn, &sql) < 0 ||
                   db_run(txn, "DELETE FROM variables WHERE name = ?", V("x")) != 1
               ? JOB_FAILED
               : JOB_KEEP;
}

static enum job_result read_one(struct txn *txn, void *context)
{
    rows_auto rows = {0};

    (void)context;
    int found =
        db_first(txn, &rows, "SELECT COUNT(*), 'text' FROM variables WHERE name <> ?", V("y"));
    if (found < 0)
        return JOB_FAILED;
    const char *text = rows_text(&rows, 1);
    return found && text && strcmp(text, "text") == 0 ? JOB_UNDO : txn_fail(txn, ENOMEM, "no text");
}

static int use_store(void)
{
    const struct store_config config = {.directory = directory,
                                        .readers = 1,
                                        .short_readers = 1,
                                        .time_limit = 60 * SECOND,
                                        .publish = forget_publication};
    struct store *store = NULL;
    struct error error = {0};
    int r = 0;

    if (store_open(&config, &store, &error) < 0) {
        assert_int_not_equal(error.code, 0);
        assert_true(*error.message);
        return -1;
    }
    if (store_run(store, true, write_one, NULL, &error) < 0)
        r = -1;
    if (store_run(store, false, read_one, NULL, &error) < 0)
        r = -1;
    store_close(store);
    if (r < 0)
        assert_int_not_equal(error.code, 0);
    return r;
}

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/fermata-failing-XXXXXX");
    assert_non_null(mkdtemp(directory));
    return use_store();
}

static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    return system(command);
}

static void a_store_works_or_says_why_not(void **state)
{
    (void)state;
    fail_each(MEMORY | ARENAS | CALLS, 10000, use_store);
}

static int back_up(void)
{
    char file[100];
    struct error error = {0};

    snprintf(file, sizeof(file), "%s/backup.db", directory);
    int r = store_backup(directory, file, &error);
    if (r < 0) {
        assert_int_not_equal(error.code, 0);
        assert_int_not_equal(access(file, F_OK), 0); /* whole, or not there */
    }
    strcat(file, "*"); /* and nothing is left beside it */
    glob_t found;
    assert_int_equal(glob(file, 0, NULL, &found), r < 0 ? GLOB_NOMATCH : 0);
    assert_int_equal(found.gl_pathc, r < 0 ? 0 : 1);
    if (r == 0)
        unlink(found.gl_pathv[0]);
    globfree(&found);
    return r;
}

static void a_backup_is_whole_or_not_there(void **state)
{
    (void)state;
    fail_each(CALLS, 100, back_up);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_text_comes_or_none),
        cmocka_unit_test(json_is_read_or_refused),
        cmocka_unit_test(a_schema_judges_or_says_why_not),
        cmocka_unit_test(waiting_fails_or_works),
        cmocka_unit_test(leases_are_held_or_not),
        cmocka_unit_test(a_filter_is_compiled_or_not_used),
        WITH_DIRECTORY(a_store_works_or_says_why_not),
        WITH_DIRECTORY(a_backup_is_whole_or_not_there),
    };

    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
    sqlite3_mem_methods failing = sqlite_memory;
    failing.xMalloc = sqlite_malloc;
    failing.xRealloc = sqlite_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
