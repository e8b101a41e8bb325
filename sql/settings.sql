-- Every setting with its unit, default, range and description; values that are refused.
\pset format unaligned
SELECT name, unit, boot_val, min_val, max_val, enumvals, context, short_desc
  FROM pg_settings WHERE name LIKE 'pg\_kafka.%' ORDER BY name COLLATE "C";

SELECT name FROM pg_settings WHERE name LIKE 'pg\_kafka.%' AND coalesce(extra_desc, '') !~ '\.$';

-- What SHOW prints for those with units.
SELECT name, current_setting(name)
  FROM pg_settings WHERE name LIKE 'pg\_kafka.%' AND unit IS NOT NULL ORDER BY name COLLATE "C";

-- They belong to the server, not to a session.
SET pg_kafka.port = 9093;
SET pg_kafka.database = 'other';
SET pg_kafka.nonsense = 1;

-- Addresses.
ALTER SYSTEM SET pg_kafka.host = 'localhost 127.0.0.1';
ALTER SYSTEM SET pg_kafka.host = 'a, http://b';
ALTER SYSTEM SET pg_kafka.advertised_host = '0.0.0.0';
ALTER SYSTEM SET pg_kafka.advertised_host = '::';
ALTER SYSTEM SET pg_kafka.advertised_host = 'kafka.example:9092';
ALTER SYSTEM SET pg_kafka.advertised_host = 'one,two';
ALTER SYSTEM SET pg_kafka.database = '';

-- Ranges.
ALTER SYSTEM SET pg_kafka.port = 65536;
ALTER SYSTEM SET pg_kafka.compression_type = 'brotli';
ALTER SYSTEM SET pg_kafka.default_partitions = 0;
ALTER SYSTEM SET pg_kafka.retention_ms = 0;
ALTER SYSTEM SET pg_kafka.retention_ms = -0.5;
