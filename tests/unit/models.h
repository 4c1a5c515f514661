/* What the tests of models share. */
#pragma once

#include <stdlib.h>
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

/* ---- bare values ----------------------------------------------------------------------------- */

/* The schema of the field `value`, without its title and default. */
static inline void assert_value_schema(const struct fm_model *model, const char *expected)
{
    struct fm_error error = {.message = ""};
    buf_auto text = BUF_INIT;

    if (model_schema(model, NULL, &text, &error) < 0)
        fail_msg("%s", error.message);
    json_auto_t *schema = json_loads(buf_string(&text), 0, NULL);
    json_t *value = json_object_get(json_object_get(schema, "properties"), "value");
    json_object_del(value, "title");
    char *own = json_dumps(value, 0);
    assert_same_json(own, expected);
    free(own);
}

/* The message of decoding a bare value; "" if it succeeded. */
static inline const char *read_bare(const struct fm_model *model, const char *json, void *ret_value)
{
    static struct fm_error error;
    static struct arena arena;
    problem_list_auto problems = {0};

    arena_release(&arena);
    error.message[0] = '\0';
    int r = model_decode_bare(model, json, strlen(json), &arena, ret_value, &problems, &error);
    assert_true(r == 0 || r == FM_INVALID);
    return error.message;
}

static inline void assert_written(const struct fm_model *model, const void *value,
                                  const char *expected)
{
    struct fm_error error = {.message = ""};
    buf_auto text = BUF_INIT;

    int r = model_encode_bare(model, value, &text, &error);
    assert_string_equal(r < 0 ? error.message : buf_string(&text), expected);
}

/* What is read from `json` is written as `expected`. */
static inline void assert_becomes(const struct fm_model *model, const char *json,
                                  const char *expected)
{
    _Alignas(max_align_t) char value[512];

    assert_true(model->size <= sizeof(value));
    assert_string_equal(read_bare(model, json, value), "");
    assert_written(model, value, expected);
}

static inline void assert_refused(const struct fm_model *model, const char *json,
                                  const char *message)
{
    char value[512];

    memset(value, 0x5a, sizeof(value));
    assert_string_equal(read_bare(model, json, value), message);
    for (size_t i = 0; i < sizeof(value); i++)
        assert_int_equal(value[i], 0x5a);
}
