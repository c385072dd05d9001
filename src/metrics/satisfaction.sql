/*
 * satisfaction.sql
 *		Satisfaction: survey_state, its aggregates and what they say.  NPS,
 *		CSAT and CES.
 *
 * The numbers are defined in doc/satisfaction.md.
 */

--@ include src/kernel/state_type.sql type=survey_state prefix=survey

COMMENT ON TYPE nudge.survey_state IS
	'How often each answer to a question was given, and how many gave none, mergeable by rollup() and combine()';

--@ for type=smallint,integer,numeric k=int2,int4,numeric
CREATE FUNCTION nudge.nps_trans(state nudge.survey_state, score @type@) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_nps_trans_@k@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_trans(nudge.survey_state, @type@) IS
	'Transition function of nps_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.nps_agg(score @type@) (
	SFUNC = nudge.nps_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.nps_agg(@type@) IS
	'State of the answers to "how likely are you to recommend us": a whole number from 0 to 10, NULL if not answered';
--@ end

CREATE FUNCTION nudge.csat_trans(state nudge.survey_state, score numeric, scale_low integer, scale_high integer) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_csat_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.csat_trans(nudge.survey_state, numeric, integer, integer) IS
	'Transition function of csat_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.csat_agg(score numeric, scale_low integer, scale_high integer) (
	SFUNC = nudge.csat_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.csat_agg(numeric, integer, integer) IS
	'State of the answers to "how satisfied are you", on a scale from the worst to the best, such as 1 to 5; NULL if not answered';

CREATE FUNCTION nudge.ces_trans(state nudge.survey_state, score numeric, scale_low integer, scale_high integer) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_ces_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ces_trans(nudge.survey_state, numeric, integer, integer) IS
	'Transition function of ces_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.ces_agg(score numeric, scale_low integer, scale_high integer) (
	SFUNC = nudge.ces_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.ces_agg(numeric, integer, integer) IS
	'State of the answers to "they made it easy for me", on a scale from strong disagreement to strong agreement, such as 1 to 7; NULL if not answered';

CREATE FUNCTION nudge.nps(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	minimum_answers integer DEFAULT 1,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT promoters bigint,
	OUT passives bigint,
	OUT detractors bigint,
	OUT promoter_share numeric,
	OUT passive_share numeric,
	OUT detractor_share numeric,
	OUT score numeric,
	OUT margin_of_error double precision,
	OUT score_low double precision,
	OUT score_high double precision,
	OUT band text,
	OUT action text
)
	AS 'MODULE_PATHNAME', 'nm_nps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps(nudge.survey_state, double precision, integer) IS
	'Net promoter score, -100 to 100: the share of promoters less that of detractors, its interval, and its band unless too few answered';

CREATE FUNCTION nudge.nps_band(score numeric) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_nps_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_band(numeric) IS
	'The band of a net promoter score: crisis, from 20 concern, from 40 watch, from 50 healthy, from 70 exceptional';

CREATE FUNCTION nudge.csat(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT mean_score numeric,
	OUT mean_low double precision,
	OUT mean_high double precision,
	OUT top_two_box bigint,
	OUT top_two_box_share numeric,
	OUT share_low double precision,
	OUT share_high double precision,
	OUT scaled_score numeric,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_csat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.csat(nudge.survey_state, double precision) IS
	'Customer satisfaction: the mean score, the share of the top two answers of the scale, both with their intervals, and the mean as 0 to 100';

CREATE FUNCTION nudge.ces(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT mean_score numeric,
	OUT mean_low double precision,
	OUT mean_high double precision,
	OUT agreeing bigint,
	OUT agreeing_share numeric,
	OUT share_low double precision,
	OUT share_high double precision,
	OUT scaled_score numeric,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_ces' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ces(nudge.survey_state, double precision) IS
	'Customer effort score: the mean score, the share of those above the middle of the scale, both with their intervals, and the mean as 0 to 100';

CREATE FUNCTION nudge.survey_question(
	state nudge.survey_state,
	OUT kind text,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_survey_question_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_question(nudge.survey_state) IS
	'What a state has answers to: nps, csat or ces, and the ends of the scale';

CREATE FUNCTION nudge.survey_distribution(state nudge.survey_state)
	RETURNS TABLE (score numeric, answers bigint, share numeric)
	AS 'MODULE_PATHNAME', 'nm_survey_distribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11;
COMMENT ON FUNCTION nudge.survey_distribution(nudge.survey_state) IS
	'How often each score was given: a row for every whole number of the scale, and for every answer between them';

CREATE FUNCTION nudge.survey_compare(
	a nudge.survey_state,
	b nudge.survey_state,
	OUT answered_a bigint,
	OUT answered_b bigint,
	OUT score_a numeric,
	OUT score_b numeric,
	OUT difference numeric,
	OUT z double precision,
	OUT t double precision,
	OUT degrees_of_freedom double precision,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_survey_compare' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_compare(nudge.survey_state, nudge.survey_state) IS
	'Whether two groups differ by more than chance: the difference of their NPS with its z test, or of their mean scores with Welch''s t test';
