-- What came of the jobs that end: one row for each run, written when it ended. The newest ones stay.
CREATE TABLE job_runs (
    run_id     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job        text NOT NULL CHECK (job IN ('migrate', 'data-generator', 'model-trainer')),
    started_at timestamptz NOT NULL CHECK (isfinite(started_at)),
    ended_at   timestamptz NOT NULL CHECK (isfinite(ended_at)),
    outcome    text NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
    details    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    CHECK (started_at <= ended_at)
);

CREATE INDEX job_runs_job ON job_runs (job, run_id);
