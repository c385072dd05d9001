/*
 * feature_adoption.c
 *		Who adopted which feature, and how far features are adopted.
 *
 * See doc/features.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "activity.h"
#include "features.h"
#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_span.h"

#define MAX_HABIT_WEEKS 520

/* no such time */
#define NEVER PG_INT64_MAX

/* FeatureTotals: what all users did with a feature. */
typedef struct FeatureTotals
{
	int64 discovered;
	int64 tried;
	int64 adopted;
	int64 habitual;
	int64 uses;
	int64 outcomes; /* uses of which it is known whether they succeeded */
	int64 successes;
	int64 completions;
	int128 value;
	NmSamples durations; /* of uses */
	NmSamples to_first_use;
	NmSamples to_adopt;
} FeatureTotals;

/* FeatureUse: what one user did with a feature. */
typedef struct FeatureUse
{
	bool seen; /* is there anything at all */
	int64 first_viewed;
	int64 first_used;
	int64 adopted_at;
	int64 last_used;
	int64 uses;
	int64 outcomes;
	int64 successes;
	int64 completions;
	int weeks;     /* of the weeks that make a habit, those with a use */
	int last_week; /* the last such week */
} FeatureUse;

/*
 * FeatureWalk reads one user after the other.  Features are numbered in the
 * order of their names.
 */
typedef struct FeatureWalk
{
	const NmState *state;

	/* options */
	int64 as_of; /* what lies at or after it is ignored */
	int adopted_uses;
	int habit_weeks;
	int64 *weeks; /* their bounds: habit_weeks + 1 */

	int nfeatures;
	uint32 *names;         /* string numbers */
	int32 *features;       /* by string number: the feature, or -1 */
	FeatureTotals *totals; /* by feature, or NULL where nobody asks */

	/* the user just read */
	uint32 start;
	uint32 end;
	int64 signed_up;
	FeatureUse *uses; /* by feature */
	int *touched;     /* the features with anything, in order */
	int ntouched;
} FeatureWalk;

/* Options */

/* last_time returns the latest time of a state. */
static int64
last_time(const NmState *state)
{
	const NmFeatureRow *rows = nm_feature_rows(state);
	int64 last = PG_INT64_MIN;

	for (uint32 i = 0; i < state->nrecords; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		last = Max(last, rows[i].at);
	}
	return last;
}

/*
 * habit_bounds finds the last complete weeks before as_of, or before the end of
 * the state's last day.
 */
static void
habit_bounds(FunctionCallInfo fcinfo, int zone_arg, int week_start_arg,
			 FeatureWalk *walk)
{
	pg_tz *zone = nm_zone_parse(nm_text_arg(fcinfo, zone_arg, "UTC"));
	const char *week_start = nm_text_arg(fcinfo, week_start_arg, NULL);
	NmGrain grain = nm_grain_parse("week", week_start, 1);
	DateADT day;

	if (walk->as_of == NEVER)
		day = nm_instant_to_day(last_time(walk->state), zone) + 1;
	else
		day = nm_instant_to_day(walk->as_of, zone);
	day = nm_period_start(&grain, day);
	walk->weeks = palloc_array(int64, walk->habit_weeks + 1);
	for (int i = walk->habit_weeks; i >= 0; i--)
	{
		walk->weeks[i] = nm_day_to_instant(day, zone);
		day -= 7;
	}
}

/* walk_features numbers the features that the state has rows of. */
static void
walk_features(FeatureWalk *walk)
{
	const NmState *state = walk->state;
	const NmFeatureRow *rows = nm_feature_rows(state);
	Size n = (Size) state->nstrings + 1;

	walk->features = palloc_extended(mul_size(n, sizeof(int32)),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (unlikely(rows[i].feature >= state->nstrings))
			nm_state_damaged("A record points outside the dictionary.");
		if (nm_feature_action(&rows[i]) != NM_FEATURE_SIGNED_UP)
			walk->features[rows[i].feature] = 1;
	}
	for (uint32 i = 0; i < state->nstrings; i++)
		walk->nfeatures += walk->features[i];
	n = (Size) walk->nfeatures + 1;
	walk->names = palloc_extended(mul_size(n, sizeof(uint32)), MCXT_ALLOC_HUGE);
	walk->touched = palloc_extended(mul_size(n, sizeof(int)), MCXT_ALLOC_HUGE);
	walk->uses = palloc_extended(mul_size(n, sizeof(FeatureUse)),
								 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	walk->nfeatures = 0;
	for (uint32 i = 0; i < state->nstrings; i++)
	{
		if (walk->features[i] == 1)
		{
			walk->names[walk->nfeatures] = i;
			walk->features[i] = walk->nfeatures++;
		}
		else
			walk->features[i] = -1;
	}
}

/*
 * walk_begin reads the state and the arguments as_of, zone, adopted_uses,
 * habit_weeks and week_start, of which as_of is the first.
 */
static void
walk_begin(FunctionCallInfo fcinfo, int as_of_arg, FeatureWalk *walk)
{
	bool has_as_of;

	memset(walk, 0, sizeof(FeatureWalk));
	walk->state = nm_log_arg(fcinfo, 0, &nm_feature_family);
	walk->as_of = nm_instant_arg(fcinfo, as_of_arg, "as_of", &has_as_of);
	if (!has_as_of)
		walk->as_of = NEVER;
	walk->adopted_uses = nm_bounded_arg(fcinfo, as_of_arg + 2, "adopted_uses",
										3, 1, PG_INT32_MAX);
	walk->habit_weeks = nm_bounded_arg(fcinfo, as_of_arg + 3, "habit_weeks", 4,
									   1, MAX_HABIT_WEEKS);
	habit_bounds(fcinfo, as_of_arg + 1, as_of_arg + 4, walk);
	walk_features(walk);
}

/* Reading users */

/* week_of returns which of the weeks that make a habit holds a time, or -1. */
static int
week_of(const FeatureWalk *walk, int64 at)
{
	int low = 0;
	int high = walk->habit_weeks;

	if (at < walk->weeks[low] || at >= walk->weeks[high])
		return -1;
	while (high - low > 1)
	{
		int middle = (low + high) / 2;

		if (at < walk->weeks[middle])
			high = middle;
		else
			low = middle;
	}
	return low;
}

/* note_use adds a use; they come in the order of time. */
static void
note_use(FeatureWalk *walk, FeatureUse *use, const NmFeatureRow *row)
{
	int week = week_of(walk, row->at);

	if (use->uses++ == 0)
		use->first_used = row->at;
	if (use->uses == walk->adopted_uses)
		use->adopted_at = row->at;
	use->last_used = row->at;
	use->outcomes += (row->flags & NM_FEATURE_OUTCOME) != 0;
	use->successes += (row->flags & NM_FEATURE_SUCCESS) != 0;
	if (week > use->last_week)
	{
		use->last_week = week;
		use->weeks++;
	}
}

static void
note_row(FeatureWalk *walk, const NmFeatureRow *row)
{
	NmFeatureAction action = nm_feature_action(row);
	FeatureUse *use;
	int feature;

	if (action == NM_FEATURE_SIGNED_UP)
	{
		walk->signed_up = Min(walk->signed_up, row->at);
		return;
	}
	feature = walk->features[row->feature];
	use = &walk->uses[feature];
	if (!use->seen)
	{
		memset(use, 0, sizeof(FeatureUse));
		use->seen = true;
		use->first_viewed = use->first_used = NEVER;
		use->adopted_at = use->last_used = NEVER;
		use->last_week = -1;
		walk->touched[walk->ntouched++] = feature;
	}
	if (action == NM_FEATURE_VIEWED)
		use->first_viewed = Min(use->first_viewed, row->at);
	else if (action == NM_FEATURE_USED)
		note_use(walk, use, row);
	else
		use->completions++;
	if (walk->totals)
	{
		FeatureTotals *totals = &walk->totals[feature];

		totals->value += row->value;
		if (action == NM_FEATURE_USED && (row->flags & NM_FEATURE_DURATION))
			nm_samples_add(&totals->durations, row->duration);
	}
}

static int
compare_features(const void *a, const void *b)
{
	int x = *(const int *) a;
	int y = *(const int *) b;

	CHECK_FOR_INTERRUPTS();
	return x < y ? -1 : x > y;
}

/* walk_next reads the next user with anything before as_of. */
static bool
walk_next(FeatureWalk *walk)
{
	const NmFeatureRow *rows = nm_feature_rows(walk->state);

	for (int i = 0; i < walk->ntouched; i++)
		walk->uses[walk->touched[i]].seen = false;
	while (nm_feature_next(walk->state, &walk->start, &walk->end))
	{
		CHECK_FOR_INTERRUPTS();
		if (rows[walk->start].at >= walk->as_of)
			continue;
		walk->signed_up = NEVER;
		walk->ntouched = 0;
		for (uint32 i = walk->start; i < walk->end; i++)
		{
			if ((i & 0xFFFF) == 0)
				CHECK_FOR_INTERRUPTS();
			if (rows[i].at >= walk->as_of)
				break;
			note_row(walk, &rows[i]);
		}
		qsort(walk->touched, walk->ntouched, sizeof(int), compare_features);
		return true;
	}
	return false;
}

static bool
is_habitual(const FeatureWalk *walk, const FeatureUse *use)
{
	return use->weeks == walk->habit_weeks;
}

/*
 * since_sign_up returns how long after signing up something was; who did it
 * before was there at once.  false if either is not known.
 */
static bool
since_sign_up(const FeatureWalk *walk, int64 at, int64 *elapsed)
{
	if (at == NEVER || walk->signed_up == NEVER)
		return false;
	*elapsed = Max(0, nm_elapsed(walk->signed_up, at));
	return true;
}

static Datum
feature_text(const FeatureWalk *walk, int feature)
{
	uint32 len;
	const char *data = nm_state_string(walk->state, walk->names[feature], &len);

	return PointerGetDatum(cstring_to_text_with_len(data, len));
}

/* Columns */

static void
time_column(int64 at, Datum *value, bool *isnull)
{
	*isnull = at == NEVER;
	*value = TimestampTzGetDatum(at);
}

static void
elapsed_column(const FeatureWalk *walk, int64 at, Datum *value, bool *isnull)
{
	int64 elapsed;

	*isnull = !since_sign_up(walk, at, &elapsed);
	if (!*isnull)
		*value = Float8GetDatum(elapsed / 1e6);
}

static void
median_column(NmSamples *samples, Datum *value, bool *isnull)
{
	*isnull = samples->n == 0;
	if (!*isnull)
		*value = Float8GetDatum(nm_median(samples->values, samples->n) / 1e6);
}

/* feature_users(state, as_of, zone, adopted_uses, habit_weeks, week_start) */
PG_FUNCTION_INFO_V1(nm_feature_users);
Datum
nm_feature_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	FeatureWalk walk;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	walk_begin(fcinfo, 1, &walk);
	nm_row_begin(&row);
	while (walk_next(&walk))
	{
		int64 key = nm_feature_rows(walk.state)[walk.start].key;

		for (int i = 0; i < walk.ntouched; i++)
		{
			const FeatureUse *use = &walk.uses[walk.touched[i]];
			Datum values[12];
			bool nulls[12] = {false};
			const char *stage = "discovered";

			CHECK_FOR_INTERRUPTS();
			if (is_habitual(&walk, use))
				stage = "habitual";
			else if (use->uses >= walk.adopted_uses)
				stage = "adopted";
			else if (use->uses > 0)
				stage = "tried";
			values[0] = CStringGetTextDatum(nm_state_key_text(walk.state, key));
			values[1] = feature_text(&walk, walk.touched[i]);
			values[2] = CStringGetTextDatum(stage);
			time_column(use->first_viewed, &values[3], &nulls[3]);
			time_column(use->first_used, &values[4], &nulls[4]);
			time_column(use->adopted_at, &values[5], &nulls[5]);
			time_column(use->last_used, &values[6], &nulls[6]);
			values[7] = Int64GetDatum(use->uses);
			values[8] = Int64GetDatum(use->successes);
			values[9] = Int64GetDatum(use->completions);
			elapsed_column(&walk, use->first_used, &values[10], &nulls[10]);
			elapsed_column(&walk, use->adopted_at, &values[11], &nulls[11]);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* add_user adds the user just read to the totals. */
static void
add_user(FeatureWalk *walk)
{
	for (int i = 0; i < walk->ntouched; i++)
	{
		const FeatureUse *use = &walk->uses[walk->touched[i]];
		FeatureTotals *totals = &walk->totals[walk->touched[i]];
		int64 elapsed;

		totals->discovered++;
		totals->tried += use->uses > 0;
		totals->adopted += use->uses >= walk->adopted_uses;
		totals->habitual += is_habitual(walk, use);
		totals->uses += use->uses;
		totals->outcomes += use->outcomes;
		totals->successes += use->successes;
		totals->completions += use->completions;
		if (since_sign_up(walk, use->first_used, &elapsed))
			nm_samples_add(&totals->to_first_use, elapsed);
		if (since_sign_up(walk, use->adopted_at, &elapsed))
			nm_samples_add(&totals->to_adopt, elapsed);
	}
}

/* named_features marks the features that an array names; NULL for NULL. */
static bool *
named_features(FunctionCallInfo fcinfo, int argno, const char *argname,
			   const FeatureWalk *walk)
{
	bool *named;
	Datum *names;
	bool *nulls;
	int n;

	if (PG_ARGISNULL(argno))
		return NULL;
	named = palloc0((Size) walk->nfeatures + 1);
	n = nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), argname, TEXTOID,
						  &names, &nulls);
	for (int i = 0; i < n; i++)
	{
		int64 name = nulls[i] ? -1
							  : nm_state_find_text(walk->state,
												   DatumGetTextPP(names[i]));

		CHECK_FOR_INTERRUPTS();
		if (name >= 0 && walk->features[name] >= 0)
			named[walk->features[name]] = true;
	}
	return named;
}

/* total_columns sets the columns of a feature behind the denominator. */
static void
total_columns(FeatureTotals *totals, int64 users, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(users);
	values[1] = Int64GetDatum(totals->discovered);
	values[2] = Int64GetDatum(totals->tried);
	values[3] = Int64GetDatum(totals->adopted);
	values[4] = Int64GetDatum(totals->habitual);
	nulls[5] = !nm_ratio_out(totals->tried, users, &values[5]);
	values[6] = Int64GetDatum(totals->uses);
	nulls[7] = !nm_ratio_out(totals->uses, totals->tried, &values[7]);
	nulls[8] = !nm_ratio_out(totals->successes, totals->outcomes, &values[8]);
	values[9] = Int64GetDatum(totals->completions);
	nulls[10] = !nm_ratio_out(totals->completions, totals->uses, &values[10]);
	median_column(&totals->durations, &values[11], &nulls[11]);
	median_column(&totals->to_first_use, &values[12], &nulls[12]);
	median_column(&totals->to_adopt, &values[13], &nulls[13]);
	values[14] = nm_money_out(totals->value);
}

/*
 * feature_adoption(state, total_users, as_of, zone, adopted_uses, habit_weeks,
 * week_start, premium, default_on)
 */
PG_FUNCTION_INFO_V1(nm_feature_adoption);
Datum
nm_feature_adoption(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	FeatureWalk walk;
	NmRowContext row;
	int64 users = 0;
	int64 total_users = nm_count_arg(fcinfo, 1, "total_users");
	bool *premium;
	bool *default_on;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	walk_begin(fcinfo, 2, &walk);
	premium = named_features(fcinfo, 7, "premium", &walk);
	default_on = named_features(fcinfo, 8, "default_on", &walk);
	walk.totals = palloc_extended(mul_size((Size) walk.nfeatures + 1,
										   sizeof(FeatureTotals)),
								  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (walk_next(&walk))
	{
		users++;
		add_user(&walk);
	}
	nm_row_begin(&row);
	for (int i = 0; i < walk.nfeatures; i++)
	{
		Datum values[18];
		bool nulls[18] = {false};

		CHECK_FOR_INTERRUPTS();
		if (walk.totals[i].discovered == 0)
			continue;
		values[0] = feature_text(&walk, i);
		nulls[1] = premium == NULL;
		values[1] = BoolGetDatum(premium && premium[i]);
		nulls[2] = default_on == NULL;
		values[2] = BoolGetDatum(default_on && default_on[i]);
		total_columns(&walk.totals[i], total_users < 0 ? users : total_users,
					  &values[3], &nulls[3]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
