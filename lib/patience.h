/* Times for which somebody is waited for. Functions, so that the programs of the tests can put
 * shorter ones in their place. */
#pragma once

/* Seconds that a run's process has to end after SIGTERM, before SIGKILL, or after its timeout. */
double patience_with_process(void);

/* Seconds after the last sign of life for which the holder of a run is believed to be there: what
 * this library asks of the server. */
int patience_with_holder(void);
