/*
 * data_driven_attribution.c
 *		Channels with what they are worth, as rows; Shapley values.
 *
 * See doc/data_driven_attribution.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

#include "attribution.h"
#include "data_driven_attribution.h"
#include "nm_apportion.h"
#include "nm_guards.h"
#include "nm_link.h"
#include "nm_money.h"

/* channels whose sets can all be looked at */
#define MOST_CHANNELS 20
#define SHARE_BITS 52

/* Rows of channels */

static int
compare_worth(const void *a, const void *b)
{
	const NmChannelWorth *x = a;
	const NmChannelWorth *y = b;

	if (x->revenue != y->revenue)
		return x->revenue > y->revenue ? -1 : 1;
	if (x->conversions != y->conversions)
		return x->conversions > y->conversions ? -1 : 1;

	/* by name, since that is how weights were numbered */
	return x->weight < y->weight ? -1 : x->weight > y->weight;
}

void
nm_given_worth_rows(const NmJourneyReader *reader, NmChannelWorth *worth,
					uint32 n, int64 bare_conversions, int128 bare_revenue,
					bool with_effect, ReturnSetInfo *rsinfo)
{
	int128 total = bare_revenue;
	NmRowContext row;

	for (uint32 i = 0; i < n; i++)
	{
		total += worth[i].revenue;
		worth[i].weight = i;
	}
	qsort(worth, n, sizeof(NmChannelWorth), compare_worth);
	if (bare_conversions > 0)
	{
		worth[n].channel = NM_NO_CHANNEL;
		worth[n].conversions = (int128) bare_conversions * NM_CONVERSION;
		worth[n++].revenue = bare_revenue;
	}
	nm_row_begin(&row);
	for (uint32 i = 0; i < n; i++)
	{
		Datum values[5];
		bool nulls[5] = {false};
		int column = 0;

		CHECK_FOR_INTERRUPTS();
		nulls[column] = worth[i].channel == NM_NO_CHANNEL;
		if (!nulls[column])
			values[column] = nm_journey_channel(reader, worth[i].channel);
		column++;
		if (with_effect)
		{
			nulls[column] = worth[i].channel == NM_NO_CHANNEL;
			values[column++] = Float8GetDatum(worth[i].effect);
		}
		values[column++] = nm_conversions_out(worth[i].conversions);
		values[column++] = nm_money_out(worth[i].revenue);
		nulls[column] = !nm_ratio_out(worth[i].revenue, total, &values[column]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
}

void
nm_worth_rows(const NmJourneyReader *reader, NmChannelWorth *worth, uint32 n,
			  int64 conversions, int128 revenue, int64 bare_conversions,
			  int128 bare_revenue, bool with_effect, ReturnSetInfo *rsinfo)
{
	int64 *weights = palloc_array(int64, n + 1);
	int128 *shares =
		palloc_extended(mul_size(n + 1, sizeof(int128)), MCXT_ALLOC_HUGE);
	bool none = true;

	for (uint32 i = 0; i < n; i++)
	{
		weights[i] = worth[i].weight;
		none = none && weights[i] == 0;
	}
	if (!none)
	{
		nm_spread(weights, n, (int128) conversions * NM_CONVERSION, 1, shares);
		for (uint32 i = 0; i < n; i++)
			worth[i].conversions = shares[i];
		nm_spread(weights, n, revenue, reader->rules.unit, shares);
		for (uint32 i = 0; i < n; i++)
			worth[i].revenue = shares[i];
	}
	nm_given_worth_rows(reader, worth, n, bare_conversions, bare_revenue,
						with_effect, rsinfo);
}

/* Shapley values */

/* Shapley: what is known of the sets of channels on paths. */
typedef struct Shapley
{
	NmJourneyReader reader;
	bool by_rate;
	NmChannelWorth *worth; /* by channel */
	Size capacity;
	int64 conversions; /* of paths with touches */
	int128 revenue;
	int64 bare_conversions;
	int128 bare_revenue;

	/* by rate: channels of the sets, and paths by set */
	int nmembers;
	uint32 member[MOST_CHANNELS];
	int64 *converted; /* 2^MOST_CHANNELS */
	int64 *all;
} Shapley;

static void
worth_room(Shapley *shapley)
{
	Size before = shapley->capacity;

	while (shapley->capacity <= shapley->reader.nchannels)
		shapley->capacity *= 2;
	if (shapley->capacity == before)
		return;
	shapley->worth =
		repalloc_huge(shapley->worth,
					  mul_size(shapley->capacity, sizeof(NmChannelWorth)));
	memset(shapley->worth + before, 0,
		   (shapley->capacity - before) * sizeof(NmChannelWorth));
}

/*
 * share_equally gives a conversion to the channels on its path in equal shares,
 * which is their Shapley value where a set of channels is worth the conversions
 * of the paths that have no others.  Channels of other paths are noted.
 */
static void
share_equally(Shapley *shapley, const NmPath *path)
{
	NmJourneyReader *reader = &shapley->reader;
	uint64 unit = (uint64) reader->rules.unit;
	uint64 revenue = (uint64) path->revenue;
	NmPart whole = {.weight = 1};
	NmPart money;
	uint32 next;
	uint32 k = 0;

	worth_room(shapley);
	nm_stamp_begin(reader);
	for (uint32 i = 0; i < path->ntouches; i++)
	{
		shapley->worth[path->touches[i].channel].weight = 1;
		whole.count += nm_stamp(reader, path->touches[i].channel);
	}
	if (path->revenue < 0)
		return;
	money = whole;
	nm_apportion(&whole, 1, 1, NM_CONVERSION, 1);
	next = nm_apportion(&money, 1, 1, revenue, unit);
	nm_stamp_begin(reader);
	for (uint32 i = 0; i < path->ntouches; i++)
	{
		NmChannelWorth *worth = &shapley->worth[path->touches[i].channel];

		if (!nm_stamp(reader, path->touches[i].channel))
			continue;
		worth->conversions += whole.each + (k < whole.extra);
		worth->revenue += (int128) (money.each + (k < money.extra)) * unit;
		if (k == next)
			worth->revenue += revenue % unit;
		k++;
	}
}

/* member_of returns the bit of a channel in sets. */
static uint32
member_of(Shapley *shapley, uint32 channel)
{
	for (int i = 0; i < shapley->nmembers; i++)
		if (shapley->member[i] == channel)
			return 1U << i;
	if (shapley->nmembers == MOST_CHANNELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d channels for Shapley values by conversion rate",
						MOST_CHANNELS),
				 errdetail("All sets of channels are looked at, and there are too many."),
				 errhint("Use value => 'conversions', which has no limit, leave channels out with exclude_channels, or give small ones one name.")));
	shapley->member[shapley->nmembers] = channel;
	return 1U << shapley->nmembers++;
}

static void
count_set(Shapley *shapley, const NmPath *path)
{
	uint32 set = 0;

	for (uint32 i = 0; i < path->ntouches; i++)
		set |= member_of(shapley, path->touches[i].channel);
	shapley->all[set]++;
	shapley->converted[set] += path->revenue >= 0;
}

static void
shapley_read(Shapley *shapley, FunctionCallInfo fcinfo)
{
	static const char *const values[] = {"conversions", "conversion_rate",
										 NULL};
	NmPath path;

	memset(shapley, 0, sizeof(Shapley));
	shapley->by_rate = nm_choice_arg(fcinfo, 1, "value", values) == 1;
	nm_journey_begin(&shapley->reader, fcinfo, 2, true);
	shapley->capacity = MOST_CHANNELS + 1;
	shapley->worth = palloc0_array(NmChannelWorth, shapley->capacity);
	if (shapley->by_rate)
	{
		shapley->converted = palloc0_array(int64, 1 << MOST_CHANNELS);
		shapley->all = palloc0_array(int64, 1 << MOST_CHANNELS);
	}
	while (nm_journey_next(&shapley->reader, &path))
	{
		if (path.ntouches == 0)
		{
			shapley->bare_conversions++;
			shapley->bare_revenue += path.revenue;
			continue;
		}
		if (shapley->by_rate)
			count_set(shapley, &path);
		else
			share_equally(shapley, &path);
		if (path.revenue >= 0)
		{
			shapley->conversions++;
			shapley->revenue += path.revenue;
		}
	}
}

/* sum_subsets adds to each set what all its subsets have. */
static void
sum_subsets(int64 *counts, int nmembers)
{
	for (int i = 0; i < nmembers; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 set = 0; set < 1U << nmembers; set++)
			if (set >> i & 1)
				counts[set] += counts[set ^ (1U << i)];
	}
}

/*
 * shapley_values computes the value of each member: what it adds to a set of
 * others, on average over all orders in which the members could come.
 */
static void
shapley_values(Shapley *shapley, double *values)
{
	int n = shapley->nmembers;
	uint32 nsets = 1U << n;
	double *rate = palloc_array(double, nsets);
	double weight[MOST_CHANNELS]; /* of sets of so many others */

	sum_subsets(shapley->converted, n);
	sum_subsets(shapley->all, n);
	for (uint32 set = 0; set < nsets; set++)
		rate[set] = shapley->all[set] == 0 ? 0
										   : (double) shapley->converted[set] /
												 (double) shapley->all[set];
	for (int size = 0; size < n; size++)
	{
		/* size! (n - size - 1)! / n! */
		weight[size] = 1.0 / n;
		for (int i = 1; i <= size; i++)
			weight[size] *= (double) i / (n - i);
	}
	for (int i = 0; i < n; i++)
	{
		uint32 bit = 1U << i;

		CHECK_FOR_INTERRUPTS();
		values[i] = 0;
		for (uint32 set = 0; set < nsets; set++)
			if (!(set & bit))
				values[i] +=
					weight[pg_popcount32(set)] * (rate[set | bit] - rate[set]);
	}
	pfree(rate);
}

/* compare_names puts channels in the order of their names. */
static int
compare_names(const void *a, const void *b, void *arg)
{
	const NmJourneyReader *reader = arg;
	uint32 x = reader->channel_string[((const NmChannelWorth *) a)->channel];
	uint32 y = reader->channel_string[((const NmChannelWorth *) b)->channel];

	return x < y ? -1 : x > y;
}

/* worth_by_rate gives the members of sets their weights. */
static uint32
worth_by_rate(Shapley *shapley)
{
	double values[MOST_CHANNELS];
	double largest = 0;

	if (shapley->nmembers == 0)
		return 0;
	shapley_values(shapley, values);
	for (int i = 0; i < shapley->nmembers; i++)
		largest = Max(largest, fabs(values[i]));
	for (int i = 0; i < shapley->nmembers; i++)
	{
		shapley->worth[i].channel = shapley->member[i];
		if (shapley->conversions > 0)
			shapley->worth[i].weight =
				llrint(ldexp(values[i] / largest, SHARE_BITS));
	}
	return shapley->nmembers;
}

/* shapley_attribution(state, value, paths...) */
PG_FUNCTION_INFO_V1(nm_shapley_attribution);
Datum
nm_shapley_attribution(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Shapley shapley;
	uint32 n = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	shapley_read(&shapley, fcinfo);
	if (shapley.by_rate)
	{
		n = worth_by_rate(&shapley);
		qsort_arg(shapley.worth, n, sizeof(NmChannelWorth), compare_names,
				  &shapley.reader);
		nm_worth_rows(&shapley.reader, shapley.worth, n, shapley.conversions,
					  shapley.revenue, shapley.bare_conversions,
					  shapley.bare_revenue, false, rsinfo);
		PG_RETURN_NULL();
	}
	worth_room(&shapley);
	for (uint32 i = 0; i < shapley.reader.nchannels; i++)
		if (shapley.worth[i].weight > 0)
		{
			shapley.worth[n] = shapley.worth[i];
			shapley.worth[n++].channel = i;
		}
	qsort_arg(shapley.worth, n, sizeof(NmChannelWorth), compare_names,
			  &shapley.reader);
	nm_given_worth_rows(&shapley.reader, shapley.worth, n,
						shapley.bare_conversions, shapley.bare_revenue, false,
						rsinfo);
	PG_RETURN_NULL();
}
