/*
 * nm_currency.h
 *		Currencies: codes of three letters as numbers.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_CURRENCY_H
#define NM_CURRENCY_H

#include "postgres.h"
#include "nm_compat.h"

#define NM_CURRENCY_LEN 3

/* The letters of a code from the left, first letter highest; 0 is none. */
static inline char
nm_currency_letter(uint32 code, int i)
{
	return (char) (code >> (8 * (NM_CURRENCY_LEN - 1 - i)));
}

/* The code of three letters of any case, which need not be letters yet. */
static inline uint32
nm_currency_pack(const char *letters)
{
	return ((uint32) (unsigned char) letters[0] << 16 |
			(uint32) (unsigned char) letters[1] << 8 |
			(uint32) (unsigned char) letters[2]) &
		   0xDFDFDF;
}

/* Whether a number is the code of three capital letters. */
static inline bool
nm_currency_valid(uint32 code)
{
	for (int i = 0; i < NM_CURRENCY_LEN; i++)
		if (nm_currency_letter(code, i) < 'A' ||
			nm_currency_letter(code, i) > 'Z')
			return false;
	return code >> (8 * NM_CURRENCY_LEN) == 0;
}

/* The code of a text, or an error. */
extern uint32 nm_currency_parse(text *currency);

/* The letters of a code, palloc'd. */
extern char *nm_currency_text(uint32 code);

/* Decimals of the minor unit by ISO 4217, -1 if the code is not in it. */
extern int nm_currency_decimals(uint32 code);

/* A code for people: "none" if it is 0. */
extern const char *nm_currency_name(uint32 code);

/* Complains about two currencies, of which one may be none, in one state. */
pg_noreturn extern void nm_mixed_currencies(uint32 a, uint32 b);

#endif /* NM_CURRENCY_H */
