DROP TABLE past_zones;
