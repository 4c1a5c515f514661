#include "cli/script_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/script.h"
#include "common/safe_text.h"

static int write_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            data += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

static int write_holder(int directory, const char *lease)
{
    const char *holder = strrchr(lease, '=');
    int fd = openat(directory, SCRIPT_HOLDER, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    int r = holder ? write_all(fd, holder + 1, strlen(holder + 1)) : -1;
    return close(fd) < 0 ? -1 : r;
}

/* Open for writing too, so that it never ends. */
static int open_control(int directory)
{
    if (mkfifoat(directory, SCRIPT_CONTROL, 0600) < 0)
        return -1;
    return openat(directory, SCRIPT_CONTROL, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

int script_directory_make(struct script_directory *directory, const char *lease,
                          struct error *error)
{
    const char *parent = getenv("TMPDIR");
    char path[sizeof(directory->path)];

    int n = snprintf(path, sizeof(path), "%s/fermata-XXXXXX", parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(path))
        return error_set(error, ENAMETOOLONG, "the path in TMPDIR is too long");
    if (!mkdtemp(path))
        return error_set(error, errno, "no directory for the run: %s: %s", path, strerror(errno));
    memcpy(directory->path, path, sizeof(path));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool made = fd >= 0 && write_holder(fd, lease) == 0;
    directory->control = made ? open_control(fd) : -1;
    int number = errno;
    if (fd >= 0)
        close(fd);
    if (directory->control < 0)
        return error_set(error, number, "%s: %s", path, strerror(number));
    return 0;
}

void script_directory_remove(struct script_directory *directory)
{
    DIR *listing = *directory->path ? opendir(directory->path) : NULL;
    const struct dirent *entry;

    while (listing && (entry = readdir(listing)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing) {
        closedir(listing);
        rmdir(directory->path);
    }
    if (directory->control >= 0)
        close(directory->control);
    *directory = (struct script_directory)SCRIPT_DIRECTORY_NONE;
}

void script_show(int fd, struct buf *line)
{
    buf_auto safe = BUF_INIT;

    if (isatty(fd))
        text_add_safe(&safe, buf_string(line), line->length, true);
    const struct buf *shown = safe.length ? &safe : line;
    write_all(fd, buf_string(shown), shown->length); /* or nobody is there to read it */
    buf_clear(line);
}
