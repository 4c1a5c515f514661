#include "lib/values.h"

#include "lib/errors.h"
#include "lib/model.h"
#include "lib/run.h"

int value_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error)
{
    if (model->fields)
        return model_encode_bare(model, value, to, error);
    buf_add_string(to, "null");
    return to->failed ? fail_without_memory(error) : 0;
}

int value_decode(struct fm_run *run, const struct fm_model *model, const char *json, size_t length,
                 void *ret_value, struct fm_error *error)
{
    return model->fields ? run_decode_bare(run, model, json, length, ret_value, error) : 0;
}
