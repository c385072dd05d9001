/*
 * markov_solve.c
 *		The probability that a Markov chain of paths converts.
 *
 * Up to some hundred states the linear system is solved by eliminating state
 * after state.  Only numbers that are not negative are added, multiplied and
 * divided, so that no digits are lost however rare conversions are; and what a
 * channel takes away is computed as such, not as a difference.  Beyond, lower
 * bounds of both outcomes rise until together they leave no more room than a
 * rounding error.
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

/*
 * Question: what is asked of a chain.  Without a channel: whether a path
 * converts.  With one, where paths end: whether they would have converted from
 * there.
 */
typedef struct Question
{
	const NmChain *chain;
	uint32 channel; /* or NM_NO_CHANNEL */
	const double *conversions;
} Question;

/* Outcomes: what is asked for, and its opposite, by state. */
typedef struct Outcomes
{
	double *yes;
	double *no;
} Outcomes;

/*
 * goes_on tells whether a transition leads to a state; if not, *yes is the
 * probability that it answers the question.
 */
static inline bool
goes_on(const Question *question, const NmTransition *transition, double *yes)
{
	bool ends_at_channel = question->channel != NM_NO_CHANNEL;

	if (transition->to == NM_TO_CONVERSION)
		*yes = ends_at_channel ? 0 : 1;
	else if (transition->to == NM_TO_NONE)
		*yes = 0;
	else if (ends_at_channel &&
			 question->chain->channel[transition->to] == question->channel)
		*yes = question->conversions[transition->to];
	else
		return true;
	return false;
}

static Outcomes
outcomes_make(uint32 n)
{
	Outcomes outcomes = {.yes = palloc0_array(double, n),
						 .no = palloc0_array(double, n)};

	return outcomes;
}

/* fill_matrix writes probabilities into a matrix of all states, row by row. */
static void
fill_matrix(const Question *question, double *matrix, Outcomes outcomes)
{
	const NmChain *chain = question->chain;
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
			double yes;

			if (goes_on(question, transition, &yes))
				matrix[s * n + transition->to] += p;
			else
			{
				outcomes.yes[s] += p * yes;
				outcomes.no[s] += p * (1 - yes);
			}
		}
	}
}

/* eliminate_state takes state j out of the rows before it. */
static void
eliminate_state(double *matrix, Size n, Size j, double leaves,
				Outcomes outcomes)
{
	const double *out = matrix + j * n;

	for (Size i = 0; i < j; i++)
	{
		double *row = matrix + i * n;
		double f = row[j] / leaves;

		if (f == 0)
			continue;
		for (Size k = 0; k < j; k++)
			row[k] += f * out[k];
		outcomes.yes[i] += f * outcomes.yes[j];
		outcomes.no[i] += f * outcomes.no[j];
	}
}

/*
 * eliminate solves the chain state by state, from the last to the first, and
 * returns the answer for each.
 */
static double *
eliminate(const Question *question)
{
	Size n = question->chain->nstates;
	Outcomes outcomes = outcomes_make(question->chain->nstates);
	double *matrix = palloc0(mul_size(mul_size(n, n), sizeof(double)));
	double *leaves = palloc_array(double, n);

	fill_matrix(question, matrix, outcomes);
	for (Size j = n; j-- > 0;)
	{
		CHECK_FOR_INTERRUPTS();
		leaves[j] = outcomes.yes[j] + outcomes.no[j];
		for (Size k = 0; k < j; k++)
			leaves[j] += matrix[j * n + k];

		/* a state that nothing leads to may have nowhere to go */
		if (leaves[j] > 0)
			eliminate_state(matrix, n, j, leaves[j], outcomes);
	}

	/* back: what a state leads to is known when its turn comes */
	for (Size j = 0; j < n; j++)
	{
		for (Size k = 0; k < j; k++)
			outcomes.yes[j] += matrix[j * n + k] * outcomes.yes[k];
		outcomes.yes[j] = leaves[j] > 0 ? outcomes.yes[j] / leaves[j] : 0;
	}
	pfree(matrix);
	pfree(leaves);
	pfree(outcomes.no);
	return outcomes.yes;
}

/* sweep raises the bounds of all states once, and returns by how much. */
static double
sweep(const Question *question, Outcomes outcomes)
{
	const NmChain *chain = question->chain;
	double change = 0;

	for (uint32 s = chain->nstates; s-- > 0;)
	{
		double yes = 0;
		double no = 0;
		double others = 0;

		for (uint32 t = chain->first[s]; t < chain->first[s + 1]; t++)
		{
			const NmTransition *transition = &chain->transitions[t];
			double count = (double) transition->count;
			double p;

			/* coming back to itself delays an answer, and changes none */
			if (transition->to == (int32) s)
				continue;
			others += count;
			if (goes_on(question, transition, &p))
			{
				yes += count * outcomes.yes[transition->to];
				no += count * outcomes.no[transition->to];
			}
			else
			{
				yes += count * p;
				no += count * (1 - p);
			}
		}
		if (others == 0)
			continue;
		change += Max(0, yes / others - outcomes.yes[s]) +
				  Max(0, no / others - outcomes.no[s]);
		outcomes.yes[s] = yes / others;
		outcomes.no[s] = no / others;
	}
	return change;
}

/* widest_gap is what the bounds leave open. */
static double
widest_gap(const Question *question, Outcomes outcomes)
{
	double gap = 0;

	for (uint32 s = 0; s < question->chain->nstates; s++)
		gap = Max(gap, 1 - outcomes.yes[s] - outcomes.no[s]);
	return gap;
}

static double *
converge(const Question *question)
{
	Outcomes outcomes = outcomes_make(question->chain->nstates);
	double gap = 1;
	double before;
	double change;

	/* until the gap is closed, or rounding keeps it from closing further */
	do
	{
		CHECK_FOR_INTERRUPTS();
		before = gap;
		change = sweep(question, outcomes);
		gap = widest_gap(question, outcomes);
	} while (gap > SMALLEST_GAP && change > 0 &&
			 (gap < before ||
			  change > SMALLEST_CHANGE * question->chain->nstates));
	for (uint32 s = 0; s < question->chain->nstates; s++)
	{
		double sum = outcomes.yes[s] + outcomes.no[s];

		if (sum > 0)
			outcomes.yes[s] /= sum;
	}
	pfree(outcomes.no);
	return outcomes.yes;
}

/* answer solves the chain for a question, and returns the answer by state. */
static double *
answer(const Question *question)
{
	if (question->chain->nstates <= MOST_ELIMINATED)
		return eliminate(question);
	return converge(question);
}

double *
nm_chain_conversions(const NmChain *chain)
{
	Question question = {.chain = chain, .channel = NM_NO_CHANNEL};

	return answer(&question);
}

double
nm_chain_removal_effect(const NmChain *chain, uint32 channel,
						const double *conversions)
{
	Question question = {.chain = chain,
						 .channel = channel,
						 .conversions = conversions};
	double *lost = answer(&question);
	double effect = lost[0] / conversions[0];

	pfree(lost);
	return Min(effect, 1);
}
