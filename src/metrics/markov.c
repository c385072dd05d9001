/*
 * markov.c
 *		Attribution by the removal effect of channels in a Markov chain.
 *
 * See doc/data_driven_attribution.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "attribution.h"
#include "data_driven_attribution.h"
#include "markov.h"
#include "nm_guards.h"
#include "nm_link.h"
#include "nm_money.h"

/* bits of a removal effect as a whole number */
#define EFFECT_BITS 52
#define CREDIT_BITS 40 /* of the weights in one path, whose sum must fit */

/*
 * Tally: how often what followed what.  A key is the last touches of a path,
 * the newest lowest, and what came then; each takes `bits` bits: 0 before the
 * first touch, a channel from 1 on, and the two outcomes at the end.
 */
typedef struct Tally
{
	NmJourneyReader reader;
	int order;
	int bits;
	uint64 code_conversion;
	uint64 code_none;
	NmLinks *links;
	int64 *counts;
	uint32 ncounts;
	Size capacity;
	int64 conversions; /* paths with touches that convert */
	int128 revenue;
	int64 bare_conversions; /* without a touch */
	int128 bare_revenue;
} Tally;

/* Step: a key of a tally, channels by rank of their names, and its count. */
typedef struct Step
{
	uint64 key;
	int64 count;
} Step;

/* Fitted: a tally as a chain. */
typedef struct Fitted
{
	Step *steps; /* sorted */
	uint32 nsteps;
	uint32 *by_name; /* channels by rank */
	uint32 *rank;    /* and the reverse */
	NmChain chain;
} Fitted;

/* Counting */

static void
count_step(Tally *tally, uint64 key)
{
	uint32 known = tally->ncounts;
	uint32 number = nm_key_number(tally->links, key, &tally->ncounts);

	if (number == known)
	{
		tally->counts =
			nm_grown(tally->counts, known, &tally->capacity, sizeof(int64));
		tally->counts[number] = 0;
	}
	tally->counts[number]++;
}

static void
tally_path(Tally *tally, const NmPath *path)
{
	uint64 mask = (UINT64CONST(1) << (tally->order * tally->bits)) - 1;
	uint64 last = 0;

	for (uint32 i = 0; i < path->ntouches; i++)
	{
		uint64 code = (uint64) path->touches[i].channel + 1;

		if (unlikely(code >= tally->code_none))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many channels for a chain of order %d",
							tally->order),
					 errdetail("There can be " UINT64_FORMAT ".",
							   tally->code_none - 1),
					 errhint("Take a lower order, or give small channels one name.")));
		count_step(tally, last << tally->bits | code);
		last = (last << tally->bits | code) & mask;
	}
	count_step(tally, last << tally->bits |
						  (path->revenue < 0 ? tally->code_none
											 : tally->code_conversion));
}

/* tally_paths reads the state and the order in the first two arguments. */
static void
tally_paths(Tally *tally, FunctionCallInfo fcinfo)
{
	static const int bits[] = {0, 32, 21, 16};
	NmPath path;

	memset(tally, 0, sizeof(Tally));
	tally->order =
		nm_bounded_arg(fcinfo, 1, "chain_order", 1, 1, NM_MAX_CHAIN_ORDER);
	tally->bits = bits[tally->order];
	tally->code_conversion = (UINT64CONST(1) << tally->bits) - 1;
	tally->code_none = tally->code_conversion - 1;
	tally->links = nm_links_make();
	tally->capacity = NM_FIRST_LINKS;
	tally->counts = palloc_array(int64, tally->capacity);
	nm_journey_begin(&tally->reader, fcinfo, 2, true);
	while (nm_journey_next(&tally->reader, &path))
	{
		if (path.ntouches > 0)
			tally_path(tally, &path);
		if (path.revenue < 0)
			continue;
		if (path.ntouches > 0)
		{
			tally->conversions++;
			tally->revenue += path.revenue;
		}
		else
		{
			tally->bare_conversions++;
			tally->bare_revenue += path.revenue;
		}
	}
}

/* Fitting */

static int
compare_steps(const void *a, const void *b)
{
	uint64 x = ((const Step *) a)->key;
	uint64 y = ((const Step *) b)->key;

	CHECK_FOR_INTERRUPTS();
	return x < y ? -1 : x > y;
}

/* ranked rewrites a key so that channels are numbered by their names. */
static uint64
ranked(const Tally *tally, const uint32 *rank, uint64 key)
{
	uint64 result = 0;

	for (int i = tally->order; i >= 0; i--)
	{
		uint64 code = key >> (i * tally->bits) & tally->code_conversion;

		if (code > 0 && code < tally->code_none)
			code = (uint64) rank[code - 1] + 1;
		result = result << tally->bits | code;
	}
	return result;
}

static void
fit_steps(const Tally *tally, Fitted *fitted)
{
	uint32 nchannels = tally->reader.nchannels;
	nm_link_iterator iterator;
	NmLink *link;

	fitted->by_name = nm_journey_channels_by_name(&tally->reader);
	fitted->rank = palloc_array(uint32, nchannels + 1);
	for (uint32 i = 0; i < nchannels; i++)
		fitted->rank[fitted->by_name[i]] = i;
	fitted->steps = palloc_extended(mul_size(tally->ncounts + 1, sizeof(Step)),
									MCXT_ALLOC_HUGE);
	fitted->nsteps = 0;
	nm_link_start_iterate(tally->links, &iterator);
	while ((link = nm_link_iterate(tally->links, &iterator)) != NULL)
	{
		Step *step = &fitted->steps[fitted->nsteps++];

		step->key = ranked(tally, fitted->rank, link->key);
		step->count = tally->counts[link->number];
	}
	qsort(fitted->steps, fitted->nsteps, sizeof(Step), compare_steps);
}

/* find_state is the state of the given last touches. */
static uint32
find_state(const uint64 *states, uint32 n, uint64 last)
{
	uint32 low = 0;
	uint32 high = n;

	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;

		if (states[middle] < last)
			low = middle + 1;
		else
			high = middle;
	}
	Assert(low < n && states[low] == last);
	return low;
}

/*
 * fit makes the chain of a tally.  The start, whose touches are all 0, comes
 * first, and whatever a path passes through is left again.
 */
static void
fit(const Tally *tally, Fitted *fitted)
{
	NmChain *chain = &fitted->chain;
	uint64 code = tally->code_conversion;
	uint64 mask = (UINT64CONST(1) << (tally->order * tally->bits)) - 1;
	uint64 *states;

	memset(fitted, 0, sizeof(Fitted));
	fit_steps(tally, fitted);
	states = palloc_extended(mul_size(fitted->nsteps + 1, sizeof(uint64)),
							 MCXT_ALLOC_HUGE);
	chain->first = palloc_extended(mul_size(fitted->nsteps + 1, sizeof(uint32)),
								   MCXT_ALLOC_HUGE);
	chain->channel =
		palloc_extended(mul_size(fitted->nsteps + 1, sizeof(uint32)),
						MCXT_ALLOC_HUGE);
	chain->transitions =
		palloc_extended(mul_size(fitted->nsteps + 1, sizeof(NmTransition)),
						MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < fitted->nsteps; i++)
	{
		uint64 last = fitted->steps[i].key >> tally->bits;

		if (i == 0 || states[chain->nstates - 1] != last)
		{
			states[chain->nstates] = last;
			chain->channel[chain->nstates] =
				last == 0 ? NM_NO_CHANNEL : (uint32) ((last & code) - 1);
			chain->first[chain->nstates++] = i;
		}
		chain->transitions[i].count = fitted->steps[i].count;
	}
	chain->first[chain->nstates] = fitted->nsteps;
	for (uint32 i = 0; i < fitted->nsteps; i++)
	{
		uint64 to = fitted->steps[i].key & code;

		if (to == tally->code_conversion)
			chain->transitions[i].to = NM_TO_CONVERSION;
		else if (to == tally->code_none)
			chain->transitions[i].to = NM_TO_NONE;
		else
			chain->transitions[i].to =
				(int32) find_state(states, chain->nstates,
								   fitted->steps[i].key & mask);
	}
	pfree(states);
}

/*
 * removal_effects returns those of all channels, by rank; below 0 for one that
 * is on no path.  The chain is solved only for those from which it converts.
 */
static double *
removal_effects(const Tally *tally, const Fitted *fitted)
{
	uint32 n = tally->reader.nchannels;
	double *effects = palloc_array(double, n + 1);
	bool *converts = palloc0_array(bool, n + 1);
	const NmChain *chain = &fitted->chain;
	double *conversions;

	for (uint32 c = 0; c < n; c++)
		effects[c] = -1;
	for (uint32 s = 1; s < chain->nstates; s++)
		effects[chain->channel[s]] = 0;
	if (tally->conversions == 0)
		return effects;
	conversions = nm_chain_conversions(chain);
	for (uint32 s = 1; s < chain->nstates; s++)
		if (conversions[s] > 0)
			converts[chain->channel[s]] = true;
	for (uint32 c = 0; c < n; c++)
	{
		CHECK_FOR_INTERRUPTS();
		if (converts[c])
			effects[c] = nm_chain_removal_effect(chain, c, conversions);
	}
	pfree(conversions);
	pfree(converts);
	return effects;
}

/* effect_weight is a removal effect as a whole number of so many bits. */
static int64
effect_weight(double effect, int bits)
{
	return llrint(ldexp(effect, bits));
}

/* Results */

/* markov_attribution(state, chain_order, paths...) */
PG_FUNCTION_INFO_V1(nm_markov_attribution);
Datum
nm_markov_attribution(PG_FUNCTION_ARGS)
{
	Tally tally;
	Fitted fitted;
	double *effects;
	NmChannelWorth *worth;
	uint32 n = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	tally_paths(&tally, fcinfo);
	fit(&tally, &fitted);
	effects = removal_effects(&tally, &fitted);
	worth = palloc0_array(NmChannelWorth, tally.reader.nchannels + 1);
	for (uint32 c = 0; c < tally.reader.nchannels; c++)
	{
		if (effects[c] < 0)
			continue;
		worth[n].channel = fitted.by_name[c];
		worth[n].effect = effects[c];
		worth[n++].weight = effect_weight(effects[c], EFFECT_BITS);
	}
	nm_worth_rows(&tally.reader, worth, n, tally.conversions, tally.revenue,
				  tally.bare_conversions, tally.bare_revenue, true,
				  (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

/* from_array is the state that a step leaves, as an array of channels. */
static Datum
from_array(const Tally *tally, const Fitted *fitted, uint64 key)
{
	Datum names[NM_MAX_CHAIN_ORDER];
	int n = 0;

	for (int i = tally->order; i > 0; i--)
	{
		uint64 code = key >> (i * tally->bits) & tally->code_conversion;

		if (code > 0)
			names[n++] =
				nm_journey_channel(&tally->reader, fitted->by_name[code - 1]);
	}
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* markov_transitions(state, chain_order, paths...) */
PG_FUNCTION_INFO_V1(nm_markov_transitions);
Datum
nm_markov_transitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Tally tally;
	Fitted fitted;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	tally_paths(&tally, fcinfo);
	fit(&tally, &fitted);
	nm_row_begin(&row);
	for (uint32 s = 0; s < fitted.chain.nstates; s++)
	{
		uint32 first = fitted.chain.first[s];
		uint32 end = fitted.chain.first[s + 1];
		int64 total = 0;

		for (uint32 t = first; t < end; t++)
			total += fitted.steps[t].count;
		for (uint32 t = first; t < end; t++)
		{
			const Step *step = &fitted.steps[t];
			uint64 to = step->key & tally.code_conversion;
			Datum values[5];
			bool nulls[5] = {false};
			const char *outcome = "touch";

			CHECK_FOR_INTERRUPTS();
			values[0] = from_array(&tally, &fitted, step->key);
			nulls[1] = to >= tally.code_none;
			if (!nulls[1])
				values[1] =
					nm_journey_channel(&tally.reader, fitted.by_name[to - 1]);
			else
				outcome = to == tally.code_none ? "none" : "conversion";
			values[2] = CStringGetTextDatum(outcome);
			values[3] = Int64GetDatum(step->count);
			values[4] = Float8GetDatum((double) step->count / (double) total);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/*
 * effect_parts finds the first touch of each channel of a path, with the removal
 * effect of the channel as its weight; all alike if none has any.
 */
static int
effect_parts(NmJourneyReader *reader, const NmPath *path, const int64 *weights,
			 NmPart *parts, uint64 *sum)
{
	int n = 0;

	*sum = 0;
	for (int pass = 0; pass < 2 && n == 0; pass++)
	{
		nm_stamp_begin(reader);
		for (uint32 i = 0; i < path->ntouches; i++)
		{
			uint32 channel = path->touches[i].channel;
			uint64 weight = pass == 0 ? (uint64) weights[channel] : 1;

			if (!nm_stamp(reader, channel) || weight == 0)
				continue;
			parts[n].weight = weight;
			parts[n].start = i;
			parts[n++].count = 1;
			*sum += weight;
		}
	}
	return n;
}

/* markov_credits(state, chain_order, paths...) */
PG_FUNCTION_INFO_V1(nm_markov_credits);
Datum
nm_markov_credits(PG_FUNCTION_ARGS)
{
	Tally tally;
	Fitted fitted;
	NmJourneyReader reader;
	double *effects;
	int64 *weights;
	NmPart *parts;
	NmPlaces places = {0};
	NmPath path;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	tally_paths(&tally, fcinfo);
	fit(&tally, &fitted);
	effects = removal_effects(&tally, &fitted);
	weights = palloc_array(int64, tally.reader.nchannels + 1);
	for (uint32 c = 0; c < tally.reader.nchannels; c++)
		weights[c] =
			effect_weight(Max(0, effects[fitted.rank[c]]), CREDIT_BITS);
	parts = palloc_array(NmPart, tally.reader.nchannels + 1);

	/* the same walk gives channels the same numbers */
	nm_journey_begin(&reader, fcinfo, 2, false);
	nm_row_begin(&row);
	for (;;)
	{
		uint64 sum;
		int n;

		MemoryContextSwitchTo(row.outer);
		if (!nm_journey_next(&reader, &path))
			break;
		nm_places_begin(&places, &path);
		n = effect_parts(&reader, &path, weights, parts, &sum);
		if (n > 0)
			nm_places_divide(&places, &reader, &path, parts, n, sum);
		MemoryContextSwitchTo(row.row);
		nm_places_rows(&places, &reader, &path, &row,
					   (ReturnSetInfo *) fcinfo->resultinfo);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
