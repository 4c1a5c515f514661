/* What the commands inside a script share; see script.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/script.h"
#include "common/ids.h"
#include "lib/attach.h"
#include "lib/parts.h"

#define LONGEST_KEPT  ((off_t)1 << 20)
#define END_OF_SCRIPT 60 /* seconds within which the holder ends it */

/* ---- files in the directory of the execution ---- */

/* Opens it under a lock that goes with the descriptor. */
static int open_locked(const char *name, int flags, struct error *error)
{
    const char *directory = getenv(SCRIPT_DIRECTORY);
    buf_auto path = BUF_INIT;

    buf_addf(&path, "%s/%s", directory ? directory : "", name);
    int fd = open(buf_string(&path), flags | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    int number = errno;
    if (fd >= 0)
        close(fd);
    return error_set(error, number, "%s: %s", buf_string(&path), strerror(number));
}

int inside_count(const char *what, const char *name, struct error *error)
{
    char file[200];
    char text[32] = "";

    snprintf(file, sizeof(file), "count-%s-%s", what, name);
    int fd = open_locked(file, O_RDWR | O_CREAT, error);
    if (fd < 0)
        return -1;
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    int count = n > 0 ? atoi(text) : 0;
    int length = snprintf(text, sizeof(text), "%d\n", count + 1);
    bool failed = n < 0 || pwrite(fd, text, (size_t)length, 0) != length;
    int number = errno;
    close(fd);
    return failed ? error_set(error, number, "counting in %s: %s", file, strerror(number)) : count;
}

int inside_keep(const char *name, const char *text, struct error *error)
{
    int fd = open_locked(name, O_WRONLY | O_CREAT, error);

    if (fd < 0)
        return -1;
    bool kept = ftruncate(fd, 0) == 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int number = errno;
    close(fd);
    return kept ? 0 : error_set(error, number, "%s: %s", name, strerror(number));
}

int inside_read(const char *name, struct buf *to, struct error *error)
{
    struct stat status;
    int fd = open_locked(name, O_RDONLY, error);

    if (fd < 0)
        return error->code == ENOENT ? 0 : -1;
    bool fits = fstat(fd, &status) == 0 && status.st_size <= LONGEST_KEPT;
    char *room = fits ? buf_reserve(to, (size_t)status.st_size) : NULL;
    ssize_t n = room ? pread(fd, room, (size_t)status.st_size, 0) : -1;
    close(fd);
    if (n < 0)
        return error_set(error, EIO, "%s cannot be read", name);
    buf_added(to, (size_t)n);
    return 1;
}

/* ---- the run ---- */

static int refuse_outside(const char *what, struct error *error)
{
    return error_set(
        error, EINVAL,
        "'fermata %s' is for scripts that are a flow run: start the script with 'fermata run "
        "-- ./script.sh', or serve it with 'fermata serve --name NAME -- ./script.sh'",
        what);
}

/* Where the holder shows what is written; -1 if it is not there any more. */
static int open_terminal(void)
{
    buf_auto path = BUF_INIT;

    buf_addf(&path, "%s/" SCRIPT_CONTROL, getenv(SCRIPT_DIRECTORY));
    int fd = open(buf_string(&path), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        fcntl(fd, F_SETFL, 0); /* only the opening was not to wait */
    return fd;
}

/* The holder has its end of the pipe open as long as the script runs. */
static void *watch_holder(void *context)
{
    struct inside *inside = context;
    struct pollfd fds[] = {{.fd = inside->terminal}, {.fd = inside->leaving, .events = POLLIN}};

    while (poll(fds, COUNT_OF(fds), -1) < 0)
        ;
    if (fds[0].revents)
        run_cancel(inside->run);
    return NULL;
}

static int start_watcher(struct inside *inside, struct error *error)
{
    inside->leaving = inside->terminal >= 0 ? eventfd(0, EFD_CLOEXEC) : -1;
    if (inside->terminal < 0)
        return 0;
    int number =
        inside->leaving < 0 ? errno : pthread_create(&inside->watcher, NULL, watch_holder, inside);
    if (number == 0)
        return 0;
    if (inside->leaving >= 0)
        close(inside->leaving);
    return error_set(error, number, "the end of the script cannot be watched: %s",
                     strerror(number));
}

/* The number of the signal that has ended what was waited for, or 0. */
static int leave_run(struct inside *inside)
{
    if (inside->leaving >= 0) {
        eventfd_write(inside->leaving, 1);
        pthread_join(inside->watcher, NULL);
        close(inside->leaving);
        inside->leaving = -1;
    }
    int number = inside->run ? run_detach(inside->run, &inside->missing) : 0;
    inside->run = NULL;
    return number;
}

static int attach(struct inside *inside, const struct attach_config *config, struct error *error)
{
    struct fm_error theirs;

    if (run_attach(config, &inside->run, &theirs) < 0)
        return error_set(error, EIO, "%s", theirs.message);
    int r = start_watcher(inside, error);
    if (r < 0)
        run_detach(inside->run, &inside->missing);
    return r;
}

int inside_open(struct inside *ret_inside, const char *what, bool pauses, struct error *error)
{
    const char *id = getenv(SCRIPT_RUN_ID);
    const char *name = getenv(SCRIPT_RUN_NAME);
    buf_auto holder = BUF_INIT;

    if (!id || !getenv(SCRIPT_DIRECTORY))
        return refuse_outside(what, error);
    int r = inside_read(SCRIPT_HOLDER, &holder, error);
    if (r == 0)
        return error_set(error, ENOENT,
                         "the process that held the flow run has gone, and the run with it");
    int before = r > 0 && pauses ? inside_count("pauses", "all", error) : 0;
    if (r < 0 || before < 0)
        return -1;
    int terminal = open_terminal();
    signal(SIGPIPE,
           SIG_IGN); /* the holder may go away; what cannot be printed is seen at the end */
    const struct attach_config config = {.run_id = id,
                                         .run_name = name ? name : id,
                                         .holder = buf_string(&holder),
                                         .terminal_fd = terminal,
                                         .pauses = before};
    *ret_inside = (struct inside){.terminal = terminal, .leaving = -1};
    r = attach(ret_inside, &config, error);
    if (r < 0 && terminal >= 0)
        close(terminal);
    return r;
}

void inside_close(struct inside *inside)
{
    int number = leave_run(inside);

    if (inside->terminal >= 0)
        close(inside->terminal);
    if (!number)
        return;
    fflush(stdout);
    signal(number, SIG_DFL); /* so that the shell knows, and ends as well */
    raise(number);
}

int inside_leave(struct inside *inside, struct error *error)
{
    leave_run(inside); /* with its log, and so that SIGTERM ends this process */
    if (write(inside->terminal, "", 1) != 1)
        return error_set(error, EPIPE, "the process that held the flow run has gone");
    sleep(END_OF_SCRIPT);
    return error_set(error, ETIMEDOUT,
                     "the flow run is suspended, but its script was not ended for %d seconds",
                     END_OF_SCRIPT);
}

int inside_fail(struct inside *inside)
{
    complain("%s", fm_error(inside->run)->message);
    return STATUS_FAILED;
}
