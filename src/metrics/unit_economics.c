/*
 * unit_economics.c
 *		What a price is a month, what a customer is worth, where MRR is heading.
 *
 * Formulas: doc/unit_economics.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "nm_guards.h"
#include "nm_numeric.h"

/* Decimals that a quotient has at least, whatever its size. */
#define QUOTIENT_SCALE 16
#define QUOTIENT_ONE INT64CONST(10000000000000000)

/* A projection: its longest, and the decimals carried from month to month. */
#define MAX_MONTHS 1200
#define CARRIED_SCALE 20

/* A unit of billing: how many of its intervals are in how many months. */
typedef struct IntervalUnit
{
	const char *name;
	int64 factor; /* so many intervals ... */
	int64 months; /* ... in so many months */
} IntervalUnit;

static const IntervalUnit interval_units[] = {
	{"day", 365, 12},  {"week", 52, 12}, {"month", 1, 1},
	{"quarter", 1, 3}, {"year", 1, 12},  {"none", 0, 1}, /* does not recur */
};

#define UNIT_DAY (&interval_units[0])
#define UNIT_WEEK (&interval_units[1])

/* The parts of a month's change, in the order of their columns. */
enum
{
	PART_NEW,
	PART_EXPANSION,
	PART_CONTRACTION,
	PART_CHURN,
	NPARTS
};

static inline Datum
num_round(Datum a, int scale)
{
	return DirectFunctionCall2(numeric_round, a, Int32GetDatum(scale));
}

/*
 * num_exact returns a * b with so many decimals that a quotient made of it has
 * QUOTIENT_SCALE of them.
 */
static inline Datum
num_exact(Datum a, int64 b)
{
	Numeric factor =
		int64_div_fast_to_numeric(b * QUOTIENT_ONE, QUOTIENT_SCALE);

	return nm_num_mul(a, NumericGetDatum(factor));
}

/* numeric_arg returns an argument, which must be a number. */
static Datum
numeric_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Numeric value = PG_GETARG_NUMERIC(argno);

	if (numeric_is_nan(value) || numeric_is_inf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("argument \"%s\" must be a finite number", name),
				 errdetail("NaN and infinity cannot be calculated with."),
				 errhint("Leave such rows out, or pass null for what is not known.")));
	return NumericGetDatum(value);
}

/* amount_arg returns an argument, which must be a number and not below 0. */
static Datum
amount_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Datum value = numeric_arg(fcinfo, argno, name);

	if (nm_num_sign(value) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be negative", name),
				 errdetail("It is %s.", nm_num_text(value)),
				 errhint("Pass losses as rates, and what is not known as null.")));
	return value;
}

/* rate_arg returns an argument, which must be between lowest and 1. */
static Datum
rate_arg(FunctionCallInfo fcinfo, int argno, const char *name, int lowest)
{
	Datum value = numeric_arg(fcinfo, argno, name);

	if (nm_num_cmp(value, nm_num_int(lowest)) < 0 ||
		nm_num_cmp(value, nm_num_int(1)) > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must be between %d and 1", name,
							   lowest),
						errdetail("It is %s.", nm_num_text(value)),
						errhint("A rate is a share of one: 5 %% is 0.05.")));
	return value;
}

/*
 * margin_arg returns an argument, which must not be above 1; what is sold below
 * cost has a negative margin.
 */
static Datum
margin_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Datum value = numeric_arg(fcinfo, argno, name);

	if (nm_num_cmp(value, nm_num_int(1)) > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must not be above 1", name),
						errdetail("It is %s.", nm_num_text(value)),
						errhint("A margin is a share of one: 80 %% is 0.8.")));
	return value;
}

/* parse_interval_unit finds a unit by its name, singular or plural. */
static const IntervalUnit *
parse_interval_unit(text *name)
{
	const char *data = VARDATA_ANY(name);
	int len = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < (int) lengthof(interval_units); i++)
	{
		const IntervalUnit *unit = &interval_units[i];
		int unit_len = strlen(unit->name);

		if (len == unit_len + 1 && unit->factor > 0 &&
			(data[unit_len] == 's' || data[unit_len] == 'S') &&
			pg_strncasecmp(data, unit->name, unit_len) == 0)
			return unit;
		if (len == unit_len && pg_strncasecmp(data, unit->name, unit_len) == 0)
			return unit;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown interval unit \"%s\"",
					nm_clip(text_to_cstring(name))),
			 errdetail("It says how often the amount is billed."),
			 errhint("Use day, week, month, quarter or year, or none for a price that does not recur.")));
}

/*
 * monthly_amount(amount, interval_unit, interval_count, quantity,
 * weeks_per_month, days_per_month): all factors are multiplied before the one
 * division, so that nothing is rounded twice.
 */
PG_FUNCTION_INFO_V1(nm_monthly_amount);
Datum
nm_monthly_amount(PG_FUNCTION_ARGS)
{
	const IntervalUnit *unit;
	Datum amount;
	Datum weeks = (Datum) 0;
	Datum days = (Datum) 0;
	int64 divisor;

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	}
	unit = parse_interval_unit(PG_GETARG_TEXT_PP(1));
	amount = numeric_arg(fcinfo, 0, "amount");
	divisor = PG_GETARG_INT32(2);
	if (divisor < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"interval_count\" must be at least 1"),
				 errdetail("It is %d.", (int) divisor),
				 errhint("Billed every second week is 2 with the unit week.")));
	amount = nm_num_mul(amount, amount_arg(fcinfo, 3, "quantity"));
	if (!PG_ARGISNULL(4))
		weeks = amount_arg(fcinfo, 4, "weeks_per_month");
	if (!PG_ARGISNULL(5))
		days = amount_arg(fcinfo, 5, "days_per_month");

	if (unit == UNIT_WEEK && !PG_ARGISNULL(4))
		amount = num_exact(nm_num_mul(amount, weeks), 1);
	else if (unit == UNIT_DAY && !PG_ARGISNULL(5))
		amount = num_exact(nm_num_mul(amount, days), 1);
	else
	{
		amount = num_exact(amount, unit->factor);
		divisor *= unit->months;
	}
	if (divisor > 1)
		amount = nm_num_div(amount, nm_num_int(divisor));
	PG_RETURN_DATUM(nm_num_trim(amount, 2));
}

/* ltv(arpa, gross_margin, churn_rate) */
PG_FUNCTION_INFO_V1(nm_ltv);
Datum
nm_ltv(PG_FUNCTION_ARGS)
{
	Datum arpa = amount_arg(fcinfo, 0, "arpa");
	Datum margin = margin_arg(fcinfo, 1, "gross_margin");
	Datum churn = rate_arg(fcinfo, 2, "churn_rate", 0);

	if (nm_num_sign(churn) == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(nm_num_trim(nm_num_div(num_exact(nm_num_mul(arpa, margin),
													 1),
										   churn),
								2));
}

/* cac_payback_months(cac, arpa, gross_margin) */
PG_FUNCTION_INFO_V1(nm_cac_payback_months);
Datum
nm_cac_payback_months(PG_FUNCTION_ARGS)
{
	Datum cac = amount_arg(fcinfo, 0, "cac");
	Datum arpa = amount_arg(fcinfo, 1, "arpa");
	Datum margin = margin_arg(fcinfo, 2, "gross_margin");
	Datum monthly = nm_num_mul(arpa, margin);

	if (nm_num_sign(monthly) <= 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(nm_num_trim(nm_num_div(num_exact(cac, 1), monthly), 2));
}

/*
 * round_parts rounds the parts of a month so that they add up to its change in
 * rounded MRR.  What rounding leaves over, a unit or two of the last decimal,
 * goes to the largest part of its sign, or to the largest of all.
 */
static void
round_parts(const Datum *exact, Datum change, int scale, Datum *rounded)
{
	Datum rest = change;
	int sign;
	int taker = -1;
	bool taker_fits = false;

	for (int i = 0; i < NPARTS; i++)
	{
		rounded[i] = num_round(exact[i], scale);
		rest = nm_num_sub(rest, rounded[i]);
	}
	sign = nm_num_sign(rest);
	if (sign == 0)
		return;
	for (int i = 0; i < NPARTS; i++)
	{
		bool fits = nm_num_sign(exact[i]) == sign;

		if (taker < 0 || (fits && !taker_fits) ||
			(fits == taker_fits &&
			 nm_num_cmp(DirectFunctionCall1(numeric_abs, exact[i]),
						DirectFunctionCall1(numeric_abs, exact[taker])) > 0))
		{
			taker = i;
			taker_fits = fits;
		}
	}
	rounded[taker] = nm_num_add(rounded[taker], rest);
}

/* check_projection complains about what cannot be projected. */
static void
check_projection(int months, int scale, Datum churn, Datum contraction)
{
	if (months < 1 || months > MAX_MONTHS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"months\" must be between 1 and %d",
						MAX_MONTHS),
				 errdetail("It is %d.", months),
				 errhint("A projection goes month by month, for a hundred years at most.")));
	if (scale < 0 || scale > 6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"minor_unit\" must be between 0 and 6"),
				 errdetail("It is %d.", scale),
				 errhint("It is the number of decimals of the currency, see currency_minor_unit().")));
	if (nm_num_cmp(nm_num_add(churn, contraction), nm_num_int(1)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"churn_rate\" and \"contraction_rate\" together must not be above 1"),
				 errdetail("More than the opening MRR would be lost in a month."),
				 errhint("Both are shares of the opening MRR of the same month: 0.03 is 3 percent.")));
}

/* check_projected complains about MRR beyond the range of amounts. */
static void
check_projected(Datum closing, int month)
{
	/* 2^63 - 1 micro-units, as everywhere */
	Numeric limit = int64_div_fast_to_numeric(PG_INT64_MAX, 6);

	if (nm_num_cmp(closing, NumericGetDatum(limit)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("projected MRR is out of range in month %d", month),
				 errdetail("An amount lies between -9223372036854.775807 and 9223372036854.775807."),
				 errhint("Check the growth and expansion rates: 5 %% is 0.05.")));
}

/*
 * project_mrr(opening_mrr, months, new_mrr, new_growth_rate, churn_rate,
 * contraction_rate, expansion_rate, minor_unit).  The path is carried with
 * CARRIED_SCALE decimals; what a row shows is that path, rounded.
 */
PG_FUNCTION_INFO_V1(nm_project_mrr);
Datum
nm_project_mrr(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum path = amount_arg(fcinfo, 0, "opening_mrr");
	int months = PG_GETARG_INT32(1);
	Datum new_mrr = amount_arg(fcinfo, 2, "new_mrr");
	Datum growth = rate_arg(fcinfo, 3, "new_growth_rate", -1);
	Datum churn = rate_arg(fcinfo, 4, "churn_rate", 0);
	Datum contraction = rate_arg(fcinfo, 5, "contraction_rate", 0);
	Datum expansion = rate_arg(fcinfo, 6, "expansion_rate", 0);
	int scale = PG_GETARG_INT32(7);
	Datum first;
	Datum opening;

	check_projection(months, scale, churn, contraction);
	InitMaterializedSRF(fcinfo, 0);
	growth = nm_num_add(growth, nm_num_int(1));
	churn = nm_num_sub(nm_num_int(0), churn);
	contraction = nm_num_sub(nm_num_int(0), contraction);
	first = opening = num_round(path, scale);

	for (int month = 1; month <= months; month++)
	{
		Datum exact[NPARTS];
		Datum values[9];
		bool nulls[9] = {false};
		Datum closing;

		CHECK_FOR_INTERRUPTS();
		exact[PART_NEW] = new_mrr;
		exact[PART_EXPANSION] = nm_num_mul(path, expansion);
		exact[PART_CONTRACTION] = nm_num_mul(path, contraction);
		exact[PART_CHURN] = nm_num_mul(path, churn);
		for (int i = 0; i < NPARTS; i++)
			path = nm_num_add(path, exact[i]);
		path = num_round(path, CARRIED_SCALE);
		check_projected(path, month);
		new_mrr = num_round(nm_num_mul(new_mrr, growth), CARRIED_SCALE);

		closing = num_round(path, scale);
		values[0] = Int32GetDatum(month);
		values[1] = opening;
		values[6] = nm_num_sub(closing, opening);
		round_parts(exact, values[6], scale, &values[2]);
		values[7] = closing;
		values[8] = nm_num_sub(closing, first);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		opening = closing;
	}
	return (Datum) 0;
}
