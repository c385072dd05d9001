/*
 * duckdb.js
 *		DuckDB's side of bench/run.
 *
 * node duckdb.js version
 * node duckdb.js load DIRECTORY TABLE CSV
 * node duckdb.js run DIRECTORY THREADS QUERY.sql OUT.csv
 *
 * Prints milliseconds.  A run is the second of two in one process, so that the
 * table is in memory.  THREADS 0 leaves DuckDB's default.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { DuckDBInstance } = require('@duckdb/node-api');

const TABLES = {
	subscriptions: "{customer: 'BIGINT', valid_from: 'DATE', valid_to: 'DATE', mrr: 'DECIMAL(12, 2)'}",
	events: `{user_id: 'BIGINT', "at": 'TIMESTAMP', day: 'DATE', event: 'VARCHAR'}`,
	touches: `{customer: 'BIGINT', "at": 'TIMESTAMP', channel: 'VARCHAR'}`,
	conversions: `{conversion: 'BIGINT', customer: 'BIGINT', "at": 'TIMESTAMP', revenue: 'DECIMAL(12, 2)'}`,
	accounts: "{customer: 'BIGINT', usage: 'DOUBLE', engagement: 'DOUBLE', satisfaction: 'DOUBLE', growth: 'DOUBLE', advocacy: 'DOUBLE'}",
	daily_scores: "{customer: 'BIGINT', day: 'DATE', score: 'DOUBLE'}",
	samples: `{"at": 'TIMESTAMP', duration_ms: 'DOUBLE'}`
};
// the order in which queries are the fastest; putting rows into it is not timed
const ORDER = { events: 'user_id, "at"', touches: 'customer, "at"', conversions: 'customer, "at"', daily_scores: 'customer, day' };
const LOAD = (table, csv) => `
	CREATE OR REPLACE TABLE ${table} AS
	SELECT * FROM read_csv('${csv}', header = false, columns = ${TABLES[table]})`;

async function timed(work) {
	const start = process.hrtime.bigint();
	const result = await work();

	return [Number(process.hrtime.bigint() - start) / 1e6, result];
}

async function main([what, directory, ...rest]) {
	const file = what === 'version' ? ':memory:' : path.join(directory, 'bench.duckdb');
	const instance = await DuckDBInstance.create(file);
	const connection = await instance.connect();
	const ask = async query => (await connection.runAndReadAll(query)).getRowsJson();

	if (what === 'version') {
		const [[version, threads]] = await ask("SELECT version(), current_setting('threads')");
		console.log(`DuckDB ${version} (${threads} threads)`);
	} else if (what === 'load') {
		const [ms] = await timed(() => ask(LOAD(...rest)));
		const [table] = rest;

		if (ORDER[table])
			await ask(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${table} ORDER BY ${ORDER[table]}`);
		console.log(ms);
	} else {
		const [threads, query, out] = rest;
		const text = fs.readFileSync(query, 'utf8');

		if (threads !== '0')
			await ask(`SET threads = ${Number(threads)}`);
		await ask(text);
		const [ms, rows] = await timed(() => ask(text));
		fs.writeFileSync(out, rows.map(row => row.join(',') + '\n').join(''));
		console.log(ms);
	}
}

main(process.argv.slice(2)).catch(error => {
	console.error(error.message);
	process.exit(1);
});
