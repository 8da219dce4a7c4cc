-- Guests' sessions whose events became a user's, each by the SHA-256 of its id: written with the events, so that a session
-- has one owner whatever dies between this database and the store of the sessions.
CREATE TABLE merged_sessions (
    session_hash bytea PRIMARY KEY CHECK (octet_length(session_hash) = 32),
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    merged_at    timestamptz NOT NULL CHECK (isfinite(merged_at))
);

CREATE INDEX merged_sessions_user ON merged_sessions (user_id);
