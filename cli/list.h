/* Lists and single things as people see them: which columns, or lines, is data. */
#pragma once

#include "cli/api.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_VALUE, /* JSON in one line; texts without quotes */
    COLUMN_WHEN,  /* "2 hours ago" */
    COLUMN_YES,   /* "yes" for true, else nothing */
    COLUMN_FLOW,  /* the name of the flow whose id the member is */
};

struct column {
    const char *header;
    const char *member; /* of a row; of several by commas ("end_time,start_time") the first that
                           is there; "state.message": a member of a member */
    enum column_kind kind;
};

#define COLUMNS_END                                                                                \
    {                                                                                              \
        .header = NULL                                                                             \
    }

struct listing {
    const char *path; /* of the API: "/variables/filter" */
    const struct column *columns;
    const char *quiet;   /* the member that --quiet prints; NULL: "id" */
    const char *nothing; /* what is said where there are no rows */
    bool whole;          /* scripts get all of it, and people are told where it is cut */
    bool numbered;       /* of a whole one: see api_post_all */
};

/* Asks for rows with `body`, which is taken, and shows them: a table, JSON, or a member of each. An
 * exit status. */
int list_show(struct cli *cli, const struct listing *listing, json_t *body);

/* Tells a person, below a table, that it may not be all. */
void list_tell_more(struct cli *cli, const json_t *rows);

/* Shows one thing that was read: a line for each column that it has, or the JSON. */
int details_show(struct cli *cli, const struct api_reply *reply, const struct column *columns);
