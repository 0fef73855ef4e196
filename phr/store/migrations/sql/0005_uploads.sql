-- Uploads: files that a person sends, how far each has come, and what became of it. The bytes lie in a folder of the
-- service and are gone after the job; only the counts stay.
CREATE TABLE phr.upload (
    person_id uuid NOT NULL,
    upload_id uuid NOT NULL,
    name text NOT NULL,                   -- as the person called it; no path
    size bigint NOT NULL CHECK (size > 0),
    fingerprint text NOT NULL DEFAULT '', -- by which a browser finds the same file again
    sha256 text NOT NULL DEFAULT '',      -- of the whole file, when the sender knows it
    received bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'receiving'
        CHECK (state IN ('receiving', 'waiting', 'reading', 'done', 'failed')),
    format text NOT NULL DEFAULT '',
    done bigint NOT NULL DEFAULT 0,       -- bytes read of the job's total
    total bigint NOT NULL DEFAULT 0,
    stored bigint NOT NULL DEFAULT 0,
    repeated bigint NOT NULL DEFAULT 0,
    conflicts bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,    -- not consented, not kept
    documents bigint NOT NULL DEFAULT 0,
    rejected jsonb NOT NULL DEFAULT '{}', -- reason -> number
    error text NOT NULL DEFAULT '',       -- a word, never a text of the file
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,      -- until when an unfinished file is kept
    lease uuid,                           -- the one worker that reads it now
    lease_until timestamptz,
    PRIMARY KEY (person_id, upload_id),
    CHECK (received BETWEEN 0 AND size)
);
-- One at a time: the database says so, whoever asks at once.
CREATE UNIQUE INDEX upload_one_receiving ON phr.upload (person_id) WHERE state = 'receiving';
CREATE INDEX upload_open ON phr.upload (created_at) WHERE state IN ('receiving', 'waiting', 'reading');
ALTER TABLE phr.upload ENABLE ROW LEVEL SECURITY;
ALTER TABLE phr.upload FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON phr.upload FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
-- Sending and reading a file is collecting, about one person at a time.
CREATE POLICY collecting ON phr.upload FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));
-- The schedule finds whose turn it is. It has the reason of reading data clouds, the weakest one that sees everybody's
-- waiting work: it knows no name and no letter, and writes nothing here.
CREATE POLICY finding ON phr.upload FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'sync' AND state IN ('receiving', 'waiting', 'reading'));
-- A withdrawn consent ends them in its own transaction; it begins none.
CREATE POLICY withdrawing ON phr.upload FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY ending ON phr.upload FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()) AND state = 'failed');
GRANT SELECT, INSERT, UPDATE ON phr.upload TO phr_app;
