/*
 * The grammar, from the loosest binding to the tightest:
 *
 *   condition  or [if or [else condition]]…
 *   or, and    left to right; then `not`, then comparisons, chained as in Python
 *   + -        then ~, then * / // %, then **, all from left to right
 *   unary      - and +, which bind tighter than **; a filter applies to the whole of it
 *   primary    a name, a literal, (…), […], {…}; with .name and […] behind it
 */
#include <string.h>

#include "server/templates/parser.h"

static struct node *parse_not(struct parser *parser);

static struct node *parse_unary(struct parser *parser, bool with_filters)
{
    bool minus = parser_at(parser, TOKEN_SUB);
    struct node *node;

    if (minus || parser_at(parser, TOKEN_ADD)) {
        if (!parser_enter(parser) || !parser_advance(parser))
            return NULL;
        node = parse_unary(parser, false);
        parser->depth--;
        if (node)
            node = parser_small(parser, minus ? NODE_MINUS : NODE_PLUS, 1, node, NULL, NULL);
    } else {
        node = parse_primary(parser);
    }
    node = node ? parse_postfix(parser, node) : NULL;
    return node && with_filters ? parse_filters(parser, node) : node;
}

static struct node *parse_unary_filtered(struct parser *parser)
{
    return parse_unary(parser, true);
}

/* Signs of one level of binding. */
struct level {
    struct node *(*operand)(struct parser *parser);
    struct {
        enum token_type token;
        const char *word; /* of a TOKEN_NAME */
        enum node_type type;
    } operators[4];
};

static struct node *parse_power(struct parser *parser);
static struct node *parse_product(struct parser *parser);
static struct node *parse_concat(struct parser *parser);
static struct node *parse_and(struct parser *parser);

static const struct level power = {parse_unary_filtered, {{TOKEN_POW, NULL, NODE_BINARY}}};
static const struct level product = {parse_power,
                                     {{TOKEN_MUL, NULL, NODE_BINARY},
                                      {TOKEN_DIV, NULL, NODE_BINARY},
                                      {TOKEN_FLOORDIV, NULL, NODE_BINARY},
                                      {TOKEN_MOD, NULL, NODE_BINARY}}};
static const struct level sum = {parse_concat,
                                 {{TOKEN_ADD, NULL, NODE_BINARY}, {TOKEN_SUB, NULL, NODE_BINARY}}};
static const struct level conjunction = {parse_not, {{TOKEN_NAME, "and", NODE_AND}}};
static const struct level disjunction = {parse_and, {{TOKEN_NAME, "or", NODE_OR}}};

/* The operator of the level at hand, or -1. */
static int operator_at(const struct parser *parser, const struct level *level)
{
    for (int i = 0; i < (int)COUNT_OF(level->operators); i++) {
        const char *word = level->operators[i].word;
        if (level->operators[i].token == parser->token.type && parser->token.type != TOKEN_END &&
            (!word || parser_at_word(parser, word)))
            return i;
    }
    return -1;
}

/* Operands with the operators of one level between them, from left to right. */
static struct node *parse_level(struct parser *parser, const struct level *level)
{
    struct node *left = level->operand(parser);
    int i;

    while (left && (i = operator_at(parser, level)) >= 0) {
        enum token_type op = parser->token.type;
        if (!parser_advance(parser))
            return NULL;
        struct node *right = level->operand(parser);
        if (!right)
            return NULL;
        left = parser_small(parser, level->operators[i].type, 2, left, right, NULL);
        if (left)
            left->op = op;
    }
    return left;
}

static struct node *parse_power(struct parser *parser)
{
    return parse_level(parser, &power);
}

static struct node *parse_product(struct parser *parser)
{
    return parse_level(parser, &product);
}

static struct node *parse_sum(struct parser *parser)
{
    return parse_level(parser, &sum);
}

static struct node *parse_and(struct parser *parser)
{
    return parse_level(parser, &conjunction);
}

static struct node *parse_concat(struct parser *parser)
{
    struct nodes nodes = {0};
    struct node *item = parse_product(parser);

    if (!item || !parser_at(parser, TOKEN_TILDE))
        return item;
    while (parser_add(parser, &nodes, item)) {
        if (!parser_at(parser, TOKEN_TILDE))
            return parser_node(parser, NODE_CONCAT, &nodes);
        if (!parser_advance(parser) || !(item = parse_product(parser)))
            return NULL;
    }
    return NULL;
}

/* At a comparison's operator: takes it. 0 if there is none, -1 for a failure. */
static int take_compare(struct parser *parser, enum compare *ret_compare)
{
    static const enum token_type signs[] = {
        [COMPARE_EQ] = TOKEN_EQ, [COMPARE_NE] = TOKEN_NE, [COMPARE_LT] = TOKEN_LT,
        [COMPARE_LE] = TOKEN_LE, [COMPARE_GT] = TOKEN_GT, [COMPARE_GE] = TOKEN_GE};

    for (int i = 0; i < (int)COUNT_OF(signs); i++) {
        if (parser_at(parser, signs[i])) {
            *ret_compare = (enum compare)i;
            return parser_advance(parser) ? 1 : -1;
        }
    }
    if (parser_at_word(parser, "in")) {
        *ret_compare = COMPARE_IN;
        return parser_advance(parser) ? 1 : -1;
    }
    if (!parser_at_word(parser, "not"))
        return 0;
    const struct token *after = parser_look(parser);
    if (!after || !token_is_word(after, "in"))
        return after ? 0 : -1;
    *ret_compare = COMPARE_NOT_IN;
    return parser_advance(parser) && parser_advance(parser) ? 1 : -1;
}

static struct node *parse_comparison(struct parser *parser)
{
    enum compare compares[NODE_DEPTH_MAX];
    struct nodes nodes = {0};
    struct node *item = parse_sum(parser);
    size_t count = 0;
    int taken;

    while (item && parser_add(parser, &nodes, item)) {
        if (count == COUNT_OF(compares))
            return render_refuse(parser->render, "more than %d comparisons in a chain",
                                 NODE_DEPTH_MAX);
        taken = take_compare(parser, &compares[count]);
        if (taken < 0)
            return NULL;
        if (taken == 0)
            break;
        count++;
        item = parse_sum(parser);
    }
    if (!item || count == 0)
        return item;
    struct node *node = parser_node(parser, NODE_COMPARE, &nodes);
    if (!node || !(node->compares = render_alloc(parser->render, count * sizeof(compares[0]))))
        return NULL;
    memcpy(node->compares, compares, count * sizeof(compares[0]));
    return node;
}

static struct node *parse_not(struct parser *parser)
{
    if (!parser_at_word(parser, "not"))
        return parse_comparison(parser);
    if (!parser_enter(parser) || !parser_advance(parser))
        return NULL;
    struct node *node = parse_not(parser);
    parser->depth--;
    return node ? parser_small(parser, NODE_NOT, 1, node, NULL, NULL) : NULL;
}

static struct node *parse_else(struct parser *parser, struct node *then)
{
    struct node *condition = parse_level(parser, &disjunction), *otherwise = NULL;

    if (!condition)
        return NULL;
    if (parser_at_word(parser, "else") &&
        (!parser_advance(parser) || !(otherwise = parse_condition(parser))))
        return NULL;
    return parser_small(parser, NODE_CONDITION, 3, condition, then, otherwise);
}

struct node *parse_condition(struct parser *parser)
{
    if (!parser_enter(parser))
        return NULL;
    struct node *node = parse_level(parser, &disjunction);
    while (node && parser_at_word(parser, "if"))
        node = parser_advance(parser) ? parse_else(parser, node) : NULL;
    parser->depth--;
    return node;
}

/* One expression or, with commas, a tuple. Only in parentheses may there be none. */
struct node *parse_tuple(struct parser *parser, bool in_parentheses)
{
    struct nodes nodes = {0};
    bool is_tuple = false;

    for (;;) {
        if (parser_at(parser, TOKEN_FINISH) || parser_at(parser, TOKEN_RPAREN))
            break;
        struct node *item = parse_condition(parser);
        if (!item || !parser_add(parser, &nodes, item))
            return NULL;
        if (!parser_at(parser, TOKEN_COMMA))
            break;
        is_tuple = true;
        if (!parser_advance(parser))
            return NULL;
    }
    if (!is_tuple && nodes.count == 1)
        return nodes.items[0];
    if (!is_tuple && !in_parentheses)
        return parser_refuse_token(parser, "Expected an expression, got ");
    return parser_node(parser, NODE_TUPLE, &nodes);
}

/* All parts of a template, the tokens' order being text, expression, text, … */
static bool parse_parts(struct parser *parser, struct nodes *parts)
{
    for (;;) {
        if (!parser_advance(parser))
            return false;
        if (parser_at(parser, TOKEN_END))
            return true;
        if (parser->token.length > 0) {
            struct node *text = parser_literal(
                parser, NODE_LITERAL,
                value_string(parser->render, parser->token.text, parser->token.length));
            if (!text || !parser_add(parser, parts, text))
                return false;
        }
        if (!parser->lexer.in_expression)
            continue;
        struct node *part = parser_advance(parser) ? parse_tuple(parser, false) : NULL;
        if (!part || !parser_add(parser, parts, part))
            return false;
        /* Not parser_expect: what is behind is text, to be taken above. */
        if (!parser_at(parser, TOKEN_FINISH))
            return parser_expect(parser, TOKEN_FINISH);
    }
}

struct node *parse_template(struct render *render, const char *text, size_t length)
{
    struct parser parser = {.render = render};
    struct nodes parts = {0};

    if (lexer_init(&parser.lexer, render, text, length) < 0 || !parse_parts(&parser, &parts))
        return NULL;
    if (parser.wrong)
        return render_fail(render, parser.class, "%s", parser.wrong);
    return parser_node(&parser, NODE_CONCAT, &parts);
}
