/* What all parts of the parser do with tokens and nodes; see parser.h. */
#include <stdio.h>
#include <string.h>

#include "server/templates/parser.h"
#include "json/text.h"

bool parser_add(struct parser *parser, struct nodes *nodes, struct node *node)
{
    if (nodes->count == nodes->capacity) {
        size_t capacity = nodes->capacity ? 2 * nodes->capacity : 4;
        struct node **items = render_alloc(parser->render, capacity * sizeof(*items));
        if (!items)
            return false;
        if (nodes->count)
            memcpy(items, nodes->items, nodes->count * sizeof(*items));
        nodes->items = items;
        nodes->capacity = capacity;
    }
    nodes->items[nodes->count++] = node;
    return true;
}

struct node *parser_node(struct parser *parser, enum node_type type, const struct nodes *nodes)
{
    struct node *node = render_alloc(parser->render, sizeof(*node));

    if (!node)
        return NULL;
    node->type = type;
    if (nodes) {
        node->items = nodes->items;
        node->count = nodes->count;
    }
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i] && node->items[i]->depth >= node->depth)
            node->depth = node->items[i]->depth + 1;
    if (node->depth > NODE_DEPTH_MAX)
        return render_refuse(parser->render, "an expression has more than %d levels",
                             NODE_DEPTH_MAX);
    return node;
}

/* A node with up to three below it. */
struct node *parser_small(struct parser *parser, enum node_type type, size_t count, struct node *a,
                          struct node *b, struct node *c)
{
    struct nodes nodes = {0};

    return parser_add(parser, &nodes, a) && (count < 2 || parser_add(parser, &nodes, b)) &&
                   (count < 3 || parser_add(parser, &nodes, c))
               ? parser_node(parser, type, &nodes)
               : NULL;
}

struct node *parser_literal(struct parser *parser, enum node_type type, const struct value *value)
{
    struct node *node = value ? parser_node(parser, type, NULL) : NULL;

    if (node)
        node->value = value;
    return node;
}

bool parser_advance(struct parser *parser)
{
    if (parser->has_after) {
        parser->token = parser->after;
        parser->has_after = false;
        return true;
    }
    return lexer_next(&parser->lexer, &parser->token) == 0;
}

/* The token behind the one at hand, or NULL. */
const struct token *parser_look(struct parser *parser)
{
    if (!parser->has_after && lexer_next(&parser->lexer, &parser->after) < 0)
        return NULL;
    parser->has_after = true;
    return &parser->after;
}

bool parser_at(const struct parser *parser, enum token_type type)
{
    return parser->token.type == type;
}

bool token_is_word(const struct token *token, const char *word)
{
    return token->type == TOKEN_NAME && token->length == strlen(word) &&
           memcmp(token->text, word, token->length) == 0;
}

bool parser_at_word(const struct parser *parser, const char *word)
{
    return token_is_word(&parser->token, word);
}

void *parser_refuse_token(struct parser *parser, const char *before)
{
    buf_auto quoted = BUF_INIT;
    const char *what = token_describe(parser->render, &parser->token);

    json_text_repr_string(what, strlen(what), &quoted);
    return render_refuse(parser->render, "%s%s", before, buf_string(&quoted));
}

bool parser_expect(struct parser *parser, enum token_type type)
{
    const char *wanted = token_type_describe(type);
    char before[100];

    if (parser_at(parser, type))
        return parser_advance(parser);
    if (parser_at(parser, TOKEN_END)) {
        render_refuse(parser->render, "unexpected end of template, expected '%s'.", wanted);
        return false;
    }
    snprintf(before, sizeof(before), "expected token '%s', got ", wanted);
    parser_refuse_token(parser, before);
    return false;
}

bool parser_enter(struct parser *parser)
{
    if (++parser->depth <= NODE_DEPTH_MAX)
        return true;
    render_refuse(parser->render, "an expression has more than %d levels", NODE_DEPTH_MAX);
    return false;
}
