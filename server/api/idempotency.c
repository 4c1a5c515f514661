#include "server/api/idempotency.h"

#include <sodium.h>
#include <string.h>

#include "common/times.h"
#include "server/secrets/secrets.h"

/* Kept in the place of a status where the reply had to wait: the same request joins the wait. */
#define STILL_WAITING 0
#define THEN_TIME     (30 * SECOND)

static const char *key_of(const struct request *request)
{
    if (!(request->route->flags & ROUTE_IDEMPOTENT))
        return NULL;
    return http_request_header(request->http, HTTP_HEADER_IDEMPOTENCY_KEY);
}

/* A key counts for one method and path. */
static const char *scope_of(struct txn *txn, const struct request *request)
{
    return arena_printf(txn_arena(txn), "%s %s", http_method_name(request->route->method),
                        http_request_path(request->http));
}

static void hash_body(const struct request *request, char ret_hex[static 65])
{
    unsigned char hash[32];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)request->body_text,
                       strlen(request->body_text), NULL, 0);
    sodium_bin2hex(ret_hex, 65, hash, sizeof(hash));
}

typedef int sealing(const struct secrets *secrets, const char *text, const char *place,
                    struct arena *arena, const char **ret_text, struct error *error);

/* What is kept where secrets are sent is sealed, for this key of this route. */
static int seal_secret(struct txn *txn, const struct request *request, sealing *change,
                       const char *text, const char **ret_text)
{
    *ret_text = text;
    if (!(request->route->flags & ROUTE_SECRET))
        return 0;
    const char *place =
        arena_printf(txn_arena(txn), "%s %s", scope_of(txn, request), key_of(request));
    return change(api_config(request->api)->secrets, text, place, txn_arena(txn), ret_text,
                  txn_error(txn));
}

int idempotency_begin(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *key = key_of(request);
    const char *first_hash, *body;
    rows_auto rows = {0};
    char hash[65];

    if (!key)
        return 0;
    if (!*key || strlen(key) > IDEMPOTENCY_KEY_LENGTH) {
        reply_detail(reply, 422, "Invalid Idempotency-Key: it has to have 1 to %d characters.",
                     IDEMPOTENCY_KEY_LENGTH);
        return 1;
    }
    int found = db_first(txn, &rows,
                         "SELECT request_hash, status, body FROM idempotency_keys"
                         " WHERE route = ? AND key = ? AND created > ?",
                         V(scope_of(txn, request)), V(key), V(txn_now(txn) - IDEMPOTENCY_KEPT));
    if (found <= 0)
        return found;
    hash_body(request, hash);
    if (seal_secret(txn, request, secrets_unseal, rows_text(&rows, 0), &first_hash) < 0 ||
        seal_secret(txn, request, secrets_unseal, rows_text(&rows, 2), &body) < 0)
        return -1;
    if (strcmp(hash, first_hash) != 0)
        reply_detail(reply, 422,
                     "This Idempotency-Key was used with another body; use a new key for a new "
                     "request.");
    else if (rows_integer(&rows, 1) == STILL_WAITING)
        request_then(request, body, txn_now(txn) + THEN_TIME);
    else
        reply_json(reply, (int)rows_integer(&rows, 1), body);
    return 1;
}

int idempotency_end(struct txn *txn, struct request *request, const struct http_reply *reply)
{
    const char *key = key_of(request);
    const char *kept_hash, *kept_body;
    char hash[65];

    if (!key)
        return 0;
    hash_body(request, hash);
    if (seal_secret(txn, request, secrets_seal, hash, &kept_hash) < 0 ||
        seal_secret(txn, request, secrets_seal,
                    request->subject ? request->subject : buf_string(&reply->body), &kept_body) < 0)
        return -1;
    const char *scope = scope_of(txn, request);
    if (db_run(txn, "DELETE FROM idempotency_keys WHERE route = ? AND key = ?", V(scope), V(key)) <
        0)
        return -1;
    int r = db_run(txn,
                   "INSERT INTO idempotency_keys (route, key, created, request_hash, status, body)"
                   " VALUES (?, ?, ?, ?, ?, ?)",
                   V(scope), V(key), V(txn_now(txn)), V(kept_hash),
                   V(request->subject ? STILL_WAITING : reply->status), V(kept_body));
    return r < 0 ? -1 : 0;
}
