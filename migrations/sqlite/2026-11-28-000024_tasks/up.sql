-- By when a delivered batch should be answered, as its contract says; later it is a task.
ALTER TABLE batches ADD COLUMN acknowledge_by DATE;
ALTER TABLE batches ADD COLUMN status_by DATE;

-- Answers that a person must ask about.
CREATE INDEX responses_to_ask ON responses (organization_id, id)
    WHERE effect IN ('contradicts', 'unclear');
