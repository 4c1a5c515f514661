/* From JSON to a struct, by a table of fields. */
#include <string.h>

#include "lib/decode.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/utf8.h"
#include "json/text.h"

#define TRIES_LIMIT  ((size_t)64 << 20) /* of what may be spent on arms of unions */
#define VALUE_COST   16                 /* of a value, besides its memory and its text */
#define REASON_SHOWN 120                /* bytes of what one arm of a union has missed */
#define ARMS_SHOWN   6

static int decode_value(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to);
static int decode_struct(struct decoder *decoder, const struct fm_model *model,
                         const struct fm_setting *initial, const json_t *json, void *to);
static decode_function decode_tuple, decode_union;

static void leave(struct decoder *decoder, size_t length)
{
    decoder->path.length = length;
    if (decoder->path.data)
        decoder->path.data[length] = '\0';
}

/* Behind a dot, unless the path begins or goes on with "[2]". */
static void enter_field(struct decoder *decoder, const char *name)
{
    if (decoder->path.length && *name != '[')
        buf_add_char(&decoder->path, '.');
    buf_add_string(&decoder->path, name);
}

/* A name that came with the value, and may be of any length. */
static void enter_key(struct decoder *decoder, const char *key)
{
    buf_auto shown = BUF_INIT;

    buf_add_short(&shown, key, KEY_SHOWN);
    enter_field(decoder, buf_string(&shown));
}

static const char *path_of(const struct decoder *decoder)
{
    return buf_string(&decoder->path);
}

int must_be(struct decoder *decoder, const char *what)
{
    fm_problem(decoder->problems, path_of(decoder), "must be %s", what);
    return 0;
}

/* Arms may hold unions whose arms hold unions, so that reading takes ever more tries: what is spent
 * on those inside of others is limited. */
static void spend(struct decoder *decoder, size_t bytes)
{
    if (decoder->trying > 1)
        decoder->spent += bytes;
}

void *decoder_take(struct decoder *decoder, size_t size)
{
    spend(decoder, size);
    return arena_alloc(decoder->arena, size);
}

char *decoder_take_text(struct decoder *decoder, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = decoder_take(decoder, size);

    return copy ? memcpy(copy, text, size) : NULL;
}

/* An arm of a union is wrong with its first problem; more of them are of no use. */
static bool gave_up(const struct decoder *decoder)
{
    return decoder->trying && decoder->problems->count;
}

/* ---- values with values in them -------------------------------------------------------------- */

static int decode_list(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                       void *to)
{
    FM_LIST(char) list = {.count = json_array_size(json)};
    size_t length = decoder->path.length;
    const json_t *item;
    size_t i;

    if (!json_is_array(json))
        return must_be(decoder, "a list");
    /* Each item took at least a byte of the text: the product cannot overflow. */
    list.items = decoder_take(decoder, list.count * type->items->size);
    if (!list.items)
        return fail_without_memory(decoder->error);
    json_array_foreach(json, i, item) {
        buf_addf(&decoder->path, "[%zu]", i);
        int r = decode_value(decoder, type->items, item, list.items + i * type->items->size);
        leave(decoder, length);
        if (r < 0)
            return r;
    }
    memcpy(to, &list, sizeof(list));
    return 0;
}

/* Items are the same if they are as values: "13:45" and "13:45:00", if they are times. */
static int refuse_repeated(struct decoder *decoder, const struct fm_type *items, const void *set)
{
    FM_LIST(const char) list;
    size_t length = decoder->path.length;
    json_auto_t *seen = json_object();
    buf_auto text = BUF_INIT;

    memcpy(&list, set, sizeof(list));
    for (size_t i = 0; i < list.count; i++) {
        int r = note_item(seen, items, list.items + i * items->size, &text, decoder->error);
        if (r < 0)
            return r;
        if (r > 0)
            continue;
        buf_auto shown = BUF_INIT;
        buf_add_short(&shown, buf_string(&text), KEY_SHOWN);
        buf_addf(&decoder->path, "[%zu]", i);
        fm_problem(decoder->problems, path_of(decoder), "must not be there twice: %s",
                   buf_string(&shown));
        leave(decoder, length);
    }
    return 0;
}

static int decode_set(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                      void *to)
{
    size_t before = decoder->problems->count;
    int r = decode_list(decoder, type, json, to);

    if (r < 0 || decoder->problems->count > before)
        return r;
    return refuse_repeated(decoder, type->items, to);
}

static int decode_map(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                      void *to)
{
    FM_LIST(char) map = {.count = json_object_size(json)};
    size_t length = decoder->path.length;
    size_t entry_size = map_entry_size(type->items);
    const char *key;
    json_t *value;

    if (!json_is_object(json))
        return must_be(decoder, "an object");
    map.items = decoder_take(decoder, map.count * entry_size);
    if (!map.items)
        return fail_without_memory(decoder->error);
    char *entry = map.items;
    json_object_foreach((json_t *)json, key, value) {
        const char *copy = decoder_take_text(decoder, key);
        if (!copy)
            return fail_without_memory(decoder->error);
        memcpy(entry, &copy, sizeof(copy));
        enter_key(decoder, key);
        int r = decode_value(decoder, type->items, value, entry + MAP_VALUE);
        leave(decoder, length);
        if (r < 0)
            return r;
        entry += entry_size;
    }
    memcpy(to, &map, sizeof(map));
    return 0;
}

static int decode_optional(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                           void *to)
{
    if (json_is_null(json))
        return 0;
    void *value = decoder_take(decoder, type->items->size);
    if (!value)
        return fail_without_memory(decoder->error);
    memcpy(to, &value, sizeof(value));
    return decode_value(decoder, type->items, json, value);
}

static int decode_model(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    return decode_struct(decoder, type->model, NULL, json, to);
}

static int decode_value(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    static decode_function *const functions[] = {
        [FM_KIND_STRING] = decode_string, [FM_KIND_INTEGER] = decode_integer,
        [FM_KIND_NUMBER] = decode_number, [FM_KIND_BOOLEAN] = decode_boolean,
        [FM_KIND_DATE] = decode_date,     [FM_KIND_TIME] = decode_time,
        [FM_KIND_UUID] = decode_uuid,     [FM_KIND_DATETIME] = decode_datetime,
        [FM_KIND_BYTES] = decode_bytes,   [FM_KIND_JSON] = decode_json,
        [FM_KIND_LIST] = decode_list,     [FM_KIND_SET] = decode_set,
        [FM_KIND_MAP] = decode_map,       [FM_KIND_OPTIONAL] = decode_optional,
        [FM_KIND_MODEL] = decode_model,   [FM_KIND_TUPLE] = decode_tuple,
        [FM_KIND_UNION] = decode_union,
    };

    if (gave_up(decoder))
        return 0;
    if (decoder->depth == MODEL_DEPTH) {
        fm_problem(decoder->problems, path_of(decoder), "is nested deeper than %d", MODEL_DEPTH);
        return 0;
    }
    spend(decoder, VALUE_COST + json_string_length(json));
    if (decoder->spent > TRIES_LIMIT)
        return fail(decoder->error, FM_INVALID,
                    "the value is too large to find out of which types it is");
    decoder->depth++;
    int r = functions[type->kind](decoder, type, json, to);
    decoder->depth--;
    return r;
}

/* ---- structs --------------------------------------------------------------------------------- */

/* Reads what is there, or the default, with the rules of the field. */
static int decode_present(struct decoder *decoder, const struct fm_field *field, const json_t *json,
                          void *to)
{
    size_t before = decoder->problems->count;

    if (field->optional && json_is_null(json))
        return 0;
    int r = decode_value(decoder, field->type, json, to);
    if (r < 0 || decoder->problems->count > before || gave_up(decoder))
        return r;
    return check_rules(field, json, path_of(decoder), decoder->problems, decoder->error);
}

/* `json` is NULL where the field is left out. */
static int decode_field(struct decoder *decoder, const struct fm_field *field,
                        const struct fm_setting *initial, const json_t *json, void *to)
{
    const struct fm_value *value = field_default(field, initial);

    if (json)
        return decode_present(decoder, field, json, to);
    if (field_is_required(field, initial)) {
        fm_problem(decoder->problems, path_of(decoder), "is required");
        return 0;
    }
    if (value->kind == FM_VALUE_NONE)
        return 0;
    json_t *made = value_to_json(value, field->type, decoder->error);
    if (!made)
        return fail_prefix(decoder->error, "default of '%s'", field->name);
    int r = decode_present(decoder, field, made, to);
    json_decref(made);
    return r;
}

/* Has the model's own check look at a struct. It names fields as the model does; what it says gets
 * the path that leads there. */
static void ask_check(struct decoder *decoder, const struct fm_model *model, const void *value)
{
    problem_list_auto found = {0};
    size_t length = decoder->path.length;

    if (!model->check)
        return;
    model->check(value, &found);
    for (const struct problem *problem = found.first; problem; problem = problem->next) {
        if (*problem->path)
            enter_field(decoder, problem->path);
        fm_problem(decoder->problems, path_of(decoder), "%s", problem->message);
        leave(decoder, length);
    }
    decoder->problems->failed |= found.failed;
}

static void refuse_unknown(struct decoder *decoder, const struct fm_model *model,
                           const json_t *object)
{
    size_t length = decoder->path.length;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) {
        const struct fm_field *field = model->fields;
        while (field->name && strcmp(field->name, key) != 0)
            field++;
        if (field->name)
            continue;
        if (gave_up(decoder))
            return;
        enter_key(decoder, key);
        fm_problem(decoder->problems, path_of(decoder), "is not a field of %s", model->name);
        leave(decoder, length);
    }
}

static int decode_struct(struct decoder *decoder, const struct fm_model *model,
                         const struct fm_setting *initial, const json_t *json, void *to)
{
    size_t before = decoder->problems->count;
    size_t length = decoder->path.length;
    int r = 0;

    if (check_table(model, decoder->error) < 0)
        return FM_INVALID;
    if (!json_is_object(json))
        return must_be(decoder, "an object");
    refuse_unknown(decoder, model, json);
    for (const struct fm_field *field = model->fields; field->name && r == 0; field++) {
        enter_field(decoder, field->name);
        r = decode_field(decoder, field, initial, json_object_get(json, field->name),
                         (char *)to + field->offset);
        leave(decoder, length);
    }
    if (r == 0 && decoder->problems->count == before)
        ask_check(decoder, model, to);
    return r;
}

/* ---- tuples ---------------------------------------------------------------------------------- */

/* "a list of 2: name, price" */
static int must_be_tuple(struct decoder *decoder, const struct fm_field *fields)
{
    size_t required = required_count(fields);
    size_t count = field_count(fields);
    buf_auto what = BUF_INIT;

    buf_addf(&what, required < count ? "a list of %zu to %zu: " : "a list of %zu: ", required,
             count);
    for (size_t i = 0; i < count; i++)
        buf_addf(&what, "%s%s", i ? ", " : "", fields[i].name);
    return must_be(decoder, buf_string(&what));
}

static int decode_tuple(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    const struct fm_field *fields = type->model->fields;
    size_t size = json_array_size(json);
    size_t before = decoder->problems->count;
    size_t length = decoder->path.length;

    if (check_table(type->model, decoder->error) < 0)
        return FM_INVALID;
    if (!json_is_array(json) || size < required_count(fields) || size > field_count(fields))
        return must_be_tuple(decoder, fields);
    for (size_t i = 0; fields[i].name; i++) {
        buf_addf(&decoder->path, "[%zu]", i);
        int r = decode_field(decoder, &fields[i], NULL, json_array_get(json, i),
                             (char *)to + fields[i].offset);
        leave(decoder, length);
        if (r < 0)
            return r;
    }
    if (decoder->problems->count == before)
        ask_check(decoder, type->model, to);
    return 0;
}

/* ---- unions ---------------------------------------------------------------------------------- */

/* "mail (must be a text)", "phone (number: is required)" */
static void add_reason(struct buf *reasons, const struct fm_field *arm,
                       const struct problem *problem, size_t path_length)
{
    const char *path = problem->path + path_length;
    buf_auto reason = BUF_INIT;

    path += *path == '.';
    buf_addf(&reason, "%s%s%s", path, *path ? ": " : "", problem->message);
    buf_addf(reasons, "%s%s (", reasons->length ? ", " : "", arm->title ? arm->title : arm->name);
    buf_add_short(reasons, buf_string(&reason), REASON_SHOWN);
    buf_add_char(reasons, ')');
}

/* 1: the value is of this arm. 0: it is not; `reasons` says why if it is not NULL. */
static int try_arm(struct decoder *decoder, const struct fm_field *arm, const json_t *json,
                   char *to, struct buf *reasons)
{
    struct fm_problems *outer = decoder->problems;
    problem_list_auto problems = {0};

    decoder->problems = &problems;
    decoder->trying++;
    int r = decode_present(decoder, arm, json, to + arm->offset);
    decoder->trying--;
    decoder->problems = outer;
    if (r < 0)
        return r;
    if (problems.failed)
        return fail_without_memory(decoder->error);
    if (problems.count && reasons)
        add_reason(reasons, arm, problems.first, decoder->path.length);
    return problems.count == 0;
}

static int decode_union(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    const struct fm_arms *arms = type->arms;
    buf_auto reasons = BUF_INIT;

    for (int which = 0; arms->fields[which].name; which++) {
        int r =
            try_arm(decoder, &arms->fields[which], json, to, which < ARMS_SHOWN ? &reasons : NULL);
        if (r > 0)
            memcpy((char *)to + arms->which, &which, sizeof(which));
        if (r != 0)
            return r < 0 ? r : 0;
        memset(to, 0, arms->size);
    }
    size_t count = field_count(arms->fields);
    if (count > ARMS_SHOWN)
        buf_addf(&reasons, " and %zu more", count - ARMS_SHOWN);
    fm_problem(decoder->problems, path_of(decoder), "must be one of %s", buf_string(&reasons));
    return 0;
}

/* ---- what a table says ----------------------------------------------------------------------- */

int check_value(const struct fm_field *field, const json_t *json, struct fm_error *error)
{
    arena_auto arena = {0};
    problem_list_auto problems = {0};
    struct decoder decoder = {.arena = &arena, .problems = &problems, .error = error};
    void *value = arena_alloc(&arena, field->type->size);

    int r = value ? decode_present(&decoder, field, json, value) : fail_without_memory(error);
    if (r == 0 && problems.count)
        r = problem_list_error(&problems, error);
    buf_release(&decoder.path);
    return r;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int decode_whole(struct decoder *decoder, const struct fm_model *model,
                        const struct fm_setting *initial, bool bare, const json_t *json,
                        void *ret_value)
{
    void *value = arena_alloc(decoder->arena, model->size);

    if (!value)
        return fail_without_memory(decoder->error);
    int r = bare ? decode_present(decoder, model->fields, json, value)
                 : decode_struct(decoder, model, initial, json, value);
    if (r == 0 && decoder->problems->count)
        r = problem_list_error(decoder->problems, decoder->error);
    if (r == 0 && decoder->path.failed)
        r = fail_without_memory(decoder->error);
    if (r == 0)
        memcpy(ret_value, value, model->size);
    return r;
}

/* Of a model whose schema is given: the object as it is. */
static int take_object(struct decoder *decoder, const char *json, size_t length, const json_t *root,
                       void *ret_value)
{
    if (!json_is_object(root))
        return fail(decoder->error, FM_INVALID, "the input is no object");
    char *text = arena_strndup(decoder->arena, json, length);
    if (!text)
        return fail_without_memory(decoder->error);
    memcpy(ret_value, &(struct fm_json){.text = text}, sizeof(struct fm_json));
    return 0;
}

static int decode_text(struct decoder *decoder, const struct fm_model *model,
                       const struct fm_setting *initial, bool bare, const char *json, size_t length,
                       void *ret_value)
{
    struct error parse_error;

    if (!model->fields)
        return fail(decoder->error, FM_INVALID, "%s has no value", model->name);
    json_t *root = json_parse(json, length, &parse_error);
    if (!root)
        return fail(decoder->error, FM_INVALID, "the input is no JSON: %s", parse_error.message);
    int r = model->schema ? take_object(decoder, json, length, root, ret_value)
                          : decode_whole(decoder, model, initial, bare, root, ret_value);
    buf_release(&decoder->path);
    json_decref(root);
    return r;
}

int model_decode(const struct fm_model *model, const struct fm_setting *initial, const char *json,
                 size_t length, struct arena *arena, void *ret_value, struct fm_problems *problems,
                 struct fm_error *error)
{
    struct decoder decoder = {.arena = arena, .problems = problems, .error = error};

    return decode_text(&decoder, model, initial, false, json, length, ret_value);
}

int model_decode_bare(const struct fm_model *model, const char *json, size_t length,
                      struct arena *arena, void *ret_value, struct fm_problems *problems,
                      struct fm_error *error)
{
    struct decoder decoder = {.arena = arena, .problems = problems, .error = error};

    return decode_text(&decoder, model, NULL, model->bare, json, length, ret_value);
}
