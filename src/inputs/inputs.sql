/*
 * inputs.sql
 *		The canonical inputs: which columns a table must have to be read as
 *		spend, costs, leads, ..., and the query that reads it so.
 *
 * Rules: doc/inputs.md.
 */

-- The inputs --------------------------------------------------------------

-- Shipped with the extension and not edited, so that pg_dump leaves them out.
CREATE TABLE nudge.inputs (
	input text PRIMARY KEY,
	description text NOT NULL
);
GRANT SELECT ON nudge.inputs TO PUBLIC;
COMMENT ON TABLE nudge.inputs IS 'The canonical inputs: what the functions over tables can read';
COMMENT ON COLUMN nudge.inputs.input IS 'Name of the input';
COMMENT ON COLUMN nudge.inputs.description IS 'What one row is';

CREATE TABLE nudge.input_columns (
	input text NOT NULL REFERENCES nudge.inputs,
	position integer NOT NULL CHECK (position >= 1),
	column_name text NOT NULL,
	data_type text NOT NULL,
	required boolean NOT NULL,
	description text NOT NULL,
	PRIMARY KEY (input, position),
	UNIQUE (input, column_name)
);
GRANT SELECT ON nudge.input_columns TO PUBLIC;
COMMENT ON TABLE nudge.input_columns IS 'The columns of the canonical inputs';
COMMENT ON COLUMN nudge.input_columns.input IS 'Name of the input';
COMMENT ON COLUMN nudge.input_columns.position IS 'Place of the column in it';
COMMENT ON COLUMN nudge.input_columns.column_name IS 'Name of the column';
COMMENT ON COLUMN nudge.input_columns.data_type IS 'Type as which it is read';
COMMENT ON COLUMN nudge.input_columns.required IS 'Whether a table must have it; without one that is not required it reads as NULL';
COMMENT ON COLUMN nudge.input_columns.description IS 'What it means';

INSERT INTO nudge.inputs (input, description) VALUES
	('customers', 'An account'),
	('users', 'A person in the product'),
	('identities', 'A link from a visitor to a user, and to its account, dated'),
	('customer_merges', 'A merge of two accounts'),
	('dimension_history', 'An attribute of an account over a time, for the segment then'),
	('plans', 'A plan or an add-on'),
	('features', 'A feature of the product'),
	('campaigns', 'A campaign of marketing or in the product'),
	('partners', 'A partner'),
	('competitors', 'A competitor'),
	('subscriptions', 'One recurring price in force'),
	('contracts', 'A signed term'),
	('charges', 'Money charged once, for use or for a service'),
	('payments', 'An attempt to collect'),
	('usage', 'Metered volume'),
	('exchange_rates', 'A rate'),
	('spend', 'Cost of acquisition on a day and channel'),
	('costs', 'Any cost of a period'),
	('budgets', 'A planned amount of a period'),
	('cash', 'A balance'),
	('events', 'Something a user did'),
	('touches', 'A contact of marketing'),
	('conversions', 'Something worth crediting'),
	('leads', 'A stage reached before being a customer'),
	('content', 'A published piece'),
	('sends', 'An outbound message'),
	('funnel_definitions', 'A step of a funnel'),
	('action_sets', 'An event that counts as an action'),
	('tickets', 'A support case'),
	('surveys', 'An answer, or a question not answered'),
	('scores', 'A dated score'),
	('account_facts', 'What people record about an account, over a time'),
	('interventions', 'An action on an account'),
	('deals', 'An opportunity'),
	('deal_stages', 'A stage of a deal entered'),
	('activities', 'What somebody in sales did'),
	('quotas', 'A sales target'),
	('incidents', 'An interval of trouble'),
	('maintenance', 'Planned downtime'),
	('requests', 'Samples of latency or page load, raw or counted'),
	('resource_samples', 'A sample of utilisation'),
	('deployments', 'A change in production'),
	('bugs', 'A defect'),
	('coverage_samples', 'Test coverage'),
	('competitor_facts', 'Something seen in the market');

INSERT INTO nudge.input_columns (input, position, column_name, data_type, required, description) VALUES
	('customers', 1, 'customer', 'text', true, 'Key of the account'),
	('customers', 2, 'created_at', 'timestamptz', true, 'When it came to be'),
	('customers', 3, 'name', 'text', false, 'What it is called'),
	('customers', 4, 'segment', 'text', false, 'Segment now; dimension_history has the segment then'),
	('customers', 5, 'industry', 'text', false, 'Industry'),
	('customers', 6, 'company_size', 'text', false, 'Class of size'),
	('customers', 7, 'region', 'text', false, 'Region'),
	('customers', 8, 'growth_tier', 'text', false, 'Class of growth'),
	('customers', 9, 'sales_channel', 'text', false, 'How it is sold to, such as self-service or direct'),
	('customers', 10, 'owner', 'text', false, 'Who looks after it'),
	('customers', 11, 'currency', 'text', false, 'Currency in which it pays'),
	('customers', 12, 'initial_amount', 'numeric', false, 'First recurring amount agreed'),
	('customers', 13, 'internal', 'boolean', false, 'Own staff or a test account'),
	('customers', 14, 'attributes', 'jsonb', false, 'Further dimensions'),
	('users', 1, 'user', 'text', true, 'Key of the person'),
	('users', 2, 'customer', 'text', false, 'Account to which the person belongs'),
	('users', 3, 'signed_up_at', 'timestamptz', true, 'When the person signed up'),
	('users', 4, 'plan', 'text', false, 'Plan the person is on'),
	('users', 5, 'role', 'text', false, 'Role in the account'),
	('users', 6, 'internal', 'boolean', false, 'Own staff or a test user'),
	('users', 7, 'attributes', 'jsonb', false, 'Further dimensions'),
	('identities', 1, 'anonymous_id', 'text', true, 'Key of the visitor before signing up'),
	('identities', 2, 'user', 'text', true, 'Key of the user the visitor became'),
	('identities', 3, 'customer', 'text', false, 'Account of that user'),
	('identities', 4, 'valid_from', 'timestamptz', true, 'First instant at which the link holds'),
	('identities', 5, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('customer_merges', 1, 'customer', 'text', true, 'Account that is no more'),
	('customer_merges', 2, 'merged_into', 'text', true, 'Account that took its place'),
	('customer_merges', 3, 'at', 'timestamptz', true, 'When they were merged'),
	('dimension_history', 1, 'customer', 'text', true, 'Key of the account'),
	('dimension_history', 2, 'dimension', 'text', true, 'Name of the attribute, such as segment'),
	('dimension_history', 3, 'value', 'text', true, 'Its value'),
	('dimension_history', 4, 'valid_from', 'timestamptz', true, 'First instant at which it holds'),
	('dimension_history', 5, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('plans', 1, 'plan', 'text', true, 'Key of the plan'),
	('plans', 2, 'family', 'text', false, 'Plans of which it is one'),
	('plans', 3, 'tier', 'text', false, 'Its rank among them'),
	('plans', 4, 'list_price', 'numeric', false, 'Price without any discount; NULL if agreed one by one'),
	('plans', 5, 'interval_unit', 'text', false, 'day, week, month, quarter, year or none'),
	('plans', 6, 'kind', 'text', false, 'plan or addon'),
	('plans', 7, 'limits', 'jsonb', false, 'Amount included of each meter'),
	('plans', 8, 'attributes', 'jsonb', false, 'Further dimensions'),
	('features', 1, 'feature', 'text', true, 'Key of the feature'),
	('features', 2, 'tier', 'text', false, 'Plan tier that has it'),
	('features', 3, 'default_on', 'boolean', false, 'On without anybody choosing it'),
	('features', 4, 'released_at', 'timestamptz', false, 'When it came out'),
	('features', 5, 'attributes', 'jsonb', false, 'Further dimensions'),
	('campaigns', 1, 'campaign', 'text', true, 'Key of the campaign'),
	('campaigns', 2, 'channel', 'text', false, 'Channel on which it runs'),
	('campaigns', 3, 'kind', 'text', false, 'brand, competitor, generic, content or event'),
	('campaigns', 4, 'budget_share', 'numeric', false, 'Planned share of the budget, 0 to 1'),
	('campaigns', 5, 'started_at', 'timestamptz', false, 'When it began'),
	('campaigns', 6, 'ended_at', 'timestamptz', false, 'When it ended'),
	('campaigns', 7, 'attributes', 'jsonb', false, 'Further dimensions'),
	('partners', 1, 'partner', 'text', true, 'Key of the partner'),
	('partners', 2, 'kind', 'text', false, 'Kind, such as agency or reseller'),
	('partners', 3, 'joined_at', 'timestamptz', true, 'When the partnership began'),
	('partners', 4, 'left_at', 'timestamptz', false, 'When it ended'),
	('partners', 5, 'attributes', 'jsonb', false, 'Further dimensions'),
	('competitors', 1, 'competitor', 'text', true, 'Key of the competitor'),
	('competitors', 2, 'starter_price', 'numeric', false, 'Price of its smallest plan a month'),
	('competitors', 3, 'attributes', 'jsonb', false, 'Further dimensions'),
	('subscriptions', 1, 'customer', 'text', true, 'Who pays'),
	('subscriptions', 2, 'subscription', 'text', false, 'Subscription of which it is an item'),
	('subscriptions', 3, 'item', 'text', true, 'Key of the item'),
	('subscriptions', 4, 'plan', 'text', true, 'Plan or add-on'),
	('subscriptions', 5, 'valid_from', 'timestamptz', true, 'First instant in force'),
	('subscriptions', 6, 'valid_to', 'timestamptz', false, 'Instant at which it is in force no more; NULL is open'),
	('subscriptions', 7, 'amount', 'numeric', true, 'Price a unit and interval'),
	('subscriptions', 8, 'interval_unit', 'text', true, 'day, week, month, quarter, year or none'),
	('subscriptions', 9, 'interval_count', 'integer', true, 'Units between two bills'),
	('subscriptions', 10, 'quantity', 'numeric', false, 'Units bought; 1 if NULL'),
	('subscriptions', 11, 'currency', 'text', true, 'Currency of the amount'),
	('subscriptions', 12, 'discount', 'numeric', false, 'Share taken off, 0 to 1'),
	('subscriptions', 13, 'discount_kind', 'text', false, 'once, repeating or forever'),
	('subscriptions', 14, 'status', 'text', true, 'Status in the billing system'),
	('subscriptions', 15, 'usage', 'boolean', false, 'Billed by use and not fixed'),
	('subscriptions', 16, 'booked_at', 'timestamptz', false, 'When it was agreed'),
	('subscriptions', 17, 'recorded_at', 'timestamptz', false, 'When the row was known'),
	('subscriptions', 18, 'end_reason', 'text', false, 'voluntary or involuntary'),
	('subscriptions', 19, 'seats', 'numeric', false, 'Seats included'),
	('contracts', 1, 'customer', 'text', true, 'Who signed'),
	('contracts', 2, 'contract', 'text', true, 'Key of the contract'),
	('contracts', 3, 'signed_at', 'timestamptz', true, 'When it was signed'),
	('contracts', 4, 'starts_at', 'timestamptz', true, 'When the term begins'),
	('contracts', 5, 'ends_at', 'timestamptz', true, 'When it ends'),
	('contracts', 6, 'term_months', 'numeric', true, 'Length of the term'),
	('contracts', 7, 'amount', 'numeric', true, 'Amount of the whole term'),
	('contracts', 8, 'currency', 'text', true, 'Currency of the amount'),
	('charges', 1, 'customer', 'text', true, 'Who is charged'),
	('charges', 2, 'at', 'timestamptz', true, 'When'),
	('charges', 3, 'kind', 'text', true, 'overage, service, setup or other'),
	('charges', 4, 'units', 'numeric', false, 'Volume charged'),
	('charges', 5, 'rate', 'numeric', false, 'Price a unit'),
	('charges', 6, 'amount', 'numeric', true, 'Amount charged'),
	('charges', 7, 'currency', 'text', true, 'Currency of the amount'),
	('payments', 1, 'customer', 'text', true, 'Who pays'),
	('payments', 2, 'at', 'timestamptz', true, 'When it was tried'),
	('payments', 3, 'amount', 'numeric', true, 'Amount'),
	('payments', 4, 'currency', 'text', true, 'Currency of the amount'),
	('payments', 5, 'outcome', 'text', true, 'paid, failed or refunded'),
	('payments', 6, 'method', 'text', false, 'Means of payment'),
	('payments', 7, 'failure', 'text', false, 'Why it failed'),
	('usage', 1, 'customer', 'text', true, 'Who used it'),
	('usage', 2, 'meter', 'text', true, 'What is metered'),
	('usage', 3, 'period', 'date', true, 'First day of the period'),
	('usage', 4, 'volume', 'numeric', true, 'Volume used in the period'),
	('usage', 5, 'plan_limit', 'numeric', false, 'Volume included in the plan'),
	('usage', 6, 'rate', 'numeric', false, 'Price of a unit above the limit'),
	('exchange_rates', 1, 'currency', 'text', true, 'Currency that is converted'),
	('exchange_rates', 2, 'day', 'date', true, 'First day on which the rate holds'),
	('exchange_rates', 3, 'rate', 'numeric', true, 'Units of the base for one unit of it'),
	('exchange_rates', 4, 'base', 'text', false, 'Currency it is converted to'),
	('spend', 1, 'day', 'date', true, 'Day it was spent'),
	('spend', 2, 'channel', 'text', true, 'Channel it was spent on'),
	('spend', 3, 'amount', 'numeric', true, 'Amount spent'),
	('spend', 4, 'currency', 'text', true, 'Currency of the amount'),
	('spend', 5, 'campaign', 'text', false, 'Campaign it was spent on'),
	('spend', 6, 'impressions', 'bigint', false, 'Times it was shown'),
	('spend', 7, 'clicks', 'bigint', false, 'Clicks it brought'),
	('spend', 8, 'partner', 'text', false, 'Partner it was paid to'),
	('costs', 1, 'period', 'date', true, 'First day of the period'),
	('costs', 2, 'category', 'text', true, 'Path of the category, such as customer_acquisition/marketing/events'),
	('costs', 3, 'amount', 'numeric', true, 'Amount'),
	('costs', 4, 'currency', 'text', true, 'Currency of the amount'),
	('costs', 5, 'variable', 'boolean', true, 'Grows with volume; false is fixed'),
	('costs', 6, 'plan', 'text', false, 'Plan that causes it'),
	('budgets', 1, 'period', 'date', true, 'First day of the period'),
	('budgets', 2, 'category', 'text', true, 'Path of the category, as in costs'),
	('budgets', 3, 'amount', 'numeric', true, 'Planned amount'),
	('budgets', 4, 'currency', 'text', true, 'Currency of the amount'),
	('cash', 1, 'day', 'date', true, 'Day at whose close it holds'),
	('cash', 2, 'balance', 'numeric', true, 'Cash held'),
	('cash', 3, 'currency', 'text', true, 'Currency of the balance'),
	('events', 1, 'user', 'text', false, 'Who did it; this or anonymous_id'),
	('events', 2, 'anonymous_id', 'text', false, 'Visitor who did it; this or user'),
	('events', 3, 'customer', 'text', false, 'Account'),
	('events', 4, 'at', 'timestamptz', true, 'When'),
	('events', 5, 'name', 'text', true, 'What was done'),
	('events', 6, 'feature', 'text', false, 'Feature it was done with'),
	('events', 7, 'success', 'boolean', false, 'Whether it worked'),
	('events', 8, 'duration', 'interval', false, 'How long it took'),
	('events', 9, 'value', 'numeric', false, 'What it was worth'),
	('events', 10, 'page', 'text', false, 'Page on which it was done'),
	('events', 11, 'session', 'text', false, 'Session'),
	('events', 12, 'properties', 'jsonb', false, 'Further properties'),
	('events', 13, 'tie_break', 'integer', false, 'Order among rows of one instant'),
	('touches', 1, 'user', 'text', false, 'Who was met; this, customer or anonymous_id'),
	('touches', 2, 'customer', 'text', false, 'Account that was met; this, user or anonymous_id'),
	('touches', 3, 'anonymous_id', 'text', false, 'Visitor who was met; this, user or customer'),
	('touches', 4, 'at', 'timestamptz', true, 'When'),
	('touches', 5, 'channel', 'text', true, 'Channel of the contact'),
	('touches', 6, 'campaign', 'text', false, 'Campaign'),
	('touches', 7, 'partner', 'text', false, 'Partner'),
	('touches', 8, 'utm_source', 'text', false, 'utm_source of the address'),
	('touches', 9, 'utm_medium', 'text', false, 'utm_medium of the address'),
	('touches', 10, 'utm_campaign', 'text', false, 'utm_campaign of the address'),
	('touches', 11, 'referrer', 'text', false, 'Page that led here'),
	('touches', 12, 'click_id', 'text', false, 'Click identifier of an ad network'),
	('touches', 13, 'touch', 'text', false, 'Key of the contact'),
	('conversions', 1, 'customer', 'text', true, 'Who converted'),
	('conversions', 2, 'at', 'timestamptz', true, 'When'),
	('conversions', 3, 'revenue', 'numeric', true, 'What it is worth'),
	('conversions', 4, 'currency', 'text', true, 'Currency of the revenue'),
	('conversions', 5, 'kind', 'text', false, 'Kind, such as signup or purchase'),
	('conversions', 6, 'conversion', 'text', false, 'Key of the conversion'),
	('leads', 1, 'lead', 'text', true, 'Key of the lead'),
	('leads', 2, 'customer', 'text', false, 'Customer the lead became'),
	('leads', 3, 'stage', 'text', true, 'Stage that was reached'),
	('leads', 4, 'at', 'timestamptz', true, 'When'),
	('leads', 5, 'source', 'text', false, 'Channel, or kind of content, it came from'),
	('leads', 6, 'campaign', 'text', false, 'Campaign, or piece of content, it came from'),
	('content', 1, 'content', 'text', true, 'Key of the piece'),
	('content', 2, 'type', 'text', true, 'Type, such as guide or webinar'),
	('content', 3, 'published_at', 'timestamptz', true, 'When it came out'),
	('content', 4, 'channel', 'text', false, 'Channel on which it came out'),
	('sends', 1, 'campaign', 'text', true, 'Campaign of the message'),
	('sends', 2, 'customer', 'text', false, 'Account it was sent to'),
	('sends', 3, 'at', 'timestamptz', true, 'When'),
	('sends', 4, 'count', 'bigint', true, 'Messages sent'),
	('sends', 5, 'delivered', 'bigint', false, 'How many arrived'),
	('sends', 6, 'opened', 'bigint', false, 'How many were opened'),
	('sends', 7, 'clicked', 'bigint', false, 'How many were clicked'),
	('funnel_definitions', 1, 'funnel', 'text', true, 'Name of the funnel'),
	('funnel_definitions', 2, 'step_no', 'integer', true, 'Place of the step'),
	('funnel_definitions', 3, 'event', 'text', false, 'Event that is the step; this or condition'),
	('funnel_definitions', 4, 'condition', 'text', false, 'Condition that is the step; this or event'),
	('funnel_definitions', 5, 'target_volume', 'bigint', false, 'How many should reach it'),
	('funnel_definitions', 6, 'target_rate', 'numeric', false, 'Which share of the step before should'),
	('funnel_definitions', 7, 'max_gap', 'interval', false, 'Longest time from the step before'),
	('funnel_definitions', 8, 'min_count', 'integer', false, 'How often it must happen'),
	('funnel_definitions', 9, 'friction', 'text[]', false, 'Events at which users get stuck'),
	('action_sets', 1, 'name', 'text', true, 'Name of the set'),
	('action_sets', 2, 'event', 'text', true, 'Event that belongs to it'),
	('tickets', 1, 'ticket', 'text', true, 'Key of the case'),
	('tickets', 2, 'customer', 'text', true, 'Whose case it is'),
	('tickets', 3, 'opened_at', 'timestamptz', true, 'When it was opened'),
	('tickets', 4, 'first_response_at', 'timestamptz', false, 'When it was first answered'),
	('tickets', 5, 'resolved_at', 'timestamptz', false, 'When it was resolved'),
	('tickets', 6, 'reopened_at', 'timestamptz', false, 'When it was opened again'),
	('tickets', 7, 'priority', 'text', true, 'Priority'),
	('tickets', 8, 'complexity', 'text', false, 'Class of complexity'),
	('tickets', 9, 'category', 'text', false, 'What it is about'),
	('tickets', 10, 'csat', 'numeric', false, 'Score the customer gave'),
	('tickets', 11, 'escalated', 'boolean', false, 'Whether it was escalated'),
	('tickets', 12, 'contacts', 'integer', false, 'Times the customer wrote'),
	('tickets', 13, 'agent', 'text', false, 'Who worked on it'),
	('surveys', 1, 'customer', 'text', true, 'Account that was asked'),
	('surveys', 2, 'user', 'text', false, 'Person who was asked'),
	('surveys', 3, 'kind', 'text', true, 'nps, csat or ces'),
	('surveys', 4, 'score', 'numeric', false, 'Answer; NULL is none'),
	('surveys', 5, 'sent_at', 'timestamptz', true, 'When it was asked'),
	('surveys', 6, 'answered_at', 'timestamptz', false, 'When it was answered'),
	('scores', 1, 'entity', 'text', true, 'What is scored'),
	('scores', 2, 'at', 'timestamptz', true, 'When'),
	('scores', 3, 'score', 'numeric', true, 'The score'),
	('scores', 4, 'factors', 'jsonb', false, 'Parts of the score'),
	('scores', 5, 'model', 'text', false, 'Model that gave it'),
	('account_facts', 1, 'customer', 'text', true, 'Key of the account'),
	('account_facts', 2, 'fact', 'text', true, 'What is recorded, such as sponsor_status or documented_roi'),
	('account_facts', 3, 'value', 'text', true, 'Its value'),
	('account_facts', 4, 'agreed_at', 'timestamptz', false, 'When it was agreed as a criterion'),
	('account_facts', 5, 'valid_from', 'timestamptz', true, 'First instant at which it holds'),
	('account_facts', 6, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('interventions', 1, 'customer', 'text', true, 'Key of the account'),
	('interventions', 2, 'at', 'timestamptz', true, 'When'),
	('interventions', 3, 'reason', 'text', true, 'Why'),
	('interventions', 4, 'kind', 'text', false, 'What was done'),
	('interventions', 5, 'outcome', 'text', false, 'What came of it'),
	('interventions', 6, 'outcome_at', 'timestamptz', false, 'When that was known'),
	('deals', 1, 'deal', 'text', true, 'Key of the deal'),
	('deals', 2, 'customer', 'text', false, 'Account it is about'),
	('deals', 3, 'created_at', 'timestamptz', true, 'When it came to be'),
	('deals', 4, 'amount', 'numeric', true, 'Amount'),
	('deals', 5, 'currency', 'text', true, 'Currency of the amount'),
	('deals', 6, 'stage', 'text', true, 'Stage it is in'),
	('deals', 7, 'closed_at', 'timestamptz', false, 'When it was closed'),
	('deals', 8, 'outcome', 'text', false, 'won, lost or no_decision'),
	('deals', 9, 'owner', 'text', false, 'Who works on it'),
	('deals', 10, 'team', 'text', false, 'Team of the owner'),
	('deals', 11, 'competitor', 'text', false, 'Competitor it was lost to or won against'),
	('deals', 12, 'reason', 'text', false, 'Why it was won or lost'),
	('deals', 13, 'segment', 'text', false, 'Segment of the account'),
	('deals', 14, 'partner', 'text', false, 'Partner who brought it or took part'),
	('deals', 15, 'expected_close', 'date', false, 'Day on which it should close'),
	('deal_stages', 1, 'deal', 'text', true, 'Key of the deal'),
	('deal_stages', 2, 'stage', 'text', true, 'Stage that was entered'),
	('deal_stages', 3, 'at', 'timestamptz', true, 'When'),
	('activities', 1, 'owner', 'text', true, 'Who did it'),
	('activities', 2, 'at', 'timestamptz', true, 'When'),
	('activities', 3, 'kind', 'text', true, 'Call, mail, meeting or other'),
	('activities', 4, 'deal', 'text', false, 'Deal it was for'),
	('quotas', 1, 'owner', 'text', true, 'Person or team whose target it is'),
	('quotas', 2, 'period', 'date', true, 'First day of the period'),
	('quotas', 3, 'amount', 'numeric', true, 'Amount to sell'),
	('quotas', 4, 'currency', 'text', true, 'Currency of the amount'),
	('incidents', 1, 'incident', 'text', true, 'Key of the incident'),
	('incidents', 2, 'started_at', 'timestamptz', true, 'When it began'),
	('incidents', 3, 'ended_at', 'timestamptz', false, 'When it was over; NULL is not yet'),
	('incidents', 4, 'severity', 'text', true, 'Severity'),
	('incidents', 5, 'outage', 'boolean', false, 'Whether the service was down'),
	('incidents', 6, 'detected_at', 'timestamptz', false, 'When it was noticed'),
	('incidents', 7, 'service', 'text', false, 'What was hit'),
	('maintenance', 1, 'started_at', 'timestamptz', true, 'When it began'),
	('maintenance', 2, 'ended_at', 'timestamptz', true, 'When it was over'),
	('maintenance', 3, 'service', 'text', false, 'What was down'),
	('requests', 1, 'at', 'timestamptz', true, 'When'),
	('requests', 2, 'duration_ms', 'numeric', true, 'How long it took, in milliseconds'),
	('requests', 3, 'count', 'bigint', false, 'Requests the row stands for; 1 if NULL'),
	('requests', 4, 'endpoint', 'text', false, 'What was asked for'),
	('requests', 5, 'error', 'boolean', false, 'Whether it failed'),
	('requests', 6, 'part', 'text', false, 'server, dom or render'),
	('resource_samples', 1, 'at', 'timestamptz', true, 'When'),
	('resource_samples', 2, 'resource', 'text', true, 'What is used, such as cpu'),
	('resource_samples', 3, 'utilisation', 'numeric', true, 'Share in use, 0 to 1'),
	('deployments', 1, 'at', 'timestamptz', true, 'When it was deployed'),
	('deployments', 2, 'change_created_at', 'timestamptz', false, 'When the change was made'),
	('deployments', 3, 'failed', 'boolean', false, 'Whether it did harm'),
	('deployments', 4, 'restored_at', 'timestamptz', false, 'When the harm was undone'),
	('deployments', 5, 'service', 'text', false, 'What was changed'),
	('bugs', 1, 'bug', 'text', true, 'Key of the defect'),
	('bugs', 2, 'opened_at', 'timestamptz', true, 'When it was reported'),
	('bugs', 3, 'closed_at', 'timestamptz', false, 'When it was closed'),
	('bugs', 4, 'severity', 'text', true, 'Severity'),
	('bugs', 5, 'escaped', 'boolean', false, 'Whether it had reached customers'),
	('coverage_samples', 1, 'at', 'timestamptz', true, 'When it was measured'),
	('coverage_samples', 2, 'coverage', 'numeric', true, 'Share covered, 0 to 1'),
	('coverage_samples', 3, 'repository', 'text', false, 'Where'),
	('competitor_facts', 1, 'at', 'timestamptz', true, 'When it was seen'),
	('competitor_facts', 2, 'competitor', 'text', true, 'Whom it is about'),
	('competitor_facts', 3, 'kind', 'text', true, 'mention, share_of_voice, market_size, price, contacts, feature, feature_count or switching_cost'),
	('competitor_facts', 4, 'channel', 'text', false, 'Where it was seen'),
	('competitor_facts', 5, 'value', 'numeric', true, 'A count, a price, an amount, a share; of a feature 1 if it is there and 0 if not'),
	('competitor_facts', 6, 'detail', 'text', false, 'Which theme, plan or feature');

-- How a table is read as an input -----------------------------------------

-- The expression for one column.  Nothing may depend on the time zone of the
-- session: a timestamp is UTC, a date its midnight, and what would need a zone
-- is refused.
CREATE FUNCTION nudge.input_expression(input text, relation regclass, column_name text, data_type text, required boolean, description text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source constant text := 'r.' || quote_ident(column_name);
	found_type oid := (SELECT coalesce(nullif(t.typbasetype, 0), t.oid)
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
	IF found_type IS NULL THEN
		IF required THEN
			RAISE EXCEPTION '% cannot be read as %: it has no column "%"', relation, input, column_name
				USING ERRCODE = 'undefined_column',
					DETAIL = format('The column means: %s.', description),
					HINT = 'Pass a view of the relation that names such a column.';
		END IF;
		RETURN 'NULL::' || data_type;
	END IF;
	IF data_type = 'timestamptz' AND found_type IN ('timestamp'::regtype, 'date'::regtype) THEN
		RETURN format('(%s)::timestamp AT TIME ZONE ''UTC''', source);
	END IF;
	IF data_type = 'timestamptz' AND found_type <> 'timestamptz'::regtype OR data_type = 'date' AND found_type = 'timestamptz'::regtype THEN
		RAISE EXCEPTION 'column "%" of % is of type %, which does not say the % by itself', column_name, relation,
				format_type(found_type, NULL), CASE data_type WHEN 'date' THEN 'day' ELSE 'instant' END
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is read as %s of %s. What it says depends on a time zone.', data_type, input),
				HINT = CASE data_type WHEN 'date' THEN 'Pass a view with nudge.civil_date(column, zone).' ELSE 'Pass a view that makes it timestamptz.' END;
	END IF;
	RETURN format('(%s)::%s', source, data_type);
END
$$;
COMMENT ON FUNCTION nudge.input_expression(text, regclass, text, text, boolean, text) IS
	'Works for input_query: how one column of a relation is read';

CREATE FUNCTION nudge.input_query(input text, relation regclass) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text;
	kind "char";
	name text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = input_query.input) THEN
		RAISE EXCEPTION 'unknown input "%"', input
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = (SELECT 'The inputs are ' || string_agg(i.input, ', ' ORDER BY i.input) || '.' FROM nudge.inputs i),
				HINT = 'See the table nudge.input_columns.';
	END IF;
	IF relation IS NULL THEN
		RETURN (SELECT 'SELECT ' || string_agg(format('NULL::%s AS %I', c.data_type, c.column_name), ', ' ORDER BY c.position) || ' WHERE false'
			FROM nudge.input_columns c WHERE c.input = input_query.input);
	END IF;
	SELECT c.relkind, format('%I.%I', CASE c.relnamespace WHEN pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END, c.relname)
	INTO kind, name
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
	IF kind IS NULL OR kind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
		RAISE EXCEPTION '% cannot be read as %', relation, input
			USING ERRCODE = 'wrong_object_type',
				DETAIL = 'An input is a table, a view, a materialized view or a foreign table.',
				HINT = 'Pass the name of one.';
	END IF;
	SELECT string_agg(format('%s AS %I', nudge.input_expression(c.input, relation, c.column_name, c.data_type, c.required, c.description), c.column_name),
		', ' ORDER BY c.position)
	INTO columns
	FROM nudge.input_columns c WHERE c.input = input_query.input;
	RETURN format('SELECT %s FROM %s AS r', columns, name);
END
$$;
COMMENT ON FUNCTION nudge.input_query(text, regclass) IS
	'The query that reads a table or view as a canonical input: its columns by name and cast, NULL for optional ones it lacks. Not STRICT: a NULL relation is an input without rows, a NULL input an error';

-- What functions over inputs share ----------------------------------------

CREATE FUNCTION nudge.single_currency(currencies text[], currency text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	expected constant text := upper(currency);
	seen constant text[] := ARRAY(SELECT DISTINCT upper(c) COLLATE "C" FROM unnest(currencies) c WHERE c IS NOT NULL ORDER BY 1);
BEGIN
	IF array_position(currencies, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'an amount has no currency'
			USING ERRCODE = 'null_value_not_allowed',
				DETAIL = 'Amounts are added only if all are known to be in one currency.',
				HINT = 'Pass a view that says the currency of every row.';
	END IF;
	IF cardinality(seen) > 1 OR seen[1] <> expected THEN
		RAISE EXCEPTION 'amounts in % cannot be added up%', array_to_string(seen, ', '), coalesce(' in ' || expected, '')
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Currencies are never mixed, and rows in another are never left out.',
				HINT = 'Pass a view that converts amounts with nudge.exchange_rate_at, or that has the rows of one currency. Marts convert by themselves once exchange_rates is mapped and deploy(currency => ...) says to which.';
	END IF;
	RETURN coalesce(expected, seen[1]);
END
$$;
COMMENT ON FUNCTION nudge.single_currency(text[], text) IS
	'The one currency of amounts, which must be the given one; several, or one that is not known, are an error. Not STRICT: NULL currencies are no rows, a NULL currency is any';

CREATE FUNCTION nudge.check_window(start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF start_day IS NULL OR end_day IS NULL THEN
		RAISE EXCEPTION 'start_day and end_day must not be null'
			USING ERRCODE = 'null_value_not_allowed',
				DETAIL = 'A window has a first day and a day after its last.',
				HINT = 'Pass both.';
	END IF;
	IF start_day >= end_day THEN
		RAISE EXCEPTION 'start_day must be before end_day'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A window is half-open: it holds start_day, and ends before end_day.',
				HINT = 'For one day pass that day and the next.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_window(date, date) IS
	'An error unless a window [start_day, end_day) has days. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.check_input(input text, incomplete bigint, column_name text DEFAULT NULL, unknown text DEFAULT NULL, known text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF incomplete > 0 THEN
		RAISE EXCEPTION 'a row of % lacks a value that it needs', input USING ERRCODE = 'null_value_not_allowed',
			DETAIL = format('Of %s rows a required column is NULL, or not a finite number.', incomplete),
			HINT = 'Pass a view that leaves them out knowingly.';
	ELSIF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown % "%" of %', column_name, left(unknown, 40), input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is one of %s.', known),
			HINT = 'Pass a view that maps it to one of them.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_input(text, bigint, text, text, text) IS
	'An error if rows of an input lack what they need, or have a word that is not known. Not STRICT: a NULL word is none';

CREATE FUNCTION nudge.check_unique_key(input text, key text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF key IS NOT NULL THEN
		RAISE EXCEPTION '% has more than one row of "%"', input, left(key, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Each row would be counted again.',
				HINT = 'Pass a view with one row per key.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_unique_key(text, text) IS
	'An error if an input has a key that is there more than once. Not STRICT: NULL is no such key';

CREATE FUNCTION nudge.check_intervals(input text, reversed bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF reversed > 0 THEN
		RAISE EXCEPTION '% rows of % are reversed in time', reversed, input
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What ends, or is noticed, does so at its beginning or later.',
				HINT = 'Correct them, or pass a view that leaves them out knowingly.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_intervals(text, bigint) IS
	'An error that says how many, if intervals of an input end before they begin';

CREATE FUNCTION nudge.check_values(input text, wrong bigint, what text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF wrong > 0 THEN
		RAISE EXCEPTION 'a row of % has a number that it cannot have', input USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = what,
			HINT = 'Pass a view that corrects such rows, or leaves them out knowingly.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_values(text, bigint, text) IS
	'An error that says what is wrong if rows of an input have numbers out of their range. Not STRICT: a NULL count is none';

CREATE FUNCTION nudge.check_report_window(start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF NOT isfinite(start_day) OR NOT isfinite(end_day) OR end_day - start_day > 365300 THEN
		RAISE EXCEPTION 'a report spans at most 1000 years' USING ERRCODE = 'program_limit_exceeded',
			DETAIL = 'Each of its months is a row on the way.',
			HINT = 'Pass days of this age as start_day and end_day.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_report_window(date, date) IS
	'An error unless a window [start_day, end_day) has days, and not too many for a report by month. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.window_periods(start_day date, end_day date, grain text DEFAULT NULL) RETURNS TABLE (period date, period_end date)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 12 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	max_periods constant integer := 20000;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF grain IS NOT NULL AND NOT (isfinite(start_day) AND isfinite(end_day)) THEN
		RAISE EXCEPTION 'a window of periods must be finite'
			USING ERRCODE = 'datetime_field_overflow',
				DETAIL = format('It is from %s to %s.', start_day, end_day),
				HINT = 'Leave the grain out for one period, or pass a first and a last day.';
	END IF;
	period := start_day;
	FOR i IN 1..max_periods LOOP
		-- without a grain the period ends with the window
		period_end := least(nudge.period_end(period, grain), end_day);
		RETURN NEXT;
		period := period_end;
		EXIT WHEN period >= end_day;
	END LOOP;
	IF period < end_day THEN
		RAISE EXCEPTION 'result would have more than % periods', max_periods
			USING ERRCODE = 'program_limit_exceeded',
				DETAIL = format('The window is from %s to %s.', start_day, end_day),
				HINT = 'Pass a shorter window or a longer grain.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.window_periods(date, date, text) IS
	'The periods of a window, the first and the last cut off at its ends. Not STRICT: a NULL grain is one period, NULL days are errors';

CREATE FUNCTION nudge.window_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.period_end, b.start_at, b.end_at, b.end_at <= as_of
	FROM nudge.window_periods(start_day, end_day, grain) p,
		LATERAL (SELECT p.period::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS start_at, p.period_end::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS end_at) b
	-- an error for a name that civil_date and AT TIME ZONE do not read alike
	WHERE nudge.civil_date('epoch', coalesce(zone, 'UTC')) IS NOT NULL
	ORDER BY p.period;
END;
COMMENT ON FUNCTION nudge.window_spans(date, date, text, text, timestamptz) IS
	'The periods of a window with the instants at which they begin and end in a zone, and whether they are over by as_of. Not STRICT: a NULL grain is one period, a NULL as_of leaves complete NULL, NULL days are errors';

-- The place of an instant among begun_bounds is the number of its period, 0
-- before the first, and one more than the last for what is not before known_at.
CREATE FUNCTION nudge.begun_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (no integer, period date, period_end date, start_at timestamptz, end_at timestamptz, known_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT row_number() OVER (ORDER BY w.period)::integer, w.period, w.period_end, w.start_at, w.end_at, least(w.end_at, as_of), w.complete
	FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	WHERE as_of IS NULL OR w.start_at < as_of
	ORDER BY w.period;
END;
COMMENT ON FUNCTION nudge.begun_spans(date, date, text, text, timestamptz) IS
	'The periods of a window that have begun before as_of, numbered from 1, and up to when they are known. Not STRICT: a NULL grain is one period, a NULL as_of knows all of them, NULL days are errors';

CREATE FUNCTION nudge.begun_bounds(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS timestamptz[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN count(*) > 0 THEN array_agg(b.start_at ORDER BY b.no) || max(b.known_at) END
	FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of) b;
END;
COMMENT ON FUNCTION nudge.begun_bounds(date, date, text, text, timestamptz) IS
	'The instants at which the periods of begun_spans begin, and that up to which the last is known; NULL if none has begun. Not STRICT, as begun_spans is not';

CREATE FUNCTION nudge.check_age_edges(edges numeric[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(cardinality(edges) = 0 OR array_ndims(edges) = 1 AND array_position(edges, NULL) IS NULL
		AND edges = ARRAY(SELECT DISTINCT e.edge FROM unnest(edges) e(edge) WHERE e.edge > 0 AND e.edge < 'Infinity' ORDER BY e.edge), false) THEN
		RAISE EXCEPTION 'edges of ages must be days above 0 that ascend' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A class of ages is from one edge to before the next; the first begins at 0, the last has no end.',
			HINT = 'Pass an array such as {1,3,7,30}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_age_edges(numeric[]) IS
	'An error unless classes of ages, in days, ascend from above 0. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_by("by" text, allowed text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF "by" <> ALL (allowed) THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', left("by", 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is one of %s.', array_to_string(allowed, ', ')),
				HINT = 'Pass one of these, or a view that has yours as one of them; null is the total alone.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_by(text, text[]) IS
	'An error unless a report can have rows by this. Not STRICT: NULL is the total alone';
