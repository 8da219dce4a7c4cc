-- What was decided of each training's release and why: rows are added, never changed. A release that is refused before
-- it is written has no version.
CREATE TABLE release_decisions (
    decision_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    decided_at  timestamptz NOT NULL DEFAULT now() CHECK (isfinite(decided_at)),
    version     text CHECK (version ~ '^[A-Za-z0-9._-]{1,64}$'),
    champion    text CHECK (champion ~ '^[A-Za-z0-9._-]{1,64}$'),
    outcome     text NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    reasons     jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    figures     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(figures) = 'object'),
    CHECK ((outcome = 'refused') = (jsonb_array_length(reasons) > 0)),
    CHECK (outcome = 'refused' OR version IS NOT NULL)
);

CREATE TRIGGER release_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
