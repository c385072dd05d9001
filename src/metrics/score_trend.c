/*
 * score_trend.c
 *		Where a score is going: trend, baseline, history and summary.
 *
 * See doc/score.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "score.h"

#define DAYS(n) (INT64CONST(n) * USECS_PER_DAY)
#define TREND_SPAN DAYS(90)
#define BASELINE_SPAN DAYS(30)
#define YEAR_SPAN DAYS(365)
#define DEFAULT_ALPHA 0.05

/* Trend */

/*
 * nm_score_trend fits a line to the readings of a window.  Points count from
 * the first reading, so that scores which are all equal give a slope of
 * exactly 0 and not one that rounding made.
 */
void
nm_score_trend(const NmScoreView *view, int64 span, NmScoreTrend *trend)
{
	uint32 i = nm_score_upto(view, nm_score_start(view->as_of, span));
	Size size = mul_size(view->n - i, sizeof(double));
	double *x;
	double *y;
	int64 first_score = 0;
	NmReading reading;

	memset(trend, 0, sizeof(NmScoreTrend));
	if (i == view->n)
		return;
	x = MemoryContextAllocHuge(CurrentMemoryContext, size);
	y = MemoryContextAllocHuge(CurrentMemoryContext, size);
	while (nm_next_reading(view->rows, &i, view->n, &reading))
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (trend->readings == 0)
		{
			trend->first_at = reading.at;
			first_score = reading.score;
		}
		trend->last_at = reading.at;
		x[trend->readings] =
			nm_score_days(nm_elapsed(trend->first_at, reading.at));
		y[trend->readings++] = nm_points_out(reading.score - first_score);
	}
	trend->has_line = nm_fit_line(x, y, trend->readings, &trend->line);
	trend->first_score = nm_points_out(first_score);
	pfree(x);
	pfree(y);
}

const char *
nm_trend_direction(const NmScoreTrend *trend, double alpha)
{
	return trend->has_line ? nm_line_direction(&trend->line, alpha) : NULL;
}

/* number_column sets a column to a number, NULL if it is none. */
static void
number_column(double number, Datum *value, bool *isnull)
{
	*isnull = isnan(number);
	*value = Float8GetDatum(number);
}

/* score_trend(state, within, as_of, alpha) */
PG_FUNCTION_INFO_V1(nm_score_trend_sql);
Datum
nm_score_trend_sql(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmScoreTrend trend;
	const char *direction;
	double alpha;
	double start;
	double end;
	int64 within;
	Datum values[13];
	bool nulls[13] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	within = nm_score_within(fcinfo, 1, "within", NM_SCORE_NO_SPAN);
	nm_require_arg(fcinfo, 3, "alpha");
	alpha = PG_GETARG_FLOAT8(3);
	nm_check_open_share(alpha, "alpha");
	if (!nm_score_view(fcinfo, 2, &view))
		PG_RETURN_NULL();
	nm_score_trend(&view, within, &trend);
	memset(nulls + 1, true, 12);
	values[0] = Int64GetDatum(trend.readings);
	nulls[1] = nulls[2] = trend.readings == 0;
	values[1] = TimestampTzGetDatum(trend.first_at);
	values[2] = TimestampTzGetDatum(trend.last_at);
	if (trend.has_line)
	{
		start = trend.line.intercept;
		end = start +
			  trend.line.slope *
				  nm_score_days(nm_elapsed(trend.first_at, trend.last_at));
		number_column(trend.line.slope, &values[3], &nulls[3]);
		number_column(trend.line.slope * 30, &values[4], &nulls[4]);
		number_column(trend.first_score + start, &values[5], &nulls[5]);
		number_column(trend.first_score + end, &values[6], &nulls[6]);
		number_column(end - start, &values[7], &nulls[7]);
		number_column(trend.line.r_squared, &values[8], &nulls[8]);
		number_column(trend.line.standard_error, &values[9], &nulls[9]);
		number_column(trend.line.p_value, &values[10], &nulls[10]);
	}
	direction = nm_trend_direction(&trend, alpha);
	if (direction != NULL)
	{
		nulls[11] = nulls[12] = false;
		values[11] = BoolGetDatum(trend.line.p_value < alpha);
		values[12] = CStringGetTextDatum(direction);
	}
	return nm_one_row(fcinfo, values, nulls);
}

/* Baseline */

void
nm_score_baseline(const NmScoreView *view, int64 span, NmBaseline *baseline)
{
	int128 sum = 0;
	uint32 i = 0;
	NmReading reading;

	memset(baseline, 0, sizeof(NmBaseline));
	baseline->since = view->rows[0].at;
	baseline->has_until =
		!pg_add_s64_overflow(baseline->since, span, &baseline->until) &&
		IS_VALID_TIMESTAMP(baseline->until);
	baseline->complete = baseline->has_until && baseline->until <= view->as_of;
	while (nm_next_reading(view->rows, &i, view->n, &reading) &&
		   nm_elapsed(baseline->since, reading.at) < span)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		sum += reading.score;
		baseline->readings++;
	}
	baseline->score = nm_score_mean(sum, baseline->readings);
}

/* score_baseline(state, within, as_of) */
PG_FUNCTION_INFO_V1(nm_score_baseline_sql);
Datum
nm_score_baseline_sql(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmBaseline baseline;
	NmReading latest;
	Datum values[7];
	bool nulls[7] = {false};
	int64 within;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nm_require_arg(fcinfo, 1, "within");
	within = nm_score_within(fcinfo, 1, "within", 0);
	if (!nm_score_view(fcinfo, 2, &view) ||
		!nm_reading_at(&view, view.as_of, &latest))
		PG_RETURN_NULL();
	nm_score_baseline(&view, within, &baseline);
	values[0] = Float8GetDatum(nm_points_out(baseline.score));
	values[1] = Int64GetDatum(baseline.readings);
	values[2] = TimestampTzGetDatum(baseline.since);
	nulls[3] = !baseline.has_until;
	values[3] = TimestampTzGetDatum(baseline.until);
	values[4] = BoolGetDatum(baseline.complete);
	values[5] = Float8GetDatum(nm_points_out(latest.score));
	values[6] = Float8GetDatum(nm_points_out(latest.score - baseline.score));
	return nm_one_row(fcinfo, values, nulls);
}

/* History */

/* arguments of score_history */
enum
{
	HISTORY_START_DAY = 1,
	HISTORY_END_DAY,
	HISTORY_GRAIN,
	HISTORY_ZONE,
	HISTORY_AS_OF,
	HISTORY_WEEK_START,
	HISTORY_FISCAL_YEAR_START
};

/* HistoryPeriod: the readings of a period. */
typedef struct HistoryPeriod
{
	int64 readings;
	int64 lowest;
	int64 highest;
	int128 sum;
} HistoryPeriod;

/*
 * history_calendar makes the periods: from that of start_day, or of the first
 * reading, to that of end_day, or of as_of.  NULL if there is none.
 */
static const NmCalendar *
history_calendar(FunctionCallInfo fcinfo, const NmScoreView *view,
				 NmGrain *grain)
{
	bool has_start;
	bool has_end;
	DateADT start =
		nm_date_arg(fcinfo, HISTORY_START_DAY, "start_day", &has_start);
	DateADT end = nm_date_arg(fcinfo, HISTORY_END_DAY, "end_day", &has_end);
	pg_tz *zone = nm_zone_parse(nm_text_arg(fcinfo, HISTORY_ZONE, "UTC"));
	int64 first;
	int64 last;

	*grain = nm_grain_parse(nm_text_arg(fcinfo, HISTORY_GRAIN, "month"),
							nm_text_arg(fcinfo, HISTORY_WEEK_START, NULL),
							PG_ARGISNULL(HISTORY_FISCAL_YEAR_START)
								? 1
								: PG_GETARG_INT32(HISTORY_FISCAL_YEAR_START));
	if (has_start && has_end)
		nm_check_window(start, end);
	if (view->n == 0 && !(has_start && has_end))
		return NULL;
	first = has_start ? nm_day_to_instant(start, zone) : view->rows[0].at;
	last = has_end ? nm_day_to_instant(end, zone) - 1 : view->as_of;
	if (first > last)
		return NULL;
	return nm_calendar_make(grain, zone, true, first, last);
}

/* history_add enters the readings before an instant, from record *i on. */
static void
history_add(const NmScoreView *view, uint32 *i, int64 end,
			HistoryPeriod *period, NmReading *latest)
{
	memset(period, 0, sizeof(HistoryPeriod));
	while (*i < view->n && view->rows[*i].at < end)
	{
		if ((*i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		nm_next_reading(view->rows, i, view->n, latest);
		if (period->readings++ == 0)
			period->lowest = period->highest = latest->score;
		period->lowest = Min(period->lowest, latest->score);
		period->highest = Max(period->highest, latest->score);
		period->sum += latest->score;
	}
}

/*
 * history_columns sets the columns from opening to readings; opening->n is 0
 * before the first reading, and unknown means that the period has not begun.
 */
static void
history_columns(const HistoryPeriod *period, const NmReading *opening,
				const NmReading *closing, bool unknown, Datum *values,
				bool *nulls)
{
	nulls[0] = unknown || opening->n == 0;
	values[0] = Float8GetDatum(nm_points_out(opening->score));
	nulls[1] = unknown || closing->n == 0;
	values[1] = Float8GetDatum(nm_points_out(closing->score));
	nulls[2] = nulls[3] = nulls[4] = period->readings == 0;
	if (period->readings > 0)
		values[2] =
			Float8GetDatum(nm_points_out(nm_score_mean(period->sum,
													   period->readings)));
	values[3] = Float8GetDatum(nm_points_out(period->lowest));
	values[4] = Float8GetDatum(nm_points_out(period->highest));
	values[5] = Int64GetDatum(period->readings);
}

PG_FUNCTION_INFO_V1(nm_score_history);
Datum
nm_score_history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NmScoreView view;
	NmGrain grain;
	const NmCalendar *cal;
	NmReading latest = {0};
	NmReading opening;
	HistoryPeriod period;
	NmRowContext row;
	uint32 i = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	(void) nm_score_view(fcinfo, HISTORY_AS_OF, &view);
	cal = history_calendar(fcinfo, &view, &grain);
	if (cal == NULL)
		PG_RETURN_NULL();
	history_add(&view, &i, cal->bounds[0], &period, &latest);
	nm_row_begin(&row);
	for (int p = 0; p < cal->nperiods; p++)
	{
		Datum values[9];
		bool nulls[9] = {false};

		CHECK_FOR_INTERRUPTS();
		opening = latest;
		history_add(&view, &i, cal->bounds[p + 1], &period, &latest);
		values[0] = DateADTGetDatum(cal->starts[p]);
		values[1] = DateADTGetDatum(nm_period_next(&grain, cal->starts[p]));
		history_columns(&period, &opening, &latest, cal->bounds[p] > view.as_of,
						&values[2], &nulls[2]);
		nulls[8] = !view.has_as_of;
		values[8] = BoolGetDatum(cal->bounds[p + 1] <= view.as_of);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Summary */

/*
 * change_column sets a column to the change since so long before as_of.  Where
 * no reading came since then nothing is known of it.
 */
static void
change_column(const NmScoreView *view, int64 span, const NmReading *latest,
			  Datum *value, bool *isnull)
{
	int64 start = nm_score_start(view->as_of, span);
	NmReading before;

	*isnull = latest->at <= start || !nm_reading_at(view, start, &before);
	if (!*isnull)
		*value = Float8GetDatum(nm_points_out(latest->score - before.score));
}

/* drop_column sets a column to the drop within a window. */
static void
drop_column(const NmScoreView *view, int64 span, const NmReading *latest,
			Datum *value, bool *isnull)
{
	NmWindow window;

	*isnull = !nm_score_window(view, span, &window);
	if (!*isnull)
		*value = Float8GetDatum(nm_points_out(window.highest - latest->score));
}

/* year_columns sets largest fall, lowest, highest and mean of a year. */
static void
year_columns(const NmScoreView *view, Datum *values, bool *nulls)
{
	int64 start = nm_score_start(view->as_of, YEAR_SPAN);
	NmWindow window;
	NmFall fall;

	if (!nm_score_window(view, YEAR_SPAN, &window) ||
		!nm_largest_fall(view, nm_score_upto(view, start), NM_SCORE_NO_SPAN,
						 &fall))
	{
		memset(nulls, true, 4);
		return;
	}
	values[0] = Float8GetDatum(nm_points_out(fall.peak - fall.reading.score));
	values[1] = Float8GetDatum(nm_points_out(window.lowest));
	values[2] = Float8GetDatum(nm_points_out(window.highest));
	values[3] = Float8GetDatum(nm_points_out(window.mean));
}

/* score_summary(state, as_of) */
PG_FUNCTION_INFO_V1(nm_score_summary);
Datum
nm_score_summary(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmScoreTrend trend;
	NmBaseline baseline;
	NmReading latest;
	const char *direction;
	Datum values[15];
	bool nulls[15] = {false};

	if (PG_ARGISNULL(0) || !nm_score_view(fcinfo, 1, &view) ||
		!nm_reading_at(&view, view.as_of, &latest))
		PG_RETURN_NULL();
	values[0] = Float8GetDatum(nm_points_out(latest.score));
	values[1] = TimestampTzGetDatum(latest.at);
	change_column(&view, DAYS(30), &latest, &values[2], &nulls[2]);
	change_column(&view, DAYS(90), &latest, &values[3], &nulls[3]);
	drop_column(&view, DAYS(14), &latest, &values[4], &nulls[4]);
	drop_column(&view, DAYS(30), &latest, &values[5], &nulls[5]);
	year_columns(&view, &values[6], &nulls[6]);
	nm_score_trend(&view, TREND_SPAN, &trend);
	nulls[10] = !trend.has_line;
	values[10] = Float8GetDatum(trend.line.slope * 30);
	direction = nm_trend_direction(&trend, DEFAULT_ALPHA);
	nulls[11] = direction == NULL;
	if (direction != NULL)
		values[11] = CStringGetTextDatum(direction);
	nm_score_baseline(&view, BASELINE_SPAN, &baseline);
	values[12] = Float8GetDatum(nm_points_out(baseline.score));
	values[13] = Float8GetDatum(nm_points_out(latest.score - baseline.score));
	values[14] = BoolGetDatum(baseline.complete);
	return nm_one_row(fcinfo, values, nulls);
}
