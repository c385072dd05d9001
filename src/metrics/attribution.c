/*
 * attribution.c
 *		Attribution: the credit of each channel, and of each touch.
 *
 * See doc/attribution.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "attribution.h"
#include "nm_money.h"
#include "nm_numeric.h"

/* Credit: what a channel has under one model, or what it assists. */
typedef struct Credit
{
	int128 revenue;    /* micro-units */
	int64 conversions; /* units of 1e-9; of assists their number */
} Credit;

/* Ledger: credits of all channels under some models. */
typedef struct Ledger
{
	NmJourneyReader reader;
	NmModelRules rules;
	NmShares shares;
	int nmodels;
	NmModel model[NM_WIDE_MODELS];
	Credit *credits; /* nmodels of each channel */
	Credit *assists; /* by channel: where it stands before the last touch */
	bool *present;   /* by channel: whether it stands on any path */
	Size capacity;   /* channels */
	Credit none;     /* of conversions without a touch */
	int128 revenue;  /* of all conversions */
} Ledger;

/* room_for_channels makes room for the channels that a path has brought. */
static void
room_for_channels(Ledger *ledger)
{
	Size before = ledger->capacity;
	Size n = ledger->reader.nchannels;
	Size size = sizeof(Credit) * ledger->nmodels;

	if (n <= before)
		return;
	while (ledger->capacity < n)
		ledger->capacity *= 2;
	ledger->credits =
		repalloc_huge(ledger->credits, mul_size(ledger->capacity, size));
	ledger->assists = repalloc_huge(ledger->assists,
									mul_size(ledger->capacity, sizeof(Credit)));
	memset((char *) ledger->credits + before * size, 0,
		   (ledger->capacity - before) * size);
	memset(ledger->assists + before, 0,
		   (ledger->capacity - before) * sizeof(Credit));
	ledger->present = repalloc_huge(ledger->present, ledger->capacity);
	memset(ledger->present + before, 0, ledger->capacity - before);
}

static void
ledger_begin(Ledger *ledger)
{
	ledger->capacity = 16;
	ledger->credits = palloc0_array(Credit, ledger->capacity * ledger->nmodels);
	ledger->assists = palloc0_array(Credit, ledger->capacity);
	ledger->present = palloc0_array(bool, ledger->capacity);
}

/* add_assists counts a path for the channels before its last touch. */
static inline void
add_assists(Ledger *ledger, const NmPath *path)
{
	ledger->present[path->touches[path->ntouches - 1].channel] = true;
	if (path->ntouches < 2)
		return;
	nm_stamp_begin(&ledger->reader);
	for (uint32 i = 0; i < path->ntouches - 1; i++)
	{
		uint32 channel = path->touches[i].channel;

		if (!nm_stamp(&ledger->reader, channel))
			continue;
		ledger->present[channel] = true;
		ledger->assists[channel].conversions++;
		ledger->assists[channel].revenue += path->revenue;
	}
}

/* add_participation gives all to each channel of a path. */
static void
add_participation(Ledger *ledger, const NmPath *path, int m)
{
	nm_stamp_begin(&ledger->reader);
	for (uint32 i = 0; i < path->ntouches; i++)
	{
		uint32 channel = path->touches[i].channel;
		Credit *credit = &ledger->credits[channel * ledger->nmodels + m];

		if (!nm_stamp(&ledger->reader, channel))
			continue;
		credit->conversions += NM_CONVERSION;
		credit->revenue += path->revenue;
	}
}

/* add_credits shares out a path under model m. */
static inline void
add_credits(Ledger *ledger, const NmPath *path, int m)
{
	NmShares *shares = &ledger->shares;
	uint64 unit = (uint64) ledger->reader.rules.unit;
	uint64 revenue = (uint64) path->revenue;
	uint32 next;

	nm_model_shares(&ledger->rules, ledger->model[m], &ledger->reader, path,
					shares);
	next = nm_apportion(shares->parts, shares->n, shares->sum, revenue, unit);
	for (int p = 0; p < shares->n; p++)
	{
		const NmPart *part = &shares->parts[p];

		for (uint32 i = 0; i < part->count; i++)
		{
			uint32 channel = path->touches[part->start + i].channel;
			uint64 units = part->each + (i < part->extra);

			ledger->credits[channel * ledger->nmodels + m].revenue +=
				units * unit;
		}
	}
	ledger->credits[path->touches[next].channel * ledger->nmodels + m].revenue +=
		revenue % unit;
	nm_apportion(shares->parts, shares->n, shares->sum, NM_CONVERSION, 1);
	for (int p = 0; p < shares->n; p++)
	{
		const NmPart *part = &shares->parts[p];

		for (uint32 i = 0; i < part->count; i++)
		{
			uint32 channel = path->touches[part->start + i].channel;

			ledger->credits[channel * ledger->nmodels + m].conversions +=
				part->each + (i < part->extra);
		}
	}
}

/* ledger_fill shares out all paths under all models of the ledger. */
static void
ledger_fill(Ledger *ledger)
{
	NmPath path;

	while (nm_journey_next(&ledger->reader, &path))
	{
		ledger->revenue += path.revenue;
		if (path.ntouches == 0)
		{
			ledger->none.conversions += NM_CONVERSION;
			ledger->none.revenue += path.revenue;
			continue;
		}
		room_for_channels(ledger);
		add_assists(ledger, &path);
		for (int m = 0; m < ledger->nmodels; m++)
		{
			if (ledger->model[m] == NM_PARTICIPATION)
				add_participation(ledger, &path, m);
			else
				add_credits(ledger, &path, m);
		}
	}
}

/* Results */

Datum
nm_conversions_out(int128 units)
{
	Datum whole = nm_num_int((int64) (units / (int64) NM_CONVERSION));
	Datum part =
		NumericGetDatum(int64_div_fast_to_numeric((int64) (units %
														   (int64)
															   NM_CONVERSION),
												  NM_CONVERSION_DECIMALS));

	return nm_num_trim(nm_num_add(whole, part), 2);
}

static int
compare_credits(const void *a, const void *b, void *arg)
{
	const Ledger *ledger = arg;
	uint32 x = *(const uint32 *) a;
	uint32 y = *(const uint32 *) b;
	const Credit *x_credit = &ledger->credits[x * ledger->nmodels];
	const Credit *y_credit = &ledger->credits[y * ledger->nmodels];
	uint32 x_name = ledger->reader.channel_string[x];
	uint32 y_name = ledger->reader.channel_string[y];

	if (x_credit->revenue != y_credit->revenue)
		return x_credit->revenue > y_credit->revenue ? -1 : 1;
	if (x_credit->conversions != y_credit->conversions)
		return x_credit->conversions > y_credit->conversions ? -1 : 1;
	return x_name < y_name ? -1 : x_name > y_name;
}

/*
 * ledger_order lists the channels of the result: those with most revenue under
 * the first model first, then those with most conversions, equals in order of
 * their names, NM_NO_CHANNEL last.
 */
static uint32 *
ledger_order(Ledger *ledger, uint32 *n)
{
	uint32 *order = palloc_array(uint32, ledger->reader.nchannels + 1);

	*n = 0;
	room_for_channels(ledger);
	for (uint32 i = 0; i < ledger->reader.nchannels; i++)
		if (ledger->present[i])
			order[(*n)++] = i;
	qsort_arg(order, *n, sizeof(uint32), compare_credits, ledger);
	if (ledger->none.conversions > 0)
		order[(*n)++] = NM_NO_CHANNEL;
	return order;
}

/* credit_of is what a channel, or none, has under model m. */
static const Credit *
credit_of(const Ledger *ledger, uint32 channel, int m)
{
	if (channel == NM_NO_CHANNEL)
		return &ledger->none;
	return &ledger->credits[channel * ledger->nmodels + m];
}

/* ledger_rows returns a row for each channel, with the columns of each model. */
static void
ledger_rows(Ledger *ledger, ReturnSetInfo *rsinfo, bool wide)
{
	uint32 n;
	uint32 *order = ledger_order(ledger, &n);
	NmRowContext row;

	nm_row_begin(&row);
	for (uint32 i = 0; i < n; i++)
	{
		uint32 channel = order[i];
		Datum values[1 + 2 * NM_WIDE_MODELS + 2];
		bool nulls[1 + 2 * NM_WIDE_MODELS + 2] = {false};
		Credit assists = {0};
		int column = 1;

		CHECK_FOR_INTERRUPTS();
		nulls[0] = channel == NM_NO_CHANNEL;
		if (!nulls[0])
		{
			values[0] = nm_journey_channel(&ledger->reader, channel);
			assists = ledger->assists[channel];
		}
		for (int m = 0; m < ledger->nmodels; m++)
		{
			const Credit *credit = credit_of(ledger, channel, m);

			values[column++] = nm_conversions_out(credit->conversions);
			values[column++] = nm_money_out(credit->revenue);
			if (wide)
				continue;
			nulls[column] = !nm_ratio_out(credit->revenue, ledger->revenue,
										  &values[column]);
			column++;
		}
		values[column++] = Int64GetDatum(assists.conversions);
		values[column++] = nm_money_out(assists.revenue);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
}

/* attribution(state, model, paths..., half_life, weights, ties) */
PG_FUNCTION_INFO_V1(nm_attribution);
Datum
nm_attribution(PG_FUNCTION_ARGS)
{
	Ledger ledger = {.nmodels = 1};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger.model[0] = nm_model_arg(fcinfo, 1);
	nm_journey_begin(&ledger.reader, fcinfo, 2, false);
	nm_model_rules(fcinfo, 2 + NM_PATH_ARGS, ledger.model[0], &ledger.rules);
	ledger_begin(&ledger);
	ledger_fill(&ledger);
	ledger_rows(&ledger, (ReturnSetInfo *) fcinfo->resultinfo, false);
	PG_RETURN_NULL();
}

/* attribution_models(state, paths..., half_life, weights, ties) */
PG_FUNCTION_INFO_V1(nm_attribution_models);
Datum
nm_attribution_models(PG_FUNCTION_ARGS)
{
	Ledger ledger = {.nmodels = NM_WIDE_MODELS};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	for (int m = 0; m < NM_WIDE_MODELS; m++)
		ledger.model[m] = m;
	nm_journey_begin(&ledger.reader, fcinfo, 1, false);
	nm_model_rules(fcinfo, 1 + NM_PATH_ARGS, NM_BLENDED, &ledger.rules);
	ledger_begin(&ledger);
	ledger_fill(&ledger);
	ledger_rows(&ledger, (ReturnSetInfo *) fcinfo->resultinfo, true);
	PG_RETURN_NULL();
}
