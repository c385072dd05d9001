/*
 * assemble.mjs ROWS LIBRARIES OUT
 *		Puts what data.sql has printed, the chart library below the directory
 *		LIBRARIES and the parts of the page beside this file into one file.
 *
 * The page may run these scripts and use this style, by their hashes, and load
 * nothing from anywhere.
 */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [rows, libraries, out] = process.argv.slice(2);
const read = name => readFileSync(new URL(name, import.meta.url), 'utf8');

/* No text ends a script element, opens a comment in it, or ends a line of JavaScript. */
const escaped = json => json.replace(/[<>&\u2028\u2029]/g, character => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0'));
const markup = text => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const data = { lists: [] };
for (const line of readFileSync(rows, 'utf8').split('\n').filter(Boolean))
{
	const tab = line.indexOf('\t');
	const name = line.slice(0, tab), section = JSON.parse(line.slice(tab + 1) || 'null') ?? [];
	if (name === 'lists')
		data.lists.push(section);
	else
		data[name] = section;
}

const library = readFileSync(join(libraries, 'echarts/dist/echarts.common.min.js'), 'utf8');
if (/<\/script|<!--/i.test(library))
	throw new Error('the chart library holds the end of a script element');
const script = "'use strict';\n(() => {\n" + ['decimal.js', 'model.js', 'charts.js', 'elements.js', 'cards.js', 'detail.js', 'page.js'].map(read).join('\n') + '})();\n';
const style = read('page.css');
const parts = {
	policy: `default-src 'none'; script-src ${hash(library)} ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`,
	title: markup(data.made.title),
	style, library, script,
	data: escaped(JSON.stringify(data))
};
writeFileSync(out, read('page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]));
