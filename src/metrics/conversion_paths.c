/*
 * conversion_paths.c
 *		The paths that lead to conversions, and how long they take.
 *
 * What it holds grows with the distinct beginnings of paths.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "journey.h"
#include "nm_guards.h"
#include "nm_link.h"
#include "nm_money.h"
#include "nm_span.h"

/* PathNode: a path, as the path before its last touch and that touch. */
typedef struct PathNode
{
	uint32 parent;
	uint32 channel;
	uint32 length;
	int64 conversions;
	int64 unconverted;
	int128 revenue;
	NmSamples lags; /* from the first touch to the conversion */
} PathNode;

/* PathTree: all paths; node 0 is the one without touches. */
typedef struct PathTree
{
	NmJourneyReader reader;
	NmLinks *links;
	PathNode *nodes;
	uint32 nnodes;
	Size capacity;
	int64 conversions;
	uint32 longest;
} PathTree;

static void
tree_begin(PathTree *tree, FunctionCallInfo fcinfo)
{
	memset(tree, 0, sizeof(PathTree));
	nm_journey_begin(&tree->reader, fcinfo, 2, true);
	tree->links = nm_links_make();
	tree->capacity = NM_FIRST_LINKS;
	tree->nodes = palloc_array(PathNode, tree->capacity);
	memset(&tree->nodes[0], 0, sizeof(PathNode));
	tree->nnodes = 1;
}

/* too_many_paths complains before the tree outgrows what a state may be. */
static void
too_many_paths(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many distinct paths"),
			 errdetail("Their touches would take more memory than nudge.max_state_size, %d MB.",
					   nm_max_state_size),
			 errhint("Use touch_reuse => 'since_last_conversion', collapse, last_touches or a shorter lookback.")));
}

/* add_path counts a path. */
static void
add_path(PathTree *tree, const NmPath *path)
{
	uint32 at = 0;
	PathNode *node;

	for (uint32 i = 0; i < path->ntouches; i++)
	{
		uint32 known = tree->nnodes;
		uint32 channel = path->touches[i].channel;
		uint32 number = nm_link_number(tree->links, at, channel, &tree->nnodes);

		if (number == known)
		{
			if (mul_size(known, sizeof(PathNode)) > nm_state_limit())
				too_many_paths();
			tree->nodes =
				nm_grown(tree->nodes, known, &tree->capacity, sizeof(PathNode));
			memset(&tree->nodes[number], 0, sizeof(PathNode));
			tree->nodes[number].parent = at;
			tree->nodes[number].channel = channel;
			tree->nodes[number].length = i + 1;
			tree->longest = Max(tree->longest, i + 1);
		}
		at = number;
	}
	node = &tree->nodes[at];
	if (path->revenue < 0)
	{
		node->unconverted++;
		return;
	}
	tree->conversions++;
	node->conversions++;
	node->revenue += path->revenue;
	if (path->ntouches > 0)
		nm_samples_add(&node->lags, nm_elapsed(path->touches[0].at, path->at));
}

/* node_channels writes the channels of a path in order. */
static void
node_channels(const PathTree *tree, uint32 number, uint32 *channels)
{
	for (uint32 i = tree->nodes[number].length; i > 0; i--)
	{
		channels[i - 1] = tree->nodes[number].channel;
		number = tree->nodes[number].parent;
	}
}

/* PathOrder: what comparing two paths needs. */
typedef struct PathOrder
{
	const PathTree *tree;
	uint32 *x;
	uint32 *y;
} PathOrder;

/* compare_paths puts more conversions first, then revenue, then names. */
static int
compare_paths(const void *a, const void *b, void *arg)
{
	const PathOrder *order = arg;
	const PathTree *tree = order->tree;
	uint32 x = *(const uint32 *) a;
	uint32 y = *(const uint32 *) b;
	const PathNode *x_node = &tree->nodes[x];
	const PathNode *y_node = &tree->nodes[y];

	CHECK_FOR_INTERRUPTS();
	if (x_node->conversions != y_node->conversions)
		return x_node->conversions > y_node->conversions ? -1 : 1;
	if (x_node->revenue != y_node->revenue)
		return x_node->revenue > y_node->revenue ? -1 : 1;
	node_channels(tree, x, order->x);
	node_channels(tree, y, order->y);
	for (uint32 i = 0; i < Min(x_node->length, y_node->length); i++)
	{
		uint32 x_name = tree->reader.channel_string[order->x[i]];
		uint32 y_name = tree->reader.channel_string[order->y[i]];

		if (x_name != y_name)
			return x_name < y_name ? -1 : 1;
	}
	return x_node->length < y_node->length ? -1
										   : x_node->length > y_node->length;
}

/*
 * top_paths returns the first paths in order.  Of more than twice as many as
 * are wanted the better half is kept.
 */
static uint32 *
top_paths(const PathTree *tree, int64 top, uint32 *n)
{
	Size wanted = (Size) Min(top, (int64) tree->nnodes);
	Size room = Min(wanted * 2, (Size) tree->nnodes);
	uint32 *best =
		palloc_extended(mul_size(room + 1, sizeof(uint32)), MCXT_ALLOC_HUGE);
	Size size = mul_size(tree->longest + 1, sizeof(uint32));
	PathOrder order = {.tree = tree,
					   .x = palloc_extended(size, MCXT_ALLOC_HUGE),
					   .y = palloc_extended(size, MCXT_ALLOC_HUGE)};
	Size kept = 0;

	for (uint32 i = 0; i < tree->nnodes; i++)
	{
		if (tree->nodes[i].conversions == 0)
			continue;
		if (kept == room)
		{
			qsort_arg(best, kept, sizeof(uint32), compare_paths, &order);
			kept = wanted;
		}
		best[kept++] = i;
	}
	qsort_arg(best, kept, sizeof(uint32), compare_paths, &order);
	*n = (uint32) Min(kept, wanted);
	return best;
}

/* path_array is a path as an array of channels. */
static Datum
path_array(const PathTree *tree, uint32 number)
{
	uint32 n = tree->nodes[number].length;
	uint32 *channels = palloc_array(uint32, n + 1);
	Datum *names = palloc_array(Datum, n + 1);

	node_channels(tree, number, channels);
	for (uint32 i = 0; i < n; i++)
		names[i] = nm_journey_channel(&tree->reader, channels[i]);
	return PointerGetDatum(construct_array(names, (int) n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* average of samples */
static double
average(const NmSamples *samples)
{
	int128 sum = 0;

	for (Size i = 0; i < samples->n; i++)
		sum += samples->values[i];
	return (double) sum / (double) samples->n;
}

static void
path_row(const PathTree *tree, uint32 number, int128 revenue, NmRowContext *row,
		 ReturnSetInfo *rsinfo)
{
	PathNode *node = &tree->nodes[number];
	Datum values[9];
	bool nulls[9] = {false};

	values[0] = path_array(tree, number);
	values[1] = Int32GetDatum((int32) node->length);
	values[2] = Int64GetDatum(node->conversions);
	values[3] = nm_money_out(node->revenue);
	nulls[4] = !nm_ratio_out(node->revenue, revenue, &values[4]);
	values[5] = Int64GetDatum(node->unconverted);

	/* nobody knows how many were never touched and never converted */
	nulls[6] = node->length == 0;
	if (!nulls[6])
		nm_ratio_out(node->conversions, node->conversions + node->unconverted,
					 &values[6]);
	nulls[7] = nulls[8] = node->lags.n == 0;
	if (!nulls[7])
	{
		values[7] =
			Float8GetDatum(average(&node->lags) / (double) USECS_PER_SEC);
		values[8] = Float8GetDatum(nm_median(node->lags.values, node->lags.n) /
								   (double) USECS_PER_SEC);
	}
	nm_row_put(row, rsinfo, values, nulls);
}

/* conversion_paths(state, top, paths...) */
PG_FUNCTION_INFO_V1(nm_conversion_paths);
Datum
nm_conversion_paths(PG_FUNCTION_ARGS)
{
	PathTree tree;
	NmPath path;
	int64 top = PG_INT64_MAX;
	int128 revenue = 0;
	uint32 *best;
	uint32 n;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		top = nm_bounded_arg(fcinfo, 1, "top", 20, 1, PG_INT32_MAX);
	tree_begin(&tree, fcinfo);
	while (nm_journey_next(&tree.reader, &path))
	{
		add_path(&tree, &path);
		if (path.revenue > 0)
			revenue += path.revenue;
	}
	best = top_paths(&tree, top, &n);
	nm_row_begin(&row);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		path_row(&tree, best[i], revenue, &row,
				 (ReturnSetInfo *) fcinfo->resultinfo);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
