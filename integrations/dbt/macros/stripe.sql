{# An amount of Stripe in major units: its decimals are not those of ISO 4217. #}
{% macro stripe_major(amount, currency) -%}
    trim_scale({{ amount }} / case
        when upper({{ currency }}) in ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 1.0
        when upper({{ currency }}) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 1000.0
        else 100.0 end)
{%- endmacro %}
