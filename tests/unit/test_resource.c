/* Records become rows, and filters become SQL that finds the right rows of a real store.
 *
 * Long: one table of a store of its own serves all of it. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/resource/resource.h"
#include "json/text.h"

#define ID_A "0190aaaa-0000-7000-8000-000000000001"
#define ID_B "0190aaaa-0000-7000-8000-000000000002"
#define ID_C "0190aaaa-0000-7000-8000-000000000003"

static const char *const colours[] = {"red", "green", "blue", NULL};

static json_t *parse(const char *text)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

/* ---- a table of our own, in a store ---- */

static const struct field thing_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_REQUIRED | FIELD_UPDATE},
    {.name = "size", .type = FIELD_INTEGER, .flags = FIELD_CREATE | FIELD_UPDATE, .fallback = "7"},
    {.name = "weight",
     .type = FIELD_NUMBER,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "2.5"},
    {.name = "fine", .type = FIELD_BOOLEAN, .flags = FIELD_CREATE, .fallback = "true"},
    {.name = "at", .type = FIELD_TIME, .flags = FIELD_CREATE | FIELD_NULLABLE},
    {.name = "colour",
     .type = FIELD_ENUM,
     .choices = colours,
     .flags = FIELD_CREATE,
     .fallback = "\"red\""},
    {.name = "tags", .type = FIELD_STRINGS, .flags = FIELD_CREATE, .fallback = "[]"},
    {.name = "value", .type = FIELD_JSON, .flags = FIELD_CREATE | FIELD_NULLABLE},
    {.name = "kind_of", .type = FIELD_MAP, .flags = FIELD_CREATE | FIELD_NULLABLE},
    {.name = "owner", .type = FIELD_ID, .flags = FIELD_CREATE | FIELD_NULLABLE},
    {.name = "secret",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NO_REPLY,
     .fallback = "\"hush\""},
    {.name = "ignored", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_NO_COLUMN},
    FIELDS_END};

static const struct filter inside_filters[] = {
    {.name = "size", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_INTEGER},
    {.name = "colour",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_NOT_ANY,
     .type = FIELD_ENUM,
     .choices = colours},
    FILTERS_END};

static const struct filter thing_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY | OP_NOT_ANY, .type = FIELD_ID},
    {.name = "name",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_NOT_ANY | OP_LIKE | OP_STARTS | OP_STARTS_WITH | OP_QUERY,
     .type = FIELD_TEXT},
    {.name = "size",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_GE | OP_LE | OP_GT | OP_EQ,
     .type = FIELD_INTEGER},
    {.name = "fine", .kind = FILTER_VALUE, .operators = OP_EQ, .type = FIELD_BOOLEAN},
    {.name = "at",
     .kind = FILTER_VALUE,
     .operators = OP_BEFORE | OP_AFTER | OP_IS_NULL,
     .type = FIELD_TIME},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_ANY | OP_IS_NULL},
    {.name = "kind_of",
     .kind = FILTER_VALUE,
     .operators = OP_TYPE | OP_ID | OP_IS_NULL,
     .type = FIELD_TEXT},
    {.name = "owned",
     .kind = FILTER_EXISTS,
     .operators = OP_EXISTS | OP_IS_NULL,
     .sql = "r.owner IS NOT NULL"},
    {.name = "owner",
     .kind = FILTER_VALUE,
     .operators = OP_ANY,
     .type = FIELD_ID,
     .any_sql = "r.owner IN (SELECT o.id FROM things o WHERE o.id IN (%s))"},
    {.name = "inside", .kind = FILTER_GROUP, .nested = inside_filters},
    FILTERS_END};

static const struct relation thing_relations[] = {
    {"owners", thing_filters, "r.owner IN (SELECT r.id FROM things r WHERE ", ")", "r.owner"},
    {.key = NULL}};

static const struct sort thing_sorts[] = {
    {"NAME_ASC", "r.name ASC"}, {"SIZE_DESC", "r.size DESC, r.name ASC"}, {NULL, NULL}};

static const struct resource thing = {.name = "Thing",
                                      .table = "things",
                                      .fields = thing_fields,
                                      .filters = thing_filters,
                                      .filter_key = "things",
                                      .relations = thing_relations,
                                      .sorts = thing_sorts};

struct fixture {
    char directory[64];
    struct store *store;
    const char *body; /* of the request that runs */
    struct buf text;  /* what it gives */
    char id[ID_SIZE];
};

static void ignore_topic(void *context, const char *topic)
{
    (void)context;
    (void)topic;
}

static enum job_result create_table(struct txn *txn, void *context)
{
    (void)context;
    return db_run(txn,
                  "CREATE TABLE things (id TEXT, created BIGINT, updated BIGINT, name TEXT,"
                  " size BIGINT, weight DOUBLE PRECISION, fine INTEGER, at BIGINT, colour TEXT,"
                  " tags TEXT, value TEXT, kind_of TEXT, owner TEXT, secret TEXT)") < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

static void run_job(struct fixture *fixture, bool writes,
                    enum job_result (*job)(struct txn *, void *))
{
    struct error error;

    if (store_run(fixture->store, writes, job, fixture, &error) < 0)
        fail_msg("%s: %s", fixture->body ? fixture->body : "", error.message);
}

/* Creates a thing as a handler does: checked, then a record of it, then the row. */
static enum job_result create_thing(struct txn *txn, void *context)
{
    static const struct body body = {.fields = thing_fields, .only = FIELD_CREATE};
    struct fixture *fixture = context;
    json_auto_t *sent = parse(fixture->body);
    problems_auto problems;
    struct record record;

    problems_init(&problems, "body");
    body_check(&body, sent, &problems);
    assert_false(problems_any(&problems));
    record_from_create(&record, thing_fields, txn_arena(txn), sent, fixture->body, NULL);
    if (*fixture->id)
        record_set(&record, "id", V((const char *)fixture->id));
    assert_true(record_is_set(&record, "id"));
    return record_insert(txn, "things", &record) < 0 ? JOB_FAILED : JOB_KEEP;
}

static void add_thing(struct fixture *fixture, const char *id, const char *body)
{
    fixture->body = body;
    snprintf(fixture->id, sizeof(fixture->id), "%s", id);
    run_job(fixture, true, create_thing);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct store_config config = {
        .readers = 1, .short_readers = 1, .time_limit = SECOND, .publish = ignore_topic};
    struct error error;

    strcpy(fixture->directory, "/tmp/fermata-resource-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    config.directory = fixture->directory;
    if (store_open(&config, &fixture->store, &error) < 0)
        fail_msg("%s", error.message);
    run_job(fixture, true, create_table);
    add_thing(fixture, ID_A,
              "{\"name\": \"Apple pie\", \"size\": 1, \"at\": \"2026-01-01T00:00:00Z\","
              " \"tags\": [\"a\", \"ab\"], \"kind_of\": {\"type\": \"CAKE\", \"id\": \"1\"}}");
    add_thing(fixture, ID_B,
              "{\"name\": \"apple_tree\", \"size\": 2, \"at\": \"2026-01-02T00:00:00Z\","
              " \"tags\": [\"b\", \"say \\\"x\\\"\"], \"colour\": \"green\", \"owner\": \"" ID_A
              "\", \"fine\": false}");
    add_thing(fixture, ID_C,
              "{\"name\": \"100% \\u00c4pfel\", \"size\": 3, \"owner\": \"" ID_B
              "\", \"kind_of\": {\"type\": \"FRUIT\"}}");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    store_close(fixture->store);
    buf_release(&fixture->text);
    snprintf(command, sizeof(command), "rm -r '%s'", fixture->directory);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

/* ---- filters ---- */

/* The SQL of a filter body without what all begin with, a "|", the bound values, or what is wrong.
 */
static void compile(const char *text, struct buf *to)
{
    json_auto_t *body = parse(text);
    problems_auto problems;
    arena_auto arena = {0};
    sql_auto sql = {0};

    problems_init(&problems, "body");
    resource_where(&thing, body, &arena, &sql, &problems);
    resource_order(&thing, body, &sql, &problems);
    assert_int_equal(json_array_size(problems.path), 1);
    if (problems_any(&problems)) {
        json_auto_t *list = problems_for_person(&problems);
        const json_t *one = json_array_get(list, 0);
        buf_addf(to, "%s: %s", json_string_value(json_object_get(one, "path")),
                 json_string_value(json_object_get(one, "message")));
        return;
    }
    const char *where = buf_string(&sql.text);
    assert_int_equal(strncmp(where, "1 = 1", 5), 0);
    const char *order = strstr(where, " ORDER BY ");
    assert_non_null(order);
    buf_add(to, where + 5, (size_t)(order - where - 5));
    int holes = 0;
    for (const char *p = where; *p; p++)
        holes += *p == '?';
    assert_int_equal(holes, sql.count); /* every parameter has its place */
    for (int i = 0; i < sql.count; i++) {
        buf_add_string(to, i ? ", " : " | ");
        if (sql.values[i].type == VALUE_TEXT)
            buf_add_string(to, sql.values[i].text);
        else
            buf_addf(to, "%lld", (long long)sql.values[i].integer);
    }
}

static enum job_result find_names(struct txn *txn, void *context)
{
    struct fixture *fixture = context;
    json_auto_t *body = parse(fixture->body);
    problems_auto problems;
    sql_auto sql = {0};
    rows_auto rows = {0};
    int r;

    problems_init(&problems, "body");
    sql_add(&sql, "SELECT r.name FROM things r WHERE ");
    resource_where(&thing, body, txn_arena(txn), &sql, &problems);
    resource_order(&thing, body, &sql, &problems);
    assert_false(problems_any(&problems));
    if (sql_query(txn, &rows, &sql) < 0)
        return JOB_FAILED;
    while ((r = rows_next(&rows)) > 0)
        buf_addf(&fixture->text, "%s%s", fixture->text.length ? ", " : "", rows_text(&rows, 0));
    return r < 0 ? JOB_FAILED : JOB_UNDO;
}

#define APPLE_PIE "Apple pie"
#define TREE      "apple_tree"
#define HUNDRED   "100% \xc3\x84pfel"
#define ALL       HUNDRED ", " APPLE_PIE ", " TREE

static const struct {
    const char *filter; /* the body of "things" */
    const char *sql;
    const char *names; /* that it finds */
} filters[] = {
    {"{}", " AND (1 = 1)", ALL},
    {"{\"name\": null}", " AND (1 = 1)", ALL},
    {"{\"name\": {}}", " AND ((1 = 1))", ALL},
    {"{\"name\": {\"any_\": null}}", " AND ((1 = 1))", ALL},
    /* any_, not_any_ */
    {"{\"name\": {\"any_\": [\"apple_tree\", \"x\"]}}", " AND ((r.name IN (?, ?))) | apple_tree, x",
     TREE},
    {"{\"name\": {\"any_\": []}}", " AND ((1 = 0))", ""},
    {"{\"name\": {\"not_any_\": [\"apple_tree\"]}}", " AND ((r.name NOT IN (?))) | apple_tree",
     HUNDRED ", " APPLE_PIE},
    {"{\"name\": {\"not_any_\": []}}", " AND ((1 = 1))", ALL},
    {"{\"id\": {\"any_\": [\"0190AAAA-0000-7000-8000-000000000001\"]}}",
     " AND ((r.id = ?)) | " ID_A, APPLE_PIE},
    {"{\"owner\": {\"any_\": [\"" ID_A "\"]}}",
     " AND ((r.owner IN (SELECT o.id FROM things o WHERE o.id IN (?)))) | " ID_A, TREE},
    /* like_: contained, whatever the case, and without wildcards */
    {"{\"name\": {\"like_\": \"APPLE\"}}", " AND ((strpos(lower(r.name), lower(?)) > 0)) | APPLE",
     APPLE_PIE ", " TREE},
    {"{\"name\": {\"like_\": \"%\"}}", " AND ((strpos(lower(r.name), lower(?)) > 0)) | %", HUNDRED},
    {"{\"name\": {\"like_\": \"e_t\"}}", " AND ((strpos(lower(r.name), lower(?)) > 0)) | e_t",
     TREE},
    /* startswith_: with one of them, whatever the case, and without wildcards */
    {"{\"name\": {\"startswith_\": [\"APPLE p\", \"%\"]}}",
     " AND (((1 = 0 OR strpos(lower(r.name), lower(?)) = 1 OR strpos(lower(r.name), lower(?)) = "
     "1)))"
     " | APPLE p, %",
     APPLE_PIE},
    {"{\"name\": {\"startswith_\": []}}", " AND (((1 = 0)))", ""},
    /* starts_with_: of ids, which are in lower case */
    {"{\"name\": {\"starts_with_\": \"APPLE\"}}",
     " AND (((r.name >= lower(?) AND r.name < lower(?) || 'g'))) | APPLE, APPLE", TREE},
    /* numbers and truth values */
    {"{\"size\": {\"ge_\": 2}}", " AND ((r.size >= ?)) | 2", HUNDRED ", " TREE},
    {"{\"size\": {\"le_\": 2.0}}", " AND ((r.size <= ?)) | 2", APPLE_PIE ", " TREE},
    {"{\"size\": {\"gt_\": 2}}", " AND ((r.size > ?)) | 2", HUNDRED},
    {"{\"size\": {\"eq_\": 2}}", " AND ((r.size = ?)) | 2", TREE},
    {"{\"size\": {\"any_\": [1, 3]}}", " AND ((r.size IN (?, ?))) | 1, 3", HUNDRED ", " APPLE_PIE},
    {"{\"fine\": {\"eq_\": false}}", " AND ((r.fine = ?)) | 0", TREE},
    /* times: both ends count */
    {"{\"at\": {\"before_\": \"2026-01-01T00:00:00Z\"}}", " AND ((r.at <= ?)) | 1767225600000000",
     APPLE_PIE},
    {"{\"at\": {\"after_\": \"2026-01-02T01:00:00+01:00\"}}",
     " AND ((r.at >= ?)) | 1767312000000000", TREE},
    {"{\"at\": {\"is_null_\": true}}", " AND ((r.at IS NULL))", HUNDRED},
    {"{\"at\": {\"is_null_\": false}}", " AND ((r.at IS NOT NULL))", APPLE_PIE ", " TREE},
    /* tags: whole ones only */
    {"{\"tags\": {\"all_\": [\"a\", \"ab\"]}}",
     " AND (((strpos(r.tags, ?) > 0 AND strpos(r.tags, ?) > 0))) | \"a\", \"ab\"", APPLE_PIE},
    {"{\"tags\": {\"all_\": [\"a\", \"b\"]}}",
     " AND (((strpos(r.tags, ?) > 0 AND strpos(r.tags, ?) > 0))) | \"a\", \"b\"", ""},
    {"{\"tags\": {\"any_\": [\"a\", \"b\"]}}",
     " AND (((strpos(r.tags, ?) > 0 OR strpos(r.tags, ?) > 0))) | \"a\", \"b\"",
     APPLE_PIE ", " TREE},
    {"{\"tags\": {\"any_\": [\"x\"]}}", " AND (((strpos(r.tags, ?) > 0))) | \"x\"", ""},
    {"{\"tags\": {\"any_\": [\"say \\\"x\\\"\"]}}",
     " AND (((strpos(r.tags, ?) > 0))) | \"say \\\"x\\\"\"", TREE},
    {"{\"tags\": {\"all_\": []}}", " AND (((1 = 1)))", ALL},
    {"{\"tags\": {\"any_\": []}}", " AND (((1 = 0)))", ""},
    {"{\"tags\": {\"is_null_\": true}}", " AND ((r.tags = '[]'))", HUNDRED},
    {"{\"tags\": {\"is_null_\": false}}", " AND ((r.tags <> '[]'))", APPLE_PIE ", " TREE},
    /* conditions */
    {"{\"owned\": {\"exists_\": true}}", " AND (((r.owner IS NOT NULL)))", HUNDRED ", " TREE},
    {"{\"owned\": {\"exists_\": false}}", " AND ((NOT (r.owner IS NOT NULL)))", APPLE_PIE},
    {"{\"owned\": {\"is_null_\": true}}", " AND ((NOT (r.owner IS NOT NULL)))", APPLE_PIE},
    /* members of a JSON column */
    {"{\"kind_of\": {\"type_\": [\"CAKE\", \"x\"]}}",
     " AND ((json_extract(r.kind_of, '$.type') IN (?, ?))) | CAKE, x", APPLE_PIE},
    {"{\"kind_of\": {\"id_\": [\"1\"]}}", " AND ((json_extract(r.kind_of, '$.id') = ?)) | 1",
     APPLE_PIE},
    {"{\"kind_of\": {\"is_null_\": true}}", " AND ((r.kind_of IS NULL))", TREE},
    /* words */
    {"{\"name\": {\"query\": \"pie apple\"}}",
     " AND (((1 = 1 AND strpos(lower(r.name), lower(?)) > 0 AND strpos(lower(r.name), lower(?)) >"
     " 0))) | pie, apple",
     APPLE_PIE},
    {"{\"name\": {\"query\": \"apple -pie !x\"}}",
     " AND (((1 = 1 AND strpos(lower(r.name), lower(?)) > 0 AND strpos(lower(r.name), lower(?)) ="
     " 0 AND strpos(lower(r.name), lower(?)) = 0))) | apple, pie, x",
     TREE},
    {"{\"name\": {\"query\": \"\\\"apple pie\\\"\"}}",
     " AND (((1 = 1 AND strpos(lower(r.name), lower(?)) > 0))) | apple pie", APPLE_PIE},
    {"{\"name\": {\"query\": \" \\\"apple\"}}",
     " AND (((1 = 1 AND strpos(lower(r.name), lower(?)) > 0))) | apple", APPLE_PIE ", " TREE},
    {"{\"name\": {\"query\": \"\"}}", " AND (((1 = 1)))", ALL},
    {"{\"name\": {\"query\": \"- \\\"\\\" !\"}}", " AND (((1 = 1)))", ALL},
    /* and, or, nested */
    {"{\"name\": {\"like_\": \"pie\"}, \"size\": {\"eq_\": 1}}",
     " AND ((strpos(lower(r.name), lower(?)) > 0) AND (r.size = ?)) | pie, 1", APPLE_PIE},
    {"{\"operator\": \"and_\", \"name\": {\"like_\": \"pie\"}, \"size\": {\"eq_\": 2}}",
     " AND ((strpos(lower(r.name), lower(?)) > 0) AND (r.size = ?)) | pie, 2", ""},
    {"{\"operator\": \"or_\", \"name\": {\"like_\": \"pie\"}, \"size\": {\"eq_\": 2}}",
     " AND ((strpos(lower(r.name), lower(?)) > 0) OR (r.size = ?)) | pie, 2", APPLE_PIE ", " TREE},
    {"{\"size\": {\"operator\": \"or_\", \"le_\": 1, \"ge_\": 3}}",
     " AND ((r.size <= ? OR r.size >= ?)) | 1, 3", HUNDRED ", " APPLE_PIE},
    {"{\"operator\": \"or_\"}", " AND (1 = 1)", ALL},
    {"{\"operator\": \"or_\", \"size\": {\"eq_\": 1}, \"inside\": {\"size\": {\"any_\": [2, 3]},"
     " \"colour\": {\"any_\": [\"green\"]}}}",
     " AND ((r.size = ?) OR ((r.size IN (?, ?)) AND (r.colour = ?))) | 1, 2, 3, green",
     APPLE_PIE ", " TREE},
    {"{\"inside\": {\"operator\": \"or_\", \"size\": {\"any_\": [1]}, \"colour\": {\"any_\":"
     " [\"green\"]}}}",
     " AND (((r.size = ?) OR (r.colour = ?))) | 1, green", APPLE_PIE ", " TREE},
    /* What is text stays text. */
    {"{\"name\": {\"any_\": [\"') OR 1=1 --\"]}}", " AND ((r.name = ?)) | ') OR 1=1 --", ""},
    {"{\"tags\": {\"any_\": [\"%s%n?\"]}}", " AND (((strpos(r.tags, ?) > 0))) | \"%s%n?\"", ""},
};

static void filters_become_sql_that_finds_the_right_rows(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        buf_auto body = BUF_INIT;
        buf_auto found = BUF_INIT;
        buf_addf(&body, "{\"things\": %s}", filters[i].filter);
        compile(buf_string(&body), &found);
        if (strcmp(buf_string(&found), filters[i].sql) != 0)
            fail_msg("%s:\n  expected: %s\n  found:    %s", filters[i].filter, filters[i].sql,
                     buf_string(&found));
        fixture->body = buf_string(&body);
        buf_clear(&fixture->text);
        run_job(fixture, false, find_names);
        if (strcmp(buf_string(&fixture->text), filters[i].names) != 0)
            fail_msg("%s:\n  expected: %s\n  found:    %s", filters[i].filter, filters[i].names,
                     buf_string(&fixture->text));
    }
}

/* An operator that no filter of the table above uses would be one that nothing shows. */
static void every_operator_is_among_them(void **state)
{
    (void)state;
    for (const struct filter_operator *one = filter_operators; one->name; one++) {
        char quoted[32];
        size_t i = 0;
        snprintf(quoted, sizeof(quoted), "\"%s\"", one->name);
        while (i < COUNT_OF(filters) && !strstr(filters[i].filter, quoted))
            i++;
        if (i == COUNT_OF(filters))
            fail_msg("nothing shows %s", quoted);
    }
}

static void what_belongs_to_a_thing_filters_it_too(void **state)
{
    struct fixture *fixture = *state;
    buf_auto found = BUF_INIT;

    fixture->body = "{\"things\": {\"size\": {\"ge_\": 2}}, \"owners\": {\"name\": {\"like_\":"
                    " \"pie\"}}, \"unknown\": 1, \"sort\": \"SIZE_DESC\"}";
    compile(fixture->body, &found);
    assert_string_equal(buf_string(&found),
                        " AND ((r.size >= ?)) AND r.owner IN (SELECT r.id FROM things r WHERE "
                        "((strpos(lower(r.name), lower(?)) > 0))) | 2, pie");
    run_job(fixture, false, find_names);
    assert_string_equal(buf_string(&fixture->text), TREE);
}

/* Then the column that has them is asked, whose index is in an order. */
static void ids_of_what_it_belongs_to_are_looked_for_in_its_column(void **state)
{
    static const struct {
        const char *owners;
        const char *sql;
    } asked[] = {
        {"{\"operator\": \"and_\", \"id\": {\"any_\": [\"" ID_A "\"]}, \"name\": null}",
         " AND (r.owner = ?) | " ID_A},
        {"{\"id\": {\"any_\": [\"" ID_A "\"]}, \"name\": {\"any_\": [\"x\"]}}",
         " AND r.owner IN (SELECT r.id FROM things r WHERE ((r.id = ?) AND (r.name = ?))) | " ID_A
         ", x"},
        {"{\"id\": null}", " AND r.owner IN (SELECT r.id FROM things r WHERE (1 = 1))"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        buf_auto body = BUF_INIT;
        buf_auto found = BUF_INIT;
        buf_addf(&body, "{\"owners\": %s}", asked[i].owners);
        compile(buf_string(&body), &found);
        assert_string_equal(buf_string(&found), asked[i].sql);
    }
}

static void sorts_are_those_of_the_resource(void **state)
{
    struct fixture *fixture = *state;

    fixture->body = "{\"sort\": \"SIZE_DESC\"}";
    run_job(fixture, false, find_names);
    assert_string_equal(buf_string(&fixture->text), HUNDRED ", " TREE ", " APPLE_PIE);
}

static void hostile_filters_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *body;
        const char *problem;
    } hostile[] = {
        {"{\"owners\": {\"operator\": \"x\", \"id\": {\"any_\": []}}}",
         "owners.operator: Input should be 'and_' or 'or_'"},
        {"{\"owners\": {\"id\": {\"any_\": [\"x\"]}}}",
         "owners.id.any_[0]: Input should be a valid UUID"},
        {"{\"things\": []}", "things: Input should be a valid dictionary or object to extract "
                             "fields from"},
        {"{\"things\": {\"name\": \"x\"}}", "things.name: Input should be a valid dictionary or "
                                            "object to extract fields from"},
        {"{\"things\": {\"inside\": []}}", "things.inside: Input should be a valid dictionary or "
                                           "object to extract fields from"},
        {"{\"things\": {\"nothing\": {\"any_\": []}}}",
         "things.nothing: Extra inputs are not permitted"},
        {"{\"things\": {\"1=1) --\": {}}}", "things.1=1) --: Extra inputs are not permitted"},
        {"{\"things\": {\"inside\": {\"inside\": {}}}}",
         "things.inside.inside: Extra inputs are not permitted"},
        {"{\"things\": {\"name\": {\"ge_\": \"a\"}}}",
         "things.name.ge_: Extra inputs are not permitted"},
        {"{\"things\": {\"name\": {\"any_\": \"a\"}}}",
         "things.name.any_: Input should be a valid list"},
        {"{\"things\": {\"name\": {\"not_any_\": {}}}}",
         "things.name.not_any_: Input should be a valid list"},
        {"{\"things\": {\"name\": {\"any_\": [\"a\", 1]}}}",
         "things.name.any_[1]: Input should be a valid string"},
        {"{\"things\": {\"name\": {\"any_\": [null]}}}",
         "things.name.any_[0]: Input should be a valid string"},
        {"{\"things\": {\"name\": {\"like_\": []}}}",
         "things.name.like_: Input should be a valid string"},
        {"{\"things\": {\"name\": {\"query\": 1}}}",
         "things.name.query: Input should be a valid string"},
        {"{\"things\": {\"id\": {\"any_\": [\"x\"]}}}",
         "things.id.any_[0]: Input should be a valid UUID"},
        {"{\"things\": {\"size\": {\"ge_\": 1.5}}}",
         "things.size.ge_: Input should be a valid integer, got a number with a fractional part"},
        {"{\"things\": {\"at\": {\"before_\": \"soon\"}}}",
         "things.at.before_: Input should be a valid datetime or date"},
        {"{\"things\": {\"at\": {\"is_null_\": \"yes\"}}}",
         "things.at.is_null_: Input should be a valid boolean"},
        {"{\"things\": {\"owned\": {\"exists_\": 1}}}",
         "things.owned.exists_: Input should be a valid boolean"},
        {"{\"things\": {\"tags\": {\"all_\": \"a\"}}}",
         "things.tags.all_: Input should be a valid list"},
        {"{\"things\": {\"tags\": {\"any_\": [[]]}}}",
         "things.tags.any_[0]: Input should be a valid string"},
        {"{\"things\": {\"kind_of\": {\"type_\": [1]}}}",
         "things.kind_of.type_[0]: Input should be a valid string"},
        {"{\"things\": {\"inside\": {\"colour\": {\"any_\": [\"pink\"]}}}}",
         "things.inside.colour.any_[0]: Input should be 'red', 'green' or 'blue'"},
        {"{\"things\": {\"operator\": \"xor_\"}}",
         "things.operator: Input should be 'and_' or 'or_'"},
        {"{\"things\": {\"size\": {\"operator\": 1}}}",
         "things.size.operator: Input should be 'and_' or 'or_'"},
        {"{\"owners\": 1}", "owners: Input should be a valid dictionary or object to extract "
                            "fields from"},
        {"{\"sort\": \"name\"}", "sort: Input should be one of 'NAME_ASC', 'SIZE_DESC'"},
        {"{\"sort\": 1}", "sort: Input should be one of 'NAME_ASC', 'SIZE_DESC'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        buf_auto found = BUF_INIT;
        compile(hostile[i].body, &found);
        if (strcmp(buf_string(&found), hostile[i].problem) != 0)
            fail_msg("%s:\n  expected: %s\n  found:    %s", hostile[i].body, hostile[i].problem,
                     buf_string(&found));
    }
}

/* `count` equal values with commas between them. */
static void add_list(struct buf *to, const char *before, size_t count, const char *value,
                     const char *after)
{
    buf_add_string(to, before);
    for (size_t i = 0; i < count; i++)
        buf_addf(to, "%s%s", i ? "," : "", value);
    buf_add_string(to, after);
}

static void lists_are_bounded(void **state)
{
    static const struct {
        const char *before, *value, *after;
        size_t most;
        const char *problem;
    } lists[] = {
        {"{\"things\":{\"size\":{\"any_\":[", "1", "]}}}", FILTER_LIST_LIMIT,
         "things.size.any_: List should have at most 1000 items after validation, not 1001"},
        {"{\"things\":{\"name\":{\"not_any_\":[", "\"a\"", "]}}}", FILTER_LIST_LIMIT,
         "things.name.not_any_: List should have at most 1000 items after validation, not 1001"},
        {"{\"things\":{\"tags\":{\"all_\":[", "\"a\"", "]}}}", FILTER_WORDS_LIMIT,
         "things.tags.all_: List should have at most 100 items after validation, not 101"},
        {"{\"things\":{\"name\":{\"query\":\"", "a ", "\"}}}", FILTER_WORDS_LIMIT,
         "things.name.query: Value error, a query may have at most 100 words"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        bool text = strstr(lists[i].before, "query") != NULL;
        for (size_t more = 0; more < 2; more++) {
            buf_auto body = BUF_INIT;
            buf_auto found = BUF_INIT;
            add_list(&body, lists[i].before, lists[i].most + more, lists[i].value, lists[i].after);
            for (char *p = body.data; text && (p = strstr(p, "a ,")); p += 3)
                p[2] = ' ';
            compile(buf_string(&body), &found);
            if ((strcmp(buf_string(&found), lists[i].problem) == 0) != (more == 1))
                fail_msg("%s: %.300s", lists[i].before, buf_string(&found));
        }
    }
}

/* ---- records ---- */

static enum job_result read_thing(struct txn *txn, void *context)
{
    struct fixture *fixture = context;
    struct json_writer writer;
    sql_auto sql = {0};
    rows_auto rows = {0};

    resource_select(&thing, &sql);
    sql_add(&sql, " WHERE r.id = ?");
    sql_bind(&sql, V((const char *)fixture->id));
    if (sql_first(txn, &rows, &sql) <= 0)
        return JOB_FAILED;
    buf_clear(&fixture->text);
    json_writer_init(&writer, &fixture->text);
    fields_write_row(thing_fields, &writer, &rows);
    return JOB_UNDO;
}

/* What a row says but for its times. */
static void assert_row(struct fixture *fixture, const char *expected)
{
    run_job(fixture, false, read_thing);
    const char *rest = strstr(buf_string(&fixture->text), ",\"name\"");
    assert_non_null(rest);
    assert_string_equal(rest + 1, expected);
}

static void what_was_sent_comes_back_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;

    add_thing(fixture, "0190aaaa-0000-7000-8000-00000000000d",
              "{\"name\": \"n\", \"weight\": 0.1, \"at\": \"2026-01-01T01:00:00.5+01:00\","
              " \"tags\": [\"\\u00e4\", \"b\"], \"value\": {\"big\": 12345678901234567890123,"
              " \"x\": 1.10}, \"owner\": \"0190AAAA-0000-7000-8000-00000000000D\","
              " \"ignored\": \"z\"}");
    assert_row(fixture,
               "\"name\":\"n\",\"size\":7,\"weight\":0.1,\"fine\":true,"
               "\"at\":\"2026-01-01T00:00:00.500000Z\",\"colour\":\"red\",\"tags\":[\"\xc3\xa4\","
               "\"b\"],\"value\":{\"big\": 12345678901234567890123, \"x\": 1.10},"
               "\"kind_of\":null,\"owner\":\"0190aaaa-0000-7000-8000-00000000000d\"}");
}

static void what_is_not_sent_has_its_fallback(void **state)
{
    struct fixture *fixture = *state;

    add_thing(fixture, "0190aaaa-0000-7000-8000-00000000000d",
              "{\"name\": \"n\", \"weight\": null}");
    assert_row(fixture, "\"name\":\"n\",\"size\":7,\"weight\":null,\"fine\":true,\"at\":null,"
                        "\"colour\":\"red\",\"tags\":[],\"value\":null,\"kind_of\":null,"
                        "\"owner\":null}");
}

static enum job_result update_thing(struct txn *txn, void *context)
{
    struct fixture *fixture = context;
    json_auto_t *sent = parse(fixture->body);
    struct record record;

    record_from_update(&record, thing_fields, txn_arena(txn), sent, fixture->body, NULL);
    assert_false(record_is_set(&record, "id"));
    int changed = record_update(txn, "things", &record, "id", V((const char *)fixture->id));
    buf_addf(&fixture->text, "%d", changed);
    return changed < 0 ? JOB_FAILED : JOB_KEEP;
}

static void a_change_changes_what_was_sent_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;

    snprintf(fixture->id, sizeof(fixture->id), "%s", ID_B);
    fixture->body =
        "{\"size\": 20, \"fine\": true, \"colour\": \"blue\"}"; /* two may not be sent */
    run_job(fixture, true, update_thing);
    assert_string_equal(buf_string(&fixture->text), "1");
    assert_row(fixture,
               "\"name\":\"apple_tree\",\"size\":20,\"weight\":2.5,\"fine\":false,"
               "\"at\":\"2026-01-02T00:00:00.000000Z\",\"colour\":\"green\",\"tags\":[\"b\",\"say "
               "\\\"x\\\"\"],\"value\":null,\"kind_of\":null,\"owner\":\"" ID_A "\"}");
}

static void a_change_of_what_is_not_there_changes_nothing(void **state)
{
    struct fixture *fixture = *state;

    snprintf(fixture->id, sizeof(fixture->id), "%s", "nobody");
    fixture->body = "{\"size\": 20}";
    run_job(fixture, true, update_thing);
    assert_string_equal(buf_string(&fixture->text), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(filters_become_sql_that_finds_the_right_rows, set_up,
                                        tear_down),
        cmocka_unit_test(every_operator_is_among_them),
        cmocka_unit_test_setup_teardown(what_belongs_to_a_thing_filters_it_too, set_up, tear_down),
        cmocka_unit_test(ids_of_what_it_belongs_to_are_looked_for_in_its_column),
        cmocka_unit_test_setup_teardown(sorts_are_those_of_the_resource, set_up, tear_down),
        cmocka_unit_test(hostile_filters_are_refused_with_their_place),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test_setup_teardown(what_was_sent_comes_back_as_it_was_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_sent_has_its_fallback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_changes_what_was_sent_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_change_of_what_is_not_there_changes_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
