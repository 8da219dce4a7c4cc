-- Items that were newer than the live release, and how often computed lists have shown each since.
CREATE TABLE new_items (
    item_id     bigint PRIMARY KEY REFERENCES items ON DELETE CASCADE,
    impressions bigint NOT NULL DEFAULT 0 CHECK (impressions >= 0)
);
