/* Stands in for libFuzzer: gives a target each file of the directory named, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static void run(const char *path)
{
    CLEANUP(close_file) FILE *file = fopen(path, "rb");
    buf_auto text = BUF_INIT;
    size_t length;
    char *chunk;

    if (!file)
        fail(path);
    while ((chunk = buf_reserve(&text, BUFSIZ)) && (length = fread(chunk, 1, BUFSIZ, file)) > 0)
        buf_added(&text, length);
    if (text.failed || ferror(file))
        fail(path);

    /* A copy of exactly that size, so that reading past its end is seen. */
    uint8_t *data = malloc(text.length ? text.length : 1);
    if (!data)
        fail(path);
    for (size_t i = 0; i < text.length; i++)
        data[i] = (uint8_t)text.data[i];
    puts(path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, text.length);
    free(data);
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    int count = scandir(argv[1], &entries, is_seed, alphasort);
    if (count <= 0)
        fail(argv[1]);
    for (int i = 0; i < count; i++) {
        buf_auto path = BUF_INIT;
        buf_addf(&path, "%s/%s", argv[1], entries[i]->d_name);
        run(buf_string(&path));
        free(entries[i]);
    }
    free(entries);
    return EXIT_SUCCESS;
}
