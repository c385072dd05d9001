/*
 * statistics.c
 *		Tests and intervals for rates, as SQL functions.
 *
 * Definitions: doc/statistics.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_stats.h"

/* Successes among trials. */
typedef struct Share
{
	int64 successes;
	int64 trials;
} Share;

static void
check_share(Share share)
{
	if (share.trials < 0 || share.successes < 0 ||
		share.successes > share.trials)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("successes must be between 0 and trials"),
				 errdetail(INT64_FORMAT " of " INT64_FORMAT " is not a share.",
						   share.successes, share.trials),
				 errhint("Pass counts: how many of how many; rates do not say how sure they are.")));
}

/* share_args reads two counts. */
static Share
share_args(FunctionCallInfo fcinfo, int argno)
{
	Share share;

	share.successes = PG_GETARG_INT64(argno);
	share.trials = PG_GETARG_INT64(argno + 1);
	check_share(share);
	return share;
}

/* rate_column sets a column to a share as numeric, NULL without trials. */
static void
rate_column(Share share, Datum *value, bool *isnull)
{
	*isnull = !nm_ratio_out(share.successes, share.trials, value);
}

/* test_columns sets z and p_value; false, and NULLs, if they say nothing. */
static bool
test_columns(Share a, Share b, double *p, Datum *values, bool *nulls)
{
	double z;

	if (!nm_two_proportions(a.successes, a.trials, b.successes, b.trials, &z,
							p))
	{
		nulls[0] = nulls[1] = true;
		return false;
	}
	values[0] = Float8GetDatum(z);
	values[1] = Float8GetDatum(*p);
	return true;
}

/* two_proportion_test(successes_a, trials_a, successes_b, trials_b) */
PG_FUNCTION_INFO_V1(nm_two_proportion_test);
Datum
nm_two_proportion_test(PG_FUNCTION_ARGS)
{
	Share a = share_args(fcinfo, 0);
	Share b = share_args(fcinfo, 2);
	Datum values[5];
	bool nulls[5] = {false};
	double p;

	rate_column(a, &values[0], &nulls[0]);
	rate_column(b, &values[1], &nulls[1]);
	nulls[2] = nulls[0] || nulls[1];
	if (!nulls[2])
		values[2] = DirectFunctionCall2(numeric_sub, values[0], values[1]);
	test_columns(a, b, &p, &values[3], &nulls[3]);
	return nm_one_row(fcinfo, values, nulls);
}

/* counts_arg returns the elements of an array of counts. */
static int64 *
counts_arg(FunctionCallInfo fcinfo, int argno, const char *name, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argno);

	nm_check_plain_array(array, name);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not contain null", name),
				 errdetail("A count that is not known cannot be compared."),
				 errhint("Leave the group out of both arrays.")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (int64 *) ARR_DATA_PTR(array);
}

/*
 * chi_squared returns Pearson's statistic of the shares against their common
 * rate; groups without trials are left out.
 */
static bool
chi_squared(const int64 *successes, const int64 *trials, int n, double *x,
			int *df)
{
	double all_successes = 0;
	double all_failures = 0;
	double rate;
	double failure_rate;
	int groups = 0;

	for (int i = 0; i < n; i++)
	{
		check_share((Share){successes[i], trials[i]});
		all_successes += successes[i];
		all_failures += trials[i] - successes[i];
		groups += trials[i] > 0;
	}
	*x = 0;
	*df = groups - 1;
	if (groups < 2 || all_successes <= 0 || all_failures <= 0)
		return false;
	rate = all_successes / (all_successes + all_failures);
	failure_rate = all_failures / (all_successes + all_failures);
	for (int i = 0; i < n; i++)
	{
		/* of the rarer outcome, which has more digits */
		double excess = rate <= failure_rate ? successes[i] - trials[i] * rate
											 : (trials[i] - successes[i]) -
												   trials[i] * failure_rate;

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (trials[i] > 0)
			*x += excess * excess / (trials[i] * rate * failure_rate);
	}
	return true;
}

/* proportions_test(successes, trials) */
PG_FUNCTION_INFO_V1(nm_proportions_test);
Datum
nm_proportions_test(PG_FUNCTION_ARGS)
{
	int nsuccesses;
	int ntrials;
	const int64 *successes = counts_arg(fcinfo, 0, "successes", &nsuccesses);
	const int64 *trials = counts_arg(fcinfo, 1, "trials", &ntrials);
	Datum values[3];
	bool nulls[3] = {false};
	double x;
	int df;

	if (nsuccesses != ntrials)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"successes\" and \"trials\" must have the same length"),
				 errdetail("They have %d and %d elements.", nsuccesses,
						   ntrials),
				 errhint("Pass two counts per group, in the same order.")));
	if (chi_squared(successes, trials, ntrials, &x, &df))
	{
		values[0] = Float8GetDatum(x);
		values[1] = Int32GetDatum(df);
		values[2] = Float8GetDatum(nm_chi_squared_tail(x, df));
	}
	else
		nulls[0] = nulls[1] = nulls[2] = true;
	return nm_one_row(fcinfo, values, nulls);
}

/* wilson_interval(successes, trials, confidence) */
PG_FUNCTION_INFO_V1(nm_wilson_interval);
Datum
nm_wilson_interval(PG_FUNCTION_ARGS)
{
	Share share = share_args(fcinfo, 0);
	double confidence = PG_GETARG_FLOAT8(2);
	Datum values[3];
	bool nulls[3] = {false};

	nm_check_open_share(confidence, "confidence");
	rate_column(share, &values[0], &nulls[0]);
	nulls[1] = nulls[2] = nulls[0];
	if (!nulls[0])
	{
		double low;
		double high;

		nm_wilson(share.successes, share.trials, confidence, &low, &high);
		values[1] = Float8GetDatum(low);
		values[2] = Float8GetDatum(high);
	}
	return nm_one_row(fcinfo, values, nulls);
}

/*
 * drop_off_test(successes, trials, baseline_successes, baseline_trials, alpha,
 * threshold).  The fall is one division of exact products, so that one from
 * 50 to 40 % is 0.2 itself.
 */
PG_FUNCTION_INFO_V1(nm_drop_off_test);
Datum
nm_drop_off_test(PG_FUNCTION_ARGS)
{
	Share share = share_args(fcinfo, 0);
	Share baseline = share_args(fcinfo, 2);
	double alpha = PG_GETARG_FLOAT8(4);
	double threshold = PG_GETARG_FLOAT8(5);
	int128 before = (int128) baseline.successes * share.trials;
	int128 after = (int128) share.successes * baseline.trials;
	Datum values[7];
	bool nulls[7] = {false};
	double p;

	nm_check_open_share(alpha, "alpha");
	nm_check_open_share(threshold, "threshold");
	rate_column(share, &values[0], &nulls[0]);
	rate_column(baseline, &values[1], &nulls[1]);
	nulls[2] = nulls[0] || !nm_ratio_out(after - before, before, &values[2]);
	if (test_columns(share, baseline, &p, &values[3], &nulls[3]))
	{
		values[5] = BoolGetDatum(p < alpha);
		values[6] = BoolGetDatum(p < alpha && before > 0 &&
								 (double) (before - after) / (double) before >=
									 threshold);
	}
	else
		nulls[5] = nulls[6] = true;
	return nm_one_row(fcinfo, values, nulls);
}
