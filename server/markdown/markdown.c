#include "server/markdown/markdown.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#define OPTIONS (CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8)

/* Short rows of a table are filled up to its width, so that n bytes can mean n * n cells; and the
 * time for a row grows with the square of its cells. Text with more is shown without tables. */
#define COLUMNS_MAX 256
#define CELLS_MAX   100000

#define LINK_BEGIN     "<a href=\""
#define OUR_LINK_BEGIN "<a rel=\"noopener noreferrer nofollow\" href=\""

static const char *const extensions[] = {"strikethrough", "autolink", "tasklist", "tagfilter"};

/* While it parses, cmark-gfm keeps the special characters of a parser's extensions in variables of
 * its own. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t registered = PTHREAD_ONCE_INIT;

static void free_parser(cmark_parser **parser)
{
    if (*parser)
        cmark_parser_free(*parser);
}

static void free_node(cmark_node **node)
{
    if (*node)
        cmark_node_free(*node);
}

static void free_iter(cmark_iter **iter)
{
    if (*iter)
        cmark_iter_free(*iter);
}

static void free_html(char **html)
{
    cmark_get_default_mem_allocator()->free(*html);
}

/* Whether no table can be wider or larger than that. */
static bool tables_stay_small(const char *markdown, size_t length)
{
    size_t lines = 1, columns = 1, most = 1;

    for (size_t i = 0; i < length; i++) {
        bool ends = markdown[i] == '\n' || markdown[i] == '\r';
        lines += ends;
        columns = ends ? 1 : columns + (markdown[i] == '|');
        if (columns > most)
            most = columns;
    }
    return most <= COLUMNS_MAX && lines * most <= CELLS_MAX;
}

static cmark_node *parse(const char *markdown, size_t length)
{
    CLEANUP(free_parser) cmark_parser *parser = cmark_parser_new(OPTIONS);

    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    if (tables_stay_small(markdown, length))
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension("table"));
    pthread_mutex_lock(&parsing);
    cmark_parser_feed(parser, markdown, length);
    cmark_node *document = cmark_parser_finish(parser);
    pthread_mutex_unlock(&parsing);
    return document;
}

/* A relative target, or one of the schemes that lead to a page or to a letter. */
static bool is_safe_target(const char *url)
{
    static const char *const schemes[] = {"http:", "https:", "mailto:"};

    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return url[strcspn(url, ":/?#")] != ':';
}

/* Of links that lead elsewhere only what is in them remains. */
static int remove_unsafe_links(cmark_node *document)
{
    CLEANUP(free_iter) cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *link = cmark_iter_get_node(iter);
        cmark_node *child;
        /* On leaving a node, the iterator is already past it. */
        if (event != CMARK_EVENT_EXIT || cmark_node_get_type(link) != CMARK_NODE_LINK ||
            is_safe_target(cmark_node_get_url(link)))
            continue;
        while ((child = cmark_node_first_child(link)))
            if (!cmark_node_insert_before(link, child))
                return -1;
        cmark_node_free(link);
    }
    return 0;
}

/* The HTML with a `rel` in each link. A "<" is one of the renderer's own: others are "&lt;". */
static void add_html(struct buf *to, const char *html)
{
    const char *link;

    while ((link = strstr(html, LINK_BEGIN))) {
        buf_add(to, html, (size_t)(link - html));
        buf_add_string(to, OUR_LINK_BEGIN);
        html = link + strlen(LINK_BEGIN);
    }
    buf_add_string(to, html);
}

int markdown_to_html(const char *markdown, size_t length, struct buf *to, struct error *error)
{
    if (length > MARKDOWN_MAX)
        return error_set(error, EFBIG, "the Markdown is longer than %zu bytes", MARKDOWN_MAX);
    pthread_once(&registered, cmark_gfm_core_extensions_ensure_registered);

    CLEANUP(free_node) cmark_node *document = parse(markdown, length);
    if (!document || remove_unsafe_links(document) < 0)
        return error_set(error, ENOMEM, "no memory for the HTML of the Markdown");
    CLEANUP(free_html) char *html = cmark_render_html(document, OPTIONS, NULL);
    add_html(to, html);
    if (to->failed)
        return error_set(error, ENOMEM, "no memory for the HTML of the Markdown");
    return 0;
}
