/* The schedules of deployments. */
#include <stdlib.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/api/deployments.h"
#include "server/api/routes.h"
#include "server/orchestration/deployment_schedule.h"

static const int64_t zero = 0;
static const int64_t one = 1;

const struct field deployment_schedule_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "deployment_id", .type = FIELD_ID, .doc = "The deployment that it starts."},
    {.name = "schedule",
     .type = FIELD_MAP,
     .doc = "An interval with its anchor_date, a cron with day_or, or a rrule; and a timezone."},
    {.name = "active", .type = FIELD_BOOLEAN, .doc = "Whether it makes runs."},
    {.name = "max_scheduled_runs",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .doc = "How many runs it makes ahead at the most."},
    {.name = "parameters",
     .type = FIELD_MAP,
     .doc = "What its runs are called with, over the deployment's."},
    {.name = "slug",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "A name, of which a deployment has one."},
    FIELDS_END};

const struct field schedule_body_fields[] = {
    {.name = "schedule",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "An interval with its anchor_date, a cron with day_or, or a rrule; and a timezone."},
    {.name = "active",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_NULLABLE,
     .doc = "Whether it makes runs."},
    {.name = "max_scheduled_runs",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .minimum = &one,
     .doc = "How many runs it makes ahead at the most."},
    {.name = "parameters",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "What its runs are called with, over the deployment's."},
    {.name = "slug",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "A name, of which a deployment has one."},
    {.name = "replaces",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The slug of the schedule that this one takes the place of."},
    FIELDS_END};

static const struct resource deployment_schedule = {
    .name = "Schedule", .table = "deployment_schedules", .fields = deployment_schedule_fields};

/* ---- what is sent ---- */

static const char *read_schedule(struct request *request, const json_t *json,
                                 struct problems *problems)
{
    schedule_auto schedule = NULL;
    buf_auto text = BUF_INIT;
    struct error error;

    if (!json || json_is_null(json))
        return NULL;
    if (schedule_from_json(json, time_now(), &schedule, &text, &error) < 0) {
        problems_add_at(problems, "schedule", "value_error", json, "Value error, %s",
                        error.message);
        return NULL;
    }
    return arena_strdup(&request->arena, buf_string(&text));
}

static void read_one(struct request *request, const json_t *json, struct problems *problems,
                     struct sent_schedule *ret_sent)
{
    const json_t *active = json_object_get(json, "active");
    const json_t *max_runs = json_object_get(json, "max_scheduled_runs");
    const json_t *parameters = json_object_get(json, "parameters");

    *ret_sent = (struct sent_schedule){
        .schedule = read_schedule(request, json_object_get(json, "schedule"), problems),
        .active = json_is_boolean(active) ? json_is_true(active) : -1,
        .max_runs = field_value(field_find(schedule_body_fields, "max_scheduled_runs"),
                                &request->arena, max_runs, NULL, NULL)
                        .integer,
        .slug = json_string_value(json_object_get(json, "slug")),
        .replaces = json_string_value(json_object_get(json, "replaces")),
    };
    if (json_is_object(parameters))
        ret_sent->parameters = field_value(field_find(schedule_body_fields, "parameters"),
                                           &request->arena, parameters, NULL, NULL)
                                   .text;
}

static const struct sent_schedule *find_slug(const struct sent_schedules *schedules, size_t count,
                                             const char *slug)
{
    for (size_t i = 0; slug && i < count; i++)
        if (schedules->list[i].slug && strcmp(schedules->list[i].slug, slug) == 0)
            return &schedules->list[i];
    return NULL;
}

void sent_schedules_read(struct request *request, const json_t *array, struct problems *problems,
                         struct sent_schedules *ret_schedules)
{
    bool creates = request->route->method == HTTP_POST;
    size_t i;
    json_t *json;

    ret_schedules->count = json_array_size(array);
    ret_schedules->list =
        arena_alloc(&request->arena, (ret_schedules->count + 1) * sizeof(*ret_schedules->list));
    json_array_foreach(array, i, json) {
        struct sent_schedule *sent = &ret_schedules->list[i];
        problems_enter_index(problems, i);
        read_one(request, json, problems, sent);
        if (creates && !json_is_object(json_object_get(json, "schedule")))
            problems_add_at(problems, "schedule", "missing", json, "Field required");
        if (find_slug(ret_schedules, i, sent->slug))
            problems_add_at(problems, "slug", "value_error", json_object_get(json, "slug"),
                            "Value error, another schedule here has this slug");
        problems_leave(problems);
    }
}

/* ---- writing them ---- */

static int insert_schedule(struct txn *txn, const char *deployment_id,
                           const struct sent_schedule *sent, char ret_id[static ID_SIZE])
{
    int64_t now = txn_now(txn);

    id_new(ret_id);
    int r =
        db_run(txn,
               "INSERT INTO deployment_schedules (id, created, updated, deployment_id,"
               " schedule, active, max_scheduled_runs, parameters, slug)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
               V((const char *)ret_id), V(now), V(now), V(deployment_id), V(sent->schedule),
               V(sent->active != 0), sent->max_runs ? value_integer(sent->max_runs) : value_null(),
               V(sent->parameters ? sent->parameters : "{}"), V(sent->slug));
    return r < 0 ? -1 : 0;
}

/* What was not sent stays. How many rows there were. */
static int change_schedule(struct txn *txn, const char *id, const struct sent_schedule *sent)
{
    return db_run(txn,
                  "UPDATE deployment_schedules SET updated = ?, schedule = COALESCE(?, schedule),"
                  " active = COALESCE(?, active),"
                  " max_scheduled_runs = COALESCE(?, max_scheduled_runs),"
                  " parameters = COALESCE(?, parameters), slug = COALESCE(?, slug) WHERE id = ?",
                  V(txn_now(txn)), V(sent->schedule),
                  sent->active < 0 ? value_null() : value_integer(sent->active),
                  sent->max_runs ? value_integer(sent->max_runs) : value_null(),
                  V(sent->parameters), V(sent->slug), V(id));
}

int deployment_schedules_replace(struct txn *txn, const char *deployment_id,
                                 const struct sent_schedules *schedules)
{
    char id[ID_SIZE];

    if (db_run(txn, "DELETE FROM deployment_schedules WHERE deployment_id = ?", V(deployment_id)) <
        0)
        return -1;
    for (size_t i = 0; i < schedules->count; i++)
        if (insert_schedule(txn, deployment_id, &schedules->list[i], id) < 0)
            return -1;
    return 0;
}

/* The id of the deployment's schedule with this slug. 1, 0 or -1. */
static int find_by_slug(struct txn *txn, const char *deployment_id, const char *slug,
                        char ret_id[static ID_SIZE])
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id FROM deployment_schedules WHERE deployment_id = ? AND slug = ?",
                         V(deployment_id), V(slug));

    if (found > 0)
        id_copy(ret_id, rows_text(&rows, 0));
    return found;
}

/* Whether the deployment has schedules and each has a slug; -1 on failure. */
static int has_slugs(struct txn *txn, const char *deployment_id)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT COUNT(*), COUNT(slug) FROM deployment_schedules"
                         " WHERE deployment_id = ?",
                         V(deployment_id));

    if (found < 0)
        return -1;
    return rows_integer(&rows, 0) > 0 && rows_integer(&rows, 0) == rows_integer(&rows, 1);
}

/* Whether an earlier one of them takes the place of the same schedule. */
static bool replaces_twice(const struct sent_schedules *schedules, size_t i)
{
    const char *replaces = schedules->list[i].replaces;

    for (size_t k = 0; k < i; k++)
        if (schedules->list[k].replaces && strcmp(schedules->list[k].replaces, replaces) == 0)
            return true;
    return false;
}

static bool is_replaced(const struct sent_schedules *schedules, const char *slug)
{
    for (size_t i = 0; i < schedules->count; i++)
        if (schedules->list[i].replaces && strcmp(schedules->list[i].replaces, slug) == 0)
            return true;
    return false;
}

/* Two that take the place of the same one, or one with the slug of another that stays. 1: the
 * reply says so. */
static int refuse_renames(struct txn *txn, struct http_reply *reply, const char *deployment_id,
                          const struct sent_schedules *schedules)
{
    char id[ID_SIZE];

    for (size_t i = 0; i < schedules->count; i++) {
        const struct sent_schedule *sent = &schedules->list[i];
        if (!sent->replaces)
            continue;
        if (replaces_twice(schedules, i)) {
            reply_detail(reply, 422,
                         "Multiple schedules have 'replaces' targeting the same slug: %s",
                         sent->replaces);
            return 1;
        }
        int found = is_replaced(schedules, sent->slug)
                        ? 0
                        : find_by_slug(txn, deployment_id, sent->slug, id);
        if (found < 0)
            return -1;
        if (found) {
            reply_detail(reply, 422,
                         "Cannot rename schedule from '%s' to '%s': a schedule with slug '%s' "
                         "already exists.",
                         sent->replaces, sent->slug, sent->slug);
            return 1;
        }
    }
    return 0;
}

/* Changes the schedules that the deployment has under these slugs, and adds the others. */
static int update_by_slug(struct txn *txn, struct http_reply *reply, const char *deployment_id,
                          const struct sent_schedules *schedules)
{
    char(*ids)[ID_SIZE] = arena_alloc(txn_arena(txn), (schedules->count + 1) * sizeof(*ids));
    int refused = refuse_renames(txn, reply, deployment_id, schedules);

    if (refused)
        return refused;
    /* All are looked up before the first one gives up its slug. */
    for (size_t i = 0; i < schedules->count; i++) {
        const struct sent_schedule *sent = &schedules->list[i];
        const char *slug = sent->replaces ? sent->replaces : sent->slug;
        int found = find_by_slug(txn, deployment_id, slug, ids[i]);
        if (found < 0)
            return -1;
        if (!found && !sent->schedule) {
            reply_detail(reply, 422,
                         "Unable to create new deployment schedules without a schedule "
                         "configuration.");
            return 1;
        }
        if (!found)
            ids[i][0] = '\0';
    }
    for (size_t i = 0; i < schedules->count; i++)
        if (schedules->list[i].replaces && *ids[i] &&
            db_run(txn, "UPDATE deployment_schedules SET slug = NULL WHERE id = ?",
                   V((const char *)ids[i])) < 0)
            return -1;
    for (size_t i = 0; i < schedules->count; i++) {
        const struct sent_schedule *sent = &schedules->list[i];
        int r = *ids[i] ? change_schedule(txn, ids[i], sent)
                        : insert_schedule(txn, deployment_id, sent, ids[i]);
        if (r < 0)
            return -1;
    }
    return 0;
}

int deployment_schedules_update(struct txn *txn, struct http_reply *reply,
                                const char *deployment_id, const struct sent_schedules *schedules)
{
    int slugs = has_slugs(txn, deployment_id);

    if (slugs < 0)
        return -1;
    for (size_t i = 0; i < schedules->count; i++) {
        if (slugs && !schedules->list[i].slug) {
            reply_detail(reply, 422,
                         "Please provide a slug for each schedule in your request to ensure "
                         "schedules are updated correctly.");
            return 1;
        }
        if (!slugs && !schedules->list[i].schedule) {
            reply_detail(reply, 422,
                         "Unable to create new deployment schedules without a schedule "
                         "configuration.");
            return 1;
        }
    }
    if (slugs)
        return update_by_slug(txn, reply, deployment_id, schedules);
    return deployment_schedules_replace(txn, deployment_id, schedules);
}

/* ---- giving them back ---- */

static int write_schedules(struct txn *txn, struct json_writer *writer, const char *deployment_id)
{
    sql_auto sql = {0};

    resource_select(&deployment_schedule, &sql);
    sql_add(&sql, " WHERE r.deployment_id = ? ORDER BY r.updated DESC, r.seq");
    sql_bind(&sql, V(deployment_id));
    json_begin_array(writer);
    int r = reply_rows(txn, writer, deployment_schedule_fields, &sql);
    json_end_array(writer);
    return r < 0 ? -1 : 0;
}

/* A failure stays in the transaction, and so becomes that of the request. */
void deployment_schedules_write(struct json_writer *writer, const struct rows *rows, int column)
{
    const char *id = arena_strdup(txn_arena(rows->txn), rows_text(rows, column));

    (void)write_schedules(rows->txn, writer, id);
}

/* ---- handlers ---- */

static int find_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT 1 FROM deployments WHERE id = ?", V(request->params[0]));

    if (found == 0)
        reply_detail(reply, 404, "Deployment not found.");
    return found;
}

/* Has the scheduler make the runs anew. */
static int changed(struct txn *txn, const char *deployment_id, unsigned unschedule)
{
    if (deployment_unschedule(txn, deployment_id, unschedule) < 0 ||
        deployment_reschedule(txn, deployment_id) < 0)
        return -1;
    txn_publish(txn, "deployments");
    return 0;
}

static int list_schedules(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    int found = find_deployment(txn, request, reply);

    if (found <= 0)
        return found;
    reply_begin(reply, 200, &writer);
    return write_schedules(txn, &writer, request->params[0]) < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

static int prepare_schedules(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct sent_schedules *schedules = arena_alloc(&request->arena, sizeof(*schedules));
    problems_auto problems = {0};

    (void)txn;
    request->prepared = schedules;
    problems_init(&problems, "body");
    sent_schedules_read(request, request->body, &problems, schedules);
    if (!problems_any(&problems))
        return 0;
    reply_problems(reply, request, &problems);
    return 1;
}

/* Whether another schedule of the deployment has the slug. 1: the reply says so. */
static int refuse_slug(struct txn *txn, struct http_reply *reply, const char *deployment_id,
                       const char *slug, const char *own_id)
{
    char id[ID_SIZE];
    int found = slug ? find_by_slug(txn, deployment_id, slug, id) : 0;

    if (found <= 0 || (own_id && strcmp(id, own_id) == 0))
        return found < 0 ? -1 : 0;
    reply_detail(reply, 409, "Schedule slugs must be unique within a deployment.");
    return 1;
}

static int create_schedules(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct sent_schedules *schedules = request->prepared;
    const char *deployment_id = request->params[0];
    struct json_writer writer;
    int r = find_deployment(txn, request, reply);

    if (r <= 0)
        return r;
    reply_begin(reply, 201, &writer);
    json_begin_array(&writer);
    for (size_t i = 0; i < schedules->count; i++) {
        sql_auto sql = {0};
        char id[ID_SIZE];
        r = refuse_slug(txn, reply, deployment_id, schedules->list[i].slug, NULL);
        if (r != 0)
            return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
        if (insert_schedule(txn, deployment_id, &schedules->list[i], id) < 0)
            return HANDLER_FAILED;
        resource_select(&deployment_schedule, &sql);
        sql_add(&sql, " WHERE r.id = ?");
        sql_bind(&sql, V((const char *)id));
        if (reply_rows(txn, &writer, deployment_schedule_fields, &sql) < 0)
            return HANDLER_FAILED;
    }
    json_end_array(&writer);
    return deployment_reschedule(txn, deployment_id) < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

static int prepare_schedule(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct sent_schedule *sent = arena_alloc(&request->arena, sizeof(*sent));
    problems_auto problems = {0};

    (void)txn;
    request->prepared = sent;
    problems_init(&problems, "body");
    read_one(request, request->body, &problems, sent);
    if (!problems_any(&problems))
        return 0;
    reply_problems(reply, request, &problems);
    return 1;
}

/* The schedule of the path, if it is one of that deployment's. */
static int find_schedule(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found = find_deployment(txn, request, reply);

    if (found <= 0)
        return found;
    found = db_first(txn, &rows,
                     "SELECT 1 FROM deployment_schedules WHERE id = ? AND deployment_id = ?",
                     V(request->params[1]), V(request->params[0]));
    if (found == 0)
        reply_detail(reply, 404, "Schedule not found.");
    return found;
}

static int update_schedule(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct sent_schedule *sent = request->prepared;
    const char *deployment_id = request->params[0];
    int r = find_schedule(txn, request, reply);

    if (r <= 0)
        return r;
    r = refuse_slug(txn, reply, deployment_id, sent->slug, request->params[1]);
    if (r != 0)
        return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (change_schedule(txn, request->params[1], sent) < 0 ||
        changed(txn, deployment_id, UNSCHEDULE_AUTO | UNSCHEDULE_FUTURE) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

static int delete_schedule(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int r = find_schedule(txn, request, reply);

    if (r <= 0)
        return r;
    if (db_run(txn, "DELETE FROM deployment_schedules WHERE id = ?", V(request->params[1])) < 0 ||
        changed(txn, request->params[0], UNSCHEDULE_AUTO) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- runs on demand ---- */

#define RUNS_AT_ONCE 1000

static const int64_t runs_at_once = RUNS_AT_ONCE;

static const struct field range_fields[] = {
    {.name = "start_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "The first time that may be taken; null: now."},
    {.name = "end_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "The last one; null: 100 days later."},
    {.name = "min_time",
     .type = FIELD_NUMBER,
     .flags = FIELD_NULLABLE,
     .minimum = &zero,
     .doc = "Seconds from the start that have to be reached; null: 3600."},
    {.name = "min_runs",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .doc = "How many runs there have to be; null: 3."},
    {.name = "max_runs",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .minimum = &zero,
     .maximum = &runs_at_once,
     .doc = "How many runs of a schedule at the most; null: 100."},
    FIELDS_END};

static int schedule_range(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *min_time = json_object_get(request->body, "min_time");
    int64_t start = request_time(request, "start_time", txn_now(txn));
    double ahead = json_is_number(min_time) ? json_number_value(min_time)
                                            : (double)(SCHEDULED_UNTIL_MIN / SECOND);
    double most = (double)(SCHEDULED_UNTIL_MAX / SECOND);
    const struct horizon horizon = {
        .start = start,
        .end = request_time(request, "end_time", start + SCHEDULED_UNTIL_MAX),
        .until = start + (int64_t)((ahead < most ? ahead : most) * (double)SECOND),
        .min_runs = request_integer(request, "min_runs", SCHEDULED_RUNS_MIN),
        .max_runs = request_integer(request, "max_runs", SCHEDULED_RUNS_MAX),
    };
    int found = find_deployment(txn, request, reply);

    if (found <= 0)
        return found;
    if (deployment_schedule_range(txn, request->params[0], &horizon) < 0)
        return HANDLER_FAILED;
    return reply_json(reply, 200, "null");
}

/* ---- routes ---- */

static const struct body schedules_body = {
    .fields = schedule_body_fields, .list = true, .most = FIELD_OBJECTS_LIMIT};
static const struct body schedule_body = {.fields = schedule_body_fields};
static const struct body range_body = {.fields = range_fields, .optional = true};

const struct route deployment_schedule_routes[] = {
    {.method = HTTP_GET,
     .path = "/api/deployments/{id}/schedules",
     .handle = list_schedules,
     .summary = "Lists a deployment's schedules.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST,
     .reply_fields = deployment_schedule_fields},
    {.method = HTTP_POST,
     .path = "/api/deployments/{id}/schedules",
     .handle = create_schedules,
     .prepare = prepare_schedules,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &schedules_body,
     .summary = "Adds schedules to a deployment.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_LIST,
     .reply_fields = deployment_schedule_fields},
    {.method = HTTP_PATCH,
     .path = "/api/deployments/{id}/schedules/{schedule_id}",
     .handle = update_schedule,
     .prepare = prepare_schedule,
     .flags = ROUTE_WRITES,
     .body = &schedule_body,
     .summary = "Changes a schedule; runs that were made ahead are made anew.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {.method = HTTP_DELETE,
     .path = "/api/deployments/{id}/schedules/{schedule_id}",
     .handle = delete_schedule,
     .flags = ROUTE_WRITES,
     .summary = "Deletes a schedule and the runs that were made ahead.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.method = HTTP_POST,
     .path = "/api/deployments/{id}/schedule",
     .handle = schedule_range,
     .flags = ROUTE_WRITES,
     .body = &range_body,
     .summary = "Makes the runs of a deployment's schedules for a span of time.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_NULL},
    {.path = NULL},
};
