/*
 * data_driven_attribution.h
 *		Channels with what they are worth, as rows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef DATA_DRIVEN_ATTRIBUTION_H
#define DATA_DRIVEN_ATTRIBUTION_H

#include "journey.h"

/* NmChannelWorth: a channel, and its weight among all. */
typedef struct NmChannelWorth
{
	uint32 channel;
	double effect;
	int64 weight;

	/* what it gets of the whole */
	int128 conversions; /* units of 1e-9 */
	int128 revenue;
} NmChannelWorth;

/*
 * Shares out conversions and revenue by the weights of n channels, which are in
 * order of their names, and returns a row for each, the one with most revenue
 * first.  Conversions without a touch, and their revenue, are the last row.  If
 * no channel has a weight, none gets anything.
 */
extern void
nm_worth_rows(const NmJourneyReader *reader, NmChannelWorth *worth, uint32 n,
			  int64 conversions, int128 revenue, int64 bare_conversions,
			  int128 bare_revenue, bool with_effect, ReturnSetInfo *rsinfo);

/* The same rows, for channels that have been given what they get. */
extern void
nm_given_worth_rows(const NmJourneyReader *reader, NmChannelWorth *worth,
					uint32 n, int64 bare_conversions, int128 bare_revenue,
					bool with_effect, ReturnSetInfo *rsinfo);

#endif /* DATA_DRIVEN_ATTRIBUTION_H */
