-- Topics by SQL: kafka.create_topic(), kafka.delete_topic(), the views, and who may use them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;

-- What a statement fails with: SQLSTATE, message, detail, hint.
CREATE FUNCTION failure_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN NEXT 'no error';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT sqlstate || ': ' || message;
    IF detail <> '' THEN RETURN NEXT '    ' || detail; END IF;
    IF hint <> '' THEN RETURN NEXT '    ' || hint; END IF;
END $$;

-- A topic has as many partitions as asked for, by default pg_kafka.default_partitions.
SELECT kafka.create_topic('orders', 3) IS NOT NULL AS has_id;
SELECT kafka.create_topic('simple') AS simple_id \gset
SELECT name FROM kafka.topics WHERE id = :'simple_id';
SELECT kafka.create_topic(name => 'compacted', config => '{"cleanup.policy": "compact,delete", "retention.ms": 3600000, "preallocate": true}') IS NOT NULL AS has_id;
SELECT kafka.create_topic('unset', NULL, NULL) IS NOT NULL AS has_id;
SELECT kafka.create_topic(repeat('x', 249)) IS NOT NULL AS has_id;
SELECT left(name, 20) AS name, partitions, config, created_at <= now() AS created FROM kafka.topics ORDER BY topics.name;
SELECT left(topic, 20) AS topic, partition, log_start_offset, high_watermark FROM kafka.partitions;
SELECT topic, partition FROM kafka.partitions WHERE topic = 'orders' AND partition > 0;

-- Changes are those of the transaction.
BEGIN;
SELECT kafka.create_topic('undone', 2) IS NOT NULL AS has_id;
SELECT partitions FROM kafka.topics WHERE name = 'undone';
ROLLBACK;
SELECT count(*) FROM kafka.topics WHERE name = 'undone';

-- What the Kafka API refuses is refused.
SELECT failure_of($$SELECT kafka.create_topic('orders')$$);
SELECT failure_of($$SELECT kafka.create_topic(NULL)$$);
SELECT failure_of($$SELECT kafka.create_topic('')$$);
SELECT failure_of($$SELECT kafka.create_topic('.')$$);
SELECT failure_of($$SELECT kafka.create_topic('..')$$);
SELECT failure_of($$SELECT kafka.create_topic('no spaces')$$);
SELECT left(line, 50) AS failure_of FROM failure_of($$SELECT kafka.create_topic(repeat('x', 250))$$) AS line;
SELECT failure_of($$SELECT kafka.create_topic('bad', 0)$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', -1)$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 10001)$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '[]')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '"retention.ms"')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '{"no.such.config": 1}')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '{"retention.ms": "soon"}')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '{"retention.ms": -2}')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '{"retention.ms": null}')$$);
SELECT failure_of($$SELECT kafka.create_topic('bad', 1, '{"cleanup.policy": ["compact"]}')$$);
SELECT kafka.create_topic('a.topic') IS NOT NULL AS has_id;
SELECT failure_of($$SELECT kafka.create_topic('a_topic')$$);
SELECT failure_of($$SELECT kafka.delete_topic('missing')$$);
SELECT failure_of($$SELECT kafka.delete_topic(NULL)$$);
SELECT count(*) FROM kafka.topics WHERE name LIKE 'bad%';
BEGIN READ ONLY;
SELECT failure_of($$SELECT kafka.create_topic('bad')$$);
ROLLBACK;

-- The largest number of partitions.
SELECT kafka.create_topic('wide', 10000) IS NOT NULL AS has_id;
SELECT partitions FROM kafka.topics WHERE name = 'wide';
SELECT count(*), max(partition), sum(high_watermark) FROM kafka.partitions WHERE topic = 'wide';
SELECT kafka.delete_topic('wide');

-- A deleted topic is gone with all that belongs to it, and can be created anew under another id.
SELECT id AS old_id FROM kafka.topics WHERE name = 'compacted' \gset
SELECT kafka.delete_topic('compacted');
SELECT count(*) FROM kafka.partition WHERE topic_id = :'old_id';
SELECT count(*) FROM kafka.topic_config WHERE topic_id = :'old_id';
SELECT kafka.create_topic('compacted') <> :'old_id' AS has_another_id;
SELECT config FROM kafka.topics WHERE name = 'compacted';

-- Configs are set one by one; null brings the default back.
SELECT kafka.create_topic('altered', 2, '{"retention.ms": 5, "preallocate": true}') IS NOT NULL AS has_id;
SELECT kafka.alter_topic('altered', '{"retention.ms": 60000, "preallocate": null, "segment.ms": "1000"}');
SELECT config FROM kafka.topics WHERE name = 'altered';
SELECT kafka.alter_topic('altered', NULL);
SELECT failure_of($$SELECT kafka.alter_topic('altered', '{"retention.ms": "soon"}')$$);
SELECT failure_of($$SELECT kafka.alter_topic('altered', '{"no.such.config": null}')$$);
SELECT failure_of($$SELECT kafka.alter_topic('altered', '{"segment.ms": 5, "min.compaction.lag.ms": 10, "max.compaction.lag.ms": 9}')$$);
SELECT failure_of($$SELECT kafka.alter_topic('altered', '[]')$$);
SELECT failure_of($$SELECT kafka.alter_topic('missing', '{}')$$);
SELECT config FROM kafka.topics WHERE name = 'altered';

-- All configs of a topic, with what they are and what they mean.
SELECT name, value, source, "default", type, has_effect FROM kafka.topic_configs WHERE topic = 'altered' ORDER BY name COLLATE "C";
SELECT count(*) FROM kafka.topic_configs WHERE topic = 'altered' AND documentation !~ '\.$';
SELECT DISTINCT topic FROM kafka.topic_configs WHERE value = '60000' AND name = 'retention.ms';
SELECT failure_of($$DELETE FROM kafka.topic_configs$$);

-- Partitions become more, never fewer.
SELECT kafka.add_partitions('altered', 4);
SELECT kafka.add_partitions('altered', 4);
SELECT partition, log_start_offset, high_watermark FROM kafka.partitions WHERE topic = 'altered';
SELECT failure_of($$SELECT kafka.add_partitions('altered', 3)$$);
SELECT failure_of($$SELECT kafka.add_partitions('altered', 10001)$$);
SELECT failure_of($$SELECT kafka.add_partitions('altered', NULL)$$);
SELECT failure_of($$SELECT kafka.add_partitions('missing', 3)$$);

-- Where there is nothing, nothing can be deleted.
SELECT kafka.delete_records('altered', 3);
SELECT kafka.delete_records('altered', 3, 0);
SELECT failure_of($$SELECT kafka.delete_records('altered', 3, 1)$$);
SELECT failure_of($$SELECT kafka.delete_records('altered', 3, -1)$$);
SELECT failure_of($$SELECT kafka.delete_records('altered', 4)$$);
SELECT failure_of($$SELECT kafka.delete_records('altered', NULL)$$);
SELECT failure_of($$SELECT kafka.delete_records('missing', 0)$$);
SELECT kafka.delete_topic('altered');

-- Names that the session could put in the way of ours are not found.
CREATE SCHEMA in_the_way;
CREATE FUNCTION in_the_way.translate(text, text, text) RETURNS text LANGUAGE sql AS $$SELECT 'hijacked'$$;
CREATE TABLE in_the_way.topic (id int);
SET search_path = in_the_way, kafka, pg_catalog;
SELECT create_topic('safe') IS NOT NULL AS has_id;
SELECT partition FROM partitions WHERE topic = 'safe';
RESET search_path;
DROP TABLE in_the_way.topic;
DROP FUNCTION in_the_way.translate;
DROP SCHEMA in_the_way;

-- Nothing is granted to PUBLIC but what reads bytes that it is given, or tells which configs there are; a grant on a function or a view is enough to use it.
CREATE ROLE regress_kafka_user;
SELECT 'schema' AS kind, 'kafka' AS name WHERE has_schema_privilege('regress_kafka_user', 'kafka', 'USAGE')
UNION ALL
SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'kafka'::regnamespace AND relkind IN ('r', 'v', 'f')
   AND has_table_privilege('regress_kafka_user', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
UNION ALL
SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'kafka'::regnamespace AND has_function_privilege('regress_kafka_user', oid, 'EXECUTE')
UNION ALL
SELECT 'type', typname FROM pg_type WHERE typname = 'header' AND has_type_privilege('regress_kafka_user', oid, 'USAGE')
UNION ALL
SELECT 'server', srvname FROM pg_foreign_server WHERE has_server_privilege('regress_kafka_user', oid, 'USAGE')
UNION ALL
SELECT 'wrapper', fdwname FROM pg_foreign_data_wrapper WHERE has_foreign_data_wrapper_privilege('regress_kafka_user', oid, 'USAGE')
 ORDER BY 1, 2;

SET ROLE regress_kafka_user;
SELECT failure_of($$SELECT kafka.create_topic('mine')$$);
SELECT failure_of($$SELECT * FROM kafka.messages$$);
RESET ROLE;
GRANT USAGE ON SCHEMA kafka TO regress_kafka_user;
GRANT SELECT ON kafka.topics, kafka.partitions, kafka.topic_configs, kafka.messages TO regress_kafka_user;
GRANT EXECUTE ON FUNCTION kafka.create_topic, kafka.delete_topic TO regress_kafka_user;
SET ROLE regress_kafka_user;
SELECT kafka.create_topic('mine', 2) IS NOT NULL AS has_id;
SELECT name, partitions FROM kafka.topics WHERE name = 'mine';
SELECT topic, partition, high_watermark FROM kafka.partitions WHERE topic = 'mine';
SELECT count(*) FROM kafka.messages WHERE topic = 'mine';
SELECT count(*) FROM kafka.fetch('mine', 0, 0);
SELECT failure_of(format('SELECT kafka.%s', call))
  FROM unnest(ARRAY[$$alter_topic('mine', '{}')$$, $$add_partitions('mine', 3)$$, $$delete_records('mine', 0)$$]) AS call;
SELECT value FROM kafka.topic_configs WHERE topic = 'mine' AND name = 'segment.ms';
SELECT kafka.delete_topic('mine');
SELECT failure_of($$SELECT * FROM kafka.topic$$);
SELECT failure_of($$SELECT * FROM kafka.message$$);
SELECT failure_of($$INSERT INTO kafka.topic (id, name) VALUES (gen_random_uuid(), 'mine')$$);
RESET ROLE;
REVOKE ALL ON ALL TABLES IN SCHEMA kafka FROM regress_kafka_user;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kafka FROM regress_kafka_user;
REVOKE ALL ON SCHEMA kafka FROM regress_kafka_user;
DROP ROLE regress_kafka_user;

-- The log cannot be written through the views.
SELECT failure_of($$DELETE FROM kafka.messages$$);
SELECT failure_of($$UPDATE kafka.partitions SET high_watermark = 0$$);

-- Options and columns of the foreign tables are checked.
SELECT failure_of($$CREATE FOREIGN TABLE f (topic text) SERVER pg_kafka OPTIONS (rows 'files')$$);
SELECT failure_of($$CREATE FOREIGN TABLE f (topic text) SERVER pg_kafka OPTIONS (path 'x')$$);
SELECT failure_of($$CREATE SERVER other FOREIGN DATA WRAPPER pg_kafka OPTIONS (host 'x')$$);
CREATE FOREIGN TABLE odd_name (topic text, color text) SERVER pg_kafka;
CREATE FOREIGN TABLE odd_type (topic text, headers text[]) SERVER pg_kafka;
SELECT failure_of($$SELECT color FROM odd_name$$);
SELECT failure_of($$SELECT headers FROM odd_type$$);
DROP FOREIGN TABLE odd_name, odd_type;
SELECT failure_of($$SELECT kafka.catalog_changed()$$);

-- A transaction that changes topics cannot be prepared: nobody would tell the broker of its commit.
BEGIN;
SELECT kafka.create_topic('prepared') IS NOT NULL AS has_id;
PREPARE TRANSACTION 'kafka';

-- Every object has a comment, and so has every column of the views.
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
  FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_kafka')
   AND d.objid NOT IN (SELECT oid FROM pg_class WHERE relkind = 'S')
   AND d.objid NOT IN (SELECT t.oid FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                        WHERE t.typcategory = 'A' OR c.relkind <> 'c') -- types that come with tables and types
   AND NOT EXISTS (SELECT FROM pg_description c WHERE c.objoid = d.objid AND c.classoid = d.classid AND c.objsubid = 0);
SELECT a.attrelid::regclass AS view, a.attname AS without_comment
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'kafka'::regnamespace AND c.relkind = 'v' AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL;

SELECT kafka.delete_topic(name) FROM kafka.topics;
DROP FUNCTION failure_of;
