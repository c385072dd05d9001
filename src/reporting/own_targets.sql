/*
 * own_targets.sql
 *		Which targets and annotations executives and managers write, by the views
 *		own_targets and own_annotations of audiences.sql.
 *
 * Rules: doc/targets.md.
 */

-- Targets are set by those to whom the subject of a metric belongs: metrics of other
-- subjects are theirs to read.
CREATE VIEW nudge.own_target_metrics WITH (security_barrier = true) AS
	SELECT DISTINCT m.metric
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name LEFT JOIN nudge.shipped_departments d ON d.department = a.department
	JOIN nudge.shipped_metrics m ON a.audience = 'executive' OR a.audience = 'managers' AND m.subject = ANY (coalesce(a.subjects, d.subjects))
	WHERE a.audience IN ('executive', 'managers') AND pg_catalog.pg_has_role(r.oid, 'USAGE');
GRANT SELECT ON nudge.own_target_metrics TO PUBLIC;
COMMENT ON VIEW nudge.own_target_metrics IS 'Metrics whose targets the present role may set: as an executive all, as a manager those of the subjects of the department';
COMMENT ON COLUMN nudge.own_target_metrics.metric IS 'Name of the metric';

CREATE FUNCTION nudge.may_set_target(metric text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.own_target_metrics o WHERE o.metric = may_set_target.metric);
COMMENT ON FUNCTION nudge.may_set_target(text) IS 'Whether the present role may set targets of a metric by nudge_reporting.own_targets. Not STRICT: NULL is a metric of nobody';

-- Who writes by nudge_reporting.own_targets has no right on the table, and its view
-- has.  Who that is can only be asked where the rights are those of the writer: in
-- the conditions of these triggers, and of the view.
CREATE FUNCTION nudge.refuse_own_target() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.refuse_target(NEW.metric);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.refuse_own_target() IS 'Trigger of nudge.targets: the error of who may not set a target. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.check_own_target() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	NEW := nudge.checked_target(NEW);
	NEW.set_by := session_user;
	NEW.set_at := now();
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION nudge.check_own_target() IS 'Trigger of nudge.targets: what is written by executives and managers is as set_target() has it, and says who wrote it and when. Not STRICT: triggers take no arguments';
CREATE FUNCTION nudge.refuse_own_annotation() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.refuse_annotation(NEW.metric);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.refuse_own_annotation() IS 'Trigger of nudge.annotations: the error of who may not write one. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.check_own_annotation() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_annotation(NEW);
	NEW.kind := lower(NEW.kind);
	NEW.annotated_by := session_user;
	NEW.annotated_at := now();
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION nudge.check_own_annotation() IS 'Trigger of nudge.annotations: what is written by executives and managers is as annotate() has it, and says who wrote it and when. Not STRICT: triggers take no arguments';
REVOKE EXECUTE ON FUNCTION nudge.refuse_own_target(), nudge.check_own_target(), nudge.refuse_own_annotation(), nudge.check_own_annotation() FROM PUBLIC;

-- by their names, the first one first
CREATE TRIGGER may_set BEFORE INSERT OR UPDATE ON nudge.targets
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.targets'::pg_catalog.regclass, 'INSERT, UPDATE') AND NOT nudge.may_set_target(NEW.metric)) EXECUTE FUNCTION nudge.refuse_own_target();
COMMENT ON TRIGGER may_set ON nudge.targets IS 'Executives and managers set targets of their own metrics only';
CREATE TRIGGER set_own BEFORE INSERT OR UPDATE ON nudge.targets
	FOR EACH ROW WHEN (NEW.grain = '' OR NOT pg_catalog.has_table_privilege('nudge.targets'::pg_catalog.regclass, 'INSERT, UPDATE')) EXECUTE FUNCTION nudge.check_own_target();
COMMENT ON TRIGGER set_own ON nudge.targets IS 'Targets of executives and managers, and what leaves the grain to the metric as own_targets does, are checked, and signed';
CREATE TRIGGER may_write BEFORE INSERT OR UPDATE ON nudge.annotations
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.annotations'::pg_catalog.regclass, 'INSERT, UPDATE') AND NOT nudge.may_set_target(NEW.metric)) EXECUTE FUNCTION nudge.refuse_own_annotation();
COMMENT ON TRIGGER may_write ON nudge.annotations IS 'Executives and managers write annotations of their own metrics only';
CREATE TRIGGER write_own BEFORE INSERT OR UPDATE ON nudge.annotations
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.annotations'::pg_catalog.regclass, 'INSERT, UPDATE')) EXECUTE FUNCTION nudge.check_own_annotation();
COMMENT ON TRIGGER write_own ON nudge.annotations IS 'Annotations of executives and managers are checked, and signed';
