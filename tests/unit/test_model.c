#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/models.h"

/* ---- models ---------------------------------------------------------------------------------- */

struct address {
    const char *city;
    const char *zip_code;
};

static const struct fm_field address_fields[] = {
    FM_FIELD(struct address, city),
    FM_FIELD(struct address, zip_code, .pattern = "^[0-9]{5}$", .optional = true),
    FM_END,
};
FM_MODEL(Address, struct address, address_fields);

struct person {
    const char *name;
    int64_t age;
    int shoe;
    double height;
    bool member;
    const char *size;
    fm_strings tags;
    int64_t *children;
    struct fm_date born;
    struct fm_datetime seen;
    struct fm_uuid id;
    struct fm_json extra;
    struct address home;
    FM_LIST(struct address) others;
};

static const struct fm_field person_fields[] = {
    FM_FIELD(struct person, name, .description = "Called", .min_length = 1, .max_length = 5),
    FM_FIELD(struct person, age, .minimum = FM_VALUE(0), .exclusive_maximum = FM_VALUE(150)),
    FM_FIELD(struct person, shoe, .default_value = FM_VALUE(42)),
    FM_FIELD(struct person, height, .title = "Height in m", .exclusive_minimum = FM_VALUE(0.5),
             .default_value = FM_VALUE(1.75)),
    FM_FIELD(struct person, member, .default_value = FM_VALUE(true)),
    FM_FIELD(struct person, size, .choices = FM_CHOICES("small", "large"), .optional = true),
    FM_FIELD(struct person, tags, .max_length = 2, .choices = FM_CHOICES("a", "b"),
             .default_value = FM_JSON("[\"a\"]")),
    FM_FIELD(struct person, children, .optional = true),
    FM_FIELD(struct person, born, .default_value = FM_VALUE("2000-02-29")),
    FM_FIELD(struct person, seen, .default_value = FM_VALUE("2026-01-01T00:00:00Z")),
    FM_FIELD(struct person, id, .default_value = FM_VALUE("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")),
    FM_FIELD(struct person, extra, .default_value = FM_JSON("{\"x\": [1, null]}")),
    FM_FIELD_OF(struct person, home, FM_STRUCT(&Address),
                .default_value = FM_JSON("{\"city\": \"Bern\"}")),
    FM_FIELD_OF(struct person, others, FM_LIST_OF(FM_STRUCT(&Address)),
                .default_value = FM_JSON("[]")),
    FM_END,
};

static void check_person(const void *value, struct fm_problems *problems)
{
    const struct person *person = value;

    if (person->age < 18 && person->member)
        fm_problem(problems, "member", "must be grown up, not %d", (int)person->age);
}
FM_MODEL(Person, struct person, person_fields, .check = check_person);

/* ---- helpers --------------------------------------------------------------------------------- */

static void assert_person_refused(const char *json, const char *message)
{
    struct person person;

    memset(&person, 0x5a, sizeof(person));
    assert_string_equal(decode(&Person.model, json, &person), message);
    for (size_t i = 0; i < sizeof(person); i++)
        assert_int_equal(((unsigned char *)&person)[i], 0x5a);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void schemas_are_what_the_stock_client_sends(void **state)
{
    (void)state;
    assert_schema(&FM_STRING->model, NULL,
                  "{\"additionalProperties\":false,\"properties\":{\"value\":{\"title\":\"Value\","
                  "\"type\":\"string\"}},\"required\":[\"value\"],\"title\":"
                  "\"strAutomaticRunInput\",\"type\":\"object\"}");
    assert_schema(&FM_INTEGERS->model, NULL,
                  "{\"additionalProperties\":false,\"properties\":{\"value\":{\"items\":{\"type\":"
                  "\"integer\"},\"title\":\"Value\",\"type\":\"array\"}},\"required\":[\"value\"],"
                  "\"title\":\"listAutomaticRunInput\",\"type\":\"object\"}");
}

static void a_schema_says_everything_about_its_fields(void **state)
{
    (void)state;
    assert_schema(
        &Person.model, NULL,
        "{\"title\":\"Person\",\"type\":\"object\",\"additionalProperties\":false,"
        "\"required\":[\"name\",\"age\"],\"properties\":{"
        "\"name\":{\"title\":\"Name\",\"type\":\"string\",\"description\":\"Called\","
        "\"minLength\":1,\"maxLength\":5},"
        "\"age\":{\"title\":\"Age\",\"type\":\"integer\",\"minimum\":0,\"exclusiveMaximum\":150},"
        "\"shoe\":{\"title\":\"Shoe\",\"type\":\"integer\",\"default\":42},"
        "\"height\":{\"title\":\"Height in m\",\"type\":\"number\",\"exclusiveMinimum\":0.5,"
        "\"default\":1.75},"
        "\"member\":{\"title\":\"Member\",\"type\":\"boolean\",\"default\":true},"
        "\"size\":{\"title\":\"Size\",\"anyOf\":[{\"type\":\"string\",\"enum\":[\"small\","
        "\"large\"]},{\"type\":\"null\"}],\"default\":null},"
        "\"tags\":{\"title\":\"Tags\",\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":"
        "[\"a\",\"b\"]},\"maxItems\":2,\"default\":[\"a\"]},"
        "\"children\":{\"title\":\"Children\",\"anyOf\":[{\"type\":\"integer\"},{\"type\":"
        "\"null\"}],\"default\":null},"
        "\"born\":{\"title\":\"Born\",\"type\":\"string\",\"format\":\"date\",\"default\":"
        "\"2000-02-29\"},"
        "\"seen\":{\"title\":\"Seen\",\"type\":\"string\",\"format\":\"date-time\",\"default\":"
        "\"2026-01-01T00:00:00Z\"},"
        "\"id\":{\"title\":\"Id\",\"type\":\"string\",\"format\":\"uuid\",\"default\":"
        "\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"},"
        "\"extra\":{\"title\":\"Extra\",\"default\":{\"x\":[1,null]}},"
        "\"home\":{\"title\":\"Home\",\"$ref\":\"#/$defs/Address\",\"default\":{\"city\":"
        "\"Bern\"}},"
        "\"others\":{\"title\":\"Others\",\"type\":\"array\",\"items\":{\"$ref\":"
        "\"#/$defs/Address\"},\"default\":[]}},"
        "\"$defs\":{\"Address\":{\"title\":\"Address\",\"type\":\"object\","
        "\"additionalProperties\":false,\"required\":[\"city\"],"
        "\"properties\":{\"city\":{\"title\":\"City\",\"type\":\"string\"},\"zip_code\":{\"title\":"
        "\"Zip Code\",\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}],\"pattern\":"
        "\"^[0-9]{5}$\",\"default\":null}}}}}");
}

static void initial_data_are_new_defaults(void **state)
{
    struct fm_error error;
    struct arena arena = {0};
    problem_list_auto problems = {0};
    buf_auto schema = BUF_INIT;
    struct address address;
    const char *city = "Basel";
    const struct fm_setting *initial = FM_INITIAL(FM_SET(city, city));

    (void)state;
    assert_schema(
        &Address.model, initial,
        "{\"title\":\"Address\",\"type\":\"object\",\"additionalProperties\":false,"
        "\"properties\":{\"city\":{\"title\":\"City\",\"type\":\"string\",\"default\":"
        "\"Basel\"},\"zip_code\":{\"title\":\"Zip Code\",\"anyOf\":[{\"type\":"
        "\"string\"},{\"type\":\"null\"}],\"pattern\":\"^[0-9]{5}$\",\"default\":null}}}");
    assert_int_equal(
        model_decode(&Address.model, initial, "{}", 2, &arena, &address, &problems, &error), 0);
    assert_string_equal(address.city, "Basel");
    assert_null(address.zip_code);
    arena_release(&arena);

    assert_int_equal(model_schema(&Address.model, FM_INITIAL(FM_SET(town, "x")), &schema, &error),
                     FM_INVALID);
    assert_string_equal(error.message, "initial data: Address has no field 'town'");
}

static void a_value_is_decoded_with_its_defaults(void **state)
{
    struct person person;

    (void)state;
    assert_string_equal(decode(&Person.model, "{\"name\":\"Zo\\u00eb\",\"age\":40.0}", &person),
                        "");
    assert_string_equal(person.name, "Zo\xc3\xab");
    assert_int_equal(person.age, 40);
    assert_int_equal(person.shoe, 42);
    assert_true(person.height == 1.75);
    assert_true(person.member);
    assert_null(person.size);
    assert_int_equal(person.tags.count, 1);
    assert_string_equal(person.tags.items[0], "a");
    assert_null(person.children);
    assert_int_equal(person.born.day, 29);
    assert_int_equal(person.seen.microseconds, INT64_C(1767225600000000));
    assert_string_equal(person.id.text, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    assert_same_json(person.extra.text, "{\"x\":[1,null]}");
    assert_string_equal(person.home.city, "Bern");
    assert_int_equal(person.others.count, 0);
}

static void nested_values_are_decoded(void **state)
{
    struct person person;
    fm_integers numbers;
    const char *text;

    (void)state;
    assert_string_equal(
        decode(&Person.model,
               "{\"name\":\"A\",\"age\":18,\"children\":-3,\"size\":\"large\",\"tags\":[\"b\","
               "\"a\"],\"home\":{\"city\":\"X\",\"zip_code\":\"12345\"},"
               "\"others\":[{\"city\":\"Y\"},{\"city\":\"Z\",\"zip_code\":null}]}",
               &person),
        "");
    assert_int_equal(*person.children, -3);
    assert_string_equal(person.size, "large");
    assert_string_equal(person.tags.items[1], "a");
    assert_string_equal(person.home.zip_code, "12345");
    assert_int_equal(person.others.count, 2);
    assert_string_equal(person.others.items[1].city, "Z");

    assert_string_equal(decode(&FM_INTEGERS->model, "{\"value\":[1,-2,3]}", &numbers), "");
    assert_int_equal(numbers.count, 3);
    assert_int_equal(numbers.items[1], -2);
    assert_string_equal(decode(&FM_STRING->model, "{\"value\":\"Alice\"}", &text), "");
    assert_string_equal(text, "Alice");
}

static void problems_name_the_field(void **state)
{
    (void)state;
    assert_person_refused("[]", "must be an object");
    assert_person_refused("{]", "the input is no JSON: invalid JSON at line 1, column 3: string or "
                                "'}' expected near ']'");
    assert_person_refused("{}", "name: is required; age: is required");
    assert_person_refused("{\"name\":5,\"age\":\"x\",\"foo\":1}",
                          "foo: is not a field of Person; name: must be a text; "
                          "age: must be a whole number");
    assert_person_refused("{\"name\":\"\",\"age\":-1}",
                          "name: must not be empty; age: must be at least 0");
    assert_person_refused("{\"name\":\"abcdef\",\"age\":150}",
                          "name: must have at most 5 characters; age: must be less than 150");
    assert_person_refused("{\"name\":\"a\",\"age\":40.5}", "age: must be a whole number of at most "
                                                           "64 bits");
    assert_person_refused("{\"name\":\"a\",\"age\":1e300}", "age: must be a whole number of at "
                                                            "most 64 bits");
    assert_person_refused("{\"name\":\"a\",\"age\":20,\"shoe\":3000000000,\"height\":0.5}",
                          "shoe: must be a whole number from -2147483648 to 2147483647; "
                          "height: must be more than 0.5");
    assert_person_refused("{\"name\":\"a\",\"age\":20,\"member\":1,\"size\":\"tiny\"}",
                          "member: must be true or false; size: must be one of small, large");
    assert_person_refused("{\"name\":\"a\",\"age\":20,\"tags\":[\"a\",\"c\",\"a\"]}",
                          "tags: must have at most 2 items; tags[1]: must be one of a, b");
    assert_person_refused("{\"name\":\"a\",\"age\":20,\"born\":\"2001-02-29\",\"seen\":\"x\","
                          "\"id\":\"1\"}",
                          "born: must be a date such as 2026-12-31; seen: must be a date with a "
                          "time such as 2026-12-31T18:00:00Z; id: must be a UUID");
    assert_person_refused("{\"name\":\"a\",\"age\":20,\"home\":{\"zip_code\":\"1\"},"
                          "\"others\":[{\"city\":\"x\"},{\"city\":1}]}",
                          "home.city: is required; home.zip_code: must match the pattern "
                          "^[0-9]{5}$; others[1].city: must be a text");
}

static void a_check_is_asked_last(void **state)
{
    (void)state;
    assert_person_refused("{\"name\":\"a\",\"age\":17}", "member: must be grown up, not 17");
    assert_person_refused("{\"name\":\"a\",\"age\":17,\"shoe\":\"x\"}",
                          "shoe: must be a whole number");
}

struct contact {
    const char *mail;
    const char *when;
    double number;
};

static const struct fm_field contact_fields[] = {
    FM_FIELD(struct contact, mail, .format = "email"),
    FM_FIELD(struct contact, when, .format = "date-time", .optional = true),
    FM_FIELD(struct contact, number, .default_value = FM_VALUE(0.1)),
    FM_END,
};
FM_MODEL(Contact, struct contact, contact_fields);

static void formats_are_checked(void **state)
{
    static const char *const bad[] = {"",        "a",    "@b.c", "a@",     "a@b@c",
                                      "a b@c.d", "a@.b", "a@b.", "a@b..c", "a,b@c.d"};
    struct contact contact;

    (void)state;
    assert_string_equal(decode(&Contact.model, "{\"mail\":\"a.b+c@d.example\"}", &contact), "");
    assert_true(contact.number == 0.1);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char json[64];
        snprintf(json, sizeof(json), "{\"mail\":\"%s\"}", bad[i]);
        assert_string_equal(decode(&Contact.model, json, &contact),
                            "mail: must be an e-mail address");
    }
    assert_string_equal(
        decode(&Contact.model, "{\"mail\":\"a@b\",\"when\":\"2026-01-01\"}", &contact),
        "when: must be a date with a time such as 2026-12-31T18:00:00Z");
}

static void what_is_encoded_reads_back(void **state)
{
    static const char json[] =
        "{\"name\":\"A\\\"\",\"age\":18,\"shoe\":-7,\"height\":0.75,\"member\":true,"
        "\"size\":null,\"tags\":[\"b\",\"a\"],\"children\":9007199254740993,"
        "\"born\":\"1999-12-31\",\"seen\":\"2026-01-01T00:00:00.500000Z\","
        "\"id\":\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\",\"extra\":[1.5,\"x\"],"
        "\"home\":{\"city\":\"X\",\"zip_code\":\"12345\"},"
        "\"others\":[{\"city\":\"Y\",\"zip_code\":null}]}";
    struct fm_error error;
    buf_auto out = BUF_INIT;
    struct person person;

    (void)state;
    assert_string_equal(decode(&Person.model, json, &person), "");
    assert_int_equal(model_encode(&Person.model, &person, &out, &error), 0);
    assert_string_equal(buf_string(&out), json);
}

static void what_has_no_json_is_an_error(void **state)
{
    struct contact contact = {.mail = "\xff", .number = 1};
    struct fm_error error;
    buf_auto out = BUF_INIT;

    (void)state;
    assert_int_equal(model_encode(&Contact.model, &contact, &out, &error), FM_INVALID);
    assert_string_equal(error.message, "mail: a text is no UTF-8");
    contact = (struct contact){.mail = "a", .number = INFINITY};
    buf_clear(&out);
    assert_int_equal(model_encode(&Contact.model, &contact, &out, &error), FM_INVALID);
    assert_string_equal(error.message, "number: a number that is not finite has no JSON");
}

struct tree {
    int64_t leaf;
    FM_LIST(struct tree) branches;
};

extern const struct fm_model tree_model;
static const struct fm_type tree_type = {
    .kind = FM_KIND_MODEL, .size = sizeof(struct tree), .model = &tree_model};
static const struct fm_field tree_fields[] = {
    FM_FIELD(struct tree, leaf, .default_value = FM_VALUE(0)),
    FM_FIELD_OF(struct tree, branches, FM_LIST_OF(&tree_type), .default_value = FM_JSON("[]")),
    FM_END,
};
const struct fm_model tree_model = {
    .name = "Tree", .size = sizeof(struct tree), .fields = tree_fields};

static void models_may_contain_themselves_to_a_depth(void **state)
{
    struct tree tree;
    buf_auto json = BUF_INIT;

    (void)state;
    assert_schema(&tree_model, NULL,
                  "{\"title\":\"Tree\",\"type\":\"object\",\"additionalProperties\":false,"
                  "\"properties\":{\"leaf\":{\"title\":\"Leaf\",\"type\":\"integer\",\"default\":"
                  "0},\"branches\":{\"title\":\"Branches\",\"type\":\"array\",\"items\":{\"$ref\":"
                  "\"#/$defs/Tree\"},\"default\":[]}},\"$defs\":{\"Tree\":{\"title\":\"Tree\","
                  "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"leaf\":{"
                  "\"title\":\"Leaf\",\"type\":\"integer\",\"default\":0},\"branches\":{\"title\":"
                  "\"Branches\",\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Tree\"},"
                  "\"default\":[]}}}}}");
    for (int i = 0; i < 50; i++)
        buf_add_string(&json, "{\"branches\":[");
    buf_add_string(&json, "{}");
    for (int i = 0; i < 50; i++)
        buf_add_string(&json, "]}");
    const char *message = decode(&tree_model, buf_string(&json), &tree);
    assert_non_null(strstr(message, "is nested deeper than"));
}

static const struct fm_field endless_fields[] = {FM_FIELD(struct address, city)};
FM_MODEL(Endless, struct address, endless_fields);

static const struct fm_field street_fields[] = {
    FM_FIELD_OF(struct person, home, FM_STRUCT(&Endless)),
    FM_END,
};
FM_MODEL(Street, struct person, street_fields);

static void a_table_without_an_end_is_refused(void **state)
{
    struct person person = {.name = NULL};
    struct fm_error error;
    buf_auto text = BUF_INIT;
    const char *expected = "the table of Endless's fields has to end with FM_END";

    (void)state;
    assert_int_equal(model_schema(&Endless.model, NULL, &text, &error), FM_INVALID);
    assert_string_equal(error.message, expected);
    assert_int_equal(model_schema(&Street.model, NULL, &text, &error), FM_INVALID);
    assert_string_equal(error.message, expected);
    assert_int_equal(model_encode(&Street.model, &person, &text, &error), FM_INVALID);
    assert_non_null(strstr(error.message, expected));
    assert_string_equal(decode(&Street.model, "{\"home\": {}}", &person), expected);
}

struct entry {
    const char *text;
    int64_t number;
    fm_strings list;
};

/* Each has one mistake. */
static const struct {
    struct fm_field field;
    const char *message;
} wrong_tables[] = {
    {FM_FIELD(struct entry, text, .pattern = "["), "'[' of field text is no regular expression"},
    {FM_FIELD(struct entry, number, .pattern = "1"), "pattern of field number: it is for texts"},
    {FM_FIELD(struct entry, number, .choices = FM_CHOICES("one", "two")),
     "choices of field number: they are for texts; whole numbers have numbered_choices"},
    {FM_FIELD(struct entry, list, .numbered_choices = FM_NUMBERED_CHOICES(1)),
     "numbered_choices of field list: they are for whole numbers; texts have choices"},
    {FM_FIELD(struct entry, number, .default_value = FM_VALUE("one")),
     "default of 'number': must be a whole number"},
    {FM_FIELD(struct entry, number, .default_value = FM_VALUE(7), .maximum = FM_VALUE(5)),
     "default of 'number': must be at most 5"},
    {FM_FIELD(struct entry, list, .default_value = FM_JSON("[\"a\", 1]")),
     "default of 'list': [1]: must be a text"},
};

static void a_table_that_makes_no_sense_is_refused_before_anybody_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong_tables); i++) {
        const struct fm_field fields[] = {wrong_tables[i].field, FM_END};
        const struct fm_model entry = {
            .name = "Entry", .size = sizeof(struct entry), .fields = fields};
        struct fm_error error;
        buf_auto text = BUF_INIT;
        assert_int_equal(model_schema(&entry, NULL, &text, &error), FM_INVALID);
        assert_string_equal(error.message, wrong_tables[i].message);
    }
}

static void names_of_many_problems_are_cut_not_lost(void **state)
{
    problem_list_auto problems = {0};
    struct fm_error error;

    (void)state;
    for (int i = 0; i < 1000; i++)
        fm_problem(&problems, "field", "problem %d", i);
    assert_int_equal(problem_list_error(&problems, &error), FM_INVALID);
    assert_int_equal(strlen(error.message), FM_MESSAGE_SIZE - 1);
    assert_int_equal(problems.count, 1000);
}

/* ---- questions ------------------------------------------------------------------------------- */

struct leaf {
    int64_t size;
};
static const struct fm_field leaf_fields[] = {FM_FIELD(struct leaf, size), FM_END};
static void check_leaf(const void *value, struct fm_problems *problems)
{
    (void)value;
    (void)problems;
}
FM_MODEL(Leaf, struct leaf, leaf_fields);
FM_MODEL(CheckedLeaf, struct leaf, leaf_fields, .check = check_leaf);

struct twig {
    struct leaf first, second;
    FM_LIST(struct leaf) rest;
};

static void assert_question(const struct fm_model *model, bool checks)
{
    buf_auto schema = BUF_INIT;
    struct fm_error error;
    bool told = !checks;

    assert_int_equal(model_question(model, NULL, &schema, &told, &error), 0);
    assert_int_equal(told, checks);
    assert_non_null(strstr(buf_string(&schema), checks ? "\"x-fermata-checks-answers\":true"
                                                       : "\"x-fermata-checks-answers\":false"));
}

static const struct fm_field plain_twig_fields[] = {
    FM_FIELD_OF(struct twig, first, FM_STRUCT(&Leaf)),
    FM_END,
};
static const struct fm_field nested_twig_fields[] = {
    FM_FIELD_OF(struct twig, first, FM_STRUCT(&Leaf)),
    FM_FIELD_OF(struct twig, rest, FM_LIST_OF(FM_TUPLE(&CheckedLeaf))),
    FM_END,
};
static const struct fm_field deep_twig_fields[] = {
    FM_FIELD_OF(struct twig, rest, FM_LIST_OF(FM_STRUCT(&CheckedLeaf))),
    FM_END,
};

static void a_question_says_whether_anything_in_it_is_checked(void **state)
{
    const struct fm_model twig = {
        .name = "Twig", .size = sizeof(struct twig), .fields = plain_twig_fields};
    struct fm_model checked = twig;

    (void)state;
    assert_question(&twig, false);
    checked.check = check_leaf;
    assert_question(&checked, true);
    checked.check = NULL;
    checked.fields = nested_twig_fields;
    assert_question(&checked, true);
    checked.fields = deep_twig_fields;
    assert_question(&checked, true);
}

static const struct fm_model other_leaf = {
    .name = "Leaf", .size = sizeof(struct leaf), .fields = leaf_fields};
static const struct fm_type other = {
    .kind = FM_KIND_MODEL, .size = sizeof(struct leaf), .model = &other_leaf};
static const struct fm_field clashing_twig_fields[] = {
    FM_FIELD_OF(struct twig, first, FM_STRUCT(&Leaf)),
    FM_FIELD_OF(struct twig, second, &other),
    FM_END,
};

static void two_structs_of_one_name_are_told_apart_by_an_error(void **state)
{
    const struct fm_model twig = {
        .name = "Twig", .size = sizeof(struct twig), .fields = clashing_twig_fields};
    buf_auto schema = BUF_INIT;
    struct fm_error error;

    (void)state;
    assert_int_equal(model_schema(&twig, NULL, &schema, &error), FM_INVALID);
    assert_string_equal(error.message,
                        "two different structs inside a model are called Leaf: rename one");
}

/* A model whose schema is given: values go through as they are. */
static void a_schema_as_text(void **state)
{
    static const char text[] = "{\"type\":\"object\",\"x-fermata-checks-answers\":true}";
    static const char *const wrong[] = {"{", "[]"};
    const struct fm_field none[] = {FM_END};
    struct fm_model model = {
        .name = "Given", .size = sizeof(struct fm_json), .fields = none, .schema = text};
    static const char json[] = "{\"a\": 1.50}";
    struct fm_problems problems = {0};
    struct arena arena = {0};
    buf_auto schema = BUF_INIT, question = BUF_INIT, encoded = BUF_INIT;
    struct fm_json value = {.text = NULL};
    struct fm_error error;
    bool checks = true;

    (void)state;
    assert_int_equal(model_schema(&model, NULL, &schema, &error), 0);
    assert_string_equal(buf_string(&schema), text);
    assert_int_equal(model_question(&model, NULL, &question, &checks, &error), 0);
    assert_string_equal(buf_string(&question),
                        "{\"type\":\"object\",\"x-fermata-checks-answers\":false,"
                        "\"x-fermata-check-formats\":true}");
    assert_false(checks);
    assert_int_equal(
        model_decode(&model, NULL, json, strlen(json), &arena, &value, &problems, &error), 0);
    assert_string_equal(value.text, json);
    assert_int_equal(model_encode(&model, &value, &encoded, &error), 0);
    assert_string_equal(buf_string(&encoded), json);
    assert_int_equal(model_decode(&model, NULL, "[]", 2, &arena, &value, &problems, &error),
                     FM_INVALID);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        model.schema = wrong[i];
        assert_int_equal(model_schema(&model, NULL, &schema, &error), FM_INVALID);
        assert_non_null(strstr(error.message, "the schema of Given is no"));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_as_text),
        cmocka_unit_test(a_question_says_whether_anything_in_it_is_checked),
        cmocka_unit_test(a_table_that_makes_no_sense_is_refused_before_anybody_is_asked),
        cmocka_unit_test(two_structs_of_one_name_are_told_apart_by_an_error),
        cmocka_unit_test(schemas_are_what_the_stock_client_sends),
        cmocka_unit_test(a_schema_says_everything_about_its_fields),
        cmocka_unit_test(initial_data_are_new_defaults),
        cmocka_unit_test(a_value_is_decoded_with_its_defaults),
        cmocka_unit_test(nested_values_are_decoded),
        cmocka_unit_test(problems_name_the_field),
        cmocka_unit_test(a_check_is_asked_last),
        cmocka_unit_test(formats_are_checked),
        cmocka_unit_test(what_is_encoded_reads_back),
        cmocka_unit_test(what_has_no_json_is_an_error),
        cmocka_unit_test(models_may_contain_themselves_to_a_depth),
        cmocka_unit_test(a_table_without_an_end_is_refused),
        cmocka_unit_test(names_of_many_problems_are_cut_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
