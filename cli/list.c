#include "cli/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/runs.h"
#include "cli/text.h"

#define LABEL_WIDTH 13

/* "state.message" of a row: what one part after the other leads to. */
static const json_t *follow(const json_t *row, const char *path, size_t length)
{
    const json_t *place = row;

    while (length > 0) {
        size_t part = strcspn(path, ".,");
        if (part > length)
            part = length;
        place = json_object_getn(place, path, part);
        size_t used = part + (part < length);
        path += used;
        length -= used;
    }
    return place;
}

/* The first of the members that is there and not null. */
static const json_t *find(const json_t *row, const char *members)
{
    while (*members) {
        size_t length = strcspn(members, ",");
        const json_t *value = follow(row, members, length);
        if (value && !json_is_null(value))
            return value;
        members += length + (members[length] == ',');
    }
    return NULL;
}

static void add_cell(struct buf *to, const struct column *column, const json_t *value,
                     const json_t *flows)
{
    const char *text = json_string_value(value);

    switch (column->kind) {
    case COLUMN_TEXT:
    case COLUMN_VALUE:
        if (value)
            field_add_value(to, value);
        return;
    case COLUMN_WHEN:
        add_when(to, text);
        return;
    case COLUMN_YES:
        buf_add_string(to, json_is_true(value) ? "yes" : "");
        return;
    case COLUMN_FLOW:
        buf_add_string(to, text && member_text(flows, text) ? member_text(flows, text) : "");
        return;
    }
}

static bool has_flows(const struct column *columns)
{
    for (; columns->header; columns++)
        if (columns->kind == COLUMN_FLOW)
            return true;
    return false;
}

static int print_table(struct cli *cli, const json_t *rows, const struct column *columns,
                       struct error *error)
{
    const char *headers[16];
    json_auto_t *flows = NULL;
    size_t count = 0;
    size_t i;
    json_t *row;

    if (has_flows(columns) && get_flow_names(cli, rows, &flows, error) < 0)
        return -1;
    for (const struct column *column = columns; column->header; column++) {
        if (count == COUNT_OF(headers))
            BUG("a table of more than %zu columns", COUNT_OF(headers));
        headers[count++] = column->header;
    }
    table_auto table = {.headers = headers, .columns = count};
    json_array_foreach(rows, i, row) {
        for (const struct column *column = columns; column->header; column++) {
            buf_auto cell = BUF_INIT;
            add_cell(&cell, column, find(row, column->member), flows);
            table_add(&table, buf_string(&cell));
        }
    }
    return table_print(&table, &cli->screen, error);
}

static int get_rows(struct cli *cli, const struct listing *listing, json_t *body,
                    struct api_reply *ret_reply, struct error *error)
{
    if (listing->whole && (cli->json || cli->quiet))
        return api_post_all(cli, listing->path, body, listing->numbered, ret_reply, error);
    if (listing->whole)
        json_object_set_new(body, "limit", json_integer(PAGE_ROWS));
    return api_post(cli, listing->path, body, ret_reply, error);
}

void list_tell_more(struct cli *cli, const json_t *rows)
{
    if (json_array_size(rows) >= PAGE_ROWS)
        fprintf(cli->screen.out, "These are the first %d; --quiet and --json list all.\n",
                PAGE_ROWS);
}

int list_show(struct cli *cli, const struct listing *listing, json_t *body)
{
    api_reply_auto reply = {0};
    struct error error;

    if (get_rows(cli, listing, body, &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json)
        print_json(cli, &reply);
    else if (cli->quiet)
        print_members(cli, reply.json, listing->quiet ? listing->quiet : "id");
    else if (json_array_size(reply.json) == 0)
        fprintf(cli->screen.out, "%s\n", listing->nothing);
    else if (print_table(cli, reply.json, listing->columns, &error) < 0)
        return fail_with(&error);
    else if (listing->whole)
        list_tell_more(cli, reply.json);
    return STATUS_DONE;
}

static void add_line(struct buf *to, const struct column *column, const json_t *value,
                     const json_t *flows)
{
    buf_auto text = BUF_INIT;

    if (!value)
        return;
    if (column->kind == COLUMN_FLOW)
        add_cell(&text, column, value, flows);
    else
        field_add_value(&text, value);
    buf_addf(to, "%-*s", LABEL_WIDTH, column->header);
    text_add_safe(to, buf_string(&text), text.length, false);
    if (column->kind == COLUMN_WHEN) {
        buf_add_string(to, "  (");
        add_when(to, json_string_value(value));
        buf_add_char(to, ')');
    }
    buf_add_char(to, '\n');
}

int details_show(struct cli *cli, const struct api_reply *reply, const struct column *columns)
{
    json_auto_t *flows = NULL;
    json_auto_t *rows = json_pack("[O]", reply->json);
    buf_auto text = BUF_INIT;
    struct error error;

    if (cli->json) {
        print_json(cli, reply);
        return STATUS_DONE;
    }
    if (has_flows(columns) && get_flow_names(cli, rows, &flows, &error) < 0)
        return fail_with(&error);
    for (const struct column *column = columns; column->header; column++)
        add_line(&text, column, find(reply->json, column->member), flows);
    screen_flush(&cli->screen, &text);
    return STATUS_DONE;
}
