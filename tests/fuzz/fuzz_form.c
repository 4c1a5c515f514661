/* Lines: a schema, defaults, errors of the server (all JSON), then what is typed. The form ends,
 * with a value or with the input's end, and what it shows can do a terminal no harm. */
#include <errno.h>
#include <stdint.h>

#include "cli/form.h"
#include "cli/text.h"
#include "tests/fuzz/terminal.h"
#include "json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
    struct prompt prompt;
    char *shown;
    size_t length;
};

static void session_begin(struct session *session, char *input, bool colour)
{
    *session = (struct session){.prompt.screen = {.colour = colour, .width = 60}};
    session->prompt.in = *input ? fmemopen(input, strlen(input), "r") : fopen("/dev/null", "r");
    session->prompt.screen.out = open_memstream(&session->shown, &session->length);
    if (!session->prompt.in || !session->prompt.screen.out)
        abort();
}

static void session_end(struct session *session)
{
    fclose(session->prompt.in);
    fclose(session->prompt.screen.out);
    check_terminal(session->shown, session->length, session->prompt.screen.colour);
    free(session->shown);
}

/* The next line of `rest` as JSON, or NULL. */
static json_t *next_json(char **rest)
{
    struct error error;
    const char *line = *rest ? strsep(rest, "\n") : NULL;

    return line ? json_parse(line, strlen(line), &error) : NULL;
}

static void check_result(int r, const struct error *error)
{
    if (r < 0 && (!error->code || !error->message[0]))
        abort();
}

static void fill(struct prompt *prompt, const json_t *schema, const json_t *defaults,
                 const json_t *errors)
{
    struct error error = {0};
    json_t *value = NULL, *better = NULL;
    int r = form_fill(prompt, schema, defaults, &value, &error);

    check_result(r, &error);
    if (r == 0 && json_is_array(errors)) {
        r = form_correct(prompt, schema, defaults, errors, value, &better, &error);
        check_result(r, &error);
    }
    json_decref(better);
    json_decref(value);
}

/* "path=text", as on the command line. */
static void set(const json_t *schema, char *line)
{
    struct error error = {0};
    json_auto_t *value = json_object();
    char *equals = strchr(line, '=');

    if (!equals)
        return;
    *equals = '\0';
    check_result(form_set(schema, value, line, equals + 1, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto text = BUF_INIT;
    struct session session;

    text_init();
    buf_add(&text, data, size);
    buf_add_char(&text, '\n');
    char *rest = text.data;
    json_auto_t *schema = next_json(&rest);
    json_auto_t *defaults = next_json(&rest);
    json_auto_t *errors = next_json(&rest);
    if (!schema || !rest)
        return 0;
    session_begin(&session, rest, size % 2);
    form_is_empty(schema);
    fill(&session.prompt, schema, json_is_object(defaults) ? defaults : NULL, errors);
    session_end(&session);
    set(schema, rest);
    return 0;
}
