/*
 * markov_solve.c
 *		The probability that a Markov chain of paths converts.
 *
 * Up to some hundred states the linear system is solved by eliminating state
 * after state.  Only numbers that are not negative are added, multiplied and
 * divided, so that no digits are lost however rare conversions are.  Beyond,
 * lower bounds of both outcomes rise until together they leave no more room
 * than a rounding error.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"

#include "journey.h"
#include "markov.h"

#define MOST_ELIMINATED 400
#define SMALLEST_GAP 1e-15
#define SMALLEST_CHANGE 1e-17

/* Outcomes: conversion and end without one, by state. */
typedef struct Outcomes
{
	double *conversion;
	double *none;
} Outcomes;

static Outcomes
outcomes_make(uint32 n)
{
	Outcomes outcomes = {.conversion = palloc0_array(double, n),
						 .none = palloc0_array(double, n)};

	return outcomes;
}

/* the share of conversions, whatever rounding has left of their sum of 1 */
static double
outcome_of_start(Outcomes outcomes)
{
	double conversion = outcomes.conversion[0];
	double sum = conversion + outcomes.none[0];

	pfree(outcomes.conversion);
	pfree(outcomes.none);
	return sum > 0 ? conversion / sum : 0;
}

/*
 * fill_matrix writes probabilities into a matrix of all states, row by row; the
 * channel that is taken out ends paths.
 */
static void
fill_matrix(const NmChain *chain, uint32 without, double *matrix,
			Outcomes outcomes)
{
	Size n = chain->nstates;

	for (uint32 s = 0; s < n; s++)
	{
		int64 total = 0;

		for (uint32 t = chain->first[s]; t < chain->first[s + 1]; t++)
			total += chain->transitions[t].count;
		for (uint32 t = chain->first[s]; t < chain->first[s + 1]; t++)
		{
			const NmTransition *transition = &chain->transitions[t];
			double p = (double) transition->count / (double) total;

			if (transition->to == NM_TO_CONVERSION)
				outcomes.conversion[s] += p;
			else if (transition->to == NM_TO_NONE ||
					 (without != NM_NO_CHANNEL &&
					  chain->channel[transition->to] == without))
				outcomes.none[s] += p;
			else
				matrix[s * n + transition->to] += p;
		}
	}
}

/* eliminate solves the chain state by state, from the last to the first. */
static double
eliminate(const NmChain *chain, uint32 without)
{
	Size n = chain->nstates;
	Outcomes outcomes = outcomes_make(chain->nstates);
	double *matrix = palloc0(mul_size(mul_size(n, n), sizeof(double)));

	fill_matrix(chain, without, matrix, outcomes);
	for (Size j = n - 1; j > 0; j--)
	{
		const double *out = matrix + j * n;
		double leaves = outcomes.conversion[j] + outcomes.none[j];

		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < j; k++)
			leaves += out[k];

		/* a state that is never left is never reached either */
		if (leaves <= 0)
			continue;
		for (Size i = 0; i < j; i++)
		{
			double *row = matrix + i * n;
			double f = row[j] / leaves;

			if (f == 0)
				continue;
			for (Size k = 0; k < j; k++)
				row[k] += f * out[k];
			outcomes.conversion[i] += f * outcomes.conversion[j];
			outcomes.none[i] += f * outcomes.none[j];
		}
	}
	pfree(matrix);
	return outcome_of_start(outcomes);
}

/* sweep raises the bounds of all states once, and returns by how much. */
static double
sweep(const NmChain *chain, uint32 without, Outcomes outcomes)
{
	double change = 0;

	for (uint32 s = chain->nstates; s-- > 0;)
	{
		double conversion = 0;
		double none = 0;
		double others = 0;

		for (uint32 t = chain->first[s]; t < chain->first[s + 1]; t++)
		{
			const NmTransition *transition = &chain->transitions[t];
			double count = (double) transition->count;

			/* coming back to itself delays an outcome, and changes none */
			if (transition->to == (int32) s)
				continue;
			others += count;
			if (transition->to == NM_TO_CONVERSION)
				conversion += count;
			else if (transition->to == NM_TO_NONE ||
					 (without != NM_NO_CHANNEL &&
					  chain->channel[transition->to] == without))
				none += count;
			else
			{
				conversion += count * outcomes.conversion[transition->to];
				none += count * outcomes.none[transition->to];
			}
		}
		if (others == 0)
			continue;
		change += Max(0, conversion / others - outcomes.conversion[s]) +
				  Max(0, none / others - outcomes.none[s]);
		outcomes.conversion[s] = conversion / others;
		outcomes.none[s] = none / others;
	}
	return change;
}

static double
converge(const NmChain *chain, uint32 without)
{
	Outcomes outcomes = outcomes_make(chain->nstates);
	double change;

	do
	{
		CHECK_FOR_INTERRUPTS();
		change = sweep(chain, without, outcomes);
	} while (1 - outcomes.conversion[0] - outcomes.none[0] > SMALLEST_GAP &&
			 change > SMALLEST_CHANGE * chain->nstates);
	return outcome_of_start(outcomes);
}

double
nm_chain_conversion(const NmChain *chain, uint32 without)
{
	if (chain->nstates <= MOST_ELIMINATED)
		return eliminate(chain, without);
	return converge(chain, without);
}
