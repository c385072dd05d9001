/*
 * feature_value.c
 *		What a feature is worth: its score, and who stays because of it.
 *
 * See doc/features.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "activity.h"
#include "features.h"
#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_numeric.h"
#include "nm_rows.h"
#include "nm_stats.h"

/* Value score */

#define NPARTS 4
#define NBANDS 3

/* decimals of a score */
#define SCORE_SCALE 16

static const char *const categories[NBANDS + 1] = {"low", "medium", "high",
												   "critical"};

/* num_score returns a score for people, without zeroes at its end. */
static Datum
num_score(Datum a)
{
	a = DirectFunctionCall2(numeric_round, a, Int32GetDatum(SCORE_SCALE));
	return nm_num_trim(a, 0);
}

/* part_arg returns an argument, which must be from low to high. */
static Datum
part_arg(FunctionCallInfo fcinfo, int argno, const char *name, int low,
		 int high)
{
	Datum value = PG_GETARG_DATUM(argno);

	if (nm_num_cmp(value, nm_num_int(low)) < 0 ||
		nm_num_cmp(value, nm_num_int(high)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be from %d to %d", name, low,
						high),
				 errdetail("It is %s.", nm_num_text(value)),
				 errhint("It is a share of one, or a difference of such shares: 5 %% is 0.05.")));
	return value;
}

/* frequency_args returns least(1, uses_per_user / target_uses). */
static Datum
frequency_args(FunctionCallInfo fcinfo)
{
	Datum uses = PG_GETARG_DATUM(1);
	Datum target = PG_GETARG_DATUM(2);

	if (!nm_num_finite(uses) || !nm_num_finite(target) ||
		nm_num_sign(uses) < 0 || nm_num_sign(target) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"uses_per_user\" or \"target_uses\" is out of range"),
				 errdetail("Uses are counted from 0 on, and their target is above 0."),
				 errhint("Take as target how often a user who relies on the feature uses it.")));
	if (nm_num_cmp(uses, target) >= 0)
		return nm_num_int(1);
	return nm_num_div(uses, target);
}

/* numbers_arg reads the given number of numbers. */
static void
numbers_arg(FunctionCallInfo fcinfo, int argno, const char *name, int n,
			Datum *numbers)
{
	Datum *elements;
	bool *nulls;
	int nelements;

	nelements = nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), name,
								  NUMERICOID, &elements, &nulls);
	for (int i = 0; i < nelements && nelements == n; i++)
	{
		if (nulls[i] || !nm_num_finite(elements[i]))
			nelements = -1;
		else
			numbers[i] = elements[i];
	}
	if (nelements != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be %d numbers", name, n),
				 errdetail("Weights are for adoption, frequency, success and retention; bands begin medium, high and critical."),
				 errhint("Leave it out for the default.")));
}

/* weights_arg reads weights that sum to 1. */
static void
weights_arg(FunctionCallInfo fcinfo, Datum *weights)
{
	Datum sum = nm_num_int(0);
	bool negative = false;

	numbers_arg(fcinfo, 5, "weights", NPARTS, weights);
	for (int i = 0; i < NPARTS; i++)
	{
		negative = negative || nm_num_sign(weights[i]) < 0;
		sum = nm_num_add(sum, weights[i]);
	}
	if (negative || nm_num_cmp(sum, nm_num_int(1)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must sum to 1"),
				 errdetail("They sum to %s, and none may be negative.",
						   nm_num_text(sum)),
				 errhint("Weights of a quarter each are '{0.25,0.25,0.25,0.25}'.")));
}

/* category_arg returns the name of the band that holds a score. */
static const char *
category_arg(FunctionCallInfo fcinfo, Datum score)
{
	Datum bands[NBANDS];
	int at = 0;

	numbers_arg(fcinfo, 6, "bands", NBANDS, bands);
	for (int i = 1; i < NBANDS; i++)
		if (nm_num_cmp(bands[i - 1], bands[i]) >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("bands must ascend"),
					 errdetail("Each band begins where the one before it ends."),
					 errhint("The default is '{0.25,0.5,0.75}'.")));
	while (at < NBANDS && nm_num_cmp(score, bands[at]) >= 0)
		at++;
	return categories[at];
}

/*
 * feature_value_score(adoption, uses_per_user, target_uses, success,
 * retention_lift, weights, bands)
 */
PG_FUNCTION_INFO_V1(nm_feature_value_score);
Datum
nm_feature_value_score(PG_FUNCTION_ARGS)
{
	Datum parts[NPARTS];
	Datum weights[NPARTS];
	Datum product = nm_num_int(1);
	Datum weighted = nm_num_int(0);
	Datum values[4];
	bool nulls[4] = {false};

	parts[0] = part_arg(fcinfo, 0, "adoption", 0, 1);
	parts[1] = frequency_args(fcinfo);
	parts[2] = part_arg(fcinfo, 3, "success", 0, 1);
	parts[3] = part_arg(fcinfo, 4, "retention_lift", -1, 1);
	weights_arg(fcinfo, weights);
	for (int i = 0; i < NPARTS; i++)
	{
		product = nm_num_mul(product, parts[i]);
		weighted = nm_num_add(weighted, nm_num_mul(parts[i], weights[i]));
	}
	values[0] = num_score(parts[1]);
	values[1] = num_score(product);
	values[2] = num_score(weighted);
	/* the score as it is shown: a third and two thirds make one whole */
	values[3] = CStringGetTextDatum(category_arg(fcinfo, values[2]));
	PG_RETURN_DATUM(nm_one_row(fcinfo, values, nulls));
}

/* Retention lift */

/* arguments of feature_retention */
enum
{
	ARG_STATE,
	ARG_ACTIVITY,
	ARG_FEATURE,
	ARG_DAY,
	ARG_ADOPTION_DAYS,
	ARG_AS_OF,
	ARG_ZONE,
	ARG_CONFIDENCE
};

#define MAX_DAY 36600

/* Stayers: users, and how many of them stayed. */
typedef struct Stayers
{
	int64 users;
	int64 retained;
} Stayers;

/* Lift: what is compared. */
typedef struct Lift
{
	const NmState *state;
	const NmState *activity;
	int64 feature; /* string number, -1 if the state has no such feature */
	int day;
	int adoption_days;
	int64 as_of;
	pg_tz *zone;
} Lift;

static void
lift_args(FunctionCallInfo fcinfo, Lift *lift)
{
	int64 first;
	int64 last;

	lift->state = nm_log_arg(fcinfo, ARG_STATE, &nm_feature_family);
	lift->activity = nm_activity_arg(fcinfo, ARG_ACTIVITY);
	if (nm_state_key_type(lift->state) != nm_state_key_type(lift->activity))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("feature state and activity state have keys of different types"),
				 errdetail("A bigint, a uuid and a text that look alike are different users."),
				 errhint("Build both states from keys of one type: bigint, uuid or text.")));
	nm_require_arg(fcinfo, ARG_FEATURE, "feature");
	lift->feature =
		nm_state_find_text(lift->state, PG_GETARG_TEXT_PP(ARG_FEATURE));
	lift->day = nm_bounded_arg(fcinfo, ARG_DAY, "day", 30, 1, MAX_DAY);
	lift->adoption_days = nm_bounded_arg(fcinfo, ARG_ADOPTION_DAYS,
										 "adoption_days", 7, 1, MAX_DAY);
	if (lift->adoption_days > lift->day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("adoption_days must not be greater than day"),
				 errdetail("Who uses a feature after day %d has stayed until then: that would be no effect of the feature.",
						   lift->day),
				 errhint("Take a later day, or fewer adoption_days.")));
	nm_activity_range(lift->activity, &first, &last);
	lift->as_of = nm_activity_as_of(fcinfo, ARG_AS_OF, last);
	lift->zone = nm_zone_parse(nm_text_arg(fcinfo, ARG_ZONE, "UTC"));
}

/* used_before tells whether records [start, end) use the feature before a day. */
static bool
used_before(const Lift *lift, uint32 start, uint32 end, int64 day)
{
	const NmFeatureRow *rows = nm_feature_rows(lift->state);

	for (uint32 i = start; i < end; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (rows[i].feature == lift->feature &&
			nm_feature_action(&rows[i]) == NM_FEATURE_USED)
			return nm_instant_to_day(rows[i].at, lift->zone) < day;
	}
	return false;
}

/* count_stayers counts the users without the feature, and those with it. */
static void
count_stayers(const Lift *lift, Stayers *stayers)
{
	const NmFeatureRow *rows = nm_feature_rows(lift->state);
	NmActivityReader reader;
	uint32 start = 0;
	uint32 end = 0;
	bool more = nm_feature_next(lift->state, &start, &end);

	nm_activity_begin(&reader, lift->activity, lift->as_of);
	while (nm_activity_next(&reader))
	{
		int64 day0 = reader.days[0];
		int c = 1;
		Stayers *group;

		CHECK_FOR_INTERRUPTS();
		if (day0 + lift->day >= lift->as_of)
			continue;
		while (more && (c = nm_user_compare(lift->state, rows[start].key,
											lift->activity, reader.key)) < 0)
		{
			CHECK_FOR_INTERRUPTS();
			more = nm_feature_next(lift->state, &start, &end);
		}
		group =
			&stayers[more && c == 0 &&
					 used_before(lift, start, end, day0 + lift->adoption_days)];
		group->users++;
		group->retained += reader.days[reader.n - 1] >= day0 + lift->day;
	}
}

/*
 * lift_columns sets the difference of two rates and Newcombe's interval of it,
 * which is made of the Wilson bounds of both.
 */
static void
lift_columns(const Stayers *with, const Stayers *without, double confidence,
			 Datum *values)
{
	double rate_with = (double) with->retained / with->users;
	double rate_without = (double) without->retained / without->users;
	double lift = rate_with - rate_without;
	double low_with;
	double high_with;
	double low_without;
	double high_without;
	int128 users = (int128) with->users * without->users;

	nm_ratio_out((int128) with->retained * without->users -
					 (int128) without->retained * with->users,
				 users, &values[0]);
	nm_wilson(with->retained, with->users, confidence, &low_with, &high_with);
	nm_wilson(without->retained, without->users, confidence, &low_without,
			  &high_without);
	values[1] = Float8GetDatum(lift - hypot(rate_with - low_with,
											high_without - rate_without));
	values[2] = Float8GetDatum(lift + hypot(high_with - rate_with,
											rate_without - low_without));
}

/*
 * feature_retention(state, activity, feature, day, adoption_days, as_of, zone,
 * confidence)
 */
PG_FUNCTION_INFO_V1(nm_feature_retention);
Datum
nm_feature_retention(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Lift lift;
	Stayers stayers[2] = {{0}};
	const Stayers *without = &stayers[0];
	const Stayers *with = &stayers[1];
	double confidence =
		PG_ARGISNULL(ARG_CONFIDENCE) ? 0.95 : PG_GETARG_FLOAT8(ARG_CONFIDENCE);
	Datum values[10];
	bool nulls[10] = {false};
	double z;
	double p;

	InitMaterializedSRF(fcinfo, 0);
	nm_check_open_share(confidence, "confidence");
	if (PG_ARGISNULL(ARG_STATE) || PG_ARGISNULL(ARG_ACTIVITY))
		PG_RETURN_NULL();
	lift_args(fcinfo, &lift);
	count_stayers(&lift, stayers);
	values[0] = Int64GetDatum(with->users);
	values[1] = Int64GetDatum(with->retained);
	nulls[2] = !nm_ratio_out(with->retained, with->users, &values[2]);
	values[3] = Int64GetDatum(without->users);
	values[4] = Int64GetDatum(without->retained);
	nulls[5] = !nm_ratio_out(without->retained, without->users, &values[5]);
	if (nulls[2] || nulls[5])
		nulls[6] = nulls[7] = nulls[8] = true;
	else
		lift_columns(with, without, confidence, &values[6]);
	nulls[9] = !nm_two_proportions(with->retained, with->users,
								   without->retained, without->users, &z, &p);
	if (!nulls[9])
		values[9] = Float8GetDatum(p);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}
