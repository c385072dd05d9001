/*
 * nm_module.c
 *		Start of the library: magic block, settings, self-checks.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "nm_compat.h"
#include "nm_money.h"
#include "nm_refresh_time.h"
#include "nm_state.h"

NM_MODULE_MAGIC;

void _PG_init(void);

char *nm_refresh_time;

void
_PG_init(void)
{
	DefineCustomIntVariable("nudge.max_state_size", "Largest size of a state.",
							"A state that would grow beyond is an error. Dump and text form need 4/3 of it within 1 GB.",
							&nm_max_state_size, 256, 1, 512, PGC_SUSET,
							GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomStringVariable("nudge.as_of",
							   "Instant that a refresh computes for.",
							   "The refresh sets it, and nudge.as_of() reads it. Empty is now.",
							   &nm_refresh_time, "", PGC_USERSET, 0, NULL, NULL,
							   NULL);
	MarkGUCPrefixReserved("nudge");

	nm_money_init();
}
