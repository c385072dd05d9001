/*
 * markov.h
 *		A Markov chain of paths, and the probability that it converts.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef MARKOV_H
#define MARKOV_H

#include "postgres.h"
#include "nm_compat.h"

#define NM_MAX_CHAIN_ORDER 3

/* where a transition goes that goes to no state */
#define NM_TO_CONVERSION (-1)
#define NM_TO_NONE (-2)

typedef struct NmTransition
{
	int32 to; /* a state, NM_TO_CONVERSION or NM_TO_NONE */
	int64 count;
} NmTransition;

/*
 * NmChain: states with their transitions.  State 0 is the start, to which
 * nothing returns; the transitions are sorted by the state that they leave.
 */
typedef struct NmChain
{
	uint32 nstates;
	uint32 *channel; /* of each state: rank of the newest touch, or none */
	uint32 *first;   /* of each state, and of the end: its first transition */
	NmTransition *transitions;
} NmChain;

/* The probability of conversion from each state, palloc'd. */
extern double *nm_chain_conversions(const NmChain *chain);

/*
 * The removal effect of a channel: the share of conversions whose paths touch
 * it, given the probabilities above.
 */
extern double nm_chain_removal_effect(const NmChain *chain, uint32 channel,
									  const double *conversions);

#endif /* MARKOV_H */
