{#
  canonical_input(input, columns): the columns of a SELECT that makes a
  canonical input. columns has an SQL expression for each column of the input;
  those that may be left out may be left out. What is not one, or is missing,
  is an error of dbt compile.
#}
{% macro canonical_input(input, columns) %}
    {%- set known = nudge_metrics.input_columns(input) -%}
    {%- set names = known | map(attribute=0) | list -%}
    {%- for name in columns if name not in names -%}
        {{ exceptions.raise_compiler_error('Input "' ~ input ~ '" has no column "' ~ name ~ '". It has: ' ~ names | join(', ')) }}
    {%- endfor -%}
    {%- for name, type, required in known if required and name not in columns -%}
        {{ exceptions.raise_compiler_error('Input "' ~ input ~ '" needs the column "' ~ name ~ '"') }}
    {%- endfor -%}
    {%- set lines = [] -%}
    {%- for name, type, required in known if name in columns -%}
        {%- do lines.append('cast(' ~ columns[name] ~ ' as ' ~ type ~ ') as ' ~ adapter.quote(name)) -%}
    {%- endfor -%}
    {{ lines | join(',\n    ') }}
{%- endmacro %}

{#
  map_input(input, source): as a post-hook, maps the model as that input, if the
  variable nudge_map_inputs is true. dbt makes views and tables anew at each run
  and drops the old one with all that reads it; the hook comes before that, and
  leads the input to the new one. What stays, as an incremental model does, is
  mapped once. The source is called dbt_ and the input, unless another name is
  given.
#}
{% macro map_input(input, source=none) %}
    {%- if execute and var('nudge_map_inputs', false) -%}
        {%- set model = "'" ~ this.include(database=false) ~ "'::regclass" -%}
        select nudge.map_source('{{ input }}', {{ model }}, source => '{{ source or 'dbt_' ~ input }}')
        where not exists (
            select from pg_catalog.pg_depend as d
            join pg_catalog.pg_rewrite as r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass
            join pg_catalog.pg_class as c on c.oid = r.ev_class
            where d.refobjid = {{ model }} and c.relnamespace = to_regnamespace('nudge_staging')
        )
    {%- endif -%}
{% endmacro %}
