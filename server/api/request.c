/* The life of a request: taken, prepared, run, perhaps parked and run again, answered. */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/api/api.h"
#include "server/api/headers.h"
#include "server/api/held_polls.h"
#include "server/api/idempotency.h"
#include "server/api/metrics.h"
#include "server/api/pages.h"
#include "server/api/router.h"
#include "server/api/sockets.h"
#include "server/log.h"
#include "json/text.h"

#define LONGEST_WAIT 600 /* seconds that a client may wait with one request */

struct api {
    struct api_config config;
    struct metrics metrics;
    bool ready;
    struct list arrived; /* jobs of a round of requests; of the loop's thread */
};

/* ---- what handlers ask of a request ---- */

const char *request_query(struct request *request, const char *name)
{
    const char *query = http_request_query(request->http);
    size_t length = strlen(name);

    while (*query) {
        size_t part = strcspn(query, "&");
        if (part > length && strncmp(query, name, length) == 0 && query[length] == '=') {
            char *value = arena_strndup(&request->arena, query + length + 1, part - length - 1);
            return url_decode(value, true) ? value : NULL;
        }
        query += part + (query[part] == '&');
    }
    return NULL;
}

const char *request_text(const struct request *request, const char *name)
{
    return json_string_value(json_object_get(request->body, name));
}

int64_t request_integer(const struct request *request, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(request->body, name);

    if (json_is_real(value))
        return (int64_t)json_real_value(value);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool request_flag(const struct request *request, const char *name, bool fallback)
{
    const json_t *value = json_object_get(request->body, name);

    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

int64_t request_time(const struct request *request, const char *name, int64_t fallback)
{
    const char *text = request_text(request, name);
    int64_t time;

    return text && time_parse(text, &time) ? time : fallback;
}

const char *request_id(struct request *request, const char *name)
{
    const char *text = request_text(request, name);
    char id[ID_SIZE];

    return text && id_parse(text, id) ? arena_strdup(&request->arena, id) : NULL;
}

const char *request_stored(struct request *request, const struct field *fields, const char *name)
{
    const json_t *value = json_object_get(request->body, name);

    if (!value || json_is_null(value))
        return NULL;
    return field_value(field_find(fields, name), &request->arena, value, request->body_text, NULL)
        .text;
}

/* ---- waiting ---- */

int request_watch(struct txn *txn, struct request *request, const char *format, ...)
{
    va_list args;

    if (!request->wait_until)
        return 0;
    va_start(args, format);
    const char *topic = arena_vprintf(txn_arena(txn), format, args);
    va_end(args);
    return live_subscribe(request->api->config.live, &request->waiter, topic, txn_error(txn));
}

void request_watch_clock(struct request *request, int64_t time)
{
    if (time < request->clock_time)
        request->clock_time = time;
}

int request_then(struct request *request, const char *subject, int64_t time)
{
    request->subject = arena_strdup(&request->arena, subject);
    request->wait_until = time;
    return HANDLER_THEN;
}

static void wait_for(struct request *request, int64_t length)
{
    request->wait_begun = time_now();
    request->wait_until = request->wait_begun + length;
}

void request_hold(struct request *request, int64_t length)
{
    request->held = true;
    wait_for(request, length);
}

bool request_may_wait(const struct request *request, const struct txn *txn)
{
    return txn_now(txn) < request->wait_until && !request->ending;
}

/* ---- answering ---- */

void api_on_free(void *context, struct http_request *http)
{
    struct request *request = http_request_data(http);

    (void)context;
    json_decref(request->body);
    buf_release(&request->reply.body);
    arena_release(&request->arena);
    free(request);
}

/* A request that may wait says that it did. */
static void add_preference_applied(struct request *request)
{
    if (request->wait_until && !request->held && (request->route->flags & ROUTE_WAITS))
        reply_header(&request->reply, "Preference-Applied",
                     arena_printf(&request->arena, "wait=%d", request->wait_seconds));
}

static void answer(struct request *request)
{
    struct http_reply *reply = &request->reply;

    if (reply->body.failed) {
        buf_release(&reply->body);
        reply_json(reply, 503,
                   "{\"exception_message\":\"Service Unavailable\","
                   "\"detail\":\"The answer is too large, or memory is short.\"}");
    }
    add_preference_applied(request);
    poll_answered(request);
    int64_t took = time_monotonic() - request->started;
    metrics_count(&request->api->metrics, request->route, reply->status, took);
    if (reply->status >= 500 && reply->status != 501)
        log_event(LOG_LEVEL_ERROR, "a request failed",
                  LOG_STRING("method", http_method_name(http_request_method(request->http))),
                  LOG_STRING("path", http_request_path(request->http)),
                  LOG_INTEGER("status", reply->status),
                  LOG_STRING("reply", buf_string(&reply->body)));
    http_reply(request->http, reply); /* frees the request, sooner or later */
}

/* What the client hears of an error of ours or of the world. */
static void reply_error(struct http_reply *reply, const struct error *error)
{
    static const struct {
        int code;
        int status;
        const char *message;
    } causes[] = {
        {ETIMEDOUT, 503, "Service Unavailable"}, {ENOMEM, 503, "Service Unavailable"},
        {EBUSY, 503, "Service Unavailable"},     {ENOSPC, 507, "Insufficient Storage"},
        {EFBIG, 413, "Content Too Large"},
    };
    struct json_writer writer;
    int status = 500;
    const char *message = "Internal Server Error";

    if (error->code == EDQUOT) { /* there are as many as there may be: a conflict like others */
        reply_detail(reply, 409, "%s", error->message);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(causes); i++) {
        if (causes[i].code == error->code) {
            status = causes[i].status;
            message = causes[i].message;
        }
    }
    reply_begin(reply, status, &writer);
    json_begin_object(&writer);
    json_key(&writer, "exception_message");
    json_add_string(&writer, message);
    json_key(&writer, "detail");
    json_add_string(&writer, error->message);
    json_end_object(&writer);
    if (error->code == EBUSY)
        reply_header(reply, "Retry-After", "5");
}

/* ---- before the transaction ---- */

/* "0.8.4" -> 8004; -1: not of that form. */
static int version_number(const char *text)
{
    int major, minor, patch, end = 0;

    if (sscanf(text, "%3d.%3d.%3d%n", &major, &minor, &patch, &end) != 3 || text[end])
        return -1;
    return major * 1000000 + minor * 1000 + patch;
}

static bool check_version(struct request *request, struct http_reply *reply)
{
    const char *version = http_request_header(request->http, HTTP_HEADER_API_VERSION);

    if (!version || (request->route->flags & ROUTE_ANY_VERSION))
        return true;
    int number = version_number(version);
    bool serves = number >= version_number(PREFECT_API_VERSION_OLDEST);
    request->from_newer_client = number > version_number(PREFECT_API_VERSION);
    if (number < 0)
        reply_detail(reply, 400,
                     "Invalid X-PREFECT-API-VERSION header: it has to be 'x.y.z', such "
                     "as " PREFECT_API_VERSION
                     ", not '%.100s'. Leave it out, or use Prefect's own client.",
                     version);
    else if (!serves)
        reply_detail(reply, 400,
                     "This client speaks version %.100s of the API, and this server "
                     "version " PREFECT_API_VERSION " and those from " PREFECT_API_VERSION_OLDEST
                     " on: install a newer client, pip install --upgrade prefect.",
                     version);
    return serves;
}

static bool check_media_type(struct request *request, struct http_reply *reply)
{
    const char *type = http_request_header(request->http, HTTP_HEADER_CONTENT_TYPE);
    size_t length = type ? strcspn(type, "; \t") : 0;

    if (!type || length == 0 || (length == 16 && strncasecmp(type, "application/json", 16) == 0) ||
        (length > 5 && strncasecmp(type + length - 5, "+json", 5) == 0))
        return true;
    reply_detail(reply, 415,
                 "The body has to be JSON: send it with Content-Type: application/json, "
                 "not %.100s.",
                 type);
    return false;
}

static bool refuse_json(struct request *request, struct http_reply *reply,
                        const struct error *error)
{
    bool secret = (request->route->flags & ROUTE_SECRET) != 0;
    problems_auto problems = {0};

    /* What is behind "line 1, column 5" repeats what stands there. */
    const char *message =
        secret ? arena_strndup(&request->arena, error->message, strcspn(error->message, ":"))
               : error->message;
    problems_init(&problems, "body");
    problems_add(&problems, "json_invalid", NULL, json_pack("{s:s}", "error", message),
                 "JSON decode error: %s", message);
    json_auto_t *echo = json_string(request->body_text);
    if (!echo)
        request->body_text = ""; /* not UTF-8: it cannot be given back in JSON */
    reply_problems(reply, request, &problems);
    return false;
}

static bool read_body(struct request *request, struct http_reply *reply)
{
    const struct body *body = request->route->body;
    problems_auto problems = {0};
    struct error error;
    size_t length;

    request->body_text = http_request_body(request->http, &length);
    if (!body)
        return true;
    problems_init(&problems, "body");
    if (length == 0 && body->optional) {
        request->body = json_object();
        return true;
    }
    if (length == 0) {
        problems_add(&problems, "missing", NULL, NULL, "Field required");
        reply_problems(reply, request, &problems);
        return false;
    }
    if (!check_media_type(request, reply))
        return false;
    request->body = json_parse(request->body_text, length, &error);
    if (!request->body)
        return refuse_json(request, reply, &error);
    if (body->optional && json_is_null(request->body)) {
        json_decref(request->body);
        request->body = json_object();
        return true;
    }
    problems.lenient = request->from_newer_client;
    body_check(body, request->body, &problems);
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return false;
    }
    return true;
}

static void read_preference(struct request *request)
{
    const char *prefer = http_request_header(request->http, HTTP_HEADER_PREFER);

    if (!prefer || !(request->route->flags & ROUTE_WAITS))
        return;
    int seconds = prefer_wait(prefer, LONGEST_WAIT);
    if (seconds < 0)
        return;
    request->wait_seconds = seconds;
    wait_for(request, seconds * SECOND);
}

static bool read_lease(struct request *request, struct http_reply *reply)
{
    const char *text = http_request_header(request->http, HTTP_HEADER_LEASE);

    if (!text || !(request->route->flags & ROUTE_LEASES) ||
        lease_parse(text, RUN_LEASE_MOST, &request->lease.seconds, request->lease.holder))
        return true;
    reply_detail(reply, 422,
                 "Invalid Fermata-Lease: it has to be 'SECONDS; holder=UUID' with 1 to %d "
                 "seconds, not '%.100s'.",
                 RUN_LEASE_MOST, text);
    return false;
}

static enum job_result prepare(struct txn *txn, struct job *job)
{
    struct request *request = list_item(job, struct request, job);
    struct http_reply *reply = &request->reply;

    if (!read_body(request, reply) || !read_lease(request, reply))
        return JOB_UNDO;
    read_preference(request);
    int r = request->route->prepare ? request->route->prepare(txn, request, reply) : 0;
    if (r < 0)
        return JOB_FAILED;
    return r ? JOB_UNDO : JOB_KEEP;
}

/* ---- the transaction ---- */

/* The route's handler, or what its first run answered to the same Idempotency-Key. */
static int handle_once(struct txn *txn, struct request *request, struct http_reply *reply)
{
    request->subject = NULL;
    int r = idempotency_begin(txn, request, reply);
    if (r != 0)
        return r < 0 ? -1 : request->subject ? HANDLER_THEN : HANDLER_DONE;
    r = request->route->handle(txn, request, reply);
    bool keep =
        r == HANDLER_THEN || (r == HANDLER_DONE && reply->status < 400 && !reply->body.failed);
    return keep && idempotency_end(txn, request, reply) < 0 ? -1 : r;
}

static enum job_result run(struct txn *txn, struct job *job)
{
    struct request *request = list_item(job, struct request, job);
    struct http_reply *reply = &request->reply;

    request->parks = false;
    if (__atomic_load_n(&request->gone, __ATOMIC_ACQUIRE))
        return JOB_UNDO;
    live_unsubscribe(request->api->config.live, &request->waiter);
    if (!job->writes && !request->goes_on && http_server_is_full(*request->api->config.http))
        return txn_fail(txn, EBUSY,
                        "the server holds as much in bodies and answers as it may: try "
                        "again in a moment");
    request->clock_time = TIME_NEVER;
    memset(reply->headers, 0, sizeof(reply->headers));
    reply->content_type = NULL;
    buf_clear(&reply->body);

    /* A write that goes on has been committed: from then on its job reads. */
    bool follows = request->goes_on && !job->writes;
    int r = follows ? request->route->then(txn, request, reply) : handle_once(txn, request, reply);
    request->parks = r == HANDLER_PARK;
    request->goes_on = follows || r == HANDLER_THEN;
    request->again = r == HANDLER_AGAIN;
    if (r == HANDLER_DONE && reply->body.failed) /* nobody would hear of what was done */
        r = txn_fail(txn, ENOMEM, "the answer is too large, or memory is short");
    if (r < 0)
        return JOB_FAILED;
    if (r == HANDLER_THEN || r == HANDLER_AGAIN)
        return JOB_KEEP;
    return request->parks || reply->status >= 400 ? JOB_UNDO : JOB_KEEP;
}

/* Parks until something changes, at the latest until the client's patience ends. */
static bool park(struct request *request)
{
    int64_t until =
        request->clock_time < request->wait_until ? request->clock_time : request->wait_until;

    return live_park(request->api->config.live, &request->waiter, until);
}

static void run_again(struct request *request)
{
    request->job.prepare = NULL; /* what it prepared holds still */
    store_submit(request->api->config.store, &request->job);
}

static void done(struct job *job, enum job_result result, const struct error *error)
{
    struct request *request = list_item(job, struct request, job);

    if (result == JOB_FAILED)
        reply_error(&request->reply, error);
    if (result != JOB_FAILED && request->parks) {
        if (park(request))
            return; /* it may be running again already, or gone */
        request->ending = live_is_ending(request->api->config.live);
        run_again(request);
        return;
    }
    if (result == JOB_KEEP && request->again) {
        run_again(request);
        return;
    }
    if (result == JOB_KEEP && request->goes_on && job->writes) {
        job->writes = false;
        run_again(request);
        return;
    }
    live_unsubscribe(request->api->config.live, &request->waiter);
    answer(request);
}

static void wake(struct waiter *waiter, enum wake_reason reason)
{
    struct request *request = list_item(waiter, struct request, waiter);

    request->ending = reason == WAKE_ENDING;
    run_again(request);
}

/* ---- taking requests ---- */

/* Who takes another address for the API's is told by these two words, here as by Prefect's server;
 * a person by the page. */
static void reply_nowhere(struct request *request, const char *method, const char *path)
{
    struct http_reply *reply = &request->reply;

    if (strncmp(path, "/api/", 5) == 0)
        reply_detail(reply, 404,
                     "There is no %s %.200s here, or an id in it is no UUID: "
                     "docs/prefect-compatibility.md lists what of Prefect's API is there.",
                     method, path);
    else if (page_is_wanted(request))
        page_reply_missing(request, reply);
    else
        reply_detail(reply, 404, "Not Found");
}

static void refuse_route(struct request *request, enum match match, const char *allow)
{
    struct http_reply *reply = &request->reply;
    const char *path = http_request_path(request->http);
    const char *method = http_method_name(http_request_method(request->http));
    size_t length = strlen(path);

    if (match == MATCH_METHOD) {
        reply_detail(reply, 405, "There is no %s for %.200s here, only %s.", method, path, allow);
        reply_header(reply, "Allow", allow);
    } else if (match == MATCH_SLASH) {
        const char *query = http_request_query(request->http);
        bool slash = path[length - 1] == '/';
        reply_nothing(reply, 307);
        reply_header(reply, "Location",
                     arena_printf(&request->arena, "%.*s%s%s%s", (int)(length - slash), path,
                                  slash ? "" : "/", *query ? "?" : "", query));
    } else if (sockets_know(path)) {
        reply_detail(reply, 426, "This is the path of a WebSocket: ask for an upgrade to one.");
        reply_header(reply, "Upgrade", "websocket");
    } else {
        reply_nowhere(request, method, path);
    }
    answer(request);
}

void api_on_request(void *context, struct http_request *http)
{
    char allow[128];

    if (sockets_accept(context, http))
        return;
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        log_out_of_memory();
    request->api = context;
    request->http = http;
    request->started = time_monotonic();
    request->arena.out_of_memory = log_out_of_memory;
    request->body_text = "";
    request->waiter.wake = wake;
    http_request_set_data(http, request);

    enum match match = router_match(request, allow);
    if (match != MATCH_FOUND) {
        refuse_route(request, match, allow);
    } else if (!check_version(request, &request->reply)) {
        answer(request);
    } else if (request->route->flags & ROUTE_NO_STORE) {
        request->route->handle(NULL, request, &request->reply);
        answer(request);
    } else {
        unsigned flags = request->route->flags;
        request->job = (struct job){.writes = (flags & ROUTE_WRITES) != 0,
                                    .reads_long = !(flags & (ROUTE_WRITES | ROUTE_WAITS)) ||
                                                  flags & ROUTE_SEARCHES,
                                    .prepare = prepare,
                                    .run = run,
                                    .done = done};
        list_append(&request->api->arrived, &request->job.node);
    }
}

/* All at once, so that the threads of the store are woken once for them. */
void api_on_round(void *context)
{
    struct api *api = context;

    store_submit_all(api->config.store, &api->arrived);
}

/* If it is parked it is answered now, to nobody; else when its run ends. */
void api_on_gone(void *context, struct http_request *http)
{
    struct api *api = context;
    struct request *request = http_request_data(http);

    __atomic_store_n(&request->gone, true, __ATOMIC_RELEASE);
    if (live_abandon(api->config.live, &request->waiter))
        answer(request);
}

/* ---- the API itself ---- */

int api_create(const struct api_config *config, struct api **ret_api, struct error *error)
{
    struct api *api = calloc(1, sizeof(*api));

    if (!api)
        return error_set(error, ENOMEM, "no memory for the API");
    api->config = *config;
    list_init(&api->arrived);
    metrics_init(&api->metrics);
    *ret_api = api;
    return 0;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    metrics_release(&api->metrics);
    free(api);
}

const struct api_config *api_config(const struct api *api)
{
    return &api->config;
}

struct metrics *api_metrics(struct api *api)
{
    return &api->metrics;
}

bool api_is_ready(const struct api *api)
{
    return __atomic_load_n(&api->ready, __ATOMIC_ACQUIRE);
}

void api_set_ready(struct api *api, bool ready)
{
    __atomic_store_n(&api->ready, ready, __ATOMIC_RELEASE);
}
