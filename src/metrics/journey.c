/*
 * journey.c
 *		Journeys: journey_state, its aggregates, and the rows that it holds.
 *
 * A state is a log of touches and conversions (customer, time, tie break,
 * channel, revenue).  See doc/journey.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "journey.h"
#include "nm_currency.h"
#include "nm_guards.h"
#include "nm_money.h"

/* arguments of the transition functions */
enum
{
	ARG_CUSTOMER = 1,
	ARG_AT,
	ARG_CHANNEL,
	ARG_REVENUE,
	ARG_MORE /* a tie break, or a currency */
};

/* what the last argument is */
typedef enum JourneyInput
{
	INPUT_PLAIN,
	INPUT_RANKED,
	INPUT_CURRENCY
} JourneyInput;

static const char *
journey_check_record(const NmState *state pg_attribute_unused(),
					 const void *rec)
{
	const NmJourneyRow *row = rec;

	if (!IS_VALID_TIMESTAMP(row->at))
		return "A touch or conversion lies outside the range of timestamps.";
	if (row->revenue < NM_NO_REVENUE)
		return "A conversion has negative revenue.";
	return NULL;
}

/* The param of a state is its currency; 0 is none. */
static const char *
journey_check_param(const NmState *state)
{
	if (state->param != 0 && !nm_currency_valid(state->param))
		return "The currency is not a code of three letters.";
	return NULL;
}

static void
journey_combine_param(NmState *dst, const NmState *src)
{
	nm_mixed_currencies(dst->param, src->param);
}

const NmFamily nm_journey_family = {
	.type_name = "journey_state",
	.kind = NM_KIND_JOURNEY,
	.version = 1,
	.layout = "ktisq",
	.check_record = journey_check_record,
	.check_param = journey_check_param,
	.combine_param = journey_combine_param,
	.times = NM_TIMES_INSTANTS,
};

StaticAssertDecl(sizeof(NmJourneyRow) == 32, "layout of journeys");

NM_LOG_FUNCTIONS(journey, &nm_journey_family);

/* Transition functions */

/* null_in_row complains about the first argument that must not be NULL. */
static void
null_in_row(FunctionCallInfo fcinfo, JourneyInput input)
{
	static const char *const more[] = {NULL, "tie_break", "currency"};
	static const char *const hints[] =
		{NULL, "Use coalesce(tie_break, 0), or the aggregate without it.",
		 "Give touches the currency of the conversions that they may lead to."};

	if (PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"%s\" of a journey must not be null",
						PG_ARGISNULL(ARG_CUSTOMER) ? "customer" : "at"),
				 errdetail("A touch or conversion belongs to somebody and has a time."),
				 errhint("Leave such rows out with FILTER or WHERE; link visitors to customers first.")));
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("\"%s\" of a journey must not be null", more[input]),
					errdetail("Every row of the aggregate has one."),
					errhint("%s", hints[input])));
}

/* bad_row complains about what a row says. */
static void
bad_row(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_CHANNEL) && PG_ARGISNULL(ARG_REVENUE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a row of a journey has neither channel nor revenue"),
				 errdetail("A touch has a channel, a conversion has revenue, which may be 0."),
				 errhint("Leave such rows out with FILTER, or name the channel: coalesce(channel, 'other').")));
	if (!PG_ARGISNULL(ARG_CHANNEL) &&
		VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(ARG_CHANNEL)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a channel must not be an empty string"),
				 errdetail("It would look like no channel at all."),
				 errhint("Use nullif(channel, '') where it means no touch, or give it a name.")));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("\"revenue\" of a conversion must not be negative"),
			 errdetail("Credit cannot be given for what was paid back."),
			 errhint("Subtract refunds from the conversion that they belong to.")));
}

/* param_arg returns the currency of a row, 0 if it has none, as the state has. */
static uint32
param_arg(FunctionCallInfo fcinfo, const NmState *state, JourneyInput input)
{
	uint32 param = 0;

	if (input == INPUT_CURRENCY)
		param = nm_currency_parse(PG_GETARG_TEXT_PP(ARG_MORE));
	if (state != NULL && state->param != param)
		nm_mixed_currencies(state->param, param);
	return param;
}

/*
 * journey_trans adds a row to the state.  flags, is_date and input are
 * constants of each caller, so that each gets a body of its own.
 */
static pg_attribute_always_inline Datum
journey_trans(FunctionCallInfo fcinfo, int flags, bool is_date,
			  JourneyInput input)
{
	const int recsize = sizeof(NmJourneyRow);
	NmState *state = nm_log_transition_state(fcinfo, &nm_journey_family, flags);
	int64 revenue = NM_NO_REVENUE;
	const char *channel = "";
	uint32 channel_len = 0;
	uint32 number;
	uint32 param = 0;
	int64 at;
	NmJourneyRow *row;

	if (unlikely(PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
				 (input != INPUT_PLAIN && PG_ARGISNULL(ARG_MORE))))
		null_in_row(fcinfo, input);
	at = nm_row_time(fcinfo, ARG_AT, is_date);
	if (!PG_ARGISNULL(ARG_CHANNEL))
	{
		text *name = PG_GETARG_TEXT_PP(ARG_CHANNEL);

		channel = VARDATA_ANY(name);
		channel_len = VARSIZE_ANY_EXHDR(name);
		if (unlikely(channel_len == 0))
			bad_row(fcinfo);
	}
	if (!PG_ARGISNULL(ARG_REVENUE))
		revenue = nm_money_in(PG_GETARG_DATUM(ARG_REVENUE), "revenue");
	if (unlikely(revenue < 0 && (revenue < NM_NO_REVENUE || channel_len == 0 ||
								 !PG_ARGISNULL(ARG_REVENUE))))
		bad_row(fcinfo);
	if (input == INPUT_CURRENCY || state == NULL || unlikely(state->param != 0))
		param = param_arg(fcinfo, state, input);

	if (state == NULL)
		state = nm_log_begin(&nm_journey_family, flags, param);

	/* this may move the state, so it comes before the record */
	number = nm_dict_intern(&state, recsize, channel, channel_len);
	row = nm_log_append(&state, recsize, fcinfo);
	row->key = 0;
	row->at = at;
	row->tie_break = input == INPUT_RANKED ? PG_GETARG_INT32(ARG_MORE) : 0;
	row->channel = number;
	row->revenue = revenue;
	nm_log_put_key(fcinfo, ARG_CUSTOMER, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define JOURNEY_TRANS(name, flags, is_date, input)           \
	PG_FUNCTION_INFO_V1(name);                               \
	Datum name(PG_FUNCTION_ARGS)                             \
	{                                                        \
		return journey_trans(fcinfo, flags, is_date, input); \
	}                                                        \
	extern int name##_no_such_object

#define JOURNEY_TRANS_KEY(k, flag)                                             \
	JOURNEY_TRANS(nm_journey_trans_##k##_instant, (flag) | NM_INSTANTS, false, \
				  INPUT_PLAIN);                                                \
	JOURNEY_TRANS(nm_journey_trans_##k##_day, (flag) | NM_INSTANTS, true,      \
				  INPUT_PLAIN);                                                \
	JOURNEY_TRANS(nm_journey_ranked_##k##_instant, (flag) | NM_INSTANTS,       \
				  false, INPUT_RANKED);                                        \
	JOURNEY_TRANS(nm_journey_ranked_##k##_day, (flag) | NM_INSTANTS, true,     \
				  INPUT_RANKED);                                               \
	JOURNEY_TRANS(nm_journey_currency_##k##_instant, (flag) | NM_INSTANTS,     \
				  false, INPUT_CURRENCY);                                      \
	JOURNEY_TRANS(nm_journey_currency_##k##_day, (flag) | NM_INSTANTS, true,   \
				  INPUT_CURRENCY)

JOURNEY_TRANS_KEY(int8, NM_KEY_BIGINT);
JOURNEY_TRANS_KEY(uuid, NM_KEY_UUID);
JOURNEY_TRANS_KEY(text, NM_KEY_TEXT);

/* What a state holds */

PG_FUNCTION_INFO_V1(nm_journey_currency);
Datum
nm_journey_currency(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_journey_family);

	if (state->param == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(nm_currency_text(state->param)));
}

PG_FUNCTION_INFO_V1(nm_journey_rows);
Datum
nm_journey_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	const NmJourneyRow *rows;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_journey_family);
	rows = nm_journey_records(state);
	nm_row_begin(&row);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		Datum values[5];
		bool nulls[5] = {false};
		uint32 len;
		const char *channel = nm_state_string(state, rows[i].channel, &len);

		CHECK_FOR_INTERRUPTS();
		values[0] = CStringGetTextDatum(nm_state_key_text(state, rows[i].key));
		values[1] = TimestampTzGetDatum(rows[i].at);
		values[2] = Int32GetDatum(rows[i].tie_break);
		nulls[3] = len == 0;
		values[3] = PointerGetDatum(cstring_to_text_with_len(channel, len));
		nulls[4] = rows[i].revenue == NM_NO_REVENUE;
		values[4] = nm_money_out(nulls[4] ? 0 : rows[i].revenue);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
