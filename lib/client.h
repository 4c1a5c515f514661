/* What the library's other parts need of a client beside its public face. */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "include/fermata.h"

/* Sleeps; FM_CANCELLED if the client was interrupted before or meanwhile. */
int client_sleep(struct fm_client *client, double seconds);

/* A second client of the same API, which knows as well that there is a server. */
int client_create_like(struct fm_client *client, struct fm_client **ret_client,
                       struct fm_error *error) MUST_CHECK;

/* The API's address for people and logs: a name and password in it are left out. */
const char *client_shown_url(const struct fm_client *client);

/* Lets calls be made again after fm_client_interrupt. */
void client_reopen(struct fm_client *client);

/* A call that has to succeed: any status that fm_reply_check refuses is an error. `body` may be
 * NULL; a buffer that has failed is an error too. `ret_json` (may be NULL) gets the reply's JSON, a
 * new reference. */
int api_call(struct fm_client *client, const char *method, const char *path, const struct buf *body,
             const struct fm_call *call, json_t **ret_json, struct fm_error *error);

/* A string member of an object that has to be there; FM_FAILED if it is not. Borrowed. */
int api_string(const json_t *object, const char *key, const char **ret_string,
               struct fm_error *error);
