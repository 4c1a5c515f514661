#include "server/resource/problems.h"

#include <stdarg.h>
#include <string.h>

#include "common/buf.h"

#define INPUT_LIMIT 4096 /* bytes of what was sent, as JSON, that a problem shows */
#define KEY_LIMIT   200  /* bytes of a key */

void problems_init(struct problems *problems, const char *root)
{
    *problems = (struct problems){.path = json_array()};
    json_array_append_new(problems->path, json_string(root));
}

void problems_release(struct problems *problems)
{
    json_decref(problems->list);
    json_decref(problems->path);
    *problems = (struct problems){0};
}

bool problems_any(const struct problems *problems)
{
    return problems->list != NULL;
}

/* Of a key that a client made up, as much as tells which it is. */
void problems_enter(struct problems *problems, const char *key)
{
    size_t length = strnlen(key, KEY_LIMIT + 1);

    if (length <= KEY_LIMIT) {
        json_array_append_new(problems->path, json_string(key));
        return;
    }
    for (length = KEY_LIMIT; (key[length] & 0xc0) == 0x80;)
        length--; /* not within a character */
    json_array_append_new(problems->path, json_sprintf("%.*s…", (int)length, key));
}

void problems_enter_index(struct problems *problems, size_t index)
{
    json_array_append_new(problems->path, json_integer((json_int_t)index));
}

void problems_leave(struct problems *problems)
{
    json_array_remove(problems->path, json_array_size(problems->path) - 1);
}

static int count_bytes(const char *bytes, size_t length, void *context)
{
    size_t *left = context;

    (void)bytes;
    if (length > *left)
        return -1;
    *left -= length;
    return 0;
}

/* What was sent, if it is not too long to be told: a refusal must not be much larger than the
 * request. */
static json_t *shown(const json_t *input)
{
    size_t left = INPUT_LIMIT;

    if (!input || json_dump_callback(input, count_bytes, &left, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        return json_null();
    return json_incref((json_t *)input);
}

static void add(struct problems *problems, const char *type, const json_t *input, json_t *context,
                const char *message)
{
    json_t *problem = json_object();

    if (!problems->list)
        problems->list = json_array();
    if (json_array_size(problems->list) >= PROBLEMS_LIMIT) {
        json_decref(problem);
        json_decref(context);
        return;
    }
    json_object_set_new(problem, "type", json_string(type));
    json_object_set_new(problem, "loc", json_copy(problems->path));
    json_object_set_new(problem, "msg", json_string(message));
    json_object_set_new(problem, "input", shown(input));
    if (context)
        json_object_set_new(problem, "ctx", context);
    json_array_append_new(problems->list, problem);
}

void problems_add(struct problems *problems, const char *type, const json_t *input, json_t *context,
                  const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    message_format(message, format, args);
    va_end(args);
    add(problems, type, input, context, message);
}

void problems_add_too_long(struct problems *problems, const json_t *list, size_t limit)
{
    json_int_t length = (json_int_t)json_array_size(list);

    problems_add(problems, "too_long", list,
                 json_pack("{s:s, s:I, s:I}", "field_type", "List", "max_length", (json_int_t)limit,
                           "actual_length", length),
                 "List should have at most %zu items after validation, not %lld", limit,
                 (long long)length);
}

void problems_add_at(struct problems *problems, const char *key, const char *type,
                     const json_t *input, const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    message_format(message, format, args);
    va_end(args);
    problems_enter(problems, key);
    add(problems, type, input, NULL, message);
    problems_leave(problems);
}

/* ["body", "state", 0, "type"] -> "state[0].type" */
static void path_text(const json_t *loc, struct buf *text)
{
    for (size_t i = 1; i < json_array_size(loc); i++) {
        const json_t *step = json_array_get(loc, i);
        if (json_is_integer(step))
            buf_addf(text, "[%lld]", (long long)json_integer_value(step));
        else
            buf_addf(text, "%s%s", i > 1 ? "." : "", json_string_value(step));
    }
}

json_t *problems_for_person(const struct problems *problems)
{
    json_t *list = json_array();
    size_t i;
    json_t *problem;

    json_array_foreach(problems->list, i, problem) {
        buf_auto path = BUF_INIT;
        json_t *entry = json_object();
        path_text(json_object_get(problem, "loc"), &path);
        json_object_set_new(entry, "path", json_string(buf_string(&path)));
        json_object_set(entry, "message", json_object_get(problem, "msg"));
        json_array_append_new(list, entry);
    }
    return list;
}
