/*
 * journey_path.c
 *		The paths of a journey_state: which touches lead to which conversion.
 *
 * See doc/journey.md for the rules.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "journey.h"
#include "nm_calendar.h"
#include "nm_currency.h"
#include "nm_guards.h"
#include "nm_link.h"
#include "nm_money.h"
#include "nm_span.h"

#define FIRST_CAPACITY 64

/* what channel_of says of strings that are no channels */
#define CHANNEL_UNKNOWN (-1)
#define CHANNEL_NONE (-2)
#define CHANNEL_EXCLUDED (-3)

/* Arguments */

/* day_bound returns when a day begins in a zone, or the given value. */
static int64
day_bound(FunctionCallInfo fcinfo, int argno, const char *name, pg_tz *zone,
		  int64 if_null)
{
	bool is_set;
	DateADT day = nm_date_arg(fcinfo, argno, name, &is_set);

	return is_set ? nm_day_to_instant(day, zone) : if_null;
}

/* touches_arg reads a number of touches to keep, or -1. */
static int64
touches_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		return -1;
	return nm_bounded_arg(fcinfo, argno, name, 1, 1, PG_INT32_MAX);
}

/* decimals_arg is how many decimals the least unit of money has. */
static int
decimals_arg(FunctionCallInfo fcinfo, int argno, const NmState *state)
{
	int decimals = -1;

	if (state->param != 0)
		decimals = nm_currency_decimals(state->param);
	return nm_bounded_arg(fcinfo, argno, "minor_unit",
						  decimals < 0 ? 2 : decimals, 0, NM_MONEY_SCALE);
}

static void
read_rules(NmPathRules *rules, FunctionCallInfo fcinfo, int first,
		   const NmState *state)
{
	static const char *const collapses[] = {"none", "consecutive", "distinct",
											NULL};
	static const char *const reuses[] = {"all", "since_last_conversion", NULL};
	static const char *const countings[] = {"all", "first", "last", NULL};
	static const char *const directs[] = {"keep", "remove_unless_alone",
										  "remove_trailing", NULL};
	pg_tz *zone =
		nm_zone_parse(nm_text_arg(fcinfo, first + NM_PATH_ZONE, "UTC"));

	rules->lookback =
		nm_span_arg(fcinfo, first + NM_PATH_LOOKBACK, "lookback", PG_INT64_MAX);
	rules->from = day_bound(fcinfo, first + NM_PATH_START_DAY, "start_day",
							zone, PG_INT64_MIN);
	rules->to = day_bound(fcinfo, first + NM_PATH_END_DAY, "end_day", zone,
						  PG_INT64_MAX);
	rules->collapse =
		nm_choice_arg(fcinfo, first + NM_PATH_COLLAPSE, "collapse", collapses);
	rules->reuse = nm_choice_arg(fcinfo, first + NM_PATH_TOUCH_REUSE,
								 "touch_reuse", reuses) == 0;
	rules->counting =
		nm_choice_arg(fcinfo, first + NM_PATH_COUNTING, "counting", countings);
	rules->at_conversion = PG_ARGISNULL(first + NM_PATH_AT_CONVERSION) ||
						   PG_GETARG_BOOL(first + NM_PATH_AT_CONVERSION);
	rules->direct =
		nm_choice_arg(fcinfo, first + NM_PATH_DIRECT, "direct", directs);
	rules->direct_number = -1;
	if (!PG_ARGISNULL(first + NM_PATH_DIRECT_CHANNEL))
		rules->direct_number =
			nm_state_find_text(state,
							   PG_GETARG_TEXT_PP(first +
												 NM_PATH_DIRECT_CHANNEL));
	rules->first_touches =
		touches_arg(fcinfo, first + NM_PATH_FIRST_TOUCHES, "first_touches");
	rules->last_touches =
		touches_arg(fcinfo, first + NM_PATH_LAST_TOUCHES, "last_touches");
	rules->unit = 1;
	for (int i = decimals_arg(fcinfo, first + NM_PATH_MINOR_UNIT, state);
		 i < NM_MONEY_SCALE; i++)
		rules->unit *= 10;
}

/* exclude_channels marks those that count as if they were not there. */
static void
exclude_channels(NmJourneyReader *reader, FunctionCallInfo fcinfo, int argno)
{
	Datum *names;
	bool *nulls;
	int n;

	if (PG_ARGISNULL(argno))
		return;
	n = nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), "exclude_channels",
						  TEXTOID, &names, &nulls);
	nm_refuse_null_elements(nulls, n, "exclude_channels");
	for (int i = 0; i < n; i++)
	{
		int64 number =
			nm_state_find_text(reader->state, DatumGetTextPP(names[i]));

		if (number >= 0 && reader->channel_of[number] == CHANNEL_UNKNOWN)
			reader->channel_of[number] = CHANNEL_EXCLUDED;
	}
}

void
nm_journey_begin(NmJourneyReader *reader, FunctionCallInfo fcinfo, int first,
				 bool unconverted)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_journey_family);
	int64 empty = nm_state_find_string(state, "", 0);

	memset(reader, 0, sizeof(NmJourneyReader));
	reader->state = state;
	reader->unconverted = unconverted;
	read_rules(&reader->rules, fcinfo, first, state);
	reader->channel_of =
		palloc_extended(mul_size(state->nstrings + 1, sizeof(int32)),
						MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < state->nstrings; i++)
		reader->channel_of[i] = CHANNEL_UNKNOWN;
	if (empty >= 0)
		reader->channel_of[empty] = CHANNEL_NONE;
	exclude_channels(reader, fcinfo, first + NM_PATH_EXCLUDE);
	reader->channel_capacity = reader->touch_capacity = FIRST_CAPACITY;
	reader->conversion_capacity = reader->copy_capacity = FIRST_CAPACITY;
	reader->stamp_capacity = FIRST_CAPACITY;
	reader->channel_string = palloc_array(uint32, FIRST_CAPACITY);
	reader->touches = palloc_array(NmTouch, FIRST_CAPACITY);
	reader->conversions = palloc_array(uint32, FIRST_CAPACITY);
	reader->copy = palloc_array(NmTouch, FIRST_CAPACITY);
	reader->stamp = palloc0_array(uint32, FIRST_CAPACITY);
}

/* Customers */

/* new_channel gives a string that is met for the first time its number. */
static int32
new_channel(NmJourneyReader *reader, uint32 string)
{
	Size before = reader->stamp_capacity;

	reader->channel_string =
		nm_grown(reader->channel_string, reader->nchannels,
				 &reader->channel_capacity, sizeof(uint32));
	reader->stamp = nm_grown(reader->stamp, reader->nchannels,
							 &reader->stamp_capacity, sizeof(uint32));
	if (reader->stamp_capacity > before)
		memset(reader->stamp + before, 0,
			   (reader->stamp_capacity - before) * sizeof(uint32));
	reader->channel_string[reader->nchannels] = string;
	reader->channel_of[string] = (int32) reader->nchannels;
	return (int32) reader->nchannels++;
}

/* add_touch adds the touch that a row is, if it is one. */
static inline void
add_touch(NmJourneyReader *reader, const NmJourneyRow *row)
{
	int32 channel;

	if (unlikely(row->channel >= reader->state->nstrings))
		nm_state_damaged("A record points outside the dictionary.");
	channel = reader->channel_of[row->channel];
	if (channel < 0)
	{
		if (channel != CHANNEL_UNKNOWN)
			return;
		channel = new_channel(reader, row->channel);
	}
	if (unlikely(reader->ntouches == reader->touch_capacity))
		reader->touches = nm_grown(reader->touches, reader->ntouches,
								   &reader->touch_capacity, sizeof(NmTouch));
	reader->touches[reader->ntouches].at = row->at;
	reader->touches[reader->ntouches].channel = (uint32) channel;
	reader->ntouches++;
}

/* next_customer reads the rows of one more customer; false after the last. */
static bool
next_customer(NmJourneyReader *reader)
{
	const NmJourneyRow *rows = nm_journey_records(reader->state);
	uint32 n = reader->state->nrecords;
	uint32 i = reader->row;

	if (i >= n)
		return false;
	reader->key = rows[i].key;
	reader->ntouches = reader->nconversions = 0;
	do
	{
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		add_touch(reader, &rows[i]);
		if (rows[i].revenue >= 0)
		{
			if (unlikely(reader->nconversions == reader->conversion_capacity))
				reader->conversions =
					nm_grown(reader->conversions, reader->nconversions,
							 &reader->conversion_capacity, sizeof(uint32));
			reader->conversions[reader->nconversions++] = i;
		}
		i++;
	} while (i < n && rows[i].key == reader->key);
	reader->row = i;
	reader->conversion = reader->low = reader->high = reader->claimed = 0;
	reader->rest_due = true;
	return true;
}

/* Slices of a customer's touches */

/* is_too_old tells whether a touch is outside the lookback of an instant. */
static inline bool
is_too_old(const NmPathRules *rules, const NmTouch *touch, int64 at)
{
	return rules->lookback != PG_INT64_MAX &&
		   nm_elapsed(touch->at, at) >= rules->lookback;
}

/*
 * slice_to moves [low, high) to the touches of the next conversion, whose time
 * is not before that of the one before.
 */
static void
slice_to(NmJourneyReader *reader, int64 at)
{
	const NmTouch *touches = reader->touches;
	int64 limit = reader->rules.at_conversion ? at : at - 1;

	while (reader->high < reader->ntouches && touches[reader->high].at <= limit)
		reader->high++;
	while (reader->low < reader->high &&
		   is_too_old(&reader->rules, &touches[reader->low], at))
		reader->low++;
}

/* is_counted tells whether a conversion of the customer is asked for. */
static bool
is_counted(const NmJourneyReader *reader, uint32 conversion, int64 at)
{
	const NmPathRules *rules = &reader->rules;

	if (rules->counting == NM_COUNT_FIRST && conversion > 0)
		return false;
	if (rules->counting == NM_COUNT_LAST &&
		conversion + 1 < reader->nconversions)
		return false;
	return at >= rules->from && at < rules->to;
}

static NmTouch *
copy_room(NmJourneyReader *reader, uint32 n)
{
	while (reader->copy_capacity < n)
		reader->copy = nm_grown(reader->copy, (uint32) reader->copy_capacity,
								&reader->copy_capacity, sizeof(NmTouch));
	return reader->copy;
}

void
nm_stamp_begin(NmJourneyReader *reader)
{
	if (unlikely(++reader->stamps == 0))
	{
		memset(reader->stamp, 0, reader->stamp_capacity * sizeof(uint32));
		reader->stamps = 1;
	}
}

/* without_direct takes direct touches out of a path that has others. */
static void
without_direct(NmJourneyReader *reader, NmPath *path)
{
	const NmTouch *touches = path->touches;
	int32 direct;
	uint32 n = path->ntouches;
	uint32 kept = 0;
	NmTouch *copy;

	if (reader->rules.direct_number < 0)
		return;
	direct = reader->channel_of[reader->rules.direct_number];
	if (direct < 0)
		return;
	while (n > 0 && touches[n - 1].channel == (uint32) direct)
		n--;
	if (n == 0)
		return;
	if (reader->rules.direct == NM_DIRECT_REMOVE_TRAILING)
	{
		path->ntouches = n;
		return;
	}
	copy = copy_room(reader, n);
	for (uint32 i = 0; i < n; i++)
		if (touches[i].channel != (uint32) direct)
			copy[kept++] = touches[i];
	path->touches = copy;
	path->ntouches = kept;
}

/* collapse keeps the first touch of each run, or of each channel. */
static void
collapse(NmJourneyReader *reader, NmPath *path)
{
	const NmTouch *touches = path->touches;
	bool distinct = reader->rules.collapse == NM_COLLAPSE_DISTINCT;
	NmTouch *copy = copy_room(reader, path->ntouches);
	uint32 kept = 0;
	uint32 before = NM_NO_CHANNEL;

	if (distinct)
		nm_stamp_begin(reader);
	for (uint32 i = 0; i < path->ntouches; i++)
	{
		NmTouch touch = touches[i];

		if (distinct ? nm_stamp(reader, touch.channel)
					 : touch.channel != before)
			copy[kept++] = touch;
		before = touch.channel;
	}
	path->touches = copy;
	path->ntouches = kept;
}

/* trim keeps the first and last touches that are asked for. */
static void
trim(NmJourneyReader *reader, NmPath *path)
{
	int64 n = path->ntouches;
	int64 head = Max(reader->rules.first_touches, 0);
	int64 tail = Max(reader->rules.last_touches, 0);
	NmTouch *copy;

	if (head + tail >= n)
		return;
	if (head == 0)
		path->touches += n - tail;
	else if (tail > 0)
	{
		copy = copy_room(reader, (uint32) n);
		if (path->touches != copy)
			memcpy(copy, path->touches, head * sizeof(NmTouch));
		memmove(copy + head, path->touches + n - tail, tail * sizeof(NmTouch));
		path->touches = copy;
	}
	path->ntouches = (uint32) (head + tail);
}

/* make_path fills in the touches [low, high) and what the rules make of them. */
static void
make_path(NmJourneyReader *reader, NmPath *path, uint32 low, uint32 high)
{
	const NmPathRules *rules = &reader->rules;

	path->key = reader->key;
	path->touches = reader->touches + low;
	path->ntouches = high - low;
	if (rules->direct != NM_DIRECT_KEEP)
		without_direct(reader, path);
	if (rules->collapse != NM_COLLAPSE_NONE)
		collapse(reader, path);
	if (rules->first_touches >= 0 || rules->last_touches >= 0)
		trim(reader, path);
}

/*
 * rest_path is the path behind the last conversion, that ends without one;
 * false if there is none.
 */
static bool
rest_path(NmJourneyReader *reader, NmPath *path)
{
	const NmJourneyRow *rows = nm_journey_records(reader->state);
	uint32 last = reader->nconversions - 1;
	uint32 low = reader->nconversions > 0 ? reader->high : 0;
	uint32 high = reader->ntouches;

	reader->rest_due = false;

	/* a touch at the last conversion is not behind it, on its path or not */
	while (reader->nconversions > 0 && low < high &&
		   reader->touches[low].at <= rows[reader->conversions[last]].at)
		low++;
	if (low == high ||
		(reader->rules.counting == NM_COUNT_FIRST && reader->nconversions > 0))
		return false;
	path->at = reader->touches[high - 1].at;
	if (path->at < reader->rules.from || path->at >= reader->rules.to)
		return false;
	while (low < high - 1 &&
		   is_too_old(&reader->rules, &reader->touches[low], path->at))
		low++;
	path->revenue = NM_NO_REVENUE;
	path->number = 0;
	make_path(reader, path, low, high);
	return true;
}

/* conversion_path is the path to the next conversion, if it is asked for. */
static bool
conversion_path(NmJourneyReader *reader, NmPath *path)
{
	const NmJourneyRow *rows = nm_journey_records(reader->state);
	uint32 number = reader->conversion++;
	const NmJourneyRow *row = &rows[reader->conversions[number]];

	/* conversions at one instant have the same touches */
	if (number > 0 && rows[reader->conversions[number - 1]].at < row->at)
		reader->claimed = reader->high;
	slice_to(reader, row->at);
	if (!is_counted(reader, number, row->at))
		return false;
	path->at = row->at;
	path->revenue = row->revenue;
	path->number = (int32) number + 1;
	make_path(reader, path,
			  reader->rules.reuse ? reader->low
								  : Max(reader->low, reader->claimed),
			  reader->high);
	return true;
}

bool
nm_journey_next(NmJourneyReader *reader, NmPath *path)
{
	for (;;)
	{
		while (reader->conversion < reader->nconversions)
		{
			CHECK_FOR_INTERRUPTS();
			if (conversion_path(reader, path))
				return true;
		}
		if (reader->unconverted && reader->rest_due && reader->ntouches > 0 &&
			rest_path(reader, path))
			return true;
		if (!next_customer(reader))
			return false;
	}
}

/* Channels */

Datum
nm_journey_channel(const NmJourneyReader *reader, uint32 channel)
{
	uint32 len;
	const char *data =
		nm_state_string(reader->state, reader->channel_string[channel], &len);

	return PointerGetDatum(cstring_to_text_with_len(data, len));
}

static int
compare_strings(const void *a, const void *b, void *arg)
{
	const uint32 *strings = arg;
	uint32 x = strings[*(const uint32 *) a];
	uint32 y = strings[*(const uint32 *) b];

	return x < y ? -1 : x > y;
}

uint32 *
nm_journey_channels_by_name(const NmJourneyReader *reader)
{
	uint32 *order = palloc_array(uint32, reader->nchannels + 1);

	for (uint32 i = 0; i < reader->nchannels; i++)
		order[i] = i;

	/* strings are numbered in the order of their bytes */
	qsort_arg(order, reader->nchannels, sizeof(uint32), compare_strings,
			  reader->channel_string);
	return order;
}
