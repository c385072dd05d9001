/*
 * survival.c
 *		How long users stay active: Kaplan-Meier survival with censoring.
 *
 * See doc/retention.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "activity.h"
#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "nm_stats.h"
#include "retention.h"

enum
{
	ARG_INACTIVE_DAYS = 1,
	ARG_AS_OF,
	ARG_CONFIDENCE
};

#define DEFAULT_INACTIVE_DAYS 30
#define DEFAULT_CONFIDENCE 0.95

/* Lifetimes: one for each user, as twice its days, plus 1 if it is censored. */
typedef NmSamples Lifetimes;

/*
 * Survival: the estimate after the day of the last step.  Between censorings
 * it is a plain share, which keeps rounding out of it.
 */
typedef struct Survival
{
	int64 day;
	int64 at_risk;
	int64 lapsed;
	int64 censored;
	double survival;
	double hazard_sum; /* of Greenwood's formula */

	/* private */
	Size next;
	double base;
	int64 base_at_risk;
} Survival;

/*
 * lifetime_of returns the lifetime of the user just read.  A lapse is known
 * when so many days without activity have followed it, so until `known` nobody
 * who lapsed is missed; who had not lapsed by then is censored there.
 */
static int64
lifetime_of(const NmActivityReader *reader, int inactive_days, int64 known)
{
	const int32 *days = reader->days;
	int last = 0;

	while (last + 1 < reader->n && days[last + 1] - days[last] <= inactive_days)
		last++;
	if (days[last] <= known)
		return (int64) (days[last] - days[0]) * 2;
	return (int64) (known - days[0]) * 2 + 1;
}

/*
 * lifetimes_read reads and sorts the lifetimes of all users who came early
 * enough for a lapse to be known.
 */
static void
lifetimes_read(FunctionCallInfo fcinfo, Lifetimes *lifetimes)
{
	const NmState *state = nm_activity_arg(fcinfo, 0);
	int inactive_days =
		nm_bounded_arg(fcinfo, ARG_INACTIVE_DAYS, "inactive_days",
					   DEFAULT_INACTIVE_DAYS, 1, NM_MAX_AGE);
	NmActivityReader reader;
	int64 as_of;
	int64 known;
	int64 first;
	int64 last;

	nm_activity_range(state, &first, &last);
	as_of = nm_activity_as_of(fcinfo, ARG_AS_OF, last);
	known = as_of - 1 - inactive_days;
	memset(lifetimes, 0, sizeof(Lifetimes));
	nm_activity_begin(&reader, state, as_of);
	while (nm_activity_next(&reader))
	{
		if (reader.days[0] > known)
			continue;
		nm_samples_add(lifetimes, lifetime_of(&reader, inactive_days, known));
	}
	nm_sort_values(lifetimes->values, lifetimes->n);
}

/* survival_begin stands at day 0, before anybody lapsed. */
static void
survival_begin(Survival *s, const Lifetimes *lifetimes)
{
	memset(s, 0, sizeof(Survival));
	s->survival = 1;
	s->base = 1;
	s->base_at_risk = lifetimes->n;
}

/* survival_step goes on to a day and counts who lapsed and who was censored. */
static void
survival_step(Survival *s, const Lifetimes *lifetimes, int64 day)
{
	/* who was censored has left by now, and shares count from here on */
	if (s->censored > 0)
	{
		s->base = s->survival;
		s->base_at_risk = lifetimes->n - s->next;
	}
	s->day = day;
	s->at_risk = lifetimes->n - s->next;
	s->lapsed = 0;
	s->censored = 0;
	for (; s->next < lifetimes->n && lifetimes->values[s->next] / 2 == day;
		 s->next++)
	{
		if (lifetimes->values[s->next] % 2 == 0)
			s->lapsed++;
		else
			s->censored++;
	}
	if (s->lapsed == 0)
		return;
	s->survival =
		s->base * (double) (s->at_risk - s->lapsed) / (double) s->base_at_risk;
	s->hazard_sum += (double) s->lapsed /
					 ((double) s->at_risk * (double) (s->at_risk - s->lapsed));
}

/*
 * survival_bounds gives the bounds on the scale of log(-log(S)), which stay
 * within 0 and 1; false where all or none survived, which tells no spread.
 */
static bool
survival_bounds(const Survival *s, double z, double *low, double *high)
{
	double spread;

	if (s->survival <= 0 || s->survival >= 1)
		return false;
	spread = z * sqrt(s->hazard_sum) / -log(s->survival);
	*low = pow(s->survival, exp(spread));
	*high = pow(s->survival, exp(-spread));
	return true;
}

PG_FUNCTION_INFO_V1(nm_activity_survival);
Datum
nm_activity_survival(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Lifetimes lifetimes;
	Survival s;
	NmRowContext row;
	double confidence = DEFAULT_CONFIDENCE;
	double z;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(ARG_CONFIDENCE))
		confidence = PG_GETARG_FLOAT8(ARG_CONFIDENCE);
	nm_check_open_share(confidence, "confidence");
	z = nm_normal_quantile(0.5 + confidence / 2);
	lifetimes_read(fcinfo, &lifetimes);
	survival_begin(&s, &lifetimes);
	nm_row_begin(&row);
	for (int64 day = 0; lifetimes.n > 0;)
	{
		Datum values[7];
		bool nulls[7] = {false};
		double low = 0;
		double high = 0;

		CHECK_FOR_INTERRUPTS();
		survival_step(&s, &lifetimes, day);
		values[0] = Int32GetDatum((int32) s.day);
		values[1] = Int64GetDatum(s.at_risk);
		values[2] = Int64GetDatum(s.lapsed);
		values[3] = Int64GetDatum(s.censored);
		values[4] = Float8GetDatum(s.survival);
		nulls[5] = nulls[6] = !survival_bounds(&s, z, &low, &high);
		values[5] = Float8GetDatum(low);
		values[6] = Float8GetDatum(high);
		nm_row_put(&row, rsinfo, values, nulls);
		if (s.next == lifetimes.n)
			break;
		day = lifetimes.values[s.next] / 2;
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_median_lifetime);
Datum
nm_median_lifetime(PG_FUNCTION_ARGS)
{
	Lifetimes lifetimes;
	Survival s;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	lifetimes_read(fcinfo, &lifetimes);
	survival_begin(&s, &lifetimes);
	while (s.next < lifetimes.n)
	{
		CHECK_FOR_INTERRUPTS();
		survival_step(&s, &lifetimes, lifetimes.values[s.next] / 2);

		/* a product of shares may miss one half by its rounding */
		if (s.survival <= 0.5 * (1 + 1e-12))
			PG_RETURN_INT32((int32) s.day);
	}
	PG_RETURN_NULL();
}
