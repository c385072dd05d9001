/*
 * nm_stats.h
 *		Tests and intervals for rates: double precision, never money.
 *
 * Every function is accurate to about 1e-12, far below what the rounding of a
 * result for people shows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_STATS_H
#define NM_STATS_H

#include "postgres.h"

/* The standard normal distribution: P(Z <= x), and x of a probability. */
extern double nm_normal_cdf(double x);
extern double nm_normal_quantile(double p);

/* P(X >= x) of a chi-squared distribution. */
extern double nm_chi_squared_tail(double x, int df);

/* P(|T| >= |t|) of Student's distribution with df > 0 degrees of freedom. */
extern double nm_student_two_sided(double t, double df);

/* The t with P(|T| < t) = confidence. */
extern double nm_student_quantile(double confidence, double df);

/*
 * NmLine: the least-squares line y = intercept + slope x through n points.
 * It has no standard error if n is 2, nor a p value; p is that of slope 0.
 */
typedef struct NmLine
{
	int64 n;
	double slope;
	double intercept;
	double standard_error; /* of the slope; NAN if there is none */
	double r_squared;      /* NAN if all y are equal */
	double p_value; /* two-sided, of a slope of 0; NAN if there is none */
} NmLine;

/* Fits a line; false if there are less than two different x. */
extern bool
nm_fit_line(const double *x, const double *y, int64 n, NmLine *line);

/*
 * rising or falling if the slope is significant at alpha, else flat; NULL if
 * there is no p value.
 */
extern const char *nm_line_direction(const NmLine *line, double alpha);

/*
 * The pooled two-sided test that two rates are one; false if it says nothing,
 * as when a group is empty or all or none of both succeeded.
 */
extern bool nm_two_proportions(int64 s1, int64 n1, int64 s2, int64 n2,
							   double *z, double *p);

/* The Wilson score interval of s successes in n > 0 trials. */
extern void
nm_wilson(int64 s, int64 n, double confidence, double *low, double *high);

/* Complains unless 0 < share < 1: confidence levels, alpha. */
extern void nm_check_open_share(double share, const char *argname);

#endif /* NM_STATS_H */
