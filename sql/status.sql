-- kafka.status, kafka.api_status and kafka.connections where no broker runs: their shape, and who may read them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;
\x on
SELECT * FROM kafka.status;
\x off
SELECT * FROM kafka.api_status WHERE api IN ('Produce', 'Fetch');
SELECT * FROM kafka.connections;

-- Columns and their types.
SELECT a.attrelid::regclass AS view, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a
 WHERE a.attrelid IN ('kafka.status'::regclass, 'kafka.api_status'::regclass, 'kafka.connections'::regclass) AND a.attnum > 0
 ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;

-- As part of other queries.
SELECT s.running, a.api, c.id FROM kafka.status s, kafka.api_status a LEFT JOIN kafka.connections c ON c.client_id = a.api WHERE a.api = 'Fetch';
SELECT (kafka.broker_status()).running;
SELECT n, (SELECT running FROM kafka.status) AS running FROM generate_series(1, 2) AS n;

-- For members of pg_monitor, and nobody else.
CREATE ROLE regress_kafka_monitor;
CREATE ROLE regress_kafka_other;
GRANT pg_monitor TO regress_kafka_monitor;
SELECT r AS role, has_schema_privilege(r, 'kafka', 'USAGE') AS schema,
       has_table_privilege(r, 'kafka.status', 'SELECT') AS status, has_table_privilege(r, 'kafka.api_status', 'SELECT') AS api_status,
       has_table_privilege(r, 'kafka.connections', 'SELECT') AS connections,
       has_table_privilege(r, 'kafka.messages', 'SELECT') AS messages, has_table_privilege(r, 'kafka.topics', 'SELECT') AS topics
  FROM unnest(ARRAY['regress_kafka_monitor', 'regress_kafka_other']) AS r;
SELECT proname AS function, has_function_privilege('regress_kafka_other', oid, 'EXECUTE') AS other
  FROM pg_proc WHERE pronamespace = 'kafka'::regnamespace AND has_function_privilege('regress_kafka_monitor', oid, 'EXECUTE')
 ORDER BY proname COLLATE "C";
SET ROLE regress_kafka_monitor;
SELECT running FROM kafka.status;
SELECT count(*) > 0 AS has_rows FROM kafka.api_status;
SELECT count(*) FROM kafka.connections;
RESET ROLE;
SET ROLE regress_kafka_other;
SELECT running FROM kafka.status;
RESET ROLE;
DROP ROLE regress_kafka_monitor, regress_kafka_other;
