/*
 * nm_currency.c
 *		Currencies: codes of three letters as numbers.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "nm_currency.h"
#include "nm_guards.h"

uint32
nm_currency_parse(text *currency)
{
	uint32 code = 0;

	if (VARSIZE_ANY_EXHDR(currency) == NM_CURRENCY_LEN)
		code = nm_currency_pack(VARDATA_ANY(currency));
	if (!nm_currency_valid(code))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a currency code",
						nm_clip(text_to_cstring(currency))),
				 errdetail("A currency code is three letters; case does not matter."),
				 errhint("Use the three letters of ISO 4217, such as EUR.")));
	return code;
}

char *
nm_currency_text(uint32 code)
{
	return psprintf("%c%c%c", nm_currency_letter(code, 0),
					nm_currency_letter(code, 1), nm_currency_letter(code, 2));
}
