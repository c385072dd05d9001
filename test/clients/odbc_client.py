#
# odbc_client.py
#		What tools upon ODBC, such as Tableau and Power BI, see of nudge_reporting.
#
# Arguments: the connection string, a file with the names of the views.  Each test is a line
# "ok: ..." or "NOT ok: ...".
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

import datetime
import math
import sys
from decimal import Decimal

import pyodbc

SCHEMA = "nudge_reporting"
TYPES = {
    pyodbc.SQL_TYPE_DATE: datetime.date, pyodbc.SQL_TYPE_TIMESTAMP: datetime.datetime, pyodbc.SQL_NUMERIC: Decimal, pyodbc.SQL_INTEGER: int,
    pyodbc.SQL_BIGINT: int, pyodbc.SQL_DOUBLE: float, pyodbc.SQL_VARCHAR: str, pyodbc.SQL_WVARCHAR: str, pyodbc.SQL_BIT: bool,
}
failed = 0


def check(name, wrong, seen):
    global failed
    if not seen:
        wrong = ["there was nothing to look at"]
    if wrong:
        failed += 1
        print("NOT ok: odbc: %s: %s" % (name, "; ".join(str(w) for w in wrong[:20])))
    else:
        print("ok: odbc: %s" % name)


def main(connection, names):
    # text as VARCHAR, by which it can be grouped; booleans as BIT
    db = pyodbc.connect(connection + ";TextAsLongVarchar=0;BoolsAsChar=0;MaxVarcharSize=8000", autocommit=False)
    print(db.getinfo(pyodbc.SQL_DRIVER_NAME), db.getinfo(pyodbc.SQL_DRIVER_VER))
    c = db.cursor()
    wanted = sorted(open(names).read().split())
    tables = [(t.table_name, t.table_type) for t in c.tables(schema=SCHEMA)]
    check("SQLTables has the views, as VIEW", [t for t in tables if t[1] != "VIEW"] + ([] if sorted(t[0] for t in tables) == wanted else [tables]), tables)
    columns = {}
    for r in c.columns(schema=SCHEMA):
        columns.setdefault(r.table_name, {})[r.column_name] = (r.data_type, r.decimal_digits)
    seen = [(v, n, t) for v, f in columns.items() for n, t in f.items()]
    check("SQLColumns knows every type", [s for s in seen if s[2][0] not in TYPES], seen)
    check("and the scale of every NUMERIC", [s for s in seen if s[2][0] == pyodbc.SQL_NUMERIC and s[2][1] is None], seen)

    c.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    kinds, digits, fetched, summed = [], [], 0, 0
    for view, fields in columns.items():
        rows = c.execute('SELECT * FROM "%s"."%s" LIMIT 10000' % (SCHEMA, view)).fetchall()
        for n, (name, (kind, _)) in enumerate(fields.items()):
            values = [r[n] for r in rows if r[n] is not None]
            fetched += len(values)
            kinds += ["%s.%s: %r" % (view, name, v) for v in values if not isinstance(v, TYPES[kind]) or isinstance(v, float) and not math.isfinite(v)][:1]
            if kind == pyodbc.SQL_NUMERIC and values and len(rows) < 10000:
                summed += 1
                there = c.execute('SELECT sum("%s")::text FROM "%s"."%s"' % (name, SCHEMA, view)).fetchval()
                if sum(values) != Decimal(there):
                    digits.append("%s.%s: %s, not %s" % (view, name, sum(values), there))
    check("values arrive as what they are", kinds, fetched)
    check("amounts arrive to the last digit", digits, summed)
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
