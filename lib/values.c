#include "lib/values.h"

#include <string.h>

#include "lib/errors.h"
#include "lib/model.h"
#include "lib/run.h"
#include "json/text.h"

static bool is_built_in(const struct fm_model *model)
{
    return strcmp(model->fields[0].name, "value") == 0 && !model->fields[1].name &&
           strstr(model->name, "AutomaticRunInput");
}

int value_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error)
{
    static const char *const member[] = {"value", NULL};
    buf_auto whole = BUF_INIT;
    size_t length;

    if (!model->fields) {
        buf_add_string(to, "null");
    } else if (!is_built_in(model)) {
        return model_encode(model, value, to, error);
    } else {
        int r = model_encode(model, value, &whole, error);
        if (r < 0)
            return r;
        const char *text = json_member_text(whole.data, member, &length);
        buf_add(to, text, length);
    }
    return to->failed ? fail_without_memory(error) : 0;
}

int value_decode(struct fm_run *run, const struct fm_model *model, const char *json, size_t length,
                 void *ret_value, struct fm_error *error)
{
    buf_auto whole = BUF_INIT;

    if (!model->fields)
        return 0;
    bool wrap = is_built_in(model);
    buf_add_string(&whole, wrap ? "{\"value\":" : "");
    buf_add(&whole, json, length);
    buf_add_string(&whole, wrap ? "}" : "");
    if (whole.failed)
        return fail_without_memory(error);
    return run_decode(run, model, NULL, whole.data, whole.length, ret_value, error);
}
