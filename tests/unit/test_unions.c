/* One of several types: which arm is taken, what is said if none fits, what trying may cost. */
#include "tests/unit/models.h"

struct phone {
    const char *number;
    int64_t extension;
};
static const struct fm_field phone_fields[] = {
    FM_FIELD(struct phone, number, .pattern = "^[0-9]+$"),
    FM_FIELD(struct phone, extension, .default_value = FM_VALUE(0)),
    FM_END,
};
FM_MODEL(Phone, struct phone, phone_fields);

struct contact {
    enum { ROOM, MAIL, PHONE, POST } which;
    union {
        int64_t room;
        const char *mail;
        struct phone phone;
        fm_strings post;
    };
};
static const struct fm_field contact_arms[] = {
    FM_FIELD(struct contact, room, .minimum = FM_VALUE(1), .title = "Room"),
    FM_FIELD(struct contact, mail, .format = "email"),
    FM_FIELD_OF(struct contact, phone, FM_STRUCT(&Phone)),
    FM_FIELD(struct contact, post, .min_length = 1),
    FM_END,
};
FM_ARMS(Contact, struct contact, contact_arms);

typedef FM_LIST(struct contact) contact_list;
FM_VALUE_MODEL(Contacts, contact_list, "list", FM_LIST_OF(FM_UNION(&Contact)));
FM_VALUE_MODEL(MaybeContact, struct contact *, "optional", FM_OPTIONAL_OF(FM_UNION(&Contact)));

#define CONTACT_ARMS                                                                               \
    "{\"type\":\"integer\",\"minimum\":1,\"title\":\"Room\"},"                                     \
    "{\"type\":\"string\",\"format\":\"email\"},"                                                  \
    "{\"$ref\":\"#/$defs/Phone\"},"                                                                \
    "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1}"

static void the_first_arm_that_fits_is_taken(void **state)
{
    static const char json[] = "[3,\"a@b.c\",{\"number\":\"1\",\"extension\":7},[\"x\"]]";
    contact_list contacts;

    (void)state;
    assert_value_schema(&Contacts.model,
                        "{\"type\":\"array\",\"items\":{\"anyOf\":[" CONTACT_ARMS "]}}");
    assert_value_schema(&MaybeContact.model, "{\"anyOf\":[" CONTACT_ARMS ",{\"type\":\"null\"}]}");
    assert_string_equal(read_bare(&Contacts.model, json, &contacts), "");
    for (int i = ROOM; i <= POST; i++)
        assert_int_equal(contacts.items[i].which, i);
    assert_int_equal(contacts.items[ROOM].room, 3);
    assert_string_equal(contacts.items[MAIL].mail, "a@b.c");
    assert_string_equal(contacts.items[PHONE].phone.number, "1");
    assert_int_equal(contacts.items[PHONE].phone.extension, 7);
    assert_string_equal(contacts.items[POST].post.items[0], "x");
    assert_written(&Contacts.model, &contacts, json);
    assert_becomes(&MaybeContact.model, "null", "null");
    assert_becomes(&MaybeContact.model, "{\"number\":\"5\"}", "{\"number\":\"5\",\"extension\":0}");
}

static void what_fits_no_arm_is_told_what_each_missed(void **state)
{
    struct contact contact = {.which = POST + 1};
    const struct contact *address = &contact;

    (void)state;
    assert_refused(
        &Contacts.model, "[{\"number\":\"x\"}]",
        "[0]: must be one of Room (must be a whole number), mail (must be a text), phone "
        "(number: must match the pattern ^[0-9]+$), post (must be a list)");
    assert_refused(
        &Contacts.model, "[0,[5]]",
        "[0]: must be one of Room (must be at least 1), mail (must be a text), phone "
        "(must be an object), post (must be a list); [1]: must be one of Room (must be a "
        "whole number), mail (must be a text), phone (must be an object), post ([0]: "
        "must be a text)");
    assert_written(&MaybeContact.model, &address, "`which` is 4, but Contact has 4 arms");
    contact.which = -1;
    assert_written(&MaybeContact.model, &address, "`which` is -1, but Contact has 4 arms");
    contact = (struct contact){.which = MAIL, .mail = "\xff"};
    assert_written(&MaybeContact.model, &address, "mail: a text is no UTF-8");
}

struct many {
    int which;
    bool arms[9];
};
#define MANY_ARM(i_)                                                                               \
    {                                                                                              \
        .name = "an_arm_with_a_name", .type = &fm_type_boolean,                                    \
        .offset = offsetof(struct many, arms) + (i_)                                               \
    }
static const struct fm_field many_arms[] = {MANY_ARM(0), MANY_ARM(1), MANY_ARM(2), MANY_ARM(3),
                                            MANY_ARM(4), MANY_ARM(5), MANY_ARM(6), MANY_ARM(7),
                                            MANY_ARM(8), FM_END};
FM_ARMS(Many, struct many, many_arms);
FM_VALUE_MODEL(OneOfMany, struct many, "union", FM_UNION(&Many));

static void what_is_said_of_many_arms_is_bounded(void **state)
{
    struct many many;

    (void)state;
    const char *message = read_bare(&OneOfMany.model, "1", &many);
    assert_true(strlen(message) < 400);
    assert_non_null(strstr(message, "an_arm_with_a_name (must be true or false) and 3 more"));
}

/* Unions whose arms hold the union again, so that there are ever more ways to try. */
struct formula;
struct operation {
    struct formula *of;
    const char *sign;
};
struct formula {
    int which;
    union {
        struct operation minus, not, root;
        fm_integers numbers;
    };
};
extern const struct fm_arms formula_arms;
static const struct fm_type formula_type = {
    .kind = FM_KIND_UNION, .size = sizeof(struct formula), .arms = &formula_arms};
#define OPERATION(name_, sign_)                                                                    \
    static const struct fm_field name_##_fields[] = {                                              \
        FM_FIELD_OF(struct operation, of, FM_OPTIONAL_OF(&formula_type)),                          \
        FM_FIELD(struct operation, sign, .choices = FM_CHOICES(sign_)),                            \
        FM_END,                                                                                    \
    };                                                                                             \
    FM_MODEL(name_, struct operation, name_##_fields)
OPERATION(Minus, "-");
OPERATION(Not, "!");
OPERATION(Root, "/");
static const struct fm_field formula_fields[] = {
    FM_FIELD_OF(struct formula, minus, FM_STRUCT(&Minus)),
    FM_FIELD_OF(struct formula, not, FM_STRUCT(&Not)),
    FM_FIELD_OF(struct formula, root, FM_STRUCT(&Root)),
    FM_FIELD(struct formula, numbers),
    FM_END,
};
const struct fm_arms formula_arms = {.name = "Formula",
                                     .size = sizeof(struct formula),
                                     .which = offsetof(struct formula, which),
                                     .fields = formula_fields};
FM_VALUE_MODEL(Formula, struct formula, "union", &formula_type);

static void write_formula(struct buf *json, const char *innermost, const char *sign)
{
    for (int i = 0; i < 7; i++)
        buf_add_string(json, "{\"of\":");
    buf_add_string(json, innermost);
    for (int i = 0; i < 7; i++)
        buf_addf(json, ",\"sign\":\"%s\"}", sign);
}

static void unions_in_unions_take_bounded_time(void **state)
{
    struct formula formula;
    buf_auto json = BUF_INIT;
    buf_auto numbers = BUF_INIT;

    (void)state;
    write_formula(&json, "[1,2]", "/");
    assert_becomes(&Formula.model, buf_string(&json), buf_string(&json));
    buf_clear(&json);
    write_formula(&json, "null", "?");
    const char *message = read_bare(&Formula.model, buf_string(&json), &formula);
    assert_ptr_equal(strstr(message, "must be one of minus (of: must be one of minus ("), message);
    assert_true(strlen(message) < 600);

    for (int i = 0; i < 10000; i++)
        buf_addf(&numbers, "%s1", i ? "," : "[");
    buf_add_char(&numbers, ']');
    buf_clear(&json);
    write_formula(&json, buf_string(&numbers), "?");
    assert_refused(&Formula.model, buf_string(&json),
                   "the value is too large to find out of which types it is");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_arm_that_fits_is_taken),
        cmocka_unit_test(what_fits_no_arm_is_told_what_each_missed),
        cmocka_unit_test(what_is_said_of_many_arms_is_bounded),
        cmocka_unit_test(unions_in_unions_take_bounded_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
