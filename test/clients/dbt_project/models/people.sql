{{ config(
    enabled=target.name == 'mapper',
    materialized='incremental',
    unique_key='"user"',
    incremental_strategy='delete+insert',
    post_hook="{{ nudge_metrics.map_input('users') }}"
) }}

select
    {{ nudge_metrics.canonical_input('users', {
        'user': 'c.id',
        'customer': 'c.id',
        'signed_up_at': 'to_timestamp(c.created)',
    }) }}
from {{ source('stripe', 'customers') }} as c
{% if is_incremental() %}
where to_timestamp(c.created) > (select max(signed_up_at) from {{ this }})
{% endif %}
