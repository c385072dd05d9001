/*
 * decimal.js
 *		Exact decimals, as the views have them: whole numbers of millionths.
 *
 * Rounding is half away from zero, as that of numeric.
 */

const MILLION = 1000000n;

/* '-12.5' -> -12500000n; null stays null */
function parseDecimal(text)
{
	if (text === null || text === undefined)
		return null;
	const parts = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text);
	if (!parts)
		throw new Error(`not a decimal of six places: ${text}`);
	const size = BigInt(parts[2]) * MILLION + BigInt((parts[3] || '').padEnd(6, '0'));
	return parts[1] ? -size : size;
}

/* the same digits again: -12500000n -> '-12.5' */
function decimalText(value)
{
	const size = value < 0n ? -value : value;
	const places = String(size % MILLION).padStart(6, '0').replace(/0+$/, '');
	return (value < 0n ? '-' : '') + size / MILLION + (places ? '.' + places : '');
}

function roundedQuotient(dividend, divisor)
{
	const negative = (dividend < 0n) !== (divisor < 0n);
	const a = dividend < 0n ? -dividend : dividend;
	const b = divisor < 0n ? -divisor : divisor;
	const quotient = (2n * a + b) / (2n * b);
	return negative ? -quotient : quotient;
}

/* NULL over 0, as in the views */
function divideDecimals(numerator, denominator)
{
	return denominator === 0n ? null : roundedQuotient(numerator * MILLION, denominator);
}

function absDecimal(value)
{
	return value < 0n ? -value : value;
}

/* digits with so many places and with groups of three; the sign is a minus */
function fixedText(value, places, least)
{
	const step = 10n ** BigInt(6 - places);
	const rounded = roundedQuotient(value, step);
	const size = absDecimal(rounded);
	const unit = 10n ** BigInt(places);
	const whole = String(size / unit).replace(/\B(?=(\d{3})+$)/g, ',');
	let fraction = places ? String(size % unit).padStart(places, '0') : '';
	if (least !== undefined)
		while (fraction.length > least && fraction.endsWith('0'))
			fraction = fraction.slice(0, -1);
	return (rounded < 0n ? '\u2212' : '') + whole + (fraction ? '.' + fraction : '');
}

/* for the pixels of a chart only */
function decimalNumber(value)
{
	return value === null ? null : Number(decimalText(value));
}

const currencyShapes = new Map();

function currencyShape(currency)
{
	if (!currencyShapes.has(currency))
	{
		let shape = { sign: currency + '\u00a0', places: 2 };
		try
		{
			const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
			const sign = format.formatToParts(1).find(part => part.type === 'currency').value;
			shape = { sign: sign === currency ? currency + '\u00a0' : sign, places: format.resolvedOptions().maximumFractionDigits };
		}
		catch (error)
		{
			/* a code that is none is shown as it is */
		}
		currencyShapes.set(currency, shape);
	}
	return currencyShapes.get(currency);
}

const TIME_UNITS = { months: 'mo', days: 'd', hours: 'h', minutes: 'min', seconds: 's', milliseconds: 'ms' };

/*
 * A value for people.  Long amounts lose their cents: exact shows all that the
 * view has.
 */
function formatValue(value, unit, currency, exact)
{
	if (value === null)
		return '\u2013';
	const size = absDecimal(value);
	const sign = value < 0n ? '\u2212' : '';
	switch (unit)
	{
		case 'currency':
		{
			const shape = currencyShape(currency || '');
			const mark = currency ? shape.sign : '';
			if (exact)
				return sign + mark + fixedText(size, 6, Math.min(shape.places, 2));
			if (size >= 100000000n * MILLION)
				return sign + mark + fixedText(roundedQuotient(size, MILLION), 2) + 'M';
			return sign + mark + fixedText(size, size >= 1000n * MILLION || size % MILLION === 0n ? 0 : shape.places);
		}
		case 'rate':
			return fixedText(value * 100n, exact ? 4 : size < 100000n || size > 990000n && size < MILLION ? 2 : 1, exact ? 1 : undefined) + '%';
		case 'count':
			return fixedText(value, exact ? 6 : size % MILLION ? 1 : 0, 0);
		case 'score':
			return fixedText(value, exact ? 6 : 1, 1);
		case 'ratio':
			return fixedText(value, exact ? 6 : 2, 2);
		default:
			return fixedText(value, exact ? 6 : size % MILLION ? 1 : 0, 0) + (TIME_UNITS[unit] ? '\u00a0' + TIME_UNITS[unit] : '');
	}
}

/* the same for an axis, from a float */
function formatAxis(number, unit, currency)
{
	const short = scaled => Math.abs(scaled) >= 1e9 ? +(scaled / 1e9).toFixed(2) + 'B' : Math.abs(scaled) >= 1e6 ? +(scaled / 1e6).toFixed(2) + 'M' :
		Math.abs(scaled) >= 1e4 ? +(scaled / 1e3).toFixed(1) + 'k' : String(+scaled.toFixed(2));
	if (unit === 'rate')
		return +(number * 100).toFixed(2) + '%';
	const text = short(Math.abs(number));
	return (number < 0 ? '\u2212' : '') + (unit === 'currency' && currency ? currencyShape(currency).sign : '') + text + (TIME_UNITS[unit] ? '\u00a0' + TIME_UNITS[unit] : '');
}

/* a difference, with its sign; rates differ by percentage points */
function formatChange(value, unit, currency)
{
	const points = absDecimal(value) * 100n;
	const text = unit === 'rate' ? fixedText(points, points > 0n && points < 5000n ? 4 : 2, 2) + '\u00a0pp' : formatValue(absDecimal(value), unit, currency);
	return (value > 0n ? '+' : value < 0n ? '\u2212' : '\u00b1') + text;
}
