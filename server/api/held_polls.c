#include "server/api/held_polls.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/flow_run.h"

#define DIGEST_SIZE 16

/* What a connection's requests leave for its next ones. */
struct note {
    int64_t answered;                 /* when the last poll was; monotonic */
    unsigned char asked[DIGEST_SIZE]; /* by it; zeros: there was none */
    char paused[ID_SIZE];             /* the run that entered PAUSED; "": none did */
};

_Static_assert(sizeof(struct note) <= HTTP_NOTE_SIZE, "the note does not fit");

static struct note *note_of(struct request *request)
{
    return http_request_note(request->http);
}

/* Who asks with Prefer or If-None-Match has said how long it waits. */
static bool may_hold(const struct request *request)
{
    return !request->wait_until && !http_request_header(request->http, HTTP_HEADER_PREFER) &&
           !http_request_header(request->http, HTTP_HEADER_IF_NONE_MATCH);
}

static bool is_inside_flow(const struct request *request)
{
    return http_request_header(request->http, HTTP_HEADER_FLOW_ID) != NULL;
}

/* ---- questions that come again ---- */

/* Notes the question. How long after the answer to the same one it comes; 0: it is the first. */
static int64_t ask_again(struct request *request, const char *about, const char *text)
{
    struct note *note = note_of(request);
    unsigned char asked[DIGEST_SIZE];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof(asked));
    crypto_generichash_update(&state, (const unsigned char *)about, strlen(about) + 1);
    crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    crypto_generichash_final(&state, asked, sizeof(asked));
    request->polls = true;
    bool again = memcmp(note->asked, asked, sizeof(asked)) == 0;
    memcpy(note->asked, asked, sizeof(asked));
    return again ? time_monotonic() - note->answered : 0;
}

void poll_answered(struct request *request)
{
    if (request->polls)
        note_of(request)->answered = time_monotonic();
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int hold_runner(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t most = api_config(request->api)->hold_polls;
    const json_t *ids = json_object_get(request->body, "deployment_ids");

    (void)txn;
    (void)reply;
    if (!most || !may_hold(request))
        return 0;
    char *text = json_dumps(ids, JSON_COMPACT);
    int64_t since = text ? ask_again(request, "deployments", text) : 0;
    free(text);
    if (since)
        request_hold(request, smaller(most, since / 2));
    return 0;
}

int hold_receive(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t most = api_config(request->api)->hold_receives;

    (void)txn;
    (void)reply;
    if (!most || !may_hold(request) || !is_inside_flow(request) ||
        request_integer(request, "limit", 1) != 1 || json_object_get(request->body, "after"))
        return 0;
    if (ask_again(request, request->params[0], request->body_text))
        request_hold(request, most);
    return 0;
}

/* ---- pauses ---- */

/* The client's clock began a moment after the server's: answered at the deadline, it would take the
 * pause for not over yet and sleep for one interval more. */
#define CLOCK_MARGIN SECOND

void poll_note_pause(struct request *request, const char *run_id)
{
    id_copy(note_of(request)->paused, run_id);
}

int hold_pause(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t most = api_config(request->api)->hold_polls;

    (void)txn;
    (void)reply;
    if (!most || !may_hold(request) || !is_inside_flow(request) ||
        strcmp(note_of(request)->paused, request->params[0]) != 0)
        return 0;
    int64_t *deadline = arena_alloc(&request->arena, sizeof(*deadline));
    *deadline = TIME_NEVER;
    request->prepared = deadline;
    request_hold(request, most);
    return 0;
}

static bool is_waiting(const struct flow_run *run, const struct request *request)
{
    char flow_id[ID_SIZE];

    return run->state.type == STATE_PAUSED && !state_detail_flag(&run->state, "pause_reschedule") &&
           id_parse(http_request_header(request->http, HTTP_HEADER_FLOW_ID), flow_id) &&
           strcmp(flow_id, run->flow_id) == 0;
}

int poll_waits_on(struct txn *txn, struct request *request)
{
    int64_t *deadline = request->prepared;
    struct flow_run run;

    if (!deadline || !request_may_wait(request, txn))
        return 0;
    int found = flow_run_load(txn, request->params[0], &run);
    if (found <= 0)
        return found;
    if (is_waiting(&run, request))
        *deadline = state_detail_time(&run.state, "pause_timeout");
    else if (run.state.type != STATE_FAILED || txn_now(txn) < *deadline)
        return 0;
    if (*deadline == TIME_NEVER)
        return 1;
    request_watch_clock(request, *deadline + CLOCK_MARGIN);
    return txn_now(txn) < *deadline + CLOCK_MARGIN;
}
