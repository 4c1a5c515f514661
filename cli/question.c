#include "cli/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHOICES 40 /* shown; more can be answered all the same */
#define LEAST_LINE  10 /* columns for what is typed behind a mark */

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
    buf_auto heading = BUF_INIT;
    buf_auto hint = BUF_INIT;

    text_add_style(&heading, colour, STYLE_BOLD);
    buf_add_string(&heading, question->title);
    text_add_style(&heading, colour, STYLE_RED);
    buf_add_string(&heading, question->required ? " *" : "");
    text_add_style(&heading, colour, STYLE_PLAIN);
    buf_add_string(&hint, "  ");
    if (strchr(question->path, '.')) {
        text_add_short(&hint, question->path, 60);
        buf_add_string(&hint, ", ");
    }
    field_add_hint(&hint, &question->field, walk->root);
    if (question->field.nullable && question->fallback && !json_is_null(question->fallback))
        buf_add_string(&hint, "; null for none");
    question_add_dim(walk, &heading, buf_string(&hint));
    text_wrap(to, buf_string(&heading), walk->prompt->screen.width, "", "");
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

static void add_choices(struct buf *to, const json_t *options)
{
    bool numbered = menu_is_numbered(options);
    size_t i;
    json_t *option;

    json_array_foreach(options, i, option) {
        buf_auto name = BUF_INIT;
        if (i == MAX_CHOICES) {
            buf_addf(to, "      and %zu more\n", json_array_size(options) - i);
            return;
        }
        field_add_value(&name, option);
        menu_add_label(to, "  ", i, numbered);
        text_add_short(to, buf_string(&name), 100);
        buf_add_char(to, '\n');
    }
}

/* What the answer, or each item of it, is chosen from; NULL: it is not. */
static const json_t *choices_of(const struct walk *walk, const struct question *question,
                                struct field *ret_item)
{
    const struct field *field = &question->field;

    if (field->kind == FIELD_CHOICE)
        return field->options;
    if (field->kind == FIELD_LIST && !json_object_get(field->schema, "prefixItems") &&
        field_item(ret_item, field, walk->root, 0, NULL) == 0 && ret_item->kind == FIELD_CHOICE)
        return ret_item->options;
    return NULL;
}

void question_show(const struct walk *walk, const struct question *question)
{
    buf_auto text = BUF_INIT;
    field_auto item = {0};
    const json_t *choices = choices_of(walk, question, &item);

    add_heading(walk, &text, question);
    add_description(walk, &text, question->field.schema);
    if (choices && !walk->prompt->edits)
        add_choices(&text, choices);
    screen_flush(&walk->prompt->screen, &text);
    question_show_errors(walk, question);
}

void question_show_choices(const struct walk *walk, const json_t *options)
{
    buf_auto list = BUF_INIT;

    if (walk->prompt->edits)
        return;
    add_choices(&list, options);
    screen_flush(&walk->prompt->screen, &list);
}

/* The menu above the question's line: of its choices, or of `names` if there are some. 1; 0 if it
 * has none; -1 without memory. */
static int make_menu(const struct walk *walk, const struct question *question, const json_t *names,
                     struct menu *ret_menu)
{
    field_auto item = {0};
    const json_t *choices = names ? names : choices_of(walk, question, &item);

    if (!choices || !walk->prompt->edits)
        return 0;
    return menu_init(ret_menu, choices, !names && question->field.kind == FIELD_LIST) < 0
               ? error_set(walk->error, ENOMEM, "out of memory")
               : 1;
}

/* The mark of a line that goes on with the last one. */
static void add_further_mark(const struct walk *walk, struct buf *to)
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

static void add_items(struct buf *to, const json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item) {
        buf_add_string(to, i > 0 ? ", " : "");
        field_add_item(to, item);
    }
}

/* Those that one line answers. */
static bool is_filled_in(const struct question *question)
{
    return question->field.kind <= FIELD_LIST || question->field.kind == FIELD_JSON;
}

/* What is filled in where the line is edited: the default as it is typed, or nothing. */
static void add_initial(const struct walk *walk, struct buf *to, const struct question *question)
{
    const json_t *fallback = question->fallback;

    if (!walk->prompt->edits || !fallback || is_nothing(fallback) || !is_filled_in(question) ||
        field_is_secret(&question->field))
        return;
    if (json_is_boolean(fallback))
        buf_add_string(to, json_is_true(fallback) ? "yes" : "no");
    else if (question->field.kind == FIELD_LIST && json_is_array(fallback))
        add_items(to, fallback);
    else
        field_add_value(to, fallback);
}

/* The default in brackets, where it cannot be filled in, or is not to be seen. With `end` behind it
 * it leaves room for the line: a mark that is wider than the screen could not be drawn over. */
static void add_fallback(const struct walk *walk, struct buf *to, const struct question *question,
                         const char *end)
{
    int room = walk->prompt->screen.width - text_width("  [] ") - text_width(end) - LEAST_LINE;
    const json_t *fallback = question->fallback;
    buf_auto value = BUF_INIT;

    if (!fallback || is_nothing(fallback))
        return;
    if (field_is_secret(&question->field))
        buf_add_string(&value, "********");
    else if (walk->prompt->edits && is_filled_in(question))
        return;
    else if (json_is_boolean(fallback))
        buf_add_string(&value, json_is_true(fallback) ? "yes" : "no");
    else
        field_add_value(&value, fallback);
    if (room < 1)
        return;
    buf_add_char(to, '[');
    text_add_short(to, buf_string(&value), room < 60 ? room : 60);
    buf_add_string(to, "] ");
}

void question_add_mark(const struct walk *walk, struct buf *to, const struct question *question,
                       const char *end)
{
    buf_add_string(to, "  ");
    add_fallback(walk, to, question, end);
    question_add_dim(walk, to, end);
}

/* --- The answer --- */

/* What an emptied line means, where a default was filled in. */
static const char *nothing_for(const struct question *question)
{
    if (question->field.nullable)
        return "null";
    return question->field.kind == FIELD_TEXT   ? "\"\""
           : question->field.kind == FIELD_LIST ? "[]"
                                                : "";
}

/* One line, edited where that can be done. The line is NULL if what was filled in was left. */
static int read_first_line(const struct walk *walk, const struct question *question,
                           const json_t *names, char **ret_line)
{
    menu_auto menu = {0};
    buf_auto mark = BUF_INIT;
    buf_auto initial = BUF_INIT;
    bool secret = field_is_secret(&question->field);
    int has_menu = make_menu(walk, question, names, &menu);

    *ret_line = NULL;
    if (has_menu < 0)
        return -1;
    question_add_mark(walk, &mark, question, "> ");
    if (!walk->prompt->edits)
        return prompt_read(walk->prompt, buf_string(&mark), secret, ret_line, walk->error);
    add_initial(walk, &initial, question);
    const struct edit edit = {.mark = buf_string(&mark),
                              .initial = buf_string(&initial),
                              .secret = secret,
                              .menu = has_menu ? &menu : NULL};
    if (prompt_edit(walk->prompt, &edit, ret_line, walk->error) < 0)
        return -1;
    if (*ret_line && !**ret_line && initial.length > 0) {
        free(*ret_line);
        *ret_line = strdup(nothing_for(question));
    }
    return 0;
}

int question_read(const struct walk *walk, const struct question *question, const json_t *names,
                  struct buf *answer)
{
    buf_auto mark = BUF_INIT;
    char *line;

    if (read_first_line(walk, question, names, &line) < 0)
        return -1;
    buf_add_string(answer, line ? line : "");
    free(line);
    add_further_mark(walk, &mark);
    while (question->field.kind == FIELD_LIST && answer->length > 0 &&
           answer->data[answer->length - 1] == ',') {
        if (prompt_read(walk->prompt, buf_string(&mark), false, &line, walk->error) < 0)
            return -1;
        buf_add_string(answer, line);
        free(line);
    }
    return answer->failed ? error_set(walk->error, ENOMEM, "out of memory") : 0;
}
