/*
 * charts.js
 *		Charts by ECharts, on a canvas, in the colours of the page.
 *
 * Tooltips are made of nodes and not of markup, so that no text of the data is
 * ever read as HTML; what is drawn also stands in a table beside each chart.
 */

const charts = new Set();
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

function themeColors()
{
	const style = getComputedStyle(document.documentElement);
	const color = name => style.getPropertyValue('--' + name).trim();
	return {
		of: (name, n) => name === undefined ? color('series-' + (n % 12 + 1)) : color(name),
		text: color('text'), soft: color('soft'), line: color('line'), card: color('card'), accent: color('accent'), good: color('good'), bad: color('bad'), warn: color('warn'), mute: color('mute'),
		series: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(n => color('series-' + n))
	};
}

const drawLater = new IntersectionObserver(entries =>
{
	for (const entry of entries)
		if (entry.isIntersecting)
		{
			drawLater.unobserve(entry.target);
			entry.target.draw();
		}
}, { rootMargin: '300px' });

const resized = new ResizeObserver(entries =>
{
	for (const entry of entries)
		entry.target.chart?.resize();
});

/* Draws once it is seen; option is a function of the colours */
function drawChart(node, option, click)
{
	node.draw = () =>
	{
		node.chart ??= echarts.init(node, null, { renderer: 'canvas' });
		node.chart.setOption({ animation: !stillness.matches, animationDuration: 300, aria: { enabled: false }, ...option(themeColors()) }, true);
		if (click)
		{
			node.chart.off('click');
			node.chart.on('click', click);
		}
		charts.add(node);
		resized.observe(node);
	};
	drawLater.observe(node);
}

function forgetCharts(root)
{
	for (const node of [...charts])
		if (root.contains(node))
		{
			resized.unobserve(node);
			node.chart.dispose();
			node.chart = null;
			charts.delete(node);
		}
}

function redrawCharts()
{
	for (const node of charts)
		node.draw();
}

/* title, and lines of [colour, name, text] */
function tooltipNode(title, lines, footer)
{
	return h('div', { class: 'tip' }, h('strong', {}, title),
		lines.map(([color, name, text]) => h('div', { class: 'tip-line' }, swatch(color), h('span', {}, name), h('b', {}, text))),
		footer ? h('div', { class: 'tip-note' }, footer) : null);
}

function swatch(color)
{
	const node = h('i', { class: 'swatch' });
	if (typeof color === 'string')
		node.style.background = color;
	return node;
}

function baseOption(colors, more)
{
	return {
		color: colors.series,
		textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colors.soft },
		grid: { left: 8, right: 14, top: more.legend ? 38 : 14, bottom: 4, containLabel: true },
		tooltip: { trigger: 'axis', confine: true, backgroundColor: colors.card, borderColor: colors.line, padding: 0, textStyle: { color: colors.text, fontSize: 12 }, axisPointer: { type: more.pointer || 'line', lineStyle: { color: colors.mute }, shadowStyle: { color: colors.mute, opacity: 0.12 } }, formatter: more.tooltip },
		legend: more.legend ? { type: 'scroll', top: 0, left: 0, icon: 'roundRect', itemWidth: 10, itemHeight: 10, itemGap: 14, textStyle: { color: colors.soft, fontSize: 12 }, pageIconColor: colors.accent, pageIconInactiveColor: colors.line, pageTextStyle: { color: colors.soft }, data: more.legend } : undefined
	};
}

function categoryAxis(colors, names)
{
	return { type: 'category', data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: colors.line } }, axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, margin: 10 } };
}

function valueAxis(colors, unit, currency, more)
{
	return { type: 'value', splitLine: { lineStyle: { color: colors.line, opacity: 0.7 } }, minInterval: unit === 'count' ? 1 : 0, axisLabel: { color: colors.soft, fontSize: 11, formatter: number => formatAxis(number, unit, currency) }, ...more };
}

/* Vertical lines with the numbers of the notes below the chart */
function noteLines(colors, notes)
{
	return {
		silent: true, symbol: 'none', animation: false,
		lineStyle: { color: colors.warn, type: 'dashed', width: 1, opacity: 0.9 },
		label: { show: true, position: 'end', distance: 2, formatter: line => line.name, color: colors.card, backgroundColor: colors.warn, borderRadius: 8, padding: [2, 5], fontSize: 10, fontWeight: 'bold' },
		data: notes.map(note => ({ xAxis: note.index, name: String(note.number) }))
	};
}

/*
 * Lines, areas or bars over periods.
 * lines: [{ name, values (decimals), kind, stack, dashed, axis, color, open,
 * partial }]: if the last period is open, its bar is pale, and a line of what is
 * partial ends before it.
 */
function timeOption(colors, { names, lines, unit, currency, notes, legend, footer, axisFromZero })
{
	const option = baseOption(colors, {
		legend: legend ? lines.filter(line => !line.quiet).map(line => line.name) : null,
		pointer: lines.some(line => line.kind === 'bar') ? 'shadow' : 'line',
		tooltip: parts =>
		{
			const index = parts[0].dataIndex;
			return tooltipNode(names[index], lines.map((line, n) => [line, n]).filter(([line]) => line.values[index] !== null && line.values[index] !== undefined)
				.map(([line, n]) => [colors.of(line.color, n), line.name, formatValue(line.values[index], line.unit || unit, currency)]), footer ? footer(index) : null);
		}
	});
	option.xAxis = { ...categoryAxis(colors, names), boundaryGap: lines.some(line => line.kind === 'bar') };
	option.yAxis = [valueAxis(colors, unit, currency, { scale: !axisFromZero && !lines.some(line => line.kind === 'bar') })];
	if (lines.some(line => line.axis === 1))
		option.yAxis.push(valueAxis(colors, lines.find(line => line.axis === 1).unit || unit, currency, { scale: true, splitLine: { show: false } }));
	if (notes && notes.length)
		option.grid.top += 14;
	option.series = lines.map((line, n) =>
	{
		const color = colors.of(line.color, n);
		return {
			name: line.name, type: line.kind === 'bar' ? 'bar' : 'line', stack: line.stack, yAxisIndex: line.axis || 0,
			data: line.values.map((value, index) => !line.open || index < line.values.length - 1 ? decimalNumber(value) : line.kind === 'bar' ? { value: decimalNumber(value), itemStyle: { opacity: 0.4 } } : line.partial ? null : decimalNumber(value)),
			color, symbol: 'circle', symbolSize: 6, showSymbol: line.values.length === 1, connectNulls: false, step: line.step ? 'middle' : false,
			lineStyle: { width: line.dashed ? 1.5 : 2.25, type: line.dashed ? 'dashed' : 'solid', color },
			areaStyle: line.kind === 'area' ? { opacity: line.stack ? 0.75 : 0.12, color } : undefined,
			barMaxWidth: 28, itemStyle: { color, borderRadius: line.stack ? 0 : 3 }, emphasis: { focus: line.stack ? 'series' : 'none' },
			markLine: n === 0 && notes && notes.length ? noteLines(colors, notes) : undefined
		};
	});
	return option;
}

/* From an opening to a closing balance; steps: [{ name, value, kind }] */
function bridgeOption(colors, { steps, unit, currency })
{
	let level = 0n;
	const base = [], up = [];
	for (const step of steps)
	{
		const from = step.kind === 'total' ? 0n : level;
		const to = step.kind === 'total' ? step.value : level + step.value;
		base.push(decimalNumber(from < to ? from : to));
		up.push({ value: decimalNumber(absDecimal(to - from)), itemStyle: { color: colors.of(step.color), borderRadius: 3 } });
		level = to;
	}
	/* so that movements are seen beside balances: the axis begins near the lowest level */
	const levels = base.filter((value, index) => steps[index].kind !== 'total').concat(steps.filter(step => step.kind === 'total').map(step => decimalNumber(step.value)));
	const low = Math.min(...levels), high = Math.max(...base.map((value, index) => value + up[index].value));
	const start = low - (high - low) * 0.35 > 0 ? low - (high - low) * 0.35 : 0;
	const option = baseOption(colors, { pointer: 'shadow', tooltip: parts => tooltipNode(steps[parts[0].dataIndex].name, [[colors.of(steps[parts[0].dataIndex].color), '', formatValue(steps[parts[0].dataIndex].value, unit, currency)]]) });
	option.grid.top = 26;
	option.xAxis = categoryAxis(colors, steps.map(step => step.name));
	option.xAxis.axisLabel.interval = 0;
	option.xAxis.axisLabel.hideOverlap = false;
	option.xAxis.axisLabel.rotate = innerWidth < 720 ? 38 : 0;
	option.yAxis = valueAxis(colors, unit, currency, { min: start, axisLabel: { color: colors.soft, fontSize: 11, formatter: number => number === start && start > 0 ? '' : formatAxis(number, unit, currency) } });
	option.series = [
		{ type: 'bar', stack: 'bridge', silent: true, itemStyle: { color: 'transparent' }, data: base, barMaxWidth: 46, tooltip: { show: false } },
		{ type: 'bar', stack: 'bridge', data: up, barMaxWidth: 46, label: { show: true, position: 'top', color: colors.text, fontSize: 11, formatter: part => formatAxis(decimalNumber(steps[part.dataIndex].value), unit, currency) } }
	];
	return option;
}

/* Horizontal bars, longest first as given */
function barsOption(colors, { names, values, texts, unit, currency, compare, compareName, name, color })
{
	const option = baseOption(colors, {
		pointer: 'shadow', legend: compare ? [name, compareName] : null,
		tooltip: parts =>
		{
			const index = parts[0].dataIndex;
			return tooltipNode(names[index], [[colors.of(color || 'accent'), name, texts ? texts[index] : formatValue(values[index], unit, currency)]].concat(compare ? [[colors.mute, compareName, formatValue(compare[index], unit, currency)]] : []));
		}
	});
	option.grid.right = 100;
	option.xAxis = { ...valueAxis(colors, unit, currency), splitNumber: 4 };
	option.yAxis = { ...categoryAxis(colors, names), inverse: true, axisLabel: { color: colors.soft, fontSize: 12, width: 120, overflow: 'truncate' } };
	option.series = [{
		name, type: 'bar', data: values.map(decimalNumber), barMaxWidth: 22, itemStyle: { color: colors.of(color || 'accent'), borderRadius: 3 },
		label: { show: true, position: 'right', color: colors.text, fontSize: 11, formatter: part => texts ? texts[part.dataIndex] : formatValue(values[part.dataIndex], unit, currency) }
	}];
	if (compare)
		option.series.push({ name: compareName, type: 'bar', data: compare.map(decimalNumber), barMaxWidth: 10, itemStyle: { color: colors.mute, opacity: 0.6, borderRadius: 3 } });
	return option;
}

function sparkOption(colors, values, target)
{
	const numbers = values.map(decimalNumber);
	return {
		animation: false, grid: { left: 1, right: 3, top: 4, bottom: 3 },
		xAxis: { type: 'category', show: false, boundaryGap: false, data: numbers.map((_, n) => n) }, yAxis: { type: 'value', show: false, scale: true },
		series: [{
			type: 'line', data: numbers, silent: true, symbol: (_, part) => part.dataIndex === numbers.length - 1 ? 'circle' : 'none', symbolSize: 5, showAllSymbol: true, showSymbol: true,
			lineStyle: { width: 1.75, color: colors.accent }, itemStyle: { color: colors.accent }, areaStyle: { color: colors.accent, opacity: 0.1 },
			markLine: target === null || target === undefined ? undefined : { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: colors.mute, type: 'dashed', width: 1 }, data: [{ yAxis: decimalNumber(target) }] }
		}]
	};
}
