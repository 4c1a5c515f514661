/* Forms filled in from a script: what is asked, what is refused, what comes out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/form.h"
#include "cli/text.h"
#include "tests/unit/unit.h"
#include "json/text.h"

struct session {
    char *input;
    struct prompt prompt;
    char *shown;
    size_t shown_length;
};

static void session_begin(struct session *session, const char *input)
{
    *session = (struct session){.input = strdup(input)};
    session->prompt.in =
        *input ? fmemopen(session->input, strlen(input), "r") : fopen("/dev/null", "r");
    session->prompt.screen.out = open_memstream(&session->shown, &session->shown_length);
    session->prompt.screen.width = 80;
}

static void session_end(struct session *session)
{
    fclose(session->prompt.in);
    fclose(session->prompt.screen.out);
    free(session->shown);
    free(session->input);
}

static json_t *parse(const char *text)
{
    struct error error;

    if (!text)
        return NULL;
    json_t *value = json_parse(text, strlen(text), &error);
    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void assert_json(const json_t *value, const char *expected)
{
    buf_auto text = BUF_INIT;
    json_auto_t *wanted = parse(expected);

    field_add_json(&text, value);
    if (!json_same(value, wanted))
        fail_msg("%s is not %s", buf_string(&text), expected);
}

/* Fills in the form with the lines of `input`, all of which must be used, and compares. */
static void assert_filled(const char *schema_text, const char *defaults_text, const char *input,
                          const char *expected)
{
    struct session session;
    struct error error = {0};
    json_t *value = NULL;
    json_auto_t *schema = parse(schema_text);
    json_auto_t *defaults = parse(defaults_text);

    session_begin(&session, input);
    int r = form_fill(&session.prompt, schema, defaults, &value, &error);
    if (r < 0)
        fail_msg("%s\n%s", error.message, session.shown);
    assert_int_equal(getc(session.prompt.in), EOF);
    assert_json(value, expected);
    json_decref(value);
    session_end(&session);
}

/* The same, and what was shown must hold each of the texts, in this order; ends with NULL. */
static void assert_shown(const char *schema_text, const char *input, const char *const texts[])
{
    struct session session;
    json_t *value = NULL;
    json_auto_t *schema = parse(schema_text);

    session_begin(&session, input);
    form_fill(&session.prompt, schema, NULL, &value, NULL);
    const char *at = session.shown;
    for (size_t i = 0; texts[i]; i++) {
        const char *found = strstr(at, texts[i]);
        if (!found)
            fail_msg("'%s' was not shown in\n%s", texts[i], session.shown);
        at = found + strlen(texts[i]);
    }
    json_decref(value);
    session_end(&session);
}

#define OBJECT(properties, required)                                                               \
    "{\"type\": \"object\", \"properties\": {" properties "}, \"required\": [" required "]}"
#define ONE(schema)      OBJECT("\"value\": " schema, "\"value\"")
#define OPTIONAL(schema) OBJECT("\"value\": " schema, "")
#define VALUE(value)     "{\"value\": " value "}"

/* One line, or several of which all but the last are refused, give the value. */
static void each_kind(void **state)
{
    static const struct {
        const char *schema;
        const char *input;
        const char *value;
    } cases[] = {
        {"{\"type\": \"string\"}", "Alice B\n", "\"Alice B\""},
        {"{\"type\": \"string\"}", "\n  \n\"\"\n", "\"\""},
        {"{\"type\": \"string\"}", "  42 \r\n", "\"42\""},
        {"{\"type\": \"string\"}", "null\n", "\"null\""},
        {"{\"type\": \"string\", \"minLength\": 2, \"maxLength\": 3}", "a\nabcd\nöäü\n", "\"öäü\""},
        {"{\"type\": \"string\", \"pattern\": \"^a+$\"}", "b\naa\n", "\"aa\""},
        {"{\"type\": \"integer\"}", "\nforty\n4.5\n0x10\n1e3\n99999999999999999999\n-40\n", "-40"},
        {"{\"type\": \"integer\", \"minimum\": 1, \"exclusiveMaximum\": 5}", "0\n5\n4\n", "4"},
        {"{\"type\": \"number\", \"multipleOf\": 0.25}", "1,5\nnan\ninf\n0x1\n0.3\n1e-1\n0.75\n",
         "0.75"},
        {"{\"type\": \"number\"}", "3\n", "3"},
        {"{\"type\": \"boolean\"}", "maybe\nY\n", "true"},
        {"{\"type\": \"boolean\"}", "false\n", "false"},
        {"{\"const\": true}", "n\ny\n", "true"},
        {"{\"enum\": [\"small\", \"Large\"], \"type\": \"string\"}", "3\nhuge\n0\n1\n",
         "\"small\""},
        {"{\"enum\": [\"small\", \"Large\"], \"type\": \"string\"}", "large\n", "\"Large\""},
        {"{\"enum\": [3, 2, 1]}", "1\n", "1"},
        {"{\"enum\": [1, \"1\", null]}", "1\n", "1"},
        {"{\"enum\": [1, null]}", "\n", "null"},
        {"{\"enum\": [\"a\", \"A\"]}", "A\n", "\"A\""},
        {"{\"enum\": [\"a\", {\"b\": [1]}]}", "2\n", "{\"b\": [1]}"},
        {"{\"type\": \"string\", \"format\": \"date\"}", "tomorrow\n2026-02-30\n2026-12-24\n",
         "\"2026-12-24\""},
        {"{\"type\": \"string\", \"format\": \"date-time\"}", "2026-12-24\n2026-12-24 18:00\n",
         "\"2026-12-24 18:00\""},
        {"{\"type\": \"string\", \"format\": \"time\"}", "25:00\n18:30\n", "\"18:30\""},
        {"{\"type\": \"string\", \"format\": \"uuid\"}",
         "1\n0198c0de-0000-7000-8000-000000000000\n", "\"0198c0de-0000-7000-8000-000000000000\""},
        {"{\"type\": \"string\", \"format\": \"email\"}", "me\nme@example.com\n",
         "\"me@example.com\""},
        {"{\"type\": \"string\", \"format\": \"password\"}", "\nhunter2\n", "\"hunter2\""},
        {"{\"type\": \"array\", \"items\": {\"type\": \"integer\"}}", "1, x\n1,,2\n1, 2 ,3\n",
         "[1, 2, 3]"},
        {"{\"type\": \"array\", \"items\": {\"type\": \"integer\"}}", "1,\n2,\n3\n", "[1, 2, 3]"},
        {"{\"type\": \"array\", \"items\": {\"type\": \"integer\"}}", "[1, \"x\"]\n[1\n[1, 2]\n",
         "[1, 2]"},
        {"{\"type\": \"array\", \"items\": {\"type\": \"integer\"}}", "\n[]\n", "[]"},
        {"{\"type\": \"array\", \"items\": {\"type\": \"integer\", \"maximum\": 9}}", "1,10\n9\n",
         "[9]"},
        {"{\"type\": \"array\", \"items\": {\"type\": \"string\"}}", "a b, \"c, \\\"d\\\"\", e\n",
         "[\"a b\", \"c, \\\"d\\\"\", \"e\"]"},
        {"{\"type\": \"array\", \"items\": {\"enum\": [\"red\", \"green\"]}, \"uniqueItems\": "
         "true}",
         "1,red\n2, red\n", "[\"green\", \"red\"]"},
        {"{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"prefixItems\": "
         "[{\"type\": \"integer\"}, {\"type\": \"string\"}]}",
         "1\n1,b,c\nb,1\n1,b\n", "[1, \"b\"]"},
        {"{\"type\": \"array\"}", "1\n[1, {\"a\": 2}]\n", "[1, {\"a\": 2}]"},
        {"{\"type\": \"object\", \"additionalProperties\": {\"type\": \"integer\"}}",
         "a=1\n{\"a\": \"b\"}\n{\"a\": 1}\n", "{\"a\": 1}"},
        {"{}", "hello\n\"hello\"\n", "\"hello\""},
        {"true", "[0.1]\n", "[0.1]"},
        {"{\"type\": \"null\"}", "\n", "null"},
        {"{\"$ref\": \"https://elsewhere.example/x\"}", "1\n", "1"},
        {"{\"$ref\": \"#/nowhere\"}", "{}\n", "{}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto schema = BUF_INIT;
        buf_auto value = BUF_INIT;
        buf_addf(&schema, ONE("%s"), cases[i].schema);
        buf_addf(&value, VALUE("%s"), cases[i].value);
        assert_filled(buf_string(&schema), NULL, cases[i].input, buf_string(&value));
    }
}

static void optional_fields_and_defaults(void **state)
{
    (void)state;
    assert_filled(OPTIONAL("{\"type\": \"string\"}"), NULL, "\n", "{}");
    assert_filled(OPTIONAL("{\"type\": \"string\", \"default\": \"anon\"}"), NULL, "\n",
                  VALUE("\"anon\""));
    assert_filled(OPTIONAL("{\"type\": \"string\", \"default\": \"anon\"}"),
                  VALUE("\"from before\""), "\n", VALUE("\"from before\""));
    /* pydantic's Optional[int] = None, = 3, and without a default */
    assert_filled(OPTIONAL("{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"null\"}], "
                           "\"default\": null}"),
                  NULL, "\n", "{}");
    assert_filled(OPTIONAL("{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"null\"}], "
                           "\"default\": 3}"),
                  NULL, "x\nnull\n", VALUE("null"));
    assert_filled(ONE("{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"null\"}]}"), NULL, "\n",
                  VALUE("null"));
    assert_filled(ONE("{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 5}, {\"type\": "
                      "\"null\"}]}"),
                  NULL, "4\n5\n", VALUE("5"));
    assert_filled(OPTIONAL("{\"type\": [\"integer\", \"null\"]}"), NULL, "7\n", VALUE("7"));
    assert_filled(OPTIONAL("{\"type\": [\"null\"]}"), NULL, "\n", "{}");
    /* a default that its own schema refuses is left to the flow */
    assert_filled(OPTIONAL("{\"type\": \"integer\", \"default\": \"x\"}"), NULL, "\n", "{}");
    assert_filled(ONE("{\"type\": \"integer\", \"default\": \"x\"}"), NULL, "\n1\n", VALUE("1"));
    assert_filled(OPTIONAL("{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"), NULL, "\n",
                  "{}");
}

#define ADDRESS                                                                                    \
    "{\"type\": \"object\", \"title\": \"Address\", \"properties\": {\"street\": {\"type\": "      \
    "\"string\"}, \"zip\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}], "           \
    "\"default\": null}}, \"required\": [\"street\"]}"
#define WITH_ADDRESS(property, required)                                                           \
    "{\"$defs\": {\"Address\": " ADDRESS "}, \"type\": \"object\", \"properties\": {" property     \
    "}, \"required\": [" required "]}"

static void nested_objects(void **state)
{
    const char *optional = WITH_ADDRESS("\"home\": {\"anyOf\": [{\"$ref\": \"#/$defs/Address\"}, "
                                        "{\"type\": \"null\"}], \"default\": null}",
                                        "");
    const char *with_default = WITH_ADDRESS(
        "\"home\": {\"$ref\": \"#/$defs/Address\", \"default\": {\"street\": \"Main\"}}", "");
    static const char *const shown[] = {"Home *", "Street *", "home.street", "needs an answer",
                                        "Zip",    "home.zip", NULL};

    (void)state;
    assert_filled(WITH_ADDRESS("\"home\": {\"$ref\": \"#/$defs/Address\"}", "\"home\""), NULL,
                  "\nMain\n\n", "{\"home\": {\"street\": \"Main\"}}");
    assert_shown(WITH_ADDRESS("\"home\": {\"$ref\": \"#/$defs/Address\"}", "\"home\""),
                 "\nMain\n\n", shown);
    assert_filled(
        WITH_ADDRESS("\"home\": {\"allOf\": [{\"$ref\": \"#/$defs/Address\"}]}", "\"home\""),
        "{\"home\": {\"zip\": \"1\"}}", "Main\n\n",
        "{\"home\": {\"street\": \"Main\", \"zip\": \"1\"}}");
    assert_filled(optional, NULL, "\n", "{}");
    assert_filled(optional, NULL, "what\ny\nMain\n2\n",
                  "{\"home\": {\"street\": \"Main\", \"zip\": \"2\"}}");
    assert_filled(with_default, NULL, "\n", "{\"home\": {\"street\": \"Main\"}}");
    assert_filled(with_default, NULL, "y\n\n3\n",
                  "{\"home\": {\"street\": \"Main\", \"zip\": \"3\"}}");
    assert_filled("{\"allOf\": [{\"properties\": {\"a\": {\"type\": \"string\"}}}, "
                  "{\"properties\": {\"b\": {\"type\": \"integer\"}}, \"required\": [\"b\"]}]}",
                  NULL, "x\n1\n", "{\"a\": \"x\", \"b\": 1}");
}

static void lists_item_by_item(void **state)
{
    const char *required =
        WITH_ADDRESS("\"homes\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": "
                     "\"#/$defs/Address\"}}",
                     "\"homes\"");
    const char *optional =
        WITH_ADDRESS("\"homes\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/Address\"}, "
                     "\"default\": []}",
                     "");

    (void)state;
    assert_filled(required, NULL, "n\nhuh\ny\nMain\n\ny\nSide\n9\nn\n",
                  "{\"homes\": [{\"street\": \"Main\"}, {\"street\": \"Side\", \"zip\": \"9\"}]}");
    assert_filled(required, NULL, "[]\n[{\"street\": 1}]\n[{\"street\": \"Main\"}]\n",
                  "{\"homes\": [{\"street\": \"Main\"}]}");
    assert_filled(optional, NULL, "\n", "{\"homes\": []}");
    assert_filled(ONE("{\"type\": \"array\", \"items\": {\"type\": \"array\", \"items\": "
                      "{\"type\": \"integer\"}}}"),
                  NULL, "y\n1,2\ny\n3\nn\n", VALUE("[[1, 2], [3]]"));
}

static void endless_answers(void **state)
{
    struct session session;
    struct error error;
    json_t *value = NULL;
    buf_auto input = BUF_INIT;
    json_auto_t *schema = parse(ONE("{\"type\": \"array\", \"items\": {\"type\": \"array\", "
                                    "\"items\": {\"type\": \"string\"}}}"));

    (void)state;
    for (int i = 0; i < 4000; i++)
        buf_add_string(&input, "y\n");
    session_begin(&session, buf_string(&input));
    assert_int_equal(form_fill(&session.prompt, schema, NULL, &value, &error), -1);
    assert_int_equal(error.code, E2BIG);
    session_end(&session);
}

static void unions(void **state)
{
    const char *pets =
        "{\"$defs\": {\"Cat\": {\"type\": \"object\", \"properties\": {\"kind\": {\"const\": "
        "\"cat\", \"default\": \"cat\", \"type\": \"string\"}, \"lives\": {\"type\": "
        "\"integer\"}}, \"required\": [\"lives\"]}, \"Dog\": {\"type\": \"object\", "
        "\"properties\": {\"kind\": {\"const\": \"dog\", \"type\": \"string\"}, \"bark\": "
        "{\"type\": \"boolean\", \"default\": true}}, \"required\": [\"kind\"]}}, \"properties\": "
        "{\"pet\": {\"oneOf\": [{\"$ref\": \"#/$defs/Cat\"}, {\"$ref\": \"#/$defs/Dog\"}]}}, "
        "\"required\": [\"pet\"]}";
    const char *scalars = ONE("{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"string\"}]}");
    const char *optional = OPTIONAL("{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": "
                                    "\"string\"}, {\"type\": \"null\"}], \"default\": \"x\"}");
    static const char *const shown[] = {"Pet *", "1) Cat", "2) Dog", "pet.bark", NULL};

    (void)state;
    assert_filled(pets, NULL, "\n3\ncat\n9\n", "{\"pet\": {\"kind\": \"cat\", \"lives\": 9}}");
    assert_filled(pets, NULL, "2\n\n", "{\"pet\": {\"kind\": \"dog\", \"bark\": true}}");
    assert_shown(pets, "2\n\n", shown);
    assert_filled(scalars, NULL, "1\nx\n5\n", VALUE("5"));
    assert_filled(scalars, NULL, "text\n5\n", VALUE("\"5\""));
    assert_filled(optional, NULL, "\n", VALUE("\"x\""));
    assert_filled(ONE("{\"type\": [\"integer\", \"string\"]}"), NULL, "2\n5\n", VALUE("\"5\""));
}

static void titles_help_and_hints(void **state)
{
    static const char *const shown[] = {
        "Shirt size *", "What fits you",  " 1) small",  "✗ must be one of the choices",
        "Age",          "a whole number", "at least 1", "[4] > ",
        "Agree",        "[yes] > ",       NULL};
    static const char *const numbers[] = {"• 3", "• 2", NULL};
    static const char *const pair[] = {": a number, a number\n", NULL};
    static const char *const more[] = {": a number, at least 1 of them\n", NULL};

    (void)state;
    assert_shown(OBJECT("\"shirt_size\": {\"enum\": [\"small\"], \"description\": \"What fits "
                        "you\"}, \"age\": {\"type\": \"integer\", \"minimum\": 1, \"default\": "
                        "4}, \"agree\": {\"type\": \"boolean\", \"default\": true}",
                        "\"shirt_size\""),
                 "2\n1\n\n\n", shown);
    assert_shown(ONE("{\"enum\": [3, 2]}"), "3\n", numbers);
    assert_shown(ONE("{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"prefixItems\": "
                     "[{\"type\": \"number\"}, {\"type\": \"number\"}]}"),
                 "1, 2\n", pair);
    assert_shown(ONE("{\"type\": \"array\", \"minItems\": 1, \"prefixItems\": "
                     "[{\"type\": \"number\"}]}"),
                 "1\n", more);
}

static void secrets_are_not_shown(void **state)
{
    struct session session;
    json_t *value;
    json_auto_t *schema = parse(
        OPTIONAL("{\"type\": \"string\", \"format\": \"password\", \"default\": \"old-secret\"}"));

    (void)state;
    session_begin(&session, "new-secret\n");
    assert_int_equal(form_fill(&session.prompt, schema, NULL, &value, NULL), 0);
    assert_json(value, VALUE("\"new-secret\""));
    assert_null(strstr(session.shown, "secret"));
    json_decref(value);
    session_end(&session);
}

static void input_that_ends(void **state)
{
    static const char *const inputs[] = {"", "Alice\n", "Alice\nx\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct session session;
        struct error error;
        json_t *value = NULL;
        json_auto_t *schema = parse(OBJECT(
            "\"name\": {\"type\": \"string\"}, \"age\": {\"type\": \"integer\"}", "\"age\""));
        session_begin(&session, inputs[i]);
        assert_int_equal(form_fill(&session.prompt, schema, NULL, &value, &error), -1);
        assert_int_equal(error.code, ENODATA);
        assert_null(value);
        session_end(&session);
    }
}

static void lines_that_are_no_text(void **state)
{
    buf_auto input = BUF_INIT;

    (void)state;
    for (size_t i = 0; i <= PROMPT_LINE_CEILING; i++)
        buf_add_char(&input, 'a');
    buf_add_string(&input, "\n\x1b[A\n\xff\nfine, last line without an end");
    assert_filled(ONE("{\"type\": \"string\"}"), NULL, buf_string(&input),
                  VALUE("\"fine, last line without an end\""));
}

/* --- What the server refused --- */

static void assert_corrected(const char *schema_text, const char *value_text,
                             const char *errors_text, const char *input, const char *expected,
                             const char *shown)
{
    struct session session;
    struct error error = {0};
    json_t *corrected = NULL;
    json_auto_t *schema = parse(schema_text);
    json_auto_t *value = parse(value_text);
    json_auto_t *errors = parse(errors_text);

    session_begin(&session, input);
    if (form_correct(&session.prompt, schema, NULL, errors, value, &corrected, &error) < 0)
        fail_msg("%s\n%s", error.message, session.shown);
    assert_int_equal(getc(session.prompt.in), EOF);
    assert_json(corrected, expected);
    if (!strstr(session.shown, shown))
        fail_msg("'%s' was not shown in\n%s", shown, session.shown);
    json_decref(corrected);
    session_end(&session);
}

static void only_wrong_fields_are_asked_again(void **state)
{
    const char *user =
        OBJECT("\"name\": {\"type\": \"string\"}, \"age\": {\"type\": \"integer\"}", "\"age\"");
    const char *home = WITH_ADDRESS("\"home\": {\"$ref\": \"#/$defs/Address\"}, \"tags\": "
                                    "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
                                    "\"home\"");
    const char *refused = "{\"home\": {\"street\": \"a\", \"zip\": \"b\"}, \"tags\": [\"x\"]}";

    (void)state;
    assert_corrected(user, "{\"name\": \"A\", \"age\": 1}",
                     "[{\"path\": \"age\", \"message\": \"is too young\"}]", "40\n",
                     "{\"name\": \"A\", \"age\": 40}", "✗ is too young");
    assert_corrected(user, "{\"age\": 1}", "[{\"path\": \"age\", \"message\": \"is too young\"}]",
                     "40\n", "{\"age\": 40}", "✗ is too young");
    assert_corrected(home, refused,
                     "[{\"path\": \"home.street\", \"message\": \"is unknown\"}, {\"path\": "
                     "\"tags[0]\", \"message\": \"is no tag\"}]",
                     "b\ny\n", "{\"home\": {\"street\": \"b\", \"zip\": \"b\"}, \"tags\": [\"y\"]}",
                     "✗ [0]: is no tag");
    assert_corrected(home, refused, "[{\"path\": \"home\", \"message\": \"is not yours\"}]",
                     "c\n\n", "{\"home\": {\"street\": \"c\"}, \"tags\": [\"x\"]}",
                     "✗ is not yours");
}

/* An error of the whole, or of something that is no field: everything is asked again, with what
 * was answered as the defaults. */
static void errors_of_the_whole(void **state)
{
    const char *shirt = OBJECT("\"size\": {\"enum\": [\"small\", \"medium\"]}, \"color\": "
                               "{\"enum\": [\"red\", \"green\"]}",
                               "\"size\", \"color\"");
    const char *refused = "{\"size\": \"small\", \"color\": \"green\"}";

    (void)state;
    assert_corrected(shirt, refused,
                     "[{\"path\": \"\", \"message\": \"green does not come in small\"}]",
                     "medium\n\n", "{\"size\": \"medium\", \"color\": \"green\"}",
                     "✗ green does not come in small");
    assert_corrected(shirt, refused, "[{\"path\": \"sleeve\", \"message\": \"is unknown\"}]",
                     "\nred\n", "{\"size\": \"small\", \"color\": \"red\"}",
                     "✗ sleeve: is unknown");
    assert_corrected(shirt, refused, "[{\"path\": 1}, 2]", "\n\n", refused, "Size");
    assert_corrected(shirt, refused,
                     "[{\"path\": \"\", \"message\": \"no\"}, {\"path\": \"color\", \"message\": "
                     "\"never\"}]",
                     "red\n", "{\"size\": \"small\", \"color\": \"red\"}", "✗ no");
}

/* --- Schemas that mean harm --- */

static void escapes_in_schemas(void **state)
{
    struct session session;
    json_t *value;
    json_auto_t *schema =
        parse(OBJECT("\"a\\u001b[2Jb\": {\"title\": \"t\\u001b]0;x\\u0007\", \"description\": "
                     "\"d\\u009b31m\\n\\u202e\", \"enum\": [\"e\\u001b[31m\", \"f\"], \"default\": "
                     "\"\\u001b[5m\"}, \"c\\u001b\": {\"type\": \"integer\", \"default\": 1}",
                     "\"a\\u001b[2Jb\""));

    (void)state;
    session_begin(&session, "\n1\nx\n1\n");
    assert_int_equal(form_fill(&session.prompt, schema, NULL, &value, NULL), 0);
    assert_json(value, "{\"a\\u001b[2Jb\": \"e\\u001b[31m\", \"c\\u001b\": 1}");
    for (const char *c = session.shown; *c; c++)
        assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
    assert_null(strstr(session.shown, "\xc2\x9b"));
    assert_null(strstr(session.shown, "\xe2\x80\xae"));
    json_decref(value);
    session_end(&session);
}

static void huge_enum(void **state)
{
    buf_auto schema = BUF_INIT;
    struct session session;
    json_t *value;

    (void)state;
    buf_add_string(&schema, "{\"properties\": {\"value\": {\"enum\": [");
    for (int i = 0; i < 20000; i++)
        buf_addf(&schema, "%s\"choice %d\"", i > 0 ? "," : "", i);
    buf_add_string(&schema, "]}}}");
    json_auto_t *parsed = parse(buf_string(&schema));
    session_begin(&session, "20001\n20000\n");
    assert_int_equal(form_fill(&session.prompt, parsed, NULL, &value, NULL), 0);
    assert_json(value, VALUE("\"choice 19999\""));
    assert_non_null(strstr(session.shown, "and 19960 more"));
    assert_true(strlen(session.shown) < 10000);
    json_decref(value);
    session_end(&session);
}

/* References that go round, and types that hold themselves. */
static void endless_schemas(void **state)
{
    const char *node = "{\"$defs\": {\"Node\": {\"type\": \"object\", \"properties\": {\"next\": "
                       "{\"$ref\": \"#/$defs/Node\"}}, \"required\": [\"next\"]}}, \"$ref\": "
                       "\"#/$defs/Node\"}";
    struct session session;
    struct error error;
    json_t *value = NULL;
    json_auto_t *schema = parse(node);

    (void)state;
    assert_filled("{\"$defs\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"b\": {\"$ref\": "
                  "\"#/$defs/a\"}}, \"properties\": {\"value\": {\"$ref\": \"#/$defs/a\"}}}",
                  NULL, "1\n", VALUE("1"));
    assert_filled("{\"$defs\": {\"a\": {\"anyOf\": [{\"$ref\": \"#/$defs/a\"}, {\"type\": "
                  "\"null\"}]}}, \"properties\": {\"value\": {\"$ref\": \"#/$defs/a\"}}}",
                  NULL, "1\n", VALUE("1"));
    assert_filled("{\"properties\": {\"value\": {\"$ref\": \"#\"}}, \"required\": [\"value\"], "
                  "\"$ref\": \"#\"}",
                  NULL, "1\n", "1");
    /* No answer can be right; at the greatest depth JSON is asked for, and refused. */
    session_begin(&session, "{}\n{\"next\": 1}\n");
    assert_int_equal(form_fill(&session.prompt, schema, NULL, &value, &error), -1);
    assert_int_equal(error.code, ENODATA);
    session_end(&session);
}

/* Lists that are their own items, and lists in which the ways double with each of 30 levels. */
static void endless_lists(void **state)
{
    buf_auto schema = BUF_INIT;

    (void)state;
    assert_filled("{\"$defs\": {\"L\": {\"type\": \"array\", \"items\": {\"$ref\": "
                  "\"#/$defs/L\"}}}, \"required\": [\"value\"], \"properties\": {\"value\": "
                  "{\"$ref\": \"#/$defs/L\"}}}",
                  NULL, "y\nn\nn\n", VALUE("[[]]"));
    buf_add_string(&schema, "{\"$defs\": {\"L0\": {\"type\": \"integer\"}");
    for (int i = 1; i <= 30; i++)
        buf_addf(&schema,
                 ", \"L%d\": {\"type\": \"array\", \"prefixItems\": [{\"$ref\": \"#/$defs/L%d\"}, "
                 "{\"$ref\": \"#/$defs/L%d\"}]}",
                 i, i - 1, i - 1);
    buf_add_string(&schema, "}, \"properties\": {\"value\": {\"$ref\": \"#/$defs/L30\"}}}");
    assert_filled(buf_string(&schema), NULL, "[]\n", VALUE("[]"));
}

static void deep_schemas(void **state)
{
    buf_auto schema = BUF_INIT;
    buf_auto answer = BUF_INIT;

    (void)state;
    for (int i = 0; i < 60; i++)
        buf_add_string(&schema, "{\"type\": \"object\", \"required\": [\"a\"], \"properties\": "
                                "{\"a\": ");
    buf_add_string(&schema, "{}");
    for (int i = 0; i < 60; i++)
        buf_add_string(&schema, "}}");
    for (int i = 0; i < 60; i++)
        buf_add_string(&answer, "{\"a\": ");
    buf_add_string(&answer, "1");
    for (int i = 0; i < 60; i++)
        buf_add_char(&answer, '}');
    buf_auto line = BUF_INIT;
    buf_addf(&line, "x\n%s\n", buf_string(&answer) + FORM_DEPTH * strlen("{\"a\": "));
    line.data[line.length - 1 - FORM_DEPTH] = '\0';
    assert_filled(buf_string(&schema), NULL, line.data, buf_string(&answer));
}

static void malformed_schemas(void **state)
{
    static const char *const schemas[] = {
        "1",
        "[]",
        "\"x\"",
        "true",
        "{\"properties\": 1}",
        "{\"properties\": {\"a\": 1, \"b\": null, \"c\": []}}",
        "{\"properties\": {\"a\": {\"type\": 1}}, \"required\": {\"a\": 1}}",
        "{\"properties\": {\"a\": {\"type\": [1, {}]}}, \"required\": [1, null]}",
        "{\"properties\": {\"a\": {\"enum\": {}}, \"b\": {\"anyOf\": {}}, \"c\": {\"anyOf\": "
        "[]}}}",
        "{\"properties\": {\"a\": {\"items\": 1, \"type\": \"array\"}, \"b\": {\"$ref\": 1}}}",
        "{\"properties\": {\"a\": {\"minimum\": \"x\", \"type\": \"integer\", \"title\": 1, "
        "\"description\": [], \"format\": 3}}}",
        "{\"allOf\": [1, false], \"properties\": {\"a\": false}}",
        "{\"type\": \"array\", \"prefixItems\": [], \"items\": {\"type\": \"array\", \"items\": "
        "false}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemas); i++) {
        struct session session;
        json_t *value = NULL;
        json_auto_t *schema = parse(schemas[i]);
        session_begin(&session, "\n1\n[1]\ny\n{}\n\n\n\n\n\n");
        form_is_empty(schema);
        if (form_fill(&session.prompt, schema, schema, &value, NULL) == 0)
            json_decref(value);
        session_end(&session);
    }
}

static void approvals(void **state)
{
    static const struct {
        const char *schema;
        bool empty;
    } cases[] = {
        {"null", true},
        {"{}", true},
        {"{\"type\": \"object\", \"properties\": {}}", true},
        {"{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"properties\": {}}}}", true},
        {"{\"type\": \"object\"}", false},
        {ONE("{}"), false},
    };

    (void)state;
    assert_true(form_is_empty(NULL));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_auto_t *schema = parse(cases[i].schema);
        assert_int_equal(form_is_empty(schema), cases[i].empty);
    }
}

static void settings(void **state)
{
    static const struct {
        const char *path, *text, *value;
    } cases[] = {
        {"home.street", "5", "{\"home\": {\"street\": \"5\"}}"},
        {"home.zip", "null", "{\"home\": {\"zip\": null}}"},
        {"n", "5", "{\"n\": 5}"},
        {"home", "{\"street\": \"x\"}", "{\"home\": {\"street\": \"x\"}}"},
        {"a.b", "y", "{\"a.b\": true}"},
        {"unknown.inner", "[1]", "{\"unknown\": {\"inner\": [1]}}"},
        {"unknown", "just text", "{\"unknown\": \"just text\"}"},
        {"n", "five", NULL},
        {"home", "text", NULL},
    };
    json_auto_t *schema = parse(WITH_ADDRESS("\"home\": {\"$ref\": \"#/$defs/Address\"}, \"n\": "
                                             "{\"type\": \"integer\"}, \"a.b\": {\"type\": "
                                             "\"boolean\"}",
                                             "\"home\""));

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error error;
        json_auto_t *value = json_object();
        int r = form_set(schema, value, cases[i].path, cases[i].text, &error);
        assert_int_equal(r, cases[i].value ? 0 : -1);
        if (r == 0)
            assert_json(value, cases[i].value);
        else
            assert_non_null(strstr(error.message, cases[i].path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind),
        cmocka_unit_test(optional_fields_and_defaults),
        cmocka_unit_test(nested_objects),
        cmocka_unit_test(lists_item_by_item),
        cmocka_unit_test(endless_answers),
        cmocka_unit_test(unions),
        cmocka_unit_test(titles_help_and_hints),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(input_that_ends),
        cmocka_unit_test(lines_that_are_no_text),
        cmocka_unit_test(only_wrong_fields_are_asked_again),
        cmocka_unit_test(errors_of_the_whole),
        cmocka_unit_test(escapes_in_schemas),
        cmocka_unit_test(huge_enum),
        cmocka_unit_test(endless_schemas),
        cmocka_unit_test(endless_lists),
        cmocka_unit_test(deep_schemas),
        cmocka_unit_test(malformed_schemas),
        cmocka_unit_test(approvals),
        cmocka_unit_test(settings),
    };

    text_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
