/*
 * detail.js
 *		The detail of a figure: history, the list behind it, definition.
 */

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
