/*
 * nm_refresh_time.h
 *		The setting nudge.as_of.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_REFRESH_TIME_H
#define NM_REFRESH_TIME_H

/* The instant that a refresh computes for; empty is now. */
extern char *nm_refresh_time;

#endif /* NM_REFRESH_TIME_H */
