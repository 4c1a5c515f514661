/* A template as tokens. Inside expressions spaces are skipped; comments never show. */
#pragma once

#include "server/templates/value.h"

#define BRACKETS_MAX 64 /* brackets inside one another */

enum token_type {
    TOKEN_END,
    TOKEN_DATA,   /* text between expressions */
    TOKEN_FINISH, /* }} */
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_REAL,
    TOKEN_ADD,
    TOKEN_SUB,
    TOKEN_MUL,
    TOKEN_DIV,
    TOKEN_FLOORDIV,
    TOKEN_MOD,
    TOKEN_POW,
    TOKEN_TILDE,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_ASSIGN,
    TOKEN_DOT,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_SEMICOLON,
    TOKEN_PIPE,
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_LBRACKET,
    TOKEN_RBRACKET,
    TOKEN_LBRACE,
    TOKEN_RBRACE,
};

struct token {
    enum token_type type;
    const char *text; /* data, a name; not NUL-terminated */
    size_t length;
    const struct value *value; /* of a literal */
};

struct lexer {
    struct render *render;
    const char *text; /* with "\n" at the end of each line */
    size_t length;
    size_t at;
    bool in_expression;
    char brackets[BRACKETS_MAX]; /* what closes those that are open */
    int depth;
};

int lexer_init(struct lexer *lexer, struct render *render, const char *text, size_t length);
int lexer_next(struct lexer *lexer, struct token *ret_token);

/* How messages call a token: its name, its sign, "integer", "end of print statement", … */
const char *token_describe(struct render *render, const struct token *token);
const char *token_type_describe(enum token_type type);
