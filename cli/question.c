#include "cli/question.h"

#include <string.h>

#define MAX_CHOICES 40 /* shown; more can be answered all the same */

/* --- Errors of the last answer --- */

/* What is left of an error's path below `path`: "" if it is this very place, NULL if elsewhere. */
static const char *rest_of_path(const char *error_path, const char *path)
{
    size_t length = strlen(path);

    if (length == 0)
        return error_path;
    if (strncmp(error_path, path, length) != 0)
        return NULL;
    if (error_path[length] == '.')
        return error_path + length + 1;
    return error_path[length] == '[' || !error_path[length] ? error_path + length : NULL;
}

bool errors_concern(const json_t *errors, const char *path, bool exactly)
{
    size_t i;
    json_t *one;

    json_array_foreach(errors, i, one) {
        const char *rest = rest_of_path(json_string_value(json_object_get(one, "path")), path);
        if (rest && (!exactly || !*rest))
            return true;
    }
    return false;
}

/* Some property of the object is, or begins, the rest of the path. */
static bool names_property(const struct field *object, const char *rest)
{
    const char *key;
    json_t *property;

    json_object_foreach(json_object_get(object->schema, "properties"), key, property) {
        struct schema_step step = {.key = key, .depth = 1};
        buf_auto path = BUF_INIT;
        schema_path_text(&step, &path);
        if (rest_of_path(rest, buf_string(&path)))
            return true;
    }
    return false;
}

void question_show_errors(const struct walk *walk, const struct question *question)
{
    size_t i;
    json_t *one;

    json_array_foreach(walk->errors, i, one) {
        const char *message = json_string_value(json_object_get(one, "message"));
        const char *rest =
            rest_of_path(json_string_value(json_object_get(one, "path")), question->path);
        if (!rest || (*rest && question->field.kind == FIELD_OBJECT &&
                      names_property(&question->field, rest)))
            continue;
        buf_auto line = BUF_INIT;
        buf_addf(&line, "%s%s%s", rest, *rest ? ": " : "", message);
        prompt_complain(walk->prompt, buf_string(&line));
    }
}

json_t *errors_tidy(const json_t *errors)
{
    json_t *tidy = json_array();
    size_t i;
    json_t *one;

    json_array_foreach(errors, i, one) {
        json_t *path = json_object_get(one, "path");
        json_t *message = json_object_get(one, "message");
        if (json_is_string(path) && json_is_string(message))
            json_array_append(tidy, one);
    }
    return tidy;
}

/* --- What is shown before a question --- */

void question_add_dim(const struct walk *walk, struct buf *to, const char *text)
{
    text_add_style(to, walk->prompt->screen.colour, STYLE_DIM);
    buf_add_string(to, text);
    text_add_style(to, walk->prompt->screen.colour, STYLE_PLAIN);
}

static void add_heading(const struct walk *walk, struct buf *to, const struct question *question)
{
    bool colour = walk->prompt->screen.colour;
    buf_auto hint = BUF_INIT;

    text_add_style(to, colour, STYLE_BOLD);
    buf_add_string(to, question->title);
    text_add_style(to, colour, STYLE_RED);
    buf_add_string(to, question->required ? " *" : "");
    text_add_style(to, colour, STYLE_PLAIN);
    buf_add_string(&hint, "  ");
    if (strchr(question->path, '.')) {
        text_add_short(&hint, question->path, 60);
        buf_add_string(&hint, ", ");
    }
    field_add_hint(&hint, &question->field, walk->root);
    if (question->field.nullable && question->fallback && !json_is_null(question->fallback))
        buf_add_string(&hint, "; null for none");
    question_add_dim(walk, to, buf_string(&hint));
    buf_add_char(to, '\n');
}

static void add_description(const struct walk *walk, struct buf *to, const json_t *schema)
{
    const char *description = json_string_value(json_object_get(schema, "description"));
    buf_auto safe = BUF_INIT;

    if (!description || !*description)
        return;
    text_add_safe(&safe, description, strlen(description), true);
    text_wrap(to, buf_string(&safe), walk->prompt->screen.width, "  ", "  ");
}

/* Choices that are numbers themselves have none before them: which is meant would be unclear. */
static bool is_number(const json_t *option)
{
    const char *text = json_string_value(option);

    return json_is_number(option) || (text && *text && !text[strspn(text, "0123456789")]);
}

static void add_choices(struct buf *to, const json_t *options)
{
    bool numbered = true;
    size_t i;
    json_t *option;

    json_array_foreach(options, i, option) {
        if (is_number(option))
            numbered = false;
    }

    json_array_foreach(options, i, option) {
        buf_auto name = BUF_INIT;
        if (i == MAX_CHOICES) {
            buf_addf(to, "      and %zu more\n", json_array_size(options) - i);
            return;
        }
        field_add_value(&name, option);
        if (numbered)
            buf_addf(to, "  %2zu) ", i + 1);
        else
            buf_add_string(to, "   • ");
        text_add_short(to, buf_string(&name), 100);
        buf_add_char(to, '\n');
    }
}

void question_show(const struct walk *walk, const struct question *question)
{
    const struct field *field = &question->field;
    buf_auto text = BUF_INIT;
    field_auto item = {0};

    add_heading(walk, &text, question);
    add_description(walk, &text, field->schema);
    if (field->kind == FIELD_CHOICE)
        add_choices(&text, field->options);
    else if (field->kind == FIELD_LIST && field_item(&item, field, walk->root, 0, NULL) == 0 &&
             item.kind == FIELD_CHOICE)
        add_choices(&text, item.options);
    screen_flush(&walk->prompt->screen, &text);
    question_show_errors(walk, question);
}

void question_show_choices(const struct walk *walk, const json_t *options)
{
    buf_auto list = BUF_INIT;

    add_choices(&list, options);
    screen_flush(&walk->prompt->screen, &list);
}

void question_add_further_mark(const struct walk *walk, struct buf *to)
{
    buf_add_string(to, "    ");
    question_add_dim(walk, to, "> ");
}

/* Defaults that Enter alone says as well. */
static bool is_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

void question_add_mark(const struct walk *walk, struct buf *to, const struct question *question,
                       const char *end)
{
    buf_auto value = BUF_INIT;

    buf_add_string(to, "  ");
    if (question->fallback && !is_nothing(question->fallback)) {
        if (field_is_secret(&question->field))
            buf_add_string(&value, "********");
        else if (json_is_boolean(question->fallback))
            buf_add_string(&value, json_is_true(question->fallback) ? "yes" : "no");
        else
            field_add_value(&value, question->fallback);
        buf_add_char(to, '[');
        text_add_short(to, buf_string(&value), 60);
        buf_add_string(to, "] ");
    }
    question_add_dim(walk, to, end);
}
