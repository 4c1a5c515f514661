/* Literals, names, subscripts and attributes; see parser.h. */
#include <string.h>

#include "server/templates/parser.h"

static struct node *parse_list(struct parser *parser)
{
    struct nodes nodes = {0};
    struct node *item;

    if (!parser_advance(parser))
        return NULL;
    while (!parser_at(parser, TOKEN_RBRACKET)) {
        if (nodes.count > 0 && !parser_expect(parser, TOKEN_COMMA))
            return NULL;
        if (parser_at(parser, TOKEN_RBRACKET))
            break;
        if (!(item = parse_condition(parser)) || !parser_add(parser, &nodes, item))
            return NULL;
    }
    return parser_advance(parser) ? parser_node(parser, NODE_LIST, &nodes) : NULL;
}

static struct node *parse_dict(struct parser *parser)
{
    struct nodes nodes = {0};
    struct node *key, *item;

    if (!parser_advance(parser))
        return NULL;
    while (!parser_at(parser, TOKEN_RBRACE)) {
        if (nodes.count > 0 && !parser_expect(parser, TOKEN_COMMA))
            return NULL;
        if (parser_at(parser, TOKEN_RBRACE))
            break;
        if (!(key = parse_condition(parser)) || !parser_expect(parser, TOKEN_COLON) ||
            !(item = parse_condition(parser)) || !parser_add(parser, &nodes, key) ||
            !parser_add(parser, &nodes, item))
            return NULL;
    }
    return parser_advance(parser) ? parser_node(parser, NODE_DICT, &nodes) : NULL;
}

static struct node *parse_strings(struct parser *parser)
{
    const struct value *whole = parser->token.value;
    buf_auto text = render_buf(parser->render);

    if (!parser_advance(parser))
        return NULL;
    if (!parser_at(parser, TOKEN_STRING))
        return parser_literal(parser, NODE_LITERAL, whole);
    buf_add(&text, whole->string.text, whole->string.length);
    while (parser_at(parser, TOKEN_STRING)) {
        whole = parser->token.value;
        buf_add(&text, whole->string.text, whole->string.length);
        if (!parser_advance(parser))
            return NULL;
    }
    return parser_literal(parser, NODE_LITERAL, render_buf_string(parser->render, &text));
}

static struct node *parse_name(struct parser *parser)
{
    static const struct {
        const char *word;
        const struct value *value;
    } words[] = {{"true", &value_true},   {"True", &value_true}, {"false", &value_false},
                 {"False", &value_false}, {"none", &value_none}, {"None", &value_none}};
    struct token token = parser->token;

    if (!parser_advance(parser))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (token_is_word(&token, words[i].word))
            return parser_literal(parser, NODE_LITERAL, words[i].value);
    return parser_literal(parser, NODE_NAME,
                          value_string(parser->render, token.text, token.length));
}

struct node *parse_primary(struct parser *parser)
{
    struct node *node;
    const struct value *value = parser->token.value;

    switch (parser->token.type) {
    case TOKEN_NAME:
        return parse_name(parser);
    case TOKEN_STRING:
        return parse_strings(parser);
    case TOKEN_INTEGER:
    case TOKEN_REAL:
        return parser_advance(parser) ? parser_literal(parser, NODE_LITERAL, value) : NULL;
    case TOKEN_LPAREN:
        node = parser_advance(parser) ? parse_tuple(parser, true) : NULL;
        return node && parser_expect(parser, TOKEN_RPAREN) ? node : NULL;
    case TOKEN_LBRACKET:
        return parse_list(parser);
    case TOKEN_LBRACE:
        return parse_dict(parser);
    default:
        return parser_refuse_token(parser, "unexpected ");
    }
}

/* One part of a slice, if there is one before what ends it. */
static bool parse_bound(struct parser *parser, struct node **ret_bound)
{
    if (parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_RBRACKET) ||
        parser_at(parser, TOKEN_COMMA))
        return true;
    *ret_bound = parse_condition(parser);
    return *ret_bound != NULL;
}

static struct node *parse_subscribed(struct parser *parser)
{
    struct node *bounds[3] = {NULL};

    if (!parser_at(parser, TOKEN_COLON)) {
        bounds[0] = parse_condition(parser);
        if (!bounds[0] || !parser_at(parser, TOKEN_COLON))
            return bounds[0];
    }
    if (!parser_advance(parser) || !parse_bound(parser, &bounds[1]))
        return NULL;
    if (parser_at(parser, TOKEN_COLON) &&
        (!parser_advance(parser) || !parse_bound(parser, &bounds[2])))
        return NULL;
    return parser_small(parser, NODE_SLICE, 3, bounds[0], bounds[1], bounds[2]);
}

static struct node *parse_subscript(struct parser *parser, struct node *node)
{
    struct nodes nodes = {0};

    if (!parser_advance(parser))
        return NULL;
    while (!parser_at(parser, TOKEN_RBRACKET)) {
        if (nodes.count > 0 && !parser_expect(parser, TOKEN_COMMA))
            return NULL;
        struct node *item = parse_subscribed(parser);
        if (!item || !parser_add(parser, &nodes, item))
            return NULL;
    }
    if (!parser_advance(parser))
        return NULL;
    struct node *key = nodes.count == 1 ? nodes.items[0] : parser_node(parser, NODE_TUPLE, &nodes);
    return key ? parser_small(parser, NODE_SUBSCRIPT, 2, node, key, NULL) : NULL;
}

static struct node *parse_attribute(struct parser *parser, struct node *node)
{
    if (!parser_advance(parser))
        return NULL;
    struct token token = parser->token;
    if (!parser_at(parser, TOKEN_NAME) && !parser_at(parser, TOKEN_INTEGER))
        return render_refuse(parser->render, "expected name or number");
    if (!parser_advance(parser))
        return NULL;
    if (token.type == TOKEN_INTEGER) {
        struct node *key = parser_literal(parser, NODE_LITERAL, token.value);
        return key ? parser_small(parser, NODE_SUBSCRIPT, 2, node, key, NULL) : NULL;
    }
    struct node *attribute = parser_small(parser, NODE_ATTRIBUTE, 1, node, NULL, NULL);
    if (!attribute)
        return NULL;
    attribute->value = value_string(parser->render, token.text, token.length);
    return attribute->value ? attribute : NULL;
}

struct node *refuse_call(struct parser *parser, const struct node *node)
{
    const struct value *name =
        node->type == NODE_NAME || node->type == NODE_ATTRIBUTE ? node->value : &value_empty;

    return render_refuse(parser->render, "calls such as %.*s(…) are not supported, only filters",
                         (int)name->string.length, name->string.text);
}

struct node *parse_postfix(struct parser *parser, struct node *node)
{
    while (node) {
        if (parser_at(parser, TOKEN_DOT))
            node = parse_attribute(parser, node);
        else if (parser_at(parser, TOKEN_LBRACKET))
            node = parse_subscript(parser, node);
        else if (parser_at(parser, TOKEN_LPAREN))
            return refuse_call(parser, node);
        else
            return node;
    }
    return NULL;
}
