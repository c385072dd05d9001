/*
 * funnel_goals.c
 *		What the stages of a funnel are worth.
 *
 * Formulas: doc/funnel_goals.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_numeric.h"

/* as many as a funnel has steps */
#define MAX_STAGES 64

/* Elements: an array argument. */
typedef struct Elements
{
	Datum *values;
	bool *nulls;
	int n;
} Elements;

static Elements
elements_arg(FunctionCallInfo fcinfo, int argno, const char *name, Oid type)
{
	ArrayType *array;
	Elements elements;

	nm_require_arg(fcinfo, argno, name);
	array = PG_GETARG_ARRAYTYPE_P(argno);
	elements.n =
		nm_array_elements(array, name, type, &elements.values, &elements.nulls);
	if (elements.n > MAX_STAGES)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("\"%s\" must have at most %d elements", name,
							   MAX_STAGES),
						errdetail("It has an element for each stage."),
						errhint("Leave out stages that nobody looks at.")));
	return elements;
}

/* stages_arg reads the names of the stages. */
static Elements
stages_arg(FunctionCallInfo fcinfo)
{
	Elements stages = elements_arg(fcinfo, 0, "stages", TEXTOID);

	if (stages.n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a funnel needs a stage"),
						errdetail("The array \"stages\" is empty."),
						errhint("Name its stages in order.")));
	nm_refuse_null_elements(stages.nulls, stages.n, "stages");
	return stages;
}

static void
wrong_length(const char *name, int n, int stages)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg("\"%s\" must have one rate for each stage but the last",
					name),
			 errdetail("It has %d elements for %d stages.", n, stages),
			 errhint("The rate of a stage is the share of its users who reach the next; null is not known.")));
}

/* rates_arg reads the rates from each stage to the next; NULL is not known. */
static Elements
rates_arg(FunctionCallInfo fcinfo, int argno, const char *name, int stages)
{
	Elements rates = elements_arg(fcinfo, argno, name, NUMERICOID);

	if (rates.n != stages && rates.n != stages - 1)
		wrong_length(name, rates.n, stages);
	for (int i = 0; i < rates.n; i++)
		if (!rates.nulls[i] && (nm_num_sign(rates.values[i]) < 0 ||
								nm_num_cmp(rates.values[i], nm_num_int(1)) > 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a rate of \"%s\" must be from 0 to 1", name),
					 errdetail("Element %d is %s.", i + 1,
							   nm_num_text(rates.values[i])),
					 errhint("A rate is a share of one: 5 %% is 0.05.")));
	return rates;
}

/* amount_arg returns a number that must be finite and not negative. */
static Datum
amount_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Datum amount;

	nm_require_arg(fcinfo, argno, name);
	amount = PG_GETARG_DATUM(argno);
	if (!nm_num_finite(amount) || nm_num_sign(amount) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be finite and not negative",
						name),
				 errdetail("It is %s.", nm_num_text(amount)),
				 errhint("Revenue is an amount, and a multiplier is above 0.")));
	return amount;
}

/* Worth: an amount, if it is known. */
typedef struct Worth
{
	Datum amount;
	bool known;
} Worth;

static Worth
worth_of(Datum amount)
{
	return (Worth){amount, true};
}

/* at_rate returns what a chance of something is worth. */
static Worth
at_rate(const Elements *rates, int i, Worth worth)
{
	if (rates->nulls[i] || !worth.known)
		return (Worth){(Datum) 0, false};
	return worth_of(nm_num_mul(rates->values[i], worth.amount));
}

/* worth_before fills in what the stages before `last` are worth. */
static void
worth_before(const Elements *rates, int last, Worth *worth)
{
	for (int i = last - 1; i >= 0; i--)
		worth[i] = at_rate(rates, i, worth[i + 1]);
}

static void
worth_column(Worth worth, Datum *value, bool *isnull)
{
	*isnull = !worth.known;
	if (worth.known)
		*value = nm_num_trim(worth.amount, 2);
}

/*
 * stage_revenue_impact(stages, rates, average_revenue, expansion_multiplier,
 * include_expansion).  The stage that pays is the last, or with a multiplier
 * the last but one: then the last is the expansion, worth what it adds.
 */
PG_FUNCTION_INFO_V1(nm_stage_revenue_impact);
Datum
nm_stage_revenue_impact(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Elements stages = stages_arg(fcinfo);
	Elements rates = rates_arg(fcinfo, 1, "rates", stages.n);
	Datum revenue = amount_arg(fcinfo, 2, "average_revenue");
	bool expands = !PG_ARGISNULL(3);
	int paid = stages.n - (expands ? 2 : 1);
	Worth worth[MAX_STAGES];

	InitMaterializedSRF(fcinfo, 0);
	if (paid < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an expansion needs a stage that pays"),
				 errdetail("With \"expansion_multiplier\" the last stage is the expansion, and the one before it pays."),
				 errhint("Name both stages, or leave the multiplier out.")));
	worth[paid] = worth_of(revenue);
	if (expands)
	{
		Datum times = amount_arg(fcinfo, 3, "expansion_multiplier");

		worth[paid + 1] =
			worth_of(nm_num_mul(revenue, nm_num_sub(times, nm_num_int(1))));
		if (!PG_ARGISNULL(4) && PG_GETARG_BOOL(4))
		{
			worth[paid] = at_rate(&rates, paid, worth[paid + 1]);
			if (worth[paid].known)
				worth[paid].amount = nm_num_add(revenue, worth[paid].amount);
		}
	}
	worth_before(&rates, paid, worth);
	for (int i = 0; i < stages.n; i++)
	{
		Datum values[3];
		bool nulls[3] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = stages.values[i];
		worth_column(worth[i], &values[2], &nulls[2]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

/* Opportunity: what a stage would earn at its target. */
typedef struct Opportunity
{
	int stage;
	Worth missed; /* users */
	Worth total;
} Opportunity;

/* users_arg reads how many users are in each stage. */
static Elements
users_arg(FunctionCallInfo fcinfo, int stages)
{
	Elements users = elements_arg(fcinfo, 1, "users", INT8OID);

	if (users.n != stages)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"users\" must have one count for each stage"),
				 errdetail("It has %d elements for %d stages.", users.n,
						   stages),
				 errhint("Take the column users of funnel() in the order of its steps.")));
	for (int i = 0; i < users.n; i++)
		if (!users.nulls[i] && DatumGetInt64(users.values[i]) < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a count of \"users\" must not be negative"),
							errdetail("Element %d is " INT64_FORMAT ".", i + 1,
									  DatumGetInt64(users.values[i])),
							errhint("Pass null where it is not known.")));
	return users;
}

/* opportunity_of returns what stage i misses; downstream is a user's worth. */
static Opportunity
opportunity_of(const Elements *users, const Elements *targets, int i,
			   Worth downstream)
{
	Opportunity result = {.stage = i};

	if (users->nulls[i] || users->nulls[i + 1] || targets->nulls[i])
		return result;
	result.missed =
		worth_of(nm_num_sub(nm_num_mul(targets->values[i],
									   nm_num_int(DatumGetInt64(users->values
																	[i]))),
							nm_num_int(DatumGetInt64(users->values[i + 1]))));
	if (downstream.known)
		result.total =
			worth_of(nm_num_mul(result.missed.amount, downstream.amount));
	return result;
}

/* larger tells whether an opportunity ranks before another. */
static bool
larger(const Opportunity *a, const Opportunity *b)
{
	if (!a->total.known || !b->total.known)
		return a->total.known;
	return nm_num_cmp(a->total.amount, b->total.amount) > 0;
}

/* funnel_opportunities(stages, users, target_rates, average_revenue) */
PG_FUNCTION_INFO_V1(nm_funnel_opportunities);
Datum
nm_funnel_opportunities(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Elements stages = stages_arg(fcinfo);
	Elements users = users_arg(fcinfo, stages.n);
	Elements targets = rates_arg(fcinfo, 2, "target_rates", stages.n);
	Worth worth[MAX_STAGES];
	Opportunity ranked[MAX_STAGES];
	int n = stages.n - 1;

	InitMaterializedSRF(fcinfo, 0);
	worth[n] = worth_of(amount_arg(fcinfo, 3, "average_revenue"));
	worth_before(&targets, n, worth);
	for (int i = 0; i < n; i++)
	{
		Opportunity next = opportunity_of(&users, &targets, i, worth[i + 1]);
		int at = i;

		for (; at > 0 && larger(&next, &ranked[at - 1]); at--)
			ranked[at] = ranked[at - 1];
		ranked[at] = next;
	}
	for (int rank = 0; rank < n; rank++)
	{
		int i = ranked[rank].stage;
		Datum values[8];
		bool nulls[8] = {false};

		values[0] = Int32GetDatum(rank + 1);
		values[1] = stages.values[i];
		values[2] = users.values[i];
		nulls[2] = users.nulls[i];
		nulls[3] = users.nulls[i] || users.nulls[i + 1] ||
				   !nm_ratio_out(DatumGetInt64(users.values[i + 1]),
								 DatumGetInt64(users.values[i]), &values[3]);
		values[4] = targets.values[i];
		nulls[4] = targets.nulls[i];
		worth_column(ranked[rank].missed, &values[5], &nulls[5]);
		worth_column(worth[i + 1], &values[6], &nulls[6]);
		worth_column(ranked[rank].total, &values[7], &nulls[7]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}
