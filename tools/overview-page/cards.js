/*
 * cards.js
 *		Cards: tiles, tables of figures, charts with their table.
 */

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
