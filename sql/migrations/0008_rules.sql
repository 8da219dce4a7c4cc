-- Rules of the house over lists. A rule's versions are added, never changed: who reads them sees what held when. `rules`
-- holds which version is the newest, and when it is over.
CREATE TABLE rules (
    rule_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    version integer NOT NULL CHECK (version BETWEEN 1 AND 1000),
    ended   boolean NOT NULL,
    ends_at timestamptz CHECK (isfinite(ends_at))
);

CREATE TABLE rule_versions (
    rule_id    bigint NOT NULL REFERENCES rules,
    version    integer NOT NULL CHECK (version >= 1),
    changed_at timestamptz NOT NULL CHECK (isfinite(changed_at)),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    action     text NOT NULL CHECK (action IN ('boost', 'bury', 'pin', 'block')),
    target     jsonb NOT NULL CHECK (jsonb_typeof(target) = 'object' AND target <> '{}'),
    algorithms text[] NOT NULL,
    factor     double precision CHECK (factor BETWEEN 0.01 AND 100),
    position   integer CHECK (position BETWEEN 1 AND 500),
    starts_at  timestamptz CHECK (isfinite(starts_at)),
    ends_at    timestamptz CHECK (isfinite(ends_at)),
    ended      boolean NOT NULL,
    PRIMARY KEY (rule_id, version),
    CHECK (starts_at < ends_at),
    CHECK ((action IN ('boost', 'bury')) = (factor IS NOT NULL)),
    CHECK ((action = 'pin') = (position IS NOT NULL))
);

CREATE TRIGGER rule_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
