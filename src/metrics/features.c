/*
 * features.c
 *		Features: feature_state and its aggregate.
 *
 * A state is a log of what users did with features: (user, instant, feature,
 * action and outcome, duration, value).  See doc/features.md for the
 * definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "features.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_span.h"

static const char *const action_names[] = {"signed_up", "viewed", "used",
										   "completed"};

static const char *
feature_check_record(const NmState *state pg_attribute_unused(),
					 const void *rec)
{
	const NmFeatureRow *row = rec;

	if (!IS_VALID_TIMESTAMP(row->at))
		return "A row is outside the range of times.";
	if ((row->flags & ~NM_FEATURE_FLAGS) ||
		((row->flags & NM_FEATURE_SUCCESS) &&
		 !(row->flags & NM_FEATURE_OUTCOME)))
		return "A row has an unknown action or outcome.";
	if (row->duration < 0 || row->duration > NM_SPAN_MAX ||
		(row->duration != 0 && !(row->flags & NM_FEATURE_DURATION)))
		return "A row has a duration out of range.";
	if (row->value == PG_INT64_MIN ||
		(row->value != 0 && !(row->flags & NM_FEATURE_VALUE)))
		return "A row has an unknown value.";
	return NULL;
}

static const char *
feature_check_param(const NmState *state)
{
	return state->param == 0 ? NULL
							 : "The header of the state is inconsistent.";
}

const NmFamily nm_feature_family = {
	.type_name = "feature_state",
	.kind = NM_KIND_FEATURE,
	.version = 1,
	.layout = "ktsiqq",
	.check_record = feature_check_record,
	.check_param = feature_check_param,
	.times = NM_TIMES_INSTANTS,
};

StaticAssertDecl(sizeof(NmFeatureRow) == 40, "layout of a feature row");

NM_LOG_FUNCTIONS(feature, &nm_feature_family);

/* Transition functions */

/* arguments of the transition function */
enum
{
	ROW_USER = 1,
	ROW_AT,
	ROW_FEATURE,
	ROW_ACTION,
	ROW_SUCCESS,
	ROW_DURATION,
	ROW_VALUE
};

static void
require_row_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (unlikely(PG_ARGISNULL(argno)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"%s\" of a feature row must not be null", name),
				 errdetail("Every row says who did what, and when; all but a sign-up say with which feature."),
				 errhint("Leave such rows out with FILTER or WHERE, or give visitors a key: coalesce(user_id, anonymous_id).")));
}

static NmFeatureAction
action_arg(FunctionCallInfo fcinfo)
{
	text *arg = PG_GETARG_TEXT_PP(ROW_ACTION);
	const char *data = VARDATA_ANY(arg);
	int len = VARSIZE_ANY_EXHDR(arg);

	for (int i = 0; i < (int) lengthof(action_names); i++)
		if (len == (int) strlen(action_names[i]) &&
			pg_strncasecmp(data, action_names[i], len) == 0)
			return (NmFeatureAction) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown action \"%s\" of a feature row",
					nm_clip(text_to_cstring(arg))),
			 errdetail("It says what the user did."),
			 errhint("Use signed_up, viewed, used or completed; map other words with CASE.")));
}

/* optional_args reads what a row may leave open. */
static void
optional_args(FunctionCallInfo fcinfo, NmFeatureRow *row)
{
	row->duration = 0;
	row->value = 0;
	if (!PG_ARGISNULL(ROW_SUCCESS))
	{
		row->flags |= NM_FEATURE_OUTCOME;
		if (PG_GETARG_BOOL(ROW_SUCCESS))
			row->flags |= NM_FEATURE_SUCCESS;
	}
	if (!PG_ARGISNULL(ROW_DURATION))
	{
		row->flags |= NM_FEATURE_DURATION;
		row->duration = nm_span(PG_GETARG_INTERVAL_P(ROW_DURATION), "duration");
	}
	if (!PG_ARGISNULL(ROW_VALUE))
	{
		row->flags |= NM_FEATURE_VALUE;
		row->value = nm_money_in(PG_GETARG_DATUM(ROW_VALUE), "value");
	}
}

/*
 * feature_trans adds a row to the state.  flags and is_day are constants of
 * each caller.
 */
static pg_attribute_always_inline Datum
feature_trans(FunctionCallInfo fcinfo, int flags, bool is_day)
{
	int recsize = sizeof(NmFeatureRow);
	NmState *state = nm_log_transition_state(fcinfo, &nm_feature_family, flags);
	NmFeatureRow row;
	NmFeatureRow *rec;

	require_row_arg(fcinfo, ROW_USER, "user_id");
	require_row_arg(fcinfo, ROW_AT, "at");
	require_row_arg(fcinfo, ROW_ACTION, "action");
	row.key = 0;
	row.at = nm_row_time(fcinfo, ROW_AT, is_day);
	row.flags = action_arg(fcinfo);
	if (row.flags != NM_FEATURE_SIGNED_UP)
		require_row_arg(fcinfo, ROW_FEATURE, "feature");
	optional_args(fcinfo, &row);

	if (state == NULL)
		state = nm_log_begin(&nm_feature_family, flags, 0);
	if (nm_feature_action(&row) == NM_FEATURE_SIGNED_UP)
		row.feature = nm_dict_intern(&state, recsize, "", 0);
	else
	{
		text *name = PG_GETARG_TEXT_PP(ROW_FEATURE);

		row.feature = nm_dict_intern(&state, recsize, VARDATA_ANY(name),
									 VARSIZE_ANY_EXHDR(name));
	}
	rec = nm_log_append(&state, recsize, fcinfo);
	*rec = row;
	nm_log_put_key(fcinfo, ROW_USER, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define FEATURE_TRANS(name, key, is_day)                         \
	PG_FUNCTION_INFO_V1(name);                                   \
	Datum name(PG_FUNCTION_ARGS)                                 \
	{                                                            \
		return feature_trans(fcinfo, key | NM_INSTANTS, is_day); \
	}                                                            \
	extern int name##_no_such_object

FEATURE_TRANS(nm_feature_trans_int8_instant, NM_KEY_BIGINT, false);
FEATURE_TRANS(nm_feature_trans_int8_day, NM_KEY_BIGINT, true);
FEATURE_TRANS(nm_feature_trans_uuid_instant, NM_KEY_UUID, false);
FEATURE_TRANS(nm_feature_trans_uuid_day, NM_KEY_UUID, true);
FEATURE_TRANS(nm_feature_trans_text_instant, NM_KEY_TEXT, false);
FEATURE_TRANS(nm_feature_trans_text_day, NM_KEY_TEXT, true);
