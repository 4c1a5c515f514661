/*
 * Checks an answer against the schema of its input request.
 *
 * It costs CPU time, so it is made before the transaction that takes the answer; that only has to
 * see that the request is still the one that was checked against.
 */
#pragma once

#include "server/orchestration/input_request.h"

struct answer_check {
    bool schema_missing; /* the run awaits input whose schema has not arrived */
    bool valid;
    const char *reason; /* of a refusal, in the words that Prefect's clients know */
    json_t *errors;     /* [{"path", "message"}] for a person; the arena drops it */
    const char *value;  /* what is to be stored: as given, placeholders resolved */
    int64_t version;    /* of the request that was checked against */
    char request_id[ID_SIZE];
};

/* `value` is an object or NULL; `text` is its JSON as it came. The result is in `arena`. */
int answer_check(struct txn *txn, struct arena *arena, const struct input_request *request,
                 const json_t *value, const char *text, struct answer_check *ret_check) MUST_CHECK;
