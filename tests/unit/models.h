/* What the tests of models share. */
#pragma once

#include <string.h>

#include "tests/unit/unit.h"

#include "lib/model.h"
#include "json/text.h"

static inline void assert_same_json(const char *text, const char *expected)
{
    json_t *a = json_loads(text, JSON_DECODE_ANY, NULL);
    json_t *b = json_loads(expected, JSON_DECODE_ANY, NULL);

    assert_non_null(b);
    if (!a || !json_same(a, b))
        fail_msg("%s\nis not\n%s", text, expected);
    json_decref(a);
    json_decref(b);
}

static inline void assert_schema(const struct fm_model *model, const struct fm_setting *initial,
                                 const char *expected)
{
    struct fm_error error;
    buf_auto schema = BUF_INIT;

    assert_int_equal(model_schema(model, initial, &schema, &error), 0);
    assert_same_json(buf_string(&schema), expected);
}

/* The message of decoding; "" if it succeeded. */
static inline const char *decode(const struct fm_model *model, const char *json, void *ret_value)
{
    static struct fm_error error;
    static struct arena arena;
    problem_list_auto problems = {0};

    arena_release(&arena);
    error.message[0] = '\0';
    int r = model_decode(model, NULL, json, strlen(json), &arena, ret_value, &problems, &error);
    if (r < 0)
        assert_int_equal(r, FM_INVALID);
    return error.message;
}
