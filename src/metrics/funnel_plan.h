/*
 * funnel_plan.h
 *		What the arguments of the funnel functions mean for a state.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef FUNNEL_PLAN_H
#define FUNNEL_PLAN_H

#include "funnel.h"

typedef enum NmFunnelCounting
{
	NM_FUNNEL_UNIQUES,
	NM_FUNNEL_TOTALS,
	NM_FUNNEL_SESSIONS
} NmFunnelCounting;

/* A step as the rows show it. */
typedef struct NmFunnelShown
{
	const char *name;
	uint64 positions; /* among the tracked names */
	bool optional;
	int required; /* its number among the required steps, or how many precede */
} NmFunnelShown;

typedef struct NmFunnelPlan
{
	NmFunnelRules rules; /* its steps are the required ones */
	NmFunnelCounting counting;
	int64 session_gap;
	bool hold_constant;
	bool has_gaps;
	bool has_counts;
	uint64 exclusions; /* positions */
	int nshown;
	NmFunnelShown shown[NM_FUNNEL_STEPS];
} NmFunnelPlan;

/* Reads arguments 1 to 16 of funnel() and its kin. */
extern NmFunnelPlan *
nm_funnel_plan(FunctionCallInfo fcinfo, const NmState *state);

#define NM_FUNNEL_ARG_BASELINE 17
#define NM_FUNNEL_ARG_ALPHA 18

#endif /* FUNNEL_PLAN_H */
