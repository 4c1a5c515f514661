/* Checking answers while the run still waits for one. */
#pragma once

#include "include/fermata.h"
#include "lib/run.h"

enum verdict_need {
    VERDICT_WAIT_ON,   /* nothing to judge yet, or judged and refused: the run waits still */
    VERDICT_LOOK,      /* the run has changed, or will at once: look at it */
    VERDICT_NOT_ASKED, /* this server asks nobody */
};

/* Waits up to `seconds` for an answer to check; decodes it, asks the model's check and sends the
 * verdict. A `verdict_need`, or FM_UNREACHABLE, FM_CANCELLED, … */
int verdict_wait(struct fm_run *run, const struct fm_model *model, const struct fm_setting *initial,
                 double seconds, struct fm_error *error);
