/* Inside of the decoder: decode.c reads what holds other values, decode_single.c the rest. */
#pragma once

#include "lib/model.h"

struct decoder {
    struct arena *arena;
    struct fm_problems *problems;
    struct fm_error *error;
    struct buf path; /* of the value that is being read: "address.streets[2]" */
    int depth;
    int trying;   /* arms of unions of which nobody knows yet whether they are the right ones */
    size_t spent; /* on those inside of others: bytes that were taken, and some for each value */
};

/* Each gives 0 also where it has added a problem; negative only where reading cannot go on. What
 * `to` points at was zeroed. */
typedef int decode_function(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                            void *to);
decode_function decode_string, decode_integer, decode_number, decode_boolean, decode_date,
    decode_time, decode_datetime, decode_uuid, decode_bytes, decode_json;

/* Adds "must be WHAT" and returns 0. */
int must_be(struct decoder *decoder, const char *what);

/* Memory for the result. NULL: there is none. */
void *decoder_take(struct decoder *decoder, size_t size);
char *decoder_take_text(struct decoder *decoder, const char *text);
