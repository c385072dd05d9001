/*
 * check.cjs PAGE PAGE_OF_CURRENCIES PAGE_OF_TOTALS [DIRECTORY OF SCREENSHOTS]
 *		Looks at the pages as a reader does and asks the database for the same.
 *
 * What a number should be is computed here in SQL, from the views, by other
 * means than those of the page.
 */

'use strict';
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');
const axe = require('axe-core').source;

const [companyPage, currencyPage, totalsPage, pictures] = process.argv.slice(2);

let failed = 0;

function says(name, ok, ...why)
{
	console.log(ok ? `ok: ${name}` : `NOT ok: ${name}: ${why.map(each => typeof each === 'string' ? each : JSON.stringify(each)).join(' ').slice(0, 1500)}`);
	failed += ok ? 0 : 1;
}

function same(name, got, wanted)
{
	const a = JSON.stringify(got), b = JSON.stringify(wanted);
	says(name, a === b, 'got', a, 'not', b);
}

function rows(query, database)
{
	const text = execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database || process.env.PGDATABASE, '-c', `SELECT coalesce(json_agg(r), '[]') FROM (${query}) r`], { encoding: 'utf8', maxBuffer: 1 << 28 });
	return JSON.parse(text);
}

/* { key: value }, of a query with columns key and value */
function mapping(query, database)
{
	return Object.fromEntries(rows(query, database).map(row => [row.key, row.value]));
}

/* A number as the page should write it */
const WRITTEN = `CASE
	WHEN value IS NULL THEN NULL
	ELSE CASE WHEN round(value, 6) < 0 THEN '\u2212' ELSE '' END || CASE unit
		WHEN 'currency' THEN CASE currency WHEN 'USD' THEN '$' WHEN 'EUR' THEN '€' WHEN 'JPY' THEN '¥' END || CASE WHEN abs(value) >= 100000000 THEN to_char(round(abs(value) / 1000000, 2), 'FM999,999,990.00') || 'M'
			WHEN abs(value) >= 1000 OR value = trunc(value) THEN to_char(round(abs(value)), 'FM999,999,999,990') ELSE to_char(round(abs(value), 2), 'FM990.00') END
		WHEN 'rate' THEN CASE WHEN abs(value) < 0.1 OR abs(value) > 0.99 AND abs(value) < 1 THEN to_char(round(abs(value) * 100, 2), 'FM999,990.00') ELSE to_char(round(abs(value) * 100, 1), 'FM999,990.0') END || '%'
		WHEN 'ratio' THEN to_char(round(abs(value), 2), 'FM999,999,990.00')
		WHEN 'score' THEN to_char(round(abs(value), 1), 'FM999,990.0')
		ELSE CASE WHEN value = trunc(value) THEN to_char(abs(value), 'FM999,999,999,990') ELSE regexp_replace(to_char(round(abs(value), 1), 'FM999,999,999,990.0'), '[.]0$', '') END
			|| coalesce(E'\\u00a0' || CASE unit WHEN 'days' THEN 'd' WHEN 'hours' THEN 'h' WHEN 'minutes' THEN 'min' WHEN 'seconds' THEN 's' WHEN 'milliseconds' THEN 'ms' WHEN 'months' THEN 'mo' END, '') END
	END`;

/* What the page says of each metric: in tiles and in the tables of all figures */
async function shown(page)
{
	return page.evaluate(() =>
	{
		const found = {};
		for (const node of document.querySelectorAll('#content .tile[data-metric], #content tr[data-metric]'))
		{
			const value = node.querySelector('data.value'), change = node.querySelector('data.change'), target = node.querySelector('data.target');
			const said = { value: value ? value.getAttribute('value') : null, text: value ? value.textContent : null, change: change ? change.getAttribute('value') : null, target: target ? target.getAttribute('value') : null,
				reason: node.querySelector('.reason')?.textContent ?? null };
			const known = found[node.dataset.metric];
			if (known && JSON.stringify(known) !== JSON.stringify(said))
				said.differs = known;
			found[node.dataset.metric] = said;
		}
		for (const node of document.querySelectorAll('[data-null]'))
			found[node.dataset.null] ??= { value: null, reason: node.closest('li').querySelector('b').textContent };
		return found;
	});
}

/* got and wanted are { metric: text }: at least so many, and all the same */
function sameNumbers(name, got, wanted, least)
{
	const wrong = Object.keys(wanted).filter(key => (got[key] ?? null) !== wanted[key]).map(key => `${key}: ${got[key]} and not ${wanted[key]}`);
	says(`${name} (${Object.keys(wanted).length})`, wrong.length === 0 && Object.keys(wanted).length >= least, wrong.join('; '), `${Object.keys(wanted).length} of at least ${least}`);
}

function pick(found, column)
{
	return Object.fromEntries(Object.entries(found).map(([key, said]) => [key, said[column]]));
}

async function choose(page, name, value)
{
	await page.selectOption(`#filters select[name=${name}]`, value);
}

async function main()
{
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
	const trouble = [];
	const open = async (file, width, colorScheme) =>
	{
		const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, offline: true, reducedMotion: 'reduce', hasTouch: width < 500 });
		const page = await context.newPage();
		page.on('console', message => ['error', 'warning'].includes(message.type()) && trouble.push(`${message.type()}: ${message.text()}`));
		page.on('pageerror', error => trouble.push(String(error)));
		page.on('dialog', dialog => { trouble.push('dialog: ' + dialog.message()); dialog.dismiss(); });
		page.on('request', request => !/^(file|data):/.test(request.url()) && trouble.push('request: ' + request.url()));
		await page.goto(pathToFileURL(file).href);
		await page.waitForSelector('html[data-ready]', { timeout: 15000 });
		return page;
	};

	/* How it looks: both widths, light and dark --------------------------- */

	for (const width of [390, 1440])
		for (const scheme of ['light', 'dark'])
		{
			const name = `${width} px, ${scheme}`;
			const page = await open(companyPage, width, scheme);
			const sizes = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
			says(`${name}: nothing to scroll sideways`, sizes.scroll <= sizes.client, sizes);
			const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b));
			says(`${name}: the ground is ${scheme}`, scheme === 'light' ? ground > 600 : ground < 150, ground);
			/* colours do not depend on the width, nor names on colours */
			const thorough = (width === 390) === (scheme === 'light');
			const axeProblems = root => page.evaluate(async selector => (await window.axe.run(selector, { resultTypes: ['violations'] })).violations.map(each => `${each.id}: ${each.nodes.slice(0, 3).map(node => node.html.slice(0, 150) + (node.any[0]?.message || '').slice(0, 120)).join(' | ')} (${each.nodes.length})`), root);
			if (thorough)
			{
				/* charts are drawn once they are seen */
				const drawn = await page.evaluate(async () =>
				{
					const copy = document.createElement('canvas');
					const colors = node =>
					{
						const canvas = node.querySelector('canvas');
						if (!canvas)
							return 0;
						copy.width = canvas.width;
						copy.height = canvas.height;
						const context = copy.getContext('2d', { willReadFrequently: true });
						context.drawImage(canvas, 0, 0);
						const pixels = context.getImageData(0, 0, copy.width, copy.height).data;
						const found = new Set();
						for (let i = 0; i < pixels.length; i += 4)
							if (pixels[i + 3] > 200)
								found.add((pixels[i] << 16) + (pixels[i + 1] << 8) + pixels[i + 2]);
						return found.size;
					};
					const empty = [], nodes = [...document.querySelectorAll('.chart')];
					for (const node of nodes)
					{
						node.scrollIntoView();
						for (let n = 0; n < 100 && colors(node) < 3; n++)
							await new Promise(done => setTimeout(done, 50));
						if (colors(node) < 3)
							empty.push(node.getAttribute('aria-label'));
					}
					scrollTo(0, 0);
					return { charts: nodes.length, empty };
				});
				says(`${name}: all ${drawn.charts} charts are drawn`, drawn.charts >= 20 && drawn.empty.length === 0, drawn);
				await page.evaluate(axe);
				const problems = await axeProblems('html');
				says(`${name}: axe finds nothing`, problems.length === 0, problems);
			}
			if (pictures)
			{
				await page.setViewportSize({ width, height: 900 });
				await page.screenshot({ path: `${pictures}/overview-${width}-${scheme}.png`, fullPage: true });
			}
			await page.click('.tile[data-metric=mrr]');
			await page.waitForSelector('dialog[open] .chart canvas');
			const inside = await page.evaluate(() => ({ scroll: document.querySelector('dialog').scrollWidth, client: document.querySelector('dialog').clientWidth }));
			says(`${name}: nothing to scroll sideways in a detail`, inside.scroll <= inside.client, inside);
			if (thorough)
			{
				const problems = await axeProblems('dialog');
				says(`${name}: axe finds nothing in a detail`, problems.length === 0, problems);
			}
			if (pictures)
				await page.screenshot({ path: `${pictures}/overview-${width}-${scheme}-detail.png` });
			await page.context().close();
		}

	/* The numbers ---------------------------------------------------------- */

	const page = await open(companyPage, 1440, 'light');
	const kpis = rows(`SELECT metric AS key, trim_scale(value)::text AS value, ${WRITTEN} AS text, trim_scale(value - previous)::text AS change, trim_scale(target)::text AS target, null_reason FROM nudge_reporting.kpi_current`);
	const of = (column, from) => Object.fromEntries(from.map(row => [row.key, row[column]]));
	const now = await shown(page);
	same('every metric of the catalogue is shown once or the same', Object.values(now).filter(said => said.differs), []);
	same('metrics shown are those of the catalogue', Object.keys(now).sort(), kpis.map(row => row.key).sort());
	sameNumbers('last complete periods: values of kpi_current', pick(now, 'value'), of('value', kpis), 100);
	sameNumbers('last complete periods: as they are written', pick(now, 'text'), of('text', kpis.filter(row => row.value !== null)), 100);
	sameNumbers('change against the period before', pick(now, 'change'), of('change', kpis.filter(row => row.change !== null)), 100);
	sameNumbers('targets', pick(now, 'target'), of('target', kpis.filter(row => row.target !== null && row.value !== null)), 3);
	says('a metric without a value says why, in words', kpis.filter(row => row.value === null).every(row => now[row.key].reason && now[row.key].reason.length > 8 && !now[row.key].reason.includes('_')) && kpis.some(row => row.value === null));
	const badges = await page.evaluate(() => ({ mrr: document.querySelector('.tile[data-metric=mrr] .badge')?.textContent, arr: document.querySelector('.tile[data-metric=arr] .badge')?.textContent }));
	says('a target is met or missed', /met$/.test(badges.mrr) && /missed$/.test(badges.arr), badges);

	/* the first rows of a subject are seen, the rest on demand */
	const hiddenRows = () => page.evaluate(() => document.querySelectorAll('tr[data-metric][hidden]').length);
	const hiddenBefore = await hiddenRows();
	for (const button of await page.locator('.more').all())
		await button.click();
	same('rows that are hidden are shown on demand', [hiddenBefore > 20, await hiddenRows()], [true, 0]);

	/* Filter: period */
	const months = rows(`SELECT DISTINCT period_start AS m FROM nudge_reporting.metric_values WHERE metric = 'mrr' AND complete ORDER BY 1 DESC LIMIT 14`).map(row => row.m);
	const inPeriod = (kind, start, dimension, value) => mapping(`
		WITH bounds AS (SELECT date '${start}' AS a, (date '${start}' + interval '1 ${kind === 'quarter' ? 'month' : kind}' * ${kind === 'quarter' ? 3 : 1})::date AS b),
		r AS (SELECT v.*, c.additivity, c.grain AS own FROM nudge_reporting.metric_values v JOIN nudge_reporting.metric_catalog c USING (metric) WHERE v.dimension = '${dimension}' AND v.dimension_value = '${value.replaceAll("'", "''")}' AND (v.currency = 'USD' OR v.currency IS NULL))
		SELECT metric AS key, CASE WHEN bool_or(grain = '${kind}') THEN max(trim_scale(value)::text) FILTER (WHERE grain = '${kind}')
			WHEN min(additivity) = 'additive' THEN CASE WHEN bool_and(value IS NOT NULL) THEN trim_scale(sum(value))::text END
			WHEN min(additivity) = 'not additive' AND bool_and(numerator IS NOT NULL AND denominator IS NOT NULL) THEN CASE WHEN sum(denominator) > 0 THEN trim_scale(round(sum(numerator) / sum(denominator), 6)) END::text
			ELSE (array_agg(trim_scale(value)::text ORDER BY period_start DESC))[1] END AS value
		FROM r, bounds WHERE period_start >= a AND period_start < b AND (grain = own OR grain = '${kind}') AND own IN ('day', 'month') AND (grain <> 'day' OR own = 'day')
		GROUP BY metric`);
	for (const month of [months[0], months[1], months[11]])
	{
		await choose(page, 'period', `month:${month}`);
		const wanted = inPeriod('month', month, 'all', 'all');
		sameNumbers(`period ${month}: values of metric_values`, pick(await shown(page), 'value'), wanted, 90);
	}
	const quarters = rows(`SELECT DISTINCT fiscal_quarter_start AS q FROM nudge_reporting.calendar_days WHERE fiscal_quarter_start + interval '3 months' <= (SELECT max(period_start) FROM nudge_reporting.metric_values WHERE metric = 'mrr') ORDER BY 1 DESC LIMIT 3`).map(row => row.q);
	for (const quarter of quarters.slice(0, 2))
	{
		await choose(page, 'period', `quarter:${quarter}`);
		sameNumbers(`quarter ${quarter}: added, weighted or the last one`, pick(await shown(page), 'value'), inPeriod('quarter', quarter, 'all', 'all'), 90);
		same(`quarter ${quarter}: waterfall from the close of the quarter before`, await page.evaluate(async () =>
		{
			const card = document.getElementById('mrr-bridge');
			card.querySelector('button[aria-expanded]').click();
			return [...card.querySelectorAll('tbody tr')].map(row => [row.querySelector('th').textContent, row.querySelector('data').getAttribute('value')]).filter(([, value]) => value !== '0');
		}), rows(`SELECT s.name, trim_scale(s.value)::text AS value FROM (SELECT (array_agg(opening_mrr ORDER BY period_start))[1] AS o, sum(new_mrr) AS n, sum(reactivation_mrr) AS r, sum(expansion_mrr) AS e, sum(contraction_mrr) AS c, sum(churn_mrr) AS l, (array_agg(closing_mrr ORDER BY period_start DESC))[1] AS z
			FROM nudge_reporting.mrr_monthly WHERE period_start >= '${quarter}' AND period_start < date '${quarter}' + interval '3 months' AND currency = 'USD') q,
			LATERAL (VALUES (1, 'Opening', o), (2, 'New', n), (3, 'Reactivation', r), (4, 'Expansion', e), (5, 'Contraction', c), (6, 'Churned', l), (7, 'Closing', z)) s(place, name, value) WHERE s.value <> 0 ORDER BY s.place`).map(row => [row.name, row.value]));
	}
	const year = `${Number(months[0].slice(0, 4)) - 1}-01-01`;
	await choose(page, 'period', `year:${year}`);
	{
		const got = await shown(page), wanted = inPeriod('year', year, 'all', 'all');
		/* days are not kept for so long: what would be a part of a year is not shown */
		const whole = Object.fromEntries(Object.entries(wanted).filter(([key]) => got[key].value !== null || !['daily_active_users', 'stickiness_rate', 'daily_active_rate'].includes(key)));
		sameNumbers(`year ${year}`, pick(got, 'value'), whole, 90);
	}

	/* Filter: segment */
	await choose(page, 'period', '');
	const last = months[0];
	for (const [dimension, value] of [['segment', 'SMB'], ['segment', 'Enterprise'], ['channel', 'Paid search']])
	{
		await choose(page, 'slice', `${dimension}:${value}`);
		await choose(page, 'period', `month:${last}`);
		sameNumbers(`${dimension} ${value}: values of the slice`, pick(await shown(page), 'value'), inPeriod('month', last, dimension, value), 10);
		await choose(page, 'period', `quarter:${quarters[0]}`);
		sameNumbers(`${dimension} ${value}, quarter ${quarters[0]}`, pick(await shown(page), 'value'), inPeriod('quarter', quarters[0], dimension, value), 10);
		await choose(page, 'period', '');
	}
	says('what is not known by a slice says so', /segment/.test((await shown(page)).mrr.reason), (await shown(page)).mrr);
	await choose(page, 'slice', '');

	/* Filter: compare to */
	await choose(page, 'compare', 'year');
	sameNumbers('compared with the year before', pick(await shown(page), 'change'), mapping(`SELECT k.metric AS key, trim_scale(k.value - v.value)::text AS value FROM nudge_reporting.kpi_current k JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.grain = k.grain AND v.dimension = 'all'
		AND v.currency IS NOT DISTINCT FROM k.currency AND v.period_start = (k.period_start - CASE k.grain WHEN 'week' THEN interval '364 days' ELSE interval '1 year' END)::date WHERE k.value IS NOT NULL AND v.value IS NOT NULL`), 90);
	for (const kind of ['target', 'plan', 'minimum', 'benchmark'])
	{
		await choose(page, 'compare', kind);
		sameNumbers(`compared with ${kind}`, pick(await shown(page), 'change'), mapping(`SELECT metric AS key, trim_scale(value - ${kind})::text AS value FROM nudge_reporting.kpi_current WHERE value IS NOT NULL AND ${kind} IS NOT NULL`), kind === 'benchmark' ? 1 : 2);
	}
	await choose(page, 'period', `quarter:${quarters[0]}`);
	await choose(page, 'compare', 'plan');
	same('a plan of a quarter is the sum of its months', (await shown(page)).new_mrr.change, rows(`SELECT trim_scale(sum(new_mrr) - 4500)::text AS v FROM nudge_reporting.mrr_monthly WHERE period_start >= '${quarters[0]}' AND period_start < date '${quarters[0]}' + interval '3 months'`)[0].v);
	await choose(page, 'compare', 'previous');
	{
		const got = await shown(page), a = inPeriod('quarter', quarters[0], 'all', 'all'), b = inPeriod('quarter', quarters[1], 'all', 'all');
		same('a quarter is compared with the one before', ['new_mrr', 'leads', 'deals_won', 'tickets_opened'].map(key => got[key].change), rows(`SELECT trim_scale(x::numeric - y::numeric)::text AS v FROM unnest(ARRAY[${['new_mrr', 'leads', 'deals_won', 'tickets_opened'].map(key => `'${a[key]}'`)}], ARRAY[${['new_mrr', 'leads', 'deals_won', 'tickets_opened'].map(key => `'${b[key]}'`)}]) WITH ORDINALITY t(x, y, n) ORDER BY n`).map(row => row.v));
	}
	await choose(page, 'period', '');

	/* Filter: how much charts show; the table beside a chart */
	const movementTable = () => page.evaluate(() =>
	{
		const card = document.getElementById('mrr-movements');
		if (!card.querySelector('.chart-table table'))
			card.querySelector('button[aria-expanded]').click();
		return [...card.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('data')].map(node => node.getAttribute('value')));
	});
	for (const range of ['7', '13', '25', 'all'])
	{
		await choose(page, 'range', range);
		const wanted = rows(`SELECT trim_scale(new_mrr)::text AS a, trim_scale(reactivation_mrr)::text AS b, trim_scale(expansion_mrr)::text AS c, trim_scale(contraction_mrr)::text AS d, trim_scale(churn_mrr)::text AS e, trim_scale(net_new_mrr)::text AS f
			FROM nudge_reporting.mrr_monthly WHERE currency = 'USD' ORDER BY period_start DESC ${range === 'all' ? 'LIMIT 37' : 'LIMIT ' + range}`).map(row => Object.values(row));
		same(`charts show ${range}: the waterfall by month is mrr_monthly`, await movementTable(), wanted);
	}
	await choose(page, 'range', '13');

	/* The segment chart is metric_values too */
	await page.evaluate(() => document.querySelector('#mrr-segments button[aria-expanded]').click());
	const slices = rows(`SELECT dimension_value AS v, trim_scale(value)::text AS n FROM nudge_reporting.metric_values WHERE metric = 'mrr' AND dimension = 'segment' AND period_start = '${last}'`);
	const segmentTable = await page.evaluate(() => ({ names: [...document.querySelectorAll('#mrr-segments th[scope=col]')].slice(1).map(node => node.textContent), rows: [...document.querySelectorAll('#mrr-segments tbody tr')].map(row => [row.querySelector('th').textContent, [...row.querySelectorAll('data')].map(node => node.getAttribute('value'))]) }));
	const monthName = new Date(last + 'T00:00:00Z').toLocaleDateString('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' }).replace('Sept', 'Sep');
	same('MRR by segment', Object.fromEntries(segmentTable.names.map((name, n) => [name, segmentTable.rows.find(([text]) => text === monthName)?.[1][n]]).sort()), Object.fromEntries(slices.map(row => [row.v, row.n]).sort()));

	/* Funnel */
	const steps = rows(`SELECT step_event AS e, people::text AS n FROM nudge_reporting.funnel_steps_monthly WHERE period_start = '${last}' AND funnel = (SELECT min(funnel COLLATE "C") FROM nudge_reporting.funnel_steps_monthly) ORDER BY step_number`).map(row => [row.e, row.n]);
	await page.evaluate(() => document.querySelector('#funnel button[aria-expanded]').click());
	same('funnel', await page.evaluate(() => [...document.querySelectorAll('#funnel tbody tr')].map(row => [row.querySelector('th').textContent, row.querySelector('data').getAttribute('value')])), steps);
	says('funnel has steps', steps.length > 2);

	/* Cohorts */
	const cohort = rows(`SELECT cohort_start, to_char(cohort_start, 'FMMon YYYY') AS name, json_agg(trim_scale(net_revenue_retention_rate)::text ORDER BY age_months) AS rates FROM nudge_reporting.revenue_cohort_months WHERE complete AND currency = 'USD' AND age_months <= 12 GROUP BY cohort_start ORDER BY cohort_start DESC OFFSET 3 LIMIT 1`)[0];
	same('cohorts of revenue', await page.evaluate(name => [...[...document.querySelectorAll('#revenue-cohorts tbody tr')].find(row => row.querySelector('th').textContent === name).querySelectorAll('data')].map(node => node.getAttribute('value')), cohort.name), cohort.rates);

	/* Lists ---------------------------------------------------------------- */

	const listed = () => page.evaluate(() =>
	{
		const node = document.querySelector('dialog[open] .entities');
		return node && { start: node.dataset.start, count: node.querySelector('.list-count')?.getAttribute('value') ?? null, sum: node.querySelector('.list-sum')?.getAttribute('value') ?? null, rows: [...node.querySelectorAll('tbody tr')].map(row => [row.querySelector('.entity').getAttribute('value'), row.querySelector('td data').getAttribute('value')]) };
	});
	/* by keyboard: Enter on the tile, Escape, and the focus is back */
	await page.focus('.tile[data-metric=mrr]');
	await page.keyboard.press('Enter');
	await page.waitForSelector('dialog[open] .entities');
	const mrrList = await listed();
	same('who is behind MRR: count and sum', [mrrList.count, mrrList.sum], Object.values(rows(`SELECT closing_customers::text AS c, trim_scale(closing_mrr)::text AS s FROM nudge_reporting.mrr_monthly WHERE period_start = '${last}'`)[0]));
	same('who is behind MRR: the largest', mrrList.rows, rows(`SELECT customer AS c, trim_scale(closing_mrr)::text AS m FROM nudge_reporting.customer_revenue_monthly WHERE period_start = '${last}' AND closing_mrr > 0 ORDER BY closing_mrr DESC, customer COLLATE "C" LIMIT 25`).map(row => [row.c, row.m]));
	const nasty = process.env.NASTY;
	const texts = await page.evaluate(() => document.querySelector('dialog[open] .entities').textContent);
	says('names that try to be markup are text', texts.includes(nasty + ' & "Sons" O\'Neil\u2028'), texts.slice(0, 400));
	await page.keyboard.press('Escape');
	same('Escape closes, and the focus is back', await page.evaluate(() => [document.querySelector('dialog').open, document.activeElement.dataset.metric]), [false, 'mrr']);
	const movements = { new_mrr: 'new', reactivation_mrr: 'reactivation', expansion_mrr: 'expansion', contraction_mrr: 'contraction', churn_mrr: 'churn' };
	for (const slice of ['', 'segment:SMB'])
	{
		await choose(page, 'slice', slice);
		for (const month of slice ? [months[0]] : [months[0], months[4]])
			for (const metric of Object.keys(movements))
			{
				const [dimension, value] = slice ? slice.split(':') : ['all', 'all'];
				const total = rows(`SELECT trim_scale(value)::text AS s FROM nudge_reporting.metric_values WHERE metric = '${metric}' AND period_start = '${month}' AND dimension = '${dimension}' AND dimension_value = '${value}'`)[0].s;
				const wanted = rows(`SELECT m.customer AS c, trim_scale(m.${metric})::text AS v FROM nudge_reporting.customer_revenue_monthly m JOIN nudge_reporting.customer_details d USING (customer) WHERE m.period_start = '${month}' AND m.${metric} <> 0 ${slice ? `AND d.segment = '${value}'` : ''} ORDER BY abs(m.${metric}) DESC, m.customer COLLATE "C"`);
				await choose(page, 'period', `month:${month}`);
				await page.click(`tr[data-metric=${metric}] .link`);
				await page.waitForSelector('dialog[open]');
				const got = await listed();
				same(`who is behind ${metric} in ${month}${slice && ', ' + slice}`, got ? [got.count === null ? null : got.sum, got.rows] : 'no list', wanted.length ? [total, wanted.slice(0, 25).map(row => [row.c, row.v])] : [null, []]);
				await page.click('dialog[open] .detail-head button');
			}
	}
	await choose(page, 'slice', '');
	await choose(page, 'period', `month:${months[0]}`);
	for (const [metric, query] of [['at_risk_customers', `SELECT trim_scale(value)::text AS n FROM nudge_reporting.kpi_current WHERE metric = 'at_risk_customers'`], ['tickets_opened', `SELECT tickets_total::text AS n FROM nudge_reporting.support_monthly WHERE dimension = 'all' AND period_start = '${months[0]}'`], ['incidents', `SELECT count(*)::text AS n FROM nudge_reporting.platform_incidents WHERE date_trunc('month', started_day)::date = '${months[0]}'`]])
	{
		await page.click(`tr[data-metric=${metric}] .link`);
		await page.waitForSelector('dialog[open] .entities');
		const got = await listed();
		same(`who is behind ${metric}`, [got.count, (await shown(page))[metric].value], [rows(query)[0].n, rows(query)[0].n]);
		await page.click('dialog[open] .detail-head button');
	}
	await choose(page, 'period', '');

	/* What surrounds the numbers ------------------------------------------- */

	await page.click('tr[data-metric=quick_ratio] .link');
	const words = await page.evaluate(() => document.querySelector('dialog[open]').textContent);
	const meaning = rows(`SELECT description, formula FROM nudge_reporting.metric_catalog WHERE metric = 'quick_ratio'`)[0];
	says('a detail has definition and formula', words.includes(meaning.description) && words.includes(meaning.formula));
	await page.keyboard.press('Escape');
	says('annotations are listed below the chart', (await page.textContent('#mrr-movements .notes')).includes(nasty));
	same('the title is text', [await page.title(), await page.textContent('h1')], ['Acme ' + nasty, 'Acme ' + nasty]);
	const fresh = rows(`SELECT count(*)::int AS n, to_char(min(as_of) FILTER (WHERE freshness_status <> 'disabled') AT TIME ZONE 'UTC', 'FMDD Mon YYYY, HH24:MI') AS at FROM nudge_reporting.data_freshness`)[0];
	same('freshness has all marts', await page.evaluate(() => document.querySelectorAll('#freshness-card tbody tr').length), fresh.n);
	says('as of is that of the oldest mart', (await page.textContent('#as-of')).replace('Sept', 'Sep').includes(fresh.at), await page.textContent('#as-of'), fresh.at);
	says('the page says what it leaves out', /largest 25/.test(await page.textContent('#foot')));
	same('no text became markup', await page.evaluate(() => [window.hurt ?? null, document.querySelectorAll('img').length]), [null, 0]);
	await page.click('#theme');
	says('the button makes it dark', await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b) < 150));
	/* the address holds the filters */
	await choose(page, 'slice', 'segment:SMB');
	await choose(page, 'compare', 'year');
	const address = page.url();
	const again = await page.context().newPage();
	again.on('pageerror', error => trouble.push(String(error)));
	await again.goto(address);
	await again.waitForSelector('html[data-ready]');
	same('the address holds the filters', await again.evaluate(() => [document.querySelector('select[name=slice]').value, document.querySelector('select[name=compare]').value]), ['segment:SMB', 'year']);
	await again.goto(address.replace(/#.*/, '#slice=segment:nobody&period=month:1999-01-01&compare=x&currency=%3Cb%3E&range=-1'));
	await again.waitForSelector('html[data-ready]');
	sameNumbers('an address that makes no sense shows the last complete periods', pick(await shown(again), 'value'), of('value', kpis), 100);
	await page.context().close();

	/* Several currencies, a fiscal year, and most inputs missing ------------ */

	const other = process.env.PGDATABASE + '_2';
	const small = await open(currencyPage, 390, 'light');
	const reasons = mapping(`SELECT null_reason AS key, count(*)::int AS value FROM nudge_reporting.kpi_current WHERE value IS NULL GROUP BY 1`, other);
	says('without a currency nothing stands for all', reasons['several currencies'] > 0 && reasons['not deployed'] > 0, reasons);
	for (const currency of ['EUR', 'JPY'])
	{
		await choose(small, 'currency', currency);
		sameNumbers(`currency ${currency}: values of the last complete month`, pick(await shown(small), 'value'), mapping(`SELECT metric AS key, trim_scale(value)::text AS value FROM nudge_reporting.metric_values WHERE currency = '${currency}' AND dimension = 'all' AND grain = 'month'
			AND period_start = (SELECT max(period_start) FROM nudge_reporting.metric_values WHERE metric = 'mrr' AND complete AND currency = '${currency}') AND value IS NOT NULL AND metric !~ '^(net|gross)_revenue|^logo_retention'`, other), 10);
		sameNumbers(`currency ${currency}: as they are written`, pick(await shown(small), 'text'), mapping(`SELECT 'mrr' AS key, ${WRITTEN} AS value FROM (SELECT value, currency, 'currency' AS unit FROM nudge_reporting.metric_values WHERE metric = 'mrr' AND complete AND dimension = 'all' AND currency = '${currency}' ORDER BY period_start DESC LIMIT 1) v`, other), 1);
	}
	await choose(small, 'slice', 'currency:EUR');
	same('a slice of one currency is in that one', (await shown(small)).mrr.text, rows(`SELECT ${WRITTEN} AS t FROM (SELECT value, currency, 'currency' AS unit FROM nudge_reporting.metric_values WHERE metric = 'mrr' AND complete AND dimension = 'currency' AND dimension_value = 'EUR' ORDER BY period_start DESC LIMIT 1) v`, other)[0].t);
	await choose(small, 'slice', '');
	const fiscal = await small.evaluate(() => [...document.querySelectorAll('select[name=period] optgroup')].map(group => [group.label, group.querySelector('option').textContent.replace(' (so far)', '')]));
	same('quarters and years are fiscal', fiscal.slice(1), rows(`SELECT 'Fiscal quarters' AS a, format('Q%s FY%s', fiscal_quarter, fiscal_year) AS b FROM nudge_reporting.calendar_days WHERE is_today UNION ALL SELECT 'Fiscal years', format('FY%s', fiscal_year) FROM nudge_reporting.calendar_days WHERE is_today`, other).map(row => Object.values(row)));
	const missing = await shown(small);
	says('what is not mapped says so', /not mapped/i.test(missing.nps?.reason || ''), missing.nps);
	await small.context().close();

	/* Totals alone ----------------------------------------------------------- */

	const totals = await open(totalsPage, 1440, 'light');
	sameNumbers('--top 0: values of kpi_current', pick(await shown(totals), 'value'), of('value', kpis), 100);
	const file = readFileSync(totalsPage, 'utf8');
	same('--top 0: no customer and no segment is in the file', rows(`SELECT customer AS c FROM nudge_reporting.customer_details UNION ALL SELECT customer_name FROM nudge_reporting.customer_details UNION ALL SELECT DISTINCT dimension_value FROM nudge_reporting.metric_values WHERE dimension = 'industry'`).map(row => row.c).filter(text => text && text.length > 4 && file.includes(JSON.stringify(text))), []);
	same('no errors, no warnings, no requests', trouble, []);
	await browser.close();
	process.exit(failed ? 1 : 0);
}

main().catch(error =>
{
	console.log(`NOT ok: overview: ${error.stack}`);
	process.exit(1);
});
