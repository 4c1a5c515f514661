#include "server/orchestration/run_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"

#define MESSAGE_LIMIT 100000       /* bytes of a state's message, which may be a whole result */
#define TIGHT         (5 * MINUTE) /* between states whose order might be in doubt */

/* ---- what a run belongs to ---- */

/* In the order of the columns below: a name, its tags. */
enum {
    COLUMN_RUN_TAGS,
    COLUMN_FLOW_ID,
    COLUMN_FLOW_NAME,
    COLUMN_FLOW_TAGS,
    COLUMN_DEPLOYMENT_ID,
    COLUMN_DEPLOYMENT_NAME,
    COLUMN_DEPLOYMENT_TAGS,
    COLUMN_TASK_RUN_ID,
    COLUMN_TASK_RUN_NAME,
    COLUMN_TASK_RUN_TAGS,
    COLUMN_WORK_QUEUE_ID,
    COLUMN_WORK_QUEUE_NAME,
    COLUMN_WORK_POOL_ID,
    COLUMN_WORK_POOL_NAME,
    COLUMN_WORK_POOL_TYPE,
};

#define SELECT_RELATIONS                                                                           \
    "SELECT r.tags, f.id, f.name, f.tags, d.id, d.name, d.tags, t.id, t.name,"                     \
    " t.tags, r.work_queue_id, r.work_queue_name, p.id, p.name, p.type"                            \
    " FROM flow_runs r JOIN flows f ON f.id = r.flow_id"                                           \
    " LEFT JOIN deployments d ON d.id = r.deployment_id"                                           \
    " LEFT JOIN task_runs t ON t.id = r.parent_task_run_id"                                        \
    " LEFT JOIN work_pools p ON p.id = r.work_pool_id WHERE r.id = ?"

static const struct {
    const char *role;
    const char *kind;
    int id, name;
} relations[] = {
    {"flow", "prefect.flow", COLUMN_FLOW_ID, COLUMN_FLOW_NAME},
    {"deployment", "prefect.deployment", COLUMN_DEPLOYMENT_ID, COLUMN_DEPLOYMENT_NAME},
    {"work-queue", "prefect.work-queue", COLUMN_WORK_QUEUE_ID, COLUMN_WORK_QUEUE_NAME},
    {"task-run", "prefect.task-run", COLUMN_TASK_RUN_ID, COLUMN_TASK_RUN_NAME},
};

static const int tag_columns[] = {COLUMN_RUN_TAGS, COLUMN_FLOW_TAGS, COLUMN_DEPLOYMENT_TAGS,
                                  COLUMN_TASK_RUN_TAGS};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each tag once, in their order. */
static void relate_tags(struct made_event *made, const struct rows *rows)
{
    json_auto_t *lists = json_array();
    size_t total = 0;
    size_t count = 0;
    size_t i, j;
    json_t *list;
    json_t *tag;

    for (i = 0; i < COUNT_OF(tag_columns); i++) {
        const char *text = rows_text(rows, tag_columns[i]);
        list = text && strcmp(text, "[]") != 0 ? json_loads(text, 0, NULL) : NULL;
        total += json_array_size(list);
        json_array_append_new(lists, list);
    }
    if (total == 0)
        return;
    const char **tags = arena_alloc(txn_arena(made->txn), total * sizeof(*tags));
    json_array_foreach(lists, i, list)
        json_array_foreach(list, j, tag)
            tags[count++] = json_string_value(tag);
    qsort(tags, count, sizeof(*tags), by_name);
    for (i = 0; i < count; i++)
        if (i == 0 || strcmp(tags[i - 1], tags[i]) != 0)
            made_event_relate(made, "tag", "prefect.tag", tags[i], NULL);
}

int run_event_relate(struct made_event *made, const char *flow_run_id)
{
    rows_auto rows = {0};
    int found = db_first(made->txn, &rows, SELECT_RELATIONS, V(flow_run_id));

    if (found <= 0)
        return found;
    for (size_t i = 0; i < COUNT_OF(relations); i++)
        if (!rows_is_null(&rows, relations[i].id))
            made_event_relate(made, relations[i].role, relations[i].kind,
                              rows_text(&rows, relations[i].id),
                              rows_text(&rows, relations[i].name));
    if (!rows_is_null(&rows, COLUMN_WORK_POOL_ID))
        made_event_relate_work_pool(made, rows_text(&rows, COLUMN_WORK_POOL_ID),
                                    rows_text(&rows, COLUMN_WORK_POOL_NAME),
                                    rows_text(&rows, COLUMN_WORK_POOL_TYPE));
    relate_tags(made, &rows);
    return 0;
}

/* ---- states ---- */

/* As much of a message as an event has room for. */
static const char *shown_message(struct txn *txn, const char *message)
{
    size_t length = message ? strlen(message) : 0;

    if (length <= MESSAGE_LIMIT)
        return message ? message : "";
    for (length = MESSAGE_LIMIT; (message[length] & 0xc0) == 0x80;)
        length--; /* not within a character */
    return arena_printf(txn_arena(txn), "%.*s…", (int)length, message);
}

static void write_state(struct json_writer *writer, struct txn *txn, const struct state *state)
{
    if (state->type == STATE_NONE) {
        json_add_null(writer);
        return;
    }
    json_begin_object(writer);
    json_key(writer, "type");
    json_add_string(writer, state_type_names[state->type]);
    json_key(writer, "name");
    json_add_string(writer, state->name);
    if (state->message && *state->message) {
        json_key(writer, "message");
        json_add_string(writer, shown_message(txn, state->message));
    }
    if (state->type == STATE_PAUSED) {
        json_key(writer, "pause_reschedule");
        json_add_string(writer, state_detail_flag(state, "pause_reschedule") ? "true" : "false");
    }
    json_end_object(writer);
}

static void write_payload(struct json_writer *writer, struct txn *txn, const struct state *from,
                          const struct state *to)
{
    json_key(writer, "intended");
    json_begin_object(writer);
    json_key(writer, "from");
    json_add_string(writer, state_type_names[from->type]);
    json_key(writer, "to");
    json_add_string(writer, state_type_names[to->type]);
    json_end_object(writer);
    json_key(writer, "initial_state");
    write_state(writer, txn, from);
    json_key(writer, "validated_state");
    write_state(writer, txn, to);
}

static void add_labels(struct made_event *made, const struct flow_run *run,
                       const struct state *state)
{
    char count[24];
    char timestamp[TIME_SIZE + sizeof("+00:00")];

    snprintf(count, sizeof(count), "%lld", (long long)run->run_count);
    time_format(state->timestamp, timestamp);
    strcpy(strchr(timestamp, 'Z'), "+00:00"); /* as clients write it in labels */
    made_event_label(made, "prefect.run-count", count);
    made_event_label(made, "prefect.state-message", shown_message(made->txn, state->message));
    made_event_label(made, "prefect.state-name", state->name);
    made_event_label(made, "prefect.state-timestamp", timestamp);
    made_event_label(made, "prefect.state-type", state_type_names[state->type]);
}

int run_event_make(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    const char *name = arena_printf(txn_arena(txn), "prefect.flow-run.%s", state->name);
    made_event_auto made = {0};

    made_event_begin(&made, txn, name, "prefect.flow-run", run->id, run->name);
    id_copy(made.event.id, state->id);
    made.event.occurred = state->timestamp;
    if (run->state.type != STATE_NONE && state->timestamp - run->state.timestamp < TIGHT)
        id_copy(made.event.follows, run->state.id);
    add_labels(&made, run, state);
    write_payload(&made.payload, txn, &run->state, state);
    if (run_event_relate(&made, run->id) < 0)
        return -1;
    return made_event_record(&made);
}
