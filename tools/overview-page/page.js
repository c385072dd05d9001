/*
 * page.js
 *		Filters, sections, and the start.
 */

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
