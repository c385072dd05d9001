/*
 * health_scale.c
 *		How raw numbers become factors of a health score, from 0 to 100: values
 *		against bounds, a target or peers, and trends over weeks.
 *
 * Definitions: doc/health.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"

#include "health.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_stats.h"

/* Raw numbers as factors */

/* factor_of returns a share as a factor: 0 to 1 as 0 to 100, no more or less */
static inline double
factor_of(double share)
{
	return nm_rounded(100 * Max(0, Min(1, share)));
}

/* target_arg returns an argument above 0. */
static double
target_arg(FunctionCallInfo fcinfo, int argno)
{
	double target = nm_finite_arg(fcinfo, argno, "target");

	if (target <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"target\" must be above 0"),
				 errdetail("It is %g.", target),
				 errhint("It is the value that gives 100; where less is better, see scale_min_max().")));
	return target;
}

/* scale_min_max(value, low, high) */
PG_FUNCTION_INFO_V1(nm_scale_min_max);
Datum
nm_scale_min_max(PG_FUNCTION_ARGS)
{
	double value = nm_finite_arg(fcinfo, 0, "value");
	double low = nm_finite_arg(fcinfo, 1, "low");
	double high = nm_finite_arg(fcinfo, 2, "high");

	if (low == high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arguments \"low\" and \"high\" must differ"),
				 errdetail("Both are %g.", low),
				 errhint("low is the value that gives 0 and high the one that gives 100; low is the larger one where less is better.")));
	/* beyond the ends, and so with no difference that overflows below them */
	if (low < high ? value <= low : value >= low)
		PG_RETURN_FLOAT8(0);
	if (low < high ? value >= high : value <= high)
		PG_RETURN_FLOAT8(100);
	if (!isfinite(high - low))
	{
		value /= 2;
		low /= 2;
		high /= 2;
	}
	PG_RETURN_FLOAT8(factor_of((value - low) / (high - low)));
}

/* scale_target(value, target) */
PG_FUNCTION_INFO_V1(nm_scale_target);
Datum
nm_scale_target(PG_FUNCTION_ARGS)
{
	double value = nm_finite_arg(fcinfo, 0, "value");

	PG_RETURN_FLOAT8(factor_of(value / target_arg(fcinfo, 1)));
}

/* scale_log(value, target) */
PG_FUNCTION_INFO_V1(nm_scale_log);
Datum
nm_scale_log(PG_FUNCTION_ARGS)
{
	double value = nm_finite_arg(fcinfo, 0, "value");
	double target = target_arg(fcinfo, 1);

	if (value <= 0)
		PG_RETURN_FLOAT8(0);
	PG_RETURN_FLOAT8(factor_of(log1p(value) / log1p(target)));
}

/* check_count complains about what is no count. */
static void
check_count(double value, const char *name, int i)
{
	if (!(value >= 0 && isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" must be counts", name),
				 errdetail("Element %d is %g.", i + 1, value),
				 errhint("Pass finite numbers from 0, and null for what is not known.")));
}

/* scale_percentile(value, peers) */
PG_FUNCTION_INFO_V1(nm_scale_percentile);
Datum
nm_scale_percentile(PG_FUNCTION_ARGS)
{
	double value = nm_finite_arg(fcinfo, 0, "value");
	NmValues peers = nm_array_values(PG_GETARG_ARRAYTYPE_P(1), "peers");
	const double *next = peers.values;
	int64 halves = 0;
	int64 known = 0;

	for (int i = 0; i < peers.n; i++)
	{
		double peer;

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!nm_is_known(&peers, i))
			continue;
		peer = *next++;
		if (!isfinite(peer))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("\"peers\" must be finite numbers"),
							errdetail("Element %d is %g.", i + 1, peer),
							errhint("Pass null for what is not known.")));
		halves += peer < value ? 2 : peer == value;
		known++;
	}
	if (known == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(factor_of((double) halves / (2.0 * known)));
}

/* Trends over weeks */

/* The weeks that are known. */
typedef struct Weeks
{
	int n;
	double *week;
	double *uses;
} Weeks;

static Weeks
known_weeks(FunctionCallInfo fcinfo, int argno)
{
	NmValues weekly = nm_array_values(PG_GETARG_ARRAYTYPE_P(argno), "weekly");
	const double *next = weekly.values;
	Weeks weeks = {.n = 0,
				   .week = palloc_array(double, Max(weekly.n, 1)),
				   .uses = palloc_array(double, Max(weekly.n, 1))};

	for (int i = 0; i < weekly.n; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!nm_is_known(&weekly, i))
			continue;
		check_count(*next, "weekly", i);
		weeks.week[weeks.n] = i;
		weeks.uses[weeks.n++] = *next++;
	}
	return weeks;
}

/* usage_trend(weekly, full_growth_rate, alpha) */
PG_FUNCTION_INFO_V1(nm_usage_trend);
Datum
nm_usage_trend(PG_FUNCTION_ARGS)
{
	Weeks weeks = known_weeks(fcinfo, 0);
	double full_growth = nm_finite_arg(fcinfo, 1, "full_growth_rate");
	double alpha = PG_GETARG_FLOAT8(2);
	const char *direction;
	Datum values[6];
	bool nulls[6] = {false};
	NmLine line;

	nm_check_open_share(alpha, "alpha");
	if (full_growth <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"full_growth_rate\" must be above 0"),
				 errdetail("It is %g.", full_growth),
				 errhint("It is the growth a week that gives 100: 0.05 is 5 %%.")));
	for (int i = 0; i < weeks.n; i++)
		weeks.uses[i] = log1p(weeks.uses[i]);
	values[0] = Int32GetDatum(weeks.n);
	if (nm_fit_line(weeks.week, weeks.uses, weeks.n, &line))
	{
		values[1] = Float8GetDatum(line.slope);
		values[2] = Float8GetDatum(expm1(line.slope));
		direction = nm_line_direction(&line, alpha);
		values[3] = Float8GetDatum(line.p_value);
		nulls[3] = nulls[4] = direction == NULL;
		if (direction != NULL)
			values[4] = CStringGetTextDatum(direction);
		values[5] = Float8GetDatum(factor_of(0.5 + 0.5 * line.slope /
													   log1p(full_growth)));
	}
	else
		memset(nulls + 1, true, 5);
	return nm_one_row(fcinfo, values, nulls);
}

/* engagement_consistency(weekly) */
PG_FUNCTION_INFO_V1(nm_engagement_consistency);
Datum
nm_engagement_consistency(PG_FUNCTION_ARGS)
{
	Weeks weeks = known_weeks(fcinfo, 0);
	double mean = 0;
	double squares = 0;

	for (int i = 0; i < weeks.n; i++)
		mean += weeks.uses[i] / weeks.n;
	if (weeks.n < 2 || mean == 0)
		PG_RETURN_NULL();
	/* relative to the mean, so that no square overflows */
	for (int i = 0; i < weeks.n; i++)
		squares += (weeks.uses[i] / mean - 1) * (weeks.uses[i] / mean - 1);
	PG_RETURN_FLOAT8(Max(0, 1 - sqrt(squares / weeks.n)));
}

/* adoption_breadth(used, available) */
PG_FUNCTION_INFO_V1(nm_adoption_breadth);
Datum
nm_adoption_breadth(PG_FUNCTION_ARGS)
{
	int64 used = nm_count_arg(fcinfo, 0, "used");
	int64 available = nm_count_arg(fcinfo, 1, "available");
	Datum breadth;

	if (used > available)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"used\" must not be above \"available\""),
						errdetail("It is " INT64_FORMAT " of " INT64_FORMAT ".",
								  used, available),
						errhint("Count only uses of what is available.")));
	if (!nm_ratio_out(used, available, &breadth))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(breadth);
}
