/*
 * sequence_pattern.h
 *		Patterns of events as they are matched.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef SEQUENCE_PATTERN_H
#define SEQUENCE_PATTERN_H

#include "postgres.h"

typedef enum NmRowTest
{
	ROW_IS,
	ROW_IS_NOT,
	ROW_ANY
} NmRowTest;

/* NmElement: what its row must be, and what may follow before the next one. */
typedef struct NmElement
{
	NmRowTest test;
	uint16 condition;
	bool free_gap; /* any rows */
	int bars;      /* where its barred conditions begin, in order */
	int nbars;
	bool timed;
	int64 least; /* microseconds to the row of the next element */
	int64 most;
	int holes; /* where the differences that it may not have begin */
	int nholes;
} NmElement;

typedef struct NmPattern
{
	int nelements;
	int nparts;
	NmElement *elements;
	uint16 *bars;
	int nbars;
	int64 *holes;
	int nholes;
} NmPattern;

/*
 * Reads a pattern, whose conditions have the given numbers: those of equal
 * names are equal.
 */
extern void nm_pattern_parse(const char *text, int nconditions,
							 const uint16 *numbers, NmPattern *pattern);

#endif /* SEQUENCE_PATTERN_H */
