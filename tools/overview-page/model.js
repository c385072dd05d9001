/*
 * model.js
 *		What the page knows: the rows of the views, and what a filter makes of
 *		them.
 *
 * Numbers are those of the views.  If a period has several rows of a metric,
 * additive values are added, of a balance the last one counts, and a rate is
 * the sum of its numerators over that of its denominators.
 */

const GRAINS = { day: 1, week: 2, month: 3, quarter: 4, year: 5 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const REASONS = {
	'not deployed': 'its input is not mapped',
	'never refreshed': 'not computed yet',
	'no data': 'there is no data',
	'several currencies': 'several currencies, and none chosen',
	'no data in this currency': 'no data in this currency',
	'no complete period': 'no period is over yet',
	'denominator is 0': 'not defined: it would divide by 0',
	'denominator is below 0': 'not defined: what it is divided by is below 0',
	'not known': 'not known for this period',
	'not sliced': 'not known by this segment',
	'no row': 'no value in this period',
	'not kept': 'this page does not go back so far'
};

/* as kpi_current has it: a runway of who earns cash is not defined */
const undefinedReason = denominator => denominator === 0n ? 'denominator is 0' : denominator < 0n ? 'denominator is below 0' : 'not known';

/* days are texts, YYYY-MM-DD, and compare as such */
function dayParts(day)
{
	return day.split('-').map(Number);
}

function makeDay(year, month, day)
{
	return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

function addDays(day, days)
{
	const [y, m, d] = dayParts(day);
	return makeDay(y, m, d + days);
}

/* of the first day of a month */
function addMonths(day, months)
{
	const [y, m] = dayParts(day);
	return makeDay(y, m + months, 1);
}

function nextStart(start, grain)
{
	switch (grain)
	{
		case 'day': return addDays(start, 1);
		case 'week': return addDays(start, 7);
		case 'month': return addMonths(start, 1);
		case 'quarter': return addMonths(start, 3);
		default: return addMonths(start, 12);
	}
}

function previousStart(start, grain)
{
	switch (grain)
	{
		case 'day': return addDays(start, -1);
		case 'week': return addDays(start, -7);
		case 'month': return addMonths(start, -1);
		case 'quarter': return addMonths(start, -3);
		default: return addMonths(start, -12);
	}
}

function yearBefore(start, grain)
{
	if (grain === 'week')
		return addDays(start, -364);
	const [y, m, d] = dayParts(start);
	return grain === 'day' ? makeDay(y - 1, m, d) : makeDay(y - 1, m, 1);
}

function dayText(day)
{
	const [y, m, d] = dayParts(day);
	return `${d} ${MONTHS[m - 1]} ${y}`;
}

function makeModel(data)
{
	const model = { data, metrics: new Map(), kpis: new Map(), series: new Map(), slices: new Map(), months: new Map() };

	for (const metric of data.metrics)
		model.metrics.set(metric.metric, metric);
	for (const row of data.kpis)
	{
		for (const column of ['value', 'previous', 'change', 'change_rate', 'target', 'minimum', 'benchmark', 'plan', 'value_to_date', 'numerator', 'denominator'])
			row[column] = parseDecimal(row[column]);
		model.kpis.set(row.metric, row);
	}
	const currencies = new Set();
	for (const [metric, grain, dimension, value, currency, points] of data.series)
	{
		const key = [metric, grain, dimension, value].join('\u0001');
		if (!model.series.has(key))
			model.series.set(key, new Map());
		if (currency !== null)
			currencies.add(currency);
		model.series.get(key).set(currency, {
			currency,
			points: points.map(([start, v, n, d, complete]) => ({ start, value: parseDecimal(v), numerator: parseDecimal(n), denominator: parseDecimal(d), complete: complete === 1 })),
			at: null
		});
	}
	for (const [dimension, shown, hidden] of data.slices)
		model.slices.set(dimension, { values: shown, hidden });
	for (const [month, fiscalQuarter, fiscalYear, quarter, year] of data.months)
		model.months.set(month, { fiscalQuarter, fiscalYear, quarter, year });
	model.currencies = [...currencies].sort();
	const chosen = data.settings.currency || (model.kpis.get('mrr') || {}).currency;
	model.defaultCurrency = currencies.has(chosen) ? chosen : model.currencies[0] || null;
	model.fiscal = data.settings.fiscal_year_start !== null && data.settings.fiscal_year_start !== '1';
	return model;
}

/* The rows of a metric and slice, oldest first; null if there are none */
function seriesOf(model, metric, grain, slice, currency)
{
	const all = model.series.get([metric, grain, slice.dimension, slice.value].join('\u0001'));
	if (!all)
		return null;
	const series = all.get(currency) || all.get(null) || null;
	if (series && !series.at)
		series.at = new Map(series.points.map(point => [point.start, point]));
	return series;
}

const TOTAL = { dimension: 'all', value: 'all' };

function periodText(start, grain, model)
{
	const [y, m] = dayParts(start);
	switch (grain)
	{
		case 'day': return dayText(start);
		case 'week': return 'week of ' + dayText(start);
		case 'month': return `${MONTHS[m - 1]} ${y}`;
		case 'quarter':
		{
			const month = model && model.months.get(start);
			return month && month.fiscalQuarter === start ? `Q${month.quarter} ${model.fiscal ? 'FY' : ''}${month.year}` : `Q${Math.ceil(m / 3)} ${y}`;
		}
		default:
		{
			const month = model && model.months.get(start);
			return month && month.fiscalYear === start && model.fiscal ? `FY${month.year}` : String(y);
		}
	}
}

/* The periods that can be chosen, latest first, by kind */
function choosablePeriods(model)
{
	const months = new Map();
	for (const [key, all] of model.series)
	{
		const [, grain, dimension] = key.split('\u0001');
		if (grain !== 'month' || dimension !== 'all')
			continue;
		for (const series of all.values())
			for (const point of series.points)
				months.set(point.start, (months.get(point.start) ?? true) && point.complete);
	}
	const list = [...months.keys()].sort().reverse();
	const group = (kind, of) =>
	{
		const found = new Map();
		for (const month of list)
		{
			const start = model.months.get(month)?.[of];
			if (start)
				found.set(start, [...(found.get(start) || []), month]);
		}
		return [...found].filter(([start, members]) => members.includes(start)).map(([start, members]) =>
			({ kind, start, open: members.some(month => !months.get(month)) || !members.includes(addMonths(start, kind === 'quarter' ? 2 : 11)) }));
	};
	return {
		month: list.map(start => ({ kind: 'month', start, open: !months.get(start) })),
		quarter: group('quarter', 'fiscalQuarter'),
		year: group('year', 'fiscalYear')
	};
}

/*
 * What a metric is in a period: { value, numerator, denominator, complete,
 * start, grain, how, reason }.  period is null for the last one that is over.
 */
function measure(model, metricName, period, slice, currency)
{
	const metric = model.metrics.get(metricName);
	const kpi = model.kpis.get(metricName);
	const series = seriesOf(model, metricName, metric.grain, slice, currency);
	const nothing = (reason, start, grain) => ({ value: null, numerator: null, denominator: null, complete: true, start: start || null, grain: grain || metric.grain, how: 'none', reason, points: [] });
	const whole = (point, grain, how) => ({
		value: point.value, numerator: point.numerator, denominator: point.denominator, complete: point.complete, start: point.start, grain, how, points: [point],
		reason: point.value !== null ? null : undefinedReason(point.denominator)
	});

	if (!series)
	{
		if (slice.dimension !== 'all' && seriesOf(model, metricName, metric.grain, TOTAL, currency))
			return nothing('not sliced');
		return nothing(kpi && kpi.null_reason || 'no data');
	}
	if (!period)
	{
		const wanted = kpi && kpi.period_start && (kpi.currency === null || kpi.currency === series.currency) ? kpi.period_start : null;
		const point = wanted ? series.at.get(wanted) : series.points.filter(row => row.complete).at(-1);
		return point ? whole(point, metric.grain, 'view') : nothing(wanted ? 'no row' : 'no complete period', wanted);
	}
	const end = nextStart(period.start, period.kind);
	const own = seriesOf(model, metricName, period.kind, slice, currency);
	if (own && own.at.has(period.start))
		return whole(own.at.get(period.start), period.kind, 'view');
	if (GRAINS[metric.grain] >= GRAINS[period.kind])
	{
		const around = series.points.find(row => row.start <= period.start && nextStart(row.start, metric.grain) >= end);
		return around ? whole(around, metric.grain, 'around') : nothing('no row', period.start, period.kind);
	}

	const points = series.points.filter(row => row.start >= period.start && nextStart(row.start, metric.grain) <= end);
	if (points.length === 0)
		return nothing(series.points.length && series.points[0].start >= end ? 'not kept' : 'no row', period.start, period.kind);
	const last = points.at(-1);
	const rate = points.every(row => row.numerator !== null && row.denominator !== null);
	if (metric.additivity === 'balance' || metric.grain === 'week' || metric.additivity !== 'additive' && !rate)
		return whole(last, metric.grain, 'last');
	/* rows before the first one that is kept would be missing in a sum */
	if (points[0].start > period.start && series.points[0] === points[0] && series.points.length >= model.data.made.kept[metric.grain])
		return nothing('not kept', period.start, period.kind);
	const sum = of => points.reduce((total, row) => total === null || of(row) === null ? null : total + of(row), 0n);
	const result = { complete: points.every(row => row.complete) && nextStart(last.start, metric.grain) === end, start: period.start, grain: period.kind, points, reason: null };
	if (metric.additivity === 'additive')
		Object.assign(result, { value: sum(row => row.value), numerator: null, denominator: null, how: 'sum' });
	else
	{
		const numerator = sum(row => row.numerator), denominator = sum(row => row.denominator);
		Object.assign(result, { value: denominator < 0n ? null : divideDecimals(numerator, denominator), numerator, denominator, how: 'weighted' });
	}
	if (result.value === null)
		result.reason = undefinedReason(result.denominator);
	return result;
}

/* How a measured value came about, beside the name of its period */
function measureText(model, measured, metric)
{
	if (!measured.start)
		return '';
	const text = periodText(measured.start, measured.grain, model) + (measured.complete ? '' : ', so far');
	const n = measured.points.length;
	switch (measured.how)
	{
		case 'sum': return `${text}, sum of ${n} ${metric.grain}${n === 1 ? '' : 's'}`;
		case 'weighted': return `${text}, over ${n} ${metric.grain}${n === 1 ? '' : 's'}`;
		case 'last': return metric.additivity === 'balance' ? `end of ${text}` : text;
		default: return text;
	}
}

const TARGET_KINDS = { target: 'target', plan: 'plan', minimum: 'minimum', benchmark: 'benchmark' };

/* The row of targets that holds for one row of a metric */
function targetRow(model, metric, kind, start, slice, currency)
{
	const unit = metric.unit === 'currency' ? currency : null;
	return model.data.targets.find(([name, k, grain, dimension, value, c, from, until]) =>
		name === metric.metric && k === kind && grain === metric.grain && dimension === slice.dimension && value === slice.value && (c ?? null) === unit && from <= start && (until === null || until > start));
}

function targetAt(...of)
{
	const row = targetRow(...of);
	return row ? parseDecimal(row[8]) : null;
}

/* The target of what was measured: added like its values are */
function targetOf(model, metric, kind, measured, slice, currency)
{
	if (!measured.points.length || measured.points[0].start === undefined)
		return null;
	if (measured.how === 'sum')
		return measured.points.reduce((total, row) =>
		{
			const target = targetAt(model, metric, kind, row.start, slice, currency);
			return total === null || target === null ? null : total + target;
		}, 0n);
	return measured.grain !== metric.grain && measured.how === 'view' ? null : targetAt(model, metric, kind, measured.points.at(-1).start, slice, currency);
}

/* With what a value is compared: { value, text } */
function comparison(model, metricName, period, slice, currency, compare, measured)
{
	const metric = model.metrics.get(metricName);
	if (TARGET_KINDS[compare])
		return { value: targetOf(model, metric, compare, measured, slice, currency), text: TARGET_KINDS[compare] };
	if (!measured.start)
		return { value: null, text: '' };
	const shift = compare === 'year' ? yearBefore : previousStart;
	const other = measured.how === 'last' || measured.how === 'around' || !period ?
		{ kind: measured.grain, start: shift(measured.start, measured.grain) } : { kind: period.kind, start: shift(period.start, period.kind) };
	const found = measure(model, metricName, other, slice, currency);
	return { value: found.value, text: periodText(other.start, other.kind, model), start: other.start };
}

/* 1 good, -1 bad, 0 neither */
function judged(metric, change)
{
	if (change === 0n || change === null || metric.direction === 'neutral')
		return 0;
	return (change > 0n) === (metric.direction === 'up') ? 1 : -1;
}

function met(metric, value, target)
{
	return value === null || target === null || metric.direction === 'neutral' ? null : metric.direction === 'up' ? value >= target : value <= target;
}
