SELECT valid_from AS first_day, mrr FROM subscriptions WHERE customer = '4711' AND NOT EXISTS (SELECT FROM subscriptions o WHERE o.customer = '4711' AND o.item <> subscriptions.item AND o.valid_from < coalesce(subscriptions.valid_to, 'infinity') AND coalesce(o.valid_to, 'infinity') > subscriptions.valid_from)
ORDER BY 1;
