#include "server/templates/lexer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

/* Longer signs before their beginnings. */
static const struct {
    enum token_type type;
    const char *sign;
} signs[] = {
    {TOKEN_FLOORDIV, "//"}, {TOKEN_POW, "**"},      {TOKEN_EQ, "=="},    {TOKEN_NE, "!="},
    {TOKEN_GE, ">="},       {TOKEN_LE, "<="},       {TOKEN_ADD, "+"},    {TOKEN_SUB, "-"},
    {TOKEN_DIV, "/"},       {TOKEN_MUL, "*"},       {TOKEN_MOD, "%"},    {TOKEN_TILDE, "~"},
    {TOKEN_LBRACKET, "["},  {TOKEN_RBRACKET, "]"},  {TOKEN_LPAREN, "("}, {TOKEN_RPAREN, ")"},
    {TOKEN_LBRACE, "{"},    {TOKEN_RBRACE, "}"},    {TOKEN_GT, ">"},     {TOKEN_LT, "<"},
    {TOKEN_ASSIGN, "="},    {TOKEN_DOT, "."},       {TOKEN_COLON, ":"},  {TOKEN_PIPE, "|"},
    {TOKEN_COMMA, ","},     {TOKEN_SEMICOLON, ";"},
};

/* Line ends become "\n", and the last one of the template goes. */
int lexer_init(struct lexer *lexer, struct render *render, const char *text, size_t length)
{
    char *copy = render_alloc(render, length + 1);
    size_t n = 0;

    if (!copy)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
            continue;
        copy[n++] = text[i] == '\r' ? '\n' : text[i];
    }
    if (n > 0 && copy[n - 1] == '\n')
        n--;
    copy[n] = '\0';
    *lexer = (struct lexer){.render = render, .text = copy, .length = n};
    return 0;
}

const char *token_type_describe(enum token_type type)
{
    static const char *const words[] = {
        [TOKEN_END] = "end of template",
        [TOKEN_DATA] = "template data / text",
        [TOKEN_FINISH] = "end of print statement",
        [TOKEN_NAME] = "name",
        [TOKEN_STRING] = "string",
        [TOKEN_INTEGER] = "integer",
        [TOKEN_REAL] = "float",
    };

    if (type <= TOKEN_REAL)
        return words[type];
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (signs[i].type == type)
            return signs[i].sign;
    BUG("a token of no type");
}

const char *token_describe(struct render *render, const struct token *token)
{
    if (token->type != TOKEN_NAME)
        return token_type_describe(token->type);
    const char *name = arena_strndup(&render->arena, token->text, token->length);
    return name ? name : "name";
}

static bool looking_at(const struct lexer *lexer, const char *what)
{
    size_t length = strlen(what);

    return lexer->length - lexer->at >= length &&
           memcmp(lexer->text + lexer->at, what, length) == 0;
}

static void skip_spaces(struct lexer *lexer)
{
    size_t n;

    while ((n = text_space(lexer->text + lexer->at, lexer->length - lexer->at)))
        lexer->at += n;
}

/* At the sign that may follow "{{" or "{#". True if it is "-", which takes the spaces before. */
static bool take_control(struct lexer *lexer)
{
    bool minus = looking_at(lexer, "-");

    if (minus || looking_at(lexer, "+"))
        lexer->at++;
    return minus;
}

static int skip_comment(struct lexer *lexer)
{
    const char *from = lexer->text + lexer->at;
    const char *end = memmem(from, lexer->length - lexer->at, "#}", 2);

    if (!end) {
        render_refuse(lexer->render, "Missing end of comment tag");
        return -1;
    }
    lexer->at += (size_t)(end - from) + 2;
    if (end > from && end[-1] == '-')
        skip_spaces(lexer);
    return 0;
}

static int refuse_statement(struct lexer *lexer)
{
    size_t length = 0;

    lexer->at += 2;
    take_control(lexer);
    skip_spaces(lexer);
    const char *word = lexer->text + lexer->at;
    while (length < lexer->length - lexer->at && length < 30 &&
           isalnum((unsigned char)word[length]))
        length++;
    render_refuse(lexer->render,
                  "statements such as {%% %.*s %%} are not supported, only {{ expressions }}",
                  (int)length, word);
    return -1;
}

/* Outside of expressions: the text up to the next tag, or the tag. */
static int next_data(struct lexer *lexer, struct token *token)
{
    const char *from = lexer->text + lexer->at;
    const char *end = lexer->text + lexer->length;
    const char *tag = from;

    while ((tag = memchr(tag, '{', (size_t)(end - tag))) && tag + 1 < end && !strchr("{%#", tag[1]))
        tag++;
    if (!tag || tag + 1 >= end) {
        *token = (struct token){.type = from < end ? TOKEN_DATA : TOKEN_END,
                                .text = from,
                                .length = (size_t)(end - from)};
        lexer->at = lexer->length;
        return 0;
    }
    size_t length = (size_t)(tag - from), n;
    lexer->at += length;
    if (tag[1] == '%')
        return refuse_statement(lexer);
    lexer->at += 2;
    if (take_control(lexer))
        while ((n = text_space_before(from, length)))
            length -= n;
    lexer->in_expression = tag[1] == '{';
    *token = (struct token){.type = TOKEN_DATA, .text = from, .length = length};
    return tag[1] == '#' ? skip_comment(lexer) : 0;
}

/* Digits with single underscores between them; the end of them, or `from` if there are none. */
static size_t skip_digits(const struct lexer *lexer, size_t from, int base)
{
    size_t at = from;

    while (at < lexer->length) {
        bool underscore = lexer->text[at] == '_' && at > from && at + 1 < lexer->length;
        int c = tolower((unsigned char)lexer->text[at + underscore]);
        int digit = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (digit >= base)
            break;
        at += underscore + 1u;
    }
    return at;
}

static size_t skip_exponent(const struct lexer *lexer, size_t from)
{
    size_t at = from;

    if (at >= lexer->length || tolower((unsigned char)lexer->text[at]) != 'e')
        return from;
    at++;
    if (at < lexer->length && (lexer->text[at] == '+' || lexer->text[at] == '-'))
        at++;
    size_t end = skip_digits(lexer, at, 10);
    return end > at ? end : from;
}

/* The end of the number with a fraction or an exponent at `from`, or `from`. */
static size_t real_end(const struct lexer *lexer, size_t from)
{
    size_t whole = skip_digits(lexer, from, 10);
    size_t end = whole;

    if (from > 0 && lexer->text[from - 1] == '.')
        return from;
    if (end + 1 < lexer->length && lexer->text[end] == '.' &&
        isdigit((unsigned char)lexer->text[end + 1]))
        end = skip_digits(lexer, end + 1, 10);
    end = skip_exponent(lexer, end);
    return end > whole ? end : from;
}

static int integer_base(const struct lexer *lexer)
{
    static const struct {
        char letter;
        int base;
    } bases[] = {{'b', 2}, {'o', 8}, {'x', 16}};
    const char *text = lexer->text + lexer->at;

    if (text[0] != '0' || lexer->at + 2 >= lexer->length)
        return 10;
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        size_t digits = lexer->at + 2 + (text[2] == '_');
        if (tolower((unsigned char)text[1]) == bases[i].letter &&
            skip_digits(lexer, digits, bases[i].base) > digits)
            return bases[i].base;
    }
    return 10;
}

/* The digits from `from` to `to`, without underscores. */
static char *plain_digits(struct lexer *lexer, size_t from, size_t to)
{
    char *digits = render_alloc(lexer->render, to - from + 1);
    char *p = digits;

    for (size_t i = from; digits && i < to; i++)
        if (lexer->text[i] != '_')
            *p++ = lexer->text[i];
    return digits;
}

static int next_number(struct lexer *lexer, struct token *token)
{
    size_t from = lexer->at, end = real_end(lexer, from);

    token->type = end > from ? TOKEN_REAL : TOKEN_INTEGER;
    int base = integer_base(lexer);
    if (token->type == TOKEN_INTEGER) {
        from += base == 10 ? 0 : 2 + (lexer->text[from + 2] == '_');
        end = skip_digits(lexer, from, base);
        /* A leading zero begins no other number: only zeros belong to it. */
        if (base == 10 && lexer->text[from] == '0')
            end = skip_digits(lexer, from, 1);
    }
    lexer->at = end;
    char *digits = plain_digits(lexer, from, end);
    if (!digits)
        return -1;
    errno = 0;
    if (token->type == TOKEN_REAL) {
        token->value = value_real(lexer->render, strtod(digits, NULL));
    } else {
        long long integer = strtoll(digits, NULL, base);
        if (errno == ERANGE) {
            render_refuse(lexer->render, "the integer %.40s has more than 64 bits", digits);
            return -1;
        }
        token->value = value_integer(lexer->render, integer);
    }
    return token->value ? 0 : -1;
}

static int unicode_digits(char letter)
{
    return letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
}

static int add_code(struct lexer *lexer, struct buf *to, unsigned long code)
{
    if (code == 0 || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) {
        render_refuse(lexer->render, "a string has the character \\x%02lx, which is not supported",
                      code);
        return -1;
    }
    text_add_code(to, (uint32_t)code);
    return 0;
}

/* What follows a backslash at *at, as Python's strings have it. */
static int unescape(struct lexer *lexer, const char *text, size_t length, size_t *at,
                    struct buf *to)
{
    static const char from[] = "\\'\"abfnrtv", into[] = "\\'\"\a\b\f\n\r\t\v";
    char digits[9] = "";
    char letter = text[(*at)++];
    const char *simple = strchr(from, letter);
    int count = unicode_digits(letter);

    if (letter == '\n')
        return 0;
    if (letter == 'N') {
        render_refuse(lexer->render, "characters by name (\\N) are not supported");
        return -1;
    }
    if (simple) {
        buf_add_char(to, into[simple - from]);
        return 0;
    }
    if (count > 0) {
        for (int i = 0; i < count; i++, (*at)++) {
            if (*at >= length || !isxdigit((unsigned char)text[*at])) {
                render_refuse(lexer->render, "truncated \\%c%.*s escape", letter, count,
                              "XXXXXXXX");
                return -1;
            }
            digits[i] = text[*at];
        }
        return add_code(lexer, to, strtoul(digits, NULL, 16));
    }
    if (letter >= '0' && letter <= '7') {
        digits[0] = letter;
        for (int i = 1; i < 3 && *at < length && text[*at] >= '0' && text[*at] <= '7'; i++)
            digits[i] = text[(*at)++];
        return add_code(lexer, to, strtoul(digits, NULL, 8));
    }
    buf_add_char(to, '\\');
    buf_add_char(to, letter);
    return 0;
}

static int unexpected_character(struct lexer *lexer)
{
    const char *text = lexer->text + lexer->at;
    buf_auto quoted = BUF_INIT;

    json_text_repr_string(text, text_step(text, lexer->length - lexer->at), &quoted);
    render_refuse(lexer->render, "unexpected char %s at %zu", buf_string(&quoted),
                  text_count(lexer->text, lexer->at));
    return -1;
}

static int next_string(struct lexer *lexer, struct token *token)
{
    const char *text = lexer->text + lexer->at + 1;
    size_t rest = lexer->length - lexer->at - 1, length = 0;
    buf_auto plain = BUF_INIT;

    while (length < rest && text[length] != text[-1])
        length += text[length] == '\\' ? 2 : 1;
    if (length >= rest)
        return unexpected_character(lexer);
    for (size_t i = 0; i < length;) {
        if (text[i] != '\\') {
            buf_add_char(&plain, text[i++]);
            continue;
        }
        i++;
        if (unescape(lexer, text, length, &i, &plain) < 0)
            return -1;
    }
    lexer->at += length + 2;
    *token =
        (struct token){.type = TOKEN_STRING, .value = render_buf_string(lexer->render, &plain)};
    return token->value ? 0 : -1;
}

static int open_bracket(struct lexer *lexer, char closing)
{
    if (lexer->depth == BRACKETS_MAX) {
        render_refuse(lexer->render, "more than %d brackets inside one another", BRACKETS_MAX);
        return -1;
    }
    lexer->brackets[lexer->depth++] = closing;
    return 0;
}

static int close_bracket(struct lexer *lexer, char closing)
{
    if (lexer->depth == 0) {
        render_refuse(lexer->render, "unexpected '%c'", closing);
        return -1;
    }
    char expected = lexer->brackets[--lexer->depth];
    if (expected != closing) {
        render_refuse(lexer->render, "unexpected '%c', expected '%c'", closing, expected);
        return -1;
    }
    return 0;
}

static int next_sign(struct lexer *lexer, struct token *token)
{
    static const char opening[] = "([{", closing[] = ")]}";

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (!looking_at(lexer, signs[i].sign))
            continue;
        *token = (struct token){.type = signs[i].type};
        const char *open = strchr(opening, signs[i].sign[0]);
        lexer->at += strlen(signs[i].sign);
        if (open)
            return open_bracket(lexer, closing[open - opening]);
        return strchr(closing, signs[i].sign[0]) ? close_bracket(lexer, signs[i].sign[0]) : 0;
    }
    return unexpected_character(lexer);
}

static bool is_name(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

/* Inside "{{ … }}", where the brackets are balanced: its end. */
static bool take_finish(struct lexer *lexer)
{
    bool minus = looking_at(lexer, "-}}");

    if (lexer->depth > 0 || (!minus && !looking_at(lexer, "}}")))
        return false;
    lexer->at += minus ? 3 : 2;
    if (minus)
        skip_spaces(lexer);
    lexer->in_expression = false;
    return true;
}

static int next_in_expression(struct lexer *lexer, struct token *token)
{
    skip_spaces(lexer);
    *token = (struct token){.type = TOKEN_END};
    if (lexer->at == lexer->length)
        return 0;
    if (take_finish(lexer)) {
        token->type = TOKEN_FINISH;
        return 0;
    }
    const char *text = lexer->text + lexer->at;
    if (isdigit((unsigned char)*text))
        return next_number(lexer, token);
    if (*text == '"' || *text == '\'')
        return next_string(lexer, token);
    if (!is_name((unsigned char)*text))
        return next_sign(lexer, token);
    *token = (struct token){.type = TOKEN_NAME, .text = text};
    while (lexer->at < lexer->length && is_name((unsigned char)lexer->text[lexer->at])) {
        lexer->at++;
        token->length++;
    }
    return 0;
}

/* A tag comes after the text before it, which may be empty. */
int lexer_next(struct lexer *lexer, struct token *token)
{
    return lexer->in_expression ? next_in_expression(lexer, token) : next_data(lexer, token);
}
