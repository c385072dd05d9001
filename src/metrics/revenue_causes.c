/*
 * revenue_causes.c
 *		The waterfall of items with its currency effect, and the causes of its
 *		movements.
 *
 * The parts of a movement add up to it, and the movements to the waterfall.
 * See doc/revenue_items.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "revenue_items.h"

/* movements of nm_movement_names, and the effect of rates */
#define MOVEMENTS (NM_MOVE_KINDS + 1)
#define MOVEMENT_FX NM_MOVE_KINDS

/* Causes of movements, in the order in which they are shown. */
typedef enum Cause
{
	CAUSE_NEW,
	CAUSE_REACTIVATION,
	CAUSE_PLAN,
	CAUSE_PRICE,
	CAUSE_QUANTITY,
	CAUSE_ADDON,
	CAUSE_DISCOUNT,
	CAUSE_DISCOUNT_END,
	CAUSE_CURRENCY,
	CAUSE_CHURN_VOLUNTARY,
	CAUSE_CHURN_INVOLUNTARY,
	CAUSE_CHURN_TO_FREE,
	CAUSE_CHURN_UNKNOWN
} Cause;

#define CAUSES 13

static const char *const cause_names[CAUSES] = {"new",
												"reactivation",
												"plan",
												"price",
												"quantity",
												"addon",
												"discount",
												"discount_end",
												"currency",
												"churn_voluntary",
												"churn_involuntary",
												"churn_to_free",
												"churn_unknown"};

static const char *
movement_name(int movement)
{
	return movement == MOVEMENT_FX ? "fx" : nm_movement_names[movement];
}

/* items_start reads state, options and calendar; false if no rows. */
static bool
items_start(FunctionCallInfo fcinfo, const NmState **state,
			NmWaterfallOptions *options, NmItemWalk *walk)
{
	int64 first;
	int64 last;

	if (PG_ARGISNULL(0))
		return false;
	*state = nm_log_arg(fcinfo, 0, &nm_item_family);
	nm_waterfall_options(fcinfo, *state, options);
	nm_item_range(*state, &first, &last);
	if (!nm_waterfall_calendar(options, *state, first, last))
		return false;
	nm_item_walk_begin(walk, *state, &options->timeline);
	return true;
}

PG_FUNCTION_INFO_V1(nm_item_waterfall);
Datum
nm_item_waterfall(PG_FUNCTION_ARGS)
{
	const NmState *state;
	NmWaterfallOptions options;
	NmItemWalk walk;
	NmPeriodTotals *totals;
	uint32 start = 0;
	uint32 end = 0;
	int nperiods;

	InitMaterializedSRF(fcinfo, 0);
	if (!items_start(fcinfo, &state, &options, &walk))
		PG_RETURN_NULL();
	nperiods = options.timeline.cal->nperiods;
	totals = nm_totals_make(nperiods);
	while (nm_item_next(state, &start, &end))
	{
		nm_item_walk_load(&walk, start, end);
		while (nm_item_walk_step(&walk))
		{
			NmPeriodTotals *t;

			if (walk.period >= nperiods)
				continue;
			t = &totals[walk.period + 1];
			t->fx += walk.fx;
			if (!walk.moved)
				continue;
			t->amount[walk.kind] += walk.movement;
			t->customers[walk.kind]++;
		}
	}
	nm_waterfall_emit(fcinfo, &options, totals);
	PG_RETURN_NULL();
}

/* Parts */

static void
add_part(NmItemWalk *walk, int line, Cause cause, bool fx, int128 amount)
{
	walk->parts[walk->nparts++] = (NmItemPart){line, cause, fx, amount};
}

/*
 * churn_cause is why a customer left: the reason of the row that ended last,
 * which is a paid one unless free customers count, and if it has none, whether
 * something free goes on.
 */
static Cause
churn_cause(NmItemWalk *walk)
{
	const NmWalkRow *last = nm_item_last_end(walk);

	if (last && last->r.reason == NM_END_VOLUNTARY)
		return CAUSE_CHURN_VOLUNTARY;
	if (last && last->r.reason == NM_END_INVOLUNTARY)
		return CAUSE_CHURN_INVOLUNTARY;
	for (int i = 0; i < walk->nlines; i++)
		if (walk->lines[i].after.live > 0)
			return CAUSE_CHURN_TO_FREE;
	return CAUSE_CHURN_UNKNOWN;
}

/* switched_currency tells whether an item goes on in another currency. */
static bool
switched_currency(const NmItemWalk *walk, const NmItemLine *line)
{
	bool ended = line->before.live > 0;

	for (int c = 0; c < walk->ncurrencies; c++)
	{
		int low = walk->currencies[c].first_line;
		int high = walk->currencies[c].end_line;
		const NmItemLine *other;

		CHECK_FOR_INTERRUPTS();
		while (low < high)
		{
			int middle = low + (high - low) / 2;

			if (walk->lines[middle].item < line->item)
				low = middle + 1;
			else
				high = middle;
		}
		if (low >= walk->currencies[c].end_line)
			continue;
		other = &walk->lines[low];
		if (other->item == line->item && other != line &&
			!nm_item_stays(other) &&
			(ended ? other->after.live : other->before.live) > 0)
			return true;
	}
	return false;
}

/*
 * quantity_effect splits a change of gross: the change of quantity at the
 * opening price, and in what is left the change of price at the closing
 * quantity.
 */
static int128
quantity_effect(const NmItemSide *before, const NmItemSide *after)
{
	int128 total = after->gross - before->gross;
	int128 difference =
		after->gross * before->quantity - before->gross * after->quantity;
	int128 expected;

	if (before->quantity == after->quantity)
		return 0;

	/* one price gives both amounts, but for their rounding */
	if (difference < 0)
		difference = -difference;
	if (before->quantity == 0 ||
		difference <= (before->quantity + after->quantity) / 2)
		return total;
	expected = nm_divide_rounded(before->gross * after->quantity,
								 (int64) before->quantity);
	/* no amount of money is as large: call it a change of price */
	return expected > PG_INT64_MAX ? 0 : expected - before->gross;
}

static uint32
side_plan(const NmItemWalk *walk, const NmItemSide *side)
{
	return walk->rows[side->latest].r.plan;
}

static uint32
line_plan(const NmItemWalk *walk, int line)
{
	const NmItemLine *l = &walk->lines[line];

	return side_plan(walk, l->after.live > 0 ? &l->after : &l->before);
}

/* line_parts adds what changed in a line of a customer who stays. */
static void
line_parts(NmItemWalk *walk, const NmItemCurrency *currency, int i)
{
	const NmItemLine *line = &walk->lines[i];
	const NmItemSide *before = &line->before;
	const NmItemSide *after = &line->after;
	int64 rate = currency->rate;
	int128 quantity;
	int128 price;
	int128 discount = before->discount - after->discount;

	if (!currency->one_rate || rate == 0)
		rate = nm_item_rate(walk, nm_item_own(after) > 0 || before->live == 0
									  ? after
									  : before);
	if (!nm_item_stays(line))
	{
		if (before->live > 0 || after->live > 0)
			add_part(walk, i,
					 switched_currency(walk, line) ? CAUSE_CURRENCY
												   : CAUSE_ADDON,
					 false,
					 nm_item_convert(nm_item_own(after) - nm_item_own(before),
									 rate));
		return;
	}
	quantity = quantity_effect(before, after);
	price = after->gross - before->gross - quantity;
	if (quantity != 0)
		add_part(walk, i, CAUSE_QUANTITY, false,
				 nm_item_convert(quantity, rate));
	if (price != 0)
		add_part(walk, i,
				 side_plan(walk, before) != side_plan(walk, after)
					 ? CAUSE_PLAN
					 : CAUSE_PRICE,
				 false, nm_item_convert(price, rate));
	if (discount != 0)
		add_part(walk, i, discount < 0 ? CAUSE_DISCOUNT : CAUSE_DISCOUNT_END,
				 false, nm_item_convert(discount, rate));
}

/* line_fx adds the effect of the rate on a line. */
static void
line_fx(NmItemWalk *walk, const NmItemCurrency *currency, int i)
{
	const NmItemLine *line = &walk->lines[i];
	int128 own = nm_item_own(&line->before);
	int128 opening;

	if (own <= 0 || currency->fx == 0)
		return;
	opening = currency->one_rate ? nm_item_convert(own, currency->rate)
								 : nm_item_opening(walk, line);
	add_part(walk, i, CAUSE_CURRENCY, true, opening - line->before.base);
}

/*
 * settle_parts makes the parts from `first` on add up to a total: what their
 * rounding left goes to the largest.
 */
static void
settle_parts(NmItemWalk *walk, int first, bool fx, int128 total)
{
	NmItemPart *largest = NULL;

	for (int i = first; i < walk->nparts; i++)
	{
		NmItemPart *part = &walk->parts[i];

		if (part->fx != fx)
			continue;
		total -= part->amount;
		if (largest == NULL ||
			(part->amount < 0 ? -part->amount : part->amount) >
				(largest->amount < 0 ? -largest->amount : largest->amount))
			largest = part;
	}
	if (largest)
		largest->amount += total;
	else
		Assert(total == 0);
}

static void
make_parts(NmItemWalk *walk)
{
	static const Cause whole[NM_MOVE_KINDS] = {
		[NM_MOVE_NEW] = CAUSE_NEW,
		[NM_MOVE_REACTIVATION] = CAUSE_REACTIVATION,
	};
	Cause cause = whole[walk->kind];

	walk->nparts = 0;
	if (walk->kind == NM_MOVE_EXPANSION || walk->kind == NM_MOVE_CONTRACTION)
	{
		for (int c = 0; c < walk->ncurrencies; c++)
		{
			const NmItemCurrency *currency = &walk->currencies[c];
			int first = walk->nparts;

			for (int i = currency->first_line; i < currency->end_line; i++)
			{
				if ((i & 0xFFFF) == 0xFFFF)
					CHECK_FOR_INTERRUPTS();
				if (walk->moved)
					line_parts(walk, currency, i);
				line_fx(walk, currency, i);
			}
			if (walk->moved)
				settle_parts(walk, first, false, currency->movement);
			settle_parts(walk, first, true, currency->fx);
		}
		return;
	}
	if (walk->kind == NM_MOVE_CHURN)
		cause = churn_cause(walk);
	for (int i = 0; i < walk->nlines; i++)
		if (walk->lines[i].before.live > 0 || walk->lines[i].after.live > 0)
			add_part(walk, i, cause, false,
					 walk->lines[i].after.base - walk->lines[i].before.base);
}

/* Rows */

/* Cell: what one cause did to one movement in one period. */
typedef struct Cell
{
	int128 amount;
	int64 customers;
} Cell;

static Cell *
cell_at(Cell *cells, int period, int movement, int cause)
{
	return &cells[((Size) period * MOVEMENTS + movement) * CAUSES + cause];
}

/* add_step enters the parts of a step. */
static void
add_step(const NmItemWalk *walk, Cell *cells)
{
	int128 amount[2][CAUSES] = {{0}};
	bool seen[2][CAUSES] = {{false}};

	for (int i = 0; i < walk->nparts; i++)
	{
		const NmItemPart *part = &walk->parts[i];

		amount[part->fx][part->cause] += part->amount;
		seen[part->fx][part->cause] = true;
	}
	for (int fx = 0; fx < 2; fx++)
		for (int cause = 0; cause < CAUSES; cause++)
		{
			Cell *cell;

			/* who leaves without paying for anything is counted too */
			if (!seen[fx][cause] ||
				(amount[fx][cause] == 0 && (fx || walk->movement != 0)))
				continue;
			cell = cell_at(cells, walk->period, fx ? MOVEMENT_FX : walk->kind,
						   cause);
			cell->amount += amount[fx][cause];
			cell->customers++;
		}
}

/* put_cells puts a row per period, movement and cause. */
static void
put_cells(const NmWaterfallOptions *options, Cell *cells, ReturnSetInfo *rsinfo)
{
	const NmCalendar *cal = options->timeline.cal;
	NmRowContext row;

	nm_row_begin(&row);
	for (int p = 0; p < cal->nperiods; p++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!nm_waterfall_wanted(options, p))
			continue;
		for (int i = 0; i < MOVEMENTS * CAUSES; i++)
		{
			int movement = i / CAUSES;
			int cause = i % CAUSES;
			const Cell *cell = cell_at(cells, p, movement, cause);
			Datum values[6];
			bool nulls[6] = {false};

			if (cell->customers == 0)
				continue;
			values[0] = DateADTGetDatum(cal->starts[p]);
			values[1] = CStringGetTextDatum(movement_name(movement));
			values[2] = CStringGetTextDatum(cause_names[cause]);
			values[3] = nm_money_out(cell->amount);
			values[4] = Int64GetDatum(cell->customers);
			nm_waterfall_complete(options, p, &values[5], &nulls[5]);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
}

PG_FUNCTION_INFO_V1(nm_mrr_causes);
Datum
nm_mrr_causes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmWaterfallOptions options;
	NmItemWalk walk;
	Cell *cells;
	uint32 start = 0;
	uint32 end = 0;
	int nperiods;

	InitMaterializedSRF(fcinfo, 0);
	if (!items_start(fcinfo, &state, &options, &walk))
		PG_RETURN_NULL();
	nperiods = options.timeline.cal->nperiods;
	cells =
		palloc_extended(mul_size(nperiods, MOVEMENTS * CAUSES * sizeof(Cell)),
						MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (nm_item_next(state, &start, &end))
	{
		nm_item_walk_load(&walk, start, end);
		while (nm_item_walk_step(&walk))
		{
			if (walk.period < 0 || walk.period >= nperiods)
				continue;
			make_parts(&walk);
			add_step(&walk, cells);
		}
	}
	put_cells(&options, cells, rsinfo);
	PG_RETURN_NULL();
}

/* step_instant returns the instant at which a step was counted. */
static TimestampTz
step_instant(const NmItemWalk *walk)
{
	const NmTimeline *tl = walk->timeline;
	int64 at = walk->at;

	if (tl->count_at == NM_COUNT_OPENING)
		at = tl->cal->bounds[walk->period];
	else if (tl->count_at == NM_COUNT_CLOSING)
		at = Min(tl->cal->bounds[walk->period + 1], tl->limit);
	return nm_state_instant(walk->state, at);
}

/* put_part puts the row of a part. */
static void
put_part(const NmItemWalk *walk, const NmItemPart *part, int64 key,
		 NmRowContext *row, ReturnSetInfo *rsinfo)
{
	const NmItemLine *line = &walk->lines[part->line];
	const NmState *state = walk->state;
	Datum values[11];
	bool nulls[11] = {false};

	values[0] = DateADTGetDatum(walk->timeline->cal->starts[walk->period]);
	values[1] = CStringGetTextDatum(nm_state_key_text(state, key));
	values[2] = nm_item_text(state, line->item);
	values[3] =
		nm_item_plan_text(state, line_plan(walk, part->line), &nulls[3]);
	nulls[4] = line->currency == 0;
	if (!nulls[4])
		values[4] = CStringGetTextDatum(nm_item_currency_name(line->currency));
	values[5] =
		CStringGetTextDatum(movement_name(part->fx ? MOVEMENT_FX : walk->kind));
	values[6] = CStringGetTextDatum(cause_names[part->cause]);
	values[7] = nm_money_out(part->amount);
	values[8] = nm_money_out(line->before.base);
	values[9] = nm_money_out(line->after.base);
	values[10] = TimestampTzGetDatum(step_instant(walk));
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_mrr_cause_movements);
Datum
nm_mrr_cause_movements(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmWaterfallOptions options;
	NmItemWalk walk;
	NmRowContext row;
	uint32 start = 0;
	uint32 end = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (!items_start(fcinfo, &state, &options, &walk))
		PG_RETURN_NULL();
	nm_row_begin(&row);
	while (nm_item_next(state, &start, &end))
	{
		nm_item_walk_load(&walk, start, end);
		while (nm_item_walk_step(&walk))
		{
			if (walk.period < 0 ||
				walk.period >= options.timeline.cal->nperiods ||
				!nm_waterfall_wanted(&options, walk.period))
				continue;
			make_parts(&walk);
			for (int i = 0; i < walk.nparts; i++)
				if (walk.parts[i].amount != 0 ||
					(!walk.parts[i].fx && walk.movement == 0))
					put_part(&walk, &walk.parts[i], nm_item_key(state, start),
							 &row, rsinfo);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
