/* From the filter bodies of clients to SQL. */
#include <stdio.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/resource/resource.h"
#include "json/text.h"

struct filter_compiler {
    struct arena *arena;
    struct sql *sql;
    struct problems *problems;
};

/* ---- operands ---- */

/* The operand as a parameter; false (and a problem) if it is not of the filter's type. */
static bool operand_value(struct filter_compiler *compiler, const struct filter *filter,
                          const json_t *operand, struct value *ret_value)
{
    const struct field fields[] = {
        {.name = "operand", .type = filter->type, .choices = filter->choices}, FIELDS_END};
    const struct body body = {.fields = fields, .open = true};
    json_auto_t *wrapped = json_pack("{s:O}", "operand", operand);
    struct problems found;

    /* The same check as that of a body's field, told at the place where the operand stands. */
    problems_init(&found, "operand");
    body_check(&body, wrapped, &found);
    const json_t *problem = json_array_get(found.list, 0);
    if (problem)
        problems_add(compiler->problems, json_string_value(json_object_get(problem, "type")),
                     operand, NULL, "%s", json_string_value(json_object_get(problem, "msg")));
    bool fits = problem == NULL;
    problems_release(&found);
    if (fits)
        *ret_value = field_value(&fields[0], compiler->arena, operand, NULL, NULL);
    return fits;
}

/* Whether the operand is an array that is not too long for the database. */
static bool is_list(struct filter_compiler *compiler, const json_t *operand, size_t limit)
{
    if (!json_is_array(operand)) {
        problems_add(compiler->problems, "list_type", operand, NULL,
                     "Input should be a valid list");
        return false;
    }
    if (json_array_size(operand) > limit) {
        problems_add_too_long(compiler->problems, operand, limit);
        return false;
    }
    return true;
}

static bool operand_flag(struct filter_compiler *compiler, const json_t *operand, bool *ret_flag)
{
    if (!json_is_boolean(operand)) {
        problems_add(compiler->problems, "bool_type", operand, NULL,
                     "Input should be a valid boolean");
        return false;
    }
    *ret_flag = json_is_true(operand);
    return true;
}

static void add_operands(struct filter_compiler *compiler, const struct filter *filter,
                         const json_t *operands)
{
    size_t i;
    json_t *operand;
    struct value value;

    json_array_foreach(operands, i, operand) {
        problems_enter_index(compiler->problems, i);
        sql_add(compiler->sql, i ? ", ?" : "?");
        if (operand_value(compiler, filter, operand, &value))
            sql_bind(compiler->sql, value);
        problems_leave(compiler->problems);
    }
}

/* ---- operators ---- */

static void compile_any(struct filter_compiler *compiler, const struct filter *filter,
                        const char *expression, const json_t *operand)
{
    if (!is_list(compiler, operand, FILTER_LIST_LIMIT))
        return;
    const char *hole = filter->any_sql ? strstr(filter->any_sql, "%s") : NULL;
    if (json_array_size(operand) == 0) {
        sql_add(compiler->sql, "1 = 0");
    } else if (hole) {
        sql_addf(compiler->sql, "%.*s", (int)(hole - filter->any_sql), filter->any_sql);
        add_operands(compiler, filter, operand);
        sql_add(compiler->sql, hole + 2);
    } else if (json_array_size(operand) == 1) {
        /* Not a list of one: rows that are equal in an index's first column are in its order. */
        sql_addf(compiler->sql, "%s = ", expression);
        add_operands(compiler, filter, operand);
    } else {
        sql_addf(compiler->sql, "%s IN (", expression);
        add_operands(compiler, filter, operand);
        sql_add(compiler->sql, ")");
    }
}

static void compile_not_any(struct filter_compiler *compiler, const struct filter *filter,
                            const char *expression, const json_t *operand)
{
    if (!is_list(compiler, operand, FILTER_LIST_LIMIT))
        return;
    if (json_array_size(operand) == 0) {
        sql_add(compiler->sql, "1 = 1");
        return;
    }
    sql_addf(compiler->sql, "%s NOT IN (", expression);
    add_operands(compiler, filter, operand);
    sql_add(compiler->sql, ")");
}

static void compile_like(struct filter_compiler *compiler, const struct filter *filter,
                         const char *expression, const json_t *operand)
{
    struct value value;

    sql_addf(compiler->sql, "strpos(lower(%s), lower(?)) > 0", expression);
    if (operand_value(compiler, filter, operand, &value))
        sql_bind(compiler->sql, value);
}

static void compile_starts(struct filter_compiler *compiler, const struct filter *filter,
                           const char *expression, const json_t *operand)
{
    struct value value;
    size_t i;
    json_t *start;

    if (!is_list(compiler, operand, FILTER_WORDS_LIMIT))
        return;
    sql_add(compiler->sql, "(1 = 0");
    json_array_foreach(operand, i, start) {
        problems_enter_index(compiler->problems, i);
        sql_addf(compiler->sql, " OR strpos(lower(%s), lower(?)) = 1", expression);
        if (operand_value(compiler, filter, start, &value))
            sql_bind(compiler->sql, value);
        problems_leave(compiler->problems);
    }
    sql_add(compiler->sql, ")");
}

static void compile_is_null(struct filter_compiler *compiler, const struct filter *filter,
                            const char *expression, const json_t *operand)
{
    bool flag = false;

    if (!operand_flag(compiler, operand, &flag))
        return;
    if (filter->kind == FILTER_EXISTS)
        sql_addf(compiler->sql, "%s(%s)", flag ? "NOT " : "", expression);
    else if (filter->kind == FILTER_TAGS)
        sql_addf(compiler->sql, "%s %s '[]'", expression, flag ? "=" : "<>");
    else
        sql_addf(compiler->sql, "%s IS %sNULL", expression, flag ? "" : "NOT ");
}

static void compile_exists(struct filter_compiler *compiler, const struct filter *filter,
                           const char *expression, const json_t *operand)
{
    bool flag = false;

    if (!operand_flag(compiler, operand, &flag))
        return;
    if (filter->kind == FILTER_EXISTS)
        sql_addf(compiler->sql, "%s(%s)", flag ? "" : "NOT ", expression);
    else
        sql_addf(compiler->sql, "%s IS %sNULL", expression, flag ? "NOT " : "");
}

static void compare(struct filter_compiler *compiler, const struct filter *filter,
                    const char *expression, const char *comparison, const json_t *operand)
{
    struct value value;

    sql_addf(compiler->sql, "%s %s ?", expression, comparison);
    if (operand_value(compiler, filter, operand, &value))
        sql_bind(compiler->sql, value);
}

/* A tag is found by its JSON text, quotes and all, in the text of the array. */
static void add_tag(struct filter_compiler *compiler, const char *expression, const json_t *tag)
{
    sql_addf(compiler->sql, "strpos(%s, ?) > 0", expression);
    sql_bind(compiler->sql, value_text(json_arena_text(compiler->arena, tag)));
}

static void compile_tags(struct filter_compiler *compiler, const char *expression,
                         const json_t *operand, const char *between, const char *of_none)
{
    size_t i;
    json_t *tag;

    if (!is_list(compiler, operand, FILTER_WORDS_LIMIT))
        return;
    sql_add(compiler->sql, "(");
    json_array_foreach(operand, i, tag) {
        if (!json_is_string(tag)) {
            problems_enter_index(compiler->problems, i);
            problems_add(compiler->problems, "string_type", tag, NULL,
                         "Input should be a valid string");
            problems_leave(compiler->problems);
            continue;
        }
        if (i)
            sql_add(compiler->sql, between);
        add_tag(compiler, expression, tag);
    }
    if (json_array_size(operand) == 0)
        sql_add(compiler->sql, of_none);
    sql_add(compiler->sql, ")");
}

static void compile_all(struct filter_compiler *compiler, const struct filter *filter,
                        const char *expression, const json_t *operand)
{
    (void)filter;
    compile_tags(compiler, expression, operand, " AND ", "1 = 1");
}

static void compile_before(struct filter_compiler *compiler, const struct filter *filter,
                           const char *expression, const json_t *operand)
{
    compare(compiler, filter, expression, "<=", operand);
}

static void compile_after(struct filter_compiler *compiler, const struct filter *filter,
                          const char *expression, const json_t *operand)
{
    compare(compiler, filter, expression, ">=", operand);
}

static void compile_later(struct filter_compiler *compiler, const struct filter *filter,
                          const char *expression, const json_t *operand)
{
    compare(compiler, filter, expression, ">", operand);
}

static void compile_equal(struct filter_compiler *compiler, const struct filter *filter,
                          const char *expression, const json_t *operand)
{
    compare(compiler, filter, expression, "=", operand);
}

/* Ids are stored in lower case; 'g' comes after all that may follow in one. */
static void compile_starts_with(struct filter_compiler *compiler, const struct filter *filter,
                                const char *expression, const json_t *operand)
{
    static const struct filter text = {.kind = FILTER_VALUE, .type = FIELD_TEXT};
    struct value value;

    (void)filter;
    sql_addf(compiler->sql, "(%s >= lower(?) AND %s < lower(?) || 'g')", expression, expression);
    if (!operand_value(compiler, &text, operand, &value))
        return;
    sql_bind(compiler->sql, value);
    sql_bind(compiler->sql, value);
}

static void compile_any_of_kind(struct filter_compiler *compiler, const struct filter *filter,
                                const char *expression, const json_t *operand)
{
    if (filter->kind == FILTER_TAGS)
        compile_tags(compiler, expression, operand, " OR ", "1 = 0");
    else
        compile_any(compiler, filter, expression, operand);
}

/* type_ and id_: of a column that holds {"id", "type"} as JSON text. */
static void compile_member(struct filter_compiler *compiler, const char *expression,
                           const char *member, const json_t *operand)
{
    const char *column =
        arena_printf(compiler->arena, "json_extract(%s, '$.%s')", expression, member);
    const struct filter text = {.kind = FILTER_VALUE, .type = FIELD_TEXT};

    compile_any(compiler, &text, column, operand);
}

static void compile_type(struct filter_compiler *compiler, const struct filter *filter,
                         const char *expression, const json_t *operand)
{
    (void)filter;
    compile_member(compiler, expression, "type", operand);
}

static void compile_id(struct filter_compiler *compiler, const struct filter *filter,
                       const char *expression, const json_t *operand)
{
    (void)filter;
    compile_member(compiler, expression, "id", operand);
}

/* One word of a query, or several between quotes. Moves `text` behind it; false at the end. */
static bool next_word(const char **text, bool *ret_not, const char **ret_word, size_t *ret_length)
{
    const char *p = *text + strspn(*text, " \t\r\n");

    *ret_not = *p == '-' || *p == '!';
    p += *ret_not;
    if (*p == '"') {
        *ret_word = ++p;
        *ret_length = strcspn(p, "\"");
        *text = p + *ret_length + (p[*ret_length] == '"');
    } else {
        *ret_word = p;
        *ret_length = strcspn(p, " \t\r\n");
        *text = p + *ret_length;
    }
    return *ret_length > 0 || **text != '\0';
}

static void compile_query(struct filter_compiler *compiler, const struct filter *filter,
                          const char *expression, const json_t *operand)
{
    struct value value;
    const char *word;
    size_t length;
    bool negated;
    int words = 0;

    sql_add(compiler->sql, "(1 = 1");
    if (operand_value(compiler, filter, operand, &value)) {
        const char *text = value.text;
        while (text && next_word(&text, &negated, &word, &length)) {
            if (length == 0)
                continue;
            if (++words > FILTER_WORDS_LIMIT) {
                problems_add(compiler->problems, "value_error", operand, NULL,
                             "Value error, a query may have at most %d words", FILTER_WORDS_LIMIT);
                break;
            }
            sql_addf(compiler->sql, " AND strpos(lower(%s), lower(?)) %s 0", expression,
                     negated ? "=" : ">");
            sql_bind(compiler->sql, value_text(arena_strndup(compiler->arena, word, length)));
        }
    }
    sql_add(compiler->sql, ")");
}

const struct filter_operator filter_operators[] = {
    {"any_", OP_ANY, OPERAND_LIST, compile_any_of_kind},
    {"not_any_", OP_NOT_ANY, OPERAND_LIST, compile_not_any},
    {"all_", OP_ALL, OPERAND_LIST, compile_all},
    {"like_", OP_LIKE, OPERAND_ONE, compile_like},
    {"startswith_", OP_STARTS, OPERAND_LIST, compile_starts},
    {"is_null_", OP_IS_NULL, OPERAND_FLAG, compile_is_null},
    {"exists_", OP_EXISTS, OPERAND_FLAG, compile_exists},
    {"before_", OP_BEFORE, OPERAND_ONE, compile_before},
    {"after_", OP_AFTER, OPERAND_ONE, compile_after},
    {"le_", OP_LE, OPERAND_ONE, compile_before},
    {"ge_", OP_GE, OPERAND_ONE, compile_after},
    {"gt_", OP_GT, OPERAND_ONE, compile_later},
    {"eq_", OP_EQ, OPERAND_ONE, compile_equal},
    {"starts_with_", OP_STARTS_WITH, OPERAND_TEXT, compile_starts_with},
    {"query", OP_QUERY, OPERAND_TEXT, compile_query},
    {"type_", OP_TYPE, OPERAND_TEXTS, compile_type},
    {"id_", OP_ID, OPERAND_TEXTS, compile_id},
    {NULL, 0, OPERAND_ONE, NULL},
};

/* ---- filters ---- */

static void compile_filters(struct filter_compiler *compiler, const struct filter *filters,
                            const json_t *body);

/* " AND " or " OR ", as the body's "operator" says. */
static const char *connective(struct filter_compiler *compiler, const json_t *body)
{
    const json_t *sent = json_object_get(body, "operator");
    const char *name = json_string_value(sent);

    if (!sent || (name && strcmp(name, "and_") == 0))
        return " AND ";
    if (name && strcmp(name, "or_") == 0)
        return " OR ";
    problems_enter(compiler->problems, "operator");
    problems_add(compiler->problems, "enum", sent, NULL, "Input should be 'and_' or 'or_'");
    problems_leave(compiler->problems);
    return " AND ";
}

static bool is_object(struct filter_compiler *compiler, const json_t *body)
{
    if (json_is_object(body))
        return true;
    problems_add(compiler->problems, "model_attributes_type", body, NULL,
                 "Input should be a valid dictionary or object to extract fields from");
    return false;
}

static void compile_operator(struct filter_compiler *compiler, const struct filter *filter,
                             const char *name, const json_t *operand)
{
    const char *expression =
        filter->sql ? filter->sql : arena_printf(compiler->arena, "r.%s", filter->name);

    for (const struct filter_operator *operator= filter_operators; operator->name; operator++) {
        if ((filter->operators & operator->bit) && strcmp(name, operator->name) == 0) {
            operator->compile(compiler, filter, expression, operand);
            return;
        }
    }
    problems_add(compiler->problems, "extra_forbidden", operand, NULL,
                 "Extra inputs are not permitted");
}

/* {"any_": […], "is_null_": …}: what a null says is not asked. */
static void compile_value(struct filter_compiler *compiler, const struct filter *filter,
                          const json_t *body)
{
    const char *between = connective(compiler, body);
    const char *next = "";
    const char *key;
    json_t *operand;

    sql_add(compiler->sql, "(");
    json_object_foreach((json_t *)body, key, operand) {
        if (strcmp(key, "operator") == 0 || json_is_null(operand))
            continue;
        sql_add(compiler->sql, next);
        problems_enter(compiler->problems, key);
        compile_operator(compiler, filter, key, operand);
        problems_leave(compiler->problems);
        next = between;
    }
    sql_add(compiler->sql, *next ? ")" : "1 = 1)");
}

static void compile_filter(struct filter_compiler *compiler, const struct filter *filter,
                           const json_t *body)
{
    if (!is_object(compiler, body))
        sql_add(compiler->sql, "1 = 1");
    else if (filter->kind == FILTER_GROUP)
        compile_filters(compiler, filter->nested, body);
    else
        compile_value(compiler, filter, body);
}

static const struct filter *find(const struct filter *filters, const char *name)
{
    for (const struct filter *filter = filters; filter->name; filter++)
        if (strcmp(filter->name, name) == 0)
            return filter;
    return NULL;
}

static void compile_filters(struct filter_compiler *compiler, const struct filter *filters,
                            const json_t *body)
{
    const char *between = connective(compiler, body);
    const char *next = "";
    const char *key;
    json_t *member;

    sql_add(compiler->sql, "(");
    json_object_foreach((json_t *)body, key, member) {
        if (strcmp(key, "operator") == 0 || json_is_null(member))
            continue;
        const struct filter *filter = find(filters, key);
        problems_enter(compiler->problems, key);
        if (filter) {
            sql_add(compiler->sql, next);
            compile_filter(compiler, filter, member);
            next = between;
        } else {
            problems_add(compiler->problems, "extra_forbidden", member, NULL,
                         "Extra inputs are not permitted");
        }
        problems_leave(compiler->problems);
    }
    sql_add(compiler->sql, *next ? ")" : "1 = 1)");
}

/* One key of the whole body: the resource's own filters, or those of what belongs to it. */
static void compile_key(struct filter_compiler *compiler, const char *key,
                        const struct filter *filters, const json_t *body, const char *before,
                        const char *after)
{
    const json_t *member = json_object_get(body, key);

    if (!member || json_is_null(member))
        return;
    problems_enter(compiler->problems, key);
    if (is_object(compiler, member)) {
        sql_addf(compiler->sql, " AND %s", before);
        compile_filters(compiler, filters, member);
        sql_add(compiler->sql, after);
    }
    problems_leave(compiler->problems);
}

/* What is asked of the ids of a relation of which a column has the id, if nothing else is asked; or
 * NULL. */
static const json_t *only_ids(const struct relation *relation, const json_t *body)
{
    json_t *filters = json_object_get(body, relation->key);
    const json_t *asked = NULL;
    const char *key;
    json_t *member;

    if (!relation->column)
        return NULL;
    json_object_foreach(filters, key, member) {
        if (strcmp(key, "id") == 0 && json_is_object(member))
            asked = member;
        else if (!json_is_null(member) && strcmp(key, "operator") != 0)
            return NULL;
    }
    return asked;
}

static void compile_relation(struct filter_compiler *compiler, const struct relation *relation,
                             const json_t *body)
{
    const json_t *ids = only_ids(relation, body);

    if (!ids) {
        compile_key(compiler, relation->key, relation->filters, body, relation->link,
                    relation->link_end);
        return;
    }
    struct filter filter = *find(relation->filters, "id");
    filter.sql = relation->column;
    sql_add(compiler->sql, " AND ");
    problems_enter(compiler->problems, relation->key);
    connective(compiler, json_object_get(body, relation->key));
    problems_enter(compiler->problems, "id");
    compile_value(compiler, &filter, ids);
    problems_leave(compiler->problems);
    problems_leave(compiler->problems);
}

void resource_where(const struct resource *resource, const json_t *body, struct arena *arena,
                    struct sql *sql, struct problems *problems)
{
    struct filter_compiler compiler = {.arena = arena, .sql = sql, .problems = problems};

    sql_add(sql, "1 = 1");
    compile_key(&compiler, resource->filter_key, resource->filters, body, "", "");
    for (const struct relation *relation = resource->relations; relation && relation->key;
         relation++)
        compile_relation(&compiler, relation, body);
    if (sql->count > FILTER_VALUES_LIMIT)
        problems_add(problems, "value_error", NULL, NULL,
                     "Value error, the filters may hold at most %d values together",
                     FILTER_VALUES_LIMIT);
}

void resource_order(const struct resource *resource, const json_t *body, struct sql *sql,
                    struct problems *problems)
{
    const json_t *sent = json_object_get(body, "sort");
    const char *name = json_string_value(sent);
    buf_auto expected = BUF_INIT;

    for (const struct sort *sort = resource->sorts; sort->name; sort++) {
        if (!sent || json_is_null(sent) || (name && strcmp(name, sort->name) == 0)) {
            sql_addf(sql, " ORDER BY %s", sort->sql);
            return;
        }
        buf_addf(&expected, "%s'%s'", expected.length ? ", " : "", sort->name);
    }
    problems_enter(problems, "sort");
    problems_add(problems, "enum", sent, NULL, "Input should be one of %s", buf_string(&expected));
    problems_leave(problems);
}

void resource_select(const struct resource *resource, struct sql *sql)
{
    sql_add(sql, "SELECT ");
    fields_select(resource->fields, sql);
    if (resource->from)
        sql_addf(sql, " FROM %s", resource->from);
    else
        sql_addf(sql, " FROM %s r", resource->table);
}
