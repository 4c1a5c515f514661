#include "server/orchestration/event_search.h"

#include <string.h>

#define SPACE " \t\r\n\f\v"

#define SEARCHED "lower(r.event || ' ' || r.resource || ' ' || r.related || ' ' || r.payload)"

/* What a word is for, by the sign before it. */
enum use { USE_ANY, USE_ALL, USE_NONE, USES };

static const struct {
    const char *between;
    const char *test;
} uses[] = {
    [USE_ANY] = {" OR ", " > 0"},
    [USE_ALL] = {" AND ", " > 0"},
    [USE_NONE] = {" AND ", " = 0"},
};

static enum use read_sign(const char **at)
{
    char sign = **at;

    if (!strchr("+-!", sign))
        return USE_ANY;
    (*at)++;
    return sign == '+' ? USE_ALL : USE_NONE;
}

/* What is between quotes, up to the end where the second one is missing. */
static const char *read_quoted(const char **at, struct arena *arena)
{
    char *word = arena_strdup(arena, *at + 1);
    char *to = word;
    const char *p = *at + 1;

    for (; *p && *p != '"'; p++) {
        if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        *to++ = *p;
    }
    *to = '\0';
    *at = p + (*p == '"');
    return word[strspn(word, SPACE)] ? word : "";
}

/* The next word, which may be empty. False at the end. */
static bool next_word(const char **at, struct arena *arena, enum use *ret_use,
                      const char **ret_word)
{
    *at += strspn(*at, SPACE);
    if (!**at)
        return false;
    *ret_use = read_sign(at);
    if (**at == '"') {
        *ret_word = read_quoted(at, arena);
        return true;
    }
    size_t length = strcspn(*at, SPACE "\"");
    *ret_word = arena_strndup(arena, *at, length);
    *at += length;
    return true;
}

/* The condition for the words of one use. */
static void add_words(const char *query, enum use use, struct arena *arena, struct sql *sql)
{
    const char *word;
    enum use found;
    bool first = true;

    while (next_word(&query, arena, &found, &word)) {
        if (found != use || !*word)
            continue;
        sql_addf(sql, "%sstrpos(" SEARCHED ", lower(?))%s", first ? " AND (" : uses[use].between,
                 uses[use].test);
        sql_bind(sql, value_text(word));
        first = false;
    }
    if (!first)
        sql_add(sql, ")");
}

void event_search_add(const char *query, struct arena *arena, struct sql *sql)
{
    for (enum use use = 0; use < USES; use++)
        add_words(query, use, arena, sql);
}
