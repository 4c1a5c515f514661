#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/unit/unit.h"

#include "server/log.h"

static int real_stderr, capture; /* what is logged goes to the file `capture` */
static char logged[1 << 20];

static int begin_capture(void **state)
{
    char path[] = "/tmp/test-log-XXXXXX";

    (void)state;
    real_stderr = dup(STDERR_FILENO);
    capture = mkstemp(path);
    unlink(path);
    fcntl(capture, F_SETFL, O_APPEND);
    return dup2(capture, STDERR_FILENO) < 0;
}

static int end_capture(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(capture);
    return 0;
}

/* What was logged since the last call. */
static const char *taken(void)
{
    ssize_t n = pread(capture, logged, sizeof(logged) - 1, 0);

    logged[n > 0 ? n : 0] = '\0';
    assert_int_equal(ftruncate(capture, 0), 0);
    return logged;
}

static void a_plain_line_is_for_people(void **state)
{
    (void)state;
    log_start(LOG_PLAIN, LOG_LEVEL_INFO);
    errno = ERANGE;
    log_debug("not shown");
    log_event(LOG_LEVEL_WARNING, "slow", LOG_STRING("route", "/api/flows"), LOG_INTEGER("n", -7),
              LOG_NUMBER("seconds", 1.5), LOG_BOOL("late", true), LOG_STRING("who", "a b=\"c\""),
              LOG_STRING("none", NULL), LOG_STRING("empty", ""));
    assert_int_equal(errno, ERANGE);
    const char *line = taken();
    assert_string_equal(line + strlen("12:03:44.123 "),
                        "WARN  slow route=/api/flows n=-7 seconds=1.5 late=true "
                        "who=\"a b=\\\"c\\\"\" none=null empty=\"\"\n");
    assert_int_equal(line[2], ':');
    assert_int_equal(line[8], '.');
}

static void a_json_line_reads_back(void **state)
{
    json_error_t error;

    (void)state;
    log_start(LOG_JSON, LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "he said \"x\"", LOG_STRING("value", "a\\b\n\x01\x7fé\xff\xe2\x80"),
              LOG_INTEGER("n", INT64_MIN), LOG_NUMBER("bad", 0.0 / 0.0), LOG_BOOL("late", false));
    json_auto_t *line = json_loads(taken(), 0, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "debug");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "he said \"x\"");
    assert_string_equal(json_string_value(json_object_get(line, "value")),
                        "a\\b\n\x01\x7fé\ufffd\ufffd\ufffd");
    assert_true(json_integer_value(json_object_get(line, "n")) == INT64_MIN);
    assert_true(json_is_null(json_object_get(line, "bad")));
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 27);
}

static void nobody_forges_a_line(void **state)
{
    static const char *const attempts[] = {"x\n12:00:00.000 ERROR forged",
                                           "\r\nx",
                                           "\033[2J\033[1;1H",
                                           "\xc2\x85x",
                                           "\u2028x",
                                           "\u202egnp.exe",
                                           "\xc2\x9b[2J",
                                           "\xc0\x8a",
                                           "\x7f",
                                           "\x08\x08"};

    (void)state;
    for (int format = LOG_PLAIN; format <= LOG_JSON; format++) {
        log_start((enum log_format)format, LOG_LEVEL_INFO);
        for (size_t i = 0; i < COUNT_OF(attempts); i++) {
            log_event(LOG_LEVEL_INFO, attempts[i], LOG_STRING("value", attempts[i]));
            log_info("said: %s", attempts[i]);
            const char *lines = taken();
            int breaks = 0;
            for (const char *p = lines; *p; p++) {
                breaks += *p == '\n';
                assert_true((unsigned char)*p >= 0x20 || *p == '\n');
                assert_true(*p != 0x7f);
            }
            assert_int_equal(breaks, 2);
            assert_null(strstr(lines, "\xc2\x85"));
            assert_null(strstr(lines, "\u2028"));
            assert_null(strstr(lines, "\u202e"));
            assert_null(strstr(lines, "\xc2\x9b"));
            assert_null(strstr(lines, "\xc0\x8a"));
        }
    }
}

static void long_values_are_cut(void **state)
{
    static char longest[100000];
    struct log_field fields[100];
    json_error_t error;

    (void)state;
    memset(longest, '\x01', sizeof(longest) - 1);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        fields[i] = LOG_STRING("value", longest);
    log_start(LOG_JSON, LOG_LEVEL_INFO);
    log_fields(LOG_LEVEL_INFO, longest, fields, COUNT_OF(fields));
    const char *line = taken();
    assert_true(strlen(line) <= 16384);
    assert_non_null(strstr(line, "…"));
    assert_non_null(strstr(line, "\"value\":"));
    json_auto_t *json = json_loads(line, 0, &error);
    assert_non_null(json);

    memset(longest, 'x', sizeof(longest) - 1);
    log_info("%s", longest);
    json_auto_t *cut = json_loads(taken(), 0, &error);
    const char *message = json_string_value(json_object_get(cut, "message"));
    assert_int_equal(strlen(message), 4096 + strlen("…"));
    assert_non_null(strstr(message, "…"));
}

#define THREADS 4
#define LINES   200

static void *log_many(void *padding)
{
    for (int i = 0; i < LINES; i++)
        log_event(LOG_LEVEL_INFO, "many", LOG_STRING("padding", padding), LOG_INTEGER("i", i));
    return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
    pthread_t threads[THREADS];
    char padding[301] = "";
    int count = 0;

    (void)state;
    memset(padding, 'x', sizeof(padding) - 1);
    log_start(LOG_JSON, LOG_LEVEL_INFO);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, padding), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    taken();
    for (char *save, *line = strtok_r(logged, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        json_auto_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
}

static void levels_have_names(void **state)
{
    enum log_level level;

    (void)state;
    assert_true(log_level_parse("Warning", &level));
    assert_int_equal(level, LOG_LEVEL_WARNING);
    assert_true(log_level_parse("DEBUG", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse("", &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plain_line_is_for_people, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(a_json_line_reads_back, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(nobody_forges_a_line, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(long_values_are_cut, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(lines_of_many_threads_stay_whole, begin_capture,
                                        end_capture),
        cmocka_unit_test_setup_teardown(levels_have_names, begin_capture, end_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
