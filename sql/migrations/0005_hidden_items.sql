-- "Don't show again": items that a user never wants to see in a list of theirs.
CREATE TABLE hidden_items (
    user_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    item_id   bigint NOT NULL REFERENCES items ON DELETE CASCADE,
    hidden_at timestamptz NOT NULL CHECK (isfinite(hidden_at)),
    PRIMARY KEY (user_id, item_id)
);

CREATE INDEX hidden_items_item ON hidden_items (item_id);
