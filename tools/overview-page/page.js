/*
 * page.js
 *		The page: filters, tiles, charts, tables, and the list behind a number.
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

/* ---------------------------------------------------------------- cards */

function card(title, attributes, ...children)
{
	const { note, tools, wide, id } = attributes;
	return h('section', { class: 'card' + (wide ? ' wide' : ''), id, 'aria-label': title },
		h('div', { class: 'card-head' }, h('div', {}, h('h3', {}, title), note ? h('p', { class: 'note' }, note) : null), tools ? h('div', { class: 'tools' }, tools) : null), children);
}

/*
 * A card with a chart and the table of what it shows.  table: { columns, rows }.
 */
function chartCard(title, { note, label, option, table, tools, wide, id, height, click, below })
{
	const chart = h('div', { class: 'chart' + (height ? ' ' + height : ''), role: 'img', 'aria-label': label });
	const shown = h('div', { class: 'chart-table', hidden: true });
	const toggle = h('button', {
		class: 'quiet', type: 'button', 'aria-expanded': 'false', on: {
			click: () =>
			{
				const open = shown.hidden;
				if (open && !shown.firstChild)
					shown.append(tableOf(title, table.columns, table.rows()));
				shown.hidden = !open;
				chart.hidden = open;
				toggle.setAttribute('aria-expanded', String(open));
				toggle.textContent = open ? 'Chart' : 'Table';
			}
		}
	}, 'Table');
	drawChart(chart, option, click);
	return card(title, { note, tools: [tools, toggle], wide, id }, chart, shown, below);
}

function nullNode(reason)
{
	return h('span', { class: 'reason' }, capital(REASONS[reason] || reason || 'no value'));
}

/* The change against what is compared with, in words, arrow and colour */
function changeNode(metric, measured, compared)
{
	if (measured.value === null)
		return null;
	if (compared.value === null)
		return h('span', { class: 'delta' }, compared.text ? `no ${compared.text} to compare with` : '');
	const change = measured.value - compared.value;
	const verdict = judged(metric, change);
	const rate = metric.unit === 'rate' ? null : divideDecimals(change, absDecimal(compared.value));
	return h('span', { class: 'delta ' + (verdict > 0 ? 'good' : verdict < 0 ? 'bad' : '') },
		h('span', { 'aria-hidden': 'true' }, change > 0n ? '▲ ' : change < 0n ? '▼ ' : ''), h('data', { value: decimalText(change), class: 'change', title: formatValue(change, metric.unit, shownCurrency(), true) }, formatChange(change, metric.unit, shownCurrency())),
		rate === null ? null : ` (${change > 0n ? '+' : ''}${fixedText(rate * 100n, 1)}%)`, h('span', { class: 'soft' }, ` vs ${compared.text}`), verdict ? h('span', { class: 'hidden' }, verdict > 0 ? ', better' : ', worse') : null);
}

function targetNode(metric, measured, slice)
{
	const target = targetOf(model, metric, 'target', measured, slice, shownCurrency());
	const least = targetOf(model, metric, 'minimum', measured, slice, shownCurrency());
	const parts = [];
	if (target !== null)
	{
		const ok = met(metric, measured.value, target);
		const example = targetRow(model, metric, 'target', measured.points.at(-1).start, slice, shownCurrency())?.[9] === 'placeholder';
		parts.push(h('span', { class: 'badge ' + (ok === null ? '' : ok ? 'good' : 'bad'), title: example ? 'An example that was loaded on request, not agreed by anybody' : null }, example ? 'Example target ' : 'Target ', number(target, metric.unit, shownCurrency(), { class: 'target' }), ok === null ? '' : ok ? ' ✓ met' : ' ✗ missed'));
	}
	if (least !== null && met(metric, measured.value, least) === false)
		parts.push(h('span', { class: 'badge bad' }, metric.direction === 'down' ? 'Above the highest accepted, ' : 'Below the minimum, ', number(least, metric.unit, shownCurrency())));
	return parts.length ? h('span', { class: 'badges' }, parts) : null;
}

function spark(metricName, slice)
{
	const points = historyOf(metricName, slice).filter(point => point.complete || state.period).slice(-90);
	const node = h('span', { class: 'spark', 'aria-hidden': 'true' });
	const values = points.map(point => point.value);
	if (values.filter(value => value !== null).length > 1)
		drawChart(node, colors => sparkOption(colors, values, targetAt(model, model.metrics.get(metricName), 'target', points.at(-1).start, slice, shownCurrency())));
	return node;
}

function tile(metricName)
{
	const metric = model.metrics.get(metricName), slice = chosenSlice(), period = chosenPeriod();
	const measured = measure(model, metricName, period, slice, shownCurrency());
	const compared = comparison(model, metricName, period, slice, shownCurrency(), state.compare, measured);
	return h('button', { class: 'tile', type: 'button', 'data-metric': metricName, title: metric.description, 'aria-haspopup': 'dialog', on: { click: () => showMetric(metricName) } },
		h('span', { class: 'tile-head' }, h('span', { class: 'tile-title' }, metric.title), h('span', { class: 'tile-period' }, measureText(model, measured, metric))),
		h('span', { class: 'tile-value' }, measured.value === null ? nullNode(measured.reason) : number(measured.value, metric.unit, shownCurrency(), { class: 'value' })),
		changeNode(metric, measured, compared), targetNode(metric, measured, slice), spark(metricName, slice));
}

/* All metrics of a subject, a row each; the first ones until more are wanted */
const FIRST_ROWS = 8;
const opened = new Set();

function scorecard(subject, names)
{
	const slice = chosenSlice(), period = chosenPeriod();
	const known = [], unknown = [];
	for (const name of names)
	{
		const metric = model.metrics.get(name);
		const measured = measure(model, name, period, slice, shownCurrency());
		(measured.how === 'none' ? unknown : known).push([metric, measured]);
	}
	const body = h('tbody', {}, known.map(([metric, measured]) =>
	{
		const compared = comparison(model, metric.metric, period, slice, shownCurrency(), state.compare, measured);
		return h('tr', { 'data-metric': metric.metric },
			h('th', { scope: 'row', class: 'text' }, h('button', { class: 'link', type: 'button', title: metric.description, 'aria-haspopup': 'dialog', on: { click: () => showMetric(metric.metric) } }, metric.title), h('span', { class: 'soft small' }, measureText(model, measured, metric))),
			h('td', { class: 'score-value' }, measured.value === null ? nullNode(measured.reason) : number(measured.value, metric.unit, shownCurrency(), { class: 'value' })),
			h('td', { class: 'score-change text' }, changeNode(metric, measured, compared)), h('td', { class: 'score-target text' }, targetNode(metric, measured, slice)), h('td', { class: 'score-spark' }, spark(metric.metric, slice)));
	}));
	const rest = [...body.children].slice(FIRST_ROWS);
	const more = rest.length < 3 ? null : h('button', {
		class: 'quiet more', type: 'button', 'aria-expanded': String(opened.has(subject)), on: {
			click: () =>
			{
				opened[opened.has(subject) ? 'delete' : 'add'](subject);
				showRest();
			}
		}
	});
	const showRest = () =>
	{
		for (const row of rest)
			row.hidden = !opened.has(subject);
		more.setAttribute('aria-expanded', String(opened.has(subject)));
		more.textContent = opened.has(subject) ? 'Show fewer' : `Show all ${known.length} figures`;
	};
	if (more)
		showRest();
	const groups = new Map();
	for (const [metric, measured] of unknown)
		groups.set(measured.reason, [...(groups.get(measured.reason) || []), metric]);
	return card(`${humanName(subject)}: all figures`, { wide: true, note: 'A name shows its history, its definition and what is behind it' },
		known.length ? h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${humanName(subject)} figures` }, h('table', { class: 'score' },
			h('thead', {}, h('tr', {}, ['Figure', 'Value', 'Change', 'Target', 'History'].map((name, n) => h('th', { scope: 'col', class: n === 1 ? null : 'text' }, name)))), body)) : null, more,
		groups.size ? h('details', { class: 'missing', open: known.length === 0 }, h('summary', {}, `${unknown.length} without a value here`),
			h('ul', {}, [...groups].map(([reason, metrics]) => h('li', {}, h('b', {}, capital(REASONS[reason] || reason) + ': '),
				metrics.map((metric, n) => [n ? ', ' : '', h('button', { class: 'link', type: 'button', 'data-null': metric.metric, on: { click: () => showMetric(metric.metric) } }, metric.title)]))))) : null);
}

/* ---------------------------------------------------------- annotations */

/* Those of all metrics are drawn on the charts that say so, others on those of their metric */
function notesFor(metricName, starts, grain, general)
{
	const notes = [];
	for (const [day, kind, text, metric, week, month] of data.annotations)
	{
		if (metric === null ? !general : metric !== metricName)
			continue;
		const start = grain === 'day' ? day : grain === 'week' ? week : month;
		const index = grain === 'quarter' || grain === 'year' ? starts.findIndex(each => each <= day && nextStart(each, grain) > day) : starts.indexOf(start);
		if (index >= 0)
			notes.push({ index, day, kind, text, number: notes.length + 1 });
	}
	return notes;
}

function notesList(notes)
{
	return notes.length ? h('ol', { class: 'notes', 'aria-label': 'Annotations' }, notes.map(note => h('li', {}, h('span', { class: 'note-number', 'aria-hidden': 'true' }, String(note.number)), h('b', {}, capital(note.kind)), `, ${dayText(note.day)}: ${note.text}`))) : null;
}

/* --------------------------------------------------------------- charts */

/* Several metrics of one unit over time */
function linesCard(title, names, more)
{
	const slice = chosenSlice();
	const metrics = names.map(name => model.metrics.get(name)).filter(metric => metric && historyOf(metric.metric, slice, more?.grain).some(point => point.value !== null));
	if (!metrics.length)
		return null;
	const grain = more?.grain || metrics[0].grain;
	const starts = [...new Set(metrics.flatMap(metric => historyOf(metric.metric, slice, grain).map(point => point.start)))].sort();
	const columns = metrics.map(metric => new Map(historyOf(metric.metric, slice, grain).map(point => [point.start, point])));
	const unit = metrics[0].unit, currency = shownCurrency();
	const notes = notesFor(names[0], starts, grain, more?.notes);
	const texts = starts.map(start => periodText(start, grain, model));
	const lines = metrics.map((metric, n) => ({ name: metric.title, unit: metric.unit, stack: more?.stack && !more.beside?.includes(metric.metric) ? more.stack : undefined, dashed: more?.beside?.includes(metric.metric), kind: more?.beside?.includes(metric.metric) ? 'line' : more?.kind || (metrics.length === 1 && metric.additivity !== 'not additive' ? 'area' : 'line'), axis: metric.unit === unit ? 0 : 1, values: starts.map(start => columns[n].get(start)?.value ?? null), open: columns[n].get(starts.at(-1))?.complete === false, partial: metric.additivity !== 'balance' }));
	if (more?.target !== false && metrics.length === 1)
	{
		const targets = starts.map(start => targetAt(model, metrics[0], 'target', start, slice, currency));
		if (targets.some(target => target !== null))
			lines.push({ name: 'Target', unit, kind: 'line', dashed: true, color: 'mute', step: true, axis: 0, values: targets });
	}
	const last = lines[0].values.filter(value => value !== null).at(-1) ?? null;
	return chartCard(title, {
		note: more?.note ?? (sliceText(slice) || null), wide: more?.wide, id: more?.id, height: more?.height,
		label: `${title}: ${lines.length > 1 ? 'lines of ' + lines.map(line => line.name).join(', ') : 'line'} over ${starts.length} ${grain}s, ${texts[0]} to ${texts.at(-1)}; ${lines[0].name} ends at ${formatValue(last, unit, currency)}. The table has all values.`,
		option: colors => timeOption(colors, { names: texts, lines, unit, currency, notes, legend: lines.length > 1, footer: index => columns[0].get(starts[index])?.complete === false ? 'This period is not over' : null, axisFromZero: more?.stack || lines[0].kind === 'area' }),
		table: { columns: [{ name: capital(grain), text: true }, ...lines.map(line => ({ name: line.name }))], rows: () => starts.map((start, index) => [texts[index] + (columns[0].get(start)?.complete === false ? ' (so far)' : ''), ...lines.map(line => number(line.values[index], line.unit, currency))]).reverse() },
		click: part => showMetric(metrics[Math.min(part.seriesIndex, metrics.length - 1)].metric),
		below: notesList(notes)
	});
}

const MOVEMENTS = [['new_mrr', 'New', 'series-1'], ['reactivation_mrr', 'Reactivation', 'series-5'], ['expansion_mrr', 'Expansion', 'series-3'], ['contraction_mrr', 'Contraction', 'series-4'], ['churn_mrr', 'Churned', 'series-6'], ['fx_mrr', 'Exchange rates', 'series-8']];

/* Movements of MRR in a month, from the metrics; null where there is none */
function movementsAt(start, slice)
{
	return MOVEMENTS.map(([metric]) => model.metrics.has(metric) ? seriesOf(model, metric, 'month', slice, shownCurrency())?.at.get(start)?.value ?? null : null);
}

function movementCard()
{
	const slice = chosenSlice();
	const points = historyOf('net_new_mrr', slice);
	if (!points.length)
		return null;
	const starts = points.map(point => point.start);
	const rows = starts.map(start => movementsAt(start, slice));
	const used = MOVEMENTS.map((movement, n) => n).filter(n => rows.some(row => row[n] !== null && row[n] !== 0n));
	const texts = starts.map(start => periodText(start, 'month', model));
	const notes = notesFor('net_new_mrr', starts, 'month', true);
	const open = points.at(-1).complete === false;
	const lines = used.map(n => ({ name: MOVEMENTS[n][1], kind: 'bar', stack: 'movements', color: MOVEMENTS[n][2], values: rows.map(row => row[n]), open }));
	lines.push({ name: 'Net new', kind: 'line', color: 'text', values: points.map(point => point.value), open, partial: true });
	return chartCard('MRR movements by month', {
		id: 'mrr-movements', wide: true, note: [sliceText(slice), 'What was won above the line, what was lost below; a bar shows the customers'].filter(Boolean).join('. '), height: 'tall',
		label: `Stacked bars of MRR movements over ${starts.length} months, ${texts[0]} to ${texts.at(-1)}; net new MRR ends at ${formatValue(points.at(-1).value, 'currency', shownCurrency())}. The table has all values.`,
		option: colors => timeOption(colors, { names: texts, lines, unit: 'currency', currency: shownCurrency(), notes, legend: true, axisFromZero: true, footer: index => points[index].complete ? null : 'This month is not over' }),
		table: {
			columns: [{ name: 'Month', text: true }, ...lines.map(line => ({ name: line.name }))],
			rows: () => starts.map((start, index) => [texts[index] + (points[index].complete ? '' : ' (so far)'), ...lines.map((line, n) =>
				n < used.length && listOf(MOVEMENTS[used[n]][0], start) ? h('button', { class: 'link', type: 'button', on: { click: () => showMetric(MOVEMENTS[used[n]][0], start) } }, number(line.values[index], 'currency', shownCurrency())) : number(line.values[index], 'currency', shownCurrency()))]).reverse()
		},
		click: part => showMetric(part.seriesIndex < used.length ? MOVEMENTS[used[part.seriesIndex]][0] : 'net_new_mrr', starts[part.dataIndex]),
		below: notesList(notes)
	});
}

/* From the MRR at the begin of the chosen period to that at its end */
function bridgeCard()
{
	const slice = chosenSlice(), period = chosenPeriod();
	if (!model.metrics.has('mrr') || !model.metrics.has('net_new_mrr'))
		return null;
	const closing = measure(model, 'mrr', period, slice, shownCurrency());
	const net = measure(model, 'net_new_mrr', period, slice, shownCurrency());
	if (closing.value === null || net.value === null)
		return null;
	const opening = comparison(model, 'mrr', period || { kind: 'month', start: net.start }, slice, shownCurrency(), 'previous', net);
	const steps = [{ name: 'Opening', value: opening.value ?? closing.value - net.value, kind: 'total', color: 'mute' }];
	for (const [metric, name, color] of MOVEMENTS)
	{
		const value = model.metrics.has(metric) ? measure(model, metric, period, slice, shownCurrency()).value : null;
		if (value !== null && (value !== 0n || metric === 'new_mrr' || metric === 'churn_mrr'))
			steps.push({ name, value, color, metric });
	}
	const rest = closing.value - steps.reduce((sum, step) => sum + step.value, 0n);
	if (rest !== 0n)
		steps.push({ name: 'Exchange rates, other', value: rest, color: 'series-8' });
	steps.push({ name: 'Closing', value: closing.value, kind: 'total', color: 'accent', metric: 'mrr' });
	const when = measureText(model, net, model.metrics.get('net_new_mrr'));
	return chartCard('MRR waterfall', {
		id: 'mrr-bridge', note: [when, sliceText(slice)].filter(Boolean).join(' · ') + '. The axis does not begin at 0', height: 'tall',
		label: `MRR waterfall of ${when}: ` + steps.map(step => `${step.name} ${formatValue(step.value, 'currency', shownCurrency())}`).join(', '),
		option: colors => bridgeOption(colors, { steps, unit: 'currency', currency: shownCurrency() }),
		table: { columns: [{ name: 'Step', text: true }, { name: 'MRR' }], rows: () => steps.map(step => [step.metric ? h('button', { class: 'link', type: 'button', on: { click: () => showMetric(step.metric) } }, step.name) : step.name, number(step.value, 'currency', shownCurrency())]) },
		click: part => steps[part.dataIndex].metric && showMetric(steps[part.dataIndex].metric)
	});
}

/* Rates by cohort and age, as a table that is coloured */
function heatCard(title, { id, note, size, rows, around })
{
	if (!rows.length)
		return null;
	const cohorts = [...new Set(rows.map(row => row.cohort))].sort().reverse().slice(0, state.range === 'all' ? undefined : Number(state.range));
	const ages = [...new Set(rows.filter(row => cohorts.includes(row.cohort)).map(row => row.age))].sort((a, b) => a - b).slice(0, 13);
	const at = new Map(rows.map(row => [row.cohort + ' ' + row.age, row]));
	const cell = row =>
	{
		const value = row ? row.rate : null;
		if (value === null)
			return h('td', {}, '');
		const node = h('td', {}, h('data', { value: decimalText(value), title: row.detail }, fixedText(value * 100n, 0) + '%'));
		const share = decimalNumber(value) - around;
		node.style.background = `rgb(var(--${around && share < 0 ? 'heat-bad' : 'heat'}) / ${(Math.min(Math.abs(share), 1) * 0.55 + 0.04).toFixed(3)})`;
		return node;
	};
	return card(title, { id, wide: true, note }, h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, table` }, h('table', { class: 'heat' }, h('caption', { class: 'hidden' }, `${title}: ${note}`),
		h('thead', {}, h('tr', {}, h('th', { scope: 'col', class: 'text' }, 'Cohort'), h('th', { scope: 'col' }, size), ages.map(age => h('th', { scope: 'col' }, String(age))))),
		h('tbody', {}, cohorts.map(cohort => h('tr', {}, h('th', { scope: 'row', class: 'text' }, periodText(cohort, 'month', model)), h('td', {}, String(rows.find(row => row.cohort === cohort).size)), ages.map(age => cell(at.get(cohort + ' ' + age)))))))));
}

function revenueCohortCard()
{
	const rows = (data.revenue_cohorts || []).filter(([, currency, , , , , , , , , complete]) => currency === shownCurrency() && complete)
		.map(([cohort, , age, , size, customers, cohortMrr, mrr, rate, logos]) => ({ cohort, age, size, rate: parseDecimal(rate), detail: `${customers} of ${size} customers; ${formatValue(parseDecimal(mrr), 'currency', shownCurrency(), true)} of ${formatValue(parseDecimal(cohortMrr), 'currency', shownCurrency(), true)}` }));
	return !['all', 'currency'].includes(chosenSlice().dimension) ? null : heatCard('Net revenue retention by cohort', { id: 'revenue-cohorts', note: 'MRR of the customers who began in a month, by months since, as a share of what they began with; months that are over', size: 'Customers', rows, around: 1 });
}

function userCohortCard()
{
	const rows = (data.user_cohorts || []).map(([cohort, age, , size, eligible, retained, rate]) => ({ cohort, age, size, rate: parseDecimal(rate), detail: `${retained} of ${eligible} users` }));
	return chosenSlice().dimension !== 'all' ? null : heatCard('Retention of users by cohort', { id: 'user-cohorts', note: 'Users who were first seen in a month and came again so many months later', size: 'Users', rows, around: 0 });
}

/* The steps of a funnel, of the people who entered in the chosen period */
function funnelCard()
{
	const all = (data.funnels || []).map(([funnel, start, step, event, people, previous, entered, still, complete]) => ({ funnel, start, step, event, people, previous, entered, still, complete }));
	if (!all.length || chosenSlice().dimension !== 'all')
		return null;
	const holder = h('div', { class: 'holder' });
	const names = [...new Set(all.map(row => row.funnel))];
	const chosen = breakdown.funnel ??= { funnel: names[0] };
	const fill = focus =>
	{
		const period = chosenPeriod();
		const rows = all.filter(row => row.funnel === chosen.funnel);
		const latest = rows.filter(row => row.complete).at(-1)?.start;
		const within = period ? rows.filter(row => row.start >= period.start && row.start < nextStart(period.start, period.kind)) : rows.filter(row => row.start === latest);
		const steps = new Map();
		for (const row of within)
		{
			const sum = steps.get(row.step) || { event: row.event, people: 0, previous: 0, entered: 0, still: 0 };
			for (const of of ['people', 'previous', 'entered', 'still'])
				sum[of] += row[of] ?? 0;
			steps.set(row.step, sum);
		}
		const list = [...steps.values()];
		const decimal = n => BigInt(n) * MILLION;
		const share = (a, b) => formatValue(divideDecimals(decimal(a), decimal(b)), 'rate');
		const texts = list.map((step, n) => formatValue(decimal(step.people), 'count') + (n ? ` \u00b7 ${share(step.people, step.previous)}` : ''));
		const when = period ? periodText(period.start, period.kind, model) : latest ? periodText(latest, 'month', model) : '';
		const picker = names.length > 1 ? [h('label', { class: 'inline' }, h('span', { class: 'hidden' }, 'Funnel'), h('select', { 'data-choice': 'funnel', on: { change: event => { chosen.funnel = event.target.value; fill(true); } } }, names.map(name => option(name, humanName(name), chosen.funnel))))] : null;
		forgetCharts(holder);
		holder.replaceChildren(!list.length ? card('Funnel', { wide: true, id: 'funnel', tools: picker }, h('p', { class: 'note' }, 'Nobody entered in this period')) : chartCard(`Funnel: ${humanName(chosen.funnel)}`, {
			id: 'funnel', wide: true, tools: picker, note: `People who first entered in ${when}; beside each step, the share of the step before` + (list.some(step => step.still) ? '. Some may still come further' : ''),
			label: `Funnel ${chosen.funnel} of ${when}: ` + list.map((step, n) => `${step.event} ${texts[n]}`).join(', '),
			option: colors => barsOption(colors, { names: list.map(step => step.event), values: list.map(step => decimal(step.people)), texts, name: 'People', unit: 'count' }),
			table: { columns: [{ name: 'Step', text: true }, { name: 'People' }, { name: 'Of the step before' }, { name: 'Of those who entered' }, { name: 'May still come further' }], rows: () => list.map((step, n) => [step.event, number(decimal(step.people), 'count'), n ? share(step.people, step.previous) : '', share(step.people, step.entered), String(step.still)]) }
		}));
		if (focus)
			holder.querySelector('[data-choice]').focus();
	};
	fill();
	return holder;
}

/* Deals that are open now, by stage */
function pipelineCard()
{
	const slice = chosenSlice();
	const rows = (data.pipeline || []).filter(([dimension, , currency]) => dimension === 'stage' && (currency === null || currency === shownCurrency())).map(([, stage, , deals, value, stale]) => ({ stage, deals, value: parseDecimal(value), stale }));
	if (!rows.length || slice.dimension !== 'all')
		return null;
	return chartCard('Open pipeline by stage', {
		id: 'pipeline', note: 'Deals that are open now', label: 'Open pipeline by stage: ' + rows.map(row => `${row.stage} ${formatValue(row.value, 'currency', shownCurrency())} in ${row.deals} deals`).join(', '),
		option: colors => barsOption(colors, { names: rows.map(row => row.stage), values: rows.map(row => row.value), name: 'Value', unit: 'currency', currency: shownCurrency() }),
		table: { columns: [{ name: 'Stage', text: true }, { name: 'Deals' }, { name: 'Stale' }, { name: 'Value' }], rows: () => rows.map(row => [row.stage, String(row.deals), String(row.stale ?? '\u2013'), number(row.value, 'currency', shownCurrency())]) }
	});
}

/* What slices a metric has: names of dimensions */
function dimensionsOf(metricName)
{
	const metric = model.metrics.get(metricName);
	/* amounts of several currencies never stand side by side */
	return [...model.slices.keys()].filter(dimension => dimension !== 'currency' && model.slices.get(dimension).values.some(value => model.series.has([metricName, metric.grain, dimension, value].join('\u0001'))))
		.filter(dimension => model.slices.get(dimension).values.length + model.slices.get(dimension).hidden > 1);
}

function preferred(dimensions)
{
	return ['segment', 'channel', 'competitor'].find(name => dimensions.includes(name)) || dimensions[0];
}

/* A metric by the values of a dimension, over time */
const breakdown = { metric: null, dimension: null };

function breakdownCard(title, candidates, id)
{
	const metrics = candidates.filter(name => model.metrics.has(name) && dimensionsOf(name).length);
	if (!metrics.length)
		return null;
	const holder = h('div', { class: 'holder' });
	const chosen = breakdown[id] ??= { metric: metrics[0], dimension: state.slice ? chosenSlice().dimension : null };
	if (!metrics.includes(chosen.metric))
		chosen.metric = metrics[0];
	const fill = focus =>
	{
		const metric = model.metrics.get(chosen.metric), dimensions = dimensionsOf(chosen.metric);
		if (!dimensions.includes(chosen.dimension))
			chosen.dimension = preferred(dimensions);
		const { values: slices, hidden } = model.slices.get(chosen.dimension);
		const found = slices.map(value => [value, historyOf(chosen.metric, { dimension: chosen.dimension, value })]).filter(([, points]) => points.length);
		const starts = [...new Set(found.flatMap(([, points]) => points.map(point => point.start)))].sort();
		const texts = starts.map(start => periodText(start, metric.grain, model));
		const stack = metric.additivity === 'additive' || metric.additivity === 'balance';
		const lines = found.map(([value, points]) =>
		{
			const at = new Map(points.map(point => [point.start, point.value]));
			return { name: value, kind: stack ? metric.additivity === 'additive' ? 'bar' : 'area' : 'line', stack: stack ? 'all' : undefined, open: points.at(-1).complete === false && points.at(-1).start === starts.at(-1), partial: metric.additivity !== 'balance', values: starts.map(start => at.get(start) ?? (stack ? 0n : null)), present: starts.map(start => at.get(start) ?? null) };
		});
		forgetCharts(holder);
		holder.replaceChildren(chartCard(title, {
			id, wide: true, height: 'tall', note: hidden ? `The largest ${slices.length} of ${slices.length + hidden}` : `${metric.title} by ${humanName(chosen.dimension).toLowerCase()}`,
			tools: chooser(chosen, fill, metrics, dimensions),
			label: `${metric.title} by ${humanName(chosen.dimension)} over ${starts.length} ${metric.grain}s: ` + lines.map(line => `${line.name} ends at ${formatValue(line.present.at(-1), metric.unit, shownCurrency())}`).join(', ') + '. The table has all values.',
			option: colors => timeOption(colors, { names: texts, lines, unit: metric.unit, currency: shownCurrency(), legend: true, axisFromZero: stack }),
			table: { columns: [{ name: capital(metric.grain), text: true }, ...lines.map(line => ({ name: line.name }))], rows: () => starts.map((start, index) => [texts[index], ...lines.map(line => number(line.present[index], metric.unit, shownCurrency()))]).reverse() },
			click: part => chooseSlice(chosen.dimension, lines[part.seriesIndex].name)
		}));
		if (focus)
			holder.querySelector(`[data-choice="${focus}"]`).focus();
	};
	fill();
	return holder;
}

/* A metric by the values of a dimension in the chosen period, beside what it is compared with */
function barsCard(title, candidates, id)
{
	const metrics = candidates.filter(name => model.metrics.has(name) && dimensionsOf(name).length);
	if (!metrics.length)
		return null;
	const holder = h('div', { class: 'holder' });
	const chosen = breakdown[id] ??= { metric: metrics[0], dimension: null };
	if (!metrics.includes(chosen.metric))
		chosen.metric = metrics[0];
	const fill = focus =>
	{
		const metric = model.metrics.get(chosen.metric), dimensions = dimensionsOf(chosen.metric), period = chosenPeriod();
		if (!dimensions.includes(chosen.dimension))
			chosen.dimension = preferred(dimensions);
		const { values: slices, hidden } = model.slices.get(chosen.dimension);
		const rows = slices.map(value =>
		{
			const slice = { dimension: chosen.dimension, value };
			const measured = measure(model, chosen.metric, period, slice, shownCurrency());
			return { value, measured, compared: comparison(model, chosen.metric, period, slice, shownCurrency(), state.compare, measured) };
		}).filter(row => row.measured.value !== null).sort((a, b) => b.measured.value < a.measured.value ? -1 : b.measured.value > a.measured.value ? 1 : 0);
		const compareName = rows.find(row => row.compared.value !== null)?.compared.text;
		const when = rows.length ? measureText(model, rows[0].measured, metric) : '';
		forgetCharts(holder);
		holder.replaceChildren(rows.length === 0 ? card(title, { wide: true, id, tools: chooser(chosen, fill, metrics, dimensions) }, h('p', { class: 'note' }, 'No value in this period')) : chartCard(title, {
			id, wide: true, height: rows.length > 8 ? 'tall' : null, note: [metric.title, when, hidden ? `the largest ${slices.length} of ${slices.length + hidden}` : null].filter(Boolean).join(' · '), tools: chooser(chosen, fill, metrics, dimensions),
			label: `${metric.title} by ${humanName(chosen.dimension)}, ${when}: ` + rows.map(row => `${row.value} ${formatValue(row.measured.value, metric.unit, shownCurrency())}`).join(', '),
			option: colors => barsOption(colors, { names: rows.map(row => row.value), values: rows.map(row => row.measured.value), compare: compareName ? rows.map(row => row.compared.value) : null, compareName: capital(compareName || ''), name: metric.title, unit: metric.unit, currency: shownCurrency() }),
			table: { columns: [{ name: humanName(chosen.dimension), text: true }, { name: metric.title }, { name: 'Change', text: true }], rows: () => rows.map(row => [row.value, number(row.measured.value, metric.unit, shownCurrency()), changeNode(metric, row.measured, row.compared)]) },
			click: part => chooseSlice(chosen.dimension, rows[part.dataIndex].value)
		}));
		if (focus)
			holder.querySelector(`[data-choice="${focus}"]`).focus();
	};
	fill();
	return holder;
}

/* Which metric, and by what */
function chooser(chosen, fill, metrics, dimensions)
{
	const choose = (name, label, values) => h('label', { class: 'inline' }, h('span', { class: 'hidden' }, label), h('select', {
		'data-choice': name, on: {
			change: event =>
			{
				chosen[name] = event.target.value;
				fill(name);
			}
		}
	}, values.map(([key, text]) => h('option', { value: key, selected: key === chosen[name] }, text))));
	return [choose('metric', 'Figure', metrics.map(name => [name, model.metrics.get(name).title])), choose('dimension', 'By', dimensions.map(name => [name, 'by ' + humanName(name).toLowerCase()]))];
}

function chooseSlice(dimension, value)
{
	state.slice = `${dimension}:${value}`;
	makeFilters();
	render();
}

/* --------------------------------------------------------------- detail */

function closeDetail()
{
	detail.close();
}

/* The list of entities behind a metric in a month, if the page has it */
function listOf(metricName, start)
{
	const list = data.lists.find(each => each.metrics.includes(metricName));
	return list && start && list.periods[start] ? list : null;
}

function listNode(list, start, slice, metric)
{
	const { rows, totals } = list.periods[start];
	const sliced = !['all', 'currency'].includes(slice.dimension);
	const [dimension, value] = sliced ? [slice.dimension, slice.value] : ['all', 'all'];
	const place = list.attributes.indexOf(slice.dimension);
	if (sliced && place < 0)
		return h('p', { class: 'note' }, `The list is not known by ${humanName(slice.dimension).toLowerCase()}.`);
	const inCurrency = currency => currency === null || currency === shownCurrency();
	const shown = rows.map(([entity, name, details, slices, currency, amount]) => ({ entity, name, details, slices, currency, amount: parseDecimal(amount) }))
		.filter(row => inCurrency(row.currency) && (!sliced || row.slices[place] === slice.value)).slice(0, data.made.top);
	const total = totals.find(([d, v, currency]) => d === dimension && v === value && inCurrency(currency));
	const others = totals.some(([, , currency]) => !inCurrency(currency));
	const has = of => shown.some(row => row[of] !== null && row[of] !== '');
	const known = ['segment', 'region'].filter(name => list.attributes.includes(name));
	const columns = [{ name: list.entity, text: true }, { name: list.amount }, ...known.map(name => ({ name: humanName(name), text: true })), ...(has('details') ? [{ name: 'Details', text: true }] : [])];
	const cells = row => [[h('data', { class: 'entity', value: row.entity }, row.name || row.entity), row.name ? h('span', { class: 'soft small' }, row.entity) : null], number(row.amount, list.unit, shownCurrency()),
		...known.map(name => row.slices[list.attributes.indexOf(name)]), ...(has('details') ? [row.details] : [])];
	const sum = shown.reduce((all, row) => all + (row.amount ?? 0n), 0n);
	return h('div', { class: 'entities', 'data-list': list.name, 'data-start': start },
		h('p', { class: 'note' }, total ? [shown.length < total[3] ? `The largest ${shown.length} of ` : 'All ', h('data', { class: 'list-count', value: total[3] }, fixedText(BigInt(total[3]) * MILLION, 0)), ` ${list.entities}`,
			total[4] === null ? '' : [', together ', shown.length < total[3] ? [number(sum, list.unit, shownCurrency()), ' of '] : null, number(parseDecimal(total[4]), list.unit, shownCurrency(), { class: 'list-sum' })]] : `No ${list.entities}`, others ? `, of those who pay in ${shownCurrency()}; a figure of all currencies converts the others` : ''),
		shown.length ? tableOf(`${list.entities} behind ${metric.title}`, columns, shown.map(cells)) : null);
}

function showMetric(metricName, start)
{
	const metric = model.metrics.get(metricName), kpi = model.kpis.get(metricName), slice = chosenSlice();
	const period = start ? { kind: metric.grain, start } : chosenPeriod();
	const measured = measure(model, metricName, period, slice, shownCurrency());
	const compared = comparison(model, metricName, period, slice, shownCurrency(), state.compare, measured);
	const unit = metric.unit, currency = shownCurrency();
	const facts = [];
	const fact = (name, ...value) => facts.push(h('dt', {}, name), h('dd', {}, value));
	if (measured.numerator !== null)
		fact('Numerator / denominator', number(measured.numerator, 'ratio', null), ' / ', number(measured.denominator, 'ratio', null));
	for (const kind of Object.keys(TARGET_KINDS))
	{
		const value = targetOf(model, metric, kind, measured, slice, currency);
		if (value !== null)
			fact(capital(kind), number(value, unit, currency, { class: kind }), met(metric, measured.value, value) === null ? '' : met(metric, measured.value, value) ? ' ✓ met' : ' ✗ missed');
	}
	if (!period && slice.dimension === 'all' && kpi?.value_to_date !== null && kpi?.value_to_date !== undefined)
		fact('Period that is open, so far', number(kpi.value_to_date, unit, currency, { class: 'to-date' }));
	fact('What it tells', metric.description);
	fact('Formula', h('code', {}, metric.formula));
	fact('More is', { up: 'better', down: 'worse', neutral: 'neither better nor worse' }[metric.direction]);
	fact('Over periods', { additive: 'it may be added', balance: 'the last value of a period counts', 'not additive': 'it is not added; rates are of the sums of numerators and denominators' }[metric.additivity]);
	if (metric.marts)
		fact('Read from', metric.marts.replaceAll(',', ', ').replace(/ +/g, ' '));
	if (kpi?.as_of)
		fact('As of', instantText(kpi.as_of));
	fact('Name in the views', h('code', {}, metric.metric));

	const points = historyOf(metricName, slice);
	const chartOf = points.length > 1 ? linesCard('History', [metricName], { note: sliceText(slice) || `${capital(metric.grain)}s`, notes: true }) : null;
	const slices = dimensionsOf(metricName).map(dimension =>
	{
		const { values, hidden } = model.slices.get(dimension);
		const rows = values.map(value => ({ value, here: measure(model, metricName, period, { dimension, value }, currency) })).filter(row => row.here.value !== null)
			.map(row => ({ ...row, compared: comparison(model, metricName, period, { dimension, value: row.value }, currency, state.compare, row.here) }));
		return rows.length ? h('div', { class: 'slice', 'data-dimension': dimension }, h('h4', {}, `By ${humanName(dimension).toLowerCase()}`), hidden ? h('p', { class: 'note' }, `The largest ${values.length} of ${values.length + hidden}`) : null,
			tableOf(`${metric.title} by ${humanName(dimension)}`, [{ name: humanName(dimension), text: true }, { name: metric.title }, { name: 'Change', text: true }], rows.map(row => [row.value, number(row.here.value, unit, currency), changeNode(metric, row.here, row.compared)]))) : null;
	}).filter(Boolean);

	/* of a period of several months, or of a month without a list, the latest one that has it */
	const list = data.lists.find(each => each.metrics.includes(metricName));
	const listStarts = list ? Object.keys(list.periods).sort().reverse() : [];
	const inside = listStarts.filter(each => measured.start && each >= measured.start && each < nextStart(measured.start, measured.grain));
	const listHolder = h('div');
	const showList = each => listHolder.replaceChildren(listNode(list, each, slice, metric));
	let listSection = null;
	if (list && listStarts.length)
	{
		const first = inside[0] || (period ? null : listStarts[0]);
		const picker = h('select', { id: 'list-month', on: { change: event => showList(event.target.value) } }, first ? null : h('option', { value: '', selected: true }, 'choose a month'), listStarts.map(each => h('option', { value: each, selected: each === first }, periodText(each, 'month', model))));
		listSection = h('section', { class: 'behind' }, h('div', { class: 'card-head' }, h('h3', {}, `${capital(list.entities)} behind it`), h('label', { class: 'inline' }, h('span', { class: 'hidden' }, 'Month'), picker)),
			list.note ? h('p', { class: 'note' }, list.note) : null, listHolder);
		if (first)
			showList(first);
	}

	forgetCharts(detail);
	detail.replaceChildren(
		h('div', { class: 'detail-head' }, h('div', {}, h('h2', { id: 'detail-title' }, metric.title), h('p', { class: 'note' }, [measureText(model, measured, metric), sliceText(slice)].filter(Boolean).join(' · '))),
			h('button', { class: 'quiet', type: 'button', 'aria-label': 'Close', on: { click: closeDetail } }, '✕')),
		h('div', { class: 'detail-value', 'data-metric': metricName }, measured.value === null ? nullNode(measured.reason) : h('data', { class: 'value', value: decimalText(measured.value) }, formatValue(measured.value, unit, currency, true)), changeNode(metric, measured, compared)),
		chartOf, listSection, slices.length ? h('section', { class: 'slices' }, slices) : null, h('section', {}, h('h3', {}, 'Definition'), h('dl', { class: 'facts' }, facts)));
	if (!detail.open)
		detail.showModal();
	detail.scrollTop = 0;
}

/* -------------------------------------------------------------- filters */

function option(value, text, chosen)
{
	return h('option', { value, selected: value === chosen }, text);
}

function filter(name, label, options)
{
	return h('label', { class: 'filter' }, h('span', {}, label), h('select', {
		name, on: {
			change: event =>
			{
				state[name] = event.target.value;
				render();
			}
		}
	}, options));
}

/* Dimensions that tell things apart, those of most metrics first */
function sliceable()
{
	const uses = new Map();
	for (const [, , dimension] of data.series)
		uses.set(dimension, (uses.get(dimension) || 0) + 1);
	return [...model.slices].filter(([, slice]) => slice.values.length > 0 && slice.values.length + slice.hidden > 1).sort(([a], [b]) => (b === 'segment') - (a === 'segment') || uses.get(b) - uses.get(a));
}

function makeFilters()
{
	const periods = choosablePeriods(model);
	const kinds = [['month', 'Months'], ['quarter', model.fiscal ? 'Fiscal quarters' : 'Quarters'], ['year', model.fiscal ? 'Fiscal years' : 'Years']];
	document.getElementById('filters').replaceChildren(
		filter('period', 'Period', [option('', 'Last complete', state.period), kinds.map(([kind, text]) => periods[kind].length ? h('optgroup', { label: text }, periods[kind].map(period => option(`${kind}:${period.start}`, periodText(period.start, kind, model) + (period.open ? ' (so far)' : ''), state.period))) : null)]),
		filter('slice', 'Segment', [option('', 'All', state.slice), sliceable().map(([dimension, slice]) =>
			h('optgroup', { label: humanName(dimension) + (slice.hidden ? ` (largest ${slice.values.length} of ${slice.values.length + slice.hidden})` : '') }, slice.values.map(value => option(`${dimension}:${value}`, value, state.slice))))]),
		filter('compare', 'Compare to', [['previous', 'Period before'], ['year', 'Year before'], ['target', 'Target'], ['plan', 'Plan'], ['minimum', 'Minimum'], ['benchmark', 'Benchmark']].map(([value, text]) => option(value, text, state.compare))),
		filter('range', 'Charts show', [['7', '7 months'], ['13', '13 months'], ['25', '25 months'], ['all', 'Everything']].map(([value, text]) => option(value, text, state.range))),
		model.currencies.length > 1 ? filter('currency', 'Currency', model.currencies.map(currency => option(currency, currency, state.currency))) : '');
}

/* What an address asks for and the page has not is the first choice */
function checkFilters()
{
	for (const select of document.querySelectorAll('#filters select'))
		state[select.name] = select.value;
	if (!model.currencies.includes(state.currency))
		state.currency = model.defaultCurrency;
}

/* ------------------------------------------------------------- sections */

/* The first twelve of these that are there; of a line with several, the first one */
const HEADLINES = [['mrr'], ['arr'], ['net_new_mrr'], ['net_revenue_retention_rate', 'monthly_net_revenue_retention_rate'], ['logo_churn_rate'], ['paying_customers'], ['runway_months', 'arpa'], ['ltv_to_cac_ratio', 'cac', 'quick_ratio'],
	['monthly_active_users', 'active_users'], ['win_rate', 'pipeline_value'], ['nps'], ['csat', 'first_response_time'], ['uptime_rate'], ['change_failure_rate'], ['quick_ratio'], ['arpa'], ['new_customers'], ['churned_mrr_rate'], ['churned_customers'], ['mrr_growth_rate']];

function headlineNames()
{
	const there = name => model.kpis.get(name) && !['not deployed', 'no data', 'never refreshed'].includes(model.kpis.get(name).null_reason);
	return [...new Set(HEADLINES.map(names => names.find(there)).filter(Boolean))].slice(0, 12);
}

function section(id, title, ...children)
{
	const found = children.flat().filter(Boolean);
	/* of cards of half the width, one without a neighbour takes it all */
	let half = null;
	for (const each of [...found, null])
	{
		const narrow = each && each.matches('.card:not(.wide)');
		if (half && !narrow)
			half.classList.add('wide');
		half = narrow && !half ? each : null;
	}
	return found.length ? h('section', { class: 'block', id, 'aria-labelledby': id + '-title', 'data-title': title }, h('h2', { id: id + '-title' }, title), h('div', { class: 'grid' }, found)) : null;
}

const SUBJECT_CARDS = {
	revenue: () => [
		movementCard(), bridgeCard(), linesCard('MRR and its target', ['mrr'], { height: 'tall', notes: true }),
		breakdownCard('MRR by segment', ['mrr', 'new_mrr', 'churn_mrr', 'expansion_mrr', 'net_revenue_retention_rate', 'churned_mrr_rate', 'arpa', 'paying_customers'], 'mrr-segments'),
		revenueCohortCard(),
		linesCard('Revenue retention over 12 months', ['net_revenue_retention_rate', 'gross_revenue_retention_rate']), linesCard('Revenue retention over one month', ['monthly_net_revenue_retention_rate', 'monthly_gross_revenue_retention_rate'])],
	customers: () => [linesCard('Paying customers', ['paying_customers']), linesCard('Customers won and lost', ['new_customers', 'churned_customers'], { kind: 'bar' }), linesCard('Customer churn', ['logo_churn_rate']), linesCard('NPS', ['nps']), linesCard('MRR at risk', ['at_risk_mrr']), linesCard('Health', ['mean_health_score'])],
	usage: () => [
		funnelCard(),
		linesCard('Active users by day', ['daily_active_users'], { wide: true, notes: true }), linesCard('Active users by month', ['monthly_active_users', 'active_users']), linesCard('Stickiness', ['stickiness_rate']),
		linesCard('Where active users come from', ['new_users', 'returning_users', 'resurrected_users'], { kind: 'bar', stack: 'users' }), linesCard('Retention of new users', ['day_1_retention_rate', 'day_7_retention_rate', 'day_30_retention_rate', 'day_90_retention_rate']), userCohortCard(), linesCard('Sessions', ['sessions']), linesCard('Sessions per user', ['sessions_per_user']),
		barsCard('Features', ['feature_adoption_rate', 'feature_discovery_rate', 'feature_adopted_rate', 'feature_habit_rate', 'feature_usage_frequency'], 'features')],
	acquisition: () => [
		barsCard('Channels', ['marketing_spend', 'leads', 'acquired_customers', 'attributed_revenue', 'cac', 'cost_per_lead', 'roas', 'lead_to_customer_rate'], 'channels'), breakdownCard('Channels over time', ['attributed_revenue', 'marketing_spend', 'acquired_customers', 'leads', 'cac', 'roas'], 'channel-history'),
		linesCard('CAC', ['cac']), linesCard('Return on ad spend', ['roas'])],
	sales: () => [
		linesCard('Pipeline', ['pipeline_value', 'weighted_pipeline_value']), pipelineCard(), linesCard('Closed-won amount', ['closed_won_amount'], { kind: 'bar' }), linesCard('Win rate', ['win_rate', 'win_rate_by_amount']), linesCard('Sales cycle', ['sales_cycle_days', 'median_sales_cycle_days']),
		breakdownCard('Sales by', ['closed_won_amount', 'pipeline_value', 'deals_won', 'win_rate', 'average_deal_size', 'sales_cycle_days'], 'sales-by')],
	support: () => [linesCard('Tickets', ['tickets_opened', 'tickets_resolved'], { kind: 'bar' }), linesCard('First response time', ['first_response_time']), linesCard('CSAT', ['csat']), linesCard('Within SLA', ['first_response_sla_rate', 'resolution_sla_rate'])],
	platform: () => [linesCard('Uptime', ['uptime_rate']), linesCard('Latency', ['p50_latency', 'p95_latency', 'p99_latency']), linesCard('Error rate', ['error_rate']), linesCard('Incidents', ['incidents', 'outages'], { kind: 'bar' })],
	engineering: () => [linesCard('Deployments', ['deployments'], { kind: 'bar' }), linesCard('Change failure rate', ['change_failure_rate']), linesCard('Lead time for changes', ['lead_time_for_changes']), linesCard('Bugs', ['bugs_opened', 'bugs_closed'], { kind: 'bar' })],
	finance: () => [linesCard('Cash', ['cash_balance']), linesCard('Burn', ['gross_burn', 'net_burn'], { kind: 'bar' }), linesCard('Costs and their budget', ['fixed_costs', 'variable_costs', 'cost_budget'], { kind: 'bar', stack: 'costs', beside: ['cost_budget'] }), linesCard('Runway', ['runway_months']), linesCard('LTV to CAC', ['ltv_to_cac_ratio']), linesCard('CAC payback', ['cac_payback_months']), linesCard('Margins', ['gross_margin_rate', 'contribution_margin_rate']),
		breakdownCard('Costs by', ['total_costs', 'fixed_costs', 'variable_costs', 'budget_variance_rate'], 'costs-by')],
	market: () => [linesCard('Share of voice', ['share_of_voice']), linesCard('Competitive win rate', ['competitive_win_rate']), barsCard('Competitors', ['share_of_voice', 'competitive_win_rate', 'competitive_deals'], 'competitors')]
};

function subjects()
{
	return [...new Set(data.metrics.map(metric => metric.subject))];
}

function freshnessCard()
{
	const late = data.freshness.filter(row => !['fresh', 'disabled'].includes(row.status));
	const table = rows => tableOf('Freshness of the marts', [{ name: 'Mart', text: true }, { name: 'Status', text: true }, { name: 'As of', text: true }, { name: 'Next refresh due', text: true }], rows.map(row =>
		[humanName(row.mart), h('span', { class: 'badge ' + (row.status === 'fresh' ? 'good' : row.status === 'disabled' ? '' : 'bad') }, row.status + (row.quarantined_keys ? `, ${row.quarantined_keys} keys` : '')), instantText(row.as_of), row.next_due_at ? instantText(row.next_due_at) : '\u2013']));
	return card('Freshness', { wide: true, id: 'freshness-card', note: late.length ? `${late.length} of ${data.freshness.length} marts are not fresh: ${late.map(row => `${row.mart} (${row.status})`).join(', ')}` : `All ${data.freshness.length} marts are fresh` },
		h('details', {}, h('summary', {}, 'Show all'), table(data.freshness)));
}

function dictionaryCard()
{
	return card('Definitions', { wide: true, note: `${data.metrics.length} metrics of the catalogue` },
		h('details', {}, h('summary', {}, 'Show all'), tableOf('Metric definitions', ['Metric', 'What it tells', 'Formula', 'Unit', 'Better'].map(name => ({ name, text: true })), data.metrics.map(metric =>
			[h('button', { class: 'link', type: 'button', on: { click: () => showMetric(metric.metric) } }, metric.title), metric.description, h('code', {}, metric.formula), metric.unit, metric.direction]), { class: 'words' })));
}

function render()
{
	writeHash();
	forgetCharts(content);
	const slice = chosenSlice(), period = chosenPeriod();
	const headlines = headlineNames();
	const blocks = [
		headlines.length ? h('section', { class: 'block', id: 'key-figures', 'aria-labelledby': 'key-figures-title', 'data-title': 'Key figures' },
			h('h2', { id: 'key-figures-title' }, 'Key figures', h('span', { class: 'soft' }, [period ? periodText(period.start, period.kind, model) : 'last complete period', sliceText(slice)].filter(Boolean).map(text => ' · ' + text).join(''))), h('div', { class: 'tiles' }, headlines.map(tile))) : null,
		subjects().map(subject => section('s-' + subject, humanName(subject), (SUBJECT_CARDS[subject] ? SUBJECT_CARDS[subject]() : []), scorecard(subject, data.metrics.filter(metric => metric.subject === subject).map(metric => metric.metric)))),
		section('about', 'About these numbers', freshnessCard(), dictionaryCard())
	].flat().filter(Boolean);
	content.replaceChildren(...blocks);
	document.getElementById('sections').replaceChildren(...blocks.map(block => h('a', { href: '#' + block.id, on: { click: event => { event.preventDefault(); block.scrollIntoView({ behavior: stillness.matches ? 'auto' : 'smooth' }); block.querySelector('h2').setAttribute('tabindex', '-1'); block.querySelector('h2').focus({ preventScroll: true }); } } }, block.dataset.title)));
	document.documentElement.dataset.ready = JSON.stringify(state);
}

/* ---------------------------------------------------------------- theme */

const themeButton = document.getElementById('theme');
const dark = matchMedia('(prefers-color-scheme: dark)');

function isDark()
{
	return (document.documentElement.dataset.theme || (dark.matches ? 'dark' : 'light')) === 'dark';
}

function showTheme()
{
	themeButton.textContent = isDark() ? '☀ Light' : '☾ Dark';
	redrawCharts();
}

themeButton.addEventListener('click', () =>
{
	document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
	showTheme();
});
dark.addEventListener('change', showTheme);

/* ---------------------------------------------------------------- start */

const initial = { ...state };
const oldest = data.freshness.filter(row => row.as_of && row.status !== 'disabled').map(row => row.as_of).sort()[0];
const stale = data.freshness.filter(row => !['fresh', 'disabled'].includes(row.status)).length;

readHash();
document.getElementById('as-of').append(h('span', { class: 'dot ' + (stale ? 'bad' : 'good'), 'aria-hidden': 'true' }), oldest ? `As of ${instantText(oldest)}` : 'Not refreshed yet', stale ? `, ${stale} of ${data.freshness.length} marts are not fresh` : '');
document.getElementById('foot').append(
	h('p', {}, `Made ${instantText(data.made.at)} from the views of nudge_reporting, nudge_metrics ${data.settings.version || ''}. Days, weeks and months are those of ${data.settings.zone || 'UTC'}.`),
	h('p', {}, `It holds the latest ${data.made.kept.month} months and ${data.made.kept.day} days, and ${data.made.top ? `of lists and segments the largest ${data.made.top} each` : 'no entities and no segments'}; totals are of all.`));
detail.addEventListener('click', event =>
{
	if (event.target === detail)
		closeDetail();
});
detail.addEventListener('close', () => forgetCharts(detail));
addEventListener('hashchange', () =>
{
	readHash();
	makeFilters();
	checkFilters();
	render();
});
makeFilters();
checkFilters();
showTheme();
render();
