/*
 * features.h
 *		The records of feature_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef FEATURES_H
#define FEATURES_H

#include "postgres.h"
#include "nm_log.h"

/* What a user did.  Numbers on disk: never renumber. */
typedef enum NmFeatureAction
{
	NM_FEATURE_SIGNED_UP = 0, /* the user began, with no feature */
	NM_FEATURE_VIEWED = 1,
	NM_FEATURE_USED = 2,
	NM_FEATURE_COMPLETED = 3
} NmFeatureAction;

/* bits of NmFeatureRow.flags */
#define NM_FEATURE_ACTION 0x03
#define NM_FEATURE_OUTCOME 0x04 /* it is known whether it succeeded ... */
#define NM_FEATURE_SUCCESS 0x08 /* ... and it did */
#define NM_FEATURE_DURATION 0x10
#define NM_FEATURE_VALUE 0x20
#define NM_FEATURE_FLAGS 0x3F

/* One thing that a user did with a feature. */
typedef struct NmFeatureRow
{
	int64 key;
	int64 at;       /* instant */
	uint32 feature; /* string number; the empty string when signing up */
	int32 flags;
	int64 duration; /* microseconds; 0 without NM_FEATURE_DURATION */
	int64 value;    /* micro-units; 0 without NM_FEATURE_VALUE */
} NmFeatureRow;

extern const NmFamily nm_feature_family;

static inline const NmFeatureRow *
nm_feature_rows(const NmState *state)
{
	return (const NmFeatureRow *) nm_state_records(state);
}

static inline NmFeatureAction
nm_feature_action(const NmFeatureRow *row)
{
	return (NmFeatureAction) (row->flags & NM_FEATURE_ACTION);
}

/* The next user's records as [*start, *end); false after the last. */
static inline bool
nm_feature_next(const NmState *state, uint32 *start, uint32 *end)
{
	const NmFeatureRow *rows = nm_feature_rows(state);
	uint32 n = state->nrecords;
	uint32 i = *end;

	if (i >= n)
		return false;
	*start = i;
	do
	{
		i++;
	} while (i < n && rows[i].key == rows[*start].key);
	*end = i;
	return true;
}

#endif /* FEATURES_H */
