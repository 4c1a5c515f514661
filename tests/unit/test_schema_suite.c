/*
 * The official JSON-Schema-Test-Suite, draft 2020-12: every mandatory case, and of the optional
 * ones those that this validator claims. Where the suite lies says FERMATA_SCHEMA_SUITE; see
 * tests/json_schema_suite.py.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "json/schema.h"
#include "json/text.h"

#define SERVED_AT "http://localhost:1234/"

static struct schema_registry *registry;
static size_t remotes_at; /* length of the path of the folder that is served */
static size_t cases;
static size_t wrong;

/* By jansson itself where it can: the suite has NUL characters in strings, which our own reading
 * refuses; it also has integers of more than 64 bits, which jansson refuses. */
static json_t *read_json(const char *path)
{
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, NULL);
    FILE *file = json ? NULL : fopen(path, "rb");
    buf_auto text = BUF_INIT;
    struct error error;
    size_t n;

    if (json)
        return json;
    if (!file)
        fail_msg("%s cannot be opened", path);
    while ((n = fread(buf_reserve(&text, 65536), 1, 65536, file)) > 0)
        buf_added(&text, n);
    fclose(file);
    json = json_parse(buf_string(&text), text.length, &error);
    if (!json)
        fail_msg("%s: %s", path, error.message);
    return json;
}

static int add_remote(const char *path, const struct stat *about, int type, struct FTW *where)
{
    struct error error;
    char uri[4096];

    (void)about, (void)where;
    if (type != FTW_F || !strstr(path, ".json"))
        return 0;
    json_auto_t *document = read_json(path);
    snprintf(uri, sizeof(uri), SERVED_AT "%s", path + remotes_at);
    if (schema_registry_add(registry, uri, document, &error) < 0)
        fail_msg("%s", error.message);
    return 0;
}

static const char *suite(void)
{
    return getenv("FERMATA_SCHEMA_SUITE");
}

static int load_remotes(void **state)
{
    char path[4096];

    (void)state;
    if (!suite())
        return 0;
    registry = schema_registry_new();
    snprintf(path, sizeof(path), "%s/remotes/", suite());
    remotes_at = strlen(path);
    if (nftw(path, add_remote, 16, 0) != 0)
        fail_msg("%s is not there", path);
    return 0;
}

static int free_remotes(void **state)
{
    (void)state;
    schema_registry_free(registry);
    return 0;
}

static void run_case(const char *file, const struct schema *schema, const json_t *group,
                     const json_t *test)
{
    const json_t *data = json_object_get(test, "data");
    bool valid = json_is_true(json_object_get(test, "valid"));
    schema_errors_auto errors = {0};
    struct error error = {0};
    int found = schema_validate(schema, data, &errors, &error);
    int verdict = schema_validate(schema, data, NULL, &error);

    cases++;
    if (found == (int)errors.count && (found == 0) == valid && (verdict == 0) == valid)
        return;
    wrong++;
    print_error("%s: %s: %s: %d errors, verdict %d %s\n", file,
                json_string_value(json_object_get(group, "description")),
                json_string_value(json_object_get(test, "description")), found, verdict,
                error.message);
}

static void run_group(const char *file, const json_t *group, bool check_format)
{
    struct schema_options options = {.registry = registry, .check_format = check_format};
    const json_t *tests = json_object_get(group, "tests");
    struct schema *schema = NULL;
    struct error error;

    if (schema_compile(json_object_get(group, "schema"), &options, &schema, &error) < 0) {
        print_error("%s: %s: %s\n", file, json_string_value(json_object_get(group, "description")),
                    error.message);
        wrong++;
        return;
    }
    for (size_t i = 0; i < json_array_size(tests); i++)
        run_case(file, schema, group, json_array_get(tests, i));
    schema_free(schema);
}

static void run_file(const char *folder, const char *name, bool check_format)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/tests/draft2020-12/%s%s", suite(), folder, name);
    json_auto_t *groups = read_json(path);
    for (size_t i = 0; i < json_array_size(groups); i++)
        run_group(name, json_array_get(groups, i), check_format);
}

static void every_mandatory_case_is_right(void **state)
{
    char path[4096];
    struct dirent *entry;

    (void)state;
    if (!suite())
        skip();
    snprintf(path, sizeof(path), "%s/tests/draft2020-12", suite());
    DIR *folder = opendir(path);
    if (!folder)
        fail_msg("%s is not there", path);
    cases = wrong = 0;
    while ((entry = readdir(folder))) {
        if (strstr(entry->d_name, ".json"))
            run_file("", entry->d_name, false);
    }
    closedir(folder);
    print_message("%zu mandatory cases\n", cases);
    assert_int_equal(wrong, 0);
    assert_true(cases >= 1245);
}

static void the_optional_cases_that_are_claimed_are_right(void **state)
{
    static const struct {
        const char *folder;
        const char *name;
        bool check_format;
    } files[] = {
        {"optional/", "anchor.json", false},
        {"optional/", "bignum.json", false},
        {"optional/", "dynamicRef.json", false},
        {"optional/", "ecmascript-regex.json", true},
        {"optional/", "float-overflow.json", false},
        {"optional/", "format-assertion.json", false},
        {"optional/", "id.json", false},
        {"optional/", "no-schema.json", false},
        {"optional/", "non-bmp-regex.json", false},
        {"optional/", "refOfUnknownKeyword.json", false},
        {"optional/", "unknownKeyword.json", false},
        {"optional/format/", "date-time.json", true},
        {"optional/format/", "date.json", true},
        {"optional/format/", "duration.json", true},
        {"optional/format/", "email.json", true},
        {"optional/format/", "hostname.json", true},
        {"optional/format/", "ipv4.json", true},
        {"optional/format/", "ipv6.json", true},
        {"optional/format/", "json-pointer.json", true},
        {"optional/format/", "regex.json", true},
        {"optional/format/", "relative-json-pointer.json", true},
        {"optional/format/", "time.json", true},
        {"optional/format/", "unknown.json", true},
        {"optional/format/", "uri-reference.json", true},
        {"optional/format/", "uri.json", true},
        {"optional/format/", "uuid.json", true},
    };

    (void)state;
    if (!suite())
        skip();
    cases = wrong = 0;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        run_file(files[i].folder, files[i].name, files[i].check_format);
    print_message("%zu optional cases\n", cases);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mandatory_case_is_right),
        cmocka_unit_test(the_optional_cases_that_are_claimed_are_right),
    };
    return cmocka_run_group_tests(tests, load_remotes, free_remotes);
}
