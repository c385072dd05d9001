/*
 * nm_money.c
 *		Money as int64 of 1e-6 currency units, and back to numeric.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <limits.h>

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "nm_money.h"

/*
 * A numeric on disk is a 16-bit header, in the long form followed by a 16-bit
 * weight, and base-10000 digits.  The fast reader knows these bits; they have
 * been the same since PostgreSQL 9.1 and must stay so for stored data.  Even
 * so nm_money_init compares the reader with the public functions once per
 * process, and nm_money_in does without it should they ever differ.
 */
#define NUM_SPECIAL_MASK 0xC000
#define NUM_IS_SPECIAL 0xC000
#define NUM_IS_SHORT 0x8000
#define NUM_LONG_NEG 0x4000
#define NUM_SHORT_NEG 0x2000
#define NUM_SHORT_WSIGN 0x0040
#define NUM_SHORT_WEIGHT 0x003F
#define NUM_NBASE 10000

typedef enum MoneyResult
{
	MONEY_OK,
	MONEY_SPECIAL,
	MONEY_OVERFLOW
} MoneyResult;

static bool fast_reader = false;

/* read_digit returns base-10000 digit i of a numeric, 0 beyond the last. */
static inline int32
read_digit(const char *digits, int ndigits, int i)
{
	int16 d;

	if (i < 0 || i >= ndigits)
		return 0;
	memcpy(&d, digits + i * sizeof(int16), sizeof(int16));
	return d;
}

/*
 * money_read is the fast reader: integer digits, then the first two groups of
 * decimals, the second of which holds the rounding digit.
 */
static MoneyResult
money_read(const char *data, Size len, int64 *result)
{
	uint16 header;
	bool negative;
	int weight;
	int ndigits;
	int64 units = 0;
	int32 d1;
	int32 d2;
	int64 micros;

	memcpy(&header, data, sizeof(header));
	if ((header & NUM_SPECIAL_MASK) == NUM_IS_SPECIAL)
		return MONEY_SPECIAL;
	if (header & NUM_IS_SHORT)
	{
		negative = (header & NUM_SHORT_NEG) != 0;
		weight = header & NUM_SHORT_WEIGHT;
		if (header & NUM_SHORT_WSIGN)
			weight -= NUM_SHORT_WSIGN;
		data += sizeof(uint16);
		len -= sizeof(uint16);
	}
	else
	{
		int16 w;

		negative = (header & NUM_SPECIAL_MASK) == NUM_LONG_NEG;
		memcpy(&w, data + sizeof(uint16), sizeof(w));
		weight = w;
		data += 2 * sizeof(uint16);
		len -= 2 * sizeof(uint16);
	}
	ndigits = len / sizeof(int16);

	*result = 0;
	if (ndigits == 0)
		return MONEY_OK;
	if (weight > 3)
		return MONEY_OVERFLOW;
	for (int i = 0; i <= weight; i++)
		units = units * NUM_NBASE + read_digit(data, ndigits, i);
	d1 = read_digit(data, ndigits, weight + 1);
	d2 = read_digit(data, ndigits, weight + 2);
	if (pg_mul_s64_overflow(units, NM_MONEY_UNIT, &micros) ||
		pg_add_s64_overflow(micros,
							(int64) d1 * 100 + d2 / 100 +
								(d2 % 100 >= 50 ? 1 : 0),
							&micros))
		return MONEY_OVERFLOW;
	*result = negative ? -micros : micros;
	return MONEY_OK;
}

/* money_read_public does the same by public functions, five times slower. */
static MoneyResult
money_read_public(Datum value, int64 *result)
{
	Datum rounded;
	Datum micros;
	Datum limit;

	if (numeric_is_nan(DatumGetNumeric(value)) ||
		numeric_is_inf(DatumGetNumeric(value)))
		return MONEY_SPECIAL;
	rounded = DirectFunctionCall2(numeric_round, value,
								  Int32GetDatum(NM_MONEY_SCALE));
	micros =
		DirectFunctionCall2(numeric_mul, rounded,
							NumericGetDatum(int64_to_numeric(NM_MONEY_UNIT)));
	limit = NumericGetDatum(int64_to_numeric(PG_INT64_MAX));
	if (DatumGetBool(DirectFunctionCall2(numeric_gt,
										 DirectFunctionCall1(numeric_abs,
															 micros),
										 limit)))
		return MONEY_OVERFLOW;
	*result = DatumGetInt64(DirectFunctionCall1(numeric_int8, micros));
	return MONEY_OK;
}

/*
 * nm_money_init compares the fast reader with the public functions over every
 * shape of numeric and turns it on if they agree.
 */
void
nm_money_init(void)
{
	static const char *const samples[] =
		{"0",
		 "0.00",
		 "1",
		 "-1",
		 "9999",
		 "10000",
		 "12345678901.5",
		 "0.000001",
		 "0.0000005",
		 "0.00000049",
		 "-0.0000005",
		 "49.99",
		 "-49.99",
		 "166.666666666666666667",
		 "9223372036854.775807",
		 "9223372036854.775808",
		 "-9223372036854.775807",
		 "1e30",
		 "1e-30",
		 "0.0001",
		 "0.00019999",
		 "100000000",
		 "99999999.99999949",
		 "99999999.9999995",
		 "NaN",
		 "Infinity",
		 "-Infinity",
		 "1.00000000000000000000000000000000000000000000000000000000000000001"};
	bool agree = true;

	for (int i = 0; i < (int) lengthof(samples) && agree; i++)
	{
		Datum value;
		struct varlena *v;
		int64 fast = 0;
		int64 slow = 0;
		MoneyResult fast_result;

		value = DirectFunctionCall3(numeric_in, CStringGetDatum(samples[i]),
									ObjectIdGetDatum(InvalidOid),
									Int32GetDatum(-1));
		v = (struct varlena *) DatumGetPointer(value);
		fast_result = money_read(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), &fast);
		agree = fast_result == money_read_public(value, &slow) && fast == slow;
	}
	fast_reader = agree;
}

/* money_in reads a numeric the fastest way that is known to be right. */
static inline MoneyResult
money_in(Datum numeric, int64 *micros)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(numeric);

	if (likely(fast_reader))
		return money_read(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), micros);
	return money_read_public(PointerGetDatum(PG_DETOAST_DATUM(numeric)),
							 micros);
}

bool
nm_money_read(Datum numeric, int64 *micros)
{
	return money_in(numeric, micros) == MONEY_OK;
}

int64
nm_money_in(Datum numeric, const char *argname)
{
	int64 micros = 0;
	MoneyResult result = money_in(numeric, &micros);

	if (likely(result == MONEY_OK))
		return micros;
	if (result == MONEY_SPECIAL)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("\"%s\" must be a finite amount", argname),
						errdetail("NaN and infinity are not amounts of money."),
						errhint("Leave such rows out with FILTER or WHERE.")));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("\"%s\" is out of range", argname),
			 errdetail("An amount lies between -9223372036854.775807 and 9223372036854.775807."),
			 errhint("Check the unit of the amount, or use a larger currency unit.")));
}

Datum
nm_money_out(int128 micros)
{
	char digits[48];
	char text[64];
	int n = 0;
	int len = 0;
	bool negative = micros < 0;
	uint128 rest;
	int scale = 2;

	if (micros % 10000 != 0)
		scale = NM_MONEY_SCALE;

	/* what fits an int64 has a public constructor */
	if (micros >= PG_INT64_MIN && micros <= PG_INT64_MAX)
	{
		int64 value = (int64) micros;

		if (scale == 2)
			value /= 10000;
		return NumericGetDatum(int64_div_fast_to_numeric(value, scale));
	}

	rest = negative ? -(uint128) micros : (uint128) micros;
	while (rest > 0)
	{
		digits[n++] = '0' + (int) (rest % 10);
		rest /= 10;
	}
	if (negative)
		text[len++] = '-';
	while (n > NM_MONEY_SCALE)
		text[len++] = digits[--n];
	text[len++] = '.';
	for (int i = 0; i < scale; i++)
		text[len++] = digits[--n];
	text[len] = '\0';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

bool
nm_ratio_out(int128 dividend, int128 divisor, Datum *result)
{
	if (divisor == 0)
		return false;
	*result = DirectFunctionCall2(numeric_div, nm_money_out(dividend),
								  nm_money_out(divisor));
	return true;
}

int64
nm_money_add(int64 a, int64 b)
{
	int64 sum;

	if (unlikely(pg_add_s64_overflow(a, b, &sum)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("MRR of a customer is out of range"),
				 errdetail("The periods of one customer add up to more than 9223372036854.775807."),
				 errhint("Check the unit of the amounts.")));
	return sum;
}
