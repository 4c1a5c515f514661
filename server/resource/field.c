#include "server/resource/field.h"

#include <string.h>

#include "server/store/sql.h"

const struct field *field_find(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static bool has_columns(const struct field *field)
{
    return !(field->flags & (FIELD_NO_COLUMN | FIELD_NO_REPLY));
}

void fields_select(const struct field *fields, struct sql *sql)
{
    const char *comma = "";

    for (const struct field *field = fields; field->name; field++) {
        if (!has_columns(field))
            continue;
        sql_add(sql, comma);
        if (field->sql)
            sql_add(sql, field->sql);
        else
            sql_addf(sql, "r.%s", field->name);
        comma = ", ";
    }
}

int fields_column(const struct field *fields, const char *name)
{
    int column = 0;

    for (const struct field *field = fields; field->name; field++) {
        if (strcmp(field->name, name) == 0)
            return column;
        if (has_columns(field))
            column += field->columns ? field->columns : 1;
    }
    BUG("there is no field %s", name);
}

static void write_value(const struct field *field, struct json_writer *writer,
                        const struct rows *rows, int column)
{
    if (field->write) {
        field->write(writer, rows, column);
        return;
    }
    if (rows_is_null(rows, column)) {
        json_add_null(writer);
        return;
    }
    switch (field->type) {
    case FIELD_INTEGER:
        json_add_integer(writer, rows_integer(rows, column));
        break;
    case FIELD_NUMBER:
        json_add_number(writer, rows_real(rows, column));
        break;
    case FIELD_BOOLEAN:
        json_add_bool(writer, rows_integer(rows, column) != 0);
        break;
    case FIELD_TIME:
        json_add_time(writer, rows_integer(rows, column));
        break;
    case FIELD_ID:
    case FIELD_TEXT:
    case FIELD_ENUM:
        json_add_string(writer, rows_text(rows, column));
        break;
    case FIELD_JSON:
    case FIELD_MAP:
    case FIELD_STRINGS:
    case FIELD_IDS:
    case FIELD_LIST:
    case FIELD_OBJECT:
    case FIELD_OBJECTS:
        json_add_text(writer, rows_text(rows, column));
        break;
    }
}

void fields_write_row(const struct field *fields, struct json_writer *writer,
                      const struct rows *rows)
{
    fields_write_columns(fields, writer, rows, 0);
}

/* Those that have all of these flags. */
static void write_fields(const struct field *fields, unsigned flags, struct json_writer *writer,
                         const struct rows *rows, int column)
{
    for (const struct field *field = fields; field->name; field++) {
        if (!has_columns(field))
            continue;
        if ((field->flags & flags) == flags) {
            json_key(writer, field->name);
            write_value(field, writer, rows, column);
        }
        column += field->columns ? field->columns : 1;
    }
}

void fields_write_columns(const struct field *fields, struct json_writer *writer,
                          const struct rows *rows, int column)
{
    json_begin_object(writer);
    write_fields(fields, 0, writer, rows, column);
    json_end_object(writer);
}

void fields_write_event(const struct field *fields, struct json_writer *writer,
                        const struct rows *rows)
{
    write_fields(fields, FIELD_EVENT, writer, rows, 0);
}
