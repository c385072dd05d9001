/*
 * score_falls.c
 *		Falls of a score, how long it stays above or below a bound, and the
 *		triggers made of both.
 *
 * See doc/score.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_rows.h"
#include "score.h"

/* Peaks */

/*
 * Peak candidates: readings of the current window of which none is lower than
 * a later one, in order of time, so that the first is the peak.
 */
typedef struct Peaks
{
	NmReading *items;
	Size first;
	Size end;
	Size capacity;
} Peaks;

#define FIRST_PEAKS 64

/* peaks_room makes room for one more. */
static void
peaks_room(Peaks *peaks)
{
	if (peaks->first > peaks->capacity / 2)
	{
		peaks->end -= peaks->first;
		memmove(peaks->items, peaks->items + peaks->first,
				peaks->end * sizeof(NmReading));
		peaks->first = 0;
	}
	else
	{
		peaks->capacity *= 2;
		peaks->items = repalloc_huge(peaks->items, mul_size(peaks->capacity,
															sizeof(NmReading)));
	}
}

/* peaks_add enters a reading, behind which lower ones are no candidates. */
static void
peaks_add(Peaks *peaks, const NmReading *reading)
{
	while (peaks->end > peaks->first &&
		   peaks->items[peaks->end - 1].score <= reading->score)
		peaks->end--;
	if (peaks->end == peaks->capacity)
		peaks_room(peaks);
	peaks->items[peaks->end++] = *reading;
}

/* FallWalk: goes from reading to reading. */
typedef struct FallWalk
{
	const NmScoreView *view;
	int64 span;
	uint32 next; /* record */
	Peaks peaks;
} FallWalk;

/* fall_begin begins a walk, which lives in the current context. */
static void
fall_begin(FallWalk *walk, const NmScoreView *view, uint32 first, int64 span)
{
	memset(walk, 0, sizeof(FallWalk));
	walk->view = view;
	walk->span = span;
	walk->next = first;
	walk->peaks.capacity = FIRST_PEAKS;
	walk->peaks.items = palloc_array(NmReading, FIRST_PEAKS);
}

/* fall_next goes to the next reading; false after the last. */
static bool
fall_next(FallWalk *walk, NmFall *fall)
{
	Peaks *peaks = &walk->peaks;
	int64 start;

	if ((walk->next & 0xFFFF) == 0xFFFF)
		CHECK_FOR_INTERRUPTS();
	if (!nm_next_reading(walk->view->rows, &walk->next, walk->view->n,
						 &fall->reading))
		return false;
	peaks_add(peaks, &fall->reading);

	/* the reading itself is in the window, so this ends */
	start = nm_score_start(fall->reading.at, walk->span);
	while (peaks->items[peaks->first].at <= start)
		peaks->first++;
	fall->peak = peaks->items[peaks->first].score;
	fall->peak_at = peaks->items[peaks->first].at;
	return true;
}

static inline int64
fall_depth(const NmFall *fall)
{
	return fall->peak - fall->reading.score;
}

bool
nm_largest_fall(const NmScoreView *view, uint32 first, int64 span,
				NmFall *largest)
{
	FallWalk walk;
	NmFall fall;
	bool found = false;

	fall_begin(&walk, view, first, span);
	while (fall_next(&walk, &fall))
		if (!found || fall_depth(&fall) > fall_depth(largest))
		{
			*largest = fall;
			found = true;
		}
	pfree(walk.peaks.items);
	return found;
}

/* score_drops(state, within, start_at, end_at) */
PG_FUNCTION_INFO_V1(nm_score_drops);
Datum
nm_score_drops(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NmScoreView view = {.has_as_of = false};
	FallWalk walk;
	NmFall fall;
	NmRowContext row;
	int64 within;
	int64 start;
	int64 end;
	bool has_start;
	bool has_end;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nm_require_arg(fcinfo, 1, "within");
	within = nm_score_within(fcinfo, 1, "within", 0);
	start = nm_instant_arg(fcinfo, 2, "start_at", &has_start);
	end = nm_instant_arg(fcinfo, 3, "end_at", &has_end);
	if (has_start && has_end && start >= end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start_at must be before end_at"),
				 errdetail("A window is half-open: it holds start_at, and ends before end_at."),
				 errhint("Leave one of them out for no bound.")));
	if (!nm_score_view_of(nm_log_arg(fcinfo, 0, &nm_score_family), &view))
		PG_RETURN_NULL();
	if (has_end)
		view.n = nm_score_upto(&view, end - 1);

	/* peaks outlive a row, so they come before its context */
	fall_begin(&walk, &view,
			   has_start ? nm_score_upto(&view, nm_score_start(start, within))
						 : 0,
			   within);
	nm_row_begin(&row);
	while (fall_next(&walk, &fall))
	{
		Datum values[5];
		bool nulls[5] = {false};

		if (has_start && fall.reading.at < start)
			continue;
		CHECK_FOR_INTERRUPTS();
		values[0] = TimestampTzGetDatum(fall.reading.at);
		values[1] = Float8GetDatum(nm_points_out(fall.reading.score));
		values[2] = Float8GetDatum(nm_points_out(fall.peak));
		values[3] = TimestampTzGetDatum(fall.peak_at);
		values[4] = Float8GetDatum(nm_points_out(fall_depth(&fall)));
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* score_max_fall(state, within, as_of) */
PG_FUNCTION_INFO_V1(nm_score_max_fall);
Datum
nm_score_max_fall(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmFall fall;
	Datum values[5];
	bool nulls[5] = {false};
	int64 within;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	within = nm_score_within(fcinfo, 1, "within", NM_SCORE_NO_SPAN);
	if (!nm_score_view(fcinfo, 2, &view) ||
		!nm_largest_fall(&view, 0, within, &fall))
		PG_RETURN_NULL();
	values[0] = Float8GetDatum(nm_points_out(fall_depth(&fall)));
	for (int i = 1; i < 5; i++)
		nulls[i] = fall_depth(&fall) == 0;
	values[1] = Float8GetDatum(nm_points_out(fall.peak));
	values[2] = TimestampTzGetDatum(fall.peak_at);
	values[3] = Float8GetDatum(nm_points_out(fall.reading.score));
	values[4] = TimestampTzGetDatum(fall.reading.at);
	return nm_one_row(fcinfo, values, nulls);
}

/* Runs */

typedef enum Side
{
	SIDE_ABOVE,
	SIDE_AT_LEAST,
	SIDE_BELOW,
	SIDE_AT_MOST
} Side;

/* RunRule: which readings are in a run. */
typedef struct RunRule
{
	int64 threshold;
	Side side;
	int64 max_gap;
} RunRule;

/* Run: readings that are all on a side, in order of time. */
typedef struct Run
{
	int64 since;
	int64 until; /* where it ended, or as_of */
	int64 readings;
	bool is_current;
} Run;

static inline int64
run_length(const Run *run)
{
	return nm_elapsed(run->since, run->until);
}

static bool
on_side(const RunRule *rule, int64 score)
{
	switch (rule->side)
	{
		case SIDE_ABOVE:
			return score > rule->threshold;
		case SIDE_AT_LEAST:
			return score >= rule->threshold;
		case SIDE_BELOW:
			return score < rule->threshold;
		case SIDE_AT_MOST:
			return score <= rule->threshold;
	}
	return false;
}

/* run_end settles where a run ends, and whether it is the longest. */
static void
run_end(Run *run, int64 until, Run *longest)
{
	run->until = until;
	if (longest->readings == 0 || run_length(run) > run_length(longest))
		*longest = *run;
	if (!run->is_current)
		run->readings = 0;
}

/*
 * find_runs finds the longest run, the first of equals, and the one that goes
 * on at as_of; without one its readings are 0.
 */
static void
find_runs(const NmScoreView *view, const RunRule *rule, Run *longest,
		  Run *current)
{
	Run run = {0};
	int64 last = 0;
	NmReading reading;
	uint32 i = 0;

	memset(longest, 0, sizeof(Run));
	while (nm_next_reading(view->rows, &i, view->n, &reading))
	{
		bool goes_on = on_side(rule, reading.score);

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (run.readings > 0 && nm_elapsed(last, reading.at) > rule->max_gap)
			run_end(&run, last, longest);
		else if (run.readings > 0 && !goes_on)
			run_end(&run, reading.at, longest);
		if (goes_on && run.readings++ == 0)
			run.since = reading.at;
		last = reading.at;
	}
	if (run.readings > 0)
	{
		run.is_current = nm_elapsed(last, view->as_of) <= rule->max_gap;
		run_end(&run, run.is_current ? view->as_of : last, longest);
	}
	*current = run;
}

/* score_sustained(state, threshold, direction, max_gap, as_of) */
PG_FUNCTION_INFO_V1(nm_score_sustained);
Datum
nm_score_sustained(PG_FUNCTION_ARGS)
{
	static const char *const directions[] = {"above", "at_least", "below",
											 "at_most", NULL};
	NmScoreView view;
	RunRule rule;
	Run longest;
	Run current;
	Datum values[7];
	bool nulls[7] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nm_require_arg(fcinfo, 1, "threshold");
	rule.threshold = nm_points_in(PG_GETARG_FLOAT8(1), "threshold");
	rule.side = nm_choice_arg(fcinfo, 2, "direction", directions);
	rule.max_gap = nm_span_arg(fcinfo, 3, "max_gap", NM_SCORE_NO_SPAN);
	if (!nm_score_view(fcinfo, 4, &view))
		PG_RETURN_NULL();
	find_runs(&view, &rule, &longest, &current);
	nulls[0] = longest.readings == 0;
	values[0] = TimestampTzGetDatum(longest.since);
	nulls[1] = nulls[0] || longest.is_current;
	values[1] = TimestampTzGetDatum(longest.until);
	values[2] = Float8GetDatum(nm_score_days(run_length(&longest)));
	values[3] = Int64GetDatum(longest.readings);
	values[4] = BoolGetDatum(current.is_current);
	nulls[5] = !current.is_current;
	values[5] = TimestampTzGetDatum(current.since);
	values[6] =
		Float8GetDatum(current.is_current ? nm_score_days(run_length(&current))
										  : 0);
	return nm_one_row(fcinfo, values, nulls);
}

/* Triggers */

/* arguments of score_triggers */
enum
{
	TRIGGERS_AS_OF = 1,
	TRIGGERS_CRITICAL_DROP,
	TRIGGERS_CRITICAL_WITHIN,
	TRIGGERS_HIGH_DROP,
	TRIGGERS_HIGH_WITHIN,
	TRIGGERS_MEDIUM_DROP,
	TRIGGERS_MEDIUM_WITHIN,
	TRIGGERS_BELOW,
	TRIGGERS_ABOVE,
	TRIGGERS_ABOVE_FOR,
	TRIGGERS_MAX_GAP
};

/* ScoreTrigger: one row of the result; `known` tells whether fired is. */
typedef struct ScoreTrigger
{
	const char *name;
	const char *severity;
	bool known;
	bool fired;
	int64 since; /* if fired */
} ScoreTrigger;

static void
trigger_row(const ScoreTrigger *trigger, double value, double threshold,
			NmRowContext *row, ReturnSetInfo *rsinfo)
{
	Datum values[6];
	bool nulls[6] = {false};

	values[0] = CStringGetTextDatum(trigger->name);
	values[1] = CStringGetTextDatum(trigger->severity);
	nulls[2] = nulls[3] = !trigger->known;
	values[2] = BoolGetDatum(trigger->fired);
	values[3] = Float8GetDatum(value);
	values[4] = Float8GetDatum(threshold);
	nulls[5] = !trigger->known || !trigger->fired;
	values[5] = TimestampTzGetDatum(trigger->since);
	nm_row_put(row, rsinfo, values, nulls);
}

/* drop_fires tells whether a drop is as large as the rule says. */
static inline bool
drop_fires(int64 drop, int64 threshold, bool strict)
{
	return strict ? drop > threshold : drop >= threshold;
}

/*
 * fired_since finds the first reading of those without a break at which a drop
 * fires, of which the last reading is one.
 */
static int64
fired_since(const NmScoreView *view, int64 within, int64 threshold, bool strict)
{
	FallWalk walk;
	NmFall fall;
	bool fires = false;
	int64 since = view->as_of;

	fall_begin(&walk, view, 0, within);
	while (fall_next(&walk, &fall))
	{
		bool fires_now = drop_fires(fall_depth(&fall), threshold, strict);

		if (fires_now && !fires)
			since = fall.reading.at;
		fires = fires_now;
	}
	pfree(walk.peaks.items);
	return since;
}

/* DropRule: an argument for the threshold, and behind it one for the span. */
typedef struct DropRule
{
	int argno;
	const char *severity;
	const char *threshold_name; /* and name of the trigger */
	const char *within_name;
	bool strict;
} DropRule;

static const DropRule drop_rules[] = {
	{TRIGGERS_CRITICAL_DROP, "critical", "critical_drop", "critical_within",
	 true},
	{TRIGGERS_HIGH_DROP, "high", "high_drop", "high_within", false},
	{TRIGGERS_MEDIUM_DROP, "medium", "medium_drop", "medium_within", false},
};

/* drop_trigger puts a row for a drop, or none if its threshold is NULL. */
static void
drop_trigger(FunctionCallInfo fcinfo, const NmScoreView *view,
			 const DropRule *rule, NmRowContext *row)
{
	ScoreTrigger trigger = {.name = rule->threshold_name,
							.severity = rule->severity};
	NmWindow window;
	NmReading reading;
	int64 threshold;
	int64 within;
	int64 drop = 0;

	if (PG_ARGISNULL(rule->argno))
		return;
	threshold =
		nm_points_in(PG_GETARG_FLOAT8(rule->argno), rule->threshold_name);
	nm_require_arg(fcinfo, rule->argno + 1, rule->within_name);
	within = nm_score_within(fcinfo, rule->argno + 1, rule->within_name, 0);
	trigger.known = nm_score_window(view, within, &window) &&
					nm_reading_at(view, view->as_of, &reading);
	if (trigger.known)
	{
		drop = window.highest - reading.score;
		trigger.fired = drop_fires(drop, threshold, rule->strict);
		if (trigger.fired)
			trigger.since = fired_since(view, within, threshold, rule->strict);
	}
	trigger_row(&trigger, nm_points_out(drop), nm_points_out(threshold), row,
				(ReturnSetInfo *) fcinfo->resultinfo);
}

/* below_trigger puts a row for a score below a bound. */
static void
below_trigger(FunctionCallInfo fcinfo, const NmScoreView *view, int64 max_gap,
			  NmRowContext *row)
{
	ScoreTrigger trigger = {.name = "low_score", .severity = "alert"};
	RunRule rule = {0, SIDE_BELOW, max_gap};
	Run longest;
	Run current;
	NmReading reading;

	if (PG_ARGISNULL(TRIGGERS_BELOW))
		return;
	rule.threshold = nm_points_in(PG_GETARG_FLOAT8(TRIGGERS_BELOW), "below");
	reading.score = 0;
	trigger.known = nm_reading_at(view, view->as_of, &reading) &&
					nm_elapsed(reading.at, view->as_of) <= max_gap;
	if (trigger.known)
	{
		find_runs(view, &rule, &longest, &current);
		trigger.fired = current.is_current;
		trigger.since = current.since;
	}
	trigger_row(&trigger, nm_points_out(reading.score),
				nm_points_out(rule.threshold), row,
				(ReturnSetInfo *) fcinfo->resultinfo);
}

/* above_trigger puts a row for a score that has stayed above a bound. */
static void
above_trigger(FunctionCallInfo fcinfo, const NmScoreView *view, int64 max_gap,
			  NmRowContext *row)
{
	ScoreTrigger trigger = {"sustained_high_score", "celebration", false, false,
							0};
	RunRule rule = {0, SIDE_ABOVE, max_gap};
	Run longest;
	Run current = {0};
	NmReading reading;
	int64 span;

	if (PG_ARGISNULL(TRIGGERS_ABOVE))
		return;
	rule.threshold = nm_points_in(PG_GETARG_FLOAT8(TRIGGERS_ABOVE), "above");
	nm_require_arg(fcinfo, TRIGGERS_ABOVE_FOR, "above_for");
	span = nm_span_arg(fcinfo, TRIGGERS_ABOVE_FOR, "above_for", 0);
	trigger.known = nm_reading_at(view, view->as_of, &reading) &&
					nm_elapsed(reading.at, view->as_of) <= max_gap;
	if (trigger.known)
	{
		find_runs(view, &rule, &longest, &current);
		trigger.fired = current.is_current && run_length(&current) >= span;
		if (trigger.fired)
			trigger.since = current.since + span;
	}
	trigger_row(&trigger,
				current.is_current ? nm_score_days(run_length(&current)) : 0,
				nm_score_days(span), row, (ReturnSetInfo *) fcinfo->resultinfo);
}

/* score_triggers(state, as_of, ...): the rules of the customer health score */
PG_FUNCTION_INFO_V1(nm_score_triggers);
Datum
nm_score_triggers(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmRowContext row;
	int64 max_gap;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	max_gap =
		nm_span_arg(fcinfo, TRIGGERS_MAX_GAP, "max_gap", NM_SCORE_NO_SPAN);

	/* with no reading known yet all triggers have NULLs */
	(void) nm_score_view(fcinfo, TRIGGERS_AS_OF, &view);
	nm_row_begin(&row);
	for (int i = 0; i < (int) lengthof(drop_rules); i++)
		drop_trigger(fcinfo, &view, &drop_rules[i], &row);
	below_trigger(fcinfo, &view, max_gap, &row);
	above_trigger(fcinfo, &view, max_gap, &row);
	nm_row_end(&row);
	PG_RETURN_NULL();
}
