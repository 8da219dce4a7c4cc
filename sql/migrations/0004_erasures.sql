-- Who asked to be forgotten. A tombstone is a keyed hash (of the user's id, or of the id that another system knows the
-- user by) whose key lies outside; receipts are added, never changed; a step is what a store has still to follow.

-- Drawn under the lock that an erasure holds to its commit: revisions become visible in their order.
CREATE SEQUENCE tombstone_revision;

CREATE TABLE tombstones (
    hash     bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    revision bigint NOT NULL UNIQUE DEFAULT nextval('tombstone_revision')
);

CREATE TABLE erasures (
    receipt_id uuid PRIMARY KEY,
    user_hash  bytea NOT NULL UNIQUE REFERENCES tombstones,
    erased_at  timestamptz NOT NULL CHECK (isfinite(erased_at)),
    removed    jsonb NOT NULL CHECK (jsonb_typeof(removed) = 'object')
);

CREATE TRIGGER tombstones_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tombstones
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE erasure_steps (
    receipt_id uuid NOT NULL REFERENCES erasures,
    store      text NOT NULL CHECK (store IN ('redis', 'releases', 'mlflow')),
    done_at    timestamptz CHECK (isfinite(done_at)),
    PRIMARY KEY (receipt_id, store)
);

CREATE INDEX erasure_steps_waiting ON erasure_steps (store) WHERE done_at IS NULL;
