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

/*
 * A row of credits: of a touch of a path by its place, or of no touch, whose
 * share of the conversion and of the revenue is given in the units of both.
 */
extern void nm_credit_row(const NmJourneyReader *reader, const NmPath *path,
						  uint32 place, uint64 share, int128 credit,
						  NmRowContext *row, ReturnSetInfo *rsinfo);

#endif /* ATTRIBUTION_H */
