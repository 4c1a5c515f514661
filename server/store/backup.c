#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/store/store.h"

static int sync_file(const char *path, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(error, "opening %s", path);
    int r = fsync(fd);
    if (r < 0)
        error_errno(error, "writing %s to the disk", path);
    close(fd);
    return r;
}

/* VACUUM INTO reads one snapshot and writes a database without gaps. */
static int copy(const char *source, const char *target, struct error *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int r = 0;

    if (sqlite3_open_v2(source, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_text(statement, 1, target, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        r = error_set(error, EIO, "copying %s: %s", source, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return r;
}

/* An empty file that nobody else has or may read: the copy goes into it. */
static int make_private(char *path, struct error *error)
{
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return error_errno(error, "making %s", path);
    close(fd);
    return 0;
}

/* Never in the place of another file. */
static int publish(const char *partial, const char *file, struct error *error)
{
    if (link(partial, file) == 0)
        return 0;
    if (errno == EEXIST)
        return error_set(error, EEXIST, "%s is there already; name another file", file);
    return error_errno(error, "naming the backup %s", file);
}

/* The file's new name is on the disk only once its directory is. */
static int sync_directory_of(const char *file, struct error *error)
{
    char directory[4096];

    snprintf(directory, sizeof(directory), "%s", file);
    return sync_file(dirname(directory), error);
}

int store_backup(const char *directory, const char *file, struct error *error)
{
    char source[4096];
    char partial[4096];

    if (snprintf(source, sizeof(source), "%s/fermata.db", directory) >= (int)sizeof(source) ||
        snprintf(partial, sizeof(partial), "%s.partial-XXXXXX", file) >= (int)sizeof(partial))
        return error_set(error, ENAMETOOLONG, "the path is too long");
    if (access(source, F_OK) < 0)
        return error_errno(error, "there is no database in %s", directory);
    if (access(file, F_OK) == 0)
        return error_set(error, EEXIST, "%s is there already; name another file", file);
    if (make_private(partial, error) < 0)
        return -1;
    bool published = copy(source, partial, error) == 0 && sync_file(partial, error) == 0 &&
                     publish(partial, file, error) == 0;
    unlink(partial);
    if (!published)
        return -1;
    if (sync_directory_of(file, error) < 0) {
        unlink(file); /* whole it is, but it may not stay */
        return -1;
    }
    return 0;
}
