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
};

struct fm_date {
    int year, month, day; /* month and day from 1 */
};

struct fm_datetime {
    int64_t microseconds; /* since 1970-01-01T00:00:00Z */
};

struct fm_uuid {
    char text[FM_ID_SIZE];
};

struct fm_json {
    const char *text; /* any JSON value, as it came */
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

struct fm_model;

/* How a C type goes to JSON and back. Static data. */
struct fm_type {
    enum fm_kind kind;
    size_t size;                  /* of the C type, bytes */
    const struct fm_type *items;  /* of a list, of an optional */
    const struct fm_model *model; /* of a struct */
};

extern const struct fm_type fm_type_string, fm_type_int, fm_type_long, fm_type_long_long,
    fm_type_number, fm_type_boolean, fm_type_date, fm_type_datetime, fm_type_uuid, fm_type_json,
    fm_type_strings, fm_type_integers, fm_type_numbers, fm_type_booleans, fm_type_optional_integer,
    fm_type_optional_number, fm_type_optional_boolean;

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
        struct fm_datetime: &fm_type_datetime,                                                     \
        struct fm_uuid: &fm_type_uuid,                                                             \
        struct fm_json: &fm_type_json,                                                             \
        fm_strings: &fm_type_strings,                                                              \
        fm_integers: &fm_type_integers,                                                            \
        fm_numbers: &fm_type_numbers,                                                              \
        fm_booleans: &fm_type_booleans,                                                            \
        int64_t *: &fm_type_optional_integer,                                                      \
        double *: &fm_type_optional_number,                                                        \
        bool *: &fm_type_optional_boolean)

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
 *         FM_FIELD(struct user, name, .description = "What should we call you?"),
 *         FM_FIELD(struct user, age, .minimum = FM_VALUE(0)),
 *         FM_END,
 *     };
 *     FM_MODEL(User, struct user, user_fields);
 */
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
    size_t min_length, max_length; /* characters of a string, items of a list; 0: no limit */
    const char *pattern;           /* of strings: a regular expression that is found in it */
    const char *format;            /* of strings: "email", "date", "date-time", "uuid"; others say
                                    * only how to show it */
    const char *const *choices;    /* of strings: FM_CHOICES("red", "green") */
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
#define FM_STRUCT(model_)                                                                          \
    (&(const struct fm_type){                                                                      \
        .kind = FM_KIND_MODEL, .size = sizeof(*(model_)->shape), .model = &(model_)->model})
#define FM_LIST_OF(type_)                                                                          \
    (&(const struct fm_type){.kind = FM_KIND_LIST, .size = sizeof(fm_strings), .items = (type_)})
#define FM_OPTIONAL_OF(type_)                                                                      \
    (&(const struct fm_type){.kind = FM_KIND_OPTIONAL, .size = sizeof(void *), .items = (type_)})

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

    /* Called with a value whose fields are right one by one; refuses it by fm_problem. */
    void (*check)(const void *value, struct fm_problems *problems);
    bool end_;
};

/* Defines `name_`, to be handed to functions as &name_. What follows the table are fields of struct
 * fm_model: FM_MODEL(ShirtOrder, struct shirt_order, shirt_order_fields, .check = check_order); */
#define FM_MODEL(name_, type_, ...) FM_MODEL_(name_, type_, __VA_ARGS__, .end_ = false)
#define FM_MODEL_(name_, type_, fields_, ...)                                                      \
    static const struct {                                                                          \
        struct fm_model model;                                                                     \
        type_ *shape;                                                                              \
    } name_ __attribute__((unused)) = {                                                            \
        .model = {.name = #name_, .size = sizeof(type_), .fields = (fields_), __VA_ARGS__}}

/* Built-in types go by as one field named `value`. The result is of the C type that is named. */
#define FM_BUILT_IN_(name_, type_)                                                                 \
    extern const struct name_ {                                                                    \
        struct fm_model model;                                                                     \
        type_ *shape;                                                                              \
    } name_
FM_BUILT_IN_(fm_string_model, const char *);
FM_BUILT_IN_(fm_integer_model, int64_t);
FM_BUILT_IN_(fm_number_model, double);
FM_BUILT_IN_(fm_boolean_model, bool);
FM_BUILT_IN_(fm_strings_model, fm_strings);
FM_BUILT_IN_(fm_integers_model, fm_integers);
FM_BUILT_IN_(fm_numbers_model, fm_numbers);
FM_BUILT_IN_(fm_booleans_model, fm_booleans);
FM_BUILT_IN_(fm_any_model, struct fm_json);
FM_BUILT_IN_(fm_nothing_model, void);
#define FM_STRING   (&fm_string_model)
#define FM_INTEGER  (&fm_integer_model)
#define FM_NUMBER   (&fm_number_model)
#define FM_BOOLEAN  (&fm_boolean_model)
#define FM_STRINGS  (&fm_strings_model)
#define FM_INTEGERS (&fm_integers_model)
#define FM_NUMBERS  (&fm_numbers_model)
#define FM_BOOLEANS (&fm_booleans_model)
#define FM_ANY      (&fm_any_model)
#define FM_NOTHING  (&fm_nothing_model) /* no input at all: only that somebody says "go on" */

/* Has the compiler see that `value` points at what `model` describes. */
#define FM_FITS_(model_, value_)    FM_FITS_AS_((model_)->shape, value_)
#define FM_FITS_AS_(shape_, value_) ((void)sizeof(1 ? (value_) : (shape_)), (value_))

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
    _Generic((shape_),                                                                             \
        const char **: fm_pass_string_,                                                            \
        int64_t *: fm_pass_integer_,                                                               \
        double *: fm_pass_number_,                                                                 \
        bool *: fm_pass_boolean_,                                                                  \
        default: fm_pass_address_)(&(union fm_slot_){.string = NULL}, value_)
