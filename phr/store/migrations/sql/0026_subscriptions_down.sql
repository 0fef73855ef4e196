-- Takes back 0026_subscriptions.
DROP POLICY posting_subscriptions ON phr.outbox;
DROP TABLE phr.subscription_event, phr.subscription_happening, phr.subscription_interest, phr.subscription;
