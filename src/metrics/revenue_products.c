/*
 * revenue_products.c
 *		Which products customers have: attachment and products per customer.
 *
 * A product is an item, or a plan, with MRR above 0 at the close of a day.
 * See doc/revenue_items.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "revenue.h"
#include "revenue_items.h"

typedef struct Product
{
	uint32 number; /* string number of item or plan */
	int128 mrr;
} Product;

/* ProductWalk reads the products of one customer after the other. */
typedef struct ProductWalk
{
	const NmState *state;
	int64 at; /* in force just before this time */
	bool by_plan;
	uint32 start;
	uint32 end;
	Product *products; /* of the customer just read, in order */
	uint32 capacity;
	uint32 n;
	int128 mrr; /* of the customer just read */
} ProductWalk;

static void
walk_begin(FunctionCallInfo fcinfo, ProductWalk *walk)
{
	const char *zone = nm_text_arg(fcinfo, 2, "UTC");
	const char *count_by = nm_text_arg(fcinfo, 3, "item");
	bool is_set;
	DateADT day = nm_date_arg(fcinfo, 1, "at", &is_set);

	memset(walk, 0, sizeof(ProductWalk));
	walk->state = nm_log_arg(fcinfo, 0, &nm_item_family);
	walk->at =
		nm_mrr_close_of(walk->state, day, nm_state_zone(walk->state, zone));
	walk->by_plan = pg_strcasecmp(count_by, "plan") == 0;
	if (!walk->by_plan && pg_strcasecmp(count_by, "item") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown value \"%s\" of count_by", nm_clip(count_by)),
				 errdetail("It says what a product is."),
				 errhint("Use item or plan.")));
}

static int
compare_products(const void *a, const void *b)
{
	const Product *x = a;
	const Product *y = b;

	CHECK_FOR_INTERRUPTS();
	return x->number < y->number ? -1 : (x->number > y->number ? 1 : 0);
}

/* walk_next reads the next customer that pays for anything. */
static bool
walk_next(ProductWalk *walk, MemoryContext context)
{
	while (nm_item_next(walk->state, &walk->start, &walk->end))
	{
		uint32 found = 0;

		CHECK_FOR_INTERRUPTS();
		if (walk->end - walk->start > walk->capacity)
		{
			if (walk->products)
				pfree(walk->products);
			walk->capacity = walk->end - walk->start;
			walk->products =
				MemoryContextAllocHuge(context, mul_size(walk->capacity,
														 sizeof(Product)));
		}
		walk->mrr = 0;
		for (uint32 i = walk->start; i < walk->end; i++)
		{
			NmItemRow row;
			uint32 number;
			uint32 len;

			nm_item_read(walk->state, i, &row);
			if (row.from >= walk->at || row.to < walk->at || row.base <= 0)
				continue;
			number = walk->by_plan ? row.plan : row.item;
			if (unlikely(number >= walk->state->nstrings))
				nm_state_string(walk->state, number, &len);
			walk->mrr += row.base;
			walk->products[found].number = number;
			walk->products[found++].mrr = row.base;
		}
		if (found == 0)
			continue;
		qsort(walk->products, found, sizeof(Product), compare_products);
		walk->n = 1;
		for (uint32 i = 1; i < found; i++)
		{
			Product *last = &walk->products[walk->n - 1];

			if (last->number == walk->products[i].number)
				last->mrr += walk->products[i].mrr;
			else
				walk->products[walk->n++] = walk->products[i];
		}
		return true;
	}
	return false;
}

/* Tally: customers and MRR of a product, or of a number of products. */
typedef struct Tally
{
	int64 customers;
	int128 mrr;
} Tally;

static Tally *
tally_make(const NmState *state)
{
	return palloc_extended(mul_size((Size) state->nstrings + 1, sizeof(Tally)),
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* tally_columns sets customers, share of all customers, and MRR. */
static void
tally_columns(const Tally *tally, int64 customers, Datum *values)
{
	values[0] = Int64GetDatum(tally->customers);
	nm_ratio_out(tally->customers, customers, &values[1]);
	values[2] = nm_money_out(tally->mrr);
}

PG_FUNCTION_INFO_V1(nm_product_attachment);
Datum
nm_product_attachment(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ProductWalk walk;
	Tally *tallies;
	int64 customers = 0;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	walk_begin(fcinfo, &walk);
	tallies = tally_make(walk.state);
	while (walk_next(&walk, CurrentMemoryContext))
	{
		customers++;
		for (uint32 i = 0; i < walk.n; i++)
		{
			Tally *tally = &tallies[walk.products[i].number];

			tally->customers++;
			tally->mrr += walk.products[i].mrr;
		}
	}
	nm_row_begin(&row);
	for (uint32 i = 0; i < walk.state->nstrings; i++)
	{
		Datum values[4];
		bool nulls[4] = {false};

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (tallies[i].customers == 0)
			continue;
		values[0] = nm_item_plan_text(walk.state, i, &nulls[0]);
		tally_columns(&tallies[i], customers, &values[1]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_products_per_customer);
Datum
nm_products_per_customer(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ProductWalk walk;
	Tally *tallies;
	int64 customers = 0;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	walk_begin(fcinfo, &walk);
	/* nobody has more products than there are strings */
	tallies = tally_make(walk.state);
	while (walk_next(&walk, CurrentMemoryContext))
	{
		customers++;
		tallies[walk.n].customers++;
		tallies[walk.n].mrr += walk.mrr;
	}
	nm_row_begin(&row);
	for (uint32 i = 1; i <= walk.state->nstrings; i++)
	{
		Datum values[4];
		bool nulls[4] = {false};

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (tallies[i].customers == 0)
			continue;
		values[0] = Int64GetDatum((int64) i);
		tally_columns(&tallies[i], customers, &values[1]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_customer_products);
Datum
nm_customer_products(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ProductWalk walk;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	walk_begin(fcinfo, &walk);
	nm_row_begin(&row);
	while (walk_next(&walk, row.outer))
		for (uint32 i = 0; i < walk.n; i++)
		{
			int64 key = nm_item_key(walk.state, walk.start);
			Datum values[3];
			bool nulls[3] = {false};

			values[0] = CStringGetTextDatum(nm_state_key_text(walk.state, key));
			values[1] = nm_item_plan_text(walk.state, walk.products[i].number,
										  &nulls[1]);
			values[2] = nm_money_out(walk.products[i].mrr);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
