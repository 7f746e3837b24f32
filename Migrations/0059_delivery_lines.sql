-- Lines with messages that wait, whose first one is looked for now and then: what is looked at is lines, not
-- messages.
create index delivery_line_waits on delivery (webhook, order_key)
    where state = 'pending' and order_key is not null and due_at = 'infinity';
