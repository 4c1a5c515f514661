/* Filters and tests behind an expression; see parser.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/templates/parser.h"

/* The name of a filter or test, with dots. */
static bool parse_dotted(struct parser *parser, const char *kind, char name[static 64])
{
    size_t length = 0;

    do {
        if (length > 0 && !parser_advance(parser))
            return false;
        struct token token = parser->token;
        if (!parser_expect(parser, TOKEN_NAME))
            return false;
        length += (size_t)snprintf(name + length, 64 - length, "%s%.*s", length ? "." : "",
                                   (int)token.length, token.text);
        if (length >= 64) {
            render_refuse(parser->render, "the name of a %s is too long", kind);
            return false;
        }
    } while (parser_at(parser, TOKEN_DOT));
    return true;
}

/* To be told unless the syntax is wrong as well. False for a failure. */
PRINTF_LIKE(3, 4)
static bool note_wrong(struct parser *parser, const char *class, const char *format, ...)
{
    va_list args;

    if (parser->wrong)
        return true;
    va_start(args, format);
    parser->class = class;
    parser->wrong = arena_vprintf(&parser->render->arena, format, args);
    va_end(args);
    if (!parser->wrong)
        error_set(parser->render->error, ENOMEM, "no memory for the template");
    return parser->wrong != NULL;
}

static bool note_unknown(struct parser *parser, const char *kind, const char *name)
{
    return note_wrong(parser, "TemplateAssertionError", "No %s named '%s'.", kind, name);
}

/* The place of an argument given by name; -1 if the filter has none of that name. */
static int argument_place(const struct filter *filter, const struct token *name)
{
    for (int i = 0; filter && i < FILTER_ARGUMENTS; i++)
        if (filter->arguments[i] && token_is_word(name, filter->arguments[i]))
            return i;
    return -1;
}

/* At the "name = " of an argument, if there is one. False for a failure. */
static bool parse_keyword(struct parser *parser, struct token *ret_name)
{
    const struct token *after;

    *ret_name = (struct token){.type = TOKEN_END};
    if (!parser_at(parser, TOKEN_NAME))
        return true;
    after = parser_look(parser);
    if (!after || after->type != TOKEN_ASSIGN)
        return after != NULL;
    *ret_name = parser->token;
    return parser_advance(parser) && parser_advance(parser);
}

/* "(…)" behind a filter; its arguments into their places. Those of an unknown one are skipped. */
static bool parse_arguments(struct parser *parser, const struct filter *filter,
                            struct node *places[static FILTER_ARGUMENTS])
{
    int given = 0;

    if (!parser_advance(parser))
        return false;
    for (bool first = true; !parser_at(parser, TOKEN_RPAREN); first = false) {
        struct token name;
        if (!first && !parser_expect(parser, TOKEN_COMMA))
            return false;
        if (!first && parser_at(parser, TOKEN_RPAREN))
            break;
        if (parser_at(parser, TOKEN_MUL) || parser_at(parser, TOKEN_POW)) {
            parser_refuse_token(parser, "arguments are given one by one, not by ");
            return false;
        }
        if (!parse_keyword(parser, &name))
            return false;
        struct node *argument = parse_condition(parser);
        if (!argument)
            return false;
        int place = name.type == TOKEN_NAME ? argument_place(filter, &name) : given++;
        bool fits = filter && place >= 0 && place < FILTER_ARGUMENTS && filter->arguments[place] &&
                    !places[place];
        if (fits)
            places[place] = argument;
        else if (filter && !note_wrong(parser, "TypeError",
                                       "the filter '%s' takes no such argument", filter->name))
            return false;
    }
    return parser_advance(parser);
}

static struct node *parse_filter(struct parser *parser, struct node *node)
{
    struct node *places[FILTER_ARGUMENTS] = {NULL};
    struct nodes nodes = {0};
    char name[64];

    if (!parser_advance(parser) || !parse_dotted(parser, "filter", name))
        return NULL;
    const struct filter *filter = filter_find(name, strlen(name));
    if (!filter && !note_unknown(parser, "filter", name))
        return NULL;
    if (parser_at(parser, TOKEN_LPAREN) && !parse_arguments(parser, filter, places))
        return NULL;
    if (!parser_add(parser, &nodes, node))
        return NULL;
    for (int i = 0; i < FILTER_ARGUMENTS; i++)
        if (!parser_add(parser, &nodes, places[i]))
            return NULL;
    struct node *filtered = parser_node(parser, NODE_FILTER, &nodes);
    if (filtered)
        filtered->filter = filter;
    return filtered;
}

/* Whether the token at hand begins an argument of a test that has no parentheses. */
static bool at_test_argument(const struct parser *parser)
{
    static const enum token_type types[] = {TOKEN_NAME,     TOKEN_STRING, TOKEN_INTEGER, TOKEN_REAL,
                                            TOKEN_LBRACKET, TOKEN_LPAREN, TOKEN_LBRACE};

    if (parser_at_word(parser, "else") || parser_at_word(parser, "or") ||
        parser_at_word(parser, "and"))
        return false;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (parser_at(parser, types[i]))
            return true;
    return false;
}

static struct node *parse_test(struct parser *parser, struct node *node)
{
    struct node *argument = NULL;
    char name[64];

    if (!parser_advance(parser))
        return NULL;
    bool negated = parser_at_word(parser, "not");
    if ((negated && !parser_advance(parser)) || !parse_dotted(parser, "test", name))
        return NULL;
    const struct test *test = test_find(name, strlen(name));
    if (!test && !note_unknown(parser, "test", name))
        return NULL;
    if (at_test_argument(parser)) {
        if (parser_at_word(parser, "is"))
            return render_refuse(parser->render, "You cannot chain multiple tests with is");
        argument = parse_primary(parser);
        argument = argument ? parse_postfix(parser, argument) : NULL;
        if (!argument)
            return NULL;
    }
    if (test && test->has_argument != (argument != NULL) &&
        !note_wrong(parser, "TypeError", "the test '%s' takes %s argument", name,
                    test->has_argument ? "one" : "no"))
        return NULL;
    struct node *tested = parser_small(parser, NODE_TEST, 2, node, argument, NULL);
    if (!tested)
        return NULL;
    tested->test = test;
    return negated ? parser_small(parser, NODE_NOT, 1, tested, NULL, NULL) : tested;
}

struct node *parse_filters(struct parser *parser, struct node *node)
{
    while (node) {
        if (parser_at(parser, TOKEN_PIPE))
            node = parse_filter(parser, node);
        else if (parser_at_word(parser, "is"))
            node = parse_test(parser, node);
        else if (parser_at(parser, TOKEN_LPAREN))
            return refuse_call(parser, node);
        else
            return node;
    }
    return NULL;
}
