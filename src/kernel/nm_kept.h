/*
 * nm_kept.h
 *		What a function that reads tables keeps between its calls in a query.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_KEPT_H
#define NM_KEPT_H

#include "postgres.h"
#include "fmgr.h"

/* What tells one snapshot from another. */
typedef struct NmSnapshotName
{
	TransactionId xmin;
	TransactionId xmax;
	uint32 xcnt;
	int32 subxcnt;
	CommandId curcid;
	SubTransactionId subtransaction; /* one rolled back leaves no other trace */
} NmSnapshotName;

/*
 * NmKept: what comes first in a struct that is kept.  The struct and all that
 * it points to live in its context.
 */
typedef struct NmKept
{
	MemoryContext context;
	NmSnapshotName read_by;
} NmKept;

/*
 * What a call site keeps, if it was read by the active snapshot, else NULL: one
 * expression may live longer than a query, as in PL/pgSQL.
 */
extern void *nm_kept_find(FmgrInfo *flinfo);

/*
 * A new struct of so many zero bytes for a call site.  It is kept once
 * nm_kept_end is called, so that nothing half read outlives an error.
 */
extern void *nm_kept_begin(FmgrInfo *flinfo, Size size);
extern void nm_kept_end(FmgrInfo *flinfo, void *kept);

#endif /* NM_KEPT_H */
