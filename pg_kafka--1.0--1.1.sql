-- From pg_kafka 1.0 to 1.1: nothing yet. What the next version changes in the schema is added here, and pg_kafka--1.0.sql stays as
-- it was released; CREATE EXTENSION will run one after the other. Until then it is not installed (see DATA in the Makefile).
--
-- The broker serves while this runs, in one transaction: it waits a second for a table that is locked here, and then refuses what
-- needs it. So leave segments alone, and do nothing that takes long. Tables of which pg_dump is to save the rows need
-- pg_catalog.pg_extension_config_dump().

\echo Use "ALTER EXTENSION pg_kafka UPDATE TO '1.1'" to load this file. \quit
