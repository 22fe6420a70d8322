-- Nothing: what migration 76 takes away has the same names, and serves it as well.
SELECT 1;
