/* The head of a request, cut at every place where the network may cut it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/head.h"

static const char whole[] = "POST /a%20b?c=d HTTP/1.1\r\n"
                            "host: localhost:4200\r\n"
                            "CONTENT-LENGTH:12\r\n"
                            "Prefer: \t wait=3 \t\r\n"
                            "X-Unknown: x\r\n"
                            "Connection: foo, Close\r\n"
                            "Expect: 100-Continue\r\n"
                            "\r\n";

static void test_end_is_found_wherever_it_is_cut(void **state)
{
    size_t length = strlen(whole);
    struct refusal refusal;

    (void)state;
    for (size_t first = 0; first < length; first++) {
        for (size_t second = first; second < length; second++) {
            size_t scanned = 0;
            assert_int_equal(head_find_end(whole, first, &scanned, &refusal), 0);
            assert_int_equal(head_find_end(whole, second, &scanned, &refusal), 0);
            assert_int_equal(head_find_end(whole, length, &scanned, &refusal), (int)length);
        }
    }
}

static void test_what_follows_the_head_is_not_looked_at(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\n\r\n\x01\n\n";
    struct refusal refusal;
    size_t scanned = 0;

    (void)state;
    assert_int_equal(head_find_end(text, sizeof(text) - 1, &scanned, &refusal), 18);
}

static void test_parse(void **state)
{
    char text[sizeof(whole)];
    struct refusal refusal;
    struct head head;

    (void)state;
    memcpy(text, whole, sizeof(whole));
    assert_int_equal(head_parse(text, strlen(whole), &head, &refusal), 0);
    assert_int_equal(head.method, HTTP_POST);
    assert_string_equal(head.path, "/a%20b");
    assert_string_equal(head.query, "c=d");
    assert_string_equal(head.host, "localhost:4200");
    assert_string_equal(head.fields[HTTP_HEADER_PREFER], "wait=3");
    assert_null(head.fields[HTTP_HEADER_AUTHORIZATION]);
    assert_int_equal(head.content_length, 12);
    assert_true(head.expects_continue);
    assert_false(head.keep_alive);
    assert_false(head.is_old);
    assert_null(head.origin);
    assert_null(head.authority);
}

/* With one byte of it replaced by any other it is either understood or refused, and what is
 * understood lies inside the text. */
static void test_every_byte_replaced(void **state)
{
    size_t length = strlen(whole);

    (void)state;
    for (size_t at = 0; at < length; at++) {
        for (int c = 0; c < 256; c++) {
            char *text = malloc(length + 1);
            struct refusal refusal = {0};
            size_t scanned = 0;
            assert_non_null(text);
            memcpy(text, whole, length + 1);
            text[at] = (char)c;
            int end = head_find_end(text, length, &scanned, &refusal);
            struct head head;
            if (end > 0) {
                text[end] = '\0';
                if (head_parse(text, (size_t)end, &head, &refusal) == 0)
                    assert_in_range(head.path - text, 0, end);
                else
                    end = -1;
            }
            if (end < 0)
                assert_in_range(refusal.status, 400, 505);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_is_found_wherever_it_is_cut),
        cmocka_unit_test(test_what_follows_the_head_is_not_looked_at),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_every_byte_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
