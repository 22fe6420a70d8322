-- Nothing: PostgreSQL looks for itself what its indexes hold.
SELECT 1;
