/*
 * funnel_rows.c
 *		The functions funnel and funnel_users: users by step, and who they are.
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

#include "funnel_plan.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "nm_stats.h"

#define NOT_REACHED PG_INT64_MIN

/* Meaning: what the rows of an event are to a funnel. */
typedef struct Meaning
{
	bool known;
	bool exclusion;
	uint64 steps;
	uint64 optional; /* by place among the steps shown */
} Meaning;

/* Way: the way of one unit (a user, an attempt or a session). */
typedef struct Way
{
	NmFunnelAttempt attempt;
	bool excluded; /* a chain of the unit was ended by an exclusion */
	bool open;
	const NmFunnelEvent *events; /* the rows that it was found in */
	uint32 nevents;
	int64 times[NM_FUNNEL_STEPS]; /* of the steps shown, or NOT_REACHED */
} Way;

/* Walk: a pass over the users of a state. */
typedef struct Walk
{
	const NmState *state;
	const NmFunnelPlan *plan;
	NmFunnelTracked tracked;
	NmFunnelScan *scan;
	Meaning meanings[NM_FUNNEL_STEPS + 1]; /* by event, others at the end */
	Meaning *several;                      /* by the string of the conditions */
	NmFunnelEvent *events;
	uint32 capacity;
	const NmFunnelEvent *part; /* the rows that are being scanned */
	uint32 npart;
	int64 key;
	Way way;
	void (*count)(struct Walk *walk);
	void *arg;
} Walk;

/* work_out fills in what the events of a row are. */
static void
work_out(const Walk *walk, const NmFunnelRow *row, Meaning *m)
{
	const NmFunnelPlan *plan = walk->plan;
	uint64 bits = nm_funnel_row_bits(walk->state, &walk->tracked, row);

	m->known = true;
	m->exclusion = (bits & plan->exclusions) != 0;
	for (int i = 0; i < plan->nshown; i++)
	{
		if (!(bits & plan->shown[i].positions))
			continue;
		if (plan->shown[i].optional)
			m->optional |= UINT64CONST(1) << i;
		else
			m->steps |= UINT64CONST(1) << plan->shown[i].required;
	}
}

/* meaning_of returns what a row is, worked out once for each event. */
static const Meaning *
meaning_of(Walk *walk, const NmFunnelRow *row)
{
	Meaning *m;

	if (likely(row->event >= 0 && row->event < NM_FUNNEL_STEPS))
		m = &walk->meanings[row->event];
	else if (row->event != NM_FUNNEL_SEVERAL)
		m = &walk->meanings[NM_FUNNEL_STEPS];
	else
	{
		/* conditions are strings, of which there may be many */
		if (row->property >= walk->state->nstrings)
			nm_state_damaged("A record points outside the dictionary.");
		if (walk->several == NULL)
			walk->several = palloc_extended(mul_size(walk->state->nstrings,
													 sizeof(Meaning)),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		m = &walk->several[row->property];
	}
	if (unlikely(!m->known))
		work_out(walk, row, m);
	return m;
}

static bool
is_used(const uint32 *used, int n, uint32 row)
{
	for (int i = 0; i < n; i++)
		if (used[i] == row)
			return true;
	return false;
}

/* fill_optional finds when the optional steps of a way were taken. */
static void
fill_optional(const Walk *walk, Way *way)
{
	const NmFunnelPlan *plan = walk->plan;
	const NmFunnelAttempt *a = &way->attempt;
	int64 after = 0;
	uint32 used[NM_FUNNEL_STEPS]; /* rows that optional steps have taken */
	int nused = 0;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < plan->nshown; i++)
	{
		const NmFunnelShown *shown = &plan->shown[i];
		int64 until;
		uint32 low = 0;
		uint32 high = way->nevents;

		if (!shown->optional)
		{
			after = way->times[i];
			continue;
		}
		way->times[i] = NOT_REACHED;
		if (shown->required > a->level || after == NOT_REACHED)
			continue;
		until = shown->required < a->level
					? a->times[shown->required]
					: Min(a->closed,
						  nm_funnel_add(a->times[0], plan->rules.within));
		while (low < high)
		{
			uint32 middle = low + (high - low) / 2;

			if (way->events[middle].at < after)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < way->nevents && way->events[low].at <= until; low++)
		{
			if ((way->events[low].optional >> i & 1) &&
				!is_used(used, nused, low))
			{
				way->times[i] = after = way->events[low].at;
				used[nused++] = low;
				break;
			}
		}
	}
}

/* end_unit hands over a unit that entered the funnel, and begins the next. */
static void
end_unit(Walk *walk)
{
	Way *way = &walk->way;
	const NmFunnelPlan *plan = walk->plan;

	if (way->attempt.level > 0)
	{
		bool completed = way->attempt.level == plan->rules.nsteps;

		way->excluded &= !completed;
		way->open &= !completed;
		for (int i = 0; i < plan->nshown; i++)
		{
			int step = plan->shown[i].required;

			way->times[i] =
				!plan->shown[i].optional && step < way->attempt.level
					? way->attempt.times[step]
					: NOT_REACHED;
		}
		if (plan->nshown > plan->rules.nsteps)
			fill_optional(walk, way);
		walk->count(walk);
	}
	way->attempt.level = 0;
	way->excluded = way->open = false;
}

/*
 * is_further tells whether an attempt goes further than those before it, or as
 * far and, with another property, earlier.
 */
static inline bool
is_further(const Walk *walk, const NmFunnelAttempt *attempt)
{
	const NmFunnelAttempt *best = &walk->way.attempt;
	int last = attempt->level - 1;

	if (attempt->level != best->level)
		return attempt->level > best->level;
	return walk->plan->hold_constant &&
		   attempt->times[last] < best->times[last];
}

/* take_attempt merges an attempt into its unit. */
static void
take_attempt(void *arg, const NmFunnelAttempt *attempt)
{
	Walk *walk = arg;
	Way *way = &walk->way;

	way->excluded |= attempt->excluded;
	way->open |= attempt->open;
	if (is_further(walk, attempt))
	{
		memcpy(&way->attempt, attempt,
			   offsetof(NmFunnelAttempt, times) +
				   sizeof(int64) * attempt->level);
		way->events = walk->part;
		way->nevents = walk->npart;
	}
	if (walk->plan->counting == NM_FUNNEL_TOTALS)
		end_unit(walk);
}

/* scan_part scans rows of one user that belong together. */
static void
scan_part(Walk *walk, const NmFunnelEvent *events, uint32 n)
{
	CHECK_FOR_INTERRUPTS();
	walk->part = events;
	walk->npart = n;
	nm_funnel_scan(walk->scan, events, n);
}

/* scan_sessions cuts rows where nothing happens for longer than the gap. */
static void
scan_sessions(Walk *walk, const NmFunnelEvent *events, uint32 n)
{
	int64 gap = walk->plan->session_gap;
	uint32 end;

	for (uint32 start = 0; start < n; start = end)
	{
		for (end = start + 1;
			 end < n &&
			 events[end].at <= nm_funnel_add(events[end - 1].at, gap);
			 end++)
			;
		scan_part(walk, &events[start], end - start);

		/* a session that is over does not go on */
		if (end < n ||
			walk->plan->rules.as_of > nm_funnel_add(events[end - 1].at, gap))
			walk->way.open = false;
		end_unit(walk);
	}
}

static int
compare_property(const void *a, const void *b)
{
	const NmFunnelEvent *x = a;
	const NmFunnelEvent *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->property != y->property)
		return x->property < y->property ? -1 : 1;
	return x->at < y->at ? -1 : (x->at > y->at ? 1 : 0);
}

/* scan_user scans the rows of a user, by property if that is held constant. */
static void
scan_user(Walk *walk, uint32 n)
{
	NmFunnelEvent *events = walk->events;
	uint32 end;

	if (walk->plan->hold_constant)
		qsort(events, n, sizeof(NmFunnelEvent), compare_property);
	for (uint32 start = 0; start < n; start = end)
	{
		end = n;
		if (walk->plan->hold_constant)
		{
			for (end = start + 1;
				 end < n && events[end].property == events[start].property;
				 end++)
				;
		}
		if (walk->plan->counting == NM_FUNNEL_SESSIONS)
			scan_sessions(walk, &events[start], end - start);
		else
			scan_part(walk, &events[start], end - start);
	}
	end_unit(walk);
}

/* read_user turns the records of a user into events; how many. */
static uint32
read_user(Walk *walk, const NmFunnelRow *rows, uint32 n)
{
	bool keep_others = walk->plan->rules.order == NM_FUNNEL_STRICT ||
					   walk->plan->rules.clickhouse != 0 ||
					   walk->plan->counting == NM_FUNNEL_SESSIONS;
	uint32 count = 0;

	if (n > walk->capacity)
	{
		if (walk->events)
			pfree(walk->events);
		walk->capacity = Max(n, (uint32) Min((Size) walk->capacity * 2, n * 2));
		walk->events =
			palloc_extended(mul_size(walk->capacity, sizeof(NmFunnelEvent)),
							MCXT_ALLOC_HUGE);
	}
	for (uint32 i = 0; i < n && rows[i].at < walk->plan->rules.as_of; i++)
	{
		const Meaning *m = meaning_of(walk, &rows[i]);
		NmFunnelEvent *e = &walk->events[count];

		if (m->steps == 0 && m->optional == 0 && !m->exclusion && !keep_others)
			continue;
		e->at = rows[i].at;
		e->steps = m->steps;
		e->optional = m->optional;
		e->exclusion = m->exclusion;
		e->property = rows[i].property;
		count++;
	}
	return count;
}

/* walk_users scans all users of a state. */
static void
walk_users(Walk *walk, const NmState *state, const NmFunnelPlan *plan)
{
	const NmFunnelRow *rows = (const NmFunnelRow *) nm_state_records(state);
	uint32 end;

	walk->state = state;
	walk->plan = plan;
	nm_funnel_tracked(state, &walk->tracked);
	walk->scan = nm_funnel_scan_make(&plan->rules, take_attempt, walk);
	for (uint32 start = 0; start < state->nrecords; start = end)
	{
		uint32 n;

		CHECK_FOR_INTERRUPTS();
		for (end = start + 1;
			 end < state->nrecords && rows[end].key == rows[start].key; end++)
			;
		walk->key = rows[start].key;
		n = read_user(walk, &rows[start], end - start);
		if (n > 0)
			scan_user(walk, n);
	}
	if (walk->several)
		pfree(walk->several);
	walk->several = NULL;
	if (walk->events)
		pfree(walk->events);
	walk->events = NULL;
	walk->capacity = 0;
}

/* Totals by step */

typedef struct StepTotals
{
	int64 users;
	int64 open;
	NmSamples spans; /* from the required step before */
} StepTotals;

typedef struct Totals
{
	StepTotals step[NM_FUNNEL_STEPS];
	int64 excluded;
	bool spans; /* durations are kept */
} Totals;

/* count_way adds a unit to the totals. */
static void
count_way(Walk *walk)
{
	const NmFunnelPlan *plan = walk->plan;
	const Way *way = &walk->way;
	Totals *totals = walk->arg;
	int64 before = NOT_REACHED;
	int last = 0;

	totals->excluded += way->excluded;
	if (way->excluded && plan->rules.drop_user)
		return;
	for (int i = 0; i < plan->nshown; i++)
	{
		if (way->times[i] == NOT_REACHED)
			continue;
		totals->step[i].users++;
		if (totals->spans && before != NOT_REACHED)
			/* within a grace a step may come before the one it follows */
			nm_samples_add(&totals->step[i].spans,
						   Max(0, nm_elapsed(before, way->times[i])));
		if (plan->shown[i].optional)
			continue;
		before = way->times[i];
		last = i;
	}
	totals->step[last].open += way->open;
}

static Totals *
funnel_totals(const NmState *state, const NmFunnelPlan *plan, bool spans)
{
	Totals *totals = palloc0(sizeof(Totals));
	Walk walk = {.count = count_way, .arg = totals};

	totals->spans = spans;
	walk_users(&walk, state, plan);
	return totals;
}

/* average_seconds returns the mean of spans; the sum is exact. */
static double
average_seconds(const StepTotals *totals)
{
	int128 sum = 0;

	for (Size i = 0; i < totals->spans.n; i++)
		sum += totals->spans.values[i];
	return (double) sum / (double) totals->spans.n / USECS_PER_SEC;
}

/* previous_required returns the required step before a step, or -1. */
static int
previous_required(const NmFunnelPlan *plan, int i)
{
	while (--i >= 0 && plan->shown[i].optional)
		;
	return i;
}

/* test_columns compares the rate of a step with that of a baseline. */
static void
test_columns(const Totals *totals, const Totals *baseline, int i, int previous,
			 double alpha, Datum *values, bool *nulls)
{
	double z;
	double p;

	nulls[8] = nulls[9] =
		baseline == NULL || previous < 0 ||
		!nm_two_proportions(totals->step[i].users, totals->step[previous].users,
							baseline->step[i].users,
							baseline->step[previous].users, &z, &p);
	if (nulls[8])
		return;
	values[8] = Float8GetDatum(p);
	values[9] = BoolGetDatum(p < alpha);
}

/* step_row fills the columns of one step. */
static void
step_row(const NmFunnelPlan *plan, Totals *totals, const Totals *baseline,
		 int i, double alpha, Datum *values, bool *nulls)
{
	StepTotals *step = &totals->step[i];
	int previous = previous_required(plan, i);
	int64 entered = previous < 0 ? step->users : totals->step[previous].users;

	values[0] = Int32GetDatum(i + 1);
	nulls[1] = plan->rules.order == NM_FUNNEL_ANY_ORDER;
	if (!nulls[1])
		values[1] = CStringGetTextDatum(plan->shown[i].name);
	values[2] = Int64GetDatum(step->users);
	nulls[3] = !nm_ratio_out(step->users, entered, &values[3]);
	nulls[4] = !nm_ratio_out(step->users, totals->step[0].users, &values[4]);
	values[5] = Int64GetDatum(entered - step->users);
	nulls[6] = nulls[7] = step->spans.n == 0;
	if (step->spans.n > 0)
	{
		values[6] =
			Float8GetDatum(nm_median(step->spans.values, step->spans.n) /
						   USECS_PER_SEC);
		values[7] = Float8GetDatum(average_seconds(step));
	}
	test_columns(totals, baseline, i, previous, alpha, values, nulls);
	nulls[10] = plan->rules.as_of == PG_INT64_MAX || plan->shown[i].optional;
	values[10] = Int64GetDatum(step->open);
	values[11] = Int64GetDatum(totals->excluded);
}

/* alpha_arg returns the level of significance. */
static double
alpha_arg(FunctionCallInfo fcinfo)
{
	double alpha = PG_ARGISNULL(NM_FUNNEL_ARG_ALPHA)
					   ? 0.05
					   : PG_GETARG_FLOAT8(NM_FUNNEL_ARG_ALPHA);

	nm_check_open_share(alpha, "alpha");
	return alpha;
}

/* baseline_totals counts the baseline, which must have the same steps. */
static Totals *
baseline_totals(FunctionCallInfo fcinfo, const NmFunnelPlan *plan)
{
	const NmState *state;
	const NmFunnelPlan *other;

	if (PG_ARGISNULL(NM_FUNNEL_ARG_BASELINE))
		return NULL;
	state = nm_log_arg(fcinfo, NM_FUNNEL_ARG_BASELINE, &nm_funnel_family);
	other = nm_funnel_plan(fcinfo, state);
	if (other->nshown != plan->nshown)
		nm_funnel_different_steps();
	for (int i = 0; i < plan->nshown; i++)
		if (strcmp(other->shown[i].name, plan->shown[i].name) != 0)
			nm_funnel_different_steps();
	return funnel_totals(state, other, false);
}

PG_FUNCTION_INFO_V1(nm_funnel);
Datum
nm_funnel(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	const NmFunnelPlan *plan;
	Totals *totals;
	Totals *baseline;
	double alpha;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_funnel_family);
	plan = nm_funnel_plan(fcinfo, state);
	alpha = alpha_arg(fcinfo);
	totals = funnel_totals(state, plan, true);
	baseline = baseline_totals(fcinfo, plan);
	nm_row_begin(&row);
	for (int i = 0; i < plan->nshown; i++)
	{
		Datum values[12];
		bool nulls[12] = {false};

		step_row(plan, totals, baseline, i, alpha, values, nulls);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Users */

typedef struct UserRows
{
	ReturnSetInfo *rsinfo;
	NmRowContext row;
} UserRows;

/* times_array returns the times of the steps shown. */
static Datum
times_array(const NmFunnelPlan *plan, const Way *way)
{
	Datum elements[NM_FUNNEL_STEPS];
	bool nulls[NM_FUNNEL_STEPS];
	int dims[1] = {plan->nshown};
	int lower[1] = {1};

	for (int i = 0; i < plan->nshown; i++)
	{
		nulls[i] = way->times[i] == NOT_REACHED;
		elements[i] = TimestampTzGetDatum(nulls[i] ? 0 : way->times[i]);
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, dims, lower,
											  TIMESTAMPTZOID, sizeof(int64),
											  FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}

/* put_user puts the row of a unit. */
static void
put_user(Walk *walk)
{
	const NmFunnelPlan *plan = walk->plan;
	const Way *way = &walk->way;
	UserRows *rows = walk->arg;
	Datum values[7];
	bool nulls[7] = {false};
	int last = 0;

	if (way->excluded && plan->rules.drop_user)
		return;
	MemoryContextSwitchTo(rows->row.row);
	for (int i = 0; i < plan->nshown; i++)
		if (way->times[i] != NOT_REACHED && !plan->shown[i].optional)
			last = i;
	values[0] = CStringGetTextDatum(nm_state_key_text(walk->state, walk->key));
	nulls[1] =
		walk->tracked.kind != NM_FUNNEL_PROPERTIES || !plan->hold_constant;
	if (!nulls[1])
	{
		uint32 len;
		const char *property =
			nm_state_string(walk->state, way->attempt.property, &len);

		values[1] = PointerGetDatum(cstring_to_text_with_len(property, len));
	}
	values[2] = Int32GetDatum(last + 1);
	nulls[3] = plan->rules.order == NM_FUNNEL_ANY_ORDER;
	if (!nulls[3])
		values[3] = CStringGetTextDatum(plan->shown[last].name);
	values[4] = BoolGetDatum(way->attempt.level == plan->rules.nsteps);
	values[5] = times_array(plan, way);
	nulls[6] = plan->rules.as_of == PG_INT64_MAX;
	values[6] = BoolGetDatum(way->open);
	nm_row_put(&rows->row, rows->rsinfo, values, nulls);
	MemoryContextSwitchTo(rows->row.outer);
}

PG_FUNCTION_INFO_V1(nm_funnel_users);
Datum
nm_funnel_users(PG_FUNCTION_ARGS)
{
	UserRows rows = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	Walk walk = {.count = put_user, .arg = &rows};
	const NmState *state;
	const NmFunnelPlan *plan;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_funnel_family);
	plan = nm_funnel_plan(fcinfo, state);
	nm_row_begin(&rows.row);
	MemoryContextSwitchTo(rows.row.outer);
	walk_users(&walk, state, plan);
	nm_row_end(&rows.row);
	PG_RETURN_NULL();
}
