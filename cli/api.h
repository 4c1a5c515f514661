/* Calls of the API. */
#pragma once

#include <jansson.h>

#include "cli/command.h"
#include "include/fermata.h"

struct api_reply {
    int status;
    char *text; /* the body as it came */
    size_t length;
    json_t *json; /* the same parsed, NULL if it is not JSON */
    double wait;  /* see struct fm_reply */
    char etag[128];
};

#define api_reply_auto CLEANUP(api_reply_release) struct api_reply
void api_reply_release(struct api_reply *reply);

/* One call. Any answer is a success, whatever its status. `options` may be NULL. A POST is done
 * once however often it has to be sent. EHOSTUNREACH: no server answered. */
int api_request(struct fm_client *client, const char *method, const char *path, const json_t *body,
                const struct fm_call *options, struct api_reply *ret_reply, struct error *error);

/* The error that the reply's status and body tell of; 0 if it is none. */
int api_check(const struct api_reply *reply, struct error *error);

/* GET and POST; only 2xx with JSON is a success. `body` is taken, NULL means no memory. */
int api_get(struct cli *cli, const char *path, struct api_reply *ret_reply, struct error *error);
int api_post(struct cli *cli, const char *path, json_t *body, struct api_reply *ret_reply,
             struct error *error);

/* Any other method: a 2xx is a success, with JSON or without. `body` is taken; NULL: none. */
int api_send(struct cli *cli, const char *method, const char *path, json_t *body,
             struct api_reply *ret_reply, struct error *error);

/* The client, made when it is first needed. */
int api_connect(struct cli *cli, struct error *error);

/* The id of the flow run that `text` means: an id, a name, or what one id alone begins with. */
int api_find_run(struct cli *cli, const char *text, char ret_id[static FM_ID_SIZE],
                 struct error *error);

/* A member that is a string, else NULL. */
const char *member_text(const json_t *object, const char *key);

/* Prints JSON for a script: the text as it came, and a line end. On a terminal what could steer it
 * is escaped. */
void print_json(struct cli *cli, const struct api_reply *reply);

/* Prints the member `key` of each row, a line each: what --quiet shows of a list. */
void print_members(struct cli *cli, const json_t *rows, const char *key);

/* Prints the error, and the way out if no server answered; returns STATUS_FAILED. */
int fail_with(const struct error *error);
