/*
 * nm_kept.c
 *		What a function that reads tables keeps between its calls in a query.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "nm_kept.h"

static NmSnapshotName
active_snapshot(void)
{
	Snapshot snapshot = GetActiveSnapshot();

	return (NmSnapshotName){.xmin = snapshot->xmin,
							.xmax = snapshot->xmax,
							.xcnt = snapshot->xcnt,
							.subxcnt = snapshot->subxcnt,
							.curcid = snapshot->curcid,
							.subtransaction = GetCurrentSubTransactionId()};
}

static bool
same_snapshot(const NmSnapshotName *a, const NmSnapshotName *b)
{
	return a->xmin == b->xmin && a->xmax == b->xmax && a->xcnt == b->xcnt &&
		   a->subxcnt == b->subxcnt && a->curcid == b->curcid &&
		   a->subtransaction == b->subtransaction;
}

void *
nm_kept_find(FmgrInfo *flinfo)
{
	NmKept *kept = flinfo->fn_extra;
	NmSnapshotName snapshot;

	if (kept == NULL)
		return NULL;
	snapshot = active_snapshot();
	return same_snapshot(&kept->read_by, &snapshot) ? kept : NULL;
}

void *
nm_kept_begin(FmgrInfo *flinfo, Size size)
{
	NmKept *kept = flinfo->fn_extra;
	MemoryContext context;

	if (kept != NULL)
	{
		flinfo->fn_extra = NULL;
		MemoryContextDelete(kept->context);
	}
	context = AllocSetContextCreate(flinfo->fn_mcxt, "nudge_metrics kept",
									ALLOCSET_DEFAULT_SIZES);
	kept = MemoryContextAllocZero(context, size);
	kept->context = context;
	kept->read_by = active_snapshot();
	return kept;
}

void
nm_kept_end(FmgrInfo *flinfo, void *kept)
{
	flinfo->fn_extra = kept;
}
