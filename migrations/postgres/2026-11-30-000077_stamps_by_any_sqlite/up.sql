-- Nothing: PostgreSQL tells the time of its own server.
SELECT 1;
