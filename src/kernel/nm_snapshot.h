/*
 * nm_snapshot.h
 *		Whether what was read from a table is still what a query would see.
 *
 * A function that reads configuration keeps it in fn_extra, and with it the
 * name of the snapshot it was read by: an expression may live longer than a
 * query, as in PL/pgSQL.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_SNAPSHOT_H
#define NM_SNAPSHOT_H

#include "postgres.h"
#include "access/xact.h"
#include "utils/snapmgr.h"

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

static inline NmSnapshotName
nm_active_snapshot(void)
{
	Snapshot snapshot = GetActiveSnapshot();

	return (NmSnapshotName){.xmin = snapshot->xmin,
							.xmax = snapshot->xmax,
							.xcnt = snapshot->xcnt,
							.subxcnt = snapshot->subxcnt,
							.curcid = snapshot->curcid,
							.subtransaction = GetCurrentSubTransactionId()};
}

static inline bool
nm_same_snapshot(const NmSnapshotName *a, const NmSnapshotName *b)
{
	return a->xmin == b->xmin && a->xmax == b->xmax && a->xcnt == b->xcnt &&
		   a->subxcnt == b->subxcnt && a->curcid == b->curcid &&
		   a->subtransaction == b->subtransaction;
}

#endif /* NM_SNAPSHOT_H */
