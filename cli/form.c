#include "cli/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/question.h"

#define MAX_ITEMS 1000 /* of a list that is asked for one by one */

static int ask(struct walk *walk, const struct question *question, const json_t *previous,
               json_t **ret_value);

static int no_memory(struct error *error)
{
    return error_set(error, ENOMEM, "out of memory");
}

bool form_is_empty(const json_t *schema)
{
    field_auto field = {0};

    if (!json_is_object(schema) || json_object_size(schema) == 0)
        return true;
    if (field_init(&field, schema, schema, NULL) < 0)
        return false;
    return field.kind == FIELD_OBJECT &&
           json_object_size(json_object_get(field.schema, "properties")) == 0;
}

/* --- Questions that one line answers --- */

/* Enter: the default, nothing, or null. False if an answer is needed. */
static bool take_nothing(const struct walk *walk, const struct question *question,
                         json_t **ret_value)
{
    buf_auto why = BUF_INIT;
    const json_t *fallback = question->fallback;

    /* A default need not fit its own schema; then it is left to the flow. */
    if (fallback && field_check(&question->field, walk->root, fallback, &why)) {
        *ret_value =
            json_is_null(fallback) && !question->required ? NULL : json_incref((json_t *)fallback);
        return true;
    }
    *ret_value = question->required && question->field.nullable ? json_null() : NULL;
    return !question->required || question->field.nullable;
}

static const char *how_to_say_nothing(const struct question *question)
{
    if (question->field.kind == FIELD_TEXT && !field_is_secret(&question->field))
        return "needs an answer (\"\" is an empty text)";
    if (question->field.kind == FIELD_LIST)
        return "needs an answer ([] is an empty list)";
    return "needs an answer";
}

static bool take_line(const struct walk *walk, const struct question *question, const char *line,
                      json_t **ret_value, struct buf *why)
{
    json_auto_t *value = NULL;

    if (!*line) {
        if (take_nothing(walk, question, ret_value))
            return true;
        buf_add_string(why, how_to_say_nothing(question));
        return false;
    }
    if (question->field.nullable && strcmp(line, "null") == 0) {
        *ret_value = json_null();
        return true;
    }
    if (!field_read(&question->field, walk->root, line, &value, why) ||
        !field_check(&question->field, walk->root, value, why))
        return false;
    *ret_value = json_incref(value);
    return true;
}

static int ask_line(struct walk *walk, const struct question *question, json_t **ret_value)
{
    for (;;) {
        buf_auto answer = BUF_INIT;
        buf_auto why = BUF_INIT;
        if (question_read(walk, question, NULL, &answer) < 0)
            return -1;
        if (take_line(walk, question, buf_string(&answer), ret_value, &why))
            return 0;
        prompt_complain(walk->prompt, buf_string(&why));
    }
}

static size_t depth_of(const struct schema_step *step)
{
    return step ? step->depth : 0;
}

/* What lies too deep is asked for as JSON. */
static void limit_depth(struct field *field, int depth)
{
    if (depth >= FORM_DEPTH && field->kind > FIELD_LIST)
        field->kind = FIELD_JSON;
}

/* --- Objects --- */

/* The question for one property, its fallback from its object's or from its own schema. */
static int ask_property(struct walk *walk, const struct question *object, const char *key,
                        const json_t *previous, json_t **ret_value)
{
    buf_auto path = BUF_INIT;
    buf_auto title = BUF_INIT;
    struct schema_step step = {.up = object->step, .key = key, .depth = depth_of(object->step) + 1};
    struct question question = {.depth = object->depth + 1, .step = &step};
    const json_t *schema = field_property(&object->field, key, &question.required);
    field_auto field = {0};

    if (field_init(&field, walk->root, schema, walk->error) < 0)
        return -1;
    schema_path_text(&step, &path);
    field_add_title(&title, schema, key);
    limit_depth(&field, question.depth);
    question.field = field;
    question.path = buf_string(&path);
    question.title = buf_string(&title);
    question.fallback = json_object_get(object->fallback, key);
    if (!question.fallback)
        question.fallback = json_object_get(field.schema, "default");
    if (walk->errors && walk->prompt->edits &&
        previous) /* what was refused is there to be mended */
        question.fallback = previous;
    return ask(walk, &question, previous, ret_value);
}

static int ask_properties(struct walk *walk, const struct question *question,
                          const json_t *previous, json_t **ret_value)
{
    json_auto_t *object = json_object();
    const char *key;
    json_t *property;

    json_object_foreach(json_object_get(question->field.schema, "properties"), key, property) {
        json_t *value = NULL;
        if (ask_property(walk, question, key, json_object_get(previous, key), &value) < 0)
            return -1;
        if (value && json_object_set_new(object, key, value) < 0)
            return no_memory(walk->error);
    }
    *ret_value = json_incref(object);
    return 0;
}

/* What may be left out is asked about first. 1: fill it in; 0: Enter or no was the answer. */
static int wants_to_fill_in(struct walk *walk, const struct question *question)
{
    bool has_fallback = question->fallback && !json_is_null(question->fallback);
    buf_auto mark = BUF_INIT;

    if (question->depth == 0 || (question->required && !question->field.nullable))
        return 1;
    question_add_mark(walk, &mark, question,
                      has_fallback ? "change it? [y/N] > " : "fill it in? [y/N] > ");
    return prompt_yes(walk->prompt, buf_string(&mark), false, walk->error);
}

static int ask_object(struct walk *walk, const struct question *question, json_t **ret_value)
{
    int fill = wants_to_fill_in(walk, question);

    if (fill > 0)
        return ask_properties(walk, question, NULL, ret_value);
    if (fill == 0)
        take_nothing(walk, question, ret_value);
    return fill;
}

/* --- Lists, item by item --- */

static int ask_item(struct walk *walk, const struct question *list, size_t index,
                    json_t **ret_value)
{
    struct schema_step step = {.up = list->step, .index = index, .depth = depth_of(list->step) + 1};
    struct question question = {.required = true, .depth = list->depth + 1, .step = &step};
    buf_auto path = BUF_INIT;
    buf_auto title = BUF_INIT;
    field_auto field = {0};

    if (field_item(&field, &list->field, walk->root, index, walk->error) < 0)
        return -1;
    schema_path_text(&step, &path);
    buf_addf(&title, "%s %zu", list->title, index + 1);
    limit_depth(&field, question.depth);
    question.field = field;
    question.path = buf_string(&path);
    question.title = buf_string(&title);
    return ask(walk, &question, NULL, ret_value);
}

/* Whether to add one more. A list typed as JSON is the whole answer: `*ret_value` is set. */
static int ask_for_more(struct walk *walk, const struct question *question, size_t count,
                        bool *ret_more, json_t **ret_value)
{
    buf_auto mark = BUF_INIT;

    if (count == 0)
        question_add_mark(walk, &mark, question, "add one? [y/N], or the list as JSON > ");
    else
        buf_add_string(&mark, "  add another? [y/N] > ");
    for (;;) {
        char *line;
        bool more = false;
        buf_auto why = BUF_INIT;
        if (prompt_read(walk->prompt, buf_string(&mark), false, &line, walk->error) < 0)
            return -1;
        if (*line == '[')
            take_line(walk, question, line, ret_value, &why);
        else if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
            more = true;
        else if (*line && strcasecmp(line, "n") != 0 && strcasecmp(line, "no") != 0)
            buf_add_string(&why, "answer y or n");
        free(line);
        if (why.length == 0) {
            *ret_more = more;
            return 0;
        }
        prompt_complain(walk->prompt, buf_string(&why));
    }
}

/* The list is done: is it a right one? Without items it may be the default, or nothing at all. */
static bool finish_items(struct walk *walk, const struct question *question, json_t *items,
                         json_t **ret_value)
{
    buf_auto why = BUF_INIT;

    if (json_array_size(items) == 0 && (question->fallback || !question->required) &&
        take_nothing(walk, question, ret_value))
        return true;
    if (field_check(&question->field, walk->root, items, &why)) {
        *ret_value = json_incref(items);
        return true;
    }
    prompt_complain(walk->prompt, buf_string(&why));
    return false;
}

static int ask_items(struct walk *walk, const struct question *question, json_t **ret_value)
{
    json_auto_t *items = json_array();

    for (;;) {
        bool more;
        json_t *item = NULL;
        if (ask_for_more(walk, question, json_array_size(items), &more, ret_value) < 0)
            return -1;
        if (*ret_value || (!more && finish_items(walk, question, items, ret_value)))
            return 0;
        if (!more)
            continue;
        if (json_array_size(items) == MAX_ITEMS)
            return error_set(walk->error, E2BIG, "%s: no more than %d can be given one by one",
                             question->title, MAX_ITEMS);
        if (ask_item(walk, question, json_array_size(items), &item) < 0)
            return -1;
        json_array_append_new(items, item);
    }
}

/* --- Unions --- */

static void add_branch_name(struct walk *walk, struct buf *to, const json_t *branch,
                            const struct field *field)
{
    const char *title = json_string_value(json_object_get(field->schema, "title"));
    const char *reference = json_string_value(json_object_get(branch, "$ref"));
    const char *slash = reference ? strrchr(reference, '/') : NULL;

    if (title && *title)
        text_add_short(to, title, 60);
    else if (slash && slash[1])
        text_add_short(to, slash + 1, 60);
    else
        field_add_hint(to, field, walk->root);
}

/* The names of the branches, as strings, so that one of them can be chosen like any choice. */
static json_t *name_branches(struct walk *walk, const struct field *field)
{
    json_t *names = json_array();
    size_t i;
    json_t *branch;

    json_array_foreach(field->options, i, branch) {
        buf_auto name = BUF_INIT;
        field_auto one = {0};
        if (field_init(&one, walk->root, branch, NULL) == 0)
            add_branch_name(walk, &name, branch, &one);
        json_array_append_new(names, json_string(buf_string(&name)));
    }
    return names;
}

/* -1 error, 0 nothing was chosen and `*ret_value` set, 1 chosen. */
static int choose_branch(struct walk *walk, const struct question *question, json_t *names,
                         size_t *ret_index, json_t **ret_value)
{
    struct field choice = {.kind = FIELD_CHOICE, .options = names};

    question_show_choices(walk, names);
    for (;;) {
        buf_auto answer = BUF_INIT;
        buf_auto why = BUF_INIT;
        json_auto_t *name = NULL;
        if (question_read(walk, question, names, &answer) < 0)
            return -1;
        if (answer.length > 0 &&
            field_read(&choice, walk->root, buf_string(&answer), &name, &why)) {
            *ret_index = 0;
            while (json_array_get(names, *ret_index) != name)
                (*ret_index)++;
            return 1;
        }
        if (answer.length == 0 && take_nothing(walk, question, ret_value))
            return 0;
        prompt_complain(walk->prompt, answer.length > 0 ? buf_string(&why) : "needs an answer");
    }
}

static int ask_union(struct walk *walk, const struct question *question, json_t **ret_value)
{
    json_auto_t *names = name_branches(walk, &question->field);
    struct question branch = {.step = question->step,
                              .path = question->path,
                              .required = true,
                              .depth = question->depth + 1};
    field_auto field = {0};
    size_t index;

    int chosen = choose_branch(walk, question, names, &index, ret_value);
    if (chosen <= 0)
        return chosen;
    if (field_init(&field, walk->root, json_array_get(question->field.options, index),
                   walk->error) < 0)
        return -1;
    limit_depth(&field, branch.depth);
    branch.field = field;
    branch.title = json_string_value(json_array_get(names, index));
    return ask(walk, &branch, NULL, ret_value);
}

/* --- The whole --- */

static int ask_anew(struct walk *walk, const struct question *question, json_t **ret_value)
{
    static int (*const ways[])(struct walk * walk, const struct question *question,
                               json_t **ret_value) = {
        [FIELD_TEXT] = ask_line,    [FIELD_INTEGER] = ask_line,  [FIELD_NUMBER] = ask_line,
        [FIELD_BOOLEAN] = ask_line, [FIELD_CHOICE] = ask_line,   [FIELD_LIST] = ask_line,
        [FIELD_ITEMS] = ask_items,  [FIELD_OBJECT] = ask_object, [FIELD_UNION] = ask_union,
        [FIELD_JSON] = ask_line,
    };
    const json_t *errors = walk->errors;

    if (question->depth > 0 || question->field.kind != FIELD_OBJECT)
        question_show(walk, question);
    walk->errors = NULL; /* all that is inside is asked for */
    walk->asked++;
    int r = ways[question->field.kind](walk, question, ret_value);
    walk->errors = errors;
    return r;
}

/* Asks if there is something to ask. `previous` is the value of an answer that was refused. */
static int ask(struct walk *walk, const struct question *question, const json_t *previous,
               json_t **ret_value)
{
    bool whole = question->depth == 0;

    *ret_value = NULL;
    if (field_is_fixed(&question->field) && (question->required || question->fallback)) {
        *ret_value = json_incref(json_array_get(question->field.options, 0));
        return 0;
    }
    if (walk->errors && !errors_concern(walk->errors, question->path, false)) {
        *ret_value = json_incref((json_t *)previous);
        return 0;
    }
    if (walk->errors && question->field.kind == FIELD_OBJECT &&
        (whole ||
         (json_is_object(previous) && !errors_concern(walk->errors, question->path, true)))) {
        question_show_errors(walk, question);
        return ask_properties(walk, question, previous, ret_value);
    }
    return ask_anew(walk, question, ret_value);
}

static int ask_for_all(struct walk *walk, const json_t *defaults, const json_t *previous,
                       json_t **ret_value)
{
    struct question question = {.path = "", .required = true, .fallback = defaults};
    buf_auto title = BUF_INIT;
    field_auto field = {0};

    if (field_init(&field, walk->root, walk->root, walk->error) < 0)
        return -1;
    field_add_title(&title, walk->root, "Answer");
    question.field = field;
    question.title = buf_string(&title);
    return ask(walk, &question, previous, ret_value);
}

int form_fill(struct prompt *prompt, const json_t *schema, const json_t *defaults,
              json_t **ret_value, struct error *error)
{
    struct walk walk = {.prompt = prompt, .root = schema, .error = error};
    buf_auto intro = BUF_INIT;

    question_add_dim(&walk, &intro,
                     prompt->edits
                         ? "* needs an answer. Enter takes what is filled in; arrows choose, space "
                           "picks.\n"
                         : "* needs an answer. Enter takes what stands in [brackets].\n");
    screen_flush(&prompt->screen, &intro);
    return ask_for_all(&walk, defaults, NULL, ret_value);
}

int form_correct(struct prompt *prompt, const json_t *schema, const json_t *defaults,
                 const json_t *errors, const json_t *value, json_t **ret_value, struct error *error)
{
    json_auto_t *tidy = errors_tidy(errors);
    struct walk walk = {.prompt = prompt, .root = schema, .errors = tidy, .error = error};
    json_t *corrected = NULL;

    if (ask_for_all(&walk, defaults, value, &corrected) < 0)
        return -1;
    if (walk.asked > 0) {
        *ret_value = corrected;
        return 0;
    }
    json_decref(corrected);
    walk.errors = NULL;
    return ask_for_all(&walk, value, NULL, ret_value);
}
