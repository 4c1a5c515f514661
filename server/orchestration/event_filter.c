#include "server/orchestration/event_filter.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/event.h"
#include "server/orchestration/event_filter_fields.h"
#include "server/orchestration/event_search.h"
#include "server/resource/resource.h"

#define PATTERN_LENGTH 1000 /* bytes of a label's pattern */
#define DAYS_BACK      180  /* that are looked at where a filter does not say since when */

/* ---- compiling ---- */

static const struct body filter_body = {.fields = event_filter_fields};
static const struct body related_body = {.fields = related_filter_fields};
static const struct body any_resource_body = {.fields = any_resource_filter_fields};

struct compiler {
    int64_t since, until;
    struct arena *arena;
    struct sql *sql;
    struct problems *problems;
};

/* Whether a list has conditions, and not more than `limit`. */
static bool has_entries(struct compiler *compiler, const json_t *list, size_t limit)
{
    if (json_array_size(list) <= limit)
        return json_array_size(list) > 0;
    problems_add_too_long(compiler->problems, list, limit);
    return false;
}

static void bind(struct compiler *compiler, const char *text)
{
    sql_bind(compiler->sql, value_text(text));
}

static void add_one_of(struct compiler *compiler, const char *expression, const json_t *list)
{
    bool one = json_array_size(list) == 1;
    size_t i;
    json_t *entry;

    /* Not a list of one: rows that are equal in an index's first column are in its order. */
    sql_addf(compiler->sql, one ? "%s = " : "%s IN (", expression);
    json_array_foreach(list, i, entry) {
        sql_add(compiler->sql, i ? ", ?" : "?");
        bind(compiler, json_string_value(entry));
    }
    sql_add(compiler->sql, one ? "" : ")");
}

static void add_none_of(struct compiler *compiler, const char *expression, const json_t *list)
{
    sql_add(compiler->sql, "NOT ");
    sql_add(compiler->sql, "(");
    add_one_of(compiler, expression, list);
    sql_add(compiler->sql, ")");
}

/* As a range, which an index serves: U+10FFFF, which is no character, is behind all of them. */
static void add_begins(struct compiler *compiler, const char *expression, const json_t *list)
{
    size_t i;
    json_t *entry;

    sql_add(compiler->sql, "(");
    json_array_foreach(list, i, entry) {
        const char *prefix = json_string_value(entry);
        sql_addf(compiler->sql, "%s(%s >= ? AND %s < ?)", i ? " OR " : "", expression, expression);
        bind(compiler, prefix);
        bind(compiler, arena_printf(compiler->arena, "%s\xf4\x8f\xbf\xbf", prefix));
    }
    sql_add(compiler->sql, ")");
}

static void add_begins_not(struct compiler *compiler, const char *expression, const json_t *list)
{
    sql_add(compiler->sql, "NOT ");
    add_begins(compiler, expression, list);
}

/* The event's id in its usual form. */
static void add_id_of(struct compiler *compiler, const char *expression, const json_t *list)
{
    size_t i;
    json_t *entry;

    sql_addf(compiler->sql, "%s IN (", expression);
    json_array_foreach(list, i, entry) {
        char id[ID_SIZE];
        if (!id_parse(json_string_value(entry), id))
            BUG("an id came past the check");
        sql_add(compiler->sql, i ? ", ?" : "?");
        bind(compiler, arena_strdup(compiler->arena, id));
    }
    sql_add(compiler->sql, ")");
}

/* What an event's filter can be about. */
enum part { PART_NAME, PART_ID, PART_ROLE, PARTS };

/* What the lists of a filter mean, wherever they are. */
static const struct condition {
    const char *member;
    enum part part;
    size_t limit; /* of entries */
    void (*add)(struct compiler *compiler, const char *expression, const json_t *list);
} conditions[] = {
    {"prefix", PART_NAME, FILTER_WORDS_LIMIT, add_begins},
    {"exclude_prefix", PART_NAME, FILTER_WORDS_LIMIT, add_begins_not},
    {"name", PART_NAME, FILTER_LIST_LIMIT, add_one_of},
    {"exclude_name", PART_NAME, FILTER_LIST_LIMIT, add_none_of},
    {"id", PART_ID, FILTER_LIST_LIMIT, add_one_of},
    {"id_prefix", PART_ID, FILTER_WORDS_LIMIT, add_begins},
    {"role", PART_ROLE, FILTER_LIST_LIMIT, add_one_of},
};

/* Where these are in SQL, and the labels of a resource. */
struct place {
    const char *parts[PARTS];
    const char *labels;
};

static const struct place event_place = {.parts = {[PART_NAME] = "r.event"}};
static const struct place primary_place = {.parts = {[PART_ID] = "r.resource_id"},
                                           .labels = "r.resource"};
static const struct place related_place = {
    .parts = {[PART_ID] = "json_extract(x.value, '$.\"prefect.resource.id\"')",
              [PART_ROLE] = "json_extract(x.value, '$.\"prefect.resource.role\"')"},
    .labels = "x.value"};

/* " AND …" for each list that has entries. */
static void add_lists(struct compiler *compiler, const json_t *filter, const struct place *place)
{
    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        const struct condition *condition = &conditions[i];
        const json_t *list = json_object_get(filter, condition->member);
        problems_enter(compiler->problems, condition->member);
        if (has_entries(compiler, list, condition->limit)) {
            sql_add(compiler->sql, " AND ");
            condition->add(compiler, place->parts[condition->part], list);
        }
        problems_leave(compiler->problems);
    }
}

/* ---- labels ---- */

static void add_pattern(struct compiler *compiler, const json_t *pattern, const char *before)
{
    const char *text = json_string_value(pattern);

    if (!text) {
        problems_add(compiler->problems, "string_type", pattern, NULL,
                     "Input should be a valid string");
        return;
    }
    if (json_string_length(pattern) > PATTERN_LENGTH)
        problems_add(compiler->problems, "string_too_long", pattern, NULL,
                     "A pattern should have at most %d bytes", PATTERN_LENGTH);
    bool negated = *text == '!';
    sql_addf(compiler->sql, "%s%smatches(l.value, ?)", before, negated ? "NOT " : "");
    bind(compiler, text + negated);
}

/* One label: a pattern, or several. */
static void add_label(struct compiler *compiler, const char *labels, const char *label,
                      const json_t *patterns)
{
    size_t i;
    json_t *pattern;

    sql_addf(compiler->sql, " AND EXISTS (SELECT 1 FROM json_each(%s) l WHERE l.key = ? AND (",
             labels);
    bind(compiler, label);
    if (!json_is_array(patterns)) {
        add_pattern(compiler, patterns, "");
    } else if (!has_entries(compiler, patterns, FILTER_WORDS_LIMIT)) {
        sql_add(compiler->sql, "1 = 0");
    } else {
        json_array_foreach(patterns, i, pattern) {
            problems_enter_index(compiler->problems, i);
            add_pattern(compiler, pattern, i ? " OR " : "");
            problems_leave(compiler->problems);
        }
    }
    sql_add(compiler->sql, "))");
}

static void add_labels(struct compiler *compiler, const json_t *filter, const char *labels)
{
    const json_t *specification = json_object_get(filter, "labels");
    const char *label;
    json_t *patterns;

    problems_enter(compiler->problems, "labels");
    if (json_object_size(specification) > FILTER_WORDS_LIMIT)
        problems_add(compiler->problems, "value_error", NULL, NULL,
                     "Value error, a filter may have at most %d labels", FILTER_WORDS_LIMIT);
    json_object_foreach((json_t *)specification, label, patterns) {
        problems_enter(compiler->problems, label);
        add_label(compiler, labels, label, patterns);
        problems_leave(compiler->problems);
    }
    problems_leave(compiler->problems);
}

/* ---- resources ---- */

static const char *entry_text(const json_t *pair, size_t i)
{
    return json_string_value(json_array_get(pair, i));
}

static void add_pairs(struct compiler *compiler, const json_t *filter)
{
    const json_t *pairs = json_object_get(filter, "resources_in_roles");
    size_t i;
    json_t *pair;

    problems_enter(compiler->problems, "resources_in_roles");
    if (has_entries(compiler, pairs, FILTER_WORDS_LIMIT)) {
        sql_add(compiler->sql, " AND (1 = 0");
        json_array_foreach(pairs, i, pair) {
            if (json_array_size(pair) != 2 || !entry_text(pair, 0) || !entry_text(pair, 1)) {
                problems_enter_index(compiler->problems, i);
                problems_add(compiler->problems, "tuple_type", pair, NULL,
                             "Input should be a pair of an id and a role");
                problems_leave(compiler->problems);
                continue;
            }
            sql_addf(compiler->sql, " OR (%s = ? AND %s = ?)", related_place.parts[PART_ID],
                     related_place.parts[PART_ROLE]);
            bind(compiler, entry_text(pair, 0));
            bind(compiler, entry_text(pair, 1));
        }
        sql_add(compiler->sql, ")");
    }
    problems_leave(compiler->problems);
}

/* Of one of the related resources; first by the index of their ids, if it asks for those. */
static void add_related_conditions(struct compiler *compiler, const json_t *filter)
{
    const json_t *ids = json_object_get(filter, "id");

    if (json_array_size(ids) > 0 && json_array_size(ids) <= FILTER_LIST_LIMIT) {
        sql_add(compiler->sql, "r.seq IN (SELECT event_seq FROM event_related WHERE ");
        add_one_of(compiler, "resource_id", ids);
        sql_add(compiler->sql, " AND occurred >= ? AND occurred <= ?) AND ");
        sql_bind(compiler->sql, V(compiler->since));
        sql_bind(compiler->sql, V(compiler->until));
    }
    sql_add(compiler->sql, "EXISTS (SELECT 1 FROM json_each(r.related) x WHERE 1 = 1");
    add_lists(compiler, filter, &related_place);
    add_pairs(compiler, filter);
    add_labels(compiler, filter, related_place.labels);
    sql_add(compiler->sql, ")");
}

static bool has_conditions(const json_t *filter)
{
    const char *member;
    json_t *value;

    json_object_foreach((json_t *)filter, member, value)
        if (json_array_size(value) > 0 || json_object_size(value) > 0)
            return true;
    return false;
}

static void add_related(struct compiler *compiler, const json_t *filter)
{
    if (!has_conditions(filter))
        return;
    sql_add(compiler->sql, " AND ");
    add_related_conditions(compiler, filter);
}

static void add_any_resource(struct compiler *compiler, const json_t *filter)
{
    if (!has_conditions(filter))
        return;
    sql_add(compiler->sql, " AND ((1 = 1");
    add_lists(compiler, filter, &primary_place);
    add_labels(compiler, filter, primary_place.labels);
    sql_add(compiler->sql, ") OR (");
    add_related_conditions(compiler, filter);
    sql_add(compiler->sql, "))");
}

/* One such filter, or a list of them. */
static void add_each(struct compiler *compiler, const json_t *filter, const char *name,
                     const struct body *body,
                     void (*add)(struct compiler *compiler, const json_t *filter))
{
    const json_t *value = json_object_get(filter, name);
    size_t count = json_is_array(value) ? json_array_size(value) : 1;

    if (!value || json_is_null(value))
        return;
    problems_enter(compiler->problems, name);
    if (json_is_array(value) && !has_entries(compiler, value, FILTER_WORDS_LIMIT))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_is_array(value) ? json_array_get(value, i) : value;
        if (json_is_array(value))
            problems_enter_index(compiler->problems, i);
        body_check(body, entry, compiler->problems);
        if (!problems_any(compiler->problems))
            add(compiler, entry);
        if (json_is_array(value))
            problems_leave(compiler->problems);
    }
    problems_leave(compiler->problems);
}

/* ---- the whole ---- */

static int64_t time_of(const json_t *filter, const char *name, int64_t fallback)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(filter, "occurred"), name));
    int64_t time;

    return text && time_parse(text, &time) ? time : fallback;
}

void event_filter_period(const json_t *filter, int64_t now, int64_t *ret_since, int64_t *ret_until)
{
    int64_t today = now - now % DAY;

    *ret_since = time_of(filter, "since", today - DAYS_BACK * DAY);
    *ret_until = time_of(filter, "until", now);
}

static void add_member(struct compiler *compiler, const json_t *filter, const char *name,
                       const struct place *place)
{
    const json_t *member = json_object_get(filter, name);

    problems_enter(compiler->problems, name);
    add_lists(compiler, member, place);
    add_labels(compiler, member, place->labels);
    problems_leave(compiler->problems);
}

static void add_ids(struct compiler *compiler, const json_t *filter)
{
    const json_t *ids = json_object_get(json_object_get(filter, "id"), "id");

    if (json_array_size(ids) == 0)
        return;
    sql_add(compiler->sql, " AND ");
    add_id_of(compiler, "r.id", ids);
}

void event_filter_where(const json_t *filter, int64_t now, struct arena *arena, struct sql *sql,
                        struct problems *problems)
{
    struct compiler compiler = {.arena = arena, .sql = sql, .problems = problems};
    const json_t *text = json_object_get(filter, "text");

    body_check(&filter_body, filter, problems);
    if (problems_any(problems))
        return;
    event_filter_period(filter, now, &compiler.since, &compiler.until);
    sql_add(sql, "r.occurred >= ? AND r.occurred <= ?");
    sql_bind(sql, V(compiler.since));
    sql_bind(sql, V(compiler.until));
    add_member(&compiler, filter, "event", &event_place);
    add_member(&compiler, filter, "resource", &primary_place);
    add_each(&compiler, filter, "related", &related_body, add_related);
    add_each(&compiler, filter, "any_resource", &any_resource_body, add_any_resource);
    add_ids(&compiler, filter);
    if (json_is_object(text))
        event_search_add(json_string_value(json_object_get(text, "query")), arena, sql);
    if (sql->count > FILTER_VALUES_LIMIT)
        problems_add(problems, "value_error", NULL, NULL,
                     "Value error, all lists together may have at most %d entries",
                     FILTER_VALUES_LIMIT);
}

bool event_filter_is_ascending(const json_t *filter)
{
    const char *order = json_string_value(json_object_get(filter, "order"));

    return order && strcmp(order, "ASC") == 0;
}

bool event_filter_is_distinct(const json_t *filter)
{
    return json_is_true(json_object_get(json_object_get(filter, "resource"), "distinct"));
}

/* The lists of which an event that is let through has an entry, and what is published of that. */
static const struct {
    const char *filter;
    const char *member;
    const char *prefix;
} topics[] = {
    {"event", "name", "events:name:"},
    {"resource", "id", "events:resource:"},
    {"any_resource", "id", "events:resource:"},
    {"related", "id", "events:resource:"},
};

const char *const *event_filter_topics(const json_t *filter, struct arena *arena)
{
    const char **names;
    size_t j;
    json_t *entry;

    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        const json_t *list =
            json_object_get(json_object_get(filter, topics[i].filter), topics[i].member);
        if (json_array_size(list) == 0)
            continue;
        names = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*names));
        json_array_foreach(list, j, entry)
            names[j] = arena_printf(arena, "%s%s", topics[i].prefix, json_string_value(entry));
        return names;
    }
    names = arena_alloc(arena, 2 * sizeof(*names));
    names[0] = "events";
    return names;
}
