/* WebSockets' handshake and frames as bytes; what clients may do wrong is in
 * tests/api/test_websocket_frames.py. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/websocket.h"

static void test_accept_as_the_standard_shows(void **state)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];

    (void)state;
    websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void test_offers(void **state)
{
    (void)state;
    assert_true(websocket_offers("prefect", "prefect"));
    assert_true(websocket_offers("a,\t prefect ,b", "prefect"));
    assert_false(websocket_offers("prefects, prefec", "prefect"));
    assert_false(websocket_offers("", "prefect"));
    assert_false(websocket_offers(NULL, "prefect"));
}

static void test_frames_as_the_standard_shows(void **state)
{
    static const char masked[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; /* 5.7 */
    struct websocket websocket = {.message.ceiling = 100};
    enum websocket_found found;
    buf_auto written = BUF_INIT;

    (void)state;
    assert_int_equal(websocket_read(&websocket, masked, sizeof(masked) - 1, &found),
                     sizeof(masked) - 1);
    assert_int_equal(found, WEBSOCKET_FOUND_TEXT);
    assert_string_equal(buf_string(&websocket.message), "Hello");
    buf_release(&websocket.message);
    websocket_write(&written, WEBSOCKET_TEXT, "Hello", 5);
    assert_int_equal(written.length, 7);
    assert_memory_equal(written.data, "\x81\x05Hello", 7);
}

static void test_lengths_are_written_the_shortest_way(void **state)
{
    static const struct {
        size_t length;
        size_t header_size;
        const char *header;
    } cases[] = {
        {0, 2, "\x81\x00"},
        {125, 2, "\x81\x7d"},
        {126, 4, "\x81\x7e\x00\x7e"},
        {65535, 4, "\x81\x7e\xff\xff"},
        {65536, 10, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
    };
    char *zeros = calloc(1, 65536);

    (void)state;
    assert_non_null(zeros);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto written = BUF_INIT;
        websocket_write(&written, WEBSOCKET_TEXT, zeros, cases[i].length);
        assert_int_equal(written.length, cases[i].header_size + cases[i].length);
        assert_memory_equal(written.data, cases[i].header, cases[i].header_size);
    }
    free(zeros);
}

static void test_a_length_takes_no_memory_before_its_bytes_come(void **state)
{
    static const char claim[] = "\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00\x01\x02\x03\x04x";
    struct websocket websocket = {.message.ceiling = 2 << 20};
    enum websocket_found found;

    (void)state;
    assert_int_equal(websocket_read(&websocket, claim, sizeof(claim) - 1, &found),
                     sizeof(claim) - 1);
    assert_int_equal(found, WEBSOCKET_FOUND_NOTHING);
    assert_true(websocket_is_within(&websocket));
    assert_true(websocket.message.capacity < 1000);
    buf_release(&websocket.message);
}

static void test_one_frame_at_a_time(void **state)
{
    static const char two[] = "\x89\x81\x01\x02\x03\x04\x60\x81\x80\x01\x02\x03\x04";
    struct websocket websocket = {.message.ceiling = 100};
    enum websocket_found found;

    (void)state;
    assert_int_equal(websocket_read(&websocket, two, sizeof(two) - 1, &found), 7);
    assert_int_equal(found, WEBSOCKET_FOUND_PING);
    assert_int_equal(websocket.control_length, 1);
    assert_int_equal(websocket.control[0], 'a');
    assert_false(websocket_is_within(&websocket));
    assert_int_equal(websocket_read(&websocket, two + 7, sizeof(two) - 1 - 7, &found), 6);
    assert_int_equal(found, WEBSOCKET_FOUND_TEXT);
    assert_int_equal(websocket.message.length, 0);
}

static void test_a_reason_that_is_too_long(void **state)
{
    char reason[300];
    buf_auto written = BUF_INIT;

    (void)state;
    memset(reason, 'x', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    memcpy(reason + 122, "\xc3\x9f", 2); /* which would be cut in two */
    websocket_write_close(&written, 1008, reason);
    assert_int_equal(written.length, 2 + 2 + 122);
    assert_memory_equal(written.data, "\x88\x7c\x03\xf0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_as_the_standard_shows),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_frames_as_the_standard_shows),
        cmocka_unit_test(test_lengths_are_written_the_shortest_way),
        cmocka_unit_test(test_a_length_takes_no_memory_before_its_bytes_come),
        cmocka_unit_test(test_one_frame_at_a_time),
        cmocka_unit_test(test_a_reason_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
