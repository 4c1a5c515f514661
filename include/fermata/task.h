/* Tasks and subflows: the steps of a flow whose results are kept. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>

#include <fermata/deployment.h>
#include <fermata/flow.h>
#include <fermata/model.h>

/* ---- tasks ----------------------------------------------------------------------------------- */

/*
 * A step of a flow that is recorded by itself, with retries and a timeout of its own, and whose
 * result is kept: a run that starts anew, because it was suspended, failed or crashed, does not
 * repeat the tasks that it has finished.
 *
 * Input and result are of a model or a built-in type. The function gets a string, a number or a
 * truth value as it is, any other input by its address, and a place for the result; what is
 * FM_NOTHING is left out.
 *
 *     static int fetch(struct fm_run *run, const char *url, struct page *result) {...}
 *     FM_TASK(fetch, FM_STRING, &Page, .retries = 2, .retry_delay = 1, .timeout = 30);
 *
 *     r = fm_run_task(run, &fetch_task, "http://...", &page);
 *
 * The `run` that it is handed is the task's own: its lines of the log name the task, its timeout
 * ends what waits with it, and fm_error has its failure. All else, memory and pauses too, is the
 * flow run's.
 */
struct fm_task {
    /* 0 or more: the task run is COMPLETED. Negative: it is FAILED, with the message of fm_error,
     * or what the code says (FM_CANCELLED, FM_SUSPENDED). */
    int (*function)(struct fm_run *run, const void *input, void *result);
    const char *function_name;
    const struct fm_model *input;
    const struct fm_model *result;

    const char *name; /* no other task of the flow has it; NULL: the function's */
    const char *const *tags;
    int retries; /* how often a failed run is tried again */
    double retry_delay;
    double timeout; /* seconds for one try, as that of a flow; no task is ended by force */
    bool end_;
};

/* FM_TASK(fetch, FM_STRING, &Page) defines fetch_task for the function fetch; what follows are
 * fields of struct fm_task. */
#define FM_TASK(...) FM_TASK_(__VA_ARGS__, .end_ = false)
#define FM_TASK_(function_, input_, result_, ...)                                                  \
    static int function_##_task_call(struct fm_run *run, const void *input, void *result)          \
    {                                                                                              \
        typedef FM_INPUT_OF_(input_) in_;                                                          \
        typedef __typeof__((result_)->shape) out_;                                                 \
        const union FM_TASK_SHAPES_(input_, result_) shapes_ = {.given = (function_)};             \
        in_ typed_input_ = FM_TAKE_(input_, input);                                                \
        out_ typed_result_ = result;                                                               \
        (void)typed_input_, (void)typed_result_;                                                   \
        if (FM_IS_NOTHING_(input_) && FM_IS_NOTHING_(result_))                                     \
            return shapes_.neither(run);                                                           \
        if (FM_IS_NOTHING_(input_))                                                                \
            return shapes_.with_result(run, typed_result_);                                        \
        if (FM_IS_NOTHING_(result_))                                                               \
            return shapes_.with_input(run, typed_input_);                                          \
        return shapes_.with_both(run, typed_input_, typed_result_);                                \
    }                                                                                              \
    static const struct {                                                                          \
        struct fm_task task;                                                                       \
        int (*takes)(FM_INPUT_OF_(input_));                                                        \
        __typeof__((input_)->shape) input;                                                         \
        __typeof__((result_)->shape) result;                                                       \
    } function_##_task __attribute__((unused)) = {.task = {.function = function_##_task_call,      \
                                                           .function_name = #function_,            \
                                                           .input = &(input_)->model,              \
                                                           .result = &(result_)->model,            \
                                                           __VA_ARGS__}}

/*
 * Runs the task, or gives the result that the flow run has from an earlier process. `input` is a
 * value as the function gets it (NULL for FM_NOTHING), `result` the place for the result, or NULL.
 * The same task may be called any number of times, from several threads too: results are told apart
 * by the input, and calls with the same input by their order.
 *
 * 0, or negative: fm_error has the message with which the task failed. FM_TIMED_OUT: its time was
 * over, at the last try. FM_INVALID: input or result do not fit their models. FM_SUSPENDED,
 * FM_CANCELLED: return it. On failure `result` is untouched. What is in it belongs to the run.
 */
#define fm_run_task(run, task_, input_, result_)                                                   \
    ((void)sizeof((task_)->takes(input_)),                                                         \
     fm_run_task_with(run, &(task_)->task, FM_PASS_AS_((task_)->input, input_),                    \
                      FM_FITS_AS_((task_)->result, result_)))
int fm_run_task_with(struct fm_run *run, const struct fm_task *task, const void *input,
                     void *result);

/* ---- subflows -------------------------------------------------------------------------------- */

struct fm_subflow_options {
    const char *name;        /* of the run; NULL: the server invents one */
    const char *const *tags; /* as in struct fm_run_options */
    bool end_;
};

/*
 * Runs another flow, or the same, as a part of this one and waits for its end. It is a flow run of
 * its own, with its own log, tasks and result. `parameters` is the flow's struct, NULL the
 * defaults.
 *
 *     struct fm_run_info info;
 *     r = fm_run_subflow(run, &resize_flow, &parameters, &info);
 *     if (r == 0)
 *         r = fm_read_result(run, info.id, FM_STRING, &path);
 *
 * A run that starts anew does not repeat the subflows that have completed. A subflow may pause, but
 * not suspend. What ends this run, its timeout too, ends the subflow.
 *
 * 0: it is COMPLETED. Else fm_error has its message; FM_CANCELLED and FM_TIMED_OUT say that this
 * run is to end. `info` is filled in once there is a run.
 */
#define fm_run_subflow(run, flow, parameters, ...)                                                 \
    FM_RUN_SUBFLOW_(run, flow, parameters, __VA_ARGS__, .end_ = false)
#define FM_RUN_SUBFLOW_(run, flow, parameters, info, ...)                                          \
    fm_run_subflow_with(run, flow, parameters, &(struct fm_subflow_options){__VA_ARGS__}, info)
int fm_run_subflow_with(struct fm_run *run, const struct fm_flow *flow, const void *parameters,
                        const struct fm_subflow_options *options, struct fm_run_info *ret_info);

/* ---- of the macros --------------------------------------------------------------------------- */

/* How a function gets an input of this type. */
#define FM_INPUT_OF_(type_)                                                                        \
    __typeof__(_Generic((type_)->shape,                                                            \
                   const char **: (const char *)0,                                                 \
                   int64_t *: (int64_t)0,                                                          \
                   double *: (double)0,                                                            \
                   bool *: (bool)0,                                                                \
                   default: (const __typeof__(*(type_)->shape) *)0))
#define FM_TAKE_(type_, address_)                                                                  \
    _Generic((type_)->shape,                                                                       \
        const char **: *(const char *const *)(address_),                                           \
        int64_t *: *(const int64_t *)(address_),                                                   \
        double *: *(const double *)(address_),                                                     \
        bool *: *(const bool *)(address_),                                                         \
        default: (address_))

#define FM_IS_NOTHING_(type_) __builtin_types_compatible_p(__typeof__((type_)->shape), void *)

/* The shapes that a task's function may have; `given` is the one that suits the types. */
#define FM_TASK_SHAPES_(input_, result_)                                                           \
    {                                                                                              \
        int (*neither)(struct fm_run *);                                                           \
        int (*with_input)(struct fm_run *, in_);                                                   \
        int (*with_result)(struct fm_run *, out_);                                                 \
        int (*with_both)(struct fm_run *, in_, out_);                                              \
        __typeof__(__builtin_choose_expr(                                                          \
            FM_IS_NOTHING_(input_),                                                                \
            __builtin_choose_expr(FM_IS_NOTHING_(result_), (int (*)(struct fm_run *))0,            \
                                  (int (*)(struct fm_run *, out_))0),                              \
            __builtin_choose_expr(FM_IS_NOTHING_(result_), (int (*)(struct fm_run *, in_))0,       \
                                  (int (*)(struct fm_run *, in_, out_))0))) given;                 \
    }
