/*
 * libfermata: interactive workflows in C.
 *
 * A flow that stops, asks a person or a program for exactly the input that it needs, and goes on
 * with it. Everything is recorded by a server: Fermata's, or one that speaks the same API.
 *
 * Names begin with fm_ or FM_. A function that can fail returns a negative `enum fm_code` and 0 or
 * more on success. Times are seconds as a double, points in time are microseconds since 1970 UTC in
 * an int64_t. Text is UTF-8. The library keeps no global state and may be used from any thread; it
 * never prints and never exits, except in the functions that say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#error "fermata.h is for C; a flow in C++ would need its own header"
#endif

#define FM_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- errors ---------------------------------------------------------------------------------- */

enum fm_code {
    FM_FAILED = -1,      /* what has no code of its own */
    FM_INVALID = -2,     /* an answer or an argument does not fit its type, or a check refused it */
    FM_TIMED_OUT = -3,   /* nothing came in time */
    FM_CANCELLED = -4,   /* the run was cancelled: clean up and return this */
    FM_SUSPENDED = -5,   /* the run goes on later in another process: return this at once */
    FM_NOT_FOUND = -6,   /* there is no such thing */
    FM_CONFLICT = -7,    /* it exists already, or somebody was first */
    FM_REFUSED = -8,     /* the server does not allow it */
    FM_UNREACHABLE = -9, /* no server could be reached, or it did not answer */
    FM_NO_MEMORY = -10,
};

#define FM_MESSAGE_SIZE 1024

/* What went wrong, for code and for a person. */
struct fm_error {
    enum fm_code code;
    char message[FM_MESSAGE_SIZE]; /* one sentence without a full stop */
};

/* ---- client: single calls of the server's API ------------------------------------------------ */

struct fm_client;

/* A client of the API at `url` ("http://127.0.0.1:4200/api"). NULL: the one that FERMATA_API_URL
 * names, else PREFECT_API_URL, else http://127.0.0.1:4200/api. A password or a key is taken from
 * FERMATA_API_AUTH_STRING ("name:password") or FERMATA_API_KEY, else from the same with PREFECT_.
 * Says nothing to the server yet. Connections are kept and used again; calls may be made from many
 * threads at once. */
int fm_client_create(const char *url, struct fm_client **ret_client, struct fm_error *error);
void fm_client_destroy(struct fm_client *client); /* no call may be under way; NULL is allowed */
const char *fm_client_url(const struct fm_client *client); /* without a slash at its end */

/* Ends all calls that are under way, and all later ones, with FM_CANCELLED. Thread-safe. */
void fm_client_interrupt(struct fm_client *client);

struct fm_call {
    double wait;                 /* seconds to hold the answer back: `Prefer: wait=N`; 0: not */
    const char *if_none_match;   /* an `etag` that was got before */
    const char *idempotency_key; /* of a write: makes it safe to send again, see fm_new_id */
    double timeout;              /* seconds for one try, beside `wait`; 0: 60 */
    int retries;                 /* 0: 5; negative: none */
    bool end_;                   /* of the macro's, here and below */
};

struct fm_reply {
    int status; /* HTTP's: 200, 404, ... */
    char *body; /* never NULL after success, NUL-terminated; empty for 204 and 304 */
    size_t length;
    char etag[128]; /* "" if there is none */
    double wait;    /* what `Preference-Applied: wait=N` says; negative: it was not applied */
};

/* One call: `path` comes behind the client's URL ("/flow_runs/filter") and is escaped by the
 * caller; `body` is JSON or NULL. Any answer of a server is a success here, whatever its status.
 * 408, 429, 502, 503 and broken connections are tried again with growing pauses; a server that was
 * never reached is not. Optional arguments are fields of struct fm_call:
 *
 *     fm_client_call(client, "POST", "/flow_runs/filter", "{}", &reply, &error, .wait = 30)
 */
#define fm_client_call(client, method, path, body, reply, ...)                                     \
    FM_CLIENT_CALL_(client, method, path, body, reply, __VA_ARGS__, .end_ = false)
#define FM_CLIENT_CALL_(client, method, path, body, reply, error, ...)                             \
    fm_client_call_with(client, method, path, body, &(struct fm_call){__VA_ARGS__}, reply, error)
int fm_client_call_with(struct fm_client *client, const char *method, const char *path,
                        const char *body, const struct fm_call *call, struct fm_reply *ret_reply,
                        struct fm_error *error);
void fm_reply_release(struct fm_reply *reply); /* frees the body; twice is harmless */

/* 0 if the reply's status is 2xx or 304; else the code that fits it, and as the message what the
 * body says was wrong. */
int fm_reply_check(const struct fm_reply *reply, struct fm_error *error);

/* `text` as one segment of a path, percent-encoded; NULL without memory. Free it. */
char *fm_path_segment(const char *text);

#define FM_ID_SIZE 37 /* a UUID as text, with its NUL */
void fm_new_id(char ret_id[static FM_ID_SIZE]);

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
#define FM_FITS_(model_, value_) ((void)sizeof(1 ? (value_) : (model_)->shape), (value_))

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
#define FM_PASS_(type_, value_)                                                                    \
    _Generic((type_)->shape,                                                                       \
        const char **: fm_pass_string_,                                                            \
        int64_t *: fm_pass_integer_,                                                               \
        double *: fm_pass_number_,                                                                 \
        bool *: fm_pass_boolean_,                                                                  \
        default: fm_pass_address_)(&(union fm_slot_){.string = NULL}, value_)

/* ---- flows and their runs -------------------------------------------------------------------- */

/* One run of a flow. Made by the library and handed to the flow; what the library hands out with it
 * (strings, lists, errors) belongs to it and goes with it. Any thread of the flow may use it. */
struct fm_run;

struct fm_flow {
    /* 0: the run is COMPLETED. Negative: it is FAILED, with the message of fm_error, or what the
     * code says (FM_CANCELLED, FM_SUSPENDED). */
    int (*function)(struct fm_run *run);
    const char *function_name;
    /* The same for a flow with parameters, a struct of this model. */
    int (*function_with)(struct fm_run *run, const void *parameters);
    const struct fm_model *parameters;

    const char *name; /* NULL: the function's, with dashes: greet_user is "greet-user" */
    int retries;      /* how often a failed run is tried again */
    double retry_delay;
    bool end_;
};

/* FM_FLOW(greet_user) defines greet_user_flow for the function greet_user; what follows are fields
 * of struct fm_flow: FM_FLOW(greet_user, .retries = 2, .retry_delay = 10); */
#define FM_FLOW(...) FM_FLOW_(__VA_ARGS__, .end_ = false)
#define FM_FLOW_(function_, ...)                                                                   \
    static const struct fm_flow function_##_flow __attribute__((unused)) = {                       \
        .function = (function_), .function_name = #function_, __VA_ARGS__}

/*
 * The same for a flow with parameters: a struct with a model, whose schema the server knows.
 *
 *     static int add(struct fm_run *run, const struct add_parameters *parameters) {...}
 *     FM_FLOW_WITH(add, AddParameters);
 */
#define FM_FLOW_WITH(...) FM_FLOW_WITH_(__VA_ARGS__, .end_ = false)
#define FM_FLOW_WITH_(function_, model_, ...)                                                      \
    static int function_##_flow_call(struct fm_run *run, const void *parameters)                   \
    {                                                                                              \
        const __typeof__(*(model_).shape) *typed = parameters;                                     \
        return function_(run, typed);                                                              \
    }                                                                                              \
    static const struct fm_flow function_##_flow                                                   \
        __attribute__((unused)) = {.function_with = function_##_flow_call,                         \
                                   .parameters = &(model_).model,                                  \
                                   .function_name = #function_,                                    \
                                   __VA_ARGS__}

struct fm_run_options {
    const void *parameters;  /* the flow's struct; NULL: the defaults */
    const char *name;        /* of the run; NULL: the server invents one */
    const char *const *tags; /* FM_CHOICES-like list with NULL at its end, or NULL */
    const char *url;         /* of the API, see fm_client_create */
    bool end_;
};

/* Runs a flow here and now, recorded by the server, and gives the exit status for the process: 0
 * COMPLETED, 1 FAILED or no server, 130 after SIGINT and 143 after SIGTERM. Prints the run's log
 * and state changes to stderr. While it runs, SIGINT and SIGTERM cancel the run; a second one ends
 * the process. Options are fields of struct fm_run_options: fm_run_flow(&greeter_flow, .name =
 * "x"). */
#define fm_run_flow(...)        FM_RUN_FLOW_(__VA_ARGS__, .end_ = false)
#define FM_RUN_FLOW_(flow, ...) fm_run_flow_with(flow, &(struct fm_run_options){__VA_ARGS__})
int fm_run_flow_with(const struct fm_flow *flow, const struct fm_run_options *options);

const char *fm_run_id(const struct fm_run *run);
const char *fm_run_name(const struct fm_run *run);
const char *fm_flow_name(const struct fm_run *run);
struct fm_client *fm_run_client(struct fm_run *run); /* the run's; not to be destroyed */

/* Why the last function that failed with this run in this thread did: valid until the next failure
 * there. Before any, the code is 0 and the message empty. */
const struct fm_error *fm_error(struct fm_run *run);

/* Sets fm_error and returns FM_FAILED: `return fm_fail(run, "no such shirt: %s", size);` */
int fm_fail(struct fm_run *run, const char *format, ...) FM_PRINTF_LIKE(2, 3);

/* Memory that goes with the run, zeroed; text made as by printf. NULL without memory. */
void *fm_alloc(struct fm_run *run, size_t size);
char *fm_format(struct fm_run *run, const char *format, ...) FM_PRINTF_LIKE(2, 3);

/* Adds a copy of the text to a list, whose items move to the run's memory. */
int fm_append(struct fm_run *run, fm_strings *list, const char *text);

/* ---- logging --------------------------------------------------------------------------------- */

enum fm_level {
    FM_DEBUG = 10,
    FM_INFO = 20,
    FM_WARNING = 30,
    FM_ERROR = 40,
    FM_CRITICAL = 50,
};

/* To the terminal, if the run has one, and to the API in batches by a thread of the run; the flow
 * does not wait for it. Lines are kept while the server is away. */
void fm_log(struct fm_run *run, enum fm_level level, const char *format, ...) FM_PRINTF_LIKE(3, 4);
#define fm_debug(run, ...)   fm_log(run, FM_DEBUG, __VA_ARGS__)
#define fm_info(run, ...)    fm_log(run, FM_INFO, __VA_ARGS__)
#define fm_warning(run, ...) fm_log(run, FM_WARNING, __VA_ARGS__)

/* ---- pausing for input ----------------------------------------------------------------------- */

#define FM_FOREVER __builtin_inf()

struct fm_setting {
    const char *field;
    struct fm_value value;
};
#define FM_SET(field_, x)                                                                          \
    {                                                                                              \
        .field = #field_, .value = FM_VALUE(x)                                                     \
    }
#define FM_INITIAL(...) ((const struct fm_setting[]){__VA_ARGS__, {.field = NULL}})

struct fm_pause_options {
    double timeout;                   /* seconds; 0: an hour; FM_FOREVER */
    const char *key;                  /* of the pause; NULL: "1", "2", ... in turn */
    const char *description;          /* Markdown, shown above the form */
    const struct fm_setting *initial; /* FM_INITIAL(FM_SET(name, "anonymous")): new defaults */
    double poll_interval; /* seconds between two looks, where the server cannot wait; 0: 1 */
    bool end_;
};

/*
 * Stops the run until somebody answers, and stores the answer in `result`:
 *
 *     struct user user;
 *     int r = fm_pause(run, &User, &user, .timeout = 3600, .description = "**Welcome!**");
 *
 * FM_NOTHING with NULL waits only for the "go on". Returns 0, or: FM_INVALID, the answer does not
 * fit the model, or its check refused it; fm_error says why, and the flow may pause again.
 * FM_TIMED_OUT, FM_CANCELLED. On failure `result` is untouched. Strings and lists in it belong to
 * the run.
 */
#define fm_pause(run, type, ...) FM_PAUSE_(run, type, __VA_ARGS__, .end_ = false)
#define FM_PAUSE_(run, type, result, ...)                                                          \
    fm_pause_with(run, &(type)->model, FM_FITS_(type, result),                                     \
                  &(struct fm_pause_options){__VA_ARGS__})
int fm_pause_with(struct fm_run *run, const struct fm_model *model, void *result,
                  const struct fm_pause_options *options);

/*
 * The same for a wait that may be long: the process ends and the run goes on in a new one, which
 * calls the flow again from its beginning; there this call gives the answer at once. Only runs of a
 * deployment can be suspended. Returns FM_SUSPENDED the first time: return it from the flow.
 */
#define fm_suspend(run, type, ...) FM_SUSPEND_(run, type, __VA_ARGS__, .end_ = false)
#define FM_SUSPEND_(run, type, result, ...)                                                        \
    fm_suspend_with(run, &(type)->model, FM_FITS_(type, result),                                   \
                    &(struct fm_pause_options){__VA_ARGS__})
int fm_suspend_with(struct fm_run *run, const struct fm_model *model, void *result,
                    const struct fm_pause_options *options);

/* ---- sending and receiving while running ----------------------------------------------------- */

struct fm_send_options {
    const char *key_prefix; /* NULL: the type's */
    bool end_;
};

/* Sends a value to another run, which need not be receiving, or even running, yet:
 * fm_send(run, other_id, FM_STRING, "hello") or fm_send(run, other_id, &User, &user). */
#define fm_send(run, flow_run_id, type, ...)                                                       \
    FM_SEND_(run, flow_run_id, type, __VA_ARGS__, .end_ = false)
#define FM_SEND_(run, flow_run_id, type, value, ...)                                               \
    fm_send_with(run, flow_run_id, &(type)->model, FM_PASS_(type, value),                          \
                 &(struct fm_send_options){__VA_ARGS__})
int fm_send_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                 const void *value, const struct fm_send_options *options);

struct fm_receive_options {
    double timeout;                 /* seconds for each fm_next; 0: an hour; FM_FOREVER */
    double poll_interval;           /* where the server cannot wait; 0: half a second */
    const char *key_prefix;         /* NULL: the type's */
    const fm_strings *exclude_keys; /* inputs that are known already; copied */
    const char *cursor; /* a name: what was acknowledged under it never comes again, not even in
                         * another process of the run */
    bool end_;
};

/* What was sent to this run with this type, from the first on. Belongs to the run; NULL: see
 * fm_error. */
struct fm_receiver;
#define fm_receive(run, ...) FM_RECEIVE_(run, __VA_ARGS__, .end_ = false)
#define FM_RECEIVE_(run, type, ...)                                                                \
    fm_receive_with(run, &(type)->model, &(struct fm_receive_options){__VA_ARGS__})
struct fm_receiver *fm_receive_with(struct fm_run *run, const struct fm_model *model,
                                    const struct fm_receive_options *options);

/* Waits for the next one and stores it in `value`, which is of the receiver's type. 1: it came; 0:
 * nothing came in time; FM_INVALID: one came that does not fit the type (fm_error says why,
 * fm_input_key which), and the next call goes on behind it. */
int fm_next(struct fm_receiver *receiver, void *value);

/* With a cursor: the last one that came is done with. The next fm_next says so too. */
int fm_acknowledge(struct fm_receiver *receiver);

/* About the last one that came: its key, and the run that sent it, or NULL if it was none. */
const char *fm_input_key(const struct fm_receiver *receiver);
const char *fm_input_sender(const struct fm_receiver *receiver);

/* Sends a value to the run that sent the last one: fm_respond(names, FM_STRING, "Hello!"). */
#define fm_respond(receiver, type, value)                                                          \
    fm_respond_with(receiver, &(type)->model, FM_PASS_(type, value))
int fm_respond_with(struct fm_receiver *receiver, const struct fm_model *model, const void *value);

/* Answers a run that is paused or suspended, as a person would: fm_resume(run, id, FM_STRING,
 * "yes"), fm_resume(run, id, FM_NOTHING, NULL). FM_REFUSED with the reason if it is not paused or
 * the answer does not fit. */
#define fm_resume(run, flow_run_id, type, value)                                                   \
    fm_resume_with(run, flow_run_id, &(type)->model, FM_PASS_(type, value))
int fm_resume_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                   const void *value);

/* ---- variables ------------------------------------------------------------------------------- */

/* Values that the server keeps under a name, for all flows. A name has lower-case letters, digits,
 * dashes and underscores. */

/* 1: it is there, and in `result`. 0: it is not, and `result` keeps what it had: the default.
 * FM_INVALID: it is of another type. */
#define fm_variable_get(run, name, type, result)                                                   \
    fm_variable_get_with(run, name, &(type)->model, FM_FITS_(type, result))
int fm_variable_get_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         void *result);

/* FM_CONFLICT if there is one already; fm_variable_replace sets it in any case. */
#define fm_variable_set(run, name, type, value)                                                    \
    fm_variable_set_with(run, name, &(type)->model, FM_PASS_(type, value), false)
#define fm_variable_replace(run, name, type, value)                                                \
    fm_variable_set_with(run, name, &(type)->model, FM_PASS_(type, value), true)
int fm_variable_set_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         const void *value, bool overwrite);

int fm_variable_unset(struct fm_run *run, const char *name); /* 1: it was there; 0: it was not */

/* ---- deployments ----------------------------------------------------------------------------- */

/* A flow under a name by which others start it, now or by a schedule. */
struct fm_deployment {
    const struct fm_flow *flow;
    const char *name;
    const char *description;
    const char *const *tags;
    const char *cron;     /* "0 9 * * 1-5" */
    const char *timezone; /* of the cron expression or the rule; NULL: UTC */
    double interval;      /* seconds */
    const char *rrule;    /* RFC 5545: "FREQ=DAILY;COUNT=3" */
};
#define FM_DEPLOYMENT(flow_, ...)                                                                  \
    {                                                                                              \
        .flow = (flow_), __VA_ARGS__                                                               \
    }

struct fm_serve_options {
    int limit;       /* of runs at the same time; 0: none */
    const char *url; /* of the API, see fm_client_create */
};

/*
 * Serves deployments until SIGINT or SIGTERM: waits for their runs, and starts each in a process of
 * its own, which is this same program called again with the same arguments. A run that is cancelled
 * gets SIGTERM and, 30 seconds later, SIGKILL. Prints what is served, the runs' logs go to stderr.
 * Returns the exit status for the process. Nothing of importance should come before it in main,
 * for it happens again for each run:
 *
 *     int main(void)
 *     {
 *         return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "send-receive"));
 *     }
 */
#define fm_serve(...)                                                                              \
    fm_serve_with((const struct fm_deployment[]){__VA_ARGS__, {.flow = NULL}},                     \
                  &(const struct fm_serve_options){.limit = 0})
int fm_serve_with(const struct fm_deployment *deployments, const struct fm_serve_options *options);

/* A run as somebody else sees it. */
struct fm_run_info {
    char id[FM_ID_SIZE];
    char name[128];
    char state_type[16]; /* "SCHEDULED", "RUNNING", "COMPLETED", ... */
    char state_name[64]; /* "Late", "Suspended", ... */
};

struct fm_run_deployment_options {
    double timeout; /* seconds to wait for its end; 0: does not wait; FM_FOREVER */
    const char *name;
    const char *idempotency_key;         /* the same key gives the same run */
    const struct fm_setting *parameters; /* FM_INITIAL(FM_SET(a, 1)); the rest has its defaults */
    bool end_;
};

/* Starts a run of a deployment, "flow/deployment": fm_run_deployment(run, "greeter/send-receive",
 * &info). FM_NOT_FOUND, FM_CONFLICT (the parameters do not fit), FM_TIMED_OUT (it goes on; `info`
 * is filled in all the same). */
#define fm_run_deployment(run, name, ...) FM_RUN_DEPLOYMENT_(run, name, __VA_ARGS__, .end_ = false)
#define FM_RUN_DEPLOYMENT_(run, name, info, ...)                                                   \
    fm_run_deployment_with(run, name, &(struct fm_run_deployment_options){__VA_ARGS__}, info)
int fm_run_deployment_with(struct fm_run *run, const char *name,
                           const struct fm_run_deployment_options *options,
                           struct fm_run_info *ret_info);

int fm_read_run(struct fm_run *run, const char *flow_run_id, struct fm_run_info *ret_info);

/* Waits until it has ended; FM_TIMED_OUT after so many seconds. */
int fm_wait_for_run(struct fm_run *run, const char *flow_run_id, double timeout,
                    struct fm_run_info *ret_info);

/* Waits until its state is of this type or it has ended. */
int fm_wait_for_state(struct fm_run *run, const char *flow_run_id, const char *state_type,
                      double timeout, struct fm_run_info *ret_info);
