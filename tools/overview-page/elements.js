/*
 * elements.js
 *		Elements of the page, and what the reader has chosen.
 *
 * Whatever comes from the data becomes a text node or an attribute, never
 * markup.
 */

/* ------------------------------------------------------------- elements */

function h(tag, attributes, ...children)
{
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		if (name === 'on')
			for (const [event, handler] of Object.entries(value))
				node.addEventListener(event, handler);
		else if (value === true)
			node.setAttribute(name, '');
		else if (value !== null && value !== undefined && value !== false)
			node.setAttribute(name, String(value));
	append(node, children);
	return node;
}

function append(node, child)
{
	if (Array.isArray(child))
		child.forEach(each => append(node, each));
	else if (child !== null && child !== undefined && child !== false)
		node.append(child);
}

/* A number, with the exact one behind it for people, tests and copies */
function number(value, unit, currency, attributes)
{
	return h('data', { ...attributes, value: value === null ? '' : decimalText(value), title: value === null ? null : formatValue(value, unit, currency, true) }, formatValue(value, unit, currency));
}

function tableOf(caption, columns, rows, attributes)
{
	return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
		h('table', attributes || {}, h('caption', { class: 'hidden' }, caption),
			h('thead', {}, h('tr', {}, columns.map(column => h('th', { scope: 'col', class: column.text ? 'text' : null }, column.name)))),
			h('tbody', {}, rows.map(row => h('tr', {}, row.map((cell, n) => n === 0 ? h('th', { scope: 'row', class: 'text' }, cell) : h('td', { class: columns[n].text ? 'text' : null }, cell)))))));
}

function capital(text)
{
	return text.charAt(0).toUpperCase() + text.slice(1);
}

function humanName(name)
{
	return capital(name.replaceAll('_', ' '));
}

function instantText(instant)
{
	if (!instant)
		return 'never';
	const zone = data.settings.zone || 'UTC';
	try
	{
		return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(new Date(instant)) + ' ' + zone;
	}
	catch (error)
	{
		return instant.replace('T', ' ').replace('Z', ' UTC');
	}
}

/* ---------------------------------------------------------------- state */

const data = JSON.parse(document.getElementById('data').textContent);
const model = makeModel(data);
const content = document.getElementById('content');
const detail = document.getElementById('detail');
const state = { period: '', slice: '', compare: 'previous', range: '13', currency: model.defaultCurrency };

function readHash()
{
	const wanted = new URLSearchParams(location.hash.slice(1));
	for (const name of Object.keys(state))
		if (wanted.has(name))
			state[name] = wanted.get(name);
}

function writeHash()
{
	const shown = new URLSearchParams();
	for (const [name, value] of Object.entries(state))
		if (value && value !== initial[name])
			shown.set(name, value);
	history.replaceState(null, '', '#' + shown);
}

function chosenPeriod()
{
	if (!state.period)
		return null;
	const [kind, start] = state.period.split(':');
	return { kind, start };
}

function chosenSlice()
{
	if (!state.slice)
		return TOTAL;
	const at = state.slice.indexOf(':');
	return { dimension: state.slice.slice(0, at), value: state.slice.slice(at + 1) };
}

/* A slice of one currency is in that one */
function shownCurrency()
{
	const slice = chosenSlice();
	return slice.dimension === 'currency' ? slice.value : state.currency;
}

function sliceText(slice)
{
	return slice.dimension === 'all' ? '' : `${humanName(slice.dimension)}: ${slice.value}`;
}

/* Rows of a metric up to the chosen period, as many as the range says */
function historyOf(metricName, slice, grain)
{
	const metric = model.metrics.get(metricName);
	const series = metric && seriesOf(model, metricName, grain || metric.grain, slice, shownCurrency());
	if (!series)
		return [];
	const period = chosenPeriod();
	const end = period ? nextStart(period.start, period.kind) : null;
	const points = series.points.filter(point => end === null || point.start < end);
	const last = points.length ? points.at(-1).start : null;
	if (last === null || state.range === 'all')
		return points;
	const months = Number(state.range);
	const [y, m, d] = dayParts(last);
	const first = (grain || metric.grain) === 'month' ? addMonths(last, 1 - months) : makeDay(y, m - months, d + 1);
	return points.filter(point => point.start >= first);
}
