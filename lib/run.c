#include "lib/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/model.h"
#include "lib/parts.h"
#include "lib/states.h"
#include "lib/task_runs.h"

#define END_PATIENCE (600 * SECOND) /* with a server that is away, to store the end of a run */
#define END_POLL     1.0            /* seconds between two tries */

static const struct fm_error no_error = {.code = 0, .message = ""};
static const struct fm_error no_memory = {.code = FM_NO_MEMORY, .message = "out of memory"};

const char *name_of_flow(struct arena *arena, const struct fm_flow *flow)
{
    if (flow->name)
        return arena_strdup(arena, flow->name);
    char *name = arena_strdup(arena, flow->function_name);
    for (char *c = name; c && *c; c++) {
        if (*c == '_')
            *c = '-';
    }
    return name;
}

int run_create(const struct fm_flow *flow, struct fm_client *client, struct fm_run **ret_run,
               struct fm_error *error)
{
    struct fm_run *run = calloc(1, sizeof(*run));

    if (!run)
        return fail_without_memory(error);
    run->flow = flow;
    run->owner = run;
    run->client = client;
    run->wake_fd = -1;
    run->terminal_fd = STDERR_FILENO;
    list_init(&run->parts);
    list_init(&run->idle_clients);
    list_init(&run->part);
    pthread_mutex_init(&run->lock, NULL);
    run->flow_name = name_of_flow(&run->owner->arena, flow);
    run->name = "";
    if (!run->flow_name) {
        run_destroy(run);
        return fail_without_memory(error);
    }
    *ret_run = run;
    return 0;
}

void run_destroy(struct fm_run *run)
{
    if (!run)
        return;
    if (run->wake_fd >= 0)
        close(run->wake_fd);
    task_calls_forget(run);
    parts_release(run);
    arena_release(&run->arena);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

int run_id_parse(const char *text, char ret_id[static ID_SIZE], struct fm_error *error)
{
    if (!text || !id_parse(text, ret_id))
        return fail(error, FM_INVALID, "'%.100s' is no id of a flow run", text ? text : "");
    return 0;
}

int run_propose(struct fm_run *run, const struct proposal *proposal, struct outcome *ret_outcome,
                struct fm_error *error)
{
    struct proposal held = *proposal;

    held.lease = run->owner->lease;
    return propose_state(run->client, run->id, &held, ret_outcome, error);
}

static int propose_once(struct fm_run *run, const struct proposal *end, struct outcome *ret_outcome,
                        struct fm_error *error)
{
    return end->of_task ? propose_state(run->client, run->task_run_id, end, ret_outcome, error)
                        : run_propose(run, end, ret_outcome, error);
}

int run_propose_end(struct fm_run *run, const struct proposal *end, struct outcome *ret_outcome,
                    struct fm_error *error)
{
    int64_t until = time_monotonic() + END_PATIENCE;
    bool told = false;
    int r;

    while ((r = propose_once(run, end, ret_outcome, error)) == FM_UNREACHABLE) {
        if (run_signal(run) || time_monotonic() >= until)
            break;
        if (!told)
            fm_warning(run, "The end cannot be stored yet: %s", error->message);
        told = true;
        client_sleep(run->client, END_POLL);
    }
    return r;
}

/* ---- errors, one a thread -------------------------------------------------------------------- */

/* With the lock held. */
static struct thread_error *find_error(const struct fm_run *run)
{
    struct thread_error *kept = run->errors;

    while (kept && !pthread_equal(kept->thread, pthread_self()))
        kept = kept->next;
    return kept;
}

static struct thread_error *new_error(struct fm_run *run)
{
    struct thread_error *kept = arena_alloc(&run->owner->arena, sizeof(*kept));

    if (kept) {
        kept->thread = pthread_self();
        kept->next = run->errors;
        run->errors = kept;
    }
    return kept;
}

int run_keep_error(struct fm_run *run, int r, const struct fm_error *error)
{
    static const struct fm_error timed_out = {.code = FM_TIMED_OUT,
                                              .message = "the timeout of the run is over"};

    if (r >= 0)
        return r;
    if (r == FM_CANCELLED && run_interruption(run) == FM_TIMED_OUT) {
        r = FM_TIMED_OUT;
        error = &timed_out;
    }
    pthread_mutex_lock(&run->owner->lock);
    struct thread_error *kept = find_error(run);
    if (!kept)
        kept = new_error(run);
    if (kept)
        kept->error = *error;
    pthread_mutex_unlock(&run->owner->lock);
    return kept ? r : FM_NO_MEMORY;
}

const struct fm_error *fm_error(struct fm_run *run)
{
    pthread_mutex_lock(&run->owner->lock);
    const struct thread_error *kept = find_error(run);
    pthread_mutex_unlock(&run->owner->lock);
    return kept ? &kept->error : &no_error;
}

int fm_fail(struct fm_run *run, const char *format, ...)
{
    struct fm_error error = {.code = FM_FAILED};
    va_list args;

    va_start(args, format);
    vsnprintf(error.message, sizeof(error.message), format, args);
    va_end(args);
    return run_keep_error(run, FM_FAILED, &error);
}

/* ---- memory ---------------------------------------------------------------------------------- */

void *fm_alloc(struct fm_run *run, size_t size)
{
    pthread_mutex_lock(&run->owner->lock);
    void *memory = arena_alloc(&run->owner->arena, size);
    pthread_mutex_unlock(&run->owner->lock);
    if (!memory)
        run_keep_error(run, FM_NO_MEMORY, &no_memory);
    return memory;
}

char *fm_format(struct fm_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    pthread_mutex_lock(&run->owner->lock);
    char *text = arena_vprintf(&run->owner->arena, format, args);
    pthread_mutex_unlock(&run->owner->lock);
    va_end(args);
    if (!text)
        run_keep_error(run, FM_NO_MEMORY, &no_memory);
    return text;
}

/* With the lock held: the note of a list that was grown here, or NULL. */
static struct grown_list *find_list(const struct fm_run *run, const fm_strings *list)
{
    struct grown_list *grown = run->owner->lists;

    while (grown && (!list->items || grown->items != list->items))
        grown = grown->next;
    return grown;
}

/* With the lock held: moves the items to where there is room for twice as many. */
static struct grown_list *grow_list(struct fm_run *run, fm_strings *list, struct grown_list *grown)
{
    size_t capacity = list->count < 4 ? 8 : list->count * 2;
    const char **items = arena_alloc(&run->owner->arena, capacity * sizeof(*items));

    if (!grown) {
        grown = arena_alloc(&run->owner->arena, sizeof(*grown));
        if (grown) {
            grown->next = run->owner->lists;
            run->owner->lists = grown;
        }
    }
    if (!items || !grown)
        return NULL;
    if (list->count)
        memcpy(items, list->items, list->count * sizeof(*items));
    *grown = (struct grown_list){.next = grown->next, .items = items, .capacity = capacity};
    list->items = items;
    return grown;
}

int fm_append(struct fm_run *run, fm_strings *list, const char *text)
{
    pthread_mutex_lock(&run->owner->lock);
    struct grown_list *grown = find_list(run, list);
    if (!grown || list->count >= grown->capacity)
        grown = grow_list(run, list, grown);
    char *copy = grown ? arena_strdup(&run->owner->arena, text) : NULL;
    if (copy)
        list->items[list->count++] = copy;
    pthread_mutex_unlock(&run->owner->lock);
    return run_keep_error(run, copy ? 0 : FM_NO_MEMORY, &no_memory);
}

int run_decode(struct fm_run *run, const struct fm_model *model, const struct fm_setting *initial,
               const char *json, size_t length, void *ret_value, struct fm_error *error)
{
    problem_list_auto problems = {0};

    pthread_mutex_lock(&run->owner->lock);
    int r =
        model_decode(model, initial, json, length, &run->owner->arena, ret_value, &problems, error);
    pthread_mutex_unlock(&run->owner->lock);
    return r;
}

int run_decode_bare(struct fm_run *run, const struct fm_model *model, const char *json,
                    size_t length, void *ret_value, struct fm_error *error)
{
    problem_list_auto problems = {0};

    pthread_mutex_lock(&run->owner->lock);
    int r = model_decode_bare(model, json, length, &run->owner->arena, ret_value, &problems, error);
    pthread_mutex_unlock(&run->owner->lock);
    return r;
}

int fm_decode_with(struct fm_run *run, const struct fm_model *model, const char *json, void *result)
{
    struct fm_error error;
    int r = run_decode_bare(run, model, json, strlen(json), result, &error);

    return run_keep_error(run, r, &error);
}

const char *fm_encode_with(struct fm_run *run, const struct fm_model *model, const void *value)
{
    struct fm_error error;
    buf_auto text = BUF_INIT;
    int r = model_encode_bare(model, value, &text, &error);

    if (run_keep_error(run, r, &error) < 0)
        return NULL;
    char *copy = fm_alloc(run, text.length + 1);
    return copy ? memcpy(copy, buf_string(&text), text.length + 1) : NULL;
}

int run_take_parameters(struct fm_run *run, const char *json, size_t length, struct fm_error *error)
{
    const struct fm_model *model = run->flow->parameters;
    void *parameters = fm_alloc(run, model->size);

    if (!parameters)
        return fail_without_memory(error);
    run->parameters = parameters;
    return run_decode(run, model, NULL, json, length, parameters, error);
}

/* ---- what a flow may ask --------------------------------------------------------------------- */

const char *fm_run_id(const struct fm_run *run)
{
    return run->id;
}

const char *fm_run_name(const struct fm_run *run)
{
    return run->name;
}

const char *fm_flow_name(const struct fm_run *run)
{
    return run->flow_name;
}

const char *fm_task_run_id(const struct fm_run *run)
{
    return run->task_run_name ? run->task_run_id : NULL;
}

struct fm_client *fm_run_client(struct fm_run *run)
{
    return run->client;
}

static const struct fm_error told_to_end = {.code = FM_CANCELLED,
                                            .message = "the flow run is to end"};

int fm_check(struct fm_run *run)
{
    return run_keep_error(run, run_interruption(run) < 0 ? FM_CANCELLED : 0, &told_to_end);
}

int fm_sleep(struct fm_run *run, double seconds)
{
    return run_keep_error(run, client_sleep(run->client, seconds), &told_to_end);
}

void fm_log(struct fm_run *run, enum fm_level level, const char *format, ...)
{
    va_list args;

    const struct log_source source = {
        .logger = run->task_run_name ? TASK_LOGGER : RUN_LOGGER,
        .flow_run_id = run->id,
        .task_run_id = run->task_run_name ? run->task_run_id : NULL,
        .name = run->task_run_name ? run->task_run_name : run->name,
    };

    va_start(args, format);
    run_log_add(run->log, &source, level, format, args);
    va_end(args);
}
