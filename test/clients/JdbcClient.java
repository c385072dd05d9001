/*
 * JdbcClient.java
 *		What Metabase asks a database by way of pgjdbc, asked of nudge_reporting:
 *		first the metadata, then what a sync and the questions of people run.
 *
 * Arguments: URL, user, file with the names of the views.  The password is in
 * PGPASSWORD.  Each test is a line "ok: ..." or "NOT ok: ...".
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

public class JdbcClient {
	static final String SCHEMA = "nudge_reporting";
	static final Set<String> TYPE_NAMES = Set.of("date", "timestamptz", "numeric", "int4", "int8", "float8", "text", "bool");
	static final Set<String> NUMBERS = Set.of("numeric", "int4", "int8", "float8");
	static final Set<Integer> UNKNOWN_TYPES = Set.of(Types.OTHER, Types.DISTINCT, Types.STRUCT, Types.ARRAY, Types.JAVA_OBJECT);
	static final String[] ZONES = {"UTC", "America/Los_Angeles", "Pacific/Auckland"};

	record Column(String name, int dataType, String typeName, int size, Integer digits) {}

	static Connection db;
	static int failed = 0;

	/** One test over many things: those that are wrong are listed. */
	static class Check {
		final String name;
		final List<String> wrong = new ArrayList<>();
		int seen = 0;

		Check(String name) {
			this.name = name;
		}

		void that(boolean right, String what) {
			seen++;
			if (!right)
				wrong.add(what);
		}

		void done() {
			if (seen == 0)
				wrong.add("there was nothing to look at");
			if (wrong.isEmpty())
				System.out.println("ok: jdbc: " + name);
			else {
				failed++;
				System.out.println("NOT ok: jdbc: " + name + ": " + String.join("; ", wrong.subList(0, Math.min(20, wrong.size()))));
			}
		}
	}

	static String quoted(String name) {
		return '"' + name.replace("\"", "\"\"") + '"';
	}

	static String relation(String view) {
		return quoted(SCHEMA) + "." + quoted(view);
	}

	static List<List<String>> rows(String query) throws SQLException {
		List<List<String>> result = new ArrayList<>();
		try (Statement s = db.createStatement(); ResultSet r = s.executeQuery(query)) {
			while (r.next()) {
				List<String> row = new ArrayList<>();
				for (int i = 1; i <= r.getMetaData().getColumnCount(); i++)
					row.add(r.getString(i));
				result.add(row);
			}
		}
		return result;
	}

	static void execute(String statement) throws SQLException {
		try (Statement s = db.createStatement()) {
			s.execute(statement);
		}
	}

	static String sqlstate(String statement) {
		try {
			execute(statement);
			return "no error";
		} catch (SQLException e) {
			return e.getSQLState();
		}
	}

	// The metadata -------------------------------------------------------------

	static Set<String> views(DatabaseMetaData meta, Set<String> wanted) throws SQLException {
		Check listed = new Check("getTables lists the views, as VIEW");
		Check remarks = new Check("each view has REMARKS that say what one row is");
		Check keys = new Check("getPrimaryKeys, getImportedKeys and getIndexInfo answer, and find nothing");
		Set<String> names = new TreeSet<>();
		try (ResultSet r = meta.getTables(null, SCHEMA, "%", new String[] {"TABLE", "PARTITIONED TABLE", "VIEW", "FOREIGN TABLE", "MATERIALIZED VIEW"})) {
			while (r.next()) {
				String name = r.getString("TABLE_NAME");
				String remark = r.getString("REMARKS");
				names.add(name);
				listed.that("VIEW".equals(r.getString("TABLE_TYPE")), name + " is a " + r.getString("TABLE_TYPE"));
				remarks.that(remark != null && remark.startsWith("One row per "), name + ": " + remark);
			}
		}
		listed.that(names.equals(wanted), "listed " + names + ", there are " + wanted);
		for (String name : names) {
			try (ResultSet p = meta.getPrimaryKeys(null, SCHEMA, name); ResultSet f = meta.getImportedKeys(null, SCHEMA, name);
					ResultSet i = meta.getIndexInfo(null, SCHEMA, name, false, true)) {
				keys.that(!p.next() && !f.next() && !i.next(), name);
			}
		}
		listed.done();
		remarks.done();
		keys.done();
		return names;
	}

	static Map<String, Map<String, Column>> columns(DatabaseMetaData meta, Set<String> views) throws SQLException {
		Check remarks = new Check("each column has REMARKS");
		Check types = new Check("no column is of a type that clients do not know");
		Check scales = new Check("each NUMERIC has a scale");
		Check positions = new Check("columns are counted without holes");
		Map<String, Map<String, Column>> result = new TreeMap<>();
		for (String view : views)
			result.put(view, new LinkedHashMap<>());
		try (ResultSet r = meta.getColumns(null, SCHEMA, "%", "%")) {
			while (r.next()) {
				String view = r.getString("TABLE_NAME");
				int digits = r.getInt("DECIMAL_DIGITS");
				Integer scale = r.wasNull() ? null : digits;
				Column c = new Column(r.getString("COLUMN_NAME"), r.getInt("DATA_TYPE"), r.getString("TYPE_NAME"), r.getInt("COLUMN_SIZE"), scale);
				String where = view + "." + c.name;
				String remark = r.getString("REMARKS");
				remarks.that(remark != null && !remark.isBlank(), where);
				types.that(TYPE_NAMES.contains(c.typeName) && !UNKNOWN_TYPES.contains(c.dataType), where + " is " + c.typeName + ", " + c.dataType);
				if (c.typeName.equals("numeric"))
					scales.that(c.digits != null && c.size > c.digits, where + " has precision " + c.size + " and scale " + c.digits);
				result.computeIfAbsent(view, v -> new LinkedHashMap<>()).put(c.name, c);
				positions.that(r.getInt("ORDINAL_POSITION") == result.get(view).size(), where);
			}
		}
		remarks.done();
		types.done();
		scales.done();
		positions.done();
		return result;
	}

	// A value as a client takes it, and what is wrong with it
	static String problem(ResultSet r, int i, Column c) throws SQLException {
		if (r.getObject(i) == null)
			return null;
		switch (c.typeName) {
			case "numeric" -> {
				double d = r.getDouble(i);
				if (Double.isNaN(d) || Double.isInfinite(d))
					return "reads as " + d;
				if (c.digits == null || r.getBigDecimal(i).scale() != c.digits)
					return "has " + r.getBigDecimal(i).scale() + " decimals";
			}
			case "float8" -> {
				double d = r.getDouble(i);
				if (Double.isNaN(d) || Double.isInfinite(d))
					return "reads as " + d;
			}
			case "date" -> {
				int year = r.getObject(i, LocalDate.class).getYear();
				if (year < 1900 || year > 9999)
					return "is in the year " + year;
			}
			case "timestamptz" -> {
				int year = r.getObject(i, OffsetDateTime.class).getYear();
				if (year < 1900 || year > 9999)
					return "is in the year " + year;
			}
			default -> {
				return null;
			}
		}
		return null;
	}

	// Values ---------------------------------------------------------------------

	static void values(Map<String, Map<String, Column>> columns) throws SQLException {
		Check same = new Check("metadata of values are those of columns");
		Check values = new Check("no value reads as NaN, as infinite or out of time, in samples of 10,000 rows");
		Check sums = new Check("amounts arrive to the last digit");
		db.setAutoCommit(false);
		db.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
		for (var view : columns.entrySet()) {
			Map<String, BigDecimal> sum = new LinkedHashMap<>();
			int read = 0;
			try (Statement s = db.createStatement()) {
				s.setFetchSize(1000);
				try (ResultSet r = s.executeQuery("SELECT * FROM " + relation(view.getKey()) + " LIMIT 10000")) {
					ResultSetMetaData m = r.getMetaData();
					List<Column> list = new ArrayList<>(view.getValue().values());
					same.that(m.getColumnCount() == list.size(), view.getKey() + " has " + m.getColumnCount() + " columns");
					for (int i = 1; i <= list.size(); i++) {
						Column c = list.get(i - 1);
						same.that(m.getColumnName(i).equals(c.name) && m.getColumnType(i) == c.dataType && m.getColumnTypeName(i).equals(c.typeName)
							&& (!c.typeName.equals("numeric") || c.digits != null && m.getScale(i) == c.digits && m.getPrecision(i) == c.size), view.getKey() + "." + c.name);
					}
					while (r.next()) {
						read++;
						for (int i = 1; i <= list.size(); i++) {
							Column c = list.get(i - 1);
							String problem = problem(r, i, c);
							values.that(problem == null, view.getKey() + "." + c.name + " " + problem);
							if (c.typeName.equals("numeric") && problem == null && r.getObject(i) != null)
								sum.merge(c.name, r.getBigDecimal(i), BigDecimal::add);
						}
					}
				}
			}
			if (!sum.isEmpty() && read < 10000) {
				List<String> names = new ArrayList<>(sum.keySet());
				List<String> there = rows("SELECT sum(" + String.join("), sum(", names.stream().map(JdbcClient::quoted).toList()) + ") FROM " + relation(view.getKey())).get(0);
				for (int i = 0; i < names.size(); i++)
					sums.that(sum.get(names.get(i)).toPlainString().equals(there.get(i)), view.getKey() + "." + names.get(i) + ": " + sum.get(names.get(i)).toPlainString() + ", not " + there.get(i));
			}
		}
		db.rollback();
		db.setAutoCommit(true);
		same.done();
		values.done();
		sums.done();
	}

	// What nobody may ---------------------------------------------------------------

	static void refused(Set<String> views) throws SQLException {
		Check refused = new Check("nothing can be written, although the client's own read-only mode lets it through");
		// as Metabase connects: pgjdbc then sends no BEGIN READ ONLY
		db.setAutoCommit(true);
		db.setReadOnly(true);
		for (String schema : List.of(SCHEMA, "public", "nudge", "nudge_analytics", "nudge_staging"))
			refused.that("42501".equals(sqlstate("CREATE TABLE " + schema + ".made_by_a_client (n integer)")), "CREATE TABLE in " + schema + ": " + sqlstate("CREATE TABLE " + schema + ".made_by_a_client_too (n integer)"));
		for (String view : views) {
			String state = sqlstate("DELETE FROM " + relation(view));
			// what is no simple view cannot be written by anybody
			refused.that(state.equals("42501") || state.equals("55000"), "DELETE FROM " + view + ": " + state);
		}
		db.setReadOnly(false);
		refused.done();
	}

	// A sync as that of Metabase --------------------------------------------------------

	static void sync(Map<String, Map<String, Column>> columns) throws SQLException {
		Check privileges = new Check("the views can be read, and nothing else");
		Check fields = new Check("information_schema has the columns that getColumns has");
		Check lists = new Check("the distinct values of each column without decimals, 1,000 at most");
		Check bins = new Check("numbers by bins of equal width");
		db.setTransactionIsolation(Connection.TRANSACTION_READ_UNCOMMITTED);
		Set<String> readable = new TreeSet<>();
		for (List<String> r : rows("SELECT n.nspname, c.relname, has_any_column_privilege(c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'UPDATE'), has_any_column_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'DELETE')"
				+ " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')")) {
			String name = r.get(0) + "." + r.get(1);
			if (r.get(2).equals("t"))
				readable.add(name);
			privileges.that(r.get(3).equals("f") && r.get(4).equals("f") && r.get(5).equals("f"), name + " can be written");
		}
		Set<String> wanted = new TreeSet<>();
		for (String view : columns.keySet())
			wanted.add(SCHEMA + "." + view);
		privileges.that(readable.equals(wanted), "readable " + readable);
		privileges.done();

		Map<String, List<String>> there = new TreeMap<>();
		for (List<String> r : rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '" + SCHEMA + "' ORDER BY table_name, ordinal_position"))
			there.computeIfAbsent(r.get(0), v -> new ArrayList<>()).add(r.get(1));
		for (var view : columns.entrySet())
			fields.that(new ArrayList<>(view.getValue().keySet()).equals(there.get(view.getKey())), view.getKey());
		fields.done();

		// one transaction, so that now() stands still
		db.setAutoCommit(false);
		for (var view : columns.entrySet()) {
			List<String> facts = new ArrayList<>();
			for (Column c : view.getValue().values()) {
				String name = quoted(c.name);
				facts.add("count(DISTINCT ROW(" + name + ")), count(" + name + "), " + (NUMBERS.contains(c.typeName) ? "min(" + name + ")::float8, max(" + name + ")::float8" : "NULL, NULL"));
			}
			List<String> fact = rows("SELECT " + String.join(", ", facts) + " FROM " + relation(view.getKey())).get(0);
			int n = 0, binned = 0;
			for (Column c : view.getValue().values()) {
				String name = quoted(c.name);
				int distinct = Integer.parseInt(fact.get(n++));
				String filled = fact.get(n++), least = fact.get(n++), most = fact.get(n++);
				// as Metabase, which makes no lists of numbers with decimals
				int listed = c.typeName.equals("numeric") || c.typeName.equals("float8") ? Math.min(1000, distinct) : rows("SELECT " + name + " FROM " + relation(view.getKey()) + " GROUP BY " + name + " ORDER BY " + name + " ASC LIMIT 1000").size();
				lists.that(listed == Math.min(1000, distinct), view.getKey() + "." + c.name + ": " + listed + " of " + distinct);
				// two of each view will do
				if (least == null || least.equals(most) || ++binned > 2)
					continue;
				double from = Double.parseDouble(least);
				double width = (Double.parseDouble(most) - from) / 10;
				long counted = 0;
				for (List<String> b : rows("SELECT floor((" + name + " - " + from + ") / " + width + ") * " + width + " + " + from + ", count(" + name + ") FROM " + relation(view.getKey()) + " GROUP BY 1 ORDER BY 1"))
					counted += Long.parseLong(b.get(1));
				bins.that(counted == Long.parseLong(filled), view.getKey() + "." + c.name + ": " + counted + " of " + filled);
			}
		}
		db.commit();
		db.setAutoCommit(true);
		lists.done();
		bins.done();
	}

	static void zones(Map<String, Map<String, Column>> columns) throws SQLException {
		Check months = new Check("totals by month are the same in three report zones");
		Check instants = new Check("instants are grouped by day in three report zones, none lost");
		// now() must not move between the zones
		db.setAutoCommit(false);
		db.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
		for (var view : columns.entrySet()) {
			List<Column> list = new ArrayList<>(view.getValue().values());
			String number = list.stream().filter(c -> NUMBERS.contains(c.typeName)).map(c -> "sum(" + quoted(c.name) + ")").findFirst().orElse("count(*)");
			for (Column c : list) {
				if (c.typeName.equals("date")) {
					List<List<String>> first = null;
					for (String zone : ZONES) {
						execute("SET SESSION TIMEZONE TO '" + zone + "'");
						List<List<String>> totals = rows("SELECT CAST(date_trunc('month', " + quoted(c.name) + ") AS date) AS month, count(*), " + number + " FROM " + relation(view.getKey()) + " GROUP BY 1 ORDER BY 1");
						if (first == null)
							first = totals;
						months.that(totals.equals(first), view.getKey() + "." + c.name + " in " + zone);
					}
				}
				else if (c.typeName.equals("timestamptz")) {
					String all = rows("SELECT count(*) FROM " + relation(view.getKey())).get(0).get(0);
					for (String zone : ZONES) {
						execute("SET SESSION TIMEZONE TO '" + zone + "'");
						long counted = 0;
						for (List<String> r : rows("SELECT date_trunc('day', " + quoted(c.name) + "), count(*) FROM " + relation(view.getKey()) + " GROUP BY 1 ORDER BY 1"))
							counted += Long.parseLong(r.get(1));
						instants.that(Long.toString(counted).equals(all), view.getKey() + "." + c.name + " in " + zone + ": " + counted + " of " + all);
					}
				}
			}
		}
		db.rollback();
		db.setAutoCommit(true);
		months.done();
		instants.done();
	}

	static void metabaseMetadata(Map<String, Map<String, Column>> columns) throws SQLException {
		Check known = new Check("_metabase_metadata speaks of views and columns that are there, in Metabase's words");
		Set<String> ofView = Set.of("display_name", "description", "caveats", "points_of_interest");
		Set<String> ofColumn = Set.of("display_name", "description", "caveats", "points_of_interest", "semantic_type");
		try (PreparedStatement p = db.prepareStatement("SELECT keypath, value FROM " + relation("_metabase_metadata")); ResultSet r = p.executeQuery()) {
			while (r.next()) {
				String[] parts = r.getString(1).split("\\.");
				boolean right = columns.containsKey(parts[0]) && r.getString(2) != null;
				if (parts.length == 2)
					right = right && ofView.contains(parts[1]);
				else
					right = right && parts.length == 3 && columns.get(parts[0]).containsKey(parts[1]) && ofColumn.contains(parts[2]) && (!parts[2].equals("semantic_type") || r.getString(2).matches("type/[A-Za-z]+"));
				known.that(right, r.getString(1));
			}
		}
		known.done();
	}

	public static void main(String[] args) throws Exception {
		db = DriverManager.getConnection(args[0], args[1], System.getenv("PGPASSWORD"));
		Set<String> wanted = new TreeSet<>(Files.readAllLines(Path.of(args[2])));
		DatabaseMetaData meta = db.getMetaData();
		System.out.println(meta.getDriverName() + " " + meta.getDriverVersion());
		Set<String> views = views(meta, wanted);
		Map<String, Map<String, Column>> columns = columns(meta, views);
		long started = System.nanoTime();
		values(columns);
		refused(views);
		sync(columns);
		System.out.printf("note: a sync as that of Metabase: %d views, %d columns in %.1f s%n", columns.size(), columns.values().stream().mapToInt(Map::size).sum(), (System.nanoTime() - started) / 1e9);
		zones(columns);
		metabaseMetadata(columns);
		System.exit(failed == 0 ? 0 : 1);
	}
}
