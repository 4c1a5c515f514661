#include "server/secrets/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"

#define KEY_SIZE   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEX_SIZE   (2 * KEY_SIZE) /* of the key in its file, before the line's end */
#define VARIANT    sodium_base64_VARIANT_ORIGINAL

struct secrets {
    char *file;
    bool has_key;
    uint8_t key[KEY_SIZE];
};

/* ---- the file ---- */

static void close_file(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define fd_auto CLEANUP(close_file) int

static int write_key(int fd, const uint8_t *key, const char *file, struct error *error)
{
    char line[HEX_SIZE + 2];

    sodium_bin2hex(line, sizeof(line), key, KEY_SIZE);
    line[HEX_SIZE] = '\n';
    ssize_t written = write(fd, line, HEX_SIZE + 1);
    sodium_memzero(line, sizeof(line));
    if (written != HEX_SIZE + 1 || fsync(fd) < 0)
        return error_errno(error, "writing the key of secrets, %s", file);
    return 0;
}

/* So that the file is still there after a loss of power. */
static int sync_directory(const char *file, struct error *error)
{
    const char *slash = strrchr(file, '/');
    char *directory = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    fd_auto fd = directory ? open(directory, O_RDONLY | O_CLOEXEC) : -1;

    free(directory);
    return fd < 0 || fsync(fd) < 0 ? error_errno(error, "storing the key of secrets, %s", file) : 0;
}

/* Under another name until it is whole and on disk, so that no half of a key is ever found under
 * its own. What is under that name already is left from a start that was cut off. */
static int make_file(const struct secrets *secrets, const char *unfinished, struct error *error)
{
    unlink(unfinished);
    fd_auto fd = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(error, "making a key for secrets in %s", unfinished);
    int r = write_key(fd, secrets->key, unfinished, error);
    if (r == 0 && link(unfinished, secrets->file) < 0)
        r = error_errno(error, "making a key for secrets in %s", secrets->file);
    unlink(unfinished);
    return r;
}

static int create_key(struct secrets *secrets, struct error *error)
{
    buf_auto unfinished = BUF_INIT;

    buf_addf(&unfinished, "%s.new", secrets->file);
    if (unfinished.failed)
        return error_set(error, ENOMEM, "no memory for the key of secrets");
    crypto_aead_xchacha20poly1305_ietf_keygen(secrets->key);
    if (make_file(secrets, buf_string(&unfinished), error) < 0)
        return -1;
    secrets->has_key = true;
    return sync_directory(secrets->file, error);
}

/* A key that others may read is none. */
static int check_mode(int fd, const char *file, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_errno(error, "%s", file);
    if (!S_ISREG(status.st_mode))
        return error_set(error, EINVAL, "the key of secrets, %s, is no file", file);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(error, EINVAL,
                         "others may read or change the key of secrets, %s: chmod 600 it", file);
    return 0;
}

static int read_key(struct secrets *secrets, int fd, struct error *error)
{
    char line[HEX_SIZE + 2] = "";
    size_t size = 0;

    if (check_mode(fd, secrets->file, error) < 0)
        return -1;
    ssize_t length = read(fd, line, sizeof(line));
    bool fits = (length == HEX_SIZE || (length == HEX_SIZE + 1 && line[HEX_SIZE] == '\n')) &&
                sodium_hex2bin(secrets->key, KEY_SIZE, line, HEX_SIZE, NULL, &size, NULL) == 0 &&
                size == KEY_SIZE;
    sodium_memzero(line, sizeof(line));
    if (!fits)
        return error_set(error, EINVAL,
                         "%s holds no key of secrets: that is %zu hexadecimal digits",
                         secrets->file, (size_t)HEX_SIZE);
    secrets->has_key = true;
    return 0;
}

static int load(struct secrets *secrets, bool may_create, struct error *error)
{
    fd_auto fd = open(secrets->file, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        return read_key(secrets, fd, error);
    if (errno != ENOENT)
        return error_errno(error, "reading the key of secrets, %s", secrets->file);
    return may_create ? create_key(secrets, error) : 0;
}

int secrets_open(const char *file, bool may_create, struct secrets **ret_secrets,
                 struct error *error)
{
    struct secrets *secrets = calloc(1, sizeof(*secrets));

    if (secrets)
        secrets->file = strdup(file);
    if (!secrets || !secrets->file) {
        free(secrets);
        return error_set(error, ENOMEM, "no memory for the key of secrets");
    }
    if (load(secrets, may_create, error) < 0) {
        secrets_close(secrets);
        return -1;
    }
    *ret_secrets = secrets;
    return 0;
}

void secrets_close(struct secrets *secrets)
{
    if (!secrets)
        return;
    sodium_memzero(secrets->key, sizeof(secrets->key));
    free(secrets->file);
    free(secrets);
}

bool secrets_has_key(const struct secrets *secrets)
{
    return secrets->has_key;
}

/* ---- sealing: base64 of nonce and ciphertext ---- */

static int check_key(const struct secrets *secrets, struct error *error)
{
    if (secrets->has_key)
        return 0;
    return error_set(error, ENOKEY,
                     "the key of secrets, %s, is not there: put it back and start the server again",
                     secrets->file);
}

int secrets_seal(const struct secrets *secrets, const char *text, const char *place,
                 struct arena *arena, const char **ret_sealed, struct error *error)
{
    size_t length = strlen(text);
    size_t size = NONCE_SIZE + length + TAG_SIZE;
    size_t room = sodium_base64_encoded_len(size, VARIANT);

    if (check_key(secrets, error) < 0)
        return -1;
    uint8_t *bytes = arena_alloc(arena, size);
    char *sealed = arena_alloc(arena, room);
    if (!bytes || !sealed)
        return error_set(error, ENOMEM, "no memory to seal a secret");
    randombytes_buf(bytes, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE_SIZE, NULL, (const uint8_t *)text,
                                               length, (const uint8_t *)place, strlen(place), NULL,
                                               bytes, secrets->key);
    sodium_bin2base64(sealed, room, bytes, size, VARIANT);
    *ret_sealed = sealed;
    return 0;
}

int secrets_unseal(const struct secrets *secrets, const char *sealed, const char *place,
                   struct arena *arena, const char **ret_text, struct error *error)
{
    size_t room = strlen(sealed) / 4 * 3;
    size_t size = 0;

    if (check_key(secrets, error) < 0)
        return -1;
    uint8_t *bytes = arena_alloc(arena, room + 1);
    char *text = arena_alloc(arena, room + 1); /* which ends it, too */
    if (!bytes || !text)
        return error_set(error, ENOMEM, "no memory to read a secret");
    if (sodium_base642bin(bytes, room, sealed, strlen(sealed), NULL, &size, NULL, VARIANT) != 0 ||
        size < NONCE_SIZE + TAG_SIZE ||
        crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)text, NULL, NULL, bytes + NONCE_SIZE,
                                                   size - NONCE_SIZE, (const uint8_t *)place,
                                                   strlen(place), bytes, secrets->key) != 0)
        return error_set(error, EBADMSG,
                         "the key of secrets, %s, is not the one with which this was written: put "
                         "the right one there and start the server again",
                         secrets->file);
    *ret_text = text;
    return 0;
}
