/* Lists that are longer than the API gives at once; see pages.h. */
#include "cli/pages.h"

#include <errno.h>
#include <string.h>

#include "json/text.h"

#define MOST_BEGINNINGS 10

struct pages {
    struct cli *cli;
    const char *path;
    json_t *body;
    bool numbered;
    json_t *rows;
    struct buf text; /* theirs, as they came */
};

/* Where the next page begins: behind the last row; or with it, to see that none has gone that came
 * before it, for then it would be another one. */
static void set_beginning(struct pages *pages)
{
    size_t count = json_array_size(pages->rows);
    const json_t *last = json_array_get(pages->rows, count ? count - 1 : 0);

    if (pages->numbered && last)
        json_object_set(pages->body, "after", json_object_get(last, "seq"));
    else if (!pages->numbered)
        json_object_set_new(pages->body, "offset",
                            json_integer((json_int_t)(count ? count - 1 : 0)));
}

static bool goes_on(const struct pages *pages, const json_t *page)
{
    size_t count = json_array_size(pages->rows);
    const char *last = member_text(json_array_get(pages->rows, count ? count - 1 : 0), "id");
    const char *first = member_text(json_array_get(page, 0), "id");

    return pages->numbered || count == 0 || (first && last && strcmp(first, last) == 0);
}

static void take_rows(struct pages *pages, const struct api_reply *page)
{
    size_t known = !pages->numbered && json_array_size(pages->rows) > 0 ? 1 : 0;
    const char *at = page->text;
    const char *entry;
    size_t length;

    for (size_t i = 0; (entry = json_next_entry(&at, &length)); i++) {
        if (i < known)
            continue;
        buf_add_char(&pages->text, json_array_size(pages->rows) > 0 ? ',' : '[');
        buf_add(&pages->text, entry, length);
        json_array_append(pages->rows, json_array_get(page->json, i));
    }
}

static bool is_last(const struct pages *pages, const json_t *page)
{
    size_t count = json_array_size(page);

    if (pages->numbered) /* the size of a page is limited, too */
        return !json_object_get(json_array_get(page, count ? count - 1 : 0), "seq");
    return count < PAGE_ROWS;
}

static int read_all(struct pages *pages, struct error *error)
{
    for (int beginnings = 1; beginnings <= MOST_BEGINNINGS;) {
        api_reply_auto page = {0};
        set_beginning(pages);
        if (api_post(pages->cli, pages->path, json_incref(pages->body), &page, error) < 0)
            return -1;
        if (!json_is_array(page.json))
            return error_set(error, EPROTO, "the server's list is no list");
        if (!goes_on(pages, page.json)) {
            json_array_clear(pages->rows);
            buf_clear(&pages->text);
            beginnings++;
            continue;
        }
        take_rows(pages, &page);
        if (is_last(pages, page.json) || pages->text.failed)
            return 0;
    }
    return error_set(error, EAGAIN, "the list changes faster than it can be read; try again");
}

int api_post_all(struct cli *cli, const char *path, json_t *body, bool numbered,
                 struct api_reply *ret_reply, struct error *error)
{
    struct pages pages = {.cli = cli,
                          .path = path,
                          .body = body,
                          .numbered = numbered,
                          .rows = json_array(),
                          .text = BUF_INIT};

    json_object_set_new(body, "limit", json_integer(PAGE_ROWS));
    int r =
        body && pages.rows ? read_all(&pages, error) : error_set(error, ENOMEM, "out of memory");
    buf_add_string(&pages.text, json_array_size(pages.rows) > 0 ? "]" : "[]");
    size_t length = pages.text.length;
    char *text = r == 0 ? buf_steal(&pages.text) : NULL;
    if (r == 0 && !text)
        r = error_set(error, ENOMEM, "the list is too long");
    if (r == 0)
        *ret_reply = (struct api_reply){
            .status = 200, .text = text, .length = length, .json = json_incref(pages.rows)};
    buf_release(&pages.text);
    json_decref(pages.rows);
    json_decref(body);
    return r;
}
