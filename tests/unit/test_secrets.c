/*
 * The file of the key, where making it is cut off or fails.
 *
 * The function below stands before the C library's.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/secrets/secrets.h"

static enum { SYNCS, FAILS, IS_KILLED } disk;

int fsync(int fd)
{
    if (disk == IS_KILLED)
        raise(SIGKILL);
    errno = EIO;
    return disk == FAILS ? -1 : (int)syscall(SYS_fsync, fd);
}

struct place {
    char directory[64];
    char file[96];
    char unfinished[112];
};

static void make_place(struct place *place)
{
    snprintf(place->directory, sizeof(place->directory), "/tmp/fermata-secrets-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->file, sizeof(place->file), "%s/secrets.key", place->directory);
    snprintf(place->unfinished, sizeof(place->unfinished), "%s.new", place->file);
}

static void remove_place(const struct place *place)
{
    unlink(place->file);
    assert_int_equal(rmdir(place->directory), 0); /* nothing else is left in it */
}

/* That there is a key, and the same when it is opened again. */
static void assert_works(const struct place *place)
{
    struct secrets *secrets;
    const char *sealed, *text;
    struct error error;
    arena_auto arena = {0};

    assert_int_equal(secrets_open(place->file, true, &secrets, &error), 0);
    assert_true(secrets_has_key(secrets));
    assert_int_equal(secrets_seal(secrets, "word", "row", &arena, &sealed, &error), 0);
    secrets_close(secrets);
    assert_int_equal(secrets_open(place->file, false, &secrets, &error), 0);
    assert_int_equal(secrets_unseal(secrets, sealed, "row", &arena, &text, &error), 0);
    assert_string_equal(text, "word");
    secrets_close(secrets);
}

static void a_key_that_is_not_on_disk_is_under_another_name(void **state)
{
    struct place place;
    struct secrets *secrets;
    struct error error;
    int status;

    (void)state;
    make_place(&place);
    pid_t child = fork();
    if (child == 0) {
        disk = IS_KILLED;
        _exit(secrets_open(place.file, true, &secrets, &error));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(place.file, F_OK), -1);
    assert_int_equal(truncate(place.unfinished, 0), 0); /* as after a loss of power */
    assert_works(&place);
    remove_place(&place);
}

static void a_disk_that_fails_leaves_nothing(void **state)
{
    struct place place;
    struct secrets *secrets;
    struct error error;

    (void)state;
    make_place(&place);
    disk = FAILS;
    assert_int_equal(secrets_open(place.file, true, &secrets, &error), -1);
    assert_non_null(strstr(error.message, "writing the key of secrets"));
    disk = SYNCS;
    assert_int_equal(access(place.file, F_OK), -1);
    assert_int_equal(access(place.unfinished, F_OK), -1);
    assert_works(&place);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_is_not_on_disk_is_under_another_name),
        cmocka_unit_test(a_disk_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
