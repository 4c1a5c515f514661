/* The end of a run's log, with a server that is silent. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/times.h"
#include "lib/log.h"

#define LINES 40

/* Takes connections and never says anything: nobody accepts them. */
static int silent_server(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* However much is left: it is given up once, not try by try and batch by batch. */
static void a_silent_server_is_given_up(void **state)
{
    static char text[64 << 10];
    const struct log_source about = {
        .logger = RUN_LOGGER, .flow_run_id = "01a21b35-5426-72f3-b836-c01a3b6cc473", .name = "x"};
    struct run_log *log = NULL;
    struct fm_error error;
    char url[64];
    int port;

    (void)state;
    int fd = silent_server(&port);
    struct run_log_config config = {.about = about, .terminal_fd = -1};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/api", port);
    assert_int_equal(fm_client_create(url, &config.client, &error), 0);
    assert_int_equal(run_log_start(&config, &log, &error), 0);
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < LINES; i++)
        run_log_add_text(log, &about, FM_INFO, text);
    int64_t begun = time_monotonic();
    run_log_stop(log);
    assert_in_range(time_monotonic() - begun, 5 * SECOND, 20 * SECOND);
    fm_client_destroy(config.client);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_server_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
