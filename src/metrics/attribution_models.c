/*
 * attribution_models.c
 *		Models of attribution: how a path shares out its conversion.
 *
 * Every weight is a whole number, so that credits are the same on every
 * machine.  See doc/attribution.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "attribution.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_span.h"

/* weights of time decay: bits of the newest touch, fewer for long paths */
#define DECAY_BITS 44
#define DECAY_PATH_BITS 17
#define DEFAULT_HALF_LIFE (7 * USECS_PER_DAY)

/* per-touch weights where touches of one instant share */
#define TIE_BITS 61

/* Arguments */

NmModel
nm_model_arg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const names[] =
		{"first_touch", "last_touch",     "last_non_direct", "linear",
		 "time_decay",  "position_based", "j_shaped",        "inverse_j",
		 "w_shaped",    "blended",        "participation",   "custom",
		 NULL};

	return nm_required_choice_arg(fcinfo, argno, "model", names);
}

/* bad_weights complains about the weights of a model. */
static void
bad_weights(NmModel model)
{
	if (model == NM_CUSTOM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"weights\" of the model custom must be three that sum to 1"),
				 errdetail("They are those of the first touch, of all between together, and of the last."),
				 errhint("Write for example ARRAY[0.3, 0.4, 0.3]; none may be negative.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"weights\" of the model blended must be two that sum to at most 1"),
			 errdetail("They are those of the first touch and of the assists; the rest is linear."),
			 errhint("Write for example ARRAY[0.40, 0.20]; none may be negative.")));
}

/* weights_arg reads n weights in units of 1e-6, and returns their sum. */
static uint64
weights_arg(FunctionCallInfo fcinfo, int argno, NmModel model, int n,
			uint64 *weights)
{
	Datum *values;
	bool *nulls;
	uint64 sum = 0;

	if (nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), "weights", NUMERICOID,
						  &values, &nulls) != n)
		bad_weights(model);
	nm_refuse_null_elements(nulls, n, "weights");
	for (int i = 0; i < n; i++)
	{
		int64 weight = nm_money_in(values[i], "weights");

		if (weight < 0 || weight > NM_WEIGHT_ONE)
			bad_weights(model);
		weights[i] = (uint64) weight;
		sum += (uint64) weight;
	}
	return sum;
}

void
nm_model_rules(FunctionCallInfo fcinfo, int argno, NmModel model,
			   NmModelRules *rules)
{
	static const char *const ties[] = {"order", "share", NULL};
	uint64 sum = 600000;

	memset(rules, 0, sizeof(NmModelRules));
	rules->half_life =
		nm_span_arg(fcinfo, argno, "half_life", DEFAULT_HALF_LIFE);
	if (rules->half_life == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"half_life\" must be longer than 0"),
				 errdetail("It is the time in which a touch loses half of its weight."),
				 errhint("For all credit to the last touch use the model last_touch.")));
	rules->share_ties = nm_choice_arg(fcinfo, argno + 2, "ties", ties) == 1;
	rules->blend[0] = 400000;
	rules->blend[1] = 200000;
	if (model == NM_CUSTOM)
	{
		if (PG_ARGISNULL(argno + 1))
			bad_weights(model);

		/* thirds are rounded, and what they sum to is what is divided by */
		sum = weights_arg(fcinfo, argno + 1, model, 3, rules->custom);
		if (sum < NM_WEIGHT_ONE - 2 || sum > NM_WEIGHT_ONE + 2)
			bad_weights(model);
		return;
	}
	else if (!PG_ARGISNULL(argno + 1))
	{
		if (model != NM_BLENDED)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the model has no \"weights\" to set"),
					 errdetail("Only custom and blended have."),
					 errhint("Leave the argument out, or use the model custom.")));
		sum = weights_arg(fcinfo, argno + 1, NM_BLENDED, 2, rules->blend);
		if (sum > NM_WEIGHT_ONE)
			bad_weights(NM_BLENDED);
	}
	rules->blend[2] = NM_WEIGHT_ONE - sum;
}

/* Parts */

/* add_part adds a part, or nothing if it has no weight or no places. */
static inline void
add_part(NmShares *shares, uint64 weight, uint32 start, uint32 count)
{
	NmPart *part;

	if (weight == 0 || count == 0)
		return;
	if (unlikely((Size) shares->n == shares->capacity))
	{
		shares->capacity = Max(16, shares->capacity * 2);
		shares->parts =
			shares->parts
				? repalloc_huge(shares->parts,
								mul_size(shares->capacity, sizeof(NmPart)))
				: palloc(mul_size(shares->capacity, sizeof(NmPart)));
	}
	part = &shares->parts[shares->n++];
	part->weight = weight;
	part->start = start;
	part->count = count;
	shares->sum += weight;
}

/*
 * ends_and_between gives weights to the first touch, to all between, and to the
 * last.  Of two touches, each has what it has of the weights of the ends.
 */
static void
ends_and_between(NmShares *shares, uint32 n, uint64 first, uint64 between,
				 uint64 last)
{
	if (n == 1 || (n == 2 && first + last == 0))
		add_part(shares, 1, 0, n);
	else
	{
		add_part(shares, first, 0, 1);
		add_part(shares, between, 1, n - 2);
		add_part(shares, last, n - 1, 1);
	}
}

/* w_shaped gives 30 to the first, middle and last touch, 10 to all others. */
static void
w_shaped(NmShares *shares, uint32 n)
{
	uint32 middle = (n - 1) / 2;
	uint64 others = n - 3;

	if (n <= 3)
	{
		add_part(shares, 1, 0, n);
		return;
	}
	add_part(shares, 30 * others, 0, 1);
	add_part(shares, 10 * (uint64) (middle - 1), 1, middle - 1);
	add_part(shares, 30 * others, middle, 1);
	add_part(shares, 10 * (uint64) (n - 2 - middle), middle + 1,
			 n - 2 - middle);
	add_part(shares, 30 * others, n - 1, 1);
}

/*
 * blended gives weights to the first touch, to the touches after it, and to all
 * alike.
 */
static void
blended(NmShares *shares, uint32 n, const uint64 *blend)
{
	if (n == 1)
	{
		add_part(shares, 1, 0, 1);
		return;
	}
	add_part(shares, blend[0] * n + blend[2], 0, 1);
	add_part(shares, blend[1] * n + blend[2] * (n - 1), 1, n - 1);
}

/* half_to_the returns 2^62 * 2^-x for 0 <= x < 1. */
static uint64
half_to_the(double x)
{
	/* 2^62 * 2^-(i / 16) and 2^62 * 2^-(i / 256) */
	static const uint64 sixteenths[16] =
		{UINT64CONST(4611686018427387904), UINT64CONST(4416165660797809419),
		 UINT64CONST(4228934724888366668), UINT64CONST(4049641766413219908),
		 UINT64CONST(3877950241171266237), UINT64CONST(3713537873331429433),
		 UINT64CONST(3556096050500581047), UINT64CONST(3405329244438597040),
		 UINT64CONST(3260954456333195553), UINT64CONST(3122700685593301682),
		 UINT64CONST(2990308421163830843), UINT64CONST(2863529154407056491),
		 UINT64CONST(2742124912636209756), UINT64CONST(2625867812425724110),
		 UINT64CONST(2514539631859660218), UINT64CONST(2407931400915394245)};
	static const uint64 fine[16] =
		{UINT64CONST(4611686018427387904), UINT64CONST(4599216278082138665),
		 UINT64CONST(4586780255215411731), UINT64CONST(4574377858657036237),
		 UINT64CONST(4562008997483360349), UINT64CONST(4549673581016584687),
		 UINT64CONST(4537371518824097554), UINT64CONST(4525102720717811965),
		 UINT64CONST(4512867096753504463), UINT64CONST(4500664557230155725),
		 UINT64CONST(4488495012689292957), UINT64CONST(4476358373914334055),
		 UINT64CONST(4464254551929933550), UINT64CONST(4452183458001330318),
		 UINT64CONST(4440145003633697051), UINT64CONST(4428139100571491492)};
	const uint64 ln_2 = UINT64CONST(3196577161300663915);
	uint64 one = UINT64CONST(1) << 62;

	/* the quotient of two long spans may be rounded to 1 */
	uint64 bits = Min((uint64) (x * (double) one), one - 1);
	uint64 z; /* what is left of x, below 1/256, times ln 2 */
	uint64 term;
	uint64 result = UINT64CONST(1) << 62;

#define TIMES(a, b) ((uint64) (((uint128) (a) * (b)) >> 62))
	z = TIMES(bits & ((UINT64CONST(1) << 54) - 1), ln_2);
	term = z;
	result -= term;
	term = TIMES(term, z) / 2;
	result += term;
	term = TIMES(term, z) / 3;
	result -= term;
	term = TIMES(term, z) / 4;
	result += term;
	term = TIMES(term, z) / 5;
	result -= term;
	result = TIMES(result, fine[bits >> 54 & 15]);
	return TIMES(result, sixteenths[bits >> 58 & 15]);
#undef TIMES
}

/*
 * decay_weight returns what age leaves of a weight of 2^bits.  The quotient of
 * two doubles is the same everywhere, and the rest is whole numbers.
 */
static uint64
decay_weight(int64 age, int64 half_life, int bits)
{
	int64 halves = age / half_life;
	uint64 weight;

	if (halves > bits)
		return 0;
	weight = half_to_the((double) (age % half_life) / (double) half_life);
	return weight >> (62 - bits + halves);
}

static void
time_decay(NmShares *shares, const NmPath *path, int64 half_life)
{
	uint32 n = path->ntouches;
	int64 newest = path->touches[n - 1].at;
	int bits = DECAY_BITS;

	/* the sum stays below 2^62 */
	if (n >> DECAY_PATH_BITS != 0)
		bits -= pg_leftmost_one_pos32(n) - DECAY_PATH_BITS + 1;
	for (uint32 i = 0; i < n;)
	{
		int64 at = path->touches[i].at;
		uint32 end = i + 1;

		while (end < n && path->touches[end].at == at)
			end++;
		add_part(shares,
				 (end - i) *
					 decay_weight(nm_elapsed(at, newest), half_life, bits),
				 i, end - i);
		i = end;
	}
}

/*
 * last_non_direct gives all to the last touch that is not direct, or to all
 * such touches of its instant; where all are direct, to the last.
 */
static void
last_non_direct(NmShares *shares, const NmJourneyReader *reader,
				const NmPath *path, bool share_ties)
{
	const NmTouch *touches = path->touches;
	int64 direct = reader->rules.direct_number;
	uint32 last = path->ntouches - 1;
	uint32 start;
	bool alone;

#define IS_DIRECT(i) (reader->channel_string[touches[i].channel] == direct)
	while (last > 0 && IS_DIRECT(last))
		last--;
	alone = IS_DIRECT(last);
	if (alone)
		last = path->ntouches - 1;
	start = last;
	if (share_ties)
		while (start > 0 && touches[start - 1].at == touches[last].at)
			start--;
	for (uint32 i = start; i <= last; i++)
		if (alone || !IS_DIRECT(i))
			add_part(shares, 1, i, 1);
#undef IS_DIRECT
}

/* share_ties lets touches of one instant share what they have together. */
static void
share_ties(NmShares *shares, const NmPath *path)
{
	NmShares tied = {0};
	int part = 0;
	uint64 factor = 1;
	uint64 most = (UINT64CONST(1) << TIE_BITS) / shares->sum;

	/* so that the weight of one touch is a whole number, if that can be had */
	for (int i = 0; i < shares->n; i++)
	{
		uint32 count = shares->parts[i].count;

		if (shares->parts[i].weight * factor % count == 0)
			continue;
		if (count > most / factor)
		{
			factor = most;
			break;
		}
		factor *= count;
	}
	for (uint32 i = 0; i < path->ntouches;)
	{
		uint32 end = i + 1;
		uint128 weight = 0;

		while (end < path->ntouches &&
			   path->touches[end].at == path->touches[i].at)
			end++;
		while (part < shares->n)
		{
			const NmPart *p = &shares->parts[part];
			uint32 from = Max(i, p->start);
			uint32 to = Min(end, p->start + p->count);

			if (from < to)
				weight += (uint128) p->weight * factor * (to - from) / p->count;
			if (p->start + p->count > end)
				break;
			part++;
		}
		add_part(&tied, (uint64) weight, i, end - i);
		i = end;
	}
	if (shares->parts != NULL)
		pfree(shares->parts);
	*shares = tied;
}

void
nm_model_shares(const NmModelRules *rules, NmModel model,
				const NmJourneyReader *reader, const NmPath *path,
				NmShares *shares)
{
	uint32 n = path->ntouches;

	shares->n = 0;
	shares->sum = 0;
	switch (model)
	{
		case NM_FIRST_TOUCH:
			add_part(shares, 1, 0, 1);
			break;
		case NM_LAST_TOUCH:
			add_part(shares, 1, n - 1, 1);
			break;
		case NM_LAST_NON_DIRECT:
			last_non_direct(shares, reader, path, rules->share_ties);
			return;
		case NM_LINEAR:
			add_part(shares, 1, 0, n);
			break;
		case NM_TIME_DECAY:
			time_decay(shares, path, rules->half_life);
			return; /* touches of one instant share anyhow */
		case NM_POSITION_BASED:
			ends_and_between(shares, n, 40, 20, 40);
			break;
		case NM_J_SHAPED:
			ends_and_between(shares, n, 20, 20, 60);
			break;
		case NM_INVERSE_J:
			ends_and_between(shares, n, 60, 20, 20);
			break;
		case NM_W_SHAPED:
			w_shaped(shares, n);
			break;
		case NM_BLENDED:
			blended(shares, n, rules->blend);
			break;
		case NM_CUSTOM:
			ends_and_between(shares, n, rules->custom[0], rules->custom[1],
							 rules->custom[2]);
			break;
		case NM_PARTICIPATION:
			break;
	}
	if (rules->share_ties)
		share_ties(shares, path);
}
