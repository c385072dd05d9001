/*
 * satisfaction.c
 *		Satisfaction: survey_state and its aggregates.
 *
 * A state counts the answers to one question, score by score, and those who
 * gave none.  See doc/satisfaction.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_numeric.h"
#include "satisfaction.h"

StaticAssertDecl(sizeof(NmSurveyRecord) == 16, "layout of a survey record");
StaticAssertDecl(NM_SURVEY_UNIT == NM_MONEY_UNIT,
				 "scores are read as money is");

const char *
nm_survey_kind_name(NmSurveyKind kind)
{
	/* as many as two bits say, should a state be damaged */
	static const char *const names[] = {"unknown", "nps", "csat", "ces"};

	return names[kind & 3];
}

/* fits_scale says whether a score may be an answer to a question. */
static inline bool
fits_scale(NmSurveyQuestion question, int64 score)
{
	return score >= question.low * NM_SURVEY_UNIT &&
		   score <= question.high * NM_SURVEY_UNIT;
}

static const char *
survey_check_record(const NmState *state, const void *record)
{
	const NmSurveyRecord *rec = record;
	NmSurveyQuestion question = nm_survey_question(state);

	if (rec->count <= 0)
		return "A record counts no answers.";
	if (rec->score == NM_SURVEY_UNANSWERED)
		return NULL;
	if (!fits_scale(question, rec->score))
		return "A score is outside the scale.";
	if (question.kind == NM_SURVEY_NPS && rec->score % NM_SURVEY_UNIT != 0)
		return "A score of NPS is not a whole number.";
	return NULL;
}

static const char *
survey_check_param(const NmState *state)
{
	NmSurveyQuestion question = nm_survey_question(state);

	if (nm_state_key_type(state) != NM_KEY_BIGINT)
		return "The state has keys, where its type has scores.";
	if (question.kind < NM_SURVEY_NPS)
		return "The state is of an unknown question.";
	if (question.high > NM_SURVEY_HIGHEST || question.low >= question.high)
		return "The scale of the state is out of range.";
	if (question.kind == NM_SURVEY_NPS &&
		(question.low != NM_NPS_LOW || question.high != NM_NPS_HIGH))
		return "The scale of the state is out of range.";
	return NULL;
}

static void
different_questions(NmSurveyQuestion a, NmSurveyQuestion b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot combine answers to different questions"),
			 errdetail("One is %s on a scale from %d to %d, the other %s from %d to %d.",
					   nm_survey_kind_name(a.kind), a.low, a.high,
					   nm_survey_kind_name(b.kind), b.low, b.high),
			 errhint("Group by the question and its scale, or bring the scores to one scale first.")));
}

static void
survey_combine_param(NmState *dst, const NmState *src)
{
	different_questions(nm_survey_question(dst), nm_survey_question(src));
}

static inline void
survey_merge(void *entity, const void *row)
{
	NmSurveyRecord *into = entity;
	const NmSurveyRecord *from = row;

	if (unlikely(pg_add_s64_overflow(into->count, from->count, &into->count)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many answers of one score to be counted"),
				 errdetail("A state counts up to 9223372036854775807 of them."),
				 errhint("Look for states that were merged over and over.")));
}

static const NmFamily survey_family = {
	.type_name = "survey_state",
	.kind = NM_KIND_SURVEY,
	.version = 1,
	.layout = "kq",
	.check_record = survey_check_record,
	.check_param = survey_check_param,
	.combine_param = survey_combine_param,
	.times = NM_TIMES_DAYS,
};

const NmKeyedOps nm_survey_ops = {
	.family = &survey_family,
	.recsize = sizeof(NmSurveyRecord),
	.idsize = offsetof(NmSurveyRecord, count),
	.merge = survey_merge,
};

NM_KEYED_FUNCTIONS(survey, &nm_survey_ops);

/* Transition functions */

/* survey_trans counts a score, or NM_SURVEY_UNANSWERED. */
static pg_attribute_always_inline Datum
survey_trans(FunctionCallInfo fcinfo, uint32 param, int64 score)
{
	NmState *state =
		nm_keyed_transition_state(fcinfo, &nm_survey_ops, NM_KEY_BIGINT);
	NmSurveyRecord row = {score, 1};

	if (state == NULL)
		state = nm_keyed_begin(&nm_survey_ops, NM_KEY_BIGINT, param);
	else if (unlikely(state->param != param))
	{
		NmState given = {.param = param};

		different_questions(nm_survey_question(state),
							nm_survey_question(&given));
	}
	nm_keyed_update(&state, &nm_survey_ops, &row);
	PG_RETURN_POINTER(state);
}

/* bad_score complains about a score that is no answer. */
pg_noreturn static void
bad_score(const char *score, NmSurveyQuestion question)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("score %s is not on the scale of %s from %d to %d",
					nm_clip(score), nm_survey_kind_name(question.kind),
					question.low, question.high),
			 question.kind == NM_SURVEY_NPS
				 ? errdetail("Answers are whole numbers.")
				 : errdetail("Answers lie between the ends of the scale."),
			 errhint("Correct such rows, or pass null where a question was not answered.")));
}

/* score_arg reads the score of a row as a number of micro-units. */
static int64
score_arg(FunctionCallInfo fcinfo, NmSurveyQuestion question)
{
	int64 score;

	if (PG_ARGISNULL(1))
		return NM_SURVEY_UNANSWERED;
	if (unlikely(!nm_money_read(PG_GETARG_DATUM(1), &score) ||
				 !fits_scale(question, score) ||
				 (question.kind == NM_SURVEY_NPS &&
				  score % NM_SURVEY_UNIT != 0)))
		bad_score(nm_num_text(PG_GETARG_DATUM(1)), question);
	return score;
}

static const NmSurveyQuestion nps_question = {NM_SURVEY_NPS, NM_NPS_LOW,
											  NM_NPS_HIGH};

/* nps_whole counts a score that is an integer. */
static pg_attribute_always_inline Datum
nps_whole(FunctionCallInfo fcinfo, int score)
{
	uint32 param = nm_survey_param(NM_SURVEY_NPS, NM_NPS_LOW, NM_NPS_HIGH);

	if (PG_ARGISNULL(1))
		return survey_trans(fcinfo, param, NM_SURVEY_UNANSWERED);
	if (unlikely(score < NM_NPS_LOW || score > NM_NPS_HIGH))
		bad_score(psprintf("%d", score), nps_question);
	return survey_trans(fcinfo, param, score * NM_SURVEY_UNIT);
}

/* nps_trans(state, score), the score as smallint, integer and numeric */
PG_FUNCTION_INFO_V1(nm_nps_trans_int2);
Datum
nm_nps_trans_int2(PG_FUNCTION_ARGS)
{
	return nps_whole(fcinfo, PG_ARGISNULL(1) ? 0 : PG_GETARG_INT16(1));
}

PG_FUNCTION_INFO_V1(nm_nps_trans_int4);
Datum
nm_nps_trans_int4(PG_FUNCTION_ARGS)
{
	return nps_whole(fcinfo, PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1));
}

PG_FUNCTION_INFO_V1(nm_nps_trans_numeric);
Datum
nm_nps_trans_numeric(PG_FUNCTION_ARGS)
{
	return survey_trans(fcinfo,
						nm_survey_param(NM_SURVEY_NPS, NM_NPS_LOW, NM_NPS_HIGH),
						score_arg(fcinfo, nps_question));
}

/* scaled_trans reads the arguments of csat_trans and ces_trans. */
static Datum
scaled_trans(FunctionCallInfo fcinfo, NmSurveyKind kind)
{
	NmSurveyQuestion question;

	nm_require_arg(fcinfo, 2, "scale_low");
	nm_require_arg(fcinfo, 3, "scale_high");
	question.kind = kind;
	question.low = nm_bounded_arg(fcinfo, 2, "scale_low", 0, NM_SURVEY_LOWEST,
								  NM_SURVEY_HIGHEST);
	question.high = nm_bounded_arg(fcinfo, 3, "scale_high", 0, NM_SURVEY_LOWEST,
								   NM_SURVEY_HIGHEST);
	if (unlikely(question.low >= question.high))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a scale must end above its beginning"),
				 errdetail("It is from %d to %d.", question.low, question.high),
				 errhint("Pass the worst and the best possible answer, such as 1 and 5.")));
	return survey_trans(fcinfo,
						nm_survey_param(kind, question.low, question.high),
						score_arg(fcinfo, question));
}

/* csat_trans(state, score, scale_low, scale_high) */
PG_FUNCTION_INFO_V1(nm_csat_trans);
Datum
nm_csat_trans(PG_FUNCTION_ARGS)
{
	return scaled_trans(fcinfo, NM_SURVEY_CSAT);
}

/* ces_trans(state, score, scale_low, scale_high) */
PG_FUNCTION_INFO_V1(nm_ces_trans);
Datum
nm_ces_trans(PG_FUNCTION_ARGS)
{
	return scaled_trans(fcinfo, NM_SURVEY_CES);
}
