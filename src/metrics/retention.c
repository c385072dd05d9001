/*
 * retention.c
 *		Who enters a cohort when, at which ages each came back, and the curve.
 *
 * See doc/retention.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "activity.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_stats.h"
#include "nm_waterfall.h"
#include "retention.h"

/* arguments of retention_curve */
enum
{
	CURVE_HORIZON = 1,
	CURVE_AS_OF,
	CURVE_MODE,
	CURVE_EDGES,
	CURVE_MIN_ACTIONS,
	CURVE_ENTRY,
	CURVE_START_DAY,
	CURVE_RETURN_STATE = 9,
	CURVE_CONFIDENCE
};

/* arguments of retention_summary */
enum
{
	SUMMARY_AS_OF = 1,
	SUMMARY_MODE,
	SUMMARY_EXCLUDED
};

#define DEFAULT_HORIZON 90
#define DEFAULT_CONFIDENCE 0.95

static const char *const mode_names[] = {
	[NM_RETAINED_ON] = "on",
	[NM_RETAINED_ON_OR_AFTER] = "on_or_after",
	[NM_RETAINED_ON_OR_BEFORE] = "on_or_before",
	[NM_RETAINED_STREAK] = "streak",
	[NM_RETAINED_BRACKET] = "bracket",
	NULL,
};

static const char *const entry_names[] = {
	[NM_ENTRY_FIRST_EVER] = "first_ever",
	[NM_ENTRY_FIRST_IN_RANGE] = "first_in_range",
	[NM_ENTRY_EVERY_PERIOD] = "every_period",
	NULL,
};

/* Options */

/* range_args reads start_day and end_day, which bound the days of entry. */
static void
range_args(FunctionCallInfo fcinfo, int argno, NmRetentionOptions *options)
{
	options->start_day = PG_INT64_MIN;
	options->end_day = PG_INT64_MAX;
	if (argno == 0)
		return;
	options->start_day =
		nm_date_arg(fcinfo, argno, "start_day", &options->has_start);
	options->end_day =
		nm_date_arg(fcinfo, argno + 1, "end_day", &options->has_end);
	if (options->has_start && options->has_end)
		nm_check_window(options->start_day, options->end_day);
	if (!options->has_start)
		options->start_day = PG_INT64_MIN;
	if (!options->has_end)
		options->end_day = PG_INT64_MAX;
}

/* return_state_arg reads a state of returns to the users of another. */
static const NmState *
return_state_arg(FunctionCallInfo fcinfo, int argno, const NmState *state)
{
	const NmState *returns;

	if (argno == 0 || PG_ARGISNULL(argno))
		return state;
	returns = nm_activity_arg(fcinfo, argno);
	if (nm_state_key_type(returns) != nm_state_key_type(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("return_state has users of another type"),
				 errdetail("A bigint, a uuid and a text that look alike are different users."),
				 errhint("Build both states from keys of one type: bigint, uuid or text.")));
	return returns;
}

bool
nm_retention_options(FunctionCallInfo fcinfo, const NmRetentionArgs *args,
					 NmRetentionOptions *options)
{
	int64 first;
	int64 last;

	if (PG_ARGISNULL(0))
		return false;
	memset(options, 0, sizeof(NmRetentionOptions));
	options->state = nm_activity_arg(fcinfo, 0);
	options->returns =
		return_state_arg(fcinfo, args->return_state, options->state);
	options->mode =
		(NmRetentionMode) nm_choice_arg(fcinfo, args->mode, "mode", mode_names);
	options->entry = NM_ENTRY_FIRST_EVER;
	if (args->entry)
		options->entry = (NmCohortEntry) nm_choice_arg(fcinfo, args->entry,
													   "entry", entry_names);
	range_args(fcinfo, args->start_day, options);
	options->min_actions = 1;
	if (args->min_actions)
		options->min_actions =
			nm_bounded_arg(fcinfo, args->min_actions, "min_actions", 1, 1,
						   PG_INT32_MAX);
	if (options->min_actions > 1 && !nm_activity_counts(options->returns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_actions above 1 needs a state with counts of actions"),
				 errdetail("This state knows on which days users were active, not how much they did."),
				 errhint("Build it by nudge.activity_count_agg(user_id, day, actions).")));

	nm_activity_range(options->state, &first, &last);
	if (options->returns != options->state)
	{
		int64 last_return;

		nm_activity_range(options->returns, &first, &last_return);
		last = Max(last, last_return);
	}
	options->as_of = nm_activity_as_of(fcinfo, args->as_of, last);
	options->last = Min(last, options->as_of - 1);
	return true;
}

/* Walking users */

void
nm_retention_begin(NmRetentionWalk *walk, const NmRetentionOptions *options)
{
	memset(walk, 0, sizeof(NmRetentionWalk));
	walk->options = options;
	nm_activity_begin(&walk->starts, options->state, options->as_of);
	if (options->returns == options->state)
		return;
	nm_activity_begin(&walk->returns, options->returns, options->as_of);
	walk->has_return = nm_activity_next(&walk->returns);
}

/* find_entries sets walk->entries to the days of entry of the user just read. */
static void
find_entries(NmRetentionWalk *walk)
{
	const NmRetentionOptions *options = walk->options;
	const int32 *days = walk->starts.days;
	int n = walk->starts.n;
	int from = 0;
	int to = 1;

	if (options->entry != NM_ENTRY_FIRST_EVER)
		from = nm_activity_search(days, n, options->start_day);
	if (options->entry == NM_ENTRY_EVERY_PERIOD)
		to = nm_activity_search(days, n, options->end_day);
	else
		to = from + (from < n && days[from] >= options->start_day &&
					 days[from] < options->end_day);
	walk->entries = days + from;
	walk->nentries = Max(to - from, 0);
}

/* find_returns sets walk->days to what the user just read did in all. */
static void
find_returns(NmRetentionWalk *walk)
{
	const NmRetentionOptions *options = walk->options;
	NmActivityReader *reader = &walk->starts;
	int c = 0;

	walk->ndays = 0;
	if (options->returns != options->state)
	{
		reader = &walk->returns;
		while (walk->has_return &&
			   (c = nm_user_compare(options->returns, reader->key,
									options->state, walk->starts.key)) < 0)
			walk->has_return = nm_activity_next(reader);
		if (!walk->has_return || c != 0)
			return;
	}
	walk->days = reader->days;
	walk->actions = options->min_actions > 1 ? reader->actions : NULL;
	walk->ndays = reader->n;
}

bool
nm_retention_next(NmRetentionWalk *walk)
{
	while (nm_activity_next(&walk->starts))
	{
		find_entries(walk);
		if (walk->nentries == 0)
			continue;
		find_returns(walk);
		return true;
	}
	return false;
}

/* Counting ages */

/* Returns: the positions of one user's returns, and what they weigh. */
typedef struct Returns
{
	const NmRetentionRule *rule;
	const int32 *at;
	const int64 *actions;
	int n;
	int64 needed; /* the sum of weights that is enough */
} Returns;

static inline int64
weight(const Returns *returns, int i)
{
	if (returns->actions == NULL)
		return 1;
	if (returns->rule->each)
		return returns->actions[i] >= returns->rule->min_actions;
	return returns->actions[i];
}

/* enough_at tells whether position i counts on its own. */
static inline bool
enough_at(const Returns *returns, int i)
{
	return returns->actions == NULL ||
		   returns->actions[i] >= returns->rule->min_actions;
}

/* Cells: how many were retained at exactly this age. */
static void
count_on(const Returns *returns, const int32 *entries, int nentries,
		 int64 *cells, Size stride, int32 first)
{
	int max_age = returns->rule->max_age;
	int from = 0;

	for (int m = 0; m < nentries; m++)
	{
		int32 e = entries[m];
		int64 *row = cells + (Size) (e - first) * stride;

		CHECK_FOR_INTERRUPTS();
		while (from < returns->n && returns->at[from] < e)
			from++;
		for (int i = from; i < returns->n && returns->at[i] - e <= max_age; i++)
			if (returns->at[i] == e || enough_at(returns, i))
				row[returns->at[i] - e]++;
	}
}

/* Cells: how many were retained up to exactly this age. */
static void
count_on_or_after(const Returns *returns, const int32 *entries, int nentries,
				  int64 *cells, Size stride, int32 first)
{
	int max_age = returns->rule->max_age;
	int from = 0;
	int last = returns->n;
	int64 sum = 0;

	/* the last position at which enough is still to come */
	while (last > 0 && sum < returns->needed)
		sum += weight(returns, --last);
	if (sum < returns->needed)
		last = -1;

	for (int m = 0; m < nentries; m++)
	{
		int32 e = entries[m];
		int64 *row = cells + (Size) (e - first) * stride;

		while (from < returns->n && returns->at[from] < e)
			from++;
		if (last >= 0 && returns->at[last] >= e)
			row[Min(returns->at[last] - e, max_age)]++;
		else if (from < returns->n && returns->at[from] == e)
			row[0]++;
	}
}

/* Cells: by how many more users were retained than at the age before. */
static void
count_on_or_before(const Returns *returns, const int32 *entries, int nentries,
				   int64 known, int64 *cells, Size stride, int32 first)
{
	int max_age = returns->rule->max_age;
	int from = 0;
	int to = 0;
	int64 sum = 0;

	for (int m = 0; m < nentries; m++)
	{
		int32 e = entries[m];
		int64 *row = cells + (Size) (e - first) * stride;

		/* [from, to): what comes after e, until it is enough */
		while (from < returns->n && returns->at[from] <= e)
		{
			if (returns->at[from] == e)
			{
				row[0]++;
				row[1]--;
			}
			if (from < to)
				sum -= weight(returns, from);
			from++;
		}
		if (to < from)
			to = from;
		while (to < returns->n && sum < returns->needed)
			sum += weight(returns, to++);
		if (sum >= returns->needed && returns->at[to - 1] - e <= max_age)
		{
			row[returns->at[to - 1] - e]++;
			row[Min(known - e, max_age) + 1]--;
		}
	}
}

/* Cells: how many had a streak up to exactly this age. */
static void
count_streak(const Returns *returns, const int32 *entries, int nentries,
			 int64 *cells, Size stride, int32 first)
{
	int max_age = returns->rule->max_age;
	int m = nentries - 1;
	int run = 0;

	for (int i = returns->n - 1; i >= 0 && m >= 0; i--)
	{
		int32 at = returns->at[i];

		if (i + 1 < returns->n)
			run = returns->at[i + 1] - at == 1 && enough_at(returns, i + 1)
					  ? run + 1
					  : 0;
		while (m >= 0 && entries[m] > at)
			m--;
		if (m >= 0 && entries[m] == at)
			cells[(Size) (at - first) * stride + Min(run, max_age)]++;
	}
}

void
nm_retention_count(const NmRetentionRule *rule, const int32 *entries,
				   int nentries, const int32 *positions, const int64 *actions,
				   int n, int64 last, int64 *cells, Size stride, int32 first)
{
	Returns returns = {.rule = rule,
					   .at = positions,
					   .actions = actions,
					   .n = n,
					   .needed = 1};

	if (actions != NULL && !rule->each)
		returns.needed = rule->min_actions;
	switch (rule->mode)
	{
		case NM_RETAINED_ON:
			count_on(&returns, entries, nentries, cells, stride, first);
			break;
		case NM_RETAINED_ON_OR_AFTER:
			count_on_or_after(&returns, entries, nentries, cells, stride,
							  first);
			break;
		case NM_RETAINED_ON_OR_BEFORE:
			count_on_or_before(&returns, entries, nentries, last, cells, stride,
							   first);
			break;
		default:
			count_streak(&returns, entries, nentries, cells, stride, first);
			break;
	}
}

/* sum_from_end turns numbers that end at a cell into numbers that reach it. */
static void
sum_from_end(int64 *cells, int n)
{
	for (int d = n - 2; d >= 0; d--)
		cells[d] += cells[d + 1];
}

void
nm_retention_sum(const NmRetentionRule *rule, int64 *cells)
{
	if (rule->mode == NM_RETAINED_ON)
		return;
	if (rule->mode != NM_RETAINED_ON_OR_BEFORE)
		sum_from_end(cells, rule->max_age + 1);
	else
		for (int d = 1; d <= rule->max_age; d++)
			cells[d] += cells[d - 1];
}

/* The curve */

/* Curve: numbers of users by age, or by bracket of ages. */
typedef struct Curve
{
	NmRetentionRule rule;
	int nrows;
	int32 *edges; /* nrows + 1 ages, NULL if rows are single ages */
	int64 *eligible;
	int64 *retained;
} Curve;

static void
bad_edges(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"edges\" does not cut ages into brackets"),
			 errdetail("%s", detail),
			 errhint("Pass ascending ages of at least 0: edges {0,1,8,31} give day 0, days 1 to 7 and days 8 to 30.")));
}

/* edges_arg reads the edges of brackets into the curve. */
static void
edges_arg(FunctionCallInfo fcinfo, Curve *curve)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(CURVE_EDGES);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		bad_edges("It has more than one dimension.");
	if (array_contains_nulls(array))
		bad_edges("It has a null.");
	if (n < 2)
		bad_edges("It has fewer than two elements.");
	if (n - 1 > NM_MAX_AGE)
		bad_edges("It has more elements than there may be rows.");
	curve->edges = palloc_array(int32, n);
	memcpy(curve->edges, ARR_DATA_PTR(array), n * sizeof(int32));
	if (curve->edges[0] < 0)
		bad_edges("It begins below 0.");
	for (int i = 1; i < n; i++)
		if (curve->edges[i] <= curve->edges[i - 1])
			bad_edges("It does not ascend.");
	curve->nrows = n - 1;
}

/* bracket_of returns the bracket that holds an age, from bracket `low` on. */
static int
bracket_of(const Curve *curve, int low, int64 age)
{
	int high = curve->nrows;

	while (high - low > 1)
	{
		int middle = low + (high - low) / 2;

		if (curve->edges[middle] <= age)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* elapsed_rows returns how many rows a user of an age has seen to their end. */
static int
elapsed_rows(const Curve *curve, int64 age)
{
	int b;

	if (curve->edges == NULL)
		return (int) Min(age + 1, curve->nrows);
	if (age + 1 < curve->edges[1])
		return 0;
	b = bracket_of(curve, 0, age + 1);

	/* the last edge closes the last bracket and opens none */
	return age + 1 >= curve->edges[curve->nrows] ? curve->nrows : b;
}

/* count_brackets enters a user who entered at day e and is known for `age`. */
static void
count_brackets(Curve *curve, const NmRetentionWalk *walk, int32 e, int from,
			   int64 age)
{
	const int32 *days = walk->days;
	int elapsed = elapsed_rows(curve, age);
	int n = walk->ndays;
	int b = 0;
	int i = from + nm_activity_search(days + from, n - from,
									  (int64) e + curve->edges[0]);

	while (i < n && (int64) days[i] - e < curve->edges[curve->nrows])
	{
		int64 end;
		int64 sum = 0;

		b = bracket_of(curve, b, (int64) days[i] - e);
		if (b >= elapsed)
			break;
		end = (int64) e + curve->edges[b + 1];
		if (walk->actions == NULL || days[i] == e)
		{
			sum = curve->rule.min_actions;
			i += nm_activity_search(days + i, n - i, end);
		}
		for (; i < n && days[i] < end; i++)
			sum += walk->actions[i];
		curve->retained[b] += sum >= curve->rule.min_actions;
	}
}

/* curve_user enters the user that a walk has just read. */
static void
curve_user(Curve *curve, const NmRetentionWalk *walk)
{
	int64 last = walk->options->as_of - 1;
	int from = 0;

	for (int m = 0; m < walk->nentries; m++)
	{
		int32 e = walk->entries[m];
		int elapsed = elapsed_rows(curve, last - e);

		if (elapsed > 0)
			curve->eligible[elapsed - 1]++;
		if (curve->edges == NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		while (from < walk->ndays && walk->days[from] < e)
			from++;
		count_brackets(curve, walk, e, from, last - e);
	}
	if (curve->edges == NULL)
		nm_retention_count(&curve->rule, walk->entries, walk->nentries,
						   walk->days, walk->actions, walk->ndays, last,
						   curve->retained, 0, 0);
}

/* curve_make prepares a curve of the given greatest age or edges. */
static void
curve_make(Curve *curve, const NmRetentionOptions *options, int horizon)
{
	curve->rule.mode = options->mode;
	curve->rule.min_actions = options->min_actions;
	curve->rule.max_age = horizon;
	if (curve->edges == NULL)
		curve->nrows = horizon + 1;
	curve->eligible = palloc0_array(int64, curve->nrows + 1);
	curve->retained = palloc0_array(int64, curve->nrows + 1);
}

/* curve_fill enters all users. */
static void
curve_fill(Curve *curve, const NmRetentionOptions *options)
{
	NmRetentionWalk walk;

	nm_retention_begin(&walk, options);
	while (nm_retention_next(&walk))
		curve_user(curve, &walk);
	sum_from_end(curve->eligible, curve->nrows);
	if (curve->edges == NULL)
		nm_retention_sum(&curve->rule, curve->retained);
}

/* curve_row puts row i. */
static void
curve_row(const Curve *curve, int i, double confidence, NmRowContext *row,
		  ReturnSetInfo *rsinfo)
{
	int64 eligible = curve->eligible[i];
	int64 retained = curve->retained[i];
	int32 first = curve->edges ? curve->edges[i] : i;
	int32 last = curve->edges ? curve->edges[i + 1] - 1 : i;
	Datum values[8];
	bool nulls[8] = {false};
	double low;
	double high;

	values[0] = Int32GetDatum(first);
	values[1] = Int64GetDatum(eligible);
	values[7] = Int32GetDatum(last);
	if (eligible == 0)
		memset(nulls + 2, true, 5);
	else
	{
		nm_wilson(retained, eligible, confidence, &low, &high);
		values[2] = Int64GetDatum(retained);
		values[3] = Int64GetDatum(eligible - retained);
		nulls[4] = !nm_ratio_out(retained, eligible, &values[4]);
		values[5] = Float8GetDatum(low);
		values[6] = Float8GetDatum(high);
	}
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_retention_curve);
Datum
nm_retention_curve(PG_FUNCTION_ARGS)
{
	static const NmRetentionArgs args = {.as_of = CURVE_AS_OF,
										 .mode = CURVE_MODE,
										 .min_actions = CURVE_MIN_ACTIONS,
										 .entry = CURVE_ENTRY,
										 .start_day = CURVE_START_DAY,
										 .return_state = CURVE_RETURN_STATE};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NmRetentionOptions options;
	Curve curve = {0};
	NmRowContext row;
	double confidence = DEFAULT_CONFIDENCE;
	int horizon;

	InitMaterializedSRF(fcinfo, 0);
	if (!nm_retention_options(fcinfo, &args, &options))
		PG_RETURN_NULL();
	horizon = nm_bounded_arg(fcinfo, CURVE_HORIZON, "horizon", DEFAULT_HORIZON,
							 0, NM_MAX_AGE);
	if (!PG_ARGISNULL(CURVE_CONFIDENCE))
		confidence = PG_GETARG_FLOAT8(CURVE_CONFIDENCE);
	nm_check_open_share(confidence, "confidence");
	if ((options.mode == NM_RETAINED_BRACKET) == PG_ARGISNULL(CURVE_EDGES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"edges\" and mode \"bracket\" go together"),
				 errdetail("The edges cut ages into the brackets that this mode looks at."),
				 errhint("Pass both, or neither.")));
	if (options.mode == NM_RETAINED_BRACKET)
		edges_arg(fcinfo, &curve);
	curve_make(&curve, &options, horizon);
	curve_fill(&curve, &options);

	nm_row_begin(&row);
	for (int i = 0; i < curve.nrows; i++)
		curve_row(&curve, i, confidence, &row, rsinfo);
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* The summary */

PG_FUNCTION_INFO_V1(nm_retention_summary);
Datum
nm_retention_summary(PG_FUNCTION_ARGS)
{
	static const NmRetentionArgs args = {.as_of = SUMMARY_AS_OF,
										 .mode = SUMMARY_MODE};
	static const int ages[] = {1, 7, 30, 90};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NmRetentionOptions options;
	NmActivityTotals excluded = {0, 0, 0};
	Curve curve = {0};
	int64 first;
	int64 last;
	Datum values[11];
	bool nulls[11] = {false};

	InitMaterializedSRF(fcinfo, 0);
	if (!nm_retention_options(fcinfo, &args, &options))
		PG_RETURN_NULL();
	if (options.mode == NM_RETAINED_BRACKET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"bracket\" is one of retention_curve alone"),
				 errdetail("There are no edges here that would say which days to look at."),
				 errhint("Use on, on_or_after, on_or_before or streak.")));
	if (!PG_ARGISNULL(SUMMARY_EXCLUDED))
		options.state = options.returns =
			nm_activity_exclude(options.state,
								PG_GETARG_ARRAYTYPE_P(SUMMARY_EXCLUDED),
								&excluded);
	curve_make(&curve, &options, ages[lengthof(ages) - 1]);
	if (options.state != NULL)
	{
		/* who is left out does not say how far time has gone on */
		nm_activity_range(options.state, &first, &last);
		options.as_of = nm_activity_as_of(fcinfo, SUMMARY_AS_OF, last);
		curve_fill(&curve, &options);
	}

	values[0] = Int64GetDatum(curve.eligible[0]);
	for (int i = 0; i < (int) lengthof(ages); i++)
	{
		nulls[1 + i] = !nm_ratio_out(curve.retained[ages[i]],
									 curve.eligible[ages[i]], &values[1 + i]);
		values[5 + i] = Int64GetDatum(curve.eligible[ages[i]]);
	}
	values[9] = Int64GetDatum(excluded.users);
	values[10] = Int64GetDatum(excluded.days);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}
