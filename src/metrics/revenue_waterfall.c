/*
 * revenue_waterfall.c
 *		The MRR waterfall, its movements and its comparison of two instants.
 *
 * opening + new + reactivation + expansion + contraction + churn + fx =
 * closing.  See doc/revenue.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "revenue.h"

/* waterfall_start reads state, options and calendar; false if no rows. */
static bool
waterfall_start(FunctionCallInfo fcinfo, const NmState **state,
				NmWaterfallOptions *options)
{
	int64 first;
	int64 last;

	if (PG_ARGISNULL(0))
		return false;
	*state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	nm_waterfall_options(fcinfo, *state, options);
	nm_mrr_range(*state, &first, &last);
	return nm_waterfall_calendar(options, *state, first, last);
}

PG_FUNCTION_INFO_V1(nm_mrr_waterfall);
Datum
nm_mrr_waterfall(PG_FUNCTION_ARGS)
{
	const NmState *state;
	NmWaterfallOptions options;
	NmPeriodTotals *totals;
	NmMrrReader reader = {0};
	uint32 start;
	uint32 end;
	int nperiods;

	InitMaterializedSRF(fcinfo, 0);
	if (!waterfall_start(fcinfo, &state, &options))
		PG_RETURN_NULL();
	nperiods = options.timeline.cal->nperiods;
	totals = nm_totals_make(nperiods);
	reader.state = state;
	while (nm_mrr_next(&reader, &start, &end))
	{
		CHECK_FOR_INTERRUPTS();
		nm_mrr_walk(state, start, end, &options.timeline);
		for (int i = 0; i < options.timeline.nmoves; i++)
			nm_totals_add(totals, nperiods, &options.timeline.moves[i]);
	}
	nm_waterfall_emit(fcinfo, &options, totals);
	PG_RETURN_NULL();
}

/* movement_instant returns the instant at which a movement was counted. */
static TimestampTz
movement_instant(const NmState *state, const NmWaterfallOptions *options,
				 const NmMovement *move)
{
	const NmCalendar *cal = options->timeline.cal;
	int64 at = move->at;

	if (options->timeline.count_at == NM_COUNT_OPENING)
		at = cal->bounds[move->period];
	else if (options->timeline.count_at == NM_COUNT_CLOSING)
		at = Min(cal->bounds[move->period + 1], options->timeline.limit);
	return nm_state_instant(state, at);
}

PG_FUNCTION_INFO_V1(nm_mrr_movements);
Datum
nm_mrr_movements(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmWaterfallOptions options;
	NmTimeline *tl = &options.timeline;
	NmMrrReader reader = {0};
	uint32 start;
	uint32 end;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (!waterfall_start(fcinfo, &state, &options))
		PG_RETURN_NULL();
	reader.state = state;
	nm_row_begin(&row);
	while (nm_mrr_next(&reader, &start, &end))
	{
		CHECK_FOR_INTERRUPTS();
		nm_mrr_walk(state, start, end, tl);
		for (int i = 0; i < tl->nmoves; i++)
		{
			const NmMovement *move = &tl->moves[i];
			Datum values[7];
			bool nulls[7] = {false};

			if (move->period < 0 || move->period >= tl->cal->nperiods ||
				!nm_waterfall_wanted(&options, move->period))
				continue;
			values[0] = DateADTGetDatum(tl->cal->starts[move->period]);
			values[1] =
				CStringGetTextDatum(nm_state_key_text(state, reader.key));
			values[2] = CStringGetTextDatum(nm_movement_names[move->kind]);
			values[3] = nm_money_out(move->before);
			values[4] = nm_money_out(move->after);
			values[5] = nm_money_out((int128) move->after - move->before);
			values[6] =
				TimestampTzGetDatum(movement_instant(state, &options, move));
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* summary_totals adds up what lies before the window and what lies in it. */
static void
summary_totals(const NmState *state, NmTimeline *tl, NmPeriodTotals *before,
			   NmPeriodTotals *within)
{
	NmMrrReader reader = {.state = state};
	int first = tl->count_at == NM_COUNT_OPENING ? 1 : 0;
	uint32 start;
	uint32 end;

	memset(before, 0, sizeof(NmPeriodTotals));
	memset(within, 0, sizeof(NmPeriodTotals));
	while (nm_mrr_next(&reader, &start, &end))
	{
		CHECK_FOR_INTERRUPTS();
		nm_mrr_walk(state, start, end, tl);
		for (int i = 0; i < tl->nmoves; i++)
		{
			const NmMovement *move = &tl->moves[i];
			NmPeriodTotals *totals = move->period < first ? before : within;

			if (move->period > first)
				break;
			totals->amount[move->kind] += (int128) move->after - move->before;
			totals->customers[move->kind]++;
		}
	}
}

PG_FUNCTION_INFO_V1(nm_mrr_summary);
Datum
nm_mrr_summary(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmTimeline tl;
	DateADT start_day;
	DateADT end_day;
	pg_tz *zone;
	bool has_start;
	bool has_end;
	NmPeriodTotals before;
	NmPeriodTotals within;
	NmRunningTotals running = {0, 0};
	Datum values[NM_WATERFALL_COLUMNS];
	bool nulls[NM_WATERFALL_COLUMNS] = {false};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	start_day = nm_date_arg(fcinfo, 1, "start_day", &has_start);
	end_day = nm_date_arg(fcinfo, 2, "end_day", &has_end);
	if (!has_start || !has_end)
		PG_RETURN_NULL();
	nm_check_window(start_day, end_day);
	zone = nm_state_zone(state, nm_text_arg(fcinfo, 3, "UTC"));
	nm_timeline_options(fcinfo, state, 4, 5, &tl);
	tl.cal = nm_calendar_custom(&start_day, 1, end_day, zone,
								nm_state_instants(state));
	summary_totals(state, &tl, &before, &within);
	nm_totals_row(&before, &running, values);
	nm_totals_row(&within, &running, values);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}

/* sum_kinds adds up all movements, or those of one kind. */
static int128
sum_kinds(const NmPeriodTotals *totals, int kind)
{
	int128 sum = 0;

	for (int k = 0; k < NM_MOVE_KINDS; k++)
		if (kind < 0 || kind == k)
			sum += totals->amount[k];
	return sum;
}

/*
 * window_before returns where the window of the same length before one starts:
 * as many months earlier if it is of whole months, else as many days.
 */
static DateADT
window_before(DateADT start_day, DateADT end_day)
{
	int start[3];
	int end[3];
	Interval length = {0};
	Datum then;

	j2date(start_day + POSTGRES_EPOCH_JDATE, &start[0], &start[1], &start[2]);
	j2date(end_day + POSTGRES_EPOCH_JDATE, &end[0], &end[1], &end[2]);
	if (start[2] == end[2])
		length.month = (end[0] - start[0]) * 12 + end[1] - start[1];
	else
		length.day = end_day - start_day;
	then = DirectFunctionCall2(date_mi_interval, DateADTGetDatum(start_day),
							   IntervalPGetDatum(&length));
	return DatumGetDateADT(DirectFunctionCall1(timestamp_date, then));
}

/* component_arg returns the kind of a component, -1 for their sum. */
static int
component_arg(const char *component, bool *total)
{
	*total = pg_strcasecmp(component, "total") == 0;
	if (*total || pg_strcasecmp(component, "net_new") == 0)
		return -1;
	for (int k = 0; k < NM_MOVE_KINDS; k++)
		if (pg_strcasecmp(component, nm_movement_names[k]) == 0)
			return k;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown component \"%s\"", nm_clip(component)),
			 errdetail("A component is a part of the change of MRR."),
			 errhint("Use total, new, reactivation, expansion, contraction, churn or net_new.")));
}

PG_FUNCTION_INFO_V1(nm_mrr_growth_rate);
Datum
nm_mrr_growth_rate(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	NmTimeline tl;
	DateADT days[2];
	bool is_set;
	bool total;
	int kind;
	pg_tz *zone;
	NmPeriodTotals before;
	NmPeriodTotals within;
	int128 earlier;
	int128 later;
	Datum result;

	days[0] = nm_date_arg(fcinfo, 1, "start_day", &is_set);
	days[1] = nm_date_arg(fcinfo, 2, "end_day", &is_set);
	nm_check_window(days[0], days[1]);
	zone = nm_state_zone(state, nm_text_arg(fcinfo, 3, "UTC"));
	kind = component_arg(nm_text_arg(fcinfo, 4, "total"), &total);

	memset(&tl, 0, sizeof(tl));
	tl.context = CurrentMemoryContext;
	tl.count_at = NM_COUNT_CLOSING;
	tl.limit = NM_OPEN;
	tl.cal = nm_calendar_custom(&days[0], 1, days[1], zone,
								nm_state_instants(state));
	summary_totals(state, &tl, &before, &within);
	later = sum_kinds(&within, kind);
	earlier = sum_kinds(&before, kind);
	if (!total)
	{
		DateADT start = window_before(days[0], days[1]);

		tl.cal = nm_calendar_custom(&start, 1, days[0], zone,
									nm_state_instants(state));
		summary_totals(state, &tl, &before, &within);
		earlier = sum_kinds(&within, kind);
		later -= earlier;
	}
	if (!nm_ratio_out(later, earlier < 0 ? -earlier : earlier, &result))
		PG_RETURN_NULL();
	return result;
}

PG_FUNCTION_INFO_V1(nm_mrr_modes);
Datum
nm_mrr_modes(PG_FUNCTION_ARGS)
{
	static const char *const count_at[] = {"closing", "event", "opening"};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < nm_nmodes; i++)
	{
		Interval window = {.time = nm_modes[i].event_window};
		Datum values[5];
		bool nulls[5] = {false};

		values[0] = CStringGetTextDatum(nm_modes[i].name);
		values[1] = CStringGetTextDatum(count_at[nm_modes[i].count_at]);
		values[2] =
			CStringGetTextDatum(nm_modes[i].free_is_active ? "contraction"
														   : "churn");
		values[3] = IntervalPGetDatum(&window);
		values[4] = CStringGetTextDatum(nm_modes[i].description);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}
