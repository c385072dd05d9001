/*
 * attribution.h
 *		Models of attribution: how a path shares out its conversion.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef ATTRIBUTION_H
#define ATTRIBUTION_H

#include "journey.h"
#include "nm_apportion.h"

/* Conversions are shared out in units of 1e-9. */
#define NM_CONVERSION_DECIMALS 9
#define NM_CONVERSION UINT64CONST(1000000000)

typedef enum NmModel
{
	NM_FIRST_TOUCH,
	NM_LAST_TOUCH,
	NM_LAST_NON_DIRECT,
	NM_LINEAR,
	NM_TIME_DECAY,
	NM_POSITION_BASED,
	NM_J_SHAPED,
	NM_INVERSE_J,
	NM_W_SHAPED,
	NM_BLENDED,
	NM_PARTICIPATION, /* the last of those that attribution_models shows */
	NM_CUSTOM
} NmModel;

#define NM_WIDE_MODELS (NM_PARTICIPATION + 1)

/* Weights of models are whole numbers of which this many are 1. */
#define NM_WEIGHT_ONE 1000000

/* NmModelRules: the arguments that shape a model. */
typedef struct NmModelRules
{
	int64 half_life;
	uint64 custom[3]; /* first, between, last */
	uint64 blend[3];  /* first touch, assists, the rest that is linear */
	bool share_ties;
} NmModelRules;

/* NmShares: how one path shares out, as parts of its touches. */
typedef struct NmShares
{
	NmPart *parts;
	int n;
	Size capacity;
	uint64 sum; /* of the weights */
} NmShares;

/* Finds the parts of a path of at least one touch; not for participation. */
extern void nm_model_shares(const NmModelRules *rules, NmModel model,
							const NmJourneyReader *reader, const NmPath *path,
							NmShares *shares);

/* The model named by an argument. */
extern NmModel nm_model_arg(FunctionCallInfo fcinfo, int argno);

/* The rules of models in the arguments half_life, weights, ties from argno on. */
extern void nm_model_rules(FunctionCallInfo fcinfo, int argno, NmModel model,
						   NmModelRules *rules);

/* Conversions in units of 1e-9 as numeric. */
extern Datum nm_conversions_out(int128 units);

/* NmPlaces: what each touch of one path has. */
typedef struct NmPlaces
{
	uint64 *shares;  /* of the conversion, in units of 1e-9 */
	int128 *credits; /* of the revenue, in micro-units */
	Size capacity;
} NmPlaces;

/* Nothing for any touch of a path; allocates in the current context. */
extern void nm_places_begin(NmPlaces *places, const NmPath *path);

/* Divides a path of at least one touch by n parts whose weights have a sum. */
extern void
nm_places_divide(NmPlaces *places, const NmJourneyReader *reader,
				 const NmPath *path, NmPart *parts, int n, uint64 sum);

/* The rows of a path: one for each touch, or one of none. */
extern void
nm_places_rows(const NmPlaces *places, const NmJourneyReader *reader,
			   const NmPath *path, NmRowContext *row, ReturnSetInfo *rsinfo);

#endif /* ATTRIBUTION_H */
