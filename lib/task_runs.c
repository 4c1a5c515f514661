#include "lib/task_runs.h"

#include <jansson.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "json/writer.h"

#define HASH_BYTES 16                   /* enough that no two inputs ever share a hash */
#define HASH_SIZE  (2 * HASH_BYTES + 1) /* of its digits */
#define KEY_SIZE   (HASH_SIZE + 16)

static void hash_input(const struct buf *input, char ret_hash[static HASH_SIZE])
{
    unsigned char hash[HASH_BYTES];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)buf_string(input), input->length,
                       NULL, 0);
    sodium_bin2hex(ret_hash, HASH_SIZE, hash, sizeof(hash));
}

/* ---- counting calls -------------------------------------------------------------------------- */

/* How often a task was called, or called with one input. */
struct call_count {
    const char *key; /* the task's, and behind a line feed the input's hash if there is one */
    const void *what;
    int count;
};

static int compare_counts(const void *a, const void *b)
{
    const struct call_count *first = a;
    const struct call_count *second = b;

    return strcmp(first->key, second->key);
}

/* With the lock held: the count under the key, which is made if there is none. NULL without memory.
 */
static struct call_count *find_count(struct fm_run *owner, const struct call_count *wanted)
{
    struct call_count **node = tfind(wanted, &owner->calls, compare_counts);

    if (node)
        return *node;
    struct call_count *made = arena_alloc(&owner->arena, sizeof(*made));
    const char *key = arena_strdup(&owner->arena, wanted->key);
    if (!made || !key)
        return NULL;
    *made = (struct call_count){.key = key, .what = wanted->what};
    return tsearch(made, &owner->calls, compare_counts) ? made : NULL;
}

struct call_numbers {
    int of_task;  /* calls of the task before this one */
    int of_input; /* those of them with the same input */
};

static int count_call(struct fm_run *owner, const struct task_run_request *request,
                      const char *hash, struct call_numbers *ret_numbers, struct fm_error *error)
{
    buf_auto both = BUF_INIT;
    int r = 0;

    buf_addf(&both, "%s\n%s", request->key, hash);
    if (both.failed)
        return fail_without_memory(error);
    pthread_mutex_lock(&owner->lock);
    struct call_count *task =
        find_count(owner, &(struct call_count){.key = request->key, .what = request->what});
    struct call_count *input =
        find_count(owner, &(struct call_count){.key = both.data, .what = request->what});
    if (!task || !input)
        r = fail_without_memory(error);
    else if (task->what != request->what)
        r = fail(error, FM_INVALID,
                 "two of the flow's tasks, or of its subflows, are named '%s': give one of them "
                 "another .name, for results are kept by it",
                 request->name);
    else
        *ret_numbers = (struct call_numbers){.of_task = task->count++, .of_input = input->count++};
    pthread_mutex_unlock(&owner->lock);
    return r;
}

static void keep_it(void *count)
{
    (void)count; /* the arena's */
}

void task_calls_forget(struct fm_run *run)
{
    tdestroy(run->calls, keep_it);
    run->calls = NULL;
}

/* ---- the record ------------------------------------------------------------------------------ */

static void write_task_run(struct buf *body, const struct fm_run *run,
                           const struct task_run_request *request, const char *name,
                           const char *dynamic_key)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "flow_run_id");
    json_add_string(&writer, run->id);
    json_key(&writer, "task_key");
    json_add_string(&writer, request->key);
    json_key(&writer, "dynamic_key");
    json_add_string(&writer, dynamic_key);
    json_key(&writer, "name");
    json_add_string(&writer, name);
    json_key(&writer, "state");
    json_add_text(&writer, "{\"type\":\"PENDING\",\"name\":\"Pending\"}");
    json_key(&writer, "empirical_policy");
    json_begin_object(&writer);
    json_key(&writer, "retries");
    json_add_integer(&writer, request->retries);
    json_key(&writer, "retry_delay");
    json_add_number(&writer, request->retry_delay);
    json_end_object(&writer);
    json_key(&writer, "task_inputs");
    json_add_text(&writer, "{}");
    json_key(&writer, "tags");
    json_begin_array(&writer);
    for (const char *const *tag = request->tags; tag && *tag; tag++)
        json_add_string(&writer, *tag);
    json_end_array(&writer);
    json_end_object(&writer);
}

static int take_record(struct fm_run *run, const json_t *record, char ret_id[static ID_SIZE],
                       const char **ret_name, struct fm_error *error)
{
    const char *id;
    const char *name;

    int r = api_string(record, "id", &id, error);
    if (r == 0)
        r = api_string(record, "name", &name, error);
    if (r < 0)
        return r;
    name = fm_format(run, "%s", name);
    if (!name)
        return fail_without_memory(error);
    snprintf(ret_id, ID_SIZE, "%s", id);
    *ret_name = name;
    return 0;
}

int task_run_open(struct fm_run *run, const struct task_run_request *request,
                  char ret_id[static ID_SIZE], const char **ret_name, struct fm_error *error)
{
    const struct fm_call call = {0}; /* sent again, it gives what was made before */
    char hash[HASH_SIZE];
    char dynamic_key[KEY_SIZE];
    struct call_numbers numbers = {0};
    buf_auto name = BUF_INIT;
    buf_auto body = BUF_INIT;
    json_t *record = NULL;

    hash_input(request->input, hash);
    int r = count_call(run->owner, request, hash, &numbers, error);
    if (r < 0)
        return r;
    snprintf(dynamic_key, sizeof(dynamic_key), "%s-%d", hash, numbers.of_input);
    buf_addf(&name, "%s-%d", request->name, numbers.of_task);
    if (name.failed)
        return fail_without_memory(error);
    write_task_run(&body, run, request, name.data, dynamic_key);
    r = api_call(run->client, "POST", "/task_runs/", &body, &call, &record, error);
    if (r == 0)
        r = take_record(run, record, ret_id, ret_name, error);
    json_decref(record);
    return r;
}
