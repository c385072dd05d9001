/*
 * nm_currency.c
 *		Currencies: codes of three letters as numbers.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "nm_currency.h"
#include "nm_guards.h"

/* ISO 4217, with currencies withdrawn since 2009, by number of decimals. */
static const char decimals_0[] =
	"BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF"
	"BYR";
static const char decimals_2[] =
	"AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCAD"
	"CDFCHECHFCHWCNYCOPCOUCRCCUPCVECZKDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIP"
	"GMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTLAKLBPLKRLRDLSLMAD"
	"MDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHP"
	"PKRPLNQARRONRSDRUBSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMT"
	"TOPTRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVESWSTXADXCDXCGYERZARZMWZWG"
	"ANGCUCEEKHRKLTLLVLMROSKKSLLSTDTMMUSSVEFZMKZWLZWR";
static const char decimals_3[] = "BHDIQDJODKWDLYDOMRTND";
static const char decimals_4[] = "CLFUYW";

static const struct
{
	const char *codes;
	int decimals;
} minor_units[] = {
	{decimals_2, 2},
	{decimals_0, 0},
	{decimals_3, 3},
	{decimals_4, 4},
};

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

int
nm_currency_decimals(uint32 code)
{
	for (int i = 0; i < (int) lengthof(minor_units); i++)
	{
		const char *p;

		for (p = minor_units[i].codes; *p != '\0'; p += NM_CURRENCY_LEN)
		{
			if (nm_currency_pack(p) == code)
				return minor_units[i].decimals;
		}
	}
	return -1;
}

const char *
nm_currency_name(uint32 code)
{
	return code == 0 ? "none" : nm_currency_text(code);
}

void
nm_mixed_currencies(uint32 a, uint32 b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("amounts of different currencies in one state"),
			 errdetail("One currency is %s, the other is %s.",
					   nm_currency_name(a), nm_currency_name(b)),
			 errhint("Group by currency, or convert the amounts first: see nudge.convert_periods() and nudge.exchange_rate_at().")));
}
