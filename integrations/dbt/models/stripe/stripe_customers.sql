{{ config(post_hook="{{ nudge_metrics.map_input('customers') }}") }}

select
    {{ nudge_metrics.canonical_input('customers', {
        'customer': 'c.id',
        'created_at': 'to_timestamp(c.created)',
        'region': "c.address ->> 'country'",
        'currency': 'upper(c.currency)',
    }) }}
from {{ source('stripe', 'customers') }} as c
where coalesce(c.livemode, true) and c.created is not null
