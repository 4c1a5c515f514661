#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/hash.h"
#include "common/ids.h"
#include "common/list.h"
#include "common/times.h"

static void a_buffer_grows_to_its_ceiling_and_no_further(void **state)
{
    buf_auto buf = {.ceiling = 1000};

    (void)state;
    assert_string_equal(buf_string(&buf), "");
    for (int i = 0; i < 100; i++)
        buf_addf(&buf, "%09d,", i);
    assert_false(buf.failed);
    assert_int_equal(buf.length, 1000);
    buf_add_char(&buf, 'x');
    assert_true(buf.failed);
    assert_null(buf_steal(&buf));
    buf_add_string(&buf, "again");
    char *stolen = buf_steal(&buf);
    assert_string_equal(stolen, "again");
    free(stolen);
}

static void count(void *what)
{
    ++*(int *)what;
}

static int shortages;

static void count_shortage(void)
{
    shortages++;
}

static void an_arena_takes_over_what_malloc_gave(void **state)
{
    arena_auto arena = {.out_of_memory = count_shortage};
    char *text = strdup("x");

    (void)state;
    assert_ptr_equal(arena_adopt(&arena, text), text); /* LeakSanitizer sees that it goes */
    assert_int_equal(shortages, 0);
    assert_null(arena_adopt(&arena, NULL));
    assert_int_equal(shortages, 1);
}

static void an_arena_keeps_pieces_apart_and_cleans_up(void **state)
{
    struct arena arena = {0};
    char *pieces[200];
    int cleaned = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        size_t size = i % 50 == 49 ? 10000 : i;
        pieces[i] = arena_alloc(&arena, size + 1);
        for (size_t k = 0; k <= size; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, size + 1);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        assert_int_equal((unsigned char)pieces[i][0], i);
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    assert_null(arena_alloc(&arena, (size_t)-1));
    assert_int_equal(arena_on_release(&arena, count, &cleaned), 0);
    arena_release(&arena);
    assert_int_equal(cleaned, 1);
}

static void ids_increase_and_parse(void **state)
{
    char last[ID_SIZE] = "", id[ID_SIZE];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        id_new(id);
        assert_true(strcmp(last, id) < 0);
        assert_int_equal(id[14], '7');
        memcpy(last, id, sizeof(last));
    }
    assert_true(id_parse("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", id));
    assert_string_equal(id, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    assert_true(id_parse("a0eebc999c0b4ef8bb6d6bb9bd380a11", id));
    assert_false(id_parse("a0eebc999c0b4ef8bb6d6bb9bd380a1", id));
    assert_false(id_parse("a0eebc999c0b4ef8bb6d6bb9bd380a1g", id));
    assert_false(id_parse("a0eebc999c0b4ef8bb6d6bb9bd380a110", id));
    assert_false(id_parse("", id));
}

static void times_read_back(void **state)
{
    static const struct {
        const char *text;
        const char *same;
    } cases[] = {
        {"2026-11-22T10:05:48.526522Z", "2026-11-22T10:05:48.526522Z"},
        {"2026-11-22 10:08:34.272076+00:00", "2026-11-22T10:08:34.272076Z"},
        {"2026-11-22T10:05:48.5265229999+02:00", "2026-11-22T08:05:48.526522Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
        {"1969-12-31T23:59:59.9-0030", "1970-01-01T00:29:59.900000Z"},
        {"1969-12-31T23:59:59.25", "1969-12-31T23:59:59.250000Z"},
        {"2026-11-22t10:05", "2026-11-22T10:05:00.000000Z"},
    };
    static const char *const wrong[] = {"",
                                        "now",
                                        "2026-11-22T",
                                        "2023-02-29",
                                        "2026-13-01",
                                        "2026-11-22T24:00",
                                        "2026-11-22T10:05:48Zx",
                                        "2026-11-22T10:05:48.Z",
                                        "0000-01-01",
                                        "0001-01-01T00:00+01:00",
                                        "9999-12-31T23:59:59-00:01",
                                        "2026-11-22T10:05:48+2"};
    char text[TIME_SIZE];
    int64_t time;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(time_parse(cases[i].text, &time));
        time_format(time, text);
        assert_string_equal(text, cases[i].same);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(time_parse(wrong[i], &time));
    time_format(TIME_NEVER, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void times_of_day_have_no_offset(void **state)
{
    static const char *const wrong[] = {"",         "1:45",      "13",     "24:00",    "13:60",
                                        "13:45:60", "13:45:00.", "13.45",  "134500",   "13:45.5",
                                        "13:45Z",   "T13:45",    "13:45 ", "13:45+01", "-1:45"};
    struct time_of_day time = {.hour = 7};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(time_of_day_parse(wrong[i], &time));
    assert_int_equal(time.hour, 7);
    assert_true(time_of_day_parse("13:45", &time));
    assert_int_equal(time.hour * 100 + time.minute, 1345);
    assert_int_equal(time.second + time.microsecond, 0);
    assert_true(time_of_day_parse("23:59:58.0250009", &time));
    assert_int_equal(time.second, 58);
    assert_int_equal(time.microsecond, 25000);
}

static void bytes_read_back_from_base64(void **state)
{
    static const char *const wrong[] = {"a",    "ab",   "abc",      "a===",   "====", "ab=c",
                                        "a-_=", "a b=", "ab==ab==", "ab==\n", "=abc"};
    uint8_t bytes[64];
    uint8_t back[64];
    size_t size;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(base64_is(wrong[i], strlen(wrong[i])));
    for (size_t length = 0; length < sizeof(bytes); length++) {
        buf_auto text = BUF_INIT;
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)(i * 37 + length * 101);
        base64_encode(bytes, length, &text);
        assert_true(base64_is(buf_string(&text), text.length));
        assert_true(base64_decode(buf_string(&text), text.length, back, &size));
        assert_int_equal(size, length);
        assert_memory_equal(back, bytes, length);
    }
    assert_true(base64_decode("aGVsbG8+/w==", 12, back, &size) && size == 7);
    assert_memory_equal(back, "hello>\xff", 7);
}

struct item {
    int value;
    struct list node;
};

static void lists_keep_order(void **state)
{
    struct list list, other;
    struct item items[4];
    int sum = 0;

    (void)state;
    list_init(&list);
    list_init(&other);
    for (int i = 0; i < 4; i++) {
        items[i].value = i;
        list_append(i % 2 ? &other : &list, &items[i].node);
    }
    list_move_all(&list, &other);
    assert_true(list_is_empty(&other));
    list_remove(&items[2].node);
    list_remove(&items[2].node);
    list_for_each(node, &list)
        sum = sum * 10 + list_item(node, struct item, node)->value;
    assert_int_equal(sum, 13);
}

static void errors_carry_a_message(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(error_set(&error, EINVAL, "%d is no size", 7), -1);
    error_prefix(&error, "shirt %s", "green");
    assert_string_equal(error.message, "shirt green: 7 is no size");
    assert_int_equal(error.code, EINVAL);
    errno = ENOENT;
    error_errno(&error, "opening %s", "x");
    assert_string_equal(error.message, "opening x: No such file or directory");
    assert_int_equal(error_set(NULL, EINVAL, "nobody asks"), -1);
}

static void messages_are_utf8_whatever_goes_in(void **state)
{
    char long_text[2 * ERROR_MESSAGE_SIZE];
    struct error error;

    (void)state;
    error_set(&error, EINVAL, "%s",
              "a\xff\xc3(\xe2\x82 \xc3\xa4\xed\xa0\x80\xc0\xaf \xf0\x9f\x98\x80\xe2");
    assert_string_equal(error.message, "a?\x3f(?\x3f \xc3\xa4????? \xf0\x9f\x98\x80?");
    for (size_t i = 0; i + 1 < sizeof(long_text); i += 2)
        memcpy(long_text + i, "\xc3\xa4", 2);
    long_text[sizeof(long_text) - 1] = '\0';
    error_set(&error, EINVAL, "%s", long_text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
    assert_int_equal(error.message[ERROR_MESSAGE_SIZE - 2], '?');
    assert_string_equal(error.message + ERROR_MESSAGE_SIZE - 4, "\xc3\xa4?");
    error_prefix(&error, "%s", long_text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
}

static void seconds_are_added_within_what_can_be_written(void **state)
{
    int64_t last, first;

    (void)state;
    assert_true(time_parse("9999-12-31T23:59:59.999999Z", &last));
    assert_true(time_parse("0001-01-01", &first));
    assert_int_equal(time_add_seconds(5, 1.5), 1500005);
    assert_int_equal(time_add_seconds(5, -1.5), -1499995);
    assert_int_equal(time_add_seconds(time_now(), 1e300), last);
    assert_int_equal(time_add_seconds(time_now(), 9.3e12), last);
    assert_int_equal(time_add_seconds(time_now(), -1e300), first);
    assert_int_equal(time_add_seconds(last, 1), last);
}

/* Nobody outside can know which names share a place. */
static void hashes_are_those_of_one_process(void **state)
{
    uint64_t others;
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        others = hash_text("a");
        _exit(write(pipes[1], &others, sizeof(others)) != sizeof(others));
    }
    assert_int_equal(read(pipes[0], &others, sizeof(others)), sizeof(others));
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(pipes[0]);
    close(pipes[1]);
    assert_true(hash_text("a") == hash_text("a"));
    assert_true(hash_text("a") != hash_text("b"));
    assert_true(hash_text("a") != others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_to_its_ceiling_and_no_further),
        cmocka_unit_test(an_arena_keeps_pieces_apart_and_cleans_up),
        cmocka_unit_test(an_arena_takes_over_what_malloc_gave),
        cmocka_unit_test(ids_increase_and_parse),
        cmocka_unit_test(times_read_back),
        cmocka_unit_test(times_of_day_have_no_offset),
        cmocka_unit_test(bytes_read_back_from_base64),
        cmocka_unit_test(lists_keep_order),
        cmocka_unit_test(errors_carry_a_message),
        cmocka_unit_test(messages_are_utf8_whatever_goes_in),
        cmocka_unit_test(hashes_are_those_of_one_process),
        cmocka_unit_test(seconds_are_added_within_what_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
