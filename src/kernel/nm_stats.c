/*
 * nm_stats.c
 *		Tests and intervals for rates.
 *
 * Written from the mathematics: the normal distribution is erfc, its inverse
 * is found by Halley's method, the tail of chi-squared is the upper incomplete
 * gamma function, as series or as continued fraction, and that of Student's
 * distribution the incomplete beta function, as continued fraction.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "nm_compat.h"
#include "nm_stats.h"

#define SQRT_HALF 0.70710678118654752440
#define SQRT_TWO_PI 2.50662827463100050242
#define LN_SQRT_TWO_PI 0.91893853320467274178

/* from this shape on Stirling's series is exact to the last digits */
#define STIRLING_FROM 12.0

/* the next term of a series or fraction no longer counts */
#define GAMMA_EPSILON (DBL_EPSILON / 4)

/* stands for 0 where Lentz's method would divide by it */
#define LENTZ_TINY 1e-300

double
nm_normal_cdf(double x)
{
	return 0.5 * erfc(-x * SQRT_HALF);
}

/*
 * lower_quantile inverts the distribution for p < 0.5.  It starts in the tail
 * from p = phi(x) / -x and near the middle from the tangent there; each step
 * of Halley's method cubes the error, down to that of erfc.
 */
static double
lower_quantile(double p)
{
	double t = sqrt(-2 * log(p));
	double x = t > 2 ? log(t * SQRT_TWO_PI) / t - t : (p - 0.5) * SQRT_TWO_PI;

	for (int i = 0; i < 50; i++)
	{
		double density = exp(-0.5 * x * x) / SQRT_TWO_PI;
		double step = (nm_normal_cdf(x) - p) / density;
		double next = x - step / (1 + 0.5 * x * step);

		if (fabs(next - x) <= 4 * DBL_EPSILON * fabs(x))
			return next;
		x = next;
	}
	return x;
}

double
nm_normal_quantile(double p)
{
	if (p <= 0)
		return -INFINITY;
	if (p >= 1)
		return INFINITY;
	if (p == 0.5)
		return 0;
	return p < 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

/* gamma_density returns x^a e^-x / gamma(a). */
static double
gamma_density(double a, double x)
{
	double excess;
	double inverse;
	double series;

	if (a < STIRLING_FROM)
		return exp(a * log(x) - x - lgamma(a));

	/* a logarithm of a nearby ratio, not a difference of large logarithms */
	excess = (x - a) / a;
	inverse = 1 / (a * a);
	series = 1.0 / 1188;
	series = series * inverse - 1.0 / 1680;
	series = series * inverse + 1.0 / 1260;
	series = series * inverse - 1.0 / 360;
	series = (series * inverse + 1.0 / 12) / a;
	return exp(a * (log1p(excess) - excess) + 0.5 * log(a) - LN_SQRT_TWO_PI -
			   series);
}

/* lower_gamma sums the series of P(a, x), for x < a + 1. */
static double
lower_gamma(double a, double x)
{
	double term = 1 / a;
	double sum = term;

	for (int n = 1; term > sum * GAMMA_EPSILON; n++)
	{
		if ((n & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		term *= x / (a + n);
		sum += term;
	}
	return sum * gamma_density(a, x);
}

/*
 * upper_gamma evaluates the continued fraction of Q(a, x), for x >= a + 1, by
 * Lentz's method.
 */
static double
upper_gamma(double a, double x)
{
	double b = x + 1 - a;
	double c = 1 / LENTZ_TINY;
	double d = 1 / b;
	double fraction = d;

	for (int n = 1; n < PG_INT32_MAX; n++)
	{
		double numerator = n * (a - n);
		double change;

		if ((n & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		b += 2;
		d = numerator * d + b;
		c = b + numerator / c;
		if (fabs(d) < LENTZ_TINY)
			d = LENTZ_TINY;
		if (fabs(c) < LENTZ_TINY)
			c = LENTZ_TINY;
		d = 1 / d;
		change = c * d;
		fraction *= change;
		if (fabs(change - 1) <= 2 * DBL_EPSILON)
			break;
	}
	return fraction * gamma_density(a, x);
}

double
nm_chi_squared_tail(double x, int df)
{
	double a = 0.5 * df;
	double half = 0.5 * x;

	if (x <= 0)
		return 1;
	if (isinf(x))
		return 0;
	if (df == 1)
		return erfc(sqrt(half));
	if (half < a + 1)
		return Max(0, 1 - lower_gamma(a, half));
	return Min(1, upper_gamma(a, half));
}

/*
 * beta_fraction evaluates the continued fraction of the incomplete beta
 * function by Lentz's method, for x < (a + 1) / (a + b + 2).
 */
static double
beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 1 - (a + b) * x / (a + 1);
	double fraction;

	d = 1 / (fabs(d) < LENTZ_TINY ? LENTZ_TINY : d);
	fraction = d;
	for (int m = 1; m < PG_INT16_MAX; m++)
	{
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd =
			-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double change;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < LENTZ_TINY ? LENTZ_TINY : d);
		c = fabs(c) < LENTZ_TINY ? LENTZ_TINY : c;
		fraction *= c * d;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < LENTZ_TINY ? LENTZ_TINY : d);
		c = fabs(c) < LENTZ_TINY ? LENTZ_TINY : c;
		change = c * d;
		fraction *= change;
		if (fabs(change - 1) <= 2 * DBL_EPSILON)
			break;
	}
	return fraction;
}

/* half_gamma_ratio returns ln(gamma(a + 1/2) / gamma(a)). */
static double
half_gamma_ratio(double a)
{
	double up = 0;
	double inverse;

	/* large logarithms would cancel: step up to where a series is exact */
	for (; a < STIRLING_FROM * 4; a++)
		up += log(a / (a + 0.5));
	inverse = 1 / a;
	return up + 0.5 * log(a) -
		   inverse * (1.0 / 8 - inverse * inverse *
									(1.0 / 192 - inverse * inverse / 640));
}

double
nm_student_two_sided(double t, double df)
{
	double a = 0.5 * df;
	double x = df / (df + t * t);
	double front;

	if (t == 0)
		return 1;
	if (isinf(t))
		return 0;
	/* x^a (1 - x)^(1/2) / B(a, 1/2), without a difference near 1 */
	front = exp(half_gamma_ratio(a) - a * log1p(t * t / df)) *
			sqrt(t * t / ((df + t * t) * M_PI));
	if (x < (a + 1) / (a + 2.5))
		return Min(1, front * beta_fraction(a, 0.5, x) / a);
	return Max(0, 1 - front * beta_fraction(0.5, a, t * t / (df + t * t)) * 2);
}

double
nm_student_quantile(double confidence, double df)
{
	double outside = 1 - confidence;
	double low = 0;
	double high = 1;

	if (outside >= 1)
		return 0;
	while (nm_student_two_sided(high, df) > outside)
	{
		low = high;
		high *= 2;
	}
	/* halved until no number lies between them */
	for (;;)
	{
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			return high;
		if (nm_student_two_sided(middle, df) > outside)
			low = middle;
		else
			high = middle;
	}
}

bool
nm_fit_line(const double *x, const double *y, int64 n, NmLine *line)
{
	double mean_x = 0;
	double mean_y = 0;
	double sxx = 0;
	double sxy = 0;
	double syy = 0;
	double residual;

	for (int64 i = 0; i < n; i++)
	{
		mean_x += x[i];
		mean_y += y[i];
	}
	mean_x /= n;
	mean_y /= n;
	for (int64 i = 0; i < n; i++)
	{
		sxx += (x[i] - mean_x) * (x[i] - mean_x);
		sxy += (x[i] - mean_x) * (y[i] - mean_y);
		syy += (y[i] - mean_y) * (y[i] - mean_y);
	}
	if (n < 2 || !(sxx > 0))
		return false;
	line->n = n;
	line->slope = sxy / sxx;
	line->intercept = mean_y - line->slope * mean_x;
	line->standard_error = line->r_squared = line->p_value = NAN;
	residual = 0;
	for (int64 i = 0; i < n; i++)
	{
		double off = y[i] - mean_y - line->slope * (x[i] - mean_x);

		residual += off * off;
	}
	if (syy > 0)
		line->r_squared = Min(1, Max(0, 1 - residual / syy));
	if (n > 2)
	{
		line->standard_error = sqrt(residual / (n - 2) / sxx);
		if (line->standard_error > 0)
			line->p_value =
				nm_student_two_sided(line->slope / line->standard_error, n - 2);
		else
			line->p_value = line->slope == 0 ? 1 : 0;
	}
	return true;
}

const char *
nm_line_direction(const NmLine *line, double alpha)
{
	if (isnan(line->p_value))
		return NULL;
	if (line->p_value >= alpha)
		return "flat";
	return line->slope > 0 ? "rising" : "falling";
}

bool
nm_two_proportions(int64 s1, int64 n1, int64 s2, int64 n2, double *z, double *p)
{
	/* the difference of the rates times n1 * n2, exactly */
	int128 difference = (int128) s1 * n2 - (int128) s2 * n1;
	double successes = (double) s1 + s2;
	double failures = (double) (n1 - s1) + (double) (n2 - s2);
	double trials = (double) n1 + n2;

	if (n1 <= 0 || n2 <= 0 || successes <= 0 || failures <= 0)
		return false;
	*z = (double) difference *
		 sqrt(trials / (successes * failures * (double) n1 * (double) n2));
	*p = erfc(fabs(*z) * SQRT_HALF);
	return true;
}

void
nm_wilson(int64 s, int64 n, double confidence, double *low, double *high)
{
	double z = -nm_normal_quantile(0.5 * (1 - confidence));
	double successes = (double) s;
	double trials = (double) n;
	double z2 = z * z;
	double root = z * sqrt(successes * (double) (n - s) / trials + 0.25 * z2);
	double larger = successes + 0.5 * z2 + root;

	/*
	 * The bounds are the roots of a quadratic.  The smaller one follows from
	 * the product of both, without a difference of nearly equal numbers.
	 */
	*high = s == n ? 1 : Min(1, larger / (trials + z2));
	*low = s == 0 ? 0 : successes * successes / (trials * larger);
}

void
nm_check_open_share(double share, const char *argname)
{
	if (!(share > 0 && share < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be between 0 and 1", argname),
				 errdetail("It is %g.", share),
				 errhint("It is a share of one, without 0 and 1 themselves: 95 %% is 0.95.")));
}
