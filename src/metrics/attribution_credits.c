/*
 * attribution_credits.c
 *		The credit of each touch of a path, as rows.
 *
 * See doc/attribution.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "attribution.h"
#include "nm_guards.h"
#include "nm_money.h"

/*
 * credit_row returns a touch of a path by its place, or no touch, with its share of
 * the conversion and of the revenue.
 */
static void
credit_row(const NmJourneyReader *reader, const NmPath *path, uint32 place,
		   uint64 share, int128 credit, NmRowContext *row,
		   ReturnSetInfo *rsinfo)
{
	Datum values[10];
	bool nulls[10] = {false};

	CHECK_FOR_INTERRUPTS();
	values[0] =
		CStringGetTextDatum(nm_state_key_text(reader->state, path->key));
	values[1] = TimestampTzGetDatum(path->at);
	values[2] = Int32GetDatum(path->number);
	values[3] = nm_money_out(path->revenue);
	if (place < path->ntouches)
	{
		values[4] = TimestampTzGetDatum(path->touches[place].at);
		values[5] = nm_journey_channel(reader, path->touches[place].channel);
		values[6] = Int32GetDatum((int32) place + 1);
	}
	else
		nulls[4] = nulls[5] = nulls[6] = true;
	values[7] = Int32GetDatum((int32) path->ntouches);
	values[8] = nm_conversions_out(share);
	values[9] = nm_money_out(credit);
	nm_row_put(row, rsinfo, values, nulls);
}

void
nm_places_rows(const NmPlaces *places, const NmJourneyReader *reader,
			   const NmPath *path, NmRowContext *row, ReturnSetInfo *rsinfo)
{
	for (uint32 i = 0; i < path->ntouches; i++)
		credit_row(reader, path, i, places->shares[i], places->credits[i], row,
				   rsinfo);
	if (path->ntouches == 0)
		credit_row(reader, path, 0, NM_CONVERSION, path->revenue, row, rsinfo);
}

void
nm_places_begin(NmPlaces *places, const NmPath *path)
{
	if (places->capacity < path->ntouches)
	{
		places->capacity = Max(64, (Size) path->ntouches * 2);
		places->shares =
			palloc_extended(mul_size(places->capacity, sizeof(uint64)),
							MCXT_ALLOC_HUGE);
		places->credits =
			palloc_extended(mul_size(places->capacity, sizeof(int128)),
							MCXT_ALLOC_HUGE);
	}
	if (path->ntouches == 0)
		return;
	memset(places->shares, 0, path->ntouches * sizeof(uint64));
	memset(places->credits, 0, path->ntouches * sizeof(int128));
}

void
nm_places_divide(NmPlaces *places, const NmJourneyReader *reader,
				 const NmPath *path, NmPart *parts, int n, uint64 sum)
{
	uint64 unit = (uint64) reader->rules.unit;
	uint64 revenue = (uint64) path->revenue;
	uint32 next = nm_apportion(parts, n, sum, revenue, unit);

	for (int p = 0; p < n; p++)
		for (uint32 i = 0; i < parts[p].count; i++)
			places->credits[parts[p].start + i] =
				(int128) (parts[p].each + (i < parts[p].extra)) * unit;
	places->credits[next] += revenue % unit;
	nm_apportion(parts, n, sum, NM_CONVERSION, 1);
	for (int p = 0; p < n; p++)
		for (uint32 i = 0; i < parts[p].count; i++)
			places->shares[parts[p].start + i] =
				parts[p].each + (i < parts[p].extra);
}

/* participate gives all to the first touch of each channel of a path. */
static void
participate(NmPlaces *places, NmJourneyReader *reader, const NmPath *path)
{
	nm_stamp_begin(reader);
	for (uint32 i = 0; i < path->ntouches; i++)
		if (nm_stamp(reader, path->touches[i].channel))
		{
			places->shares[i] = NM_CONVERSION;
			places->credits[i] = path->revenue;
		}
}

/* attribution_credits(state, model, paths..., half_life, weights, ties) */
PG_FUNCTION_INFO_V1(nm_attribution_credits);
Datum
nm_attribution_credits(PG_FUNCTION_ARGS)
{
	NmJourneyReader reader;
	NmModelRules rules;
	NmModel model;
	NmShares shares = {0};
	NmPlaces places = {0};
	NmPath path;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	model = nm_model_arg(fcinfo, 1);
	nm_journey_begin(&reader, fcinfo, 2, false);
	nm_model_rules(fcinfo, 2 + NM_PATH_ARGS, model, &rules);
	nm_row_begin(&row);
	for (;;)
	{
		/* what the next paths need outlives the rows of this one */
		MemoryContextSwitchTo(row.outer);
		if (!nm_journey_next(&reader, &path))
			break;
		nm_places_begin(&places, &path);
		if (model == NM_PARTICIPATION)
			participate(&places, &reader, &path);
		else if (path.ntouches > 0)
		{
			nm_model_shares(&rules, model, &reader, &path, &shares);
			nm_places_divide(&places, &reader, &path, shares.parts, shares.n,
							 shares.sum);
		}
		MemoryContextSwitchTo(row.row);
		nm_places_rows(&places, &reader, &path, &row,
					   (ReturnSetInfo *) fcinfo->resultinfo);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
