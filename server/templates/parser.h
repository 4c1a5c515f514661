/* What the files of the parser share. The grammar stands in parser.c. */
#pragma once

#include "server/templates/node.h"

struct parser {
    struct render *render;
    struct lexer lexer;
    struct token token; /* the one to look at */
    struct token after; /* the one behind it, if it was looked at */
    bool has_after;
    int depth;
    const char *class; /* the first thing wrong with a filter or test; wrong syntax is told first */
    const char *wrong;
};

/* Growing list of nodes in the arena. */
struct nodes {
    struct node **items;
    size_t count;
    size_t capacity;
};

/* Functions that return a node or a truth give NULL or false for a failure, with the error set. */
bool parser_add(struct parser *parser, struct nodes *nodes, struct node *node);
struct node *parser_node(struct parser *parser, enum node_type type, const struct nodes *nodes);
/* A node with up to three below it. */
struct node *parser_small(struct parser *parser, enum node_type type, size_t count, struct node *a,
                          struct node *b, struct node *c);
struct node *parser_literal(struct parser *parser, enum node_type type, const struct value *value);

bool parser_advance(struct parser *parser);
const struct token *parser_look(struct parser *parser); /* the token behind the one at hand */
bool parser_at(const struct parser *parser, enum token_type type);
bool parser_at_word(const struct parser *parser, const char *word);
bool token_is_word(const struct token *token, const char *word);
bool parser_expect(struct parser *parser, enum token_type type);
/* NULL; the error is `before` and the token at hand. */
void *parser_refuse_token(struct parser *parser, const char *before);
/* One level deeper; who enters takes it from `depth` again. */
bool parser_enter(struct parser *parser);

struct node *parse_condition(struct parser *parser); /* a whole expression */
struct node *parse_tuple(struct parser *parser, bool in_parentheses);
struct node *parse_primary(struct parser *parser);
struct node *parse_postfix(struct parser *parser, struct node *node);
struct node *parse_filters(struct parser *parser, struct node *node);
struct node *refuse_call(struct parser *parser, const struct node *node);
