/* Single calls of the server's API. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fermata/base.h>

struct fm_client;

/* A client of the API at `url` ("http://127.0.0.1:4200/api"). NULL: the one that FERMATA_API_URL
 * names, else PREFECT_API_URL, else http://127.0.0.1:4200/api. A password or a key is taken from
 * FERMATA_API_AUTH_STRING ("name:password") or FERMATA_API_KEY, else from the same with PREFECT_.
 * Says nothing to the server yet. Connections are kept and used again; calls may be made from many
 * threads at once. */
int fm_client_create(const char *url, struct fm_client **ret_client, struct fm_error *error);
void fm_client_destroy(struct fm_client *client); /* no call may be under way; NULL is allowed */
const char *fm_client_url(const struct fm_client *client); /* without a slash at its end */

/* Ends all calls that are under way, and all later ones, with FM_CANCELLED. Thread-safe. */
void fm_client_interrupt(struct fm_client *client);

struct fm_call {
    double wait;                 /* seconds to hold the answer back: `Prefer: wait=N`; 0: not */
    const char *if_none_match;   /* an `etag` that was got before */
    const char *idempotency_key; /* of a write: makes it safe to send again, see fm_new_id */
    const char *lease;           /* holds a run: "45; holder=UUID", see docs/api.md */
    double timeout;              /* seconds for one try, beside `wait`; 0: 60 */
    int retries;                 /* 0: 5; negative: none */
    bool end_;                   /* of the macro's, here and below */
};

struct fm_reply {
    int status; /* HTTP's: 200, 404, ... */
    char *body; /* never NULL after success, NUL-terminated; empty for 204 and 304 */
    size_t length;
    char etag[128]; /* "" if there is none */
    double wait;    /* what `Preference-Applied: wait=N` says; negative: it was not applied */
};

/* One call: `path` comes behind the client's URL ("/flow_runs/filter") and is escaped by the
 * caller; `body` is JSON or NULL. Any answer of a server is a success here, whatever its status.
 * 408, 429, 502, 503 and broken connections are tried again with growing pauses; a server that was
 * never reached is not. Optional arguments are fields of struct fm_call:
 *
 *     fm_client_call(client, "POST", "/flow_runs/filter", "{}", &reply, &error, .wait = 30)
 */
#define fm_client_call(client, method, path, body, reply, ...)                                     \
    FM_CLIENT_CALL_(client, method, path, body, reply, __VA_ARGS__, .end_ = false)
#define FM_CLIENT_CALL_(client, method, path, body, reply, error, ...)                             \
    fm_client_call_with(client, method, path, body, &(struct fm_call){__VA_ARGS__}, reply, error)
int fm_client_call_with(struct fm_client *client, const char *method, const char *path,
                        const char *body, const struct fm_call *call, struct fm_reply *ret_reply,
                        struct fm_error *error);
void fm_reply_release(struct fm_reply *reply); /* frees the body; twice is harmless */

/* 0 if the reply's status is 2xx or 304; else the code that fits it, and as the message what the
 * body says was wrong. */
int fm_reply_check(const struct fm_reply *reply, struct fm_error *error);

/* `text` as one segment of a path, percent-encoded; NULL without memory. Free it. */
char *fm_path_segment(const char *text);

/* The path of a deployment that is named by "FLOW/DEPLOYMENT", or by its id. FM_INVALID: it is
 * neither. Free it. */
int fm_deployment_path(const char *name, char **ret_path, struct fm_error *error);
