/* Values, types and models. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fermata/base.h>

/* ---- values and types ------------------------------------------------------------------------ */

/* What a field is set to: by default, at first, at most. Made by FM_VALUE from a string, a whole
 * number, a number or a truth value, and by FM_JSON from JSON text, for lists and structs:
 *
 *     .default_value = FM_VALUE("anonymous")     .minimum = FM_VALUE(0)
 *     .default_value = FM_JSON("[1, 2, 3]")
 */
enum fm_value_kind {
    FM_VALUE_NONE,
    FM_VALUE_STRING,
    FM_VALUE_INTEGER, /* truth values too */
    FM_VALUE_NUMBER,
    FM_VALUE_JSON,
};

struct fm_value {
    enum fm_value_kind kind;
    const char *text; /* of a string and of JSON */
    int64_t integer;
    double number;
};

#define FM_VALUE(x)                                                                                  \
    {                                                                                                \
        .kind = _Generic((x),                                                                      \
            char *: FM_VALUE_STRING,                                                               \
            const char *: FM_VALUE_STRING,                                                         \
            float: FM_VALUE_NUMBER,                                                                \
            double: FM_VALUE_NUMBER,                                                               \
            default: FM_VALUE_INTEGER),                                                            \
        .text = _Generic((x), char *: (x), const char *: (x), default: (const char *)0),           \
        .integer = _Generic((x), char *: 0, const char *: 0, float: 0, double: 0, default: (x)),   \
        .number = _Generic((x), float: (x), double: (x), default: 0.0) \
    }
#define FM_JSON(json)                                                                              \
    {                                                                                              \
        .kind = FM_VALUE_JSON, .text = (json)                                                      \
    }

enum fm_kind {
    FM_KIND_STRING = 1, /* const char * */
    FM_KIND_INTEGER,    /* int, long, long long, int64_t */
    FM_KIND_NUMBER,     /* double */
    FM_KIND_BOOLEAN,    /* bool */
    FM_KIND_DATE,       /* struct fm_date */
    FM_KIND_DATETIME,   /* struct fm_datetime */
    FM_KIND_UUID,       /* struct fm_uuid */
    FM_KIND_JSON,       /* struct fm_json */
    FM_KIND_LIST,       /* FM_LIST(type) */
    FM_KIND_OPTIONAL,   /* a pointer: NULL is JSON's null */
    FM_KIND_MODEL,      /* a struct with a model of its own */
    FM_KIND_TIME,       /* struct fm_time */
    FM_KIND_BYTES,      /* struct fm_bytes */
    FM_KIND_MAP,        /* FM_MAP(type) */
    FM_KIND_SET,        /* FM_LIST(type), each item once */
    FM_KIND_TUPLE,      /* a struct with a model, in a list: a field is a position */
    FM_KIND_UNION,      /* a struct with a table of arms, one of which counts */
};

struct fm_date {
    int year, month, day; /* month and day from 1 */
};

/* A time of day, on the clock of whoever names it: it knows no zone. */
struct fm_time {
    int hour, minute, second, microsecond; /* 23:59:59.999999 at most */
};

struct fm_datetime {
    int64_t microseconds; /* since 1970-01-01T00:00:00Z */
};

struct fm_uuid {
    char text[FM_ID_SIZE];
};

struct fm_json {
    const char *text; /* any JSON value; numbers may be written in another way than they came */
};

/* Any bytes. In JSON they are base64 text, as pydantic's Base64Bytes has it. */
struct fm_bytes {
    const uint8_t *data; /* may be NULL where length is 0 */
    size_t length;
};

#define FM_LIST(type)                                                                              \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
    }
typedef FM_LIST(const char *) fm_strings;
typedef FM_LIST(int64_t) fm_integers;
typedef FM_LIST(double) fm_numbers;
typedef FM_LIST(bool) fm_booleans;

/* A list in which each item is there once, whatever their order. A type of its own, so that
 * FM_FIELD sees it; sets of anything else are an FM_LIST with FM_SET_OF. */
typedef FM_LIST(const char *) fm_string_set;
typedef FM_LIST(int64_t) fm_integer_set;

/* Values by name, in the order in which they came; each key is there once. */
#define FM_MAP(type)                                                                               \
    struct {                                                                                       \
        struct {                                                                                   \
            const char *key;                                                                       \
            _Alignas(8) type value; /* so its place is the same for all types */                   \
        } * items;                                                                                 \
        size_t count;                                                                              \
    }
typedef FM_MAP(const char *) fm_string_map;
typedef FM_MAP(int64_t) fm_integer_map;
typedef FM_MAP(double) fm_number_map;
typedef FM_MAP(bool) fm_boolean_map;

struct fm_model;
struct fm_arms;
struct fm_run;

/* How a C type goes to JSON and back. Static data. */
struct fm_type {
    enum fm_kind kind;
    size_t size;                  /* of the C type, bytes */
    const struct fm_type *items;  /* of a list, a set, a map's values, an optional */
    const struct fm_model *model; /* of a struct, of a tuple */
    const struct fm_arms *arms;   /* of a union */
};

extern const struct fm_type fm_type_string, fm_type_int, fm_type_long, fm_type_long_long,
    fm_type_number, fm_type_boolean, fm_type_date, fm_type_time, fm_type_datetime, fm_type_uuid,
    fm_type_json, fm_type_bytes, fm_type_strings, fm_type_integers, fm_type_numbers,
    fm_type_booleans, fm_type_string_set, fm_type_integer_set, fm_type_string_map,
    fm_type_integer_map, fm_type_number_map, fm_type_boolean_map, fm_type_optional_int,
    fm_type_optional_long, fm_type_optional_long_long, fm_type_optional_number,
    fm_type_optional_boolean, fm_type_optional_date, fm_type_optional_time,
    fm_type_optional_datetime, fm_type_optional_uuid, fm_type_optional_bytes;

/* The type of a C expression, which is not evaluated. */
#define FM_TYPE_OF(x)                                                                              \
    _Generic((x),                                                                                  \
        char *: &fm_type_string,                                                                   \
        const char *: &fm_type_string,                                                             \
        int: &fm_type_int,                                                                         \
        long: &fm_type_long,                                                                       \
        long long: &fm_type_long_long,                                                             \
        double: &fm_type_number,                                                                   \
        bool: &fm_type_boolean,                                                                    \
        struct fm_date: &fm_type_date,                                                             \
        struct fm_time: &fm_type_time,                                                             \
        struct fm_datetime: &fm_type_datetime,                                                     \
        struct fm_uuid: &fm_type_uuid,                                                             \
        struct fm_json: &fm_type_json,                                                             \
        struct fm_bytes: &fm_type_bytes,                                                           \
        fm_strings: &fm_type_strings,                                                              \
        fm_integers: &fm_type_integers,                                                            \
        fm_numbers: &fm_type_numbers,                                                              \
        fm_booleans: &fm_type_booleans,                                                            \
        fm_string_set: &fm_type_string_set,                                                        \
        fm_integer_set: &fm_type_integer_set,                                                      \
        fm_string_map: &fm_type_string_map,                                                        \
        fm_integer_map: &fm_type_integer_map,                                                      \
        fm_number_map: &fm_type_number_map,                                                        \
        fm_boolean_map: &fm_type_boolean_map,                                                      \
        int *: &fm_type_optional_int,                                                              \
        long *: &fm_type_optional_long,                                                            \
        long long *: &fm_type_optional_long_long,                                                  \
        double *: &fm_type_optional_number,                                                        \
        bool *: &fm_type_optional_boolean,                                                         \
        struct fm_date *: &fm_type_optional_date,                                                  \
        struct fm_time *: &fm_type_optional_time,                                                  \
        struct fm_datetime *: &fm_type_optional_datetime,                                          \
        struct fm_uuid *: &fm_type_optional_uuid,                                                  \
        struct fm_bytes *: &fm_type_optional_bytes)

/* ---- models ---------------------------------------------------------------------------------- */

/*
 * A model is a struct and a table of its fields. From it come the JSON Schema, with which a form is
 * made and an answer is checked, the decoder and the encoder.
 *
 *     struct user {
 *         const char *name;
 *         int64_t age;
 *     };
 *
 *     static const struct fm_field user_fields[] = {
 *         FM_FIELD(struct user, name, .description = "The name to greet you by."),
 *         FM_FIELD(struct user, age, .minimum = FM_VALUE(0)),
 *         FM_END,
 *     };
 *     FM_MODEL(User, struct user, user_fields);
 */
struct fm_numbered_choices {
    const int64_t *items;
    size_t count;
};

struct fm_field {
    const char *name;
    const struct fm_type *type;
    size_t offset;

    const char *title;                /* NULL: the name in words, "First Name" */
    const char *description;          /* help for the one who fills it in */
    struct fm_value default_value;    /* with one, the field may be left out */
    bool optional;                    /* of strings and FM_KIND_OPTIONAL: may be left out or null */
    struct fm_value minimum, maximum; /* of numbers, included */
    struct fm_value exclusive_minimum, exclusive_maximum; /* not included */
    size_t min_length, max_length; /* characters of a string, items of a list, a set or a map;
                                    * 0: no limit */
    const char *pattern;           /* of strings: a regular expression that is found in it */
    const char *format;            /* of strings: "email", "date", "time", "date-time", "uuid";
                                    * others say only how to show it */
    /* Of strings: FM_CHOICES("red", "green"); of whole numbers: FM_NUMBERED_CHOICES(1, 2). Also of
     * those in a list, a set, a map or an optional. */
    const char *const *choices;
    struct fm_numbered_choices numbered_choices;
};

/* A field whose type is seen from the member's C type, then any of the fields above. */
#define FM_FIELD(type_, ...) FM_FIELD_(type_, __VA_ARGS__, )
#define FM_FIELD_(type_, member_, ...)                                                             \
    FM_FIELD_OF_(type_, member_, FM_TYPE_OF(((type_ *)0)->member_), __VA_ARGS__)

/* A field of a type that is named: FM_STRUCT(&Address), FM_LIST_OF(FM_STRUCT(&Address)). */
#define FM_FIELD_OF(type_, member_, ...) FM_FIELD_OF_(type_, member_, __VA_ARGS__, )
#define FM_FIELD_OF_(type_, member_, field_type_, ...)                                             \
    {                                                                                              \
        .name = #member_, .type = (field_type_), .offset = offsetof(type_, member_), __VA_ARGS__   \
    }
#define FM_END                                                                                     \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define FM_CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FM_NUMBERED_CHOICES(...)                                                                   \
    {                                                                                              \
        .items = (const int64_t[]){__VA_ARGS__},                                                   \
        .count = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)                          \
    }
#define FM_STRUCT(model_)                                                                          \
    (&(const struct fm_type){                                                                      \
        .kind = FM_KIND_MODEL, .size = sizeof(*(model_)->shape), .model = &(model_)->model})
#define FM_LIST_OF(type_)                                                                          \
    (&(const struct fm_type){.kind = FM_KIND_LIST, .size = sizeof(fm_strings), .items = (type_)})
#define FM_SET_OF(type_)                                                                           \
    (&(const struct fm_type){.kind = FM_KIND_SET, .size = sizeof(fm_strings), .items = (type_)})
#define FM_MAP_OF(type_)                                                                           \
    (&(const struct fm_type){.kind = FM_KIND_MAP, .size = sizeof(fm_string_map), .items = (type_)})
#define FM_OPTIONAL_OF(type_)                                                                      \
    (&(const struct fm_type){.kind = FM_KIND_OPTIONAL, .size = sizeof(void *), .items = (type_)})

/* A struct with a model, whose fields go in their order into a JSON list: ["apple", 1.5]. Those at
 * the end that have a default may be left out. */
#define FM_TUPLE(model_)                                                                           \
    (&(const struct fm_type){                                                                      \
        .kind = FM_KIND_TUPLE, .size = sizeof(*(model_)->shape), .model = &(model_)->model})

/*
 * One of several types: a struct whose member `which` is the number of the arm that counts, and a
 * table of the arms. The first arm that an answer fits is taken.
 *
 *     struct contact {
 *         enum { MAIL, PHONE } which;
 *         union {
 *             const char *mail;
 *             struct phone phone;
 *         };
 *     };
 *
 *     static const struct fm_field contact_arms[] = {
 *         FM_FIELD(struct contact, mail, .format = "email"),
 *         FM_FIELD_OF(struct contact, phone, FM_STRUCT(&Phone)),
 *         FM_END,
 *     };
 *     FM_ARMS(Contact, struct contact, contact_arms);
 *
 *     FM_FIELD_OF(struct person, contact, FM_UNION(&Contact))
 */
struct fm_arms {
    const char *name;
    size_t size;
    size_t which;                  /* offset of the int in the struct */
    const struct fm_field *fields; /* the arms, up to FM_END */
};
#define FM_ARMS(name_, type_, arms_)                                                               \
    _Static_assert(sizeof(((type_ *)0)->which) == sizeof(int), "`which` is an int or an enum");    \
    static const struct {                                                                          \
        struct fm_arms arms;                                                                       \
        type_ *shape;                                                                              \
    } name_ __attribute__((unused)) = {.arms = {.name = #name_,                                    \
                                                .size = sizeof(type_),                             \
                                                .which = offsetof(type_, which),                   \
                                                .fields = (arms_)}}
#define FM_UNION(arms_)                                                                            \
    (&(const struct fm_type){                                                                      \
        .kind = FM_KIND_UNION, .size = sizeof(*(arms_)->shape), .arms = &(arms_)->arms})

/* Fields by name, each set to a value: FM_INITIAL(FM_SET(name, "anonymous")). */
struct fm_setting {
    const char *field;
    struct fm_value value;
};
#define FM_SET(field_, x)                                                                          \
    {                                                                                              \
        .field = #field_, .value = FM_VALUE(x)                                                     \
    }
#define FM_INITIAL(...) ((const struct fm_setting[]){__VA_ARGS__, {.field = NULL}})

/* What a check finds wrong. */
struct fm_problems;

/* Says what is wrong with a field ("color", "address.city"), or with the whole if it is NULL. */
void fm_problem(struct fm_problems *problems, const char *field, const char *format, ...)
    FM_PRINTF_LIKE(3, 4);

struct fm_model {
    const char *name;    /* title of the schema */
    const char *sent_as; /* the type's name between sender and receiver, where it is another one:
                          * a pydantic BaseModel `Point` goes by as "PointRunInput" */
    size_t size;
    const struct fm_field *fields; /* up to FM_END */
    size_t rows; /* of that table with FM_END, to see that it has one; 0: not known */

    /* Called with a value whose fields are right one by one; refuses it by fm_problem. */
    void (*check)(const void *value, struct fm_problems *problems);
    bool bare; /* the C value is that of its one field, see FM_VALUE_MODEL */

    /* A JSON Schema as text, instead of fields, for what is known only when the program runs;
     * `fields` is then a table with FM_END alone. The value is a struct fm_json, an object as it
     * came: nothing is filled in, and of what it may be the server alone judges. */
    const char *schema;

    /*
     * For a model whose values are not to lie on the server as JSON of their fields: compressed,
     * encrypted, or kept elsewhere with only a reference stored. `save` makes the text (UTF-8, in
     * the run's memory) that is stored for a value when it is sent, asked or given as a response;
     * `load` reads a value, whose strings and lists are the run's too, from such a text. Both
     * return 0, or a negative code after fm_fail; FM_INVALID is the one for what does not fit.
     *
     * The answer to a pause comes to `load` as well, but not from `save`: it is JSON of the fields,
     * as somebody has filled them in and the server has checked them against the schema, with the
     * pause's own defaults. With a `check`, it comes once to be checked and once when the run goes
     * on. Parameters, variables and what fm_resume sends are always JSON of the fields.
     */
    int (*save)(struct fm_run *run, const void *value, const char **ret_text);
    int (*load)(struct fm_run *run, const char *text, void *ret_value);
    bool end_;
};

/* Defines `name_`, to be handed to functions as &name_. What follows the table are fields of struct
 * fm_model: FM_MODEL(ShirtOrder, struct shirt_order, shirt_order_fields, .check = check_order); */
#define FM_MODEL(name_, type_, ...) FM_MODEL_(name_, type_, __VA_ARGS__, .end_ = false)
#define FM_MODEL_(name_, type_, fields_, ...)                                                      \
    static const struct {                                                                          \
        struct fm_model model;                                                                     \
        type_ *shape;                                                                              \
    } name_ __attribute__((unused)) = {.model = {.name = #name_,                                   \
                                                 .size = sizeof(type_),                            \
                                                 .fields = (fields_),                              \
                                                 .rows = sizeof(fields_) / sizeof(*(fields_)),     \
                                                 __VA_ARGS__}}

/*
 * A model of one bare value, of any type. Between sender and receiver it goes by as the one field
 * `value` of an object, under the name that Prefect's client gives to what is sent or received as
 * that type: here that of List[Tuple[str, float]], "listAutomaticRunInput".
 *
 *     typedef FM_LIST(struct pair) pair_list;
 *     FM_VALUE_MODEL(Pairs, pair_list, "list", FM_LIST_OF(FM_TUPLE(&Pair)));
 *
 *     pair_list pairs;
 *     r = fm_next(fm_receive(run, &Pairs), &pairs);
 *
 * What follows the type are rules of a field: FM_VALUE_MODEL(Age, int64_t, "int",
 * &fm_type_long_long, .minimum = FM_VALUE(0)). Python's name for a type without one of its own is
 * that of its form: "optional", "union", "literal", "annotated".
 */
#define FM_VALUE_MODEL(name_, type_, python_, ...)                                                 \
    FM_VALUE_MODEL_(name_, type_, python_, __VA_ARGS__, )
#define FM_VALUE_MODEL_(name_, type_, python_, field_type_, ...)                                   \
    static const struct fm_field name_##_value_[] = {                                              \
        {.name = "value", .type = (field_type_), __VA_ARGS__}, FM_END};                            \
    static const struct {                                                                          \
        struct fm_model model;                                                                     \
        type_ *shape;                                                                              \
    } name_ __attribute__((unused)) = {.model = {.name = python_ "AutomaticRunInput",              \
                                                 .size = sizeof(type_),                            \
                                                 .fields = name_##_value_,                         \
                                                 .bare = true}}

/* Models of bare values that are there already. FM_BYTES is Python's Base64Bytes, whose name is
 * "annotated"; what Python sends as plain bytes is a text, to be received as one. */
#define FM_BUILT_IN_(name_, type_)                                                                 \
    extern const struct name_ {                                                                    \
        struct fm_model model;                                                                     \
        type_ *shape;                                                                              \
    } name_
FM_BUILT_IN_(fm_string_model, const char *);
FM_BUILT_IN_(fm_integer_model, int64_t);
FM_BUILT_IN_(fm_number_model, double);
FM_BUILT_IN_(fm_boolean_model, bool);
FM_BUILT_IN_(fm_date_model, struct fm_date);
FM_BUILT_IN_(fm_time_model, struct fm_time);
FM_BUILT_IN_(fm_datetime_model, struct fm_datetime);
FM_BUILT_IN_(fm_uuid_model, struct fm_uuid);
FM_BUILT_IN_(fm_bytes_model, struct fm_bytes);
FM_BUILT_IN_(fm_strings_model, fm_strings);
FM_BUILT_IN_(fm_integers_model, fm_integers);
FM_BUILT_IN_(fm_numbers_model, fm_numbers);
FM_BUILT_IN_(fm_booleans_model, fm_booleans);
FM_BUILT_IN_(fm_string_set_model, fm_string_set);
FM_BUILT_IN_(fm_integer_set_model, fm_integer_set);
FM_BUILT_IN_(fm_string_map_model, fm_string_map);
FM_BUILT_IN_(fm_integer_map_model, fm_integer_map);
FM_BUILT_IN_(fm_number_map_model, fm_number_map);
FM_BUILT_IN_(fm_boolean_map_model, fm_boolean_map);
FM_BUILT_IN_(fm_any_model, struct fm_json);
FM_BUILT_IN_(fm_nothing_model, void);
#define FM_STRING      (&fm_string_model)
#define FM_INTEGER     (&fm_integer_model)
#define FM_NUMBER      (&fm_number_model)
#define FM_BOOLEAN     (&fm_boolean_model)
#define FM_DATE        (&fm_date_model)
#define FM_TIME        (&fm_time_model)
#define FM_DATETIME    (&fm_datetime_model)
#define FM_UUID        (&fm_uuid_model)
#define FM_BYTES       (&fm_bytes_model)
#define FM_STRINGS     (&fm_strings_model)
#define FM_INTEGERS    (&fm_integers_model)
#define FM_NUMBERS     (&fm_numbers_model)
#define FM_BOOLEANS    (&fm_booleans_model)
#define FM_STRING_SET  (&fm_string_set_model)
#define FM_INTEGER_SET (&fm_integer_set_model)
#define FM_STRING_MAP  (&fm_string_map_model)
#define FM_INTEGER_MAP (&fm_integer_map_model)
#define FM_NUMBER_MAP  (&fm_number_map_model)
#define FM_BOOLEAN_MAP (&fm_boolean_map_model)
#define FM_ANY         (&fm_any_model)
#define FM_NOTHING     (&fm_nothing_model) /* no input at all: only that somebody says "go on" */

/* Has the compiler refuse a `value` that does not point at what `model` describes. A pointer to
 * void is let through, as C does: NULL is one. */
#define FM_FITS_(model_, value_)    FM_FITS_AS_((model_)->shape, value_)
#define FM_FITS_AS_(shape_, value_) (FM_MATCH_(FM_POINTS_(shape_, value_)), (value_))
#define FM_MATCH_(condition_)                                                                      \
    ((void)sizeof(struct {                                                                         \
        _Static_assert(condition_, "the value is not of the type that is named before it");        \
        char c_;                                                                                   \
    }))
#define FM_POINTS_(shape_, value_)                                                                 \
    (FM_IS_(__typeof__(shape_), value_) || FM_IS_(const __typeof__(*(shape_)) *, value_) ||        \
     FM_IS_(void *, value_) || FM_IS_(const void *, value_))
#define FM_IS_(type_, value_)                                                                      \
    __builtin_types_compatible_p(type_, __typeof__(((void)0, (value_)))) /* arrays are pointers */

/* What the compiler sees of the place for a value: 0 where that says nothing. The kind is that of
 * the types which are handed to functions as they are. */
#define FM_KIND_BEHIND_(value_)                                                                    \
    _Generic((value_),                                                                             \
        char **: FM_KIND_STRING,                                                                   \
        const char **: FM_KIND_STRING,                                                             \
        int64_t *: FM_KIND_INTEGER,                                                                \
        double *: FM_KIND_NUMBER,                                                                  \
        bool *: FM_KIND_BOOLEAN,                                                                   \
        default: 0)
#define FM_SIZE_BEHIND_(value_) _Generic((value_), void * : (size_t)0, default : sizeof(*(value_)))

/* A value that is handed to a function: a built-in string, number or truth value as it is, of any
 * other type its address. Used as fm_send(run, id, FM_STRING, "hello"). */
union fm_slot_ {
    const char *string;
    int64_t integer;
    double number;
    bool boolean;
};
static inline const void *fm_pass_string_(union fm_slot_ *slot, const char *value)
{
    slot->string = value;
    return slot;
}
static inline const void *fm_pass_integer_(union fm_slot_ *slot, int64_t value)
{
    slot->integer = value;
    return slot;
}
static inline const void *fm_pass_number_(union fm_slot_ *slot, double value)
{
    slot->number = value;
    return slot;
}
static inline const void *fm_pass_boolean_(union fm_slot_ *slot, bool value)
{
    slot->boolean = value;
    return slot;
}
static inline const void *fm_pass_address_(union fm_slot_ *slot, const void *value)
{
    (void)slot;
    return value;
}
#define FM_PASS_(type_, value_) FM_PASS_AS_((type_)->shape, value_)
#define FM_PASS_AS_(shape_, value_)                                                                \
    (FM_MATCH_(FM_BY_VALUE_(shape_) || FM_POINTS_(shape_, value_)),                                \
     _Generic((shape_),                                                                            \
         const char **: fm_pass_string_,                                                           \
         int64_t *: fm_pass_integer_,                                                              \
         double *: fm_pass_number_,                                                                \
         bool *: fm_pass_boolean_,                                                                 \
         default: fm_pass_address_)(&(union fm_slot_){.string = NULL}, value_))
#define FM_BY_VALUE_(shape_)                                                                       \
    _Generic((shape_),                                                                             \
        const char **: true,                                                                       \
        int64_t *: true,                                                                           \
        double *: true,                                                                            \
        bool *: true,                                                                              \
        default: false)
