#include "cli/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <errno.h>
#include <string.h>

#include "cli/text.h"

#define MAX_DEPTH   32 /* of blocks or of inlines; what is nested deeper is left out */
#define MAX_INDENT  24 /* columns; deeper blocks are not moved further to the right */
#define MAX_COLUMNS 32 /* of a table that is drawn as one; with more it is shown as a list */
#define RULE        "────────────────────────────────────────"

/* What stands in front of each line of a block: quote bars, the indentation of list items. */
struct renderer {
    struct buf *to;
    bool colour;
    int width;
    struct buf first; /* before the next line, if `use_first`: with a list item's mark */
    struct buf rest;  /* before the lines after it */
    bool use_first;
    bool separate; /* a block was written: an empty line before the next */
    bool tight;    /* in a list whose items have no empty lines between them */
};

typedef void (*block_function)(struct renderer *renderer, cmark_node *node, int depth);

static void render_blocks(struct renderer *renderer, cmark_node *parent, int depth);
static void add_inlines(struct renderer *renderer, struct buf *to, cmark_node *parent,
                        unsigned styles, int depth);

static void add_literal(struct buf *to, cmark_node *node, bool lines)
{
    const char *literal = cmark_node_get_literal(node);

    if (literal)
        text_add_safe(to, literal, strlen(literal), lines);
}

/* --- Inlines: a paragraph's words with our escape sequences between them --- */

static void add_styled(struct renderer *renderer, struct buf *to, cmark_node *node, unsigned styles,
                       unsigned added, int depth)
{
    text_add_style(to, renderer->colour, styles | added);
    add_inlines(renderer, to, node, styles | added, depth + 1);
    text_add_style(to, renderer->colour, styles);
}

static void add_code(struct renderer *renderer, struct buf *to, cmark_node *node, unsigned styles)
{
    text_add_style(to, renderer->colour, styles | STYLE_CYAN);
    if (!renderer->colour)
        buf_add_char(to, '`');
    add_literal(to, node, false);
    if (!renderer->colour)
        buf_add_char(to, '`');
    text_add_style(to, renderer->colour, styles);
}

/* The text, then the address, unless the text is the address. */
static void add_link(struct renderer *renderer, struct buf *to, cmark_node *node, unsigned styles,
                     int depth)
{
    buf_auto address = BUF_INIT;
    size_t before = to->length;
    const char *url = cmark_node_get_url(node);

    text_add_safe(&address, url ? url : "", url ? strlen(url) : 0, false);
    if (cmark_node_get_type(node) == CMARK_NODE_IMAGE)
        buf_add_string(to, "Image: ");
    add_styled(renderer, to, node, styles, STYLE_UNDERLINE, depth);
    const char *shown = buf_string(&address);
    if (strncmp(shown, "mailto:", 7) == 0)
        shown += 7;
    if (address.length > 0 && !to->failed && !strstr(buf_string(to) + before, shown)) {
        buf_add_string(to, cmark_node_first_child(node) ? " (" : "(");
        buf_add_string(to, buf_string(&address));
        buf_add_char(to, ')');
    }
}

static void add_inline_html(struct buf *to, cmark_node *node)
{
    const char *html = cmark_node_get_literal(node);

    if (html && strncasecmp(html, "<br", 3) == 0 && strspn(html + 3, " /") == strlen(html) - 4)
        buf_add_char(to, '\n');
}

static void add_inline(struct renderer *renderer, struct buf *to, cmark_node *node, unsigned styles,
                       int depth)
{
    cmark_node_type type = cmark_node_get_type(node);

    if (type == CMARK_NODE_TEXT)
        add_literal(to, node, false);
    else if (type == CMARK_NODE_SOFTBREAK)
        buf_add_char(to, ' ');
    else if (type == CMARK_NODE_LINEBREAK)
        buf_add_char(to, '\n');
    else if (type == CMARK_NODE_CODE)
        add_code(renderer, to, node, styles);
    else if (type == CMARK_NODE_HTML_INLINE)
        add_inline_html(to, node);
    else if (type == CMARK_NODE_EMPH)
        add_styled(renderer, to, node, styles, STYLE_ITALIC, depth);
    else if (type == CMARK_NODE_STRONG)
        add_styled(renderer, to, node, styles, STYLE_BOLD, depth);
    else if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE)
        add_link(renderer, to, node, styles, depth);
    else
        add_styled(renderer, to, node, styles,
                   strcmp(cmark_node_get_type_string(node), "strikethrough") == 0 ? STYLE_STRIKE
                                                                                  : STYLE_PLAIN,
                   depth);
}

static void add_inlines(struct renderer *renderer, struct buf *to, cmark_node *parent,
                        unsigned styles, int depth)
{
    if (depth > MAX_DEPTH)
        return;
    for (cmark_node *node = cmark_node_first_child(parent); node; node = cmark_node_next(node))
        add_inline(renderer, to, node, styles, depth);
}

/* --- Lines --- */

static void drop_spaces_at_end(struct buf *buf)
{
    while (buf->length > 0 && buf->data[buf->length - 1] == ' ')
        buf->data[--buf->length] = '\0';
}

static void separate_blocks(struct renderer *renderer)
{
    if (renderer->separate && !renderer->tight && !renderer->use_first) {
        buf_add_string(renderer->to, buf_string(&renderer->rest));
        drop_spaces_at_end(renderer->to);
        buf_add_char(renderer->to, '\n');
    }
    renderer->separate = true;
}

/* Writes a text that may be wrapped, with what stands in front of it. */
static void write_text(struct renderer *renderer, const char *text)
{
    text_wrap(renderer->to, text, renderer->width,
              buf_string(renderer->use_first ? &renderer->first : &renderer->rest),
              buf_string(&renderer->rest));
    renderer->use_first = false;
}

/* Writes one line as it is. */
static void write_line(struct renderer *renderer, const char *text, size_t length)
{
    struct buf *front = renderer->use_first ? &renderer->first : &renderer->rest;

    buf_add_string(renderer->to, buf_string(front));
    buf_add(renderer->to, text, length);
    drop_spaces_at_end(renderer->to);
    buf_add_char(renderer->to, '\n');
    renderer->use_first = false;
}

/* Renders the blocks within `parent` with `mark` before their first line and `rest` before the
 * others. */
static void render_inside(struct renderer *renderer, cmark_node *parent, int depth,
                          const char *mark, const char *rest)
{
    size_t length = renderer->rest.length;
    bool deep = text_width(buf_string(&renderer->rest)) >= MAX_INDENT;
    bool loose = renderer->separate;

    if (!renderer->use_first) {
        buf_clear(&renderer->first);
        buf_add_string(&renderer->first, buf_string(&renderer->rest));
    }
    buf_add_string(&renderer->first, mark);
    renderer->use_first = true;
    if (!deep)
        buf_add_string(&renderer->rest, rest);
    renderer->separate = false;
    render_blocks(renderer, parent, depth + 1);
    if (renderer->use_first) /* nothing inside: the mark alone */
        write_line(renderer, "", 0);
    if (!deep && !renderer->rest.failed && renderer->rest.data) {
        renderer->rest.length = length;
        renderer->rest.data[length] = '\0';
    }
    renderer->separate = loose || renderer->separate;
}

/* --- Blocks --- */

static void render_paragraph(struct renderer *renderer, cmark_node *node, int depth)
{
    buf_auto text = BUF_INIT;

    add_inlines(renderer, &text, node, STYLE_PLAIN, depth);
    if (text.length == 0)
        return;
    separate_blocks(renderer);
    write_text(renderer, buf_string(&text));
}

static void render_heading(struct renderer *renderer, cmark_node *node, int depth)
{
    buf_auto text = BUF_INIT;
    unsigned styles = STYLE_BOLD;
    int level = cmark_node_get_heading_level(node);

    if (level == 1)
        styles |= STYLE_UNDERLINE;
    text_add_style(&text, renderer->colour, styles);
    add_inlines(renderer, &text, node, styles, depth);
    text_add_style(&text, renderer->colour, STYLE_PLAIN);
    separate_blocks(renderer);
    write_text(renderer, buf_string(&text));
    if (renderer->colour || level > 2)
        return;
    buf_auto line = BUF_INIT;
    int width = text_width(buf_string(&text));
    for (int i = 0; i < width && i < renderer->width; i++)
        buf_add_char(&line, level == 1 ? '=' : '-');
    write_line(renderer, buf_string(&line), line.length);
}

static void render_code_block(struct renderer *renderer, cmark_node *node, int depth)
{
    buf_auto code = BUF_INIT;
    buf_auto line = BUF_INIT;

    (void)depth;
    add_literal(&code, node, true);
    separate_blocks(renderer);
    for (const char *at = buf_string(&code); *at;) {
        size_t length = strcspn(at, "\n");
        buf_clear(&line);
        buf_add_string(&line, "    ");
        text_add_style(&line, renderer->colour, STYLE_CYAN);
        buf_add(&line, at, length);
        text_add_style(&line, renderer->colour, STYLE_PLAIN);
        write_line(renderer, buf_string(&line), line.length);
        at += length + (at[length] == '\n');
    }
}

static void render_rule(struct renderer *renderer, cmark_node *node, int depth)
{
    buf_auto line = BUF_INIT;

    (void)node;
    (void)depth;
    text_add_style(&line, renderer->colour, STYLE_DIM);
    buf_add_string(&line, RULE);
    text_add_style(&line, renderer->colour, STYLE_PLAIN);
    separate_blocks(renderer);
    write_line(renderer, buf_string(&line), line.length);
}

static void render_quote(struct renderer *renderer, cmark_node *node, int depth)
{
    bool tight = renderer->tight;

    separate_blocks(renderer);
    renderer->tight = false;
    render_inside(renderer, node, depth, "│ ", "│ ");
    renderer->tight = tight;
}

static void add_item_mark(struct buf *mark, cmark_node *item, int number)
{
    cmark_node *list = cmark_node_parent(item);

    if (strcmp(cmark_node_get_type_string(item), "tasklist") == 0)
        buf_add_string(mark,
                       cmark_gfm_extensions_get_tasklist_item_checked(item) ? "[x] " : "[ ] ");
    else if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST)
        buf_addf(mark, "%d. ", number);
    else
        buf_add_string(mark, "• ");
}

static void render_list(struct renderer *renderer, cmark_node *node, int depth)
{
    int number = cmark_node_get_list_start(node);
    bool tight = renderer->tight;

    separate_blocks(renderer);
    renderer->tight = cmark_node_get_list_tight(node);
    for (cmark_node *item = cmark_node_first_child(node); item; item = cmark_node_next(item)) {
        buf_auto mark = BUF_INIT;
        buf_auto rest = BUF_INIT;
        add_item_mark(&mark, item, number++);
        buf_addf(&rest, "%*s", text_width(buf_string(&mark)), "");
        if (cmark_node_previous(item))
            separate_blocks(renderer);
        render_inside(renderer, item, depth, buf_string(&mark), buf_string(&rest));
        renderer->separate = true;
    }
    renderer->tight = tight;
}

/* --- Tables --- */

struct columns {
    int count;
    int width[MAX_COLUMNS];
    const uint8_t *alignment; /* 'l', 'c', 'r' or 0 for each */
};

static void add_cell(struct renderer *renderer, struct buf *to, cmark_node *cell, bool header,
                     int depth)
{
    buf_auto text = BUF_INIT;
    unsigned styles = header ? STYLE_BOLD : STYLE_PLAIN;

    text_add_style(&text, renderer->colour, styles);
    add_inlines(renderer, &text, cell, styles, depth);
    text_add_style(&text, renderer->colour, STYLE_PLAIN);
    for (size_t i = 0; i < text.length && !text.failed; i++)
        if (text.data[i] == '\n')
            text.data[i] = ' ';
    buf_add(to, buf_string(&text), text.length);
}

static int measure_columns(struct renderer *renderer, cmark_node *table, int depth,
                           struct columns *columns)
{
    int total = 0;

    for (cmark_node *row = cmark_node_first_child(table); row; row = cmark_node_next(row)) {
        int i = 0;
        for (cmark_node *cell = cmark_node_first_child(row); cell && i < columns->count;
             cell = cmark_node_next(cell), i++) {
            buf_auto text = BUF_INIT;
            add_cell(renderer, &text, cell, false, depth);
            int width = text_width(buf_string(&text));
            if (width > columns->width[i])
                columns->width[i] = width;
        }
    }
    for (int i = 0; i < columns->count; i++)
        total += columns->width[i] + 2;
    return total;
}

static void write_row(struct renderer *renderer, cmark_node *row, int depth,
                      const struct columns *columns)
{
    buf_auto line = BUF_INIT;
    bool header = cmark_gfm_extensions_get_table_row_is_header(row);
    int i = 0;

    for (cmark_node *cell = cmark_node_first_child(row); cell && i < columns->count;
         cell = cmark_node_next(cell), i++) {
        buf_auto text = BUF_INIT;
        add_cell(renderer, &text, cell, header, depth);
        int room = columns->width[i] - text_width(buf_string(&text));
        int left = columns->alignment[i] == 'r'   ? room
                   : columns->alignment[i] == 'c' ? room / 2
                                                  : 0;
        buf_addf(&line, "%s%*s%s%*s", i > 0 ? "  " : "", left, "", buf_string(&text), room - left,
                 "");
    }
    write_line(renderer, buf_string(&line), line.length);
    if (!header)
        return;
    buf_clear(&line);
    for (i = 0; i < columns->count; i++) {
        buf_add_string(&line, i > 0 ? "  " : "");
        for (int j = 0; j < columns->width[i]; j++)
            buf_add_string(&line, "─");
    }
    write_line(renderer, buf_string(&line), line.length);
}

/* A table that is too wide: each row as lines of "column: value". */
static void write_rows_as_lists(struct renderer *renderer, cmark_node *table, int depth)
{
    cmark_node *header = cmark_node_first_child(table);

    for (cmark_node *row = cmark_node_next(header); row; row = cmark_node_next(row)) {
        cmark_node *name = cmark_node_first_child(header);
        cmark_node *cell = cmark_node_first_child(row);
        for (; cell; cell = cmark_node_next(cell), name = name ? cmark_node_next(name) : NULL) {
            buf_auto text = BUF_INIT;
            if (name)
                add_cell(renderer, &text, name, true, depth);
            buf_add_string(&text, ": ");
            add_cell(renderer, &text, cell, false, depth);
            write_text(renderer, buf_string(&text));
        }
        if (cmark_node_next(row))
            write_line(renderer, "", 0);
    }
}

static void render_table(struct renderer *renderer, cmark_node *node, int depth)
{
    struct columns columns = {.count = cmark_gfm_extensions_get_table_columns(node),
                              .alignment = cmark_gfm_extensions_get_table_alignments(node)};
    int room = renderer->width - text_width(buf_string(&renderer->rest));

    separate_blocks(renderer);
    if (columns.count <= MAX_COLUMNS &&
        measure_columns(renderer, node, depth, &columns) <= room + 2)
        for (cmark_node *row = cmark_node_first_child(node); row; row = cmark_node_next(row))
            write_row(renderer, row, depth, &columns);
    else
        write_rows_as_lists(renderer, node, depth);
}

static void render_block(struct renderer *renderer, cmark_node *node, int depth)
{
    static const struct {
        const char *type;
        block_function render;
    } blocks[] = {
        {"paragraph", render_paragraph},   {"heading", render_heading},
        {"code_block", render_code_block}, {"thematic_break", render_rule},
        {"block_quote", render_quote},     {"list", render_list},
        {"table", render_table},
    };
    const char *type = cmark_node_get_type_string(node);

    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        if (strcmp(type, blocks[i].type) == 0)
            blocks[i].render(renderer, node, depth);
}

static void render_blocks(struct renderer *renderer, cmark_node *parent, int depth)
{
    if (depth > MAX_DEPTH)
        return;
    for (cmark_node *node = cmark_node_first_child(parent); node; node = cmark_node_next(node))
        render_block(renderer, node, depth);
}

static cmark_node *parse(const char *markdown)
{
    static const char *const extensions[] = {"table", "strikethrough", "autolink", "tasklist"};

    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, markdown, strlen(markdown));
    cmark_node *document = cmark_parser_finish(parser);
    cmark_parser_free(parser);
    return document;
}

static void render_plain(struct renderer *renderer, const char *markdown)
{
    buf_auto text = BUF_INIT;

    text_add_safe(&text, markdown, strlen(markdown), true);
    write_text(renderer, buf_string(&text));
}

static void render_parsed(struct renderer *renderer, const char *markdown)
{
    cmark_node *document = parse(markdown);

    render_blocks(renderer, document, 0);
    cmark_node_free(document);
}

int markdown_render(struct buf *to, const char *markdown, int width, bool colour,
                    struct error *error)
{
    struct renderer renderer = {.to = to, .colour = colour, .width = width};

    if (strlen(markdown) > MARKDOWN_LONGEST) /* parsing can take time that grows with the square */
        render_plain(&renderer, markdown);
    else
        render_parsed(&renderer, markdown);
    bool failed = to->failed || renderer.first.failed || renderer.rest.failed;
    buf_release(&renderer.first);
    buf_release(&renderer.rest);
    return failed ? error_set(error, ENOMEM, "the description is too long to be shown") : 0;
}
