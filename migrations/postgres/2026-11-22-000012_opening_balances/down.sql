DROP TABLE opening_balances;
