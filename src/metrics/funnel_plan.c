/*
 * funnel_plan.c
 *		What the arguments of the funnel functions mean for a state.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "funnel_plan.h"
#include "nm_guards.h"
#include "nm_span.h"

/* arguments, in the order of the SQL functions */
enum
{
	ARG_WITHIN = 1,
	ARG_STEPS,
	ARG_ENTRY,
	ARG_STEP_ORDER,
	ARG_COUNTING,
	ARG_EXCLUSIONS,
	ARG_EXCLUSION,
	ARG_OPTIONAL,
	ARG_MAX_GAPS,
	ARG_MIN_GAPS,
	ARG_MIN_COUNTS,
	ARG_GRACE,
	ARG_HOLD_CONSTANT,
	ARG_SESSION_GAP,
	ARG_AS_OF,
	ARG_CLICKHOUSE_MODES
};

#define MAX_GRACE USECS_PER_DAY
#define MAX_COUNT 10000

/* Words: an array argument, NULL elements as null pointers. */
typedef struct Words
{
	int n;
	char **word;
} Words;

/* array_arg returns the elements of an array argument, none if it is NULL. */
static int
array_arg(FunctionCallInfo fcinfo, int argno, const char *name, Oid type,
		  Datum **values, bool **nulls)
{
	if (PG_ARGISNULL(argno))
		return 0;
	return nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), name, type, values,
							 nulls);
}

/* words_arg returns a text[] argument without NULL elements. */
static Words
words_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Words words;
	Datum *values;
	bool *nulls;

	words.n = array_arg(fcinfo, argno, name, TEXTOID, &values, &nulls);
	words.word = palloc(sizeof(char *) * (words.n + 1));
	nm_refuse_null_elements(nulls, words.n, name);
	for (int i = 0; i < words.n; i++)
		words.word[i] = TextDatumGetCString(values[i]);
	return words;
}

/* name_positions returns which tracked names are a given one. */
static uint64
name_positions(const NmFunnelTracked *tracked, const char *name)
{
	uint64 bits = nm_funnel_bits(tracked, name, strlen(name));

	if (bits == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state does not track \"%s\"", nm_clip(name)),
				 errdetail("A state holds the events that its aggregate was given, and no others."),
				 errhint("Name it among the steps of the aggregate.")));
	return bits;
}

static bool
is_among(const Words *words, const char *name)
{
	for (int i = 0; i < words->n; i++)
		if (strcmp(words->word[i], name) == 0)
			return true;
	return false;
}

/* add_step adds a step to those that are shown. */
static void
add_step(NmFunnelPlan *plan, const char *name, uint64 positions,
		 const Words *optional)
{
	NmFunnelShown *shown;

	if (plan->nshown == NM_FUNNEL_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a funnel has at most %d steps", NM_FUNNEL_STEPS),
				 errdetail("There are more."),
				 errhint("Divide it into two funnels.")));
	shown = &plan->shown[plan->nshown++];
	shown->name = name;
	shown->positions = positions;
	shown->optional = is_among(optional, name);
	shown->required = plan->rules.nsteps;
	if (!shown->optional)
		plan->rules.nsteps++;
}

/* plan_steps settles steps, exclusions and optional steps. */
static void
plan_steps(FunctionCallInfo fcinfo, const NmFunnelTracked *tracked,
		   NmFunnelPlan *plan)
{
	Words steps = words_arg(fcinfo, ARG_STEPS, "steps");
	Words exclusions = words_arg(fcinfo, ARG_EXCLUSIONS, "exclusions");
	Words optional = words_arg(fcinfo, ARG_OPTIONAL, "optional");

	for (int i = 0; i < exclusions.n; i++)
		plan->exclusions |= name_positions(tracked, exclusions.word[i]);
	if (PG_ARGISNULL(ARG_STEPS))
	{
		for (int i = 0; i < tracked->n; i++)
			if (!(plan->exclusions >> i & 1))
				add_step(plan, pnstrdup(tracked->name[i], tracked->len[i]),
						 UINT64CONST(1) << i, &optional);
	}
	for (int i = 0; i < steps.n; i++)
		add_step(plan, steps.word[i], name_positions(tracked, steps.word[i]),
				 &optional);
	for (int i = 0; i < plan->nshown; i++)
		if (plan->shown[i].positions & plan->exclusions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is a step and an exclusion",
							nm_clip(plan->shown[i].name)),
					 errdetail("An event either leads on or ends the way."),
					 errhint("Name it in one of the two arrays.")));
	for (int i = 0; i < optional.n; i++)
	{
		bool found = false;

		for (int j = 0; j < plan->nshown; j++)
			found |= strcmp(plan->shown[j].name, optional.word[i]) == 0;
		if (!found)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("optional \"%s\" is not a step",
								   nm_clip(optional.word[i])),
							errdetail("An optional step is one of the steps."),
							errhint("Name it among the steps too.")));
	}
	if (plan->nshown == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a funnel needs a first step"),
						errdetail("The first step opens the window."),
						errhint("Name the event by which users enter.")));
	if (plan->shown[0].optional || plan->shown[plan->nshown - 1].optional)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first and the last step of a funnel cannot be optional"),
				 errdetail("An optional step lies between two steps."),
				 errhint("Name steps before and after it.")));
}

/* check_length complains about an array that is not one element per step. */
static void
check_length(const NmFunnelPlan *plan, const char *name, int n)
{
	if (n != 0 && n != plan->nshown)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"%s\" must have one element for each step", name),
				 errdetail("It has %d elements for %d steps.", n, plan->nshown),
				 errhint("Write null where a step has no bound.")));
}

/* no_bound complains about a bound where none can be. */
static void
no_bound(const NmFunnelPlan *plan, const char *name, int i)
{
	if (i == 0 || plan->shown[i].optional)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be null for the first and for optional steps",
						name),
				 errdetail("Element %d is not.", i + 1),
				 errhint("A bound counts from the required step before.")));
}

/* gaps_arg reads an interval[] argument into bounds by required step. */
static void
gaps_arg(FunctionCallInfo fcinfo, int argno, const char *name,
		 const NmFunnelPlan *plan, int64 *gaps, int64 if_null)
{
	Datum *values;
	bool *nulls;
	int n = array_arg(fcinfo, argno, name, INTERVALOID, &values, &nulls);

	for (int i = 0; i < NM_FUNNEL_STEPS; i++)
		gaps[i] = if_null;
	check_length(plan, name, n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		no_bound(plan, name, i);
		gaps[plan->shown[i].required] =
			nm_span(DatumGetIntervalP(values[i]), name);
	}
}

static void
counts_arg(FunctionCallInfo fcinfo, NmFunnelPlan *plan)
{
	Datum *values;
	bool *nulls;
	int n = array_arg(fcinfo, ARG_MIN_COUNTS, "min_counts", INT4OID, &values,
					  &nulls);

	for (int i = 0; i < NM_FUNNEL_STEPS; i++)
		plan->rules.min_count[i] = 1;
	check_length(plan, "min_counts", n);
	for (int i = 0; i < n; i++)
	{
		int32 count = nulls[i] ? 1 : DatumGetInt32(values[i]);

		if (count == 1)
			continue;
		no_bound(plan, "min_counts", i);
		if (count < 1 || count > MAX_COUNT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"min_counts\" must be from 1 to %d", MAX_COUNT),
					 errdetail("Element %d is %d.", i + 1, count),
					 errhint("A step that need not happen is optional.")));
		plan->rules.min_count[plan->shown[i].required] = count;
		plan->has_counts = true;
	}
}

/* clickhouse_arg returns the modes of windowFunnel by bits, 0 if none. */
static int
clickhouse_arg(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"strict_deduplication", "strict_order",
										"strict_increase", "strict_once"};
	Words words = words_arg(fcinfo, ARG_CLICKHOUSE_MODES, "clickhouse_modes");
	int modes = NM_CLICKHOUSE;

	if (PG_ARGISNULL(ARG_CLICKHOUSE_MODES))
		return 0;
	for (int i = 0; i < words.n; i++)
	{
		int mode = 0;

		for (int j = 0; j < (int) lengthof(names); j++)
			if (pg_strcasecmp(words.word[i], names[j]) == 0)
				mode = NM_STRICT_DEDUPLICATION << j;
		if (mode == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is no mode of windowFunnel",
							nm_clip(words.word[i])),
					 errdetail("The modes are strict_deduplication, strict_order, strict_increase and strict_once."),
					 errhint("An empty array stands for none of them.")));
		modes |= mode;
	}
	return modes;
}

static void
cannot_join(const char *a, const char *b, const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("%s and %s do not go together", a, b),
					errdetail("%s", why), errhint("Leave one of them out.")));
}

/* check_order refuses what a strict or free order cannot have. */
static void
check_order(const NmFunnelPlan *plan, const NmFunnelTracked *tracked)
{
	const NmFunnelRules *rules = &plan->rules;
	const char *order = rules->order == NM_FUNNEL_STRICT ? "step_order strict"
														 : "step_order any";
	bool has_optional = plan->nshown > rules->nsteps;

	if (rules->first_entry && rules->grace > 0)
		cannot_join("entry first", "grace",
					"With a grace the row that enters may come after others of its attempt.");
	if (rules->order == NM_FUNNEL_ORDERED)
		return;
	if (has_optional)
		cannot_join(order, "optional steps",
					"Optional steps lie between two steps in order.");
	if (plan->has_counts)
		cannot_join(order, "min_counts",
					"Several rows of a step need an order of the steps.");
	if (rules->grace > 0)
		cannot_join(order, "grace", "A grace bends the order of two steps.");
	if (rules->order == NM_FUNNEL_ANY_ORDER && plan->has_gaps)
		cannot_join(order, "gaps", "Gaps lie between two steps in order.");
	if (rules->order == NM_FUNNEL_STRICT && !tracked->others)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state does not track other events"),
				 errdetail("In strict order nothing may happen between two steps, so the state must know all that happened."),
				 errhint("Add '*' to the steps of the aggregate.")));
}

/* check_clickhouse refuses what windowFunnel does not have. */
static void
check_clickhouse(const NmFunnelPlan *plan, const NmFunnelTracked *tracked,
				 bool uniques)
{
	const NmFunnelRules *rules = &plan->rules;

	if (!rules->clickhouse)
		return;
	if (rules->order != NM_FUNNEL_ORDERED || rules->first_entry || !uniques ||
		plan->exclusions != 0 || plan->nshown > rules->nsteps ||
		plan->has_gaps || plan->has_counts || rules->grace > 0 ||
		plan->hold_constant)
		cannot_join("clickhouse_modes", "other rules of counting",
					"The function windowFunnel has a window and its modes only.");
	if ((rules->clickhouse & NM_STRICT_ORDER) && !tracked->others)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state does not track other events"),
				 errdetail("In strict order nothing may happen between two steps, so the state must know all that happened."),
				 errhint("Add '*' to the steps of the aggregate.")));
}

/* check_shared refuses counts and grace where a row meets several steps. */
static void
check_shared(NmFunnelPlan *plan, const NmFunnelTracked *tracked)
{
	NmFunnelRules *rules = &plan->rules;
	uint64 seen = 0;

	rules->single_steps =
		tracked->kind != NM_FUNNEL_MATCHES || rules->nsteps == 1;
	for (int i = 0; i < plan->nshown; i++)
	{
		uint64 positions = 0;

		if (plan->shown[i].optional)
			continue;
		/* the same name at several places */
		for (int j = 0; j < tracked->n; j++)
			if (plan->shown[i].positions >> j & 1)
				positions |=
					nm_funnel_bits(tracked, tracked->name[j], tracked->len[j]);
		if (tracked->kind == NM_FUNNEL_MATCHES)
			positions = plan->shown[i].positions;
		rules->single_steps &= (seen & positions) == 0;
		seen |= positions;
	}
	rules->plain = rules->single_steps && rules->order == NM_FUNNEL_ORDERED &&
				   !rules->clickhouse && !rules->first_entry &&
				   !rules->attempts && !plan->has_gaps && !plan->has_counts &&
				   rules->grace == 0 && plan->exclusions == 0;
	if (rules->single_steps)
		return;
	if (rules->grace > 0)
		cannot_join("grace", "rows that meet several steps",
					"Which of the steps came first would be open.");
	if (plan->has_counts)
		cannot_join("min_counts", "rows that meet several steps",
					"A row counts for one step only.");
}

static const char *const entries[] = {"any", "first", NULL};
static const char *const orders[] = {"ordered", "strict", "any", NULL};
static const char *const countings[] = {"uniques", "totals", "sessions", NULL};
static const char *const exclusion_rules[] = {"drop_off", "drop_user", NULL};

/* plan_rules reads all that does not hang on the steps. */
static void
plan_rules(FunctionCallInfo fcinfo, NmFunnelPlan *plan)
{
	NmFunnelRules *rules = &plan->rules;
	bool has_as_of;

	rules->within = nm_span_arg(fcinfo, ARG_WITHIN, "within", PG_INT64_MAX);
	rules->first_entry =
		nm_choice_arg(fcinfo, ARG_ENTRY, "entry", entries) == 1;
	rules->order = (NmFunnelOrder) nm_choice_arg(fcinfo, ARG_STEP_ORDER,
												 "step_order", orders);
	plan->counting = (NmFunnelCounting) nm_choice_arg(fcinfo, ARG_COUNTING,
													  "counting", countings);
	rules->attempts = plan->counting == NM_FUNNEL_TOTALS;
	rules->drop_user =
		nm_choice_arg(fcinfo, ARG_EXCLUSION, "exclusion", exclusion_rules) == 1;
	rules->grace = nm_span_arg(fcinfo, ARG_GRACE, "grace", 0);
	if (rules->grace > MAX_GRACE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"grace\" must be at most one day"),
				 errdetail("It excuses clocks that differ."),
				 errhint("Use step_order => 'any' if the order does not matter.")));
	plan->hold_constant =
		!PG_ARGISNULL(ARG_HOLD_CONSTANT) && PG_GETARG_BOOL(ARG_HOLD_CONSTANT);
	plan->session_gap =
		nm_span_arg(fcinfo, ARG_SESSION_GAP, "session_gap", PG_INT64_MAX);
	rules->as_of = nm_instant_arg(fcinfo, ARG_AS_OF, "as_of", &has_as_of);
	if (!has_as_of)
		rules->as_of = PG_INT64_MAX;
	rules->clickhouse = clickhouse_arg(fcinfo);
	if ((plan->counting == NM_FUNNEL_SESSIONS) !=
		(plan->session_gap != PG_INT64_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("counting sessions and \"session_gap\" need each other"),
				 errdetail("A session ends where nothing happens for longer than the gap."),
				 errhint("For example: counting => 'sessions', session_gap => '30 minutes'.")));
}

NmFunnelPlan *
nm_funnel_plan(FunctionCallInfo fcinfo, const NmState *state)
{
	NmFunnelPlan *plan = palloc0(sizeof(NmFunnelPlan));
	NmFunnelTracked tracked;

	nm_funnel_tracked(state, &tracked);
	plan_rules(fcinfo, plan);
	plan_steps(fcinfo, &tracked, plan);
	gaps_arg(fcinfo, ARG_MAX_GAPS, "max_gaps", plan, plan->rules.max_gap,
			 PG_INT64_MAX);
	gaps_arg(fcinfo, ARG_MIN_GAPS, "min_gaps", plan, plan->rules.min_gap, 0);
	plan->has_gaps = !PG_ARGISNULL(ARG_MAX_GAPS) || !PG_ARGISNULL(ARG_MIN_GAPS);
	counts_arg(fcinfo, plan);
	check_order(plan, &tracked);
	check_clickhouse(plan, &tracked, plan->counting == NM_FUNNEL_UNIQUES);
	check_shared(plan, &tracked);
	if (plan->hold_constant && tracked.kind != NM_FUNNEL_PROPERTIES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state has no properties to hold constant"),
				 errdetail("Only funnel_property_agg keeps a property of each event."),
				 errhint("Build the state with nudge.funnel_property_agg().")));
	return plan;
}
