DROP TABLE paid_claims;
DROP TABLE received_waits;
