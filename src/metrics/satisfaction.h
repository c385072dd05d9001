/*
 * satisfaction.h
 *		The records of survey_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef SATISFACTION_H
#define SATISFACTION_H

#include "postgres.h"
#include "nm_keyed.h"

/* What was asked.  Numbers on disk: never renumber. */
typedef enum NmSurveyKind
{
	NM_SURVEY_NPS = 1,
	NM_SURVEY_CSAT = 2,
	NM_SURVEY_CES = 3
} NmSurveyKind;

/* the ends of a scale lie between these */
#define NM_SURVEY_LOWEST (-1000)
#define NM_SURVEY_HIGHEST 1000

#define NM_NPS_LOW 0
#define NM_NPS_HIGH 10
#define NM_NPS_PASSIVE 7
#define NM_NPS_PROMOTER 9

/* a score in units of 1e-6, as int64 */
#define NM_SURVEY_UNIT INT64CONST(1000000)

/* stands in the place of a score where none was given */
#define NM_SURVEY_UNANSWERED PG_INT64_MIN

/* How often an answer was given; or, how many gave none. */
typedef struct NmSurveyRecord
{
	int64 score; /* micro-units, or NM_SURVEY_UNANSWERED */
	int64 count; /* at least 1 */
} NmSurveyRecord;

/* The question of a state: its param. */
typedef struct NmSurveyQuestion
{
	NmSurveyKind kind;
	int low; /* the ends of the scale */
	int high;
} NmSurveyQuestion;

static inline uint32
nm_survey_param(NmSurveyKind kind, int low, int high)
{
	return (uint32) kind | (uint32) (low - NM_SURVEY_LOWEST) << 2 |
		   (uint32) (high - NM_SURVEY_LOWEST) << 17;
}

static inline NmSurveyQuestion
nm_survey_question(const NmState *state)
{
	NmSurveyQuestion question;

	question.kind = (NmSurveyKind) (state->param & 3);
	question.low = (int) (state->param >> 2 & 0x7FFF) + NM_SURVEY_LOWEST;
	question.high = (int) (state->param >> 17) + NM_SURVEY_LOWEST;
	return question;
}

static inline const NmSurveyRecord *
nm_survey_records(const NmState *state)
{
	return (const NmSurveyRecord *) nm_state_records(state);
}

/* nps, csat or ces */
extern const char *nm_survey_kind_name(NmSurveyKind kind);

extern const NmKeyedOps nm_survey_ops;

#endif /* SATISFACTION_H */
