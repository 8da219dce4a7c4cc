-- Every word that stands in an item, as written: what a misspelt one in a search may have meant.
-- Written under the catalogue's lock, so that ids become visible in their order; words of items that went away stay.
CREATE TABLE item_words (
    word_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    word    text NOT NULL UNIQUE CHECK (char_length(word) BETWEEN 2 AND 40)
);

CREATE FUNCTION note_item_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_words (word)
    SELECT DISTINCT found.lexeme
    FROM written
    LEFT JOIN categories USING (category_id),
    unnest(to_tsvector('simple', concat_ws(
        ' ', written.title, written.description, tags_text(written.tags), written.brand, categories.name
    ))) AS found
    WHERE char_length(found.lexeme) BETWEEN 2 AND 40
        AND NOT EXISTS (SELECT FROM item_words AS known WHERE known.word = found.lexeme)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER items_words_of_new AFTER INSERT ON items REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_item_words();
CREATE TRIGGER items_words_of_changed AFTER UPDATE ON items REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_item_words();

CREATE FUNCTION forget_item_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM item_words;
    RETURN NULL;
END
$$;

CREATE TRIGGER items_words_gone AFTER TRUNCATE ON items
    FOR EACH STATEMENT EXECUTE FUNCTION forget_item_words();

-- A word that is written and deleted again leaves its place empty: the end of one text and the beginning of the next do
-- not stand side by side, as they seemed to for a search of a phrase.
CREATE FUNCTION apart(language regconfig, text text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ts_delete(to_tsvector(language, 'qqqq ' || text), 'qqqq');

CREATE OR REPLACE FUNCTION describe_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    category text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.revision := nextval('catalogue_revision');
    END IF;
    SELECT name INTO category FROM categories WHERE category_id = NEW.category_id;
    NEW.search_text := setweight(apart('english', NEW.title), 'A')
        || setweight(apart('simple', NEW.title), 'A')
        || setweight(apart('english', concat_ws(' ', tags_text(NEW.tags), NEW.brand, category)), 'B')
        || setweight(apart('english', coalesce(NEW.description, '')), 'C');
    RETURN NEW;
END
$$;

-- What is there already.
UPDATE items SET category_id = category_id;
