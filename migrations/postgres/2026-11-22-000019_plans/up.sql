-- Nothing: PostgreSQL gathers the shape of the data by itself.
SELECT 1;
