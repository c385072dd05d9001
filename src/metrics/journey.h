/*
 * journey.h
 *		The records of journey_state, and the paths to conversions that they are.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef JOURNEY_H
#define JOURNEY_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nm_log.h"
#include "nm_rows.h"

/*
 * One touch, conversion, or both.  Records are sorted by customer, time, tie
 * break and channel, so that a customer's touches are a sequence that no order
 * of the rows can change.
 */
typedef struct NmJourneyRow
{
	int64 key;
	int64 at;        /* instant */
	int32 tie_break; /* order within a microsecond; 0 if none was given */
	uint32 channel;  /* string number; the empty string is no touch */
	int64 revenue;   /* micro-units; NM_NO_REVENUE is no conversion */
} NmJourneyRow;

#define NM_NO_REVENUE (-1)

/* The channel of a conversion that nothing led to. */
#define NM_NO_CHANNEL PG_UINT32_MAX

/* NmTouch: a touch of the customer that is read. */
typedef struct NmTouch
{
	int64 at;
	uint32 channel; /* number in the reader's list of channels */
} NmTouch;

typedef enum NmCollapse
{
	NM_COLLAPSE_NONE,
	NM_COLLAPSE_CONSECUTIVE,
	NM_COLLAPSE_DISTINCT
} NmCollapse;

typedef enum NmCounting
{
	NM_COUNT_ALL,
	NM_COUNT_FIRST,
	NM_COUNT_LAST
} NmCounting;

typedef enum NmDirect
{
	NM_DIRECT_KEEP,
	NM_DIRECT_REMOVE_UNLESS_ALONE,
	NM_DIRECT_REMOVE_TRAILING
} NmDirect;

/* NmPathRules: what leads to a conversion; see doc/journey.md. */
typedef struct NmPathRules
{
	int64 lookback; /* microseconds; PG_INT64_MAX is no bound */
	int64 from;     /* conversions in [from, to) */
	int64 to;
	NmCollapse collapse;
	bool reuse; /* touches before an earlier conversion count again */
	NmCounting counting;
	bool at_conversion;
	NmDirect direct;
	int64 direct_number; /* string number of the direct channel, -1 if none */
	int64 first_touches; /* keep so many at the beginning, or -1 */
	int64 last_touches;  /* keep so many at the end, or -1 */
	int64 unit;          /* micro-units of the currency's minor unit */
} NmPathRules;

/* NmPath: what led to one conversion, or, unconverted, to none so far. */
typedef struct NmPath
{
	int64 key;
	int64 at;        /* of the conversion, or of the last touch */
	int64 revenue;   /* NM_NO_REVENUE if there was no conversion */
	int32 number;    /* of the conversion among those of the customer */
	uint32 ntouches; /* may be 0 */
	const NmTouch *touches;
} NmPath;

/*
 * NmJourneyReader walks the paths of a canonical state, customer by customer.
 * Channels get numbers as they are met, which is in an order that the state
 * alone decides.
 */
typedef struct NmJourneyReader
{
	const NmState *state;
	NmPathRules rules;
	bool unconverted; /* paths without a conversion too */

	uint32 nchannels;
	uint32 *channel_string; /* string number by channel */

	/* private */
	Size channel_capacity;
	int32 *channel_of; /* by string number */
	uint32 row;        /* first record of the next customer */
	int64 key;
	NmTouch *touches;
	uint32 ntouches;
	Size touch_capacity;
	uint32 *conversions; /* rows */
	uint32 nconversions;
	Size conversion_capacity;
	uint32 conversion; /* the next */
	bool rest_due;     /* the path behind the last conversion is to come */
	uint32 low;        /* the slice of touches of the conversion just read */
	uint32 high;
	uint32 claimed; /* touches before this one belong to earlier conversions */
	NmTouch *copy;
	Size copy_capacity;
	uint32 *stamp; /* by channel: the last path that had it */
	Size stamp_capacity;
	uint32 stamps;
} NmJourneyReader;

extern const NmFamily nm_journey_family;

static inline const NmJourneyRow *
nm_journey_records(const NmState *state)
{
	return (const NmJourneyRow *) nm_state_records(state);
}

/* arguments that all readers of paths have, in this order from the first */
enum
{
	NM_PATH_LOOKBACK,
	NM_PATH_START_DAY,
	NM_PATH_END_DAY,
	NM_PATH_ZONE,
	NM_PATH_COLLAPSE,
	NM_PATH_TOUCH_REUSE,
	NM_PATH_COUNTING,
	NM_PATH_AT_CONVERSION,
	NM_PATH_EXCLUDE,
	NM_PATH_DIRECT,
	NM_PATH_DIRECT_CHANNEL,
	NM_PATH_FIRST_TOUCHES,
	NM_PATH_LAST_TOUCHES,
	NM_PATH_MINOR_UNIT,
	NM_PATH_ARGS
};

/*
 * Begins to read the state in argument 0 by the rules in the arguments from
 * `first` on.  Allocates in the current context.
 */
extern void nm_journey_begin(NmJourneyReader *reader, FunctionCallInfo fcinfo,
							 int first, bool unconverted);

/* The next path, valid until the one after it; false after the last. */
extern bool nm_journey_next(NmJourneyReader *reader, NmPath *path);

/*
 * Begins a set of channels: nm_stamp then tells of each channel whether it is
 * the first time in the set.
 */
extern void nm_stamp_begin(NmJourneyReader *reader);

static inline bool
nm_stamp(NmJourneyReader *reader, uint32 channel)
{
	bool first = reader->stamp[channel] != reader->stamps;

	reader->stamp[channel] = reader->stamps;
	return first;
}

/* The name of a channel as a text Datum. */
extern Datum nm_journey_channel(const NmJourneyReader *reader, uint32 channel);

/* All channels in the order of their names, palloc'd. */
extern uint32 *nm_journey_channels_by_name(const NmJourneyReader *reader);

#endif /* JOURNEY_H */
