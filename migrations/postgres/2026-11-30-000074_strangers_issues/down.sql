-- Nobody kept how much each of them knew: what was closed stays closed.
SELECT 1;
