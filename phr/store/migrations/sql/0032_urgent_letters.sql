-- Letters of alarms go before all others. Letters that wait already keep their turn.
ALTER TABLE phr.outbox ADD COLUMN urgent boolean NOT NULL DEFAULT false;
