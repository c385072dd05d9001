/*
 * satisfaction_scores.c
 *		Satisfaction: what a survey_state says.  NPS, CSAT, CES, and whether
 *		two of them differ.
 *
 * Counts, shares, scores and bands are exact.  Intervals and tests are
 * estimates in double precision.  See doc/satisfaction.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_numeric.h"
#include "nm_rows.h"
#include "nm_stats.h"
#include "satisfaction.h"

/* What the answers of a state come to. */
typedef struct Answers
{
	NmSurveyQuestion question;
	int64 asked;
	int64 answered;
	int128 sum; /* of the scores, in micro-units */
	int64 promoters;
	int64 detractors;
	int64 favourable; /* of CSAT the top two, of CES above the middle */
} Answers;

/* A mean and how far it spreads. */
typedef struct Estimate
{
	double mean;
	double variance; /* of the mean */
} Estimate;

/* NPS in [from, the next one's from) is in a band and asks for an action. */
static const struct
{
	int from;
	const char *name;
	const char *action;
} bands[] = {
	{-100, "crisis", "executive involvement"},
	{20, "concern", "product focus"},
	{40, "watch", "close the gap to the target"},
	{50, "healthy", "maintain"},
	{70, "exceptional", "case study"},
};

/* survey_arg reads a state of one kind, or of any for 0. */
static const NmState *
survey_arg(FunctionCallInfo fcinfo, int argno, NmSurveyKind kind)
{
	const NmState *state = nm_keyed_arg(fcinfo, argno, &nm_survey_ops);
	NmSurveyKind found = nm_survey_question(state).kind;

	if (kind != 0 && found != kind)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the state has answers to %s, not to %s",
						nm_survey_kind_name(found), nm_survey_kind_name(kind)),
				 errdetail("Each question has a scale and a score of its own."),
				 errhint("Read it by the function %s.",
						 nm_survey_kind_name(found))));
	return state;
}

/* add_count adds to a count of answers. */
static void
add_count(int64 *count, int64 more)
{
	if (unlikely(pg_add_s64_overflow(*count, more, count)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many answers to be counted"),
				 errdetail("Together they are more than 9223372036854775807."),
				 errhint("Look for states that were merged over and over.")));
}

/* is_favourable says whether a score counts as satisfied, or as agreeing. */
static bool
is_favourable(NmSurveyQuestion question, int64 score)
{
	if (question.kind == NM_SURVEY_CSAT)
		return score >= (question.high - 1) * NM_SURVEY_UNIT;
	return 2 * score > (question.low + question.high) * NM_SURVEY_UNIT;
}

static Answers
count_answers(const NmState *state)
{
	const NmSurveyRecord *records = nm_survey_records(state);
	Answers answers = {.question = nm_survey_question(state)};

	for (uint32 i = 0; i < state->nrecords; i++)
	{
		int64 score = records[i].score;
		int64 count = records[i].count;

		add_count(&answers.asked, count);
		if (score == NM_SURVEY_UNANSWERED)
			continue;

		/* none of these is more than asked */
		answers.answered += count;
		answers.sum += (int128) score * count;
		if (score >= NM_NPS_PROMOTER * NM_SURVEY_UNIT)
			answers.promoters += count;
		else if (score < NM_NPS_PASSIVE * NM_SURVEY_UNIT)
			answers.detractors += count;
		if (is_favourable(answers.question, score))
			answers.favourable += count;
	}
	return answers;
}

/* share_column sets a column to a share, NULL of nothing. */
static void
share_column(int128 part, int128 whole, Datum *value, bool *isnull)
{
	*isnull = !nm_ratio_out(part, whole, value);
}

/*
 * nps_estimate is the adjusted Wald estimate of Rocks: as if 3/4 of a
 * promoter, 3/4 of a detractor and 3/2 passives had answered too.
 */
static Estimate
nps_estimate(const Answers *answers)
{
	double n = answers->answered + 3.0;
	double promoters = (answers->promoters + 0.75) / n;
	double detractors = (answers->detractors + 0.75) / n;
	Estimate estimate;

	estimate.mean = promoters - detractors;
	estimate.variance =
		(promoters + detractors - estimate.mean * estimate.mean) / n;
	return estimate;
}

/* band_of finds the band of a score that is a quotient, exactly. */
static int
band_of(int128 score, int128 divisor)
{
	int band = 0;

	while (band + 1 < (int) lengthof(bands) &&
		   score >= bands[band + 1].from * divisor)
		band++;
	return band;
}

/* nps(state, confidence, minimum_answers) */
PG_FUNCTION_INFO_V1(nm_nps);
Datum
nm_nps(PG_FUNCTION_ARGS)
{
	Answers a = count_answers(survey_arg(fcinfo, 0, NM_SURVEY_NPS));
	double confidence = PG_GETARG_FLOAT8(1);
	int minimum =
		nm_bounded_arg(fcinfo, 2, "minimum_answers", 0, 0, PG_INT32_MAX);
	int64 passives = a.answered - a.promoters - a.detractors;
	int128 net = (int128) 100 * (a.promoters - a.detractors);
	Datum values[15];
	bool nulls[15] = {false};

	nm_check_open_share(confidence, "confidence");
	values[0] = Int64GetDatum(a.asked);
	values[1] = Int64GetDatum(a.answered);
	share_column(a.answered, a.asked, &values[2], &nulls[2]);
	values[3] = Int64GetDatum(a.promoters);
	values[4] = Int64GetDatum(passives);
	values[5] = Int64GetDatum(a.detractors);
	share_column(a.promoters, a.answered, &values[6], &nulls[6]);
	share_column(passives, a.answered, &values[7], &nulls[7]);
	share_column(a.detractors, a.answered, &values[8], &nulls[8]);
	share_column(net, a.answered, &values[9], &nulls[9]);
	if (a.answered > 0)
	{
		Estimate estimate = nps_estimate(&a);
		double score = (double) net / (double) a.answered;
		double centre = 100 * estimate.mean;
		double margin = -nm_normal_quantile(0.5 * (1 - confidence)) * 100 *
						sqrt(estimate.variance);

		/* of a few answers that are all alike the score may lie outside */
		values[10] = Float8GetDatum(margin);
		values[11] = Float8GetDatum(Max(-100, Min(score, centre - margin)));
		values[12] = Float8GetDatum(Min(100, Max(score, centre + margin)));
	}
	else
		nulls[10] = nulls[11] = nulls[12] = true;
	nulls[13] = nulls[14] = a.answered == 0 || a.answered < minimum;
	if (!nulls[13])
	{
		int band = band_of(net, a.answered);

		values[13] = CStringGetTextDatum(bands[band].name);
		values[14] = CStringGetTextDatum(bands[band].action);
	}
	return nm_one_row(fcinfo, values, nulls);
}

/* nps_band(score) */
PG_FUNCTION_INFO_V1(nm_nps_band);
Datum
nm_nps_band(PG_FUNCTION_ARGS)
{
	Datum score = PG_GETARG_DATUM(0);
	int band = 0;

	if (nm_num_cmp(score, nm_num_int(-100)) < 0 ||
		nm_num_cmp(score, nm_num_int(100)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("NPS %s is out of range", nm_clip(nm_num_text(score))),
				 errdetail("It lies between -100, all detractors, and 100, all promoters."),
				 errhint("A share of one times 100 is such a score.")));
	while (band + 1 < (int) lengthof(bands) &&
		   nm_num_cmp(score, nm_num_int(bands[band + 1].from)) >= 0)
		band++;
	PG_RETURN_TEXT_P(cstring_to_text(bands[band].name));
}

/* mean_estimate is the mean score; false if its spread is not known. */
static bool
mean_estimate(const NmState *state, const Answers *answers, Estimate *estimate)
{
	const NmSurveyRecord *records = nm_survey_records(state);
	double n = answers->answered;
	double squares = 0;

	if (answers->answered == 0)
		return false;
	estimate->mean = (double) answers->sum / n / NM_SURVEY_UNIT;
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		double off =
			(double) records[i].score / NM_SURVEY_UNIT - estimate->mean;

		if (records[i].score != NM_SURVEY_UNANSWERED)
			squares += off * off * records[i].count;
	}
	estimate->variance = n > 1 ? squares / (n - 1) / n : 0;
	return n > 1;
}

/* mean_columns sets the mean score and its interval by Student's t. */
static void
mean_columns(const NmState *state, const Answers *answers, double confidence,
			 Datum *values, bool *nulls)
{
	Estimate estimate;
	double margin;

	share_column(answers->sum, (int128) answers->answered * NM_SURVEY_UNIT,
				 &values[0], &nulls[0]);
	nulls[1] = nulls[2] = !mean_estimate(state, answers, &estimate);
	if (nulls[1])
		return;
	margin = nm_student_quantile(confidence, answers->answered - 1.0) *
			 sqrt(estimate.variance);
	values[1] =
		Float8GetDatum(Max(answers->question.low, estimate.mean - margin));
	values[2] =
		Float8GetDatum(Min(answers->question.high, estimate.mean + margin));
}

/* scored_row is the row of csat and ces. */
static Datum
scored_row(FunctionCallInfo fcinfo, NmSurveyKind kind)
{
	const NmState *state = survey_arg(fcinfo, 0, kind);
	Answers a = count_answers(state);
	double confidence = PG_GETARG_FLOAT8(1);
	int width = a.question.high - a.question.low;
	Datum values[13];
	bool nulls[13] = {false};

	nm_check_open_share(confidence, "confidence");
	values[0] = Int64GetDatum(a.asked);
	values[1] = Int64GetDatum(a.answered);
	share_column(a.answered, a.asked, &values[2], &nulls[2]);
	mean_columns(state, &a, confidence, &values[3], &nulls[3]);

	/* the top two of two answers are all */
	nulls[6] = kind == NM_SURVEY_CSAT && width < 2;
	values[6] = Int64GetDatum(a.favourable);
	if (nulls[6])
		nulls[7] = true;
	else
		share_column(a.favourable, a.answered, &values[7], &nulls[7]);
	nulls[8] = nulls[9] = nulls[7];
	if (!nulls[8])
	{
		double low;
		double high;

		nm_wilson(a.favourable, a.answered, confidence, &low, &high);
		values[8] = Float8GetDatum(low);
		values[9] = Float8GetDatum(high);
	}
	share_column(100 * (a.sum -
						(int128) a.answered * a.question.low * NM_SURVEY_UNIT),
				 (int128) a.answered * width * NM_SURVEY_UNIT, &values[10],
				 &nulls[10]);
	values[11] = Int32GetDatum(a.question.low);
	values[12] = Int32GetDatum(a.question.high);
	return nm_one_row(fcinfo, values, nulls);
}

/* csat(state, confidence) */
PG_FUNCTION_INFO_V1(nm_csat);
Datum
nm_csat(PG_FUNCTION_ARGS)
{
	return scored_row(fcinfo, NM_SURVEY_CSAT);
}

/* ces(state, confidence) */
PG_FUNCTION_INFO_V1(nm_ces);
Datum
nm_ces(PG_FUNCTION_ARGS)
{
	return scored_row(fcinfo, NM_SURVEY_CES);
}

/* survey_question(state) */
PG_FUNCTION_INFO_V1(nm_survey_question_of);
Datum
nm_survey_question_of(PG_FUNCTION_ARGS)
{
	NmSurveyQuestion question = nm_survey_question(survey_arg(fcinfo, 0, 0));
	Datum values[3];
	bool nulls[3] = {false};

	values[0] = CStringGetTextDatum(nm_survey_kind_name(question.kind));
	values[1] = Int32GetDatum(question.low);
	values[2] = Int32GetDatum(question.high);
	return nm_one_row(fcinfo, values, nulls);
}

/* survey_distribution(state) */
PG_FUNCTION_INFO_V1(nm_survey_distribution);
Datum
nm_survey_distribution(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	const NmSurveyRecord *records;
	Answers answers;
	NmRowContext row;
	uint32 i = 0;
	int64 next;

	InitMaterializedSRF(fcinfo, 0);
	state = survey_arg(fcinfo, 0, 0);
	records = nm_survey_records(state);
	answers = count_answers(state);
	next = answers.question.low * NM_SURVEY_UNIT;
	if (state->nrecords > 0 && records[0].score == NM_SURVEY_UNANSWERED)
		i++;
	nm_row_begin(&row);

	/* every whole number of the scale, and all that was answered between */
	while (i < state->nrecords ||
		   next <= answers.question.high * NM_SURVEY_UNIT)
	{
		int64 score = i < state->nrecords ? Min(next, records[i].score) : next;
		int64 count = 0;
		Datum values[3];
		bool nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		if (i < state->nrecords && records[i].score == score)
			count = records[i++].count;
		if (score == next)
			next += NM_SURVEY_UNIT;
		values[0] = nm_num_trim(nm_money_out(score), 0);
		values[1] = Int64GetDatum(count);
		share_column(count, answers.answered, &values[2], &nulls[2]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* score_out is the score of a state: NPS, or the mean. */
static bool
score_out(const Answers *a, Datum *value)
{
	if (a->question.kind == NM_SURVEY_NPS)
		return nm_ratio_out((int128) 100 * (a->promoters - a->detractors),
							a->answered, value);
	return nm_ratio_out(a->sum, (int128) a->answered * NM_SURVEY_UNIT, value);
}

/*
 * test_nps sets z and p of the difference of two NPS by the same estimates as
 * their intervals, after Lewis and Sauro.
 */
static bool
test_nps(const Answers *a, const Answers *b, double *z, double *p)
{
	Estimate of_a = nps_estimate(a);
	Estimate of_b = nps_estimate(b);

	if (a->answered == 0 || b->answered == 0)
		return false;
	*z = (of_a.mean - of_b.mean) / sqrt(of_a.variance + of_b.variance);
	*p = 2 * nm_normal_cdf(-fabs(*z));
	return true;
}

/* test_means sets t, its degrees of freedom and p by Welch's test. */
static bool
test_means(const NmState *state_a, const Answers *a, const NmState *state_b,
		   const Answers *b, double *t, double *df, double *p)
{
	Estimate of_a;
	Estimate of_b;
	double variance;

	if (!mean_estimate(state_a, a, &of_a) || !mean_estimate(state_b, b, &of_b))
		return false;
	variance = of_a.variance + of_b.variance;
	if (!(variance > 0))
		return false;
	*t = (of_a.mean - of_b.mean) / sqrt(variance);
	*df = variance * variance /
		  (of_a.variance * of_a.variance / (a->answered - 1.0) +
		   of_b.variance * of_b.variance / (b->answered - 1.0));
	*p = nm_student_two_sided(*t, *df);
	return true;
}

/* survey_compare(a, b) */
PG_FUNCTION_INFO_V1(nm_survey_compare);
Datum
nm_survey_compare(PG_FUNCTION_ARGS)
{
	const NmState *state_a = survey_arg(fcinfo, 0, 0);
	const NmState *state_b = survey_arg(fcinfo, 1, 0);
	Answers a = count_answers(state_a);
	Answers b = count_answers(state_b);
	Datum values[9];
	bool nulls[9] = {false};
	double statistic = 0;
	double df = 0;
	double p = 0;

	if (state_a->param != state_b->param)
		nm_survey_ops.family->combine_param((NmState *) state_a, state_b);
	values[0] = Int64GetDatum(a.answered);
	values[1] = Int64GetDatum(b.answered);
	nulls[2] = !score_out(&a, &values[2]);
	nulls[3] = !score_out(&b, &values[3]);
	nulls[4] = nulls[2] || nulls[3];
	if (!nulls[4])
		values[4] = nm_num_sub(values[2], values[3]);
	nulls[5] = nulls[6] = nulls[7] = nulls[8] = true;
	if (a.question.kind == NM_SURVEY_NPS)
	{
		nulls[5] = nulls[8] = !test_nps(&a, &b, &statistic, &p);
		values[5] = Float8GetDatum(statistic);
	}
	else
	{
		nulls[6] = nulls[7] = nulls[8] =
			!test_means(state_a, &a, state_b, &b, &statistic, &df, &p);
		values[6] = Float8GetDatum(statistic);
		values[7] = Float8GetDatum(df);
	}
	values[8] = Float8GetDatum(p);
	return nm_one_row(fcinfo, values, nulls);
}
