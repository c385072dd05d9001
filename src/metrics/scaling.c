/*
 * scaling.c
 *		How costs grow with volume: the exponent of a power law.
 *
 * Definitions: doc/performance.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_stats.h"

/* Costs in proportion to volume give 1 but for rounding. */
#define LINEAR_TOLERANCE 1e-9

/* Logarithms of the points that have one. */
typedef struct Points
{
	double *volumes;
	double *costs;
	int64 n;
	int64 left_out;
} Points;

/* a number that has a logarithm */
static inline bool
is_positive(double value)
{
	return value > 0 && !isinf(value);
}

/* points_args reads the two arrays. */
static void
points_args(FunctionCallInfo fcinfo, Points *points)
{
	Datum *volumes;
	Datum *costs;
	bool *no_volume;
	bool *no_cost;
	int n = nm_array_elements(PG_GETARG_ARRAYTYPE_P(0), "volumes", FLOAT8OID,
							  &volumes, &no_volume);
	int ncosts = nm_array_elements(PG_GETARG_ARRAYTYPE_P(1), "costs", FLOAT8OID,
								   &costs, &no_cost);

	if (n != ncosts)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"volumes\" and \"costs\" must have the same length"),
				 errdetail("They have %d and %d elements.", n, ncosts),
				 errhint("Pass a volume and a cost of each period, in the same order.")));
	points->volumes = palloc_array(double, n);
	points->costs = palloc_array(double, n);
	points->n = 0;
	for (int i = 0; i < n; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (no_volume[i] || no_cost[i] ||
			!is_positive(DatumGetFloat8(volumes[i])) ||
			!is_positive(DatumGetFloat8(costs[i])))
			continue;
		points->volumes[points->n] = log(DatumGetFloat8(volumes[i]));
		points->costs[points->n++] = log(DatumGetFloat8(costs[i]));
	}
	points->left_out = n - points->n;
}

/* number_column sets a column to a number, NULL if there is none. */
static void
number_column(double number, Datum *value, bool *isnull)
{
	*isnull = isnan(number);
	*value = Float8GetDatum(number);
}

/* p_of_linear returns the p value of a slope of 1. */
static double
p_of_linear(const NmLine *line)
{
	if (isnan(line->standard_error))
		return NAN;
	if (line->standard_error > 0)
		return nm_student_two_sided((line->slope - 1) / line->standard_error,
									(double) (line->n - 2));
	return line->slope == 1 ? 1 : 0;
}

static const char *
scaling_word(double slope)
{
	if (fabs(slope - 1) <= LINEAR_TOLERANCE)
		return "linear";
	return slope < 1 ? "sublinear" : "superlinear";
}

/* scaling_coefficient(volumes, costs) */
PG_FUNCTION_INFO_V1(nm_scaling_coefficient);
Datum
nm_scaling_coefficient(PG_FUNCTION_ARGS)
{
	Points points;
	NmLine line;
	Datum values[9];
	bool nulls[9] = {false};

	points_args(fcinfo, &points);
	values[0] = Int64GetDatum(points.n);
	values[1] = Int64GetDatum(points.left_out);
	if (nm_fit_line(points.volumes, points.costs, points.n, &line))
	{
		number_column(line.slope, &values[2], &nulls[2]);
		number_column(exp(line.intercept), &values[3], &nulls[3]);
		number_column(line.standard_error, &values[4], &nulls[4]);
		number_column(line.r_squared, &values[5], &nulls[5]);
		number_column(line.p_value, &values[6], &nulls[6]);
		number_column(p_of_linear(&line), &values[7], &nulls[7]);
		values[8] = CStringGetTextDatum(scaling_word(line.slope));
	}
	else
		for (int i = 2; i < (int) lengthof(nulls); i++)
			nulls[i] = true;
	return nm_one_row(fcinfo, values, nulls);
}
