#include "cli/answer_print.h"

#include <errno.h>
#include <string.h>

#include "cli/field.h"
#include "cli/script.h"
#include "common/safe_text.h"

int answer_complete(const json_t *schema, json_t *answer, struct error *error)
{
    const char *name;
    json_t *property;

    json_object_foreach(json_object_get(schema, "properties"), name, property) {
        json_t *value = json_object_get(property, "default");
        if (value && !json_object_get(answer, name) && json_object_set(answer, name, value) < 0)
            return error_set(error, ENOMEM, "out of memory");
    }
    return 0;
}

int answer_check_names(const json_t *schema, struct error *error)
{
    json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *property;

    if (json_object_size(properties) == 0)
        return error_set(error, EINVAL, "--export: there is no field to make a variable of");
    json_object_foreach(properties, name, property) {
        if (!is_shell_name(name))
            return error_set(error, EINVAL,
                             "--export: '%.100s' can be no variable of a shell; without --export "
                             "the answer comes as JSON",
                             name);
    }
    return 0;
}

/* Between single quotes nothing has a meaning but a single quote. */
static void add_quoted(struct buf *to, const char *text)
{
    buf_add_char(to, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_string(to, "'\\''");
        else
            buf_add_char(to, *text);
    }
    buf_add_char(to, '\'');
}

void answer_add_export(struct buf *to, const json_t *schema, const json_t *answer)
{
    const char *name;
    json_t *property;

    json_object_foreach(json_object_get(schema, "properties"), name, property) {
        const json_t *value = json_object_get(answer, name);
        buf_auto text = BUF_INIT;
        if (value && !json_is_null(value))
            field_add_value(&text, value);
        buf_addf(to, "%s=", name);
        add_quoted(to, buf_string(&text));
        buf_add_char(to, '\n');
        to->failed = to->failed || text.failed;
    }
}

void answer_add_json_text(struct buf *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t character;
        size_t size = text_next_character(text + i, length - i, &character);
        if (text_is_harmful(character) && character != '\n')
            buf_addf(to, "\\u%04x", character); /* only strings have them */
        else
            buf_add(to, text + i, size);
        i += size;
    }
}

void answer_add_json(struct buf *to, const json_t *value)
{
    buf_auto text = BUF_INIT;

    field_add_json(&text, value);
    answer_add_json_text(to, buf_string(&text), text.length);
    to->failed = to->failed || text.failed;
}

int answer_print(struct screen *screen, struct buf *text)
{
    buf_auto safe = BUF_INIT;

    if (screen->is_terminal)
        text_add_safe(&safe, buf_string(text), text->length, true);
    const struct buf *shown = screen->is_terminal ? &safe : text;
    fwrite(buf_string(shown), 1, shown->length, screen->out);
    int r = shown->failed || text->failed || fflush(screen->out) != 0 ? -1 : 0;
    buf_clear(text);
    return r;
}
