#
# sqlalchemy_client.py
#		What tools upon SQLAlchemy, such as Superset, reflect from nudge_reporting.
#
# Arguments: the URL, a file with the names of the views.  Each test is a line "ok: ..." or
# "NOT ok: ...".  Works with SQLAlchemy 1.4 and 2.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

import sys
import warnings
from decimal import Decimal

import sqlalchemy
from sqlalchemy import MetaData, Table, create_engine, func, inspect, select, text
from sqlalchemy import types as sqltypes

SCHEMA = "nudge_reporting"
failed = 0


def check(name, wrong, seen):
    global failed
    if not seen:
        wrong = ["there was nothing to look at"]
    if wrong:
        failed += 1
        print("NOT ok: sqlalchemy: %s: %s" % (name, "; ".join(str(w) for w in wrong[:20])))
    else:
        print("ok: sqlalchemy: %s" % name)


def known(kind):
    """One of the eight types that public views have, with a scale if it is numeric."""
    if isinstance(kind, sqltypes.TIMESTAMP):
        return kind.timezone
    if isinstance(kind, sqltypes.Float):
        return True
    if isinstance(kind, sqltypes.Numeric):
        return kind.precision is not None and kind.scale is not None
    return isinstance(kind, (sqltypes.Date, sqltypes.Integer, sqltypes.Text, sqltypes.Boolean))


def main(url, names):
    print("SQLAlchemy", sqlalchemy.__version__)
    engine = create_engine(url, future=True)
    wanted = sorted(open(names).read().split())
    # a type that is not known is a warning, and a NullType
    warnings.simplefilter("error", category=sqlalchemy.exc.SAWarning)
    inspector = inspect(engine)
    views = sorted(inspector.get_view_names(schema=SCHEMA))
    check("get_view_names has the views", [] if views == wanted else [views, wanted], views)
    check("get_table_names has nothing", inspector.get_table_names(schema=SCHEMA), True)

    metadata = MetaData()
    tables, wrong = {}, []
    for view in views:
        try:
            tables[view] = Table(view, metadata, schema=SCHEMA, autoload_with=engine)
        except sqlalchemy.exc.SAWarning as e:
            wrong.append("%s: %s" % (view, e))
    check("every view is reflected without a warning", wrong, tables)
    columns = [c for t in tables.values() for c in t.columns]
    check("every type is known", ["%s is %r" % (c, c.type) for c in columns if not known(c.type)], columns)
    check("every column has its comment", [c for c in columns if not c.comment], columns)
    comments = {v: inspector.get_table_comment(v, schema=SCHEMA)["text"] for v in views}
    check("every view has its comment", [v for v, c in comments.items() if not (c or "").startswith("One row per ")], comments)
    check("definitions can be read", [v for v in views if not inspector.get_view_definition(v, schema=SCHEMA)], views)

    with engine.connect() as db:
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        wrong, seen = [], 0
        for view, table in tables.items():
            numbers = [c for c in table.columns if isinstance(c.type, sqltypes.Numeric) and not isinstance(c.type, sqltypes.Float)]
            if not numbers or db.execute(select(func.count()).select_from(table)).scalar() > 10000:
                continue
            rows = db.execute(select(*numbers)).all()
            there = db.execute(select(*[func.sum(c) for c in numbers])).one()
            for n, c in enumerate(numbers):
                here = [r[n] for r in rows if r[n] is not None]
                seen += 1
                if here and (sum(here) != there[n] or not all(isinstance(v, Decimal) and v.is_finite() for v in here)):
                    wrong.append(c)
        check("amounts arrive to the last digit", wrong, seen)

    # As Superset does for a dataset of another schema; nothing in it may stand in for what the views mean
    with engine.connect() as db:
        counts = {v: db.execute(select(func.count()).select_from(t)).scalar() for v, t in tables.items()}
        db.execute(text("SET search_path = elsewhere"))
        wrong = []
        for view, table in tables.items():
            try:
                with db.begin_nested():
                    if db.execute(select(func.count()).select_from(table)).scalar() != counts[view]:
                        wrong.append("%s has another number of rows" % view)
                    db.execute(select(table).limit(1000)).all()
            except sqlalchemy.exc.DBAPIError as e:
                wrong.append("%s: %s" % (view, e.orig))
        check("every view reads the same with another search_path", wrong, tables)
        wrong, seen = [], 0
        for view, table in tables.items():
            for c in table.columns:
                if isinstance(c.type, sqltypes.Date):
                    seen += 1
                    grouped = db.execute(select(func.date_trunc("month", c), func.count()).group_by(func.date_trunc("month", c))).all()
                    if sum(r[1] for r in grouped) != counts[view]:
                        wrong.append(c)
        check("dates group by month", wrong, seen)
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
